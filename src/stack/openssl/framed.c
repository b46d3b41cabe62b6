/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection whose data are framed (PROTOCOL.md, section 11): rounds by either side among them,
 * and the time after which no data pass without one. To SSL_read(3) and SSL_write(3) it looks shut;
 * only in here is that lifted. What is kept for a peer is bounded: one frame that goes, one that
 * comes, one request, and what was read ahead of the application to come to a frame behind it.
 */
#include "atls/post.h"
#include "stack/openssl/frames.h"

#include "base/span.h"

#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>

static const char step[] = "re-attestation";

enum {
    MAX_READ_AHEAD = 65536,
    MAX_FRAMES_A_CALL = 64, /* then the application gets its turn */
    /* What a peer may ask of us: eight rounds at once, and one a second. */
    ANSWER_INTERVAL_MS = 1000,
    ANSWER_BURST = 8
};

struct openssl_framed {
    int64_t (*clock_ms)(void);
    int shutdown; /* what OpenSSL says, while the application sees a connection that is shut */
    bool ended;   /* our close_notify went, or is to go */
    bool peer_ended;
    bool wants_round; /* the application's */
    bool late;
    bool out_blocked;
    int64_t round_ms, stop_ms; /* when a round begins by itself, and when data stop; 0: never */
    uint64_t accepted, answered;
    /* A request of the peer's that waits for its time. */
    uint8_t *request;
    size_t request_len;
    int64_t answers_ms; /* the interval of each answer so far ends here */
    /* Data of the peer's. */
    uint8_t *data;
    size_t data_at, data_len, data_cap;
    size_t writing; /* octets of the application's in the frame that goes, not yet told */
};

void openssl_framed_free(struct openssl_framed *f)
{
    if (f != NULL) {
        free(f->request);
        free(f->data);
        free(f);
    }
}

void openssl_framed_set_clock(SSL *ssl, int64_t (*clock_ms)(void))
{
    openssl_prelude_of(ssl)->framed->clock_ms = clock_ms;
}

static const struct atls_context *context_of(const SSL *ssl)
{
    return atls_session_context(openssl_session_of(ssl));
}

/* plan says when the next round begins, and when there has to have been one. */
static void plan(const SSL *ssl, struct openssl_framed *f)
{
    const struct atls_context *context = context_of(ssl);
    const int64_t period_ms = atls_context_reattest_period_ms(context);
    const bool periodic = atls_context_reattests(context) && period_ms != 0;
    f->round_ms = periodic ? f->clock_ms() + period_ms : 0;
    f->stop_ms = periodic ? f->round_ms + atls_context_reattest_deadline_ms(context) : 0;
    f->wants_round = false;
    f->late = false;
}

enum atls_err openssl_framed_begin(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    struct openssl_framed *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    f->clock_ms = openssl_now_ms;
    f->accepted = p->exchange.own.asks ? 1 : 0;
    f->answered = p->exchange.peer.asks ? 1 : 0;
    p->framed = f;
    plan(ssl, f);
    return ATLS_OK;
}

/* ---- data of the peer's ---- */

static bool has_room(const struct openssl_framed *f)
{
    return f->data_len + ATLS_MAX_FRAME_DATA_LEN <= MAX_READ_AHEAD;
}

static enum atls_err keep_data(struct openssl_framed *f, struct atls_bytes body,
                               struct atls_diag *diag)
{
    if (f->data_at + f->data_len + body.len > f->data_cap) {
        if (f->data_len != 0) {
            memmove(f->data, f->data + f->data_at, f->data_len);
        }
        f->data_at = 0;
    }
    if (f->data_len + body.len > f->data_cap) {
        const size_t cap = f->data_cap == 0 ? ATLS_MAX_FRAME_DATA_LEN : MAX_READ_AHEAD;
        uint8_t *data = realloc(f->data, cap);
        if (data == NULL) {
            return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
        }
        f->data = data;
        f->data_cap = cap;
    }
    memcpy(f->data + f->data_at + f->data_len, body.data, body.len);
    f->data_len += body.len;
    return ATLS_OK;
}

