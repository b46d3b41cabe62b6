/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA of the provider. The data is hashed here, in software, and the TPM signs the digest; the
 * calling thread waits for it, or its fiber pauses (queue.h). On a fiber there are 32 KiB of stack,
 * so whatever is large is in the job, on the heap.
 */
#include "attester/tpm2/provider.h"

#include "base/span.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <stdlib.h>

/* The hashes that a key may sign, with the AlgorithmIdentifier of RFC 5758, 3.2. */
struct atls_tpm_hash {
    TPM2_ALG_ID alg;
    size_t len;
    const char *name;
    uint8_t algorithm_id[12];
};

static const struct atls_tpm_hash hashes[] = {
    {TPM2_ALG_SHA256,
     32,
     "SHA256",
     {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}},
    {TPM2_ALG_SHA384,
     48,
     "SHA384",
     {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}},
    {TPM2_ALG_SHA512,
     64,
     "SHA512",
     {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}},
};

static const struct atls_tpm_hash *hash_of_len(size_t len)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        if (hashes[i].len == len) {
            return &hashes[i];
        }
    }
    return NULL;
}

static const struct atls_tpm_hash *hash_of_md(const EVP_MD *md)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hashes); i++) {
        if (EVP_MD_is_a(md, hashes[i].name)) {
            return &hashes[i];
        }
    }
    return NULL;
}

static void *new_operation(void *provider, const char *properties)
{
    (void)provider;
    (void)properties;
    return calloc(1, sizeof(struct atls_tpm_operation));
}

static void free_operation(void *data)
{
    struct atls_tpm_operation *op = data;
    if (op != NULL) {
        atls_tpm_key_unref(op->key);
        EVP_MD_CTX_free(op->running);
        EVP_PKEY_free(op->half);
        free(op);
    }
}

static void *dup_operation(void *data)
{
    const struct atls_tpm_operation *op = data;
    struct atls_tpm_operation *copy = calloc(1, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    copy->hash = op->hash;
    copy->key = op->key != NULL ? atls_tpm_key_ref(op->key) : NULL;
    if (op->half != NULL && EVP_PKEY_up_ref(op->half) == 1) {
        copy->half = op->half;
    }
    if (op->running != NULL) {
        copy->running = EVP_MD_CTX_new();
        if (copy->running == NULL || EVP_MD_CTX_copy_ex(copy->running, op->running) != 1) {
            free_operation(copy);
            return NULL;
        }
    }
    return copy;
}

/* set_params takes the name of the hash of a digest that is signed as it is. */
static int set_params(void *data, const OSSL_PARAM params[])
{
    struct atls_tpm_operation *op = data;
    const OSSL_PARAM *digest =
        params != NULL ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST) : NULL;
    if (digest == NULL) {
        return 1;
    }
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(digest, &name)) {
        return 0;
    }
    EVP_MD *md = EVP_MD_fetch(atls_tpm_provider_context(), name, NULL);
    const struct atls_tpm_hash *hash = md != NULL ? hash_of_md(md) : NULL;
    EVP_MD_free(md);
    if (hash != NULL) {
        op->hash = hash;
    }
    return hash != NULL;
}

static int sign_init(void *data, void *key_data, const OSSL_PARAM params[])
{
    struct atls_tpm_operation *op = data;
    const struct atls_tpm_pkey *pkey = key_data;
    if (pkey != NULL) {
        if (pkey->key == NULL) {
            ERR_raise(ERR_LIB_PROV, PROV_R_NOT_A_PRIVATE_KEY);
            return 0;
        }
        struct atls_tpm_key *key = atls_tpm_key_ref(pkey->key);
        atls_tpm_key_unref(op->key);
        op->key = key;
    }
    return op->key != NULL && set_params(op, params);
}

static int raise(const struct atls_diag *diag)
{
    char sentence[600];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    ERR_raise_data(ERR_LIB_PROV, PROV_R_FAILED_TO_SIGN, "%s", sentence);
    return 0;
}

