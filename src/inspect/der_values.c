/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of DER one by one, and any of them. */
#include "inspect/der.h"

#include "base/span.h"
#include "inspect/names.h"

#include <inttypes.h>

static bool read_one(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                     struct inspect_der *out)
{
    struct atls_bytes rest = v->encoded;
    if (!inspect_der_next(&rest, out)) {
        inspect_problem(in, node, "an element is missing");
        return false;
    }
    if (out->tag == 0) {
        inspect_problem(in, node, "tag or length cannot be read");
        inspect_show_octets(in, node, v->encoded);
        return false;
    }
    if (out->cut) {
        inspect_problem(in, node, "cut off: its length goes past the end");
    }
    return true;
}

static void show_integer(struct inspect *in, struct inspect_node *node, struct atls_bytes content)
{
    if (content.len == 0 || content.len > 8) {
        inspect_show_octets(in, node, content);
        return;
    }
    uint64_t bits = (content.data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < content.len; i++) {
        bits = bits << 8 | content.data[i];
    }
    inspect_show_uint(node, bits);
    if ((content.data[0] & 0x80) != 0) {
        node->shown = INSPECT_SHOW_NEGINT;
        node->number = ~bits;
    }
}

void inspect_der_integer(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    const struct inspect_names *names = arg;
    struct inspect_der e;
    if (!read_one(in, node, v, &e)) {
        return;
    }
    if (e.tag != INSPECT_DER_INTEGER && e.tag != INSPECT_DER_ENUMERATED) {
        inspect_problem(in, node, "expected an INTEGER");
        inspect_later(in, node, v, inspect_der_any, NULL);
        return;
    }
    show_integer(in, node, e.content);
    if (node->shown == INSPECT_SHOW_UINT && names != NULL && node->number <= INT64_MAX) {
        const char *name = inspect_name_find(names, (int64_t)node->number);
        inspect_note(in, node, "%s", name != NULL ? name : names->what);
    }
}

static bool is_text_tag(uint8_t tag)
{
    return tag == INSPECT_DER_UTF8_STRING || tag == INSPECT_DER_PRINTABLE_STRING ||
           tag == INSPECT_DER_IA5_STRING || tag == INSPECT_DER_T61_STRING;
}

void inspect_der_text(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    struct inspect_der e;
    (void)arg;
    if (!read_one(in, node, v, &e)) {
        return;
    }
    if (is_text_tag(e.tag) || (e.tag & 0xe0) == 0x80) { /* or IMPLICIT */
        inspect_show_text(in, node, e.content);
    } else {
        inspect_later(in, node, v, inspect_der_any, NULL);
    }
}

/* read_digits reads `count` decimal digits. */
static bool read_digits(struct atls_bytes text, size_t at, size_t count, int *out)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at + i >= text.len || text.data[at + i] < '0' || text.data[at + i] > '9') {
            return false;
        }
        value = 10 * value + (text.data[at + i] - '0');
    }
    *out = value;
    return true;
}

void inspect_der_time(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    struct inspect_der e;
    int part[6] = {0};
    (void)arg;
    if (!read_one(in, node, v, &e)) {
        return;
    }
    const bool general = e.tag == INSPECT_DER_GENERALIZED_TIME;
    if (!general && e.tag != INSPECT_DER_UTC_TIME) {
        inspect_problem(in, node, "expected UTCTime or GeneralizedTime");
        inspect_later(in, node, v, inspect_der_any, NULL);
        return;
    }
    inspect_show_text(in, node, e.content);
    size_t at = general ? 4 : 2;
    bool right = read_digits(e.content, 0, at, &part[0]);
    for (size_t i = 1; i < 6; i++, at += 2) {
        right = right && read_digits(e.content, at, 2, &part[i]);
    }
    if (!right || e.content.len != at + 1 || e.content.data[at] != 'Z') {
        inspect_problem(in, node, "not a time as RFC 5280, 4.1.2.5, writes it");
        return;
    }
    part[0] += general ? 0 : part[0] < 50 ? 2000 : 1900;
    inspect_note(in, node, "%04d-%02d-%02dT%02d:%02d:%02dZ", part[0], part[1], part[2], part[3],
                 part[4], part[5]);
}

