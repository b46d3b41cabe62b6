/* SPDX-License-Identifier: Apache-2.0 */
/* A Result by those keys of its Verifier that are not revoked; for this room only. */
#ifndef VERIFIER_RESULT_KEYS_H
#define VERIFIER_RESULT_KEYS_H

#include "verifier/result.h"
#include "verifier/verifier.h"

/* atls_result_verify or atls_result_verify_cmw. */
typedef enum atls_err verifier_result_verify(struct atls_ear_token **out, struct atls_bytes result,
                                             const struct atls_result_request *request,
                                             struct atls_diag *diag);

/* verifier_result_by verifies with those of `all` that request->revoked does not name at
 * request->now_s; REVOKED when only one of the others could. terms->keys is not looked at. */
ATLS_NODISCARD enum atls_err
verifier_result_by(struct atls_ear_token **out, verifier_result_verify *verify,
                   struct atls_bytes result, const struct atls_result_request *terms,
                   const struct atls_jwk_set *all, const struct atls_verify_request *request,
                   struct atls_diag *diag);

#endif
