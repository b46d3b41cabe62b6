/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now = {0, 0};
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* step moves one side on; true when its handshake is done, *failed when it cannot be. */
static bool step(SSL *ssl, bool *failed)
{
    const int done = SSL_do_handshake(ssl);
    if (done == 1) {
        const enum atls_post_step went =
            atls_post_is_due(ssl) ? atls_post_step(ssl, NULL) : ATLS_POST_DONE;
        *failed = went == ATLS_POST_FAILED;
        return went == ATLS_POST_DONE;
    }
    const int error = SSL_get_error(ssl, done);
    *failed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    return false;
}

static bool exchange(SSL *from, SSL *to)
{
    char octet = 'x';
    return SSL_write(from, &octet, 1) == 1 && SSL_read(to, &octet, 1) == 1;
}

bool bench_handshake(const struct bench_pair *pair)
{
    SSL *client = SSL_new(pair->client);
    SSL *server = SSL_new(pair->server);
    BIO *client_bio = NULL, *server_bio = NULL;
    SSL_SESSION *kept = pair->newest != NULL ? *pair->newest : NULL;
    bool ok = client != NULL && server != NULL &&
              BIO_new_bio_pair(&client_bio, 32768, &server_bio, 32768) == 1;
    if (ok) {
        SSL_set_bio(client, client_bio, client_bio);
        SSL_set_bio(server, server_bio, server_bio);
        SSL_set_connect_state(client);
        SSL_set_accept_state(server);
        ok = kept == NULL || SSL_set_session(client, kept) == 1;
        bool failed = !ok, client_done = false, server_done = false;
        while (!failed && !(client_done && server_done)) {
            client_done = client_done || step(client, &failed);
            server_done = server_done || (!failed && step(server, &failed));
        }
        ok = !failed && exchange(client, server) && exchange(server, client) &&
             SSL_session_reused(client) == (kept != NULL);
    }
    if (ok && pair->newest != NULL) { /* else OpenSSL forgets the session as a bad one */
        SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_set_shutdown(server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(client);
    SSL_free(server);
    return ok;
}

struct bench_times bench_batch(const struct bench_pair *pair, unsigned count)
{
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double wall = seconds(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < count; i++) {
        if (!bench_handshake(pair)) {
            fprintf(stderr, "bench: a handshake was refused, so there is nothing to measure\n");
            exit(1);
        }
    }
    const struct bench_times times = {
        .cpu_us = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / count,
        .wall_us = (seconds(CLOCK_MONOTONIC) - wall) * 1e6 / count,
    };
    return times;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
