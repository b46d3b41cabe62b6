/* SPDX-License-Identifier: Apache-2.0 */
/* The attestation binder (draft-fossati-seat-early-attestation-07, section 5.1.1; R-01). */
#ifndef HANDSHAKE_BINDER_H
#define HANDSHAKE_BINDER_H

#include "base/crypto_ops.h"
#include "base/diag.h"

/*
 * atls_hkdf_expand_label is HKDF-Expand-Label of RFC 8446, 7.1, with "tls13 " in front of `label`.
 * @param len  octets of output, 1 to the length of the hash
 * @retval ATLS_ERR_ALGORITHM  hash_alg is no hash
 * @retval ATLS_ERR_ARGUMENT   a length that HkdfLabel cannot carry, or len out of range
 */
ATLS_NODISCARD enum atls_err atls_hkdf_expand_label(const struct atls_crypto_ops *ops,
                                                    int32_t hash_alg, struct atls_bytes secret,
                                                    const char *label, struct atls_bytes context,
                                                    size_t len, struct atls_digest *out);

/* atls_binder computes the binder for the key whose DER SubjectPublicKeyInfo is `spki`. */
ATLS_NODISCARD enum atls_err atls_binder(const struct atls_crypto_ops *ops, int32_t hash_alg,
                                         const struct atls_digest *transcript_hash,
                                         struct atls_bytes spki, struct atls_digest *out,
                                         struct atls_diag *diag);

#endif
