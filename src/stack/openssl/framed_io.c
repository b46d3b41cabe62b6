/* SPDX-License-Identifier: Apache-2.0 */
/* What an application calls on a framed connection; where data are not framed, just OpenSSL. */
#include "atls/post.h"
#include "stack/openssl/framed.h"

#include "base/span.h"

#include <openssl/err.h>
#include <poll.h>

static const char step[] = "re-attestation";

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

/* framed_of: none after SSL_clear(3), when to read or write begins the next handshake, which frees
 * what is left of the connection before. */
static struct openssl_prelude *framed_of(const SSL *ssl)
{
    struct openssl_prelude *p = openssl_prelude_of(ssl);
    return p != NULL && p->framed != NULL && SSL_in_before(ssl) == 0 ? p : NULL;
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
    const enum openssl_io io = openssl_framed_turn(ssl, p, false);
    const enum atls_post_step result = result_of(ssl, p, io, diag);
    if (result == ATLS_POST_FAILED || result == ATLS_POST_LATE) {
        return result;
    }
    if (p->framed->data_len != 0) {
        *out_len = openssl_framed_give_data(p->framed, into, len);
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
    return openssl_framed_flush(ssl, p, &p->why);
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
    enum openssl_io io = openssl_framed_turn(ssl, p, true);
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
    return result_of(ssl, p, openssl_framed_turn(ssl, p, true), diag);
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
    enum openssl_io io = openssl_framed_flush(ssl, p, &p->why);
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
        f->clock_ms() + (int64_t)atls_context_reattest_deadline_ms(openssl_framed_context(ssl));
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
    return (short)((openssl_framed_reads_on(p, true) ? POLLIN : 0) |
                   (p->framed->out_blocked ? POLLOUT : 0));
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
    if (SSL_pending(ssl) != 0 &&
        openssl_framed_reads_on(p, true)) { /* which poll(2) does not see */
        return 0;
    }
    if (f->stop_ms != 0 && !f->late) {
        at_ms = f->stop_ms;
    }
    if (f->request != NULL && !f->ended && p->out_len == 0) {
        at_ms = earlier(at_ms, openssl_framed_answer_at(f) > 0 ? openssl_framed_answer_at(f) : 0);
    }
    if (!f->ended && p->out_len == 0 && p->exchange.mine == ATLS_ROUND_NONE) {
        at_ms = f->round_ms != 0 ? earlier(at_ms, f->round_ms) : at_ms;
        at_ms = f->wants_round ? 0 : at_ms;
    }
    return at_ms < 0 ? -1 : at_ms <= now_ms ? 0 : at_ms - now_ms;
}
