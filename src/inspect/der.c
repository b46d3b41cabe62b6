/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/der.h"

#include "base/reader.h"
#include "base/span.h"

#include <inttypes.h>

/* read_length reads a definite length (X.690, 8.1.3) of at most four octets. */
static bool read_length(struct atls_reader *r, size_t *out)
{
    uint8_t first = 0;
    if (!atls_read_u8(r, &first) || first == 0x80 || first > 0x84) {
        return false;
    }
    size_t len = first;
    if (first > 0x80) {
        len = 0;
        for (uint8_t i = 0; i < first - 0x80; i++) {
            uint8_t octet = 0;
            if (!atls_read_u8(r, &octet)) {
                return false;
            }
            len = len << 8 | octet;
        }
    }
    *out = len;
    return true;
}

bool inspect_der_next(struct atls_bytes *rest, struct inspect_der *out)
{
    struct inspect_der element = {.cut = true, .encoded = *rest};
    struct atls_reader r = atls_reader_of(*rest);
    uint8_t tag = 0;
    size_t len = 0;
    if (rest->len == 0) {
        return false;
    }
    /* Tags of more than one octet (31) do not occur in what is read here. */
    if (atls_read_u8(&r, &tag) && (tag & 0x1f) != 0x1f && read_length(&r, &len)) {
        const size_t start = atls_reader_offset(&r);
        element.tag = tag;
        element.cut = len > rest->len - start;
        element.content = inspect_part(*rest, start, len);
        element.encoded = inspect_part(*rest, 0, start + element.content.len);
    }
    *rest = inspect_rest(*rest, element.encoded.len);
    *out = element;
    return true;
}

bool inspect_der_take(struct atls_bytes *rest, uint8_t tag, struct inspect_der *out)
{
    struct atls_bytes ahead = *rest;
    struct inspect_der element;
    if (!inspect_der_next(&ahead, &element) || element.tag != tag) {
        return false;
    }
    *rest = ahead;
    *out = element;
    return true;
}

bool inspect_der_is(struct atls_bytes octets, uint8_t tag, struct inspect_der *out)
{
    return inspect_der_take(&octets, tag, out) && !out->cut && octets.len == 0;
}

bool inspect_der_dotted(struct atls_bytes content, char out[INSPECT_MAX_DOTTED])
{
    size_t used = 0;
    uint64_t arc = 0;
    bool inside = false;
    for (size_t i = 0; i < content.len; i++) {
        const uint8_t octet = content.data[i];
        if (arc > UINT64_MAX >> 7 || (!inside && octet == 0x80)) {
            return false;
        }
        arc = arc << 7 | (octet & 0x7f);
        inside = (octet & 0x80) != 0;
        if (inside) {
            continue;
        }
        const uint64_t root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
        const int made =
            used == 0
                ? snprintf(out, INSPECT_MAX_DOTTED, "%" PRIu64 ".%" PRIu64, root, arc - 40 * root)
                : snprintf(&out[used], INSPECT_MAX_DOTTED - used, ".%" PRIu64, arc);
        if (made < 0 || (size_t)made >= INSPECT_MAX_DOTTED - used) {
            return false;
        }
        used += (size_t)made;
        arc = 0;
    }
    return used != 0 && !inside;
}

struct inspect_node *inspect_add_der(struct inspect *in, struct inspect_node *parent,
                                     const char *name, const struct inspect_der *element,
                                     inspect_explain *explain, const void *arg)
{
    const struct inspect_value v = inspect_value_octets(element->encoded);
    return inspect_add(in, parent, name, &v, explain != NULL ? explain : inspect_der_any, arg);
}

