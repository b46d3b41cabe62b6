/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environments (draft-ietf-rats-corim-11, 5.1.4.1.1): what a statement is about, by class, instance
 * and group. An appraiser makes one of what Evidence says, and compares.
 */
#ifndef ENDORSEMENT_ENVIRONMENT_H
#define ENDORSEMENT_ENVIRONMENT_H

#include "atls/bytes.h"

#include <stdbool.h>

/* A value inside a CBOR tag: the octets or text of a string, of anything else its encoding. Values
 * are opaque: an OID with and without its DER head are two values. */
struct atls_tagged {
    uint64_t tag; /* 0: absent */
    struct atls_bytes octets;
};

struct atls_environment {
    struct atls_tagged class_id; /* 111, 37 or 560 */
    bool has_vendor, has_model, has_layer, has_index;
    struct atls_bytes vendor;
    struct atls_bytes model;
    uint64_t layer;
    uint64_t index;
    struct atls_tagged instance;
    struct atls_tagged group;
};

/* How vendor and model are taken: most Evidence does not say them, and a profile whose class-id
 * alone says what is meant reads them as labels. */
enum atls_labels { ATLS_LABELS_COMPARED, ATLS_LABELS_IGNORED };

bool atls_tagged_equal(const struct atls_tagged *a, const struct atls_tagged *b);

/* atls_environment_matches (8, "Environment comparison"): each member of `condition` is in
 * `evidence` and equal there. A condition that says nothing matches nothing. */
bool atls_environment_matches(const struct atls_environment *condition,
                              const struct atls_environment *evidence, enum atls_labels labels);

#endif
