/* SPDX-License-Identifier: Apache-2.0 */
/* --timing, and the options of what follows a handshake. */
#ifndef CLI_TIMING_H
#define CLI_TIMING_H

#include "atls/context.h"
#include "options.h"

/* cli_timing_check refuses options that do not go together; `requires` is of the peer. */
ATLS_NODISCARD enum atls_err cli_timing_check(const struct cli_options *o, bool requires,
                                              struct atls_diag *diag);
ATLS_NODISCARD enum atls_err cli_timing_set(struct atls_context *context,
                                            const struct cli_options *o, struct atls_diag *diag);
/* cli_timing_of reads --timing; HANDSHAKE where it is not given, NONE where it is no timing. */
enum atls_timing cli_timing_of(const struct cli_options *o);

#endif
