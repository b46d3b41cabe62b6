/* SPDX-License-Identifier: Apache-2.0 */
/* The life of what follows a handshake, and our own requests. */
#include "session/post.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "session/context.h"

#include <stdlib.h>

static const char step[] = "attestation after the handshake";

/* All that TLS 1.3 allows (RFC 8446, 4.2.3), those first that cost least to verify. Behind them
 * what a certificate may be signed with besides: RSASSA-PKCS1-v1_5 with SHA-256, 384 and 512. A
 * peer has to read the first list for its chain as well where there is no second (RFC 9261, 5.2.1).
 */
static const uint8_t signature_schemes[] = {4, 3, 8, 7, 5, 3,  8, 8,  6, 3, 8, 4, 8, 5,
                                            8, 6, 8, 9, 8, 10, 8, 11, 4, 1, 5, 1, 6, 1};
enum { NUM_CERTIFICATE_ONLY = 3 };

bool session_post_is_carried(const struct atls_session *session)
{
    return session->post != NULL && session->context->own_carriage;
}

bool session_post_is_due(const struct atls_session *session, const struct atls_channel *channel)
{
    const struct atls_context *context = session->context;
    const bool has_part = context->num_required != 0 || atls_context_attests(context);
    return context_appraises_after(context) && has_part &&
           (context->own_carriage || channel->prelude);
}

enum atls_err session_post_check_prelude(const struct atls_session *session,
                                         const struct atls_channel *channel, struct atls_diag *diag)
{
    if (!atls_context_needs_prelude(session->context) || channel->prelude) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_NO_PROTOCOL, step, "ALPN",
                           "no protocol, or one without attestation",
                           "atls/1, or atls/1+ and a protocol of the application");
}

static enum atls_err export_value(void *arg, const char *label, struct atls_bytes context,
                                  struct atls_buf out)
{
    const struct atls_session *session = arg;
    return session->stack->export_value(session->connection, label, context, out);
}