static size_t give_data(struct openssl_framed *f, void *into, size_t cap)
{
    const size_t len = f->data_len < cap ? f->data_len : cap;
    if (len != 0) {
        memcpy(into, f->data + f->data_at, len);
    }
    f->data_at += len;
    f->data_len -= len;
    if (f->data_len == 0) { /* a connection that is quiet keeps nothing */
        free(f->data);
        f->data = NULL;
        f->data_at = f->data_cap = 0;
    }
    return len;
}

/* ---- rounds ---- */

static enum atls_err judge(SSL *ssl, struct openssl_prelude *p, struct atls_bytes body,
                           struct atls_diag *diag)
{
    enum atls_err err = atls_post_judge(ssl, body, diag);
    if (err == ATLS_OK) {
        err = atls_exchange_accept(&p->exchange, diag);
    }
    if (err == ATLS_OK) {
        p->framed->accepted++;
        plan(ssl, p->framed);
    }
    return err;
}

/* take does what a whole frame says; a request of the peer's is kept until it is its time. */
static enum atls_err take(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    struct openssl_framed *f = p->framed;
    const struct atls_bytes body = atls_bytes_of(p->body, p->head.len);
    const enum atls_err err = atls_exchange_take(&p->exchange, p->head.type, body, diag);
    if (err != ATLS_OK) {
        return err;
    }
    switch (p->head.type) {
    case ATLS_FRAME_DATA:
        return keep_data(f, body, diag);
    case ATLS_FRAME_REQUEST:
        free(f->request);
        f->request = p->body;
        f->request_len = p->head.len;
        p->body = NULL;
        return ATLS_OK;
    case ATLS_FRAME_AUTHENTICATOR:
        return judge(ssl, p, body, diag);
    case ATLS_FRAME_DONE:
        f->answered++;
        return ATLS_OK;
    case ATLS_FRAME_CLOSE:
        return openssl_take_close(ssl, p, diag);
    case ATLS_FRAME_HELLO:
        break;
    }
    return ATLS_OK;
}

/* answer_at gives when the next request may be answered: who keeps asking waits. */
static int64_t answer_at(const struct openssl_framed *f)
{
    return f->answers_ms - (int64_t)(ANSWER_BURST - 1) * ANSWER_INTERVAL_MS;
}

static enum atls_err answer(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    struct openssl_framed *f = p->framed;
    struct atls_bytes message;
    const int64_t now_ms = f->clock_ms();
    const enum atls_err err =
        atls_post_answer(ssl, atls_bytes_of(f->request, f->request_len), &message, diag);
    free(f->request);
    f->request = NULL;
    f->answers_ms = (f->answers_ms > now_ms ? f->answers_ms : now_ms) + ANSWER_INTERVAL_MS;
    return err == ATLS_OK ? openssl_frame_queue(p, ATLS_FRAME_AUTHENTICATOR, message, diag) : err;
}

static bool round_is_due(const struct openssl_framed *f)
{
    return f->wants_round || (f->round_ms != 0 && f->clock_ms() >= f->round_ms);
}

/* produce queues what is due of rounds; *out_more false: nothing is. Data come behind it. */
static enum atls_err produce(SSL *ssl, struct openssl_prelude *p, bool *out_more,
                             struct atls_diag *diag)
{
    struct openssl_framed *f = p->framed;
    struct atls_bytes body = {NULL, 0};
    *out_more = !f->ended;
    if (f->ended) {
        return ATLS_OK;
    }
    if (atls_exchange_may(&p->exchange, ATLS_FRAME_DONE)) {
        return openssl_frame_queue(p, ATLS_FRAME_DONE, body, diag);
    }
    if (f->request != NULL && f->clock_ms() >= answer_at(f)) {
        return answer(ssl, p, diag);
    }
    if (round_is_due(f) && atls_exchange_may(&p->exchange, ATLS_FRAME_REQUEST)) {
        const enum atls_err err = atls_post_ask(ssl, body, &body, diag);
        return err == ATLS_OK ? openssl_frame_queue(p, ATLS_FRAME_REQUEST, body, diag) : err;
    }
    *out_more = false;
    return ATLS_OK;
}

