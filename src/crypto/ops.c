/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operations, and randomness. */
#include "crypto/crypto.h"

#include "base/span.h"
#include "crypto/crypto_internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>

static const struct atls_crypto_ops openssl_ops = {
    .abi = ATLS_CRYPTO_ABI,
    .size = (uint32_t)sizeof(struct atls_crypto_ops),
    .hash_init = atls_ossl_hash_init,
    .hash_update = atls_ossl_hash_update,
    .hash_peek = atls_ossl_hash_peek,
    .hash_cleanup = atls_ossl_hash_cleanup,
    .hash = atls_ossl_hash,
    .hmac = atls_ossl_hmac,
    .verify = atls_ossl_verify,
    .sign = atls_ossl_sign,
};

const struct atls_crypto_ops *atls_crypto_openssl(void)
{
    return &openssl_ops;
}

enum atls_err atls_random(struct atls_buf out)
{
    if (out.cap == 0) {
        return ATLS_OK;
    }
    ERR_set_mark();
    const bool done = out.cap <= INT_MAX && RAND_bytes(out.data, (int)out.cap) == 1;
    ERR_pop_to_mark();
    if (!done) {
        atls_wipe(out.data, out.cap);
        return ATLS_ERR_CRYPTO;
    }
    return ATLS_OK;
}
