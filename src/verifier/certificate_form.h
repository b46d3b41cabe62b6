/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of Evidence in certificates, one row each: what stands in which extension, and what its
 * report_data is the hash of. No other files than certificate*.c include this. */
#ifndef VERIFIER_CERTIFICATE_FORM_H
#define VERIFIER_CERTIFICATE_FORM_H

#include "crypto/evidence_cert.h"

#include "base/crypto_ops.h"

/* What a form gives: the Evidence, by its kind, and the octets whose hash binds it. */
struct atls_cert_found {
    enum { ATLS_CERT_QUOTE, ATLS_CERT_SNP_REPORT, ATLS_CERT_CMW } kind;
    struct atls_bytes evidence;
    uint8_t *storage; /* of the Evidence, where the certificate has it in another form; or NULL */
    int32_t hash_alg;
    struct atls_bytes label; /* hashed in front of `hashed` */
    struct atls_bytes hashed;
    bool has_nonce;
    struct atls_bytes nonce;
};

/* What a certificate gives to a form. */
struct atls_cert_source {
    const struct atls_evidence_cert *cert;
    const struct atls_crypto_ops *crypto;
    struct atls_bytes value; /* of the extension */
};

struct atls_cert_form {
    const char *name;
    size_t oid_len;
    uint8_t oid[12]; /* content octets */
    enum atls_err (*take)(struct atls_cert_found *out, const struct atls_cert_source *source,
                          struct atls_diag *diag);
};

/* The forms, in the order in which they are looked for. */
#define ATLS_NUM_CERT_FORMS 10
extern const struct atls_cert_form atls_cert_forms[ATLS_NUM_CERT_FORMS];

/* atls_cert_recode: what a reader finds malformed is Evidence that is. */
enum atls_err atls_cert_recode(enum atls_err err, struct atls_diag *diag);

#define ATLS_STEP_CERTIFICATE "certificate with Evidence"

#endif
