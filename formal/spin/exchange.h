/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of exchange.pml: each has the exchange of src/handshake itself, and what its user knows. */
#include "handshake/exchange.h"

struct end {
    struct atls_exchange x;
    bool asked;    /* a request of ours went, and is not answered */
    bool asked_well; /* the peer's machine was well at that time */
    bool accepted; /* the peer has passed at least once */
    bool stopped;  /* a round has failed, or was overdue */
    uint8_t rounds, data;
};
struct end ends[2];

static int begin(int s, int asks, int frames)
{
    struct atls_frame_hello hello = {asks != 0, frames != 0};
    memset(&ends[s], 0, sizeof ends[s]);
    atls_exchange_init(&ends[s].x, hello);
    return 1;
}

/* How often an end begins a round and sends data, so that there is an end to what is searched. */
enum { ROUNDS = 2, DATA = 1 };

static int wants(int s, int type)
{
    const struct end *e = &ends[s];
    return atls_exchange_may(&e->x, (enum atls_frame_type)type) && !e->stopped &&
           (type != ATLS_FRAME_REQUEST || e->rounds < ROUNDS) &&
           (type != ATLS_FRAME_DATA || e->data < DATA);
}

static void sends(int s, int type)
{
    struct end *e = &ends[s];
    if (atls_exchange_sent(&e->x, (enum atls_frame_type)type, NULL) != ATLS_OK) {
        e->stopped = true;
    }
    e->rounds = (uint8_t)(e->rounds + (type == ATLS_FRAME_REQUEST));
    e->data = (uint8_t)(e->data + (type == ATLS_FRAME_DATA));
    e->asked = e->asked || type == ATLS_FRAME_REQUEST;
}

/* takes gives 1 when the frame was taken. What stands in a HELLO is in `payload`. */
static int takes(int s, int type, int payload)
{
    const uint8_t hello[ATLS_FRAME_HELLO_LEN] = {ATLS_FRAME_VERSION, (uint8_t)payload};
    const struct atls_bytes body = {hello, type == ATLS_FRAME_HELLO ? sizeof hello : 0};
    return atls_exchange_take(&ends[s].x, (enum atls_frame_type)type, body, NULL) == ATLS_OK;
}

static int hello_flags(int s)
{
    return (ends[s].x.own.asks ? ATLS_FRAME_ASKS : 0) |
           (ends[s].x.own.frames ? ATLS_FRAME_FRAMES : 0);
}

/* stops: the round did not end well. CLOSE goes, and nothing else from here on. */
static void stops(int s)
{
    ends[s].stopped = true;
    (void)atls_exchange_sent(&ends[s].x, ATLS_FRAME_CLOSE, NULL);
}

/* What an end may have come to when nothing more happens. */
static int settled(void)
{
    const int over = ends[0].x.closed || ends[1].x.closed;
    const int rests = ends[0].x.mine == ATLS_ROUND_NONE && ends[1].x.mine == ATLS_ROUND_NONE &&
                      ends[0].x.theirs == ATLS_ROUND_NONE && ends[1].x.theirs == ATLS_ROUND_NONE;
    return over || (atls_exchange_is_open(&ends[0].x) && atls_exchange_is_open(&ends[1].x) && rests);
}
