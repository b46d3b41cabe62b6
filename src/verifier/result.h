/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Result that somebody else's Verifier made, as a Relying Party takes it: of a peer that brings
 * it along (passport), or from a Verifier that was asked (background check). Signature, profile,
 * times, nonce, Verifier, tiers and key, in this order; all of them, or none of its claims.
 */
#ifndef VERIFIER_RESULT_H
#define VERIFIER_RESULT_H

#include "json/ear_token.h"
#include "result/ear_check.h"

struct atls_result_request {
    const struct atls_crypto_ops *crypto;
    const struct atls_jwk_set *keys; /* of the one Verifier that may have signed */
    struct atls_ear_terms terms;
    struct atls_bytes tls_spki; /* DER SubjectPublicKeyInfo of the peer */
    /* Says that there is no such key to compare: Evidence was sent to a Verifier by us, and is
     * bound to the connection by its own nonce. */
    bool no_key;
};

/* atls_result_verify takes a JWT or a CWT, and gives *out to the caller (atls_ear_token_free).
 * Errors are those of json/ear_token.h, result/ear_check.h and json/ear_key.h. */
ATLS_NODISCARD enum atls_err atls_result_verify(struct atls_ear_token **out,
                                                struct atls_bytes token,
                                                const struct atls_result_request *request,
                                                struct atls_diag *diag);

/* atls_result_verify_cmw takes one in a CMW of any form, whose label must be that of what is in it:
 * application/eat+jwt or eat+cwt (content formats 264, 263), the profile, and a Result (ind 8). */
ATLS_NODISCARD enum atls_err atls_result_verify_cmw(struct atls_ear_token **out,
                                                    struct atls_bytes cmw,
                                                    const struct atls_result_request *request,
                                                    struct atls_diag *diag);
#endif
