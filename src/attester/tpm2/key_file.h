/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a TPM key, PEM "TSS2 PRIVATE KEY", as tpm2-openssl and tpm2-tools write it
 * (draft-bottomley-tpm2-keys, 3.1):
 *
 *   TPMKey ::= SEQUENCE {
 *     type        OBJECT IDENTIFIER,               -- 2.23.133.10.1.3, loadable key
 *     emptyAuth   [0] EXPLICIT BOOLEAN OPTIONAL,
 *     policy [1], secret [2], authPolicy [3]       -- not taken
 *     description [4] EXPLICIT UTF8String OPTIONAL,
 *     rsaParent   [5] EXPLICIT BOOLEAN OPTIONAL,
 *     parent      INTEGER,
 *     pubkey      OCTET STRING,                    -- TPM2B_PUBLIC
 *     privkey     OCTET STRING }                   -- TPM2B_PRIVATE, encrypted by the parent
 *
 * Read strictly: one PEM block and nothing around it, canonical base64, DER.
 */
#ifndef ATTESTER_TPM2_KEY_FILE_H
#define ATTESTER_TPM2_KEY_FILE_H

#include "base/diag.h"

#include <tss2/tss2_tpm2_types.h>

/* A TPM2B_PUBLIC and a TPM2B_PRIVATE, their frames, and a description of some length. */
#define ATLS_TPM_MAX_KEY_DER 4096
#define ATLS_TPM_MAX_KEY_PEM 8192

struct atls_tpm_key_file {
    TPM2_HANDLE parent; /* owner or endorsement hierarchy, or a persistent object */
    TPM2B_PUBLIC public_area;
    TPM2B_PRIVATE private_area;
};

/*
 * atls_tpm_key_file_parse takes a signing key on P-256 or P-384 without authorization that the
 * TPM made itself and cannot give away. ATLS_ERR_KEY otherwise.
 */
ATLS_NODISCARD enum atls_err atls_tpm_key_file_parse(struct atls_tpm_key_file *out,
                                                     struct atls_bytes pem, struct atls_diag *diag);

/* atls_tpm_key_file_write makes the PEM, NUL-terminated; the caller frees with free(). */
ATLS_NODISCARD enum atls_err
atls_tpm_key_file_write(char **out, const struct atls_tpm_key_file *file, struct atls_diag *diag);

#endif
