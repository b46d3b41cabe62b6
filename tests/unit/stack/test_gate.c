/* SPDX-License-Identifier: Apache-2.0 */
/* An application that takes the callbacks off, or looks away: no octet passes all the same (R-26,
 * R-28), and the reason says what to put back. */
#include "support/pair.h"

#include "atls/sim.h"

static struct test_world *world;
static SSL_CTX *client, *server, *plain_client, *plain_server;

/* In each test but a few the client requires, and the server attests. */
static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    client = test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    plain_client = test_plain_ctx(world, &world->client, true);
    plain_server = test_plain_ctx(world, &world->server, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    SSL_CTX_free(plain_client);
    SSL_CTX_free(plain_server);
    return 0;
}

/* requiring_server makes the SSL_CTX of a server that requires attestation of its clients. */
static SSL_CTX *requiring_server(void)
{
    return test_enabled_ctx(world, &world->server, &(struct test_spec){.requires = &world->client});
}

static SSL_CTX *attesting_client(void)
{
    return test_enabled_ctx(world, &world->client, &(struct test_spec){.attests = &world->client});
}

#define NO_VERIFY                                                                                  \
    "ClientHello: a callback that atls needs is not in place (verify mode: found SSL_VERIFY_NONE " \
    "where the peer must attest, expected SSL_VERIFY_PEER)"
#define NO_INFO                                                                                    \
    "ClientHello: a callback that atls needs is not in place (info callback: found a start of "    \
    "the handshake that it did not see, expected atls_openssl_info_callback called from the "      \
    "application's own)"
#define NOT_APPRAISED                                                                              \
    "gate: the handshake ended without an appraisal of the peer (peer's certificate: found none "  \
    "that atls could appraise, expected a certificate that goes through the verify callback of "   \
    "atls)"

static void verify_none_on_a_connection_is_refused_before_anything_is_sent(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_NONE, NULL);
    test_shake(&pair);
    assert_refused(&pair.client, CALLBACK, NO_VERIFY);
    assert_int_equal(BIO_number_written(SSL_get_rbio(pair.client.ssl)), 0);
    test_pair_free(&pair);
}

static void verify_none_on_the_ssl_ctx_is_refused_too(void **state)
{
    (void)state;
    SSL_CTX *careless =
        test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    SSL_CTX_set_verify(careless, SSL_VERIFY_NONE, NULL);
    struct test_pair pair = test_pair_of(careless, server);
    test_shake(&pair);
    assert_refused(&pair.client, CALLBACK, NO_VERIFY);
    test_pair_free(&pair);
    SSL_CTX_free(careless);
}

static void a_server_with_verify_none_sends_internal_error(void **state)
{
    (void)state;
    SSL_CTX *ours = requiring_server(), *attests = attesting_client();
    struct test_pair pair = test_pair_of(attests, ours);
    test_watch(&pair);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_NONE, NULL);
    test_shake(&pair);
    assert_refused(&pair.server, CALLBACK, NO_VERIFY);
    assert_int_equal(pair.client.alert_in, SSL_AD_INTERNAL_ERROR);
    test_pair_free(&pair);
    SSL_CTX_free(ours);
    SSL_CTX_free(attests);
}

static void a_plain_client_gets_no_data_from_a_server_with_verify_none(void **state)
{
    (void)state;
    SSL_CTX *ours = requiring_server();
    struct test_pair pair = test_pair_of(plain_client, ours);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_NONE, NULL);
    test_shake(&pair);
    assert_refused(&pair.server, CALLBACK, NO_VERIFY);
    assert_false(test_send(&pair.server, &pair.client));
    test_pair_free(&pair);
    SSL_CTX_free(ours);
}

