/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to make one field wrong, the same for every format. */
#ifndef MUTATION_VALUE_H
#define MUTATION_VALUE_H

#include "support/cbor.h"

enum value_kind {
    VALUE_CBOR = 0, /* a whole item */
    VALUE_CBOR_ES256,
    VALUE_NUMBER, /* big-endian, as long as it is */
    VALUE_VEC8,   /* octets behind their number in one octet, or in two */
    VALUE_VEC16,
    VALUE_VEC16_S, /* s of an ECDSA signature on P-256 */
    VALUE_LITTLE,  /* little-endian, as long as it is */
    VALUE_OCTETS,  /* as many as they are: nothing says how many */
    VALUE_OCTETS_ES256,
    VALUE_BIT /* one bit of a number: VALUE_CHANGE_OTHER only */
};

/* X(constant, name in FORMAT.fields) */
#define VALUE_CHANGES(X)                                                                           \
    X(NONE, "none")                                                                                \
    X(ABSENT, "absent")     /* left out */                                                         \
    X(TWICE, "twice")       /* and once more behind it */                                          \
    X(TYPE, "type")         /* an item of each other CBOR type */                                  \
    X(EMPTY, "empty")       /* no octets, no members */                                            \
    X(SHORT, "short")       /* an octet less; a number less 1 */                                   \
    X(LONG, "long")         /* an octet more; a number and 1 */                                    \
    X(ZERO, "zero")         /* octets of zero; 0 */                                                \
    X(OTHER, "other")       /* the last bit */                                                     \
    X(HIGH, "high")         /* a number and 4096 */                                                \
    X(HUGE, "huge")         /* far too long, too many, or out of every range */                    \
    X(ODD_TEXT, "odd-text") /* valid UTF-8 that not everyone takes */                              \
    X(UNDER, "under")       /* the length in front says one less than there is */                  \
    X(OVER, "over")         /* the length in front says one more than there is */                  \
    X(NEGATED, "negated")   /* s becomes n - s, which verifies as well */

enum value_change_kind {
#define VALUE_CHANGE_ENUM(constant, name) VALUE_CHANGE_##constant,
    VALUE_CHANGES(VALUE_CHANGE_ENUM)
#undef VALUE_CHANGE_ENUM
        VALUE_NUM_CHANGES
};

struct value_change {
    const char *field;
    enum value_change_kind kind;
    unsigned variant; /* below value_num_variants */
    bool applied;     /* set by whoever makes the change */
};

const char *value_change_name(enum value_change_kind kind);
unsigned value_num_variants(enum value_change_kind kind);
const char *value_variant_name(enum value_change_kind kind, unsigned variant);

/* What stands in the place of a field: nothing, one encoding, or two. */
struct value_result {
    struct atls_bytes encoded;
    unsigned times;
};

/* value_change_apply gives `encoded` as it is unless `change` names the field; it sets
 * change->applied when it does and the kind has such a change. */
struct value_result value_change_apply(struct value_change *change, const char *field,
                                       enum value_kind kind, struct atls_bytes encoded);

/* value_put sets a member of a map so; `key` and `encoded` are encoded. */
void value_put(struct test_map *map, struct value_change *change, const char *field,
               enum value_kind kind, struct atls_bytes key, struct atls_bytes encoded);

#endif
