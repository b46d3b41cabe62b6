/* SPDX-License-Identifier: Apache-2.0 */
/* Framed connections: data, and rounds among them, when each side asks, by itself or because the
 * application says so; what waits, and for how long. */
#include "framed_test.h"

static struct test_world *world;
static const uint32_t minutely[] = {60000, 5000}, on_request[] = {0, 5000};

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static struct test_spec requiring(const uint32_t *reattest)
{
    const struct test_spec spec = {
        .requires = &world->server, .timing = ATLS_TIMING_POST, .reattest = reattest};
    return spec;
}

static struct test_spec attesting(void)
{
    const struct test_spec spec = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .framed = true};
    return spec;
}

static struct test_pair open_pair(const uint32_t *reattest)
{
    const struct test_spec client = requiring(reattest), server = attesting();
    return framed_open(world, &client, &server);
}

static struct test_pair open_mutual(enum atls_timing timing, const uint32_t *reattest)
{
    const struct test_spec client = {.attests = &world->client,
                                     .requires = &world->server,
                                     .timing = timing,
                                     .reattest = reattest};
    const struct test_spec server = {.attests = &world->server,
                                     .requires = &world->client,
                                     .timing = timing,
                                     .reattest = reattest};
    return framed_open(world, &client, &server);
}

static void data_pass_in_frames_and_by_no_other_way(void **state)
{
    (void)state;
    char octet = 'x';
    struct test_pair pair = open_pair(on_request);
    framed_pass(&pair);
    ERR_clear_error();
    assert_true(SSL_write(pair.client.ssl, "x", 1) <= 0);
    framed_send(&pair.client, "framed");
    assert_true(SSL_read(pair.server.ssl, &octet, 1) <= 0);
    assert_int_equal(octet, 'x');
    ERR_clear_error();
    framed_expect(&pair.server, "framed");
    assert_int_equal(atls_post_next_ms(pair.client.ssl), -1);
    assert_int_equal(atls_post_events(pair.client.ssl), POLLIN);
    test_pair_free(&pair);
}

static void where_one_side_frames_nothing_data_are_plain(void **state)
{
    (void)state;
    size_t len = 0;
    char octet = 0;
    struct test_spec client = requiring(NULL);
    const struct test_spec server = attesting();
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    assert_exchanged(&pair);
    assert_false(atls_post_is_framed(pair.client.ssl) || atls_post_is_framed(pair.server.ssl));
    assert_int_equal(atls_post_write(pair.client.ssl, "x", 1, &len, NULL), ATLS_POST_DONE);
    assert_int_equal(SSL_read(pair.server.ssl, &octet, 1), 1);
    assert_int_equal(atls_post_read(pair.server.ssl, &octet, 1, &len, NULL), ATLS_POST_WANT_READ);
    assert_int_equal(atls_post_run(pair.server.ssl, NULL), ATLS_POST_DONE);
    assert_int_equal(atls_post_events(pair.server.ssl), 0);
    assert_err(atls_post_round(pair.client.ssl, NULL), STATE);
    assert_int_equal(atls_post_end(pair.client.ssl, NULL), ATLS_POST_DONE);
    assert_int_equal(atls_post_read(pair.server.ssl, &octet, 1, &len, NULL), ATLS_POST_ENDED);
    test_pair_free(&pair);
}

static void who_is_to_attest_again_has_to_frame(void **state)
{
    (void)state;
    struct test_exchange at_client, at_server;
    const struct test_spec client = requiring(minutely);
    const struct test_spec server = {.attests = &world->server, .timing = ATLS_TIMING_POST};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    test_shake(&pair);
    test_exchange(&pair, &at_client, &at_server);
    assert_exchange_failed(
        &pair.client, &at_client, NO_PROTOCOL,
        "exchange after the handshake: no protocol was chosen that attests after "
        "the handshake (HELLO: found a peer that does not frame its data, "
        "expected one that does, since it is to attest again)");
    assert_int_equal(at_server.step, ATLS_POST_FAILED);
    test_pair_free(&pair);
}

