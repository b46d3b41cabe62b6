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

/* verify.c. openssl_verify_certificate is PKIX, or what there is without, for the
 * certificate of `store`; *out_pkix_ok says whether chain and name hold. */
ATLS_NODISCARD enum atls_err openssl_verify_certificate(X509_STORE_CTX *store,
                                                        const struct atls_context *context,
                                                        bool *out_pkix_ok, struct atls_diag *diag);

/* What a session is told of a certificate that was verified; `peer` borrows the rest. In either
 * case openssl_seen_cleanup frees. */
struct openssl_seen {
    struct openssl_peer keys;
    unsigned char *der;
    char subject[256];
    struct atls_peer peer;
};
ATLS_NODISCARD enum atls_err openssl_see_peer(struct openssl_seen *out, SSL *ssl,
                                              X509_STORE_CTX *store, X509 *cert, bool pkix_ok,
                                              struct atls_diag *diag);
void openssl_seen_cleanup(struct openssl_seen *seen);

#endif
