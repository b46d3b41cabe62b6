/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways around the gate that an application opens without meaning to: it writes before
 * it has shaken hands, exchanges the SSL_CTX by SNI, or takes callbacks away. No octet may pass.
 */
#include "support/pair.h"
#include "support/threads.h"

#include "atls/sim.h"

#include <openssl/err.h>
#if OPENSSL_VERSION_NUMBER >= 0x30200000L && !defined(OPENSSL_NO_QUIC)
#include <openssl/quic.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static int accept_anything(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

static void see_nothing(const SSL *ssl, int where, int ret)
{
    (void)ssl, (void)where, (void)ret;
}

static void see_no_message(int write_p, int version, int type, const void *buf, size_t len,
                           SSL *ssl, void *arg)
{
    (void)write_p, (void)version, (void)type, (void)buf, (void)len, (void)ssl, (void)arg;
}

/* write_first lets `end` shake hands within SSL_write, and tells whether an octet got through. */
static bool write_first(struct test_end *end, struct test_end *peer)
{
    char got = '\0';
    int wrote = -1;
    for (int i = 0; i < 10 && wrote != 1; i++) {
        ERR_clear_error();
        wrote = SSL_write(end->ssl, "x", 1);
        ERR_clear_error();
        (void)SSL_do_handshake(peer->ssl);
    }
    ERR_clear_error();
    const bool arrived = SSL_read(peer->ssl, &got, 1) == 1;
    ERR_clear_error();
    assert_int_equal(arrived, wrote == 1);
    return arrived;
}

static void an_open_gate_lets_a_write_through_that_shakes_hands_itself(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    assert_true(write_first(&pair.client, &pair.server));
    test_pair_free(&pair);
}

static void a_shut_gate_holds_in_a_write_that_shakes_hands_itself(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server};
    SSL_CTX *client_ctx = test_enabled_ctx(world, NULL, &client);
    SSL_CTX *server_ctx = test_plain_ctx(world, &world->server, false);
    SSL_CTX_set_cert_verify_callback(client_ctx, accept_anything, NULL);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    assert_false(write_first(&pair.client, &pair.server));
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->reason.err, ATLS_ERR_NO_VERDICT);
    test_pair_free(&pair);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

static void carry(BIO *from, BIO *to)
{
    unsigned char octets[8192];
    const int len = BIO_read(from, octets, sizeof octets);
    if (len > 0) {
        assert_int_equal(BIO_write(to, octets, len), len);
    }
}

/* An application that does its own input and output holds its BIOs without a reference, and sends
 * what the handshake left in one of them after the gate has taken that one from the SSL. */
static void what_was_written_stays_with_the_application_when_the_gate_shuts(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server};
    SSL_CTX *client_ctx = test_enabled_ctx(world, NULL, &client);
    SSL_CTX *server_ctx = test_plain_ctx(world, &world->server, false);
    SSL_CTX_set_cert_verify_callback(client_ctx, accept_anything, NULL);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    BIO *to_server = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());
    SSL_set_bio(pair.client.ssl, to_client, to_server);
    SSL_set_bio(pair.server.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    test_step(&pair.client);
    carry(to_server, SSL_get_rbio(pair.server.ssl));
    test_step(&pair.server);
    carry(SSL_get_wbio(pair.server.ssl), to_client);
    test_step(&pair.client);
    assert_true(pair.client.done);
    test_assert_shut(&pair.client);
    assert_ptr_not_equal(SSL_get_wbio(pair.client.ssl), to_server);
    carry(to_server, SSL_get_rbio(pair.server.ssl));
    test_step(&pair.server);
    assert_true(pair.server.done); /* the client's Finished was there to be sent */
    test_pair_free(&pair);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

/* A server that uses its SSL again for the next client, with the BIO that it has. */
static void a_refused_connection_object_serves_the_next_peer(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->client};
    const struct test_spec attests = {.attests = &world->client};
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &requires);
    SSL_CTX *stranger = test_plain_ctx(world, NULL, false);
    SSL_CTX *client = test_enabled_ctx(world, &world->client, &attests);
    struct test_pair pair = test_pair_of(stranger, server);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, NULL);
    test_shake(&pair);
    assert_true(pair.server.done);
    test_assert_shut(&pair.server);

    BIO *network = SSL_get_rbio(pair.client.ssl);
    SSL *next = SSL_new(client);
    assert_int_equal(BIO_up_ref(network), 1);
    SSL_set_bio(next, network, network);
    SSL_set_connect_state(next);
    SSL_free(pair.client.ssl);
    memset(&pair.client, 0, sizeof pair.client);
    pair.client.ssl = next;
    assert_int_equal(SSL_clear(pair.server.ssl), 1);
    SSL_set_verify(pair.server.ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_accept_state(pair.server.ssl);
    pair.server.done = false;
    test_shake(&pair);
    assert_open(&pair);
    test_pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(stranger);
    SSL_CTX_free(client);
}

