/* SPDX-License-Identifier: Apache-2.0 */
/* What a framed connection refuses: frames at a wrong moment, answers of another round, a machine
 * that is no longer trusted, and silence. */
#include "framed_test.h"

static struct test_world *world;
static const uint32_t minutely[] = {60000, 5000}, on_request[] = {0, 5000};

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static struct test_pair open_forged(const uint32_t *reattest)
{
    return framed_open_forged(world, reattest);
}

static void frames_at_a_wrong_moment_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *sentence;
    } rows[] = {
        {"01000002 0102", "exchange after the handshake: a message says something that is illegal "
                          "at this place (frame: found HELLO, expected HELLO once)"},
        {"04000000", "exchange after the handshake: a message says something that is illegal at "
                     "this place (frame: found DONE, expected DONE for an authenticator of ours)"},
        {"03000004 14000000",
         "exchange after the handshake: a message says something that is illegal at this place "
         "(frame: found AUTHENTICATOR, expected one answer to each request)"},
        {"07000001 00", "frame: a message or token is not well-formed (type: found 7, expected 1 "
                        "(HELLO) to 6 (CLOSE))"},
        {"05000000", "frame: a message or token is not well-formed (length: found DATA with "
                     "octets: 0, expected 1 to 16380)"},
        {"05003ffd", "frame: a message or token is not well-formed (length: found DATA with "
                     "octets: 16381, expected 1 to 16380)"},
        {"02008001", "frame: a message or token is not well-formed (length: found REQUEST with "
                     "octets: 32769, expected 1 to 32768)"},
        {"03020001", "frame: a message or token is not well-formed (length: found AUTHENTICATOR "
                     "with octets: 131073, expected 1 to 131072)"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct test_pair pair = open_forged(on_request);
        send_octets(&pair.server, test_hex("05000002 6869"));
        framed_expect(&pair.client, "hi");
        send_octets(&pair.server, test_hex(rows[i].hex));
        assert_framed_refused(&pair.client, rows[i].sentence);
        assert_int_equal(take_frame(&pair.server, ATLS_FRAME_CLOSE).len, 1);
        test_pair_free(&pair);
    }
}

/* A peer that is cut off in the middle of a frame has not said that this was all. */
static void an_end_inside_a_frame_is_no_end(void **state)
{
    (void)state;
    static const char *const cuts[] = {"05", "050000", "05000010", "05000010 6869"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cuts); i++) {
        char got[16];
        size_t len = 0;
        struct atls_diag diag;
        struct test_pair pair = open_forged(on_request);
        send_octets(&pair.server, test_hex(cuts[i]));
        assert_true(SSL_shutdown(pair.server.ssl) >= 0);
        assert_int_equal(atls_post_read(pair.client.ssl, got, sizeof got, &len, &diag),
                         ATLS_POST_FAILED);
        assert_err(diag.err, CONNECTION);
        assert_int_equal(len, 0);
        test_pair_free(&pair);
    }
}

/* A second request before DONE, whether the first was answered or still waits. */
static void two_requests_at_once_are_refused(void **state)
{
    (void)state;
    const struct test_spec client = {.requires = &world->server,
                                     .attests = &world->client,
                                     .timing = ATLS_TIMING_POST,
                                     .reattest = on_request};
    const struct test_spec server = {.attests = &world->server,
                                     .requires = &world->client,
                                     .timing = ATLS_TIMING_POST,
                                     .reattest = on_request};
    struct test_pair pair = framed_open(world, &client, &server);
    struct atls_bytes request;
    uint8_t head[ATLS_FRAME_HEAD_LEN];
    assert_err(atls_post_ask(pair.server.ssl, atls_bytes_of(NULL, 0), &request, NULL), OK);
    const struct atls_frame_head of_request = {ATLS_FRAME_REQUEST, request.len};
    assert_err(atls_frame_head_write(head, &of_request, NULL), OK);
    SSL_set_shutdown(pair.server.ssl, 0); /* the peer's application is not bound by our library */
    for (unsigned i = 0; i < 2; i++) {
        send_octets(&pair.server, atls_bytes_of(head, sizeof head));
        send_octets(&pair.server, request);
    }
    assert_framed_refused(&pair.client,
                          "exchange after the handshake: a message says something that is illegal "
                          "at this place (frame: found REQUEST, expected one request at a time)");
    test_pair_free(&pair);
}

