/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange after the handshake as frames over the connection itself (PROTOCOL.md, section 11).
 * Until it is done the SSL looks shut to the application, in both directions; only in here is that
 * lifted. Nothing is read beyond the peer's DONE, behind which its application's data begin; where
 * those are framed, framed.c goes on with them. Over DTLS datagram.c carries the octets.
 */
#include "atls/post.h"
#include "stack/openssl/frames.h"

#include "base/span.h"

#include <openssl/async.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>

static const char step[] = "exchange after the handshake";

bool openssl_hold(SSL *ssl)
{
    const struct atls_session *session = openssl_session_of(ssl);
    const struct atls_frame_hello own = {
        .asks = atls_session_asks(session),
        .frames = SSL_is_dtls(ssl) == 0 && atls_context_is_framed(atls_session_context(session))};
    struct openssl_prelude *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return false;
    }
    atls_exchange_init(&p->exchange, own);
    p->deadline_ms = openssl_now_ms() + atls_context_timeout_ms(atls_session_context(session));
    if (SSL_is_dtls(ssl) == 1) {
        p->datagram = openssl_datagram_new(ssl);
        if (p->datagram == NULL) {
            openssl_prelude_free(p);
            return false;
        }
    }
    openssl_shut_for_application(ssl);
    openssl_wall(ssl); /* SSL_write(3) that runs the handshake has looked at those flags before */
    return openssl_prelude_set(ssl, p);
}

/* produce queues the next frame that is due; *out_more false: none is. */
static enum atls_err produce(SSL *ssl, struct openssl_prelude *p, bool *out_more,
                             struct atls_diag *diag)
{
    uint8_t hello[ATLS_FRAME_HELLO_LEN];
    struct atls_bytes body = {NULL, 0};
    struct atls_exchange *x = &p->exchange;
    *out_more = true;
    if (atls_exchange_may(x, ATLS_FRAME_HELLO)) {
        atls_frame_hello_write(hello, &x->own);
        return openssl_frame_queue(p, ATLS_FRAME_HELLO, atls_bytes_of(hello, sizeof hello), diag);
    }
    if (!x->done_sent && atls_exchange_may(x, ATLS_FRAME_REQUEST)) { /* later ones: framed.c */
        const enum atls_err err = atls_post_ask(ssl, body, &body, diag);
        return err == ATLS_OK ? openssl_frame_queue(p, ATLS_FRAME_REQUEST, body, diag) : err;
    }
    if (atls_exchange_may(x, ATLS_FRAME_DONE)) {
        return openssl_frame_queue(p, ATLS_FRAME_DONE, body, diag);
    }
    *out_more = false;
    return ATLS_OK;
}

/* check_hello: who is to attest again has to frame its data, among which it is asked. */
static enum atls_err check_hello(const SSL *ssl, const struct openssl_prelude *p,
                                 struct atls_diag *diag)
{
    const struct atls_context *context = atls_session_context(openssl_session_of(ssl));
    return p->exchange.peer.frames || !atls_context_reattests(context)
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_NO_PROTOCOL, step, "HELLO",
                                 "a peer that does not frame its data",
                                 "one that does, since it is to attest again");
}

