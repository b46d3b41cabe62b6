/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake, and what follows it before any data, under one deadline. Over datagrams both send
 * again what may have been lost: OpenSSL in the handshake, the library after it. */
#include "tls.h"

#include "base/diag.h"
#include "net.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>

bool cli_wait_ready(SSL *ssl, short events, int64_t deadline_ms)
{
    struct pollfd wait = {.fd = SSL_get_fd(ssl), .events = events};
    for (;;) {
        const int64_t left = deadline_ms - cli_now_ms();
        const int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            return false;
        }
    }
}

static enum atls_err fail_late(uint32_t timeout_ms, struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_TIMEOUT, "handshake", NULL, NULL,
                    "its end within milliseconds: ");
    atls_diag_expected_int(diag, timeout_ms);
    return ATLS_ERR_TIMEOUT;
}

/* sooner is the deadline, or the time after `wait_ms` (negative: none) if that comes before. */
static int64_t sooner(int64_t deadline_ms, int64_t wait_ms)
{
    const int64_t at_ms = cli_now_ms() + wait_ms;
    return wait_ms < 0 || at_ms > deadline_ms ? deadline_ms : at_ms;
}

/* exchange is what follows the handshake, where there is something to follow. */
static enum atls_err exchange(SSL *ssl, int64_t deadline_ms, uint32_t timeout_ms,
                              struct atls_diag *diag)
{
    for (;;) {
        const enum atls_post_step went = atls_post_step(ssl, diag);
        if (went == ATLS_POST_DONE) {
            return ATLS_OK;
        }
        if (went == ATLS_POST_FAILED) {
            return diag->err;
        }
        const short events = went == ATLS_POST_WANT_WRITE ? POLLIN | POLLOUT : POLLIN;
        const int64_t wait_ms = SSL_is_dtls(ssl) == 1 ? atls_post_wait_ms(ssl) : -1;
        if (!cli_wait_ready(ssl, events, sooner(deadline_ms, wait_ms)) &&
            cli_now_ms() >= deadline_ms) {
            return fail_late(timeout_ms, diag);
        }
    }
}

/* flight_wait_ms is for how long the peer may be silent before the last flight goes once more;
 * negative on TCP, which sees to that itself. */
static int64_t flight_wait_ms(SSL *ssl)
{
    struct timeval left = {0, 0};
    if (SSL_is_dtls(ssl) == 0 || DTLSv1_get_timeout(ssl, &left) != 1) {
        return -1;
    }
    return (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
}

/* wait_flight waits for what the handshake wants; false at the deadline. */
static bool wait_flight(SSL *ssl, int ssl_error, int64_t deadline_ms)
{
    const short events = ssl_error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    if (!cli_wait_ready(ssl, events, sooner(deadline_ms, flight_wait_ms(ssl)))) {
        if (cli_now_ms() >= deadline_ms) {
            return false;
        }
    }
    if (SSL_is_dtls(ssl) == 1) {
        (void)DTLSv1_handle_timeout(ssl); /* what does not go now goes the next time */
    }
    return true;
}

enum atls_err cli_handshake(SSL *ssl, uint32_t timeout_ms, struct atls_diag *diag)
{
    const int64_t deadline = cli_now_ms() + timeout_ms;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int done = SSL_do_handshake(ssl);
        const int system_error = errno;
        const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, done);
        if (done == 1 && atls_post_is_due(ssl)) {
            return exchange(ssl, deadline, timeout_ms, diag);
        }
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            enum atls_err err = atls_openssl_outcome(ssl, done, diag);
            if (err == ATLS_ERR_CONNECTION && error == SSL_ERROR_SYSCALL && system_error != 0) {
                err = atls_fail_texts(diag, err, "handshake", NULL, strerror(system_error),
                                      "the peer's next message");
            }
            return err;
        }
        if (!wait_flight(ssl, error, deadline)) {
            return fail_late(timeout_ms, diag);
        }
    }
}
