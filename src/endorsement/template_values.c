/* SPDX-License-Identifier: Apache-2.0 */
/* Measured values of templates, member by member, in the order of their keys in CBOR. */
#include "endorsement/template.h"

#include "base/span.h"
#include "json/base64.h"

#include <arpa/inet.h>

static const char step[] = "template: values";

static enum atls_err refuse(const struct atls_template *t, const char *claim, const json_t *value,
                            const char *expected)
{
    struct atls_bytes text;
    if (atls_json_text_of(value, &text)) {
        return atls_template_refuse(t, step, claim, text, expected);
    }
    return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, claim, atls_json_type_name(value),
                           expected);
}

static enum atls_err put_text(const struct atls_template *t, const json_t *value, const char *name)
{
    struct atls_bytes text;
    if (!atls_json_text_of(value, &text)) {
        return refuse(t, name, value, "a string");
    }
    atls_cbor_put_text(t->w, text);
    return ATLS_OK;
}

static enum atls_err put_octets(const struct atls_template *t, const json_t *value,
                                const char *name)
{
    struct atls_template_octets octets = {.len = 0};
    (void)name;
    const enum atls_err err = atls_template_base64(t, value, step, &octets);
    atls_cbor_put_bytes(t->w, atls_bytes_of(octets.data, octets.len));
    return err;
}

static enum atls_err put_version(const struct atls_template *t, const json_t *object,
                                 const char *name)
{
    static const char version_step[] = "template: version";
    static const char *const names[] = {"value", "scheme", NULL};
    static const struct {
        const char *name;
        int64_t number;
    } schemes[] = {{"multipartnumeric", 1},
                   {"multipartnumeric+suffix", 2},
                   {"alphanumeric", 3},
                   {"decimal", 4},
                   {"semver", 16384}};
    struct atls_bytes scheme;
    enum atls_err err = atls_json_only_keys(object, names, version_step, t->diag);
    const bool has_scheme = atls_json_has(object, "scheme");
    atls_cbor_put_map(t->w, has_scheme ? 2 : 1);
    atls_cbor_put_uint(t->w, 0);
    if (err == ATLS_OK) {
        err = put_text(t, json_object_get(object, "value"), name);
    }
    if (err != ATLS_OK || !has_scheme) {
        return err;
    }
    err = atls_json_text(&scheme, object, "scheme", version_step, t->diag);
    for (size_t i = 0; err == ATLS_OK && i < ATLS_ARRAY_LEN(schemes); i++) {
        if (atls_bytes_is_text(scheme, schemes[i].name)) {
            atls_cbor_put_uint(t->w, 1);
            atls_cbor_put_int(t->w, schemes[i].number);
            return ATLS_OK;
        }
    }
    return err != ATLS_OK ? err
                          : atls_template_refuse(t, version_step, "scheme", scheme,
                                                 "multipartnumeric, multipartnumeric+suffix, "
                                                 "alphanumeric, decimal or semver");
}

/* read_number takes a number, or its decimal digits as a text: JSON numbers end at 2^63 - 1 here,
 * and the TCB versions of SEV-SNP do not. */
