/* SPDX-License-Identifier: Apache-2.0 */
/* An external PSK, and attestation after the handshake: in both directions, and what is refused. */
#include "support/exchange.h"

#include "atls/sim.h"
#include "support/keys.h"
#include "support/memory.h"

#define NO_PSK_SENTENCE                                                                            \
    "PSK: the connection is not by the pre-shared key that it must have (identity: found none in " \
    "the handshake, or another, expected the identity and key of the PSK that this side has)"

static struct test_world *world;
static struct atls_psk right, wrong, other, longer;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    right = (struct atls_psk){
        .identity = atls_bytes_text("edge-7"),
        .key = test_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")};
    wrong = other = longer = right;
    wrong.key = test_hex("010102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    other.identity = atls_bytes_text("edge-8");
    longer.is_sha384 = true;
    return 0;
}

/* spec_of: 'a' attests, 'r' requires, 'b' does both. */
static struct test_spec spec_of(char part, bool is_server, const struct atls_psk *psk)
{
    const struct test_machine *own = is_server ? &world->server : &world->client;
    const struct test_machine *peer = is_server ? &world->client : &world->server;
    const struct test_spec spec = {.attests = part != 'r' ? own : NULL,
                                   .requires = part != 'a' ? peer : NULL,
                                   .timing = ATLS_TIMING_POST,
                                   .psk = psk};
    return spec;
}

static struct test_pair pair_of(char client, const struct atls_psk *client_psk, char server,
                                const struct atls_psk *server_psk)
{
    const struct test_spec at_client = spec_of(client, false, client_psk);
    const struct test_spec at_server = spec_of(server, true, server_psk);
    struct test_pair pair = test_pair_of_spec(world, &at_client, &at_server);
    test_watch(&pair);
    test_shake(&pair);
    return pair;
}

static void check_verdict(const struct test_end *end, bool requires, const char *suite)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(end->ssl);
    assert_true(verdict->psk);
    assert_false(verdict->resumed);
    assert_string_equal(verdict->suite, suite);
    assert_int_equal(verdict->state, requires ? ATLS_VERDICT_ACCEPTED : ATLS_VERDICT_NOT_REQUIRED);
    assert_int_equal(verdict->num_evidence, requires);
    assert_int_equal(verdict->pkix, requires); /* of the certificate in the authenticator */
}

static void each_side_and_both_attest_on_a_connection_by_psk(void **state)
{
    (void)state;
    static const char sides[][2] = {{'r', 'a'}, {'a', 'r'}, {'b', 'b'}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sides); i++) {
        for (unsigned is_384 = 0; is_384 < 2; is_384++) {
            const struct atls_psk *psk = is_384 == 1 ? &longer : &right;
            const char *suite = is_384 == 1 ? "TLS_AES_256_GCM_SHA384" : "TLS_AES_128_GCM_SHA256";
            struct test_pair pair = pair_of(sides[i][0], psk, sides[i][1], psk);
            assert_null(SSL_get0_peer_certificate(pair.client.ssl)); /* none in the handshake */
            assert_exchanged(&pair);
            check_verdict(&pair.client, sides[i][0] != 'a', suite);
            check_verdict(&pair.server, sides[i][1] != 'a', suite);
            test_pair_free(&pair);
        }
    }
}

static void a_key_exchange_takes_place(void **state)
{
    (void)state;
    struct test_pair pair = pair_of('r', &right, 'a', &right);
    EVP_PKEY *share = NULL;
    assert_int_equal(SSL_get_peer_tmp_key(pair.server.ssl, &share), 1);
    EVP_PKEY_free(share);
    assert_exchanged(&pair);
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->group,
                        SSL_get_negotiated_group(pair.client.ssl) == NID_X25519 ? "X25519"
                                                                                : "X25519MLKEM768");
    test_pair_free(&pair);
}

static void what_the_application_allows_of_psks_alone_is_taken_back(void **state)
{
    (void)state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    (void)SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
    assert_err(atls_openssl_set_psk(ctx, &right, NULL), OK);
    assert_true((SSL_CTX_get_options(ctx) & SSL_OP_ALLOW_NO_DHE_KEX) == 0);
    SSL_CTX_free(ctx);
}

static void after_hello_retry_request_the_psk_is_offered_again(void **state)
{
    (void)state;
    const struct test_spec client = spec_of('r', false, &right),
                           server = spec_of('a', true, &right);
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_use_groups(pair.client.ssl, "X25519:P-384");
    test_use_groups(pair.server.ssl, "P-384");
    test_shake(&pair);
    assert_exchanged(&pair);
    check_verdict(&pair.client, true, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->group, "P-384");
    test_pair_free(&pair);
}

