/* SPDX-License-Identifier: Apache-2.0 */
/* Structures whose fields lie at fixed places, little-endian: what processors report. */
#ifndef INSPECT_LAYOUT_H
#define INSPECT_LAYOUT_H

#include "inspect/explain.h"

/* One field: a number of at most eight octets, or octets. */
struct inspect_place {
    size_t at;
    size_t len;
    const char *name;
    bool is_number;
    const struct inspect_names *bits; /* of a number; NULL for none */
};
struct inspect_layout {
    const struct inspect_place *rows;
    size_t num_rows;
    size_t len;
};
#define INSPECT_LAYOUT(rows, len)                                                                  \
    {                                                                                              \
        rows, sizeof(rows) / sizeof((rows)[0]), len                                                \
    }

/* inspect_layout_number gives the number at some place; 0 where the octets end before. */
uint64_t inspect_layout_number(struct atls_bytes octets, size_t at, size_t len);
/* inspect_layout_add adds the fields that are whole; false when some are not. */
bool inspect_layout_add(struct inspect *in, struct inspect_node *node,
                        const struct inspect_layout *layout, struct atls_bytes octets);
/* inspect_add_part adds octets with an explainer of their own. */
void inspect_add_part(struct inspect *in, struct inspect_node *node, const char *name,
                      struct atls_bytes octets, inspect_explain *explain);

#endif
