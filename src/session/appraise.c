/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's Certificate: its credential is kept when it is parsed, appraised when OpenSSL or
 * another stack asks for the certificate to be verified, and decided upon together with identity,
 * key and channel. The gate at the end only believes this verdict.
 */
#include "base/span.h"
#include "handshake/binder.h"
#include "base/text.h"
#include "session/post.h"
#include "session/revoked.h"

#include <stdlib.h>

enum atls_err session_keep_credential(struct atls_session *session, struct atls_bytes cmw,
                                      struct atls_diag *diag)
{
    uint8_t *copy = malloc(cmw.len);
    if (copy == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "Certificate", NULL);
    }
    memcpy(copy, cmw.data, cmw.len);
    free(session->peer_cmw);
    session->peer_cmw = copy;
    session->peer_cmw_len = cmw.len;
    return ATLS_OK;
}

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
    if (err == ATLS_OK) {
        err = session_keep_credential(session, cmw, &diag);
    }
    return err == ATLS_OK ? ATLS_OK : session_refuse(session, &diag);
}

void session_describe(struct atls_session *session, const struct atls_channel *channel,
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

enum atls_err session_check_channel(const struct atls_channel *channel, struct atls_diag *diag)
{
    if (!channel->is_tls13 && !channel->is_dtls12) {
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

enum atls_err session_check_peer(const struct atls_session *session, const struct atls_peer *peer,
                                 const struct atls_digest *spki_hash, struct atls_diag *diag)
{
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

/* Everything that can be refused before the Evidence is looked at. */
static enum atls_err check_before(struct atls_session *session, const struct atls_channel *channel,
                                  const struct atls_peer *peer, const struct atls_digest *spki_hash,
                                  struct atls_diag *diag)
{
    /* DTLS 1.2 has a suite and a group after the certificate only: looked at when it ends. */
    enum atls_err err = channel->is_dtls12 ? ATLS_OK : session_check_channel(channel, diag);
    if (err == ATLS_OK) {
        err = session_post_check_prelude(session, channel, diag);
    }
    if (err == ATLS_OK) {
        err = atls_negotiation_check_complete(&session->negotiation, diag);
    }
    return err == ATLS_OK ? session_check_peer(session, peer, spki_hash, diag) : err;
}

/* bind computes the binder of this handshake for the key that the peer's message presents. */
static enum atls_err bind(const struct atls_session *session, const struct atls_channel *channel,
                          const struct atls_peer *peer, struct atls_digest *out,
                          struct atls_diag *diag)
{
    struct atls_digest transcript_hash;
    const struct atls_crypto_ops *crypto = session->context->crypto;
    const enum atls_err err = atls_transcript_hash(crypto, &session->transcript, channel->hash_alg,
                                                   &transcript_hash, diag);
    return err == ATLS_OK
               ? atls_binder(crypto, channel->hash_alg, &transcript_hash, peer->spki, out, diag)
               : err;
}

static enum atls_err appraise(struct atls_session *session, const struct atls_channel *channel,
                              const struct atls_peer *peer, const struct atls_digest *spki_hash,
                              struct atls_diag *diag)
{
    struct atls_scheme scheme;
    struct session_appraisal appraisal = {.peer = peer,
                                          .spki_hash = spki_hash,
                                          .scheme = &scheme,
                                          .timing = session->context->timing};
    if (!atls_negotiation_expects_peer(&session->negotiation, &scheme)) {
        return atls_fail(diag, ATLS_ERR_STATE, "appraisal", "negotiated scheme");
    }
    const enum atls_err err = bind(session, channel, peer, &appraisal.binder, diag);
    return err == ATLS_OK ? session_run_appraisal(session, &appraisal, diag) : err;
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
    session_describe(session, channel, peer, &spki_hash);
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
    if (err == ATLS_OK && context_appraises_in_handshake(session->context)) {
        err = appraise(session, channel, peer, &spki_hash, &diag);
    } else if (err == ATLS_OK && session->context->timing == ATLS_TIMING_CERTIFICATE) {
        err = session_appraise_certificate(session, peer, &spki_hash, &diag);
    }
    if (err != ATLS_OK) {
        return session_refuse(session, &diag);
    }
    /* CertificateVerify and Finished are still to come, and Evidence where it comes after them */
    session->appraised = true;
    return ATLS_OK;
}

bool atls_session_is_appraised(const struct atls_session *session)
{
    const struct atls_context *context = session->context;
    if (context->num_required == 0 || !context_appraises_after(context)) {
        return context->num_required == 0 || session->appraised;
    }
    /* What follows is still to come; an application that carries it itself needs the connection. */
    return context->own_carriage && (session->appraised || context->timing == ATLS_TIMING_POST);
}

/* check_end is what must hold when a handshake ends with a peer that is to attest. */
static enum atls_err check_end(struct atls_session *session, const struct atls_channel *channel,
                               struct atls_diag *diag)
{
    enum atls_err err = session_check_channel(channel, diag);
    if (err == ATLS_OK && !session->appraised && session->context->timing != ATLS_TIMING_POST) {
        err = atls_fail_texts(diag, ATLS_ERR_NO_VERDICT, "gate", "peer's certificate",
                              "none that atls could appraise",
                              "a certificate that goes through the verify callback of atls");
    }
    return err == ATLS_OK ? session_post_check_prelude(session, channel, diag) : err;
}

/* check_facts: facts stand for the appraisal of a handshake that had no Certificate, and of no
 * other, whatever the adapter has shown when. */
static enum atls_err check_facts(const struct atls_session *session,
                                 const struct atls_channel *channel, struct atls_diag *diag)
{
    if (!session->resumed || channel->resumed) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_RESUMPTION, "gate", "session",
                           "a full handshake with the facts of an earlier one",
                           "facts on a resumed session only");
}

bool atls_session_finish(struct atls_session *session, const struct atls_channel *channel)
{
    struct atls_diag diag;
    struct atls_verdict *verdict = &session->verdict;
    const bool requires = session->context->num_required != 0;
    session->finished = true;
    session_release(session);
    atls_text_copy(verdict->suite, sizeof verdict->suite, channel->suite);
    atls_text_copy(verdict->group, sizeof verdict->group, channel->group);
    verdict->psk = channel->psk;
    if (verdict->state == ATLS_VERDICT_REFUSED) {
        return false;
    }
    struct atls_channel seen = *channel;
    seen.resumed = channel->resumed && !atls_session_has_resumed(session); /* by facts that hold */
    enum atls_err err = requires ? check_end(session, &seen, &diag) : ATLS_OK;
    if (err == ATLS_OK && requires) {
        err = check_facts(session, channel, &diag);
    }
    const bool is_due = session_post_is_due(session, channel);
    if (err == ATLS_OK && is_due && !channel->is_tls13) {
        err = session_check_channel(&seen, &diag); /* who only attests exports from it, too */
    }
    if (err == ATLS_OK && is_due) {
        err = session_post_begin(session, channel, &diag);
    }
    if (err != ATLS_OK) {
        session_refuse(session, &diag);
        return false;
    }
    if (session->post == NULL || (session_post_is_carried(session) && !requires)) {
        session_post_open_gate(session); /* else it waits for the exchange */
    }
    return atls_verdict_opens(verdict) || session_post_is_carried(session);
}
