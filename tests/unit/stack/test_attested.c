/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes that succeed: who attests, with and without PKIX, and what the verdicts say. */
#include "support/pair.h"

#include "atls/sim.h"
#include "support/keys.h"

#include <stdlib.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static const struct atls_verdict *verdict_of(const struct test_end *end)
{
    const struct atls_verdict *verdict = atls_openssl_verdict(end->ssl);
    assert_non_null(verdict);
    return verdict;
}

/* check_accepted reads every field of the verdict on a peer that attested. */
static void check_accepted(const struct test_end *end, const struct test_machine *peer, bool pkix)
{
    const struct atls_verdict *verdict = verdict_of(end);
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_spki(peer->key));
    assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
    assert_err(verdict->reason.err, OK);
    assert_true(verdict->peer_has_key);
    assert_bytes(atls_bytes_of(verdict->peer_spki_sha256, 32), hash);
    assert_int_equal(verdict->pkix, pkix);
    assert_int_equal(verdict->num_evidence, 1);
    assert_string_equal(verdict->evidence[0].format, "psa");
    assert_int_equal(verdict->evidence[0].status, ATLS_TIER_WARNING);
    assert_true(verdict->evidence[0].simulated);
    assert_null(verdict->evidence[0].claims_json);
    assert_int_equal(verdict->key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(verdict->timing, ATLS_TIMING_HANDSHAKE);
    assert_int_equal(verdict->binder_len, 32);
    assert_string_equal(verdict->suite, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(verdict->verifier, "in-process");
    assert_int_equal(verdict->policy_version, 0);
}

static void check_not_required(const struct test_end *end)
{
    const struct atls_verdict *verdict = verdict_of(end);
    assert_int_equal(verdict->state, ATLS_VERDICT_NOT_REQUIRED);
    assert_int_equal(verdict->num_evidence, 0);
    assert_int_equal(verdict->binder_len, 0);
    assert_int_equal(verdict->timing, ATLS_TIMING_NONE);
    assert_int_equal(verdict->key_binding, ATLS_KEY_BINDING_NONE);
    assert_string_equal(verdict->suite, "TLS_AES_128_GCM_SHA256");
}

static void the_server_attests_and_the_client_accepts_it(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_open(&pair);
    check_accepted(&pair.client, &world->server, true);
    check_not_required(&pair.server);
    test_pair_free(&pair);
}

static void the_client_attests_and_the_server_accepts_it(void **state)
{
    (void)state;
    const struct test_spec client = {.attests = &world->client};
    const struct test_spec server = {.requires = &world->client};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_PEER, NULL);
    test_shake(&pair);
    assert_open(&pair);
    check_accepted(&pair.server, &world->client, true);
    check_not_required(&pair.client);
    assert_true(verdict_of(&pair.client)->pkix);
    test_pair_free(&pair);
}

static void both_attest_over_two_binders_of_one_transcript(void **state)
{
    (void)state;
    const struct test_spec client = {.attests = &world->client, .requires = &world->server};
    const struct test_spec server = {.attests = &world->server, .requires = &world->client};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_open(&pair);
    check_accepted(&pair.client, &world->server, true);
    check_accepted(&pair.server, &world->client, true);
    /* the directions differ by the key that the binder holds */
    assert_memory_not_equal(verdict_of(&pair.client)->binder, verdict_of(&pair.server)->binder, 32);
    test_pair_free(&pair);
}

static void nothing_is_said_where_nobody_attests_and_nobody_requires(void **state)
{
    (void)state;
    const struct test_spec none = {.requires = NULL};
    struct test_pair pair = test_pair_of_spec(world, &none, &none);
    test_shake(&pair);
    assert_open(&pair);
    check_not_required(&pair.client);
    check_not_required(&pair.server);
    test_pair_free(&pair);
}

