/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An external PSK (RFC 8446, 2.2) with a key exchange (psk_dhe_ke). A handshake by PSK has no
 * Certificate message, so attestation comes after it; the PSK itself is demanded of every
 * connection of the SSL_CTX.
 */
#ifndef STACK_OPENSSL_PSK_H
#define STACK_OPENSSL_PSK_H

#include "stack/openssl/adapter.h"

/* openssl_psk_check_timing refuses a PSK where Evidence would have to be in a Certificate. */
ATLS_NODISCARD enum atls_err openssl_psk_check_timing(const SSL_CTX *ctx,
                                                      const struct atls_context *context,
                                                      struct atls_diag *diag);
/* openssl_psk_is_used is true when this connection has the PSK of its SSL_CTX: no session of an
 * earlier one. */
bool openssl_psk_is_used(const SSL *ssl);
/* openssl_psk_check refuses a connection without a PSK where its SSL_CTX has one. */
ATLS_NODISCARD enum atls_err openssl_psk_check(const SSL *ssl, struct atls_diag *diag);

/* openssl_psk_is_offered looks into a ClientHello, in the callback for it: true where its SSL_CTX
 * has a PSK and the client offers that identity, and without a PSK. */
ATLS_NODISCARD bool openssl_psk_is_offered(SSL *ssl, struct atls_diag *diag);
bool openssl_psk_is_set(const SSL_CTX *ctx);
/* openssl_psk_takes is true for a suite's hash that goes with the PSK, and for all without one. */
bool openssl_psk_takes(const SSL_CTX *ctx, int32_t hash_alg);

#endif
