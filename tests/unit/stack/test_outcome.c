/* SPDX-License-Identifier: Apache-2.0 */
/* How a handshake ended, as one error and one sentence, for each way to end. */
#include "script.h"

#include "atls/sim.h"

#include <openssl/err.h>

static struct test_world *world;
static SSL_CTX *requires, *attests, *none, *plain_server;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    requires =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.requires = &world->server});
    attests =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    none = test_enabled_ctx(world, &world->client, &(struct test_spec){.requires = NULL});
    plain_server = test_plain_ctx(world, &world->server, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(requires);
    SSL_CTX_free(attests);
    SSL_CTX_free(none);
    SSL_CTX_free(plain_server);
    return 0;
}

static void an_open_gate_is_no_error(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(requires, attests);
    test_shake(&pair);
    assert_outcome(&pair.client, OK, "no error");
    assert_outcome(&pair.server, OK, "no error");
    assert_err(atls_openssl_outcome(pair.client.ssl, 1, NULL), OK); /* a diag is not needed */
    test_pair_free(&pair);
}

static void our_own_refusal_is_the_reason_of_the_verdict(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(requires, plain_server);
    test_shake(&pair);
    assert_outcome(&pair.client, NOT_ATTESTED,
                   "EncryptedExtensions: the peer did not attest (chosen_server_scheme: found no "
                   "remoteAttestation, expected attestation of the peer, which is required)");
    /* what the caller hands over does not matter then, and the answer stays */
    assert_err(atls_openssl_outcome(pair.client.ssl, 1, NULL), NOT_ATTESTED);
    assert_err(atls_openssl_outcome(pair.client.ssl, 0, NULL), NOT_ATTESTED);
    test_pair_free(&pair);
}

static void the_error_queue_is_empty_afterwards(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(requires, plain_server);
    test_step(&pair.client);
    test_step(&pair.server);
    const int ret = SSL_do_handshake(pair.client.ssl);
    assert_int_equal(SSL_get_error(pair.client.ssl, ret), SSL_ERROR_SSL);
    assert_int_not_equal(ERR_peek_error(), 0);
    assert_err(atls_openssl_outcome(pair.client.ssl, ret, NULL), NOT_ATTESTED);
    assert_int_equal(ERR_peek_error(), 0);
    /* so another connection of this thread is not misled */
    struct test_pair other = test_pair_of(requires, attests);
    const int again = SSL_do_handshake(other.client.ssl);
    assert_int_equal(SSL_get_error(other.client.ssl, again), SSL_ERROR_WANT_READ);
    test_pair_free(&pair);
    test_pair_free(&other);
}

/* ---- alerts of the peer ---- */

/* send_alert lets a server of TLS 1.3 fail with an alert that it chooses. */
static int chosen_alert;

static int fail_with_alert(SSL *ssl, int *alert, void *arg)
{
    (void)ssl, (void)arg;
    *alert = chosen_alert;
    return SSL_CLIENT_HELLO_ERROR;
}

static void check_alert(SSL_CTX *client, int alert, const char *err, const char *text)
{
    char sentence[200];
    struct atls_diag diag;
    SSL_CTX *server = test_plain_ctx(world, &world->server, false);
    SSL_CTX_set_client_hello_cb(server, fail_with_alert, NULL);
    chosen_alert = alert;
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    const enum atls_err found = test_outcome(&pair.client, &diag);
    snprintf(sentence, sizeof sentence, "handshake: %s (alert: found %s (%d))",
             atls_err_text(found), text, alert);
    assert_string_equal(atls_err_name(found), err);
    assert_string_equal(test_sentence(&diag), sentence);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
    SSL_CTX_free(server);
}

