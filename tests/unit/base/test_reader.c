/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"

#include "base/reader.h"

static const struct atls_bytes none = {NULL, 0};

static struct atls_reader reader_of(const char *hex)
{
    return atls_reader_of(test_hex(hex));
}

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct atls_reader r = reader_of("01 0203 040506 0708090a 0b0c0d0e0f101112");
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u24 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    assert_true(atls_read_u8(&r, &u8) && atls_read_u16(&r, &u16) && atls_read_u24(&r, &u24) &&
                atls_read_u32(&r, &u32) && atls_read_u64(&r, &u64) && atls_read_end(&r));
    assert_int_equal(u8, 0x01);
    assert_int_equal(u16, 0x0203);
    assert_int_equal(u24, 0x040506);
    assert_int_equal(u32, 0x0708090a);
    assert_true(u64 == 0x0b0c0d0e0f101112);
    assert_int_equal(atls_reader_offset(&r), 18);
}

static void integer_past_the_end_is_refused_and_nothing_moves(void **state)
{
    (void)state;
    for (size_t len = 0; len < 8; len++) {
        const struct atls_buf room = test_room(len);
        memset(room.data, 0xaa, len);
        struct atls_reader r = atls_reader_of(atls_bytes_of(room.data, len));
        uint8_t u8 = 7;
        uint16_t u16 = 7;
        uint32_t u24 = 7;
        uint32_t u32 = 7;
        uint64_t u64 = 7;
        assert_true(len >= 1 || (!atls_read_u8(&r, &u8) && u8 == 7));
        assert_true(len >= 2 || (!atls_read_u16(&r, &u16) && u16 == 7));
        assert_true(len >= 3 || (!atls_read_u24(&r, &u24) && u24 == 7));
        assert_true(len >= 4 || (!atls_read_u32(&r, &u32) && u32 == 7));
        assert_true(!atls_read_u64(&r, &u64) && u64 == 7);
        assert_int_equal(r.left, len);
        assert_int_equal(atls_reader_offset(&r), 0);
    }
}

static void bytes_are_borrowed_from_the_input(void **state)
{
    (void)state;
    const struct atls_bytes input = test_hex("0102030405");
    struct atls_reader r = atls_reader_of(input);
    struct atls_bytes out = none;
    assert_true(atls_read_bytes(&r, 2, &out));
    assert_ptr_equal(out.data, input.data);
    assert_int_equal(out.len, 2);
    assert_true(atls_read_bytes(&r, 0, &out));
    assert_int_equal(out.len, 0);
    assert_true(atls_read_bytes(&r, 3, &out));
    assert_bytes(out, test_hex("030405"));
    assert_true(atls_read_end(&r));
}

static void bytes_past_the_end_are_refused(void **state)
{
    (void)state;
    struct atls_reader r = reader_of("010203");
    struct atls_bytes out = {NULL, 99};
    assert_false(atls_read_bytes(&r, 4, &out));
    assert_false(atls_read_bytes(&r, SIZE_MAX, &out));
    assert_int_equal(out.len, 99);
    assert_int_equal(r.left, 3);
    assert_false(atls_read_end(&r));
}

static void empty_input_has_an_end_and_nothing_else(void **state)
{
    (void)state;
    struct atls_reader r = atls_reader_of(none);
    struct atls_bytes out = {NULL, 99};
    uint8_t u8 = 0;
    assert_true(atls_read_end(&r));
    assert_false(atls_read_u8(&r, &u8));
    assert_true(atls_read_bytes(&r, 0, &out));
    assert_int_equal(out.len, 0);
}

static void vectors_have_their_length_in_front(void **state)
{
    (void)state;
    struct atls_reader r = reader_of("02aabb 0001cc 000003ddeeff 00 0000 000000");
    struct atls_bytes out = none;
    assert_true(atls_read_vec8(&r, 0, 255, &out));
    assert_bytes(out, test_hex("aabb"));
    assert_true(atls_read_vec16(&r, 0, 65535, &out));
    assert_bytes(out, test_hex("cc"));
    assert_true(atls_read_vec24(&r, 0, 0xffffff, &out));
    assert_bytes(out, test_hex("ddeeff"));
    assert_true(atls_read_vec8(&r, 0, 255, &out) && out.len == 0);
    assert_true(atls_read_vec16(&r, 0, 65535, &out) && out.len == 0);
    assert_true(atls_read_vec24(&r, 0, 0xffffff, &out) && out.len == 0);
    assert_true(atls_read_end(&r));
}

