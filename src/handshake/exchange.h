/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frame may come and go at which moment of the exchange after a handshake (PROTOCOL.md,
 * section 11): a state machine of one connection, the same for both roles, without I/O. It knows
 * nothing of what the messages hold; its user makes, answers and judges them.
 *
 * The exchange begins with a prelude in which nothing but it passes:
 *
 *   HELLO, then REQUEST if HELLO announced one, then AUTHENTICATOR if the peer asked, then DONE
 *
 * each way. DONE says that its sender has accepted what it asked for and has answered what it was
 * asked. A side that has sent and taken DONE is open. Where both sides frame their data, rounds go
 * on after that, begun by either side at any time and one at a time for each, among DATA:
 *
 *   REQUEST ->   <- AUTHENTICATOR   DONE ->
 *
 * Where they do not, what follows DONE on the connection is the application's, and no frame.
 */
#ifndef HANDSHAKE_EXCHANGE_H
#define HANDSHAKE_EXCHANGE_H

#include "handshake/frame.h"

/* A round: who asked, what is due. */
enum atls_round {
    ATLS_ROUND_NONE = 0,
    ATLS_ROUND_ASKED,    /* REQUEST went */
    ATLS_ROUND_ANSWERED, /* AUTHENTICATOR went */
    ATLS_ROUND_ACCEPTED  /* only where we asked: DONE is due */
};

struct atls_exchange {
    struct atls_frame_hello own, peer;
    bool hello_sent, hello_taken;
    bool done_sent, done_taken; /* of the prelude */
    bool closed;                /* refused by either side, for good */
    enum atls_round mine;       /* the round in which we asked */
    enum atls_round theirs;     /* the one in which the peer did */
};

/* atls_exchange_init begins with what our HELLO will say. */
void atls_exchange_init(struct atls_exchange *x, struct atls_frame_hello own);

/*
 * atls_exchange_take is for a frame of the peer, whole and before anything is done with it.
 * ATLS_ERR_ILLEGAL for one that may not come now, data before the end of the prelude among them;
 * MALFORMED for its body where this machine reads it: HELLO. After the first refusal, and after
 * CLOSE, nothing may come and nothing but CLOSE may go.
 */
ATLS_NODISCARD enum atls_err atls_exchange_take(struct atls_exchange *x, enum atls_frame_type type,
                                                struct atls_bytes body, struct atls_diag *diag);
/* atls_exchange_may is true when we may send this frame now. */
ATLS_NODISCARD bool atls_exchange_may(const struct atls_exchange *x, enum atls_frame_type type);
/* atls_exchange_sent notes that it goes. ATLS_ERR_STATE when it may not. */
ATLS_NODISCARD enum atls_err atls_exchange_sent(struct atls_exchange *x, enum atls_frame_type type,
                                                struct atls_diag *diag);
/* atls_exchange_accept notes that the answer to our request holds. ATLS_ERR_STATE without one. */
ATLS_NODISCARD enum atls_err atls_exchange_accept(struct atls_exchange *x, struct atls_diag *diag);

/* atls_exchange_is_open is true when the prelude has ended well for both sides. */
ATLS_NODISCARD bool atls_exchange_is_open(const struct atls_exchange *x);
/* atls_exchange_is_framed is true when application data go in frames. */
ATLS_NODISCARD bool atls_exchange_is_framed(const struct atls_exchange *x);

/* atls_exchange_check_state is true when every invariant holds. For tests and fuzzing. */
ATLS_NODISCARD bool atls_exchange_check_state(const struct atls_exchange *x);

#endif
