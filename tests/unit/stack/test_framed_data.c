/* SPDX-License-Identifier: Apache-2.0 */
/* Data at every point of a round, in both directions, and rounds at every octet of the stream:
 * nothing is lost, nothing changes places, and each round ends. */
#include "framed_test.h"

enum { POINTS = 10 }; /* calls of each side within which a round ends */

static struct test_world *world;
static const uint32_t on_request[] = {0, 5000};

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static struct test_pair open_mutual(void)
{
    const struct test_spec client = {.attests = &world->client,
                                     .requires = &world->server,
                                     .timing = ATLS_TIMING_POST,
                                     .reattest = on_request};
    const struct test_spec server = {.attests = &world->server,
                                     .requires = &world->client,
                                     .timing = ATLS_TIMING_POST,
                                     .reattest = on_request};
    return framed_open(world, &client, &server);
}

/* What one direction carries: the n-th octet is a function of n. */
struct stream {
    struct test_end *from, *to;
    size_t sent, got;
};

static void put(struct stream *s, size_t len)
{
    uint8_t octets[200];
    assert_true(len <= sizeof octets);
    for (size_t i = 0; i < len; i++) {
        octets[i] = (uint8_t)((s->sent + i) * 7);
    }
    for (size_t at = 0; at < len;) {
        size_t done = 0;
        assert_int_equal(atls_post_write(s->from->ssl, octets + at, len - at, &done, NULL),
                         ATLS_POST_DONE);
        at += done;
    }
    s->sent += len;
}

/* get reads at most `times`, 64 octets each time: the rest stays where it is. */
static void get(struct stream *s, size_t times)
{
    uint8_t octets[64];
    size_t len = 0;
    enum atls_post_step step = ATLS_POST_DONE;
    for (size_t i = 0; i < times && step == ATLS_POST_DONE; i++) {
        step = atls_post_read(s->to->ssl, octets, sizeof octets, &len, NULL);
        for (size_t at = 0; at < len; at++, s->got++) {
            assert_int_equal(octets[at], (uint8_t)(s->got * 7));
        }
    }
    assert_int_not_equal(step, ATLS_POST_FAILED);
}

/* Data of one direction before the call that is the `point`-th of a round, and who reads it when.
 */
static void one_round(struct test_pair *pair, size_t point, unsigned how)
{
    struct stream up = {.from = &pair->client, .to = &pair->server};
    struct stream down = {.from = &pair->server, .to = &pair->client};
    const uint64_t by_client = framed_accepted(&pair->client);
    const uint64_t by_server = framed_accepted(&pair->server);
    const bool both_ask = (how & 4) != 0;
    framed_time_ms += 10000; /* or else answers would wait */
    assert_err(atls_post_round(pair->client.ssl, NULL), OK);
    if (both_ask) {
        assert_err(atls_post_round(pair->server.ssl, NULL), OK);
    }
    for (size_t at = 0; at < POINTS; at++) {
        struct test_end *end = at % 2 == 0 ? &pair->client : &pair->server;
        if (at >= point) { /* from here on, by one side or both */
            if ((how & 1) != 0) {
                put(&up, 100 + at);
            }
            if ((how & 2) != 0) {
                put(&down, 150 - at);
            }
        }
        assert_int_not_equal(atls_post_run(end->ssl, NULL), ATLS_POST_FAILED);
        get(at % 3 == 0 ? &up : &down, 1);
    }
    get(&up, SIZE_MAX);
    get(&down, SIZE_MAX);
    get(&up, SIZE_MAX);
    assert_int_equal(up.got, up.sent);
    assert_int_equal(down.got, down.sent);
    framed_run(pair);
    assert_int_equal(framed_accepted(&pair->client), by_client + 1);
    assert_int_equal(framed_accepted(&pair->server), by_server + (both_ask ? 1 : 0));
}

static void data_go_at_every_point_of_a_round(void **state)
{
    (void)state;
    struct test_pair pair = open_mutual();
    for (size_t point = 0; point < POINTS; point++) {
        for (unsigned how = 1; how < 8; how++) {
            if (how != 4) {
                one_round(&pair, point, how);
            }
        }
    }
    test_pair_free(&pair);
}