static void vector_length_past_the_end_is_refused_and_nothing_moves(void **state)
{
    (void)state;
    static const char *const inputs[] = {"", "03", "03aabb", "ffaabb"};
    static const char *const inputs16[] = {"", "00", "0003", "0003aabb", "ffffaabb"};
    static const char *const inputs24[] = {"", "0000", "000003", "000003aabb", "ffffffaabb"};
    struct atls_bytes out = {NULL, 99};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(inputs); i++) {
        struct atls_reader r = reader_of(inputs[i]);
        const size_t left = r.left;
        assert_false(atls_read_vec8(&r, 0, 255, &out));
        assert_true(r.left == left && atls_reader_offset(&r) == 0 && out.len == 99);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(inputs16); i++) {
        struct atls_reader r = reader_of(inputs16[i]);
        const size_t left = r.left;
        struct atls_reader sub = atls_reader_of(none);
        assert_false(atls_read_vec16(&r, 0, 65535, &out));
        assert_false(atls_read_sub16(&r, 0, 65535, &sub));
        assert_true(r.left == left && atls_reader_offset(&r) == 0 && out.len == 99);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(inputs24); i++) {
        struct atls_reader r = reader_of(inputs24[i]);
        const size_t left = r.left;
        assert_false(atls_read_vec24(&r, 0, 0xffffff, &out));
        assert_true(r.left == left && atls_reader_offset(&r) == 0 && out.len == 99);
    }
}

static void vector_length_outside_of_its_range_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 5; len++) {
        const bool expected = len >= 2 && len <= 4;
        uint8_t input[8] = {0, 0, (uint8_t)len};
        struct atls_bytes out = none;
        struct atls_reader r8 = atls_reader_of(atls_bytes_of(&input[2], 1 + len));
        struct atls_reader r16 = atls_reader_of(atls_bytes_of(&input[1], 2 + len));
        struct atls_reader r24 = atls_reader_of(atls_bytes_of(&input[0], 3 + len));
        assert_int_equal(atls_read_vec8(&r8, 2, 4, &out), expected);
        assert_int_equal(atls_read_vec16(&r16, 2, 4, &out), expected);
        assert_int_equal(atls_read_vec24(&r24, 2, 4, &out), expected);
    }
}

static void offsets_of_a_sub_reader_count_in_the_outermost_input(void **state)
{
    (void)state;
    struct atls_reader r = reader_of("aa 0005 0002bbcc dd ee");
    struct atls_reader outer = atls_reader_of(none);
    struct atls_reader inner = atls_reader_of(none);
    uint8_t u8 = 0;
    assert_true(atls_read_u8(&r, &u8) && atls_read_sub16(&r, 1, 9, &outer));
    assert_int_equal(atls_reader_offset(&outer), 3);
    assert_true(atls_read_sub16(&outer, 1, 9, &inner));
    assert_int_equal(atls_reader_offset(&inner), 5);
    assert_true(atls_read_u8(&inner, &u8) && u8 == 0xbb);
    assert_int_equal(atls_reader_offset(&inner), 6);
    assert_false(atls_read_end(&inner));
    assert_true(atls_read_u8(&inner, &u8) && atls_read_end(&inner));
    assert_false(atls_read_u8(&inner, &u8)); /* dd is the outer one's */
    assert_true(atls_read_u8(&outer, &u8) && u8 == 0xdd && atls_read_end(&outer));
    assert_true(atls_read_u8(&r, &u8) && u8 == 0xee && atls_read_end(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(integer_past_the_end_is_refused_and_nothing_moves),
        cmocka_unit_test(bytes_are_borrowed_from_the_input),
        cmocka_unit_test(bytes_past_the_end_are_refused),
        cmocka_unit_test(empty_input_has_an_end_and_nothing_else),
        cmocka_unit_test(vectors_have_their_length_in_front),
        cmocka_unit_test(vector_length_past_the_end_is_refused_and_nothing_moves),
        cmocka_unit_test(vector_length_outside_of_its_range_is_refused),
        cmocka_unit_test(offsets_of_a_sub_reader_count_in_the_outermost_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
