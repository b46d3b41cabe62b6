/* SPDX-License-Identifier: Apache-2.0 */
/* One SSL for one connection after another: verdict, transcript and Evidence of the first are no
 * part of the second. */
#include "support/pair.h"

#include "atls/sim.h"
#include "support/keys.h"

#include <openssl/err.h>

static struct test_world *world;
static SSL_CTX *client, *server, *other, *plain;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    client = test_enabled_ctx(
        world, &world->client,
        &(struct test_spec){.attests = &world->client, .requires = &world->server});
    server = test_enabled_ctx(
        world, &world->server,
        &(struct test_spec){.attests = &world->server, .requires = &world->client});
    /* another key, and the attester that the client endorses */
    other = test_enabled_ctx(world, &world->other, &(struct test_spec){.attests = &world->server});
    plain = test_plain_ctx(world, &world->other, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    SSL_CTX_free(other);
    SSL_CTX_free(plain);
    return 0;
}

static const struct atls_verdict *client_verdict(const struct test_pair *pair)
{
    return atls_openssl_verdict(pair->client.ssl);
}

/* connect_again takes the same client to another server. */
static void connect_again(struct test_pair *pair, SSL_CTX *to)
{
    assert_int_equal(SSL_clear(pair->client.ssl), 1);
    SSL_free(pair->server.ssl);
    pair->server.ssl = SSL_new(to);
    test_pair_join(pair);
    test_shake(pair);
}

static void assert_about(const struct test_pair *pair, const struct test_machine *machine)
{
    const struct atls_verdict *verdict = client_verdict(pair);
    assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
    assert_int_equal(verdict->num_evidence, 1);
    assert_bytes(atls_bytes_of(verdict->peer_spki_sha256, 32),
                 test_hash(ATLS_ALG_SHA256, test_spki(machine->key)));
}

static void a_client_is_used_again_for_another_server(void **state)
{
    (void)state;
    uint8_t first[32];
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    assert_about(&pair, &world->server);
    memcpy(first, client_verdict(&pair)->binder, sizeof first);
    connect_again(&pair, other);
    assert_open(&pair);
    assert_about(&pair, &world->other);
    assert_memory_not_equal(client_verdict(&pair)->binder, first, sizeof first);
    test_pair_free(&pair);
}

static void a_server_is_used_again_for_another_client(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    SSL_CTX *const clients[] = {client, client, plain};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(clients); i++) {
        SSL_free(pair.client.ssl);
        pair.client.ssl = SSL_new(clients[i]);
        assert_int_equal(SSL_clear(pair.server.ssl), 1);
        test_pair_join(&pair);
        test_shake(&pair);
        if (clients[i] == client) {
            assert_open(&pair);
        } else {
            struct atls_diag diag;
            assert_err(test_outcome(&pair.server, &diag), NOTHING_OFFERED);
            test_assert_shut(&pair.server);
        }
    }
    test_pair_free(&pair);
}

#define NOTHING_CHOSEN                                                                             \
    "EncryptedExtensions: the peer did not attest (chosen_server_scheme: found no "                \
    "remoteAttestation, expected attestation of the peer, which is required)"

static void an_accepted_verdict_does_not_help_the_next_server(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    connect_again(&pair, plain);
    assert_refused(&pair.client, NOT_ATTESTED, NOTHING_CHOSEN);
    assert_int_equal(client_verdict(&pair)->num_evidence, 0);
    assert_int_equal(client_verdict(&pair)->binder_len, 0);
    test_pair_free(&pair);
}

static void a_refused_verdict_does_not_harm_the_next_server(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, plain);
    test_shake(&pair);
    assert_refused(&pair.client, NOT_ATTESTED, NOTHING_CHOSEN);
    connect_again(&pair, server);
    assert_open(&pair);
    assert_about(&pair, &world->server);
    test_pair_free(&pair);
}

static void a_gate_that_was_shut_opens_for_the_next_connection(void **state)
{
    (void)state;
    /* The server requires, and gets no certificate: its gate is shut when the handshake is done. */
    SSL_CTX *none = test_enabled_ctx(world, NULL, &(struct test_spec){.attests = &world->client});
    struct test_pair pair = test_pair_of(none, server);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER, NULL);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.server, &diag), NO_VERDICT);
    test_assert_shut(&pair.server);
    assert_int_equal(SSL_clear(pair.server.ssl), 1);
    SSL_free(pair.client.ssl);
    pair.client.ssl = SSL_new(client);
    test_pair_join(&pair);
    test_shake(&pair);
    assert_open(&pair);
    test_pair_free(&pair);
    SSL_CTX_free(none);
}

