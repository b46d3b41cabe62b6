/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM commands and responses as they are over a stream socket: what `swtpm socket` speaks on its
 * data channel. Configuration as tpm2-tss writes it, "swtpm:host=127.0.0.1,port=2321" or
 * "swtpm:path=/run/swtpm.sock". Hosts are numeric, or localhost: a look-up has no deadline.
 */
#include "attester/tpm2/tcti.h"

#include "attester/clock.h"
#include "base/reader.h"
#include "base/span.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct target {
    char host[64];
    char port[8];
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
};

static struct atls_tcti *self(TSS2_TCTI_CONTEXT *context)
{
    return (struct atls_tcti *)(void *)context;
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    struct atls_tcti *tcti = self(context);
    if (tcti->trouble != ATLS_TCTI_FINE) {
        return TSS2_TCTI_RC_IO_ERROR;
    }
    /* Octets that nobody asked for would be taken for the answer to this command. */
    uint8_t stray;
    const ssize_t early = recv(tcti->fd, &stray, 1, MSG_DONTWAIT | MSG_PEEK);
    if (early >= 0 || !would_block(errno)) {
        return atls_tcti_fail(tcti, early > 0 ? ATLS_TCTI_GARBAGE : ATLS_TCTI_LOST);
    }
    tcti->response_len = 0;
    size_t sent = 0;
    while (sent < size) {
        if (!atls_tcti_wait(tcti, tcti->fd, POLLOUT)) {
            return TSS2_TCTI_RC_IO_ERROR;
        }
        const ssize_t some = send(tcti->fd, &command[sent], size - sent, MSG_NOSIGNAL);
        if (some < 0 && !would_block(errno)) {
            return atls_tcti_fail(tcti, ATLS_TCTI_LOST);
        }
        sent += some > 0 ? (size_t)some : 0;
    }
    return TSS2_RC_SUCCESS;
}

/* read_until reads on until tcti->response holds `len` octets. */
static bool read_until(struct atls_tcti *tcti, size_t len)
{
    while (tcti->response_len < len) {
        if (!atls_tcti_wait(tcti, tcti->fd, POLLIN)) {
            return false;
        }
        const ssize_t some = recv(tcti->fd, &tcti->response[tcti->response_len],
                                  len - tcti->response_len, MSG_DONTWAIT);
        if (some == 0 || (some < 0 && !would_block(errno))) {
            atls_tcti_fail(tcti, ATLS_TCTI_LOST);
            return false;
        }
        tcti->response_len += some > 0 ? (size_t)some : 0;
    }
    return true;
}

static bool read_response(struct atls_tcti *tcti)
{
    if (!read_until(tcti, ATLS_TPM_HEADER_LEN)) {
        return false;
    }
    struct atls_reader r = atls_reader_of(atls_bytes_of(tcti->response, ATLS_TPM_HEADER_LEN));
    uint16_t tag;
    uint32_t size;
    if (!atls_read_u16(&r, &tag) || !atls_read_u32(&r, &size) || size < ATLS_TPM_HEADER_LEN ||
        size > sizeof tcti->response) {
        atls_tcti_fail(tcti, ATLS_TCTI_GARBAGE);
        return false;
    }
    if (!read_until(tcti, size)) {
        return false;
    }
    if (!atls_tcti_plausible(tcti, atls_bytes_of(tcti->response, size))) {
        atls_tcti_fail(tcti, ATLS_TCTI_GARBAGE);
        return false;
    }
    return true;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response,
                       int32_t timeout_ms)
{
    (void)timeout_ms;
    struct atls_tcti *tcti = self(context);
    if (tcti->trouble != ATLS_TCTI_FINE) {
        return TSS2_TCTI_RC_IO_ERROR;
    }
    if (tcti->response_len == 0 && !read_response(tcti)) {
        return TSS2_TCTI_RC_IO_ERROR;
    }
    return atls_tcti_give(tcti, size, response);
}

