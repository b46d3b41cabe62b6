/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange after the handshake under SSL_MODE_ASYNC: the application goes on while Evidence is
 * made and appraised, and still gets nothing of the connection. */
#include "support/exchange.h"

#include "atls/sim.h"

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

static void both_attest_while_their_application_goes_on(void **state)
{
    (void)state;
    struct test_pair pair = shaken();
    struct test_end *ends[] = {&pair.client, &pair.server};
    enum atls_post_step at[] = {ATLS_POST_WANT_READ, ATLS_POST_WANT_READ};
    unsigned waits[2] = {0, 0};
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
    /* each made Evidence, and appraised */
    assert_true(waits[0] == 2 && waits[1] == 2);
    assert_int_equal(atls_post_async_fd(pair.client.ssl), -1);
    assert_open(&pair);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_attest_while_their_application_goes_on),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
