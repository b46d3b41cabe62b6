/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

static const struct atls_bytes none = {NULL, 0};

static void equal_octets_are_equal_both_ways(void **state)
{
    (void)state;
    const struct atls_bytes a = test_hex("00112233445566778899aabbccddeeff");
    const struct atls_bytes b = test_copy(a);
    assert_true(atls_bytes_equal(a, b) && atls_ct_equal(a, b));
    assert_true(atls_bytes_equal(none, none) && atls_ct_equal(none, none));
    assert_true(atls_bytes_equal(none, atls_bytes_of("x", 0)));
    assert_true(atls_ct_equal(none, atls_bytes_of("x", 0)));
}

static void expect_difference(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct atls_bytes *original = context;
    assert_false(atls_bytes_equal(mutant, *original));
    assert_false(atls_ct_equal(mutant, *original));
    assert_false(atls_ct_equal(*original, mutant));
}

static void every_mutant_differs(void **state)
{
    (void)state;
    struct atls_bytes original = test_hex("00112233445566778899aabbccddeeff");
    test_each_mutant(original, expect_difference, &original);
}

static void differences_do_not_cancel_out(void **state)
{
    (void)state;
    assert_false(atls_ct_equal(test_hex("0101"), test_hex("0000")));
    assert_false(atls_ct_equal(test_hex("ff01"), test_hex("01ff")));
}

static void text_is_compared_without_its_nul(void **state)
{
    (void)state;
    assert_true(atls_bytes_is_text(test_hex("616263"), "abc"));
    assert_false(atls_bytes_is_text(test_hex("61626300"), "abc"));
    assert_false(atls_bytes_is_text(test_hex("6162"), "abc"));
    assert_false(atls_bytes_is_text(test_hex("616263"), "ab"));
    assert_true(atls_bytes_is_text(none, ""));
    assert_false(atls_bytes_is_text(none, "a"));
    assert_int_equal(atls_text_len(""), 0);
    assert_int_equal(atls_text_len("abc"), 3);
    assert_int_equal(atls_bytes_text("abc").len, 3);
}

static void zero_is_zero_in_every_octet(void **state)
{
    (void)state;
    uint8_t octets[16] = {0};
    assert_true(atls_is_zero(atls_bytes_of(octets, sizeof octets)));
    assert_true(atls_is_zero(none));
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = 0x80;
        assert_false(atls_is_zero(atls_bytes_of(octets, sizeof octets)));
        octets[i] = 0;
    }
}

static void wipe_overwrites_what_it_is_given_and_no_more(void **state)
{
    (void)state;
    uint8_t octets[8];
    memset(octets, 0xaa, sizeof octets);
    atls_wipe(&octets[1], 6);
    assert_bytes(atls_bytes_of(octets, sizeof octets), test_hex("aa000000000000aa"));
    atls_wipe(&octets[7], 1);
    assert_int_equal(octets[7], 0);
    atls_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_octets_are_equal_both_ways),
        cmocka_unit_test(every_mutant_differs),
        cmocka_unit_test(differences_do_not_cancel_out),
        cmocka_unit_test(text_is_compared_without_its_nul),
        cmocka_unit_test(zero_is_zero_in_every_octet),
        cmocka_unit_test(wipe_overwrites_what_it_is_given_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
