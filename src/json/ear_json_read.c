/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON form of result/ear_form.h. Octets are base64url, with padding or without. */
#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/cmw_json.h"
#include "json/ear_json.h"
#include "json/json.h"
#include "json/jwk.h"
#include "result/ear_form.h"
#include "result/vector.h"

#include <stdlib.h>

enum { THUMBPRINT_LEN = 32 };

static const struct atls_bytes whole = {NULL, 0};

void atls_ear_json_cleanup(struct atls_ear_json *storage)
{
    json_decref(storage->claims);
    free(storage->octets);
    free(storage->record);
    atls_key_free(storage->key);
    memset(storage, 0, sizeof *storage);
}

static bool set_node(struct atls_ear_node *out, const json_t *value)
{
    memset(out, 0, sizeof *out);
    out->json = value;
    return value != NULL;
}

static bool member(const struct atls_ear_node *map, const struct atls_ear_row *row,
                   unsigned spelling, struct atls_ear_node *out)
{
    const char *const names[ATLS_EAR_NUM_SPELLING] = {row->name, row->old_name, row->dotted};
    return names[spelling] != NULL && set_node(out, json_object_get(map->json, names[spelling]));
}

static enum atls_ear_kind kind(const struct atls_ear_node *node)
{
    const json_t *value = node->json;
    return json_is_object(value)  ? ATLS_EAR_IS_MAP
           : json_is_array(value) ? ATLS_EAR_IS_ARRAY
                                  : ATLS_EAR_IS_OTHER;
}

