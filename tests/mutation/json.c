/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/json.h"

#include "base/span.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More items than any list of Intel's may have. */
#define MANY 200

/* The name of a second member until it is text: longer than that which it gets. */
static const char second[] = "a second member of this name, which is longer than any";

/* Where a field stands: a member of an object, or an item of a list. */
struct place {
    json_t *parent;
    char key[64];
    size_t index;
    json_t *value;
};

/* step_into takes the next part of a path: false where there is none such. */
static bool step_into(struct place *place, const char *part, size_t len)
{
    if (len >= sizeof place->key) {
        return false;
    }
    memcpy(place->key, part, len);
    place->key[len] = '\0';
    place->parent = place->value;
    place->index = (size_t)strtoul(place->key, NULL, 10);
    place->value = json_is_array(place->parent) ? json_array_get(place->parent, place->index)
                                                : json_object_get(place->parent, place->key);
    return place->value != NULL;
}

/* find gives the place of a path, which ends at '=' or at its end. */
static bool find(struct place *out, json_t *body, const char *path)
{
    struct place place = {.value = body};
    const char *end = &path[strcspn(path, "=")];
    while (path < end) {
        const size_t len = strcspn(path, ".=");
        if (!step_into(&place, path, len)) {
            return false;
        }
        path += len;
        path += *path == '.' ? 1 : 0;
    }
    *out = place;
    return true;
}

static bool set(const struct place *place, json_t *value)
{
    return value != NULL && (json_is_array(place->parent)
                                 ? json_array_set_new(place->parent, place->index, value) == 0
                                 : json_object_set_new(place->parent, place->key, value) == 0);
}

static json_t *reversed(const json_t *list)
{
    json_t *out = json_array();
    for (size_t i = json_array_size(list); i > 0; i--) {
        json_array_append(out, json_array_get(list, i - 1));
    }
    return out;
}

/* set_as_said puts what stands behind '='. */
static bool set_as_said(const struct place *place, const char *said)
{
    json_error_t error;
    return set(place, strcmp(said, "reversed") == 0 ? reversed(place->value)
                                                    : json_loads(said, JSON_DECODE_ANY, &error));
}

/* other_type gives a value of another type, by the names that variants of a type have in CBOR. */
static json_t *other_type(const json_t *value, unsigned variant)
{
    static const struct {
        const char *name;
        const char *json;
        json_type type;
    } types[] = {
        {"uint", "1", JSON_INTEGER},  {"text", "\"a\"", JSON_STRING},
        {"array", "[1]", JSON_ARRAY}, {"map", "{\"a\":1}", JSON_OBJECT},
        {"tag", "true", JSON_TRUE}, /* what is left over: JSON has no tags */
        {"null", "null", JSON_NULL},  {"float", "1.5", JSON_REAL},
    };
    json_error_t error;
    const char *name = value_variant_name(VALUE_CHANGE_TYPE, variant);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        if (strcmp(types[i].name, name) == 0 && types[i].type != json_typeof(value)) {
            return json_loads(types[i].json, JSON_DECODE_ANY, &error);
        }
    }
    return NULL;
}

static json_t *other_integer(json_int_t value, const struct value_change *change)
{
    static const json_int_t huge[] = {INT64_C(0x100000000), INT64_MAX, INT64_MIN};
    json_int_t changed = value;
    if (change->kind == VALUE_CHANGE_HUGE) {
        return json_integer(huge[change->variant]);
    }
    if (change->kind == VALUE_CHANGE_SHORT) {
        changed = value - 1;
    } else if (change->kind == VALUE_CHANGE_LONG) {
        changed = value + 1;
    } else if (change->kind == VALUE_CHANGE_ZERO) {
        changed = 0;
    }
    return changed != value && change->variant == 0 ? json_integer(changed) : NULL;
}

/* flip changes the last bit of the last character; of hexadecimal, which stays so, of the digit. */
static void flip(char *text, size_t len)
{
    static const char digits[] = "1032547698badcfeBADCFE";
    static const char of[] = "0123456789abcdefABCDEF";
    const char *digit = strchr(of, text[len - 1]);
    const bool is_hex = strspn(text, of) == len;
    text[len - 1] = is_hex ? digits[digit - of] : (char)(text[len - 1] ^ 1);
}