/* ---- moving on ---- */

/* flush sends what waits, and puts behind it what is due of rounds. */
static enum openssl_io flush(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    bool more = true;
    enum openssl_io io = openssl_frame_flush(ssl, p, diag);
    while (io == IO_DONE && more) {
        if (produce(ssl, p, &more, diag) != ATLS_OK) {
            return IO_FAILED;
        }
        io = openssl_frame_flush(ssl, p, diag);
    }
    p->framed->out_blocked = io == IO_WANT_WRITE;
    return io;
}

/* receive reads and takes one frame. */
static enum openssl_io receive(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    const enum openssl_io io = openssl_frame_receive(ssl, p, diag);
    if (io == IO_DONE) {
        const enum atls_err err = take(ssl, p, diag);
        openssl_frame_forget(p);
        return err == ATLS_OK ? IO_DONE : openssl_io_failed(err);
    }
    if (io == IO_ENDED) {
        p->framed->peer_ended = true;
        return IO_WANT_READ;
    }
    return io;
}

/* reads_on: without data for the application; ahead of it to an answer that is waited for, or to
 * a request, where somebody has time for that. */
static bool reads_on(const struct openssl_prelude *p, bool ahead)
{
    const struct openssl_framed *f = p->framed;
    if (f->peer_ended) {
        return false;
    }
    return f->data_len == 0 || (has_room(f) && (ahead || p->exchange.mine == ATLS_ROUND_ASKED));
}

/* check_time stops data once no round was accepted in time. */
static enum openssl_io check_time(const SSL *ssl, struct openssl_framed *f, struct atls_diag *diag)
{
    f->late = f->stop_ms != 0 && f->clock_ms() >= f->stop_ms;
    if (!f->late || atls_context_tells_late(context_of(ssl))) {
        return IO_DONE;
    }
    atls_fail_texts(diag, ATLS_ERR_TIMEOUT, step, "authenticator", "none that was accepted",
                    "one within milliseconds of the moment it was due: ");
    atls_diag_expected_int(diag, (int64_t)atls_context_reattest_deadline_ms(context_of(ssl)));
    return IO_FAILED;
}

/* turn moves rounds and frames on as far as they go: IO_DONE, IO_WANT_ or IO_FAILED. */
static enum openssl_io turn(SSL *ssl, struct openssl_prelude *p, bool ahead)
{
    enum openssl_io in = IO_DONE, out = IO_DONE;
    for (int i = 0; i < MAX_FRAMES_A_CALL; i++) {
        in = IO_DONE;
        out = check_time(ssl, p->framed, &p->why);
        out = out == IO_DONE ? flush(ssl, p, &p->why) : out;
        if (out == IO_FAILED || !reads_on(p, ahead)) {
            break;
        }
        in = receive(ssl, p, &p->why);
        if (in != IO_DONE) {
            break;
        }
    }
    return out == IO_FAILED || in == IO_FAILED ? IO_FAILED : out != IO_DONE ? out : in;
}

static enum atls_post_step fail(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    if (!p->failed) {
        p->failed = true;
        if (p->why.err != ATLS_ERR_CONNECTION) { /* which says nothing about the peer */
            atls_session_refuse(openssl_session_of(ssl), &p->why);
        }
        openssl_say_why(ssl, p, p->why.err);
    }
    if (diag != NULL) {
        *diag = p->why;
    }
    openssl_shut(ssl);
    return ATLS_POST_FAILED;
}

/* enter opens the connection for us, leave shuts it for the application again. */
static void enter(SSL *ssl, const struct openssl_prelude *p)
{
    SSL_set_shutdown(ssl, p->framed->shutdown);
}

static void leave(SSL *ssl, struct openssl_prelude *p)
{
    p->framed->shutdown = SSL_get_shutdown(ssl);
    openssl_shut_for_application(ssl);
}

static struct openssl_prelude *framed_of(const SSL *ssl)
{
    struct openssl_prelude *p = openssl_prelude_of(ssl);
    return p != NULL && p->framed != NULL ? p : NULL;
}

