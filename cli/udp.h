/* SPDX-License-Identifier: Apache-2.0 */
/* UDP for DTLS: sockets that are connected to one peer, and the one of a server that is not. */
#ifndef CLI_UDP_H
#define CLI_UDP_H

#include "net.h"

#include <netinet/in.h>
#include <openssl/ssl.h>

struct cli_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* A datagram of somebody's, and the address of ours that it was sent to. What is longer than `data`
 * is no ClientHello of anybody's, and is kept as an empty one. */
enum { CLI_MAX_HELLO = 2048 };
struct cli_datagram {
    struct cli_address from, to;
    unsigned char data[CLI_MAX_HELLO];
    size_t len;
};

/* cli_udp_dial gives a connected, non-blocking socket to the address number `at` (0, 1, 2 ...) of a
 * host; ATLS_ERR_CONNECTION where it has no such. Nobody has answered yet. */
ATLS_NODISCARD enum atls_err cli_udp_dial(int *out_fd, const struct cli_endpoint *to, size_t at,
                                          struct atls_diag *diag);
/* cli_udp_listen is cli_listen for datagrams. Nobody else may have the address already. */
ATLS_NODISCARD enum atls_err cli_udp_listen(int *out_fd, char *out_address, size_t cap,
                                            const struct cli_endpoint *at, struct atls_diag *diag);
/* cli_udp_receive takes one datagram from such a socket; false: none is there. */
ATLS_NODISCARD bool cli_udp_receive(int fd, struct cli_datagram *out);
/* cli_udp_answer sends one from the address that `datagram` came to, to where it came from. */
void cli_udp_answer(int fd, const struct cli_datagram *datagram, const void *data, size_t len);

/*
 * cli_udp_connect gives a socket of the same address for one peer. Between bind(2) and connect(2)
 * the kernel may give it datagrams of others; the caller takes what is there first by
 * cli_udp_receive, and gives to `stray` what is not the peer's.
 */
ATLS_NODISCARD enum atls_err cli_udp_connect(int *out_fd, const struct cli_address *local,
                                             const struct cli_address *peer,
                                             struct atls_diag *diag);
bool cli_address_equal(const struct cli_address *a, const struct cli_address *b);

/* cli_udp_is_ended is true when reading of a socket was shut down, on this side. */
bool cli_udp_is_ended(int fd);

#endif
