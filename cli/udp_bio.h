/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL reads and writes datagrams by. Its own BIO takes an empty datagram for the end of
 * the connection, and an ICMP message for its failure, and anybody can send either who knows two
 * ports; and it reads on for as long as somebody sends, so that no deadline is looked at.
 */
#ifndef CLI_UDP_BIO_H
#define CLI_UDP_BIO_H

#include "udp.h"

#include <openssl/bio.h>

struct cli_cookies;

struct cli_udp {
    int fd;                          /* not closed with the BIO */
    bool patient;                    /* what the network says of a peer does not end a connection */
    int failed;                      /* else: what it said, until nothing of the peer's is there */
    bool too_long;                   /* the last write was longer than the path takes */
    unsigned reads;                  /* since it was last said that nothing is there */
    const struct cli_datagram *only; /* of a server that listens: the one to be read */
    bool read_it;
    /* of a server: its cookies, and that the peer has shown one for `peer` */
    const struct cli_cookies *cookies;
    struct cli_address peer;
    bool proven;
};

/* cli_udp_bio makes one over a socket; NULL without memory. */
BIO *cli_udp_bio(int fd, bool patient);
/* cli_udp_of gives what is behind the BIO of a connection; NULL where that is another. */
struct cli_udp *cli_udp_of(const SSL *ssl);

#endif