enum atls_err session_post_begin(struct atls_session *session, const struct atls_channel *channel,
                                 struct atls_diag *diag)
{
    const bool client = session->role == ATLS_ROLE_CLIENT;
    struct session_post *post = calloc(1, sizeof *post);
    if (post == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    session_post_end(session);
    session->post = post;
    post->exporter.take = export_value;
    post->exporter.arg = session;
    post->exporter.hash_alg = channel->hash_alg;
    enum atls_err err =
        atls_authenticator_keys_take(&post->own, &post->exporter, session->role, diag);
    if (err == ATLS_OK) {
        err = atls_authenticator_keys_take(&post->peer, &post->exporter,
                                           client ? ATLS_ROLE_SERVER : ATLS_ROLE_CLIENT, diag);
    }
    return err;
}

void session_post_end(struct atls_session *session)
{
    struct session_post *post = session->post;
    if (post != NULL) {
        atls_authenticator_keys_cleanup(&post->own);
        atls_authenticator_keys_cleanup(&post->peer);
        free(post->used);
        free(post->request);
        free(post->written);
        free(post);
    }
    session->post = NULL;
}

void session_post_open_gate(struct atls_session *session)
{
    session->verdict.state =
        session->context->num_required != 0 ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_NOT_REQUIRED;
}

struct session_post *session_post_ready(struct atls_session *session, struct atls_diag *diag)
{
    if (!session->finished) {
        atls_fail_texts(diag, ATLS_ERR_STATE, step, "connection", "one whose handshake goes on",
                        "the end of the handshake");
        return NULL;
    }
    if (session->post == NULL) {
        atls_fail_texts(diag, ATLS_ERR_STATE, step, "connection",
                        "one on which nothing was agreed upon",
                        "timing post or both, and a peer that has it");
    }
    return session->post;
}

enum atls_err session_post_reserve(struct session_post *post, struct atls_diag *diag)
{
    struct atls_authenticator_contexts *contexts = &post->contexts;
    if (contexts->num_used < contexts->max_used) {
        return ATLS_OK;
    }
    const size_t room = contexts->max_used == 0 ? 8 : contexts->max_used * 2;
    if (room > SESSION_MAX_CONTEXTS) {
        return atls_fail_texts(diag, ATLS_ERR_BUFFER, step, "requests of one connection",
                               "too many", "at most 16384: a new connection");
    }
    struct atls_context_mark *used = realloc(post->used, room * sizeof *used);
    if (used == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    post->used = used;
    contexts->used = used;
    contexts->max_used = room;
    return ATLS_OK;
}

struct atls_bytes session_post_give(struct session_post *post, uint8_t *message, size_t len)
{
    free(post->written);
    post->written = message;
    return atls_bytes_of(message, len);
}

/* ---- our requests ---- */

/* put_schemes writes what we take, as the request's extension has it; *out is the caller's. */
static enum atls_err put_schemes(const struct atls_context *context, uint8_t **out, size_t *out_len,
                                 struct atls_diag *diag)
{
    struct atls_writer counting = atls_writer_counting();
    atls_scheme_list_write(&counting, &context->can_appraise);
    uint8_t *body = malloc(counting.len != 0 ? counting.len : 1);
    if (body == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    struct atls_writer w = atls_writer_of((struct atls_buf){body, counting.len});
    atls_scheme_list_write(&w, &context->can_appraise);
    *out = body;
    return atls_writer_finish(&w, out_len) ? ATLS_OK
                                           : atls_fail(diag, ATLS_ERR_BUFFER, step, "schemes");
}

/* write_request gives the message into post->request, which post->asked borrows. */
static enum atls_err write_request(struct session_post *post, uint16_t cmw_extension,
                                   const struct atls_authenticator_request *request,
                                   struct atls_diag *diag)
{
    const struct atls_buf counting = {NULL, SIZE_MAX};
    size_t len = 0;
    enum atls_err err =
        atls_authenticator_request_write(counting, &len, request, cmw_extension, diag);
    uint8_t *message = err == ATLS_OK ? malloc(len) : NULL;
    if (err == ATLS_OK && message == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    if (err == ATLS_OK) {
        const struct atls_buf room = {message, len};
        err = atls_authenticator_request_write(room, &len, request, cmw_extension, diag);
    }
    if (err == ATLS_OK) {
        err = atls_authenticator_request_parse(&post->asked, atls_bytes_of(message, len),
                                               cmw_extension, diag);
    }
    if (err != ATLS_OK) {
        free(message);
        return err;
    }
    free(post->request);
    post->request = message;
    return ATLS_OK;
}

/* begin_round gives the context of a request: 32 new octets, then the Verifier's nonce. */
static enum atls_err begin_round(struct atls_session *session, struct atls_bytes nonce,
                                 uint8_t context[ATLS_MAX_OWN_CONTEXT_LEN], struct atls_diag *diag)
{
    struct session_post *post = session->post;
    const int64_t deadline_ms = atls_verifier_clock_ms() + session->context->timeout_ms;
    enum atls_err err = atls_random((struct atls_buf){context, ATLS_CONTEXT_LEN});
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "random");
    }
    if (nonce.len != 0) {
        memcpy(&context[ATLS_CONTEXT_LEN], nonce.data, nonce.len);
    }
    err = session_post_reserve(post, diag);
    return err == ATLS_OK ? atls_contexts_ask(session->context->crypto, &post->contexts,
                                              atls_bytes_of(context, ATLS_CONTEXT_LEN + nonce.len),
                                              deadline_ms, diag)
                          : err;
}

static enum atls_err check_ask(const struct atls_session *session, const struct session_post *post,
                               struct atls_bytes nonce, struct atls_diag *diag)
{
    if (session->context->num_required == 0) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "request",
                               "nothing that is required of the peer", "atls_context_require()");
    }
    if (post->request != NULL) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "request",
                               "one that is not answered yet", "one at a time");
    }
    return nonce.len <= ATLS_MAX_NONCE_LEN ? ATLS_OK
                                           : atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "nonce",
                                                             "a longer one", "at most 64 octets");
}

enum atls_err atls_session_post_ask(struct atls_session *session, struct atls_bytes nonce,
                                    struct atls_bytes *out, struct atls_diag *diag)
{
    uint8_t octets[ATLS_MAX_OWN_CONTEXT_LEN];
    uint8_t *schemes = NULL;
    size_t len = 0;
    struct session_post *post = session_post_ready(session, diag);
    enum atls_err err = post != NULL ? check_ask(session, post, nonce, diag) : ATLS_ERR_STATE;
    if (err != ATLS_OK) {
        return err; /* a slip of the caller's, which changes no verdict */
    }
    if (session_check_usable(session) != ATLS_OK) {
        return session_give_reason(session, diag);
    }
    err = put_schemes(session->context, &schemes, &len, diag);
    if (err == ATLS_OK) {
        err = begin_round(session, nonce, octets, diag);
    }
    if (err == ATLS_OK) {
        const struct atls_authenticator_request request = {
            .asker = session->role,
            .context = atls_bytes_of(octets, ATLS_CONTEXT_LEN + nonce.len),
            .schemes = atls_bytes_of(signature_schemes,
                                     sizeof signature_schemes - (size_t)2 * NUM_CERTIFICATE_ONLY),
            .cert_schemes = atls_bytes_of(signature_schemes, sizeof signature_schemes),
            .wants_attestation = true,
            .attestation_schemes = atls_bytes_of(schemes, len),
        };
        err = write_request(post, session->context->cmw_extension_type, &request, diag);
    }
    free(schemes);
    if (err == ATLS_OK) {
        *out = post->asked.message;
    }
    return err;
}
