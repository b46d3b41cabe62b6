/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"

#include "base/diag.h"
#include "base/utf8.h"

#define ROOM (ATLS_MAX_SENTENCE_LEN + 1)

static void assert_sentence(const struct atls_diag *diag, const char *expected)
{
    char sentence[ROOM];
    const size_t len = atls_diag_sentence(sentence, sizeof sentence, diag);
    assert_string_equal(sentence, expected);
    assert_int_equal(len, strlen(expected));
}

static void sentence_has_the_parts_that_are_there(void **state)
{
    (void)state;
    struct atls_diag diag = {0};
    assert_sentence(&diag, "no error");
    assert_err(atls_fail(&diag, ATLS_ERR_FRESHNESS, "evidence", NULL), FRESHNESS);
    assert_sentence(&diag, "evidence: the Evidence is not shown to be fresh");
    assert_err(atls_fail(&diag, ATLS_ERR_FRESHNESS, "evidence", "psa-nonce"), FRESHNESS);
    assert_sentence(&diag, "evidence: the Evidence is not shown to be fresh (psa-nonce)");
    atls_diag_found_bytes(&diag, test_hex("0011aaff"));
    assert_sentence(&diag, "evidence: the Evidence is not shown to be fresh "
                           "(psa-nonce: found 0011aaff)");
    atls_diag_expected_bytes(&diag, test_hex("00"));
    assert_sentence(&diag, "evidence: the Evidence is not shown to be fresh "
                           "(psa-nonce: found 0011aaff, expected 00)");
    diag.offset = 12;
    assert_sentence(&diag, "evidence: the Evidence is not shown to be fresh "
                           "(psa-nonce: found 0011aaff, expected 00, at octet 12)");
    diag.claim[0] = '\0';
    diag.found[0] = '\0';
    assert_sentence(&diag, "evidence: the Evidence is not shown to be fresh "
                           "(expected 00, at octet 12)");
    diag.step[0] = '\0';
    diag.expected[0] = '\0';
    assert_sentence(&diag, "the Evidence is not shown to be fresh (at octet 12)");
    diag.offset = 0;
    assert_sentence(&diag, "the Evidence is not shown to be fresh");
    atls_diag_expected_text(&diag, "a");
    assert_sentence(&diag, "the Evidence is not shown to be fresh (expected a)");
    diag.expected[0] = '\0';
    atls_diag_found_text(&diag, "b");
    assert_sentence(&diag, "the Evidence is not shown to be fresh (found b)");
}

static void failure_starts_afresh(void **state)
{
    (void)state;
    struct atls_diag diag;
    memset(&diag, 0x55, sizeof diag);
    assert_err(atls_fail_at(&diag, ATLS_ERR_MALFORMED, "step", "claim", 7, "a thing"), MALFORMED);
    assert_sentence(&diag, "step: a message or token is not well-formed "
                           "(claim: expected a thing, at octet 7)");
    assert_err(atls_fail_texts(&diag, ATLS_ERR_CLAIM, "other", NULL, "x", "y"), CLAIM);
    assert_sentence(&diag, "other: a claim has a value that the policy does not take "
                           "(found x, expected y)");
    assert_err(atls_fail_texts(&diag, ATLS_ERR_CLAIM, "other", NULL, NULL, NULL), CLAIM);
    assert_int_equal(diag.offset, 0);
    assert_string_equal(diag.found, "");
    assert_string_equal(diag.expected, "");
}

static void every_function_takes_no_diag(void **state)
{
    (void)state;
    assert_err(atls_fail(NULL, ATLS_ERR_CLAIM, "s", "c"), CLAIM);
    assert_err(atls_fail_at(NULL, ATLS_ERR_CLAIM, "s", "c", 1, "e"), CLAIM);
    assert_err(atls_fail_texts(NULL, ATLS_ERR_CLAIM, "s", "c", "f", "e"), CLAIM);
    atls_diag_found_text(NULL, "x");
    atls_diag_found_bytes(NULL, test_hex("00"));
    atls_diag_found_peer_text(NULL, test_hex("00"));
    atls_diag_found_int(NULL, 1);
    atls_diag_expected_text(NULL, "x");
    atls_diag_expected_bytes(NULL, test_hex("00"));
    atls_diag_expected_int(NULL, 1);
    atls_diag_found_time(NULL, 1);
    atls_diag_expected_time(NULL, 1);
}