static void alerts_that_speak_of_identity_are_refusals_by_the_peer(void **state)
{
    (void)state;
    check_alert(none, 42, "PEER_REFUSED", "bad certificate");
    check_alert(none, 44, "PEER_REFUSED", "certificate revoked");
    check_alert(none, 45, "PEER_REFUSED", "certificate expired");
    check_alert(none, 48, "PEER_REFUSED", "unknown CA");
    /* the two of TLS 1.3 come of themselves: nothing offered, and no certificate */
    SSL_CTX *server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.requires = &world->client});
    SSL_CTX *no_cert =
        test_enabled_ctx(world, NULL, &(struct test_spec){.attests = &world->client});
    SSL_CTX *const clients[] = {none, no_cert};
    static const int alerts[] = {SSL_AD_MISSING_EXTENSION, SSL_AD_CERTIFICATE_REQUIRED};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(clients); i++) {
        struct atls_diag diag;
        struct test_pair pair = test_pair_of(clients[i], server);
        test_watch(&pair);
        test_shake(&pair);
        if (pair.client.done) {
            assert_true(test_read(&pair.client) <= 0);
        }
        assert_int_equal(pair.client.alert_in, alerts[i]);
        assert_err(test_outcome(&pair.client, &diag), PEER_REFUSED);
        test_pair_free(&pair);
    }
    SSL_CTX_free(server);
    SSL_CTX_free(no_cert);
}

