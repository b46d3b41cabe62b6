/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: the Parsec key attestation with platform attestation of a TPM,
 *
 *   CAB = {"kat": {"kid", "sig", "tpmVer", "pubArea", "certInfo"},      TPM2_Certify of the TLS key
 *          "pat": {"kid", "sig", "tpmVer", "attestInfo"}}               TPM2_Quote of the PCRs
 *
 * both by the attestation key and over the same nonce, in one job. Map keys are written in the
 * order of deterministic CBOR (RFC 8949, 4.2.1). In TLS it is a CMW record by media type.
 */
#ifndef ATTESTER_TPM2_EVIDENCE_H
#define ATTESTER_TPM2_EVIDENCE_H

#include "attester/tpm2/config.h"
#include "attester/tpm2/key.h"

/* atls_tpm_evidence writes the CMW; blocks or pauses for at most `timeout_ms`. */
ATLS_NODISCARD enum atls_err atls_tpm_evidence(struct atls_tpm *tpm, struct atls_buf out,
                                               size_t *out_len,
                                               const struct atls_tpm_config *config,
                                               struct atls_tpm_key *key, struct atls_bytes nonce,
                                               uint32_t timeout_ms, struct atls_diag *diag);

#endif
