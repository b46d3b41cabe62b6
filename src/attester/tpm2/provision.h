/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a new identity in a TPM (`atls keygen --rot tpm2`): the attestation key, persistent; the
 * TLS key, whose file is handed out; the values of the PCRs.
 *
 * The attestation key is a primary key of the endorsement hierarchy: it outlives a change of
 * owner, and what it signs shows clock and firmware version as they are, which the TPM garbles for
 * other hierarchies (Part 1, 36.7). Being primary, it is the same key whenever it is made of the
 * same template, so provisioning again finds it by its Name and takes no second handle.
 */
#ifndef ATTESTER_TPM2_PROVISION_H
#define ATTESTER_TPM2_PROVISION_H

#include "attester/tpm2/key_file.h"
#include "attester/tpm2/pcrs.h"
#include "attester/tpm2/queue.h"

/* Where attestation keys go: endorsement keys are at 0x8101xxxx (TCG registry of reserved
 * handles), and other software uses its first few. */
#define ATLS_TPM_AK_FIRST UINT32_C(0x81010100)
#define ATLS_TPM_AK_LAST  UINT32_C(0x810101ff)

struct atls_tpm_identity {
    TPM2_HANDLE ak_handle;
    TPMT_PUBLIC ak;
    struct atls_tpm_key_file key;
    struct atls_digest values[ATLS_TPM_NUM_PCRS];
};

/* atls_tpm_provision: with `new_ak` an attestation key that no other identity shares. */
ATLS_NODISCARD enum atls_err atls_tpm_provision(struct atls_tpm_identity *out, struct atls_tpm *tpm,
                                                const struct atls_tpm_pcrs *pcrs, bool new_ak,
                                                uint32_t timeout_ms, struct atls_diag *diag);

#endif