static void an_answer_of_an_earlier_round_is_refused(void **state)
{
    (void)state;
    struct test_pair pair = open_forged(on_request);
    const struct atls_bytes first = framed_honest(&pair, &world->server, framed_ask(&pair));
    send_frame(&pair.server, ATLS_FRAME_AUTHENTICATOR, first);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    (void)take_frame(&pair.server, ATLS_FRAME_DONE);
    assert_int_equal(framed_accepted(&pair.client), 2);
    (void)framed_ask(&pair);
    send_frame(&pair.server, ATLS_FRAME_AUTHENTICATOR, first);
    struct atls_diag diag = {.err = ATLS_OK};
    assert_int_equal(atls_post_run(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, ILLEGAL);
    assert_framed_refused(&pair.client, test_sentence(&diag));
    test_pair_free(&pair);
}

static void a_peer_that_refuses_ends_the_connection(void **state)
{
    (void)state;
    struct test_pair pair = open_forged(on_request);
    (void)framed_ask(&pair);
    send_frame(&pair.server, ATLS_FRAME_CLOSE, test_hex("74"));
    struct atls_diag diag = {.err = ATLS_OK};
    assert_int_equal(atls_post_run(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, PEER_REFUSED);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_REFUSED);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

static const char late[] =
    "re-attestation: the peer did not answer in time (authenticator: found none that was accepted, "
    "expected one within milliseconds of the moment it was due: 5000)";

static void data_stop_when_no_answer_comes_in_time(void **state)
{
    (void)state;
    char got[8];
    size_t len = 0;
    struct test_pair pair = open_forged(minutely);
    const struct atls_bytes request = framed_ask(&pair);
    send_frame(&pair.server, ATLS_FRAME_AUTHENTICATOR,
               framed_honest(&pair, &world->server, request));
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    (void)take_frame(&pair.server, ATLS_FRAME_DONE);
    framed_time_ms += 60000;
    assert_int_equal(atls_post_next_ms(pair.client.ssl), 0);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    (void)take_frame(&pair.server, ATLS_FRAME_REQUEST);
    assert_int_equal(atls_post_next_ms(pair.client.ssl), 5000);
    framed_time_ms += 4999;
    send_octets(&pair.server, test_hex("05000002 6869"));
    framed_expect(&pair.client, "hi");
    send_octets(&pair.server, test_hex("05000002 6869"));
    framed_time_ms += 1;
    assert_int_equal(atls_post_read(pair.client.ssl, got, sizeof got, &len, NULL),
                     ATLS_POST_FAILED);
    assert_int_equal(len, 0);
    assert_framed_refused(&pair.client, late);
    test_pair_free(&pair);
}

/* The other way: the application is told, and data go on once a round is accepted. */
static void data_wait_for_an_answer_where_the_application_wants_that(void **state)
{
    (void)state;
    char got[8];
    size_t len = 0;
    const struct test_spec client = {.requires = &world->server,
                                     .timing = ATLS_TIMING_POST,
                                     .reattest = on_request,
                                     .late = ATLS_LATE_TELL};
    const struct test_spec server = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .framed = true};
    struct test_pair pair = framed_open(world, &client, &server);
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    framed_time_ms += 5000;
    assert_int_equal(atls_post_write(pair.client.ssl, "x", 1, &len, NULL), ATLS_POST_LATE);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_LATE);
    assert_int_equal(atls_post_read(pair.client.ssl, got, sizeof got, &len, NULL), ATLS_POST_LATE);
    framed_send(&pair.server, "behind the answer");
    framed_run(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    framed_expect(&pair.client, "behind the answer");
    framed_pass(&pair);
    test_pair_free(&pair);
}

static void a_machine_that_was_revoked_is_refused_in_the_next_round(void **state)
{
    (void)state;
    char list[300];
    char hex[65];
    const struct test_spec client = {
        .requires = &world->server, .timing = ATLS_TIMING_POST, .reattest = on_request};
    const struct test_spec server = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .framed = true};
    struct test_pair pair = framed_open(world, &client, &server);
    const struct atls_verdict *verdict = atls_openssl_verdict(pair.client.ssl);
    for (size_t i = 0; i < 32; i++) {
        snprintf(&hex[2 * i], 3, "%02x", verdict->peer_spki_sha256[i]);
    }
    snprintf(list, sizeof list,
             "[{\"kind\":\"spki\",\"value\":\"%s\",\"from\":\"2026-01-01T00:00:00Z\"}]", hex);
    struct atls_context *context = openssl_context_of(SSL_get_SSL_CTX(pair.client.ssl));
    assert_err(atls_context_set_revoked(context, atls_bytes_text(list), NULL), OK);
    framed_pass(&pair); /* until then */
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    framed_run(&pair);
    assert_err(verdict->reason.err, REVOKED);
    assert_framed_refused(&pair.client, test_sentence(&verdict->reason));
    /* the peer is told */
    struct atls_diag diag;
    assert_int_equal(atls_post_run(pair.server.ssl, &diag), ATLS_POST_FAILED);
    assert_int_equal(atls_err_fault(diag.err), ATLS_FAULT_PEER);
    test_pair_free(&pair);
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    const struct test_spec specs[] = {
        {.requires = &world->server, .framed = true},
        {.requires = &world->server, .timing = ATLS_TIMING_HANDSHAKE, .reattest = minutely},
        {.attests = &world->server, .timing = ATLS_TIMING_POST, .reattest = minutely},
        {.requires = &world->server,
         .timing = ATLS_TIMING_POST,
         .framed = true,
         .own_carriage = true},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(specs); i++) {
        struct atls_context *context = test_context(world, &specs[i]);
        assert_err(atls_context_freeze(context, NULL), CONFIG);
        atls_context_unref(context);
    }
    const struct test_spec spec = {.requires = &world->server, .timing = ATLS_TIMING_POST};
    struct atls_context *context = test_context(world, &spec);
    assert_err(atls_context_set_reattest(context, 86400001, 0, ATLS_LATE_CLOSE, NULL), ARGUMENT);
    assert_err(atls_context_set_reattest(context, 1, 600001, ATLS_LATE_CLOSE, NULL), ARGUMENT);
    assert_err(atls_context_set_reattest(context, 86400000, 600000, ATLS_LATE_TELL, NULL), OK);
    assert_err(atls_context_freeze(context, NULL), OK);
    assert_err(atls_context_set_framed(context, NULL), STATE);
    atls_context_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_do_not_go_together_are_refused),
        cmocka_unit_test(frames_at_a_wrong_moment_are_refused),
        cmocka_unit_test(an_end_inside_a_frame_is_no_end),
        cmocka_unit_test(two_requests_at_once_are_refused),
        cmocka_unit_test(an_answer_of_an_earlier_round_is_refused),
        cmocka_unit_test(a_peer_that_refuses_ends_the_connection),
        cmocka_unit_test(data_stop_when_no_answer_comes_in_time),
        cmocka_unit_test(data_wait_for_an_answer_where_the_application_wants_that),
        cmocka_unit_test(a_machine_that_was_revoked_is_refused_in_the_next_round),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
