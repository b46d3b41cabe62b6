/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trustworthiness vector of one submod against the policy: the worst claim that does not pass
 * is the one that is reported, with the cause that the appraiser gave.
 */
#include "base/span.h"
#include "result/policy_internal.h"
#include "result/vector.h"

static bool is_demanded(const struct atls_submod *submod, size_t claim)
{
    return claim == ATLS_TRUST_INSTANCE_IDENTITY || claim == ATLS_TRUST_HARDWARE ||
           (claim == ATLS_TRUST_EXECUTABLES && submod->has_reference_values);
}

/* What a claim must be, in the order of strictness. */
enum demand { DEMAND_AFFIRMING, DEMAND_WARNING, DEMAND_NOT_BAD, DEMAND_NOTHING, DEMAND_UNKNOWN };

static enum demand demand_of(const struct atls_policy *policy, const struct atls_submod *submod,
                             size_t claim)
{
    if (!policy->min_tier_set[claim]) {
        return is_demanded(submod, claim) ? DEMAND_AFFIRMING : DEMAND_NOT_BAD;
    }
    switch (policy->min_tier[claim]) {
    case ATLS_TIER_AFFIRMING:
        return DEMAND_AFFIRMING;
    case ATLS_TIER_WARNING:
        return DEMAND_WARNING;
    case ATLS_TIER_NONE:
        return DEMAND_NOTHING;
    case ATLS_TIER_CONTRAINDICATED:
    default:
        return DEMAND_UNKNOWN;
    }
}

static bool demand_met(enum demand demand, enum atls_tier tier)
{
    const bool affirming = tier == ATLS_TIER_AFFIRMING;
    const bool warning = tier == ATLS_TIER_WARNING;
    const bool none = tier == ATLS_TIER_NONE;
    switch (demand) {
    case DEMAND_AFFIRMING:
        return affirming;
    case DEMAND_WARNING:
        return affirming || warning;
    case DEMAND_NOT_BAD:
        return affirming || none;
    case DEMAND_NOTHING:
        return affirming || warning || none;
    case DEMAND_UNKNOWN:
    default:
        return false;
    }
}

static const char *demand_text(enum demand demand)
{
    switch (demand) {
    case DEMAND_AFFIRMING:
        return "affirming";
    case DEMAND_WARNING:
        return "affirming or warning";
    case DEMAND_NOT_BAD:
        return "affirming or none";
    case DEMAND_NOTHING:
        return "anything but contraindicated";
    case DEMAND_UNKNOWN:
    default:
        return "a tier that the policy does not name rightly";
    }
}

/*
 * add_reason appends what the appraiser found to be the cause, and gives the error to report: the
 * appraiser's, which is the more precise, if it is the refusal of something well-formed.
 */
static enum atls_err add_reason(struct atls_diag *diag, const struct atls_diag *reason,
                                enum atls_err err)
{
    /* That a root is simulated was judged before, and is no cause any more. */
    if (reason->err == ATLS_OK || reason->err == ATLS_ERR_SIMULATED) {
        return err;
    }
    if (reason->found[0] != '\0') {
        atls_diag_found_text(diag, ", since ");
        atls_diag_found_text(diag, reason->claim);
        atls_diag_found_text(diag, reason->claim[0] != '\0' ? " is " : "");
        atls_diag_found_text(diag, reason->found);
    } else if (reason->claim[0] != '\0') {
        atls_diag_found_text(diag, ", because of ");
        atls_diag_found_text(diag, reason->claim);
    }
    if (reason->expected[0] != '\0') {
        atls_diag_expected_text(diag, ", with ");
        atls_diag_expected_text(diag, reason->claim);
        atls_diag_expected_text(diag, reason->claim[0] != '\0' ? " being " : "");
        atls_diag_expected_text(diag, reason->expected);
    }
    if (atls_err_fault(reason->err) != ATLS_FAULT_POLICY) {
        return err;
    }
    if (diag != NULL) {
        diag->err = reason->err;
    }
    return reason->err;
}

/*
 * relaxed_vector applies what a policy may take knowingly, and nothing more. Of a simulated root:
 * "hardware: genuine, known vulnerabilities", which every one of them carries, counts as genuine.
 * Of a platform that is open for debugging: "configuration: known vulnerabilities", which is that
 * very fact, counts as approved.
 */