static enum atls_post_step result_of(SSL *ssl, struct openssl_prelude *p, enum openssl_io io,
                                     struct atls_diag *diag)
{
    if (io == IO_FAILED) {
        return fail(ssl, p, diag);
    }
    leave(ssl, p);
    if (p->framed->late) {
        return ATLS_POST_LATE;
    }
    return io == IO_WANT_WRITE ? ATLS_POST_WANT_WRITE : ATLS_POST_WANT_READ;
}

/* ---- without frames ---- */

static enum atls_post_step plain_result(SSL *ssl, int ok, struct atls_diag *diag)
{
    if (ok == 1) {
        return ATLS_POST_DONE;
    }
    switch (SSL_get_error(ssl, ok)) {
    case SSL_ERROR_WANT_READ:
        return ATLS_POST_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return ATLS_POST_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return ATLS_POST_ENDED;
    default:
        break;
    }
    struct atls_diag why;
    if (atls_openssl_outcome(ssl, ok, &why) == ATLS_OK) {
        atls_fail_texts(&why, ATLS_ERR_CONNECTION, "connection", NULL, "its end", "close_notify");
    }
    if (diag != NULL) {
        *diag = why;
    }
    return ATLS_POST_FAILED;
}

/* ---- what an application calls ---- */

enum atls_post_step atls_post_read(SSL *ssl, void *into, size_t len, size_t *out_len,
                                   struct atls_diag *diag)
{
    struct openssl_prelude *p = framed_of(ssl);
    *out_len = 0;
    ERR_clear_error();
    if (p == NULL) {
        return plain_result(ssl, SSL_read_ex(ssl, into, len, out_len), diag);
    }
    if (p->failed) {
        return fail(ssl, p, diag);
    }
    enter(ssl, p);
    const enum openssl_io io = turn(ssl, p, false);
    const enum atls_post_step result = result_of(ssl, p, io, diag);
    if (result == ATLS_POST_FAILED || result == ATLS_POST_LATE) {
        return result;
    }
    if (p->framed->data_len != 0) {
        *out_len = give_data(p->framed, into, len);
        return ATLS_POST_DONE;
    }
    return p->framed->peer_ended ? ATLS_POST_ENDED : result;
}

/* write_frame sends the application's next octets, once those before are out. */
static enum openssl_io write_frame(SSL *ssl, struct openssl_prelude *p, struct atls_bytes data)
{
    struct openssl_framed *f = p->framed;
    const size_t len =
        data.len < ATLS_MAX_FRAME_DATA_LEN ? data.len : (size_t)ATLS_MAX_FRAME_DATA_LEN;
    if (f->ended) {
        atls_fail_texts(&p->why, ATLS_ERR_STATE, step, "data", "data after atls_post_end()",
                        "none");
        return IO_FAILED;
    }
    if (f->writing == 0) {
        const enum atls_err err =
            openssl_frame_queue(p, ATLS_FRAME_DATA, atls_bytes_of(data.data, len), &p->why);
        if (err != ATLS_OK) {
            return openssl_io_failed(err);
        }
        f->writing = len;
    }
    return flush(ssl, p, &p->why);
}

enum atls_post_step atls_post_write(SSL *ssl, const void *data, size_t len, size_t *out_len,
                                    struct atls_diag *diag)
{
    struct openssl_prelude *p = framed_of(ssl);
    *out_len = 0;
    ERR_clear_error();
    if (p == NULL) {
        return plain_result(ssl, SSL_write_ex(ssl, data, len, out_len), diag);
    }
    if (p->failed) {
        return fail(ssl, p, diag);
    }
    if (len == 0) {
        return ATLS_POST_DONE;
    }
    enter(ssl, p);
    struct openssl_framed *f = p->framed;
    enum openssl_io io = turn(ssl, p, true);
    if (io != IO_FAILED && !f->late && p->out_len == 0) {
        io = write_frame(ssl, p, atls_bytes_of(data, len));
    }
    const enum atls_post_step result = result_of(ssl, p, io, diag);
    if (result != ATLS_POST_FAILED && result != ATLS_POST_LATE && p->out_len == 0) {
        *out_len = f->writing < len ? f->writing : len;
        f->writing = 0;
        return ATLS_POST_DONE;
    }
    return result;
}