static void the_application_has_the_peer_attest_again(void **state)
{
    (void)state;
    uint8_t before[32];
    struct test_pair pair = open_pair(on_request);
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.client.ssl);
    assert_int_equal(framed_accepted(&pair.client), 1);
    for (uint64_t i = 2; i < 6; i++) {
        memcpy(before, verdict->binder, sizeof before);
        assert_err(atls_post_round(pair.client.ssl, NULL), OK);
        assert_int_equal(atls_post_next_ms(pair.client.ssl), 0);
        framed_pass(&pair);
        framed_run(&pair);
        assert_int_equal(framed_accepted(&pair.client), i);
        assert_int_equal(framed_answered(&pair.server), i);
        assert_memory_not_equal(before, verdict->binder, sizeof before);
        assert_int_equal(verdict->state, ATLS_VERDICT_ACCEPTED);
        framed_pass(&pair);
    }
    assert_err(atls_post_round(pair.server.ssl, NULL), STATE); /* which requires nothing */
    test_pair_free(&pair);
}

static void rounds_begin_by_themselves_each_period(void **state)
{
    (void)state;
    struct test_pair pair = open_pair(minutely);
    assert_err(atls_post_round(pair.client.ssl, NULL), OK); /* from here on the test's clock */
    framed_run(&pair);
    for (uint64_t i = 2; i < 6; i++) {
        assert_int_equal(framed_accepted(&pair.client), i);
        assert_int_equal(atls_post_next_ms(pair.client.ssl), 60000);
        framed_time_ms += 59999;
        framed_run(&pair);
        assert_int_equal(framed_accepted(&pair.client), i);
        assert_int_equal(atls_post_next_ms(pair.client.ssl), 1);
        framed_time_ms += 1;
        framed_pass(&pair);
        framed_run(&pair);
    }
    test_pair_free(&pair);
}

static void requests_may_cross(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct test_pair pair =
            open_mutual(i == 0 ? ATLS_TIMING_POST : ATLS_TIMING_BOTH, on_request);
        assert_err(atls_post_round(pair.client.ssl, NULL), OK);
        assert_err(atls_post_round(pair.server.ssl, NULL), OK);
        framed_send(&pair.client, "across");
        framed_send(&pair.server, "the other way");
        framed_run(&pair);
        framed_expect(&pair.server, "across");
        framed_expect(&pair.client, "the other way");
        framed_run(&pair);
        assert_int_equal(framed_accepted(&pair.client), 2);
        assert_int_equal(framed_accepted(&pair.server), 2);
        assert_int_equal(framed_answered(&pair.client), 2);
        assert_int_equal(framed_answered(&pair.server), 2);
        framed_pass(&pair);
        test_pair_free(&pair);
    }
}

/* A peer that keeps asking waits, its data do not. */
static void who_keeps_asking_is_answered_once_a_second(void **state)
{
    (void)state;
    struct test_pair pair = open_pair(on_request);
    for (uint64_t i = 0; i < 8; i++) {
        assert_err(atls_post_round(pair.client.ssl, NULL), OK);
        framed_run(&pair);
        assert_int_equal(framed_accepted(&pair.client), 2 + i);
    }
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    framed_run(&pair);
    assert_int_equal(framed_accepted(&pair.client), 9);
    assert_int_equal(atls_post_next_ms(pair.server.ssl), 1000);
    framed_pass(&pair);
    framed_time_ms += 999;
    framed_run(&pair);
    assert_int_equal(framed_accepted(&pair.client), 9);
    framed_time_ms += 1;
    assert_int_equal(atls_post_next_ms(pair.server.ssl), 0);
    framed_run(&pair);
    assert_int_equal(framed_accepted(&pair.client), 10);
    test_pair_free(&pair);
}

