/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/exchange.h"

#include "base/span.h"

static const char step[] = "exchange after the handshake";

void atls_exchange_init(struct atls_exchange *x, struct atls_frame_hello own)
{
    memset(x, 0, sizeof *x);
    x->own = own;
}

bool atls_exchange_is_open(const struct atls_exchange *x)
{
    return x->done_sent && x->done_taken && !x->closed;
}

bool atls_exchange_is_framed(const struct atls_exchange *x)
{
    return x->hello_taken && x->own.frames && x->peer.frames;
}

/* framing is the state in which rounds and data go on. */
static bool framing(const struct atls_exchange *x)
{
    return atls_exchange_is_open(x) && atls_exchange_is_framed(x);
}

static bool may_send_done(const struct atls_exchange *x)
{
    if (x->done_sent) {
        return framing(x) && x->mine == ATLS_ROUND_ACCEPTED;
    }
    const bool accepted = !x->own.asks || x->mine == ATLS_ROUND_ACCEPTED;
    const bool answered = !x->peer.asks || x->theirs == ATLS_ROUND_ANSWERED || x->done_taken;
    return x->hello_sent && x->hello_taken && accepted && answered;
}

bool atls_exchange_may(const struct atls_exchange *x, enum atls_frame_type type)
{
    if (x->closed) {
        return type == ATLS_FRAME_CLOSE;
    }
    switch (type) {
    case ATLS_FRAME_HELLO:
        return !x->hello_sent;
    case ATLS_FRAME_REQUEST:
        return x->mine == ATLS_ROUND_NONE &&
               (framing(x) || (x->hello_sent && x->own.asks && !x->done_sent));
    case ATLS_FRAME_AUTHENTICATOR:
        return x->hello_sent && x->theirs == ATLS_ROUND_ASKED;
    case ATLS_FRAME_DONE:
        return may_send_done(x);
    case ATLS_FRAME_DATA:
        return framing(x);
    case ATLS_FRAME_CLOSE:
        return true;
    }
    return false;
}

enum atls_err atls_exchange_sent(struct atls_exchange *x, enum atls_frame_type type,
                                 struct atls_diag *diag)
{
    if (!atls_exchange_may(x, type)) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, atls_frame_name(type),
                               "one that is not due", "it at its moment");
    }
    switch (type) {
    case ATLS_FRAME_HELLO:
        x->hello_sent = true;
        break;
    case ATLS_FRAME_REQUEST:
        x->mine = ATLS_ROUND_ASKED;
        break;
    case ATLS_FRAME_AUTHENTICATOR:
        x->theirs = ATLS_ROUND_ANSWERED;
        break;
    case ATLS_FRAME_DONE:
        x->done_sent = true;
        x->mine = ATLS_ROUND_NONE;
        break;
    case ATLS_FRAME_DATA:
        break;
    case ATLS_FRAME_CLOSE:
        x->closed = true;
        break;
    }
    return ATLS_OK;
}

enum atls_err atls_exchange_accept(struct atls_exchange *x, struct atls_diag *diag)
{
    if (x->closed || x->mine != ATLS_ROUND_ANSWERED) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "AUTHENTICATOR", "none",
                               "the answer to our request");
    }
    x->mine = ATLS_ROUND_ACCEPTED;
    return ATLS_OK;
}

/* ---- what the peer sends ---- */

/* refuse is for good: the machine is closed. */
static enum atls_err refuse(struct atls_exchange *x, enum atls_frame_type type,
                            const char *expected, struct atls_diag *diag)
{
    x->closed = true;
    return atls_fail_texts(diag, ATLS_ERR_ILLEGAL, step, "frame", atls_frame_name(type), expected);
}

static enum atls_err take_hello(struct atls_exchange *x, struct atls_bytes body,
                                struct atls_diag *diag)
{
    if (x->hello_taken) {
        return refuse(x, ATLS_FRAME_HELLO, "HELLO once", diag);
    }
    const enum atls_err err = atls_frame_hello_parse(&x->peer, body, diag);
    x->hello_taken = err == ATLS_OK;
    x->closed = err != ATLS_OK;
    return err;
}

