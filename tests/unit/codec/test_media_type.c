/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "atls/limits.h"
#include "base/formats.h"
#include "codec/cmw.h"

static struct atls_bytes text(const char *characters)
{
    return test_copy(atls_bytes_text(characters));
}

static void assert_equal(const char *a, const char *b)
{
    if (!atls_media_type_equal(text(a), text(b)) || !atls_media_type_equal(text(b), text(a))) {
        fail_msg("differ: %s and %s", a, b);
    }
}

static void assert_different(const char *a, const char *b)
{
    if (atls_media_type_equal(text(a), text(b)) || atls_media_type_equal(text(b), text(a))) {
        fail_msg("equal: %s and %s", a, b);
    }
}

static void names_are_compared_without_case(void **state)
{
    (void)state;
    assert_equal("application/eat+cwt", "application/eat+cwt");
    assert_equal("application/eat+cwt", "Application/EAT+CWT");
    assert_equal("a/b; Profile=x", "A/B; profile=x");
    assert_different("application/eat+cwt", "application/eat+jwt");
    assert_different("application/eat+cwt", "application/eat+cwtt");
    assert_different("application/eat+cwt", "application/eat+cw");
    assert_different("application/eat", "applicatio/neat");
}

static void only_letters_have_a_case(void **state)
{
    (void)state;
    assert_different("a/b^", "a/b~"); /* differ by 0x20, as letters of two cases do */
    assert_different("a/b; p=\"@\"", "a/b; p=\"`\"");
}

static void parameter_values_are_compared_with_case(void **state)
{
    (void)state;
    assert_different("a/b; p=x", "a/b; p=X");
    assert_different("a/b; p=x", "a/b; p=xy");
    assert_different("a/b; p=xy", "a/b; p=x");
    assert_different("a/b; p=x", "a/b; q=x");
    assert_different("a/b; p=x", "a/b");
    assert_different("a/b; p=x", "a/b; p=x; q=y");
}

