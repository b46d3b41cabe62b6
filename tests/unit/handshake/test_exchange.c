/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange after the handshake: every order of frames either is the one that is drawn, or is
 * refused for good. */
#include "handshake_test.h"

#include "handshake/exchange.h"

static struct atls_bytes body_of(enum atls_frame_type type, struct atls_frame_hello hello)
{
    static uint8_t octets[ATLS_FRAME_HELLO_LEN];
    atls_frame_hello_write(octets, &hello);
    return atls_bytes_of(octets, type == ATLS_FRAME_HELLO ? sizeof octets : 0);
}

struct sides {
    struct atls_exchange a, b;
};

static struct sides begin(bool a_asks, bool b_asks, bool frames)
{
    struct sides s;
    const struct atls_frame_hello a = {a_asks, frames}, b = {b_asks, frames};
    atls_exchange_init(&s.a, a);
    atls_exchange_init(&s.b, b);
    return s;
}

/* go sends a frame from one side to the other. */
static enum atls_err go(struct atls_exchange *from, struct atls_exchange *to,
                        enum atls_frame_type type)
{
    assert_err(atls_exchange_sent(from, type, NULL), OK);
    const enum atls_err err = atls_exchange_take(to, type, body_of(type, from->own), NULL);
    if (err == ATLS_OK && type == ATLS_FRAME_AUTHENTICATOR) {
        assert_err(atls_exchange_accept(to, NULL), OK);
    }
    assert_true(atls_exchange_check_state(from) && atls_exchange_check_state(to));
    return err;
}

/* move sends whatever is due from one side; false when nothing is. */
static bool move(struct atls_exchange *from, struct atls_exchange *to)
{
    static const enum atls_frame_type order[] = {ATLS_FRAME_HELLO, ATLS_FRAME_REQUEST,
                                                 ATLS_FRAME_AUTHENTICATOR, ATLS_FRAME_DONE};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(order); i++) {
        if (atls_exchange_may(from, order[i])) {
            assert_err(go(from, to, order[i]), OK);
            return true;
        }
    }
    return false;
}

static void every_prelude_ends_open_on_both_sides(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        struct sides s = begin((bits & 1) != 0, (bits & 2) != 0, false);
        const bool b_first = (bits & 4) != 0;
        unsigned moves = 0;
        for (bool moved = true;
             moved && !(atls_exchange_is_open(&s.a) && atls_exchange_is_open(&s.b)); moves++) {
            moved = b_first ? move(&s.b, &s.a) : move(&s.a, &s.b);
            moved = (b_first ? move(&s.a, &s.b) : move(&s.b, &s.a)) || moved;
            assert_true(moves < 10);
        }
        assert_true(atls_exchange_is_open(&s.a) && atls_exchange_is_open(&s.b));
        assert_false(atls_exchange_is_framed(&s.a));
        /* where nothing is framed, frames have ended */
        assert_false(atls_exchange_may(&s.a, ATLS_FRAME_DATA));
        assert_false(atls_exchange_may(&s.a, ATLS_FRAME_REQUEST));
        assert_err(
            atls_exchange_take(&s.a, ATLS_FRAME_REQUEST, body_of(ATLS_FRAME_DONE, s.a.own), NULL),
            ILLEGAL);
    }
}

/* The frames that either side may take as the next one, at each point of a prelude in which the
 * peer asks, and we do, too. */
