/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CoMID template of a new identity, in the JSON of cocli, for the profile
 * tag:github.com/parallaxsecond,2023-03-03:tpm: which key attests, and what the PCRs are.
 */
#ifndef ATTESTER_TPM2_COMID_H
#define ATTESTER_TPM2_COMID_H

#include "attester/tpm2/config.h"

/* The class of systems that an identity belongs to when keygen is not told another: the UUID of
 * version 5 of the URL "tag:atls,2026:tpm2". Reference values are shared by all of a class. */
#define ATLS_TPM_DEFAULT_CLASS "fc75c14d-2919-54d3-a823-6e99a2d15a6d"

/* atls_tpm_is_uuid is true for 8-4-4-4-12 lower-case hexadecimal digits. */
bool atls_tpm_is_uuid(const char *text);

/* atls_tpm_comid makes the template; the caller frees. */
ATLS_NODISCARD enum atls_err atls_tpm_comid(char **out, const char *class_uuid,
                                            const TPMT_PUBLIC *ak, const struct atls_tpm_pcrs *pcrs,
                                            const struct atls_digest values[ATLS_TPM_NUM_PCRS],
                                            struct atls_diag *diag);

#endif
