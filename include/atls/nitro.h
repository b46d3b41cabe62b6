/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The attester of AWS Nitro Enclaves, in libatls: Evidence is an attestation document of the Nitro
 * Secure Module over the nonce. The TLS key is an ordinary one, which the document names.
 *
 * Threads: each call opens the device for itself. Fork: nothing is kept between calls.
 */
#ifndef ATLS_NITRO_H
#define ATLS_NITRO_H

#include "atls/attester.h"

#ifdef __cplusplus
extern "C" {
#endif

/** atls_attester_nitro is for atls_context_add_attester; see docs/nitro.md for attester.json. */
extern ATLS_API const struct atls_attester_ops atls_attester_nitro;

#ifdef __cplusplus
}
#endif
#endif