static void numbers_are_written_in_full(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-1, "-1"},
                 {10, "10"},
                 {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_diag diag = {0};
        atls_diag_found_int(&diag, cases[i].value);
        atls_diag_expected_int(&diag, cases[i].value);
        assert_string_equal(diag.found, cases[i].text);
        assert_string_equal(diag.expected, cases[i].text);
    }
}

static void times_are_written_as_dates(void **state)
{
    (void)state;
    struct atls_diag diag;
    atls_fail_texts(&diag, ATLS_ERR_PASSPORT, "step", "exp", NULL, "later than now, ");
    atls_diag_found_time(&diag, 1795331723);
    atls_diag_expected_time(&diag, 0);
    assert_string_equal(diag.found, "2026-11-22T07:15:23Z");
    assert_string_equal(diag.expected, "later than now, 1970-01-01T00:00:00Z");
    atls_fail(&diag, ATLS_ERR_PASSPORT, "step", "exp");
    atls_diag_found_time(&diag, INT64_MAX); /* no year has it */
    atls_diag_expected_time(&diag, INT64_MIN);
    assert_string_equal(diag.found, "9223372036854775807");
    assert_string_equal(diag.expected, "-9223372036854775808");
}

static void octets_beyond_34_are_cut(void **state)
{
    (void)state;
    uint8_t octets[35];
    memset(octets, 0xab, sizeof octets);
    struct atls_diag diag = {0};
    atls_diag_found_bytes(&diag, atls_bytes_of(octets, 34));
    atls_diag_expected_bytes(&diag, atls_bytes_of(octets, 35));
    assert_int_equal(strlen(diag.found), 68);
    assert_int_equal(strlen(diag.expected), 71);
    assert_string_equal(&diag.expected[64], "abab...");
}

static void text_of_a_peer_is_shown_as_printable_ascii(void **state)
{
    (void)state;
    struct atls_diag diag = {0};
    atls_diag_found_peer_text(&diag, test_hex("61 20 7e 7f 00 0a 1b c3bc 62"));
    assert_string_equal(diag.found, "a ~??????b");
}

static void long_text_of_a_peer_is_cut(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(100000);
    memset(room.data, 'a', room.cap);
    struct atls_diag diag = {0};
    atls_diag_found_peer_text(&diag, atls_bytes_of(room.data, room.cap));
    assert_int_equal(strlen(diag.found), sizeof diag.found - 1);
}

static void texts_add_up_and_are_cut_at_the_end(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    struct atls_diag diag;
    memset(&diag, 0, sizeof diag);
    atls_fail(&diag, ATLS_ERR_CLAIM, longer, longer);
    assert_int_equal(strlen(diag.step), sizeof diag.step - 1);
    assert_int_equal(strlen(diag.claim), sizeof diag.claim - 1);
    atls_diag_found_text(&diag, "a");
    atls_diag_found_text(&diag, "b");
    assert_string_equal(diag.found, "ab");
    atls_diag_found_text(&diag, longer);
    atls_diag_found_text(&diag, longer);
    assert_int_equal(strlen(diag.found), sizeof diag.found - 1);
    atls_diag_expected_text(&diag, longer);
    assert_int_equal(strlen(diag.expected), sizeof diag.expected - 1);
}

