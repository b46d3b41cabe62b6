/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Importing an external PSK (RFC 9258, 4): from one key that both sides were given, a key for each
 * pair of protocol and KDF, so that it never serves two of them.
 *
 *   ImportedIdentity  external_identity<1..2^16-1>, context<0..2^16-1>, target_protocol u16,
 *                     target_kdf u16
 *   ipskx = HKDF-Expand-Label( HKDF-Extract(0, epsk), "derived psk", Hash(ImportedIdentity), L )
 *
 * Hash is that of the external key, SHA-256 unless it was said otherwise, and L the length of the
 * hash of target_kdf. ImportedIdentity is the identity in pre_shared_key, and the binder of such a
 * key has the label "imp binder" in place of "ext binder" (RFC 9258, 5.2): a TLS library must know
 * that, which OpenSSL does not.
 */
#ifndef HANDSHAKE_PSK_IMPORT_H
#define HANDSHAKE_PSK_IMPORT_H

#include "base/crypto_ops.h"
#include "base/diag.h"

enum {
    ATLS_PSK_TLS13 = 0x0304,      /* target_protocol */
    ATLS_PSK_DTLS13 = 0xfefc,     /* RFC 9147 */
    ATLS_PSK_KDF_HKDF_SHA256 = 1, /* target_kdf (RFC 9258, 7) */
    ATLS_PSK_KDF_HKDF_SHA384 = 2
};

/* A key as its owner was given it. The spans belong to the caller. */
struct atls_external_psk {
    struct atls_bytes identity; /* 1 to 65,535 octets */
    struct atls_bytes context;  /* to 65,535 octets; what the two have agreed upon, often nothing */
    struct atls_bytes key;      /* 16 octets at least (RFC 9257, 6: 128 bits of entropy) */
    int32_t hash_alg;           /* ATLS_ALG_SHA256, ATLS_ALG_SHA384 */
};

/*
 * atls_psk_import writes the identity to `identity`, and derives the key.
 * @param target_protocol  ATLS_PSK_TLS13, ATLS_PSK_DTLS13
 * @param target_kdf       ATLS_PSK_KDF_...
 * @param[out] out_key     32 or 48 octets; the caller wipes it
 * @retval ATLS_ERR_ARGUMENT   what ImportedIdentity cannot carry, or a key that is too short
 * @retval ATLS_ERR_ALGORITHM  a hash or KDF that is not one of these
 * @retval ATLS_ERR_BUFFER     no room for the identity
 */
ATLS_NODISCARD enum atls_err atls_psk_import(const struct atls_crypto_ops *ops,
                                             const struct atls_external_psk *psk,
                                             uint16_t target_protocol, uint16_t target_kdf,
                                             struct atls_buf identity, size_t *out_identity_len,
                                             struct atls_digest *out_key, struct atls_diag *diag);

#endif
