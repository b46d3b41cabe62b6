/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our answer to a request of the peer's: an authenticator with Evidence over the binder of this
 * round, or the empty one, which refuses. The attester's room computes the binder itself.
 */
#include "session/post.h"

#include "base/span.h"
#include "base/text.h"

#include <stdlib.h>

static const char step[] = "answer to a request";

/* take_request refuses what is no request of the peer's, and a context that was there. */
static enum atls_err take_request(struct atls_session *session, struct session_post *post,
                                  struct atls_bytes message, struct atls_authenticator_request *out,
                                  struct atls_diag *diag)
{
    enum atls_err err =
        atls_authenticator_request_parse(out, message, session->context->cmw_extension_type, diag);
    if (err == ATLS_OK && out->asker == session->role) {
        err = atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "type", "a request of our own side",
                              "one of the peer's (RFC 9261, 4)");
    }
    if (err == ATLS_OK) {
        err = session_post_reserve(post, diag);
    }
    return err == ATLS_OK
               ? atls_contexts_asked(session->context->crypto, &post->contexts, out->context, diag)
               : err;
}

/* choose gives the first scheme of the asker's list that we can attest with; of an asker that says
 * nothing about schemes, our own first. False: nothing fits. */
static bool choose(const struct atls_context *context, const struct atls_scheme_list *asked,
                   const struct atls_scheme **out)
{
    const struct atls_scheme_list *ours = &context->can_attest;
    if (asked->count == 0 && ours->count != 0) {
        *out = &ours->items[0];
        return true;
    }
    for (size_t i = 0; i < asked->count; i++) {
        *out = atls_scheme_is_usable(&asked->items[i]) ? atls_scheme_find(ours, &asked->items[i])
                                                       : NULL;
        if (*out != NULL) {
            return true;
        }
    }
    return false;
}

/* How a request is answered. */
struct plan {
    const struct atls_scheme *scheme; /* NULL: with a refusal */
    uint16_t signature_scheme;
};

/* plan_answer: no attestation asked for, or none that we have, or no key that can sign: refused
 * with the authority of the connection (RFC 9261, 5.2.4), and nothing of ours is shown. */
static enum atls_err plan_answer(struct plan *out, const struct atls_session *session,
                                 const struct atls_session_identity *identity,
                                 const struct atls_authenticator_request *request,
                                 struct atls_diag *diag)
{
    struct atls_scheme_list *asked = calloc(1, sizeof *asked); /* large for a fiber's stack */
    const enum atls_err err = asked != NULL
                                  ? atls_authenticator_request_schemes(asked, request, diag)
                                  : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    out->scheme = NULL;
    if (err == ATLS_OK && request->wants_attestation && identity->num_certs != 0 &&
        !choose(session->context, asked, &out->scheme)) {
        out->scheme = NULL;
    }
    free(asked);
    if (err == ATLS_OK && out->scheme != NULL &&
        atls_authenticator_scheme(&out->signature_scheme, request, identity->signatures,
                                  identity->key, NULL) != ATLS_OK) {
        out->scheme = NULL;
    }
    return err;
}

static enum atls_err refuse(struct session_post *post, const struct atls_crypto_ops *crypto,
                            const struct atls_authenticator_request *request,
                            struct atls_bytes *out, struct atls_diag *diag)
{
    enum { room_len = 4 + ATLS_MAX_HASH_LEN };
    uint8_t *message = malloc(room_len);
    const struct atls_buf room = {message, room_len};
    size_t len = 0;
    const enum atls_err err =
        message != NULL ? atls_authenticator_refuse(crypto, room, &len, &post->own, request, diag)
                        : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err != ATLS_OK) {
        free(message);
        return err;
    }
    *out = session_post_give(post, message, len);
    return ATLS_OK;
}

/* room_for counts what an authenticator can take. */
static size_t room_for(const struct atls_session_identity *identity, size_t cmw_len)
{
    enum { AROUND = 1024, A_CERT = 16 }; /* heads, context, Finished */
    size_t room = AROUND + ATLS_MAX_TLS_SIGNATURE_LEN + cmw_len;
    for (size_t i = 0; i < identity->num_certs; i++) {
        room += A_CERT + identity->chain[i].len;
    }
    return room;
}

static enum atls_err make(struct atls_session *session, const struct atls_session_identity *who,
                          const struct atls_authenticator_request *request, const struct plan *plan,
                          struct atls_bytes cmw, struct atls_bytes *out, struct atls_diag *diag)
{
    const struct atls_authenticator_identity identity = {.chain = who->chain,
                                                         .num_certs = who->num_certs,
                                                         .signatures = who->signatures,
                                                         .key = who->key,
                                                         .scheme = plan->signature_scheme};
    const struct atls_buf room = {malloc(room_for(who, cmw.len)), room_for(who, cmw.len)};
    struct session_post *post = session->post;
    size_t len = 0;
    const enum atls_err err =
        room.data != NULL
            ? atls_authenticator_make(session->context->crypto, room, &len, &post->own, request,
                                      &identity, cmw, session->context->cmw_extension_type, diag)
            : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err != ATLS_OK) {
        free(room.data);
        return err;
    }
    *out = session_post_give(post, room.data, len);
    return ATLS_OK;
}

static enum atls_err attest(struct atls_session *session, const struct atls_session_identity *who,
                            const struct atls_authenticator_request *request,
                            const struct plan *plan, struct atls_bytes *out, struct atls_diag *diag)
{
    const struct session_post *post = session->post;
    struct session_binding binding = {.binder = atls_expat_bind,
                                      .hash_alg = post->exporter.hash_alg};
    const char *name = "";
    uint8_t *cmw = NULL;
    size_t len = 0;
    enum atls_err err = session_note_own(session, who->spki, diag);
    if (err == ATLS_OK) {
        err = atls_expat_export(&binding.value, &post->exporter, session->context->exporter_label,
                                request->context, diag);
    }
    if (err == ATLS_OK) {
        err = session_make_credential(session, plan->scheme, &binding, who->spki, &cmw, &len, &name,
                                      diag);
    }
    atls_wipe(&binding, sizeof binding);
    if (err == ATLS_OK) {
        err = make(session, who, request, plan, atls_bytes_of(cmw, len), out, diag);
    }
    free(cmw);
    if (err == ATLS_OK) {
        atls_text_copy(session->verdict.own_format, sizeof session->verdict.own_format, name);
    }
    return err;
}

enum atls_err atls_session_post_answer(struct atls_session *session,
                                       const struct atls_session_identity *identity,
                                       struct atls_bytes message, struct atls_bytes *out,
                                       struct atls_diag *diag)
{
    struct atls_diag why;
    struct atls_authenticator_request request;
    struct plan plan = {.scheme = NULL};
    struct session_post *post = session_post_ready(session, diag);
    if (post == NULL) {
        return ATLS_ERR_STATE;
    }
    if (session_check_usable(session) != ATLS_OK) {
        return session_give_reason(session, diag);
    }
    enum atls_err err = take_request(session, post, message, &request, &why);
    if (err == ATLS_OK) {
        err = plan_answer(&plan, session, identity, &request, &why);
    }
    if (err == ATLS_OK) {
        err = plan.scheme != NULL ? attest(session, identity, &request, &plan, out, &why)
                                  : refuse(post, session->context->crypto, &request, out, &why);
    }
    if (err != ATLS_OK) {
        session_refuse(session, &why);
        return session_give_reason(session, diag);
    }
    return ATLS_OK;
}
