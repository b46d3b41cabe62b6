/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exported authenticators (RFC 9261, 5): Certificate, CertificateVerify and Finished, made of what
 * a finished connection exports, as an answer to a request; or Finished alone, which refuses with
 * the authority of the connection. Authenticators that nobody asked for are neither made nor taken.
 *
 * Reading has two steps that the types keep in order: atls_authenticator_open checks the structure
 * and the Finished MAC, which ties it to this connection, this request and its maker's side;
 * atls_authenticator_verify the signature, once the caller has the key out of the certificate.
 */
#ifndef HANDSHAKE_AUTHENTICATOR_H
#define HANDSHAKE_AUTHENTICATOR_H

#include "base/tls_signature.h"
#include "handshake/authenticator_keys.h"
#include "handshake/authenticator_request.h"

enum {
    ATLS_MAX_AUTHENTICATOR_CERTS = 10,
    /* 64 spaces, "Exported Authenticator", an octet of zero, the hash */
    ATLS_MAX_SIGNED_CONTENT = 64 + 22 + 1 + ATLS_MAX_HASH_LEN
};

/* What is authenticated with. Everything is borrowed. */
struct atls_authenticator_identity {
    const struct atls_bytes *chain; /* DER, the end entity first */
    size_t num_certs;
    const struct atls_tls_signature_ops *signatures;
    const struct atls_tls_key *key; /* of the end entity */
    uint16_t scheme;                /* one of the request's that the key takes */
};

/* atls_authenticator_scheme chooses the first scheme of the request that `key` can sign with;
 * ATLS_ERR_KEY when there is none: no authenticator is made then (RFC 9261, 5.2.1). */
ATLS_NODISCARD enum atls_err
atls_authenticator_scheme(uint16_t *out, const struct atls_authenticator_request *request,
                          const struct atls_tls_signature_ops *signatures,
                          const struct atls_tls_key *key, struct atls_diag *diag);

/*
 * atls_authenticator_make answers `request`. `keys` are those of our own side; `cmw` goes into the
 * first entry and is empty for none. ATLS_ERR_STATE for a CMW that was not asked for, and for a
 * request of our own side; ATLS_ERR_KEY, ATLS_ERR_BUFFER, ATLS_ERR_CRYPTO.
 */
ATLS_NODISCARD enum atls_err
atls_authenticator_make(const struct atls_crypto_ops *ops, struct atls_buf out, size_t *out_len,
                        const struct atls_authenticator_keys *keys,
                        const struct atls_authenticator_request *request,
                        const struct atls_authenticator_identity *identity, struct atls_bytes cmw,
                        uint16_t cmw_extension, struct atls_diag *diag);

/* atls_authenticator_refuse writes the empty authenticator (RFC 9261, 5.2.4). */
ATLS_NODISCARD enum atls_err
atls_authenticator_refuse(const struct atls_crypto_ops *ops, struct atls_buf out, size_t *out_len,
                          const struct atls_authenticator_keys *keys,
                          const struct atls_authenticator_request *request, struct atls_diag *diag);

/* What an opened authenticator says: nothing of it is trusted before atls_authenticator_verify. */
struct atls_authenticator {
    bool refused; /* the empty one: nothing of the rest is there */
    struct atls_bytes certs[ATLS_MAX_AUTHENTICATOR_CERTS]; /* DER, the end entity first */
    size_t num_certs;
    struct atls_bytes cmw; /* empty: none came */
    uint16_t scheme;
    struct atls_bytes signature;
    uint8_t content[ATLS_MAX_SIGNED_CONTENT]; /* what the signature is over */
    size_t content_len;
};

/*
 * atls_authenticator_open reads the answer of the other side to `request`; `keys` are those of the
 * maker's side. Spans borrow `message`.
 *
 * @retval ATLS_ERR_MALFORMED    no authenticator by its form
 * @retval ATLS_ERR_ILLEGAL      another context, an empty list, a scheme that was not asked for
 * @retval ATLS_ERR_UNSOLICITED  an extension that was not asked for
 * @retval ATLS_ERR_AUTHENTICATOR  the Finished MAC is that of another connection, request or side
 */
ATLS_NODISCARD enum atls_err
atls_authenticator_open(const struct atls_crypto_ops *ops, struct atls_authenticator *out,
                        const struct atls_authenticator_keys *keys,
                        const struct atls_authenticator_request *request, struct atls_bytes message,
                        uint16_t cmw_extension, struct atls_diag *diag);

/* atls_authenticator_verify checks CertificateVerify with the key of certs[0]. */
ATLS_NODISCARD enum atls_err
atls_authenticator_verify(const struct atls_authenticator *authenticator,
                          const struct atls_tls_signature_ops *signatures,
                          const struct atls_tls_key *key, struct atls_diag *diag);

#endif
