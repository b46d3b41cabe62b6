/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts of OpenSSL in which a key is ready to sign or to verify: making one costs a tenth of
 * what it is made for. One of each kind stays with the key for whoever comes next. It is taken and
 * given back by an exchange, so no two threads have the same; the one who finds none makes another.
 */
#ifndef CRYPTO_PREPARED_H
#define CRYPTO_PREPARED_H

#include "base/crypto_ops.h"

#include <openssl/evp.h>

enum atls_prepared_use { TO_VERIFY = 0, TO_SIGN = 1, NUM_PREPARED_USES };

struct atls_prepared;

/* atls_prepared_new gives NULL without memory. atls_prepared_free frees what is kept; NULL is fine.
 */
struct atls_prepared *atls_prepared_new(void);
void atls_prepared_free(struct atls_prepared *prepared);

/*
 * atls_prepared_take gives a context in which EVP_PKEY_verify or EVP_PKEY_sign takes digests by
 * `md`, always the same for one key; NULL when OpenSSL makes none. It goes to atls_prepared_give,
 * or, when an operation in it failed, to EVP_PKEY_CTX_free.
 */
EVP_PKEY_CTX *atls_prepared_take(struct atls_prepared *prepared, enum atls_prepared_use use,
                                 EVP_PKEY *pkey, const EVP_MD *md);
void atls_prepared_give(struct atls_prepared *prepared, enum atls_prepared_use use,
                        EVP_PKEY_CTX *context);

#endif