/* An answer behind data that nobody reads is reached, up to a bound. */
static void data_that_wait_do_not_hold_up_an_answer(void **state)
{
    (void)state;
    static char data[16380], got[65536];
    size_t len = 0, sum = 0;
    struct test_pair pair = open_pair(on_request);
    memset(data, 'd', sizeof data);
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(SSL_get_shutdown(pair.server.ssl), 3);
        assert_int_equal(atls_post_write(pair.server.ssl, data, sizeof data, &len, NULL),
                         ATLS_POST_DONE);
    }
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    assert_int_equal(framed_accepted(&pair.client), 2);
    while (atls_post_read(pair.client.ssl, got, sizeof got, &len, NULL) == ATLS_POST_DONE) {
        sum += len;
    }
    assert_int_equal(sum, 3 * sizeof data);
    /* and no more is kept than that */
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(atls_post_write(pair.server.ssl, data, sizeof data, &len, NULL),
                         ATLS_POST_DONE);
    }
    (void)!atls_post_run(pair.client.ssl, NULL);
    assert_int_equal(atls_post_events(pair.client.ssl), 0);
    assert_int_equal(atls_post_read(pair.client.ssl, got, sizeof got, &len, NULL), ATLS_POST_DONE);
    assert_int_equal(len, 4 * sizeof data);
    test_pair_free(&pair);
}

static void each_side_ends_for_itself(void **state)
{
    (void)state;
    char octet = 0;
    size_t len = 0;
    struct test_pair pair = open_pair(on_request);
    framed_send(&pair.client, "last");
    assert_int_equal(atls_post_end(pair.client.ssl, NULL), ATLS_POST_DONE);
    framed_expect(&pair.server, "last");
    assert_int_equal(atls_post_read(pair.server.ssl, &octet, 1, &len, NULL), ATLS_POST_ENDED);
    framed_send(&pair.server, "still here");
    framed_expect(&pair.client, "still here");
    assert_int_equal(atls_post_end(pair.server.ssl, NULL), ATLS_POST_DONE);
    assert_int_equal(atls_post_read(pair.client.ssl, &octet, 1, &len, NULL), ATLS_POST_ENDED);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_ACCEPTED);
    test_pair_free(&pair);
}

static void nothing_goes_behind_the_end(void **state)
{
    (void)state;
    size_t len = 0;
    struct atls_diag diag;
    struct test_pair pair = open_pair(on_request);
    assert_int_equal(atls_post_end(pair.client.ssl, NULL), ATLS_POST_DONE);
    assert_int_equal(atls_post_write(pair.client.ssl, "x", 1, &len, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, STATE);
    assert_string_equal(diag.found, "data after atls_post_end()");
    assert_int_equal(len, 0);
    test_pair_free(&pair);
}

/* SSL_clear(3) ends a connection, and to read or write would begin the next one. */
static void a_connection_object_that_was_cleared_is_framed_no_more(void **state)
{
    (void)state;
    struct test_pair pair = open_pair(on_request);
    framed_pass(&pair);
    assert_int_equal(SSL_clear(pair.client.ssl), 1);
    assert_false(atls_post_is_framed(pair.client.ssl));
    assert_err(atls_post_round(pair.client.ssl, NULL), STATE);
    assert_int_equal(atls_post_next_ms(pair.client.ssl), -1);
    assert_int_equal(framed_accepted(&pair.client), 0);
    assert_int_equal(SSL_in_before(pair.client.ssl), 1);
    test_pair_free(&pair);
}

/* Whatever is left to do, an end in the middle of it is no refusal of ours. */
static void a_connection_that_breaks_refuses_nobody(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct test_pair pair = open_pair(on_request);
    assert_int_equal(BIO_shutdown_wr(SSL_get_wbio(pair.server.ssl)), 1);
    assert_int_equal(atls_post_run(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, CONNECTION);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_ACCEPTED);
    assert_int_equal(atls_post_run(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, CONNECTION);
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_pass_in_frames_and_by_no_other_way),
        cmocka_unit_test(where_one_side_frames_nothing_data_are_plain),
        cmocka_unit_test(who_is_to_attest_again_has_to_frame),
        cmocka_unit_test(the_application_has_the_peer_attest_again),
        cmocka_unit_test(rounds_begin_by_themselves_each_period),
        cmocka_unit_test(requests_may_cross),
        cmocka_unit_test(who_keeps_asking_is_answered_once_a_second),
        cmocka_unit_test(data_that_wait_do_not_hold_up_an_answer),
        cmocka_unit_test(each_side_ends_for_itself),
        cmocka_unit_test(nothing_goes_behind_the_end),
        cmocka_unit_test(a_connection_object_that_was_cleared_is_framed_no_more),
        cmocka_unit_test(a_connection_that_breaks_refuses_nobody),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
