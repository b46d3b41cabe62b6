/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_reattest [CONNECTIONS [ROUNDS]]: living connections on which the server attests again.
 *
 * All connections live at once. In each of ROUNDS passes each of them has one round while data go
 * both ways before, among and behind it, and each octet that arrives is compared. A pass without
 * rounds beside it, with the same data, is subtracted: what is printed is the CPU time of one round
 * on both sides together, and the part of two cores that one round a minute of each connection is.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DATA_LEN = 1000, MESSAGES = 3, MAX_CONNECTIONS = 20000 };

struct connection {
    SSL *client, *server;
    uint64_t sent; /* octets each way: the n-th is a function of n and of the connection */
};

static uint64_t octets_checked;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static double cpu_seconds(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void open_connection(struct connection *c, const struct bench_pair *pair)
{
    BIO *client = NULL, *server = NULL;
    enum atls_post_step steps[2] = {ATLS_POST_WANT_READ, ATLS_POST_WANT_READ};
    c->client = SSL_new(pair->client);
    c->server = SSL_new(pair->server);
    must(c->client != NULL && c->server != NULL &&
             BIO_new_bio_pair(&client, 32768, &server, 32768) == 1,
         "memory");
    SSL_set_bio(c->client, client, client);
    SSL_set_bio(c->server, server, server);
    SSL_set_connect_state(c->client);
    SSL_set_accept_state(c->server);
    while (SSL_is_init_finished(c->client) == 0 || SSL_is_init_finished(c->server) == 0) {
        (void)SSL_do_handshake(c->client);
        (void)SSL_do_handshake(c->server);
    }
    while (steps[0] != ATLS_POST_DONE || steps[1] != ATLS_POST_DONE) {
        steps[0] = atls_post_step(c->client, NULL);
        steps[1] = atls_post_step(c->server, NULL);
        must(steps[0] != ATLS_POST_FAILED && steps[1] != ATLS_POST_FAILED, "the exchange");
    }
    must(atls_post_is_framed(c->client), "framing");
}

static void fill(unsigned char *out, const struct connection *c, uint64_t from)
{
    for (size_t i = 0; i < DATA_LEN; i++) {
        const uint64_t at = from + i;
        out[i] = (unsigned char)(at * 31 + (at >> 8) + (uintptr_t)c / sizeof *c);
    }
}

static void carry(const struct connection *c, SSL *from, SSL *to, uint64_t at)
{
    unsigned char data[DATA_LEN], got[DATA_LEN];
    size_t len = 0, sum = 0;
    fill(data, c, at);
    must(atls_post_write(from, data, sizeof data, &len, NULL) == ATLS_POST_DONE &&
             len == sizeof data,
         "writing");
    while (sum < sizeof got) {
        const enum atls_post_step step =
            atls_post_read(to, got + sum, sizeof got - sum, &len, NULL);
        must(step != ATLS_POST_FAILED && step != ATLS_POST_ENDED, "reading");
        must(step == ATLS_POST_DONE, "data that were sent");
        sum += len;
    }
    must(memcmp(data, got, sizeof got) == 0, "the comparison of data");
    octets_checked += sizeof got;
}

static void pass(struct connection *c, bool with_round)
{
    uint64_t before = 0, after = 0, answered = 0;
    atls_post_rounds(c->client, &before, &answered);
    if (with_round) {
        must(atls_post_round(c->client, NULL) == ATLS_OK, "asking");
    }
    for (unsigned i = 0; i < MESSAGES; i++) {
        carry(c, c->client, c->server, c->sent);
        carry(c, c->server, c->client, c->sent);
        c->sent += DATA_LEN;
    }
    atls_post_rounds(c->client, &after, &answered);
    must(after == before + (with_round ? 1 : 0), "the round");
}

int main(int argc, char **argv)
{
    const long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    const long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5;
    struct bench_material *material = bench_material_new();
    struct bench_pair pair = bench_reattested(material);
    double with = 0, without = 0;
    must(wanted > 0 && wanted <= MAX_CONNECTIONS && rounds > 0, "the command line");
    struct connection *all = calloc((size_t)wanted, sizeof *all);
    must(all != NULL, "memory");
    for (long i = 0; i < wanted; i++) {
        open_connection(&all[i], &pair);
    }
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < wanted; i++) {
            const double began = cpu_seconds();
            pass(&all[i], false);
            const double plain = cpu_seconds();
            pass(&all[i], true);
            without += plain - began;
            with += cpu_seconds() - plain;
        }
    }
    const double each_us = (with - without) / (double)(wanted * rounds) * 1e6;
    printf("%ld connections, %ld rounds of each: %llu octets of data compared, none lost\n", wanted,
           rounds, (unsigned long long)octets_checked);
    printf("a round, both sides: %.0f us of CPU; one a minute each: %.2f %% of two cores\n",
           each_us, each_us * (double)wanted / 60e6 / 2 * 100);
    for (long i = 0; i < wanted; i++) {
        SSL_free(all[i].client);
        SSL_free(all[i].server);
    }
    free(all);
    bench_pair_free(&pair);
    bench_material_free(material);
    return 0;
}
