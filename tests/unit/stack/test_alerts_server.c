/* SPDX-License-Identifier: Apache-2.0 */
/* A server and a client that misbehaves: error, sentence and alert of each cause, as section 8 of
 * PROTOCOL.md lists them. */
#include "script.h"

#include "atls/sim.h"
#include "support/gated_attester.h"

static struct test_world *world;
static SSL_CTX *requires, *attests;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    requires =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.requires = &world->client});
    attests =
        test_enabled_ctx(world, &world->server, &(struct test_spec){.attests = &world->server});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(requires);
    SSL_CTX_free(attests);
    return 0;
}

/* begin joins a client that follows the script, with a chain of two, and `server`. */
static void begin(struct test_pair *pair, SSL_CTX *server, struct script *script)
{
    SSL_CTX *client = test_plain_ctx(world, &world->client, true);
    script_chain(client, world);
    script_put(client, script);
    *pair = test_pair_of(client, server);
    SSL_CTX_free(client);
    test_watch(pair);
}

static void check_end(struct test_pair *pair, const char *err, int alert, const char *detail)
{
    struct atls_diag diag;
    const enum atls_err found = test_outcome(&pair->server, &diag);
    assert_string_equal(script_detail(&diag), detail);
    assert_string_equal(atls_err_name(found), err);
    assert_int_equal(pair->server.alert_out, alert);
    if (pair->client.done) {
        assert_true(test_read(&pair->client) <= 0);
    }
    assert_int_equal(pair->client.alert_in, alert);
    test_assert_shut(&pair->server);
    test_pair_free(pair);
}

static void check(SSL_CTX *server, struct script script, const char *err, int alert,
                  const char *detail)
{
    struct test_pair pair;
    begin(&pair, server, &script);
    test_shake(&pair);
    check_end(&pair, err, alert, detail);
}

