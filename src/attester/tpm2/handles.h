/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of TPM handles (TPM 2.0 Library, Part 2, 7.4). The macros of tpm2-tss compute them by
 * shifting a promoted int into its sign bit, which C does not define. */
#ifndef ATTESTER_TPM2_HANDLES_H
#define ATTESTER_TPM2_HANDLES_H

#include <tss2/tss2_tpm2_types.h>

#define ATLS_TPM_TRANSIENT_FIRST  ((UINT32)0x80000000)
#define ATLS_TPM_PERSISTENT_FIRST ((UINT32)0x81000000)
#define ATLS_TPM_PERSISTENT_LAST  ((UINT32)0x81ffffff)

#endif
