/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection has one struct, which HTTP finds by its socket. With TLS there are two sockets: the
 * network's, and one end of a pair whose other end HTTP has; a thread copies between the two.
 */
#include "svc/verifier/listener.h"
#include "svc/verifier/ignore.h"
#include "svc/verifier/subject_name.h"

#include "base/span.h"
#include "net.h"
#include "rate.h"
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STACK = 512 << 10 };

struct connection {
    struct verifier_listener *listener;
    int network_fd; /* with TLS ours, without it HTTP's */
    int http_fd;    /* the one that HTTP was given */
    SSL *ssl;
    struct sockaddr_storage peer;
    char address[80];
    char certificate[VERIFIER_SUBJECT_SIZE]; /* empty: none */
    int64_t deadline_ms;
    unsigned users; /* HTTP, and the thread of TLS: the last one frees */
    struct connection *next, *previous;
};

struct verifier_listener {
    struct verifier_listener_config config;
    struct verifier_service *service;
    struct verifier_http *http;
    int wake[2]; /* a pipe: the thread looks up when it is closed */
    pthread_t thread;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    struct connection *open;
    size_t num_open;
    struct cli_rate *rate;
};

static struct verifier_metrics *metrics(const struct verifier_listener *l)
{
    return &l->service->metrics;
}

static void link_connection(struct connection *c)
{
    struct verifier_listener *l = c->listener;
    pthread_mutex_lock(&l->lock);
    c->next = l->open;
    if (l->open != NULL) {
        l->open->previous = c;
    }
    l->open = c;
    l->num_open++;
    pthread_mutex_unlock(&l->lock);
    atomic_fetch_add(&metrics(l)->connections, 1);
    atomic_fetch_add(&metrics(l)->connections_open, 1);
}

/* release gives up one use. The socket that HTTP closes is forgotten before that, under the lock:
 * the watch must not shut a number that is used anew. */
static void release(struct connection *c, bool by_http)
{
    struct verifier_listener *l = c->listener;
    pthread_mutex_lock(&l->lock);
    if (by_http) {
        c->http_fd = -1;
        c->network_fd = c->ssl == NULL ? -1 : c->network_fd;
    } else if (c->network_fd >= 0) {
        close(c->network_fd);
        c->network_fd = -1;
    }
    const bool last = --c->users == 0;
    if (last) {
        if (c->previous != NULL) {
            c->previous->next = c->next;
        } else {
            l->open = c->next;
        }
        if (c->next != NULL) {
            c->next->previous = c->previous;
        }
        l->num_open--;
        atomic_fetch_sub(&metrics(l)->connections_open, 1);
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock); /* the last look at the listener, which may be freed now */
    if (last) {
        free(c);
    }
}

/* The hooks of HTTP. */
static void *on_opened(void *arg, int fd)
{
    struct verifier_listener *l = arg;
    pthread_mutex_lock(&l->lock);
    struct connection *c = l->open;
    while (c != NULL && c->http_fd != fd) {
        c = c->next;
    }
    pthread_mutex_unlock(&l->lock);
    return c;
}

static void on_closed(void *arg, void *connection)
{
    (void)arg;
    release(connection, true);
}

static void on_answered(void *arg, void *connection)
{
    struct verifier_listener *l = arg;
    struct connection *c = connection;
    pthread_mutex_lock(&l->lock);
    c->deadline_ms = verifier_now_ms() + l->config.request_timeout_ms;
    pthread_mutex_unlock(&l->lock);
}

static void on_describe(void *arg, void *connection, struct verifier_peer *out)
{
    const struct connection *c = connection;
    (void)arg;
    out->address = c->address;
    out->certificate = c->certificate[0] != '\0' ? c->certificate : NULL;
    out->source = cli_source_of((const struct sockaddr *)&c->peer);
}

static bool on_allows(void *arg, void *connection)
{
    struct verifier_listener *l = arg;
    const struct connection *c = connection;
    pthread_mutex_lock(&l->lock);
    const bool allowed =
        cli_rate_allows(l->rate, (const struct sockaddr *)&c->peer, verifier_now_ms());
    pthread_mutex_unlock(&l->lock);
    return allowed;
}

