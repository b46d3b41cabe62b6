/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's chain and our own keys, as struct atls_peer wants them. */
#ifndef STACK_OPENSSL_PEER_H
#define STACK_OPENSSL_PEER_H

#include "stack/openssl/adapter.h"

struct openssl_peer {
    struct atls_peer_certificate *chain;
    size_t num_chain;
    struct atls_bytes *own;
    size_t num_own;
};

/* openssl_peer_collect is for the verify callback: `cert` is the peer's; with `ends` it says when
 * each certificate does. False without memory. In either case openssl_peer_cleanup frees; serial
 * numbers are borrowed from the certificates. */
ATLS_NODISCARD bool openssl_peer_collect(struct openssl_peer *out, SSL *ssl, X509_STORE_CTX *store,
                                         X509 *cert, bool ends);
void openssl_peer_cleanup(struct openssl_peer *peer);

#endif