static size_t count(const struct atls_ear_node *node)
{
    const json_t *value = node->json;
    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

static bool at(const struct atls_ear_node *node, size_t index, struct atls_bytes *name,
               struct atls_ear_node *out)
{
    if (json_is_array((const json_t *)node->json)) {
        return set_node(out, json_array_get(node->json, index));
    }
    /* jansson's iterators take no const object, though they change none. */
    json_t *object = (json_t *)(uintptr_t)node->json;
    void *iter = json_object_iter(object);
    for (size_t i = 0; i < index && iter != NULL; i++) {
        iter = json_object_iter_next(object, iter);
    }
    if (iter == NULL) {
        return false;
    }
    *name = atls_bytes_text(json_object_iter_key(iter));
    return set_node(out, json_object_iter_value(iter));
}

/* integer takes 1666529184.0 as well: some libraries know only one kind of number. */
static bool integer(const struct atls_ear_node *node, int64_t *out)
{
    const json_t *value = node->json;
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    const double real = json_real_value(value);
    if (!json_is_real(value) || real < -9007199254740992.0 || real > 9007199254740992.0 ||
        (double)(int64_t)real != real) {
        return false;
    }
    *out = (int64_t)real;
    return true;
}

static bool text(const struct atls_ear_node *node, struct atls_bytes *out)
{
    return atls_json_text_of(node->json, out);
}

static bool boolean(const struct atls_ear_node *node, bool *out)
{
    const json_t *value = node->json;
    *out = json_is_true(value);
    return json_is_boolean(value);
}

static bool tier(const struct atls_ear_node *node, enum atls_tier *out)
{
    struct atls_bytes name;
    int64_t number = 0;
    if (atls_json_text_of(node->json, &name)) {
        return atls_tier_by_name(name, out);
    }
    if (!integer(node, &number) || number < 0 || number > ATLS_TIER_CONTRAINDICATED ||
        !atls_tier_is_known((enum atls_tier)number)) {
        return false;
    }
    *out = (enum atls_tier)number;
    return true;
}

static bool octets(void *storage, const struct atls_ear_node *node, struct atls_bytes *out)
{
    struct atls_ear_json *s = storage;
    struct atls_bytes encoded;
    size_t len = 0;
    if (!atls_json_text_of(node->json, &encoded)) {
        return false;
    }
    for (int i = 0; i < 2 && encoded.len % 4 == (i == 0 ? 0 : 3) && encoded.len != 0 &&
                    encoded.data[encoded.len - 1] == '=';
         i++) {
        encoded.len--;
    }
    const struct atls_buf room = {s->octets + s->used, s->cap - s->used};
    if (!atls_base64url_decode(encoded, room, &len)) {
        return false;
    }
    *out = atls_bytes_of(room.data, len);
    s->used += len;
    return true;
}

static bool record(void *storage, const struct atls_ear_node *node, struct atls_cmw *out)
{
    struct atls_ear_json *s = storage;
    char *dumped = atls_json_dump(node->json);
    size_t len = 0;
    if (dumped == NULL || s->record != NULL) {
        free(dumped);
        return false;
    }
    const enum atls_err err = atls_cmw_json_parse(&s->record, &len, atls_bytes_text(dumped), NULL);
    free(dumped);
    return err == ATLS_OK && atls_cmw_parse(out, atls_bytes_of(s->record, len), NULL) == ATLS_OK &&
           out->kind == ATLS_CMW_RECORD;
}

/* recode makes a refusal of a JWK one of the Result; what is our own fault stays that. */
static enum atls_err recode(enum atls_err err, struct atls_diag *diag)
{
    if (err == ATLS_OK || atls_err_fault(err) == ATLS_FAULT_LOCAL) {
        return err;
    }
    if (diag != NULL) {
        diag->err = ATLS_ERR_RESULT;
    }
    return ATLS_ERR_RESULT;
}

static enum atls_err cnf(void *storage, const struct atls_ear_node *node, struct atls_ear_cnf *out,
                         struct atls_diag *diag)
{
    struct atls_ear_json *s = storage;
    struct atls_ear_node thumbprint;
    const json_t *jwk = json_object_get(node->json, "jwk");
    if (jwk != NULL) {
        if (atls_json_has(jwk, "d")) {
            return atls_ear_refuse(diag, whole, "cnf jwk", "a private key", "a public key");
        }
        const enum atls_err err = recode(atls_key_from_jwk(&s->key, jwk, diag), diag);
        if (err != ATLS_OK) {
            return err;
        }
        atls_key_to_cose(s->key, &out->key);
        out->has_key = true;
    }
    if (set_node(&thumbprint, json_object_get(node->json, "jkt")) &&
        (!octets(storage, &thumbprint, &out->jkt) || out->jkt.len != THUMBPRINT_LEN)) {
        return atls_ear_refuse(diag, whole, "cnf jkt", "another type or length",
                               "a SHA-256 thumbprint in base64url");
    }
    return ATLS_OK;
}

static struct atls_ear_value value_of(const struct atls_ear_node *node)
{
    const struct atls_ear_value value = {.json = node->json};
    return value;
}

static const struct atls_ear_form json_form = {
    .member = member,
    .kind = kind,
    .count = count,
    .at = at,
    .integer = integer,
    .text = text,
    .boolean = boolean,
    .tier = tier,
    .octets = octets,
    .record = record,
    .cnf = cnf,
    .value = value_of,
};

enum atls_err atls_ear_read_json(struct atls_ear *out, struct atls_ear_json *storage,
                                 struct atls_bytes claims, struct atls_diag *diag)
{
    struct atls_ear_json s;
    struct atls_ear_node node;
    memset(&s, 0, sizeof s);
    enum atls_err err = recode(atls_json_parse(&s.claims, claims, ATLS_EAR_STEP, diag), diag);
    if (err == ATLS_OK) {
        s.cap = claims.len; /* octets are fewer than their characters */
        s.octets = malloc(s.cap);
        err = s.octets != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, ATLS_EAR_STEP, NULL);
    }
    if (err == ATLS_OK) {
        struct atls_ear_reader reader = {&json_form, &s, whole, diag};
        (void)set_node(&node, s.claims);
        err = atls_ear_read(out, &reader, &node);
    }
    if (err != ATLS_OK) {
        atls_ear_json_cleanup(&s);
        return err;
    }
    *storage = s;
    return ATLS_OK;
}
