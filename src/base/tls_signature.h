/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures as TLS 1.3 has them (RFC 8446, 4.2.3), for messages that we make and check ourselves:
 * the seam to a cryptographic library beside base/crypto_ops.h, whose algorithms are those of COSE.
 * Implemented on OpenSSL in src/crypto/.
 */
#ifndef BASE_TLS_SIGNATURE_H
#define BASE_TLS_SIGNATURE_H

#include "base/crypto_ops.h"

/* The schemes that TLS 1.3 allows in CertificateVerify; those of PKCS #1 v1.5 and SHA-1 are not
 * among them. */
enum atls_tls_scheme {
    ATLS_TLS_ECDSA_P256_SHA256 = 0x0403,
    ATLS_TLS_ECDSA_P384_SHA384 = 0x0503,
    ATLS_TLS_ECDSA_P521_SHA512 = 0x0603,
    ATLS_TLS_RSA_PSS_RSAE_SHA256 = 0x0804,
    ATLS_TLS_RSA_PSS_RSAE_SHA384 = 0x0805,
    ATLS_TLS_RSA_PSS_RSAE_SHA512 = 0x0806,
    ATLS_TLS_ED25519 = 0x0807,
    ATLS_TLS_ED448 = 0x0808,
    ATLS_TLS_RSA_PSS_PSS_SHA256 = 0x0809,
    ATLS_TLS_RSA_PSS_PSS_SHA384 = 0x080a,
    ATLS_TLS_RSA_PSS_PSS_SHA512 = 0x080b
};

/* An RSA-16384 signature. */
#define ATLS_MAX_TLS_SIGNATURE_LEN 2048

/* A key of the library behind the seam, of any type that TLS may authenticate with: RSASSA-PSS keys
 * (id-RSASSA-PSS) are no struct atls_key. Opaque here. */
struct atls_tls_key;

struct atls_tls_signature_ops {
    /* takes is true when `key` can sign with `scheme`: its type and curve fit. False for
     * every number that is no scheme of TLS 1.3. */
    bool (*takes)(uint16_t scheme, const struct atls_tls_key *key);
    /* sign writes the signature as TLS carries it (ECDSA in DER). ATLS_ERR_ALGORITHM when the key
     * does not take the scheme, ATLS_ERR_KEY when it cannot sign, ATLS_ERR_BUFFER. */
    enum atls_err (*sign)(uint16_t scheme, const struct atls_tls_key *key,
                          struct atls_bytes content, struct atls_buf out, size_t *out_len);
    /* verify: ATLS_ERR_SIGNATURE when it does not verify, ATLS_ERR_ALGORITHM as above. */
    enum atls_err (*verify)(uint16_t scheme, const struct atls_tls_key *key,
                            struct atls_bytes content, struct atls_bytes signature);
};

#endif
