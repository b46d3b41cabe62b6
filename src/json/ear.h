/* SPDX-License-Identifier: Apache-2.0 */
/* EAT Attestation Results of an appraisal: as JSON claims, as JWT, as CWT. */
#ifndef JSON_EAR_H
#define JSON_EAR_H

#include "result/ear_make.h"

struct json_t;

/* A Result that was made, with what its spans borrow; the claims of the appraisal stay there. */
struct atls_ear_made;

/* atls_ear_new is atls_ear_make with the claims that the appraiser verified; atls_ear_new_error is
 * atls_ear_make_error. Give *out to the caller (atls_ear_made_free; NULL is fine). */
ATLS_NODISCARD enum atls_err atls_ear_new(struct atls_ear_made **out,
                                          const struct atls_appraisal *appraisal,
                                          const struct atls_ear_options *options,
                                          struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_ear_new_error(struct atls_ear_made **out,
                                                const struct atls_diag *why,
                                                const struct atls_format *format,
                                                const struct atls_ear_options *options,
                                                struct atls_diag *diag);
const struct atls_ear *atls_ear_made_get(const struct atls_ear_made *made);
void atls_ear_made_free(struct atls_ear_made *made);

/* atls_ear_claims and atls_ear_error_claims give such a Result as a new JSON object (caller:
 * json_decref). */
ATLS_NODISCARD enum atls_err atls_ear_claims(struct json_t **out,
                                             const struct atls_appraisal *appraisal,
                                             const struct atls_ear_options *options,
                                             struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_ear_error_claims(struct json_t **out, const struct atls_diag *why,
                                                   const struct atls_format *format,
                                                   const struct atls_ear_options *options,
                                                   struct atls_diag *diag);

/* atls_ear_sign_jwt gives the compact JWT, atls_ear_sign_cwt the CWT (caller: free). `kid` names
 * the key in the header, so that Verifiers can change keys (RFC 7515, 4.1.4); NULL: no name. */
ATLS_NODISCARD enum atls_err atls_ear_sign_jwt(char **out, const struct atls_ear *ear,
                                               const struct atls_crypto_ops *crypto,
                                               const struct atls_key *key, const char *kid,
                                               struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_ear_sign_cwt(uint8_t **out, size_t *out_len,
                                               const struct atls_ear *ear,
                                               const struct atls_crypto_ops *crypto,
                                               const struct atls_key *key, const char *kid,
                                               struct atls_diag *diag);
#endif
