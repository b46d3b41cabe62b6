/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange after the handshake under SSL_MODE_ASYNC: the application goes on while Evidence is
 * made and appraised, and still gets nothing of the connection. */
#include "support/exchange.h"

#include "atls/sim.h"

#include <openssl/async.h>
#include <openssl/err.h>
#include <poll.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

/* An executor that keeps a job until the test runs it: so each is waited for. */
struct held {
    void (*run)(void *job);
    void *job;
};

static bool hold(void *arg, void (*run)(void *job), void *job)
{
    struct held *held = arg;
    assert_null(held->run);
    held->run = run;
    held->job = job;
    return true;
}

static struct held held[2]; /* of the client, of the server */

static struct test_pair shaken(void)
{
    const struct test_spec client = {.attests = &world->client,
                                     .requires = &world->server,
                                     .timing = ATLS_TIMING_POST,
                                     .executor = hold,
                                     .executor_arg = &held[0]};
    const struct test_spec server = {.attests = &world->server,
                                     .requires = &world->client,
                                     .timing = ATLS_TIMING_POST,
                                     .executor = hold,
                                     .executor_arg = &held[1]};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_set_mode(pair.server.ssl, SSL_MODE_ASYNC);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    return pair;
}

static void wait_for(const struct test_end *end, struct held *of)
{
    assert_non_null(of->run);
    of->run(of->job);
    of->run = NULL;
    struct pollfd ready = {.fd = atls_post_async_fd(end->ssl), .events = POLLIN};
    assert_true(ready.fd >= 0);
    assert_int_equal(poll(&ready, 1, 10000), 1);
}

static void assert_nothing_passes(struct test_end *end)
{
    char octet = 'x';
    ERR_clear_error();
    assert_true(SSL_read(end->ssl, &octet, 1) <= 0);
    assert_true(SSL_write(end->ssl, &octet, 1) <= 0);
    ERR_clear_error();
}

/* finish runs both to the end, and counts how often each has waited. */
static void finish(struct test_pair *pair, unsigned waits[2])
{
    struct test_end *ends[] = {&pair->client, &pair->server};
    enum atls_post_step at[] = {ATLS_POST_WANT_READ, ATLS_POST_WANT_READ};
    while (at[0] != ATLS_POST_DONE || at[1] != ATLS_POST_DONE) {
        for (size_t i = 0; i < 2; i++) {
            struct atls_diag diag;
            at[i] = at[i] != ATLS_POST_DONE ? atls_post_step(ends[i]->ssl, &diag) : at[i];
            assert_int_not_equal(at[i], ATLS_POST_FAILED);
            if (at[i] == ATLS_POST_WANT_ASYNC) {
                waits[i]++;
                assert_nothing_passes(ends[i]);
                wait_for(ends[i], &held[i]);
            }
        }
    }
    assert_open(pair);
}

static void both_attest_while_their_application_goes_on(void **state)
{
    (void)state;
    struct test_pair pair = shaken();
    unsigned waits[2] = {0, 0};
    finish(&pair, waits);
    /* each made Evidence, and appraised */
    assert_true(waits[0] == 2 && waits[1] == 2);
    assert_int_equal(atls_post_async_fd(pair.client.ssl), -1);
    test_pair_free(&pair);
}

/* step_to_wait runs both on until `end` waits for the `nth` time; the other one never waits. */
static void step_to_wait(struct test_pair *pair, struct test_end *end, struct held *of,
                         unsigned nth)
{
    struct test_end *other = end == &pair->client ? &pair->server : &pair->client;
    struct held *of_other = end == &pair->client ? &held[1] : &held[0];
    for (unsigned waits = 0; waits < nth;) {
        if (atls_post_step(other->ssl, NULL) == ATLS_POST_WANT_ASYNC) {
            wait_for(other, of_other);
        }
        if (atls_post_step(end->ssl, NULL) == ATLS_POST_WANT_ASYNC && ++waits < nth) {
            wait_for(end, of);
        }
    }
}

/* run_held is the worker, for which nobody waits any more. */
static void run_held(void)
{
    for (size_t i = 0; i < 2; i++) {
        if (held[i].run != NULL) {
            held[i].run(held[i].job);
            held[i].run = NULL;
        }
    }
}

/* free_first frees the connection before its worker has run: but the context waits for that. */
static void free_first(struct test_pair *pair)
{
    SSL_CTX *client = SSL_get_SSL_CTX(pair->client.ssl),
            *server = SSL_get_SSL_CTX(pair->server.ssl);
    assert_int_equal(SSL_CTX_up_ref(client) & SSL_CTX_up_ref(server), 1);
    test_pair_free(pair);
    run_held();
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* The fibers of this thread are two: those that are not given back are missed by the next pair,
 * which would then wait in its step, for what the test does after it. */
static void a_connection_that_is_freed_while_it_waits_gives_all_back(void **state)
{
    (void)state;
    assert_int_equal(ASYNC_init_thread(2, 2), 1);
    const unsigned files = test_open_files();
    for (unsigned i = 0; i < 16; i++) {
        struct test_pair pair = shaken();
        const unsigned at = i % 2, nth = 1 + i / 2 % 2; /* making Evidence, and appraising */
        step_to_wait(&pair, at == 0 ? &pair.client : &pair.server, &held[at], nth);
        assert_non_null(held[at].run);
        if (i % 3 == 0) { /* whoever is first */
            run_held();
        }
        free_first(&pair);
        assert_int_equal(test_open_files(), files);
    }
    ASYNC_cleanup_thread();
}

static void a_handshake_while_an_exchange_waits_is_refused_on_a_fiber(void **state)
{
    (void)state;
    struct test_pair pair = shaken();
    step_to_wait(&pair, &pair.client, &held[0], 1);
    assert_int_equal(SSL_clear(pair.client.ssl) & SSL_clear(pair.server.ssl), 1);
    test_pair_join(&pair);
    test_shake(&pair);
    assert_refused(&pair.client, STATE,
                   "OpenSSL: a function was called at a moment when it cannot work (SSL: found one "
                   "whose exchange waits (ATLS_POST_WANT_ASYNC), expected its end, or a new SSL)");
    free_first(&pair);
}

static void a_handshake_while_an_exchange_waits_ends_that_exchange(void **state)
{
    (void)state;
    struct test_pair pair = shaken();
    step_to_wait(&pair, &pair.client, &held[0], 1);
    SSL_clear_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
    assert_int_equal(SSL_clear(pair.client.ssl) & SSL_clear(pair.server.ssl), 1);
    test_pair_join(&pair);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_NONE);
    assert_int_equal(atls_post_async_fd(pair.client.ssl), -1);
    run_held();
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_set_mode(pair.server.ssl, SSL_MODE_ASYNC);
    unsigned waits[2] = {0, 0};
    finish(&pair, waits);
    assert_true(waits[0] == 2 && waits[1] == 2);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_is_freed_while_it_waits_gives_all_back),
        cmocka_unit_test(a_handshake_while_an_exchange_waits_is_refused_on_a_fiber),
        cmocka_unit_test(a_handshake_while_an_exchange_waits_ends_that_exchange),
        cmocka_unit_test(both_attest_while_their_application_goes_on),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