static void a_server_ends_the_handshake_of_a_client_without_its_psk(void **state)
{
    (void)state;
    const struct atls_psk *clients[] = {NULL, &other};
    static const char parts[] = {'a', 'r'}; /* whether it requires attestation or not */
    for (size_t i = 0; i < ATLS_ARRAY_LEN(clients); i++) {
        for (size_t j = 0; j < ATLS_ARRAY_LEN(parts); j++) {
            struct test_pair pair =
                pair_of(parts[j] == 'a' ? 'r' : 'a', clients[i], parts[j], &right);
            assert_refused(&pair.server, NO_PSK, NO_PSK_SENTENCE);
            assert_int_equal(pair.server.alert_out, SSL_AD_UNKNOWN_PSK_IDENTITY);
            assert_outcome(&pair.client, PEER_REFUSED,
                           "handshake: the peer refused this connection with an alert (alert: "
                           "found unknown PSK identity (115))");
            test_pair_free(&pair);
        }
    }
}

/* Where an application has a callback for ClientHello that is its own, the key is still for its
 * identity alone. */
static void a_server_has_a_key_for_its_own_identity_alone(void **state)
{
    (void)state;
    const struct test_spec client = spec_of('r', false, &other),
                           server = spec_of('a', true, &right);
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    SSL_CTX_set_client_hello_cb(SSL_get_SSL_CTX(pair.server.ssl), NULL, NULL);
    test_shake(&pair);
    assert_int_equal(SSL_session_reused(pair.server.ssl), 0);
    assert_refused(&pair.client, NO_PSK, NO_PSK_SENTENCE);
    test_pair_free(&pair);
}

static void a_client_takes_no_server_that_goes_on_by_certificate(void **state)
{
    (void)state;
    struct test_pair pair = pair_of('r', &right, 'a', NULL);
    assert_refused(&pair.client, NO_PSK, NO_PSK_SENTENCE);
    test_pair_free(&pair);
    pair = pair_of('a', &right, 'r', NULL); /* one that requires nothing itself */
    assert_refused(&pair.client, NO_PSK, NO_PSK_SENTENCE);
    test_pair_free(&pair);
}

static void another_key_of_the_same_identity_breaks_the_handshake(void **state)
{
    (void)state;
    struct test_pair pair = pair_of('r', &wrong, 'a', &right);
    assert_outcome(&pair.server, ILLEGAL,
                   "PSK: a message says something that is illegal at this place (binder: found "
                   "binder does not verify, expected one by the key that this side has for that "
                   "identity or session)");
    assert_outcome(&pair.client, PEER_REFUSED,
                   OpenSSL_version_num() >= 0x30500000L
                       ? "handshake: the peer refused this connection with an alert (alert: found "
                         "decrypt error (51))"
                       : "handshake: the peer refused this connection with an alert (alert: found "
                         "illegal parameter (47))");
    test_assert_shut(&pair.client);
    test_assert_shut(&pair.server);
    test_pair_free(&pair);
}

/* An application that has callbacks of its own: its PSK is none that was set here. */
static SSL_SESSION *foreign;

static int use_foreign(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
                       SSL_SESSION **out)
{
    (void)ssl, (void)md;
    *id = right.identity.data;
    *id_len = right.identity.len;
    assert_int_equal(SSL_SESSION_up_ref(foreign), 1);
    *out = foreign;
    return 1;
}

static void a_psk_of_the_application_s_own_is_none_of_ours(void **state)
{
    (void)state;
    static const unsigned char suite[] = {0x13, 0x01};
    const struct test_spec client = spec_of('r', false, &right),
                           server = spec_of('a', true, &right);
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    foreign = SSL_SESSION_new();
    assert_int_equal(SSL_SESSION_set1_master_key(foreign, right.key.data, right.key.len), 1);
    assert_int_equal(SSL_SESSION_set_cipher(foreign, SSL_CIPHER_find(pair.client.ssl, suite)), 1);
    assert_int_equal(SSL_SESSION_set_protocol_version(foreign, TLS1_3_VERSION), 1);
    SSL_set_psk_use_session_callback(pair.client.ssl, use_foreign);
    test_shake(&pair);
    assert_outcome(&pair.client, NO_PSK, NO_PSK_SENTENCE);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
    SSL_SESSION_free(foreign);
}

static int switch_to(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    assert_non_null(SSL_set_SSL_CTX(ssl, arg));
    return SSL_TLSEXT_ERR_OK;
}

