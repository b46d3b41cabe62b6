/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways into an attester have in common; for this room only. */
#ifndef ATTESTER_WAYS_H
#define ATTESTER_WAYS_H

#include "attester/attester.h"

/* attester_check_outside_nonce refuses with NONCE_LENGTH what a handshake could take for its
 * binder. `padded_len` is that of the attester who gets this very nonce; 0: no attester does. */
ATLS_NODISCARD enum atls_err
attester_check_outside_nonce(struct atls_bytes nonce, size_t padded_len, struct atls_diag *diag);
/* attester_attest asks, after the caller has seen to it that the nonce is one that may be. */
ATLS_NODISCARD enum atls_err attester_attest(const struct atls_attester_ops *ops,
                                             struct atls_attester *attester,
                                             struct atls_bytes nonce, struct atls_bytes spki,
                                             uint32_t timeout_ms, struct atls_buf out,
                                             size_t *out_len, struct atls_diag *diag);

#endif
