/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as one line. jansson looks at each character of each text by itself; nearly all texts need
 * nothing but to be copied, and that is what is done here. What is rare (control characters, real
 * numbers, very deep nesting) is left to jansson, which writes the same: into a buffer, where it
 * writes all or says that it did not. (Its json_dumps of 2.14 leaves out the name of a member when
 * there is no memory, and goes on.)
 */
#include "base/span.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_TRY = 2048, MAX_DEPTH = 32 };

struct text {
    char *data; /* owned; it may be the file of a key, so it is wiped */
    size_t len, cap;
    bool failed; /* no memory, or something rare */
};

static void drop(struct text *text)
{
    if (text->data != NULL) {
        atls_wipe(text->data, text->cap);
    }
    free(text->data);
    text->data = NULL;
}

/* room gives where `more` characters and a NUL fit, or NULL. */
static char *room(struct text *text, size_t more)
{
    if (text->failed || more > SIZE_MAX / 4 || text->len > SIZE_MAX / 4) {
        text->failed = true;
        return NULL;
    }
    if (text->len + more + 1 > text->cap) {
        const size_t cap = 2 * (text->len + more) + FIRST_TRY;
        char *data = malloc(cap);
        if (data == NULL) {
            text->failed = true;
            return NULL;
        }
        if (text->len != 0) {
            memcpy(data, text->data, text->len);
        }
        drop(text);
        text->data = data;
        text->cap = cap;
    }
    return text->data + text->len;
}

static void put(struct text *text, const char *characters, size_t len)
{
    char *at = room(text, len);
    if (at != NULL) {
        memcpy(at, characters, len);
        text->len += len;
    }
}

/* put_string: a text of jansson's is UTF-8, and needs no more than its escapes. */
static void put_string(struct text *text, const char *characters, size_t len)
{
    char *at = room(text, 2 * len + 2);
    if (at == NULL) {
        return;
    }
    const char *begin = at;
    *at++ = '"';
    for (size_t i = 0; i < len; i++) {
        const char character = characters[i];
        if ((unsigned char)character < 0x20) {
            text->failed = true;
            return;
        }
        if (character == '"' || character == '\\') {
            *at++ = '\\';
        }
        *at++ = character;
    }
    *at++ = '"';
    text->len += (size_t)(at - begin);
}

static void put_scalar(struct text *text, const json_t *value)
{
    char digits[24];
    switch (json_typeof(value)) {
    case JSON_STRING:
        put_string(text, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        put(text, digits,
            (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT,
                             json_integer_value(value)));
        break;
    case JSON_TRUE:
        put(text, "true", 4);
        break;
    case JSON_FALSE:
        put(text, "false", 5);
        break;
    case JSON_NULL:
        put(text, "null", 4);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_REAL:
    default:
        text->failed = true;
        break;
    }
}

/* An object or array of which some members are written. */
struct level {
    json_t *value;
    void *member;
    size_t index;
    bool is_object, has_any;
};

static struct level open_level(struct text *text, json_t *value)
{
    const bool is_object = json_is_object(value);
    put(text, is_object ? "{" : "[", 1);
    return (struct level){.value = value,
                          .member = is_object ? json_object_iter(value) : NULL,
                          .is_object = is_object};
}

/* next gives the member that follows, with its name written; NULL after the last. */
static json_t *next(struct text *text, struct level *level)
{
    json_t *value = NULL;
    const bool is_there =
        level->is_object ? level->member != NULL : level->index < json_array_size(level->value);
    if (!is_there) {
        put(text, level->is_object ? "}" : "]", 1);
        return NULL;
    }
    if (level->has_any) {
        put(text, ",", 1);
    }
    level->has_any = true;
    if (level->is_object) {
        const char *name = json_object_iter_key(level->member);
        put_string(text, name, strlen(name));
        put(text, ":", 1);
        value = json_object_iter_value(level->member);
        level->member = json_object_iter_next(level->value, level->member);
    } else {
        value = json_array_get(level->value, level->index++);
    }
    return value;
}

static void write_all(struct text *text, json_t *value)
{
    struct level levels[MAX_DEPTH];
    size_t depth = 0;
    while (value != NULL && !text->failed) {
        if (!json_is_object(value) && !json_is_array(value)) {
            put_scalar(text, value);
        } else if (depth < MAX_DEPTH) {
            levels[depth++] = open_level(text, value);
        } else {
            text->failed = true;
        }
        value = NULL;
        while (value == NULL && depth > 0 && !text->failed) {
            value = next(text, &levels[depth - 1]);
            depth -= value == NULL ? 1 : 0;
        }
    }
}

/* jansson says how long a text is that does not fit. */
static char *dump_by_jansson(const json_t *value)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    size_t cap = FIRST_TRY;
    for (;;) {
        char *text = malloc(cap);
        const size_t len = text != NULL ? json_dumpb(value, text, cap - 1, flags) : 0;
        if (len == 0) { /* it failed: no JSON is that short */
            free(text);
            return NULL;
        }
        if (len < cap) {
            text[len] = '\0';
            return text;
        }
        atls_wipe(text, cap);
        free(text);
        cap = len + 1;
    }
}

char *atls_json_dump(const json_t *value)
{
    struct text text = {.data = NULL};
    if (value == NULL) {
        return NULL;
    }
    write_all(&text, (json_t *)(uintptr_t)value); /* its members are asked for as not constant */
    char *end = room(&text, 0);
    if (end == NULL) {
        drop(&text);
        return dump_by_jansson(value);
    }
    *end = '\0';
    return text.data;
}
