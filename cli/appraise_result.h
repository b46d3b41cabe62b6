/* SPDX-License-Identifier: Apache-2.0 */
/* The Result of `atls appraise`: its claims, and the token where there is a key to sign with. */
#ifndef CLI_APPRAISE_RESULT_H
#define CLI_APPRAISE_RESULT_H

#include "json/ear.h"
#include "json/jwk.h"
#include "options.h"

/* All zero is a state in which cleanup is safe. */
struct cli_result {
    enum atls_ear_profile profile;
    bool as_cwt;
    struct atls_jwk_set keys; /* --signing-key: the first signs */
    json_t *claims;
    char *jwt; /* one of both, or none */
    uint8_t *cwt;
    size_t cwt_len;
    bool is_remote; /* another Verifier's, whose keys are not ours to publish */
};

/* cli_result_options reads --ear-profile, --ear-form and the keys. */
ATLS_NODISCARD enum atls_err cli_result_options(struct cli_result *out, const struct cli_options *o,
                                                struct atls_diag *diag);

/* cli_result_make fills in the rest: of `appraisal` or, when that has nothing, of the failure `why`
 * with Evidence of `format`. `cmw` goes along with --raw-evidence, and `options` are the other
 * facts. */
ATLS_NODISCARD enum atls_err cli_result_make(struct cli_result *result, const struct cli_options *o,
                                             const struct atls_appraisal *appraisal,
                                             struct atls_ear_options options,
                                             const struct atls_format *format,
                                             struct atls_bytes cmw, struct atls_diag *diag);

/* cli_result_take takes the Result (JWT, or CWT as base64url; NULL: there is none) of another
 * Verifier, which has been verified. */
ATLS_NODISCARD enum atls_err cli_result_take(struct cli_result *result, char *text,
                                             struct atls_diag *diag);

/* cli_result_print writes what a person or a pipe gets: the token, or the claims and on stderr that
 * nobody signed them. cli_result_json adds the members of --json to `object`. */
void cli_result_print(const struct cli_result *result, const char *verb);
ATLS_NODISCARD enum atls_err cli_result_json(json_t *object, const struct cli_result *result,
                                             struct atls_diag *diag);
void cli_result_cleanup(struct cli_result *result);

#endif
