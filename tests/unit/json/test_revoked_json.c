/* SPDX-License-Identifier: Apache-2.0 */
/* The file of --revoked: what it may say, and what is refused with which sentence. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "json/revoked_json.h"

#include <stdio.h>
#include <stdlib.h>

#define HASH "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define WHEN "\"from\":\"2026-11-21T16:00:00Z\""

static struct atls_revocations parsed(const char *text)
{
    struct atls_revocations list;
    struct atls_diag diag;
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    const enum atls_err err =
        atls_revocations_parse(&list, test_copy(atls_bytes_text(text)), &diag);
    if (err != ATLS_OK) {
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        print_message("%s\n", sentence);
    }
    assert_err(err, OK);
    return list;
}

static void assert_refused(const char *text, const char *in_sentence)
{
    struct atls_revocations list = {(void *)1, 77};
    struct atls_diag diag;
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    assert_err(atls_revocations_parse(&list, test_copy(atls_bytes_text(text)), &diag),
               REVOKED_FILE);
    assert_err(diag.err, REVOKED_FILE);
    assert_true(list.num == 77 && list.entries == (void *)1);
    atls_diag_sentence(sentence, sizeof sentence, &diag);
    if (strstr(sentence, in_sentence) == NULL) {
        print_message("%s\n", sentence);
        fail();
    }
    assert_err(atls_revocations_parse(&list, test_copy(atls_bytes_text(text)), NULL), REVOKED_FILE);
}

static void a_list_may_be_empty(void **state)
{
    (void)state;
    struct atls_revocations list = parsed(" [ ] ");
    assert_int_equal(list.num, 0);
    atls_revocations_cleanup(&list);
    atls_revocations_cleanup(&list);
    atls_revocations_cleanup(NULL);
}

static void every_kind_is_read(void **state)
{
    (void)state;
    struct atls_revocations list =
        parsed("[{\"kind\":\"verifier-key\",\"value\":\"" HASH "\"," WHEN "},"
               "{\"kind\":\"chip\",\"value\":\"0A\"," WHEN "},"
               "{\"kind\":\"ueid\",\"value\":\"01fF\"," WHEN "},"
               "{\"kind\":\"cert-serial\",\"value\":\"7b\"," WHEN "},"
               "{" WHEN ",\"value\":\"" HASH "\",\"kind\":\"spki\"}]");
    assert_int_equal(list.num, ATLS_NUM_REVOKED_KINDS);
    for (unsigned i = 0; i < list.num; i++) { /* sorted */
        assert_int_equal(list.entries[i].kind, i);
        assert_int_equal(list.entries[i].from_s, 1795276800);
    }
    assert_int_equal(list.entries[ATLS_REVOKED_SPKI].len, 32);
    assert_int_equal(list.entries[ATLS_REVOKED_SPKI].value[31], 0xa1);
    assert_int_equal(list.entries[ATLS_REVOKED_UEID].len, 2);
    assert_int_equal(list.entries[ATLS_REVOKED_UEID].value[1], 0xff);
    atls_revocations_cleanup(&list);
}

static void leading_zeros_of_a_serial_number_are_dropped(void **state)
{
    (void)state;
    struct atls_revocations list =
        parsed("[{\"kind\":\"cert-serial\",\"value\":\"0000a100\"," WHEN "},"
               "{\"kind\":\"cert-serial\",\"value\":\"0000\"," WHEN "}]");
    assert_int_equal(list.entries[0].len, 1);
    assert_int_equal(list.entries[0].value[0], 0);
    assert_int_equal(list.entries[1].len, 2);
    assert_int_equal(list.entries[1].value[0], 0xa1);
    assert_int_equal(list.entries[1].value[1], 0);
    assert_int_equal(list.entries[1].value[2], 0); /* nothing is left behind */
    atls_revocations_cleanup(&list);
}

static void the_length_of_a_value_is_that_of_its_kind(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ATLS_NUM_REVOKED_KINDS; k++) {
        const struct atls_revoked_rule *rule = atls_revoked_rule((enum atls_revoked_kind)k);
        for (size_t len = 0; len <= ATLS_MAX_REVOKED_VALUE_LEN + 1; len++) {
            char hex[2 * (ATLS_MAX_REVOKED_VALUE_LEN + 1) + 1], text[300];
            memset(hex, '7', 2 * len);
            hex[2 * len] = '\0';
            snprintf(text, sizeof text, "[{\"kind\":\"%s\",\"value\":\"%s\"," WHEN "}]", rule->word,
                     hex);
            if (len >= rule->min_len && len <= rule->max_len) {
                struct atls_revocations list = parsed(text);
                assert_int_equal(list.entries[0].len, len);
                atls_revocations_cleanup(&list);
            } else {
                assert_refused(text, rule->word);
            }
        }
    }
}