void inspect_der_octets(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    struct inspect_der e;
    (void)arg;
    if (!read_one(in, node, v, &e)) {
        return;
    }
    struct atls_bytes octets = e.content;
    if (e.tag == INSPECT_DER_BIT_STRING && octets.len > 0) {
        if (octets.data[0] != 0) {
            inspect_note(in, node, "%u bits of the last octet unused", octets.data[0]);
        }
        octets = inspect_rest(octets, 1);
    }
    inspect_show_octets(in, node, octets);
}

void inspect_note_oid(struct inspect *in, struct inspect_node *node, struct atls_bytes content)
{
    char dotted[INSPECT_MAX_DOTTED];
    if (!inspect_der_dotted(content, dotted)) {
        inspect_problem(in, node, "not the content of an OBJECT IDENTIFIER");
        return;
    }
    const char *name = inspect_oid_name(dotted);
    inspect_note(in, node, "%s%s%s", dotted, name != NULL ? " " : "", name != NULL ? name : "");
}

static void add_elements(struct inspect *in, struct inspect_node *node, struct atls_bytes rest)
{
    struct inspect_der e;
    size_t count = 0;
    inspect_show_structure(node);
    for (; !in->full && count < INSPECT_MAX_MEMBERS && inspect_der_next(&rest, &e); count++) {
        (void)inspect_add_der(in, node, inspect_name(in, "[%zu]", count), &e, inspect_der_any,
                              NULL);
    }
    if (rest.len != 0) {
        inspect_note(in, node, "only the first %zu are shown", count);
    }
}

static void note_tag(struct inspect *in, struct inspect_node *node, uint8_t tag)
{
    if (tag == INSPECT_DER_SEQUENCE || tag == INSPECT_DER_SET) {
        inspect_note(in, node, tag == INSPECT_DER_SET ? "SET" : "SEQUENCE");
    } else if (tag == INSPECT_DER_OCTET_STRING || tag == INSPECT_DER_BIT_STRING) {
        inspect_note(in, node, tag == INSPECT_DER_BIT_STRING ? "BIT STRING" : "OCTET STRING");
    } else if ((tag & 0xc0) == 0x80) {
        inspect_note(in, node, "[%u]", tag & 0x1f);
    } else {
        inspect_note(in, node, "tag 0x%02x", tag);
    }
}

void inspect_der_any(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                     const void *arg)
{
    struct inspect_der e;
    (void)arg;
    if (!read_one(in, node, v, &e)) {
        return;
    }
    if ((e.tag & 0x20) != 0) {
        note_tag(in, node, e.tag);
        add_elements(in, node, e.content);
        return;
    }
    switch (e.tag) {
    case INSPECT_DER_BOOLEAN:
        node->shown = INSPECT_SHOW_BOOL;
        node->number = e.content.len == 1 && e.content.data[0] != 0;
        break;
    case INSPECT_DER_INTEGER:
    case INSPECT_DER_ENUMERATED:
        show_integer(in, node, e.content);
        break;
    case INSPECT_DER_NULL:
        node->shown = INSPECT_SHOW_NULL;
        break;
    case INSPECT_DER_OID:
        inspect_show_octets(in, node, e.content);
        inspect_note_oid(in, node, e.content);
        break;
    case INSPECT_DER_UTC_TIME:
    case INSPECT_DER_GENERALIZED_TIME:
        inspect_later(in, node, v, inspect_der_time, NULL);
        break;
    default:
        if (is_text_tag(e.tag)) {
            inspect_show_text(in, node, e.content);
            break;
        }
        note_tag(in, node, e.tag);
        inspect_show_octets(in, node, e.content);
        inspect_note_printable(in, node, e.content);
        break;
    }
}

void inspect_algorithm_identifier(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v, const void *arg)
{
    static const struct inspect_der_field rows[] = {
        {"algorithm", NULL, NULL, INSPECT_DER_OID, true, false},
        {"parameters", NULL, NULL, 0, false, false},
    };
    static const struct inspect_der_fields fields = INSPECT_DER_FIELDS(NULL, rows);
    (void)arg;
    inspect_der_sequence(in, node, v, &fields);
}