/* A side that can attest still talks to plain OpenSSL where it requires nothing. */
static void plain_peers_are_served_where_nothing_is_required(void **state)
{
    (void)state;
    const struct test_spec attests = {.attests = &world->server};
    SSL_CTX *plain = test_plain_ctx(world, &world->client, true);
    SSL_CTX *ours = test_enabled_ctx(world, &world->server, &attests);
    struct test_pair pair = test_pair_of(plain, ours);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    check_not_required(&pair.server);
    assert_true(test_send(&pair.client, &pair.server) && test_send(&pair.server, &pair.client));
    test_pair_free(&pair);
    pair = test_pair_of(ours, plain);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    check_not_required(&pair.client);
    assert_true(test_send(&pair.client, &pair.server) && test_send(&pair.server, &pair.client));
    test_pair_free(&pair);
    SSL_CTX_free(plain);
    SSL_CTX_free(ours);
}

static struct test_pair no_pkix_pair(const struct test_spec *client, const struct test_spec *server)
{
    SSL_CTX *client_ctx = test_enabled_ctx(world, &world->client, client);
    SSL_CTX *server_ctx = test_enabled_ctx(world, &world->server, server);
    test_use_self_signed(client_ctx, &world->client);
    test_use_self_signed(server_ctx, &world->server);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    return pair;
}

static void self_signed_certificates_do_without_pkix(void **state)
{
    (void)state;
    const struct test_spec client = {
        .attests = &world->client, .requires = &world->server, .no_pkix = true};
    const struct test_spec server = {
        .attests = &world->server, .requires = &world->client, .no_pkix = true};
    struct test_pair pair = no_pkix_pair(&client, &server);
    test_shake(&pair);
    assert_open(&pair);
    check_accepted(&pair.client, &world->server, false);
    check_accepted(&pair.server, &world->client, false);
    test_pair_free(&pair);
}

static void a_certificate_of_an_authority_is_refused_without_pkix(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server, .no_pkix = true};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_watch(&pair);
    test_shake(&pair);
    assert_refused(&pair.client, PKIX,
                   "peer's certificate: the certificate of the peer is not accepted (no PKIX: "
                   "found certificate signature failure, expected a self-signed certificate in its "
                   "dates)");
    assert_int_equal(pair.client.alert_out, SSL_AD_DECRYPT_ERROR);
    test_pair_free(&pair);
}

static int64_t far_future(void *arg)
{
    (void)arg;
    return 4102444800; /* 2100-01-01 */
}

static int64_t long_ago(void *arg)
{
    (void)arg;
    return 946684800; /* 2000-01-01 */
}

/* refuse_by_clock checks a self-signed server by a clock of the client's. */
static void refuse_by_clock(atls_clock *clock, const char *sentence)
{
    const struct test_spec client = {.requires = &world->server, .no_pkix = true};
    const struct test_spec server = {.attests = &world->server};
    struct atls_context *context = test_context(world, &client);
    assert_err(atls_context_set_clock(context, clock, NULL, NULL), OK);
    SSL_CTX *client_ctx = test_plain_ctx(world, NULL, false);
    SSL_CTX *server_ctx = test_enabled_ctx(world, &world->server, &server);
    test_use_self_signed(server_ctx, &world->server);
    assert_err(atls_openssl_enable(client_ctx, context, NULL), OK);
    struct test_pair pair = test_pair_of(client_ctx, server_ctx);
    test_shake(&pair);
    assert_refused(&pair.client, PKIX, sentence);
    test_pair_free(&pair);
    atls_context_unref(context);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

static void dates_of_a_self_signed_certificate_go_by_the_context_s_clock(void **state)
{
    (void)state;
    refuse_by_clock(far_future,
                    "peer's certificate: the certificate of the peer is not accepted (no PKIX: "
                    "found certificate has expired, expected a self-signed certificate in its "
                    "dates)");
    refuse_by_clock(long_ago,
                    "peer's certificate: the certificate of the peer is not accepted (no PKIX: "
                    "found certificate is not yet valid, expected a self-signed certificate in its "
                    "dates)");
}

/* neither replaces the other. */
static void good_evidence_does_not_replace_the_chain_or_the_name(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    assert_int_equal(SSL_set1_host(pair.client.ssl, "elsewhere.example"), 1);
    test_shake(&pair);
    assert_refused(&pair.client, PKIX,
                   "peer's certificate: the certificate of the peer is not accepted (PKIX: found "
                   "hostname mismatch, expected a chain to --ca and the name)");
    test_pair_free(&pair);
    pair = no_pkix_pair(&client, &server);
    test_shake(&pair);
    assert_refused(&pair.client, PKIX,
                   "peer's certificate: the certificate of the peer is not accepted (PKIX: found "
                   "self-signed certificate, expected a chain to --ca and the name)");
    test_pair_free(&pair);
}

static void a_good_chain_does_not_replace_the_evidence_of_this_machine(void **state)
{
    (void)state;
    /* the server's certificate holds, and its Evidence is signed by another machine's key */
    const struct test_spec client = {.requires = &world->server};
    const struct test_spec server = {.attests = &world->other};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), NOT_ENDORSED);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

