/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements of templates: {"key": {"type", "value"}, "value": {…}}. The key "psa.refval-id" of
 * before 2025 holds what is now the values name, version and cryptokeys.
 */
#include "endorsement/template.h"

#include "base/span.h"
#include "json/base64.h"

static const char step[] = "template: measurement";

/* What goes into the map mval where the key is psa.refval-id. */
struct values {
    const json_t *version; /* strings; NULL when absent */
    const json_t *name;
    const json_t *signer_id; /* base64 */
    const json_t *digests;
};

/* split_text takes "sha-256:…" or "sha-256;…" apart. */
static bool split_text(struct atls_bytes text, struct atls_bytes *alg, struct atls_bytes *octets)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ':' || text.data[i] == ';') {
            *alg = atls_bytes_of(text.data, i);
            *octets = atls_bytes_of(&text.data[i + 1], text.len - i - 1);
            return true;
        }
    }
    return false;
}

/* find_alg looks a digest algorithm up by number or name. */
static const struct atls_corim_digest *find_alg(const json_t *value)
{
    struct atls_bytes name;
    if (json_is_integer(value)) {
        return atls_corim_digest_by_number(json_integer_value(value));
    }
    return atls_json_text_of(value, &name) ? atls_corim_digest_by_name(name) : NULL;
}

/* read_digest reads [1, base64url without padding] or "sha-256;padded base64". */
static bool read_digest(const json_t *item, const struct atls_corim_digest **out_alg,
                        struct atls_template_octets *out)
{
    const struct atls_buf room = {out->data, sizeof out->data};
    struct atls_bytes text;
    struct atls_bytes alg;
    if (json_is_array(item) && json_array_size(item) == 2) {
        *out_alg = find_alg(json_array_get(item, 0));
        return *out_alg != NULL && atls_json_text_of(json_array_get(item, 1), &text) &&
               atls_base64url_decode(text, room, &out->len);
    }
    if (!atls_json_text_of(item, &text) || !split_text(text, &alg, &text)) {
        return false;
    }
    *out_alg = atls_corim_digest_by_name(alg);
    return *out_alg != NULL && atls_base64_decode(text, room, &out->len);
}

/* put_digest writes [algorithm, octets]; false for a value of another form. */
static bool put_digest(const struct atls_template *t, const json_t *item)
{
    const struct atls_corim_digest *alg = NULL;
    struct atls_template_octets octets;
    if (!read_digest(item, &alg, &octets)) {
        return false;
    }
    atls_cbor_put_array(t->w, 2);
    atls_cbor_put_int(t->w, alg->number);
    atls_cbor_put_bytes(t->w, atls_bytes_of(octets.data, octets.len));
    return true;
}

#define DIGEST_FORMS "[1, base64url without padding] or \"sha-256;base64\""

enum atls_err atls_template_put_digest(const struct atls_template *t, const json_t *item,
                                       const char *claim)
{
    return put_digest(t, item) ? ATLS_OK
                               : atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, claim,
                                                 "another form", DIGEST_FORMS);
}

enum atls_err atls_template_put_digests(const struct atls_template *t, const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) == 0) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "digests",
                               atls_json_type_name(list), "an array that is not empty");
    }
    atls_cbor_put_array(t->w, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!put_digest(t, json_array_get(list, i))) {
            atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, "digests", "member ",
                            DIGEST_FORMS);
            atls_diag_found_int(t->diag, (int64_t)i);
            atls_diag_found_text(t->diag, " of another form");
            return ATLS_ERR_ENDORSEMENT;
        }
    }
    return ATLS_OK;
}

static enum atls_err put_string(const struct atls_template *t, const json_t *value,
                                const char *claim)
{
    struct atls_bytes text;
    if (!atls_json_text_of(value, &text)) {
        return atls_fail_texts(t->diag, ATLS_ERR_ENDORSEMENT, step, claim,
                               atls_json_type_name(value), "a string");
    }
    atls_cbor_put_text(t->w, text);
    return ATLS_OK;
}

