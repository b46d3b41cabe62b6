/* SPDX-License-Identifier: Apache-2.0 */
/* atls appraise --verifier: Evidence of a file to a remote Verifier, and its Result checked. */
#ifndef CLI_APPRAISE_REMOTE_H
#define CLI_APPRAISE_REMOTE_H

#include "options.h"
#include "verifier/verifier.h"

struct atls_verifier;

/* cli_appraise_remote_check refuses options that do not go together. */
ATLS_NODISCARD enum atls_err cli_appraise_remote_check(const struct cli_options *o,
                                                       struct atls_diag *diag);
/* cli_appraise_remote_open reads --verifier-ca and the keys; nothing is sent yet. */
ATLS_NODISCARD enum atls_err cli_appraise_remote_open(struct atls_verifier **out,
                                                      const struct cli_options *o,
                                                      struct atls_diag *diag);
void cli_appraise_remote_close(struct atls_verifier *verifier); /* NULL is fine */
/* cli_appraise_remote is atls_verify by that Verifier; *out_result as of atls_remote_appraise. */
ATLS_NODISCARD enum atls_err cli_appraise_remote(struct atls_verifier *verifier,
                                                 struct atls_appraisal *out, char **out_result,
                                                 const struct atls_verify_request *request,
                                                 struct atls_diag *diag);
/* cli_appraise_remote_name is what a verdict calls it. */
const char *cli_appraise_remote_name(const struct atls_verifier *verifier);

#endif
