/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's side of UDP: nothing is kept of anybody who has not shown that it receives what is
 * sent to its address (RFC 6347, 4.2.1). Who has is given a socket of its own.
 */
#ifndef CLI_DTLS_LISTEN_H
#define CLI_DTLS_LISTEN_H

#include "udp.h"

struct cli_dtls_listener;

/* cli_dtls_listener_new takes over the socket of cli_udp_listen. */
ATLS_NODISCARD enum atls_err cli_dtls_listener_new(struct cli_dtls_listener **out, int fd,
                                                   struct atls_diag *diag);
void cli_dtls_listener_free(struct cli_dtls_listener *l); /* NULL, too */
/* cli_dtls_cookies has an SSL_CTX of a server ask for cookies, before it is used here. */
void cli_dtls_cookies(SSL_CTX *ctx);

/* What one datagram was. */
enum cli_dtls_taken {
    CLI_DTLS_NOTHING, /* none is there */
    CLI_DTLS_DROPPED, /* no ClientHello, or one without a cookie, which has been answered by one */
    CLI_DTLS_CLIENT   /* a ClientHello whose cookie is right */
};

/* cli_dtls_take takes one datagram; of a client it gives the address, which stays the listener's
 * until the next call. */
enum cli_dtls_taken cli_dtls_take(struct cli_dtls_listener *l, SSL_CTX *ctx,
                                  const struct cli_address **out);
/* cli_dtls_accept gives that client a socket of its own, and an SSL that has its ClientHello. */
ATLS_NODISCARD enum atls_err cli_dtls_accept(struct cli_dtls_listener *l, SSL **out, int *out_fd,
                                             struct atls_diag *diag);
/* cli_dtls_has_more is true where there are datagrams that poll(2) does not tell of. */
bool cli_dtls_has_more(const struct cli_dtls_listener *l);

#endif
