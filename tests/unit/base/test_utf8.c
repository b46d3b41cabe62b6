/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"

#include "base/utf8.h"

/* encode writes `code` in `len` octets whether or not that is legal. */
static struct atls_bytes encode(uint32_t code, size_t len)
{
    static const uint8_t marks[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    const struct atls_buf room = test_room(len);
    for (size_t i = len; i > 1; i--) {
        room.data[i - 1] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    room.data[0] = (uint8_t)(marks[len] | code);
    return atls_bytes_of(room.data, len);
}

static size_t shortest(uint32_t code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static void only_the_shortest_form_of_a_scalar_value_is_valid(void **state)
{
    (void)state;
    static const uint32_t codes[] = {0,        1,        0x41,     0x7f,     0x80,    0x7ff,
                                     0x800,    0xfff,    0x1000,   0xcfff,   0xd000,  0xd7ff,
                                     0xd800,   0xdbff,   0xdc00,   0xdfff,   0xe000,  0xfffd,
                                     0xffff,   0x10000,  0x3ffff,  0x40000,  0xfffff, 0x100000,
                                     0x10ffff, 0x110000, 0x13ffff, 0x140000, 0x1fffff};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(codes); i++) {
        const uint32_t code = codes[i];
        const bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        for (size_t len = shortest(code); len <= 4; len++) {
            assert_int_equal(atls_utf8_is_valid(encode(code, len)),
                             is_scalar && len == shortest(code));
        }
    }
}

static void every_first_octet_is_judged(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const uint8_t text[2] = {(uint8_t)first, (uint8_t)second};
            const bool ascii = first < 0x80 && second < 0x80;
            const bool pair = first >= 0xc2 && first < 0xe0 && second >= 0x80 && second < 0xc0;
            assert_int_equal(atls_utf8_is_valid(atls_bytes_of(text, 2)), ascii || pair);
        }
    }
}

static void sequence_that_is_cut_or_broken_is_invalid(void **state)
{
    (void)state;
    static const char *const broken[] = {"c3",       "e6b0",     "e6",     "f09085",  "f090",
                                         "f0",       "80",       "bf",     "c361",    "e6b061",
                                         "e661b4",   "f0908561", "c3bcbc", "fe",      "ff",
                                         "f8808080", "61c3",     "e6b0c0", "f09085c0"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(broken); i++) {
        if (atls_utf8_is_valid(test_hex(broken[i]))) {
            fail_msg("valid: %s", broken[i]);
        }
    }
}

static void empty_and_mixed_texts_are_valid(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    assert_true(atls_utf8_is_valid(none));
    assert_true(atls_utf8_is_valid(test_hex("61 c3bc 00 e6b0b4 7f f0908591 61")));
}

/* Eight octets of ASCII are passed at once: what is not must be seen wherever it stands. */
static void octet_that_is_not_ascii_is_seen_at_each_place(void **state)
{
    (void)state;
    uint8_t text[26];
    for (size_t len = 2; len <= sizeof text; len++) {
        for (size_t at = 0; at + 1 < len; at++) {
            memset(text, 'a', sizeof text);
            text[at] = 0xc3;
            assert_false(atls_utf8_is_valid(test_copy(atls_bytes_of(text, len))));
            text[at + 1] = 0xa9;
            assert_true(atls_utf8_is_valid(test_copy(atls_bytes_of(text, len))));
            assert_false(atls_utf8_is_valid(test_copy(atls_bytes_of(text, at + 1))));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octet_that_is_not_ascii_is_seen_at_each_place),
        cmocka_unit_test(only_the_shortest_form_of_a_scalar_value_is_valid),
        cmocka_unit_test(every_first_octet_is_judged),
        cmocka_unit_test(sequence_that_is_cut_or_broken_is_invalid),
        cmocka_unit_test(empty_and_mixed_texts_are_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
