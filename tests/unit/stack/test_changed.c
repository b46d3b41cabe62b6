/* SPDX-License-Identifier: Apache-2.0 */
/* An application that changes its SSL after atls was enabled: what was negotiated is judged, not
 * what was set. */
#include "script.h"

#include "atls/sim.h"
#include "support/gated_attester.h"

#include <openssl/err.h>

static struct test_world *world;
static SSL_CTX *client, *server, *requires, *attests;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    client = test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    requires =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.requires = &world->client});
    attests =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.attests = &world->client});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    SSL_CTX_free(requires);
    SSL_CTX_free(attests);
    return 0;
}

typedef void change(SSL *ssl);

static void to_tls12(SSL *ssl)
{
    assert_int_equal(SSL_set_min_proto_version(ssl, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_set_max_proto_version(ssl, TLS1_2_VERSION), 1);
}

static void to_tls12_and_up(SSL *ssl)
{
    assert_int_equal(SSL_set_min_proto_version(ssl, TLS1_2_VERSION), 1);
}

static void to_ffdhe(SSL *ssl)
{
    test_use_groups(ssl, "ffdhe2048");
}

static void to_ccm(SSL *ssl)
{
    assert_int_equal(SSL_set_ciphersuites(ssl, "TLS_AES_128_CCM_SHA256"), 1);
}

static void to_what_it_was(SSL *ssl)
{
    (void)ssl;
}

/* check changes both ends, and reads how the one that requires has refused. */
static void check(SSL_CTX *from, SSL_CTX *to, change *client_change, change *server_change,
                  const char *err, int alert, const char *sentence)
{
    struct test_pair pair = test_pair_of(from, to);
    struct test_end *judge = from == client ? &pair.client : &pair.server;
    struct test_end *peer = from == client ? &pair.server : &pair.client;
    test_watch(&pair);
    client_change(pair.client.ssl);
    server_change(pair.server.ssl);
    test_shake(&pair);
    if (peer->done) {
        assert_true(test_read(peer) <= 0);
    }
    struct atls_diag diag;
    const enum atls_err found = test_outcome(judge, &diag);
    assert_string_equal(test_sentence(&diag), sentence);
    assert_string_equal(atls_err_name(found), err);
    assert_int_equal(peer->alert_in, alert);
    test_assert_shut(judge);
    test_pair_free(&pair);
}

#define OLD                                                                                        \
    "channel: the connection is not TLS 1.3 (version: found an older version, expected TLS 1.3)"
#define GROUP                                                                                      \
    "channel: the channel is not one that attestation may be bound to (group: found none that is " \
    "listed, expected a group of PROTOCOL.md)"
#define SUITE                                                                                      \
    "channel: the channel is not one that attestation may be bound to (cipher suite: found "       \
    "TLS_AES_128_CCM_SHA256, expected a suite of PROTOCOL.md)"

static void tls_1_2_is_refused(void **state)
{
    (void)state;
    check(client, server, to_tls12_and_up, to_tls12, "PROTOCOL_VERSION", 40, OLD);
    check(client, server, to_tls12, to_tls12_and_up, "PROTOCOL_VERSION", 40, OLD);
    check(attests, requires, to_tls12, to_tls12_and_up, "PROTOCOL_VERSION", 40, OLD);
}

static void a_finite_field_group_is_refused(void **state)
{
    (void)state;
    check(client, server, to_ffdhe, to_ffdhe, "CHANNEL", 40, GROUP);
    check(attests, requires, to_ffdhe, to_ffdhe, "CHANNEL", 40, GROUP);
}

static void a_suite_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    struct script script = {.client_hello = OFFER_PSA, .certificate = {"000001 00"}};
    SSL_CTX *careless = test_plain_ctx(world, &world->client, true);
    script_put(careless, &script);
    check(careless, requires, to_ccm, to_ccm, "CHANNEL", 40, SUITE);
    SSL_CTX_free(careless);
}

static void no_suite_or_group_in_common_is_said(void **state)
{
    (void)state;
    SSL_CTX *plain = test_plain_ctx(world, &world->client, true);
    check(plain, requires, to_ccm, to_what_it_was, "CHANNEL", 40,
          "handshake: the channel is not one that attestation may be bound to (found no shared "
          "cipher, expected a suite and a group of PROTOCOL.md in common)");
    check(plain, requires, to_ffdhe, to_what_it_was, "CHANNEL", 40,
          "handshake: the channel is not one that attestation may be bound to (found no suitable "
          "key share, expected a suite and a group of PROTOCOL.md in common)");
    SSL_CTX_free(plain);
}

