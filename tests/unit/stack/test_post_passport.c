/* SPDX-License-Identifier: Apache-2.0 */
/* A passport on a living connection: it ends between two rounds, for either side, and is renewed
 * meanwhile. */
#include "framed_test.h"

#include "../session/passport_test.h"

static const uint32_t on_request[] = {0, 5000};
static int64_t server_now_s;

static int64_t clock_of_server(void *arg)
{
    (void)arg;
    return server_now_s;
}

static SSL_CTX *enabled(struct atls_context *context, const struct test_machine *machine)
{
    SSL_CTX *ctx = test_plain_ctx(world, machine, machine == NULL);
    assert_err(atls_openssl_enable(ctx, context, &diag), OK);
    atls_context_unref(context);
    return ctx;
}

/* A connection on which the server was accepted by a passport of 300 seconds. */
static struct test_pair open_with_passport(void)
{
    struct test_exchange at_client, at_server;
    const struct test_spec asks = {
        .timing = ATLS_TIMING_POST, .reattest = on_request, .clock = clock_of_test};
    const struct test_spec brings = {
        .timing = ATLS_TIMING_POST, .framed = true, .clock = clock_of_server};
    struct atls_context *at_asker = test_context(world, &asks);
    struct atls_context *at_bringer = test_context(world, &brings);
    server_now_s = now_s;
    takes(at_asker);
    assert_err(atls_context_add_passport(at_bringer, NULL, good_jwt(&world->server), &diag), OK);
    SSL_CTX *client = enabled(at_asker, NULL), *server = enabled(at_bringer, &world->server);
    struct test_pair pair = test_pair_of(client, server);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    test_shake(&pair);
    test_exchange(&pair, &at_client, &at_server);
    if (at_client.step != ATLS_POST_DONE || at_server.step != ATLS_POST_DONE) {
        fail_msg("%s; %s", test_sentence(&at_client.diag), test_sentence(&at_server.diag));
    }
    openssl_framed_set_clock(pair.client.ssl, framed_clock);
    openssl_framed_set_clock(pair.server.ssl, framed_clock);
    return pair;
}

static void round_of(struct test_pair *pair)
{
    assert_err(atls_post_round(pair->client.ssl, NULL), OK);
    framed_run(pair);
}

static void a_passport_serves_one_round_after_another_until_it_ends(void **state)
{
    (void)state;
    struct test_pair pair = open_with_passport();
    for (uint64_t i = 2; i < 5; i++) {
        now_s += 60;
        server_now_s += 60;
        round_of(&pair);
        assert_int_equal(framed_accepted(&pair.client), i);
        framed_pass(&pair);
    }
    test_pair_free(&pair);
}

/* The asker decides: what the other side's clock says is of no account. */
static void a_passport_that_ended_between_rounds_is_refused(void **state)
{
    (void)state;
    struct test_pair pair = open_with_passport();
    now_s += 300 + 61;  /* and the skew */
    framed_pass(&pair); /* until then */
    round_of(&pair);
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.client.ssl);
    assert_err(verdict->reason.err, RESULT_EXPIRED);
    assert_framed_refused(&pair.client, test_sentence(&verdict->reason));
    assert_int_equal(atls_post_run(pair.server.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, PEER_REFUSED);
    test_pair_free(&pair);
}

static void who_brings_it_does_not_show_one_that_ended(void **state)
{
    (void)state;
    struct test_pair pair = open_with_passport();
    server_now_s += 300 + 61;
    round_of(&pair);
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.server.ssl);
    assert_err(verdict->reason.err, PASSPORT);
    assert_framed_refused(&pair.server, test_sentence(&verdict->reason));
    assert_int_equal(framed_accepted(&pair.client), 1);
    assert_int_equal(atls_post_run(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_int_not_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_NONE);
    test_pair_free(&pair);
}

static void a_newer_one_serves_the_rounds_that_follow(void **state)
{
    (void)state;
    struct test_pair pair = open_with_passport();
    now_s += 290;
    server_now_s += 290;
    assert_err(atls_openssl_renew_passport(SSL_get_SSL_CTX(pair.server.ssl), NULL,
                                           good_jwt(&world->server), &diag),
               OK);
    now_s += 290;
    server_now_s += 290;
    round_of(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    framed_pass(&pair);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_passport_serves_one_round_after_another_until_it_ends, begin),
        cmocka_unit_test_setup(a_passport_that_ended_between_rounds_is_refused, begin),
        cmocka_unit_test_setup(who_brings_it_does_not_show_one_that_ended, begin),
        cmocka_unit_test_setup(a_newer_one_serves_the_rounds_that_follow, begin),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
