/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between the core rooms and a cryptographic library: COSE integers cross it, library
 * types do not. Every entry is required. Implemented on OpenSSL in src/crypto/.
 */
#ifndef BASE_CRYPTO_OPS_H
#define BASE_CRYPTO_OPS_H

#include "atls/bytes.h"
#include "atls/error.h"
#include "atls/limits.h"
#include "base/compiler.h"

/* COSE algorithm integers (RFC 9053, RFC 9054, RFC 9864). */
enum atls_cose_alg {
    ATLS_ALG_NONE = 0,
    ATLS_ALG_ES256 = -7,
    ATLS_ALG_EDDSA = -8,
    ATLS_ALG_SHA256 = -16,
    ATLS_ALG_ES384 = -35,
    ATLS_ALG_ES512 = -36,
    ATLS_ALG_PS256 = -37,
    ATLS_ALG_SHA384 = -43,
    ATLS_ALG_SHA512 = -44,
    ATLS_ALG_RS256 = -257 /* RSASSA of a TPM only: no COSE message and no JWS here takes it */
};

/* atls_hash_len gives the length of a hash in octets, 0 when `alg` is no hash. */
static inline size_t atls_hash_len(int32_t alg)
{
    return alg == ATLS_ALG_SHA256   ? 32
           : alg == ATLS_ALG_SHA384 ? 48
           : alg == ATLS_ALG_SHA512 ? 64
                                    : 0;
}

/* struct atls_key is a public or private key of the library behind the seam: opaque here. */
struct atls_key;

/* struct atls_hash is a running hash in the caller's storage. All zero is a state in which
 * hash_cleanup is safe. */
struct atls_hash {
    void *library; /* owned by the implementation; NULL when not started */
    uint64_t storage[30];
};

struct atls_digest {
    uint8_t data[ATLS_MAX_HASH_LEN];
    size_t len;
};

static inline struct atls_bytes atls_digest_bytes(const struct atls_digest *digest)
{
    struct atls_bytes bytes = {digest->data, digest->len};
    return bytes;
}

#define ATLS_CRYPTO_ABI 1u

struct atls_crypto_ops {
    uint32_t abi;  /* ATLS_CRYPTO_ABI */
    uint32_t size; /* sizeof(struct atls_crypto_ops) */

    enum atls_err (*hash_init)(struct atls_hash *state, int32_t alg);
    enum atls_err (*hash_update)(struct atls_hash *state, struct atls_bytes data);
    /* hash_peek gives the hash of all that went in so far, and the state goes on. */
    enum atls_err (*hash_peek)(const struct atls_hash *state, struct atls_digest *out);
    void (*hash_cleanup)(struct atls_hash *state);

    enum atls_err (*hash)(int32_t alg, struct atls_bytes data, struct atls_digest *out);
    /* hmac over the parts one after the other; `hash_alg` is a hash. Key may be of any length. */
    enum atls_err (*hmac)(int32_t hash_alg, struct atls_bytes key, const struct atls_bytes *parts,
                          size_t num_parts, struct atls_digest *out);

    /*
     * verify checks `signature` over the concatenation of `parts`. ECDSA signatures are r||s of
     * fixed width (RFC 9053, 2.1). ATLS_ERR_SIGNATURE when it does not verify, ATLS_ERR_ALGORITHM
     * when `alg` does not fit the type and curve of the key.
     */
    enum atls_err (*verify)(int32_t alg, const struct atls_key *key, const struct atls_bytes *parts,
                            size_t num_parts, struct atls_bytes signature);
    /* sign writes at most `out.cap` octets and sets *out_len. */
    enum atls_err (*sign)(int32_t alg, const struct atls_key *key, const struct atls_bytes *parts,
                          size_t num_parts, struct atls_buf out, size_t *out_len);
};

#endif
