/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls serve ADDR:PORT: a thread a connection, a bound on handshakes at one time, one deadline for
 * each handshake. SIGTERM ends it with 0, SIGHUP reads certificate, endorsements and policy again;
 * a passport that is renewed is read by itself.
 */
#include "cli.h"

#include "base/diag.h"
#include "rate.h"
#include "net.h"
#include "options.h"
#include "passport_file.h"
#include "service.h"
#include "setup.h"
#include "stream.h"
#include "tls.h"
#include "verdict.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char verb[] = "serve";

struct server {
    const struct cli_options *options;
    struct cli_setup setup;
    struct cli_rate *rate;
    struct cli_passport_watch passports;
    uint64_t max_handshakes;
    int listen_fd, signal_fd;

    pthread_mutex_t lock; /* what is below */
    pthread_cond_t changed;
    size_t handshakes, connections;
    uint64_t served;
    int last_status;         /* of --once */
    struct connection *open; /* so that SIGTERM can end them */
};

struct connection {
    struct server *server;
    SSL *ssl;
    int fd;
    uint32_t handshake_timeout_ms; /* as it was when the connection came: SIGHUP may change it */
    char peer[80];
    struct atls_context *context; /* that decides over rounds; SIGHUP may change it */
    struct connection *next, *previous;
};

