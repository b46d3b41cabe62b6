/* SPDX-License-Identifier: Apache-2.0 */
/* Values that have no members. */
#include "inspect/explain.h"

#include "base/span.h"

#include <inttypes.h>

void inspect_wrong_type(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const char *expected)
{
    inspect_problem(in, node, "found %s, expected %s", inspect_type_name(v), expected);
    inspect_later(in, node, v, inspect_any, NULL);
}

const char *inspect_name_find(const struct inspect_names *names, int64_t number)
{
    for (size_t i = 0; names != NULL && i < names->num_rows; i++) {
        if (names->rows[i].number == number) {
            return names->rows[i].name;
        }
    }
    return NULL;
}

/* are_right is true when `len` is one of the lengths. */
static bool are_right(const struct inspect_lengths *lengths, size_t len)
{
    if (lengths->only[0] == 0) {
        return len >= lengths->min && len <= lengths->max;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths->only); i++) {
        if (lengths->only[i] == len && len != 0) {
            return true;
        }
    }
    return false;
}

static const char *unit_of(const char *const units[2], size_t count)
{
    return units[count == 1 ? 0 : 1];
}

static void check_length(struct inspect *in, struct inspect_node *node,
                         const struct inspect_lengths *lengths, size_t len,
                         const char *const unit[2])
{
    char list[80] = "";
    if (lengths == NULL || are_right(lengths, len)) {
        return;
    }
    if (lengths->only[0] == 0) {
        if (lengths->max == SIZE_MAX) {
            inspect_problem(in, node, "%zu %s, expected %zu or more", len, unit_of(unit, len),
                            lengths->min);
        } else {
            inspect_problem(in, node, "%zu %s, expected %zu to %zu", len, unit_of(unit, len),
                            lengths->min, lengths->max);
        }
        return;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths->only) && lengths->only[i] != 0; i++) {
        const size_t used = atls_text_len(list);
        (void)snprintf(&list[used], sizeof list - used, "%s%zu", i == 0 ? "" : " or ",
                       lengths->only[i]);
    }
    inspect_problem(in, node, "%zu %s, expected %s", len, unit_of(unit, len), list);
}

void inspect_text(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    static const char *const units[2] = {"octet of text", "octets of text"};
    if (v->type != INSPECT_TEXT) {
        inspect_wrong_type(in, node, v, "text");
        return;
    }
    inspect_show_value(in, node, v);
    check_length(in, node, arg, node->octets.len, units);
    if (v->cut) {
        inspect_problem(in, node, "cut off: the input ends inside it");
    }
}

bool inspect_octets_of(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                       struct atls_bytes *out)
{
    const char *how = NULL;
    if (v->type == INSPECT_BYTES) {
        if (v->indefinite) {
            inspect_problem(in, node, "a string in chunks, which is not taken apart");
        } else if (v->cut) {
            inspect_problem(in, node, "cut off: the head says %" PRIu64 " octets, %zu are there",
                            v->argument, v->content.len);
        }
        *out = v->content;
        return true;
    }
    if (v->form != INSPECT_JSON || v->type != INSPECT_TEXT) {
        inspect_wrong_type(in, node, v, v->form == INSPECT_JSON ? "base64 text" : "a byte string");
        return false;
    }
    const struct atls_bytes octets = inspect_base64(in, v->content, &how);
    if (how == NULL) {
        inspect_problem(in, node, "the text is not base64");
        inspect_show_value(in, node, v);
        return false;
    }
    inspect_decoded(in, node, how, octets);
    *out = octets;
    return true;
}

void inspect_octets(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    static const char *const units[2] = {"octet", "octets"};
    struct atls_bytes octets;
    if (inspect_octets_of(in, node, v, &octets)) {
        inspect_show_octets(in, node, octets);
        inspect_note_printable(in, node, octets);
        check_length(in, node, arg, octets.len, units);
    }
}

static void name_number(struct inspect *in, struct inspect_node *node,
                        const struct inspect_names *names, int64_t number)
{
    const char *name = inspect_name_find(names, number);
    if (name != NULL) {
        inspect_note(in, node, "%s", name);
    } else if (names != NULL && names->closed) {
        inspect_problem(in, node, "%" PRId64 " is not %s", number, names->what);
    } else if (names != NULL) {
        inspect_note(in, node, "not %s that is known here", names->what);
    }
}