/* add_row adds the field for one element; with `inner`, for what is inside. */
static void add_row(struct inspect *in, struct inspect_node *node,
                    const struct inspect_der_field *row, const struct inspect_der *element)
{
    struct inspect_node *child =
        inspect_add_der(in, node, row->name, element, row->explain, row->arg);
    if (row->inner) {
        const struct inspect_value inside = inspect_value_octets(element->content);
        inspect_later(in, child, &inside, row->explain != NULL ? row->explain : inspect_der_any,
                      row->arg);
    }
    if (element->cut) {
        inspect_problem(in, child, "cut off: its length goes past the end");
    }
}

/* SEQUENCE, SET, or [n] in place of one. */
static bool is_constructed(uint8_t tag)
{
    return tag == INSPECT_DER_SEQUENCE || tag == INSPECT_DER_SET || (tag & 0xe0) == 0xa0;
}

/* is_exact is true when the elements are those of the rows, whole and nothing more. */
static bool is_exact(const struct inspect_der_fields *fields, const struct inspect_value *v)
{
    struct atls_bytes rest = v->encoded;
    struct inspect_der element;
    if (!inspect_der_is(v->encoded, INSPECT_DER_SEQUENCE, &element)) {
        return false;
    }
    rest = element.content;
    for (size_t i = 0; i < fields->num_rows; i++) {
        const struct inspect_der_field *row = &fields->rows[i];
        const bool there = inspect_der_take(&rest, row->tag, &element);
        if ((there && element.cut) || (!there && row->must)) {
            return false;
        }
    }
    return rest.len == 0;
}

void inspect_der_sequence(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    const struct inspect_der_fields *fields = arg;
    struct atls_bytes rest = v->encoded;
    struct inspect_der whole;
    struct inspect_der element;
    if (fields->secret && !is_exact(fields, v)) { /* what is where it is not expected may be it */
        inspect_show_secret(in, node, v->encoded.len);
        inspect_problem(in, node, "not as a %s must be: nothing of it is shown", fields->what);
        return;
    }
    if (!inspect_der_next(&rest, &whole) || !is_constructed(whole.tag)) {
        inspect_problem(in, node, "no SEQUENCE");
        inspect_later(in, node, v, inspect_der_any, NULL);
        return;
    }
    if (fields->what != NULL) {
        inspect_is(in, node, fields->what);
    }
    inspect_show_structure(node);
    rest = whole.content;
    for (size_t i = 0; i < fields->num_rows; i++) {
        const struct inspect_der_field *row = &fields->rows[i];
        struct atls_bytes ahead = rest;
        const bool there = row->tag != 0 ? inspect_der_take(&rest, row->tag, &element)
                                         : inspect_der_next(&rest, &element);
        if (there) {
            add_row(in, node, row, &element);
        } else if (row->must) {
            inspect_problem(in, node, "%s is missing", row->name);
            rest = ahead;
        }
    }
    while (!in->full && inspect_der_next(&rest, &element)) {
        (void)inspect_add_der(in, node, "element", &element, NULL, NULL);
    }
    if (whole.cut) {
        inspect_problem(in, node, "cut off: its length goes past the end");
    }
}

void inspect_der_list(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    const struct inspect_list *list = arg;
    struct atls_bytes rest = v->encoded;
    struct inspect_der whole;
    struct inspect_der element;
    size_t i = 0;
    if (!inspect_der_next(&rest, &whole) || !is_constructed(whole.tag)) {
        inspect_problem(in, node, "no SEQUENCE");
        inspect_later(in, node, v, inspect_der_any, NULL);
        return;
    }
    inspect_show_structure(node);
    rest = whole.content;
    for (; !in->full && i < INSPECT_MAX_MEMBERS && inspect_der_next(&rest, &element); i++) {
        (void)inspect_add_der(in, node, inspect_name(in, "%s[%zu]", list->item, i), &element,
                              list->explain, list->arg);
    }
    if (rest.len != 0) {
        inspect_note(in, node, "only the first %zu are shown", i);
    }
    if (i < list->min) {
        inspect_problem(in, node, "%zu members, expected %zu or more", i, list->min);
    }
}
