/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that sends application data right behind its Finished, and an application that reads and
 * writes without a look at the outcome: what came before the verdict is never handed over.
 */
#include "support/pair.h"

#include "atls/sim.h"

#include <openssl/err.h>

static struct test_world *world;
static struct test_pair pair;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_pair_free(&pair);
    ERR_clear_error();
    return 0;
}

static int accept_all(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

/* The two ways in which a gate is shut: in the middle of the handshake, by the verify callback of
 * atls, and at its end, since the application replaced that. */
enum way { IN_VERIFY, AT_THE_END };

/* begin joins a client that attests for another machine with a server that requires. */
static void begin(enum way way)
{
    const struct test_spec attests = {.attests = &world->other};
    const struct test_spec requires = {.requires = &world->client};
    SSL_CTX *client = test_enabled_ctx(world, &world->client, &attests);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &requires);
    if (way == AT_THE_END) {
        SSL_CTX_set_cert_verify_callback(server, accept_all, NULL);
    }
    pair = test_pair_of(client, server);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* client_sends_behind_its_finished goes on to where the server has the client's last flight and
 * the data behind it before it, and has looked at neither. */
static void client_sends_behind_its_finished(void)
{
    test_step(&pair.client);
    test_step(&pair.server);
    test_step(&pair.client);
    assert_true(pair.client.done);
    assert_int_equal(SSL_write(pair.client.ssl, "attack", 6), 6);
    assert_int_equal(SSL_write(pair.client.ssl, "more", 4), 4);
}

static void assert_server_refuses(enum way way)
{
    struct atls_diag diag;
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.server.ssl);
    assert_int_equal(verdict->state, ATLS_VERDICT_REFUSED);
    assert_string_equal(atls_err_name(verdict->reason.err),
                        way == IN_VERIFY ? "NOT_ENDORSED" : "NO_VERDICT");
    assert_int_equal(atls_openssl_outcome(pair.server.ssl, -1, &diag), verdict->reason.err);
    test_assert_shut(&pair.server);
}

static const enum way ways[] = {IN_VERIFY, AT_THE_END};

static void data_behind_finished_is_not_read_after_do_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ways); i++) {
        begin(ways[i]);
        client_sends_behind_its_finished();
        test_step(&pair.server);
        assert_server_refuses(ways[i]);
        end(NULL);
    }
}

static void data_behind_finished_is_not_read_by_a_read_that_shakes_hands(void **state)
{
    (void)state;
    char got[16];
    size_t count = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ways); i++) {
        begin(ways[i]);
        client_sends_behind_its_finished();
        assert_true(SSL_read(pair.server.ssl, got, sizeof got) <= 0);
        assert_true(SSL_read(pair.server.ssl, got, sizeof got) <= 0);
        assert_int_equal(SSL_read_ex(pair.server.ssl, got, sizeof got, &count), 0);
        assert_server_refuses(ways[i]);
        end(NULL);
    }
}

static void data_behind_finished_is_not_peeked_at_either(void **state)
{
    (void)state;
    char got[16];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ways); i++) {
        begin(ways[i]);
        client_sends_behind_its_finished();
        assert_true(SSL_peek(pair.server.ssl, got, sizeof got) <= 0);
        assert_true(SSL_peek(pair.server.ssl, got, sizeof got) <= 0);
        /* SSL_pending of OpenSSL 3.5 counts what it holds, though it gives nothing away */
        assert_true(SSL_read(pair.server.ssl, got, sizeof got) <= 0);
        assert_server_refuses(ways[i]);
        end(NULL);
    }
}

static void nothing_is_written_by_a_write_that_shakes_hands(void **state)
{
    (void)state;
    char got[16];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ways); i++) {
        begin(ways[i]);
        client_sends_behind_its_finished();
        assert_true(SSL_write(pair.server.ssl, "secret", 6) <= 0);
        assert_true(SSL_write(pair.server.ssl, "secret", 6) <= 0);
        assert_server_refuses(ways[i]);
        assert_true(SSL_read(pair.client.ssl, got, sizeof got) <= 0);
        end(NULL);
    }
}

static void reads_ahead_hold_nothing_back_for_later(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ways); i++) {
        begin(ways[i]);
        SSL_set_read_ahead(pair.server.ssl, 1); /* the whole burst comes in one read of the BIO */
        client_sends_behind_its_finished();
        test_step(&pair.server);
        assert_server_refuses(ways[i]);
        end(NULL);
    }
}

/* The same burst is read where the gate opens: the tests above do not pass by chance. */
static void data_behind_the_finished_of_a_good_client_is_read(void **state)
{
    (void)state;
    char got[16];
    pair = test_pair_of_spec(world, &(struct test_spec){.attests = &world->client},
                             &(struct test_spec){.requires = &world->client});
    SSL_set_read_ahead(pair.server.ssl, 1);
    client_sends_behind_its_finished();
    assert_int_equal(SSL_read(pair.server.ssl, got, sizeof got), 6);
    assert_int_equal(SSL_read(pair.server.ssl, got, sizeof got), 4);
    assert_int_equal(SSL_write(pair.server.ssl, "answer", 6), 6);
    assert_int_equal(SSL_read(pair.client.ssl, got, sizeof got), 6);
}

/* The server's data behind its own Finished: a client without a certificate reads it at once. */
static void a_client_reads_nothing_that_a_refused_server_sent(void **state)
{
    (void)state;
    char got[16];
    SSL_CTX *client =
        test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    SSL_CTX_set_cert_verify_callback(client, accept_all, NULL);
    pair = test_pair_of(client, server);
    size_t wrote = 0;
    test_step(&pair.client);
    (void)SSL_read_early_data(pair.server.ssl, got, sizeof got, &wrote);
    assert_int_equal(SSL_write_early_data(pair.server.ssl, "attack", 6, &wrote), 1);
    assert_true(SSL_read(pair.client.ssl, got, sizeof got) <= 0);
    assert_true(SSL_read(pair.client.ssl, got, sizeof got) <= 0);
    test_assert_shut(&pair.client);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void a_shut_connection_is_closed_without_complaint(void **state)
{
    (void)state;
    begin(AT_THE_END);
    client_sends_behind_its_finished();
    test_step(&pair.server);
    assert_server_refuses(AT_THE_END);
    assert_int_equal(SSL_get_shutdown(pair.server.ssl), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(SSL_shutdown(pair.server.ssl), 1);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(data_behind_finished_is_not_read_after_do_handshake, end),
        cmocka_unit_test_teardown(data_behind_finished_is_not_read_by_a_read_that_shakes_hands,
                                  end),
        cmocka_unit_test_teardown(data_behind_finished_is_not_peeked_at_either, end),
        cmocka_unit_test_teardown(nothing_is_written_by_a_write_that_shakes_hands, end),
        cmocka_unit_test_teardown(reads_ahead_hold_nothing_back_for_later, end),
        cmocka_unit_test_teardown(data_behind_the_finished_of_a_good_client_is_read, end),
        cmocka_unit_test_teardown(a_client_reads_nothing_that_a_refused_server_sent, end),
        cmocka_unit_test_teardown(a_shut_connection_is_closed_without_complaint, end),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