static void offers_that_are_malformed_are_answered_by_decode_error(void **state)
{
    (void)state;
    static const struct {
        const char *body, *detail;
    } cases[] = {
        {"", "remoteAttestation offer: server_attester_schemes: found 0 octets that do not hold "
             "the list, expected a 2-octet length and as many octets as it says"},
        {"0004 00002713",
         "remoteAttestation offer: client_attester_schemes: found 0 octets that do not hold the "
         "list, expected a 2-octet length and as many octets as it says, at octet 6"},
        {"0004 00002713 0004 000027",
         "remoteAttestation offer: client_attester_schemes: found 5 octets that do not hold the "
         "list, expected a 2-octet length and as many octets as it says, at octet 6"},
        {"0000 0000 00", "remoteAttestation offer: client_attester_schemes: found 1 octets more, "
                         "expected the end, at octet 4"},
        {"0001 07 0000", "remoteAttestation offer: server_attester_schemes: found "
                         "AttestationMechanism 7, expected 0 (evidence) or 1 (result), at octet 2"},
        {"0003 000027 0000", "remoteAttestation offer: server_attester_schemes: found 1 octets, "
                             "expected 2 octets of content_format, at octet 4"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        check(attests, (struct script){.client_hello = cases[i].body}, "MALFORMED", 50,
              cases[i].detail);
    }
}

static void an_offer_of_33_schemes_is_answered_by_decode_error(void **state)
{
    (void)state;
    char list[33 * 8 + 32] = "0084";
    for (size_t i = 0; i < 33; i++) {
        memcpy(&list[4 + i * 8], "00002713", 9);
    }
    memcpy(&list[4 + 33 * 8], "0000", 5);
    check(attests, (struct script){.client_hello = list}, "MALFORMED", 50,
          "remoteAttestation offer: server_attester_schemes: found more schemes, expected at most "
          "32, at octet 130");
}

static void clients_that_offer_nothing_that_is_required_miss_an_extension(void **state)
{
    (void)state;
    check(requires, (struct script){.hellos = 0}, "NOTHING_OFFERED", 109,
          "ClientHello: client_attester_schemes: found no remoteAttestation, expected evidence of "
          "content format 10003 or another that this server takes");
    check(requires, (struct script){.client_hello = "0004 00002713 0000"}, "NOTHING_OFFERED", 109,
          "ClientHello: client_attester_schemes: found an empty list, expected evidence of content "
          "format 10003 or another that this server takes");
    check(requires, (struct script){.client_hello = "0000 0004 " SCHEME_OTHER}, "NOTHING_OFFERED",
          109,
          "ClientHello: client_attester_schemes: found evidence of content format 263, expected "
          "evidence of content format 10003 or another that this server takes");
    check(requires, (struct script){.client_hello = "0000 0000"}, "NOTHING_OFFERED", 109,
          "ClientHello: client_attester_schemes: found an empty list, expected evidence of content "
          "format 10003 or another that this server takes");
}

/* retry runs a handshake with HelloRetryRequest. */
static void check_retry(SSL_CTX *server, const char *first, const char *second, const char *detail)
{
    struct script script = {.client_hello = first, .second_client_hello = second};
    struct test_pair pair;
    begin(&pair, server, &script);
    test_use_groups(pair.client.ssl, "X25519:P-384");
    test_use_groups(pair.server.ssl, "P-384");
    test_shake(&pair);
    check_end(&pair, "ILLEGAL", 47, detail);
}

static void a_second_client_hello_that_offers_otherwise_is_illegal(void **state)
{
    (void)state;
    check_retry(attests, OFFER_PSA, "0004 00002713 0000",
                "ClientHello: remoteAttestation: found other schemes in the second ClientHello, "
                "expected those of the first ClientHello");
    check_retry(attests, NULL, OFFER_PSA,
                "ClientHello: remoteAttestation: found the extension in the second ClientHello "
                "alone, expected the extensions of the first ClientHello");
    check_retry(requires, OFFER_PSA, NULL,
                "ClientHello: remoteAttestation: found no such extension in the second "
                "ClientHello, expected the extensions of the first ClientHello");
}

/* PROTOCOL.md, 4: where no certificate is asked for, OpenSSL tells nobody of the missing offer. */
static void a_dropped_offer_is_not_served_where_nobody_notices(void **state)
{
    (void)state;
    struct script script = {.client_hello = OFFER_PSA};
    struct test_pair pair;
    begin(&pair, attests, &script);
    test_use_groups(pair.client.ssl, "X25519:P-384");
    test_use_groups(pair.server.ssl, "P-384");
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    assert_int_equal(script.hellos, 2);
    assert_int_equal(script.credentials, 0);
    test_pair_free(&pair);
    script.second_client_hello = OFFER_PSA;
    begin(&pair, attests, &script);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    assert_int_equal(script.credentials, 1);
    test_pair_free(&pair);
}

static void clients_without_credential_are_a_handshake_failure(void **state)
{
    (void)state;
    check(requires, (struct script){.client_hello = OFFER_PSA}, "NOT_ATTESTED", 40,
          "Certificate: remoteAttestation: found no such extension, expected evidence of content "
          "format 10003");
}

static void credentials_in_the_wrong_place_are_illegal(void **state)
{
    (void)state;
    check(requires, (struct script){.client_hello = OFFER_PSA, .certificate = {NULL, "000001 00"}},
          "ILLEGAL", 47,
          "Certificate: remoteAttestation: found a credential in CertificateEntry 1, expected it "
          "in the first one, which has index 0");
    check(requires,
          (struct script){.client_hello = OFFER_PSA, .certificate = {"000001 00", "000001 00"}},
          "ILLEGAL", 47,
          "Certificate: remoteAttestation: found a credential in CertificateEntry 1, expected it "
          "in the first one, which has index 0");
}

static void credentials_that_cannot_be_read_are_answered_by_decode_error(void **state)
{
    (void)state;
    check(requires, (struct script){.client_hello = OFFER_PSA, .certificate = {"000000"}},
          "MALFORMED", 50,
          "remoteAttestation credential: cmw_payload: found a length of 0, expected 1 to 65528");
}

static void evidence_that_is_refused_is_a_handshake_failure(void **state)
{
    (void)state;
    check(requires, (struct script){.client_hello = OFFER_PSA, .certificate = {"000001 ff"}},
          "EVIDENCE_MALFORMED", 40,
          "CMW: CBOR: found a break outside of an indefinite item, expected an item");
    check(requires,
          (struct script){.client_hello = OFFER_PSA, .certificate = {"000006 82190107 4100"}},
          "EVIDENCE_TYPE", 40,
          "verifier: type of the CMW: found content format 263, expected psa, application/eat+cwt; "
          "eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
}

/* the client presents the server's own key, with its certificate. */
static void a_client_with_the_server_s_own_key_is_refused(void **state)
{
    (void)state;
    struct script script = {.client_hello = OFFER_PSA, .certificate = {"000001 00"}};
    SSL_CTX *client = test_plain_ctx(world, &world->server, true);
    script_put(client, &script);
    struct test_pair pair = test_pair_of(client, requires);
    test_watch(&pair);
    test_shake(&pair);
    SSL_CTX_free(client);
    check_end(&pair, "REFLECTED", 40,
              "peer's certificate: SubjectPublicKeyInfo: found our own key, expected a key of the "
              "peer's");
}

static void an_unknown_authority_gets_openssl_s_own_alert(void **state)
{
    (void)state;
    SSL_CTX *client =
        test_enabled_ctx(world, &world->client, &(struct test_spec){.attests = &world->client});
    test_use_self_signed(client, &world->client);
    struct test_pair pair = test_pair_of(client, requires);
    test_watch(&pair);
    test_shake(&pair);
    SSL_CTX_free(client);
    check_end(&pair, "PKIX", SSL_AD_UNKNOWN_CA,
              "peer's certificate: PKIX: found self-signed certificate, expected a chain to --ca "
              "and the name");
}

static void an_older_version_gets_protocol_version(void **state)
{
    (void)state;
    SSL_CTX *client = test_plain_ctx(world, &world->client, true);
    assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION), 1);
    struct test_pair pair = test_pair_of(client, attests);
    test_watch(&pair);
    test_shake(&pair);
    SSL_CTX_free(client);
    check_end(&pair, "PROTOCOL_VERSION", SSL_AD_PROTOCOL_VERSION,
              "handshake: version: found unsupported protocol, expected TLS 1.3");
}

