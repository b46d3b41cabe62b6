/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/outcome.h"

#include "appraiser/input.h"
#include "base/diag.h"

const struct atls_appraiser_rule atls_rule_not_fresh = ATLS_RULE_NOT_FRESH;
const struct atls_appraiser_rule atls_rule_simulated = ATLS_RULE_SIMULATED;
const struct atls_appraiser_rule atls_rule_revoked = ATLS_RULE_REVOKED;
const struct atls_appraiser_rule atls_rule_endorsed = ATLS_RULE_ENDORSED;

static void affirm(struct atls_submod *submod, size_t claim, int8_t value)
{
    if (submod->vector.claim[claim] == ATLS_TRUST_NONE) {
        submod->vector.claim[claim] = value;
    }
}

static void lower(struct atls_submod *submod, size_t claim, const struct atls_appraiser_rule *rule,
                  const struct atls_diag *why)
{
    const int8_t value = rule->vector.claim[claim];
    const enum atls_tier tier = atls_tier_of(value);
    if (atls_tier_worse(tier, atls_tier_of(submod->vector.claim[claim]))) {
        submod->vector.claim[claim] = value;
        submod->causes[claim] = (struct atls_cause){rule->reason, rule->what};
    }
    if (atls_tier_worse(tier, submod->status) && why != NULL) {
        submod->reason = *why;
        submod->reason_what = rule->what;
    }
}

void atls_outcome_apply(struct atls_submod *submod, const struct atls_appraiser_rule *rule,
                        const struct atls_diag *why)
{
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const int8_t value = rule->vector.claim[i];
        if (atls_tier_worse(atls_tier_of(value), ATLS_TIER_AFFIRMING)) {
            lower(submod, i, rule, why);
        } else if (value != ATLS_TRUST_NONE) {
            affirm(submod, i, value);
        }
    }
    submod->status = atls_vector_status(&submod->vector);
}

void atls_outcome_simulated(struct atls_submod *submod, const char *source)
{
    struct atls_diag why;
    atls_fail_texts(&why, atls_rule_simulated.reason, ATLS_STEP_APPRAISAL, "trust anchor",
                    "one of the entity \"atls simulation\", from ", "one of hardware");
    atls_diag_found_text(&why, source != NULL ? source : "an unnamed source");
    submod->simulated = true;
    atls_outcome_apply(submod, &atls_rule_simulated, &why);
}

void atls_outcome_not_fresh(struct atls_submod *submod, const char *claim)
{
    struct atls_diag why;
    atls_fail_texts(&why, atls_rule_not_fresh.reason, ATLS_STEP_FRESHNESS, claim,
                    "no nonce to compare it", "a nonce");
    atls_outcome_apply(submod, &atls_rule_not_fresh, &why);
}

void atls_outcome_revoke(struct atls_submod *submod, const struct atls_diag *why)
{
    atls_outcome_apply(submod, &atls_rule_revoked, why);
    submod->revoked = true;
    submod->reason = *why;
    submod->reason_what = NULL; /* whatever else there is */
}
