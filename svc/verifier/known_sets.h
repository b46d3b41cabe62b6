/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sets of endorsements that an appraiser has read before, each known by the generations of its
 * documents: a generation names one content for ever. The longest unused makes room.
 */
#ifndef SVC_VERIFIER_KNOWN_SETS_H
#define SVC_VERIFIER_KNOWN_SETS_H

#include "endorsement/endorsement.h"
#include "svc/verifier/message.h"

struct verifier_known_sets;

struct verifier_known_sets *verifier_known_sets_new(const struct atls_bytes *signers,
                                                    size_t num_signers);
void verifier_known_sets_free(struct verifier_known_sets *sets);

/*
 * verifier_known_sets_get gives the set of these documents, borrowed until the next call: one that
 * is known, or one that is made when all have their content. *out NULL: neither. Errors: what the
 * endorsements say; nothing is kept then.
 */
ATLS_NODISCARD enum atls_err verifier_known_sets_get(const struct atls_endorsements **out,
                                                     struct verifier_known_sets *sets,
                                                     const struct verifier_document *documents,
                                                     size_t num, int64_t now_s,
                                                     struct atls_diag *diag);

/* verifier_known_sets_signed is true when only signed endorsements are taken. */
bool verifier_known_sets_signed(const struct verifier_known_sets *sets);
/* verifier_known_sets_empty gives a new set without documents, with the signers. */
ATLS_NODISCARD enum atls_err verifier_known_sets_empty(struct atls_endorsements **out,
                                                       const struct verifier_known_sets *sets,
                                                       struct atls_diag *diag);

#endif
