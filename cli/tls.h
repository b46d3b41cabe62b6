/* SPDX-License-Identifier: Apache-2.0 */
/* A connection over a non-blocking socket: the handshake under one deadline, then a relay. */
#ifndef CLI_TLS_H
#define CLI_TLS_H

#include "atls/post.h"

/* cli_handshake runs the handshake, and what follows it with --timing post or both, to their end or
 * their deadline, which covers the whole of it: a peer that sends one octet at a time gets no more
 * time than one that is silent. */
ATLS_NODISCARD enum atls_err cli_handshake(SSL *ssl, uint32_t timeout_ms, struct atls_diag *diag);
/* cli_wait_ready waits until the socket is ready for one of `events`; false at the deadline. */
ATLS_NODISCARD bool cli_wait_ready(SSL *ssl, short events, int64_t deadline_ms);

struct cli_counts {
    uint64_t sent, received; /* octets of application data */
};

/* A sink for received data, which takes it at once; false ends the relay. */
typedef bool cli_sink(void *arg, const unsigned char *data, size_t len);

/* What a relay connects the peer to. */
struct cli_far_side {
    int in_fd;  /* read and sent to the peer; -1 for nothing. Non-blocking or always ready */
    int out_fd; /* what the peer sends is written here as it has room; -1: `sink` takes it */
    cli_sink *sink;
    void *arg;
    uint32_t idle_ms; /* ends a connection over which no data came or went for so long; 0: never */
    /* The peer has sent close_notify. NULL: the relay ends there. Else this is called, and the
     * relay goes on until in_fd ends (half-close: the far side may still have an answer). */
    void (*peer_ended)(void *arg);
};

/*
 * cli_relay copies between the two. At the end of in_fd it sends close_notify and reads on until
 * the peer closes. Neither direction waits for the other: a far side that answers before it reads
 * on would else wait for us for ever.
 */
ATLS_NODISCARD enum atls_err cli_relay(SSL *ssl, const struct cli_far_side *far,
                                       struct cli_counts *counts, struct atls_diag *diag);
/* cli_echo sends back what comes until the peer closes, or for `idle_ms` has sent nothing. */
ATLS_NODISCARD enum atls_err cli_echo(SSL *ssl, uint32_t idle_ms, struct cli_counts *counts,
                                      struct atls_diag *diag);
/* cli_fail_connection says why reading or writing has just failed. */
enum atls_err cli_fail_connection(SSL *ssl, struct atls_diag *diag);
/* cli_write_ready writes from data + *done on as much as the descriptor has room for, and never
 * waits: one that is ready takes PIPE_BUF octets at once even if it blocks. False when it takes no
 * more, ever. */
ATLS_NODISCARD bool cli_write_ready(int fd, const unsigned char *data, size_t len, size_t *done);
/* cli_sink_fd writes to the descriptor that `arg` points to, and waits until it has. */
bool cli_sink_fd(void *arg, const unsigned char *data, size_t len);

#endif
