/* SPDX-License-Identifier: Apache-2.0 */
/* The stream over datagrams: whatever a network does to them, what comes out is what went in; and
 * whatever a peer sends, the state stays whole. */
#include "handshake_test.h"

#include "handshake/datagram.h"

#include <stdlib.h>
#include <string.h>

enum { QUEUE = 256 };

struct wire {
    uint8_t data[QUEUE][ATLS_MAX_DATAGRAM_LEN];
    size_t len[QUEUE], num;
};

/* Two ends, what is on its way to each, and what the network does. */
struct link {
    struct atls_datagram a, b;
    struct wire to_a, to_b;
    int64_t now_ms;
    uint32_t seed;     /* 0: nothing is random */
    size_t sent, lose; /* the datagram of this number is lost */
};

static uint32_t next_random(struct link *l)
{
    l->seed = l->seed * 1664525u + 1013904223u;
    return l->seed >> 8;
}

static struct link *link_new(uint32_t seed, size_t lose)
{
    static const uint8_t marks[2][ATLS_DATAGRAM_MARK_LEN] = {{1}, {2}};
    struct link *l = calloc(1, sizeof *l);
    assert_non_null(l);
    atls_datagram_init(&l->a, marks[0], marks[1]);
    atls_datagram_init(&l->b, marks[1], marks[0]);
    l->seed = seed;
    l->lose = lose;
    return l;
}

static void send_all(struct link *l, struct atls_datagram *from, struct wire *to)
{
    uint8_t record[ATLS_MAX_DATAGRAM_LEN];
    size_t len = 0;
    while ((len = atls_datagram_make(from, record, l->now_ms)) != 0) {
        const size_t number = l->sent++;
        const uint32_t fate = l->seed != 0 ? next_random(l) % 10 : 9;
        const size_t copies = number == l->lose || fate < 2 ? 0 : fate == 2 ? 2 : 1;
        for (size_t i = 0; i < copies && to->num < QUEUE; i++) {
            memcpy(to->data[to->num], record, len);
            to->len[to->num++] = len;
        }
        assert_true(atls_datagram_check_state(from));
    }
}

static bool receive_one(struct link *l, struct atls_datagram *at, struct wire *from)
{
    if (from->num == 0) {
        return false;
    }
    const size_t which = l->seed != 0 ? next_random(l) % from->num : 0;
    const struct atls_bytes datagram = atls_bytes_of(from->data[which], from->len[which]);
    assert_true(atls_datagram_is_peers(at, datagram));
    atls_datagram_take(at, datagram);
    assert_true(atls_datagram_check_state(at));
    from->num--;
    memmove(from->data[which], from->data[from->num], sizeof from->data[0]);
    from->len[which] = from->len[from->num];
    return true;
}

/* carry moves `len` octets each way and checks them; it gives the time that took. */
static int64_t carry(struct link *l, size_t len)
{
    uint8_t *sent = malloc(len), *got_a = calloc(1, len), *got_b = calloc(1, len);
    size_t put_a = 0, put_b = 0, a = 0, b = 0;
    assert_true(sent != NULL && got_a != NULL && got_b != NULL);
    for (size_t i = 0; i < len; i++) {
        sent[i] = (uint8_t)(i * 31 + i / 256);
    }
    while (a < len || b < len || !atls_datagram_is_drained(&l->a) ||
           !atls_datagram_is_drained(&l->b)) {
        put_a += atls_datagram_put(&l->a, atls_bytes_of(sent + put_a, len - put_a), l->now_ms);
        put_b += atls_datagram_put(&l->b, atls_bytes_of(sent + put_b, len - put_b), l->now_ms);
        send_all(l, &l->a, &l->to_b);
        send_all(l, &l->b, &l->to_a);
        const bool came_b = receive_one(l, &l->b, &l->to_b),
                   came_a = receive_one(l, &l->a, &l->to_a);
        a += atls_datagram_get(&l->a, (struct atls_buf){got_a + a, len - a});
        b += atls_datagram_get(&l->b, (struct atls_buf){got_b + b, len - b});
        if (!came_a && !came_b) {
            const int64_t due_a = atls_datagram_due_ms(&l->a), due_b = atls_datagram_due_ms(&l->b);
            const int64_t due = due_a < due_b ? due_a : due_b;
            l->now_ms = due != INT64_MAX && due > l->now_ms ? due : l->now_ms;
        }
        assert_true(l->now_ms < 1000000);
    }
    assert_memory_equal(got_a, sent, len);
    assert_memory_equal(got_b, sent, len);
    free(sent);
    free(got_a);
    free(got_b);
    return l->now_ms;
}