static enum atls_err take_request(struct atls_exchange *x, struct atls_diag *diag)
{
    const bool announced = !x->done_taken && x->peer.asks;
    if (!announced && !framing(x)) {
        return refuse(x, ATLS_FRAME_REQUEST, "one that HELLO announced", diag);
    }
    if (x->theirs != ATLS_ROUND_NONE) {
        return refuse(x, ATLS_FRAME_REQUEST, "one request at a time", diag);
    }
    x->theirs = ATLS_ROUND_ASKED;
    return ATLS_OK;
}

static enum atls_err take_authenticator(struct atls_exchange *x, struct atls_diag *diag)
{
    if (x->mine != ATLS_ROUND_ASKED) {
        return refuse(x, ATLS_FRAME_AUTHENTICATOR, "one answer to each request", diag);
    }
    x->mine = ATLS_ROUND_ANSWERED;
    return ATLS_OK;
}

/* take_done: in the prelude the peer has answered before it, and we have. */
static enum atls_err take_done(struct atls_exchange *x, struct atls_diag *diag)
{
    const bool first = !x->done_taken;
    if (!first && !framing(x)) {
        return refuse(x, ATLS_FRAME_DONE, "DONE once", diag);
    }
    if ((!first || x->peer.asks) && x->theirs != ATLS_ROUND_ANSWERED) {
        return refuse(x, ATLS_FRAME_DONE, "DONE for an authenticator of ours", diag);
    }
    if (first && x->own.asks && !x->done_sent && x->mine != ATLS_ROUND_ANSWERED &&
        x->mine != ATLS_ROUND_ACCEPTED) {
        return refuse(x, ATLS_FRAME_DONE, "AUTHENTICATOR before it", diag);
    }
    x->done_taken = true;
    x->theirs = ATLS_ROUND_NONE;
    return ATLS_OK;
}

enum atls_err atls_exchange_take(struct atls_exchange *x, enum atls_frame_type type,
                                 struct atls_bytes body, struct atls_diag *diag)
{
    if (x->closed) {
        return refuse(x, type, "nothing after the end", diag);
    }
    if (type != ATLS_FRAME_CLOSE && type != ATLS_FRAME_HELLO && !x->hello_taken) {
        return refuse(x, type, "HELLO", diag);
    }
    switch (type) {
    case ATLS_FRAME_HELLO:
        return take_hello(x, body, diag);
    case ATLS_FRAME_REQUEST:
        return take_request(x, diag);
    case ATLS_FRAME_AUTHENTICATOR:
        return take_authenticator(x, diag);
    case ATLS_FRAME_DONE:
        return take_done(x, diag);
    case ATLS_FRAME_DATA:
        return framing(x) ? ATLS_OK
                          : refuse(x, type, "no application data before the prelude's end", diag);
    case ATLS_FRAME_CLOSE:
        x->closed = true;
        return ATLS_OK;
    }
    return refuse(x, type, "a frame of the protocol", diag);
}

bool atls_exchange_check_state(const struct atls_exchange *x)
{
    const bool open = x->done_sent && x->done_taken;
    const bool done_needs = !x->done_sent || (x->hello_sent && x->hello_taken);
    const bool taken_needs = !x->done_taken || x->hello_taken;
    /* Until the prelude has ended nobody asks who has not announced it. */
    const bool mine_needs = open || x->mine == ATLS_ROUND_NONE || (x->own.asks && !x->done_sent);
    const bool theirs_needs =
        open || x->theirs == ATLS_ROUND_NONE || (x->peer.asks && !x->done_taken);
    return done_needs && taken_needs && mine_needs && theirs_needs &&
           x->theirs != ATLS_ROUND_ACCEPTED;
}
