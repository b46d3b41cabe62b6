/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the trustworthiness vector of one submod, from the rules of its format alone: a claim
 * only ever gets worse, the status follows, and the reason stays with the first cause of the worst
 * tier.
 */
#ifndef APPRAISER_OUTCOME_H
#define APPRAISER_OUTCOME_H

#include "appraiser/appraiser.h"

/* The rules that every format has, at the end of its table and in this order.
 * draft-ietf-rats-ar4si-10, 2.3.4: configuration 36, parts that matter are not visible;
 * instance-identity 96, recognised, and its key indicates a device that is not trustworthy. */
/* clang-format off */
#define ATLS_RULE_NOT_FRESH \
    {"no nonce to compare", ATLS_ERR_FRESHNESS, {{[ATLS_TRUST_CONFIGURATION] = 36}}}
#define ATLS_RULE_SIMULATED \
    {"a simulated trust anchor", ATLS_ERR_SIMULATED, {{[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE}}}
#define ATLS_RULE_REVOKED \
    {"the machine, or a key that the Evidence rests on, is revoked", ATLS_ERR_REVOKED, \
     {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_UNTRUSTWORTHY}}}
#define ATLS_RULE_ENDORSED \
    {"an endorser says that it is open for debugging, or not secure", ATLS_ERR_LIFECYCLE, \
     {{[ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_UNSAFE}}}
/* clang-format on */
extern const struct atls_appraiser_rule atls_rule_not_fresh;
extern const struct atls_appraiser_rule atls_rule_simulated;
extern const struct atls_appraiser_rule atls_rule_revoked;
extern const struct atls_appraiser_rule atls_rule_endorsed;

/* atls_outcome_apply gives the values of a rule to the claims that are not worse already. `why` is
 * the finding, with the reason of the rule; NULL for the first rule of a table, which is applied
 * last. */
void atls_outcome_apply(struct atls_submod *submod, const struct atls_appraiser_rule *rule,
                        const struct atls_diag *why);

/* atls_outcome_simulated is for a trust anchor that is a simulation, which `source` names. */
void atls_outcome_simulated(struct atls_submod *submod, const char *source);

/* atls_outcome_not_fresh: without a nonce nothing shows that the state is that of now. */
void atls_outcome_not_fresh(struct atls_submod *submod, const char *claim);

/* atls_outcome_revoke: it is the reason, whatever else is wrong. */
void atls_outcome_revoke(struct atls_submod *submod, const struct atls_diag *why);

#endif
