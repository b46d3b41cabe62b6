/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/value.h"

#include "atls/limits.h"
#include "base/span.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGE_LEN 4096

static const struct {
    const char *name;
    const char *hex;
    unsigned major;
} types[] = {
    {"uint", "01", 0},   {"negint", "20", 1},  {"bytes", "4101", 2},
    {"text", "6161", 3}, {"array", "8101", 4}, {"map", "a10101", 5},
    {"tag", "c101", 6},  {"null", "f6", 7},    {"float", "f93c00", 7},
};

/* Beyond 32 bits, beyond 63, and below. */
static const char *const huge_numbers[] = {"1b0000000100000000", "1b8000000000000000",
                                           "3b8000000000000000"};

/* Control characters, the last code points of every length, around the surrogates, a byte order
 * mark, and what turns the direction of writing. */
static const char *const odd_texts[] = {
    "\x01\x1b[2J",  "\x7f",         "\xc2\x80",         "\xed\x9f\xbf", "\xee\x80\x80",
    "\xef\xbf\xbf", "\xef\xbb\xbf", "\xf4\x8f\xbf\xbf", "\xe2\x80\xae", "\"\\\n"};

const char *value_change_name(enum value_change_kind kind)
{
    static const char *const names[] = {
#define VALUE_CHANGE_NAME(constant, name) name,
        VALUE_CHANGES(VALUE_CHANGE_NAME)
#undef VALUE_CHANGE_NAME
    };
    return names[kind];
}

unsigned value_num_variants(enum value_change_kind kind)
{
    return kind == VALUE_CHANGE_TYPE       ? (unsigned)ATLS_ARRAY_LEN(types)
           : kind == VALUE_CHANGE_ODD_TEXT ? (unsigned)ATLS_ARRAY_LEN(odd_texts)
           : kind == VALUE_CHANGE_HUGE     ? (unsigned)ATLS_ARRAY_LEN(huge_numbers)
                                           : 1;
}

const char *value_variant_name(enum value_change_kind kind, unsigned variant)
{
    static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return kind == VALUE_CHANGE_TYPE ? types[variant].name : numbers[variant];
}

/* n of P-256 (FIPS 186-5; SEC 2, 2.4.2). */
static const char p256_order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/* negate turns the last 32 octets, s, into n - s. */
static void negate(struct atls_buf octets)
{
    const struct atls_bytes n = test_hex(p256_order);
    uint8_t *s = &octets.data[octets.cap - n.len];
    unsigned borrow = 0;
    for (size_t i = n.len; i > 0; i--) {
        const unsigned difference = 256u + n.data[i - 1] - s[i - 1] - borrow;
        s[i - 1] = (uint8_t)difference;
        borrow = difference < 256 ? 1 : 0;
    }
}

/* change_octets gives the changed octets of a string; false where that makes no sense. */
static bool change_octets(struct atls_bytes *out, enum value_change_kind kind,
                          struct atls_bytes octets, uint8_t filler)
{
    const size_t len = kind == VALUE_CHANGE_EMPTY   ? 0
                       : kind == VALUE_CHANGE_SHORT ? octets.len - 1
                       : kind == VALUE_CHANGE_LONG  ? octets.len + 1
                       : kind == VALUE_CHANGE_HUGE  ? HUGE_LEN
                                                    : octets.len;
    if (octets.len == 0 && kind != VALUE_CHANGE_LONG && kind != VALUE_CHANGE_HUGE) {
        return false;
    }
    const struct atls_buf room = test_room(len);
    memset(room.data, kind == VALUE_CHANGE_ZERO ? 0 : filler, len);
    if (kind != VALUE_CHANGE_ZERO && octets.len != 0) {
        memcpy(room.data, octets.data, len < octets.len ? len : octets.len);
    }
    if (kind == VALUE_CHANGE_OTHER) {
        room.data[len - 1] ^= 1;
    } else if (kind == VALUE_CHANGE_NEGATED) {
        negate(room);
    }
    *out = atls_bytes_of(room.data, len);
    return true;
}

static bool is_of_strings(enum value_change_kind kind)
{
    return kind == VALUE_CHANGE_EMPTY || kind == VALUE_CHANGE_SHORT || kind == VALUE_CHANGE_LONG ||
           kind == VALUE_CHANGE_ZERO || kind == VALUE_CHANGE_OTHER || kind == VALUE_CHANGE_HUGE;
}

