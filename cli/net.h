/* SPDX-License-Identifier: Apache-2.0 */
/* TCP with bounds: every wait has an end, every socket is non-blocking. */
#ifndef CLI_NET_H
#define CLI_NET_H

#include "atls/error.h"

#include <sys/socket.h>

struct cli_endpoint {
    char host[256]; /* without the brackets of an IPv6 address */
    char port[8];
};

/* cli_endpoint_parse reads HOST:PORT, [IPV6]:PORT or :PORT (any address). */
ATLS_NODISCARD enum atls_err cli_endpoint_parse(struct cli_endpoint *out, const char *text,
                                                const char *option, struct atls_diag *diag);
/* cli_connect gives a connected, non-blocking socket within `timeout_ms`. */
ATLS_NODISCARD enum atls_err cli_dial(int *out_fd, const struct cli_endpoint *to,
                                      uint32_t timeout_ms, struct atls_diag *diag);
/* cli_listen gives a listening socket and the address that it got (port 0 chooses one). */
ATLS_NODISCARD enum atls_err cli_listen(int *out_fd, char *out_address, size_t cap,
                                        const struct cli_endpoint *at, struct atls_diag *diag);
/* cli_address_text writes "192.0.2.1:443" or "[2001:db8::1]:443". */
void cli_address_text(char *out, size_t cap, const struct sockaddr *address, socklen_t len);

/*
 * cli_let_read ends our side of a connection and reads off what still comes, at most 64 KiB and for
 * half a second. Closing a socket with unread octets resets the connection, and the peer would lose
 * the alert that was just sent to it. The caller closes.
 */
void cli_let_read(int fd);

int64_t cli_now_ms(void); /* monotonic */

#endif
