/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something that the front hands to appraisers, which know it by its number: read from files, and
 * replaced as a whole. A task keeps what it began with, while new ones take what came since.
 */
#ifndef SVC_VERIFIER_HANDOUT_H
#define SVC_VERIFIER_HANDOUT_H

#include "base/diag.h"

#include <stdint.h>

/* What is handed out; numbers begin with 1. */
struct verifier_handed {
    uint64_t number;
    struct atls_bytes octets;
    const void *read; /* what the front made of them, or NULL */
};
typedef void verifier_handout_free_function(uint8_t *octets, size_t len, void *read);

struct verifier_handout;

/* verifier_handout_new: `release` frees what was put in. NULL without memory. */
struct verifier_handout *verifier_handout_new(verifier_handout_free_function *release);
void verifier_handout_free(struct verifier_handout *handout);

/* verifier_handout_put takes octets and `read` over, also when it fails. Errors: MEMORY; what was
 * there before stays then. */
ATLS_NODISCARD enum atls_err verifier_handout_put(struct verifier_handout *handout, uint8_t *octets,
                                                  size_t len, void *read, struct atls_diag *diag);

/* verifier_handout_take gives what is there now, NULL for nothing; give it back. */
const struct verifier_handed *verifier_handout_take(struct verifier_handout *handout);
void verifier_handout_give_back(struct verifier_handout *handout,
                                const struct verifier_handed *handed);

#endif
