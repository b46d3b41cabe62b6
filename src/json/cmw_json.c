/* SPDX-License-Identifier: Apache-2.0 */
#include "json/cmw_json.h"

#include "atls/limits.h"
#include "base/formats.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "CMW in JSON";

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const json_t *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, atls_json_type_name(found),
                           expected);
}

/* put_value decodes one value, at least one character of base64url. */
static enum atls_err put_value(struct atls_writer *w, const json_t *value, struct atls_diag *diag)
{
    struct atls_bytes text;
    if (!atls_json_text_of(value, &text) || text.len == 0) {
        return refuse(diag, "value", value, "base64url of one character or more");
    }
    size_t len = 0;
    const struct atls_buf room = {malloc(ATLS_BASE64_DECODED_SIZE(text.len)),
                                  ATLS_BASE64_DECODED_SIZE(text.len)};
    if (room.data == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "value");
    }
    enum atls_err err = ATLS_OK;
    if (atls_base64url_decode(text, room, &len)) {
        atls_cbor_put_bytes(w, atls_bytes_of(room.data, len));
    } else {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "value", "another text",
                              "base64url without padding");
    }
    free(room.data);
    return err;
}

static enum atls_err put_record(struct atls_writer *w, const json_t *record, struct atls_diag *diag)
{
    const size_t size = json_array_size(record);
    struct atls_bytes type;
    if (size < 2 || size > 3) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "record",
                               "another number of members", "two or three");
    }
    if (!atls_json_text_of(json_array_get(record, 0), &type)) {
        return refuse(diag, "type", json_array_get(record, 0), "a media type");
    }
    atls_cbor_put_array(w, size);
    atls_cbor_put_text(w, type);
    enum atls_err err = put_value(w, json_array_get(record, 1), diag);
    if (err != ATLS_OK || size == 2) {
        return err;
    }
    const json_t *ind = json_array_get(record, 2);
    if (!json_is_integer(ind) || json_integer_value(ind) < 1) {
        return refuse(diag, "ind", ind, "an integer, 1 to 4294967295");
    }
    atls_cbor_put_uint(w, (uint64_t)json_integer_value(ind));
    return ATLS_OK;
}

/* An object that is being walked. */
struct level {
    json_t *object;
    void *at; /* jansson's iterator; NULL at the end */
};

static struct level open_level(struct atls_writer *w, const json_t *object)
{
    struct level level = {(json_t *)(uintptr_t)object, NULL};
    level.at = json_object_iter(level.object);
    atls_cbor_put_map(w, json_object_size(object));
    return level;
}

static enum atls_err put_collection(struct atls_writer *w, const json_t *object,
                                    struct atls_diag *diag)
{
    struct level levels[ATLS_MAX_COLLECTION_DEPTH];
    size_t depth = 0;
    enum atls_err err = ATLS_OK;
    levels[depth++] = open_level(w, object);
    while (depth > 0 && err == ATLS_OK) {
        struct level *level = &levels[depth - 1];
        if (level->at == NULL) {
            depth--;
            continue;
        }
        const char *label = json_object_iter_key(level->at);
        const json_t *value = json_object_iter_value(level->at);
        struct atls_bytes type;
        level->at = json_object_iter_next(level->object, level->at);
        atls_cbor_put_str(w, label);
        if (strcmp(label, "__cmwc_t") == 0 && atls_json_text_of(value, &type)) {
            atls_cbor_put_text(w, type);
        } else if (json_is_array(value)) {
            err = put_record(w, value, diag);
        } else if (!json_is_object(value)) {
            err = refuse(diag, "member", value, "a record or a collection");
        } else if (depth == ATLS_MAX_COLLECTION_DEPTH) {
            err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "collection",
                                  "nesting that is too deep", "at most 4 levels");
        } else {
            levels[depth++] = open_level(w, value);
        }
    }
    return err;
}

