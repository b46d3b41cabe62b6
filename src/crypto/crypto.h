/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of base/crypto_ops.h on OpenSSL >= 3.0, and randomness.
 *
 * Everything here works on OpenSSL's default library context, may be called from any thread, and
 * leaves the thread's OpenSSL error queue as it found it: what it left there would otherwise show
 * up in the application's next SSL_get_error().
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/crypto_ops.h"
#include "base/tls_signature.h"

struct evp_pkey_st;

/* atls_crypto_openssl gives the one table; it lives as long as the program. */
const struct atls_crypto_ops *atls_crypto_openssl(void);

/* atls_tls_signature_openssl gives the one table of signatures as TLS has them; atls_tls_key_of
 * lends an EVP_PKEY to it. */
const struct atls_tls_signature_ops *atls_tls_signature_openssl(void);
const struct atls_tls_key *atls_tls_key_of(struct evp_pkey_st *pkey);

/* atls_random fills all of `out` from OpenSSL's generator; on failure `out` is all zero. */
ATLS_NODISCARD enum atls_err atls_random(struct atls_buf out);

#endif