static struct atls_trust_vector relaxed_vector(const struct atls_policy *policy,
                                               const struct atls_submod *submod)
{
    struct atls_trust_vector vector = submod->vector;
    int8_t *hardware = &vector.claim[ATLS_TRUST_HARDWARE];
    int8_t *configuration = &vector.claim[ATLS_TRUST_CONFIGURATION];
    if (policy->simulated && submod->simulated && *hardware == ATLS_HARDWARE_UNSAFE) {
        *hardware = ATLS_HARDWARE_GENUINE;
    }
    if (policy->debug && submod->debug && *configuration == ATLS_CONFIG_UNSAFE) {
        *configuration = ATLS_CONFIG_APPROVED;
    }
    return vector;
}

/* The appraiser's cause is about the worst tier that it saw, and about the claims that it lowered:
 * what a policy takes knowingly is no cause of what it does not. */
static bool reason_applies(const struct atls_submod *submod, size_t claim, enum atls_tier tier)
{
    const char *what = submod->causes[claim].what;
    const bool is_other =
        what != NULL && submod->reason_what != NULL && what != submod->reason_what;
    return !is_other && !atls_tier_worse(atls_vector_status(&submod->vector), tier);
}

/* add_cause says what lowered the claim, by the rule's own words. */
static enum atls_err add_cause(struct atls_diag *diag, const struct atls_cause *cause,
                               enum atls_err err)
{
    if (cause->what == NULL || cause->err == ATLS_ERR_SIMULATED ||
        atls_err_fault(cause->err) != ATLS_FAULT_POLICY) {
        return err;
    }
    atls_diag_found_text(diag, ": ");
    atls_diag_found_text(diag, cause->what);
    if (diag != NULL) {
        diag->err = cause->err;
    }
    return cause->err;
}

static enum atls_err refuse_claim(const struct atls_policy *policy,
                                  const struct atls_submod *submod, size_t claim, int8_t value,
                                  struct atls_diag *diag)
{
    const enum atls_tier tier = atls_tier_of(value);
    const char *name = atls_trust_claim_name((enum atls_trust_claim)claim);
    const struct atls_bytes nothing = {NULL, 0};
    const enum atls_err err = policy->min_tier_set[claim] ? ATLS_ERR_CLAIM : ATLS_ERR_STATUS;

    atls_fail_texts(diag, err, "policy", atls_claim_text_of(submod, name, nothing).text,
                    atls_tier_name(tier), demand_text(demand_of(policy, submod, claim)));
    atls_diag_found_text(diag, " (");
    atls_diag_found_int(diag, value);
    atls_diag_found_text(diag, ")");
    return reason_applies(submod, claim, tier) ? add_reason(diag, &submod->reason, err)
                                               : add_cause(diag, &submod->causes[claim], err);
}

/* refuse_status is for a status that the vector does not explain. */
static enum atls_err refuse_status(const struct atls_submod *submod, enum atls_tier status,
                                   struct atls_diag *diag)
{
    const struct atls_bytes nothing = {NULL, 0};
    atls_fail_texts(
        diag, ATLS_ERR_STATUS, "policy", atls_claim_text_of(submod, "status", nothing).text,
        atls_tier_is_known(status) ? atls_tier_name(status) : "an unknown tier", "affirming");
    return add_reason(diag, &submod->reason, ATLS_ERR_STATUS);
}

enum atls_err atls_tier_check(const struct atls_policy *policy, const struct atls_submod *submod,
                              struct atls_diag *diag)
{
    const struct atls_trust_vector vector = relaxed_vector(policy, submod);
    size_t worst = ATLS_NUM_TRUST_CLAIMS;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const enum atls_tier tier = atls_tier_of(vector.claim[i]);
        if (demand_met(demand_of(policy, submod, i), tier)) {
            continue;
        }
        if (worst == ATLS_NUM_TRUST_CLAIMS ||
            atls_tier_worse(tier, atls_tier_of(vector.claim[worst]))) {
            worst = i;
        }
    }
    if (worst != ATLS_NUM_TRUST_CLAIMS) {
        return refuse_claim(policy, submod, worst, vector.claim[worst], diag);
    }
    /* No policy accepts a submod without a status, nor one whose status is worse than its
     * vector: the appraiser then knew more than it shows. A vector that asserts nothing is one or
     * the other. */
    if (submod->status == ATLS_TIER_NONE ||
        atls_tier_worse(submod->status, atls_vector_status(&submod->vector))) {
        return refuse_status(submod, submod->status, diag);
    }
    return ATLS_OK;
}
