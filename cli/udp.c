/* SPDX-License-Identifier: Apache-2.0 */
#include "udp.h"

#include "base/diag.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum atls_err fail_errno(struct atls_diag *diag, enum atls_err err, const char *step,
                                const char *where, int error)
{
    return atls_fail_texts(diag, err, step, where, strerror(error), NULL);
}

static int open_socket(int family)
{
    return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static enum atls_err resolve(struct addrinfo **out, const struct cli_endpoint *at, int flags,
                             enum atls_err err, const char *step, struct atls_diag *diag)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV | flags};
    const int resolved = getaddrinfo(at->host[0] != '\0' ? at->host : NULL, at->port, &hints, out);
    return resolved == 0 ? ATLS_OK
                         : atls_fail_texts(diag, err, step, at->host, gai_strerror(resolved),
                                           "the name of a host, or an address");
}

enum atls_err cli_udp_dial(int *out_fd, const struct cli_endpoint *to, size_t at,
                           struct atls_diag *diag)
{
    struct addrinfo *found = NULL;
    const enum atls_err err = resolve(&found, to, 0, ATLS_ERR_CONNECTION, "connect", diag);
    if (err != ATLS_OK) {
        return err;
    }
    const struct addrinfo *one = found;
    for (size_t i = 0; i < at && one != NULL; i++) {
        one = one->ai_next;
    }
    int error = EHOSTUNREACH;
    const int fd = one != NULL ? open_socket(one->ai_family) : -1;
    if (one != NULL && (fd < 0 || connect(fd, one->ai_addr, one->ai_addrlen) != 0)) {
        error = errno;
    } else if (one != NULL) {
        error = 0;
    }
    freeaddrinfo(found);
    if (error != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return fail_errno(diag, ATLS_ERR_CONNECTION, "connect", to->host, error);
    }
    *out_fd = fd;
    return ATLS_OK;
}

/* ---- a server's ---- */

/* tell_destination has the kernel say for each datagram which address of ours it came to: a machine
 * with several must answer from that one. */
static bool tell_destination(int fd, int family)
{
    const int on = 1;
    return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0
                              : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
}

/* bind_first binds before others may: with SO_REUSEPORT, which the sockets of the connections need,
 * a second server would get half of the datagrams and nobody an error. Once it is set, only
 * sockets of the same user can have the address, too. */
static bool bind_first(int fd, const struct addrinfo *at)
{
    const int on = 1;
    return bind(fd, at->ai_addr, at->ai_addrlen) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
           tell_destination(fd, at->ai_family);
}

enum atls_err cli_udp_listen(int *out_fd, char *out_address, size_t cap,
                             const struct cli_endpoint *at, struct atls_diag *diag)
{
    struct addrinfo *found = NULL;
    struct cli_address got = {.len = sizeof got.storage};
    char where[300];
    const enum atls_err err = resolve(&found, at, AI_PASSIVE, ATLS_ERR_CONFIG, "listen", diag);
    if (err != ATLS_OK) {
        return err;
    }
    const int fd = open_socket(found->ai_family);
    const bool ok = fd >= 0 && bind_first(fd, found) &&
                    getsockname(fd, (struct sockaddr *)&got.storage, &got.len) == 0;
    const int error = errno;
    freeaddrinfo(found);
    if (!ok) {
        if (fd >= 0) {
            close(fd);
        }
        snprintf(where, sizeof where, "%s:%s", at->host, at->port);
        return fail_errno(diag, ATLS_ERR_CONFIG, "listen", where, error);
    }
    cli_address_text(out_address, cap, (const struct sockaddr *)&got.storage, got.len);
    *out_fd = fd;
    return ATLS_OK;
}

/* The room for what the kernel says of, or is told for, a datagram. */
union control {
    char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct cmsghdr align;
};

/* read_destination replaces the address of a socket that may have any by the one that it was. */
static void read_destination(struct cli_address *to, struct msghdr *message)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(at), sizeof info);
            ((struct sockaddr_in *)(void *)&to->storage)->sin_addr = info.ipi_spec_dst;
        } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&to->storage;
            memcpy(&info, CMSG_DATA(at), sizeof info);
            v6->sin6_addr = info.ipi6_addr;
            v6->sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
        }
    }
}

bool cli_udp_receive(int fd, struct cli_datagram *out)
{
    union control control;
    struct iovec io = {out->data, sizeof out->data};
    struct msghdr message = {.msg_name = &out->from.storage,
                             .msg_namelen = sizeof out->from.storage,
                             .msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    memset(&out->from, 0, sizeof out->from);
    memset(&out->to, 0, sizeof out->to);
    out->to.len = sizeof out->to.storage;
    const ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (len < 0 || getsockname(fd, (struct sockaddr *)&out->to.storage, &out->to.len) != 0) {
        return false;
    }
    out->from.len = message.msg_namelen;
    out->len = (size_t)len <= sizeof out->data ? (size_t)len : 0;
    read_destination(&out->to, &message);
    return true;
}

void cli_udp_answer(int fd, const struct cli_datagram *datagram, const void *data, size_t len)
{
    union control control;
    struct iovec io = {(void *)(uintptr_t)data, len};
    struct msghdr message = {.msg_name = (void *)(uintptr_t)&datagram->from.storage,
                             .msg_namelen = datagram->from.len,
                             .msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control};
    memset(&control, 0, sizeof control);
    struct cmsghdr *head = &control.align;
    if (datagram->to.storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&datagram->to;
        const struct in6_pktinfo info = {.ipi6_addr = v6->sin6_addr,
                                         .ipi6_ifindex = v6->sin6_scope_id};
        *head = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO};
        memcpy(CMSG_DATA(head), &info, sizeof info);
        message.msg_controllen = CMSG_SPACE(sizeof info);
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&datagram->to;
        const struct in_pktinfo info = {.ipi_spec_dst = v4->sin_addr};
        *head = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
        memcpy(CMSG_DATA(head), &info, sizeof info);
        message.msg_controllen = CMSG_SPACE(sizeof info);
    }
    (void)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); /* else it is lost, as they may be */
}

enum atls_err cli_udp_connect(int *out_fd, const struct cli_address *local,
                              const struct cli_address *peer, struct atls_diag *diag)
{
    const int on = 1;
    const int fd = open_socket(local->storage.ss_family);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&local->storage, local->len) != 0 ||
        connect(fd, (const struct sockaddr *)&peer->storage, peer->len) != 0) {
        const int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return fail_errno(diag, ATLS_ERR_MEMORY, "accept", "socket", error);
    }
    *out_fd = fd;
    return ATLS_OK;
}

bool cli_address_equal(const struct cli_address *a, const struct cli_address *b)
{
    return atls_bytes_equal(atls_bytes_of(&a->storage, a->len), atls_bytes_of(&b->storage, b->len));
}

bool cli_udp_is_ended(int fd)
{
    struct pollfd ended = {.fd = fd, .events = POLLRDHUP};
    return poll(&ended, 1, 0) == 1 && (ended.revents & (POLLRDHUP | POLLNVAL)) != 0;
}
