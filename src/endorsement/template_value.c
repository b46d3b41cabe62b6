/* SPDX-License-Identifier: Apache-2.0 */
/* The small values of templates: identities, typed octets, dates, entities. */
#include "endorsement/template.h"

#include "base/span.h"
#include "json/base64.h"

#include <time.h>

enum atls_err atls_template_refuse(const struct atls_template *t, const char *step,
                                   const char *claim, struct atls_bytes found, const char *expected)
{
    const size_t shown = found.len < 80 ? found.len : 80;
    atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, claim, "\"", expected);
    atls_diag_found_peer_text(t->diag, atls_bytes_of(found.data, shown));
    atls_diag_found_text(t->diag, shown < found.len ? "...\"" : "\"");
    return ATLS_ERR_ENDORSEMENT;
}

enum atls_err atls_template_list(const struct atls_template *t, const json_t *object,
                                 const char *key, const char *step, const json_t **out)
{
    const enum atls_err err = atls_json_array(out, object, key, step, t->diag);
    if (err == ATLS_OK && json_array_size(*out) == 0) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, key, "an empty array",
                               "at least one member");
    }
    return err;
}

enum atls_err atls_template_typed(const struct atls_template *t, const json_t *object,
                                  const char *step, struct atls_bytes *out_type,
                                  const json_t **out_value)
{
    static const char *const names[] = {"type", "value", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    if (err == ATLS_OK) {
        err = atls_json_text(out_type, object, "type", step, t->diag);
    }
    if (err == ATLS_OK && !atls_json_has(object, "value")) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "value", "nothing", "a value");
    }
    *out_value = json_object_get(object, "value");
    return err;
}

enum atls_err atls_template_base64(const struct atls_template *t, const json_t *value,
                                   const char *step, struct atls_template_octets *out)
{
    static const char expected[] = "padded base64 of 1 to 256 octets";
    const struct atls_buf room = {out->data, sizeof out->data};
    struct atls_bytes text;
    if (!atls_json_text_of(value, &text)) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "value",
                               atls_json_type_name(value), expected);
    }
    if (!atls_base64_decode(text, room, &out->len) || out->len == 0) {
        return atls_template_refuse(t, step, "value", text, expected);
    }
    return ATLS_OK;
}

bool atls_template_uuid(struct atls_bytes text, uint8_t out[16])
{
    static const size_t hyphens[] = {8, 13, 18, 23};
    uint8_t digits[32];
    size_t num_digits = 0;
    size_t next_hyphen = 0;
    if (text.len != 36) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (next_hyphen < ATLS_ARRAY_LEN(hyphens) && i == hyphens[next_hyphen]) {
            if (text.data[i] != '-') {
                return false;
            }
            next_hyphen++;
        } else {
            digits[num_digits++] = text.data[i];
        }
    }
    const struct atls_buf room = {out, 16};
    size_t len = 0;
    return atls_hex_decode(atls_bytes_of(digits, num_digits), room, &len) && len == 16;
}

/* next_arc reads decimal digits up to a dot or the end. */
static bool next_arc(struct atls_bytes *text, uint32_t *out)
{
    uint64_t arc = 0;
    size_t i = 0;
    for (; i < text->len && text->data[i] != '.'; i++) {
        if (text->data[i] < '0' || text->data[i] > '9' || arc > UINT32_MAX / 10) {
            return false;
        }
        arc = arc * 10 + (uint64_t)(text->data[i] - '0');
    }
    const bool more = i < text->len;
    if (i == 0 || arc > UINT32_MAX || (more && i + 1 == text->len)) {
        return false;
    }
    const size_t taken = more ? i + 1 : i;
    *text = atls_bytes_of(&text->data[taken], text->len - taken);
    *out = (uint32_t)arc;
    return true;
}

/* put_arc appends base 128 with the high bit on all octets but the last (X.690, 8.19.2). */
static bool put_arc(struct atls_template_octets *out, uint64_t arc)
{
    int shift = 63;
    while (shift > 0 && arc >> shift == 0) {
        shift -= 7;
    }
    for (; shift >= 0; shift -= 7) {
        if (out->len == sizeof out->data) {
            return false;
        }
        const uint64_t digit = arc >> shift & 0x7f;
        out->data[out->len++] = (uint8_t)(shift > 0 ? digit | 0x80 : digit);
    }
    return true;
}

