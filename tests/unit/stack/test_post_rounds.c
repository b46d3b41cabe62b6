/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds that the application carries itself: again and again on one connection, in both
 * directions, and what each of them refuses. */
#include "forger.h"

#include "stack/openssl/adapter.h"
#include "verifier/operations.h"

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static const struct atls_bytes no_nonce = {NULL, 0};

static struct test_pair mutual(enum atls_timing timing, const char *policy)
{
    const struct test_spec client = {.attests = &world->client,
                                     .requires = &world->server,
                                     .timing = timing,
                                     .own_carriage = true,
                                     .policy = policy};
    const struct test_spec server = {.attests = &world->server,
                                     .requires = &world->client,
                                     .timing = timing,
                                     .own_carriage = true};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_true(pair.client.done && pair.server.done);
    assert_false(atls_post_is_due(pair.client.ssl)); /* the application does it */
    return pair;
}

/* ask gives a copy, since what comes is borrowed until the next message. */
static struct atls_bytes ask(struct test_end *end, struct atls_bytes nonce)
{
    struct atls_bytes message;
    assert_err(atls_post_ask(end->ssl, nonce, &message, NULL), OK);
    return test_copy(message);
}

static struct atls_bytes answer(struct test_end *end, struct atls_bytes request)
{
    struct atls_bytes message;
    assert_err(atls_post_answer(end->ssl, request, &message, NULL), OK);
    return test_copy(message);
}

static void round_of(struct test_end *asker, struct test_end *attester)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const struct atls_bytes message = answer(attester, ask(asker, no_nonce));
    if (atls_post_judge(asker->ssl, message, &diag) != ATLS_OK) {
        fail_msg("%s", test_sentence(&diag));
    }
    assert_true(atls_verdict_opens(atls_openssl_verdict(asker->ssl)));
}

static void rounds_take_place_as_often_as_either_side_likes(void **state)
{
    (void)state;
    uint8_t binders[6][32];
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    assert_false(atls_verdict_opens(atls_openssl_verdict(pair.client.ssl)));
    for (unsigned i = 0; i < 6; i++) {
        struct test_end *asker = i % 2 == 0 ? &pair.client : &pair.server;
        round_of(asker, i % 2 == 0 ? &pair.server : &pair.client);
        const struct atls_verdict *verdict = atls_openssl_verdict(asker->ssl);
        assert_int_equal(verdict->num_evidence, 1);
        memcpy(binders[i], verdict->binder, 32);
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(binders[j], binders[i], 32);
        }
        assert_true(test_send(&pair.client, &pair.server));
    }
    test_pair_free(&pair);
}

static void a_nonce_of_a_verifier_travels_in_the_context(void **state)
{
    (void)state;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    struct atls_authenticator_request parsed;
    struct atls_bytes message;
    const struct atls_bytes nonce = test_hex("000102030405060708090a0b0c0d0e0f");
    const struct atls_bytes request = ask(&pair.client, nonce);
    assert_err(atls_authenticator_request_parse(&parsed, request, ATLS_CMW_EXTENSION_TYPE, NULL),
               OK);
    assert_int_equal(parsed.context.len, 32 + nonce.len);
    assert_bytes(atls_bytes_of(parsed.context.data + 32, nonce.len), nonce);
    assert_err(atls_post_judge(pair.client.ssl, answer(&pair.server, request), NULL), OK);
    const struct atls_buf longer = test_room(65);
    memset(longer.data, 1, longer.cap);
    assert_err(atls_post_ask(pair.client.ssl, atls_bytes_of(longer.data, 65), &message, NULL),
               ARGUMENT);
    round_of(&pair.client, &pair.server); /* which has changed nothing */
    test_pair_free(&pair);
}

/* What is wrong with the certificates, too, is for good. */
static void an_answer_with_other_certificates_ends_the_connection(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    const struct forgery f = {.finished = pair.server.ssl,
                              .maker = ATLS_ROLE_SERVER,
                              .bound = pair.server.ssl,
                              .key = &world->server,
                              .attester = &world->server,
                              .behind = test_hex("00")};
    const struct atls_bytes message = forge(&f, ask(&pair.client, no_nonce));
    assert_err(atls_post_judge(pair.client.ssl, message, &diag), PKIX);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_REFUSED);
    test_pair_free(&pair);
}

