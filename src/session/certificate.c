/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing "certificate": the Evidence is in the peer's certificate (RA-TLS). Nothing of it is
 * negotiated, and nothing binds it to this connection but the key that the peer proves to have:
 * docs/ra-tls.md says what that lacks. It computes in place.
 */
#include "session/session_internal.h"

#include "base/text.h"
#include "session/context_internal.h"
#include "session/revoked.h"
#include "verifier/certificate.h"

#include <stdlib.h>

static bool is_required(const struct atls_context *context, const struct atls_appraisal *appraisal)
{
    for (size_t i = 0; appraisal->num_submods != 0 && i < context->num_required; i++) {
        if (context->required[i].format == appraisal->submods[0].format) {
            return true;
        }
    }
    return false;
}

static enum atls_err decide(const struct atls_session *session, const struct atls_peer *peer,
                            const struct atls_digest *spki_hash,
                            const struct atls_appraisal *appraisal, struct atls_diag *diag)
{
    const struct atls_context *context = session->context;
    const struct atls_decision_input input = {
        .pkix_required = !context->no_pkix,
        .pkix_ok = peer->pkix_ok,
        .peer_spki_sha256 = atls_digest_bytes(spki_hash),
        .own_spki_sha256 = atls_digest_bytes(&session->own_spki_sha256),
        .appraisal = appraisal,
        .channel_ok = true, /* check_channel came first */
        .timing = ATLS_TIMING_CERTIFICATE,
    };
    if (!is_required(context, appraisal)) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, "certificate with Evidence", "format",
                               appraisal->num_submods != 0 ? appraisal->submods[0].format->name
                                                           : "none",
                               "one that is required");
    }
    return atls_policy_decide(&context->policy, &input, diag);
}

enum atls_err session_appraise_certificate(struct atls_session *session,
                                           const struct atls_peer *peer,
                                           const struct atls_digest *spki_hash,
                                           struct atls_diag *diag)
{
    const struct atls_context *context = session->context;
    struct atls_verdict *verdict = &session->verdict;
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    if (appraisal == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "appraisal", NULL);
    }
    struct session_revoked *revoked = session_revoked_take(session->context);
    const struct atls_verify_request request = {
        .crypto = context->crypto,
        .endorsements = context->endorsements,
        .cmw = peer->cert,
        .no_nonce = true,
        .now_s = atls_context_now(context),
        .want_claims = context->keep_claims,
        .revoked = session_revoked_list(revoked),
        .signer_is_checked = true, /* by PKIX, or as self-signed without it */
    };
    const char *form = NULL;
    enum atls_err err = atls_verify_certificate(appraisal, &form, &request, diag);
    if (err == ATLS_OK) {
        verdict->timing = ATLS_TIMING_CERTIFICATE;
        atls_text_copy(verdict->verifier, sizeof verdict->verifier, "in-process");
        err = decide(session, peer, spki_hash, appraisal, diag);
        atls_verdict_take_evidence(verdict, appraisal);
    }
    session_revoked_release(revoked);
    atls_appraisal_cleanup(appraisal, free);
    free(appraisal);
    return err;
}
