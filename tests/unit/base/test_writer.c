/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"

#include "base/writer.h"

static const struct atls_bytes none = {NULL, 0};

static struct atls_bytes finished(const struct atls_writer *w)
{
    size_t len = 0;
    assert_true(atls_writer_finish(w, &len));
    return atls_bytes_of(w->data, len);
}

static void assert_failed(const struct atls_writer *w)
{
    size_t len = 99;
    assert_false(atls_writer_finish(w, &len));
    assert_int_equal(len, 99);
}

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(18));
    atls_write_u8(&w, 0x01);
    atls_write_u16(&w, 0x0203);
    atls_write_u24(&w, 0x040506);
    atls_write_u32(&w, 0x0708090a);
    atls_write_u64(&w, 0x0b0c0d0e0f101112);
    assert_bytes(finished(&w), test_hex("0102030405060708090a0b0c0d0e0f101112"));
}

static void number_beyond_24_bits_is_refused(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(8));
    atls_write_u24(&w, 0xffffff);
    assert_bytes(finished(&w), test_hex("ffffff"));
    atls_write_u24(&w, 0x1000000);
    assert_failed(&w);
}

static void vectors_have_their_length_in_front(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(64));
    atls_write_vec8(&w, test_hex("aabb"));
    atls_write_vec16(&w, test_hex("cc"));
    atls_write_vec24(&w, test_hex("ddeeff"));
    atls_write_vec8(&w, none);
    atls_write_bytes(&w, none);
    atls_write_bytes(&w, test_hex("99"));
    assert_bytes(finished(&w), test_hex("02aabb 0001cc 000003ddeeff 00 99"));
}

static void vector_that_is_too_long_for_its_length_is_refused(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(0x1000000);
    memset(room.data, 0, room.cap);
    static const struct {
        void (*write)(struct atls_writer *, struct atls_bytes);
        size_t max;
    } cases[] = {{atls_write_vec8, 0xff}, {atls_write_vec16, 0xffff}, {atls_write_vec24, 0xffffff}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        size_t len = 0;
        struct atls_writer w = atls_writer_counting();
        cases[i].write(&w, atls_bytes_of(room.data, cases[i].max));
        assert_true(atls_writer_finish(&w, &len));
        assert_int_equal(len, cases[i].max + i + 1);
        w = atls_writer_counting();
        cases[i].write(&w, atls_bytes_of(room.data, cases[i].max + 1));
        assert_failed(&w);
    }
}

static void open_vector_gets_its_length_when_it_is_closed(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(64));
    atls_write_u8(&w, 0xaa);
    const size_t outer = atls_write_vec16_open(&w);
    atls_write_u8(&w, 0xbb);
    const size_t inner = atls_write_vec16_open(&w);
    atls_write_u16(&w, 0xccdd);
    atls_write_vec16_close(&w, inner);
    const size_t empty = atls_write_vec16_open(&w);
    atls_write_vec16_close(&w, empty);
    atls_write_vec16_close(&w, outer);
    assert_bytes(finished(&w), test_hex("aa 0007 bb 0002 ccdd 0000"));
}

static void open_vector_that_grows_too_long_is_refused(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(0x10000);
    memset(room.data, 0, room.cap);
    for (size_t len = 0xffff; len <= 0x10000; len++) {
        struct atls_writer w = atls_writer_counting();
        const size_t token = atls_write_vec16_open(&w);
        atls_write_bytes(&w, atls_bytes_of(room.data, len));
        atls_write_vec16_close(&w, token);
        size_t written = 0;
        assert_int_equal(atls_writer_finish(&w, &written), len == 0xffff);
    }
}

static void write_everything(struct atls_writer *w)
{
    atls_write_u8(w, 1);
    const size_t token = atls_write_vec16_open(w);
    atls_write_u16(w, 2);
    atls_write_u24(w, 3);
    atls_write_vec8(w, test_hex("aabb"));
    atls_write_vec16_close(w, token);
    atls_write_u32(w, 4);
}

static void what_does_not_fit_fails_and_stays_inside_the_room(void **state)
{
    (void)state;
    struct atls_writer count = atls_writer_counting();
    write_everything(&count);
    size_t needed = 0;
    assert_true(atls_writer_finish(&count, &needed));
    assert_int_equal(needed, 15);
    for (size_t cap = 0; cap <= needed; cap++) {
        struct atls_writer w = atls_writer_of(test_room(cap)); /* ASan watches its end */
        write_everything(&w);
        size_t len = 99;
        assert_int_equal(atls_writer_finish(&w, &len), cap == needed);
        assert_int_equal(len, cap == needed ? needed : 99);
    }
}

static void failure_is_sticky(void **state)
{
    (void)state;
    struct atls_writer w = atls_writer_of(test_room(2));
    atls_write_u32(&w, 1);
    atls_write_u8(&w, 1); /* would fit */
    assert_failed(&w);
    assert_int_equal(w.len, 0);
    const size_t token = atls_write_vec16_open(&w);
    atls_write_vec16_close(&w, token);
    assert_failed(&w);
}

static void room_without_buffer_takes_nothing(void **state)
{
    (void)state;
    const struct atls_buf lost = {NULL, 100}; /* as after a failed allocation */
    struct atls_writer w = atls_writer_of(lost);
    atls_write_u8(&w, 1);
    assert_failed(&w);
}

static void counting_is_asked_for_by_name_or_by_an_endless_room(void **state)
{
    (void)state;
    const struct atls_buf endless = {NULL, SIZE_MAX};
    struct atls_writer w = atls_writer_of(endless);
    atls_write_vec8(&w, test_hex("aabb"));
    size_t len = 0;
    assert_true(atls_writer_finish(&w, &len));
    assert_int_equal(len, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(number_beyond_24_bits_is_refused),
        cmocka_unit_test(vectors_have_their_length_in_front),
        cmocka_unit_test(vector_that_is_too_long_for_its_length_is_refused),
        cmocka_unit_test(open_vector_gets_its_length_when_it_is_closed),
        cmocka_unit_test(open_vector_that_grows_too_long_is_refused),
        cmocka_unit_test(what_does_not_fit_fails_and_stays_inside_the_room),
        cmocka_unit_test(failure_is_sticky),
        cmocka_unit_test(room_without_buffer_takes_nothing),
        cmocka_unit_test(counting_is_asked_for_by_name_or_by_an_endless_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