static void renew(const struct test_end *end, const struct test_spec *spec, enum atls_err expected)
{
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_context *context = test_context(world, spec);
    const enum atls_err err = atls_post_renew(end->ssl, context, &diag);
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    atls_context_unref(context);
}

/* A living connection goes over to another context, which demands no less, at the same time. */
static void a_renewal_keeps_what_was_agreed(void **state)
{
    (void)state;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    const struct test_spec good = {.attests = &world->client,
                                   .requires = &world->server,
                                   .timing = ATLS_TIMING_POST,
                                   .own_carriage = true,
                                   .policy = "{\"version\":1,\"id\":\"renewed\"}"};
    struct test_spec other[] = {good, good, good};
    other[0].timing = ATLS_TIMING_BOTH;
    other[1].own_carriage = false;
    other[2].requires = NULL;
    other[2].policy = NULL;
    round_of(&pair.client, &pair.server);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(other); i++) {
        renew(&pair.client, &other[i], ATLS_ERR_CONFIG);
    }
    const struct atls_bytes request = ask(&pair.client, no_nonce);
    renew(&pair.client, &good, ATLS_ERR_STATE); /* whose answer would be judged by which? */
    assert_err(atls_post_judge(pair.client.ssl, answer(&pair.server, request), NULL), OK);
    assert_string_not_equal(atls_openssl_verdict(pair.client.ssl)->policy_id, "renewed");
    renew(&pair.client, &good, ATLS_OK);
    round_of(&pair.client, &pair.server);
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->policy_id, "renewed");
    test_pair_free(&pair);
}

static void one_request_waits_at_a_time(void **state)
{
    (void)state;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    struct atls_bytes message;
    struct atls_diag diag;
    const struct atls_bytes request = ask(&pair.client, no_nonce);
    assert_err(atls_post_ask(pair.client.ssl, no_nonce, &message, &diag), STATE);
    assert_string_equal(diag.found, "one that is not answered yet");
    assert_err(atls_post_judge(pair.client.ssl, answer(&pair.server, request), NULL), OK);
    test_pair_free(&pair);
}

static void a_context_is_used_once_over_both_directions(void **state)
{
    (void)state;
    struct atls_bytes message;
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    const struct atls_bytes request = ask(&pair.client, no_nonce);
    (void)answer(&pair.server, request);
    assert_err(atls_post_answer(pair.server.ssl, request, &message, &diag), AUTHENTICATOR);
    assert_string_equal(diag.found, "one that was used before");
    assert_false(atls_verdict_opens(atls_openssl_verdict(pair.server.ssl)));
    test_pair_free(&pair);
    /* the context of our own request, in a request of the other side */
    pair = mutual(ATLS_TIMING_POST, NULL);
    const struct atls_bytes of_server = ask(&pair.server, no_nonce);
    const struct atls_buf turned = test_room(of_server.len);
    memcpy(turned.data, of_server.data, of_server.len);
    turned.data[0] = ATLS_HS_CLIENT_CERTIFICATE_REQUEST;
    assert_err(
        atls_post_answer(pair.server.ssl, atls_bytes_of(turned.data, turned.cap), &message, &diag),
        AUTHENTICATOR);
    test_pair_free(&pair);
}

static void an_answer_of_an_earlier_round_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    const struct atls_bytes first = answer(&pair.server, ask(&pair.client, no_nonce));
    assert_err(atls_post_judge(pair.client.ssl, first, NULL), OK);
    (void)ask(&pair.client, no_nonce);
    assert_err(atls_post_judge(pair.client.ssl, first, &diag), ILLEGAL); /* another context */
    assert_false(atls_verdict_opens(atls_openssl_verdict(pair.client.ssl)));
    /* for good */
    struct atls_bytes message;
    assert_err(atls_post_ask(pair.client.ssl, no_nonce, &message, NULL), STATE);
    test_pair_free(&pair);
}

