/* SPDX-License-Identifier: Apache-2.0 */
/* What both making and reading an authenticator compute. No other files include this. */
#ifndef HANDSHAKE_AUTHENTICATOR_HASH_H
#define HANDSHAKE_AUTHENTICATOR_HASH_H

#include "handshake/authenticator.h"

/* atls_authenticator_hash is Hash(Handshake Context || request || messages): `messages` is
 * Certificate, or Certificate and CertificateVerify (RFC 9261, 5.2.2, 5.2.3). */
ATLS_NODISCARD enum atls_err
atls_authenticator_hash(const struct atls_crypto_ops *ops,
                        const struct atls_authenticator_keys *keys,
                        const struct atls_authenticator_request *request,
                        struct atls_bytes messages, struct atls_digest *out);

/* atls_authenticator_mac is verify_data of Finished over the same. */
ATLS_NODISCARD enum atls_err
atls_authenticator_mac(const struct atls_crypto_ops *ops,
                       const struct atls_authenticator_keys *keys,
                       const struct atls_authenticator_request *request, struct atls_bytes messages,
                       struct atls_digest *out);

/* atls_authenticator_refusal_mac is that of the empty authenticator, over a Certificate message
 * with the request's context and no certificate, which is not sent (RFC 9261, 5.2.4). */
ATLS_NODISCARD enum atls_err atls_authenticator_refusal_mac(
    const struct atls_crypto_ops *ops, const struct atls_authenticator_keys *keys,
    const struct atls_authenticator_request *request, struct atls_digest *out);

/* atls_authenticator_content writes what CertificateVerify signs, and gives its length. */
size_t atls_authenticator_content(uint8_t out[ATLS_MAX_SIGNED_CONTENT],
                                  const struct atls_digest *hash);

#endif
