/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash and HMAC. On OpenSSL 3.0 finding an algorithm by name costs more than hashing a short
 * input, so digests are fetched once, and HMAC starts from a context that has its digest already.
 */
#include "crypto/crypto_internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

struct algorithm {
    int32_t alg;
    const char *name;
    EVP_MD *md;
    EVP_MAC_CTX *hmac; /* digest set, no key: only ever copied */
};

static struct algorithm algorithms[] = {
    {ATLS_ALG_SHA256, OSSL_DIGEST_NAME_SHA2_256, NULL, NULL},
    {ATLS_ALG_SHA384, OSSL_DIGEST_NAME_SHA2_384, NULL, NULL},
    {ATLS_ALG_SHA512, OSSL_DIGEST_NAME_SHA2_512, NULL, NULL},
};
static CRYPTO_ONCE fetched = CRYPTO_ONCE_STATIC_INIT;

static EVP_MAC_CTX *hmac_with_digest(EVP_MAC *mac, const char *digest)
{
    /* OSSL_PARAM has no const; the callee only reads the name. */
    char name[16] = {0};
    OPENSSL_strlcpy(name, digest, sizeof name);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    if (context != NULL && EVP_MAC_CTX_set_params(context, params) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static void fetch_all(void)
{
    ERR_set_mark();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(algorithms); i++) {
        algorithms[i].md = EVP_MD_fetch(NULL, algorithms[i].name, NULL);
        if (mac != NULL) {
            algorithms[i].hmac = hmac_with_digest(mac, algorithms[i].name);
        }
    }
    EVP_MAC_free(mac);
    ERR_pop_to_mark();
}

static const struct algorithm *find(int32_t alg)
{
    if (CRYPTO_THREAD_run_once(&fetched, fetch_all) != 1) {
        return NULL;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].alg == alg) {
            return &algorithms[i];
        }
    }
    return NULL;
}

const EVP_MD *atls_ossl_md(int32_t alg)
{
    const struct algorithm *algorithm = find(alg);
    return algorithm != NULL ? algorithm->md : NULL;
}

/* missing says why there is no digest for `alg`. */
static enum atls_err missing(int32_t alg)
{
    return atls_hash_len(alg) == 0 ? ATLS_ERR_ALGORITHM : ATLS_ERR_CRYPTO;
}

enum atls_err atls_ossl_hash_init(struct atls_hash *state, int32_t alg)
{
    const EVP_MD *md = atls_ossl_md(alg);
    if (md == NULL) {
        return missing(alg);
    }
    ERR_set_mark();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestInit_ex(context, md, NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    ERR_pop_to_mark();
    if (context == NULL) {
        return ATLS_ERR_MEMORY;
    }
    state->library = context;
    return ATLS_OK;
}

enum atls_err atls_ossl_hash_update(struct atls_hash *state, struct atls_bytes data)
{
    if (state->library == NULL) {
        return ATLS_ERR_STATE;
    }
    EVP_MD_CTX *context = state->library;
    ERR_set_mark();
    const bool done = data.len == 0 || EVP_DigestUpdate(context, data.data, data.len) == 1;
    ERR_pop_to_mark();
    return done ? ATLS_OK : ATLS_ERR_CRYPTO;
}

enum atls_err atls_ossl_hash_peek(const struct atls_hash *state, struct atls_digest *out)
{
    if (state->library == NULL) {
        return ATLS_ERR_STATE;
    }
    const EVP_MD_CTX *context = state->library;
    struct atls_digest digest = {{0}, 0};
    unsigned len = 0;
    ERR_set_mark();
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    const bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, context) == 1 &&
                      EVP_DigestFinal_ex(copy, digest.data, &len) == 1;
    EVP_MD_CTX_free(copy);
    ERR_pop_to_mark();
    if (!done) {
        return ATLS_ERR_CRYPTO;
    }
    digest.len = len;
    *out = digest;
    return ATLS_OK;
}

void atls_ossl_hash_cleanup(struct atls_hash *state)
{
    EVP_MD_CTX_free(state->library);
    state->library = NULL;
}

enum atls_err atls_ossl_hash(int32_t alg, struct atls_bytes data, struct atls_digest *out)
{
    const EVP_MD *md = atls_ossl_md(alg);
    if (md == NULL) {
        return missing(alg);
    }
    struct atls_digest digest = {{0}, 0};
    unsigned len = 0;
    ERR_set_mark();
    const bool done = EVP_Digest(data.data, data.len, digest.data, &len, md, NULL) == 1;
    ERR_pop_to_mark();
    if (!done) {
        return ATLS_ERR_CRYPTO;
    }
    digest.len = len;
    *out = digest;
    return ATLS_OK;
}

static bool hmac_run(EVP_MAC_CTX *context, struct atls_bytes key, const struct atls_bytes *parts,
                     size_t num_parts, struct atls_digest *out)
{
    /* To OpenSSL a NULL key means "the key of before", an empty one is a key. */
    static const uint8_t empty[1] = {0};
    bool done = EVP_MAC_init(context, key.len != 0 ? key.data : empty, key.len, NULL) == 1;
    for (size_t i = 0; done && i < num_parts; i++) {
        done = parts[i].len == 0 || EVP_MAC_update(context, parts[i].data, parts[i].len) == 1;
    }
    return done && EVP_MAC_final(context, out->data, &out->len, sizeof out->data) == 1;
}

enum atls_err atls_ossl_hmac(int32_t hash_alg, struct atls_bytes key,
                             const struct atls_bytes *parts, size_t num_parts,
                             struct atls_digest *out)
{
    const struct algorithm *algorithm = find(hash_alg);
    if (algorithm == NULL || algorithm->hmac == NULL) {
        return missing(hash_alg);
    }
    struct atls_digest digest = {{0}, 0};
    ERR_set_mark();
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(algorithm->hmac);
    const bool done = context != NULL && hmac_run(context, key, parts, num_parts, &digest);
    EVP_MAC_CTX_free(context);
    ERR_pop_to_mark();
    if (!done) {
        OPENSSL_cleanse(&digest, sizeof digest);
        return ATLS_ERR_CRYPTO;
    }
    *out = digest;
    OPENSSL_cleanse(&digest, sizeof digest);
    return ATLS_OK;
}
