/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers wrote is text on the status page, and nothing else; and what the page remembers
 * has a bound. */
#include "support/check.h"

#include "svc/verifier/html.h"
#include "svc/verifier/recent.h"

#include <stdio.h>
#include <stdlib.h>

static void check_text(struct atls_bytes text, const char *expected)
{
    struct verifier_html html = {.data = NULL};
    verifier_html_put(&html, "<p>");
    verifier_html_octets(&html, text);
    char *page = verifier_html_finish(&html);
    assert_non_null(page);
    assert_string_equal(page + 3, expected);
    free(page);
}

#define FFFD "\xef\xbf\xbd"

static void no_character_of_a_text_has_a_meaning(void **state)
{
    (void)state;
    check_text(atls_bytes_text("<script>\"a\" & 'b'</script>"),
               "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
    check_text(atls_bytes_text("a=b;c/d`e\\"), "a=b;c/d`e\\");
    check_text(atls_bytes_of("a\0b\tc\nd\x7f", 8), "a" FFFD "b" FFFD "c" FFFD "d" FFFD);
    check_text(atls_bytes_text("\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x94\x92"),
               "\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x94\x92");
    check_text(atls_bytes_of(NULL, 0), "");
}

static void what_is_no_utf8_is_replaced_octet_by_octet(void **state)
{
    (void)state;
    check_text(atls_bytes_text("\xff<"), FFFD "&lt;");
    check_text(atls_bytes_text("\xc3"), FFFD);                   /* cut short */
    check_text(atls_bytes_text("\xe6\xbc"), FFFD FFFD);          /* the same */
    check_text(atls_bytes_text("\xc3<"), FFFD "&lt;");           /* does not hide what follows */
    check_text(atls_bytes_text("\xc0\xbc"), FFFD FFFD);          /* '<', overlong */
    check_text(atls_bytes_text("\xed\xa0\x80"), FFFD FFFD FFFD); /* a surrogate */
    check_text(atls_bytes_text("\x80\xbf"), FFFD FFFD);
}

static void what_turns_or_hides_text_is_replaced(void **state)
{
    (void)state;
    static const char *const harmful[] = {
        "\xe2\x80\xae", "\xe2\x80\x8f", "\xe2\x81\xa6", "\xe2\x80\xa8",     "\xe2\x80\x8b",
        "\xef\xbb\xbf", "\xd8\x9c",     "\xc2\x85",     "\xf3\xa0\x80\x81", "\xef\xbf\xbf"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(harmful); i++) {
        check_text(atls_bytes_text(harmful[i]), FFFD);
    }
}

static void a_page_that_is_too_long_fails_at_the_end(void **state)
{
    (void)state;
    struct verifier_html html = {.data = NULL};
    char *text = malloc(VERIFIER_MAX_PAGE + 2);
    assert_non_null(text);
    memset(text, 'a', VERIFIER_MAX_PAGE + 1);
    text[VERIFIER_MAX_PAGE] = '\0';
    verifier_html_put(&html, text);
    char *page = verifier_html_finish(&html);
    assert_non_null(page);
    free(page);
    text[VERIFIER_MAX_PAGE] = 'a';
    text[VERIFIER_MAX_PAGE + 1] = '\0';
    verifier_html_put(&html, text);
    verifier_html_number(&html, 7);
    assert_null(verifier_html_finish(&html));
    verifier_html_put(&html, "x");
    verifier_html_text(&html, NULL);
    verifier_html_number(&html, UINT64_MAX);
    page = verifier_html_finish(&html);
    assert_string_equal(page, "x18446744073709551615");
    free(page);
    free(text);
}

static struct verifier_recent_item items[VERIFIER_RECENT];

static size_t copied(const struct verifier_recent *recent, enum verifier_recent_kind kind)
{
    size_t num = 99;
    memset(items, 0xff, sizeof items);
    verifier_recent_copy(recent, kind, items, &num);
    return num;
}

static void newest_come_first_and_the_oldest_makes_room(void **state)
{
    (void)state;
    struct verifier_recent recent = {.num = {0, 0}};
    assert_int_equal(copied(&recent, VERIFIER_RECENT_VERDICT), 0);
    for (int i = 0; i < VERIFIER_RECENT + 5; i++) {
        json_t *fields = json_pack("{s:s,s:i}", "status", "warning", "endorsements", i);
        verifier_recent_note(&recent, i, "verdict", NULL, fields);
        json_decref(fields);
        const size_t num = i < VERIFIER_RECENT ? (size_t)i + 1 : VERIFIER_RECENT;
        assert_int_equal(copied(&recent, VERIFIER_RECENT_VERDICT), num);
        assert_int_equal(items[0].time_s, i);
        assert_int_equal(items[num - 1].endorsements, i + 1 - (int)num);
    }
    assert_int_equal(copied(&recent, VERIFIER_RECENT_EVENT), 0);
    verifier_recent_note(&recent, 1, "process", NULL, NULL); /* of no page */
    verifier_recent_note(&recent, 1, "store", NULL, NULL);
    assert_int_equal(copied(&recent, VERIFIER_RECENT_EVENT), 1);
    assert_int_equal(items[0].version, -1);
    assert_string_equal(items[0].why, "");
    verifier_recent_cleanup(&recent);
    verifier_recent_cleanup(&recent);
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    struct verifier_recent recent = {.num = {0, 0}};
    char text[2000] = "";
    for (int i = 0; i < 400; i++) {
        strcat(text, "\xe6\xbc\xa2");
    }
    for (size_t before = 0; before < 3; before++) {
        char shifted[2100];
        snprintf(shifted, sizeof shifted, "%.*s%s", (int)before, "ab", text);
        json_t *submods = json_array();
        for (int i = 0; i < VERIFIER_MAX_RECENT_SUBMODS + 2; i++) {
            json_array_append_new(submods,
                                  json_pack("{s:s,s:b,s:n,s:{s:s}}", "submod", shifted, "simulated",
                                            1, "machine", "reason", "sentence", shifted));
        }
        json_t *fields =
            json_pack("{s:s,s:o,s:i}", "peer", shifted, "submods", submods, "status", 7);
        verifier_recent_note(&recent, 1, "verdict", NULL, fields);
        json_decref(fields);
        (void)copied(&recent, VERIFIER_RECENT_VERDICT);
        assert_int_equal(items[0].num_submods, VERIFIER_MAX_RECENT_SUBMODS);
        assert_true(items[0].submods[0].simulated);
        const char *const texts[] = {items[0].peer, items[0].submods[3].name,
                                     items[0].submods[3].reason};
        for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
            const size_t len = strlen(texts[i]);
            assert_string_equal(texts[i] + len - 3, "...");
            assert_int_equal((len - 3 - before) % 3, 0);
        }
        assert_string_equal(items[0].status, ""); /* a number is no status */
        assert_string_equal(items[0].submods[0].machine, "");
    }
    verifier_recent_cleanup(&recent);
}