/* What is read ahead, to an answer behind it, is more than one piece of memory holds at first. */
static void data_that_are_read_ahead_and_in_parts_stay_in_order(void **state)
{
    (void)state;
    struct test_pair pair = open_mutual();
    struct stream down = {.from = &pair.server, .to = &pair.client};
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    for (size_t i = 0; i < 200; i++) {
        put(&down, 200);
        assert_int_not_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_FAILED);
        get(&down, i % 3 == 0 ? 1 : 0);
    }
    get(&down, SIZE_MAX);
    assert_int_equal(down.got, down.sent);
    framed_run(&pair);
    assert_int_equal(framed_accepted(&pair.client), 2);
    test_pair_free(&pair);
}

/* ---- a stream that is cut anywhere ---- */

static void append(const struct atls_buf *out, size_t *len, enum atls_frame_type type,
                   struct atls_bytes body)
{
    const struct atls_frame_head head = {type, body.len};
    assert_true(*len + ATLS_FRAME_HEAD_LEN + body.len <= out->cap);
    assert_err(atls_frame_head_write(out->data + *len, &head, NULL), OK);
    memcpy(out->data + *len + ATLS_FRAME_HEAD_LEN, body.data, body.len);
    *len += ATLS_FRAME_HEAD_LEN + body.len;
}

/* Data, the answer, and data behind it, in records of `step` octets; our side reads after each. */
static void answer_in_pieces(struct test_pair *pair, size_t step)
{
    uint8_t got[32];
    size_t len = 0, sum = 0, done = 0;
    const struct atls_buf stream = test_room(16384);
    const uint64_t before = framed_accepted(&pair->client);
    const struct atls_bytes request = framed_ask(pair);
    append(&stream, &len, ATLS_FRAME_DATA, atls_bytes_text("before "));
    append(&stream, &len, ATLS_FRAME_AUTHENTICATOR, framed_honest(pair, &world->server, request));
    append(&stream, &len, ATLS_FRAME_DATA, atls_bytes_text("and "));
    append(&stream, &len, ATLS_FRAME_DATA, atls_bytes_text("behind"));
    for (size_t at = 0; at < len; at += step) {
        send_octets(&pair->server,
                    atls_bytes_of(stream.data + at, len - at < step ? len - at : step));
        if (atls_post_read(pair->client.ssl, got + sum, sizeof got - sum, &done, NULL) ==
            ATLS_POST_DONE) {
            sum += done;
        }
    }
    while (atls_post_read(pair->client.ssl, got + sum, sizeof got - sum, &done, NULL) ==
           ATLS_POST_DONE) {
        sum += done;
    }
    assert_int_equal(sum, strlen("before and behind"));
    assert_memory_equal(got, "before and behind", sum);
    assert_int_equal(framed_accepted(&pair->client), before + 1);
    (void)take_frame(&pair->server, ATLS_FRAME_DONE);
}

static void an_answer_comes_in_pieces_of_any_size_among_data(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 3, 5, 7, 11, 64, 1000, 16384};
    struct test_pair pair = framed_open_forged(world, on_request);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(steps); i++) {
        answer_in_pieces(&pair, steps[i]);
    }
    test_pair_free(&pair);
}

/* Asking once more while the first request waits asks nothing: the answer is to that one. */
static void who_asks_twice_before_an_answer_has_asked_once(void **state)
{
    (void)state;
    struct test_pair pair = framed_open_forged(world, on_request);
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    assert_err(atls_post_round(pair.client.ssl, NULL), OK);
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    const struct atls_bytes request = take_frame(&pair.server, ATLS_FRAME_REQUEST);
    send_frame(&pair.server, ATLS_FRAME_AUTHENTICATOR,
               framed_honest(&pair, &world->server, request));
    assert_int_equal(atls_post_run(pair.client.ssl, NULL), ATLS_POST_WANT_READ);
    assert_int_equal(framed_accepted(&pair.client), 2);
    assert_int_equal(take_frame(&pair.server, ATLS_FRAME_DONE).len, 0);
    char octet = 0;
    assert_true(SSL_read(pair.server.ssl, &octet, 1) <= 0); /* no other request behind it */
    ERR_clear_error();
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_go_at_every_point_of_a_round),
        cmocka_unit_test(data_that_are_read_ahead_and_in_parts_stay_in_order),
        cmocka_unit_test(an_answer_comes_in_pieces_of_any_size_among_data),
        cmocka_unit_test(who_asks_twice_before_an_answer_has_asked_once),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