static void some_alerts_are_refusals_where_attestation_was_part_of_it(void **state)
{
    (void)state;
    static const struct {
        int alert;
        const char *text;
    } alerts[] = {{40, "handshake failure"},
                  {47, "illegal parameter"},
                  {50, "decode error"},
                  {110, "unsupported extension"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(alerts); i++) {
        check_alert(requires, alerts[i].alert, "PEER_REFUSED", alerts[i].text);
        check_alert(none, alerts[i].alert, "PEER_ALERT", alerts[i].text);
    }
}

static void other_alerts_end_the_handshake_without_a_judgement(void **state)
{
    (void)state;
    check_alert(requires, 80, "PEER_ALERT", "internal error");
    check_alert(requires, 70, "PEER_ALERT", "protocol version");
    check_alert(none, 71, "PEER_ALERT", "insufficient security");
}

static void an_alert_that_comes_late_is_reported_too(void **state)
{
    (void)state;
    SSL_CTX *server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.requires = &world->client});
    SSL_CTX *client =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.attests = &world->other});
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_true(pair.client.done); /* it has sent its Evidence, and knows of nothing */
    assert_outcome(&pair.client, OK, "no error");
    assert_true(test_read(&pair.client) <= 0);
    assert_outcome(&pair.client, PEER_REFUSED,
                   "handshake: the peer refused this connection with an alert (alert: found "
                   "handshake failure (40))");
    test_pair_free(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* ---- the connection ---- */

static void check_octets(const char *hex, const char *err, const char *sentence)
{
    struct atls_diag diag;
    const struct atls_bytes octets = test_hex(hex);
    struct test_end end = {.ssl = SSL_new(requires)};
    SSL_set_bio(end.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(end.ssl);
    test_step(&end);
    assert_int_equal(BIO_write(SSL_get_rbio(end.ssl), octets.data, (int)octets.len), octets.len);
    BIO_set_mem_eof_return(SSL_get_rbio(end.ssl), 0);
    test_step(&end);
    const enum atls_err found = test_outcome(&end, &diag);
    assert_string_equal(test_sentence(&diag), sentence);
    assert_string_equal(atls_err_name(found), err);
    test_assert_shut(&end);
    SSL_free(end.ssl);
}

static void what_comes_instead_of_a_server_hello_is_told_apart(void **state)
{
    (void)state;
    check_octets("16030300", "CONNECTION",
                 "handshake: the connection failed (found the end of the connection, expected the "
                 "peer's next message)");
    /* "HTTP/1.1 400" */
    check_octets("485454502f312e3120343030", "PROTOCOL_VERSION",
                 "handshake: the connection is not TLS 1.3 (version: found wrong version number, "
                 "expected TLS 1.3)");
    check_octets("1603030004 0e000000", "ILLEGAL",
                 "handshake: a message says something that is illegal at this place (found "
                 "unexpected message, expected a handshake by RFC 8446)");
}

static void the_end_of_the_connection_is_no_verdict(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(requires, attests);
    test_step(&pair.client);
    BIO_shutdown_wr(SSL_get_rbio(pair.server.ssl));
    BIO_shutdown_wr(SSL_get_wbio(pair.server.ssl));
    test_step(&pair.client);
    assert_true(pair.client.failed);
    assert_outcome(&pair.client, CONNECTION,
                   "handshake: the connection failed (found the end of the connection, expected "
                   "the peer's next message)");
    test_pair_free(&pair);
}

static void an_open_connection_that_breaks_is_the_connection_s_fault(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(requires, attests);
    test_shake(&pair);
    assert_open(&pair);
    BIO_shutdown_wr(SSL_get_wbio(pair.server.ssl));
    assert_true(test_read(&pair.client) <= 0);
    assert_outcome(
        &pair.client, CONNECTION,
        "connection: the connection failed (found unexpected eof while reading, expected "
        "close_notify)");
    test_pair_free(&pair);
}

/* ---- what atls did not see ---- */

static void see_only_the_start(const SSL *ssl, int where, int ret)
{
    if ((where & SSL_CB_HANDSHAKE_START) != 0) {
        atls_openssl_info_callback(ssl, where, ret);
    }
}

static void an_end_that_was_kept_from_atls_is_no_open_gate(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(requires, attests);
    SSL_set_info_callback(pair.client.ssl, see_only_the_start);
    test_shake(&pair);
    assert_true(pair.client.done);
    assert_outcome(&pair.client, NO_VERDICT,
                   "gate: the handshake ended without an appraisal of the peer");
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_NONE);
    test_pair_free(&pair);
}

static void a_server_hello_that_is_not_tls_1_3_is_told_apart(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL_CTX *old = test_plain_ctx(world, &world->server, false);
    assert_int_equal(SSL_CTX_set_min_proto_version(old, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION), 1);
    struct test_pair pair = test_pair_of(requires, old);
    test_shake(&pair);
    assert_err(test_outcome(&pair.client, &diag), PEER_ALERT); /* it does not even answer */
    assert_string_equal(diag.found, "protocol version (70)");
    test_pair_free(&pair);
    SSL_CTX_free(old);
}

static void a_connection_that_has_not_begun_has_no_outcome_but_the_connection_s(void **state)
{
    (void)state;
    struct atls_diag diag;
    SSL *ssl = SSL_new(requires);
    assert_err(atls_openssl_outcome(ssl, -1, &diag), CONNECTION);
    assert_err(atls_openssl_outcome(ssl, 1, &diag), NO_VERDICT);
    SSL_free(ssl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_gate_is_no_error),
        cmocka_unit_test(our_own_refusal_is_the_reason_of_the_verdict),
        cmocka_unit_test(the_error_queue_is_empty_afterwards),
        cmocka_unit_test(alerts_that_speak_of_identity_are_refusals_by_the_peer),
        cmocka_unit_test(some_alerts_are_refusals_where_attestation_was_part_of_it),
        cmocka_unit_test(other_alerts_end_the_handshake_without_a_judgement),
        cmocka_unit_test(an_alert_that_comes_late_is_reported_too),
        cmocka_unit_test(what_comes_instead_of_a_server_hello_is_told_apart),
        cmocka_unit_test(the_end_of_the_connection_is_no_verdict),
        cmocka_unit_test(an_open_connection_that_breaks_is_the_connection_s_fault),
        cmocka_unit_test(an_end_that_was_kept_from_atls_is_no_open_gate),
        cmocka_unit_test(a_server_hello_that_is_not_tls_1_3_is_told_apart),
        cmocka_unit_test(a_connection_that_has_not_begun_has_no_outcome_but_the_connection_s),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
