/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral that the front has fetched, as an appraiser has it: it asks nobody itself, and says
 * what it wants. What it was handed once serves the jobs after, too, until it has ended, is renewed
 * at the front, or gives way to others.
 */
#ifndef SVC_VERIFIER_KNOWN_FETCHED_H
#define SVC_VERIFIER_KNOWN_FETCHED_H

#include "svc/verifier/message.h"
#include "verifier/verifier.h"

struct verifier_known_fetched;

/* NULL without memory. */
struct verifier_known_fetched *verifier_known_fetched_new(void);
void verifier_known_fetched_free(struct verifier_known_fetched *known);

/*
 * verifier_known_fetched_begin takes in what a job brings, and gives what atls_verify asks for it;
 * NULL where nothing is fetched. verifier_known_fetched_lacks is true afterwards when something was
 * asked for that is not here: *out_wanted, and in *out_useless the number of what was tried
 * instead, or 0.
 */
const struct atls_collateral_source *
verifier_known_fetched_begin(struct verifier_known_fetched *known,
                             const struct verifier_evaluate *request);
bool verifier_known_fetched_lacks(const struct verifier_known_fetched *known,
                                  struct atls_collateral_wanted *out_wanted, uint64_t *out_useless);

#endif