static int accept_all(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

static void a_replaced_verify_callback_leaves_no_verdict(void **state)
{
    (void)state;
    SSL_CTX *careless =
        test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    SSL_CTX_set_cert_verify_callback(careless, accept_all, NULL);
    struct test_pair pair = test_pair_of(careless, server);
    test_shake(&pair);
    assert_true(pair.client.done); /* OpenSSL has nothing against it */
    assert_refused(&pair.client, NO_VERDICT, NOT_APPRAISED);
    assert_false(test_send(&pair.server, &pair.client));
    test_pair_free(&pair);
    SSL_CTX_free(careless);
}

static void ignore_messages(int write_p, int version, int content_type, const void *buf, size_t len,
                            SSL *ssl, void *arg)
{
    (void)write_p, (void)version, (void)content_type, (void)buf, (void)len, (void)ssl;
    ++*(unsigned *)arg;
}

static void chain_messages(int write_p, int version, int content_type, const void *buf, size_t len,
                           SSL *ssl, void *arg)
{
    ignore_messages(write_p, version, content_type, buf, len, ssl, arg);
    atls_openssl_msg_callback(write_p, version, content_type, buf, len, ssl, NULL);
}

#define NO_HELLOS                                                                                  \
    "transcript: the transcript of ClientHello and ServerHello is incomplete "                     \
    "(Transcript-Hash(ClientHello..ServerHello): found no ClientHello, expected both hellos; an "  \
    "application that sets its own message callback must chain atls_openssl_msg_callback)"

static void a_replaced_message_callback_is_advised_to_chain(void **state)
{
    (void)state;
    unsigned seen = 0;
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    SSL_set_msg_callback(pair.client.ssl, ignore_messages);
    SSL_set_msg_callback_arg(pair.client.ssl, &seen);
    test_shake(&pair);
    assert_refused(&pair.client, TRANSCRIPT, NO_HELLOS);
    assert_int_equal(pair.client.alert_out, SSL_AD_INTERNAL_ERROR);
    assert_true(seen > 0);
    test_pair_free(&pair);
}

static void so_is_the_side_that_attests(void **state)
{
    (void)state;
    unsigned seen = 0;
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    SSL_set_msg_callback(pair.server.ssl, ignore_messages);
    SSL_set_msg_callback_arg(pair.server.ssl, &seen);
    test_shake(&pair);
    assert_refused(&pair.server, TRANSCRIPT, NO_HELLOS);
    assert_int_equal(pair.client.alert_in, SSL_AD_INTERNAL_ERROR);
    assert_outcome(&pair.client, PEER_ALERT,
                   "handshake: the peer ended the handshake with an alert (alert: found internal "
                   "error (80))");
    test_pair_free(&pair);
}

static void a_chained_message_callback_works(void **state)
{
    (void)state;
    unsigned seen[2] = {0, 0};
    struct test_pair pair = test_pair_of(client, server);
    SSL_set_msg_callback(pair.client.ssl, chain_messages);
    SSL_set_msg_callback_arg(pair.client.ssl, &seen[0]);
    SSL_set_msg_callback(pair.server.ssl, chain_messages);
    SSL_set_msg_callback_arg(pair.server.ssl, &seen[1]);
    test_shake(&pair);
    assert_open(&pair);
    assert_true(seen[0] > 0 && seen[1] > 0);
    test_pair_free(&pair);
}

static unsigned infos;

static void ignore_info(const SSL *ssl, int where, int ret)
{
    (void)ssl, (void)where, (void)ret;
    infos++;
}

static void chain_info(const SSL *ssl, int where, int ret)
{
    infos++;
    atls_openssl_info_callback(ssl, where, ret);
}

static void a_replaced_info_callback_is_refused_before_anything_is_sent(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    SSL_set_info_callback(pair.client.ssl, ignore_info);
    test_shake(&pair);
    assert_refused(&pair.client, CALLBACK, NO_INFO);
    assert_int_equal(BIO_number_written(SSL_get_rbio(pair.client.ssl)), 0);
    test_pair_free(&pair);
}

static void so_is_one_of_a_server_and_with_any_client(void **state)
{
    (void)state;
    SSL_CTX *ours = requiring_server(), *attests = attesting_client();
    SSL_CTX *clients[] = {attests, plain_client};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(clients); i++) {
        struct test_pair pair = test_pair_of(clients[i], ours);
        SSL_set_info_callback(pair.server.ssl, ignore_info);
        test_shake(&pair);
        assert_refused(&pair.server, CALLBACK, NO_INFO);
        test_pair_free(&pair);
    }
    SSL_CTX_free(ours);
    SSL_CTX_free(attests);
}

static void neither_callback_nor_verify_mode_left_is_refused_with_a_plain_client(void **state)
{
    (void)state;
    unsigned seen = 0;
    SSL_CTX *ours = requiring_server();
    struct test_pair pair = test_pair_of(plain_client, ours);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_NONE, NULL);
    SSL_set_info_callback(pair.server.ssl, ignore_info);
    test_shake(&pair);
    assert_refused(&pair.server, CALLBACK, NO_INFO);
    test_pair_free(&pair);
    pair = test_pair_of(plain_client, ours);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_NONE, NULL);
    SSL_set_msg_callback(pair.server.ssl, ignore_messages);
    SSL_set_msg_callback_arg(pair.server.ssl, &seen);
    test_shake(&pair);
    assert_refused(&pair.server, NO_VERDICT, NOT_APPRAISED);
    test_pair_free(&pair);
    SSL_CTX_free(ours);
}

static void a_chained_info_callback_works(void **state)
{
    (void)state;
    infos = 0;
    struct test_pair pair = test_pair_of(client, server);
    SSL_set_info_callback(pair.client.ssl, chain_info);
    SSL_set_info_callback(pair.server.ssl, chain_info);
    test_shake(&pair);
    assert_open(&pair);
    assert_true(infos > 0);
    test_pair_free(&pair);
}