/* take_option reads one "name=value" of `text`, which is `len` characters long. */
static bool take_option(struct target *target, const char *text, size_t len)
{
    const struct {
        const char *name;
        char *room;
        size_t cap;
    } options[] = {
        {"host=", target->host, sizeof target->host},
        {"port=", target->port, sizeof target->port},
        {"path=", target->path, sizeof target->path},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(options); i++) {
        const size_t name_len = strlen(options[i].name);
        if (len <= name_len || strncmp(text, options[i].name, name_len) != 0) {
            continue;
        }
        if (options[i].room[0] != '\0' || len - name_len >= options[i].cap) {
            return false;
        }
        memcpy(options[i].room, &text[name_len], len - name_len);
        return true;
    }
    return false;
}

static bool parse_target(struct target *target, const char *arguments)
{
    const char *at = arguments[0] == ':' ? &arguments[1] : arguments;
    while (*at != '\0') {
        const size_t len = strcspn(at, ",");
        if (!take_option(target, at, len)) {
            return false;
        }
        at = &at[len];
        at = *at == ',' ? &at[1] : at;
    }
    if (target->path[0] != '\0') {
        return target->host[0] == '\0' && target->port[0] == '\0';
    }
    if (target->host[0] == '\0' || strcmp(target->host, "localhost") == 0) {
        snprintf(target->host, sizeof target->host, "127.0.0.1");
    }
    if (target->port[0] == '\0') {
        snprintf(target->port, sizeof target->port, "2321");
    }
    return true;
}

/* connect_to is connect(2) with a deadline. */
static bool connect_to(struct atls_tcti *tcti, const struct sockaddr *address, socklen_t len)
{
    while (connect(tcti->fd, address, len) != 0) {
        if (errno == EINPROGRESS) {
            int error = 0;
            socklen_t error_len = sizeof error;
            return atls_tcti_wait(tcti, tcti->fd, POLLOUT) &&
                   getsockopt(tcti->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0 &&
                   error == 0;
        }
        if (!would_block(errno)) {
            return false;
        }
        /* A Unix socket whose backlog is full: there is nothing to poll for. */
        (void)poll(NULL, 0, 20);
        if (tcti->deadline_ms <= atls_attester_now_ms()) {
            atls_tcti_fail(tcti, ATLS_TCTI_LATE);
            return false;
        }
    }
    return true;
}

static bool connect_path(struct atls_tcti *tcti, const struct target *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, target->path, sizeof address.sun_path);
    tcti->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return tcti->fd >= 0 &&
           connect_to(tcti, (const struct sockaddr *)(const void *)&address, sizeof address);
}

static bool connect_host(struct atls_tcti *tcti, const struct target *target)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *address = NULL;
    if (getaddrinfo(target->host, target->port, &hints, &address) != 0) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    tcti->fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool connected = tcti->fd >= 0 && connect_to(tcti, address->ai_addr, address->ai_addrlen);
    freeaddrinfo(address);
    const int on = 1; /* a command is one write, and its answer is waited for */
    return connected && setsockopt(tcti->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
}

enum atls_err atls_tcti_swtpm_open(struct atls_tcti *tcti, const char *arguments,
                                   struct atls_diag *diag)
{
    struct target target = {"", "", ""};
    if (!parse_target(&target, arguments)) {
        atls_fail(diag, ATLS_ERR_CONFIG, "TPM", "TCTI swtpm");
        atls_diag_found_peer_text(diag, atls_bytes_text(arguments));
        atls_diag_expected_text(diag, "swtpm:host=ADDRESS,port=N or swtpm:path=SOCKET");
        return ATLS_ERR_CONFIG;
    }
    const bool by_path = target.path[0] != '\0';
    if (!(by_path ? connect_path(tcti, &target) : connect_host(tcti, &target))) {
        const bool late = tcti->trouble == ATLS_TCTI_LATE;
        return atls_fail_texts(diag, late ? ATLS_ERR_DEADLINE : ATLS_ERR_TPM, "TPM",
                               by_path ? target.path : target.host,
                               late ? "no connection in time" : "no connection",
                               "a running swtpm that listens there");
    }
    tcti->common.transmit = transmit;
    tcti->common.receive = receive;
    return ATLS_OK;
}

void atls_tcti_swtpm_close(struct atls_tcti *tcti)
{
    if (tcti->fd >= 0) {
        close(tcti->fd);
        tcti->fd = -1;
    }
}
