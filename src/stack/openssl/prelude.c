/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange after the handshake as frames over the connection itself (PROTOCOL.md, section 11).
 * Until it is done the SSL looks shut to the application, in both directions; only in here is that
 * lifted. Nothing is read beyond the peer's DONE, behind which its application's data begin.
 */
#include "atls/post.h"
#include "stack/openssl/adapter.h"

#include "base/span.h"
#include "handshake/exchange.h"

#include <openssl/async.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <time.h>

static const char step[] = "exchange after the handshake";

struct openssl_prelude {
    struct atls_exchange exchange;
    int64_t deadline_ms;
    struct atls_diag why; /* of a failure */
    /* With SSL_MODE_ASYNC: the fiber that waits for a job, and what for. */
    ASYNC_JOB *job;
    ASYNC_WAIT_CTX *waits;
    /* What comes: a head, then its body. */
    uint8_t head_octets[ATLS_FRAME_HEAD_LEN];
    struct atls_frame_head head;
    uint8_t *body;
    size_t head_got, body_got;
    bool whole;
    /* What goes: one frame, head and body. */
    uint8_t *out;
    size_t out_len, out_sent;
};

enum io { IO_DONE, IO_WANT_READ, IO_WANT_WRITE, IO_FAILED };

void openssl_prelude_free(struct openssl_prelude *p)
{
    if (p != NULL) {
        ASYNC_WAIT_CTX_free(p->waits);
        free(p->body);
        free(p->out);
        free(p);
    }
}

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void shut_for_application(SSL *ssl)
{
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

bool openssl_hold(SSL *ssl)
{
    const struct atls_session *session = openssl_session_of(ssl);
    const struct atls_frame_hello own = {.asks = atls_session_asks(session)};
    struct openssl_prelude *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return false;
    }
    atls_exchange_init(&p->exchange, own);
    p->deadline_ms = now_ms() + atls_context_timeout_ms(atls_session_context(session));
    shut_for_application(ssl);
    openssl_wall(ssl); /* SSL_write(3) that runs the handshake has looked at those flags before */
    return openssl_prelude_set(ssl, p);
}

/* ---- octets ---- */

static enum io why_not(SSL *ssl, int result, struct atls_diag *diag)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        atls_fail_texts(diag, ATLS_ERR_CONNECTION, step, NULL, "close_notify",
                        "the peer's next frame");
        return IO_FAILED;
    default:
        break;
    }
    if (openssl_peer_alert(ssl) != 0) {
        openssl_fail_peer_alert(openssl_peer_alert(ssl), true, diag);
    } else {
        atls_fail_texts(diag, ATLS_ERR_CONNECTION, step, NULL, "the end of the connection",
                        "the peer's next frame");
    }
    return IO_FAILED;
}

static enum io flush(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    while (p->out_sent < p->out_len) {
        size_t done = 0;
        ERR_clear_error();
        const int ok = SSL_write_ex(ssl, p->out + p->out_sent, p->out_len - p->out_sent, &done);
        if (ok != 1) {
            return why_not(ssl, ok, diag);
        }
        p->out_sent += done;
    }
    free(p->out);
    p->out = NULL;
    p->out_len = p->out_sent = 0;
    return IO_DONE;
}

/* fill reads until `*got` of `len` octets are there. */
static enum io fill(SSL *ssl, uint8_t *into, size_t len, size_t *got, struct atls_diag *diag)
{
    while (*got < len) {
        size_t done = 0;
        ERR_clear_error();
        const int ok = SSL_read_ex(ssl, into + *got, len - *got, &done);
        if (ok != 1) {
            return why_not(ssl, ok, diag);
        }
        *got += done;
    }
    return IO_DONE;
}

static enum io fail_with(enum atls_err err)
{
    (void)err; /* the diag has it */
    return IO_FAILED;
}

/* receive reads one frame; its body is not waited for before its head has met the limits. */
static enum io receive(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    enum io io = fill(ssl, p->head_octets, sizeof p->head_octets, &p->head_got, diag);
    if (io == IO_DONE && p->body == NULL) {
        const struct atls_bytes octets = atls_bytes_of(p->head_octets, sizeof p->head_octets);
        const enum atls_err err = atls_frame_head_parse(&p->head, octets, diag);
        if (err != ATLS_OK) {
            return fail_with(err);
        }
        p->body = malloc(p->head.len != 0 ? p->head.len : 1);
        if (p->body == NULL) {
            return fail_with(atls_fail(diag, ATLS_ERR_MEMORY, step, NULL));
        }
    }
    if (io == IO_DONE) {
        io = fill(ssl, p->body, p->head.len, &p->body_got, diag);
    }
    p->whole = io == IO_DONE;
    return io;
}

static void forget_frame(struct openssl_prelude *p)
{
    free(p->body);
    p->body = NULL;
    p->head_got = p->body_got = 0;
    p->whole = false;
}

/* ---- frames ---- */

static enum atls_err queue(struct openssl_prelude *p, enum atls_frame_type type,
                           struct atls_bytes body, struct atls_diag *diag)
{
    const struct atls_frame_head head = {type, body.len};
    uint8_t *out = malloc(ATLS_FRAME_HEAD_LEN + body.len);
    enum atls_err err = out != NULL ? atls_exchange_sent(&p->exchange, type, diag)
                                    : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = atls_frame_head_write(out, &head, diag);
    }
    if (err != ATLS_OK) {
        free(out);
        return err;
    }
    if (body.len != 0) {
        memcpy(&out[ATLS_FRAME_HEAD_LEN], body.data, body.len);
    }
    p->out = out;
    p->out_len = ATLS_FRAME_HEAD_LEN + body.len;
    p->out_sent = 0;
    return ATLS_OK;
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
        return queue(p, ATLS_FRAME_HELLO, atls_bytes_of(hello, sizeof hello), diag);
    }
    if (atls_exchange_may(x, ATLS_FRAME_REQUEST)) {
        const enum atls_err err = atls_post_ask(ssl, body, &body, diag);
        return err == ATLS_OK ? queue(p, ATLS_FRAME_REQUEST, body, diag) : err;
    }
    if (atls_exchange_may(x, ATLS_FRAME_DONE)) {
        return queue(p, ATLS_FRAME_DONE, body, diag);
    }
    *out_more = false;
    return ATLS_OK;
}

