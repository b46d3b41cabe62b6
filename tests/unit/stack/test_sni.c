/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that chooses by server name: certificate, key, attester and demands are those of the
 * SSL_CTX that it goes over to, and the Evidence is about the key that is presented.
 */
#include "support/pair.h"

#include "atls/sim.h"
#include "support/gated_attester.h"
#include "support/keys.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static struct test_world *world;
static SSL_CTX *client;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    client =
        test_enabled_ctx(world, &world->client,
                         &(struct test_spec){.attests = &world->client, .requires = &world->other});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(client);
    return 0;
}

static int switch_by_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    assert_ptr_equal(SSL_set_SSL_CTX(ssl, arg), arg);
    return SSL_TLSEXT_ERR_OK;
}

static struct test_pair pair;
static SSL_CTX *second_of_pair;

/* begin joins a client with a server that begins with `first` and goes over to `second`, and takes
 * both. */
static void begin(SSL_CTX *from, SSL_CTX *first, SSL_CTX *second)
{
    char name[] = "localhost"; /* OpenSSL's macro takes no const */
    SSL_CTX_set_tlsext_servername_callback(first, switch_by_name);
    SSL_CTX_set_tlsext_servername_arg(first, second);
    pair = test_pair_of(from, first);
    assert_int_equal(SSL_set_tlsext_host_name(pair.client.ssl, name), 1);
    test_watch(&pair);
    SSL_CTX_free(first);
    second_of_pair = second;
}

static void end(void)
{
    test_pair_free(&pair);
    SSL_CTX_free(second_of_pair);
    second_of_pair = NULL;
}

static SSL_CTX *first_ctx(void)
{
    return test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
}

static SSL_CTX *second_ctx(const struct test_machine *requires)
{
    return test_enabled_ctx(world, &world->other,
                            &(struct test_spec){.attests = &world->other, .requires = requires});
}

static void assert_about_the_other_key(void)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.client.ssl);
    assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
    assert_bytes(atls_bytes_of(verdict->peer_spki_sha256, 32),
                 test_hash(ATLS_ALG_SHA256, test_spki(world->other.key)));
}

static void the_evidence_is_about_the_key_that_the_name_chose(void **state)
{
    (void)state;
    begin(client, first_ctx(), second_ctx(NULL));
    test_shake(&pair);
    assert_open(&pair);
    assert_about_the_other_key();
    end();
}

static void so_it_is_after_hello_retry_request(void **state)
{
    (void)state;
    begin(client, first_ctx(), second_ctx(&world->client));
    test_use_groups(pair.client.ssl, "X25519:P-384");
    test_use_groups(pair.server.ssl, "P-384");
    test_shake(&pair);
    assert_open(&pair);
    assert_about_the_other_key();
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->group, "P-384");
    assert_int_equal(atls_openssl_verdict(pair.server.ssl)->state, ATLS_VERDICT_ACCEPTED);
    end();
}

static void what_the_second_context_requires_is_asked_of_a_client_that_offers_it(void **state)
{
    (void)state;
    begin(client, first_ctx(), second_ctx(&world->client));
    assert_int_equal(SSL_get_verify_mode(pair.server.ssl), SSL_VERIFY_NONE);
    test_shake(&pair);
    assert_open(&pair);
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.server.ssl);
    assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
    assert_bytes(atls_bytes_of(verdict->peer_spki_sha256, 32),
                 test_hash(ATLS_ALG_SHA256, test_spki(world->client.key)));
    end();
}

static void a_client_that_offers_nothing_for_the_second_context_is_told_so(void **state)
{
    (void)state;
    SSL_CTX *silent =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.requires = &world->other});
    begin(silent, first_ctx(), second_ctx(&world->client));
    test_shake(&pair);
    assert_refused(&pair.server, NOTHING_OFFERED,
                   "ClientHello: the client offered no attestation that is required here "
                   "(client_attester_schemes: found an empty list, expected evidence of content "
                   "format 10003 or another that this server takes)");
    assert_int_equal(pair.client.alert_in, SSL_AD_MISSING_EXTENSION);
    end();
    SSL_CTX_free(silent);
}

static void a_first_context_that_requires_gives_way_to_one_that_does_not(void **state)
{
    (void)state;
    SSL_CTX *silent =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.requires = &world->other});
    begin(silent, second_ctx(&world->client), second_ctx(NULL));
    test_shake(&pair);
    assert_open(&pair);
    assert_int_equal(atls_openssl_verdict(pair.server.ssl)->state, ATLS_VERDICT_NOT_REQUIRED);
    end();
    SSL_CTX_free(silent);
}

