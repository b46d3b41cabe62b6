/* SPDX-License-Identifier: Apache-2.0 */
/* SSL_MODE_ASYNC: while a device works, the thread belongs to the application. */
#include "async_test.h"

static struct test_world *world;
static SSL_CTX *client, *server;
static const struct atls_attester_ops *gated;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static int make(void **state)
{
    (void)state;
    gated = test_gated_attester(&atls_attester_sim_psa);
    client = test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    server = test_enabled_ctx(world, &world->server,
                              &(struct test_spec){.attests = &world->server, .ops = gated});
    make_async(server);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    test_gate_open();
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    client = NULL;
    server = NULL;
    return 0;
}

static void the_descriptor_is_readable_when_the_evidence_is_there(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    test_gate_close();
    server_pauses(&pair);
    const int fd = wait_fd(pair.server.ssl);
    test_gate_wait(1);
    assert_false(is_readable(fd));
    assert_true(SSL_waiting_for_async(pair.server.ssl) == 1);
    test_step(&pair.server); /* called too early, it goes on waiting */
    assert_int_equal(pair.server.error, SSL_ERROR_WANT_ASYNC);
    assert_int_equal(wait_fd(pair.server.ssl), fd);
    test_gate_open();
    assert_true(becomes_readable(fd));
    test_shake(&pair);
    SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
    assert_open(&pair);
    test_pair_free(&pair);
}

static void two_connections_of_one_thread_wait_at_once_and_end_in_any_order(void **state)
{
    (void)state;
    struct test_pair first = test_pair_of(client, server), second = test_pair_of(client, server);
    test_gate_close();
    server_pauses(&first);
    server_pauses(&second);
    test_gate_wait(2); /* the pool has two threads */
    assert_int_not_equal(wait_fd(first.server.ssl), wait_fd(second.server.ssl));
    test_gate_open();
    test_shake(&second);
    test_shake(&first);
    SSL_clear_mode(first.server.ssl, SSL_MODE_ASYNC);
    SSL_clear_mode(second.server.ssl, SSL_MODE_ASYNC);
    assert_open(&first);
    assert_open(&second);
    assert_memory_not_equal(atls_openssl_verdict(first.client.ssl)->binder,
                            atls_openssl_verdict(second.client.ssl)->binder, 32);
    test_pair_free(&first);
    test_pair_free(&second);
}

static void a_connection_that_needs_no_device_overtakes_one_that_waits(void **state)
{
    (void)state;
    SSL_CTX *quick =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    make_async(quick);
    struct test_pair slow = test_pair_of(client, server), fast = test_pair_of(client, quick);
    test_gate_close();
    server_pauses(&slow);
    test_shake(&fast);
    SSL_clear_mode(fast.server.ssl, SSL_MODE_ASYNC);
    assert_open(&fast);
    assert_false(slow.server.done);
    test_gate_open();
    test_shake(&slow);
    assert_true(slow.client.done && slow.server.done);
    test_pair_free(&slow);
    test_pair_free(&fast);
    SSL_CTX_free(quick);
}

/* The jobs of an SSL_CTX with SSL_MODE_ASYNC that do not wait for a device go to the pool as well,
 * since the stack of a fiber is small. */
static void both_sides_on_fibers_attest_and_appraise_in_the_pool(void **state)
{
    (void)state;
    struct atls_attester_ops computes = *gated;
    computes.computes = true; /* off a fiber it would run in place */
    const struct test_spec of_client = {
        .attests = &world->client, .requires = &world->server, .ops = &computes};
    const struct test_spec of_server = {
        .attests = &world->server, .requires = &world->client, .ops = &computes};
    struct test_pair pair = test_pair_of_spec(world, &of_client, &of_server);
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_set_mode(pair.server.ssl, SSL_MODE_ASYNC);
    test_gate_close();
    server_pauses(&pair);
    test_gate_open();
    test_shake(&pair);
    assert_true(test_gate_other_thread());
    assert_int_equal(test_gate_passed(), 2);
    SSL_clear_mode(pair.client.ssl, SSL_MODE_ASYNC);
    SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
    assert_open(&pair);
    test_pair_free(&pair);
}

static void evidence_that_is_refused_on_a_fiber_is_refused_as_ever(void **state)
{
    (void)state;
    const struct test_spec of_client = {.requires = &world->other};
    const struct test_spec of_server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &of_client, &of_server);
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    test_watch(&pair);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), NOT_ENDORSED);
    assert_int_equal(pair.server.alert_in, SSL_AD_HANDSHAKE_FAILURE);
    SSL_clear_mode(pair.client.ssl, SSL_MODE_ASYNC);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

static void without_fibers_the_same_attester_blocks_its_caller(void **state)
{
    (void)state;
    SSL_CTX_clear_mode(server, SSL_MODE_ASYNC);
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(test_gate_passed(), 1);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_descriptor_is_readable_when_the_evidence_is_there, make,
                                        drop),
        cmocka_unit_test_setup_teardown(
            two_connections_of_one_thread_wait_at_once_and_end_in_any_order, make, drop),
        cmocka_unit_test_setup_teardown(a_connection_that_needs_no_device_overtakes_one_that_waits,
                                        make, drop),
        cmocka_unit_test_setup_teardown(both_sides_on_fibers_attest_and_appraise_in_the_pool, make,
                                        drop),
        cmocka_unit_test_setup_teardown(evidence_that_is_refused_on_a_fiber_is_refused_as_ever,
                                        make, drop),
        cmocka_unit_test_setup_teardown(without_fibers_the_same_attester_blocks_its_caller, make,
                                        drop),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
