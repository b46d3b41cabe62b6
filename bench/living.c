/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_living ADDRESS PORT PID IDENTITY CONNECTIONS SECONDS: the clients of `atls serve --framed
 * --reattest`, all in one thread, over sockets.
 *
 * Each attests as IDENTITY, a folder of `atls keygen`, whenever the server asks. All live at once,
 * for SECONDS, or with 0 until each has answered two rounds; each sends some octets twice a second,
 * and each octet of the echo is compared. Nothing may be lost: a connection that ends, an octet
 * that is another one or does not come, is a failure. Behind that stands a line of JSON: rounds,
 * octets, CPU seconds of this process and of PID, the server.
 */
#include "atls/post.h"
#include "atls/sim.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 20000,
    OPENING = 32, /* handshakes at one time */
    PACE_MS = 500,
    LONGEST = 2000,
    TICK_MS = 20,
    PATIENCE_MS = 60000 /* for the handshakes, and for the last echo */
};

enum stage { SHAKES, EXCHANGES, LIVES };

struct connection {
    SSL *ssl;
    enum stage stage;
    uint64_t sent, wanted, got; /* octets; the n-th is a function of n and of the connection */
    int64_t sends_ms;
    uint64_t rounds; /* those of its beginning */
};

struct bench {
    struct connection *all;
    size_t count, opened, living;
    int epoll_fd;
    struct sockaddr_in address;
    SSL_CTX *ctx;
    bool sends;
    uint64_t octets;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static void fail(const struct bench *b, const struct connection *c, const struct atls_diag *diag)
{
    char sentence[800];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    fprintf(stderr, "bench: connection %zu, after %llu octets: %s\n", (size_t)(c - b->all),
            (unsigned long long)c->got, sentence);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* cpu_s: what the scheduler gave to all threads of a process. */
static double cpu_s(pid_t pid)
{
    struct timespec now = {0, 0};
    clockid_t clock = 0;
    must(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &now) == 0,
         "the clock of a process");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- who we are ---- */

static void path_of(char *out, size_t cap, const char *folder, const char *name)
{
    must((size_t)snprintf(out, cap, "%s/%s", folder, name) < cap, folder);
}

static SSL_CTX *make_ctx(const char *identity)
{
    static char text[65536];
    char cert[1024], key[1024], config[1024];
    struct atls_context *context = NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    path_of(cert, sizeof cert, identity, "cert.pem");
    path_of(key, sizeof key, identity, "key.pem");
    path_of(config, sizeof config, identity, "attester.json");
    FILE *file = fopen(config, "rb");
    must(file != NULL, config);
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    must(ctx != NULL && SSL_CTX_use_certificate_chain_file(ctx, cert) == 1, cert);
    must(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1, key);
    must(atls_context_new(&context, NULL) == ATLS_OK &&
             atls_context_set_timing(context, ATLS_TIMING_POST, NULL) == ATLS_OK &&
             atls_context_set_framed(context, NULL) == ATLS_OK &&
             atls_context_set_timeout(context, PATIENCE_MS, NULL) == ATLS_OK &&
             atls_context_add_attester(context, &atls_attester_sim_psa,
                                       (struct atls_bytes){(const uint8_t *)text, len},
                                       NULL) == ATLS_OK &&
             atls_openssl_enable(ctx, context, NULL) == ATLS_OK,
         "the context");
    atls_context_unref(context);
    return ctx;
}

/* ---- one connection ---- */

static void fill(const struct bench *b, const struct connection *c, unsigned char *out,
                 uint64_t from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const uint64_t at = from + i;
        out[i] = (unsigned char)(at * 31 + (at >> 8) + (uint64_t)(c - b->all));
    }
}

static void open_connection(struct bench *b, struct connection *c)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = c}};
    must(fd >= 0, "a socket: more descriptors (ulimit -n)");
    (void)connect(fd, (const struct sockaddr *)&b->address, sizeof b->address);
    c->ssl = SSL_new(b->ctx);
    must(c->ssl != NULL && SSL_set_fd(c->ssl, fd) == 1, "memory");
    SSL_set_connect_state(c->ssl);
    must(epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

static void open_more(struct bench *b)
{
    while (b->opened < b->count && b->opened < b->living + OPENING) {
        open_connection(b, &b->all[b->opened++]);
    }
}

/* begin moves through the handshake, and what follows it. */
static void begin(struct bench *b, struct connection *c)
{
    struct atls_diag diag;
    uint64_t accepted = 0;
    if (c->stage == SHAKES) {
        const int done = SSL_do_handshake(c->ssl);
        const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, done);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
            return;
        }
        if (done != 1) {
            must(atls_openssl_outcome(c->ssl, done, &diag) != ATLS_OK, "the handshake");
            fail(b, c, &diag);
        }
        c->stage = EXCHANGES;
    }
    const enum atls_post_step step = atls_post_step(c->ssl, &diag);
    if (step == ATLS_POST_FAILED) {
        fail(b, c, &diag);
    }
    if (step == ATLS_POST_DONE) {
        must(atls_post_is_framed(c->ssl), "framing");
        atls_post_rounds(c->ssl, &accepted, &c->rounds);
        c->stage = LIVES;
        b->living++;
    }
}

