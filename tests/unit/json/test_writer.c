/* SPDX-License-Identifier: Apache-2.0 */
#include "json/writer.h"

#include "support/check.h"

#include <stdlib.h>

static void what_is_written_is_json(void **state)
{
    (void)state;
    struct atls_json_writer writer = {.text = NULL};
    const struct atls_bytes octets = atls_bytes_text("\xfb\xef\xbe?");
    atls_json_put_string(&writer, atls_bytes_text("a\"b\\c\n\t\x01\x1f"));
    atls_json_put_string(&writer, atls_bytes_of(NULL, 0));
    atls_json_put_string(&writer, atls_bytes_text("\xc3\xa4"));
    atls_json_put_string(&writer, atls_bytes_text("\xff"));
    atls_json_put_number(&writer, INT64_MIN);
    atls_json_put_base64url(&writer, octets);
    atls_json_put_base64(&writer, octets);
    atls_json_put_hex(&writer, octets);
    assert_false(writer.failed);
    assert_string_equal(writer.text, "\"a\\\"b\\\\c\\n\\t\\u0001\\u001F\"\"\"\"\xc3\xa4\"\"?\""
                                     "-9223372036854775808\"----Pw\"\"++++Pw==\"\"fbefbe3f\"");
    assert_int_equal(writer.len, strlen(writer.text));
    atls_json_writer_cleanup(&writer);
    for (int i = 0; i < 3000; i++) {
        atls_json_put(&writer, "0123456789");
    }
    assert_int_equal(writer.len, 30000);
    assert_int_equal(strlen(writer.text), 30000);
    atls_json_writer_cleanup(&writer);
}

static void members_and_items_are_parted_by_commas(void **state)
{
    (void)state;
    struct atls_json_writer writer = {.text = NULL};
    atls_json_put(&writer, "{");
    atls_json_put_name(&writer, "a");
    atls_json_put_string(&writer, atls_bytes_text("{"));
    atls_json_put_name(&writer, "b");
    atls_json_put(&writer, "[");
    for (int i = 0; i < 3; i++) {
        atls_json_put_next(&writer);
        atls_json_put_number(&writer, i);
    }
    atls_json_put(&writer, "]}");
    char *text = atls_json_writer_take(&writer);
    assert_string_equal(text, "{\"a\":\"{\",\"b\":[0,1,2]}");
    assert_null(writer.text);
    free(text);
}

static void octets_above_127_stay_where_they_are_utf8(void **state)
{
    (void)state;
    struct atls_json_writer writer = {.text = NULL};
    atls_json_put_string(&writer, atls_bytes_text("\xc3\xa4\"\xe2\x82\xac"));
    atls_json_put_string(&writer, atls_bytes_text("\xc3\xa4\"\xe2\x82"));
    assert_string_equal(writer.text, "\"\xc3\xa4\\\"\xe2\x82\xac\"\"??\\\"??\"");
    atls_json_writer_cleanup(&writer);
}

static void nothing_is_given_after_a_failure(void **state)
{
    (void)state;
    struct atls_json_writer writer = {.text = NULL};
    atls_json_put(&writer, "a");
    writer.failed = true; /* as when there is no memory */
    atls_json_put_string(&writer, atls_bytes_text("b"));
    atls_json_put_hex(&writer, atls_bytes_text("c"));
    assert_int_equal(writer.len, 1);
    assert_null(atls_json_writer_take(&writer));
    assert_false(writer.failed); /* it is empty */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_json),
        cmocka_unit_test(members_and_items_are_parted_by_commas),
        cmocka_unit_test(octets_above_127_stay_where_they_are_utf8),
        cmocka_unit_test(nothing_is_given_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
