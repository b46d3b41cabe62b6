/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenSSL provider "atls-tpm2", through which libssl and libcrypto sign with a TPM key.
 *
 * It is built in and lives in a library context of its own, with the default provider beside it.
 * In the application's default context its "EC" could be taken for every key of the process: among
 * providers without a property query OpenSSL takes the first, and which that is depends on who
 * loaded what when. A key made here works in the default context all the same, since libcrypto
 * signs with the provider that holds the key; everything else, and every other key, never sees us.
 */
#ifndef ATTESTER_TPM2_PROVIDER_H
#define ATTESTER_TPM2_PROVIDER_H

#include "attester/tpm2/key.h"

#include <openssl/core.h>
#include <openssl/evp.h>

/* atls_tpm_provider_key makes an EVP_PKEY that stands for `key` and keeps a reference to it. */
ATLS_NODISCARD enum atls_err atls_tpm_provider_key(EVP_PKEY **out, struct atls_tpm_key *key,
                                                   struct atls_diag *diag);

/* For the files of the provider. */
#define ATLS_TPM_PARAM_KEY "atls-tpm2-key"

/* struct atls_tpm_pkey is OpenSSL's key data: a TPM key, or a public key of somebody else's that
 * OpenSSL wants to compare with one. */
struct atls_tpm_pkey {
    struct atls_tpm_key *key; /* NULL: public only */
    struct atls_tpm_point point;
};

/* atls_tpm_pkey_group gives OpenSSL's name of the curve, NULL when there is no key. */
const char *atls_tpm_pkey_group(const struct atls_tpm_pkey *pkey);

/* One signature or verification. */
struct atls_tpm_hash;
struct atls_tpm_operation {
    struct atls_tpm_key *key;         /* signing */
    const struct atls_tpm_hash *hash; /* NULL: the length of the digest says it */
    EVP_MD_CTX *running;              /* what was hashed, or is being verified */
    EVP_PKEY *half;                   /* verifying: the public key in software */
};

extern const OSSL_DISPATCH atls_tpm_keymgmt[];
extern const OSSL_DISPATCH atls_tpm_signature[];

/* Entries of atls_tpm_signature that are in verify.c: the default provider does the work. */
int atls_tpm_verify_init(void *operation, void *pkey, const OSSL_PARAM params[]);
int atls_tpm_verify(void *operation, const uint8_t *signature, size_t signature_len,
                    const uint8_t *digest, size_t digest_len);
int atls_tpm_digest_verify_init(void *operation, const char *hash, void *pkey,
                                const OSSL_PARAM params[]);
int atls_tpm_digest_verify_update(void *operation, const uint8_t *octets, size_t len);
int atls_tpm_digest_verify_final(void *operation, const uint8_t *signature, size_t len);

/* atls_tpm_provider_context is the library context that the provider lives in. */
OSSL_LIB_CTX *atls_tpm_provider_context(void);

#endif
