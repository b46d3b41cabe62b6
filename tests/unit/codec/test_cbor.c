/* SPDX-License-Identifier: Apache-2.0 */
/* What atls_cbor_parse accepts and refuses; of map keys see test_cbor_keys.c. */
#include "cbor_cases.h"

#include "support/mutate.h"

#include "atls/limits.h"

#include <stdio.h>
#include <string.h>

/* RFC 8949, appendix A: the examples with definite lengths. */
static void examples_of_the_standard_are_accepted(void **state)
{
    (void)state;
    static const char *const examples[] = {
        "00",
        "01",
        "0a",
        "17",
        "1818",
        "1819",
        "1864",
        "1903e8",
        "1a000f4240",
        "1b000000e8d4a51000",
        "1bffffffffffffffff",
        "c249010000000000000000",
        "3bffffffffffffffff",
        "c349010000000000000000",
        "20",
        "29",
        "3863",
        "3903e7",
        "f90000",
        "f98000",
        "f93c00",
        "fb3ff199999999999a",
        "f93e00",
        "f97bff",
        "fa47c35000",
        "fa7f7fffff",
        "fb7e37e43c8800759c",
        "f90001",
        "f90400",
        "f9c400",
        "fbc010666666666666",
        "f97c00",
        "f97e00",
        "f9fc00",
        "fa7f800000",
        "fa7fc00000",
        "faff800000",
        "fb7ff0000000000000",
        "fb7ff8000000000000",
        "fbfff0000000000000",
        "f4",
        "f5",
        "f6",
        "f7",
        "f0",
        "f8ff",
        "c074323031332d30332d32315432303a30343a30305a",
        "c11a514b67b0",
        "c1fb41d452d9e8200000",
        "d74401020304",
        "d818456449455446",
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        "40",
        "4401020304",
        "60",
        "6161",
        "6449455446",
        "62225c",
        "62c3bc",
        "63e6b0b4",
        "64f0908591",
        "80",
        "83010203",
        "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "826161a161626163",
        "a56161614161626142616361436164614461656145"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(examples); i++) {
        assert_accepted(examples[i], ATLS_CBOR_STRICT);
    }
}

static void indefinite_maps_and_arrays_are_accepted_where_the_flag_is_set(void **state)
{
    (void)state;
    static const char *const examples[] = {
        "9fff",
        "bfff",
        "9f018202039f0405ffff",
        "9f01820203820405ff",
        "83018202039f0405ff",
        "83019f0203ff820405",
        "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
        "bf61610161629f0203ffff",
        "826161bf61626163ff",
        "bf6346756ef563416d7421ff"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(examples); i++) {
        assert_accepted(examples[i], ATLS_CBOR_ALLOW_INDEFINITE);
        struct atls_diag diag;
        assert_err(parse(examples[i], ATLS_CBOR_STRICT, &diag), MALFORMED);
        assert_string_equal(diag.found, "an indefinite length");
    }
}

static void chunked_strings_are_refused_whatever_the_flags(void **state)
{
    (void)state;
    const unsigned all = ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM;
    assert_refused("5f42010243030405ff", all, "an indefinite length", 0);
    assert_refused("7f657374726561646d696e67ff", all, "an indefinite length", 0);
    assert_refused("815fff", all, "an indefinite length", 1);
}

static void indefinite_numbers_tags_and_simple_values_are_refused(void **state)
{
    (void)state;
    assert_refused("1f", ATLS_CBOR_ALLOW_INDEFINITE, "an indefinite length", 0);
    assert_refused("3f", ATLS_CBOR_ALLOW_INDEFINITE, "an indefinite length", 0);
    assert_refused("df00", ATLS_CBOR_ALLOW_INDEFINITE, "an indefinite length", 0);
}

