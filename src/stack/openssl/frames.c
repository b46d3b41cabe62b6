/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/openssl/frames.h"

#include "base/span.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <time.h>

static const char step[] = "exchange after the handshake";

void openssl_prelude_free(struct openssl_prelude *p)
{
    if (p != NULL) {
        ASYNC_WAIT_CTX_free(p->waits);
        openssl_framed_free(p->framed);
        openssl_datagram_free(p->datagram);
        free(p->body);
        free(p->out);
        free(p);
    }
}

int64_t openssl_now_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void openssl_shut_for_application(SSL *ssl)
{
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

enum openssl_io openssl_io_failed(enum atls_err err)
{
    (void)err;
    return IO_FAILED;
}

/* ---- octets ---- */

static enum openssl_io why_not(SSL *ssl, int result, struct atls_diag *diag)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        atls_fail_texts(diag, ATLS_ERR_CONNECTION, step, NULL, "close_notify",
                        "the peer's next frame");
        return IO_ENDED;
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

enum openssl_io openssl_frame_turn(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    const bool open = atls_exchange_is_open(&p->exchange);
    const int64_t now_ms = openssl_now_ms();
    if (openssl_frame_check_time(p, diag) != IO_DONE) {
        return IO_FAILED;
    }
    ERR_clear_error();
    const int ok = openssl_datagram_turn(ssl, p->datagram, open, now_ms);
    return ok == 1 ? IO_DONE : why_not(ssl, ok, diag);
}

/* put sends some octets, or says why it has not. */
static enum openssl_io put(SSL *ssl, struct openssl_prelude *p, struct atls_bytes octets,
                           size_t *done, struct atls_diag *diag)
{
    if (p->datagram != NULL) {
        *done = atls_datagram_put(p->datagram, octets, openssl_now_ms());
        return *done != 0 ? IO_DONE : openssl_frame_turn(ssl, p, diag);
    }
    ERR_clear_error();
    const int ok = SSL_write_ex(ssl, octets.data, octets.len, done);
    return ok == 1 ? IO_DONE : why_not(ssl, ok, diag);
}

/* get reads some octets, or says why it has not. */
static enum openssl_io get(SSL *ssl, struct openssl_prelude *p, struct atls_buf into, size_t *done,
                           struct atls_diag *diag)
{
    if (p->datagram != NULL) {
        *done = atls_datagram_get(p->datagram, into);
        return *done != 0 ? IO_DONE : openssl_frame_turn(ssl, p, diag);
    }
    ERR_clear_error();
    const int ok = SSL_read_ex(ssl, into.data, into.cap, done);
    return ok == 1 ? IO_DONE : why_not(ssl, ok, diag);
}

enum openssl_io openssl_frame_flush(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    while (p->out_sent < p->out_len) {
        size_t done = 0;
        const struct atls_bytes rest =
            atls_bytes_of(p->out + p->out_sent, p->out_len - p->out_sent);
        const enum openssl_io io = put(ssl, p, rest, &done, diag);
        if (io != IO_DONE) {
            return io == IO_ENDED ? IO_FAILED : io;
        }
        p->out_sent += done;
    }
    free(p->out);
    p->out = NULL;
    p->out_len = p->out_sent = 0;
    return IO_DONE;
}

enum openssl_io openssl_frame_check_time(const struct openssl_prelude *p, struct atls_diag *diag)
{
    if (p->framed != NULL || openssl_now_ms() <= p->deadline_ms) {
        return IO_DONE;
    }
    atls_fail_texts(diag, ATLS_ERR_TIMEOUT, step, NULL, "none", "its end in time");
    return IO_FAILED;
}

/* fill reads until `*got` of `into` are there. It looks at the time before each read, since with a
 * peer that sends an octet now and then no read ever waits for long. */
static enum openssl_io fill(SSL *ssl, struct openssl_prelude *p, struct atls_buf into, size_t *got,
                            struct atls_diag *diag)
{
    while (*got < into.cap) {
        size_t done = 0;
        if (openssl_frame_check_time(p, diag) != IO_DONE) {
            return IO_FAILED;
        }
        const struct atls_buf rest = {into.data + *got, into.cap - *got};
        const enum openssl_io io = get(ssl, p, rest, &done, diag);
        if (io != IO_DONE) {
            return io;
        }
        *got += done;
    }
    return IO_DONE;
}

enum openssl_io openssl_frame_receive(SSL *ssl, struct openssl_prelude *p, struct atls_diag *diag)
{
    const struct atls_buf head = {p->head_octets, sizeof p->head_octets};
    enum openssl_io io = fill(ssl, p, head, &p->head_got, diag);
    if (io == IO_DONE && p->body == NULL) {
        const struct atls_bytes octets = atls_bytes_of(p->head_octets, sizeof p->head_octets);
        const enum atls_err err = atls_frame_head_parse(&p->head, octets, diag);
        if (err != ATLS_OK) {
            return openssl_io_failed(err);
        }
        p->body = malloc(p->head.len != 0 ? p->head.len : 1);
        if (p->body == NULL) {
            return openssl_io_failed(atls_fail(diag, ATLS_ERR_MEMORY, step, NULL));
        }
    }
    if (io == IO_DONE) {
        const struct atls_buf body = {p->body, p->head.len};
        io = fill(ssl, p, body, &p->body_got, diag);
    }
    p->whole = io == IO_DONE;
    return io == IO_ENDED && p->head_got != 0 ? IO_FAILED : io; /* in the middle of a frame */
}

void openssl_frame_forget(struct openssl_prelude *p)
{
    free(p->body);
    p->body = NULL;
    p->head_got = p->body_got = 0;
    p->whole = false;
}

enum atls_err openssl_frame_queue(struct openssl_prelude *p, enum atls_frame_type type,
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

/* ---- the end ---- */

enum atls_err openssl_take_close(SSL *ssl, const struct openssl_prelude *p, struct atls_diag *diag)
{
    openssl_set_peer_alert(ssl, p->body[0]);
    return openssl_fail_peer_alert(p->body[0], true, diag);
}

void openssl_say_why(SSL *ssl, struct openssl_prelude *p, enum atls_err err)
{
    struct atls_diag ignored;
    const uint8_t alert = err == ATLS_ERR_PKIX ? SSL_AD_CERTIFICATE_UNKNOWN : atls_err_alert(err);
    if (p->out_len == 0 && alert != 0 &&
        openssl_frame_queue(p, ATLS_FRAME_CLOSE, atls_bytes_of(&alert, 1), &ignored) == ATLS_OK &&
        openssl_frame_flush(ssl, p, &ignored) == IO_DONE) {
        if (p->datagram != NULL) {
            openssl_datagram_send(ssl, p->datagram, openssl_now_ms());
        }
        ERR_clear_error();
        (void)SSL_shutdown(ssl);
    }
    ERR_clear_error();
}