static bool read_number(const json_t *value, uint64_t *out)
{
    const char *digits = json_string_value(value);
    uint64_t number = 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return true;
    }
    if (digits == NULL || digits[0] == '\0' || strlen(digits) != json_string_length(value)) {
        return false;
    }
    for (; *digits != '\0'; digits++) {
        const uint64_t digit = (uint64_t)(*digits - '0');
        if (*digits < '0' || *digits > '9' || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return true;
}

/* put_svn writes {"type": "exact-value" or "min-value", "value": number}, or a bare number. */
static enum atls_err put_svn(const struct atls_template *t, const json_t *object, const char *name)
{
    static const char svn_step[] = "template: svn";
    struct atls_bytes type;
    const json_t *value = object;
    uint64_t number = 0;
    enum atls_err err = ATLS_OK;
    if (json_is_object(object)) {
        err = atls_template_typed(t, object, svn_step, &type, &value);
        if (err == ATLS_OK && !atls_bytes_is_text(type, "exact-value") &&
            !atls_bytes_is_text(type, "min-value")) {
            err = atls_template_refuse(t, svn_step, "type", type, "exact-value or min-value");
        }
        if (err != ATLS_OK) {
            return err;
        }
        atls_cbor_put_tag(t->w,
                          atls_bytes_is_text(type, "min-value") ? ATLS_TAG_MIN_SVN : ATLS_TAG_SVN);
    }
    if (!read_number(value, &number)) {
        return refuse(t, name, value, "a number that is not negative");
    }
    atls_cbor_put_uint(t->w, number);
    return ATLS_OK;
}

static enum atls_err put_digests(const struct atls_template *t, const json_t *list,
                                 const char *name)
{
    (void)name;
    return atls_template_put_digests(t, list);
}

static enum atls_err put_flags(const struct atls_template *t, const json_t *object,
                               const char *name)
{
    static const char *const names[ATLS_NUM_FLAGS + 1] = {"is-configured",
                                                          "is-secure",
                                                          "is-recovery",
                                                          "is-debug",
                                                          "is-replay-protected",
                                                          "is-integrity-protected",
                                                          "is-runtime-meas",
                                                          "is-immutable",
                                                          "is-tcb",
                                                          "is-confidentiality-protected",
                                                          "is-runtime-updatable",
                                                          NULL};
    (void)name;
    enum atls_err err = atls_json_only_keys(object, names, "template: flags", t->diag);
    atls_cbor_put_map(t->w, json_object_size(object));
    for (uint64_t i = 0; names[i] != NULL && err == ATLS_OK; i++) {
        const json_t *value = json_object_get(object, names[i]);
        if (value != NULL && !json_is_boolean(value)) {
            err = refuse(t, names[i], value, "true or false");
        } else if (value != NULL) {
            atls_cbor_put_uint(t->w, i);
            atls_cbor_put_bool(t->w, json_is_true(value));
        }
    }
    return err;
}

/* put_raw writes {"type": "bytes", "value"} or {"type": "masked", "value": {"value", "mask"}}. */
static enum atls_err put_raw(const struct atls_template *t, const json_t *object, const char *name)
{
    static const char raw_step[] = "template: raw-value";
    static const char *const names[] = {"value", "mask", NULL};
    struct atls_bytes type;
    const json_t *value = NULL;
    enum atls_err err = atls_template_typed(t, object, raw_step, &type, &value);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_bytes_is_text(type, "bytes")) {
        atls_cbor_put_tag(t->w, ATLS_TAG_BYTES);
        return put_octets(t, value, name);
    }
    if (!atls_bytes_is_text(type, "masked")) {
        return atls_template_refuse(t, raw_step, "type", type, "bytes or masked");
    }
    err = atls_json_only_keys(value, names, raw_step, t->diag);
    atls_cbor_put_tag(t->w, ATLS_TAG_MASKED);
    atls_cbor_put_array(t->w, 2);
    for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
        err = put_octets(t, json_object_get(value, names[i]), name);
    }
    return err;
}

/* put_mac writes pairs of hexadecimal digits with colons or hyphens between. */
static enum atls_err put_mac(const struct atls_template *t, const json_t *value, const char *name)
{
    uint8_t digits[16];
    uint8_t octets[8];
    struct atls_bytes text = {NULL, 0};
    size_t num = 0;
    size_t len = 0;
    bool fits = atls_json_text_of(value, &text) && (text.len == 17 || text.len == 23);
    for (size_t i = 0; fits && i < text.len; i++) {
        if (i % 3 == 2) {
            fits = text.data[i] == ':' || text.data[i] == '-';
        } else {
            digits[num++] = text.data[i];
        }
    }
    const struct atls_buf room = {octets, sizeof octets};
    if (!fits || !atls_hex_decode(atls_bytes_of(digits, num), room, &len)) {
        return refuse(t, name, value, "an address such as 00:00:5e:00:53:01");
    }
    atls_cbor_put_bytes(t->w, atls_bytes_of(octets, len));
    return ATLS_OK;
}

static enum atls_err put_ip(const struct atls_template *t, const json_t *value, const char *name)
{
    uint8_t octets[16];
    const char *text = json_string_value(value);
    if (text != NULL && inet_pton(AF_INET, text, octets) == 1) {
        atls_cbor_put_bytes(t->w, atls_bytes_of(octets, 4));
        return ATLS_OK;
    }
    if (text != NULL && inet_pton(AF_INET6, text, octets) == 1) {
        atls_cbor_put_bytes(t->w, atls_bytes_of(octets, 16));
        return ATLS_OK;
    }
    return refuse(t, name, value, "an address of IPv4 or IPv6");
}

static enum atls_err put_uuid(const struct atls_template *t, const json_t *value, const char *name)
{
    uint8_t octets[16];
    struct atls_bytes text;
    if (!atls_json_text_of(value, &text) || !atls_template_uuid(text, octets)) {
        return refuse(t, name, value, "the text of a UUID");
    }
    atls_cbor_put_bytes(t->w, atls_bytes_of(octets, sizeof octets));
    return ATLS_OK;
}

static enum atls_err put_cryptokeys(const struct atls_template *t, const json_t *list,
                                    const char *name)
{
    enum atls_err err = ATLS_OK;
    if (!json_is_array(list) || json_array_size(list) == 0) {
        return refuse(t, name, list, "an array that is not empty");
    }
    atls_cbor_put_array(t->w, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list) && err == ATLS_OK; i++) {
        err = atls_template_put_key(t, json_array_get(list, i));
    }
    return err;
}