static void blanks_quotes_and_escapes_make_no_difference(void **state)
{
    (void)state;
    static const char psa[] =
        "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"";
    assert_equal(psa, "application/eat+cwt;eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    assert_equal(psa,
                 "application/eat+cwt \t; \t eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    assert_equal(psa, "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa\\#tfm\"");
    assert_different(psa, "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:PSA#tfm\"");
    assert_equal("a/b; p=1.2", "a/b; p=\"1.2\"");
    assert_equal("a/b;p=1", "a/b   ;   p=1");
    assert_equal("a/b;p=1", "a/b\t\t;\t\tp=1");
    assert_equal("a/b; p=\"x y\tz\"", "a/b; p=\"\\x\\ y\\\tz\"");
    assert_equal("a/b; p=\"x\\\"y\\\\\"", "a/b; p=\"\\x\\\"\\y\\\\\"");
    assert_different("a/b; p=\"x\"", "a/b; p=\" x\"");
}

static void parameters_come_in_any_order(void **state)
{
    (void)state;
    assert_equal("a/b; p=x; q=y; r=z", "a/b; r=z; p=x; q=y");
    assert_different("a/b; p=x; q=y", "a/b; p=y; q=x");
    assert_different("a/b; p=x; q=y", "a/b; p=x; q=z");
    assert_different("a/b; p=x; q=y", "a/b; p=z; q=y");
    assert_different("a/b; p=x; q=y", "a/b; p=x; r=y");
}

/* An escaped quote at the end does not close the string: found by the fuzzer. */
static void string_that_only_an_escaped_quote_ends_is_invalid(void **state)
{
    (void)state;
    assert_false(atls_media_type_is_valid(text("a/b; p=\"\\\"")));
    assert_false(atls_media_type_is_valid(text("a/b; p=\"x\\\"")));
    assert_false(atls_media_type_is_valid(text("a/b; p=\"\\x\\\"")));
    assert_true(atls_media_type_is_valid(text("a/b; p=\"x\\\"\"")));
    assert_true(atls_media_type_is_valid(text("a/b; p=\"x\\\\\"")));
}

static void empty_quoted_value_is_a_value(void **state)
{
    (void)state;
    assert_equal("a/b; p=\"\"", "a/b;p=\"\"");
    assert_different("a/b; p=\"\"", "a/b");
    assert_different("a/b; p=\"\"", "a/b; p=x");
}

static const char *const invalid[] = {
    "",
    "a",
    "/",
    "a/",
    "/b",
    "a/b/c",
    "a b/c",
    " a/b",
    "a/b ",
    "a /b",
    "a/b;",
    "a/b; ",
    "a/b;;p=x",
    "a/b; p",
    "a/b; p=",
    "a/b; =x",
    "a/b; p =x",
    "a/b; p= x",
    "a/b; p=x y",
    "a/b; p=x;",
    "a/b p=x",
    "a/b; p=\"",
    "a/b; p=\"x",
    "a/b; p=\"x\\",
    "a/b; p=\"x\"y",
    "a/b; p=x\"y\"",
    "a/b; p=a:b",
    "a/b; p=x; p=y",
    "a/b; p=x; P=x",
    ".a/b",
    "a/+b",
    "a/b\n",
    "a/b; p=\"\n\"",
    "a/b; p=\"\x7f\"",
    "a*/b",
    "a/b, c/d",
    "\xc3\xa4/b",
};

static void what_is_no_media_type_is_invalid_and_equals_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(invalid); i++) {
        if (atls_media_type_is_valid(text(invalid[i]))) {
            fail_msg("valid: %s", invalid[i]);
        }
        if (atls_media_type_equal(text(invalid[i]), text(invalid[i]))) {
            fail_msg("equal: %s", invalid[i]);
        }
        assert_different(invalid[i], "a/b");
    }
    assert_false(atls_media_type_is_valid(atls_bytes_of("a/b\0", 4)));
    assert_false(atls_media_type_is_valid(atls_bytes_of("a/b\0; p=x", 9)));
}

static void registered_types_are_valid(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "application/eat+cwt",
        "application/vnd.parallaxsecond.key-attestation.tpm",
        "application/eat+cwt; eat_profile=2.16.840.1.113741.1.16.1",
        "application/cmw+cbor; cmwc_t=\"tag:ietf.org,2024-02-29:rats/kat\"",
        "application/vnd.veraison.tsm-report+cbor; provider=\"sev_guest\"",
        "a/b",
        "1/2",
        "a/b; p=\"\xc3\xa4\"",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(valid); i++) {
        if (!atls_media_type_is_valid(text(valid[i]))) {
            fail_msg("invalid: %s", valid[i]);
        }
        assert_equal(valid[i], valid[i]);
    }
}

static void types_of_ours_are_valid_and_are_found_in_other_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < atls_num_formats; i++) {
        const struct atls_format *format = &atls_formats[i];
        assert_true(atls_media_type_is_valid(atls_bytes_text(format->media_type)));
        assert_true(atls_media_type_is(text(format->media_type), format->media_type));
        for (size_t k = 0; k < 4 && format->accepted_types[k] != NULL; k++) {
            assert_true(atls_media_type_is_valid(atls_bytes_text(format->accepted_types[k])));
        }
    }
    assert_true(atls_media_type_is(text("A/B;p=\"x\""), "a/b; p=x"));
    assert_false(atls_media_type_is(text("a/b; p=y"), "a/b; p=x"));
    assert_false(atls_media_type_is(text("a/b"), "a/b; p=x"));
    assert_false(atls_media_type_is(text("a/b;"), "a/b"));
    assert_false(atls_media_type_is(atls_bytes_of(NULL, 0), "a/b"));
}

