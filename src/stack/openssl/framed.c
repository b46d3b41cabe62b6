/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection whose data are framed (PROTOCOL.md, section 11): rounds by either side among them,
 * and the time after which no data pass without one. To SSL_read(3) and SSL_write(3) it looks shut;
 * only in here is that lifted. What is kept for a peer is bounded: one frame that goes, one that
 * comes, one request, and what was read ahead of the application to come to a frame behind it.
 */
#include "atls/post.h"
#include "stack/openssl/framed.h"

#include "base/span.h"

#include <stdlib.h>

static const char step[] = "re-attestation";

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

const struct atls_context *openssl_framed_context(const SSL *ssl)
{
    return atls_session_context(openssl_session_of(ssl));
}

/* plan says when the next round begins, and when there has to have been one. */
static void plan(const SSL *ssl, struct openssl_framed *f)
{
    const struct atls_context *context = openssl_framed_context(ssl);
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

size_t openssl_framed_give_data(struct openssl_framed *f, void *into, size_t cap)
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
int64_t openssl_framed_answer_at(const struct openssl_framed *f)
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
    if (f->request != NULL && f->clock_ms() >= openssl_framed_answer_at(f)) {
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

enum openssl_io openssl_framed_flush(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
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

bool openssl_framed_reads_on(const struct openssl_prelude *p, bool ahead)
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
    if (!f->late || atls_context_tells_late(openssl_framed_context(ssl))) {
        return IO_DONE;
    }
    atls_fail_texts(diag, ATLS_ERR_TIMEOUT, step, "authenticator", "none that was accepted",
                    "one within milliseconds of the moment it was due: ");
    atls_diag_expected_int(diag,
                           (int64_t)atls_context_reattest_deadline_ms(openssl_framed_context(ssl)));
    return IO_FAILED;
}

enum openssl_io openssl_framed_turn(SSL *ssl, struct openssl_prelude *p, bool ahead)
{
    enum openssl_io in = IO_DONE, out = IO_DONE;
    for (int i = 0; i < MAX_FRAMES_A_CALL; i++) {
        in = IO_DONE;
        out = check_time(ssl, p->framed, &p->why);
        out = out == IO_DONE ? openssl_framed_flush(ssl, p, &p->why) : out;
        if (out == IO_FAILED || !openssl_framed_reads_on(p, ahead)) {
            break;
        }
        in = receive(ssl, p, &p->why);
        if (in != IO_DONE) {
            break;
        }
    }
    return out == IO_FAILED || in == IO_FAILED ? IO_FAILED : out != IO_DONE ? out : in;
}
