/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's Certificate: its credential is kept when it is parsed, appraised when OpenSSL or
 * another stack asks for the certificate to be verified, and decided upon together with identity,
 * key and channel. The gate at the end only believes this verdict.
 */
#include "base/span.h"
#include "handshake/binder.h"
#include "base/text.h"
#include "session/context.h"
#include "session/revoked.h"
#include "session/session_internal.h"
#include "verifier/passport.h"
#include "verifier/verifier.h"

#include <stdlib.h>

enum atls_err atls_session_read_certificate(struct atls_session *session, size_t chain_index,
                                            struct atls_bytes body)
{
    struct atls_diag diag;
    struct atls_bytes cmw;
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    enum atls_err err = atls_negotiation_take_credential(&session->negotiation, chain_index, &diag);
    if (err == ATLS_OK) {
        err = atls_credential_parse(&cmw, body, &diag);
    }
    uint8_t *copy = NULL;
    if (err == ATLS_OK) {
        copy = malloc(cmw.len);
        err = copy != NULL ? ATLS_OK : atls_fail(&diag, ATLS_ERR_MEMORY, "Certificate", NULL);
    }
    if (err != ATLS_OK) {
        return session_refuse(session, &diag);
    }
    memcpy(copy, cmw.data, cmw.len);
    free(session->peer_cmw);
    session->peer_cmw = copy;
    session->peer_cmw_len = cmw.len;
    return ATLS_OK;
}

struct appraise_job {
    struct atls_job job; /* first */
    struct atls_context *context;
    const struct atls_format *format; /* of Evidence; NULL for a Result */
    struct atls_bytes by;             /* identity of the Verifier of a Result; empty for Evidence */
    uint8_t *cmw;
    size_t cmw_len;
    uint8_t *spki;
    size_t spki_len;
    struct atls_digest binder, spki_sha256, own_spki_sha256;
    bool pkix_ok, channel_ok, in_pool;
    int64_t deadline_ms;
    struct session_basis *basis; /* NULL: nobody asks */
    struct atls_appraisal appraisal;
    enum atls_err err;
    struct atls_diag diag;
};

static bool is_abandoned(const void *arg)
{
    return atls_job_is_abandoned(arg);
}

static void run_appraise(struct atls_job *job)
{
    struct appraise_job *a = (struct appraise_job *)job;
    const struct atls_context *context = a->context;
    struct session_revoked *revoked = session_revoked_take(a->context);
    const struct atls_verify_request request = {
        .crypto = context->crypto,
        .endorsements = context->endorsements,
        .format = a->format,
        .cmw = atls_bytes_of(a->cmw, a->cmw_len),
        .expected_nonce = atls_digest_bytes(&a->binder),
        .tls_spki = atls_bytes_of(a->spki, a->spki_len),
        .now_s = atls_context_now(context),
        .want_claims = context->keep_claims,
        .revoked = session_revoked_list(revoked),
        .max_result_age_s = context->policy.max_result_age_s,
        .depot = context->depot,
        .deadline_ms = a->deadline_ms,
        .ends_s = a->basis != NULL ? &a->basis->ends_s : NULL,
        .verifier_keys = a->basis != NULL ? &a->basis->verifier_keys : NULL,
    };
    const struct atls_verifier_wait wait = {a->deadline_ms, is_abandoned, job};
    a->err = a->by.len != 0 ? verifier_passport_appraise(&a->appraisal, context->listed, a->by,
                                                         &request, &a->diag)
                            : context->verifier_ops->appraise(context->verifier, &a->appraisal,
                                                              &request, &wait, &a->diag);
    if (a->err == ATLS_OK) {
        const struct atls_decision_input input = {
            .pkix_required = !context->no_pkix,
            .pkix_ok = a->pkix_ok,
            .peer_spki_sha256 = atls_digest_bytes(&a->spki_sha256),
            .own_spki_sha256 = atls_digest_bytes(&a->own_spki_sha256),
            .appraisal = &a->appraisal,
            .channel_ok = a->channel_ok,
            .timing = ATLS_TIMING_HANDSHAKE,
        };
        a->err = atls_policy_decide(&context->policy, &input, &a->diag);
    }
    session_revoked_release(revoked);
    if (a->in_pool) {
        atls_context_job_ended(a->context); /* last use of the context */
    }
}

static void destroy_appraise(struct atls_job *job)
{
    struct appraise_job *a = (struct appraise_job *)job;
    atls_appraisal_cleanup(&a->appraisal, free);
    free(a->basis);
    free(a->cmw);
    free(a->spki);
    free(a);
}

