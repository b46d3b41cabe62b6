/* SPDX-License-Identifier: Apache-2.0 */
/* Verification by the provider: with the public half, in software. Programs do it to check what
 * they have just signed, with the key that they signed with. */
#include "attester/tpm2/provider.h"

#include "base/compiler.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#define SOFTWARE "provider=default"

static EVP_PKEY *public_half(const struct atls_tpm_pkey *pkey)
{
    struct atls_tpm_point point = pkey->point;
    const char *name = atls_tpm_pkey_group(pkey);
    char group[32] = "";
    strncpy(group, name != NULL ? name : "", sizeof group - 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(atls_tpm_provider_context(), "EC", SOFTWARE);
    EVP_PKEY *half = NULL;
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &half, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        half = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return half;
}

int atls_tpm_verify_init(void *operation, void *pkey, const OSSL_PARAM params[])
{
    struct atls_tpm_operation *op = operation;
    (void)params;
    if (pkey != NULL) {
        EVP_PKEY *half = public_half(pkey);
        if (half == NULL) {
            return 0;
        }
        EVP_PKEY_free(op->half);
        op->half = half;
    }
    return op->half != NULL;
}

int atls_tpm_verify(void *operation, const uint8_t *signature, size_t signature_len,
                    const uint8_t *digest, size_t digest_len)
{
    const struct atls_tpm_operation *op = operation;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(atls_tpm_provider_context(), op->half, SOFTWARE);
    const int good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
                     EVP_PKEY_verify(ctx, signature, signature_len, digest, digest_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

int atls_tpm_digest_verify_init(void *operation, const char *hash, void *pkey,
                                const OSSL_PARAM params[])
{
    struct atls_tpm_operation *op = operation;
    if (!atls_tpm_verify_init(op, pkey, params)) {
        return 0;
    }
    EVP_MD_CTX *running = EVP_MD_CTX_new();
    if (running == NULL || EVP_DigestVerifyInit_ex(running, NULL, hash, atls_tpm_provider_context(),
                                                   SOFTWARE, op->half, NULL) != 1) {
        EVP_MD_CTX_free(running);
        return 0;
    }
    EVP_MD_CTX_free(op->running);
    op->running = running;
    return 1;
}

int atls_tpm_digest_verify_update(void *operation, const uint8_t *octets, size_t len)
{
    struct atls_tpm_operation *op = operation;
    return op->running != NULL && EVP_DigestVerifyUpdate(op->running, octets, len) == 1;
}

int atls_tpm_digest_verify_final(void *operation, const uint8_t *signature, size_t len)
{
    struct atls_tpm_operation *op = operation;
    return op->running != NULL && EVP_DigestVerifyFinal(op->running, signature, len) == 1;
}
