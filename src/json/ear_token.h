/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Result as it travels: JWT or CWT, told apart by the first octet. Its claims can be had only
 * after its signature has verified by a key that the caller listed; a key or a certificate in the
 * token's own header is not looked at.
 */
#ifndef JSON_EAR_TOKEN_H
#define JSON_EAR_TOKEN_H

#include "json/jwk.h"
#include "result/ear.h"

/* A Result and all that its spans borrow. */
struct atls_ear_token;

/*
 * atls_ear_open gives *out to the caller (atls_ear_token_free). The keys are those of one Verifier:
 * that which the token's kid names where the set knows it, else each that fits its algorithm.
 * RESULT for what is no EAR, ALGORITHM for one that no key has ("none" and MACs among them),
 * RESULT_SIGNATURE when it does not verify.
 */
ATLS_NODISCARD enum atls_err atls_ear_open(struct atls_ear_token **out, struct atls_bytes token,
                                           const struct atls_crypto_ops *crypto,
                                           const struct atls_jwk_set *keys, struct atls_diag *diag);

/* atls_ear_open_unverified takes a Result at its word, also claims that nobody signed: for `atls
 * corim create --from`, which warns. */
ATLS_NODISCARD enum atls_err atls_ear_open_unverified(struct atls_ear_token **out,
                                                      struct atls_bytes token,
                                                      struct atls_diag *diag);

const struct atls_ear *atls_ear_token_get(const struct atls_ear_token *token);
bool atls_ear_token_is_cwt(const struct atls_ear_token *token);
void atls_ear_token_free(struct atls_ear_token *token);
void atls_ear_token_cleanup(struct atls_ear_token **token);

#endif