static void what_is_no_list_of_entries_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *in_sentence;
    } wrong[] = {
        {"", "revocation list: "},
        {" ", "revocation list: "},
        {"[", "revocation list: "},
        {"null", "revocation list: "},
        {"7", "revocation list: "},
        {"{}", "found an object, expected a list of entries, [] for none"},
        {"[]]", "revocation list: "},
        {"[] []", "revocation list: "},
        {"[{}]", "kind: found nothing in entry 1"},
        {"[7]", "in entry 1"},
        {"[null]", "in entry 1"},
        {"[[]]", "in entry 1"},
        {"[{\"kind\":\"spki\",\"value\":\"" HASH "\"}]", "from: found nothing in entry 1"},
        {"[{\"kind\":\"spki\"," WHEN "}]", "value: found nothing in entry 1"},
        {"[{\"value\":\"" HASH "\"," WHEN "}]", "kind: found nothing in entry 1"},
        {"[{\"kind\":\"SPKI\",\"value\":\"" HASH "\"," WHEN "}]",
         "kind: found \"SPKI\" in entry 1, expected spki or cert-serial or ueid or chip or "
         "verifier-key"},
        {"[{\"kind\":\"\",\"value\":\"" HASH "\"," WHEN "}]", "kind: found \"\" in entry 1"},
        {"[{\"kind\":0,\"value\":\"" HASH "\"," WHEN "}]", "in entry 1"},
        {"[{\"kind\":\"ueid\",\"value\":\"0\"," WHEN "}]",
         "value: found \"0\" in entry 1, expected for ueid hex of 1 to 64 octets"},
        {"[{\"kind\":\"ueid\",\"value\":\"0x01\"," WHEN "}]", "value"},
        {"[{\"kind\":\"ueid\",\"value\":\"01 02\"," WHEN "}]", "value"},
        {"[{\"kind\":\"ueid\",\"value\":\"01:02\"," WHEN "}]", "value"},
        {"[{\"kind\":\"ueid\",\"value\":1," WHEN "}]", "value"},
        {"[{\"kind\":\"spki\",\"value\":\"a1\"," WHEN "}]", "expected for spki hex of 32 octets"},
        {"[{\"kind\":\"chip\",\"value\":\"01\",\"from\":\"2026-11-21\"}]",
         "from: found \"2026-11-21\" in entry 1, expected an RFC 3339 time"},
        {"[{\"kind\":\"chip\",\"value\":\"01\",\"from\":1795276800}]", "from"},
        {"[{\"kind\":\"chip\",\"value\":\"01\",\"from\":\"\"}]", "from"},
        {"[{\"kind\":\"chip\",\"value\":\"01\"," WHEN ",\"reason\":\"lost\"}]", "in entry 1"},
        {"[{\"kind\":\"chip\",\"kind\":\"chip\",\"value\":\"01\"," WHEN "}]", "revocation list: "},
        {"[{\"kind\":\"chip\",\"value\":\"01\"," WHEN "},{\"kind\":\"chip\",\"value\":\"\"," WHEN
         "}]",
         "in entry 2"},
        {"[{\"kind\":\"chip\",\"value\":\"01\"," WHEN "},]", "revocation list: "},
        {"[{\"kind\":\"ch\\u0000ip\",\"value\":\"01\"," WHEN "}]", "revocation list: "},
        {"[{\"kind\":\"chip\xff\",\"value\":\"01\"," WHEN "}]", "revocation list: "},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_refused(wrong[i].text, wrong[i].in_sentence);
    }
}

static void a_list_has_at_most_32768_entries(void **state)
{
    (void)state;
    static const char one[] = "{\"kind\":\"ueid\",\"value\":\"01\"," WHEN "}";
    const size_t each = sizeof one; /* with its comma */
    for (size_t num = ATLS_MAX_REVOKED - 1; num <= ATLS_MAX_REVOKED + 1; num++) {
        char *text = malloc(num * each + 2);
        struct atls_revocations list;
        assert_non_null(text);
        text[0] = '[';
        for (size_t i = 0; i < num; i++) {
            memcpy(&text[1 + i * each], one, sizeof one - 1);
            text[(i + 1) * each] = i + 1 < num ? ',' : ']';
        }
        const enum atls_err err =
            atls_revocations_parse(&list, atls_bytes_of(text, num * each + 1), NULL);
        if (num <= ATLS_MAX_REVOKED) {
            assert_err(err, OK);
            assert_int_equal(list.num, num);
            atls_revocations_cleanup(&list);
        } else {
            assert_err(err, REVOKED_FILE);
        }
        free(text);
    }
}

static void check_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at, (void)context;
    struct atls_revocations list;
    struct atls_diag diag;
    const enum atls_err err = atls_revocations_parse(&list, mutant, &diag);
    if (err == ATLS_OK) {
        assert_int_equal(list.num, 2);
        atls_revocations_cleanup(&list);
    } else {
        assert_err(err, REVOKED_FILE);
        assert_err(diag.err, REVOKED_FILE);
    }
}

static void check_prefix(struct atls_bytes prefix, size_t at, void *context)
{
    (void)at, (void)context;
    struct atls_revocations list;
    assert_err(atls_revocations_parse(&list, prefix, NULL), REVOKED_FILE);
}

static void no_prefix_is_a_list_and_no_mutant_does_harm(void **state)
{
    (void)state;
    const struct atls_bytes text =
        atls_bytes_text("[{\"kind\":\"spki\",\"value\":\"" HASH "\"," WHEN "},"
                        "{\"kind\":\"cert-serial\",\"value\":\"00a1\"," WHEN "}]");
    test_each_truncation(text, check_prefix, NULL);
    test_each_mutant(text, check_mutant, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_may_be_empty),
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(leading_zeros_of_a_serial_number_are_dropped),
        cmocka_unit_test(the_length_of_a_value_is_that_of_its_kind),
        cmocka_unit_test(what_is_no_list_of_entries_is_refused_with_its_reason),
        cmocka_unit_test(a_list_has_at_most_32768_entries),
        cmocka_unit_test(no_prefix_is_a_list_and_no_mutant_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
