/* SPDX-License-Identifier: Apache-2.0 */
/* What serve does with an accepted connection: echo, run a command, forward. */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "net.h"
#include "options.h"
#include "tls.h"

/* A connection over which nothing comes or goes for so long ends: one hour; datagrams.h has that of
 * DTLS. */
#define CLI_IDLE_MS (UINT32_C(60) * 60 * 1000)

/* cli_service runs until the connection ends. */
ATLS_NODISCARD enum atls_err cli_service(SSL *ssl, const struct cli_options *options,
                                         struct cli_counts *counts, struct atls_diag *diag);

#endif