/* ---- another SSL_CTX, by SNI ---- */

static int switch_by_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    assert_ptr_equal(SSL_set_SSL_CTX(ssl, arg), arg);
    return SSL_TLSEXT_ERR_OK;
}

static int switch_by_hello(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    assert_ptr_equal(SSL_set_SSL_CTX(ssl, arg), arg);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void set_name(SSL *ssl)
{
    char name[] = "localhost"; /* OpenSSL's macro takes no const */
    assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
}

/* shake_switched runs a handshake of a plain client with a server that goes from `first` to
 * `second`, and frees both. */
static struct test_pair shake_switched(SSL_CTX *first, SSL_CTX *second, bool by_hello)
{
    SSL_CTX *plain = test_plain_ctx(world, &world->client, false);
    if (by_hello) {
        SSL_CTX_set_client_hello_cb(first, switch_by_hello, second);
    } else {
        SSL_CTX_set_tlsext_servername_callback(first, switch_by_name);
        SSL_CTX_set_tlsext_servername_arg(first, second);
    }
    struct test_pair pair = test_pair_of(plain, first);
    set_name(pair.client.ssl);
    test_shake(&pair);
    SSL_CTX_free(plain);
    SSL_CTX_free(first);
    SSL_CTX_free(second);
    return pair;
}

static void assert_nothing_passes(struct test_pair *pair)
{
    assert_false(test_send(&pair->client, &pair->server));
    assert_false(test_send(&pair->server, &pair->client));
    ERR_clear_error();
}

static void the_demand_of_the_context_that_sni_chose_holds(void **state)
{
    (void)state;
    const struct test_spec attests = {.attests = &world->server};
    const struct test_spec requires = {.requires = &world->client};
    for (int by_hello = 0; by_hello < 2; by_hello++) {
        /* SSL_set_SSL_CTX(3) leaves the verify mode as it was: no certificate is asked for */
        struct test_pair pair =
            shake_switched(test_enabled_ctx(world, &world->server, &attests),
                           test_enabled_ctx(world, &world->server, &requires), by_hello != 0);
        assert_nothing_passes(&pair);
        assert_int_equal(atls_openssl_verdict(pair.server.ssl)->reason.err, ATLS_ERR_NO_VERDICT);
        test_pair_free(&pair);
    }
}

static void a_demand_is_not_lost_by_going_to_a_context_without_atls(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->client};
    for (int by_hello = 0; by_hello < 2; by_hello++) {
        SSL_CTX *first = test_enabled_ctx(world, &world->server, &requires);
        SSL_CTX_set_verify(first, SSL_VERIFY_PEER, NULL); /* a certificate is optional */
        struct test_pair pair =
            shake_switched(first, test_plain_ctx(world, &world->server, false), by_hello != 0);
        assert_nothing_passes(&pair);
        assert_int_equal(atls_openssl_verdict(pair.server.ssl)->state, ATLS_VERDICT_REFUSED);
        test_pair_free(&pair);
    }
}

/* By the servername callback alone: where the callback for ClientHello goes to an SSL_CTX with more
 * extensions of its own, OpenSSL (3.0 to 3.5) reads behind its array of what the ClientHello has.
 */
