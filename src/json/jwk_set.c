/* SPDX-License-Identifier: Apache-2.0 */
#include "json/jwk.h"

#include "base/span.h"
#include "crypto/key.h"
#include "json/json.h"

static const char step[] = "JWK set";

void atls_jwk_set_cleanup(struct atls_jwk_set *set)
{
    for (size_t i = 0; i < set->num_keys; i++) {
        atls_key_free(set->keys[i].key);
    }
    memset(set, 0, sizeof *set);
}

static enum atls_err read_kid(char *out, size_t cap, const json_t *jwk, struct atls_diag *diag)
{
    struct atls_bytes kid;
    if (!atls_json_has(jwk, "kid")) {
        return ATLS_OK;
    }
    enum atls_err err = atls_json_text(&kid, jwk, "kid", step, diag);
    if (err == ATLS_OK && kid.len >= cap) {
        err = atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "kid", "a longer text",
                              "at most 127 octets");
    }
    if (err == ATLS_OK) {
        memcpy(out, kid.data, kid.len);
        out[kid.len] = '\0';
    }
    return err;
}

static enum atls_err add(struct atls_jwk_set *set, const json_t *jwk, struct atls_diag *diag)
{
    if (set->num_keys == ATLS_MAX_JWK_SET) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "keys", "more", "at most 32 keys");
    }
    struct atls_key *key = NULL;
    enum atls_err err = atls_key_from_jwk(&key, jwk, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = read_kid(set->keys[set->num_keys].kid, sizeof set->keys[0].kid, jwk, diag);
    if (err != ATLS_OK) {
        atls_key_free(key);
        return err;
    }
    set->keys[set->num_keys++].key = key;
    return ATLS_OK;
}

static enum atls_err add_all(struct atls_jwk_set *set, const json_t *object, struct atls_diag *diag)
{
    const json_t *keys = NULL;
    if (!atls_json_has(object, "keys")) {
        return add(set, object, diag);
    }
    enum atls_err err = atls_json_array(&keys, object, "keys", step, diag);
    for (size_t i = 0; err == ATLS_OK && i < json_array_size(keys); i++) {
        err = add(set, json_array_get(keys, i), diag);
        if (err == ATLS_ERR_ALGORITHM) {
            err = ATLS_OK;
        }
    }
    if (err == ATLS_OK && set->num_keys == 0) {
        err = atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "keys", "no key that can be used",
                              "EC, OKP or RSA keys for signatures");
    }
    return err;
}

enum atls_err atls_jwk_set_parse(struct atls_jwk_set *out, struct atls_bytes json,
                                 struct atls_diag *diag)
{
    json_t *object = NULL;
    enum atls_err err = atls_json_parse(&object, json, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_jwk_set set = {0};
    err = add_all(&set, object, diag);
    json_decref(object);
    if (err != ATLS_OK) {
        atls_jwk_set_cleanup(&set);
        return err;
    }
    *out = set;
    return ATLS_OK;
}

static bool knows_kid(const struct atls_jwk_set *set, struct atls_bytes kid)
{
    for (size_t i = 0; kid.len != 0 && i < set->num_keys; i++) {
        if (atls_bytes_is_text(kid, set->keys[i].kid)) {
            return true;
        }
    }
    return false;
}

enum atls_err atls_jwk_set_try(const struct atls_key **out_key, const struct atls_jwk_set *set,
                               struct atls_bytes kid, atls_jwk_verify *verify, void *context,
                               struct atls_diag *diag)
{
    /* The reason of the first key whose algorithm fitted says most; a success leaves no reason. */
    struct atls_diag why;
    enum atls_err result =
        atls_fail_texts(&why, ATLS_ERR_ALGORITHM, step, "keys", "none for this token", "one");
    const bool by_kid = knows_kid(set, kid);
    for (size_t i = 0; i < set->num_keys; i++) {
        if (by_kid && !atls_bytes_is_text(kid, set->keys[i].kid)) {
            continue;
        }
        struct atls_diag *reason = result == ATLS_ERR_ALGORITHM ? &why : NULL;
        const enum atls_err err = verify(context, set->keys[i].key, reason);
        if (err == ATLS_OK) {
            if (out_key != NULL) {
                *out_key = set->keys[i].key;
            }
            return ATLS_OK;
        }
        result = result == ATLS_ERR_ALGORITHM ? err : result;
    }
    if (diag != NULL) {
        *diag = why;
    }
    return result;
}

struct jws_context {
    struct atls_bytes *out_payload;
    const struct atls_crypto_ops *crypto;
    const struct atls_jws *jws;
};

static enum atls_err verify_jws(void *context, const struct atls_key *key, struct atls_diag *diag)
{
    const struct jws_context *c = context;
    return atls_jws_verify(c->out_payload, c->crypto, key, c->jws, diag);
}

enum atls_err atls_jwk_set_verify(struct atls_bytes *out_payload, const struct atls_key **out_key,
                                  const struct atls_crypto_ops *crypto,
                                  const struct atls_jwk_set *set, const struct atls_jws *jws,
                                  struct atls_diag *diag)
{
    struct jws_context context = {out_payload, crypto, jws};
    return atls_jwk_set_try(out_key, set, jws->kid, verify_jws, &context, diag);
}
