/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attester.json of this attester (docs/tpm2.md):
 *
 *   {"rot":"tpm2","format":"tpm2","tcti":"device:/dev/tpmrm0",
 *    "ak":{"handle":"0x81010100","public":"<base64 TPMT_PUBLIC>"},
 *    "kid":"<66 hex digits>","pcrs":"sha256:0,1,2,7","queue":64}
 *
 * tcti and queue may be absent. Strict: an unknown or repeated member is an error.
 */
#ifndef ATTESTER_TPM2_CONFIG_H
#define ATTESTER_TPM2_CONFIG_H

#include "attester/tpm2/pcrs.h"
#include "attester/tpm2/public.h"

/* 01 (a random UEID of RFC 9711, 4.2.1) and SHA-256 of the attestation key's SPKI. */
#define ATLS_TPM_KID_LEN 33

struct atls_tpm_config {
    char *tcti; /* NULL: the default one; owned */
    TPM2_HANDLE ak_handle;
    TPMT_PUBLIC ak;
    TPM2B_NAME ak_name; /* computed */
    uint8_t kid[ATLS_TPM_KID_LEN];
    struct atls_tpm_pcrs pcrs;
    size_t queue;
};

/* atls_tpm_config_parse: ATLS_ERR_CONFIG for anything that keygen could not have written. */
ATLS_NODISCARD enum atls_err atls_tpm_config_parse(struct atls_tpm_config *out,
                                                   struct atls_bytes json, struct atls_diag *diag);
void atls_tpm_config_cleanup(struct atls_tpm_config *config);

/* atls_tpm_kid computes the kid of an attestation key. */
ATLS_NODISCARD enum atls_err atls_tpm_kid(uint8_t out[ATLS_TPM_KID_LEN], const TPMT_PUBLIC *ak,
                                          struct atls_diag *diag);

/* atls_tpm_config_write makes the JSON; the caller frees. `pcrs` is the text of the selection. */
ATLS_NODISCARD enum atls_err atls_tpm_config_write(char **out, const char *tcti,
                                                   TPM2_HANDLE ak_handle, const TPMT_PUBLIC *ak,
                                                   const char *pcrs, struct atls_diag *diag);

#endif
