/* SPDX-License-Identifier: Apache-2.0 */
/* --dtls: what goes with it, and an SSL over datagrams. */
#ifndef CLI_DTLS_H
#define CLI_DTLS_H

#include "options.h"

#include <openssl/ssl.h>

/* cli_dtls_check refuses what datagrams cannot do. */
ATLS_NODISCARD enum atls_err cli_dtls_check(const struct cli_options *o, struct atls_diag *diag);
/* cli_dtls_ctx gives an SSL_CTX of TLS, or of DTLS with --dtls; NULL without memory. */
SSL_CTX *cli_dtls_ctx(const struct cli_options *o, bool is_server);
/* cli_dtls_attach gives a client's SSL its connected UDP socket, which stays the caller's. */
ATLS_NODISCARD bool cli_dtls_attach(SSL *ssl, int fd);

#endif
