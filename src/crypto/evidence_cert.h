/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate that carries Evidence of its own key (RA-TLS): longer than others, mostly
 * self-signed, with the Evidence in an extension. What the extension holds is for codec/ratls.h and
 * appraisers to say; what is here is the certificate around it.
 */
#ifndef CRYPTO_EVIDENCE_CERT_H
#define CRYPTO_EVIDENCE_CERT_H

#include "base/diag.h"
#include "base/crypto_ops.h"

#include <stdbool.h>

/* Largest DER: a quote with its certificates twice, and keys. */
#define ATLS_MAX_EVIDENCE_CERT_LEN 65536

struct atls_evidence_cert; /* immutable once read */

/* atls_evidence_cert_read takes one certificate in DER with nothing after it, or the first of a PEM
 * text. MALFORMED for what is none, and for an extension that stands twice. */
ATLS_NODISCARD enum atls_err atls_evidence_cert_read(struct atls_evidence_cert **out,
                                                     struct atls_bytes file,
                                                     struct atls_diag *diag);
/* NULL is fine. */
void atls_evidence_cert_free(struct atls_evidence_cert *cert);
void atls_evidence_cert_cleanup(struct atls_evidence_cert **cert);

/* These lend, as long as the certificate lives. */
struct atls_bytes atls_evidence_cert_spki(const struct atls_evidence_cert *cert); /* DER */
/* Content of subjectPublicKey: of an RSA key the RSAPublicKey of PKCS #1. */
struct atls_bytes atls_evidence_cert_public_key(const struct atls_evidence_cert *cert);
bool atls_evidence_cert_is_rsa(const struct atls_evidence_cert *cert);
/* PEM of the SubjectPublicKeyInfo, with the NUL behind it. */
struct atls_bytes atls_evidence_cert_key_pem(const struct atls_evidence_cert *cert);
/* The content octets of extnValue of the extension `oid`, given as the content octets of its
 * OBJECT IDENTIFIER; false when there is none. */
bool atls_evidence_cert_extension(const struct atls_evidence_cert *cert, struct atls_bytes oid,
                                  struct atls_bytes *out);

/* atls_evidence_cert_check refuses with PKIX a certificate that is not in its dates at `now_s`,
 * with 60 s of grace, and where it must be `self_signed` one that its own key did not sign. */
ATLS_NODISCARD enum atls_err atls_evidence_cert_check(const struct atls_evidence_cert *cert,
                                                      int64_t now_s, bool self_signed,
                                                      struct atls_diag *diag);

#endif