static void send_some(struct bench *b, struct connection *c)
{
    struct atls_diag diag;
    unsigned char data[LONGEST];
    size_t len = 0;
    if (b->sends && c->sent == c->wanted && now_ms() >= c->sends_ms) {
        c->wanted += 1 + (c->sent * 7 + (uint64_t)(c - b->all) * 131) % LONGEST;
        c->sends_ms = now_ms() + PACE_MS;
    }
    while (c->sent < c->wanted) {
        const size_t rest = (size_t)(c->wanted - c->sent);
        fill(b, c, data, c->sent, rest);
        const enum atls_post_step step = atls_post_write(c->ssl, data, rest, &len, &diag);
        if (step == ATLS_POST_FAILED) {
            fail(b, c, &diag);
        }
        if (step != ATLS_POST_DONE) {
            return;
        }
        c->sent += len;
    }
}

static void receive_all(struct bench *b, struct connection *c)
{
    struct atls_diag diag;
    unsigned char got[4096], expected[4096];
    size_t len = 0;
    enum atls_post_step step = ATLS_POST_DONE;
    while (step == ATLS_POST_DONE) {
        step = atls_post_read(c->ssl, got, sizeof got, &len, &diag);
        if (step == ATLS_POST_FAILED) {
            fail(b, c, &diag);
        }
        must(step != ATLS_POST_ENDED, "keeping a connection, which the server has ended,");
        if (step == ATLS_POST_DONE) {
            fill(b, c, expected, c->got, len);
            must(c->got + len <= c->sent && memcmp(got, expected, len) == 0,
                 "the comparison of data");
            c->got += len;
            b->octets += len;
        }
    }
}

static void move(struct bench *b, struct connection *c)
{
    if (c->stage != LIVES) {
        begin(b, c);
    }
    if (c->stage == LIVES) {
        receive_all(b, c);
        send_some(b, c);
    }
}

/* ---- all of them ---- */

static bool is_due(const struct bench *b, const struct connection *c, int64_t at_ms)
{
    return c->stage == LIVES && (atls_post_next_ms(c->ssl) == 0 || c->sent < c->wanted ||
                                 (b->sends && at_ms >= c->sends_ms));
}

/* turn handles what is there, and what is due. */
static void turn(struct bench *b)
{
    struct epoll_event events[256];
    const int ready = epoll_wait(b->epoll_fd, events, 256, TICK_MS);
    for (int i = 0; i < ready; i++) {
        move(b, events[i].data.ptr);
    }
    static int64_t looked_ms;
    const int64_t at_ms = now_ms();
    if (at_ms - looked_ms >= TICK_MS) {
        looked_ms = at_ms;
        for (size_t i = 0; i < b->opened; i++) {
            if (is_due(b, &b->all[i], at_ms)) {
                move(b, &b->all[i]);
            }
        }
    }
}

static bool all_echoed(const struct bench *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->all[i].got != b->all[i].wanted) {
            return false;
        }
    }
    return true;
}

