/* SPDX-License-Identifier: Apache-2.0 */
#include "json/runtime_data.h"

#include "atls/limits.h"
#include "base/span.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "json/base64.h"
#include "json/jwk.h"

#include <stdlib.h>

static const char step[] = "key broker";

/* alg_of names what a key would have resources encrypted with; none is ever fetched with it. */
static const char *alg_of(const json_t *jwk)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    const char *crv = json_string_value(json_object_get(jwk, "crv"));
    if (crv == NULL) {
        return kty != NULL && strcmp(kty, "RSA") == 0 ? "RSA-OAEP-256" : NULL;
    }
    return strcmp(crv, "P-256") == 0 ? "ECDH-ES+A256KW" : NULL;
}

enum atls_err atls_runtime_data_key(json_t **out, struct atls_bytes tls_spki,
                                    struct atls_diag *diag)
{
    static const char wanted[] = "EC on P-256, or RSA: the broker names no others";
    struct atls_key *key = NULL;
    json_t *jwk = NULL;
    if (atls_key_from_spki_der(&key, tls_spki, NULL) != ATLS_OK) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "tee-pubkey", "a TLS key of another kind",
                               wanted);
    }
    const enum atls_err err = atls_key_to_bare_jwk(&jwk, key, diag);
    atls_key_free(key);
    if (err != ATLS_OK) {
        return err;
    }
    const char *alg = alg_of(jwk);
    if (alg == NULL || json_object_set_new(jwk, "alg", json_string(alg)) != 0) {
        json_decref(jwk);
        return alg != NULL ? atls_fail(diag, ATLS_ERR_MEMORY, step, "tee-pubkey")
                           : atls_fail_texts(diag, ATLS_ERR_KEY, step, "tee-pubkey",
                                             "a TLS key on another curve", wanted);
    }
    *out = jwk;
    return ATLS_OK;
}

char *atls_runtime_data_text(const char *nonce, const json_t *key)
{
    json_t *object = json_pack("{s:s,s:s,s:O}", "additional-evidence", "", "nonce", nonce,
                               "tee-pubkey", (json_t *)(uintptr_t)key);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(object);
    return text;
}

/* is_nonce: what has a quote, a backslash or another character with a second form in JSON is none.
 */
static bool is_nonce(const char *nonce)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/-_=";
    const size_t len = strlen(nonce);
    return len >= 11 && len < ATLS_BASE64_SIZE(ATLS_MAX_NONCE_LEN) &&
           strspn(nonce, alphabet) == len;
}

enum atls_err atls_runtime_data_hash(struct atls_digest *out, const struct atls_crypto_ops *crypto,
                                     int32_t hash_alg, const char *nonce,
                                     struct atls_bytes tls_spki, struct atls_diag *diag)
{
    json_t *key = NULL;
    if (!is_nonce(nonce)) {
        return atls_fail_texts(diag, ATLS_ERR_NONCE_LENGTH, step, "nonce", "something else",
                               "8 to 64 octets in base64");
    }
    if (hash_alg != ATLS_ALG_SHA384 && hash_alg != ATLS_ALG_SHA512) {
        return atls_fail_texts(diag, ATLS_ERR_ALGORITHM, step, "hash", "another",
                               "SHA-384 or SHA-512");
    }
    enum atls_err err = atls_runtime_data_key(&key, tls_spki, diag);
    if (err != ATLS_OK) {
        return err;
    }
    char *text = atls_runtime_data_text(nonce, key);
    json_decref(key);
    err = text != NULL ? crypto->hash(hash_alg, atls_bytes_text(text), out) : ATLS_ERR_MEMORY;
    free(text);
    return err == ATLS_OK ? ATLS_OK : atls_fail(diag, err, step, "hash");
}
