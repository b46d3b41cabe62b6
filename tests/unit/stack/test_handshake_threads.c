/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads on one SSL_CTX and one context of each side, with fibers and without. */
#include "support/pair.h"

#include "atls/sim.h"
#include "support/gated_attester.h"
#include "support/threads.h"

#include <openssl/err.h>
#include <pthread.h>

enum { THREADS = 8, HANDSHAKES = TEST_UNDER_TSAN ? 50 : 12 };

static struct test_world *world;
static SSL_CTX *client, *server;

static void make(const struct test_spec *of_client, const struct test_spec *of_server, bool async)
{
    client = test_enabled_ctx(world, &world->client, of_client);
    server = test_enabled_ctx(world, &world->server, of_server);
    if (async) {
        SSL_CTX_set_mode(client, SSL_MODE_ASYNC);
        SSL_CTX_set_mode(server, SSL_MODE_ASYNC);
    }
}

static void drop(void)
{
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* cmocka's assertions are not for threads: each says how many handshakes it did. */
static void *shake_hands(void *arg)
{
    uintptr_t *done = arg;
    for (unsigned i = 0; i < HANDSHAKES; i++) {
        struct test_pair pair = test_pair_of(client, server);
        test_shake(&pair);
        SSL_clear_mode(pair.client.ssl, SSL_MODE_ASYNC);
        SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
        *done += pair.client.done && pair.server.done &&
                 atls_openssl_verdict(pair.client.ssl)->state == ATLS_VERDICT_ACCEPTED &&
                 atls_openssl_verdict(pair.server.ssl)->state == ATLS_VERDICT_ACCEPTED &&
                 test_send(&pair.client, &pair.server) && test_send(&pair.server, &pair.client);
        test_pair_free(&pair);
    }
    ERR_clear_error();
    return NULL;
}

static void run_threads(void *(*body)(void *), uintptr_t done[THREADS])
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        done[i] = 0;
        assert_int_equal(pthread_create(&threads[i], NULL, body, &done[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void run_mutual(const struct atls_attester_ops *ops, bool async)
{
    uintptr_t done[THREADS];
    const struct test_spec of_client = {
        .attests = &world->client, .requires = &world->server, .ops = ops, .keep_claims = true};
    const struct test_spec of_server = {
        .attests = &world->server, .requires = &world->client, .ops = ops};
    make(&of_client, &of_server, async);
    run_threads(shake_hands, done);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(done[i], HANDSHAKES);
    }
    drop();
}

static void eight_threads_shake_hands_in_place(void **state)
{
    (void)state;
    run_mutual(NULL, false);
}

static void eight_threads_shake_hands_through_the_pool(void **state)
{
    (void)state;
    run_mutual(test_gated_attester(&atls_attester_sim_psa), false);
    assert_int_equal(test_gate_passed(), 2 * THREADS * HANDSHAKES);
}

static void eight_threads_shake_hands_on_fibers(void **state)
{
    (void)state;
    run_mutual(test_gated_attester(&atls_attester_sim_psa), true);
    assert_int_equal(test_gate_passed(), 2 * THREADS * HANDSHAKES);
}

/* free_early leaves each connection where it happens to be. */
static void *free_early(void *arg)
{
    uintptr_t *count = arg;
    for (unsigned i = 0; i < HANDSHAKES; i++) {
        struct test_pair pair = test_pair_of(client, server);
        for (unsigned steps = i % 5; steps > 0; steps--) {
            test_step(&pair.client);
            test_step(&pair.server);
        }
        test_pair_free(&pair);
        ++*count;
    }
    ERR_clear_error();
    return NULL;
}

static void eight_threads_free_connections_at_every_stage(void **state)
{
    (void)state;
    uintptr_t done[THREADS];
    const struct test_spec of_client = {.attests = &world->client, .requires = &world->server};
    const struct test_spec of_server = {.attests = &world->server, .requires = &world->client};
    make(&of_client, &of_server, false);
    run_threads(free_early, done);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(done[i], HANDSHAKES);
    }
    drop();
}

/* Contexts come and go while others work. */
static void *make_and_drop(void *arg)
{
    uintptr_t *count = arg;
    for (unsigned i = 0; i < HANDSHAKES / 10 + 1; i++) {
        const struct test_spec requires = {.requires = &world->server};
        SSL_CTX *own = test_enabled_ctx(world, NULL, &requires);
        struct test_pair pair = test_pair_of(own, server);
        SSL_CTX_free(own);
        test_shake(&pair);
        *count += pair.client.done && pair.server.done;
        test_pair_free(&pair);
    }
    ERR_clear_error();
    return NULL;
}

static void eight_threads_make_contexts_of_their_own(void **state)
{
    (void)state;
    uintptr_t done[THREADS];
    const struct test_spec none = {.requires = NULL};
    const struct test_spec of_server = {.attests = &world->server};
    make(&none, &of_server, false);
    run_threads(make_and_drop, done);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(done[i], HANDSHAKES / 10 + 1);
    }
    drop();
}

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_threads_shake_hands_in_place),
        cmocka_unit_test(eight_threads_shake_hands_through_the_pool),
        cmocka_unit_test(eight_threads_shake_hands_on_fibers),
        cmocka_unit_test(eight_threads_free_connections_at_every_stage),
        cmocka_unit_test(eight_threads_make_contexts_of_their_own),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
