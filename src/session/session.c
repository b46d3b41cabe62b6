/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection and the bodies of the extension in ClientHello, EncryptedExtensions and
 * CertificateRequest. Certificate is in attest.c (ours) and appraise.c (the peer's). */
#include "session/post.h"

#include "base/span.h"
#include "session/context.h"

#include <stdlib.h>

static struct atls_terms terms_of(const struct atls_context *context)
{
    static const struct atls_scheme_list nothing;
    /* What is in a certificate is not negotiated, nor here what comes after the handshake. */
    const bool after_only = context->timing == ATLS_TIMING_POST;
    const bool appraises = context_appraises_in_handshake(context);
    const struct atls_terms terms = {.can_attest = after_only ? &nothing : &context->can_attest,
                                     .can_appraise = appraises ? &context->can_appraise : &nothing,
                                     .requires_peer = appraises && context->num_required != 0};
    return terms;
}

enum atls_err atls_session_new(struct atls_session **out, struct atls_context *context,
                               const struct atls_stack_ops *stack, void *connection,
                               struct atls_diag *diag)
{
    struct atls_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "connection", NULL);
    }
    session->context = atls_context_ref(context);
    session->stack = stack;
    session->connection = connection;
    *out = session;
    return ATLS_OK;
}

static void forget(uint8_t **octets)
{
    free(*octets);
    *octets = NULL;
}

void session_release(struct atls_session *session)
{
    atls_transcript_reset(session->context->crypto, &session->transcript);
    forget(&session->client_hello_body);
    session->negotiation.peer.server.count = 0; /* it borrowed that body */
    session->negotiation.peer.client.count = 0;
    forget(&session->written);
    forget(&session->peer_cmw);
    session->peer_cmw_len = 0;
}

/* reset returns to the state before a handshake; what is owned is freed. */
static void reset(struct atls_session *session)
{
    atls_job_unref(session->job);
    session->job = NULL;
    session_release(session);
    session_post_end(session);
    session->own_spki_sha256.len = 0;
    session->own_cmw_sha256.len = 0;
    session->finished = false;
    session->appraised = false;
    session->resumed = false;
    session->facts_end_s = 0;
    session_forget_facts(session);
    atls_verdict_cleanup(&session->verdict);
}

void atls_session_free(struct atls_session *session)
{
    if (session == NULL) {
        return;
    }
    reset(session);
    atls_context_unref(session->context);
    free(session);
}

/* go_over changes the context; the other one gets its reference back. */
static void go_over(struct atls_session *session, struct atls_context *context)
{
    struct atls_context *before = session->context;
    session->context = atls_context_ref(context);
    atls_context_unref(before);
}

void atls_session_begin(struct atls_session *session, struct atls_context *context,
                        enum atls_role role)
{
    reset(session);
    go_over(session, context);
    const struct atls_terms terms = terms_of(context);
    atls_negotiation_init(&session->negotiation, role, &terms);
    session->role = role;
    session->begun = true;
}

bool atls_session_has_begun(const struct atls_session *session)
{
    return session->begun;
}

bool atls_session_has_finished(const struct atls_session *session)
{
    return session->finished;
}

struct atls_context *atls_session_context(const struct atls_session *session)
{
    return session->context;
}

const struct atls_verdict *atls_session_verdict(const struct atls_session *session)
{
    return &session->verdict;
}

enum atls_err session_check_usable(const struct atls_session *session)
{
    return session->verdict.state == ATLS_VERDICT_REFUSED ? session->verdict.reason.err : ATLS_OK;
}

enum atls_err session_give_reason(const struct atls_session *session, struct atls_diag *diag)
{
    if (diag != NULL) {
        *diag = session->verdict.reason;
    }
    return session->verdict.reason.err;
}

enum atls_err session_refuse(struct atls_session *session, const struct atls_diag *reason)
{
    if (session->verdict.state != ATLS_VERDICT_REFUSED) {
        session->verdict.state = ATLS_VERDICT_REFUSED;
        session->verdict.reason = *reason;
    }
    return reason->err;
}

void atls_session_refuse(struct atls_session *session, const struct atls_diag *reason)
{
    session_refuse(session, reason);
}

