/* SPDX-License-Identifier: Apache-2.0 */
/* What endorsements say, and that no two in force contradict each other. All of it is called
 * with the row of the generation locked, so nothing comes in between. */
#ifndef STORE_SUBJECT_H
#define STORE_SUBJECT_H

#include "store/backend.h"

ATLS_NODISCARD enum atls_err store_about_check(const struct verifier_about *about,
                                               struct atls_diag *diag);
/* store_about_compare is ENDORSEMENT_DISPUTED when another endorsement than `id`, in force, says
 * otherwise. */
ATLS_NODISCARD enum atls_err store_about_compare(struct store_transaction *transaction,
                                                 struct atls_bytes id,
                                                 const struct verifier_about *about,
                                                 struct atls_diag *diag);
/* store_about_write puts this in the place of what the id said; NULL is nothing any more. */
ATLS_NODISCARD enum atls_err store_about_write(struct store_transaction *transaction,
                                               struct atls_bytes id,
                                               const struct verifier_about *about,
                                               struct atls_diag *diag);
/* store_described_check is BUSY unless all endorsements up to `generation` are described. */
ATLS_NODISCARD enum atls_err store_described_check(struct store_transaction *transaction,
                                                   int64_t generation, struct atls_diag *diag);

#endif
