/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 times, compared with the C library's calendar. */
#include "support/check.h"
#include "support/memory.h"

#include "base/rfc3339.h"

#include <stdio.h>
#include <time.h>

static const int64_t year_0 = INT64_C(-62167219200);
static const int64_t year_10000 = INT64_C(253402300800);

static int64_t parsed(const char *text)
{
    int64_t seconds = 77;
    if (!atls_rfc3339_parse(test_copy(atls_bytes_text(text)), &seconds)) {
        print_message("%s\n", text);
        fail();
    }
    return seconds;
}

static void days_are_those_of_the_c_library(void **state)
{
    (void)state;
    const int64_t step = INT64_C(11) * 86400; /* meets every date of a year */
    for (int64_t at = year_0; at < year_10000; at += step) {
        const time_t when = (time_t)(at + (at / 86400 % 86400 + 86400) % 86400);
        struct tm parts;
        char expected[80], text[ATLS_RFC3339_LEN];
        assert_non_null(gmtime_r(&when, &parts));
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        atls_rfc3339_write(text, (int64_t)when);
        assert_string_equal(text, expected);
        int64_t back = 0;
        assert_true(atls_rfc3339_parse(atls_bytes_text(text), &back));
        assert_int_equal(back, when);
    }
}

static void the_ends_of_the_calendar_are_written_and_what_is_beyond_is_not(void **state)
{
    (void)state;
    char text[ATLS_RFC3339_LEN];
    atls_rfc3339_write(text, year_0);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    atls_rfc3339_write(text, year_10000 - 1);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    const int64_t beyond[] = {year_0 - 1, year_10000, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(beyond); i++) {
        atls_rfc3339_write(text, beyond[i]);
        assert_string_equal(text, "?");
    }
}

static void offsets_fractions_and_small_letters_are_read(void **state)
{
    (void)state;
    assert_int_equal(parsed("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parsed("1970-01-01t00:00:00z"), 0);
    assert_int_equal(parsed("1970-01-01T01:30:00+01:30"), 0);
    assert_int_equal(parsed("1969-12-31T16:00:00-08:00"), 0);
    assert_int_equal(parsed("1970-01-01T00:00:01.999999999Z"), 1);
    assert_int_equal(parsed("2024-02-29T12:00:00Z"), 1709208000);
    assert_int_equal(parsed("2000-02-29T00:00:00-00:00"), 951782400);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "now",
        "2026-11-21",
        "2026-11-21 17:00:00Z",
        "2026-11-21T17:00:00",
        "2026-11-21T17:00Z",
        "2026-11-21T17:00:00ZZ",
        "2026-11-21T17:00:00Z ",
        " 2026-11-21T17:00:00Z",
        "26-11-21T17:00:00Z",
        "2026-00-21T17:00:00Z",
        "2026-13-21T17:00:00Z",
        "2026-11-00T17:00:00Z",
        "2026-11-31T17:00:00Z",
        "2026-02-29T17:00:00Z",
        "1900-02-29T17:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T17:60:00Z",
        "2026-11-21T17:00:60Z",
        "2026-11-21T17:00:00.Z",
        "2026-11-21T17:00:00+0100",
        "2026-11-21T17:00:00+24:00",
        "2026-11-21T17:00:00+01:60",
        "2026-11-21T17:00:00+01",
        "2026-11-21T17:00:-1Z",
        "+026-11-21T17:00:00Z",
        "2026-1\xb2-21T17:00:00Z",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        int64_t seconds = 77;
        if (atls_rfc3339_parse(test_copy(atls_bytes_text(wrong[i])), &seconds)) {
            print_message("%s\n", wrong[i]);
            fail();
        }
        assert_int_equal(seconds, 77);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char text[] = "2026-11-21T17:00:00.25+01:00";
    int64_t seconds = 0;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        assert_false(atls_rfc3339_parse(test_copy(atls_bytes_of(text, len)), &seconds));
    }
    assert_int_equal(parsed(text), 1795276800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_c_library),
        cmocka_unit_test(the_ends_of_the_calendar_are_written_and_what_is_beyond_is_not),
        cmocka_unit_test(offsets_fractions_and_small_letters_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
