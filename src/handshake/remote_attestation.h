/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The remoteAttestation extension in its four messages
 * (draft-fossati-seat-early-attestation-07, section 4.1). Body only: what TLS calls extension_data.
 * Spans borrow the input.
 */
#ifndef HANDSHAKE_REMOTE_ATTESTATION_H
#define HANDSHAKE_REMOTE_ATTESTATION_H

#include "handshake/scheme.h"

/* The code point is not assigned by IANA: private use (RFC 9846, 12). */
#define ATLS_EXTENSION_TYPE 0xff5e

struct atls_offer {
    struct atls_scheme_list server; /* the server proves itself with one of these */
    struct atls_scheme_list client; /* the client proves itself with one of these */
};

/* ClientHello */
ATLS_NODISCARD enum atls_err atls_offer_parse(struct atls_offer *out, struct atls_bytes body,
                                              struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_offer_write(struct atls_buf out, size_t *out_len,
                                              const struct atls_offer *offer,
                                              struct atls_diag *diag);
/* EncryptedExtensions and CertificateRequest: one chosen scheme */
ATLS_NODISCARD enum atls_err atls_choice_parse(struct atls_scheme *out, struct atls_bytes body,
                                               struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_choice_write(struct atls_buf out, size_t *out_len,
                                               const struct atls_scheme *choice,
                                               struct atls_diag *diag);
/* Certificate, first CertificateEntry: opaque cmw_payload<1..2^24-1>, at most ATLS_MAX_CMW_LEN */
ATLS_NODISCARD enum atls_err atls_credential_parse(struct atls_bytes *out_cmw,
                                                   struct atls_bytes body, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_credential_write(struct atls_buf out, size_t *out_len,
                                                   struct atls_bytes cmw, struct atls_diag *diag);

#endif
