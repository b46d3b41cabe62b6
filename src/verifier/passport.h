/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A passport: the Result of a Verifier that the Relying Party lists, which the peer brings in its
 * handshake. Nobody is asked. It says nothing of this connection but whose key it is: that the peer
 * has the key, the handshake's signature proves; how old a Result may be, the policy says.
 */
#ifndef VERIFIER_PASSPORT_H
#define VERIFIER_PASSPORT_H

#include "verifier/trust.h"
#include "verifier/verifier.h"

/*
 * verifier_passport_appraise verifies request->cmw as a Result of `identity`, by the pinned keys
 * that `trust` has for it, about the key request->tls_spki; expected_nonce, format and endorsements
 * are not looked at. The appraisal has one submod for each of the Result's, and the caller runs
 * atls_appraisal_cleanup(out, free). Errors are those of verifier/result.h; REVOKED for the key of
 * the Verifier; STATE for an identity that is not listed with pinned keys.
 */
ATLS_NODISCARD enum atls_err verifier_passport_appraise(struct atls_appraisal *out,
                                                        struct verifier_trust *trust,
                                                        struct atls_bytes identity,
                                                        const struct atls_verify_request *request,
                                                        struct atls_diag *diag);

#endif
