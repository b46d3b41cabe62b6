/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows a handshake: prelude, rounds begun by either side at any time, data in between, and a
 * deadline for each round. The state machine is src/handshake/exchange.c itself, which is compiled
 * into the verifier; here are its users, the connection between them, and what may go wrong: a
 * machine stops being well, an answer does not come, a peer sends any frame at any time.
 */
#define ROOM 2 /* frames on the way to an end, and one more: its CLOSE */

c_decl {
\#include "exchange.h"
}
c_track "&ends" "sizeof ends" "Matched"

#define HELLO 1
#define REQUEST 2
#define AUTHENTICATOR 3
#define DONE 4
#define DATA_FRAME 5
#define CLOSE 6

/* Frames on the way to each end, with what is in them: the flags of a HELLO; whether the machine is
 * well, in an AUTHENTICATOR. */
chan to[2] = [3] of { byte, byte };
bool hostile;      /* end 1 is no machine, and sends what it likes */
bool well[2];      /* what an end's root of trust would say */
byte side, type, payload; /* whose turn it is, and with what */
bool taken, was_closed, holds;

/* ---- what must always hold ---- */

#define hold(condition) c_code { now.holds = (condition); }; assert(holds)
/* R-26: data come and go after the peer has passed, where this end asked for that, and after DONE of both. */
#define MAY_HAVE_DATA                                                                              \
    atls_exchange_is_open(&END.x) && (!END.x.own.asks || END.accepted) && !END.stopped
#define STATE_HOLDS atls_exchange_check_state(&END.x)
#define END ends[now.side]
/* A positive control puts a state here that must be reached: else the invariants hold of nothing. */
#define reached false

/* What goes to a hostile end is lost: he may say anything anyway. */
inline put(s, t, p)
{
    if
    :: hostile && s == 1
    :: else -> to[s]!t, p
    fi
}

inline honest_send(s, t)
{
    d_step {
        side = s; type = t; payload = 0;
        if
        :: t == HELLO -> c_code { now.payload = hello_flags(now.side); }
        :: t == AUTHENTICATOR -> payload = well[s]
        :: t == REQUEST -> c_code { END.asked_well = now.well[1 - now.side]; }
        :: t == DATA_FRAME -> hold(MAY_HAVE_DATA)
        :: else
        fi;
        c_code { sends(now.side, now.type); };
        hold(STATE_HOLDS && !(reached));
        put(1 - s, type, payload);
        side = 0; type = 0; payload = 0; holds = false
    }
}

/* An answer is judged when it comes: it passes if the machine was well when it was made. */
inline judge(s)
{
    if
    :: payload == 1 ->
        hold(END.asked); /* R-30: nobody passes unasked */
        hold(END.asked_well || now.hostile); /* R-32: nor who was lost before the round began */
        c_code {
            END.accepted = atls_exchange_accept(&END.x, NULL) == ATLS_OK || END.accepted;
        }
    :: else -> c_code { stops(now.side); }; put(1 - s, CLOSE, 0)
    fi;
    c_code { END.asked = false; }
}

inline take(s)
{
    d_step {
        side = s;
        to[s]?type, payload;
        c_code { now.was_closed = END.x.closed; now.taken = takes(now.side, now.type, now.payload); };
        assert(taken || hostile || was_closed); /* honest ends understand each other, whatever crosses */
        assert(!(taken && was_closed)); /* a refusal is for good (R-31) */
        hold(STATE_HOLDS && !(reached));
        if
        :: taken && type == AUTHENTICATOR -> judge(s)
        :: taken && type == DATA_FRAME -> hold(MAY_HAVE_DATA)
        :: else
        fi;
        hold(!(END.x.closed && atls_exchange_is_open(&END.x)) && !(reached));
        side = 0; type = 0; payload = 0; taken = false; was_closed = false; holds = false
    }
}

/* The deadline of a round: data stop, the connection is closed (R-32). */
inline overdue(s)
{
    d_step { side = s; c_code { stops(now.side); }; put(1 - s, CLOSE, 0); side = 0 }
}

inline anything()
{
    if :: type = HELLO :: type = REQUEST :: type = AUTHENTICATOR :: type = DONE :: type = DATA_FRAME :: type = CLOSE fi;
    if :: payload = 0 :: payload = 1 :: type == HELLO -> payload = 2 :: type == HELLO -> payload = 3 fi;
    to[0]!type, payload;
    type = 0; payload = 0
}

#define FULL(s) (q_len(now.to[s]) >= ROOM)
#define CAN(s, t) c_expr { !FULL(1 - s) && wants(s, t) && !(now.hostile && s == 1) }
#define COMES(s) (len(to[s]) > 0 && !(hostile && s == 1))
#define IS_OVERDUE(s)                                                                              \
    c_expr { ends[s].asked && ends[s].accepted && !ends[s].x.closed }

inline may_begin(s)
{
    if
    :: payload = 0 :: payload = 1 :: payload = 2 :: payload = 3
    fi;
    side = s;
    c_code { begin(now.side, now.payload & 1, now.payload & 2); };
    well[s] = true; side = 0; payload = 0
}

init {
    atomic {
        may_begin(0); may_begin(1);
        if :: hostile = true :: hostile = false fi
    }
    do
    :: CAN(0, HELLO) -> honest_send(0, HELLO)
    :: CAN(0, REQUEST) -> honest_send(0, REQUEST)
    :: CAN(0, AUTHENTICATOR) -> honest_send(0, AUTHENTICATOR)
    :: CAN(0, DONE) -> honest_send(0, DONE)
    :: CAN(0, DATA_FRAME) -> honest_send(0, DATA_FRAME)
    :: CAN(1, HELLO) -> honest_send(1, HELLO)
    :: CAN(1, REQUEST) -> honest_send(1, REQUEST)
    :: CAN(1, AUTHENTICATOR) -> honest_send(1, AUTHENTICATOR)
    :: CAN(1, DONE) -> honest_send(1, DONE)
    :: CAN(1, DATA_FRAME) -> honest_send(1, DATA_FRAME)
    :: !hostile && COMES(0) -> take(0)
    :: COMES(1) -> take(1)
    :: IS_OVERDUE(0) -> overdue(0)
    :: IS_OVERDUE(1) -> overdue(1)
    :: well[0] -> well[0] = false
    :: well[1] -> well[1] = false
    :: atomic { hostile && len(to[0]) == 0 -> anything(); take(0) }
    :: else -> hold(settled()); break
    od
}
