/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the peer answers to our request. Two steps, since between them the stack reads certificates:
 * atls_session_post_open has checked that the answer is of this connection, this request and the
 * other side; atls_session_post_judge its signature, its Evidence and its key, and decides.
 */
#include "session/post.h"

#include "base/span.h"
#include "session/revoked.h"

#include <stdlib.h>

static const char step[] = "authenticator";

/* end_request: what came is the answer, whether it holds or not. */
static enum atls_err end_request(struct session_post *post, struct atls_diag *diag)
{
    if (post->request == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_AUTHENTICATOR, step, "request", "none that waits",
                               "an answer to a request of ours");
    }
    return atls_contexts_answered(&post->contexts, post->asked.context, atls_verifier_clock_ms(),
                                  diag);
}

static enum atls_err open_answer(struct atls_session *session, struct session_post *post,
                                 struct atls_bytes message, struct atls_authenticator *out,
                                 struct atls_diag *diag)
{
    enum atls_err err = end_request(post, diag);
    if (err == ATLS_OK) {
        err = atls_authenticator_open(session->context->crypto, out, &post->peer, &post->asked,
                                      message, session->context->cmw_extension_type, diag);
    }
    if (err == ATLS_OK && out->refused) {
        err = atls_fail_texts(diag, ATLS_ERR_REFUSED_TO_ATTEST, step, NULL, "an empty one",
                              "one with attestation");
    }
    return err;
}

enum atls_err atls_session_post_open(struct atls_session *session, struct atls_bytes message,
                                     struct atls_authenticator *out, struct atls_diag *diag)
{
    struct atls_diag why;
    struct session_post *post = session_post_ready(session, diag);
    if (post == NULL) {
        return ATLS_ERR_STATE;
    }
    if (session_check_usable(session) != ATLS_OK) {
        return session_give_reason(session, diag);
    }
    const enum atls_err err = open_answer(session, post, message, out, &why);
    if (err != ATLS_OK) {
        session_refuse(session, &why);
        return session_give_reason(session, diag);
    }
    return ATLS_OK;
}

/* check_key: with Evidence in the handshake as well, both are about one key, and so are all rounds
 * of a connection: what was appraised before is not exchanged for something else. */
static enum atls_err check_key(const struct atls_session *session,
                               const struct atls_digest *spki_hash, struct atls_diag *diag)
{
    const struct atls_verdict *verdict = &session->verdict;
    const struct atls_bytes before =
        atls_bytes_of(verdict->peer_spki_sha256, sizeof verdict->peer_spki_sha256);
    const bool named =
        session->context->timing == ATLS_TIMING_BOTH || verdict->state == ATLS_VERDICT_ACCEPTED;
    return !named || atls_bytes_equal(before, atls_digest_bytes(spki_hash))
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, step, "SubjectPublicKeyInfo",
                                 "another key than the one that was appraised",
                                 "the key of before");
}

/* check_before is everything that can be refused before the Evidence is looked at. */
static enum atls_err check_before(struct atls_session *session,
                                  const struct atls_session_answer *answer,
                                  const struct atls_digest *spki_hash, struct atls_diag *diag)
{
    const struct atls_authenticator *authenticator = answer->authenticator;
    enum atls_err err =
        atls_authenticator_verify(authenticator, answer->signatures, answer->key, diag);
    if (err == ATLS_OK) {
        err = session_check_channel(answer->channel, diag);
    }
    if (err == ATLS_OK) {
        err = check_key(session, spki_hash, diag);
    }
    if (err == ATLS_OK) {
        err = session_check_revoked(session->context, answer->peer, spki_hash, diag);
    }
    if (err == ATLS_OK && authenticator->cmw.len == 0) {
        err = atls_fail_texts(diag, ATLS_ERR_NOT_ATTESTED, step, "cmw_attestation", "none",
                              "the attestation that was asked for");
    }
    if (err == ATLS_OK) {
        err = session_keep_credential(session, authenticator->cmw, diag);
    }
    return err == ATLS_OK ? session_check_peer(session, answer->peer, spki_hash, diag) : err;
}

static enum atls_err judge(struct atls_session *session, const struct atls_session_answer *answer,
                           struct atls_diag *diag)
{
    const struct session_post *post = session->post;
    const struct atls_context *context = session->context;
    struct atls_digest spki_hash = {.len = 0};
    struct session_appraisal appraisal = {
        .peer = answer->peer, .spki_hash = &spki_hash, .scheme = NULL, .timing = context->timing};
    enum atls_err err = context->crypto->hash(ATLS_ALG_SHA256, answer->peer->spki, &spki_hash);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "SubjectPublicKeyInfo");
    }
    err = check_before(session, answer, &spki_hash, diag);
    if (err == ATLS_OK) {
        session_describe(session, answer->channel, answer->peer, &spki_hash);
        err = atls_expat_binder(context->crypto, &appraisal.binder, &post->exporter,
                                context->exporter_label, post->asked.context, answer->peer->spki,
                                diag);
    }
    return err == ATLS_OK ? session_run_appraisal(session, &appraisal, diag) : err;
}

enum atls_err atls_session_post_judge(struct atls_session *session,
                                      const struct atls_session_answer *answer,
                                      struct atls_diag *diag)
{
    struct atls_diag why;
    struct session_post *post = session_post_ready(session, diag);
    if (post == NULL) {
        return ATLS_ERR_STATE;
    }
    if (session_check_usable(session) != ATLS_OK) {
        return session_give_reason(session, diag);
    }
    enum atls_err err = judge(session, answer, &why);
    free(post->request);
    post->request = NULL;
    if (err != ATLS_OK) {
        session_refuse(session, &why);
        return session_give_reason(session, diag);
    }
    session->appraised = true;
    post->accepted = true;
    if (session_post_is_carried(session)) {
        session_post_open_gate(session);
    }
    return ATLS_OK;
}

bool atls_session_is_pending(const struct atls_session *session)
{
    return session->post != NULL && session->verdict.state == ATLS_VERDICT_NONE &&
           !session->context->own_carriage;
}

bool atls_session_asks(const struct atls_session *session)
{
    return session->post != NULL && session->context->num_required != 0;
}

bool atls_session_post_open_gate(struct atls_session *session, struct atls_diag *diag)
{
    const struct session_post *post = session->post;
    if (session_check_usable(session) != ATLS_OK) {
        session_give_reason(session, diag);
        return false;
    }
    if (post == NULL || (session->context->num_required != 0 && !post->accepted)) {
        struct atls_diag why;
        atls_fail_texts(&why, ATLS_ERR_NO_VERDICT, "gate", "authenticator",
                        "none that atls could appraise", "the peer's, after the handshake");
        session_refuse(session, &why);
        session_give_reason(session, diag);
        return false;
    }
    session_post_open_gate(session);
    return atls_verdict_opens(&session->verdict);
}