bool atls_session_was_negotiated(const struct atls_session *session)
{
    const struct atls_context *context = session->context;
    return session->negotiation.offered || context->num_required != 0 ||
           (context_appraises_after(context) && atls_context_attests(context));
}

void atls_session_message(struct atls_session *session, struct atls_bytes message)
{
    struct atls_diag diag;
    if (session->role == ATLS_ROLE_CLIENT &&
        (session->context->timing == ATLS_TIMING_POST ||
         (session->context->num_required == 0 && !atls_context_attests(session->context)))) {
        return; /* no binder will be wanted; a server may still be switched over by SNI */
    }
    if (session->finished || session_check_usable(session) != ATLS_OK) {
        return;
    }
    const bool was_retry = session->transcript.state == ATLS_TRANSCRIPT_HRR;
    enum atls_err err =
        atls_transcript_add(session->context->crypto, &session->transcript, message, &diag);
    if (err == ATLS_OK && !was_retry && session->transcript.state == ATLS_TRANSCRIPT_HRR) {
        err = atls_negotiation_retry(&session->negotiation, &diag);
    }
    if (err != ATLS_OK) {
        session_refuse(session, &diag);
    }
}

/* keep copies a received body into `*slot`. */
static enum atls_err keep(uint8_t **slot, struct atls_bytes body, struct atls_bytes *out,
                          struct atls_diag *diag)
{
    uint8_t *copy = malloc(body.len != 0 ? body.len : 1);
    if (copy == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "connection", NULL);
    }
    if (body.len != 0) {
        memcpy(copy, body.data, body.len);
    }
    free(*slot);
    *slot = copy;
    *out = atls_bytes_of(copy, body.len);
    return ATLS_OK;
}

enum atls_err atls_session_rebind(struct atls_session *session, struct atls_context *context)
{
    struct atls_diag diag;
    if (context == session->context) {
        return ATLS_OK;
    }
    const struct atls_terms terms = terms_of(context);
    if (session->finished ||
        atls_negotiation_switch_terms(&session->negotiation, &terms, &diag) != ATLS_OK) {
        atls_fail_texts(&diag, ATLS_ERR_STATE, "SNI", NULL, "a switch of contexts",
                        "no switch after EncryptedExtensions");
        return session_refuse(session, &diag);
    }
    go_over(session, context);
    return ATLS_OK;
}

void session_give_written(struct atls_session *session, uint8_t *body, size_t len,
                          struct atls_bytes *out)
{
    free(session->written);
    session->written = body;
    *out = atls_bytes_of(body, len);
}

static enum atls_err give_choice(struct atls_session *session, const struct atls_scheme *choice,
                                 struct atls_bytes *out, struct atls_diag *diag)
{
    enum { choice_room = 8 + ATLS_MAX_SCHEME_TEXT_LEN };
    uint8_t *body = malloc(choice_room);
    if (body == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "connection", NULL);
    }
    size_t len = 0;
    const struct atls_buf room = {body, choice_room};
    enum atls_err err = atls_choice_write(room, &len, choice, diag);
    if (err != ATLS_OK) {
        free(body);
        return err;
    }
    session_give_written(session, body, len, out);
    return ATLS_OK;
}

/* write_offer writes into a body that is just large enough: it stays for as long as the connection,
 * and the largest that could be is a thousand times what is. */
static enum atls_err write_offer(uint8_t **out, size_t *out_len, const struct atls_offer *offer,
                                 struct atls_diag *diag)
{
    const struct atls_buf counting = {NULL, SIZE_MAX};
    size_t len = 0;
    enum atls_err err = atls_offer_write(counting, &len, offer, diag);
    if (err != ATLS_OK) {
        return err;
    }
    uint8_t *body = malloc(len);
    if (body == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "ClientHello", NULL);
    }
    const struct atls_buf room = {body, len};
    err = atls_offer_write(room, &len, offer, diag);
    if (err != ATLS_OK) {
        free(body);
        return err;
    }
    *out = body;
    *out_len = len;
    return ATLS_OK;
}

