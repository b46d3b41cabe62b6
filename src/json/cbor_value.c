/* SPDX-License-Identifier: Apache-2.0 */
#include "json/cbor_value.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"
#include "json/base64.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- from JSON ---- */

/* One open array or object: its members that are not written yet. */
struct open_json {
    const json_t *value;
    const char **keys; /* of an object, in the order of CBOR; owned */
    size_t count;
    size_t next;
};

struct from_json {
    struct atls_writer w;
    struct open_json open[ATLS_MAX_CBOR_DEPTH];
    size_t depth;
    enum atls_err err;
};

/* Keys in the order of their encoding: the shorter first, then by octets. */
static int compare_keys(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    const size_t left_len = strlen(*left);
    const size_t right_len = strlen(*right);
    if (left_len != right_len) {
        return left_len < right_len ? -1 : 1;
    }
    return strcmp(*left, *right);
}

static const char **sorted_keys(const json_t *object)
{
    json_t *changeable = (json_t *)(uintptr_t)object; /* jansson's iterators take no const */
    const char **keys = calloc(json_object_size(object) + 1, sizeof *keys);
    size_t count = 0;
    for (void *at = json_object_iter(changeable); keys != NULL && at != NULL;
         at = json_object_iter_next(changeable, at)) {
        keys[count++] = json_object_iter_key(at);
    }
    if (keys != NULL) {
        qsort(keys, count, sizeof *keys, compare_keys);
    }
    return keys;
}

static void open_container(struct from_json *s, const json_t *value)
{
    if (s->depth == ATLS_ARRAY_LEN(s->open)) {
        s->err = ATLS_ERR_MALFORMED;
        return;
    }
    struct open_json *top = &s->open[s->depth];
    memset(top, 0, sizeof *top);
    top->value = value;
    if (json_is_array(value)) {
        top->count = json_array_size(value);
        atls_cbor_put_array(&s->w, top->count);
    } else {
        top->count = json_object_size(value);
        top->keys = sorted_keys(value);
        atls_cbor_put_map(&s->w, top->count);
        s->err = top->keys != NULL ? s->err : ATLS_ERR_MEMORY;
    }
    s->depth++;
}

