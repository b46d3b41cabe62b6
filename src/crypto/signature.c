/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: ECDSA with r||s of fixed width (RFC 9053, 2.1), EdDSA (RFC 9053, 2.2) and
 * RSASSA-PSS with a salt as long as the hash (RFC 8230, 2). The key decides the algorithm; what a
 * message claims must fit it. RSASSA-PKCS1-v1_5 (RFC 8017, 8.2) is there for TPM quotes.
 */
#include "crypto/crypto_internal.h"

#include "base/span.h"
#include "crypto/ecdsa_der.h"
#include "crypto/key_internal.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

static int32_t hash_of(int32_t alg)
{
    return alg == ATLS_ALG_ES384   ? ATLS_ALG_SHA384
           : alg == ATLS_ALG_ES512 ? ATLS_ALG_SHA512
                                   : ATLS_ALG_SHA256;
}

/* joined gives the parts in one run, for EdDSA, which takes its message whole. One part is lent
 * as it is, more are copied to *heap, which the caller frees. */
static bool joined(const struct atls_bytes *parts, size_t num_parts, uint8_t **heap,
                   struct atls_bytes *out)
{
    if (num_parts == 1) {
        *out = parts[0];
        return true;
    }
    size_t len = 0;
    for (size_t i = 0; i < num_parts; i++) {
        if (parts[i].len > SIZE_MAX - 1 - len) {
            return false;
        }
        len += parts[i].len;
    }
    uint8_t *data = OPENSSL_malloc(len + 1);
    if (data == NULL) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < num_parts; i++) {
        if (parts[i].len != 0) {
            memcpy(&data[at], parts[i].data, parts[i].len);
            at += parts[i].len;
        }
    }
    *heap = data;
    *out = atls_bytes_of(data, len);
    return true;
}

static bool set_rsa_padding(EVP_PKEY_CTX *context, int32_t alg)
{
    if (alg == ATLS_ALG_RS256) {
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    }
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool hash_parts(const EVP_MD *md, const struct atls_bytes *parts, size_t num_parts,
                       struct atls_digest *out)
{
    unsigned len = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1;
    for (size_t i = 0; done && i < num_parts; i++) {
        done = parts[i].len == 0 || EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    }
    done = done && EVP_DigestFinal_ex(context, out->data, &len) == 1;
    EVP_MD_CTX_free(context);
    out->len = len;
    return done;
}

/* by_prepared verifies or signs a digest, DER in *len octets at `der`. EVP_PKEY_verify(3) and
 * EVP_PKEY_sign(3) may be called as often as one likes after one initialization. */
static enum atls_err by_prepared(const struct atls_key *key, enum atls_prepared_use use,
                                 const EVP_MD *md, const struct atls_digest *digest, uint8_t *der,
                                 size_t *len)
{
    EVP_PKEY_CTX *context = atls_prepared_take(key->prepared, use, key->pkey, md);
    if (context == NULL) {
        return use == TO_SIGN ? ATLS_ERR_KEY : ATLS_ERR_CRYPTO;
    }
    const int done = use == TO_SIGN
                         ? EVP_PKEY_sign(context, der, len, digest->data, digest->len)
                         : EVP_PKEY_verify(context, der, *len, digest->data, digest->len);
    if (done == 1) {
        atls_prepared_give(key->prepared, use, context);
        return ATLS_OK;
    }
    EVP_PKEY_CTX_free(context);
    return use == TO_SIGN ? ATLS_ERR_KEY : ATLS_ERR_SIGNATURE;
}

/* ECDSA and RSA verify over a digest that we made: no digest has to be found by name then. */
static enum atls_err verify_digest(int32_t alg, const struct atls_key *key,
                                   const struct atls_bytes *parts, size_t num_parts,
                                   struct atls_bytes signature)
{
    const EVP_MD *md = atls_ossl_md(hash_of(alg));
    uint8_t der[ATLS_MAX_ECDSA_DER_LEN];
    struct atls_bytes given = signature;
    if (key->curve != NULL) {
        given = atls_bytes_of(der, atls_ecdsa_to_der(signature, der));
        if (given.len == 0) {
            return ATLS_ERR_CRYPTO;
        }
    }
    struct atls_digest digest;
    if (md == NULL || !hash_parts(md, parts, num_parts, &digest)) {
        return ATLS_ERR_CRYPTO;
    }
    if (key->prepared != NULL) {
        return by_prepared(key, TO_VERIFY, md, &digest, der, &given.len);
    }
    enum atls_err err = ATLS_ERR_CRYPTO;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (context != NULL && EVP_PKEY_verify_init(context) == 1 &&
        EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
        (key->curve != NULL || set_rsa_padding(context, alg))) {
        const int valid = EVP_PKEY_verify(context, given.data, given.len, digest.data, digest.len);
        err = valid == 1 ? ATLS_OK : ATLS_ERR_SIGNATURE;
    }
    EVP_PKEY_CTX_free(context);
    return err;
}

static enum atls_err verify_whole(const struct atls_key *key, const struct atls_bytes *parts,
                                  size_t num_parts, struct atls_bytes signature)
{
    uint8_t *heap = NULL;
    struct atls_bytes message;
    if (!joined(parts, num_parts, &heap, &message)) {
        return ATLS_ERR_MEMORY;
    }
    enum atls_err err = ATLS_ERR_CRYPTO;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL &&
        EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1) {
        const int valid =
            EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len);
        err = valid == 1 ? ATLS_OK : ATLS_ERR_SIGNATURE;
    }
    EVP_MD_CTX_free(context);
    OPENSSL_free(heap);
    return err;
}

