/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of Verifiers in files: to sign with, to verify by, and to publish. */
#include "json/base64.h"
#include "json/json.h"
#include "json/jwk.h"

#include "base/span.h"
#include "crypto/key.h"

static const char step[] = "key file";

/* is_json: PEM begins with dashes, or with text in front of them, and never with a brace. */
static bool is_json(struct atls_bytes file)
{
    size_t at = 0;
    while (at < file.len && (file.data[at] == ' ' || file.data[at] == '\n' ||
                             file.data[at] == '\r' || file.data[at] == '\t')) {
        at++;
    }
    return at < file.len && file.data[at] == '{';
}

static enum atls_err set_kid(char *out, size_t cap, const struct atls_key *key,
                             const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_digest thumbprint;
    const enum atls_err err = atls_jwk_thumbprint(&thumbprint, crypto, key, diag);
    if (err == ATLS_OK && !atls_base64url_encode(atls_digest_bytes(&thumbprint), out, cap)) {
        return atls_fail(diag, ATLS_ERR_BUFFER, step, "kid");
    }
    return err;
}

enum atls_err atls_jwk_set_add(struct atls_jwk_set *set, struct atls_bytes file,
                               const struct atls_crypto_ops *crypto, struct atls_diag *diag)
{
    struct atls_jwk_set one = {0};
    enum atls_err err = atls_jwk_set_load(&one, file, diag);
    if (err == ATLS_OK && one.num_keys != 1) {
        err = atls_fail_texts(diag, ATLS_ERR_KEY, step, "keys", "several", "one key a file");
    }
    if (err == ATLS_OK && set->num_keys == ATLS_MAX_JWK_SET) {
        err = atls_fail_texts(diag, ATLS_ERR_KEY, step, "keys", "more", "at most 32 keys");
    }
    if (err == ATLS_OK && one.keys[0].kid[0] == '\0') {
        err = set_kid(one.keys[0].kid, sizeof one.keys[0].kid, one.keys[0].key, crypto, diag);
    }
    for (size_t i = 0; err == ATLS_OK && i < set->num_keys; i++) {
        if (strcmp(set->keys[i].kid, one.keys[0].kid) == 0) {
            err = atls_fail_texts(diag, ATLS_ERR_KEY, step, "kid", "one that another key has",
                                  "a name of its own for each key");
        }
    }
    if (err != ATLS_OK) {
        atls_jwk_set_cleanup(&one);
        return err;
    }
    set->keys[set->num_keys++] = one.keys[0];
    return ATLS_OK;
}

/* own gives the refusals of a parser the code of a file of ours. */
static enum atls_err own(enum atls_err err, struct atls_diag *diag)
{
    if (err != ATLS_ERR_MALFORMED && err != ATLS_ERR_ALGORITHM) {
        return err;
    }
    if (diag != NULL) {
        diag->err = ATLS_ERR_KEY;
    }
    return ATLS_ERR_KEY;
}

enum atls_err atls_jwk_set_load(struct atls_jwk_set *out, struct atls_bytes file,
                                struct atls_diag *diag)
{
    struct atls_jwk_set set = {0};
    enum atls_err err = ATLS_OK;
    if (is_json(file)) {
        err = atls_jwk_set_parse(&set, file, diag);
    } else {
        err = atls_key_from_pem(&set.keys[0].key, file, diag);
        set.num_keys = err == ATLS_OK ? 1 : 0;
    }
    if (err != ATLS_OK) {
        return own(err, diag);
    }
    *out = set;
    return ATLS_OK;
}

enum atls_err atls_jwk_set_public(json_t **out, const struct atls_jwk_set *set,
                                  struct atls_diag *diag)
{
    json_t *keys = json_array();
    json_t *object = json_object();
    enum atls_err err = json_object_set_new(object, "keys", keys) == 0
                            ? ATLS_OK
                            : atls_fail(diag, ATLS_ERR_MEMORY, step, "keys");
    for (size_t i = 0; err == ATLS_OK && i < set->num_keys; i++) {
        const char *kid = set->keys[i].kid;
        json_t *jwk = NULL;
        err = atls_key_to_jwk(&jwk, set->keys[i].key, kid[0] != '\0' ? kid : NULL, diag);
        if (err == ATLS_OK && json_array_append_new(keys, jwk) != 0) {
            err = atls_fail(diag, ATLS_ERR_MEMORY, step, "keys");
        }
    }
    if (err != ATLS_OK) {
        json_decref(object);
        return err;
    }
    *out = object;
    return ATLS_OK;
}
