/* SPDX-License-Identifier: Apache-2.0 */
/* --verifier and its company: the background check by a remote Verifier. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "atls/context.h"
#include "options.h"

/* Appraisals that wait for a Verifier side by side. */
#define CLI_REMOTE_THREADS 32

/* cli_remote_check refuses options that do not go together. */
ATLS_NODISCARD enum atls_err cli_remote_check(const struct cli_options *o, bool requires,
                                              struct atls_diag *diag);
/* cli_remote_setup hands the Verifier and its keys to the context; nothing without --verifier. */
ATLS_NODISCARD enum atls_err cli_remote_setup(struct atls_context *context,
                                              const struct cli_options *o, struct atls_diag *diag);

#endif
