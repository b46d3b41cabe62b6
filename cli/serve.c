/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls serve ADDR:PORT: a thread a connection, a bound on handshakes at one time, one deadline for
 * each handshake. SIGTERM ends it with 0, SIGHUP reads certificate, endorsements and policy again;
 * a passport that is renewed is read by itself.
 */
#include "cli.h"
#include "serve.h"

#include "base/diag.h"
#include "net.h"

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

static bool has_room(struct cli_server *s)
{
    pthread_mutex_lock(&s->lock);
    const bool room = s->handshakes < s->max_handshakes &&
                      (!s->options->once || (s->connections == 0 && s->served == 0));
    pthread_mutex_unlock(&s->lock);
    return room;
}

static void accept_one(struct cli_server *s)
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
    SSL *ssl = SSL_new(s->setup.ssl_ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        cli_serve_no_memory(peer);
        SSL_free(ssl);
        close(fd);
        return;
    }
    SSL_set_accept_state(ssl);
    cli_serve_start(s, ssl, fd, peer);
}

/* accept_client is for a client that has shown its address. What it sent twice before it had a
 * socket of its own makes no second connection, whose messages it would mistake for the first's. */
static void accept_client(struct cli_server *s, const struct cli_address *from)
{
    const struct sockaddr *address = (const struct sockaddr *)&from->storage;
    struct atls_diag diag;
    char peer[80];
    SSL *ssl = NULL;
    int fd = -1;
    cli_address_text(peer, sizeof peer, address, from->len);
    if (cli_serve_has(s, peer)) {
        return;
    }
    if (!cli_rate_allows(s->rate, address, cli_now_ms())) {
        cli_note(verb, "%s: dropped: more connections than --per-source allows", peer);
    } else if (cli_dtls_accept(s->datagrams, &ssl, &fd, &diag) != ATLS_OK) {
        cli_note_error(verb, &diag);
    } else {
        cli_serve_start(s, ssl, fd, peer);
    }
}

/* accept_datagrams takes some of what is there, so that signals have their turn. */
static void accept_datagrams(struct cli_server *s)
{
    const struct cli_address *from = NULL;
    enum cli_dtls_taken taken = CLI_DTLS_DROPPED;
    for (int i = 0; i < 64 && taken != CLI_DTLS_NOTHING && has_room(s); i++) {
        taken = cli_dtls_take(s->datagrams, s->setup.ssl_ctx, &from);
        if (taken == CLI_DTLS_CLIENT) {
            accept_client(s, from);
        }
    }
}

static bool once_done(struct cli_server *s)
{
    pthread_mutex_lock(&s->lock);
    const bool done = s->options->once && s->served != 0;
    pthread_mutex_unlock(&s->lock);
    return done;
}

/* reload makes everything anew; what is open keeps the old (SSL and SSL_CTX count references). What
 * is revoked counts at once, for handshakes that have begun too, and whatever becomes of the rest.
 */
static void reload(struct cli_server *s)
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
static bool on_signal(struct cli_server *s)
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

static void loop(struct cli_server *s)
{
    for (;;) {
        struct pollfd wait[2] = {{.fd = s->signal_fd, .events = POLLIN},
                                 {.fd = has_room(s) ? s->listen_fd : -1, .events = POLLIN}};
        const bool at_once =
            wait[1].fd >= 0 && s->datagrams != NULL && cli_dtls_has_more(s->datagrams);
        /* Without room, look again soon: threads do not wake this loop. */
        const int ready = poll(wait, 2, at_once ? 0 : wait[1].fd < 0 ? 20 : 200);
        if (once_done(s)) {
            return;
        }
        if (ready > 0 && wait[0].revents != 0 && on_signal(s)) {
            return;
        }
        cli_passport_watch_look(&s->passports, s->setup.ssl_ctx, verb);
        if (s->datagrams != NULL && (at_once || wait[1].revents != 0)) {
            accept_datagrams(s);
        } else if (ready > 0 && wait[1].revents != 0) {
            accept_one(s);
        }
    }
}

static void announce(const struct cli_server *s, const char *address)
{
    const char *requires = s->options->require != NULL ? s->options->require : "none";
    const char *attests = s->setup.attests != NULL ? s->setup.attests : "none";
    const char *pkix = s->setup.pkix ? "checked against --ca"
                       : s->setup.takes_any_client
                           ? "not checked: a client's identity is its key (no --ca)"
                           : "not asked for";
    cli_note(verb, "listening on %s%s; attests with %s; requires %s; client certificates %s",
             address, s->datagrams != NULL ? " (DTLS)" : "", attests, requires, pkix);
    if (s->options->json) {
        cli_event(verb, "listening", NULL,
                  json_pack("{s:s,s:s,s:b,s:s?}", "address", address, "requires", requires, "pkix",
                            s->setup.pkix, "attests", s->setup.attests));
    }
}

static enum atls_err listen_at(struct cli_server *s, char *address, size_t cap,
                               const struct cli_endpoint *at, struct atls_diag *diag)
{
    if (!s->options->dtls) {
        return cli_listen(&s->listen_fd, address, cap, at, diag);
    }
    int fd = -1;
    enum atls_err err = cli_udp_listen(&fd, address, cap, at, diag);
    if (err == ATLS_OK) {
        err = cli_dtls_listener_new(&s->datagrams, fd, diag);
    }
    s->listen_fd = err == ATLS_OK ? fd : -1;
    return err;
}

static enum atls_err open_server(struct cli_server *s, struct atls_diag *diag)
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
        err = listen_at(s, address, sizeof address, &at, diag);
    }
    if (err == ATLS_OK) {
        announce(s, address);
    }
    return err;
}

static int run(const struct cli_options *o, struct atls_diag *diag)
{
    struct cli_server s = {.options = o, .listen_fd = -1, .signal_fd = -1};
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    enum atls_err err = open_server(&s, diag);
    int status = 0;
    if (err == ATLS_OK) {
        loop(&s);
        const bool ended = cli_serve_end_all(&s);
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
    if (s.listen_fd >= 0 && s.datagrams == NULL) {
        close(s.listen_fd);
    }
    cli_dtls_listener_free(s.datagrams);
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
                  "Accept attested TLS 1.3, or DTLS 1.2, and echo, run a command, or forward.");
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
