/* SPDX-License-Identifier: Apache-2.0 */
/* Times of the command line. */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include "atls/error.h"

#include <stdbool.h>

/* cli_when reads an RFC 3339 time, such as 2026-11-21T17:00:00Z or ...+01:00, into seconds since
 * 1970; NULL is now. */
ATLS_NODISCARD enum atls_err cli_when(int64_t *out, const char *text, struct atls_diag *diag);

/* cli_when_text writes seconds since 1970 as RFC 3339, in UTC; false when they do not fit. */
ATLS_NODISCARD bool cli_when_text(char *out, size_t cap, int64_t seconds);

#endif
