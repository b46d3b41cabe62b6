/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the entries of the table, and digests fetched once. */
#ifndef CRYPTO_CRYPTO_INTERNAL_H
#define CRYPTO_CRYPTO_INTERNAL_H

#include "base/crypto_ops.h"

#include <openssl/evp.h>

/* atls_ossl_md gives the digest of a COSE hash algorithm, NULL when `alg` is none. It is fetched
 * once for the process and belongs to this room. */
const EVP_MD *atls_ossl_md(int32_t alg);

/* atls_ossl_no_passphrase keeps OpenSSL from asking for one on the terminal: a pem_password_cb(3)
 * that has none. */
int atls_ossl_no_passphrase(char *buffer, int size, int writing, void *user);

enum atls_err atls_ossl_hash_init(struct atls_hash *state, int32_t alg);
enum atls_err atls_ossl_hash_update(struct atls_hash *state, struct atls_bytes data);
enum atls_err atls_ossl_hash_peek(const struct atls_hash *state, struct atls_digest *out);
void atls_ossl_hash_cleanup(struct atls_hash *state);
enum atls_err atls_ossl_hash(int32_t alg, struct atls_bytes data, struct atls_digest *out);
enum atls_err atls_ossl_hmac(int32_t hash_alg, struct atls_bytes key,
                             const struct atls_bytes *parts, size_t num_parts,
                             struct atls_digest *out);
enum atls_err atls_ossl_verify(int32_t alg, const struct atls_key *key,
                               const struct atls_bytes *parts, size_t num_parts,
                               struct atls_bytes signature);
enum atls_err atls_ossl_sign(int32_t alg, const struct atls_key *key,
                             const struct atls_bytes *parts, size_t num_parts, struct atls_buf out,
                             size_t *out_len);

#endif