static void count_rounds(const struct bench *b, uint64_t *out_sum, uint64_t *out_least)
{
    *out_sum = 0;
    *out_least = UINT64_MAX;
    for (size_t i = 0; i < b->count; i++) {
        uint64_t accepted = 0, answered = 0;
        atls_post_rounds(b->all[i].ssl, &accepted, &answered);
        answered -= b->all[i].rounds;
        *out_sum += answered;
        *out_least = answered < *out_least ? answered : *out_least;
    }
}

static bool all_attested_twice(const struct bench *b)
{
    uint64_t sum = 0, least = 0;
    count_rounds(b, &sum, &least);
    return least >= 2;
}

static void open_all(struct bench *b)
{
    const int64_t end_ms = now_ms() + PATIENCE_MS;
    while (b->living < b->count) {
        must(now_ms() < end_ms, "opening all connections in a minute");
        open_more(b);
        turn(b);
    }
}

static void live(struct bench *b, long seconds)
{
    int64_t end_ms = now_ms() + seconds * 1000;
    b->sends = true;
    for (size_t i = 0; i < b->count; i++) { /* not all in one moment */
        b->all[i].sends_ms = now_ms() + (int64_t)(i * PACE_MS / b->count);
    }
    while (now_ms() < end_ms) {
        turn(b);
    }
    end_ms = now_ms() + PATIENCE_MS;
    while (seconds == 0 && !all_attested_twice(b)) {
        must(now_ms() < end_ms, "two rounds of each in a minute");
        turn(b);
    }
    b->sends = false;
    end_ms = now_ms() + PATIENCE_MS;
    while (!all_echoed(b)) {
        must(now_ms() < end_ms, "the last echo in a minute");
        turn(b);
    }
}

/* read_off takes what still comes, until the server has ended its side: who closes a socket that
 * has something to read resets the connection, and the server would not see that it was ended. */
static void read_off(int fd)
{
    char octets[4096];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (poll(&ready, 1, PATIENCE_MS) == 1 && read(fd, octets, sizeof octets) > 0) {
    }
}

static void end_all(struct bench *b)
{
    for (size_t i = 0; i < b->count; i++) {
        SSL *ssl = b->all[i].ssl;
        must(atls_post_end(ssl, NULL) != ATLS_POST_FAILED, "the end of a connection");
        must(shutdown(SSL_get_fd(ssl), SHUT_WR) == 0, "the end of a socket");
    }
    for (size_t i = 0; i < b->count; i++) {
        SSL *ssl = b->all[i].ssl;
        const int fd = SSL_get_fd(ssl);
        read_off(fd);
        SSL_free(ssl);
        close(fd);
    }
    free(b->all);
    SSL_CTX_free(b->ctx);
    close(b->epoll_fd);
}

int main(int argc, char **argv)
{
    struct bench b = {.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    uint64_t rounds = 0, least = 0;
    must(argc == 7, "the command line: ADDRESS PORT PID IDENTITY CONNECTIONS SECONDS");
    const pid_t server = (pid_t)strtol(argv[3], NULL, 10);
    const long wanted = strtol(argv[5], NULL, 10), seconds = strtol(argv[6], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    b.address.sin_family = AF_INET;
    b.address.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
    must(inet_pton(AF_INET, argv[1], &b.address.sin_addr) == 1, argv[1]);
    must(wanted > 0 && wanted <= MAX_CONNECTIONS && seconds >= 0 && seconds <= 86400, argv[5]);
    b.count = (size_t)wanted;
    b.all = calloc(b.count, sizeof *b.all);
    must(b.all != NULL && b.epoll_fd >= 0, "memory");
    b.ctx = make_ctx(argv[4]);
    open_all(&b);
    const double own = cpu_s(getpid()), peer = cpu_s(server);
    const int64_t began_ms = now_ms();
    live(&b, seconds);
    const double lived_s = (double)(now_ms() - began_ms) / 1000;
    count_rounds(&b, &rounds, &least);
    printf("{\"connections\":%zu,\"seconds\":%.3f,\"rounds\":%llu,\"least\":%llu,\"octets\":%llu,"
           "\"clients_cpu_s\":%.3f,\"server_cpu_s\":%.3f}\n",
           b.count, lived_s, (unsigned long long)rounds, (unsigned long long)least,
           (unsigned long long)b.octets, cpu_s(getpid()) - own, cpu_s(server) - peer);
    end_all(&b);
    return 0;
}
