/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of atls serve, a thread each: handshake, then the service. */
#include "cli.h"
#include "serve.h"

#include "base/diag.h"
#include "net.h"
#include "service.h"
#include "stream.h"
#include "tls.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char verb[] = "serve";

struct cli_connection {
    struct cli_server *server;
    SSL *ssl;
    int fd;
    uint32_t handshake_timeout_ms; /* as it was when the connection came: SIGHUP may change it */
    char peer[80];
    struct atls_context *context; /* that decides over rounds; SIGHUP may change it */
    struct cli_connection *next, *previous;
};

static void link_connection(struct cli_connection *c)
{
    struct cli_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    c->next = s->open;
    if (s->open != NULL) {
        s->open->previous = c;
    }
    s->open = c;
    s->connections++;
    s->handshakes++;
    pthread_mutex_unlock(&s->lock);
}

static void end_handshake(struct cli_connection *c)
{
    pthread_mutex_lock(&c->server->lock);
    c->server->handshakes--;
    pthread_cond_broadcast(&c->server->changed);
    pthread_mutex_unlock(&c->server->lock);
}

static void unlink_connection(struct cli_connection *c, int status)
{
    struct cli_server *s = c->server;
    pthread_mutex_lock(&s->lock);
    if (c->previous != NULL) {
        c->previous->next = c->next;
    } else {
        s->open = c->next;
    }
    if (c->next != NULL) {
        c->next->previous = c->previous;
    }
    close(c->fd); /* under the lock: shut_all must not see a number that is used anew */
    s->connections--;
    s->served++;
    s->last_status = status;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    free(c);
}

static json_t *connection_json(const struct cli_connection *c)
{
    json_t *result = cli_verdict_result(c->ssl);
    json_object_set_new(result, "peer_address", json_string(c->peer));
    return result;
}

static void report(const struct cli_connection *c, enum atls_err err, const struct atls_diag *diag)
{
    if (c->server->options->json) {
        cli_event(verb, "connection", err == ATLS_OK ? NULL : diag, connection_json(c));
    }
    char text[800];
    if (err == ATLS_OK) {
        cli_verdict_line(text, sizeof text, c->ssl);
    } else {
        atls_diag_sentence(text, sizeof text, diag);
    }
    const enum atls_fault fault = atls_err_fault(err);
    const bool by_us =
        fault == ATLS_FAULT_POLICY || (fault == ATLS_FAULT_PEER && err != ATLS_ERR_PEER_REFUSED);
    cli_note(verb, "%s: %s%s", c->peer, by_us ? "refused: " : "", text);
}

/* renew has the next round decided by what SIGHUP has read; again later if that does not go now. */
static void renew(void *arg, SSL *ssl)
{
    struct cli_connection *c = arg;
    struct cli_server *s = c->server;
    struct atls_diag diag;
    pthread_mutex_lock(&s->lock);
    struct atls_context *now = atls_context_ref(s->setup.context);
    pthread_mutex_unlock(&s->lock);
    const enum atls_err err = now != c->context ? atls_post_renew(ssl, now, &diag) : ATLS_ERR_STATE;
    if (err == ATLS_OK) {
        atls_context_unref(c->context);
        c->context = atls_context_ref(now);
    }
    atls_context_unref(now);
}

static void round_event(void *arg, SSL *ssl)
{
    const struct cli_connection *c = arg;
    (void)ssl;
    if (c->server->options->json) {
        cli_event(verb, "round", NULL, connection_json(c));
    }
}

static void *serve_connection(void *arg)
{
    struct cli_connection *c = arg;
    struct cli_server *s = c->server;
    struct atls_diag diag;
    struct cli_counts counts = {0, 0};
    enum atls_err err = cli_handshake(c->ssl, c->handshake_timeout_ms, &diag);
    end_handshake(c);
    report(c, err, &diag);
    if (err == ATLS_OK) {
        struct cli_rounds rounds = {.before = renew, .accepted = round_event, .arg = c};
        SSL_set_app_data(c->ssl, &rounds);
        err = cli_service(c->ssl, s->options, &counts, &diag);
        if (err != ATLS_OK && atls_post_is_framed(c->ssl) && s->options->json) {
            cli_event(verb, "round", &diag, connection_json(c));
        }
        if (err != ATLS_OK) {
            char sentence[800];
            atls_diag_sentence(sentence, sizeof sentence, &diag);
            cli_note(verb, "%s: %s", c->peer, sentence);
        }
    }
    /* Frames of a round may come up to the end: unread, they would cost the peer what we said last.
     */
    const bool lets_read = !s->options->dtls && (err != ATLS_OK || atls_post_is_framed(c->ssl));
    SSL_free(c->ssl);
    if (lets_read) {
        cli_let_read(c->fd);
    }
    /* All of OpenSSL that this thread holds goes before the main thread may end the process: after
     * a SIGHUP, the reference may be the last one to a context. */
    atls_context_unref(c->context);
    OPENSSL_thread_stop();
    unlink_connection(c, atls_err_exit(err));
    return NULL;
}

void cli_serve_no_memory(const char *peer)
{
    cli_note(verb, "%s: no memory for one more connection", peer);
}

void cli_serve_start(struct cli_server *s, SSL *ssl, int fd, const char *peer)
{
    struct cli_connection *c = calloc(1, sizeof *c);
    pthread_t thread;
    pthread_attr_t attributes;
    if (c == NULL) {
        cli_serve_no_memory(peer);
        SSL_free(ssl);
        close(fd);
        return;
    }
    c->server = s;
    c->ssl = ssl;
    c->fd = fd;
    c->handshake_timeout_ms = s->setup.handshake_timeout_ms;
    snprintf(c->peer, sizeof c->peer, "%s", peer);
    c->context = atls_context_ref(s->setup.context);
    link_connection(c);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, (size_t)512 * 1024);
    const int error = pthread_create(&thread, &attributes, serve_connection, c);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        cli_note(verb, "%s: no thread for one more connection: %s", peer, strerror(error));
        SSL_free(ssl);
        atls_context_unref(c->context);
        end_handshake(c);
        unlink_connection(c, 1);
    }
}

bool cli_serve_has(struct cli_server *s, const char *peer)
{
    pthread_mutex_lock(&s->lock);
    const struct cli_connection *c = s->open;
    while (c != NULL && strcmp(c->peer, peer) != 0) {
        c = c->next;
    }
    pthread_mutex_unlock(&s->lock);
    return c != NULL;
}

bool cli_serve_end_all(struct cli_server *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    pthread_mutex_lock(&s->lock);
    for (const struct cli_connection *c = s->open; c != NULL; c = c->next) {
        /* Their threads wake and end; over UDP they say so first, for nothing else does. */
        shutdown(c->fd, s->options->dtls ? SHUT_RD : SHUT_RDWR);
    }
    int error = 0;
    while (s->connections != 0 && error == 0) {
        error = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    }
    const bool ended = s->connections == 0;
    pthread_mutex_unlock(&s->lock);
    return ended;
}
