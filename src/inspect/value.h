/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way to look at a CBOR item and at a JSON value, so that one table describes a format that
 * has both forms. Tolerant, for octets that nobody checked: what is cut off at the end of the
 * input is still a value, marked so, and what cannot be read is a value of type BROKEN that takes
 * the rest. Nothing here reads past the span that it was given, and nothing calls itself.
 *
 * Strictness is not judged here: atls_cbor_parse and atls_json_parse do that once for the whole
 * (inspect_check), and what they refuse becomes a marked problem.
 */
#ifndef INSPECT_VALUE_H
#define INSPECT_VALUE_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

enum inspect_form { INSPECT_OCTETS = 0, INSPECT_CBOR, INSPECT_JSON };

enum inspect_type {
    INSPECT_BROKEN = 0,
    INSPECT_UINT,
    INSPECT_NEGINT, /* the value is -1 - argument */
    INSPECT_BYTES,  /* also all of form OCTETS */
    INSPECT_TEXT,
    INSPECT_ARRAY,
    INSPECT_MAP,
    INSPECT_TAG,
    INSPECT_BOOL,
    INSPECT_NULL,
    INSPECT_FLOAT,
    INSPECT_SIMPLE
};

struct inspect_value {
    enum inspect_form form;
    enum inspect_type type;
    bool cut;          /* the input ends inside this value */
    bool indefinite;   /* CBOR: no length in the head; of a string: it comes in chunks */
    uint64_t argument; /* number, tag number, 0 or 1 of a boolean, simple value */
    double real;       /* FLOAT */
    /* string: its octets (JSON: between the quotes, as written); container: what is inside */
    struct atls_bytes content;
    struct atls_bytes encoded;
};

/* inspect_part gives at most `len` octets from `at` on: never beyond the span. */
static inline struct atls_bytes inspect_part(struct atls_bytes octets, size_t at, size_t len)
{
    struct atls_bytes part = {octets.data, 0};
    if (at <= octets.len && octets.data != NULL) {
        part.data = &octets.data[at];
        part.len = octets.len - at < len ? octets.len - at : len;
    }
    return part;
}

static inline struct atls_bytes inspect_rest(struct atls_bytes octets, size_t at)
{
    return inspect_part(octets, at, octets.len);
}

/* The first value of some octets; empty input gives BROKEN. `used` is `encoded.len`. */
struct inspect_value inspect_value_cbor(struct atls_bytes octets);
struct inspect_value inspect_value_json(struct atls_bytes text);
/* Octets as they are: an explainer of another kind of structure looks into `content`. */
struct inspect_value inspect_value_octets(struct atls_bytes octets);

/* Members, one after the other; maps give a key and a value. A value that is missing (a map that
 * is cut after a key) is BROKEN and empty. */
struct inspect_iter {
    enum inspect_form form;
    struct atls_bytes rest;
};
struct inspect_iter inspect_members(const struct inspect_value *container);
ATLS_NODISCARD bool inspect_next(struct inspect_iter *iter, struct inspect_value *out);
ATLS_NODISCARD bool inspect_next_pair(struct inspect_iter *iter, struct inspect_value *key,
                                      struct inspect_value *value);

/* Members of a map by label or by text, of an array by place; false when absent. */
ATLS_NODISCARD bool inspect_get(const struct inspect_value *map, int64_t label,
                                struct inspect_value *out);
ATLS_NODISCARD bool inspect_get_text(const struct inspect_value *map, const char *key,
                                     struct inspect_value *out);
ATLS_NODISCARD bool inspect_at(const struct inspect_value *array, size_t index,
                               struct inspect_value *out);
bool inspect_has(const struct inspect_value *map, int64_t label);
bool inspect_has_text(const struct inspect_value *map, const char *key);
/* inspect_count counts the members (pairs) of a container, up to `most`. */
size_t inspect_count(const struct inspect_value *container, size_t most);

ATLS_NODISCARD bool inspect_int(const struct inspect_value *v, int64_t *out);
bool inspect_is_int(const struct inspect_value *v, int64_t number);
bool inspect_is_text(const struct inspect_value *v, const char *text);
bool inspect_is_tag(const struct inspect_value *v, uint64_t number);
/* inspect_inside gives what a CBOR tag or byte string holds. */
struct inspect_value inspect_inside(const struct inspect_value *v);

/* inspect_unescape turns the characters of a JSON string into UTF-8 of at most the same length;
 * false when an escape is not one, or `out` is too small. */
ATLS_NODISCARD bool inspect_unescape(struct atls_bytes raw, struct atls_buf out, size_t *out_len);

/* "a byte string", "an object" ..., for sentences. */
const char *inspect_type_name(const struct inspect_value *v);

/* What a file in JSON or in another text begins with, without blanks. */
struct atls_bytes inspect_trim(struct atls_bytes text);

#endif