enum atls_err atls_session_write_client_hello(struct atls_session *session, bool *out_send,
                                              struct atls_bytes *out)
{
    struct atls_diag diag;
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    struct atls_offer *offer = malloc(sizeof *offer); /* large for a fiber's stack */
    uint8_t *body = NULL;
    size_t len = 0;
    enum atls_err err = offer != NULL
                            ? atls_negotiation_offer(&session->negotiation, out_send, offer, &diag)
                            : atls_fail(&diag, ATLS_ERR_MEMORY, "ClientHello", NULL);
    if (err == ATLS_OK && *out_send) {
        err = write_offer(&body, &len, offer, &diag);
    }
    free(offer);
    if (err != ATLS_OK) {
        return session_refuse(session, &diag);
    }
    if (*out_send) {
        session_give_written(session, body, len, out);
    }
    return ATLS_OK;
}

enum atls_err atls_session_read_client_hello(struct atls_session *session, struct atls_bytes body)
{
    struct atls_diag diag;
    struct atls_bytes kept;
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    struct atls_offer *offer = malloc(sizeof *offer);
    uint8_t *copy = NULL;
    enum atls_err err = offer != NULL ? keep(&copy, body, &kept, &diag)
                                      : atls_fail(&diag, ATLS_ERR_MEMORY, "ClientHello", NULL);
    if (err == ATLS_OK) {
        err = atls_offer_parse(offer, kept, &diag);
    }
    if (err == ATLS_OK) {
        err = atls_negotiation_take_offer(&session->negotiation, offer, &diag);
    }
    free(offer);
    if (err != ATLS_OK) {
        free(copy);
        return session_refuse(session, &diag);
    }
    /* After HelloRetryRequest the second offer replaces the first, which nothing borrows now. */
    free(session->client_hello_body);
    session->client_hello_body = copy;
    return ATLS_OK;
}

typedef enum atls_err choose_function(struct atls_negotiation *n, bool *out_send,
                                      struct atls_scheme *out, struct atls_diag *diag);

static enum atls_err write_choice(struct atls_session *session, choose_function *choose,
                                  bool *out_send, struct atls_bytes *out)
{
    struct atls_diag diag;
    struct atls_scheme choice = {.mechanism = ATLS_MECHANISM_EVIDENCE};
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    *out_send = false;
    if (session->finished) {
        return ATLS_OK; /* post-handshake authentication goes without us (draft, 8.4) */
    }
    enum atls_err err = choose(&session->negotiation, out_send, &choice, &diag);
    if (err == ATLS_OK && *out_send) {
        err = give_choice(session, &choice, out, &diag);
    }
    return err == ATLS_OK ? ATLS_OK : session_refuse(session, &diag);
}

enum atls_err atls_session_write_encrypted_extensions(struct atls_session *session, bool *out_send,
                                                      struct atls_bytes *out)
{
    return write_choice(session, atls_negotiation_choose_server, out_send, out);
}

enum atls_err atls_session_write_certificate_request(struct atls_session *session, bool *out_send,
                                                     struct atls_bytes *out)
{
    return write_choice(session, atls_negotiation_choose_client, out_send, out);
}

typedef enum atls_err take_function(struct atls_negotiation *n, const struct atls_scheme *choice,
                                    struct atls_diag *diag);

static enum atls_err read_choice(struct atls_session *session, take_function *take,
                                 struct atls_bytes body)
{
    struct atls_diag diag;
    struct atls_scheme choice;
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    if (session->finished) {
        atls_fail_texts(&diag, ATLS_ERR_ILLEGAL, "CertificateRequest", "remoteAttestation",
                        "a choice after the handshake", "it in the handshake");
        return session_refuse(session, &diag);
    }
    /* What the negotiation keeps is the equal item of our own list, so `choice` may borrow. */
    enum atls_err err = atls_choice_parse(&choice, body, &diag);
    if (err == ATLS_OK) {
        err = take(&session->negotiation, &choice, &diag);
    }
    return err == ATLS_OK ? ATLS_OK : session_refuse(session, &diag);
}

enum atls_err atls_session_read_encrypted_extensions(struct atls_session *session,
                                                     struct atls_bytes body)
{
    return read_choice(session, atls_negotiation_take_server_choice, body);
}

enum atls_err atls_session_read_certificate_request(struct atls_session *session,
                                                    struct atls_bytes body)
{
    return read_choice(session, atls_negotiation_take_client_choice, body);
}