static void only_the_next_frame_is_taken(void **state)
{
    (void)state;
    static const enum atls_frame_type line[] = {ATLS_FRAME_HELLO, ATLS_FRAME_REQUEST,
                                                ATLS_FRAME_AUTHENTICATOR, ATLS_FRAME_DONE};
    for (size_t at = 0; at <= ATLS_ARRAY_LEN(line); at++) {
        for (int type = ATLS_FRAME_HELLO; type <= ATLS_FRAME_CLOSE; type++) {
            struct sides s = begin(true, true, false);
            /* we have sent all that may go; then the peer's line up to here */
            assert_err(atls_exchange_sent(&s.a, ATLS_FRAME_HELLO, NULL), OK);
            assert_err(atls_exchange_sent(&s.a, ATLS_FRAME_REQUEST, NULL), OK);
            for (size_t i = 0; i < at; i++) {
                assert_err(atls_exchange_take(&s.a, line[i], body_of(line[i], s.b.own), NULL), OK);
                if (line[i] == ATLS_FRAME_REQUEST) {
                    assert_err(atls_exchange_sent(&s.a, ATLS_FRAME_AUTHENTICATOR, NULL), OK);
                }
            }
            const enum atls_frame_type next = (enum atls_frame_type)type;
            const struct atls_bytes body = body_of(next, s.b.own);
            /* the answer may come before the request */
            const bool due = (at < ATLS_ARRAY_LEN(line) && next == line[at]) ||
                             (at == 1 && next == ATLS_FRAME_AUTHENTICATOR) ||
                             next == ATLS_FRAME_CLOSE;
            const enum atls_err err = atls_exchange_take(&s.a, next, body, NULL);
            if (due != (err == ATLS_OK)) {
                print_error("%s after %zu frames: %s\n", atls_frame_name(next), at,
                            atls_err_name(err));
            }
            assert_int_equal(err == ATLS_OK, due);
            assert_true(atls_exchange_check_state(&s.a));
            if (!due) {
                /* for good: nothing comes, and nothing but CLOSE goes */
                assert_err(atls_exchange_take(&s.a, ATLS_FRAME_HELLO,
                                              body_of(ATLS_FRAME_HELLO, s.b.own), NULL),
                           ILLEGAL);
                assert_false(atls_exchange_may(&s.a, ATLS_FRAME_DONE));
                assert_true(atls_exchange_may(&s.a, ATLS_FRAME_CLOSE));
                assert_false(atls_exchange_is_open(&s.a));
            }
        }
    }
}

static void a_request_that_hello_did_not_announce_is_refused(void **state)
{
    (void)state;
    struct sides s = begin(true, false, true);
    struct atls_diag diag;
    assert_err(go(&s.b, &s.a, ATLS_FRAME_HELLO), OK);
    assert_err(
        atls_exchange_take(&s.a, ATLS_FRAME_REQUEST, body_of(ATLS_FRAME_DONE, s.b.own), &diag),
        ILLEGAL);
    assert_string_equal(diag.expected, "one that HELLO announced");
}

static void done_comes_after_the_answer_and_never_in_its_place(void **state)
{
    (void)state;
    struct sides s = begin(true, false, false);
    struct atls_diag diag;
    assert_err(go(&s.a, &s.b, ATLS_FRAME_HELLO), OK);
    assert_err(go(&s.b, &s.a, ATLS_FRAME_HELLO), OK);
    assert_err(go(&s.a, &s.b, ATLS_FRAME_REQUEST), OK);
    assert_false(atls_exchange_may(&s.b, ATLS_FRAME_DONE)); /* it has still to answer */
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_DONE, body_of(ATLS_FRAME_DONE, s.b.own), &diag),
               ILLEGAL);
    assert_string_equal(diag.expected, "AUTHENTICATOR before it");
    assert_false(atls_exchange_is_open(&s.a));
}

static void an_answer_that_is_not_accepted_ends_nothing(void **state)
{
    (void)state;
    struct sides s = begin(true, false, false);
    assert_err(go(&s.a, &s.b, ATLS_FRAME_HELLO), OK);
    assert_err(go(&s.b, &s.a, ATLS_FRAME_HELLO), OK);
    assert_err(atls_exchange_accept(&s.a, NULL), STATE);
    assert_err(go(&s.a, &s.b, ATLS_FRAME_REQUEST), OK);
    assert_err(atls_exchange_accept(&s.a, NULL), STATE);
    assert_err(atls_exchange_sent(&s.b, ATLS_FRAME_AUTHENTICATOR, NULL), OK);
    assert_err(
        atls_exchange_take(&s.a, ATLS_FRAME_AUTHENTICATOR, body_of(ATLS_FRAME_DONE, s.b.own), NULL),
        OK);
    assert_false(atls_exchange_may(&s.a, ATLS_FRAME_DONE));
    assert_err(go(&s.b, &s.a, ATLS_FRAME_DONE), OK);
    assert_false(atls_exchange_is_open(&s.a) || atls_exchange_is_open(&s.b));
    assert_err(atls_exchange_sent(&s.a, ATLS_FRAME_DONE, NULL), STATE);
    assert_err(atls_exchange_accept(&s.a, NULL), OK);
    assert_err(go(&s.a, &s.b, ATLS_FRAME_DONE), OK);
    assert_true(atls_exchange_is_open(&s.a) && atls_exchange_is_open(&s.b));
}

