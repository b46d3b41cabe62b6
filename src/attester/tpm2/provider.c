/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/provider.h"

#include "base/compiler.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>

#define NAME "atls-tpm2"
#define ONLY "provider=" NAME

static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *context; /* for the life of the process, as keys may be freed at its end */

static const OSSL_ALGORITHM keymgmt[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", ONLY, atls_tpm_keymgmt, "a key in a TPM 2.0"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM signature[] = {
    {"ECDSA", ONLY, atls_tpm_signature, "ECDSA in a TPM 2.0"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT     ? keymgmt
           : operation == OSSL_OP_SIGNATURE ? signature
                                            : NULL;
}

static const OSSL_PARAM *gettable_params(void *provider)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provider;
    return params;
}

static int get_params(void *provider, OSSL_PARAM params[])
{
    (void)provider;
    OSSL_PARAM *name = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return (name == NULL || OSSL_PARAM_set_utf8_ptr(name, NAME)) &&
           (status == NULL || OSSL_PARAM_set_int(status, 1));
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {0, NULL},
};

static int init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **provider)
{
    static char instance; /* the provider has no state, but OpenSSL wants some */
    (void)core;
    (void)in;
    *out = functions;
    *provider = &instance;
    return 1;
}

static void load(void)
{
    OSSL_LIB_CTX *fresh = OSSL_LIB_CTX_new();
    if (fresh != NULL && OSSL_PROVIDER_load(fresh, "default") != NULL &&
        OSSL_PROVIDER_add_builtin(fresh, NAME, init) == 1 &&
        OSSL_PROVIDER_load(fresh, NAME) != NULL) {
        context = fresh;
    } else {
        OSSL_LIB_CTX_free(fresh);
    }
}

OSSL_LIB_CTX *atls_tpm_provider_context(void)
{
    pthread_once(&once, load);
    return context;
}

enum atls_err atls_tpm_provider_key(EVP_PKEY **out, struct atls_tpm_key *key,
                                    struct atls_diag *diag)
{
    OSSL_LIB_CTX *libctx = atls_tpm_provider_context();
    EVP_PKEY_CTX *ctx = libctx != NULL ? EVP_PKEY_CTX_new_from_name(libctx, "EC", ONLY) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(ATLS_TPM_PARAM_KEY, &key, sizeof key),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = NULL;
    const bool made = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                      EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!made) {
        return atls_fail_texts(diag, ATLS_ERR_CRYPTO, "TPM key", "OpenSSL provider",
                               "one that does not load", "OpenSSL 3.0 or later");
    }
    *out = pkey;
    return ATLS_OK;
}