static void a_demand_holds_that_comes_with_the_second_context_alone(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->client};
    struct test_pair pair =
        shake_switched(test_plain_ctx(world, &world->server, false),
                       test_enabled_ctx(world, &world->server, &requires), false);
    assert_nothing_passes(&pair);
    assert_int_equal(atls_openssl_verdict(pair.server.ssl)->reason.err, ATLS_ERR_CALLBACK);
    test_pair_free(&pair);
}

/* ---- callbacks that the application takes away ---- */

static void a_server_without_our_info_callback_serves_nobody(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->client};
    static const int modes[] = {SSL_VERIFY_NONE, SSL_VERIFY_PEER};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(modes); i++) {
        SSL_CTX *server = test_enabled_ctx(world, &world->server, &requires);
        SSL_CTX *client = test_plain_ctx(world, NULL, false);
        SSL_CTX_set_info_callback(server, see_nothing);
        SSL_CTX_set_verify(server, modes[i], NULL);
        struct test_pair pair = test_pair_of(client, server);
        test_shake(&pair);
        assert_false(pair.client.done);
        assert_nothing_passes(&pair);
        assert_int_equal(atls_openssl_verdict(pair.server.ssl)->reason.err, ATLS_ERR_CALLBACK);
        test_pair_free(&pair);
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

static void a_client_below_tls_1_3_without_our_info_callback_gets_nothing(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->server};
    SSL_CTX *client = test_enabled_ctx(world, NULL, &requires);
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(server, TLS1_2_VERSION), 1);
    SSL_CTX_set_info_callback(client, see_nothing);
    SSL_CTX_set_cert_verify_callback(client, accept_anything, NULL);
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_false(pair.server.done);
    assert_nothing_passes(&pair);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->reason.err, ATLS_ERR_CALLBACK);
    test_pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void a_client_without_both_of_our_callbacks_gets_nothing(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->server};
    SSL_CTX *client = test_enabled_ctx(world, NULL, &requires);
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    SSL_CTX_set_info_callback(client, see_nothing);
    SSL_CTX_set_msg_callback(client, see_no_message);
    SSL_CTX_set_cert_verify_callback(client, accept_anything, NULL);
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_false(pair.client.done);
    assert_nothing_passes(&pair);
    test_pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* unhook is an application that takes the info callback away in the middle. */
static int unhook(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    SSL_set_info_callback(ssl, see_nothing);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void an_end_that_our_info_callback_does_not_see_opens_nothing(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->client};
    const struct test_spec attests = {.attests = &world->client};
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &requires);
    SSL_CTX *client = test_enabled_ctx(world, &world->client, &attests);
    SSL_CTX_set_client_hello_cb(server, unhook, NULL);
    SSL_CTX_set_cert_verify_callback(server, accept_anything, NULL);
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_true(pair.server.done);
    assert_nothing_passes(&pair);
    assert_false(atls_verdict_opens(atls_openssl_verdict(pair.server.ssl)));
    test_pair_free(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* ---- raw public keys, which OpenSSL has since 3.2 ---- */

static void a_raw_public_key_is_no_certificate(void **state)
{
    (void)state;
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
    const unsigned char raw[] = {TLSEXT_cert_type_rpk};
    const unsigned char any[] = {TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509};
    const struct test_spec requires = {.requires = &world->server};
    const struct test_spec attests = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &requires, &attests);
    assert_int_equal(SSL_set1_server_cert_type(pair.client.ssl, raw, sizeof raw), 1);
    assert_int_equal(SSL_set1_server_cert_type(pair.server.ssl, any, sizeof any), 1);
    test_shake(&pair);
    assert_refused(&pair.client, PKIX,
                   "peer's certificate: the certificate of the peer is not accepted (certificate "
                   "type: found a raw public key, expected an X.509 certificate)");
    test_pair_free(&pair);
#else
    print_message("skipped: raw public keys need OpenSSL 3.2\n");
    skip();
#endif
}

