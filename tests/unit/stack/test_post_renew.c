/* SPDX-License-Identifier: Apache-2.0 */
/* atls_post_renew: another context decides over later rounds, where it may. */
#include "framed_test.h"

#include "stack/openssl/adapter.h"

static struct test_world *world;
static const uint32_t on_request[] = {0, 5000};

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static struct test_spec requiring(void)
{
    const struct test_spec spec = {
        .requires = &world->server, .timing = ATLS_TIMING_POST, .reattest = on_request};
    return spec;
}

static struct test_pair open_pair(void)
{
    const struct test_spec client = requiring();
    const struct test_spec server = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .framed = true};
    return framed_open(world, &client, &server);
}

static void round_of(struct test_pair *pair)
{
    assert_err(atls_post_round(pair->client.ssl, NULL), OK);
    framed_run(pair);
}

static enum atls_err renew(struct test_end *end, const struct test_spec *spec,
                           struct atls_diag *diag)
{
    struct atls_context *context = test_context(world, spec);
    const enum atls_err err = atls_post_renew(end->ssl, context, diag);
    atls_context_unref(context); /* which the connection has a reference to, if it took it */
    return err;
}

static void the_context_that_is_new_decides_over_the_next_round(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = open_pair();
    struct test_spec next = requiring();
    next.policy = "{\"version\":1,\"id\":\"later\",\"simulated\":true}";
    assert_err(renew(&pair.client, &next, &diag), OK);
    round_of(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    assert_string_equal(atls_openssl_verdict(pair.client.ssl)->policy_id, "later");
    next.requires = &world->other; /* whose endorsement is not the server's */
    assert_err(renew(&pair.client, &next, &diag), OK);
    framed_pass(&pair); /* until the next round */
    round_of(&pair);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_REFUSED);
    assert_framed_refused(&pair.client,
                          test_sentence(&atls_openssl_verdict(pair.client.ssl)->reason));
    test_pair_free(&pair);
}

static void a_context_that_attests_otherwise_is_refused(void **state)
{
    (void)state;
    static const char otherwise[] =
        "re-attestation: the configuration is not valid (context: found one "
        "that attests at another time, or otherwise, expected the timing, carriage, extension and "
        "label of before)";
    struct atls_diag diag;
    struct test_pair pair = open_pair();
    struct test_spec specs[3] = {requiring(), requiring(), requiring()};
    specs[0].timing = ATLS_TIMING_BOTH;
    specs[1].timing = ATLS_TIMING_HANDSHAKE;
    specs[1].reattest = specs[2].reattest = NULL;
    specs[2].own_carriage = true;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(specs); i++) {
        assert_err(renew(&pair.client, &specs[i], &diag), CONFIG);
        assert_string_equal(test_sentence(&diag), otherwise);
    }
    struct test_spec next = requiring();
    struct atls_context *context = test_context(world, &next);
    assert_err(atls_context_set_cmw_extension_type(context, 0xff77, NULL), OK);
    assert_err(atls_post_renew(pair.client.ssl, context, &diag), CONFIG);
    assert_string_equal(test_sentence(&diag), otherwise);
    atls_context_unref(context);
    context = test_context(world, &next);
    assert_err(atls_context_set_exporter_label(context, "Attestation", NULL), OK);
    assert_err(atls_post_renew(pair.client.ssl, context, &diag), CONFIG);
    assert_string_equal(test_sentence(&diag), otherwise);
    atls_context_unref(context);
    round_of(&pair); /* the one of before decides, as if nothing had been asked */
    assert_int_equal(framed_accepted(&pair.client), 2);
    framed_pass(&pair);
    test_pair_free(&pair);
}

static void a_context_that_requires_nothing_any_more_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = open_pair();
    const struct test_spec next = {.timing = ATLS_TIMING_POST, .framed = true};
    assert_err(renew(&pair.client, &next, &diag), CONFIG);
    assert_string_equal(test_sentence(&diag),
                        "re-attestation: the configuration is not valid (context: found one "
                        "that requires nothing of the peer, expected a requirement, as before)");
    round_of(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    /* who required nothing may go on so */
    const struct test_spec attesting = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .framed = true};
    assert_err(renew(&pair.server, &attesting, &diag), OK);
    round_of(&pair);
    assert_int_equal(framed_accepted(&pair.client), 3);
    test_pair_free(&pair);
}

static void a_context_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = open_pair();
    const struct test_spec next = {.timing = ATLS_TIMING_POST, .reattest = on_request};
    assert_err(renew(&pair.client, &next, &diag), CONFIG);
    assert_string_equal(diag.found, "nothing that is required of the peer");
    round_of(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    test_pair_free(&pair);
}

/* A round is decided by one context from its beginning to its end. */
static void while_a_request_is_on_its_way_nothing_changes(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = open_pair();
    struct test_spec next = requiring();
    next.requires = &world->other;
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    assert_err(renew(&pair.client, &next, &diag), STATE);
    assert_string_equal(test_sentence(&diag),
                        "re-attestation: a function was called at a moment when it cannot work "
                        "(context: found a request "
                        "that is not answered yet, expected none on its way)");
    framed_run(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    framed_pass(&pair);
    test_pair_free(&pair);
}

static void before_the_end_of_the_handshake_and_without_agreement_nothing_changes(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct test_spec client = requiring(), none = {.timing = ATLS_TIMING_NONE};
    const struct test_spec server = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .framed = true};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_step(&pair.client);
    assert_err(renew(&pair.client, &client, &diag), STATE);
    assert_string_equal(diag.found, "one whose handshake goes on");
    test_pair_free(&pair);
    pair = test_pair_of_spec(world, &none, &none);
    test_shake(&pair);
    assert_err(renew(&pair.client, &client, &diag), STATE);
    assert_string_equal(diag.found, "one on which nothing was agreed upon");
    test_pair_free(&pair);
    SSL_CTX *plain = test_plain_ctx(world, NULL, true);
    SSL *ssl = SSL_new(plain);
    struct test_end end = {.ssl = ssl};
    assert_err(renew(&end, &client, &diag), STATE);
    assert_string_equal(diag.found, "one without atls");
    SSL_free(ssl);
    SSL_CTX_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_context_that_is_new_decides_over_the_next_round),
        cmocka_unit_test(a_context_that_attests_otherwise_is_refused),
        cmocka_unit_test(a_context_that_requires_nothing_any_more_is_refused),
        cmocka_unit_test(a_context_that_cannot_be_used_is_refused),
        cmocka_unit_test(while_a_request_is_on_its_way_nothing_changes),
        cmocka_unit_test(before_the_end_of_the_handshake_and_without_agreement_nothing_changes),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
