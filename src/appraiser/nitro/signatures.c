/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path from the document's certificate to a root that counts, and the one signature. The root
 * in cabundle is trusted for its key, which is pinned or endorsed, never for being there.
 * AWS says not to look for lists of revoked certificates: none is published for enclaves.
 */
#include "appraiser/nitro/nitro.h"

#include "appraiser/input.h"
#include "appraiser/nitro/unverified.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

struct atls_nitro_verified {
    struct atls_cbor payload;
    struct atls_chain *chain;
    struct atls_root root;
};

void atls_nitro_verified_free(struct atls_nitro_verified *verified)
{
    if (verified != NULL) {
        atls_chain_release(verified->chain);
        free(verified);
    }
}

void atls_nitro_verified_cleanup(struct atls_nitro_verified **verified)
{
    atls_nitro_verified_free(*verified);
}

const struct atls_chain *atls_nitro_chain(const struct atls_nitro_verified *verified)
{
    return verified->chain;
}

struct atls_root atls_nitro_root(const struct atls_nitro_verified *verified)
{
    return verified->root;
}

struct atls_cbor atls_nitro_payload(const struct atls_nitro_verified *verified)
{
    return verified->payload;
}

static enum atls_err verify_into(struct atls_nitro_verified *verified,
                                 const struct atls_nitro_parsed *parsed,
                                 const struct atls_crypto_ops *crypto,
                                 const struct atls_endorsements *endorsements, int64_t now_s,
                                 struct atls_diag *diag)
{
    static const struct atls_bytes none = {NULL, 0};
    const struct atls_environment environment = atls_nitro_environment();
    const struct atls_collateral_scope scope = {.endorsements = endorsements,
                                                .format = "nitro",
                                                .environment = &environment,
                                                .now_s = now_s};
    const enum atls_err err =
        atls_collateral_chain(&verified->chain, &verified->root, &scope, parsed->path,
                              parsed->path_len, &atls_chain_nitro, diag);
    if (err != ATLS_OK) {
        return atls_evidence_recode(err, diag);
    }
    return atls_cose_sign1_verify(crypto, atls_chain_key(verified->chain), &parsed->message, none,
                                  none, ATLS_STEP_SIGNATURE, diag);
}

enum atls_err atls_nitro_verify(struct atls_nitro_verified **out,
                                const struct atls_nitro_parsed *parsed,
                                const struct atls_crypto_ops *crypto,
                                const struct atls_endorsements *endorsements, int64_t now_s,
                                struct atls_diag *diag)
{
    struct atls_nitro_verified *verified = calloc(1, sizeof *verified);
    if (verified == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_SIGNATURE, "attestation document");
    }
    const enum atls_err err = verify_into(verified, parsed, crypto, endorsements, now_s, diag);
    if (err != ATLS_OK) {
        atls_nitro_verified_free(verified);
        return err;
    }
    verified->payload = parsed->claims;
    *out = verified;
    return ATLS_OK;
}