enum atls_err atls_ossl_verify(int32_t alg, const struct atls_key *key,
                               const struct atls_bytes *parts, size_t num_parts,
                               struct atls_bytes signature)
{
    if (!atls_key_takes_alg(key, alg)) {
        return ATLS_ERR_ALGORITHM;
    }
    if (signature.len != atls_key_signature_len(key)) {
        return ATLS_ERR_SIGNATURE;
    }
    ERR_set_mark();
    enum atls_err err = alg == ATLS_ALG_EDDSA
                            ? verify_whole(key, parts, num_parts, signature)
                            : verify_digest(alg, key, parts, num_parts, signature);
    ERR_pop_to_mark();
    return err;
}

/* sign_parts uses the generic signing of EVP, which a key in a provider (a TPM) has too. */
static bool sign_parts(int32_t alg, const struct atls_key *key, const struct atls_bytes *parts,
                       size_t num_parts, uint8_t *out, size_t *len)
{
    EVP_PKEY_CTX *pkey_context = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context != NULL &&
                EVP_DigestSignInit(context, &pkey_context, atls_ossl_md(hash_of(alg)), NULL,
                                   key->pkey) == 1 &&
                (key->curve != NULL || set_rsa_padding(pkey_context, alg));
    for (size_t i = 0; done && i < num_parts; i++) {
        done = parts[i].len == 0 || EVP_DigestSignUpdate(context, parts[i].data, parts[i].len) == 1;
    }
    done = done && EVP_DigestSignFinal(context, out, len) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

static bool sign_whole(const struct atls_key *key, struct atls_bytes message, uint8_t *out,
                       size_t *len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool done =
        context != NULL &&
        EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
        EVP_DigestSign(context, out, len, message.data, message.len) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

static enum atls_err sign_eddsa(const struct atls_key *key, const struct atls_bytes *parts,
                                size_t num_parts, uint8_t *out, size_t *len)
{
    uint8_t *heap = NULL;
    struct atls_bytes message;
    if (!joined(parts, num_parts, &heap, &message)) {
        return ATLS_ERR_MEMORY;
    }
    const bool done = sign_whole(key, message, out, len);
    OPENSSL_free(heap);
    return done ? ATLS_OK : ATLS_ERR_KEY;
}

static enum atls_err sign_ecdsa(int32_t alg, const struct atls_key *key,
                                const struct atls_bytes *parts, size_t num_parts, uint8_t *out,
                                size_t *len)
{
    uint8_t der[ATLS_MAX_ECDSA_DER_LEN];
    size_t der_len = sizeof der;
    struct atls_digest digest;
    const EVP_MD *md = atls_ossl_md(hash_of(alg));
    enum atls_err err = ATLS_OK;
    if (key->prepared != NULL && md != NULL) {
        err = hash_parts(md, parts, num_parts, &digest)
                  ? by_prepared(key, TO_SIGN, md, &digest, der, &der_len)
                  : ATLS_ERR_CRYPTO;
    } else {
        err = sign_parts(alg, key, parts, num_parts, der, &der_len) ? ATLS_OK : ATLS_ERR_KEY;
    }
    if (err != ATLS_OK) {
        return err;
    }
    *len = key->curve->signature_len;
    return atls_ecdsa_from_der(atls_bytes_of(der, der_len), out, *len) ? ATLS_OK : ATLS_ERR_CRYPTO;
}

enum atls_err atls_ossl_sign(int32_t alg, const struct atls_key *key,
                             const struct atls_bytes *parts, size_t num_parts, struct atls_buf out,
                             size_t *out_len)
{
    if (!atls_key_takes_alg(key, alg)) {
        return ATLS_ERR_ALGORITHM;
    }
    if (key->public_only) {
        return ATLS_ERR_KEY;
    }
    if (out.cap < atls_key_signature_len(key)) {
        return ATLS_ERR_BUFFER;
    }
    size_t len = out.cap;
    enum atls_err err = ATLS_OK;
    ERR_set_mark();
    if (alg == ATLS_ALG_EDDSA) {
        err = sign_eddsa(key, parts, num_parts, out.data, &len);
    } else if (key->curve != NULL) {
        err = sign_ecdsa(alg, key, parts, num_parts, out.data, &len);
    } else {
        err = sign_parts(alg, key, parts, num_parts, out.data, &len) ? ATLS_OK : ATLS_ERR_KEY;
    }
    ERR_pop_to_mark();
    if (err == ATLS_OK) {
        *out_len = len;
    }
    return err;
}