static void break_outside_of_an_indefinite_item_is_refused(void **state)
{
    (void)state;
    static const char found[] = "a break outside of an indefinite item";
    assert_refused("ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 0);
    assert_refused("81ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 1);
    assert_refused("8200ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 2);
    assert_refused("a1ff", ATLS_CBOR_ALLOW_INDEFINITE, "more members than octets", 0);
    assert_refused("a100ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 2);
    assert_refused("c1ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 1);
    assert_refused("9f81ffff", ATLS_CBOR_ALLOW_INDEFINITE, found, 2);
    assert_refused("9fc1ff", ATLS_CBOR_ALLOW_INDEFINITE, found, 2);
}

static void break_after_a_map_key_is_refused(void **state)
{
    (void)state;
    assert_refused("bf00ff", ATLS_CBOR_ALLOW_INDEFINITE, "a break after a map key", 2);
}

static void indefinite_container_without_break_is_refused(void **state)
{
    (void)state;
    assert_refused("9f", ATLS_CBOR_ALLOW_INDEFINITE, "the end", 1);
    assert_refused("9f00", ATLS_CBOR_ALLOW_INDEFINITE, "the end", 2);
    assert_refused("bf0000", ATLS_CBOR_ALLOW_INDEFINITE, "the end", 3);
}

static void reserved_additional_information_is_refused(void **state)
{
    (void)state;
    for (unsigned major = 0; major < 8; major++) {
        for (unsigned info = 28; info <= 30; info++) {
            char hex[21];
            snprintf(hex, sizeof hex, "%02x0000000000000000", major << 5 | info);
            assert_refused(hex, ATLS_CBOR_ALLOW_TRAILING, "a cut or reserved head", 0);
        }
    }
}

static void longer_forms_are_refused_unless_the_flag_is_set(void **state)
{
    (void)state;
    static const char *const longer[] = {"1817",  "1900ff",     "1a0000ffff", "1b00000000ffffffff",
                                         "3817",  "5800",       "590001aa",   "7800",
                                         "9800",  "9a00000000", "b800",       "b90000",
                                         "d80000"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(longer); i++) {
        assert_refused(longer[i], ATLS_CBOR_STRICT, "a number or length in a longer form", 0);
        assert_accepted(longer[i], ATLS_CBOR_ALLOW_LONG_FORM);
    }
}

static void simple_value_below_32_in_two_octets_is_refused(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 32; value++) {
        char hex[5];
        snprintf(hex, sizeof hex, "f8%02x", value);
        assert_refused(hex, ATLS_CBOR_ALLOW_LONG_FORM, "a simple value below 32 in two octets", 0);
    }
    assert_accepted("f820", ATLS_CBOR_STRICT);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    static const char found[] = "text that is not UTF-8";
    assert_refused("61ff", ATLS_CBOR_STRICT, found, 0);
    assert_refused("62c080", ATLS_CBOR_STRICT, found, 0);
    assert_refused("63eda080", ATLS_CBOR_STRICT, found, 0);
    assert_refused("64f4908080", ATLS_CBOR_STRICT, found, 0);
    assert_refused("61c3", ATLS_CBOR_STRICT, found, 0);
    assert_refused("8261c361bc", ATLS_CBOR_STRICT, found, 1);
    assert_accepted("41ff", ATLS_CBOR_STRICT);
}

static void trailing_octets_are_refused_unless_the_flag_is_set(void **state)
{
    (void)state;
    assert_refused("0000", ATLS_CBOR_STRICT, "octets after the item", 1);
    assert_refused("a0ff", ATLS_CBOR_STRICT, "octets after the item", 1);
    struct atls_cbor item;
    assert_err(atls_cbor_parse(&item, test_hex("820102ff"), ATLS_CBOR_ALLOW_TRAILING, "t", NULL),
               OK);
    assert_bytes(item.encoded, test_hex("820102"));
}

static void empty_input_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    struct atls_cbor item = {.argument = 77};
    struct atls_diag diag;
    assert_err(atls_cbor_parse(&item, none, ATLS_CBOR_ALLOW_TRAILING, "t", &diag), MALFORMED);
    assert_string_equal(diag.found, "the end");
    assert_int_equal(item.argument, 77); /* outputs are untouched on failure */
}

static void lengths_past_the_end_are_refused(void **state)
{
    (void)state;
    assert_refused("41", ATLS_CBOR_STRICT, "a string that goes past the end", 0);
    assert_refused("5affffffff00", ATLS_CBOR_STRICT, "a string that goes past the end", 0);
    assert_refused("5bffffffffffffffff00", ATLS_CBOR_STRICT, "a string that goes past the end", 0);
    assert_refused("7bffffffffffffffff00", ATLS_CBOR_STRICT, "a string that goes past the end", 0);
    assert_refused("9bffffffffffffffff00", ATLS_CBOR_STRICT, "more members than octets", 0);
    assert_refused("bbffffffffffffffff0000", ATLS_CBOR_STRICT, "more members than octets", 0);
    assert_refused("bb80000000000000000000", ATLS_CBOR_STRICT, "more members than octets", 0);
    assert_refused("8200", ATLS_CBOR_STRICT, "more members than octets", 0);
    assert_refused("a2000001", ATLS_CBOR_STRICT, "more members than octets", 0);
    assert_refused("c1", ATLS_CBOR_STRICT, "more members than octets", 0);
    assert_refused("82810000ff", ATLS_CBOR_STRICT, "octets after the item", 4);
}

static void input_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    const struct atls_buf room = test_room((size_t)ATLS_MAX_CBOR_LEN + 1);
    memset(room.data, 0, room.cap);
    memcpy(room.data, "\x5a\x00\x3f\xff\xfc", 5); /* 4194304 - 5 - 4 ... a string up to the limit */
    const size_t len = ATLS_MAX_CBOR_LEN - 5;
    room.data[1] = (uint8_t)(len >> 24);
    room.data[2] = (uint8_t)(len >> 16);
    room.data[3] = (uint8_t)(len >> 8);
    room.data[4] = (uint8_t)len;
    struct atls_cbor item;
    struct atls_diag diag;
    assert_err(atls_cbor_parse(&item, atls_bytes_of(room.data, ATLS_MAX_CBOR_LEN), 0, "t", &diag),
               OK);
    assert_err(atls_cbor_parse(&item, atls_bytes_of(room.data, room.cap), ATLS_CBOR_ALLOW_TRAILING,
                               "t", &diag),
               MALFORMED);
    assert_string_equal(diag.found, "too many octets");
}

static const struct test_kind {
    const char *open;
    const char *close;
    size_t octets;
} kinds[] = {{"81", "", 1}, {"c1", "", 1}, {"a100", "", 2}, {"9f", "ff", 1}, {"bf00", "ff", 2}};

static void nest(char *out, const struct test_kind *kind, unsigned levels)
{
    out[0] = '\0';
    for (unsigned i = 0; i < levels; i++) {
        strcat(out, kind->open);
    }
    strcat(out, "00");
    for (unsigned i = 0; i < levels; i++) {
        strcat(out, kind->close);
    }
}

static void nesting_is_accepted_up_to_the_limit_and_refused_beyond(void **state)
{
    (void)state;
    char hex[256];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(kinds); i++) {
        nest(hex, &kinds[i], ATLS_MAX_CBOR_DEPTH - 1);
        assert_accepted(hex, ATLS_CBOR_ALLOW_INDEFINITE);
        nest(hex, &kinds[i], ATLS_MAX_CBOR_DEPTH);
        assert_accepted(hex, ATLS_CBOR_ALLOW_INDEFINITE);
        nest(hex, &kinds[i], ATLS_MAX_CBOR_DEPTH + 1);
        assert_refused(hex, ATLS_CBOR_ALLOW_INDEFINITE, "nesting that is too deep",
                       ATLS_MAX_CBOR_DEPTH * kinds[i].octets);
    }
}

static void argument_that_is_cut_is_refused(void **state)
{
    (void)state;
    static const char *const whole[] = {"1818", "190100", "1a00010000", "1b0000000100000000"};
    for (unsigned major = 0; major < 8; major++) {
        for (size_t i = 0; i < ATLS_ARRAY_LEN(whole); i++) {
            struct atls_bytes octets = test_hex(whole[i]);
            for (size_t len = 1; len < octets.len; len++) {
                struct atls_buf room = test_room(len);
                memcpy(room.data, octets.data, len);
                room.data[0] = (uint8_t)(major << 5 | octets.data[0]);
                struct atls_cbor item;
                struct atls_diag diag = {0};
                assert_err(atls_cbor_parse(&item, atls_bytes_of(room.data, len),
                                           ATLS_CBOR_ALLOW_LONG_FORM, "t", &diag),
                           MALFORMED);
                assert_string_equal(diag.found, "a cut or reserved head");
            }
        }
    }
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_cbor item;
    if (atls_cbor_parse(&item, mutant, ATLS_CBOR_ALLOW_INDEFINITE, "t", NULL) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    test_each_truncation(test_hex("a50163616263024401020304038201820203049f0102ff"
                                  "05d903e8fb3ff199999999999a"),
                         expect_refusal, NULL);
}

static void refusal_is_one_sentence(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(parse("8200ff", ATLS_CBOR_STRICT, &diag), MALFORMED);
    char sentence[640];
    atls_diag_sentence(sentence, sizeof sentence, &diag);
    assert_string_equal(sentence,
                        "test input: a message or token is not well-formed (CBOR: found a break "
                        "outside of an indefinite item, expected an item, at octet 2)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_standard_are_accepted),
        cmocka_unit_test(indefinite_maps_and_arrays_are_accepted_where_the_flag_is_set),
        cmocka_unit_test(chunked_strings_are_refused_whatever_the_flags),
        cmocka_unit_test(indefinite_numbers_tags_and_simple_values_are_refused),
        cmocka_unit_test(break_outside_of_an_indefinite_item_is_refused),
        cmocka_unit_test(break_after_a_map_key_is_refused),
        cmocka_unit_test(indefinite_container_without_break_is_refused),
        cmocka_unit_test(reserved_additional_information_is_refused),
        cmocka_unit_test(longer_forms_are_refused_unless_the_flag_is_set),
        cmocka_unit_test(simple_value_below_32_in_two_octets_is_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(trailing_octets_are_refused_unless_the_flag_is_set),
        cmocka_unit_test(empty_input_is_refused),
        cmocka_unit_test(lengths_past_the_end_are_refused),
        cmocka_unit_test(input_beyond_the_limit_is_refused),
        cmocka_unit_test(nesting_is_accepted_up_to_the_limit_and_refused_beyond),
        cmocka_unit_test(argument_that_is_cut_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(refusal_is_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