void inspect_number(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    int64_t number = 0;
    if (v->type != INSPECT_UINT && v->type != INSPECT_NEGINT) {
        inspect_wrong_type(in, node, v, "an integer");
        return;
    }
    inspect_show_value(in, node, v);
    if (inspect_int(v, &number)) {
        name_number(in, node, arg, number);
    }
}

void inspect_word(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    const struct inspect_names *names = arg;
    if (v->type == INSPECT_UINT || v->type == INSPECT_NEGINT) {
        inspect_number(in, node, v, arg);
        return;
    }
    if (v->type != INSPECT_TEXT) {
        inspect_wrong_type(in, node, v, "a name or an integer");
        return;
    }
    inspect_show_value(in, node, v);
    for (size_t i = 0; i < names->num_rows; i++) {
        if (inspect_is_text(v, names->rows[i].name)) {
            return;
        }
    }
    if (names->closed) {
        inspect_problem(in, node, "the text is not %s", names->what);
    } else {
        inspect_note(in, node, "not %s that is known here", names->what);
    }
}

void inspect_uint(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    (void)arg;
    if (v->type != INSPECT_UINT) {
        inspect_wrong_type(in, node, v, "an unsigned integer");
        return;
    }
    inspect_show_value(in, node, v);
}

void inspect_bits(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    const struct inspect_names *names = arg;
    if (v->type != INSPECT_UINT) {
        inspect_wrong_type(in, node, v, "an unsigned integer");
        return;
    }
    inspect_show_value(in, node, v);
    uint64_t left = v->argument;
    for (size_t i = 0; i < names->num_rows; i++) {
        const uint64_t bit = (uint64_t)1 << names->rows[i].number;
        if ((left & bit) != 0) {
            inspect_note(in, node, "%s", names->rows[i].name);
            left &= ~bit;
        }
    }
    if (left != 0) {
        inspect_note(in, node, "and 0x%" PRIx64 ", which is not %s", left, names->what);
    }
}

void inspect_boolean(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                     const void *arg)
{
    (void)arg;
    if (v->type != INSPECT_BOOL) {
        inspect_wrong_type(in, node, v, "a boolean");
        return;
    }
    inspect_show_value(in, node, v);
}

void inspect_time(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    int64_t seconds = 0;
    (void)arg;
    if (v->form == INSPECT_CBOR && inspect_is_tag(v, 1)) {
        const struct inspect_value inside = inspect_inside(v);
        inspect_note(in, node, "tag 1");
        inspect_later(in, node, &inside, inspect_time, NULL);
        return;
    }
    if (inspect_int(v, &seconds)) {
        inspect_show_value(in, node, v);
        inspect_note_time(in, node, seconds);
    } else if (v->type == INSPECT_FLOAT && v->real > -1e15 && v->real < 1e15) {
        inspect_show_value(in, node, v);
        inspect_note_time(in, node, (int64_t)v->real);
    } else {
        inspect_wrong_type(in, node, v, "seconds since 1970");
    }
}

void inspect_millis(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    int64_t millis = 0;
    (void)arg;
    if (!inspect_int(v, &millis)) {
        inspect_wrong_type(in, node, v, "milliseconds since 1970");
        return;
    }
    inspect_show_value(in, node, v);
    inspect_note_time(in, node, millis / 1000);
}

void inspect_secret(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    (void)arg;
    inspect_show_secret(in, node, v->content.len != 0 ? v->content.len : v->encoded.len);
}

void inspect_uuid(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    static const struct inspect_lengths sixteen = {{16}, 0, 0};
    (void)arg;
    inspect_octets(in, node, v, &sixteen);
    if (node->shown == INSPECT_SHOW_OCTETS && node->octets.len == 16) {
        const uint8_t *u = node->octets.data;
        inspect_note(in, node,
                     "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
                     u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
                     u[13], u[14], u[15]);
    }
}

void inspect_raw_text(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    struct atls_bytes octets;
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_show_value(in, node, v);
    } else if (inspect_octets_of(in, node, v, &octets)) {
        inspect_show_text(in, node, octets);
    }
}
