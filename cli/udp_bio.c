/* SPDX-License-Identifier: Apache-2.0 */
#include "udp_bio.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static BIO_METHOD *method;

enum { reads_at_a_time = 64 };

static int later(BIO *bio, int flags)
{
    BIO_set_flags(bio, flags | BIO_FLAGS_SHOULD_RETRY);
    return -1;
}

/* is_of_network: what ICMP or a route says, which is no word of the peer's. */
static bool is_of_network(int error)
{
    static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN,
                                 ENETDOWN,     ENOPROTOOPT,  EPROTO,      ENOBUFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i] == error) {
            return true;
        }
    }
    return false;
}

/* passes_over: the kernel tells such an error before it gives what the peer had sent: its last
 * words, where it has ended. They come first. */
static bool passes_over(struct cli_udp *udp, int error)
{
    if (!is_of_network(error)) {
        return false;
    }
    udp->failed = udp->patient ? 0 : error;
    return true;
}

static int read_only(BIO *bio, struct cli_udp *udp, char *out, int cap)
{
    if (udp->read_it || cap < 0 || udp->only->len > (size_t)cap) {
        return later(bio, BIO_FLAGS_READ);
    }
    udp->read_it = true;
    memcpy(out, udp->only->data, udp->only->len);
    return (int)udp->only->len;
}

static int read_datagram(BIO *bio, char *out, int cap)
{
    struct cli_udp *udp = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (udp->only != NULL) {
        return read_only(bio, udp, out, cap);
    }
    for (; udp->reads < reads_at_a_time; udp->reads++) {
        const ssize_t len = recv(udp->fd, out, cap > 0 ? (size_t)cap : 0, MSG_DONTWAIT);
        if (len > 0) {
            udp->reads++;
            udp->failed = 0;
            return (int)len;
        }
        if (len == 0 && cli_udp_is_ended(udp->fd)) {
            return 0;
        }
        if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (udp->failed != 0) {
                errno = udp->failed;
                return -1;
            }
            break;
        }
        if (len < 0 && errno != EINTR && !passes_over(udp, errno)) {
            return -1;
        }
    }
    udp->reads = 0;
    return later(bio, BIO_FLAGS_READ);
}

static int write_datagram(BIO *bio, const char *data, int len)
{
    struct cli_udp *udp = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    if (udp->only != NULL) {
        cli_udp_answer(udp->fd, udp->only, data, (size_t)len);
        return len;
    }
    udp->too_long = false;
    /* An error may be that of a datagram before, and this one has not gone: once more. */
    for (int i = 0; i < 2; i++) {
        if (send(udp->fd, data, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return len;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            return later(bio, BIO_FLAGS_WRITE);
        }
        if (errno == EMSGSIZE) {
            udp->too_long = true;
            return -1;
        }
        if (!passes_over(udp, errno)) {
            return -1;
        }
    }
    return len; /* lost, as a datagram may be */
}

static int family_of(int fd)
{
    struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &len) == 0 ? own.ss_family : AF_UNSPEC;
}

/* heads gives the octets of IP's and UDP's heads (RFC 8200, RFC 791, RFC 768). */
static long heads(int fd)
{
    return family_of(fd) == AF_INET6 ? 40 + 8 : 20 + 8;
}

/* path_mtu is what the kernel knows of the path; 0: nothing. */
static long path_mtu(int fd)
{
    int mtu = 0;
    socklen_t len = sizeof mtu;
    const int failed = family_of(fd) == AF_INET6
                           ? getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len)
                           : getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len);
    return failed != 0 || mtu <= heads(fd) ? 0 : mtu - heads(fd);
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    struct cli_udp *udp = BIO_get_data(bio);
    (void)number;
    switch (command) {
    case BIO_C_GET_FD:
        if (pointer != NULL) {
            *(int *)pointer = udp->fd;
        }
        return udp->fd;
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
        return path_mtu(udp->fd);
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return heads(udp->fd);
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: /* what every path takes: RFC 8200, 5; RFC 1122, 3.3.3 */
        return (family_of(udp->fd) == AF_INET6 ? 1280 : 576) - heads(udp->fd);
    case BIO_CTRL_DGRAM_MTU_EXCEEDED:
        return udp->too_long ? 1 : 0;
    default:
        return 0;
    }
}

static int destroy(BIO *bio)
{
    free(BIO_get_data(bio));
    return 1;
}

static void make_method(void)
{
    const int index = BIO_get_new_index();
    method =
        index < 0 ? NULL : BIO_meth_new(index | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "UDP");
    if (method != NULL &&
        (BIO_meth_set_read(method, read_datagram) != 1 ||
         BIO_meth_set_write(method, write_datagram) != 1 ||
         BIO_meth_set_ctrl(method, control) != 1 || BIO_meth_set_destroy(method, destroy) != 1)) {
        BIO_meth_free(method);
        method = NULL;
    }
}

BIO *cli_udp_bio(int fd, bool patient)
{
    struct cli_udp *udp = calloc(1, sizeof *udp);
    BIO *bio = CRYPTO_THREAD_run_once(&once, make_method) == 1 && method != NULL && udp != NULL
                   ? BIO_new(method)
                   : NULL;
    if (bio == NULL) {
        free(udp);
        return NULL;
    }
    udp->fd = fd;
    udp->patient = patient;
    BIO_set_data(bio, udp);
    BIO_set_init(bio, 1);
    return bio;
}

struct cli_udp *cli_udp_of(const SSL *ssl)
{
    BIO *bio = SSL_get_rbio(ssl);
    return bio != NULL && method != NULL && BIO_method_type(bio) != BIO_TYPE_MEM &&
                   strcmp(BIO_method_name(bio), "UDP") == 0
               ? BIO_get_data(bio)
               : NULL;
}