static void no_evidence_is_made_for_a_suite_that_is_not_listed(void **state)
{
    (void)state;
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    to_ccm(pair.client.ssl);
    to_ccm(pair.server.ssl);
    test_shake(&pair);
    assert_refused(&pair.server, ALGORITHM,
                   "transcript: an algorithm is not one that is accepted here (hash of the cipher "
                   "suite: found COSE 0, expected SHA-256 (COSE -16) or SHA-384 (COSE -43))");
    assert_int_equal(pair.server.alert_out, SSL_AD_HANDSHAKE_FAILURE);
    assert_refused(&pair.client, PEER_REFUSED,
                   "handshake: the peer refused this connection with an alert (alert: found "
                   "handshake failure (40))");
    test_pair_free(&pair);
}

/* Where nothing is required of the peer, and nothing attested to it, the channel is the
 * application's. */
static void a_side_without_demands_may_go_where_it_likes(void **state)
{
    (void)state;
    SSL_CTX *none = test_enabled_ctx(world, &world->server, &(struct test_spec){.requires = NULL});
    static change *const changes[] = {to_tls12, to_ffdhe, to_ccm};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(changes); i++) {
        struct test_pair pair = test_pair_of(none, none);
        changes[i](pair.client.ssl);
        changes[i](pair.server.ssl);
        test_shake(&pair);
        assert_open(&pair);
        test_pair_free(&pair);
    }
    SSL_CTX_free(none);
}

/* ---- what an attester can bind decides on the suites (R-10) ---- */

static SSL_CTX *limited_server(size_t max_nonce)
{
    const struct atls_attester_ops *ops = test_gated_attester(&atls_attester_sim_psa);
    test_gated.max_nonce = max_nonce;
    return test_enabled_ctx(world, &world->server,
                            &(struct test_spec){.attests = &world->server, .ops = ops});
}

static void an_attester_of_34_octets_leaves_sha_384_out(void **state)
{
    (void)state;
    SSL_CTX *limited = limited_server(34);
    struct test_pair pair = test_pair_of(client, limited);
    test_shake(&pair);
    assert_open(&pair);
    test_pair_free(&pair);
    pair = test_pair_of(client, limited);
    test_watch(&pair);
    assert_int_equal(SSL_set_ciphersuites(pair.client.ssl, "TLS_AES_256_GCM_SHA384"), 1);
    test_shake(&pair);
    assert_refused(&pair.server, CHANNEL,
                   "handshake: the channel is not one that attestation may be bound to (found no "
                   "shared cipher, expected a suite and a group of PROTOCOL.md in common)");
    assert_int_equal(pair.client.alert_in, SSL_AD_HANDSHAKE_FAILURE);
    test_pair_free(&pair);
    SSL_CTX_free(limited);
}

static void an_attester_of_48_octets_takes_all_suites(void **state)
{
    (void)state;
    static const size_t limits[] = {32, 47, 48, 64};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(limits); i++) {
        SSL_CTX *limited = limited_server(limits[i]);
        SSL *ssl = SSL_new(limited);
        const STACK_OF(SSL_CIPHER) *suites = SSL_get_ciphers(ssl);
        bool has_sha384 = false;
        for (int k = 0; k < sk_SSL_CIPHER_num(suites); k++) {
            const SSL_CIPHER *suite = sk_SSL_CIPHER_value(suites, k);
            has_sha384 =
                has_sha384 || strcmp(SSL_CIPHER_get_name(suite), "TLS_AES_256_GCM_SHA384") == 0;
        }
        assert_int_equal(has_sha384, limits[i] >= 48);
        SSL_free(ssl);
        SSL_CTX_free(limited);
    }
}

static void an_attester_of_less_than_32_octets_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct atls_attester_ops *ops = test_gated_attester(&atls_attester_sim_psa);
    test_gated.max_nonce = 31;
    SSL_CTX *ctx = test_plain_ctx(world, &world->server, false);
    struct atls_context *context =
        test_context(world, &(struct test_spec){.attests = &world->server, .ops = ops});
    assert_err(atls_openssl_enable(ctx, context, &diag), ATTESTER);
    assert_string_equal(test_sentence(&diag),
                        "cipher suites: our own attester could not make Evidence (longest nonce: "
                        "found an attester that takes less than 32 octets, expected 32 octets)");
    atls_context_unref(context);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_1_2_is_refused),
        cmocka_unit_test(a_finite_field_group_is_refused),
        cmocka_unit_test(a_suite_that_is_not_listed_is_refused),
        cmocka_unit_test(no_suite_or_group_in_common_is_said),
        cmocka_unit_test(no_evidence_is_made_for_a_suite_that_is_not_listed),
        cmocka_unit_test(a_side_without_demands_may_go_where_it_likes),
        cmocka_unit_test(an_attester_of_34_octets_leaves_sha_384_out),
        cmocka_unit_test(an_attester_of_48_octets_takes_all_suites),
        cmocka_unit_test(an_attester_of_less_than_32_octets_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