static void length_and_parameters_are_accepted_up_to_their_limits(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(ATLS_MAX_SCHEME_TEXT_LEN + 1);
    memset(room.data, 'a', room.cap);
    room.data[1] = '/';
    assert_true(atls_media_type_is_valid(atls_bytes_of(room.data, ATLS_MAX_SCHEME_TEXT_LEN)));
    assert_false(atls_media_type_is_valid(atls_bytes_of(room.data, ATLS_MAX_SCHEME_TEXT_LEN + 1)));

    char media[3 + 4 * (ATLS_MAX_MEDIA_PARAMETERS + 1) + 1] = "a/b";
    for (size_t i = 0; i <= ATLS_MAX_MEDIA_PARAMETERS; i++) {
        assert_int_equal(atls_media_type_is_valid(text(media)), i <= ATLS_MAX_MEDIA_PARAMETERS);
        const char more[] = {';', (char)('a' + (int)i), '=', 'x', '\0'};
        strcat(media, more);
    }
    assert_false(atls_media_type_is_valid(text(media)));
}

static void expect_inequality(struct atls_bytes mutant, size_t at, void *context)
{
    const struct atls_bytes *original = context;
    if (atls_media_type_equal(mutant, *original)) {
        /* Only a letter of a name may change, and only its case. */
        assert_int_equal(mutant.len, original->len);
        assert_int_equal(mutant.data[at] ^ original->data[at], 0x20);
        assert_true(at < 13 && mutant.data[at] != '/');
    }
}

static void every_mutant_differs(void **state)
{
    (void)state;
    struct atls_bytes original = text("app/eat; pro=\"tag:x,2023:psa#t\"");
    test_each_mutant(original, expect_inequality, &original);
}

static void collection_type_is_an_absolute_uri_or_an_oid(void **state)
{
    (void)state;
    static const char *const valid[] = {"tag:ietf.org,2024-02-29:rats/kat",
                                        "urn:x:y",
                                        "https://example.com/a?b=c%2Fd",
                                        "a:b",
                                        "x+y-z.1:~",
                                        "1.2",
                                        "0.0",
                                        "2.16.840.1.113741.1",
                                        "1.3.0.10"};
    static const char *const bad[] = {"",
                                      "a",
                                      "1",
                                      "1.",
                                      ".1",
                                      "1..2",
                                      "3.1",
                                      "1.02",
                                      "1.2.",
                                      "1x2",
                                      "12.3",
                                      "/.2",
                                      "1.00",
                                      "1.2a",
                                      "tag:",
                                      ":x",
                                      "1tag:x",
                                      "tag:x#y",
                                      "tag:x y",
                                      "tag:%zz",
                                      "tag:%2",
                                      "tag:%",
                                      "tag:x\n",
                                      "tag:\"x\"",
                                      "tag:<x>",
                                      "relative/path",
                                      "tag:\xc3\xa4",
                                      "t g:x"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(valid); i++) {
        if (!atls_collection_type_is_valid(text(valid[i]))) {
            fail_msg("refused: %s", valid[i]);
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        if (atls_collection_type_is_valid(text(bad[i]))) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_compared_without_case),
        cmocka_unit_test(only_letters_have_a_case),
        cmocka_unit_test(parameter_values_are_compared_with_case),
        cmocka_unit_test(blanks_quotes_and_escapes_make_no_difference),
        cmocka_unit_test(parameters_come_in_any_order),
        cmocka_unit_test(string_that_only_an_escaped_quote_ends_is_invalid),
        cmocka_unit_test(empty_quoted_value_is_a_value),
        cmocka_unit_test(what_is_no_media_type_is_invalid_and_equals_nothing),
        cmocka_unit_test(registered_types_are_valid),
        cmocka_unit_test(types_of_ours_are_valid_and_are_found_in_other_words),
        cmocka_unit_test(length_and_parameters_are_accepted_up_to_their_limits),
        cmocka_unit_test(every_mutant_differs),
        cmocka_unit_test(collection_type_is_an_absolute_uri_or_an_oid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