static void simulations_are_refused_unless_they_were_allowed(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server, .no_simulated = true};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), SIMULATED);
    assert_true(verdict_of(&pair.client)->evidence[0].simulated);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

static void claims_and_subject_are_kept_where_that_was_asked_for(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server, .keep_claims = true};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_open(&pair);
    const struct atls_verdict *verdict = verdict_of(&pair.client);
    assert_string_equal(verdict->peer_subject, "CN=localhost");
    assert_non_null(verdict->evidence[0].claims_json);
    assert_non_null(strstr(verdict->evidence[0].claims_json, "instance"));
    char *json = atls_verdict_json(verdict);
    assert_non_null(strstr(json, "\"accepted\""));
    free(json);
    test_pair_free(&pair);
}

static void the_policy_is_named_and_decides(void **state)
{
    (void)state;
    static const char policy[] = "{\"id\":\"hardware-only\",\"version\":1,\"simulated\":true,"
                                 "\"key_binding\":[\"hardware\"]}";
    const struct test_spec client = {.requires = &world->server, .policy = policy};
    const struct test_spec server = {.attests = &world->server};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.client, &diag), KEY_BINDING);
    assert_string_equal(verdict_of(&pair.client)->policy_id, "hardware-only");
    assert_int_equal(verdict_of(&pair.client)->policy_version, 1);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

/* a connection gets Evidence of its own. */
static void two_connections_get_two_binders(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server};
    const struct test_spec server = {.attests = &world->server};
    uint8_t binders[2][32];
    SSL_CTX *client_ctx = test_enabled_ctx(world, NULL, &client);
    SSL_CTX *server_ctx = test_enabled_ctx(world, &world->server, &server);
    for (size_t i = 0; i < 2; i++) {
        struct test_pair pair = test_pair_of(client_ctx, server_ctx);
        test_shake(&pair);
        assert_open(&pair);
        memcpy(binders[i], verdict_of(&pair.client)->binder, 32);
        test_pair_free(&pair);
    }
    assert_memory_not_equal(binders[0], binders[1], 32);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_attests_and_the_client_accepts_it),
        cmocka_unit_test(the_client_attests_and_the_server_accepts_it),
        cmocka_unit_test(both_attest_over_two_binders_of_one_transcript),
        cmocka_unit_test(nothing_is_said_where_nobody_attests_and_nobody_requires),
        cmocka_unit_test(plain_peers_are_served_where_nothing_is_required),
        cmocka_unit_test(self_signed_certificates_do_without_pkix),
        cmocka_unit_test(a_certificate_of_an_authority_is_refused_without_pkix),
        cmocka_unit_test(dates_of_a_self_signed_certificate_go_by_the_context_s_clock),
        cmocka_unit_test(good_evidence_does_not_replace_the_chain_or_the_name),
        cmocka_unit_test(a_good_chain_does_not_replace_the_evidence_of_this_machine),
        cmocka_unit_test(simulations_are_refused_unless_they_were_allowed),
        cmocka_unit_test(claims_and_subject_are_kept_where_that_was_asked_for),
        cmocka_unit_test(the_policy_is_named_and_decides),
        cmocka_unit_test(two_connections_get_two_binders),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
