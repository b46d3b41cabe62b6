/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/layout.h"

static uint64_t little_endian(struct atls_bytes octets)
{
    uint64_t value = 0;
    for (size_t i = octets.len; i > 0; i--) {
        value = value << 8 | octets.data[i - 1];
    }
    return value;
}

uint64_t inspect_layout_number(struct atls_bytes octets, size_t at, size_t len)
{
    return little_endian(inspect_part(octets, at, len));
}

static void add_field(struct inspect *in, struct inspect_node *node,
                      const struct inspect_place *row, struct atls_bytes octets)
{
    const struct inspect_value v = inspect_value_octets(octets);
    struct inspect_node *child =
        inspect_add(in, node, row->name, &v, row->is_number ? NULL : inspect_octets, NULL);
    if (!row->is_number) {
        return;
    }
    const uint64_t number = little_endian(octets);
    inspect_show_uint(child, number);
    inspect_note(in, child, "0x%llx", (unsigned long long)number);
    for (size_t i = 0; row->bits != NULL && i < row->bits->num_rows; i++) {
        if ((number >> row->bits->rows[i].number & 1) != 0) {
            inspect_note(in, child, "%s", row->bits->rows[i].name);
        }
    }
}

/* add_layout adds the fields that are whole; false when some are not. */
bool inspect_layout_add(struct inspect *in, struct inspect_node *node,
                        const struct inspect_layout *layout, struct atls_bytes octets)
{
    for (size_t i = 0; i < layout->num_rows; i++) {
        const struct inspect_place *row = &layout->rows[i];
        if (row->at + row->len > octets.len) {
            inspect_problem(in, node, "cut off in %s: %zu octets, expected %zu", row->name,
                            octets.len, layout->len);
            return false;
        }
        add_field(in, node, row, inspect_part(octets, row->at, row->len));
    }
    return true;
}

void inspect_add_part(struct inspect *in, struct inspect_node *node, const char *name,
                      struct atls_bytes octets, inspect_explain *explain)
{
    const struct inspect_value v = inspect_value_octets(octets);
    (void)inspect_add(in, node, name, &v, explain, NULL);
}