/* change_counted changes a number by counting; two's complement does for negative ones. */
static bool change_counted(uint64_t *value, enum value_change_kind kind)
{
    const uint64_t before = *value;
    if (kind == VALUE_CHANGE_SHORT) {
        *value -= 1;
    } else if (kind == VALUE_CHANGE_LONG) {
        *value += 1;
    } else if (kind == VALUE_CHANGE_ZERO) {
        *value = 0;
    } else if (kind == VALUE_CHANGE_OTHER) {
        *value ^= 1;
    } else if (kind == VALUE_CHANGE_HIGH) {
        *value += 4096;
    }
    return *value != before;
}

static bool change_integer(struct atls_bytes *out, const struct value_change *change,
                           const struct atls_cbor *item)
{
    int64_t value = 0;
    if (!atls_cbor_int(item, &value)) {
        return false;
    }
    if (change->kind == VALUE_CHANGE_HUGE) {
        *out = test_hex(huge_numbers[change->variant]);
        return true;
    }
    uint64_t changed = (uint64_t)value;
    if (change->variant != 0 || !change_counted(&changed, change->kind)) {
        return false;
    }
    *out = test_cbor_int((int64_t)changed);
    return true;
}

static bool change_type(struct atls_bytes *out, unsigned variant, const struct atls_cbor *item)
{
    const bool both_integers = types[variant].major <= 1 && item->type <= ATLS_CBOR_NEGINT;
    *out = test_hex(types[variant].hex);
    return !both_integers && types[variant].major != (unsigned)item->type;
}

/* repeat_first makes an array of one more members than any list here may have, all of them alike.
 */
static bool repeat_first(struct atls_bytes *out, const struct atls_cbor *array)
{
    struct atls_cbor first;
    struct atls_bytes members[ATLS_MAX_COMPONENTS + 1];
    if (!atls_cbor_at(array, 0, &first)) {
        return false;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        members[i] = first.encoded;
    }
    *out = test_array_encode(members, ATLS_ARRAY_LEN(members));
    return true;
}

static bool change_item(struct atls_bytes *out, const struct value_change *change,
                        struct atls_bytes encoded, bool is_es256)
{
    struct atls_cbor item;
    struct atls_bytes octets;
    if (atls_cbor_parse(&item, encoded, ATLS_CBOR_STRICT, "a field", NULL) != ATLS_OK) {
        return false;
    }
    if (change->kind == VALUE_CHANGE_TYPE) {
        return change_type(out, change->variant, &item);
    }
    if (item.type == ATLS_CBOR_UINT || item.type == ATLS_CBOR_NEGINT) {
        return change_integer(out, change, &item);
    }
    if (change->kind == VALUE_CHANGE_ODD_TEXT) {
        *out = test_cbor_text(odd_texts[change->variant]);
        return item.type == ATLS_CBOR_TEXT;
    }
    if (change->variant != 0) {
        return false;
    }
    if (item.type == ATLS_CBOR_ARRAY && change->kind == VALUE_CHANGE_HUGE) {
        return repeat_first(out, &item);
    }
    if (item.type == ATLS_CBOR_ARRAY || item.type == ATLS_CBOR_MAP) {
        *out = test_hex(item.type == ATLS_CBOR_ARRAY ? "80" : "a0");
        return change->kind == VALUE_CHANGE_EMPTY && item.argument != 0;
    }
    if (item.type != ATLS_CBOR_BYTES && item.type != ATLS_CBOR_TEXT) {
        return false;
    }
    const bool negated = is_es256 && change->kind == VALUE_CHANGE_NEGATED;
    if ((!is_of_strings(change->kind) && !negated) ||
        !change_octets(&octets, change->kind, item.content, 'x')) {
        return false;
    }
    struct atls_writer w = atls_writer_of(test_room(octets.len + 9));
    if (item.type == ATLS_CBOR_BYTES) {
        atls_cbor_put_bytes(&w, octets);
    } else {
        atls_cbor_put_text(&w, octets);
    }
    *out = atls_bytes_of(w.data, w.len);
    return true;
}