enum atls_post_step atls_post_run(SSL *ssl, struct atls_diag *diag)
{
    struct openssl_prelude *p = framed_of(ssl);
    if (p == NULL) {
        return ATLS_POST_DONE;
    }
    if (p->failed) {
        return fail(ssl, p, diag);
    }
    enter(ssl, p);
    return result_of(ssl, p, turn(ssl, p, true), diag);
}

enum atls_post_step atls_post_end(SSL *ssl, struct atls_diag *diag)
{
    struct openssl_prelude *p = framed_of(ssl);
    ERR_clear_error();
    if (p == NULL) {
        const int ok = SSL_shutdown(ssl);
        return plain_result(ssl, ok >= 0 ? 1 : ok, diag);
    }
    if (p->failed) {
        return fail(ssl, p, diag);
    }
    enter(ssl, p);
    p->framed->ended = true; /* nothing more is put behind what waits */
    enum openssl_io io = flush(ssl, p, &p->why);
    if (io == IO_DONE && (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) == 0) {
        const int ok = SSL_shutdown(ssl);
        io = ok >= 0 ? IO_DONE : IO_WANT_WRITE;
    }
    const enum atls_post_step result = result_of(ssl, p, io, diag);
    return io == IO_DONE && result != ATLS_POST_FAILED ? ATLS_POST_DONE : result;
}

enum atls_err atls_post_round(SSL *ssl, struct atls_diag *diag)
{
    struct openssl_prelude *p = framed_of(ssl);
    if (p == NULL || p->failed || !p->exchange.own.asks) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, step, "connection",
                               "one on which the peer cannot be asked",
                               "an open one whose data are framed, and a requirement");
    }
    struct openssl_framed *f = p->framed;
    const int64_t stop_ms =
        f->clock_ms() + (int64_t)atls_context_reattest_deadline_ms(context_of(ssl));
    f->stop_ms = f->stop_ms == 0 || stop_ms < f->stop_ms ? stop_ms : f->stop_ms;
    f->wants_round = true;
    return ATLS_OK;
}

/* ---- what it waits for ---- */

bool atls_post_is_framed(const SSL *ssl)
{
    return framed_of(ssl) != NULL;
}

void atls_post_rounds(const SSL *ssl, uint64_t *out_accepted, uint64_t *out_answered)
{
    const struct openssl_prelude *p = framed_of(ssl);
    *out_accepted = p != NULL ? p->framed->accepted : 0;
    *out_answered = p != NULL ? p->framed->answered : 0;
}

short atls_post_events(const SSL *ssl)
{
    const struct openssl_prelude *p = framed_of(ssl);
    if (p == NULL || p->failed) {
        return 0;
    }
    return (short)((reads_on(p, true) ? POLLIN : 0) | (p->framed->out_blocked ? POLLOUT : 0));
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

int64_t atls_post_next_ms(const SSL *ssl)
{
    const struct openssl_prelude *p = framed_of(ssl);
    int64_t at_ms = -1;
    if (p == NULL || p->failed) {
        return -1;
    }
    const struct openssl_framed *f = p->framed;
    const int64_t now_ms = f->clock_ms();
    if (SSL_pending(ssl) != 0 && reads_on(p, true)) { /* which poll(2) does not see */
        return 0;
    }
    if (f->stop_ms != 0 && !f->late) {
        at_ms = f->stop_ms;
    }
    if (f->request != NULL && !f->ended && p->out_len == 0) {
        at_ms = earlier(at_ms, answer_at(f) > 0 ? answer_at(f) : 0);
    }
    if (!f->ended && p->out_len == 0 && p->exchange.mine == ATLS_ROUND_NONE) {
        at_ms = f->round_ms != 0 ? earlier(at_ms, f->round_ms) : at_ms;
        at_ms = f->wants_round ? 0 : at_ms;
    }
    return at_ms < 0 ? -1 : at_ms <= now_ms ? 0 : at_ms - now_ms;
}