static void describe(struct atls_session *session, const struct atls_channel *channel,
                     const struct atls_peer *peer, const struct atls_digest *spki_sha256)
{
    struct atls_verdict *verdict = &session->verdict;
    const struct atls_policy *policy = &session->context->policy;
    memcpy(verdict->peer_spki_sha256, spki_sha256->data, sizeof verdict->peer_spki_sha256);
    verdict->peer_has_key = true;
    verdict->pkix = peer->pkix_ok;
    atls_text_copy(verdict->peer_subject, sizeof verdict->peer_subject, peer->subject);
    atls_text_copy(verdict->suite, sizeof verdict->suite, channel->suite);
    atls_text_copy(verdict->group, sizeof verdict->group, channel->group);
    atls_text_copy(verdict->policy_id, sizeof verdict->policy_id, policy->id);
    verdict->policy_version = policy->version;
}

static enum atls_err check_channel(const struct atls_channel *channel, struct atls_diag *diag)
{
    if (!channel->is_tls13) {
        return atls_fail_texts(diag, ATLS_ERR_PROTOCOL_VERSION, "channel", "version",
                               "an older version", "TLS 1.3");
    }
    if (channel->resumed) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMED, "channel", "session", "a resumed one",
                               "a full handshake");
    }
    if (!channel->suite_listed) {
        return atls_fail_texts(diag, ATLS_ERR_CHANNEL, "channel", "cipher suite", channel->suite,
                               "a suite of PROTOCOL.md");
    }
    if (!channel->group_listed) {
        return atls_fail_texts(diag, ATLS_ERR_CHANNEL, "channel", "group", channel->group,
                               "a group of PROTOCOL.md");
    }
    return ATLS_OK;
}

/* The format that was negotiated: the peer's label can only fail to match it. */
static const struct atls_format *format_of(const struct atls_context *context,
                                           const struct atls_scheme *scheme)
{
    for (size_t i = 0; i < context->num_required; i++) {
        const struct atls_format *format = context->required[i].format;
        if (scheme->mechanism != ATLS_MECHANISM_EVIDENCE ||
            context->required[i].kind != REQUIRES_EVIDENCE) {
            continue;
        }
        if (scheme->by_content_format
                ? format->has_content_format && format->content_format == scheme->content_format
                : atls_bytes_is_text(scheme->text, format->media_type)) {
            return format;
        }
    }
    return NULL;
}

/* The peer has sent our own Evidence back; only a server has sent some before it appraises.
 */
static enum atls_err check_reflection(const struct atls_session *session, struct atls_diag *diag)
{
    struct atls_digest cmw_hash;
    const struct atls_bytes cmw = atls_bytes_of(session->peer_cmw, session->peer_cmw_len);
    if (session->own_cmw_sha256.len == 0) {
        return ATLS_OK;
    }
    const enum atls_err err = session->context->crypto->hash(ATLS_ALG_SHA256, cmw, &cmw_hash);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "Evidence", "SHA-256");
    }
    if (atls_bytes_equal(atls_digest_bytes(&cmw_hash),
                         atls_digest_bytes(&session->own_cmw_sha256))) {
        return atls_fail_texts(diag, ATLS_ERR_REFLECTED, "Evidence", NULL, "our own Evidence",
                               "Evidence of the peer's");
    }
    return ATLS_OK;
}

/* Any key of ours counts, whether this connection presents it or not. */
static bool is_own_key(const struct atls_session *session, const struct atls_peer *peer,
                       const struct atls_digest *spki_hash)
{
    for (size_t i = 0; i < peer->num_own_spkis; i++) {
        if (atls_bytes_equal(peer->own_spkis[i], peer->spki)) {
            return true;
        }
    }
    return atls_bytes_equal(atls_digest_bytes(spki_hash),
                            atls_digest_bytes(&session->own_spki_sha256));
}

