/* SPDX-License-Identifier: Apache-2.0 */
#include "datagrams.h"

#include "base/diag.h"
#include "idle.h"
#include "net.h"
#include "stream.h"
#include "udp.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LEN = SSL3_RT_MAX_PLAIN_LENGTH, TURNS = 16, FIRST_CLOSE_MS = 250 };

struct relay {
    SSL *ssl;
    const struct cli_far_datagrams *far;
    struct cli_counts *counts;
    struct atls_diag *diag;
    struct cli_idle idle;
    unsigned char in[MAX_LEN]; /* one of the peer's that is not handed on yet */
    size_t in_len, in_done;
    unsigned char out[MAX_LEN + 1]; /* of the far side, whole units or a part of one */
    size_t out_len;
    size_t unit_len; /* of the first unit there; 0: none is whole */
    bool blocked;    /* the socket had no room for it */
    bool far_ended, peer_ended, shut;
    int64_t heard_ms;              /* when something came, or close_notify went first */
    int64_t close_ms, close_in_ms; /* when it goes again, and how long after that once more */
};

/* What came of a step. STOPPED: this side is to end, and the peer is told. */
enum went { ON, ENDED, STOPPED, FAILED };

size_t cli_datagram_max(const SSL *ssl)
{
    const size_t max = DTLS_get_data_mtu(ssl);
    return max < MAX_LEN ? max : MAX_LEN;
}

