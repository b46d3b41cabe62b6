/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own Certificate: Evidence over the binder of this handshake and the key that this message
 * presents. The binder is computed by the attester's room from the transcript; never reused
 * . The job copies its input, so the connection may be freed while it runs.
 */
#include "attester/attester.h"
#include "base/span.h"
#include "base/text.h"
#include "handshake/binder.h"
#include "session/passport.h"
#include "session/session_internal.h"

#include <stdlib.h>

struct attest_job {
    struct atls_job job; /* first */
    struct atls_context *context;
    const struct atls_attester_ops *ops;
    struct atls_attester *attester;
    struct session_binding binding;
    bool in_place;
    uint8_t *spki;
    size_t spki_len;
    uint8_t *cmw; /* ATLS_MAX_CMW_LEN octets */
    size_t cmw_len;
    enum atls_err err;
    struct atls_diag diag;
};

static void run_attest(struct atls_job *job)
{
    struct attest_job *a = (struct attest_job *)job;
    const struct atls_buf room = {a->cmw, ATLS_MAX_CMW_LEN};
    if (atls_job_is_abandoned(job)) {
        /* Nobody waits: the device is left to those who do. */
        a->err = atls_fail(&a->diag, ATLS_ERR_CANCELLED, "attestation", NULL);
    } else {
        a->err = atls_attester_for_handshake(a->ops, a->attester, a->context->crypto,
                                             a->binding.binder, a->binding.hash_alg,
                                             &a->binding.value, atls_bytes_of(a->spki, a->spki_len),
                                             a->context->timeout_ms, room, &a->cmw_len, &a->diag);
    }
    if (!a->in_place) {
        atls_context_job_ended(a->context); /* last use of the context */
    }
}

static void destroy_attest(struct atls_job *job)
{
    struct attest_job *a = (struct attest_job *)job;
    atls_wipe(&a->binding, sizeof a->binding);
    free(a->spki);
    free(a->cmw);
    free(a);
}

/* find_attester gives the index of the attester whose format `scheme` names. */
static bool find_attester(const struct atls_context *context, const struct atls_scheme *scheme,
                          size_t *out)
{
    for (size_t i = 0; i < context->num_attesters; i++) {
        const struct atls_format *format = context->attesters[i].format;
        const bool named =
            scheme->by_content_format
                ? format->has_content_format && format->content_format == scheme->content_format
                : atls_bytes_is_text(scheme->text, format->media_type);
        if (scheme->mechanism == ATLS_MECHANISM_EVIDENCE && named) {
            *out = i;
            return true;
        }
    }
    return false;
}

static enum atls_err new_job(struct attest_job **out, struct atls_session *session, size_t index,
                             const struct session_binding *binding, struct atls_bytes own_spki,
                             struct atls_diag *diag)
{
    struct attest_job *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "attestation", NULL);
    }
    atls_job_init(&a->job, run_attest, destroy_attest);
    a->err = session_not_run(&a->diag);
    a->context = session->context;
    a->ops = session->context->attesters[index].ops;
    a->attester = session->context->attesters[index].attester;
    a->binding = *binding;
    a->spki = malloc(own_spki.len);
    a->cmw = malloc(ATLS_MAX_CMW_LEN);
    if (a->spki == NULL || a->cmw == NULL) {
        destroy_attest(&a->job);
        return atls_fail(diag, ATLS_ERR_MEMORY, "attestation", NULL);
    }
    memcpy(a->spki, own_spki.data, own_spki.len);
    a->spki_len = own_spki.len;
    *out = a;
    return ATLS_OK;
}

static enum atls_err refuse_scheme(const struct atls_scheme *scheme, struct atls_diag *diag)
{
    atls_fail(diag, ATLS_ERR_STATE, "attestation", "chosen scheme");
    atls_scheme_describe(diag, scheme);
    atls_diag_expected_text(diag, "a scheme that an attester of this context offered");
    return ATLS_ERR_STATE;
}

/* give copies what was made, and notes it so that it is known again should the peer send it back
 * (R-06). */
static enum atls_err give(struct atls_session *session, struct atls_bytes cmw, uint8_t **out,
                          size_t *out_len, struct atls_diag *diag)
{
    const struct atls_crypto_ops *crypto = session->context->crypto;
    if (session->context->num_required != 0 &&
        crypto->hash(ATLS_ALG_SHA256, cmw, &session->own_cmw_sha256) != ATLS_OK) {
        return atls_fail(diag, ATLS_ERR_CRYPTO, "attestation", "SHA-256");
    }
    uint8_t *copy = malloc(cmw.len);
    if (copy == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "attestation", NULL);
    }
    memcpy(copy, cmw.data, cmw.len);
    *out = copy;
    *out_len = cmw.len;
    return ATLS_OK;
}