static enum atls_err take_close(SSL *ssl, const struct openssl_prelude *p, struct atls_diag *diag)
{
    openssl_set_peer_alert(ssl, p->body[0]);
    return openssl_fail_peer_alert(p->body[0], true, diag);
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
    if (p->head.type == ATLS_FRAME_REQUEST) {
        err = atls_post_answer(ssl, body, &answer, diag);
        return err == ATLS_OK ? queue(p, ATLS_FRAME_AUTHENTICATOR, answer, diag) : err;
    }
    if (p->head.type == ATLS_FRAME_AUTHENTICATOR) {
        err = atls_post_judge(ssl, body, diag);
        return err == ATLS_OK ? atls_exchange_accept(&p->exchange, diag) : err;
    }
    return p->head.type == ATLS_FRAME_CLOSE ? take_close(ssl, p, diag) : ATLS_OK;
}

/* ---- the whole ---- */

/* say_why sends CLOSE with the alert of a refusal, if that goes at once and between two frames. */
static void say_why(SSL *ssl, struct openssl_prelude *p, enum atls_err err)
{
    struct atls_diag ignored;
    const uint8_t alert = err == ATLS_ERR_PKIX ? SSL_AD_CERTIFICATE_UNKNOWN : atls_err_alert(err);
    if (p->out_len == 0 && alert != 0 &&
        queue(p, ATLS_FRAME_CLOSE, atls_bytes_of(&alert, 1), &ignored) == ATLS_OK &&
        flush(ssl, p, &ignored) == IO_DONE) {
        ERR_clear_error();
        (void)SSL_shutdown(ssl);
    }
    ERR_clear_error();
}

/* fail refuses for p->why, for good. */
static enum atls_post_step fail(SSL *ssl, struct openssl_prelude *p)
{
    atls_session_refuse(openssl_session_of(ssl), &p->why);
    say_why(ssl, p, p->why.err);
    openssl_shut(ssl);
    return ATLS_POST_FAILED;
}

/* advance moves one thing on: IO_DONE when there may be more, with *out_open at the end. */
static enum io advance(SSL *ssl, struct openssl_prelude *p, bool *out_open, struct atls_diag *diag)
{
    bool more = false;
    const enum io flushed = flush(ssl, p, diag);
    if (flushed == IO_DONE) {
        if (p->whole) {
            const enum atls_err err = handle(ssl, p, diag);
            forget_frame(p);
            return err == ATLS_OK ? IO_DONE : fail_with(err);
        }
        const enum atls_err err = produce(ssl, p, &more, diag);
        *out_open = err == ATLS_OK && !more && atls_exchange_is_open(&p->exchange);
        if (err != ATLS_OK || more || *out_open) {
            return err == ATLS_OK ? IO_DONE : fail_with(err);
        }
    }
    if (flushed == IO_FAILED || p->whole) {
        return flushed;
    }
    if (p->exchange.done_taken) { /* what comes now is the application's */
        return flushed != IO_DONE ? flushed
                                  : fail_with(atls_fail(diag, ATLS_ERR_STATE, step, "DONE"));
    }
    /* Who waits to write reads meanwhile: the peer may be waiting to write, too. */
    const enum io received = receive(ssl, p, diag);
    return received == IO_WANT_READ && flushed != IO_DONE ? flushed : received;
}

static enum atls_post_step run(SSL *ssl, struct openssl_prelude *p)
{
    bool open = false;
    enum io io = IO_DONE;
    while (io == IO_DONE && !open) {
        io = advance(ssl, p, &open, &p->why);
    }
    if (io == IO_FAILED) {
        return fail(ssl, p);
    }
    if (open) {
        return atls_session_post_open_gate(openssl_session_of(ssl), &p->why) ? ATLS_POST_DONE
                                                                             : fail(ssl, p);
    }
    if (now_ms() > p->deadline_ms) {
        atls_fail_texts(&p->why, ATLS_ERR_TIMEOUT, step, NULL, "none", "its end in time");
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

int atls_post_async_fd(const SSL *ssl)
{
    const struct openssl_prelude *p = openssl_prelude_of(ssl);
    OSSL_ASYNC_FD fd = -1;
    size_t num = 0;
    if (p == NULL || p->job == NULL || ASYNC_WAIT_CTX_get_all_fds(p->waits, NULL, &num) != 1 ||
        num != 1 || ASYNC_WAIT_CTX_get_all_fds(p->waits, &fd, &num) != 1) {
        return -1;
    }
    return fd;
}

bool atls_post_is_due(const SSL *ssl)
{
    const struct atls_session *session = openssl_session_of(ssl);
    return session != NULL && openssl_prelude_of(ssl) != NULL && atls_session_is_pending(session);
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
    const bool async = (SSL_get_mode(ssl) & SSL_MODE_ASYNC) != 0 && ASYNC_get_current_job() == NULL;
    const enum atls_post_step result = async ? run_on_fiber(ssl, p) : run(ssl, p);
    if (result == ATLS_POST_FAILED && diag != NULL) {
        *diag = p->why;
    }
    if (result != ATLS_POST_FAILED && result != ATLS_POST_DONE) {
        shut_for_application(ssl);
    }
    return result;
}
