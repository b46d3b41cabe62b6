/* SPDX-License-Identifier: Apache-2.0 */
/* Making an identity: `atls keygen`, and the demo. */
#ifndef CLI_KEYGEN_H
#define CLI_KEYGEN_H

#include "options.h"

/* cli_keygen_make makes options->output with everything in it, by options->rot, names, days, csr,
 * tcti, pcrs and sets. It never replaces a key that is there. */
ATLS_NODISCARD enum atls_err cli_keygen_make(const struct cli_options *options,
                                             struct atls_diag *diag);
#endif
