/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an endorsement says, as the store compares it with all others:
 *
 *   the key of an instance        one value, whoever says it: two keys would leave the choice to
 *                                 whoever signs Evidence
 *   reference values of a class   of one endorser: nobody adds to what another lets pass
 *   keys of a class               of one endorser: nobody adds machines to another's class
 *
 * Reference values and keys of one class may have different endorsers, as the maker of a chip and
 * that of its software are. What names no class is about every class of its format.
 */
#ifndef SVC_VERIFIER_SUBJECTS_H
#define SVC_VERIFIER_SUBJECTS_H

#include "svc/verifier/match.h"
#include "svc/verifier/store/store.h"

/* All zero is none. */
struct verifier_subjects {
    struct verifier_subject *items; /* num_items, then num_also, which are only compared */
    uint32_t *matches;              /* of each, the match that it comes from */
    size_t num_items, num_also;
};

/* verifier_subjects_of gives those of an endorsement. Errors: ENDORSEMENT (it has two keys for one
 * instance), MEMORY, CRYPTO. */
ATLS_NODISCARD enum atls_err verifier_subjects_of(struct verifier_subjects *out,
                                                  const struct verifier_examined *examined,
                                                  struct atls_diag *diag);
void verifier_subjects_cleanup(struct verifier_subjects *subjects);

/* verifier_subjects_name names subject `number` in the claim of `diag`, such as "key of instance
 * 0180..."; what else the diag says stays. */
void verifier_subjects_name(struct atls_diag *diag, const struct verifier_subjects *subjects,
                            const struct verifier_examined *examined, size_t number);

#endif