static enum atls_err make_evidence(struct atls_session *session, size_t index,
                                   const struct session_binding *binding,
                                   struct atls_bytes own_spki, uint8_t **out, size_t *out_len,
                                   struct atls_diag *diag)
{
    struct attest_job *a = NULL;
    enum atls_err err = new_job(&a, session, index, binding, own_spki, diag);
    if (err != ATLS_OK) {
        return err;
    }
    a->in_place = a->ops->computes && !session->stack->may_pause(session->connection);
    err = session_run(session, &a->job, a->in_place, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = a->err;
    if (err != ATLS_OK && diag != NULL) {
        *diag = a->diag;
    }
    if (err == ATLS_OK) {
        err = give(session, atls_bytes_of(a->cmw, a->cmw_len), out, out_len, diag);
    }
    atls_job_unref(&a->job);
    return err;
}

/* bring_passport gives the Result that `scheme` names, if it is about the key of this message. */
static enum atls_err bring_passport(struct atls_session *session, const struct atls_scheme *scheme,
                                    struct atls_bytes own_spki, uint8_t **out, size_t *out_len,
                                    struct atls_diag *diag)
{
    size_t index = 0;
    if (!session_passport_find(session->context, scheme->text, &index)) {
        return refuse_scheme(scheme, diag);
    }
    struct session_passport *passport = session_passport_take(session->context, index);
    enum atls_err err = session_passport_check(passport, session->context, own_spki, diag);
    if (err == ATLS_OK) {
        err = give(session, session_passport_cmw(passport), out, out_len, diag);
    }
    session_passport_release(passport);
    return err;
}

enum atls_err session_make_credential(struct atls_session *session,
                                      const struct atls_scheme *scheme,
                                      const struct session_binding *binding,
                                      struct atls_bytes own_spki, uint8_t **out, size_t *out_len,
                                      const char **name, struct atls_diag *diag)
{
    size_t index = 0;
    if (scheme->mechanism == ATLS_MECHANISM_RESULT) {
        *name = "result";
        return bring_passport(session, scheme, own_spki, out, out_len, diag);
    }
    if (!find_attester(session->context, scheme, &index)) {
        return refuse_scheme(scheme, diag);
    }
    *name = session->context->attesters[index].format->name;
    return make_evidence(session, index, binding, own_spki, out, out_len, diag);
}

enum atls_err session_note_own(struct atls_session *session, struct atls_bytes own_spki,
                               struct atls_diag *diag)
{
    const struct atls_crypto_ops *crypto = session->context->crypto;
    const struct atls_verdict *verdict = &session->verdict;
    if (own_spki.len == 0 || own_spki.len > ATLS_MAX_SPKI_LEN ||
        crypto->hash(ATLS_ALG_SHA256, own_spki, &session->own_spki_sha256) != ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, "attestation", "SubjectPublicKeyInfo",
                               "a key of unusable length", "at most 8192 octets");
    }
    /* Only now is it known which of several keys a client presents. */
    const struct atls_bytes peer =
        atls_bytes_of(verdict->peer_spki_sha256, sizeof verdict->peer_spki_sha256);
    if (session->appraised &&
        atls_bytes_equal(peer, atls_digest_bytes(&session->own_spki_sha256))) {
        return atls_fail_texts(diag, ATLS_ERR_REFLECTED, "our certificate", "SubjectPublicKeyInfo",
                               "the key that the peer presented", "a key of our own");
    }
    return ATLS_OK;
}

/* write_credential puts a CMW into the body of the extension, which the session keeps. */
static enum atls_err write_credential(struct atls_session *session, struct atls_bytes cmw,
                                      struct atls_bytes *out, struct atls_diag *diag)
{
    size_t body_len = 0;
    uint8_t *body = malloc(cmw.len + 3);
    const struct atls_buf room = {body, cmw.len + 3};
    enum atls_err err = body != NULL ? atls_credential_write(room, &body_len, cmw, diag)
                                     : atls_fail(diag, ATLS_ERR_MEMORY, "attestation", NULL);
    if (err != ATLS_OK) {
        free(body);
        return err;
    }
    session_give_written(session, body, body_len, out);
    return ATLS_OK;
}

static enum atls_err attest(struct atls_session *session, const struct atls_scheme *scheme,
                            int32_t hash_alg, struct atls_bytes own_spki, struct atls_bytes *out,
                            struct atls_diag *diag)
{
    struct session_binding binding = {.binder = atls_binder, .hash_alg = hash_alg};
    const char *name = "";
    uint8_t *cmw = NULL;
    size_t len = 0;
    enum atls_err err = ATLS_OK;
    if (scheme->mechanism == ATLS_MECHANISM_EVIDENCE) {
        err = atls_transcript_hash(session->context->crypto, &session->transcript, hash_alg,
                                   &binding.value, diag);
    }
    if (err == ATLS_OK) {
        err = session_make_credential(session, scheme, &binding, own_spki, &cmw, &len, &name, diag);
    }
    if (err == ATLS_OK) {
        err = write_credential(session, atls_bytes_of(cmw, len), out, diag);
    }
    free(cmw);
    if (err == ATLS_OK) {
        atls_text_copy(session->verdict.own_format, sizeof session->verdict.own_format, name);
    }
    return err;
}

enum atls_err atls_session_write_certificate(struct atls_session *session, int32_t hash_alg,
                                             struct atls_bytes own_spki, bool *out_send,
                                             struct atls_bytes *out)
{
    struct atls_diag diag;
    struct atls_scheme scheme;
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    *out_send = false;
    if (session->finished) {
        return ATLS_OK; /* post-handshake authentication goes without us (draft, 8.4) */
    }
    enum atls_err err = session_note_own(session, own_spki, &diag);
    if (err == ATLS_OK && atls_negotiation_must_attest(&session->negotiation, &scheme)) {
        *out_send = true;
        err = attest(session, &scheme, hash_alg, own_spki, out, &diag);
    }
    return err == ATLS_OK ? ATLS_OK : session_refuse(session, &diag);
}