/* shut_late ends connections that have taken too long; HTTP and the threads of TLS see it. */
static void shut_late(struct verifier_listener *l, int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    for (struct connection *c = l->open; c != NULL; c = c->next) {
        if (now_ms > c->deadline_ms && c->network_fd >= 0) {
            shutdown(c->network_fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&l->lock);
}

/* take_certificate keeps the subject of a certificate that was checked against --ca. One that is
 * not read gives no rights. */
static void take_certificate(struct connection *c)
{
    const X509 *certificate = SSL_get0_peer_certificate(c->ssl);
    struct atls_cert_info info;
    uint8_t *der = NULL;
    if (certificate == NULL || SSL_get_verify_result(c->ssl) != X509_V_OK) {
        return;
    }
    const int len = i2d_X509(certificate, &der);
    if (len <= 0 || atls_cert_read(&info, atls_bytes_of(der, (size_t)len), NULL) != ATLS_OK ||
        verifier_subject_name(c->certificate, &info, NULL) != ATLS_OK) {
        c->certificate[0] = '\0';
    }
    OPENSSL_free(der);
}

static void end_http_input(void *arg)
{
    shutdown(*(const int *)arg, SHUT_WR);
}

/* relay copies between TLS and a socket that HTTP has the other end of. */
static void relay(struct connection *c)
{
    int pair[2];
    struct cli_counts counts = {0, 0};
    struct atls_diag diag;
    const struct sockaddr address = {.sa_family = AF_UNIX};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return;
    }
    pthread_mutex_lock(&c->listener->lock);
    c->http_fd = pair[1];
    c->users++;
    pthread_mutex_unlock(&c->listener->lock);
    if (!verifier_http_take(c->listener->http, pair[1], &address, sizeof address.sa_family, c)) {
        close(pair[0]);
        release(c, true);
        return;
    }
    const struct cli_far_side far = {
        .in_fd = pair[0], .out_fd = pair[0], .arg = &pair[0], .peer_ended = end_http_input};
    verifier_ignore(cli_relay(c->ssl, &far, &counts, &diag));
    close(pair[0]);
}

static void *serve_tls(void *arg)
{
    struct connection *c = arg;
    struct atls_diag diag;
    const enum atls_err err =
        cli_handshake(c->ssl, c->listener->config.handshake_timeout_ms, &diag);
    if (err == ATLS_OK) {
        take_certificate(c);
        relay(c);
    } else {
        atomic_fetch_add(&metrics(c->listener)->connections_refused, 1);
        verifier_log_event(c->listener->service->log, "handshake", &diag,
                           json_pack("{s:s}", "peer", c->address));
        cli_let_read(c->network_fd);
    }
    SSL_free(c->ssl);
    OPENSSL_thread_stop();
    release(c, false);
    return NULL;
}

static bool start_tls(struct connection *c)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_mutex_lock(&c->listener->lock);
    c->ssl = SSL_new(c->listener->config.ssl_ctx);
    pthread_mutex_unlock(&c->listener->lock);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->network_fd) != 1) {
        SSL_free(c->ssl);
        return false;
    }
    SSL_set_accept_state(c->ssl);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK);
    const int error = pthread_create(&thread, &attributes, serve_tls, c);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        SSL_free(c->ssl);
    }
    return error == 0;
}

/* begin gives the socket to a thread of TLS, or to HTTP itself. */
static void begin(struct connection *c, const struct sockaddr *address, socklen_t len)
{
    const bool tls = c->listener->config.ssl_ctx != NULL;
    c->users = 1;
    c->http_fd = tls ? -1 : c->network_fd;
    link_connection(c);
    if (tls) {
        if (!start_tls(c)) {
            release(c, false);
        }
    } else if (!verifier_http_take(c->listener->http, c->network_fd, address, len, c)) {
        release(c, true);
    }
}

static bool has_room(struct verifier_listener *l)
{
    pthread_mutex_lock(&l->lock);
    const bool room = l->num_open < l->config.max_connections;
    pthread_mutex_unlock(&l->lock);
    return room;
}

