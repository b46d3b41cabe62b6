/* SPDX-License-Identifier: Apache-2.0 */
/* --psk FILE: an external PSK (docs/psk.md). */
#ifndef CLI_PSK_H
#define CLI_PSK_H

#include "atls/openssl.h"
#include "options.h"

/* cli_psk_check refuses --psk beside options that it does not go with. */
ATLS_NODISCARD enum atls_err cli_psk_check(const struct cli_options *o, struct atls_diag *diag);
/* cli_psk_set reads the file, and sets the PSK of `ctx`. ATLS_ERR_KEY for what is no such file, or
 * one that others can read. */
ATLS_NODISCARD enum atls_err cli_psk_set(SSL_CTX *ctx, const struct cli_options *o,
                                         struct atls_diag *diag);

#endif
