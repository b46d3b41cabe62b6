/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way in: the label of the CMW must name the format that was negotiated, the appraiser of that
 * format appraises, and what it says is checked for consistency before anyone relies on it.
 */
#include "verifier/verifier.h"

#include "base/diag.h"
#include "base/span.h"
#include "verifier/evidence.h"

#include <stdlib.h>

static const char step[] = "verifier";

static enum atls_err refuse(struct atls_diag *diag, enum atls_err err, const char *claim,
                            const char *found, const char *expected)
{
    return atls_fail_texts(diag, err, step, claim, found, expected);
}

static enum atls_err check_request(const struct atls_verify_request *request,
                                   struct atls_diag *diag)
{
    if (request->crypto == NULL || request->endorsements == NULL) {
        return refuse(diag, ATLS_ERR_ARGUMENT, "request", "no endorsements",
                      "cryptography and a set of endorsements");
    }
    if ((request->expected_nonce.len == 0) != request->no_nonce) {
        return refuse(diag, ATLS_ERR_ARGUMENT, "request",
                      request->no_nonce ? "a nonce that is not to be compared" : "no nonce",
                      "a nonce, or the word that there is none");
    }
    return ATLS_OK;
}

static enum atls_err inconsistent(struct atls_diag *diag, const char *claim, const char *found,
                                  const char *expected)
{
    return refuse(diag, ATLS_ERR_STATE, claim, found, expected);
}

enum atls_err atls_verify_check_submod(const struct atls_submod *submod,
                                       const struct atls_format *format, bool no_nonce,
                                       struct atls_diag *diag)
{
    /* What comes of a bundle is about its platform. */
    if (format->submod != NULL ? submod->format != format : !atls_format_is_pat(submod->format)) {
        return inconsistent(diag, "format", submod->format != NULL ? submod->format->name : "none",
                            format->name);
    }
    if (submod->fresh == no_nonce) {
        return refuse(diag, ATLS_ERR_FRESHNESS, format->binder_field,
                      no_nonce ? "called fresh" : "not compared",
                      no_nonce ? "not fresh, there is no nonce" : "compared with the nonce");
    }
    if (!atls_tier_is_known(submod->status) ||
        atls_tier_worse(atls_vector_status(&submod->vector), submod->status)) {
        return inconsistent(diag, "status", atls_tier_name(submod->status),
                            atls_tier_name(atls_vector_status(&submod->vector)));
    }
    const int8_t hardware = submod->vector.claim[ATLS_TRUST_HARDWARE];
    if (submod->simulated && atls_tier_of(hardware) == ATLS_TIER_AFFIRMING) {
        return inconsistent(diag, "hardware", "affirming", "a warning, the root is a simulation");
    }
    if (submod->num_measurements > ATLS_MAX_COMPONENTS ||
        (submod->attested_key.len != 0 && submod->attested_key.len != 32)) {
        return inconsistent(diag, "submod", "a length out of range", NULL);
    }
    if (submod->identities.num == 0 || submod->identities.incomplete) {
        return inconsistent(diag, "identities", "a set that is incomplete",
                            "all that could be revoked");
    }
    return ATLS_OK;
}

/* Without a nonce nothing shows that the state is that of now: at best a warning. */
static void cap_status(struct atls_submod *submod, const struct atls_format *format)
{
    if (atls_tier_worse(ATLS_TIER_WARNING, submod->status)) {
        submod->status = ATLS_TIER_WARNING;
        refuse(&submod->reason, ATLS_ERR_FRESHNESS, format->binder_field, "not compared",
               "compared with a nonce");
    }
}

static enum atls_err appraise(struct atls_submod *out, const struct verifier_evidence *evidence,
                              const struct atls_verify_request *request, struct atls_diag *diag)
{
    struct atls_appraisal_input input = verifier_evidence_input(evidence, request);
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    enum atls_err err = verifier_appraise_fetching(&submod, evidence, &input, request, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = atls_verify_check_submod(&submod, evidence->format, request->no_nonce, diag);
    if (err != ATLS_OK) {
        free(submod.claims_json);
        free(submod.storage);
        return err;
    }
    if (request->no_nonce) {
        cap_status(&submod, evidence->format);
    }
    verifier_apply_revocations(&submod, request);
    *out = submod;
    return ATLS_OK;
}

enum atls_err atls_verify(struct atls_appraisal *out, const struct atls_verify_request *request,
                          struct atls_diag *diag)
{
    struct verifier_evidence evidence = {.storage = NULL};
    struct atls_submod submod;
    enum atls_err err = check_request(request, diag);
    if (err == ATLS_OK) {
        err = verifier_evidence_open(&evidence, request, diag);
    }
    if (err == ATLS_OK) {
        err = appraise(&submod, &evidence, request, diag);
    }
    if (err != ATLS_OK) {
        free(evidence.storage);
        return err;
    }
    atls_appraisal_init(out);
    out->submods[0] = submod;
    out->num_submods = 1;
    out->storage = evidence.storage;
    return ATLS_OK;
}
