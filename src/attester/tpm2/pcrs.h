/* SPDX-License-Identifier: Apache-2.0 */
/* PCR selections, as in "sha256:0,1,2,7": one bank, indices in ascending order. */
#ifndef ATTESTER_TPM2_PCRS_H
#define ATTESTER_TPM2_PCRS_H

#include "attester/tpm2/conn.h"
#include "base/crypto_ops.h"

/* Everything that firmware measures before the operating system (TCG PC Client, 3.3.4). */
#define ATLS_TPM_DEFAULT_PCRS "sha256:0,1,2,3,4,5,6,7"
#define ATLS_TPM_NUM_PCRS     24

struct atls_tpm_pcrs {
    TPM2_ALG_ID bank; /* SHA-256 or SHA-384 */
    uint32_t bits;    /* bit n: PCR n; never 0 */
};

/* atls_tpm_pcrs_parse takes the canonical form only. ATLS_ERR_CONFIG otherwise. */
ATLS_NODISCARD enum atls_err atls_tpm_pcrs_parse(struct atls_tpm_pcrs *out, struct atls_bytes text,
                                                 struct atls_diag *diag);
/* atls_tpm_pcrs_selection is the same for a command. */
void atls_tpm_pcrs_selection(TPML_PCR_SELECTION *out, const struct atls_tpm_pcrs *pcrs);
/* atls_tpm_pcrs_equal is true when `selection` is exactly this one. */
bool atls_tpm_pcrs_equal(const TPML_PCR_SELECTION *selection, const struct atls_tpm_pcrs *pcrs);
/* atls_tpm_pcrs_read reads the values, indexed by PCR. On the TPM's thread. */
ATLS_NODISCARD enum atls_err atls_tpm_pcrs_read(struct atls_tpm_conn *conn,
                                                struct atls_digest values[ATLS_TPM_NUM_PCRS],
                                                const struct atls_tpm_pcrs *pcrs,
                                                struct atls_diag *diag);

#endif