static void a_stream_of_any_length_arrives_without_a_wait_where_nothing_is_lost(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 4, 1023, 1024, 1025, 16384, 16385, 131076};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        struct link *l = link_new(0, SIZE_MAX);
        assert_int_equal(carry(l, lengths[i]), 0);
        free(l);
    }
}

static void the_loss_of_any_one_datagram_is_made_good(void **state)
{
    (void)state;
    struct link *whole = link_new(0, SIZE_MAX);
    carry(whole, 20000);
    for (size_t lose = 0; lose < whole->sent; lose++) {
        struct link *l = link_new(0, lose);
        const int64_t took_ms = carry(l, 20000);
        assert_true(took_ms <= ATLS_DATAGRAM_FIRST_WAIT_MS);
        free(l);
    }
    free(whole);
}

static void loss_doubles_and_disorder_together_change_nothing_of_what_arrives(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        struct link *l = link_new(seed, SIZE_MAX);
        carry(l, 1000 * seed);
        free(l);
    }
}

static void a_record_goes_again_after_twice_the_time_up_to_a_bound(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 250, 750, 1750, 3750, 7750, 11750};
    struct link *l = link_new(0, SIZE_MAX);
    uint8_t record[ATLS_MAX_DATAGRAM_LEN];
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_text("octets"), 0), 6);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(times); i++) {
        assert_int_equal(atls_datagram_due_ms(&l->a), times[i]);
        assert_int_equal(atls_datagram_make(&l->a, record, times[i] - 1), 0);
        assert_int_equal(atls_datagram_make(&l->a, record, times[i]), ATLS_DATAGRAM_HEAD_LEN + 6);
    }
    free(l);
}

static void no_more_than_a_window_is_taken_before_an_acknowledgement(void **state)
{
    (void)state;
    enum { ROOM = ATLS_DATAGRAM_WINDOW * ATLS_MAX_DATAGRAM_OCTETS };
    static uint8_t octets[ROOM + 1];
    struct link *l = link_new(0, SIZE_MAX);
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_of(octets, sizeof octets), 0), ROOM);
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_of(octets, 1), 0), 0);
    assert_true(atls_datagram_check_state(&l->a));
    free(l);
}

static void what_the_peer_has_already_is_answered_again_and_not_given_twice(void **state)
{
    (void)state;
    struct link *l = link_new(0, SIZE_MAX);
    uint8_t record[ATLS_MAX_DATAGRAM_LEN], answer[ATLS_MAX_DATAGRAM_LEN], out[8];
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_text("octets"), 0), 6);
    const size_t len = atls_datagram_make(&l->a, record, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(atls_datagram_take(&l->b, atls_bytes_of(record, len)) == (i == 0));
        assert_int_equal(atls_datagram_get(&l->b, (struct atls_buf){out, sizeof out}),
                         i == 0 ? 6 : 0);
        assert_int_equal(atls_datagram_due_ms(&l->b), INT64_MIN);
        assert_int_equal(atls_datagram_make(&l->b, answer, 0), ATLS_DATAGRAM_HEAD_LEN);
        assert_int_equal(atls_datagram_make(&l->b, answer, 0), 0);
    }
    assert_true(atls_datagram_take(&l->a, atls_bytes_of(answer, ATLS_DATAGRAM_HEAD_LEN)));
    assert_true(atls_datagram_is_drained(&l->a));
    assert_int_equal(atls_datagram_make(&l->a, record, 100000), 0); /* no answer to an answer */
    free(l);
}

/* Offsets of the record's fields. */
enum { ACKNOWLEDGED = 16, HELD = 20, NUMBER = 22 };

