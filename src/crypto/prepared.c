/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/prepared.h"

#include <openssl/crypto.h>
#include <stdatomic.h>

struct atls_prepared {
    _Atomic(EVP_PKEY_CTX *) kept[NUM_PREPARED_USES];
};

struct atls_prepared *atls_prepared_new(void)
{
    struct atls_prepared *prepared = OPENSSL_malloc(sizeof *prepared);
    for (int i = 0; prepared != NULL && i < NUM_PREPARED_USES; i++) {
        atomic_init(&prepared->kept[i], NULL);
    }
    return prepared;
}

void atls_prepared_free(struct atls_prepared *prepared)
{
    for (int i = 0; prepared != NULL && i < NUM_PREPARED_USES; i++) {
        EVP_PKEY_CTX_free(atomic_load(&prepared->kept[i]));
    }
    OPENSSL_free(prepared);
}

EVP_PKEY_CTX *atls_prepared_take(struct atls_prepared *prepared, enum atls_prepared_use use,
                                 EVP_PKEY *pkey, const EVP_MD *md)
{
    EVP_PKEY_CTX *context = atomic_exchange(&prepared->kept[use], NULL);
    if (context != NULL) {
        return context;
    }
    context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    const bool ready =
        context != NULL &&
        (use == TO_SIGN ? EVP_PKEY_sign_init(context) : EVP_PKEY_verify_init(context)) == 1 &&
        EVP_PKEY_CTX_set_signature_md(context, md) == 1;
    if (!ready) {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }
    return context;
}

void atls_prepared_give(struct atls_prepared *prepared, enum atls_prepared_use use,
                        EVP_PKEY_CTX *context)
{
    EVP_PKEY_CTX_free(atomic_exchange(&prepared->kept[use], context));
}