/* ---- other protocols, whose SSL the gate cannot shut ---- */

static void only_tls_can_be_enabled(void **state)
{
    (void)state;
    const struct {
        const SSL_METHOD *method;
        const char *claim;
    } methods[] = {
        {DTLS_method(), "timing"}, /* with post it can: test_post_dtls.c */
        {DTLS_client_method(), "timing"},
#if OPENSSL_VERSION_NUMBER >= 0x30200000L && !defined(OPENSSL_NO_QUIC)
        {OSSL_QUIC_client_method(), "SSL_CTX"},
#endif
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(methods); i++) {
        const struct test_spec attests = {.attests = &world->server};
        struct atls_context *context = test_context(world, &attests);
        struct atls_diag diag = {.err = ATLS_OK};
        SSL_CTX *ctx = SSL_CTX_new(methods[i].method);
        assert_non_null(ctx);
        assert_err(atls_openssl_enable(ctx, context, &diag), CONFIG);
        assert_string_equal(diag.claim, methods[i].claim);
        /* and the context is still open, for the right SSL_CTX */
        assert_err(atls_context_set_timeout(context, 5000, NULL), OK);
        SSL_CTX_free(ctx);
        atls_context_unref(context);
    }
}

/* ---- where jobs run ---- */

static void a_side_that_only_requires_appraises_on_a_fiber(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->server};
    const struct test_spec attests = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &requires, &attests);
    SSL_set_mode(pair.client.ssl, SSL_MODE_ASYNC);
    test_shake(&pair);
    SSL_clear_mode(pair.client.ssl, SSL_MODE_ASYNC);
    assert_open(&pair);
    test_pair_free(&pair);
}

/* A server that forks (as nginx does) enables in the parent and serves in the children. */
static void a_child_of_a_fork_appraises_with_threads_of_its_own(void **state)
{
    (void)state;
    const struct test_spec requires = {.requires = &world->server, .timeout_ms = 60000};
    const struct test_spec attests = {.attests = &world->server};
    SSL_CTX *client = test_enabled_ctx(world, NULL, &requires);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &attests);
    SSL_CTX_set_mode(client, SSL_MODE_ASYNC);
    struct test_pair pair = test_pair_of(client, server); /* in the parent: now there are threads */
    test_shake(&pair);
    assert_true(pair.client.done);
    test_pair_free(&pair);
    test_wait_for_sleeping_threads();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pair = test_pair_of(client, server);
        test_shake(&pair);
        const bool done = pair.client.done && pair.server.done;
        test_pair_free(&pair);
        SSL_CTX_free(client); /* ends, although the parent's threads are not here to be joined */
        SSL_CTX_free(server);
        _exit(done ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_gate_lets_a_write_through_that_shakes_hands_itself),
        cmocka_unit_test(a_shut_gate_holds_in_a_write_that_shakes_hands_itself),
        cmocka_unit_test(what_was_written_stays_with_the_application_when_the_gate_shuts),
        cmocka_unit_test(a_refused_connection_object_serves_the_next_peer),
        cmocka_unit_test(the_demand_of_the_context_that_sni_chose_holds),
        cmocka_unit_test(a_demand_is_not_lost_by_going_to_a_context_without_atls),
        cmocka_unit_test(a_demand_holds_that_comes_with_the_second_context_alone),
        cmocka_unit_test(a_server_without_our_info_callback_serves_nobody),
        cmocka_unit_test(a_client_below_tls_1_3_without_our_info_callback_gets_nothing),
        cmocka_unit_test(a_client_without_both_of_our_callbacks_gets_nothing),
        cmocka_unit_test(an_end_that_our_info_callback_does_not_see_opens_nothing),
        cmocka_unit_test(a_raw_public_key_is_no_certificate),
        cmocka_unit_test(only_tls_can_be_enabled),
        cmocka_unit_test(a_side_that_only_requires_appraises_on_a_fiber),
        cmocka_unit_test(a_child_of_a_fork_appraises_with_threads_of_its_own),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