/* a request that nobody answered in time is not answered any more. */
static void an_answer_after_its_time_is_refused(void **state)
{
    (void)state;
    enum { TIMEOUT_MS = 50 };
    struct atls_diag diag;
    struct atls_bytes message;
    const struct test_spec client = {.requires = &world->server,
                                     .timing = ATLS_TIMING_POST,
                                     .own_carriage = true,
                                     .timeout_ms = TIMEOUT_MS};
    const struct test_spec server = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .own_carriage = true};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    const struct atls_bytes late = answer(&pair.server, ask(&pair.client, no_nonce));
    const int64_t end_ms = atls_verifier_clock_ms() + TIMEOUT_MS;
    while (atls_verifier_clock_ms() <= end_ms) {
        assert_err(atls_post_ask(pair.client.ssl, no_nonce, &message, NULL), STATE);
    }
    assert_err(atls_post_judge(pair.client.ssl, late, &diag), AUTHENTICATOR);
    assert_string_equal(diag.found, "one whose time is over");
    assert_false(atls_verdict_opens(atls_openssl_verdict(pair.client.ssl)));
    assert_err(atls_post_ask(pair.client.ssl, no_nonce, &message, NULL), STATE);
    test_pair_free(&pair);
}

/* The handshake that follows on the same SSL knows nothing of a request that was never answered. */
static void an_answer_to_a_request_of_an_earlier_handshake_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    const struct atls_bytes before = ask(&pair.client, no_nonce);
    const struct atls_bytes of_before = answer(&pair.server, before);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(SSL_clear(pair.client.ssl) & SSL_clear(pair.server.ssl), 1);
        test_pair_join(&pair);
        test_shake(&pair);
        const bool asks = i == 1; /* the earlier one is superseded by another */
        const struct atls_bytes now = asks ? ask(&pair.client, no_nonce) : no_nonce;
        const struct atls_bytes message = i == 2 ? answer(&pair.server, before) : of_before;
        assert_int_equal(atls_post_judge(pair.client.ssl, message, &diag),
                         asks ? ATLS_ERR_ILLEGAL : ATLS_ERR_AUTHENTICATOR);
        assert_string_equal(diag.found, asks ? "another one" : "none that waits");
        assert_int_equal(now.len != 0, asks);
        assert_false(atls_verdict_opens(atls_openssl_verdict(pair.client.ssl)));
    }
    test_pair_free(&pair);
}

static void an_answer_without_a_request_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    const struct atls_bytes message = answer(&pair.server, ask(&pair.client, no_nonce));
    assert_err(atls_post_judge(pair.server.ssl, message, &diag), AUTHENTICATOR);
    assert_string_equal(diag.found, "none that waits");
    assert_err(atls_post_judge(pair.client.ssl, message, NULL), OK);
    test_pair_free(&pair);
}

/* between two connections of the very same two machines. */
static void an_answer_of_another_connection_is_refused(void **state)
{
    (void)state;
    struct test_pair a = mutual(ATLS_TIMING_POST, NULL), b = mutual(ATLS_TIMING_POST, NULL);
    const struct atls_bytes request = ask(&a.client, no_nonce);
    assert_err(atls_post_judge(a.client.ssl, answer(&b.server, request), NULL), AUTHENTICATOR);
    test_pair_free(&a);
    test_pair_free(&b);
}

static void each_bit_of_an_answer_counts(void **state)
{
    (void)state;
    /* spread over Certificate, Evidence, CertificateVerify and Finished: a pair each is slow */
    for (size_t part = 0; part < 24; part++) {
        struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
        const struct atls_bytes message = answer(&pair.server, ask(&pair.client, no_nonce));
        const struct atls_buf changed = test_room(message.len);
        const size_t at = part == 23 ? message.len - 1 : part * message.len / 23;
        memcpy(changed.data, message.data, message.len);
        changed.data[at] ^= (uint8_t)(1u << part % 8);
        assert_int_not_equal(
            atls_post_judge(pair.client.ssl, atls_bytes_of(changed.data, changed.cap), NULL),
            ATLS_OK);
        assert_false(atls_verdict_opens(atls_openssl_verdict(pair.client.ssl)));
        test_pair_free(&pair);
    }
}

