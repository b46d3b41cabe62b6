/* SPDX-License-Identifier: Apache-2.0 */
/* The CMW around Evidence that is signed anew; its members are fields like others. */
#ifndef MUTATION_WRAP_H
#define MUTATION_WRAP_H

#include "mutation/format.h"

/* The fields that mutation_wrap has, for the list of a format. */
#define MUTATION_WRAP_FIELDS                                                                       \
    {"cmw.type", VALUE_CBOR}, {"cmw.value", VALUE_CBOR},                                           \
    {                                                                                              \
        "cmw.ind", VALUE_CBOR                                                                      \
    }

/* mutation_wrap gives a record of the media type, the Evidence, and ind 4. */
struct atls_bytes mutation_wrap(struct value_change *change, const char *media_type,
                                struct atls_bytes evidence);

/* A list of items or octets that fields are added to, in order. */
#define MUTATION_MAX_PARTS 32
struct mutation_parts {
    struct value_change *change;
    struct atls_bytes part[MUTATION_MAX_PARTS];
    size_t num_parts;
};
void mutation_add(struct mutation_parts *parts, const char *field, enum value_kind kind,
                  struct atls_bytes encoded);
/* mutation_join gives the parts one behind the other. */
struct atls_bytes mutation_join(const struct mutation_parts *parts);

#endif