static bool change_number(struct atls_bytes *out, enum value_change_kind kind,
                          struct atls_bytes encoded, bool is_little)
{
    const size_t last = encoded.len - 1;
    uint64_t value = 0;
    for (size_t i = 0; i < encoded.len; i++) {
        value = value << 8 | encoded.data[is_little ? last - i : i];
    }
    if (kind == VALUE_CHANGE_HUGE) {
        value = UINT64_MAX;
    } else if (kind == VALUE_CHANGE_HIGH || !change_counted(&value, kind)) {
        return false;
    }
    const struct atls_buf room = test_room(encoded.len);
    for (size_t i = 0; i < encoded.len; i++) {
        room.data[is_little ? last - i : i] = (uint8_t)(value >> (8 * (last - i)));
    }
    *out = atls_bytes_of(room.data, room.cap);
    return true;
}

/* change_fixed changes octets whose number nobody says: an empty one is an absent one. */
static bool change_fixed(struct atls_bytes *out, enum value_change_kind kind,
                         struct atls_bytes encoded, bool is_signature)
{
    const bool negated = is_signature && kind == VALUE_CHANGE_NEGATED;
    return ((is_of_strings(kind) && kind != VALUE_CHANGE_EMPTY) || negated) &&
           change_octets(out, kind, encoded, 0xa5) && !atls_bytes_equal(*out, encoded);
}

/* change_vector changes octets behind a length of `width` octets, or that length alone. */
static bool change_vector(struct atls_bytes *out, enum value_change_kind kind,
                          struct atls_bytes encoded, size_t width, bool is_s)
{
    struct atls_bytes octets = atls_bytes_of(&encoded.data[width], encoded.len - width);
    size_t says = octets.len;
    if (kind == VALUE_CHANGE_UNDER || kind == VALUE_CHANGE_OVER) {
        if (says == 0) {
            return false;
        }
        says = kind == VALUE_CHANGE_UNDER ? says - 1 : says + 1;
    } else if ((!is_of_strings(kind) && !(is_s && kind == VALUE_CHANGE_NEGATED)) ||
               !change_octets(&octets, kind, octets, 0xa5)) {
        return false;
    } else {
        says = octets.len;
    }
    const struct atls_buf room = test_room(width + octets.len);
    for (size_t i = 0; i < width; i++) {
        room.data[i] = (uint8_t)(says >> (8 * (width - 1 - i)));
    }
    if (octets.len != 0) {
        memcpy(&room.data[width], octets.data, octets.len);
    }
    *out = atls_bytes_of(room.data, room.cap);
    return true;
}

static bool change_value(struct atls_bytes *out, const struct value_change *change,
                         enum value_kind kind, struct atls_bytes encoded)
{
    if (kind == VALUE_CBOR || kind == VALUE_CBOR_ES256) {
        return change_item(out, change, encoded, kind == VALUE_CBOR_ES256);
    }
    if (change->variant != 0) {
        return false;
    }
    switch (kind) {
    case VALUE_NUMBER:
        return change_number(out, change->kind, encoded, false);
    case VALUE_LITTLE:
        return change_number(out, change->kind, encoded, true);
    case VALUE_OCTETS:
        return change_fixed(out, change->kind, encoded, false);
    case VALUE_OCTETS_ES256:
        return change_fixed(out, change->kind, encoded, true);
    case VALUE_VEC8:
        return change_vector(out, change->kind, encoded, 1, false);
    case VALUE_VEC16:
        return change_vector(out, change->kind, encoded, 2, false);
    case VALUE_VEC16_S:
        return change_vector(out, change->kind, encoded, 2, true);
    case VALUE_CBOR:
    case VALUE_CBOR_ES256:
    case VALUE_BIT:
    default:
        return false;
    }
}

struct value_result value_change_apply(struct value_change *change, const char *field,
                                       enum value_kind kind, struct atls_bytes encoded)
{
    struct value_result result = {encoded, 1};
    if (change->kind == VALUE_CHANGE_NONE || strcmp(change->field, field) != 0) {
        return result;
    }
    if (change->kind == VALUE_CHANGE_ABSENT || change->kind == VALUE_CHANGE_TWICE) {
        result.times = change->kind == VALUE_CHANGE_ABSENT ? 0 : 2;
        change->applied = true;
    } else {
        change->applied = change_value(&result.encoded, change, kind, encoded);
    }
    return result;
}

void value_put(struct test_map *map, struct value_change *change, const char *field,
               enum value_kind kind, struct atls_bytes key, struct atls_bytes encoded)
{
    const struct value_result result = value_change_apply(change, field, kind, encoded);
    for (unsigned i = 0; i < result.times; i++) {
        test_map_add(map, key, result.encoded);
    }
}