/* other_text changes characters. */
static json_t *other_text(const char *text, const struct value_change *change)
{
    char changed[4096];
    const size_t len = strlen(text);
    if (change->variant != 0 || len == 0 || len + 2 > sizeof changed) {
        return NULL;
    }
    memcpy(changed, text, len + 1);
    if (change->kind == VALUE_CHANGE_EMPTY) {
        changed[0] = '\0';
    } else if (change->kind == VALUE_CHANGE_SHORT) {
        changed[len - 1] = '\0';
    } else if (change->kind == VALUE_CHANGE_LONG) {
        changed[len] = changed[len - 1];
        changed[len + 1] = '\0';
    } else if (change->kind == VALUE_CHANGE_ZERO) {
        memset(changed, '0', len);
    } else if (change->kind == VALUE_CHANGE_OTHER) {
        flip(changed, len);
    } else if (change->kind == VALUE_CHANGE_HUGE) {
        memset(changed, 'f', sizeof changed - 1);
        changed[sizeof changed - 1] = '\0';
    }
    return strcmp(changed, text) != 0 ? json_string(changed) : NULL;
}

static json_t *other_list(const json_t *list, const struct value_change *change)
{
    const size_t num = json_array_size(list);
    const size_t wanted = change->kind == VALUE_CHANGE_EMPTY   ? 0
                          : change->kind == VALUE_CHANGE_SHORT ? num - 1
                          : change->kind == VALUE_CHANGE_LONG  ? num + 1
                          : change->kind == VALUE_CHANGE_HUGE  ? MANY
                                                               : num;
    if (wanted == num || change->variant != 0) {
        return NULL;
    }
    json_t *changed = json_array();
    for (size_t i = 0; i < wanted; i++) {
        json_array_append(changed, json_array_get(list, i < num ? i : num - 1));
    }
    return changed;
}

static json_t *other_value(const json_t *value, const struct value_change *change)
{
    if (change->kind == VALUE_CHANGE_TYPE) {
        return other_type(value, change->variant);
    }
    if (json_is_integer(value)) {
        return other_integer(json_integer_value(value), change);
    }
    if (json_is_string(value)) {
        return other_text(json_string_value(value), change);
    }
    if (json_is_array(value)) {
        return other_list(value, change);
    }
    return change->kind == VALUE_CHANGE_EMPTY && change->variant == 0 ? json_object() : NULL;
}

static bool leave_out(const struct place *place)
{
    return json_is_array(place->parent) ? json_array_remove(place->parent, place->index) == 0
                                        : json_object_del(place->parent, place->key) == 0;
}

/* put_twice puts an item twice, or a member under a name that `text_of` makes that of the first. */
static bool put_twice(const struct place *place)
{
    return json_is_array(place->parent)
               ? json_array_insert(place->parent, place->index, place->value) == 0
               : json_object_set(place->parent, second, place->value) == 0;
}

static bool apply(const struct place *place, const struct value_change *change)
{
    const char *said = strchr(change->field, '=');
    if (said != NULL) {
        return change->kind == VALUE_CHANGE_OTHER && set_as_said(place, &said[1]);
    }
    if (change->kind == VALUE_CHANGE_ABSENT) {
        return leave_out(place);
    }
    if (change->kind == VALUE_CHANGE_TWICE) {
        return put_twice(place);
    }
    return set(place, other_value(place->value, change));
}

/* text_of gives the text, with what is there twice under one name. */
static struct atls_bytes text_of(const json_t *body, const char *twice)
{
    char *text = json_dumps(body, JSON_COMPACT);
    char *at = text != NULL ? strstr(text, second) : NULL;
    if (text == NULL) {
        abort();
    }
    if (at != NULL) {
        memcpy(at, twice, strlen(twice));
        memmove(&at[strlen(twice)], &at[sizeof second - 1], strlen(&at[sizeof second - 1]) + 1);
    }
    const struct atls_bytes out = test_copy(atls_bytes_text(text));
    free(text);
    return out;
}

struct atls_bytes mutation_json(struct value_change *change, const char *name, const json_t *body)
{
    struct place place = {.value = NULL};
    json_t *copy = json_deep_copy(body);
    const size_t len = strlen(name);
    if (change->kind != VALUE_CHANGE_NONE && strncmp(change->field, name, len) == 0 &&
        change->field[len] == '.' && find(&place, copy, &change->field[len + 1])) {
        change->applied = apply(&place, change);
    }
    const struct atls_bytes text = text_of(copy, place.key);
    json_decref(copy);
    return text;
}