bool atls_template_oid(struct atls_bytes text, struct atls_template_octets *out)
{
    uint32_t first;
    uint32_t arc;
    out->len = 0;
    if (!next_arc(&text, &first) || !next_arc(&text, &arc) || first > 2 ||
        (first < 2 && arc > 39) || !put_arc(out, (uint64_t)first * 40 + arc)) {
        return false;
    }
    while (text.len > 0) {
        if (!next_arc(&text, &arc) || !put_arc(out, arc)) {
            return false;
        }
    }
    return true;
}

enum atls_err atls_template_put_id(const struct atls_template *t, const json_t *object,
                                   const char *key, const char *step)
{
    struct atls_bytes text;
    uint8_t uuid[16];
    const enum atls_err err = atls_json_text(&text, object, key, step, t->diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (text.len == 0) {
        return atls_template_refuse(t, step, key, text, "a text that is not empty");
    }
    if (atls_template_uuid(text, uuid)) {
        atls_cbor_put_bytes(t->w, atls_bytes_of(uuid, sizeof uuid));
    } else {
        atls_cbor_put_text(t->w, text);
    }
    return ATLS_OK;
}

/* number_at reads `len` decimal digits. */
static bool number_at(struct atls_bytes text, size_t at, size_t len, int *out)
{
    int number = 0;
    for (size_t i = at; i < at + len; i++) {
        if (i >= text.len || text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    *out = number;
    return true;
}

/* offset_at reads "Z" or a numeric offset, in seconds. */
static bool offset_at(struct atls_bytes text, size_t at, int *out)
{
    int hours = 0;
    int minutes = 0;
    if (text.len == at + 1 && (text.data[at] == 'Z' || text.data[at] == 'z')) {
        *out = 0;
        return true;
    }
    if (text.len != at + 6 || text.data[at + 3] != ':' || !number_at(text, at + 1, 2, &hours) ||
        !number_at(text, at + 4, 2, &minutes) || hours > 23 || minutes > 59 ||
        (text.data[at] != '+' && text.data[at] != '-')) {
        return false;
    }
    const int offset = hours * 3600 + minutes * 60;
    *out = text.data[at] == '+' ? offset : -offset;
    return true;
}

/* parse_date reads YYYY-MM-DDThh:mm:ss and an offset (RFC 3339, 5.6). */
static bool parse_date(struct atls_bytes text, int64_t *out)
{
    struct tm parts = {.tm_isdst = 0};
    int offset = 0;
    const bool syntax = text.len >= 20 && number_at(text, 0, 4, &parts.tm_year) &&
                        text.data[4] == '-' && number_at(text, 5, 2, &parts.tm_mon) &&
                        text.data[7] == '-' && number_at(text, 8, 2, &parts.tm_mday) &&
                        (text.data[10] == 'T' || text.data[10] == 't') &&
                        number_at(text, 11, 2, &parts.tm_hour) && text.data[13] == ':' &&
                        number_at(text, 14, 2, &parts.tm_min) && text.data[16] == ':' &&
                        number_at(text, 17, 2, &parts.tm_sec) && offset_at(text, 19, &offset);
    if (!syntax) {
        return false;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const struct tm given = parts;
    const time_t when = timegm(&parts);
    /* A date that does not exist comes back as another one. */
    if (parts.tm_mon != given.tm_mon || parts.tm_mday != given.tm_mday ||
        parts.tm_hour != given.tm_hour || parts.tm_min != given.tm_min ||
        parts.tm_sec != given.tm_sec) {
        return false;
    }
    *out = (int64_t)when - offset;
    return true;
}

enum atls_err atls_template_put_date(const struct atls_template *t, const json_t *object,
                                     const char *key, const char *step)
{
    struct atls_bytes text;
    int64_t seconds;
    const enum atls_err err = atls_json_text(&text, object, key, step, t->diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!parse_date(text, &seconds)) {
        return atls_template_refuse(t, step, key, text, "a date such as 2027-12-31T00:00:00Z");
    }
    atls_cbor_put_tag(t->w, ATLS_TAG_EPOCH);
    atls_cbor_put_int(t->w, seconds);
    return ATLS_OK;
}

enum atls_err atls_template_put_tagged(const struct atls_template *t, const json_t *object,
                                       const char *step)
{
    static const struct {
        const char *type;
        uint64_t tag;
    } kinds[] = {
        {"bytes", ATLS_TAG_BYTES}, {"psa.impl-id", ATLS_TAG_BYTES}, {"uuid", ATLS_TAG_UUID},
        {"oid", ATLS_TAG_OID},     {"ueid", ATLS_TAG_UEID},
    };
    struct atls_bytes type;
    const json_t *value = NULL;
    enum atls_err err = atls_template_typed(t, object, step, &type, &value);
    if (err != ATLS_OK) {
        return err;
    }
    size_t kind = 0;
    while (kind < ATLS_ARRAY_LEN(kinds) && !atls_bytes_is_text(type, kinds[kind].type)) {
        kind++;
    }
    if (kind == ATLS_ARRAY_LEN(kinds) && atls_template_is_key_type(type)) {
        return atls_template_put_key(t, object);
    }
    if (kind == ATLS_ARRAY_LEN(kinds)) {
        return atls_template_refuse(t, step, "type", type,
                                    "bytes, uuid, oid, ueid, psa.impl-id or a type of keys");
    }
    struct atls_template_octets octets = {.len = 16};
    struct atls_bytes text = {NULL, 0};
    const bool is_text = atls_json_text_of(value, &text);
    if (kinds[kind].tag == ATLS_TAG_UUID) {
        if (!is_text || !atls_template_uuid(text, octets.data)) {
            return atls_template_refuse(t, step, "value", text, "the text of a UUID");
        }
    } else if (kinds[kind].tag == ATLS_TAG_OID) {
        if (!is_text || !atls_template_oid(text, &octets)) {
            return atls_template_refuse(t, step, "value", text, "a dotted OID");
        }
    } else {
        err = atls_template_base64(t, value, step, &octets);
    }
    atls_cbor_put_tag(t->w, kinds[kind].tag);
    atls_cbor_put_bytes(t->w, atls_bytes_of(octets.data, octets.len));
    return err;
}

static enum atls_err put_roles(const struct atls_template *t, const json_t *object,
                               const char *const *roles, uint64_t first_role)
{
    const json_t *list = NULL;
    const enum atls_err err = atls_template_list(t, object, "roles", "template: entity", &list);
    if (err != ATLS_OK) {
        return err;
    }
    atls_cbor_put_array(t->w, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct atls_bytes role = {NULL, 0};
        const bool is_text = atls_json_text_of(json_array_get(list, i), &role);
        uint64_t number = 0;
        while (roles[number] != NULL && !atls_bytes_is_text(role, roles[number])) {
            number++;
        }
        if (!is_text || roles[number] == NULL) {
            return atls_template_refuse(t, "template: entity", "roles", role,
                                        "a role that this template may have");
        }
        atls_cbor_put_uint(t->w, first_role + number);
    }
    return ATLS_OK;
}

enum atls_err atls_template_put_entity(const struct atls_template *t, const json_t *object,
                                       const char *const *roles, uint64_t first_role)
{
    static const char step[] = "template: entity";
    static const char *const names[] = {"name", "regid", "roles", NULL};
    struct atls_bytes text;
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    if (err == ATLS_OK) {
        err = atls_json_text(&text, object, "name", step, t->diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_regid = atls_json_has(object, "regid");
    atls_cbor_put_map(t->w, has_regid ? 3 : 2);
    atls_cbor_put_uint(t->w, 0);
    atls_cbor_put_text(t->w, text);
    if (has_regid) {
        err = atls_json_text(&text, object, "regid", step, t->diag);
        if (err != ATLS_OK) {
            return err;
        }
        atls_cbor_put_uint(t->w, 1);
        atls_cbor_put_tag(t->w, ATLS_TAG_URI);
        atls_cbor_put_text(t->w, text);
    }
    atls_cbor_put_uint(t->w, 2);
    return put_roles(t, object, roles, first_role);
}