static void check_useless(const char *what, size_t at, size_t width, uint64_t value, size_t len)
{
    struct link *l = link_new(0, SIZE_MAX);
    uint8_t record[ATLS_MAX_DATAGRAM_LEN + 1] = {0}, out[8];
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_text("octets"), 0), 6);
    assert_int_equal(atls_datagram_put(&l->b, atls_bytes_text("others"), 0), 6);
    assert_int_not_equal(atls_datagram_make(&l->a, record, 0), 0);
    for (size_t i = 0; i < width; i++) {
        record[at + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
    if (atls_datagram_take(&l->b, atls_bytes_of(record, len))) {
        fail_msg("%s was of use", what);
    }
    assert_int_equal(atls_datagram_get(&l->b, (struct atls_buf){out, sizeof out}), 0);
    assert_false(atls_datagram_is_drained(&l->b));
    assert_true(atls_datagram_check_state(&l->b));
    free(l);
}

static void records_that_make_no_sense_change_nothing(void **state)
{
    (void)state;
    const size_t whole = ATLS_DATAGRAM_HEAD_LEN + 6;
    check_useless("number 0 with octets", NUMBER, 4, 0, whole);
    check_useless("a number and no octets", NUMBER, 4, 1, ATLS_DATAGRAM_HEAD_LEN);
    check_useless("a number behind the window", NUMBER, 4, 1 + ATLS_DATAGRAM_WINDOW, whole);
    check_useless("the last number", NUMBER, 4, UINT32_MAX, whole);
    check_useless("more octets than a record has", NUMBER, 4, 1, ATLS_MAX_DATAGRAM_LEN + 1);
    check_useless("acknowledged: 0", ACKNOWLEDGED, 4, 0, whole);
    for (size_t len = 0; len <= ATLS_DATAGRAM_HEAD_LEN; len++) {
        check_useless("a prefix", NUMBER, 0, 0, len);
    }
}

static void acknowledgements_of_what_was_never_sent_acknowledge_nothing(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {3, 17, 0x7fffffff, 0x80000001, UINT32_MAX};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(numbers); i++) {
        struct link *l = link_new(0, SIZE_MAX);
        uint8_t record[ATLS_MAX_DATAGRAM_LEN];
        assert_int_equal(atls_datagram_put(&l->a, atls_bytes_text("octets"), 0), 6);
        assert_int_equal(atls_datagram_put(&l->b, atls_bytes_text("others"), 0), 6);
        const size_t len = atls_datagram_make(&l->a, record, 0);
        for (size_t k = 0; k < 4; k++) {
            record[ACKNOWLEDGED + k] = (uint8_t)(numbers[i] >> (8 * (3 - k)));
        }
        record[HELD] = record[HELD + 1] = 0xff;
        atls_datagram_take(&l->b, atls_bytes_of(record, len));
        assert_false(atls_datagram_is_drained(&l->b));
        assert_true(atls_datagram_check_state(&l->b));
        free(l);
    }
}

static void every_single_bit_flip_of_a_record_leaves_the_state_whole(void **state)
{
    (void)state;
    struct link *l = link_new(0, SIZE_MAX);
    uint8_t record[ATLS_MAX_DATAGRAM_LEN];
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_text("octets"), 0), 6);
    const size_t len = atls_datagram_make(&l->a, record, 0);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct link *other = link_new(0, SIZE_MAX);
        record[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        const struct atls_bytes flipped = atls_bytes_of(record, len);
        assert_int_equal(atls_datagram_is_peers(&other->b, flipped), bit / 8 >= ACKNOWLEDGED);
        atls_datagram_take(&other->b, flipped);
        assert_true(atls_datagram_check_state(&other->b));
        record[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        free(other);
    }
    free(l);
}

static void a_datagram_of_the_application_is_not_the_peers(void **state)
{
    (void)state;
    struct link *l = link_new(0, SIZE_MAX);
    uint8_t record[ATLS_MAX_DATAGRAM_LEN];
    assert_int_equal(atls_datagram_put(&l->a, atls_bytes_text("octets"), 0), 6);
    const size_t len = atls_datagram_make(&l->a, record, 0);
    assert_true(atls_datagram_is_peers(&l->b, atls_bytes_of(record, len)));
    assert_false(atls_datagram_is_peers(&l->a, atls_bytes_of(record, len))); /* sent back */
    assert_false(atls_datagram_is_peers(&l->b, atls_bytes_of(record, 15)));
    assert_false(atls_datagram_is_peers(&l->b, atls_bytes_text("data of the application")));
    assert_false(atls_datagram_is_peers(&l->b, atls_bytes_of(NULL, 0)));
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_of_any_length_arrives_without_a_wait_where_nothing_is_lost),
        cmocka_unit_test(the_loss_of_any_one_datagram_is_made_good),
        cmocka_unit_test(loss_doubles_and_disorder_together_change_nothing_of_what_arrives),
        cmocka_unit_test(a_record_goes_again_after_twice_the_time_up_to_a_bound),
        cmocka_unit_test(no_more_than_a_window_is_taken_before_an_acknowledgement),
        cmocka_unit_test(what_the_peer_has_already_is_answered_again_and_not_given_twice),
        cmocka_unit_test(records_that_make_no_sense_change_nothing),
        cmocka_unit_test(acknowledgements_of_what_was_never_sent_acknowledge_nothing),
        cmocka_unit_test(every_single_bit_flip_of_a_record_leaves_the_state_whole),
        cmocka_unit_test(a_datagram_of_the_application_is_not_the_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
