/* SPDX-License-Identifier: Apache-2.0 */
/* --collateral DIR|URL: one folder, and servers. */
#ifndef CLI_COLLATERAL_H
#define CLI_COLLATERAL_H

#include "atls/context.h"
#include "options.h"

/* cli_collateral_spec fills *out from the options; its URLs live in `urls`. CONFIG for two folders
 * or too many URLs, NOT_BUILT for a URL without libatls-net. */
ATLS_NODISCARD enum atls_err cli_collateral_spec(struct atls_collateral_spec *out,
                                                 const char *urls[CLI_MAX_LIST],
                                                 const struct cli_options *options,
                                                 struct atls_diag *diag);
/* cli_collateral_set hands them to a context; nothing without the option. A context that runs long
 * renews what is kept. */
ATLS_NODISCARD enum atls_err cli_collateral_set(struct atls_context *context,
                                                const struct cli_options *options, bool runs_long,
                                                struct atls_diag *diag);

#endif