static void rounds_go_on_among_data_where_both_frame(void **state)
{
    (void)state;
    struct sides s = begin(true, false, true);
    while (move(&s.a, &s.b) || (!atls_exchange_is_open(&s.b) && move(&s.b, &s.a))) {
        if (atls_exchange_is_open(&s.a) && atls_exchange_is_open(&s.b)) {
            break;
        }
    }
    assert_true(atls_exchange_is_framed(&s.a) && atls_exchange_is_framed(&s.b));
    for (unsigned round = 0; round < 3; round++) {
        /* either side asks, at once, with data in between */
        assert_err(go(&s.b, &s.a, ATLS_FRAME_REQUEST), OK);
        assert_err(go(&s.a, &s.b, ATLS_FRAME_DATA), OK);
        assert_err(go(&s.a, &s.b, ATLS_FRAME_REQUEST), OK);
        assert_false(atls_exchange_may(&s.a, ATLS_FRAME_REQUEST));
        assert_false(atls_exchange_may(&s.a, ATLS_FRAME_DONE));
        assert_err(go(&s.b, &s.a, ATLS_FRAME_DATA), OK);
        assert_err(go(&s.b, &s.a, ATLS_FRAME_AUTHENTICATOR), OK);
        assert_err(go(&s.a, &s.b, ATLS_FRAME_DONE), OK);
        assert_err(go(&s.a, &s.b, ATLS_FRAME_AUTHENTICATOR), OK);
        assert_err(go(&s.b, &s.a, ATLS_FRAME_DONE), OK);
    }
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_DONE, body_of(ATLS_FRAME_DONE, s.b.own), NULL),
               ILLEGAL);
}

static void one_side_that_does_not_frame_ends_the_frames(void **state)
{
    (void)state;
    struct sides s = begin(false, false, true);
    s.b.own.frames = false;
    while (!atls_exchange_is_open(&s.a) || !atls_exchange_is_open(&s.b)) {
        const bool a_moved = move(&s.a, &s.b), b_moved = move(&s.b, &s.a);
        assert_true(a_moved || b_moved);
    }
    assert_false(atls_exchange_may(&s.a, ATLS_FRAME_DATA));
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_DATA, body_of(ATLS_FRAME_DONE, s.b.own), NULL),
               ILLEGAL);
}

static void a_hello_that_is_not_taken_is_the_end(void **state)
{
    (void)state;
    struct sides s = begin(false, false, false);
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_HELLO, test_hex("0200"), NULL), ILLEGAL);
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_HELLO, test_hex("0100"), NULL), ILLEGAL);
    s = begin(false, false, false);
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_CLOSE, test_hex("28"), NULL), OK);
    assert_err(atls_exchange_take(&s.a, ATLS_FRAME_HELLO, test_hex("0100"), NULL), ILLEGAL);
    assert_err(atls_exchange_sent(&s.a, ATLS_FRAME_HELLO, NULL), STATE);
    assert_err(atls_exchange_sent(&s.a, ATLS_FRAME_CLOSE, NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prelude_ends_open_on_both_sides),
        cmocka_unit_test(only_the_next_frame_is_taken),
        cmocka_unit_test(a_request_that_hello_did_not_announce_is_refused),
        cmocka_unit_test(done_comes_after_the_answer_and_never_in_its_place),
        cmocka_unit_test(an_answer_that_is_not_accepted_ends_nothing),
        cmocka_unit_test(rounds_go_on_among_data_where_both_frame),
        cmocka_unit_test(one_side_that_does_not_frame_ends_the_frames),
        cmocka_unit_test(a_hello_that_is_not_taken_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
