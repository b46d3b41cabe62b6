/* SPDX-License-Identifier: Apache-2.0 */
/* Response codes of the TPM and of tpm2-tss, in words. */
#ifndef ATTESTER_TPM2_RC_H
#define ATTESTER_TPM2_RC_H

#include "base/diag.h"

#include <stdbool.h>
#include <tss2/tss2_common.h>

/* atls_tpm_fail is ATLS_ERR_TPM: `command` is what failed, such as "TPM2_Certify". */
enum atls_err atls_tpm_fail(struct atls_diag *diag, const char *command, TSS2_RC rc);

/* atls_tpm_rc_is compares without the numbers of handle, parameter or session in `rc`. */
bool atls_tpm_rc_is(TSS2_RC rc, TSS2_RC code);

/* atls_tpm_rc_is_answer is true when the TPM itself, or its resource manager for it, said no: then
 * the connection is in order. */
bool atls_tpm_rc_is_answer(TSS2_RC rc);

#endif