static enum atls_err to_cbor(struct atls_writer *w, const json_t *value, struct atls_diag *diag)
{
    return json_is_array(value) ? put_record(w, value, diag) : put_collection(w, value, diag);
}

enum atls_err atls_cmw_json_parse(uint8_t **out, size_t *out_len, struct atls_bytes json,
                                  struct atls_diag *diag)
{
    json_t *value = NULL;
    enum atls_err err = atls_json_parse(&value, json, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    /* No item is longer in CBOR than in JSON, but for the heads of very long strings. */
    const struct atls_buf room = {malloc(json.len + 64), json.len + 64};
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    struct atls_cmw cmw;
    if (room.data == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, "");
    } else {
        err = to_cbor(&w, value, diag);
    }
    json_decref(value);
    if (err == ATLS_OK && !atls_writer_finish(&w, &len)) {
        err = atls_fail(diag, ATLS_ERR_BUFFER, step, "");
    }
    if (err == ATLS_OK) {
        err = atls_cmw_parse(&cmw, atls_bytes_of(room.data, len), diag);
    }
    if (err != ATLS_OK) {
        free(room.data);
        return err;
    }
    *out = room.data;
    *out_len = len;
    return ATLS_OK;
}

/* Content formats of RFC 9782, RFC 9999 and RFC 9781; those of Evidence are in base/formats.h. */
static const struct {
    uint16_t content_format;
    const char *media_type;
} registered[] = {
    {263, "application/eat+cwt"},      {264, "application/eat+jwt"},
    {265, "application/eat-bun+cbor"}, {266, "application/eat-bun+json"},
    {267, "application/eat-ucs+cbor"}, {268, "application/eat-ucs+json"},
    {273, "application/cmw+cbor"},     {274, "application/cmw+json"},
    {275, "application/cmw+cose"},     {276, "application/cmw+jws"},
    {601, "application/uccs+cbor"},
};

static const char *media_type_of(uint16_t content_format)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(registered); i++) {
        if (registered[i].content_format == content_format) {
            return registered[i].media_type;
        }
    }
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (atls_formats[i].has_content_format &&
            atls_formats[i].content_format == content_format) {
            return atls_formats[i].media_type;
        }
    }
    return NULL;
}

/* take hands `value` to `array`, and is false when there was no memory for one of them. */
static bool take(json_t *array, json_t *value)
{
    return json_array_append_new(array, value) == 0;
}

static json_t *text_value(struct atls_bytes text)
{
    return json_stringn((const char *)text.data, text.len);
}

static json_t *type_value(const struct atls_cmw *cmw)
{
    return cmw->by_content_format ? json_string(media_type_of(cmw->content_format))
                                  : text_value(cmw->media_type);
}

static enum atls_err write_record(json_t **out, const struct atls_cmw *cmw, struct atls_diag *diag)
{
    if (cmw->by_content_format && media_type_of(cmw->content_format) == NULL) {
        atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "type", "content format ",
                        "one whose media type is known");
        atls_diag_found_int(diag, cmw->content_format);
        return ATLS_ERR_ARGUMENT;
    }
    if (cmw->value.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "value", "nothing",
                               "one octet or more");
    }
    char *value = atls_base64url_new(cmw->value);
    json_t *record = json_array();
    const bool done = value != NULL && record != NULL && take(record, type_value(cmw)) &&
                      take(record, json_string(value)) &&
                      (cmw->ind == 0 || take(record, json_integer(cmw->ind)));
    free(value);
    if (!done) {
        json_decref(record);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "");
    }
    *out = record;
    return ATLS_OK;
}