static void a_client_that_requires_refuses_a_name_without_attestation(void **state)
{
    (void)state;
    begin(client, second_ctx(NULL), test_plain_ctx(world, &world->server, false));
    test_shake(&pair);
    assert_refused(&pair.client, NOT_ATTESTED,
                   "EncryptedExtensions: the peer did not attest (chosen_server_scheme: found no "
                   "remoteAttestation, expected attestation of the peer, which is required)");
    assert_int_equal(pair.server.alert_in, SSL_AD_HANDSHAKE_FAILURE);
    end();
}

static void a_server_that_required_before_still_does_on_an_ssl_ctx_without_atls(void **state)
{
    (void)state;
    SSL_CTX *attests =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.attests = &world->client});
    begin(attests, second_ctx(&world->client), test_plain_ctx(world, &world->server, true));
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.server, &diag), NO_VERDICT);
    test_assert_shut(&pair.server);
    end();
    SSL_CTX_free(attests);
}

static void a_name_without_atls_serves_plain_clients_where_nothing_is_required(void **state)
{
    (void)state;
    SSL_CTX *plain = test_plain_ctx(world, NULL, true);
    begin(plain, first_ctx(), test_plain_ctx(world, &world->server, false));
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    assert_true(test_send(&pair.client, &pair.server) && test_send(&pair.server, &pair.client));
    end();
    SSL_CTX_free(plain);
}

/* Of an SSL that began on an SSL_CTX without atls nothing was seen: neither offer nor hellos. */
static void a_first_ssl_ctx_without_atls_leaves_nothing_to_attest_with(void **state)
{
    (void)state;
    begin(client, test_plain_ctx(world, &world->server, false), second_ctx(NULL));
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), NOT_ATTESTED);
    test_assert_shut(&pair.client);
    end();
}

/* Without a name: the certificate callback of the application chooses another key at the last
 * moment. */
static int use_other_key(SSL *ssl, void *arg)
{
    (void)arg;
    BIO *bio = BIO_new_mem_buf(world->other.cert, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    const int ok = SSL_use_certificate(ssl, cert) == 1 &&
                   SSL_use_PrivateKey(ssl, atls_key_evp(world->other.key)) == 1;
    X509_free(cert);
    BIO_free(bio);
    return ok;
}

static void the_evidence_is_about_the_key_that_a_certificate_callback_chose(void **state)
{
    (void)state;
    SSL_CTX *server =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->other});
    SSL_CTX_set_cert_cb(server, use_other_key, NULL);
    pair = test_pair_of(client, server);
    test_shake(&pair);
    assert_open(&pair);
    assert_about_the_other_key();
    end();
    SSL_CTX_free(server);
}

static void a_suite_that_only_the_second_attester_cannot_bind_ends_the_handshake(void **state)
{
    (void)state;
    SSL_CTX *first = first_ctx(); /* it takes SHA-384, and SSL_set_SSL_CTX(3) leaves the suites */
    const struct atls_attester_ops *ops = test_gated_attester(&atls_attester_sim_psa);
    test_gated.max_nonce = 34;
    SSL_CTX *second = test_enabled_ctx(world, &world->other,
                                       &(struct test_spec){.attests = &world->other, .ops = ops});
    begin(client, first, second);
    assert_int_equal(SSL_set_ciphersuites(pair.client.ssl, "TLS_AES_256_GCM_SHA384"), 1);
    test_shake(&pair);
    assert_refused(&pair.server, NONCE_LENGTH,
                   "attester nonce: a nonce has a length that is refused (nonce: found 48 octets, "
                   "expected at most 34, which is what gated can bind)");
    assert_int_equal(pair.client.alert_in, SSL_AD_INTERNAL_ERROR);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_evidence_is_about_the_key_that_the_name_chose),
        cmocka_unit_test(so_it_is_after_hello_retry_request),
        cmocka_unit_test(what_the_second_context_requires_is_asked_of_a_client_that_offers_it),
        cmocka_unit_test(a_client_that_offers_nothing_for_the_second_context_is_told_so),
        cmocka_unit_test(a_first_context_that_requires_gives_way_to_one_that_does_not),
        cmocka_unit_test(a_client_that_requires_refuses_a_name_without_attestation),
        cmocka_unit_test(a_server_that_required_before_still_does_on_an_ssl_ctx_without_atls),
        cmocka_unit_test(a_name_without_atls_serves_plain_clients_where_nothing_is_required),
        cmocka_unit_test(a_first_ssl_ctx_without_atls_leaves_nothing_to_attest_with),
        cmocka_unit_test(the_evidence_is_about_the_key_that_a_certificate_callback_chose),
        cmocka_unit_test(a_suite_that_only_the_second_attester_cannot_bind_ends_the_handshake),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
