/* SPDX-License-Identifier: Apache-2.0 */
/* EAT Attestation Result as JSON claims and as JWT, in the profile that today's clients check:
 * eat_profile "tag:github.com,2023:veraison/ear", dotted names. */
#ifndef JSON_EAR_H
#define JSON_EAR_H

#include "result/appraisal.h"

struct json_t;

struct atls_ear_options {
    int64_t iat_s;           /* seconds since 1970, more than 0 */
    int64_t exp_s;           /* 0: none; else after iat_s */
    struct atls_bytes nonce; /* empty: none; else 8 to 64 octets */
    const char *developer;   /* ear.verifier-id */
    const char *build;
    const char *policy_id;      /* NULL: "policy:" and the name of the submod */
    struct atls_bytes key_spki; /* key attestation (akpub), empty: none */
    /* Why the policy of policy_id refuses what was appraised; NULL when it does not. */
    const struct atls_diag *refusal;
};

/*
 * atls_ear_claims gives a new JSON object (caller: json_decref). A submod has the claims that its
 * vector asserts, never a status that is better than these; "simulated": true when its root is a
 * simulation; the cause in the policy claims when it is not affirming; and the key attestation
 * when the key is bound to it. What the policy refuses is not affirming, whatever its vector says,
 * since the Result names the policy.
 */
ATLS_NODISCARD enum atls_err atls_ear_claims(struct json_t **out,
                                             const struct atls_appraisal *appraisal,
                                             const struct atls_ear_options *options,
                                             struct atls_diag *diag);

/*
 * atls_ear_error_claims gives the Result of an appraisal that failed with `why`: one submod, that
 * of `format` or, when that is NULL, "ERROR", with the sentence as its problem. Evidence that is
 * bad is contraindicated, with every claim "cryptographic validation failed" (99); when it was us
 * who failed, every claim is "verifier malfunction" (-1) and the status none: it asserts nothing
 * about the Attester, and opens nothing either. options->key_spki is not used.
 */
ATLS_NODISCARD enum atls_err atls_ear_error_claims(struct json_t **out, const struct atls_diag *why,
                                                   const struct atls_format *format,
                                                   const struct atls_ear_options *options,
                                                   struct atls_diag *diag);

/* atls_ear_sign gives the compact JWT (caller: free). */
ATLS_NODISCARD enum atls_err atls_ear_sign(char **out_jwt, const struct json_t *claims,
                                           const struct atls_crypto_ops *crypto,
                                           const struct atls_key *key, struct atls_diag *diag);
#endif
