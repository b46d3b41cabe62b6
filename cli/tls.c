/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include "base/diag.h"
#include "idle.h"
#include "net.h"
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* wait_for waits until the socket is ready for what OpenSSL wants; false at the deadline. */
static bool wait_for(SSL *ssl, int ssl_error, int64_t deadline_ms)
{
    return cli_wait_ready(ssl, ssl_error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN, deadline_ms);
}

enum atls_err cli_fail_connection(SSL *ssl, struct atls_diag *diag)
{
    const int system_error = errno;
    const enum atls_err framed = cli_stream_run(ssl, diag);
    if (framed != ATLS_OK) {
        return framed;
    }
    if (SSL_get_error(ssl, -1) == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONNECTION, "connection", NULL,
                               system_error != 0 ? strerror(system_error) : "its end",
                               "close_notify");
    }
    /* In TLS 1.3 a client has finished before the server has judged it: the refusal comes here. */
    const enum atls_err err = atls_openssl_outcome(ssl, -1, diag);
    return err != ATLS_OK ? err
                          : atls_fail_texts(diag, ATLS_ERR_CONNECTION, "connection", NULL,
                                            "its end", "close_notify");
}

bool cli_sink_fd(void *arg, const unsigned char *data, size_t len)
{
    const int fd = *(const int *)arg;
    while (len != 0) {
        const ssize_t written = write(fd, data, len);
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* One direction of a relay: what waits to go on. */
struct pending {
    unsigned char data[16384];
    size_t len, sent;
    bool at_end; /* no more input */
    bool shut;   /* close_notify is out */
};

/* push sends what is pending; gives an SSL error that is no failure, or SSL_ERROR_SSL. */
static int push(SSL *ssl, struct pending *out, struct cli_counts *counts)
{
    while (out->sent < out->len) {
        size_t done = 0;
        const int error = cli_stream_write(ssl, &out->data[out->sent], out->len - out->sent, &done);
        if (error != SSL_ERROR_NONE) {
            return error;
        }
        out->sent += done;
        counts->sent += done;
    }
    out->len = out->sent = 0;
    if (out->at_end && !out->shut) {
        const int error = cli_stream_end(ssl);
        if (error != SSL_ERROR_NONE) {
            return error;
        }
        out->shut = true;
    }
    return SSL_ERROR_NONE;
}

static bool is_wait(int error)
{
    return error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* pull reads what is there into `in`, which is empty, and leaves it so when there is nothing; true
 * goes on, false is the end or a failure (*err says). */
static bool pull(SSL *ssl, struct pending *in, struct cli_counts *counts, enum atls_err *err,
                 struct atls_diag *diag)
{
    size_t len = 0;
    errno = 0;
    const int error = cli_stream_read(ssl, in->data, sizeof in->data, &len);
    if (error == SSL_ERROR_NONE) {
        counts->received += len;
        in->len = len;
        in->sent = 0;
        return true;
    }
    if (is_wait(error)) {
        return true;
    }
    if (error != SSL_ERROR_ZERO_RETURN) {
        *err = cli_fail_connection(ssl, diag);
    }
    return false;
}

bool cli_write_ready(int fd, const unsigned char *data, size_t len, size_t *done)
{
    while (*done < len) {
        const size_t left = len - *done;
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (poll(&ready, 1, 0) <= 0) {
            return true;
        }
        const ssize_t written = write(fd, data + *done, left < PIPE_BUF ? left : PIPE_BUF);
        if (written > 0) {
            *done += (size_t)written;
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* drain writes to the far side as much as that has room for. False when it takes no more, ever. */
static bool drain(const struct cli_far_side *far, struct pending *in)
{
    if (in->sent < in->len && far->out_fd < 0) {
        if (!far->sink(far->arg, &in->data[in->sent], in->len - in->sent)) {
            return false;
        }
        in->sent = in->len;
    }
    if (in->sent < in->len && !cli_write_ready(far->out_fd, in->data, in->len, &in->sent)) {
        return false;
    }
    if (in->sent == in->len) {
        in->len = in->sent = 0;
    }
    return true;
}

/* receive moves what the peer sends to the far side. *more: it stopped so that the other direction
 * gets its turn, not because nothing was left. False at the peer's end, or the far side's. */
static bool receive(SSL *ssl, const struct cli_far_side *far, struct pending *in,
                    struct cli_counts *counts, bool *more, enum atls_err *err,
                    struct atls_diag *diag)
{
    enum { turns = 16 };
    for (int i = 0; i < turns; i++) {
        if (!drain(far, in)) {
            return false;
        }
        if (in->len != 0) {
            return true;
        }
        if (!pull(ssl, in, counts, err, diag)) {
            return false;
        }
        if (in->len == 0) {
            return true;
        }
    }
    *more = true;
    return true;
}

static void fill(struct pending *out, int in_fd)
{
    const ssize_t len = read(in_fd, out->data, sizeof out->data);
    if (len > 0) {
        out->len = (size_t)len;
        out->sent = 0;
    } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
        out->at_end = true;
    }
}

/* end_idle says so to the peer, if that goes at once. */
static enum atls_err end_idle(SSL *ssl, const struct cli_idle *idle, struct atls_diag *diag)
{
    (void)cli_stream_end(ssl);
    ERR_clear_error();
    return cli_idle_fail(idle, diag);
}

/* What a relay waits for. */
struct interest {
    bool from_peer, to_peer; /* the socket */
    bool from_far, to_far;   /* the far side */
    bool at_once;            /* there is more to do already */
    int wait_ms;             /* at most; negative: without end */
};

/* What came of it. GONE: poll failed, or the connection is gone while all that is left to do is to
 * wait for the far side. */
enum waited { READY, INPUT, IDLE, GONE };

static enum waited wait_any(SSL *ssl, const struct cli_far_side *far, const struct interest *in)
{
    const short peer_events =
        (short)((in->from_peer ? POLLIN : 0) | (in->to_peer ? POLLOUT : 0) | atls_post_events(ssl));
    struct pollfd wait[3] = {
        {.fd = SSL_get_fd(ssl), .events = peer_events},
        {.fd = in->from_far ? far->in_fd : -1, .events = POLLIN},
        {.fd = in->to_far ? far->out_fd : -1, .events = POLLOUT},
    };
    const bool watched = peer_events != 0 || in->to_far;
    wait[0].fd = watched ? wait[0].fd : -1;
    const int wait_ms = cli_stream_wait_ms(ssl, in->wait_ms);
    const int ready = poll(wait, 3, in->at_once ? 0 : wait_ms);
    if (ready < 0) {
        return errno == EINTR ? READY : GONE;
    }
    if (ready == 0 && !in->at_once) {
        return wait_ms == in->wait_ms ? IDLE : READY; /* a round is due */
    }
    errno = ECONNRESET;
    if (peer_events == 0 && (wait[0].revents & (POLLERR | POLLHUP)) != 0) {
        return GONE;
    }
    return ready > 0 && wait[1].revents != 0 ? INPUT : READY;
}

/* fail_push: a peer that refuses us says why before it closes, so what it said may still be there
 * to read when writing fails. */
static enum atls_err fail_push(SSL *ssl, const struct cli_far_side *far, struct pending *in,
                               struct cli_counts *counts, struct atls_diag *diag)
{
    struct atls_diag why;
    enum atls_err said = ATLS_OK;
    bool more = true;
    const enum atls_err err = cli_fail_connection(ssl, &why);
    while (err == ATLS_ERR_CONNECTION && more && in->len == 0) {
        more = false;
        if (!receive(ssl, far, in, counts, &more, &said, diag) &&
            (said == ATLS_ERR_PEER_REFUSED || said == ATLS_ERR_PEER_ALERT)) {
            return said;
        }
    }
    *diag = why;
    return err;
}

enum atls_err cli_relay(SSL *ssl, const struct cli_far_side *far, struct cli_counts *counts,
                        struct atls_diag *diag)
{
    struct pending out = {.at_end = far->in_fd < 0}, in = {.len = 0};
    struct cli_idle idle = {.limit_ms = far->idle_ms};
    enum atls_err err = ATLS_OK;
    bool peer_open = true;
    for (;;) {
        bool more = false;
        err = cli_stream_run(ssl, diag);
        if (err != ATLS_OK) {
            return err;
        }
        const int pushed = push(ssl, &out, counts);
        if (!is_wait(pushed)) {
            return fail_push(ssl, far, &in, counts, diag);
        }
        if (peer_open && !receive(ssl, far, &in, counts, &more, &err, diag)) {
            peer_open = false;
            if (err != ATLS_OK || far->peer_ended == NULL) {
                break;
            }
            far->peer_ended(far->arg);
        }
        if (!peer_open && out.shut) {
            break;
        }
        const struct interest interest = {.from_peer = peer_open && in.len == 0,
                                          .to_peer = pushed == SSL_ERROR_WANT_WRITE,
                                          .from_far = out.len == 0 && !out.at_end,
                                          .to_far = peer_open && in.len != 0,
                                          .at_once = more,
                                          .wait_ms = cli_idle_left(&idle, counts)};
        const enum waited waited = wait_any(ssl, far, &interest);
        if (waited == GONE) {
            return atls_fail_texts(diag, ATLS_ERR_CONNECTION, "connection", NULL, strerror(errno),
                                   "close_notify");
        }
        if (waited == IDLE) {
            return end_idle(ssl, &idle, diag);
        }
        if (waited == INPUT) {
            fill(&out, far->in_fd);
        }
    }
    if (err == ATLS_OK && !out.shut) {
        out.len = 0;
        out.at_end = true;
        (void)push(ssl, &out, counts); /* the peer has closed: answer if it goes */
    }
    return err;
}

/* Echo writes before it reads on, so it may have to wait for the socket there. A peer that never
 * reads holds its own connection only, and no longer than a minute. */
static bool echo_back(SSL *ssl, const unsigned char *data, size_t len, struct cli_counts *counts)
{
    while (len != 0) {
        size_t done = 0;
        const int error = cli_stream_write(ssl, data, len, &done);
        if (error == SSL_ERROR_NONE) {
            data += done;
            len -= done;
            counts->sent += done;
            continue;
        }
        if (!is_wait(error) || !wait_for(ssl, error, cli_now_ms() + 60000)) {
            return false;
        }
    }
    return true;
}

enum atls_err cli_echo(SSL *ssl, uint32_t idle_ms, struct cli_counts *counts,
                       struct atls_diag *diag)
{
    struct pending in = {.len = 0};
    struct cli_idle idle = {.limit_ms = idle_ms};
    enum atls_err err = ATLS_OK;
    while (pull(ssl, &in, counts, &err, diag) && echo_back(ssl, in.data, in.len, counts)) {
        struct pollfd wait = {.fd = SSL_get_fd(ssl),
                              .events = (short)(POLLIN | atls_post_events(ssl))};
        const bool empty = in.len == 0;
        const int left_ms = cli_idle_left(&idle, counts);
        const int wait_ms = cli_stream_wait_ms(ssl, left_ms);
        in.len = 0;
        const int ready = empty ? poll(&wait, 1, wait_ms) : 1;
        err = cli_stream_run(ssl, diag);
        if (err != ATLS_OK) {
            return err;
        }
        if (ready == 0 && wait_ms == left_ms) {
            return end_idle(ssl, &idle, diag);
        }
        if (ready < 0 && errno != EINTR) {
            return atls_fail_texts(diag, ATLS_ERR_CONNECTION, "poll", NULL, strerror(errno), NULL);
        }
    }
    struct pending end = {.at_end = true};
    (void)push(ssl, &end, counts);
    return err;
}
