/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collateral of --endorsements in the front: read from its files, and handed to appraisers
 * (handout.h), which verify it. CoRIM and trust anchors are not taken from files here: the store
 * has them, so that all nodes appraise by the same, and they are provisioned.
 */
#ifndef SVC_VERIFIER_COLLATERAL_H
#define SVC_VERIFIER_COLLATERAL_H

#include "endorsement/collateral.h"
#include "svc/verifier/handout.h"

/* verifier_collateral_new gives a handout without collateral; NULL without memory. */
struct verifier_handout *verifier_collateral_new(void);

/* verifier_collateral_load reads files and folders, and puts all of it in the place of what was
 * there before, with `more` behind it, which was read elsewhere (NULL: nothing). Errors: FILE,
 * ENDORSEMENT, MEMORY; what was there before stays then. */
ATLS_NODISCARD enum atls_err verifier_collateral_load(struct verifier_handout *collateral,
                                                      const char *const *paths, size_t num_paths,
                                                      const struct atls_collateral *more,
                                                      struct atls_diag *diag);

#endif
