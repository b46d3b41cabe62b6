/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/outcome.h"

#include "appraiser/input.h"
#include "base/diag.h"

/* draft-ietf-rats-ar4si-10, 2.3.4, configuration 36: parts that matter are not visible. */
enum { CONFIG_NOT_VISIBLE = 36 };

void atls_outcome_affirm(struct atls_submod *submod, enum atls_trust_claim claim, int8_t value)
{
    if (submod->vector.claim[claim] == ATLS_TRUST_NONE) {
        submod->vector.claim[claim] = value;
        submod->status = atls_vector_status(&submod->vector);
    }
}

void atls_outcome_lower(struct atls_submod *submod, enum atls_trust_claim claim, int8_t value,
                        const struct atls_diag *why)
{
    const enum atls_tier tier = atls_tier_of(value);
    if (atls_tier_worse(tier, atls_tier_of(submod->vector.claim[claim]))) {
        submod->vector.claim[claim] = value;
    }
    if (atls_tier_worse(tier, submod->status)) {
        submod->reason = *why;
    }
    submod->status = atls_vector_status(&submod->vector);
}

void atls_outcome_hardware(struct atls_submod *submod, bool simulated, const char *source)
{
    if (!simulated) {
        atls_outcome_affirm(submod, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_GENUINE);
        return;
    }
    struct atls_diag why;
    atls_fail_texts(&why, ATLS_ERR_SIMULATED, ATLS_STEP_APPRAISAL, "trust anchor",
                    "one of the entity \"atls simulation\", from ", "one of hardware");
    atls_diag_found_text(&why, source != NULL ? source : "an unnamed source");
    submod->simulated = true;
    atls_outcome_lower(submod, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE, &why);
}

void atls_outcome_not_fresh(struct atls_submod *submod, const char *claim)
{
    struct atls_diag why;
    atls_fail_texts(&why, ATLS_ERR_FRESHNESS, ATLS_STEP_FRESHNESS, claim, "no nonce to compare it",
                    "a nonce");
    atls_outcome_lower(submod, ATLS_TRUST_CONFIGURATION, CONFIG_NOT_VISIBLE, &why);
}
