/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which endorsements match what Evidence says of itself, as the front has told an appraiser before.
 * It holds for one generation of the front's index, and is only a memory: what is not in it is
 * asked for.
 */
#ifndef SVC_VERIFIER_KNOWN_MATCHES_H
#define SVC_VERIFIER_KNOWN_MATCHES_H

#include "svc/verifier/message.h"

struct verifier_known_matches;

struct verifier_known_matches *verifier_known_matches_new(void); /* NULL without memory */
void verifier_known_matches_free(struct verifier_known_matches *matches);

/* verifier_known_matches_add notes the documents of a request, which came with them. */
void verifier_known_matches_add(struct verifier_known_matches *matches,
                                const struct verifier_evaluate *request,
                                const struct verifier_match *match);
/* verifier_known_matches_find fills in the documents of a request, without their contents; false
 * when they are not known. */
ATLS_NODISCARD bool verifier_known_matches_find(const struct verifier_known_matches *matches,
                                                struct verifier_evaluate *request,
                                                const struct verifier_match *match);

#endif
