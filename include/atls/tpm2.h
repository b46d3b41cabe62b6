/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The TPM 2.0 attester, libatls-tpm2: Evidence is TPM2_Certify of the TLS key and TPM2_Quote of
 * PCRs, both over the nonce; the TLS key lives in the TPM and is used through an OpenSSL provider.
 *
 * Threads: every TPM, named by its TCTI string, is owned by one thread of the process; the
 * functions of the table may be called from any thread, and from a fiber of OpenSSL (they pause it
 * instead of blocking). Fork: what was opened before a fork refuses to work in the child.
 */
#ifndef ATLS_TPM2_H
#define ATLS_TPM2_H

#include "atls/attester.h"

#ifdef __cplusplus
extern "C" {
#endif

/** atls_attester_tpm2 is for atls_context_add_attester; see docs/tpm2.md for attester.json. */
extern ATLS_API const struct atls_attester_ops atls_attester_tpm2;

#ifdef __cplusplus
}
#endif
#endif
