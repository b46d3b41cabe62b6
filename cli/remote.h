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

/* Where the keys of --trust-verifier go: from a file, or to be fetched from a URL. */
struct cli_trust {
    void *arg;
    enum atls_err (*pin)(void *arg, const char *identity, struct atls_bytes keys,
                         struct atls_diag *diag);
    enum atls_err (*fetch)(void *arg, const char *identity, const char *url,
                           struct atls_diag *diag);
};
/* cli_remote_trust hands over all of --trust-verifier: URI=FILE or URI=URL. */
ATLS_NODISCARD enum atls_err cli_remote_trust(const struct cli_trust *trust,
                                              const struct cli_options *o, struct atls_diag *diag);

#endif
