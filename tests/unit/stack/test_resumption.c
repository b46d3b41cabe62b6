/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation does not carry over: no tickets, no resumed sessions, no early data in either
 * direction, whatever an application turns on again.
 */
#include "tickets.h"

#include "atls/sim.h"

#include <openssl/err.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static SSL_CTX *enabled_server(const struct test_spec *spec, bool tickets)
{
    SSL_CTX *ctx = test_enabled_ctx(world, &world->server, spec);
    assert_int_equal(SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"tests", 5), 1);
    if (tickets) {
        /* what an application does that knows better */
        SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
        assert_int_equal(SSL_CTX_set_num_tickets(ctx, 1), 1);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
        assert_int_equal(SSL_CTX_set_max_early_data(ctx, 1024), 1);
    }
    return ctx;
}

static SSL_CTX *enabled_client(const struct test_spec *spec)
{
    SSL_CTX *ctx = test_enabled_ctx(world, &world->client, spec);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    SSL_CTX_set_msg_callback(ctx, count_messages);
    return ctx;
}

static void forget_session(void)
{
    SSL_SESSION_free(kept);
    kept = NULL;
    num_tickets = 0;
    num_psk_offers = 0;
}

/* connect_once does one full handshake, after which the client has read what may follow it. */
static void connect_once(SSL_CTX *client, SSL_CTX *server)
{
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    /* else OpenSSL forgets the session as a bad one */
    SSL_set_shutdown(pair.client.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(pair.server.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    test_pair_free(&pair);
}

static const struct test_spec *server_attests(void)
{
    static struct test_spec spec;
    spec.attests = &world->server;
    return &spec;
}

static const struct test_spec *client_attests(void)
{
    static struct test_spec spec;
    spec.attests = &world->client;
    return &spec;
}

static const struct test_spec *client_requires(void)
{
    static struct test_spec spec;
    spec.requires = &world->server;
    return &spec;
}

static const struct test_spec *server_requires(void)
{
    static struct test_spec spec;
    spec.requires = &world->client;
    return &spec;
}

static void no_ticket_is_sent_and_no_psk_is_offered(void **state)
{
    (void)state;
    SSL_CTX *server = enabled_server(server_attests(), false);
    SSL_CTX *client = enabled_client(client_requires());
    forget_session();
    connect_once(client, server);
    connect_once(client, server);
    assert_int_equal(num_tickets, 0);
    assert_int_equal(num_psk_offers, 0);
    assert_null(kept);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

#define RESUMED_AT_HELLO                                                                           \
    "ClientHello: the session was resumed, and attestation does not carry over (session: found "   \
    "one to resume, expected a full handshake)"
#define RESUMED_AT_GATE                                                                            \
    "channel: the session was resumed, and attestation does not carry over (session: found a "     \
    "resumed one, expected a full handshake)"

static void a_client_that_requires_offers_no_session_to_resume(void **state)
{
    (void)state;
    SSL_CTX *server = enabled_server(server_attests(), true);
    SSL_CTX *client = enabled_client(client_requires());
    forget_session();
    connect_once(client, server);
    assert_int_equal(num_tickets, 1);
    assert_non_null(kept);
    struct test_pair pair = test_pair_of(client, server);
    assert_int_equal(SSL_set_session(pair.client.ssl, kept), 1);
    test_shake(&pair);
    assert_refused(&pair.client, RESUMED, RESUMED_AT_HELLO);
    assert_int_equal(BIO_number_written(SSL_get_rbio(pair.client.ssl)), 0);
    assert_int_equal(num_psk_offers, 0);
    test_pair_free(&pair);
    forget_session();
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void a_server_that_requires_refuses_a_resumed_session(void **state)
{
    (void)state;
    SSL_CTX *server = enabled_server(server_requires(), true);
    SSL_CTX *client = enabled_client(client_attests());
    forget_session();
    connect_once(client, server);
    assert_non_null(kept);
    struct test_pair pair = test_pair_of(client, server);
    assert_int_equal(SSL_set_session(pair.client.ssl, kept), 1);
    test_shake(&pair);
    assert_int_equal(num_psk_offers, 1);
    assert_true(SSL_session_reused(pair.server.ssl) != 0);
    assert_refused(&pair.server, RESUMED, RESUMED_AT_GATE);
    assert_false(test_send(&pair.client, &pair.server));
    test_pair_free(&pair);
    forget_session();
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* ---- external PSKs: a handshake without certificates ---- */

static SSL_SESSION *new_psk(SSL *ssl)
{
    static const unsigned char suite[] = {0x13, 0x01}, secret[32] = {7};
    SSL_SESSION *session = SSL_SESSION_new();
    assert_int_equal(SSL_SESSION_set1_master_key(session, secret, sizeof secret), 1);
    assert_int_equal(SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, suite)), 1);
    assert_int_equal(SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_SESSION_set_max_early_data(session, 1024), 1);
    return session;
}

static int use_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
                   SSL_SESSION **session)
{
    (void)md;
    *id = (const unsigned char *)"psk";
    *id_len = 3;
    *session = new_psk(ssl);
    return 1;
}

static int find_psk(SSL *ssl, const unsigned char *id, size_t id_len, SSL_SESSION **session)
{
    *session = id_len == 3 && memcmp(id, "psk", 3) == 0 ? new_psk(ssl) : NULL;
    return 1;
}

/* psk_pair makes a pair that has a PSK in common; OpenSSL reads 0-RTT data of up to 1024 octets. */
static struct test_pair psk_pair(SSL_CTX *client, SSL_CTX *server)
{
    struct test_pair pair = test_pair_of(client, server);
    SSL_set_psk_use_session_callback(pair.client.ssl, use_psk);
    SSL_set_psk_find_session_callback(pair.server.ssl, find_psk);
    assert_int_equal(SSL_set_max_early_data(pair.server.ssl, 1024), 1);
    assert_int_equal(SSL_set_recv_max_early_data(pair.server.ssl, 1024), 1);
    return pair;
}

static void a_psk_shows_no_certificate_and_opens_nothing(void **state)
{
    (void)state;
    SSL_CTX *client = test_enabled_ctx(world, NULL, client_requires());
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    struct test_pair pair = psk_pair(client, server);
    test_shake(&pair);
    assert_refused(&pair.client, RESUMED, RESUMED_AT_GATE);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    client = test_plain_ctx(world, &world->client, true);
    server = enabled_server(server_requires(), false);
    pair = psk_pair(client, server);
    test_shake(&pair);
    assert_refused(&pair.server, RESUMED, RESUMED_AT_GATE);
    assert_false(test_send(&pair.server, &pair.client));
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

#define TOO_EARLY                                                                                  \
    "gate: the handshake ended without an appraisal of the peer (early data: found data before "   \
    "the end of the handshake, expected none, since the peer has not been appraised)"

/* ---- early data ---- */

static void a_client_that_requires_sends_no_early_data(void **state)
{
    (void)state;
    size_t wrote = 0;
    SSL_CTX *client = test_enabled_ctx(world, NULL, client_requires());
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    struct test_pair pair = psk_pair(client, server);
    assert_int_equal(SSL_write_early_data(pair.client.ssl, "secret", 6, &wrote), 0);
    test_shake(&pair);
    assert_refused(&pair.client, NO_VERDICT, TOO_EARLY);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void a_server_that_requires_reads_no_early_data(void **state)
{
    (void)state;
    size_t count = 0;
    char got[8];
    SSL_CTX *client = test_plain_ctx(world, &world->client, true);
    SSL_CTX *server = enabled_server(server_requires(), false);
    struct test_pair pair = psk_pair(client, server);
    assert_int_equal(SSL_write_early_data(pair.client.ssl, "attack", 6, &count), 1);
    const int ret = SSL_read_early_data(pair.server.ssl, got, sizeof got, &count);
    assert_int_not_equal(ret, SSL_READ_EARLY_DATA_SUCCESS);
    ERR_clear_error();
    assert_refused(&pair.server, NO_VERDICT, TOO_EARLY);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void a_server_that_requires_sends_nothing_with_its_finished(void **state)
{
    (void)state;
    size_t count = 0;
    char got[8];
    SSL_CTX *client = test_enabled_ctx(world, &world->client, client_attests());
    SSL_CTX *server = enabled_server(server_requires(), false);
    struct test_pair pair = test_pair_of(client, server);
    test_step(&pair.client);
    (void)SSL_read_early_data(pair.server.ssl, got, sizeof got, &count);
    assert_int_equal(SSL_write_early_data(pair.server.ssl, "secret", 6, &count), 0);
    ERR_clear_error();
    test_shake(&pair);
    assert_true(test_read(&pair.client) <= 0);
    assert_refused(&pair.server, NO_VERDICT, TOO_EARLY);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void a_server_that_requires_nothing_may_send_early(void **state)
{
    (void)state;
    size_t count = 0;
    char got[8] = {0};
    SSL_CTX *client = test_enabled_ctx(world, &world->client, client_requires());
    SSL_CTX *server = enabled_server(server_attests(), false);
    struct test_pair pair = test_pair_of(client, server);
    test_step(&pair.client);
    assert_int_equal(SSL_read_early_data(pair.server.ssl, got, sizeof got, &count),
                     SSL_READ_EARLY_DATA_FINISH);
    assert_int_equal(SSL_write_early_data(pair.server.ssl, "hello", 5, &count), 1);
    test_shake(&pair);
    assert_outcome(&pair.client, OK, "no error");
    assert_int_equal(SSL_read(pair.client.ssl, got, sizeof got), 5);
    assert_open(&pair);
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static int stop(void **state)
{
    (void)state;
    forget_session();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_ticket_is_sent_and_no_psk_is_offered),
        cmocka_unit_test(a_client_that_requires_offers_no_session_to_resume),
        cmocka_unit_test(a_server_that_requires_refuses_a_resumed_session),
        cmocka_unit_test(a_psk_shows_no_certificate_and_opens_nothing),
        cmocka_unit_test(a_client_that_requires_sends_no_early_data),
        cmocka_unit_test(a_server_that_requires_reads_no_early_data),
        cmocka_unit_test(a_server_that_requires_sends_nothing_with_its_finished),
        cmocka_unit_test(a_server_that_requires_nothing_may_send_early),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