static int sign_digest(const struct atls_tpm_operation *op, const struct atls_tpm_hash *hash,
                       uint8_t *out, size_t *out_len, size_t cap, struct atls_bytes digest)
{
    struct atls_diag diag;
    const struct atls_buf room = {out, cap};
    if (hash == NULL || digest.len != hash->len) {
        ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_DIGEST_LENGTH);
        return 0;
    }
    const enum atls_err err = atls_tpm_key_sign(op->key, hash->alg, digest, room, out_len, &diag);
    return err == ATLS_OK ? 1 : raise(&diag);
}

/* ask_len answers the first of the two calls that libcrypto makes: how long may it get? */
static bool ask_len(const struct atls_tpm_operation *op, const uint8_t *out, size_t *out_len)
{
    if (out == NULL) {
        *out_len = atls_tpm_key_signature_cap(op->key);
        return true;
    }
    return false;
}

static int sign(void *data, uint8_t *out, size_t *out_len, size_t cap, const uint8_t *digest,
                size_t digest_len)
{
    const struct atls_tpm_operation *op = data;
    if (ask_len(op, out, out_len)) {
        return 1;
    }
    const struct atls_tpm_hash *hash = op->hash != NULL ? op->hash : hash_of_len(digest_len);
    return sign_digest(op, hash, out, out_len, cap, atls_bytes_of(digest, digest_len));
}

static int digest_sign_init(void *data, const char *name, void *key_data, const OSSL_PARAM params[])
{
    struct atls_tpm_operation *op = data;
    if (!sign_init(op, key_data, params)) {
        return 0;
    }
    EVP_MD *md = EVP_MD_fetch(atls_tpm_provider_context(),
                              name != NULL && name[0] != '\0' ? name : "SHA256", NULL);
    const struct atls_tpm_hash *hash = md != NULL ? hash_of_md(md) : NULL;
    EVP_MD_CTX *running = hash != NULL ? EVP_MD_CTX_new() : NULL;
    const bool started = running != NULL && EVP_DigestInit_ex2(running, md, NULL) == 1;
    EVP_MD_free(md);
    if (!started) {
        EVP_MD_CTX_free(running);
        ERR_raise(ERR_LIB_PROV, PROV_R_DIGEST_NOT_ALLOWED);
        return 0;
    }
    EVP_MD_CTX_free(op->running);
    op->running = running;
    op->hash = hash;
    return 1;
}

static int digest_sign_update(void *data, const uint8_t *octets, size_t len)
{
    struct atls_tpm_operation *op = data;
    return op->running != NULL && EVP_DigestUpdate(op->running, octets, len) == 1;
}

static int digest_sign_final(void *data, uint8_t *out, size_t *out_len, size_t cap)
{
    struct atls_tpm_operation *op = data;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (op->running == NULL) {
        return 0;
    }
    if (ask_len(op, out, out_len)) {
        return 1;
    }
    if (EVP_DigestFinal_ex(op->running, digest, &len) != 1) {
        return 0;
    }
    return sign_digest(op, op->hash, out, out_len, cap, atls_bytes_of(digest, len));
}

/* get_params tells X509_sign what to write into the certificate. */
static int get_params(void *data, OSSL_PARAM params[])
{
    const struct atls_tpm_operation *op = data;
    OSSL_PARAM *id = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    OSSL_PARAM *name = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
    if ((id != NULL || name != NULL) && op->hash == NULL) {
        return 0;
    }
    return (id == NULL || OSSL_PARAM_set_octet_string(id, op->hash->algorithm_id,
                                                      sizeof op->hash->algorithm_id)) &&
           (name == NULL || OSSL_PARAM_set_utf8_string(name, op->hash->name));
}

static const OSSL_PARAM *gettable_params(void *data, void *provider)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)data;
    (void)provider;
    return params;
}

static const OSSL_PARAM *settable_params(void *data, void *provider)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)data;
    (void)provider;
    return params;
}

const OSSL_DISPATCH atls_tpm_signature[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))new_operation},
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))free_operation},
    {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))dup_operation},
    {OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))sign_init},
    {OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))sign},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))digest_sign_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))digest_sign_update},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))digest_sign_final},
    {OSSL_FUNC_SIGNATURE_VERIFY_INIT, (void (*)(void))atls_tpm_verify_init},
    {OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))atls_tpm_verify},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))atls_tpm_digest_verify_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))atls_tpm_digest_verify_update},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))atls_tpm_digest_verify_final},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))set_params},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))settable_params},
    {0, NULL},
};
