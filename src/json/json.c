/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "atls/limits.h"
#include "base/span.h"
#include "json/base64.h"

#include <stdlib.h>

/*
 * depth_ok is true when no more than ATLS_MAX_JSON_DEPTH brackets are open at once. It runs before
 * jansson, whose parser calls itself for each. In well-formed JSON brackets outside strings are
 * all there is to count; malformed text is jansson's to refuse.
 */
static bool depth_ok(struct atls_bytes text, size_t *offset)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t octet = text.data[i];
        if (in_string) {
            if (octet == '\\') {
                i++;
            } else if (octet == '"') {
                in_string = false;
            }
        } else if (octet == '"') {
            in_string = true;
        } else if (octet == '[' || octet == '{') {
            depth++;
            if (depth > ATLS_MAX_JSON_DEPTH) {
                *offset = i;
                return false;
            }
        } else if ((octet == ']' || octet == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static enum atls_err syntax_error(const json_error_t *error, const char *step,
                                  struct atls_diag *diag)
{
    atls_fail_at(diag, ATLS_ERR_MALFORMED, step, "JSON",
                 error->position > 0 ? (size_t)error->position : 0, "strict JSON");
    atls_diag_found_peer_text(diag, atls_bytes_text(error->text));
    atls_diag_found_text(diag, " at line ");
    atls_diag_found_int(diag, error->line);
    atls_diag_found_text(diag, ", column ");
    atls_diag_found_int(diag, error->column);
    return ATLS_ERR_MALFORMED;
}

enum atls_err atls_json_parse(json_t **out, struct atls_bytes text, const char *step,
                              struct atls_diag *diag)
{
    if (text.len == 0 || text.len > ATLS_MAX_FILE_LEN) {
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "JSON in octets", NULL, "1 to 4194304");
        atls_diag_found_int(diag, (int64_t)text.len);
        return ATLS_ERR_MALFORMED;
    }
    size_t offset = 0;
    if (!depth_ok(text, &offset)) {
        return atls_fail_at(diag, ATLS_ERR_MALFORMED, step, "JSON", offset,
                            "at most 32 brackets inside one another");
    }
    json_error_t error;
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory) {
            return atls_fail(diag, ATLS_ERR_MEMORY, step, "JSON");
        }
        return syntax_error(&error, step, diag);
    }
    *out = value;
    return ATLS_OK;
}

void atls_json_cleanup(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

const char *atls_json_type_name(const json_t *value)
{
    if (value == NULL) {
        return "nothing";
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction or exponent";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
    default:
        return "null";
    }
}

/* wrong_type refuses `value`, which is the member `key`; peers choose neither `step` nor `key`. */
static enum atls_err wrong_type(const json_t *value, const char *key, const char *expected,
                                const char *step, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, key, atls_json_type_name(value),
                           expected);
}

enum atls_err atls_json_only_keys(const json_t *object, const char *const *names, const char *step,
                                  struct atls_diag *diag)
{
    if (!json_is_object(object)) {
        return wrong_type(object, "", "an object", step, diag);
    }
    /* jansson's iterators take no const object, though they change none. */
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at)) {
        const char *key = json_object_iter_key(at);
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "member", NULL, "a known name");
            atls_diag_found_peer_text(diag, atls_bytes_text(key));
            return ATLS_ERR_MALFORMED;
        }
    }
    return ATLS_OK;
}

bool atls_json_has(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

bool atls_json_text_of(const json_t *value, struct atls_bytes *out)
{
    if (!json_is_string(value)) {
        return false;
    }
    *out = atls_bytes_of(json_string_value(value), json_string_length(value));
    return true;
}

enum atls_err atls_json_text(struct atls_bytes *out, const json_t *object, const char *key,
                             const char *step, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, key);
    if (!atls_json_text_of(value, out)) {
        return wrong_type(value, key, "a string", step, diag);
    }
    return ATLS_OK;
}

enum atls_err atls_json_int(int64_t *out, const json_t *object, const char *key, int64_t min,
                            int64_t max, const char *step, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value)) {
        return wrong_type(value, key, "an integer", step, diag);
    }
    const int64_t number = json_integer_value(value);
    if (number < min || number > max) {
        atls_fail(diag, ATLS_ERR_MALFORMED, step, key);
        atls_diag_found_int(diag, number);
        atls_diag_expected_int(diag, min);
        atls_diag_expected_text(diag, " to ");
        atls_diag_expected_int(diag, max);
        return ATLS_ERR_MALFORMED;
    }
    *out = number;
    return ATLS_OK;
}

enum atls_err atls_json_bool(bool *out, const json_t *object, const char *key, const char *step,
                             struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value)) {
        return wrong_type(value, key, "a boolean", step, diag);
    }
    *out = json_is_true(value);
    return ATLS_OK;
}

enum atls_err atls_json_array(const json_t **out, const json_t *object, const char *key,
                              const char *step, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value)) {
        return wrong_type(value, key, "an array", step, diag);
    }
    *out = value;
    return ATLS_OK;
}

enum atls_err atls_json_object(const json_t **out, const json_t *object, const char *key,
                               const char *step, struct atls_diag *diag)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_object(value)) {
        return wrong_type(value, key, "an object", step, diag);
    }
    *out = value;
    return ATLS_OK;
}

typedef bool text_decoder(struct atls_bytes text, struct atls_buf out, size_t *out_len);

static enum atls_err octets(struct atls_buf out, size_t *out_len, size_t min, const json_t *object,
                            const char *key, text_decoder *decoder, const char *form,
                            const char *step, struct atls_diag *diag)
{
    struct atls_bytes text;
    enum atls_err err = atls_json_text(&text, object, key, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    size_t len = 0;
    if (!decoder(text, out, &len) || len < min) {
        /* The text is not shown: it may be a key or a nonce. */
        atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, key, "another text", form);
        atls_diag_expected_text(diag, " of ");
        atls_diag_expected_int(diag, (int64_t)min);
        atls_diag_expected_text(diag, " to ");
        atls_diag_expected_int(diag, (int64_t)out.cap);
        atls_diag_expected_text(diag, " octets");
        return ATLS_ERR_MALFORMED;
    }
    *out_len = len;
    return ATLS_OK;
}

enum atls_err atls_json_base64url(struct atls_buf out, size_t *out_len, size_t min,
                                  const json_t *object, const char *key, const char *step,
                                  struct atls_diag *diag)
{
    return octets(out, out_len, min, object, key, atls_base64url_decode,
                  "base64url without padding", step, diag);
}

enum atls_err atls_json_hex(struct atls_buf out, size_t *out_len, size_t min, const json_t *object,
                            const char *key, const char *step, struct atls_diag *diag)
{
    return octets(out, out_len, min, object, key, atls_hex_decode, "hex", step, diag);
}

enum atls_err atls_json_recode(enum atls_err err, enum atls_err instead, struct atls_diag *diag)
{
    if (err != ATLS_ERR_MALFORMED) {
        return err;
    }
    if (diag != NULL) {
        diag->err = instead;
    }
    return instead;
}