static void reason_is_that_of_the_event_or_of_the_verdict(void **state)
{
    (void)state;
    struct verifier_recent recent = {.num = {0, 0}};
    struct atls_diag why;
    atls_fail_texts(&why, ATLS_ERR_ENDORSEMENT, "endorsement", "id", "x", "y");
    json_t *fields = json_pack("{s:s,s:i}", "id", "6161", "version", 3);
    verifier_recent_note(&recent, 1, "endorsement", &why, fields);
    json_decref(fields);
    assert_int_equal(copied(&recent, VERIFIER_RECENT_EVENT), 1);
    assert_string_equal(items[0].why, "endorsement: an endorsement cannot be used (id: found x, "
                                      "expected y)");
    assert_string_equal(items[0].id, "6161");
    assert_int_equal(items[0].version, 3);
    fields = json_pack("{s:{s:s}}", "why", "sentence", "because");
    verifier_recent_note(&recent, 1, "verdict", NULL, fields);
    json_decref(fields);
    (void)copied(&recent, VERIFIER_RECENT_VERDICT);
    assert_string_equal(items[0].why, "because");
    verifier_recent_cleanup(&recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_character_of_a_text_has_a_meaning),
        cmocka_unit_test(what_is_no_utf8_is_replaced_octet_by_octet),
        cmocka_unit_test(what_turns_or_hides_text_is_replaced),
        cmocka_unit_test(a_page_that_is_too_long_fails_at_the_end),
        cmocka_unit_test(newest_come_first_and_the_oldest_makes_room),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(reason_is_that_of_the_event_or_of_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
