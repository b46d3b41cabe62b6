/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server of one thread for the tests of the fetcher: it plays the answers of a script, one a
 * request, over as many connections as the other side makes.
 */
#ifndef UNIT_NET_WEB_H
#define UNIT_NET_WEB_H

#include "support/check.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

struct web_answer {
    const char *octets; /* the whole answer; NULL: none */
    size_t repeat;      /* sends the last octet so many times more */
    bool close;         /* ends the connection behind it */
    bool hang;          /* says nothing more, until the other side closes */
};

struct web {
    const struct web_answer *answers;
    size_t num_answers;
    SSL_CTX *tls; /* NULL: plain */
    int listener, stop[2];
    unsigned port;
    pthread_t thread;
    /* after web_stop: */
    size_t num_connections, num_requests;
    char requests[8][2048];
};

struct web_link {
    int fd;
    SSL *ssl;
};

static inline bool web_wait(const struct web *web, int fd)
{
    struct pollfd waits[2] = {{.fd = fd, .events = POLLIN}, {.fd = web->stop[0], .events = POLLIN}};
    return poll(waits, 2, -1) > 0 && waits[1].revents == 0;
}

static inline int web_read(const struct web *web, struct web_link *link, char *out, size_t cap)
{
    if ((link->ssl == NULL || SSL_pending(link->ssl) == 0) && !web_wait(web, link->fd)) {
        return 0;
    }
    return link->ssl != NULL ? SSL_read(link->ssl, out, (int)cap)
                             : (int)recv(link->fd, out, cap, 0);
}

static inline bool web_write(struct web_link *link, const char *octets, size_t len)
{
    if (link->ssl != NULL) {
        return len == 0 || SSL_write(link->ssl, octets, (int)len) > 0;
    }
    return send(link->fd, octets, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* web_request reads one request: its head, and the body that Content-Length announces. */
static inline bool web_request(struct web *web, struct web_link *link)
{
    char *text = web->requests[web->num_requests % 8];
    size_t used = 0;
    for (;;) {
        const int got = web_read(web, link, &text[used], sizeof web->requests[0] - 1 - used);
        if (got <= 0) {
            return false;
        }
        used += (size_t)got;
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        const size_t body = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
        if (end != NULL && used >= (size_t)(end - text) + 4 + body) {
            web->num_requests++;
            return true;
        }
    }
}

static inline bool web_answer(const struct web *web, struct web_link *link)
{
    const struct web_answer *answer = &web->answers[(web->num_requests - 1) % web->num_answers];
    const size_t len = answer->octets != NULL ? strlen(answer->octets) : 0;
    bool going = web_write(link, answer->octets, len);
    for (size_t i = 0; going && i < answer->repeat; i++) {
        going = web_write(link, &answer->octets[len - 1], 1);
    }
    char rest[64];
    while (going && answer->hang) {
        going = web_read(web, link, rest, sizeof rest) > 0;
    }
    return going && !answer->close;
}

static inline void web_serve(struct web *web, int fd)
{
    struct web_link link = {.fd = fd, .ssl = NULL};
    bool going = true;
    if (web->tls != NULL) {
        link.ssl = SSL_new(web->tls);
        SSL_set_fd(link.ssl, fd);
        going = SSL_accept(link.ssl) == 1;
    }
    while (going && web_request(web, &link)) {
        going = web_answer(web, &link);
    }
    SSL_free(link.ssl);
    close(fd);
}

static inline void *web_run(void *arg)
{
    struct web *web = arg;
    sigset_t pipe_only; /* for this thread: the fetcher has to see to itself */
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
    while (web_wait(web, web->listener)) {
        const int fd = accept(web->listener, NULL, NULL);
        if (fd >= 0) {
            web->num_connections++;
            web_serve(web, fd);
        }
    }
    return NULL;
}

/* web_bind takes a port of 127.0.0.1, at which nobody listens yet, and no other process either. */
static inline void web_bind(struct web *web)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    memset(web, 0, sizeof *web);
    web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(web->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(web->listener, (struct sockaddr *)&at, &len), 0);
    web->port = ntohs(at.sin_port);
}

/* web_start listens on 127.0.0.1; over TLS with a certificate. */
static inline void web_start(struct web *web, const struct web_answer *answers, size_t num_answers,
                             SSL_CTX *tls)
{
    web_bind(web);
    web->answers = answers;
    web->num_answers = num_answers;
    web->tls = tls;
    assert_int_equal(listen(web->listener, 16), 0);
    assert_int_equal(pipe(web->stop), 0);
    assert_int_equal(pthread_create(&web->thread, NULL, web_run, web), 0);
}

/* web_stop ends the thread and closes the sockets. */
static inline void web_stop(struct web *web)
{
    assert_int_equal(write(web->stop[1], "", 1), 1);
    pthread_join(web->thread, NULL);
    close(web->stop[0]);
    close(web->stop[1]);
    close(web->listener);
}

#endif
