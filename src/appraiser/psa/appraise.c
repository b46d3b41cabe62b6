/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal of a PSA token, in the one order that its types allow. */
#include "appraiser/psa/psa.h"

#include "appraiser/endorsed.h"
#include "appraiser/input.h"
#include "appraiser/outcome.h"
#include "base/span.h"

static void fill(struct atls_submod *submod, const struct atls_psa_claims *claims,
                 const struct atls_trust_anchor *anchor, const struct atls_additions *endorsed,
                 const struct atls_appraisal_input *input)
{
    memset(submod, 0, sizeof *submod);
    submod->format = atls_format_by_name(atls_bytes_text("psa"));
    submod->machine = claims->instance_id;
    submod->has_caller = true;
    submod->caller = claims->client_id;
    submod->fresh = !input->no_nonce;
    submod->key_binding = atls_input_challenge_binding(input);
    atls_identities_add(&submod->identities, ATLS_REVOKED_UEID, "psa-instance-id",
                        claims->instance_id);
    atls_identities_add_key(&submod->identities, ATLS_REVOKED_SPKI, "attestation key",
                            input->crypto, anchor->spki);
    atls_psa_judge(submod, claims, anchor, input);
    atls_endorsed_judge(submod, endorsed);
    if (input->no_nonce) {
        atls_outcome_not_fresh(submod, "psa-nonce");
    }
    /* Last: of two warnings, the simulation is the one that a policy may set aside. */
    if (anchor->simulated) {
        atls_outcome_simulated(submod, anchor->source);
    }
    atls_outcome_apply(submod, &atls_psa_rules[0], NULL);
}

static enum atls_err psa_appraise(struct atls_submod *out, const struct atls_appraisal_input *input,
                                  struct atls_diag *diag)
{
    enum atls_err err = atls_input_check(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_psa_parsed_cleanup) struct atls_psa_parsed *own = NULL;
    const struct atls_psa_parsed *parsed = NULL;
    err = atls_psa_parse_once(&parsed, &own, input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_psa_verified_cleanup) struct atls_psa_verified *verified = NULL;
    err =
        atls_psa_verify(&verified, parsed, input->crypto, input->endorsements, input->now_s, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_psa_claims claims;
    err = atls_psa_claims_read(&claims, verified, diag);
    if (err == ATLS_OK) {
        err = atls_input_compare_nonce(input, claims.nonce, "psa-nonce", diag);
    }
    ATLS_AUTO(atls_endorsed_cleanup) struct atls_additions *endorsed = NULL;
    if (err == ATLS_OK) {
        err = atls_psa_endorsed(&endorsed, &claims, atls_psa_anchor(verified), input, diag);
    }
    char *claims_json = NULL;
    if (err == ATLS_OK && input->want_claims) {
        err = atls_psa_claims_json(&claims_json, &claims, endorsed, diag);
    }
    if (err == ATLS_OK) {
        fill(out, &claims, atls_psa_anchor(verified), endorsed, input);
        out->claims_json = claims_json;
    }
    return err;
}

const struct atls_appraiser_ops atls_appraiser_psa = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "psa",
    .rules = atls_psa_rules,
    .num_rules = ATLS_PSA_NUM_RULES,
    .appraise = psa_appraise,
    .read_unverified = atls_psa_read_unverified,
};