static bool is_wait(int error)
{
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static enum went fail(struct relay *r)
{
    const int system_error = errno;
    if (cli_udp_is_ended(SSL_get_fd(r->ssl))) {
        return STOPPED;
    }
    errno = system_error;
    (void)cli_fail_connection(r->ssl, r->diag);
    return FAILED;
}

/* ---- from the peer ---- */

/* take reads one datagram of data into r->in, if there is one. */
static enum went take(struct relay *r)
{
    for (int i = 0; i < TURNS; i++) {
        size_t len = 0;
        errno = 0;
        const int error = cli_stream_read(r->ssl, r->in, sizeof r->in, &len);
        if (is_wait(error)) {
            return ON;
        }
        if (error == SSL_ERROR_ZERO_RETURN) {
            return ENDED;
        }
        if (error != SSL_ERROR_NONE) {
            return fail(r);
        }
        if (!atls_post_is_late(r->ssl, r->in, len)) {
            r->counts->received += len;
            r->heard_ms = cli_now_ms();
            r->in_len = len;
            return ON;
        }
    }
    return ON;
}

/* hand_on gives r->in to the far side; ENDED: that takes no more. */
static enum went hand_on(struct relay *r)
{
    if (r->in_len == 0) {
        return ON;
    }
    switch (r->far->hand(r->far->arg, r->ssl, r->in, r->in_len, &r->in_done)) {
    case CLI_HANDED_LATER:
        return ON;
    case CLI_HANDED_NEVER:
        return ENDED;
    case CLI_HANDED:
        break;
    }
    r->in_len = r->in_done = 0;
    return ON;
}

/* receive moves what is there to the far side; *more: there may be more. */
static enum went receive(struct relay *r, bool *more)
{
    for (int i = 0; i < TURNS; i++) {
        const enum went handed = hand_on(r);
        if (handed != ON) {
            return STOPPED; /* nobody is there for what comes */
        }
        if (r->in_len != 0 || r->peer_ended) {
            return ON;
        }
        const enum went went = take(r);
        if (went != ON || r->in_len == 0) {
            return went;
        }
    }
    *more = true;
    return ON;
}

/* ---- to the peer ---- */

static enum went fail_long(struct relay *r)
{
    const bool line = r->far->unit == CLI_UNIT_LINE;
    atls_fail_texts(r->diag, ATLS_ERR_DATAGRAM, "connection", line ? "line" : "write of --exec",
                    "a longer one", "octets at most: ");
    atls_diag_expected_int(r->diag, (int64_t)cli_datagram_max(r->ssl));
    return FAILED;
}

/* find_unit looks for a whole one at the beginning of r->out. */
static enum went find_unit(struct relay *r)
{
    const size_t max = cli_datagram_max(r->ssl);
    const unsigned char *end = memchr(r->out, '\n', r->out_len);
    if (r->far->unit != CLI_UNIT_LINE) {
        r->unit_len = r->out_len;
    } else if (end != NULL) {
        r->unit_len = (size_t)(end - r->out) + 1;
    } else {
        r->unit_len = r->far_ended || r->out_len > max ? r->out_len : 0;
    }
    if (r->unit_len > max && r->far->unit == CLI_UNIT_DATAGRAM) {
        r->unit_len = r->out_len = 0;
    }
    return r->unit_len > max ? fail_long(r) : ON;
}

/* fill reads from the far side, which is ready. */
static void fill(struct relay *r)
{
    unsigned char *room = &r->out[r->out_len];
    const size_t cap = sizeof r->out - r->out_len;
    const bool stream = r->far->unit == CLI_UNIT_LINE;
    const ssize_t len =
        stream ? read(r->far->in_fd, room, cap) : recv(r->far->in_fd, room, cap, MSG_DONTWAIT);
    if (len > 0) {
        r->out_len += (size_t)len;
        return;
    }
    if (len < 0 && (errno == EAGAIN || errno == EINTR || r->far->unit == CLI_UNIT_DATAGRAM)) {
        return; /* ICMP says nothing for good */
    }
    /* A packet may be empty, and its socket is not at its end then. */
    r->far_ended = stream || len < 0 || cli_udp_is_ended(r->far->in_fd);
}

/* send_units sends what is whole. */
static enum went send_units(struct relay *r)
{
    for (r->blocked = false; r->out_len != 0;) {
        size_t sent = 0;
        const enum went found = find_unit(r);
        if (found != ON || r->unit_len == 0) {
            return found;
        }
        errno = 0;
        const int error = cli_stream_write(r->ssl, r->out, r->unit_len, &sent);
        if (is_wait(error)) {
            r->blocked = true;
            return ON;
        }
        if (error != SSL_ERROR_NONE) {
            return fail(r);
        }
        r->counts->sent += r->unit_len;
        r->out_len -= r->unit_len;
        memmove(r->out, &r->out[r->unit_len], r->out_len);
        r->unit_len = 0;
    }
    return ON;
}

/* ---- the end ---- */

/* say_end sends close_notify, which nobody acknowledges, and may be lost. */
static void say_end(struct relay *r)
{
    SSL_set_shutdown(r->ssl, SSL_get_shutdown(r->ssl) & SSL_RECEIVED_SHUTDOWN);
    (void)cli_stream_end(r->ssl);
    ERR_clear_error();
    r->heard_ms = r->shut ? r->heard_ms : cli_now_ms();
    r->close_in_ms = r->shut ? 2 * r->close_in_ms : FIRST_CLOSE_MS;
    r->close_ms = cli_now_ms() + r->close_in_ms;
    r->shut = true;
}

/* is_over is true when there is nothing left to wait for. */
static bool is_over(struct relay *r)
{
    if (r->far_ended && r->out_len == 0 && (!r->shut || cli_now_ms() >= r->close_ms)) {
        say_end(r);
    }
    return r->shut && (r->peer_ended || cli_now_ms() >= r->heard_ms + CLI_LINGER_MS);
}

/* wait_ms is how long to wait at most; negative: without end. */
static int wait_ms(struct relay *r)
{
    const int idle_ms = cli_idle_left(&r->idle, r->counts);
    const int64_t over_ms = r->heard_ms + CLI_LINGER_MS;
    const int64_t next_ms = (r->close_ms < over_ms ? r->close_ms : over_ms) - cli_now_ms();
    if (!r->shut || (idle_ms >= 0 && idle_ms < next_ms)) {
        return idle_ms;
    }
    return next_ms > 0 ? (int)next_ms : 0;
}

/* wait_any waits until there is something to do; ENDED: nothing has moved for too long. */
static enum went wait_any(struct relay *r, bool at_once)
{
    const struct cli_far_datagrams *far = r->far;
    const bool hold = r->in_len != 0;
    const bool wants_room = r->blocked || (hold && far->out_fd < 0);
    const bool reads_far = far->unit != CLI_UNIT_NONE && !r->far_ended && r->unit_len == 0;
    struct pollfd wait[3] = {
        {.fd = SSL_get_fd(r->ssl),
         .events = (short)(POLLRDHUP | (!hold && !r->peer_ended ? POLLIN : 0) |
                           (wants_room ? POLLOUT : 0))},
        {.fd = reads_far && !r->blocked ? far->in_fd : -1, .events = POLLIN},
        {.fd = hold ? far->out_fd : -1, .events = POLLOUT},
    };
    const int ms = wait_ms(r);
    const int ready = poll(wait, 3, at_once ? 0 : ms);
    if (ready == 0 && !at_once && !r->shut) {
        return ENDED;
    }
    if (ready > 0 && (wait[0].revents & POLLRDHUP) != 0) {
        return STOPPED;
    }
    if (ready > 0 && (wait[0].revents & POLLERR) != 0 && (wait[0].events & POLLIN) == 0) {
        int error = 0; /* which reading would take */
        socklen_t len = sizeof error;
        (void)getsockopt(wait[0].fd, SOL_SOCKET, SO_ERROR, &error, &len);
    }
    if (ready > 0 && wait[1].revents != 0) {
        fill(r);
    }
    return ON;
}

/* end_peer is for the peer's close_notify; ENDED: it ends the whole. */
static enum went end_peer(struct relay *r)
{
    r->peer_ended = true;
    if (r->far->peer_ended == NULL) {
        return ENDED;
    }
    r->far->peer_ended(r->far->arg);
    return ON;
}

static enum went step(struct relay *r)
{
    bool more = false;
    enum went went = receive(r, &more);
    if (went == ENDED) {
        went = end_peer(r);
    }
    if (went == ON) {
        went = send_units(r);
    }
    if (went != ON || is_over(r)) {
        return went != ON ? went : ENDED;
    }
    went = wait_any(r, more);
    if (went == ENDED) {
        (void)cli_idle_fail(&r->idle, r->diag);
        return FAILED;
    }
    return went;
}

enum atls_err cli_datagrams_relay(SSL *ssl, const struct cli_far_datagrams *far,
                                  struct cli_counts *counts, struct atls_diag *diag)
{
    struct atls_diag why = {.err = ATLS_OK};
    struct relay r = {
        .ssl = ssl, .far = far, .counts = counts, .diag = &why, .idle = {.limit_ms = far->idle_ms}};
    enum went went = ON;
    while (went == ON) {
        went = step(&r);
    }
    if (!r.shut) {
        say_end(&r); /* a failed connection sends nothing */
    }
    if (went == FAILED) {
        *diag = why;
        return why.err;
    }
    return ATLS_OK;
}

/* ---- echo ---- */

static enum cli_handed send_back(void *arg, SSL *ssl, const unsigned char *data, size_t len,
                                 size_t *done)
{
    struct cli_counts *counts = arg;
    const int error = cli_stream_write(ssl, data, len, done);
    if (error == SSL_ERROR_NONE) {
        counts->sent += len;
    }
    return is_wait(error) ? CLI_HANDED_LATER : CLI_HANDED; /* or it is lost */
}

enum atls_err cli_datagrams_echo(SSL *ssl, uint32_t idle_ms, struct cli_counts *counts,
                                 struct atls_diag *diag)
{
    const struct cli_far_datagrams far = {.unit = CLI_UNIT_NONE,
                                          .in_fd = -1,
                                          .out_fd = -1,
                                          .hand = send_back,
                                          .arg = counts,
                                          .idle_ms = idle_ms};
    return cli_datagrams_relay(ssl, &far, counts, diag);
}