static void our_own_failure_is_an_internal_error(void **state)
{
    (void)state;
    static const enum atls_err errors[] = {ATLS_ERR_ATTESTER, ATLS_ERR_TPM, ATLS_ERR_MEMORY,
                                           ATLS_ERR_KEY};
    const struct atls_attester_ops *ops = test_gated_attester(&atls_attester_sim_psa);
    SSL_CTX *server = test_enabled_ctx(world, &world->server,
                                       &(struct test_spec){.attests = &world->server, .ops = ops});
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        struct script script = {.client_hello = OFFER_PSA};
        struct test_pair pair;
        test_gated.fails_with = errors[i];
        begin(&pair, server, &script);
        test_shake(&pair);
        check_end(&pair, atls_err_name(errors[i]), SSL_AD_INTERNAL_ERROR,
                  "gated attester: found what the test asked for, expected Evidence");
    }
    SSL_CTX_free(server);
}

static void an_attester_that_lies_about_its_length_is_an_internal_error(void **state)
{
    (void)state;
    struct script script = {.client_hello = OFFER_PSA};
    struct test_pair pair;
    const struct atls_attester_ops *ops = test_gated_attester(&atls_attester_sim_psa);
    SSL_CTX *server = test_enabled_ctx(world, &world->server,
                                       &(struct test_spec){.attests = &world->server, .ops = ops});
    test_gated.claims_len = ATLS_MAX_CMW_LEN + 1;
    begin(&pair, server, &script);
    test_shake(&pair);
    check_end(
        &pair, "ATTESTER", SSL_AD_INTERNAL_ERROR,
        "attester: Evidence: found a length that cannot be, expected octets that fit the buffer");
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_that_are_malformed_are_answered_by_decode_error),
        cmocka_unit_test(an_offer_of_33_schemes_is_answered_by_decode_error),
        cmocka_unit_test(clients_that_offer_nothing_that_is_required_miss_an_extension),
        cmocka_unit_test(a_second_client_hello_that_offers_otherwise_is_illegal),
        cmocka_unit_test(a_dropped_offer_is_not_served_where_nobody_notices),
        cmocka_unit_test(clients_without_credential_are_a_handshake_failure),
        cmocka_unit_test(credentials_in_the_wrong_place_are_illegal),
        cmocka_unit_test(credentials_that_cannot_be_read_are_answered_by_decode_error),
        cmocka_unit_test(evidence_that_is_refused_is_a_handshake_failure),
        cmocka_unit_test(a_client_with_the_server_s_own_key_is_refused),
        cmocka_unit_test(an_unknown_authority_gets_openssl_s_own_alert),
        cmocka_unit_test(an_older_version_gets_protocol_version),
        cmocka_unit_test(our_own_failure_is_an_internal_error),
        cmocka_unit_test(an_attester_that_lies_about_its_length_is_an_internal_error),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
