/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Application data over DTLS: each datagram of the peer's is one that is handed on, each unit of
 * the far side's one that is sent. Nothing is sent again, joined or cut, and nothing waits for what
 * is lost but the end of a connection, for a while.
 */
#ifndef CLI_DATAGRAMS_H
#define CLI_DATAGRAMS_H

#include "tls.h"

enum {
    CLI_DATAGRAM_IDLE_MS = 10 * 60 * 1000, /* peers go away without a word */
    CLI_LINGER_MS = 5000                   /* for the peer's last datagrams and its close_notify */
};

/* What one datagram is made of. */
enum cli_unit {
    CLI_UNIT_NONE,   /* the far side says nothing by itself */
    CLI_UNIT_LINE,   /* a line of a stream, with its end */
    CLI_UNIT_PACKET, /* what somebody here has written at once, to a socket that keeps that apart */
    CLI_UNIT_DATAGRAM /* a datagram of UDP; one that is too long is lost, as on any path */
};

enum cli_handed { CLI_HANDED, CLI_HANDED_LATER, CLI_HANDED_NEVER };

struct cli_far_datagrams {
    enum cli_unit unit;
    int in_fd;  /* where units come from */
    int out_fd; /* whose room is waited for after _LATER; -1: the connection's */
    /* Hands a datagram of the peer's on, from data + *done. */
    enum cli_handed (*hand)(void *arg, SSL *ssl, const unsigned char *data, size_t len,
                            size_t *done);
    void *arg;
    uint32_t idle_ms;              /* as in cli_relay */
    void (*peer_ended)(void *arg); /* as in cli_relay */
};

/* cli_datagrams_relay runs until the connection ends; over a BIO of udp_bio.h. At the end of in_fd
 * it sends close_notify, again and again, and reads on until the peer closes, or has sent nothing
 * for CLI_LINGER_MS. Who shuts the socket down for reading ends it in order. */
ATLS_NODISCARD enum atls_err cli_datagrams_relay(SSL *ssl, const struct cli_far_datagrams *far,
                                                 struct cli_counts *counts, struct atls_diag *diag);
/* cli_datagrams_echo sends each datagram back. */
ATLS_NODISCARD enum atls_err cli_datagrams_echo(SSL *ssl, uint32_t idle_ms,
                                                struct cli_counts *counts, struct atls_diag *diag);
/* cli_datagram_max gives the octets of application data that the path takes in one datagram. */
size_t cli_datagram_max(const SSL *ssl);

#endif