/* put_real writes a whole number as an integer, as RFC 8949, 6.2 advises, others in 64 bits. */
static void put_real(struct atls_writer *w, double value)
{
    uint64_t bits = 0;
    if (value >= -9007199254740992.0 && value <= 9007199254740992.0 &&
        (double)(int64_t)value == value) {
        atls_cbor_put_int(w, (int64_t)value);
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    atls_write_u8(w, 0xfb);
    atls_write_u64(w, bits);
}

static void put_value(struct from_json *s, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        open_container(s, value);
        break;
    case JSON_STRING:
        atls_cbor_put_text(&s->w,
                           atls_bytes_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        atls_cbor_put_int(&s->w, json_integer_value(value));
        break;
    case JSON_REAL:
        put_real(&s->w, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        atls_cbor_put_bool(&s->w, json_is_true(value));
        break;
    case JSON_NULL:
    default:
        atls_cbor_put_null(&s->w);
        break;
    }
}

/* put_next writes the next member of the innermost container, or closes it. */
static void put_next(struct from_json *s)
{
    struct open_json *top = &s->open[s->depth - 1];
    if (top->next == top->count) {
        free(top->keys);
        s->depth--;
        return;
    }
    const size_t at = top->next++;
    if (top->keys == NULL) {
        put_value(s, json_array_get(top->value, at));
        return;
    }
    atls_cbor_put_str(&s->w, top->keys[at]);
    put_value(s, json_object_get(top->value, top->keys[at]));
}

static enum atls_err put_all(struct from_json *s, const json_t *value)
{
    put_value(s, value);
    while (s->err == ATLS_OK && s->depth > 0) {
        put_next(s);
    }
    while (s->depth > 0) {
        free(s->open[--s->depth].keys);
    }
    return s->err;
}

enum atls_err atls_cbor_from_json(uint8_t **out, size_t *out_len, const json_t *value,
                                  const char *step, struct atls_diag *diag)
{
    struct from_json s = {.w = atls_writer_counting(), .err = ATLS_OK};
    struct atls_buf room = {NULL, 0};
    enum atls_err err = put_all(&s, value);
    if (err == ATLS_OK) {
        room.cap = s.w.len;
        room.data = malloc(room.cap);
        s.w = atls_writer_of(room);
        err = room.data != NULL ? put_all(&s, value) : ATLS_ERR_MEMORY;
    }
    if (err == ATLS_OK && !atls_writer_finish(&s.w, out_len)) {
        err = ATLS_ERR_BUFFER;
    }
    if (err != ATLS_OK) {
        free(room.data);
        return err == ATLS_ERR_MALFORMED
                   ? atls_fail_texts(diag, err, step, "JSON", "more arrays and objects",
                                     "at most 16 inside one another")
                   : atls_fail(diag, err, step, "CBOR");
    }
    *out = room.data;
    return ATLS_OK;
}

/* ---- to JSON ---- */

struct open_cbor {
    json_t *value; /* borrowed from the container around it; the outermost is owned */
    struct atls_cbor_iter iter;
    bool is_map;
};

struct to_json {
    struct open_cbor open[ATLS_MAX_CBOR_DEPTH + 1];
    size_t depth;
};

static double float_of(const struct atls_cbor *item)
{
    const uint64_t bits = item->argument;
    if (item->float_width == 8) {
        double value = 0;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    if (item->float_width == 4) {
        const uint32_t low = (uint32_t)bits;
        float value = 0;
        memcpy(&value, &low, sizeof value);
        return (double)value;
    }
    const int exponent = (int)(bits >> 10 & 0x1f);
    const double mantissa = (double)(bits & 0x3ff);
    const double size = exponent == 0    ? ldexp(mantissa, -24)
                        : exponent != 31 ? ldexp(mantissa + 1024, exponent - 25)
                                         : (double)NAN;
    return (bits & 0x8000) != 0 ? -size : size;
}

static json_t *simple_of(const struct atls_cbor *item)
{
    bool flag = false;
    if (item->float_width != 0) {
        const double value = float_of(item);
        return isfinite(value) ? json_real(value) : json_null();
    }
    return atls_cbor_bool(item, &flag) ? json_boolean(flag) : json_null();
}

static json_t *octets_of(struct atls_bytes octets)
{
    char *text = atls_base64url_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

/* new_value gives the value of an item, of a container an empty one; NULL without memory. */
static json_t *new_value(const struct atls_cbor *item)
{
    int64_t number = 0;
    switch (item->type) {
    case ATLS_CBOR_UINT:
    case ATLS_CBOR_NEGINT:
        if (atls_cbor_int(item, &number)) {
            return json_integer(number);
        }
        return json_real(item->type == ATLS_CBOR_UINT ? (double)item->argument
                                                      : -1.0 - (double)item->argument);
    case ATLS_CBOR_BYTES:
        return octets_of(item->content);
    case ATLS_CBOR_TEXT:
        return json_stringn((const char *)item->content.data, item->content.len);
    case ATLS_CBOR_ARRAY:
        return json_array();
    case ATLS_CBOR_MAP:
        return json_object();
    case ATLS_CBOR_SIMPLE:
    case ATLS_CBOR_TAG:
    default:
        return simple_of(item);
    }
}

/* key_of gives the member's name (caller: free); NULL for another key, and without memory. */
static char *key_of(const struct atls_cbor *key)
{
    struct atls_bytes text;
    int64_t number = 0;
    char decimal[24];
    if (atls_cbor_int(key, &number)) {
        snprintf(decimal, sizeof decimal, "%lld", (long long)number);
        return strdup(decimal);
    }
    if (!atls_cbor_text(key, 0, SIZE_MAX, &text) ||
        (text.len != 0 && memchr(text.data, 0, text.len) != NULL)) {
        return NULL;
    }
    return text.len != 0 ? strndup((const char *)text.data, text.len) : strdup("");
}

static enum atls_err bad_key(const char *step, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "CBOR map", "another key, or one twice",
                           "texts and integers, each once");
}

/* add makes the value of an item a member of the innermost container, and opens it. */
static enum atls_err add(struct to_json *s, const struct atls_cbor *item,
                         const struct atls_cbor *key, const char *step, struct atls_diag *diag)
{
    struct atls_cbor inner = *item;
    struct open_cbor *top = s->depth != 0 ? &s->open[s->depth - 1] : NULL;
    while (inner.type == ATLS_CBOR_TAG) {
        struct atls_cbor_iter iter = {inner.content, 1};
        if (!atls_cbor_next(&iter, &inner)) {
            return atls_fail(diag, ATLS_ERR_STATE, step, "CBOR tag");
        }
    }
    char *name = top != NULL && top->is_map ? key_of(key) : NULL;
    if (top != NULL && top->is_map && (name == NULL || json_object_get(top->value, name) != NULL)) {
        free(name);
        return bad_key(step, diag);
    }
    json_t *value = new_value(&inner);
    int failed = value != NULL ? 0 : -1;
    if (failed == 0 && top != NULL) {
        failed = top->is_map ? json_object_set_new(top->value, name, value)
                             : json_array_append_new(top->value, value);
    }
    free(name);
    if (failed != 0 || s->depth == ATLS_ARRAY_LEN(s->open)) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "JSON");
    }
    if (top == NULL || json_is_array(value) || json_is_object(value)) {
        struct open_cbor *opened = &s->open[s->depth++];
        opened->value = value;
        opened->is_map = inner.type == ATLS_CBOR_MAP;
        const bool is_container = opened->is_map || inner.type == ATLS_CBOR_ARRAY;
        opened->iter = is_container ? atls_cbor_members(&inner) : (struct atls_cbor_iter){{0}, 0};
    }
    return ATLS_OK;
}

enum atls_err atls_cbor_to_json(json_t **out, const struct atls_cbor *item, const char *step,
                                struct atls_diag *diag)
{
    struct to_json s = {.depth = 0};
    struct atls_cbor key;
    struct atls_cbor value;
    enum atls_err err = add(&s, item, NULL, step, diag);
    while (err == ATLS_OK && s.depth > 0) {
        struct open_cbor *top = &s.open[s.depth - 1];
        const bool more = top->is_map ? atls_cbor_next_pair(&top->iter, &key, &value)
                                      : atls_cbor_next(&top->iter, &value);
        if (more) {
            err = add(&s, &value, &key, step, diag);
        } else {
            s.depth--;
        }
    }
    if (err != ATLS_OK) {
        json_decref(s.open[0].value);
        return err;
    }
    *out = s.open[0].value;
    return ATLS_OK;
}