/* set_member takes `value`. Labels are text that a peer chose, without a NUL at their end. */
static enum atls_err set_member(json_t *object, const struct atls_cbor *key, json_t *value,
                                struct atls_diag *diag)
{
    if (key->type != ATLS_CBOR_TEXT || memchr(key->content.data, 0, key->content.len) != NULL) {
        json_decref(value);
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "label", "another label",
                               "text without NUL");
    }
    char *label = strndup((const char *)key->content.data, key->content.len);
    if (label == NULL) {
        json_decref(value);
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "label");
    }
    const bool done = json_object_set_new(object, label, value) == 0;
    free(label);
    return done ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "label");
}

/* A collection that is being written; `object` belongs to the level above, but for the first. */
struct written_level {
    struct atls_cbor_iter iter;
    json_t *object;
};

/* write_member writes one member; a collection opens a level. */
static enum atls_err write_member(struct written_level *levels, size_t *depth,
                                  const struct atls_cbor *key, const struct atls_cbor *item,
                                  struct atls_diag *diag)
{
    json_t *parent = levels[*depth - 1].object;
    if (atls_cbor_is_text(key, "__cmwc_t")) {
        return set_member(parent, key, text_value(item->content), diag);
    }
    struct atls_cmw member;
    json_t *value = NULL;
    enum atls_err err = atls_cmw_parse_item(&member, item, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (member.kind != ATLS_CMW_COLLECTION) {
        err = write_record(&value, &member, diag);
        return err == ATLS_OK ? set_member(parent, key, value, diag) : err;
    }
    if (*depth == ATLS_MAX_COLLECTION_DEPTH) {
        return atls_fail(diag, ATLS_ERR_ARGUMENT, step, "nesting");
    }
    value = json_object();
    levels[*depth].iter = atls_cbor_members(&member.collection);
    levels[*depth].object = value;
    (*depth)++;
    return set_member(parent, key, value, diag);
}

static enum atls_err write_collection(json_t **out, const struct atls_cmw *cmw,
                                      struct atls_diag *diag)
{
    struct written_level levels[ATLS_MAX_COLLECTION_DEPTH];
    size_t depth = 0;
    json_t *root = json_object();
    enum atls_err err = root != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "");
    levels[depth].iter = atls_cbor_members(&cmw->collection);
    levels[depth++].object = root;
    while (depth > 0 && err == ATLS_OK) {
        struct atls_cbor key;
        struct atls_cbor item;
        if (atls_cbor_next_pair(&levels[depth - 1].iter, &key, &item)) {
            err = write_member(levels, &depth, &key, &item, diag);
        } else {
            depth--;
        }
    }
    if (err != ATLS_OK) {
        json_decref(root);
        return err;
    }
    *out = root;
    return ATLS_OK;
}

enum atls_err atls_cmw_json_write(char **out, const struct atls_cmw *cmw, struct atls_diag *diag)
{
    json_t *value = NULL;
    enum atls_err err = cmw->kind == ATLS_CMW_COLLECTION ? write_collection(&value, cmw, diag)
                                                         : write_record(&value, cmw, diag);
    if (err != ATLS_OK) {
        return err;
    }
    char *text = atls_json_dump(value);
    json_decref(value);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "");
    }
    *out = text;
    return ATLS_OK;
}

enum atls_err atls_cmw_read_any(struct atls_cmw *out, uint8_t **storage, struct atls_bytes input,
                                const char *what, struct atls_diag *diag)
{
    if (input.len == 0 || input.len > ATLS_MAX_CMW_LEN) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, what, "CMW in octets", NULL, "1 to ");
        atls_diag_found_int(diag, (int64_t)input.len);
        atls_diag_expected_int(diag, ATLS_MAX_CMW_LEN);
        return ATLS_ERR_MALFORMED;
    }
    if (input.data[0] == '[' || input.data[0] == '{') { /* neither starts a CMW in CBOR */
        size_t len = 0;
        const enum atls_err err = atls_cmw_json_parse(storage, &len, input, diag);
        if (err != ATLS_OK) {
            return err;
        }
        input = atls_bytes_of(*storage, len);
    }
    return atls_cmw_parse(out, input, diag);
}
