/* SPDX-License-Identifier: Apache-2.0 */
/* The legs of a decision that look at submods, for policy.c only. */
#ifndef RESULT_POLICY_INTERNAL_H
#define RESULT_POLICY_INTERNAL_H

#include "result/policy.h"

/* The submods that a decision rests on: all of them, or the one that speaks for an ensemble. */
struct atls_judged {
    const struct atls_submod *submods;
    size_t count;
};

enum atls_err atls_evidence_leg(const struct atls_policy *policy, struct atls_judged judged,
                                struct atls_diag *diag);
enum atls_err atls_key_binding_leg(const struct atls_policy *policy, struct atls_judged judged,
                                   struct atls_bytes peer_spki_sha256, struct atls_diag *diag);

/* The name of a thing in one submod, for the `claim` of a diag: "PSA_IOT hardware". */
struct atls_claim_text {
    char text[64];
};
struct atls_claim_text atls_claim_text_of(const struct atls_submod *submod, const char *what,
                                          struct atls_bytes name);

/* atls_tier_check judges the vector of one submod by min_tier or the default rule. */
enum atls_err atls_tier_check(const struct atls_policy *policy, const struct atls_submod *submod,
                              struct atls_diag *diag);

#endif
