/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence inside an X.509 certificate (timing "certificate", RA-TLS): which extension holds it,
 * and how it is bound to the certificate's key. What comes out is Evidence as it would travel in a
 * handshake, and the report_data that it must have; its appraiser sees no certificate.
 *
 *   interoperable RA-TLS   2.23.133.5.4.9, tag([evidence, claims]): SHA-256(claims), and in the
 *                          claims a hash of the SubjectPublicKeyInfo
 *   CMW                    2.23.133.5.4.9 or id-pe-cmw: SHA-512(SubjectPublicKeyInfo)
 *   Gramine                its malformed OID, a quote: SHA-256(SubjectPublicKeyInfo)
 *   rats-tls               1.2.840.113741.1337.6, a quote: with RSA SHA-256(RSAPublicKey of
 *                          PKCS #1), else as Gramine
 *   Open Enclave           1.3.6.1.4.1.311.105.1 or 1.2.840.113556.10.1.1, header and quote:
 *                          SHA-256(PEM of the key and NUL)
 *   Open Enclave evidence  1.3.6.1.4.1.311.105.2 or 1.2.840.113556.10.1.2, another header, quote
 *                          and claims, which are that PEM: SHA-256(claims)
 *   dstack                 1.3.6.1.4.1.62397.1.8, an attestation of version 0 or 1, or .1, a quote:
 *                          SHA-512("ratls-cert:" and SubjectPublicKeyInfo)
 *
 * Hashes of 32 octets are followed by 32 zero octets, which count. The first form of this list that
 * a certificate has is taken, and no other is looked at. Beside the interoperable form may stand
 * 2.23.133.5.4.2, collateral that counts as if it were loaded. Intel's SDK puts a quote that is
 * bound to nothing under 1.2.840.113741.1.13.1, which is ignored.
 *
 * What this timing lacks: no nonce of a session. Whoever holds the key may show the certificate as
 * long as it is valid, whatever became of the machine.
 */
#ifndef VERIFIER_CERTIFICATE_H
#define VERIFIER_CERTIFICATE_H

#include "crypto/evidence_cert.h"
#include "verifier/verifier.h"

struct atls_cert_evidence {
    const char *form;                 /* as in the list above */
    const char *format_name;          /* "sgx" and so on; NULL: as the CMW says */
    struct atls_bytes evidence;       /* quote, report or CMW; borrows */
    const struct atls_format *format; /* NULL: not built in this version, and then no record */
    uint8_t *cmw;                     /* owned: one record */
    size_t cmw_len;
    uint8_t *storage; /* owned: of the evidence, where it is not in the certificate as such */
    uint8_t report_data[ATLS_MAX_NONCE_LEN];
    bool has_nonce; /* of the claims of the interoperable form; borrows the certificate */
    struct atls_bytes nonce;
};

/*
 * atls_cert_evidence_read finds the Evidence and what binds it. EVIDENCE_MALFORMED for what is
 * none, EVIDENCE_TYPE for a kind that is not known, KEY_BINDING for another key, NOT_ATTESTED for a
 * certificate without Evidence.
 */
ATLS_NODISCARD enum atls_err atls_cert_evidence_read(struct atls_cert_evidence *out,
                                                     const struct atls_evidence_cert *cert,
                                                     const struct atls_crypto_ops *crypto,
                                                     struct atls_diag *diag);
void atls_cert_evidence_cleanup(struct atls_cert_evidence *evidence);

/*
 * atls_verify_certificate is atls_verify for a certificate: request->cmw is the certificate (PEM or
 * DER), which must be in its dates and signed by its own key. With a nonce the claims must have it;
 * with none the Evidence is not fresh, and a warning at best. NOT_BUILT for a format of a later
 * version. *out_form names the form.
 */
ATLS_NODISCARD enum atls_err atls_verify_certificate(struct atls_appraisal *out,
                                                     const char **out_form,
                                                     const struct atls_verify_request *request,
                                                     struct atls_diag *diag);

/* atls_is_certificate is true for a file that begins as a certificate does. */
bool atls_is_certificate(struct atls_bytes file);

#endif