static void half_a_handshake_is_forgotten(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    test_step(&pair.client); /* ClientHello is in the transcript */
    connect_again(&pair, server);
    assert_open(&pair);
    assert_int_equal(SSL_clear(pair.client.ssl), 1);
    SSL_free(pair.server.ssl);
    pair.server.ssl = SSL_new(server);
    test_pair_join(&pair);
    test_step(&pair.client);
    test_step(&pair.server); /* both hellos, and the server's Evidence */
    connect_again(&pair, other);
    assert_open(&pair);
    assert_about(&pair, &world->other);
    test_pair_free(&pair);
}

static void a_connection_between_two_handshakes_has_the_verdict_of_none(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    assert_null(client_verdict(&pair));
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(SSL_clear(pair.client.ssl), 1);
    SSL_free(pair.server.ssl);
    pair.server.ssl = SSL_new(server);
    test_pair_join(&pair);
    test_step(&pair.client);
    assert_int_equal(client_verdict(&pair)->state, ATLS_VERDICT_NONE);
    assert_int_equal(client_verdict(&pair)->num_evidence, 0);
    assert_false(client_verdict(&pair)->peer_has_key);
    test_pair_free(&pair);
}

static void a_client_goes_over_to_another_ssl_ctx_between_two_connections(void **state)
{
    (void)state;
    /* this one endorses another machine, and so refuses the server */
    SSL_CTX *stricter =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.requires = &world->other});
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    SSL_free(pair.server.ssl);
    pair.server.ssl = SSL_new(other);
    assert_int_equal(SSL_clear(pair.client.ssl), 1);
    assert_ptr_equal(SSL_set_SSL_CTX(pair.client.ssl, stricter), stricter);
    test_pair_join(&pair);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), NOT_ENDORSED);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
    SSL_CTX_free(stricter);
}

static void a_duplicate_has_a_session_of_its_own(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    SSL *twin = SSL_dup(pair.client.ssl);
    assert_non_null(twin);
    test_shake(&pair);
    assert_open(&pair);
    assert_null(atls_openssl_verdict(twin));
    struct test_pair second = {.client.ssl = twin, .server.ssl = SSL_new(other)};
    test_pair_join(&second);
    test_shake(&second);
    assert_open(&second);
    assert_about(&pair, &world->server);
    assert_about(&second, &world->other);
    test_pair_free(&pair);
    assert_about(&second, &world->other);
    test_pair_free(&second);
}

/* SSL_dup(3) copies what applications put into an SSL; two that shared a session would free it
 * twice, and have one verdict. */
static void a_duplicate_of_a_used_one_shares_nothing_with_it(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(SSL_clear(pair.client.ssl), 1);
    SSL *twin = SSL_dup(pair.client.ssl);
    assert_non_null(twin);
    assert_ptr_not_equal(twin, pair.client.ssl);
    assert_null(atls_openssl_verdict(twin));
    struct test_pair second = {.client.ssl = twin, .server.ssl = SSL_new(other)};
    test_pair_join(&second);
    test_shake(&second);
    assert_open(&second);
    assert_ptr_not_equal(atls_openssl_verdict(twin), client_verdict(&pair));
    assert_about(&second, &world->other);
    test_pair_free(&second);
    test_pair_free(&pair);
}

static void a_duplicate_of_a_running_connection_is_the_same_one(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    SSL *twin = SSL_dup(pair.client.ssl);
    assert_ptr_equal(twin, pair.client.ssl);
    assert_open(&pair);
    SSL_free(twin);
    assert_open(&pair);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_used_again_for_another_server),
        cmocka_unit_test(a_server_is_used_again_for_another_client),
        cmocka_unit_test(an_accepted_verdict_does_not_help_the_next_server),
        cmocka_unit_test(a_refused_verdict_does_not_harm_the_next_server),
        cmocka_unit_test(a_gate_that_was_shut_opens_for_the_next_connection),
        cmocka_unit_test(half_a_handshake_is_forgotten),
        cmocka_unit_test(a_connection_between_two_handshakes_has_the_verdict_of_none),
        cmocka_unit_test(a_client_goes_over_to_another_ssl_ctx_between_two_connections),
        cmocka_unit_test(a_duplicate_has_a_session_of_its_own),
        cmocka_unit_test(a_duplicate_of_a_used_one_shares_nothing_with_it),
        cmocka_unit_test(a_duplicate_of_a_running_connection_is_the_same_one),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
