/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures with the schemes of TLS 1.3 (RFC 8446, 4.2.3). */
#include "crypto/crypto.h"

#include "base/span.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* Which key goes with a scheme. */
struct scheme {
    const char *key_type; /* OpenSSL's name */
    const char *group;    /* of an EC key; NULL: no EC key */
    const char *hash;     /* NULL: the scheme hashes by itself */
    uint16_t number;
    bool pss;
};

static const struct scheme schemes[] = {
    {"EC", "prime256v1", "SHA256", ATLS_TLS_ECDSA_P256_SHA256, false},
    {"EC", "secp384r1", "SHA384", ATLS_TLS_ECDSA_P384_SHA384, false},
    {"EC", "secp521r1", "SHA512", ATLS_TLS_ECDSA_P521_SHA512, false},
    {"RSA", NULL, "SHA256", ATLS_TLS_RSA_PSS_RSAE_SHA256, true},
    {"RSA", NULL, "SHA384", ATLS_TLS_RSA_PSS_RSAE_SHA384, true},
    {"RSA", NULL, "SHA512", ATLS_TLS_RSA_PSS_RSAE_SHA512, true},
    {"ED25519", NULL, NULL, ATLS_TLS_ED25519, false},
    {"ED448", NULL, NULL, ATLS_TLS_ED448, false},
    {"RSA-PSS", NULL, "SHA256", ATLS_TLS_RSA_PSS_PSS_SHA256, true},
    {"RSA-PSS", NULL, "SHA384", ATLS_TLS_RSA_PSS_PSS_SHA384, true},
    {"RSA-PSS", NULL, "SHA512", ATLS_TLS_RSA_PSS_PSS_SHA512, true},
};

const struct atls_tls_key *atls_tls_key_of(struct evp_pkey_st *pkey)
{
    return (const struct atls_tls_key *)(const void *)pkey;
}

/* OpenSSL counts references and caches in a key, so it takes none that is const. */
static EVP_PKEY *pkey_of(const struct atls_tls_key *key)
{
    union {
        const struct atls_tls_key *key;
        EVP_PKEY *pkey;
    } same = {.key = key};
    return same.pkey;
}

static bool has_group(EVP_PKEY *pkey, const char *group)
{
    char name[32] = "";
    size_t len = 0;
    return EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) == 1 && strcmp(name, group) == 0;
}

/* find gives the scheme when the key fits it, else NULL. */
static const struct scheme *find(uint16_t number, const struct atls_tls_key *key)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(schemes); i++) {
        const struct scheme *scheme = &schemes[i];
        if (scheme->number == number) {
            return EVP_PKEY_is_a(pkey_of(key), scheme->key_type) == 1 &&
                           (scheme->group == NULL || has_group(pkey_of(key), scheme->group))
                       ? scheme
                       : NULL;
        }
    }
    return NULL;
}

static bool takes(uint16_t number, const struct atls_tls_key *key)
{
    ERR_set_mark();
    const bool does = find(number, key) != NULL;
    ERR_pop_to_mark();
    return does;
}

/* set_padding: the salt is as long as the hash, and a peer's must be (RFC 8446, 4.2.3). */
static bool set_padding(EVP_PKEY_CTX *context, const struct scheme *scheme)
{
    return !scheme->pss || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static enum atls_err verify(uint16_t number, const struct atls_tls_key *key,
                            struct atls_bytes content, struct atls_bytes signature)
{
    ERR_set_mark();
    const struct scheme *scheme = find(number, key);
    enum atls_err err = scheme != NULL ? ATLS_ERR_CRYPTO : ATLS_ERR_ALGORITHM;
    EVP_MD_CTX *context = scheme != NULL ? EVP_MD_CTX_new() : NULL;
    EVP_PKEY_CTX *pkey_context = NULL;
    if (context != NULL &&
        EVP_DigestVerifyInit_ex(context, &pkey_context, scheme->hash, NULL, NULL, pkey_of(key),
                                NULL) == 1 &&
        set_padding(pkey_context, scheme)) {
        err =
            EVP_DigestVerify(context, signature.data, signature.len, content.data, content.len) == 1
                ? ATLS_OK
                : ATLS_ERR_SIGNATURE;
    }
    EVP_MD_CTX_free(context);
    ERR_pop_to_mark();
    return err;
}

static enum atls_err sign_with(const struct scheme *scheme, const struct atls_tls_key *key,
                               struct atls_bytes content, struct atls_buf out, size_t *out_len)
{
    EVP_PKEY_CTX *pkey_context = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = 0;
    bool done = context != NULL &&
                EVP_DigestSignInit_ex(context, &pkey_context, scheme->hash, NULL, NULL,
                                      pkey_of(key), NULL) == 1 &&
                set_padding(pkey_context, scheme) &&
                EVP_DigestSign(context, NULL, &len, content.data, content.len) == 1;
    const bool fits = len <= out.cap;
    if (done && fits) {
        done = EVP_DigestSign(context, out.data, &len, content.data, content.len) == 1;
    }
    EVP_MD_CTX_free(context);
    if (done && fits) {
        *out_len = len;
        return ATLS_OK;
    }
    return done ? ATLS_ERR_BUFFER : ATLS_ERR_KEY;
}

static enum atls_err sign(uint16_t number, const struct atls_tls_key *key,
                          struct atls_bytes content, struct atls_buf out, size_t *out_len)
{
    ERR_set_mark();
    const struct scheme *scheme = find(number, key);
    const enum atls_err err =
        scheme != NULL ? sign_with(scheme, key, content, out, out_len) : ATLS_ERR_ALGORITHM;
    ERR_pop_to_mark();
    return err;
}

static const struct atls_tls_signature_ops openssl_ops = {
    .takes = takes,
    .sign = sign,
    .verify = verify,
};

const struct atls_tls_signature_ops *atls_tls_signature_openssl(void)
{
    return &openssl_ops;
}
