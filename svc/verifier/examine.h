/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a submitted CoRIM may be used, and what it is about. Runs in an appraiser. */
#ifndef SVC_VERIFIER_EXAMINE_H
#define SVC_VERIFIER_EXAMINE_H

#include "endorsement/endorsement.h"
#include "svc/verifier/match.h"

/*
 * verifier_examine_corim reads the CoRIM as the set `rules` (without files of its own, with its
 * signers) would, and describes it in *out (verifier_examined_cleanup). The error is in out->why
 * too.
 */
ATLS_NODISCARD enum atls_err verifier_examine_corim(struct verifier_examined *out,
                                                    const struct atls_endorsements *rules,
                                                    const struct verifier_examine *request);

#endif
