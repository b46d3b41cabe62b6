/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants of octets. Some operations know nothing of CBOR; others delete, repeat, swap or spoil an
 * item and then, as a rule, correct the lengths and counts around it, so that what is wrong gets
 * past the outer parsers. The same seed gives the same mutant on every machine.
 */
#ifndef MUTATION_MUTATOR_H
#define MUTATION_MUTATOR_H

#include "mutation/shape.h"

#define MUTATOR_MAX_LEN 16384

/* What mutants are made of: the original, its shape, and what it may be spliced with. */
struct mutator_source {
    struct atls_bytes octets;
    struct shape shape;
    bool has_shape; /* false: no CBOR, so octets only */
};

struct mutant {
    uint8_t data[MUTATOR_MAX_LEN];
    size_t len;
};

/* mutator_random steps a generator that `*state` is the whole state of. */
uint64_t mutator_random(uint64_t *state);

/* mutator_make writes one mutant of sources[which]; it may by chance be the original. */
void mutator_make(struct mutant *out, uint64_t seed, const struct mutator_source *sources,
                  size_t num_sources, size_t which);

#endif
