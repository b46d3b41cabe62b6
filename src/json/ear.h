/* SPDX-License-Identifier: Apache-2.0 */
/* EAT Attestation Result as JSON claims and as JWT, in the profile that today's clients check:
 * eat_profile "tag:github.com,2023:veraison/ear", dotted names. */
#ifndef JSON_EAR_H
#define JSON_EAR_H

#include "result/appraisal.h"

struct json_t;

struct atls_ear_options {
    int64_t iat_s;
    int64_t exp_s;           /* 0: none */
    struct atls_bytes nonce; /* empty: none */
    const char *developer;   /* ear.verifier-id */
    const char *build;
    const char *policy_id;      /* may be NULL */
    struct atls_bytes key_spki; /* key attestation (akpub), empty: none */
};

/* atls_ear_claims gives a new JSON object (caller: json_decref). */
ATLS_NODISCARD enum atls_err atls_ear_claims(struct json_t **out,
                                             const struct atls_appraisal *appraisal,
                                             const struct atls_ear_options *options,
                                             struct atls_diag *diag);
/* atls_ear_sign gives the compact JWT (caller: free). */
ATLS_NODISCARD enum atls_err atls_ear_sign(char **out_jwt, const struct json_t *claims,
                                           const struct atls_crypto_ops *crypto,
                                           const struct atls_key *key, struct atls_diag *diag);
#endif
