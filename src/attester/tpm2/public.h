/* SPDX-License-Identifier: Apache-2.0 */
/* Public areas of TPM keys: the templates of the keys that we make, names, and the same key as the
 * rest of the world writes it. */
#ifndef ATTESTER_TPM2_PUBLIC_H
#define ATTESTER_TPM2_PUBLIC_H

#include "base/diag.h"

#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

/* 04 || x || y of P-384. */
#define ATLS_TPM_MAX_POINT 97
/* DER SubjectPublicKeyInfo of P-384: 120 octets. */
#define ATLS_TPM_MAX_SPKI 128
/* A TPMT_PUBLIC of an elliptic curve key, with room to spare. */
#define ATLS_TPM_MAX_PUBLIC 512

struct atls_tpm_point {
    int32_t crv; /* ATLS_CRV_P256 or ATLS_CRV_P384 */
    size_t field_len;
    size_t len;
    uint8_t data[ATLS_TPM_MAX_POINT]; /* 04 || x || y */
};

/* The attestation key: signs only what the TPM itself made (restricted). */
extern const TPMT_PUBLIC atls_tpm_ak_template;
/* The parent: H-2 of the TCG EK Credential Profile, which draft-bottomley-tpm2-keys, 3.1.8, wants
 * for keys whose file names a hierarchy. */
extern const TPMT_PUBLIC atls_tpm_parent_template;
/* The TLS key. */
extern const TPMT_PUBLIC atls_tpm_tls_template;

/* atls_tpm_public_point gives the point of a key on a curve that we take; false otherwise. Whether
 * it is on the curve is for atls_tpm_public_spki to say. */
bool atls_tpm_public_point(struct atls_tpm_point *out, const TPMT_PUBLIC *area);

/* atls_tpm_public_spki writes the DER SubjectPublicKeyInfo. ATLS_ERR_KEY when the point is not on
 * its curve. */
ATLS_NODISCARD enum atls_err atls_tpm_public_spki(struct atls_buf out, size_t *out_len,
                                                  const TPMT_PUBLIC *area, struct atls_diag *diag);
/* atls_tpm_public_pem makes "PUBLIC KEY" PEM; the caller frees with free(). */
ATLS_NODISCARD enum atls_err atls_tpm_public_pem(char **out, const TPMT_PUBLIC *area,
                                                 struct atls_diag *diag);
/* atls_tpm_public_encode writes the TPMT_PUBLIC. */
ATLS_NODISCARD enum atls_err atls_tpm_public_encode(struct atls_buf out, size_t *out_len,
                                                    const TPMT_PUBLIC *area,
                                                    struct atls_diag *diag);
/* atls_tpm_public_decode reads a TPMT_PUBLIC that fills `octets` exactly. */
ATLS_NODISCARD bool atls_tpm_public_decode(TPMT_PUBLIC *out, struct atls_bytes octets);
/* atls_tpm_public_name computes the Name (Part 1, 16): nameAlg || H(TPMT_PUBLIC). */
ATLS_NODISCARD enum atls_err atls_tpm_public_name(TPM2B_NAME *out, const TPMT_PUBLIC *area,
                                                  struct atls_diag *diag);
/* atls_tpm_public_is_ak is true for a key made of atls_tpm_ak_template. */
bool atls_tpm_public_is_ak(const TPMT_PUBLIC *area);
/* atls_tpm_public_is_tls says whether a key may be a TLS key; the refusal is in `diag`. */
ATLS_NODISCARD enum atls_err atls_tpm_public_is_tls(const TPMT_PUBLIC *area,
                                                    struct atls_diag *diag);

/* atls_tpm_cose_hash gives the COSE number of a TPM hash algorithm, 0 where there is none. */
int32_t atls_tpm_cose_hash(TPM2_ALG_ID alg);

#endif
