/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is revoked, of a context that is in use: the list is replaced as a whole, under the lock of
 * all contexts; whoever looks something up in it holds a reference meanwhile.
 */
#include "session/revoked.h"

#include "base/span.h"
#include "json/revoked_json.h"
#include "session/context_internal.h"
#include "session/session.h"

#include <stdlib.h>

struct session_revoked {
    int references; /* atomic */
    struct atls_revocations list;
};

enum atls_err atls_context_set_revoked(struct atls_context *context, struct atls_bytes json,
                                       struct atls_diag *diag)
{
    struct session_revoked *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "revocation list", NULL);
    }
    const enum atls_err err = atls_revocations_parse(&fresh->list, json, diag);
    if (err != ATLS_OK) {
        free(fresh);
        return err;
    }
    fresh->references = 1;
    context_lock();
    struct session_revoked *old = context->revoked;
    context->revoked = fresh;
    context_unlock();
    session_revoked_release(old);
    return ATLS_OK;
}

struct session_revoked *session_revoked_take(struct atls_context *context)
{
    context_lock();
    struct session_revoked *revoked = context->revoked;
    if (revoked != NULL) {
        __atomic_add_fetch(&revoked->references, 1, __ATOMIC_RELAXED);
    }
    context_unlock();
    return revoked;
}

void session_revoked_release(struct session_revoked *revoked)
{
    if (revoked != NULL && __atomic_sub_fetch(&revoked->references, 1, __ATOMIC_ACQ_REL) == 0) {
        atls_revocations_cleanup(&revoked->list);
        free(revoked);
    }
}

const struct atls_revocations *session_revoked_list(const struct session_revoked *revoked)
{
    return revoked != NULL ? &revoked->list : NULL;
}

void session_certificate_identities(struct atls_identities *set,
                                    const struct atls_crypto_ops *crypto,
                                    const struct atls_peer_certificate *certificate, size_t at)
{
    memset(set, 0, sizeof *set);
    if (at == 0) {
        atls_identities_add_serial(set, "serial number of the peer's certificate",
                                   certificate->serial);
        return; /* its key is the peer's */
    }
    atls_identities_add_key(set, ATLS_REVOKED_SPKI, "key of an authority in the peer's chain",
                            crypto, certificate->spki);
    atls_identities_add_serial(set, "serial number of an authority in the peer's chain",
                               certificate->serial);
}

enum atls_err session_check_revoked(struct atls_context *context, const struct atls_peer *peer,
                                    const struct atls_digest *spki_hash, struct atls_diag *diag)
{
    struct session_revoked *revoked = session_revoked_take(context);
    if (revoked == NULL) {
        return ATLS_OK;
    }
    const int64_t now_s = atls_context_now(context);
    struct atls_identities set;
    memset(&set, 0, sizeof set);
    atls_identities_add(&set, ATLS_REVOKED_SPKI, "key of the peer", atls_digest_bytes(spki_hash));
    enum atls_err err = atls_revocations_check(&revoked->list, &set, now_s, diag);
    for (size_t i = 0; err == ATLS_OK && i < peer->num_chain; i++) {
        session_certificate_identities(&set, context->crypto, &peer->chain[i], i);
        err = atls_revocations_check(&revoked->list, &set, now_s, diag);
    }
    session_revoked_release(revoked);
    return err;
}