/* Virtual hosts: OpenSSL looks for the PSK before it looks at the name of the server. */
static struct test_pair pair_by_name(const struct atls_psk *client_psk,
                                     const struct atls_psk *first, const struct atls_psk *named)
{
    const struct test_spec at_client = spec_of('a', false, client_psk),
                           at_first = spec_of('r', true, first),
                           at_named = spec_of('r', true, named);
    SSL_CTX *client = test_enabled_ctx(world, &world->client, &at_client);
    SSL_CTX *server = test_enabled_ctx(world, &world->server, &at_first);
    SSL_CTX *host = test_enabled_ctx(world, &world->server, &at_named);
    SSL_CTX_set_tlsext_servername_callback(server, switch_to);
    SSL_CTX_set_tlsext_servername_arg(server, host);
    struct test_pair pair = test_pair_of(client, server);
    static char name[] = "localhost"; /* the macro casts const away */
    assert_int_equal(SSL_set_tlsext_host_name(pair.client.ssl, name), 1);
    test_shake(&pair);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    SSL_CTX_free(host);
    return pair;
}

static void the_psk_of_one_virtual_host_is_none_of_another(void **state)
{
    (void)state;
    const struct atls_psk *others[] = {&other, &wrong};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct test_pair pair = pair_by_name(&right, &right, others[i]);
        assert_refused(&pair.server, NO_PSK, NO_PSK_SENTENCE);
        test_pair_free(&pair);
    }
    struct test_pair pair = pair_by_name(&right, &right, &right);
    assert_exchanged(&pair);
    check_verdict(&pair.server, true, "TLS_AES_128_GCM_SHA256");
    test_pair_free(&pair);
}

static void a_psk_goes_with_attestation_after_the_handshake_only(void **state)
{
    (void)state;
    static const enum atls_timing timings[] = {ATLS_TIMING_HANDSHAKE, ATLS_TIMING_BOTH,
                                               ATLS_TIMING_CERTIFICATE};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(timings); i++) {
        struct atls_diag diag;
        struct test_spec spec = spec_of('r', false, &right);
        spec.timing = timings[i];
        struct atls_context *context = test_context(world, &spec);
        SSL_CTX *ctx = test_plain_ctx(world, NULL, false);
        assert_err(atls_openssl_set_psk(ctx, &right, &diag), OK);
        assert_err(atls_openssl_enable(ctx, context, &diag), CONFIG);
        assert_string_equal(test_sentence(&diag),
                            "PSK: the configuration is not valid (timing: found attestation in the "
                            "handshake, or in a certificate, expected post: a handshake by PSK has "
                            "no Certificate message)");
        SSL_CTX_free(ctx);
        atls_context_unref(context);
    }
}

static void a_psk_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    const uint8_t octets[129] = {1};
    SSL_CTX *ctx = test_plain_ctx(world, NULL, false);
    struct atls_psk psk = right;
    psk.is_imported = true;
    assert_err(atls_openssl_set_psk(ctx, &psk, &diag), NOT_BUILT);
    assert_string_equal(test_sentence(&diag),
                        "PSK: not built in this version (imported key (RFC 9258): found OpenSSL, "
                        "which has not the binder label \"imp binder\", expected the external key "
                        "itself)");
    static const size_t key_lens[] = {0, 15, 65}, identity_lens[] = {0, 129};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(key_lens); i++) {
        psk = right;
        psk.key = atls_bytes_of(octets, key_lens[i]);
        assert_err(atls_openssl_set_psk(ctx, &psk, &diag), CONFIG);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(identity_lens); i++) {
        psk = right;
        psk.identity = atls_bytes_of(octets, identity_lens[i]);
        assert_err(atls_openssl_set_psk(ctx, &psk, &diag), CONFIG);
    }
    SSL_CTX_free(ctx);
    const struct test_spec spec = spec_of('r', false, NULL);
    ctx = test_enabled_ctx(world, &world->client, &spec);
    assert_err(atls_openssl_set_psk(ctx, &right, &diag), STATE);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_and_both_attest_on_a_connection_by_psk),
        cmocka_unit_test(a_key_exchange_takes_place),
        cmocka_unit_test(what_the_application_allows_of_psks_alone_is_taken_back),
        cmocka_unit_test(after_hello_retry_request_the_psk_is_offered_again),
        cmocka_unit_test(a_server_ends_the_handshake_of_a_client_without_its_psk),
        cmocka_unit_test(a_server_has_a_key_for_its_own_identity_alone),
        cmocka_unit_test(a_client_takes_no_server_that_goes_on_by_certificate),
        cmocka_unit_test(another_key_of_the_same_identity_breaks_the_handshake),
        cmocka_unit_test(a_psk_of_the_application_s_own_is_none_of_ours),
        cmocka_unit_test(the_psk_of_one_virtual_host_is_none_of_another),
        cmocka_unit_test(a_psk_goes_with_attestation_after_the_handshake_only),
        cmocka_unit_test(a_psk_that_cannot_be_used_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