/* put_values writes mval: 0 version, 2 digests, 11 name, 13 cryptokeys. */
static enum atls_err put_values(const struct atls_template *t, const struct values *values)
{
    enum atls_err err = ATLS_OK;
    const bool has_version = values->version != NULL;
    const bool has_name = values->name != NULL;
    const bool has_signer = values->signer_id != NULL;
    atls_cbor_put_map(t->w, 1u + has_version + has_name + has_signer);
    if (has_version) {
        atls_cbor_put_uint(t->w, 0);
        atls_cbor_put_map(t->w, 1);
        atls_cbor_put_uint(t->w, 0);
        err = put_string(t, values->version, "version");
    }
    atls_cbor_put_uint(t->w, 2);
    if (err == ATLS_OK) {
        err = atls_template_put_digests(t, values->digests);
    }
    if (err == ATLS_OK && has_name) {
        atls_cbor_put_uint(t->w, 11);
        err = put_string(t, values->name, "name");
    }
    if (err == ATLS_OK && has_signer) {
        struct atls_template_octets octets = {.len = 0};
        err = atls_template_base64(t, values->signer_id, "template: signer-id", &octets);
        atls_cbor_put_uint(t->w, 13);
        atls_cbor_put_array(t->w, 1);
        atls_cbor_put_tag(t->w, ATLS_TAG_BYTES);
        atls_cbor_put_bytes(t->w, atls_bytes_of(octets.data, octets.len));
    }
    return err;
}

/* put_refval_id writes mkey and mval for the key psa.refval-id, {"label", "version",
 * "signer-id"}. */
static enum atls_err put_refval_id(const struct atls_template *t, const json_t *id,
                                   const json_t *value)
{
    static const char id_step[] = "template: psa.refval-id";
    static const char *const names[] = {"label", "version", "signer-id", NULL};
    static const char *const value_names[] = {"digests", NULL};
    enum atls_err err = atls_json_only_keys(id, names, id_step, t->diag);
    if (err == ATLS_OK) {
        err = atls_json_only_keys(value, value_names, id_step, t->diag);
    }
    const struct values values = {.version = json_object_get(id, "version"),
                                  .name = json_object_get(id, "label"),
                                  .signer_id = json_object_get(id, "signer-id"),
                                  .digests = json_object_get(value, "digests")};
    atls_cbor_put_uint(t->w, 0);
    atls_cbor_put_str(t->w, ATLS_PSA_COMPONENT_KEY);
    atls_cbor_put_uint(t->w, 1);
    return err != ATLS_OK ? err : put_values(t, &values);
}

static bool is_refval_id(const json_t *key)
{
    struct atls_bytes type;
    return atls_json_text_of(json_object_get(key, "type"), &type) &&
           atls_bytes_is_text(type, "psa.refval-id");
}

enum atls_err atls_template_put_mkey(const struct atls_template *t, const json_t *object)
{
    static const char key_step[] = "template: measurement key";
    struct atls_bytes type;
    const json_t *value = NULL;
    const enum atls_err err = atls_template_typed(t, object, key_step, &type, &value);
    if (err != ATLS_OK) {
        return err;
    }
    if (atls_bytes_is_text(type, "string")) {
        return put_string(t, value, "key");
    }
    if (atls_bytes_is_text(type, "uuid") || atls_bytes_is_text(type, "oid")) {
        return atls_template_put_tagged(t, object, key_step);
    }
    if (!atls_bytes_is_text(type, "uint")) {
        return atls_template_refuse(t, key_step, "type", type,
                                    "string, uint, uuid, oid or psa.refval-id");
    }
    int64_t number = 0;
    const enum atls_err number_err =
        atls_json_int(&number, object, "value", 0, INT64_MAX, key_step, t->diag);
    atls_cbor_put_int(t->w, number);
    return number_err;
}

static enum atls_err put_authorized_by(const struct atls_template *t, const json_t *object)
{
    const json_t *list = NULL;
    enum atls_err err = atls_template_list(t, object, "authorized-by", step, &list);
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_uint(t->w, 2);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = atls_template_put_key(t, json_array_get(list, i));
    }
    return err;
}

enum atls_err atls_template_put_measurement(const struct atls_template *t, const json_t *object)
{
    static const char *const names[] = {"key", "value", "authorized-by", NULL};
    const json_t *key = NULL;
    const json_t *value = NULL;
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    const bool has_key = atls_json_has(object, "key");
    const bool has_authority = atls_json_has(object, "authorized-by");
    if (err == ATLS_OK && has_key) {
        err = atls_json_object(&key, object, "key", step, t->diag);
    }
    if (err == ATLS_OK) {
        err = atls_json_object(&value, object, "value", step, t->diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    atls_cbor_put_map(t->w, 1u + has_key + has_authority);
    if (is_refval_id(key)) {
        err = put_refval_id(t, json_object_get(key, "value"), value);
    } else {
        if (has_key) {
            atls_cbor_put_uint(t->w, 0);
            err = atls_template_put_mkey(t, key);
        }
        atls_cbor_put_uint(t->w, 1);
        err = err == ATLS_OK ? atls_template_put_values(t, value) : err;
    }
    return err == ATLS_OK && has_authority ? put_authorized_by(t, object) : err;
}