static void link_connection(struct connection *c)
{
    struct server *s = c->server;
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

static void end_handshake(struct connection *c)
{
    pthread_mutex_lock(&c->server->lock);
    c->server->handshakes--;
    pthread_cond_broadcast(&c->server->changed);
    pthread_mutex_unlock(&c->server->lock);
}

static void unlink_connection(struct connection *c, int status)
{
    struct server *s = c->server;
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

static json_t *connection_json(const struct connection *c)
{
    json_t *result = cli_verdict_result(c->ssl);
    json_object_set_new(result, "peer_address", json_string(c->peer));
    return result;
}

static void report(const struct connection *c, enum atls_err err, const struct atls_diag *diag)
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
    struct connection *c = arg;
    struct server *s = c->server;
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
    const struct connection *c = arg;
    (void)ssl;
    if (c->server->options->json) {
        cli_event(verb, "round", NULL, connection_json(c));
    }
}

static void *serve_connection(void *arg)
{
    struct connection *c = arg;
    struct server *s = c->server;
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
    const bool lets_read = err != ATLS_OK || atls_post_is_framed(c->ssl);
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

/* start gives the socket to a thread of its own; it is closed when that cannot be had. */
static void start(struct server *s, int fd, const char *peer)
{
    struct connection *c = calloc(1, sizeof *c);
    SSL *ssl = SSL_new(s->setup.ssl_ctx);
    pthread_t thread;
    pthread_attr_t attributes;
    if (c == NULL || ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        cli_note(verb, "%s: no memory for one more connection", peer);
        free(c);
        SSL_free(ssl);
        close(fd);
        return;
    }
    SSL_set_accept_state(ssl);
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

static void accept_one(struct server *s)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char peer[80];
    const int fd =
        accept4(s->listen_fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            cli_note(verb, "cannot accept: %s", strerror(errno));
            (void)poll(NULL, 0, 50); /* give the connections that hold them time to end */
        }
        return;
    }
    cli_address_text(peer, sizeof peer, (const struct sockaddr *)&address, len);
    if (!cli_rate_allows(s->rate, (const struct sockaddr *)&address, cli_now_ms())) {
        cli_note(verb, "%s: closed: more connections than --per-source allows", peer);
        close(fd);
        return;
    }
    start(s, fd, peer);
}

static bool has_room(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    const bool room = s->handshakes < s->max_handshakes &&
                      (!s->options->once || (s->connections == 0 && s->served == 0));
    pthread_mutex_unlock(&s->lock);
    return room;
}

static bool once_done(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    const bool done = s->options->once && s->served != 0;
    pthread_mutex_unlock(&s->lock);
    return done;
}

/* reload makes everything anew; what is open keeps the old (SSL and SSL_CTX count references). What
 * is revoked counts at once, for handshakes that have begun too, and whatever becomes of the rest.
 */
static void reload(struct server *s)
{
    struct atls_diag diag;
    struct cli_setup fresh;
    const char *revoked = s->options->revoked;
    if (revoked != NULL && cli_set_revoked(s->setup.context, revoked, &diag) != ATLS_OK) {
        cli_note_error(verb, &diag);
        cli_note(verb, "SIGHUP: the old list of what is revoked stays, and the old configuration");
        return;
    }
    struct cli_passport_watch passports;
    cli_passport_watch_start(&passports, &s->options->passports);
    if (cli_setup(&fresh, s->options, true, verb, &diag) != ATLS_OK) {
        cli_note_error(verb, &diag);
        cli_note(verb, "SIGHUP: the old configuration stays");
        return;
    }
    pthread_mutex_lock(&s->lock);
    struct cli_setup old = s->setup;
    s->setup = fresh;
    pthread_mutex_unlock(&s->lock);
    s->passports = passports;
    cli_setup_cleanup(&old);
    cli_note(verb, "SIGHUP: read again");
}

/* on_signal gives true when the server is to end. */
static bool on_signal(struct server *s)
{
    struct signalfd_siginfo info;
    if (read(s->signal_fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return false;
    }
    if (info.ssi_signo == SIGHUP) {
        reload(s);
        return false;
    }
    return true;
}

/* shut_all gives false when a connection has not ended in time. */
static bool shut_all(struct server *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    pthread_mutex_lock(&s->lock);
    for (const struct connection *c = s->open; c != NULL; c = c->next) {
        shutdown(c->fd, SHUT_RDWR); /* their threads wake, fail and end */
    }
    int error = 0;
    while (s->connections != 0 && error == 0) {
        error = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    }
    const bool ended = s->connections == 0;
    pthread_mutex_unlock(&s->lock);
    return ended;
}

static void loop(struct server *s)
{
    for (;;) {
        struct pollfd wait[2] = {{.fd = s->signal_fd, .events = POLLIN},
                                 {.fd = has_room(s) ? s->listen_fd : -1, .events = POLLIN}};
        /* Without room, look again soon: threads do not wake this loop. */
        const int ready = poll(wait, 2, wait[1].fd < 0 ? 20 : 200);
        if (once_done(s)) {
            return;
        }
        if (ready > 0 && wait[0].revents != 0 && on_signal(s)) {
            return;
        }
        cli_passport_watch_look(&s->passports, s->setup.ssl_ctx, verb);
        if (ready > 0 && wait[1].revents != 0) {
            accept_one(s);
        }
    }
}

static void announce(const struct server *s, const char *address)
{
    const char *requires = s->options->require != NULL ? s->options->require : "none";
    const char *attests = s->setup.attests != NULL ? s->setup.attests : "none";
    const char *pkix = s->setup.pkix ? "checked against --ca"
                       : s->setup.takes_any_client
                           ? "not checked: a client's identity is its key (no --ca)"
                           : "not asked for";
    cli_note(verb, "listening on %s; attests with %s; requires %s; client certificates %s", address,
             attests, requires, pkix);
    if (s->options->json) {
        cli_event(verb, "listening", NULL,
                  json_pack("{s:s,s:s,s:b,s:s?}", "address", address, "requires", requires, "pkix",
                            s->setup.pkix, "attests", s->setup.attests));
    }
}

static enum atls_err open_server(struct server *s, struct atls_diag *diag)
{
    struct cli_endpoint at;
    char address[300];
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread exists */
    s->max_handshakes = 1024;
    enum atls_err err = cli_endpoint_parse(&at, s->options->operands.items[0], "ADDR:PORT", diag);
    if (err == ATLS_OK && s->options->forward != NULL) {
        struct cli_endpoint to; /* a slip of the finger is said now, not to each client */
        err = cli_endpoint_parse(&to, s->options->forward, "--forward", diag);
    }
    if (err == ATLS_OK && s->options->max_handshakes != NULL) {
        err = cli_number(&s->max_handshakes, "--max-handshakes", s->options->max_handshakes, 1,
                         100000, diag);
    }
    if (err == ATLS_OK) {
        err = cli_rate_new(&s->rate, s->options->per_source, diag);
    }
    if (err == ATLS_OK) {
        cli_passport_watch_start(&s->passports, &s->options->passports);
        err = cli_setup(&s->setup, s->options, true, verb, diag);
    }
    if (err == ATLS_OK) {
        s->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        err = s->signal_fd >= 0 ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, "signalfd", NULL);
    }
    if (err == ATLS_OK) {
        err = cli_listen(&s->listen_fd, address, sizeof address, &at, diag);
    }
    if (err == ATLS_OK) {
        announce(s, address);
    }
    return err;
}

static int run(const struct cli_options *o, struct atls_diag *diag)
{
    struct server s = {.options = o, .listen_fd = -1, .signal_fd = -1};
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    enum atls_err err = open_server(&s, diag);
    int status = 0;
    if (err == ATLS_OK) {
        loop(&s);
        const bool ended = shut_all(&s);
        pthread_mutex_lock(&s.lock);
        const uint64_t served = s.served;
        status = o->once ? s.last_status : 0;
        pthread_mutex_unlock(&s.lock);
        if (o->json) {
            cli_event_last(verb, "stopped", status,
                           json_pack("{s:I}", "connections", (json_int_t)served));
        }
        if (!ended) { /* a thread still uses all that is let go below */
            _exit(status);
        }
    } else {
        status = cli_finish(verb, o->json, diag, NULL);
    }
    if (s.listen_fd >= 0) {
        close(s.listen_fd);
    }
    if (s.signal_fd >= 0) {
        close(s.signal_fd);
    }
    cli_rate_free(s.rate);
    cli_setup_cleanup(&s.setup);
    return status;
}

int cli_serve(int argc, char **argv)
{
    struct atls_diag diag;
    struct cli_options o;
    int status = 0;
    enum atls_err err = cli_options_parse(&o, CLI_SERVE, argc, argv, &diag);
    if (err == ATLS_OK && o.help) {
        cli_usage(CLI_SERVE, "serve ADDR:PORT [OPTIONS]",
                  "Accept attested TLS 1.3 and echo, run a command, or forward.");
        cli_options_cleanup(&o);
        return 0;
    }
    if (err == ATLS_OK && o.operands.count != 1) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", "ADDR:PORT",
                              o.operands.count == 0 ? "nothing" : "more than one", "one");
    }
    if (err == ATLS_OK && (o.echo + (o.exec != NULL) + (o.forward != NULL)) > 1) {
        err = atls_fail_texts(&diag, ATLS_ERR_CONFIG, "command line", "--echo, --exec, --forward",
                              "more than one", "one");
    }
    status = err == ATLS_OK ? run(&o, &diag) : cli_finish(verb, o.json, &diag, NULL);
    cli_options_cleanup(&o);
    return status;
}