static void use_key(struct test_end *end, const struct test_machine *machine)
{
    BIO *bio = BIO_new_mem_buf(machine->cert, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_int_equal(SSL_use_certificate(end->ssl, cert), 1);
    assert_int_equal(SSL_use_PrivateKey(end->ssl, atls_key_evp(machine->key)), 1);
    X509_free(cert);
    BIO_free(bio);
}

static void with_both_the_key_is_that_of_the_handshake(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_BOTH, NULL);
    round_of(&pair.client, &pair.server);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->timing, ATLS_TIMING_BOTH);
    test_pair_free(&pair);
    pair = mutual(ATLS_TIMING_BOTH, NULL);
    use_key(&pair.server, &world->other);
    assert_err(
        atls_post_judge(pair.client.ssl, answer(&pair.server, ask(&pair.client, no_nonce)), &diag),
        KEY_BINDING);
    assert_string_equal(diag.found, "another key than the one that was appraised");
    test_pair_free(&pair);
}

static void a_later_round_is_about_the_key_of_the_first(void **state)
{
    (void)state;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    use_key(&pair.server, &world->other); /* "post" takes another than the handshake's ... */
    round_of(&pair.client, &pair.server);
    use_key(&pair.server, &world->server); /* ... and then no other */
    assert_err(
        atls_post_judge(pair.client.ssl, answer(&pair.server, ask(&pair.client, no_nonce)), NULL),
        KEY_BINDING);
    test_pair_free(&pair);
}

/* */
static void a_peer_with_our_own_key_is_refused(void **state)
{
    (void)state;
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    use_key(&pair.server, &world->client);
    assert_err(
        atls_post_judge(pair.client.ssl, answer(&pair.server, ask(&pair.client, no_nonce)), NULL),
        REFLECTED);
    test_pair_free(&pair);
}

static void who_has_nothing_that_is_taken_refuses_and_stays_open_itself(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct test_spec client = {
        .requires = &world->server, .timing = ATLS_TIMING_POST, .own_carriage = true};
    const struct test_spec server = {
        .requires = &world->client, .timing = ATLS_TIMING_POST, .own_carriage = true};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    const struct atls_bytes message = answer(&pair.server, ask(&pair.client, no_nonce));
    assert_int_equal(message.len, 4 + 32);
    assert_int_equal(message.data[0], ATLS_HS_FINISHED);
    assert_err(atls_post_judge(pair.client.ssl, message, &diag), REFUSED_TO_ATTEST);
    assert_err(atls_openssl_verdict(pair.server.ssl)->reason.err, OK);
    test_pair_free(&pair);
}

/* Requests of which one thing is missing are answered with a refusal, and show nothing of ours. */
static void requests_that_cannot_be_met_are_answered_with_a_refusal(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "1100000d 02 0102 0008 000d 0004 0002 0403",           /* no attestation */
        "11000011 02 0102 000c 000d 0004 0002 0807 ff5f 0000", /* no scheme that the key takes */
        /* nothing that we attest with */
        "1100001b 02 0102 0016 000d 0004 0002 0403 ff5f 0000 ff60 0006 0004 00000108",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(requests); i++) {
        struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
        assert_int_equal(answer(&pair.server, test_hex(requests[i])).len, 4 + 32);
        test_pair_free(&pair);
    }
    /* one that says nothing of schemes gets what we have */
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    assert_true(
        answer(&pair.server, test_hex("11000011 02 0102 000c 000d 0004 0002 0403 ff5f 0000")).len >
        400);
    test_pair_free(&pair);
}

