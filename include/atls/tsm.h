/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Attesters over Linux's configfs-tsm: the report of a confidential guest, as its kernel's driver
 * gives it. The TLS key is an ordinary one, which the attested software vouches for: its hash is in
 * the binder (key binding "challenge").
 *
 * Threads: reports are made one after the other; who waits does so for the time of its request.
 * Fork: what was opened before a fork refuses to work in the child.
 */
#ifndef ATLS_TSM_H
#define ATLS_TSM_H

#include "atls/attester.h"

#ifdef __cplusplus
extern "C" {
#endif

/** atls_attester_snp gives AMD SEV-SNP reports (module sev-guest). attester.json is
 *  {"rot":"snp","format":"snp"}, and may have "path", "privlevel" and "queue"; docs/snp.md. */
extern ATLS_API const struct atls_attester_ops atls_attester_snp;
/** atls_attester_tdx gives Intel TDX quotes (module tdx-guest): "tdx", "tdx". */
extern ATLS_API const struct atls_attester_ops atls_attester_tdx;
/** atls_attester_cca gives Arm CCA tokens (module arm-cca-guest): "cca", "cca". For `atls attest`
 * and Verifiers elsewhere: this version appraises none, so no handshake carries them. */
extern ATLS_API const struct atls_attester_ops atls_attester_cca;

#ifdef __cplusplus
}
#endif
#endif
