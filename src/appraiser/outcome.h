/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the trustworthiness vector of one submod: a claim only ever gets worse, the status
 * follows, and the reason stays with the first cause of the worst tier.
 */
#ifndef APPRAISER_OUTCOME_H
#define APPRAISER_OUTCOME_H

#include "result/appraisal.h"
#include "result/vector.h"

/* atls_outcome_affirm states `value`, of the affirming tier, unless something worse stands. */
void atls_outcome_affirm(struct atls_submod *submod, enum atls_trust_claim claim, int8_t value);

/* atls_outcome_lower states a value of a worse tier, and why. */
void atls_outcome_lower(struct atls_submod *submod, enum atls_trust_claim claim, int8_t value,
                        const struct atls_diag *why);

/* atls_outcome_hardware: genuine, or a warning when the trust anchor is a simulation, which
 * `source` names. */
void atls_outcome_hardware(struct atls_submod *submod, bool simulated, const char *source);

/* atls_outcome_not_fresh: without a nonce nothing shows that the state is that of now. */
void atls_outcome_not_fresh(struct atls_submod *submod, const char *claim);

#endif
