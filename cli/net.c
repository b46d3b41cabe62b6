/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t cli_now_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum atls_err cli_endpoint_parse(struct cli_endpoint *out, const char *text, const char *option,
                                 struct atls_diag *diag)
{
    const char *colon = strrchr(text, ':');
    const size_t host_len = colon != NULL ? (size_t)(colon - text) : 0;
    const bool bracketed = host_len >= 2 && text[0] == '[' && text[host_len - 1] == ']';
    const size_t skip = bracketed ? 1 : 0;
    const bool fits = colon != NULL && host_len - 2 * skip < sizeof out->host && colon[1] != '\0' &&
                      strspn(colon + 1, "0123456789") == strlen(colon + 1);
    const bool ambiguous = !bracketed && colon != NULL && memchr(text, ':', host_len) != NULL;
    if (!fits || ambiguous) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option, text,
                               "HOST:PORT, or [IPV6]:PORT");
    }
    /* getaddrinfo takes it modulo 2^16. */
    if (strlen(colon + 1) >= sizeof out->port || strtol(colon + 1, NULL, 10) > 65535) {
        atls_fail_texts(diag, ATLS_ERR_CONFIG, "command line", option, "port ", "0 to 65535");
        atls_diag_found_text(diag, colon + 1);
        return ATLS_ERR_CONFIG;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->host, text + skip, host_len - 2 * skip);
    memcpy(out->port, colon + 1, strlen(colon + 1));
    return ATLS_OK;
}

static enum atls_err fail_errno(struct atls_diag *diag, enum atls_err err, const char *step,
                                const struct cli_endpoint *at, int error)
{
    char where[300];
    snprintf(where, sizeof where, "%s:%s", at->host, at->port);
    return atls_fail_texts(diag, err, step, where, strerror(error), NULL);
}

static void set_flags(int fd)
{
    const int on = 1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    /* A handshake is a few short flights: waiting to fill segments would only delay it. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int try_connect(const struct addrinfo *to, int64_t deadline_ms)
{
    const int fd = socket(to->ai_family, to->ai_socktype, to->ai_protocol);
    if (fd < 0) {
        return -errno;
    }
    set_flags(fd);
    int error = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    while (error == EINPROGRESS || error == EINTR) {
        const int64_t left = deadline_ms - cli_now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        socklen_t len = sizeof error;
        if (left <= 0 || poll(&wait, 1, (int)left) == 0) {
            error = ETIMEDOUT;
        } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
            error = errno;
        }
    }
    if (error != 0) {
        close(fd);
        return -error;
    }
    return fd;
}

enum atls_err cli_dial(int *out_fd, const struct cli_endpoint *to, uint32_t timeout_ms,
                       struct atls_diag *diag)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const int64_t deadline = cli_now_ms() + timeout_ms;
    const int resolved = getaddrinfo(to->host, to->port, &hints, &found);
    if (resolved != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONNECTION, "connect", to->host,
                               gai_strerror(resolved), "the name of a host");
    }
    int fd = -EHOSTUNREACH;
    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = try_connect(at, deadline);
    }
    freeaddrinfo(found);
    if (fd < 0) {
        return fail_errno(diag, fd == -ETIMEDOUT ? ATLS_ERR_TIMEOUT : ATLS_ERR_CONNECTION,
                          "connect", to, -fd);
    }
    *out_fd = fd;
    return ATLS_OK;
}

enum atls_err cli_listen(int *out_fd, char *out_address, size_t cap, const struct cli_endpoint *at,
                         struct atls_diag *diag)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    const int on = 1;
    const int resolved =
        getaddrinfo(at->host[0] != '\0' ? at->host : NULL, at->port, &hints, &found);
    if (resolved != 0) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "listen", at->host, gai_strerror(resolved),
                               "an address of this machine");
    }
    const int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    struct sockaddr_storage got = {.ss_family = AF_UNSPEC};
    socklen_t got_len = sizeof got;
    const bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                    bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 512) == 0 &&
                    getsockname(fd, (struct sockaddr *)&got, &got_len) == 0;
    const int error = errno;
    freeaddrinfo(found);
    if (!ok) {
        if (fd >= 0) {
            close(fd);
        }
        return fail_errno(diag, ATLS_ERR_CONFIG, "listen", at, error);
    }
    set_flags(fd);
    cli_address_text(out_address, cap, (const struct sockaddr *)&got, got_len);
    *out_fd = fd;
    return ATLS_OK;
}

void cli_address_text(char *out, size_t cap, const struct sockaddr *address, socklen_t len)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getnameinfo(address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(out, cap, "?");
        return;
    }
    snprintf(out, cap, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

void cli_let_read(int fd)
{
    char octets[4096];
    const int64_t until = cli_now_ms() + 500;
    if (shutdown(fd, SHUT_WR) != 0) {
        return; /* it is gone already */
    }
    for (size_t left = (size_t)64 * 1024; left != 0;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int64_t wait_ms = until - cli_now_ms();
        if (wait_ms <= 0 || poll(&wait, 1, (int)wait_ms) <= 0) {
            return;
        }
        const ssize_t len = read(fd, octets, left < sizeof octets ? left : sizeof octets);
        if (len <= 0) {
            return;
        }
        left -= (size_t)len;
    }
}