/* Everything that can be refused before the Evidence is looked at. */
static enum atls_err check_before(struct atls_session *session, const struct atls_channel *channel,
                                  const struct atls_peer *peer, const struct atls_digest *spki_hash,
                                  struct atls_diag *diag)
{
    enum atls_err err = check_channel(channel, diag);
    if (err == ATLS_OK) {
        err = atls_negotiation_check_complete(&session->negotiation, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (peer->spki.len == 0 || peer->spki.len > ATLS_MAX_SPKI_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_KEY_BINDING, "peer's certificate",
                               "SubjectPublicKeyInfo", "a key of unusable length",
                               "at most 8192 octets");
    }
    if (is_own_key(session, peer, spki_hash)) {
        return atls_fail_texts(diag, ATLS_ERR_REFLECTED, "peer's certificate",
                               "SubjectPublicKeyInfo", "our own key", "a key of the peer's");
    }
    return check_reflection(session, diag);
}

static enum atls_err new_job(struct appraise_job **out, struct atls_session *session,
                             const struct atls_channel *channel, const struct atls_peer *peer,
                             const struct atls_digest *spki_hash, struct atls_diag *diag)
{
    struct atls_scheme scheme;
    struct atls_digest transcript_hash;
    struct appraise_job *a = calloc(1, sizeof *a);
    uint8_t *spki = malloc(peer->spki.len);
    if (a == NULL || spki == NULL || session->peer_cmw == NULL ||
        !atls_negotiation_expects_peer(&session->negotiation, &scheme)) {
        free(a);
        free(spki);
        return atls_fail(diag, ATLS_ERR_MEMORY, "appraisal", NULL);
    }
    memcpy(spki, peer->spki.data, peer->spki.len);
    atls_job_init(&a->job, run_appraise, destroy_appraise);
    a->err = session_not_run(&a->diag);
    a->spki = spki;
    a->spki_len = peer->spki.len;
    a->context = session->context;
    a->spki_sha256 = *spki_hash;
    a->basis = session_basis_new(session->context);
    a->own_spki_sha256 = session->own_spki_sha256;
    a->pkix_ok = peer->pkix_ok;
    a->channel_ok = true; /* check_channel came first */
    a->deadline_ms = context_verifier_deadline_ms(session->context);
    a->format = format_of(session->context, &scheme);
    a->by = scheme.mechanism == ATLS_MECHANISM_RESULT ? scheme.text : atls_bytes_of(NULL, 0);
    const struct atls_crypto_ops *crypto = session->context->crypto;
    enum atls_err err = a->format != NULL || a->by.len != 0
                            ? atls_transcript_hash(crypto, &session->transcript, channel->hash_alg,
                                                   &transcript_hash, diag)
                            : atls_fail(diag, ATLS_ERR_STATE, "appraisal", "negotiated scheme");
    if (err == ATLS_OK) {
        err =
            atls_binder(crypto, channel->hash_alg, &transcript_hash, peer->spki, &a->binder, diag);
    }
    if (err != ATLS_OK) {
        destroy_appraise(&a->job);
        return err;
    }
    a->cmw = session->peer_cmw; /* handed over */
    a->cmw_len = session->peer_cmw_len;
    session->peer_cmw = NULL;
    session->peer_cmw_len = 0;
    *out = a;
    return ATLS_OK;
}

/* name_verifier: who appraised, for the verdict; `by` is that of a Result. */
static void name_verifier(struct atls_verdict *verdict, const struct atls_context *context,
                          struct atls_bytes by)
{
    char name[sizeof verdict->verifier];
    const size_t len = by.len < sizeof name ? by.len : sizeof name - 1;
    if (by.len == 0) {
        atls_text_copy(verdict->verifier, sizeof verdict->verifier,
                       context->verifier_ops->identity(context->verifier));
        return;
    }
    memcpy(name, by.data, len);
    name[len] = '\0';
    atls_text_copy(verdict->verifier, sizeof verdict->verifier, name);
}

static enum atls_err appraise(struct atls_session *session, const struct atls_channel *channel,
                              const struct atls_peer *peer, const struct atls_digest *spki_hash,
                              struct atls_diag *diag)
{
    struct appraise_job *a = NULL;
    enum atls_err err = new_job(&a, session, channel, peer, spki_hash, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_verdict *verdict = &session->verdict;
    memcpy(verdict->binder, a->binder.data, a->binder.len);
    verdict->binder_len = a->binder.len;
    verdict->timing = ATLS_TIMING_HANDSHAKE;
    name_verifier(verdict, session->context, a->by);
    const bool in_place = a->by.len != 0 || !context_appraisal_waits(session->context);
    a->in_pool = !in_place || session->stack->may_pause(session->connection);
    err = session_run(session, &a->job, in_place, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = a->err;
    if (err != ATLS_OK) {
        *diag = a->diag;
    }
    session_note_appraisal(session, &a->appraisal, a->basis);
    atls_verdict_take_evidence(verdict, &a->appraisal);
    atls_job_unref(&a->job);
    return err;
}

/* After the handshake a server may ask for a certificate once more. What was appraised is the key
 * of the first one. */
static enum atls_err check_once_more(struct atls_session *session,
                                     const struct atls_digest *spki_hash)
{
    struct atls_diag diag;
    const struct atls_verdict *verdict = &session->verdict;
    const struct atls_bytes appraised =
        atls_bytes_of(verdict->peer_spki_sha256, sizeof verdict->peer_spki_sha256);
    if (atls_verdict_opens(verdict) && atls_bytes_equal(appraised, atls_digest_bytes(spki_hash))) {
        return ATLS_OK;
    }
    atls_fail_texts(&diag, ATLS_ERR_KEY_BINDING, "peer's certificate", "SubjectPublicKeyInfo",
                    "another key than the one that was appraised", "the key of the handshake");
    return session_refuse(session, &diag);
}

enum atls_err atls_session_appraise(struct atls_session *session,
                                    const struct atls_channel *channel,
                                    const struct atls_peer *peer)
{
    struct atls_diag diag;
    struct atls_digest spki_hash = {.len = 0};
    enum atls_err err = session->context->crypto->hash(ATLS_ALG_SHA256, peer->spki, &spki_hash);
    if (err != ATLS_OK) {
        atls_fail(&diag, err, "peer's certificate", "SubjectPublicKeyInfo");
        return session_refuse(session, &diag);
    }
    /* A client appraises before it has written its own Certificate, so the key comes from here;
     * write_certificate looks again at the one that is presented. */
    if (peer->num_own_spkis != 0 && peer->own_spkis[0].len != 0 &&
        session->context->crypto->hash(ATLS_ALG_SHA256, peer->own_spkis[0],
                                       &session->own_spki_sha256) != ATLS_OK) {
        atls_fail(&diag, ATLS_ERR_CRYPTO, "our certificate", "SubjectPublicKeyInfo");
        return session_refuse(session, &diag);
    }
    if (session->finished && session->context->num_required != 0) {
        return check_once_more(session, &spki_hash);
    }
    describe(session, channel, peer, &spki_hash);
    session_note_peer(session, peer, &spki_hash);
    if (session_check_usable(session) != ATLS_OK) {
        return session->verdict.reason.err;
    }
    err = session_check_revoked(session->context, peer, &spki_hash, &diag);
    if (err != ATLS_OK) {
        return session_refuse(session, &diag);
    }
    if (session->context->num_required == 0) {
        return ATLS_OK; /* the gate will say "not required" */
    }
    err = check_before(session, channel, peer, &spki_hash, &diag);
    if (err == ATLS_OK) {
        err = session->context->by_certificate
                  ? session_appraise_certificate(session, peer, &spki_hash, &diag)
                  : appraise(session, channel, peer, &spki_hash, &diag);
    }
    if (err != ATLS_OK) {
        return session_refuse(session, &diag);
    }
    session->appraised = true; /* CertificateVerify and Finished are still to come */
    return ATLS_OK;
}

bool atls_session_is_appraised(const struct atls_session *session)
{
    return session->appraised || session->context->num_required == 0;
}

bool atls_session_finish(struct atls_session *session, const struct atls_channel *channel)
{
    struct atls_diag diag;
    struct atls_verdict *verdict = &session->verdict;
    session->finished = true;
    session_release(session);
    atls_text_copy(verdict->suite, sizeof verdict->suite, channel->suite);
    atls_text_copy(verdict->group, sizeof verdict->group, channel->group);
    if (verdict->state == ATLS_VERDICT_REFUSED) {
        return false;
    }
    if (session->context->num_required == 0) {
        verdict->state = ATLS_VERDICT_NOT_REQUIRED;
        return atls_verdict_opens(verdict);
    }
    struct atls_channel seen = *channel;
    seen.resumed = channel->resumed && !session->resumed; /* by facts that hold */
    enum atls_err err = check_channel(&seen, &diag);
    if (err == ATLS_OK && !session->appraised) {
        err = atls_fail_texts(&diag, ATLS_ERR_NO_VERDICT, "gate", "peer's certificate",
                              "none that atls could appraise",
                              "a certificate that goes through the verify callback of atls");
    }
    if (err == ATLS_OK) {
        verdict->state = ATLS_VERDICT_ACCEPTED;
    } else {
        session_refuse(session, &diag);
    }
    return atls_verdict_opens(verdict);
}
