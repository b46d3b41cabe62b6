/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that came by another way than a handshake. The same endorsements, requirement and policy
 * as for a connection; the legs of the decision that only a connection has are left out.
 */
#include "atls/verifier.h"

#include "base/span.h"
#include "base/text.h"
#include "session/context.h"
#include "session/context_internal.h"
#include "session/revoked.h"
#include "verifier/verifier.h"

#include <stdlib.h>

static enum atls_err check_request(const struct atls_context *context, struct atls_bytes nonce,
                                   struct atls_diag *diag)
{
    if (!context_takes_evidence(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "appraisal", "requirement", "none",
                               "atls_context_require() with the formats that are taken");
    }
    if (nonce.len == 0 || nonce.len > ATLS_MAX_NONCE_LEN) { /* a forgotten one is not "any" */
        atls_fail(diag, ATLS_ERR_ARGUMENT, "appraisal", "nonce in octets");
        atls_diag_found_int(diag, (int64_t)nonce.len);
        atls_diag_expected_text(diag, "1 to 64");
        return ATLS_ERR_ARGUMENT;
    }
    return ATLS_OK;
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

/* The label never selects a format: each that is required is asked for in turn, and only
 * Evidence of another type leaves the question open for the next. */
static enum atls_err verify(struct atls_context *context, struct atls_appraisal *appraisal,
                            struct atls_bytes evidence, struct atls_bytes nonce,
                            struct atls_diag *diag)
{
    struct session_revoked *revoked = session_revoked_take(context);
    const struct atls_verifier_wait wait = {context_verifier_deadline_ms(context), never, NULL};
    enum atls_err err = ATLS_ERR_EVIDENCE_TYPE;
    for (size_t i = 0; err == ATLS_ERR_EVIDENCE_TYPE && i < context->num_required; i++) {
        if (context->required[i].kind != REQUIRES_EVIDENCE) {
            continue;
        }
        const struct atls_verify_request request = {
            .crypto = context->crypto,
            .endorsements = context->endorsements,
            .format = context->required[i].format,
            .cmw = evidence,
            .expected_nonce = nonce,
            .now_s = atls_context_now(context),
            .want_claims = context->keep_claims,
            .revoked = session_revoked_list(revoked),
            .max_result_age_s = context->policy.max_result_age_s,
            .depot = context->depot,
            .deadline_ms = wait.deadline_ms,
        };
        err = context->verifier_ops->appraise(context->verifier, appraisal, &request, &wait, diag);
    }
    session_revoked_release(revoked);
    return err;
}

enum atls_err atls_context_appraise(struct atls_context *context, struct atls_verdict *out,
                                    struct atls_bytes evidence, struct atls_bytes nonce,
                                    struct atls_diag *diag)
{
    struct atls_diag why = {.err = ATLS_OK};
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal); /* large for a stack */
    memset(out, 0, sizeof *out);
    out->state = ATLS_VERDICT_REFUSED; /* until all of it holds */
    atls_text_copy(out->verifier, sizeof out->verifier,
                   context->verifier_ops->identity(context->verifier));
    enum atls_err err = appraisal != NULL ? atls_context_freeze(context, &why)
                                          : atls_fail(&why, ATLS_ERR_MEMORY, "appraisal", NULL);
    atls_text_copy(out->policy_id, sizeof out->policy_id, context->policy.id);
    out->policy_version = context->policy.version;
    if (err == ATLS_OK) {
        err = check_request(context, nonce, &why);
    }
    if (err == ATLS_OK) {
        err = verify(context, appraisal, evidence, nonce, &why);
        if (err == ATLS_OK) {
            err = atls_policy_check_evidence(&context->policy, appraisal, &why);
        }
        atls_verdict_take_evidence(out, appraisal);
        atls_appraisal_cleanup(appraisal, free);
    }
    free(appraisal);
    if (err == ATLS_OK) {
        out->state = ATLS_VERDICT_ACCEPTED;
        return ATLS_OK;
    }
    out->reason = why;
    if (diag != NULL) {
        *diag = why;
    }
    return err;
}
