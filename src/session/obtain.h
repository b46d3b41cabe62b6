/* SPDX-License-Identifier: Apache-2.0 */
/* A passport for our own TLS key, of the Verifier that a context asks; for programs. */
#ifndef SESSION_OBTAIN_H
#define SESSION_OBTAIN_H

#include "atls/attester.h"
#include "session/context.h"

/*
 * atls_context_obtain gives a Result (a JWT, caller: free) that `attester` got for the key
 * `tls_spki` of the Verifier of atls_context_set_verifier(), and in *exp_s when it ends. The nonce
 * is the Verifier's: of 64 octets, or of 33 where the attester takes no 64, and nothing is made
 * over one that could be a binder. NOT_BUILT for a format whose Evidence neither names
 * the key nor can be part of a bundle that does; other errors are those of verifier/remote.h and of
 * the attester.
 */
ATLS_NODISCARD enum atls_err
atls_context_obtain(struct atls_context *context, char **out, int64_t *exp_s,
                    const struct atls_attester_ops *ops, struct atls_attester *attester,
                    struct atls_bytes tls_spki, struct atls_diag *diag);

#endif
