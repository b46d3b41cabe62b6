/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/intel/appraisal.h"

#include "appraiser/endorsed.h"
#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

#include <stdlib.h>

static struct atls_bytes report_data_of(const struct atls_quote_body *body)
{
    return body->tee == ATLS_TEE_TDX ? body->td.report_data : body->enclave.report_data;
}

/* The machine is the platform that Intel made a PCK certificate for. It stands in the certificate,
 * of which the quote has the PEM: the submod keeps octets of its own. */
static enum atls_err keep_machine(struct atls_submod *submod, const struct atls_pck *pck,
                                  struct atls_diag *diag)
{
    uint8_t *octets = malloc(sizeof pck->ppid);
    if (octets == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, ATLS_STEP_APPRAISAL, "PPID");
    }
    memcpy(octets, pck->ppid, sizeof pck->ppid);
    submod->storage = octets;
    submod->machine = atls_bytes_of(octets, sizeof pck->ppid);
    return ATLS_OK;
}

/* judge makes the vector, from the worst that there is to the first rule. */
static void judge(struct atls_submod *submod, const struct atls_quote_kind *kind,
                  const struct atls_quote_verified *verified, struct atls_quote_measured *measured,
                  const struct atls_additions *endorsed, const struct atls_appraisal_input *input)
{
    const struct atls_quote_facts *facts = atls_quote_facts(verified);
    const struct atls_quote_references references =
        atls_quote_references_find(measured, verified, input);
    kind->measurements(submod, &facts->body);
    atls_quote_judge_tcb(submod, kind->rules, facts, measured);
    atls_quote_judge_code(submod, kind->rules, &references,
                          kind->tee == ATLS_TEE_TDX ? "mr_td" : "mr_enclave",
                          submod->measurements[0].value);
    kind->judge(submod, &facts->body, &references);
    atls_endorsed_judge(submod, endorsed);
    if (input->no_nonce) {
        atls_outcome_not_fresh(submod, "report_data");
    }
    /* Last: of two warnings, the simulation is the one that a policy may set aside. */
    if (facts->root.simulated) {
        atls_outcome_simulated(submod, facts->root.source);
    }
    atls_outcome_apply(submod, &kind->rules[ATLS_QUOTE_RULE_GOOD], NULL);
}

/* What endorsers add counts only for code that a reference value knows. */
static enum atls_err find_endorsed(struct atls_additions **out, const struct atls_quote_kind *kind,
                                   const struct atls_quote_verified *verified,
                                   struct atls_quote_measured *measured,
                                   const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    if (!atls_endorsed_wanted(input) ||
        !atls_quote_references_find(measured, verified, input).met) {
        return ATLS_OK;
    }
    const struct atls_claims claims = atls_quote_measured_claims(measured, verified);
    return atls_endorsed_new(out, input, kind->format, &claims, diag);
}

static enum atls_err fill(struct atls_submod *submod, const struct atls_quote_kind *kind,
                          const struct atls_quote_verified *verified,
                          const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_quote_facts *facts = atls_quote_facts(verified);
    ATLS_AUTO(atls_quote_measured_cleanup) struct atls_quote_measured *measured = NULL;
    ATLS_AUTO(atls_endorsed_cleanup) struct atls_additions *endorsed = NULL;
    submod->format = atls_format_by_name(atls_bytes_text(kind->format));
    submod->fresh = !input->no_nonce;
    submod->key_binding = atls_input_challenge_binding(input);
    atls_quote_identities(&submod->identities, verified, input->crypto);
    enum atls_err err = atls_quote_measured_new(&measured, verified, diag);
    if (err == ATLS_OK) {
        err = find_endorsed(&endorsed, kind, verified, measured, input, diag);
    }
    if (err == ATLS_OK) {
        judge(submod, kind, verified, measured, endorsed, input);
        err = keep_machine(submod, &facts->pck, diag);
    }
    if (err == ATLS_OK && input->want_claims) {
        err = atls_quote_claims_json(&submod->claims_json, kind, facts, measured, endorsed, diag);
    }
    return err;
}

enum atls_err atls_quote_appraise(struct atls_submod *out, const struct atls_quote_kind *kind,
                                  struct atls_bytes quote, const struct atls_collateral *brought,
                                  const struct atls_appraisal_input *input, struct atls_diag *diag)
{
    const struct atls_environment environment = {
        .has_vendor = true,
        .vendor = atls_bytes_text(ATLS_INTEL_VENDOR),
        .has_model = true,
        .model = atls_bytes_text(kind->model),
    };
    const struct atls_collateral_scope scope = {
        .endorsements = input->endorsements,
        .brought = brought,
        .format = kind->format,
        .environment = &environment,
        .now_s = input->now_s,
        .fetched = input->fetched,
        .wanted = input->wanted,
        .ends_s = input->ends_s,
    };
    ATLS_AUTO(atls_quote_parsed_cleanup) struct atls_quote_parsed *parsed = NULL;
    ATLS_AUTO(atls_quote_verified_cleanup) struct atls_quote_verified *verified = NULL;
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    enum atls_err err = atls_quote_parse(&parsed, kind->tee, quote, diag);
    if (err == ATLS_OK) {
        err = atls_quote_verify(&verified, parsed, input->crypto, &scope, diag);
    }
    if (err == ATLS_OK) {
        err = atls_input_compare_padded_nonce(
            input, report_data_of(&atls_quote_facts(verified)->body), "report_data", diag);
    }
    if (err == ATLS_OK) {
        err = fill(&submod, kind, verified, input, diag);
    }
    if (err != ATLS_OK) {
        free(submod.storage);
        return err;
    }
    *out = submod;
    return ATLS_OK;
}