static void text_that_was_cut_says_so(void **state)
{
    (void)state;
    struct atls_diag diag;
    uint8_t text[sizeof diag.found];
    const size_t most = sizeof diag.found - 1;
    memset(text, 'x', sizeof text);
    atls_fail(&diag, ATLS_ERR_CLAIM, "step", "claim");
    atls_diag_found_peer_text(&diag, atls_bytes_of(text, most));
    assert_int_equal(diag.found[most - 1], 'x'); /* it was whole */
    atls_diag_found_text(&diag, "!");
    assert_string_equal(&diag.found[most - 4], "x...");
    atls_diag_found_text(&diag, "again");
    assert_string_equal(&diag.found[most - 4], "x...");
    atls_fail(&diag, ATLS_ERR_CLAIM, "step", "claim");
    atls_diag_found_peer_text(&diag, atls_bytes_of(text, most + 1));
    assert_string_equal(&diag.found[most - 4], "x...");
}

static void text_is_never_cut_inside_a_character(void **state)
{
    (void)state;
    /* two, three and four octets a character, shifted so that each cut falls everywhere */
    static const char *const characters[] = {"\xc3\xbc", "\xe6\xb0\xb4", "\xf0\x90\x85\x91"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(characters); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[300] = {0};
            memset(text, 'a', shift);
            while (strlen(text) < 250) {
                strcat(text, characters[i]);
            }
            struct atls_diag diag = {0};
            atls_diag_found_text(&diag, text);
            assert_true(atls_utf8_is_valid(atls_bytes_text(diag.found)));
            assert_true(strlen(diag.found) >= sizeof diag.found - 4);
            assert_true(strlen(diag.found) < sizeof diag.found);
            assert_string_equal(diag.expected, ""); /* what lies behind it is not touched */
        }
    }
}

static void sentence_fits_its_limit_at_its_longest(void **state)
{
    (void)state;
#define ERR(number, name, alert, fault, sentence) ATLS_ERR_##name,
    static const enum atls_err errors[] = {ATLS_ERROR_LIST(ERR)};
#undef ERR
    char longer[300];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        struct atls_diag diag;
        atls_fail_texts(&diag, errors[i], longer, longer, longer, longer);
        diag.offset = (size_t)(INT64_MAX & SIZE_MAX);
        char sentence[2000];
        const size_t len = atls_diag_sentence(sentence, sizeof sentence, &diag);
        assert_true(len <= ATLS_MAX_SENTENCE_LEN);
        assert_int_equal(sentence[len - 1], ')');
    }
}

static void sentence_is_cut_and_terminated_in_any_room(void **state)
{
    (void)state;
    struct atls_diag diag;
    atls_fail_texts(&diag, ATLS_ERR_CLAIM, "step", "claim", "found", "expected");
    char whole[ROOM];
    const size_t len = atls_diag_sentence(whole, sizeof whole, &diag);
    for (size_t cap = 1; cap <= len + 1; cap++) {
        const struct atls_buf room = test_room(cap);
        const size_t written = atls_diag_sentence((char *)room.data, cap, &diag);
        assert_int_equal(written, cap - 1);
        assert_int_equal(room.data[written], 0);
    }
    assert_int_equal(atls_diag_sentence(NULL, 0, &diag), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentence_has_the_parts_that_are_there),
        cmocka_unit_test(failure_starts_afresh),
        cmocka_unit_test(every_function_takes_no_diag),
        cmocka_unit_test(numbers_are_written_in_full),
        cmocka_unit_test(times_are_written_as_dates),
        cmocka_unit_test(octets_beyond_34_are_cut),
        cmocka_unit_test(text_of_a_peer_is_shown_as_printable_ascii),
        cmocka_unit_test(long_text_of_a_peer_is_cut),
        cmocka_unit_test(texts_add_up_and_are_cut_at_the_end),
        cmocka_unit_test(text_that_was_cut_says_so),
        cmocka_unit_test(text_is_never_cut_inside_a_character),
        cmocka_unit_test(sentence_fits_its_limit_at_its_longest),
        cmocka_unit_test(sentence_is_cut_and_terminated_in_any_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