static void accept_one(struct verifier_listener *l)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    const int fd =
        accept4(l->config.fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            (void)poll(NULL, 0, 50); /* give the connections that hold them time to end */
        }
        return;
    }
    struct connection *c = has_room(l) ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) {
        atomic_fetch_add(&metrics(l)->connections_refused, 1);
        close(fd);
        return;
    }
    c->listener = l;
    c->network_fd = fd;
    c->peer = address;
    c->deadline_ms = verifier_now_ms() + l->config.request_timeout_ms;
    cli_address_text(c->address, sizeof c->address, (const struct sockaddr *)&address, len);
    begin(c, (const struct sockaddr *)&address, len);
}

static void *listen_on(void *arg)
{
    struct verifier_listener *l = arg;
    int64_t looked_ms = verifier_now_ms();
    for (;;) {
        struct pollfd wait[2] = {{.fd = l->wake[0], .events = POLLIN},
                                 {.fd = l->config.fd, .events = POLLIN}};
        (void)poll(wait, 2, 500);
        if (wait[0].revents != 0) {
            return NULL;
        }
        if (wait[1].revents != 0) {
            accept_one(l);
        }
        const int64_t now_ms = verifier_now_ms();
        if (now_ms - looked_ms > 250) {
            looked_ms = now_ms;
            shut_late(l, now_ms);
        }
    }
}

static void listener_free(struct verifier_listener *l)
{
    verifier_http_free(l->http);
    cli_rate_free(l->rate);
    for (int i = 0; i < 2; i++) {
        if (l->wake[i] >= 0) {
            close(l->wake[i]);
        }
    }
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

enum atls_err verifier_listener_new(struct verifier_listener **out,
                                    struct verifier_service *service,
                                    const struct verifier_listener_config *config,
                                    struct atls_diag *diag)
{
    struct verifier_listener *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "listen", NULL);
    }
    l->config = *config;
    l->service = service;
    l->wake[0] = l->wake[1] = -1;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    const struct verifier_http_hooks hooks = {l,           on_opened,   on_closed,
                                              on_answered, on_describe, on_allows};
    enum atls_err err = cli_rate_new(&l->rate, config->per_source, diag);
    if (err == ATLS_OK) {
        const struct verifier_work_config work = {.appraisers = config->appraisers,
                                                  .threads = config->threads,
                                                  .fetchers = config->fetchers};
        err =
            verifier_http_new(&l->http, service, &hooks, &work, config->max_connections + 16, diag);
    }
    if (err == ATLS_OK && pipe2(l->wake, O_CLOEXEC) != 0) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, "listen", "pipe");
    }
    if (err == ATLS_OK && pthread_create(&l->thread, NULL, listen_on, l) != 0) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, "listen", "thread");
    }
    if (err != ATLS_OK) {
        listener_free(l);
        return err;
    }
    *out = l;
    return ATLS_OK;
}

struct ssl_ctx_st *verifier_listener_replace_tls(struct verifier_listener *listener,
                                                 struct ssl_ctx_st *ssl_ctx)
{
    pthread_mutex_lock(&listener->lock);
    struct ssl_ctx_st *old = listener->config.ssl_ctx;
    listener->config.ssl_ctx = ssl_ctx;
    pthread_mutex_unlock(&listener->lock);
    return old;
}

/* wait_closed shuts what is open, and waits for the threads of TLS, which use this struct; false
 * when one does not end in time. */
static bool wait_closed(struct verifier_listener *l, int64_t deadline_ms)
{
    pthread_mutex_lock(&l->lock);
    for (struct connection *c = l->open; c != NULL; c = c->next) {
        if (c->network_fd >= 0) {
            shutdown(c->network_fd, SHUT_RDWR);
        }
    }
    while (l->open != NULL && verifier_now_ms() < deadline_ms) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        (void)pthread_cond_timedwait(&l->changed, &l->lock, &until);
    }
    const bool closed = l->open == NULL;
    pthread_mutex_unlock(&l->lock);
    return closed;
}

bool verifier_listener_stop(struct verifier_listener *listener, int64_t deadline_ms)
{
    /* The socket is the supervisor's as well: without this the kernel went on taking connections
     * that nobody answers. */
    (void)shutdown(listener->config.fd, SHUT_RDWR);
    close(listener->wake[1]);
    listener->wake[1] = -1;
    pthread_join(listener->thread, NULL);
    verifier_http_drain(listener->http, deadline_ms);
    const bool closed = wait_closed(listener, verifier_now_ms() + 5000);
    if (closed) {
        listener_free(listener);
    }
    return closed;
}
