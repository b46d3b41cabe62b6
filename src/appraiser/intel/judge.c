/* SPDX-License-Identifier: Apache-2.0 */
/* What a quote is worth, as far as TDX and SGX are alike (docs/appraisal.md). */
#include "appraiser/intel/rules.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

static enum atls_quote_rule rule_of(enum atls_quote_status status)
{
    switch (status) {
    case ATLS_QUOTE_UP_TO_DATE:
        return ATLS_QUOTE_RULE_GOOD;
    case ATLS_QUOTE_SW_HARDENING_NEEDED:
        return ATLS_QUOTE_RULE_SW_HARDENING;
    case ATLS_QUOTE_CONFIGURATION_NEEDED:
        return ATLS_QUOTE_RULE_CONFIGURATION;
    case ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return ATLS_QUOTE_RULE_CONFIGURATION_AND_SW_HARDENING;
    case ATLS_QUOTE_TD_RELAUNCH_ADVISED:
        return ATLS_QUOTE_RULE_RELAUNCH;
    case ATLS_QUOTE_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
        return ATLS_QUOTE_RULE_RELAUNCH_CONFIGURATION;
    case ATLS_QUOTE_OUT_OF_DATE:
        return ATLS_QUOTE_RULE_OUT_OF_DATE;
    case ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED:
    case ATLS_QUOTE_REVOKED: /* never: it is an error */
    case ATLS_NUM_QUOTE_STATUSES:
    default:
        return ATLS_QUOTE_RULE_OUT_OF_DATE_CONFIGURATION;
    }
}

/* As many advisories as a sentence holds; the verified claims have all. */
static void show_advisories(struct atls_diag *why, const struct atls_quote_measured *measured)
{
    for (size_t i = 0; i < measured->num_advisories; i++) {
        atls_diag_found_text(why, ", ");
        atls_diag_found_peer_text(why, measured->advisories[i]);
    }
}

void atls_quote_judge_tcb(struct atls_submod *submod, const struct atls_appraiser_rule *rules,
                          const struct atls_quote_facts *facts,
                          const struct atls_quote_measured *measured)
{
    struct atls_diag why;
    const enum atls_quote_rule rule = rule_of(facts->tcb.status);
    if (rule == ATLS_QUOTE_RULE_GOOD) {
        return;
    }
    atls_fail_texts(&why, rules[rule].reason, ATLS_STEP_APPRAISAL, "TCB status",
                    atls_quote_status_name(facts->tcb.status), "UpToDate");
    show_advisories(&why, measured);
    atls_outcome_apply(submod, &rules[rule], &why);
}

void atls_quote_judge_code(struct atls_submod *submod, const struct atls_appraiser_rule *rules,
                           const struct atls_quote_references *references, const char *claim,
                           struct atls_bytes found)
{
    submod->has_reference_values = true; /* the format has them: an empty set accepts nobody */
    if (!references->met) {
        atls_quote_judge_claim(
            submod,
            &rules[references->any ? ATLS_QUOTE_RULE_OTHER_CODE : ATLS_QUOTE_RULE_NO_REFERENCES],
            claim, found,
            references->any ? "one of a reference value whose other values are met too"
                            : "reference values, of which none is loaded");
    }
}

void atls_quote_judge_claim(struct atls_submod *submod, const struct atls_appraiser_rule *rule,
                            const char *claim, struct atls_bytes found, const char *expected)
{
    struct atls_diag why;
    atls_fail_texts(&why, rule->reason, ATLS_STEP_APPRAISAL, claim, NULL, expected);
    atls_diag_found_bytes(&why, found);
    atls_outcome_apply(submod, rule, &why);
}