/* Where nothing is required, an application may do as it likes. */
static void a_side_that_requires_nothing_keeps_verify_none(void **state)
{
    (void)state;
    SSL_CTX *attests = attesting_client();
    SSL_CTX *stranger = test_plain_ctx(world, NULL, false);
    test_use_self_signed(stranger, &world->other);
    struct test_pair pair = test_pair_of(attests, stranger);
    test_shake(&pair);
    assert_true(pair.client.done);
    assert_outcome(&pair.client, OK, "no error");
    assert_true(test_send(&pair.server, &pair.client));
    assert_false(atls_openssl_verdict(pair.client.ssl)->pkix);
    test_pair_free(&pair);
    SSL_CTX_free(attests);
    SSL_CTX_free(stranger);
}

/* A callback of the application that lets a bad chain pass does not replace PKIX. */
static int overlook(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

static void a_per_certificate_callback_that_overlooks_errors_is_not_believed(void **state)
{
    (void)state;
    SSL_CTX *stranger =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    test_use_self_signed(stranger, &world->server);
    struct test_pair pair = test_pair_of(client, stranger);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_PEER, overlook);
    test_shake(&pair);
    assert_refused(&pair.client, PKIX,
                   "peer's certificate: the certificate of the peer is not accepted (PKIX: found "
                   "self-signed certificate, expected a chain to --ca and the name)");
    test_pair_free(&pair);
    SSL_CTX_free(stranger);
}

static void so_it_may_where_nothing_is_required(void **state)
{
    (void)state;
    SSL_CTX *attests = attesting_client();
    SSL_CTX *stranger = test_plain_ctx(world, NULL, false);
    test_use_self_signed(stranger, &world->other);
    struct test_pair pair = test_pair_of(attests, stranger);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_PEER, overlook);
    test_shake(&pair);
    assert_outcome(&pair.client, OK, "no error");
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_NOT_REQUIRED);
    assert_true(atls_openssl_verdict(pair.client.ssl)->peer_has_key);
    assert_false(atls_openssl_verdict(pair.client.ssl)->pkix);
    test_pair_free(&pair);
    SSL_CTX_free(attests);
    SSL_CTX_free(stranger);
}

static void a_server_that_asks_for_the_certificate_only_later_gets_no_verdict(void **state)
{
    (void)state;
    SSL_CTX *ours = requiring_server(), *attests = attesting_client();
    struct test_pair pair = test_pair_of(attests, ours);
    SSL_set_post_handshake_auth(pair.client.ssl, 1);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, NULL);
    test_shake(&pair);
    assert_refused(&pair.server, NO_VERDICT, NOT_APPRAISED);
    test_pair_free(&pair);
    SSL_CTX_free(ours);
    SSL_CTX_free(attests);
}

static void a_client_without_certificate_passes_only_openssl(void **state)
{
    (void)state;
    SSL_CTX *ours = requiring_server();
    SSL_CTX *attests =
        test_enabled_ctx(world, NULL, &(struct test_spec){.attests = &world->client});
    struct test_pair pair = test_pair_of(attests, ours);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER, NULL);
    test_shake(&pair);
    assert_refused(&pair.server, NO_VERDICT, NOT_APPRAISED);
    test_pair_free(&pair);
    pair = test_pair_of(attests, ours);
    test_watch(&pair);
    test_shake(&pair);
    assert_refused(&pair.server, NOT_ATTESTED,
                   "Certificate: the peer did not attest (client certificate: found none, expected "
                   "a certificate and its attestation)");
    assert_int_equal(pair.server.alert_out, SSL_AD_CERTIFICATE_REQUIRED);
    test_pair_free(&pair);
    SSL_CTX_free(ours);
    SSL_CTX_free(attests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_none_on_a_connection_is_refused_before_anything_is_sent),
        cmocka_unit_test(verify_none_on_the_ssl_ctx_is_refused_too),
        cmocka_unit_test(a_server_with_verify_none_sends_internal_error),
        cmocka_unit_test(a_plain_client_gets_no_data_from_a_server_with_verify_none),
        cmocka_unit_test(a_replaced_verify_callback_leaves_no_verdict),
        cmocka_unit_test(a_replaced_message_callback_is_advised_to_chain),
        cmocka_unit_test(so_is_the_side_that_attests),
        cmocka_unit_test(a_chained_message_callback_works),
        cmocka_unit_test(a_replaced_info_callback_is_refused_before_anything_is_sent),
        cmocka_unit_test(so_is_one_of_a_server_and_with_any_client),
        cmocka_unit_test(neither_callback_nor_verify_mode_left_is_refused_with_a_plain_client),
        cmocka_unit_test(a_chained_info_callback_works),
        cmocka_unit_test(a_side_that_requires_nothing_keeps_verify_none),
        cmocka_unit_test(a_per_certificate_callback_that_overlooks_errors_is_not_believed),
        cmocka_unit_test(so_it_may_where_nothing_is_required),
        cmocka_unit_test(a_server_that_asks_for_the_certificate_only_later_gets_no_verdict),
        cmocka_unit_test(a_client_without_certificate_passes_only_openssl),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