/* put_registers writes {"0": {"key-type": "uint", "value": [digest]}}. */
static enum atls_err put_registers(const struct atls_template *t, const json_t *object,
                                   const char *name)
{
    static const char registers_step[] = "template: integrity-registers";
    static const char *const names[] = {"key-type", "value", NULL};
    const char *key = NULL;
    json_t *value = NULL;
    enum atls_err err = ATLS_OK;
    if (!json_is_object(object)) {
        return refuse(t, name, object, "an object");
    }
    atls_cbor_put_map(t->w, json_object_size(object));
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        struct atls_bytes type;
        err = atls_json_only_keys(value, names, registers_step, t->diag);
        if (err == ATLS_OK) {
            err = atls_json_text(&type, value, "key-type", registers_step, t->diag);
        }
        if (err != ATLS_OK) {
            return err;
        }
        uint64_t number = 0;
        const size_t digits = strspn(key, "0123456789");
        for (size_t i = 0; i < digits && digits < 19; i++) {
            number = number * 10 + (uint64_t)(key[i] - '0');
        }
        if (atls_bytes_is_text(type, "text")) {
            atls_cbor_put_str(t->w, key);
        } else if (atls_bytes_is_text(type, "uint") && digits > 0 && digits < 19 &&
                   key[digits] == '\0') {
            atls_cbor_put_uint(t->w, number);
        } else {
            return atls_template_refuse(t, registers_step, "key-type", type,
                                        "text, or uint with a number as name");
        }
        err = atls_template_put_digests(t, json_object_get(value, "value"));
        if (err != ATLS_OK) {
            return err;
        }
    }
    return ATLS_OK;
}

static void put_end(const struct atls_template *t, const json_t *value)
{
    if (json_is_integer(value)) {
        atls_cbor_put_int(t->w, json_integer_value(value));
    } else {
        atls_cbor_put_null(t->w);
    }
}

/* put_range writes {"type": "rawIntInteger" or "rawIntRange", "value"}; a range has min and max,
 * either of which may be null or absent. */
static enum atls_err put_range(const struct atls_template *t, const json_t *object,
                               const char *name)
{
    static const char *const names[] = {"min", "max", NULL};
    struct atls_bytes type;
    const json_t *value = object;
    enum atls_err err = ATLS_OK;
    if (json_is_object(object)) {
        err = atls_template_typed(t, object, "template: int-range", &type, &value);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (json_is_integer(value)) {
        atls_cbor_put_int(t->w, json_integer_value(value));
        return ATLS_OK;
    }
    err = atls_json_only_keys(value, names, "template: int-range", t->diag);
    for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
        const json_t *end = json_object_get(value, names[i]);
        if (end != NULL && !json_is_null(end) && !json_is_integer(end)) {
            err = refuse(t, name, end, "an integer or null");
        }
    }
    atls_cbor_put_tag(t->w, ATLS_TAG_INT_RANGE);
    atls_cbor_put_array(t->w, 2);
    put_end(t, json_object_get(value, "min"));
    put_end(t, json_object_get(value, "max"));
    return err;
}

static const struct atls_template_member members[] = {
    {"version", 0, put_version},
    {"svn", 1, put_svn},
    {"digests", 2, put_digests},
    {"flags", 3, put_flags},
    {"raw-value", 4, put_raw},
    {"raw-value-mask", 5, put_octets},
    {"mac-addr", 6, put_mac},
    {"ip-addr", 7, put_ip},
    {"serial-number", 8, put_text},
    {"ueid", 9, put_octets},
    {"uuid", 10, put_uuid},
    {"name", 11, put_text},
    {"cryptokeys", 13, put_cryptokeys},
    {"integrity-registers", 14, put_registers},
    {"int-range", 15, put_range},
    {"psa-cert-num", 100, put_text},
};

static enum atls_err put_members(const struct atls_template *t, const json_t *object,
                                 const struct atls_template_member *rows, size_t num)
{
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        const json_t *value = json_object_get(object, rows[i].name);
        if (value != NULL) {
            atls_cbor_put_int(t->w, rows[i].key);
            err = rows[i].put(t, value, rows[i].name);
        }
    }
    return err;
}

enum atls_err atls_template_put_values(const struct atls_template *t, const json_t *object)
{
    const char *names[ATLS_ARRAY_LEN(members) + ATLS_TEMPLATE_NUM_INTEL + 1] = {NULL};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        names[i] = members[i].name;
    }
    for (size_t i = 0; i < ATLS_TEMPLATE_NUM_INTEL; i++) {
        names[ATLS_ARRAY_LEN(members) + i] = atls_template_intel[i].name;
    }
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_map(t->w, json_object_size(object));
    if (err == ATLS_OK) {
        err = put_members(t, object, members, ATLS_ARRAY_LEN(members));
    }
    return err == ATLS_OK ? put_members(t, object, atls_template_intel, ATLS_TEMPLATE_NUM_INTEL)
                          : err;
}