static void policies_demand_their_timing(void **state)
{
    (void)state;
    static const char post[] =
        "{\"version\":1,\"id\":\"p\",\"timing\":[\"post\"],\"simulated\":true}";
    static const char both[] =
        "{\"version\":1,\"id\":\"b\",\"timing\":[\"both\"],\"simulated\":true}";
    struct atls_diag diag;
    struct test_pair pair = mutual(ATLS_TIMING_POST, post);
    round_of(&pair.client, &pair.server);
    test_pair_free(&pair);
    pair = mutual(ATLS_TIMING_BOTH, both);
    round_of(&pair.client, &pair.server);
    test_pair_free(&pair);
    pair = mutual(ATLS_TIMING_BOTH, post); /* both ways satisfies either */
    round_of(&pair.client, &pair.server);
    test_pair_free(&pair);
    /* and those that could never be satisfied are refused before there is a connection */
    static const struct {
        enum atls_timing timing;
        const char *policy, *sentence;
    } rows[] = {
        {ATLS_TIMING_POST, both,
         "policy: the configuration is not valid (timing: found attestation that can never "
         "satisfy it: post, expected both)"},
        {ATLS_TIMING_HANDSHAKE, post,
         "policy: the configuration is not valid (timing: found attestation that can never "
         "satisfy it: handshake, expected post or both)"},
        {ATLS_TIMING_CERTIFICATE, both,
         "policy: the configuration is not valid (timing: found attestation that can never "
         "satisfy it: certificate, expected both)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct test_spec spec = {
            .requires = &world->server, .timing = rows[i].timing, .policy = rows[i].policy};
        struct atls_context *context = test_context(world, &spec);
        assert_err(atls_context_freeze(context, &diag), CONFIG);
        assert_string_equal(test_sentence(&diag), rows[i].sentence);
        atls_context_unref(context);
    }
}

/* what is revoked while the connection lives is caught by the next round. */
static void what_is_revoked_meanwhile_fails_the_next_round(void **state)
{
    (void)state;
    char list[256], hex[65];
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_spki(world->server.key));
    struct test_pair pair = mutual(ATLS_TIMING_POST, NULL);
    round_of(&pair.client, &pair.server);
    for (size_t i = 0; i < hash.len; i++) {
        snprintf(&hex[2 * i], 3, "%02x", hash.data[i]);
    }
    snprintf(list, sizeof list,
             "[{\"kind\":\"spki\",\"value\":\"%s\",\"from\":\"2020-01-01T00:00:00Z\"}]", hex);
    struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(pair.client.ssl));
    assert_err(atls_context_set_revoked(context, atls_bytes_text(list), NULL), OK);
    assert_err(
        atls_post_judge(pair.client.ssl, answer(&pair.server, ask(&pair.client, no_nonce)), NULL),
        REVOKED);
    assert_false(atls_verdict_opens(atls_openssl_verdict(pair.client.ssl)));
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_take_place_as_often_as_either_side_likes),
        cmocka_unit_test(a_nonce_of_a_verifier_travels_in_the_context),
        cmocka_unit_test(an_answer_with_other_certificates_ends_the_connection),
        cmocka_unit_test(a_renewal_keeps_what_was_agreed),
        cmocka_unit_test(one_request_waits_at_a_time),
        cmocka_unit_test(a_context_is_used_once_over_both_directions),
        cmocka_unit_test(an_answer_of_an_earlier_round_is_refused),
        cmocka_unit_test(an_answer_after_its_time_is_refused),
        cmocka_unit_test(an_answer_to_a_request_of_an_earlier_handshake_is_refused),
        cmocka_unit_test(an_answer_without_a_request_is_refused),
        cmocka_unit_test(an_answer_of_another_connection_is_refused),
        cmocka_unit_test(each_bit_of_an_answer_counts),
        cmocka_unit_test(with_both_the_key_is_that_of_the_handshake),
        cmocka_unit_test(a_later_round_is_about_the_key_of_the_first),
        cmocka_unit_test(a_peer_with_our_own_key_is_refused),
        cmocka_unit_test(who_has_nothing_that_is_taken_refuses_and_stays_open_itself),
        cmocka_unit_test(requests_that_cannot_be_met_are_answered_with_a_refusal),
        cmocka_unit_test(policies_demand_their_timing),
        cmocka_unit_test(what_is_revoked_meanwhile_fails_the_next_round),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
