/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for values of both forms. */
#include "inspect/value_form.h"

#include "base/span.h"

struct inspect_value inspect_value_octets(struct atls_bytes octets)
{
    const struct inspect_value v = {
        .form = INSPECT_OCTETS, .type = INSPECT_BYTES, .content = octets, .encoded = octets};
    return v;
}

static struct inspect_value first_of(enum inspect_form form, struct atls_bytes octets)
{
    return form == INSPECT_JSON ? inspect_value_json(octets) : inspect_value_cbor(octets);
}

struct inspect_iter inspect_members(const struct inspect_value *container)
{
    const bool has_members = container->type == INSPECT_ARRAY || container->type == INSPECT_MAP;
    const struct inspect_iter iter = {container->form,
                                      has_members ? container->content : atls_bytes_of(NULL, 0)};
    return iter;
}

bool inspect_next(struct inspect_iter *iter, struct inspect_value *out)
{
    if (iter->form == INSPECT_JSON) {
        iter->rest = inspect_json_skip(iter->rest);
    }
    if (iter->rest.len == 0) {
        return false;
    }
    const struct inspect_value v = first_of(iter->form, iter->rest);
    /* Blanks may stand before a JSON value, and every value has an octet at least. */
    const size_t blanks = (size_t)(v.encoded.data - iter->rest.data);
    iter->rest = inspect_rest(iter->rest, blanks + v.encoded.len);
    *out = v;
    return true;
}

bool inspect_next_pair(struct inspect_iter *iter, struct inspect_value *key,
                       struct inspect_value *value)
{
    if (!inspect_next(iter, key)) {
        return false;
    }
    if (!inspect_next(iter, value)) {
        *value = first_of(iter->form, iter->rest); /* nothing: BROKEN */
        value->cut = true;
    }
    return true;
}

bool inspect_get(const struct inspect_value *map, int64_t label, struct inspect_value *out)
{
    struct inspect_iter iter = inspect_members(map);
    struct inspect_value key;
    struct inspect_value value;
    while (map->type == INSPECT_MAP && inspect_next_pair(&iter, &key, &value)) {
        if (inspect_is_int(&key, label)) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool inspect_get_text(const struct inspect_value *map, const char *key, struct inspect_value *out)
{
    struct inspect_iter iter = inspect_members(map);
    struct inspect_value found;
    struct inspect_value value;
    while (map->type == INSPECT_MAP && inspect_next_pair(&iter, &found, &value)) {
        if (inspect_is_text(&found, key)) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool inspect_at(const struct inspect_value *array, size_t index, struct inspect_value *out)
{
    struct inspect_iter iter = inspect_members(array);
    struct inspect_value value;
    for (size_t i = 0; array->type == INSPECT_ARRAY && inspect_next(&iter, &value); i++) {
        if (i == index) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool inspect_has(const struct inspect_value *map, int64_t label)
{
    struct inspect_value value;
    return inspect_get(map, label, &value);
}

bool inspect_has_text(const struct inspect_value *map, const char *key)
{
    struct inspect_value value;
    return inspect_get_text(map, key, &value);
}

size_t inspect_count(const struct inspect_value *container, size_t most)
{
    struct inspect_iter iter = inspect_members(container);
    struct inspect_value key;
    struct inspect_value value;
    size_t count = 0;
    const bool counted = container->form == INSPECT_CBOR && !container->indefinite &&
                         !container->cut &&
                         (container->type == INSPECT_ARRAY || container->type == INSPECT_MAP);
    if (counted) { /* its head says how many there are, and they are all there */
        return container->argument < most ? (size_t)container->argument : most;
    }
    while (count < most && (container->type == INSPECT_MAP ? inspect_next_pair(&iter, &key, &value)
                                                           : inspect_next(&iter, &value))) {
        count++;
    }
    return count;
}

bool inspect_int(const struct inspect_value *v, int64_t *out)
{
    if ((v->type != INSPECT_UINT && v->type != INSPECT_NEGINT) || v->argument > INT64_MAX) {
        return false;
    }
    *out = v->type == INSPECT_UINT ? (int64_t)v->argument : -1 - (int64_t)v->argument;
    return true;
}

bool inspect_is_int(const struct inspect_value *v, int64_t number)
{
    int64_t found = 0;
    return inspect_int(v, &found) && found == number;
}

bool inspect_is_text(const struct inspect_value *v, const char *text)
{
    uint8_t room[256];
    const struct atls_buf out = {room, sizeof room};
    size_t len = 0;
    if (v->type != INSPECT_TEXT) {
        return false;
    }
    if (v->form == INSPECT_JSON && v->content.len <= 6 * sizeof room &&
        inspect_unescape(v->content, out, &len)) {
        return atls_bytes_is_text(atls_bytes_of(room, len), text);
    }
    return atls_bytes_is_text(v->content, text);
}

bool inspect_is_tag(const struct inspect_value *v, uint64_t number)
{
    return v->type == INSPECT_TAG && v->argument == number;
}

struct inspect_value inspect_inside(const struct inspect_value *v)
{
    return inspect_value_cbor(v->content);
}

const char *inspect_type_name(const struct inspect_value *v)
{
    const bool json = v->form == INSPECT_JSON;
    switch (v->type) {
    case INSPECT_UINT:
    case INSPECT_NEGINT:
        return "an integer";
    case INSPECT_BYTES:
        return v->form == INSPECT_CBOR ? "a byte string" : "octets";
    case INSPECT_TEXT:
        return json ? "a string" : "a text string";
    case INSPECT_ARRAY:
        return "an array";
    case INSPECT_MAP:
        return json ? "an object" : "a map";
    case INSPECT_TAG:
        return "a tag";
    case INSPECT_BOOL:
        return "a boolean";
    case INSPECT_NULL:
        return "null";
    case INSPECT_FLOAT:
        return "a floating-point number";
    case INSPECT_SIMPLE:
        return "a simple value";
    case INSPECT_BROKEN:
    default:
        return "octets that cannot be read";
    }
}