/* handle does what a whole frame asks for. */
static enum atls_err handle(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    struct atls_bytes answer;
    const struct atls_bytes body = atls_bytes_of(p->body, p->head.len);
    enum atls_err err = atls_exchange_take(&p->exchange, p->head.type, body, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (p->head.type == ATLS_FRAME_HELLO) {
        return check_hello(ssl, p, diag);
    }
    if (p->head.type == ATLS_FRAME_REQUEST) {
        err = atls_post_answer(ssl, body, &answer, diag);
        return err == ATLS_OK ? openssl_frame_queue(p, ATLS_FRAME_AUTHENTICATOR, answer, diag)
                              : err;
    }
    if (p->head.type == ATLS_FRAME_AUTHENTICATOR) {
        err = atls_post_judge(ssl, body, diag);
        return err == ATLS_OK ? atls_exchange_accept(&p->exchange, diag) : err;
    }
    return p->head.type == ATLS_FRAME_CLOSE ? openssl_take_close(ssl, p, diag) : ATLS_OK;
}

/* ---- the whole ---- */

/* fail refuses for p->why, for good. */
static enum atls_post_step fail(SSL *ssl, struct openssl_prelude *p)
{
    p->failed = true;
    if (p->cancelled) {
        return ATLS_POST_FAILED;
    }
    atls_session_refuse(openssl_session_of(ssl), &p->why);
    openssl_say_why(ssl, p, p->why.err);
    openssl_shut(ssl);
    return ATLS_POST_FAILED;
}

/* open_when_drained: over datagrams the exchange has ended no sooner than the peer has all of ours,
 * since nobody would send it again; what it sends again after that atls_post_is_late() answers. Who
 * sends close_notify behind its DONE needs nothing of ours any more. */
static enum openssl_io open_when_drained(SSL *ssl, struct openssl_prelude *p, bool *out_open,
                                         struct atls_diag *diag)
{
    *out_open = p->datagram == NULL || atls_datagram_is_drained(p->datagram);
    if (!*out_open) {
        const enum openssl_io io = openssl_frame_turn(ssl, p, diag);
        *out_open = io == IO_ENDED;
        return io == IO_ENDED ? IO_DONE : io;
    }
    if (p->datagram != NULL) {
        openssl_datagram_send(ssl, p->datagram, openssl_now_ms());
    }
    return IO_DONE;
}

/* advance moves one thing on: IO_DONE when there may be more, with *out_open at the end. */
static enum openssl_io advance(SSL *ssl, struct openssl_prelude *p, bool *out_open,
                               struct atls_diag *diag)
{
    bool more = false;
    const enum openssl_io flushed = openssl_frame_flush(ssl, p, diag);
    if (flushed == IO_DONE) {
        if (p->whole) {
            const enum atls_err err = handle(ssl, p, diag);
            openssl_frame_forget(p);
            return err == ATLS_OK ? IO_DONE : openssl_io_failed(err);
        }
        const enum atls_err err = produce(ssl, p, &more, diag);
        if (err != ATLS_OK || more) {
            return err == ATLS_OK ? IO_DONE : openssl_io_failed(err);
        }
        if (atls_exchange_is_open(&p->exchange)) {
            return open_when_drained(ssl, p, out_open, diag);
        }
    }
    if (flushed == IO_FAILED || p->whole) {
        return flushed;
    }
    if (p->exchange.done_taken) { /* what comes now is the application's */
        return flushed != IO_DONE
                   ? flushed
                   : openssl_io_failed(atls_fail(diag, ATLS_ERR_STATE, step, "DONE"));
    }
    /* Who waits to write reads meanwhile: the peer may be waiting to write, too. */
    const enum openssl_io received = openssl_frame_receive(ssl, p, diag);
    return received == IO_WANT_READ && flushed != IO_DONE ? flushed : received;
}

static bool open_gate(SSL *ssl, struct openssl_prelude *p)
{
    return atls_session_post_open_gate(openssl_session_of(ssl), &p->why) &&
           (!atls_exchange_is_framed(&p->exchange) ||
            openssl_framed_begin(ssl, p, &p->why) == ATLS_OK);
}

static enum atls_post_step run(SSL *ssl, struct openssl_prelude *p)
{
    bool open = false;
    enum openssl_io io = IO_DONE;
    if (p->datagram != NULL && openssl_datagram_check(ssl, &p->why) != ATLS_OK) {
        io = IO_FAILED;
    }
    while (io == IO_DONE && !open && !p->cancelled) {
        io = advance(ssl, p, &open, &p->why);
    }
    if (io == IO_FAILED || io == IO_ENDED || p->cancelled) {
        return fail(ssl, p);
    }
    if (open) {
        return open_gate(ssl, p) ? ATLS_POST_DONE : fail(ssl, p);
    }
    if (openssl_frame_check_time(p, &p->why) != IO_DONE) {
        return fail(ssl, p);
    }
    return io == IO_WANT_READ ? ATLS_POST_WANT_READ : ATLS_POST_WANT_WRITE;
}

struct fiber {
    SSL *ssl;
};

static int run_fiber(void *arg)
{
    const struct fiber *fiber = arg;
    return (int)run(fiber->ssl, openssl_prelude_of(fiber->ssl));
}

/* run_on_fiber is run for SSL_MODE_ASYNC: where it waits for a job the application goes on. */
static enum atls_post_step run_on_fiber(SSL *ssl, struct openssl_prelude *p)
{
    struct fiber fiber = {ssl};
    int result = ATLS_POST_FAILED;
    p->waits = p->waits != NULL ? p->waits : ASYNC_WAIT_CTX_new();
    switch (p->waits != NULL
                ? ASYNC_start_job(&p->job, p->waits, &result, run_fiber, &fiber, sizeof fiber)
                : ASYNC_ERR) {
    case ASYNC_FINISH:
        p->job = NULL;
        return (enum atls_post_step)result;
    case ASYNC_PAUSE:
        return ATLS_POST_WANT_ASYNC;
    case ASYNC_NO_JOBS: /* then it waits in here */
        return run(ssl, p);
    default:
        atls_fail(&p->why, ATLS_ERR_MEMORY, step, "fiber");
        return fail(ssl, p);
    }
}

static int waits_for(const struct openssl_prelude *p)
{
    OSSL_ASYNC_FD fd = -1;
    size_t num = 0;
    if (p == NULL || p->job == NULL || ASYNC_WAIT_CTX_get_all_fds(p->waits, NULL, &num) != 1 ||
        num != 1 || ASYNC_WAIT_CTX_get_all_fds(p->waits, &fd, &num) != 1) {
        return -1;
    }
    return fd;
}

int atls_post_async_fd(const SSL *ssl)
{
    return waits_for(openssl_prelude_of(ssl));
}

/* A wait for a job ends at once then; one for a key's signature when that is made, which its own
 * deadline bounds. */
bool openssl_prelude_cancel(struct openssl_prelude *p)
{
    int result = 0;
    if (p == NULL || p->job == NULL) {
        return true;
    }
    if (ASYNC_get_current_job() != NULL) {
        return false;
    }
    p->cancelled = true;
    while (ASYNC_start_job(&p->job, p->waits, &result, NULL, NULL, 0) == ASYNC_PAUSE) {
        struct pollfd ready = {.fd = waits_for(p), .events = POLLIN};
        (void)poll(&ready, 1, 100);
    }
    p->job = NULL;
    return true;
}

bool openssl_prelude_is_cancelled(const SSL *ssl)
{
    const struct openssl_prelude *p = openssl_prelude_of(ssl);
    return p != NULL && p->cancelled;
}

int64_t atls_post_wait_ms(const SSL *ssl)
{
    const struct openssl_prelude *p = openssl_prelude_of(ssl);
    if (p == NULL || !atls_post_is_due(ssl)) {
        return -1;
    }
    const int64_t now = openssl_now_ms();
    int64_t at = p->deadline_ms + 1;
    if (p->datagram != NULL && atls_datagram_due_ms(p->datagram) < at) {
        at = atls_datagram_due_ms(p->datagram);
    }
    return at > now ? at - now : 0;
}

bool atls_post_is_late(SSL *ssl, const void *datagram, size_t len)
{
    struct openssl_prelude *p = openssl_prelude_of(ssl);
    const struct atls_bytes octets = atls_bytes_of(datagram, len);
    if (p == NULL || p->datagram == NULL || !atls_datagram_is_peers(p->datagram, octets)) {
        return false;
    }
    atls_datagram_take(p->datagram, octets);
    openssl_datagram_send(ssl, p->datagram, openssl_now_ms());
    return true;
}

/* After SSL_clear(3) what is left of the connection before is nothing to go on with: a step would
 * begin the next handshake, which frees the exchange that it is about. */
bool atls_post_is_due(const SSL *ssl)
{
    const struct atls_session *session = openssl_session_of(ssl);
    return session != NULL && openssl_prelude_of(ssl) != NULL && SSL_in_before(ssl) == 0 &&
           atls_session_is_pending(session);
}

enum atls_post_step atls_post_step(SSL *ssl, struct atls_diag *diag)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(ssl);
    if (!atls_post_is_due(ssl)) {
        if (verdict != NULL && atls_verdict_opens(verdict)) {
            return ATLS_POST_DONE;
        }
        if (diag != NULL && verdict != NULL && verdict->state == ATLS_VERDICT_REFUSED) {
            *diag = verdict->reason;
        } else {
            atls_fail_texts(diag, ATLS_ERR_STATE, step, "connection",
                            "one whose handshake is not done", "the end of the handshake");
        }
        return ATLS_POST_FAILED;
    }
    openssl_unwall(ssl);
    SSL_set_shutdown(ssl, 0);
    struct openssl_prelude *p = openssl_prelude_of(ssl);
    const unsigned long mode = (unsigned long)SSL_get_mode(ssl);
    const bool async = (mode & SSL_MODE_ASYNC) != 0 && ASYNC_get_current_job() == NULL;
    const enum atls_post_step result = async ? run_on_fiber(ssl, p) : run(ssl, p);
    if (result == ATLS_POST_FAILED && diag != NULL) {
        *diag = p->why;
    }
    if (result != ATLS_POST_FAILED && (result != ATLS_POST_DONE || p->framed != NULL)) {
        openssl_shut_for_application(ssl);
    }
    return result;
}
