/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "atls/limits.h"

#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <stdlib.h>

static json_t *const untouched = (json_t *)0x10;

static json_t *parsed(const char *text)
{
    json_t *value = NULL;
    assert_err(atls_json_parse(&value, test_copy(atls_bytes_text(text)), "test", NULL), OK);
    return value;
}

static void refused(struct atls_bytes text)
{
    json_t *value = untouched;
    struct atls_diag diag = {0};
    assert_err(atls_json_parse(&value, test_copy(text), "test", &diag), MALFORMED);
    assert_ptr_equal(value, untouched);
    assert_int_equal(diag.err, ATLS_ERR_MALFORMED);
    assert_string_equal(diag.step, "test");
    assert_string_not_equal(diag.expected, "");
}

static void objects_and_arrays_are_read(void **state)
{
    (void)state;
    json_t *value = parsed(" {\"a\": [1, \"\\u00e9\", null, true, -1.5e3]}\n");
    char *text = atls_json_dump(value);
    assert_string_equal(text, "{\"a\":[1,\"\xc3\xa9\",null,true,-1500.0]}");
    free(text);
    atls_json_cleanup(&value);
    assert_null(value);
    value = parsed("[]");
    atls_json_cleanup(&value);
}

static void what_is_not_strict_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "1",
        "\"text\"",
        "null",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 /* no */}",
        "// no\n{}",
        "{\"a\":1,\"a\":1}",
        "{\"o\":{\"a\":1,\"\\u0061\":2}}",
        "{} {}",
        "{}x",
        "[] ,",
        "\xef\xbb\xbf{}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":1e999}",
        "{\"a\":9223372036854775808}",
        "{\"a\":-9223372036854775809}",
        "{\"a\":0x10}",
        "[\"\\x41\"]",
        "[\"\\u0000\"]",
        "{\"\\u0000\":1}",
        "[\"\\ud800\"]",
        "[\"\\udc00\\ud800\"]",
        "[\"\xff\"]",
        "[\"\xc0\x80\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"\xf4\x90\x80\x80\"]",
        "[\"line\nbreak\"]",
        "[\"tab\t\"]",
        "[tru]",
        "[TRUE]",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(atls_bytes_text(bad[i]));
    }
    refused(atls_bytes_of("{}\0", 3));
    refused(atls_bytes_of("[\"\0\"]", 5));
}

static void a_syntax_error_says_where_it_is(void **state)
{
    (void)state;
    json_t *value = untouched;
    struct atls_diag diag = {0};
    char sentence[600];
    assert_err(
        atls_json_parse(&value, atls_bytes_text("{\n \"a\": 1,\n \"b\" 2}"), "policy", &diag),
        MALFORMED);
    atls_diag_sentence(sentence, sizeof sentence, &diag);
    assert_non_null(strstr(sentence, "policy: "));
    assert_non_null(strstr(sentence, "line 3, column "));
    assert_true(diag.offset > 11);
}

static void a_syntax_error_shows_no_control_character_of_the_input(void **state)
{
    (void)state;
    json_t *value = untouched;
    struct atls_diag diag = {0};
    assert_err(atls_json_parse(&value, atls_bytes_text("[\x1b[31m\xc3\xa9]"), "policy", &diag),
               MALFORMED);
    for (const char *at = diag.found; *at != '\0'; at++) {
        assert_true(*at >= 0x20 && *at < 0x7f);
    }
}

static struct atls_bytes nested(size_t depth, char open, char close, const char *inner)
{
    const size_t inner_len = strlen(inner);
    const struct atls_buf room = test_room(2 * depth + inner_len);
    memset(room.data, open, depth);
    memcpy(&room.data[depth], inner, inner_len);
    memset(&room.data[depth + inner_len], close, depth);
    return atls_bytes_of(room.data, room.cap);
}

static void nesting_is_taken_up_to_the_limit(void **state)
{
    (void)state;
    json_t *value = NULL;
    assert_err(
        atls_json_parse(&value, nested(ATLS_MAX_JSON_DEPTH - 1, '[', ']', "1"), "test", NULL), OK);
    atls_json_cleanup(&value);
    assert_err(atls_json_parse(&value, nested(ATLS_MAX_JSON_DEPTH, '[', ']', "1"), "test", NULL),
               OK);
    atls_json_cleanup(&value);
    refused(nested(ATLS_MAX_JSON_DEPTH + 1, '[', ']', "1"));
    refused(nested(1000000, '[', ']', ""));
    refused(nested(1000000, '[', '[', ""));
    refused(nested(40, '{', '}', ""));
}

#define MANY_BRACKETS "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static void brackets_in_strings_do_not_count_as_nesting(void **state)
{
    (void)state;
    json_t *value = parsed("[\"" MANY_BRACKETS "\\\"" MANY_BRACKETS "{{{{\", \"\\\\\", [1]]");
    assert_int_equal(json_array_size(value), 3);
    atls_json_cleanup(&value);
    /* A string that does not end hides its brackets from the count, not from the parser. */
    refused(atls_bytes_text("[\"" MANY_BRACKETS));
    refused(atls_bytes_text("[\"\\"));
}

static void the_size_is_bounded(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(ATLS_MAX_FILE_LEN + 1);
    memset(room.data, ' ', room.cap);
    memcpy(room.data, "[]", 2);
    json_t *value = NULL;
    assert_err(atls_json_parse(&value, atls_bytes_of(room.data, ATLS_MAX_FILE_LEN), "test", NULL),
               OK);
    atls_json_cleanup(&value);
    refused(atls_bytes_of(room.data, ATLS_MAX_FILE_LEN + 1));
}

static void refused_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    refused(mutant);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    test_each_truncation(
        atls_bytes_text("{\"a\":[1,-2.5e1,\"\\u00e9\\\\\",null,true],\"b\":{\"c\":{}}}"),
        refused_mutant, NULL);
}

static void only_known_members_pass(void **state)
{
    (void)state;
    static const char *const known[] = {"a", "b", NULL};
    struct atls_diag diag = {0};
    json_t *value = parsed("{\"b\":1}");
    assert_err(atls_json_only_keys(value, known, "test", NULL), OK);
    atls_json_cleanup(&value);
    value = parsed("{\"a\":1,\"B\":2}");
    assert_err(atls_json_only_keys(value, known, "test", &diag), MALFORMED);
    assert_string_equal(diag.found, "B");
    atls_json_cleanup(&value);
    value = parsed("[]");
    assert_err(atls_json_only_keys(value, known, "test", &diag), MALFORMED);
    assert_string_equal(diag.found, "an array");
    atls_json_cleanup(&value);
    assert_err(atls_json_only_keys(NULL, known, "test", &diag), MALFORMED);
}

/* One member of each type, called by it. */
static const char *const all =
    "{\"text\":\"x\",\"int\":7,\"bool\":false,\"array\":[1],\"object\":{},\"real\":7.0,"
    "\"null\":null}";

static void getters_give_members_of_their_type(void **state)
{
    (void)state;
    json_t *value = parsed(all);
    struct atls_bytes text;
    int64_t number = 0;
    bool flag = true;
    const json_t *inner = NULL;
    assert_err(atls_json_text(&text, value, "text", "test", NULL), OK);
    assert_text(text, "x");
    assert_err(atls_json_int(&number, value, "int", 7, 7, "test", NULL), OK);
    assert_int_equal(number, 7);
    assert_err(atls_json_bool(&flag, value, "bool", "test", NULL), OK);
    assert_false(flag);
    assert_err(atls_json_array(&inner, value, "array", "test", NULL), OK);
    assert_int_equal(json_array_size(inner), 1);
    assert_err(atls_json_object(&inner, value, "object", "test", NULL), OK);
    assert_true(json_is_object(inner));
    assert_true(atls_json_has(value, "null"));
    assert_false(atls_json_has(value, "missing"));
    atls_json_cleanup(&value);
}

static void getters_refuse_members_that_are_missing_or_of_another_type(void **state)
{
    (void)state;
    static const char *const keys[] = {"text",   "int",  "bool", "array",
                                       "object", "real", "null", "missing"};
    json_t *value = parsed(all);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        struct atls_bytes text = {NULL, 77};
        int64_t number = 77;
        bool flag = true;
        const json_t *inner = untouched;
        struct atls_diag diag = {0};
        if (i != 0) {
            assert_err(atls_json_text(&text, value, keys[i], "test", &diag), MALFORMED);
            assert_string_equal(diag.claim, keys[i]);
            assert_string_equal(diag.expected, "a string");
        }
        if (i != 1) {
            assert_err(atls_json_int(&number, value, keys[i], 0, 9, "test", &diag), MALFORMED);
        }
        if (i != 2) {
            assert_err(atls_json_bool(&flag, value, keys[i], "test", &diag), MALFORMED);
        }
        if (i != 3) {
            assert_err(atls_json_array(&inner, value, keys[i], "test", &diag), MALFORMED);
        }
        if (i != 4) {
            assert_err(atls_json_object(&inner, value, keys[i], "test", &diag), MALFORMED);
        }
        if (i != 3 && i != 4) {
            assert_ptr_equal(inner, untouched);
        }
        assert_int_equal(text.len, 77);
        assert_int_equal(number, 77);
        assert_true(flag);
    }
    atls_json_cleanup(&value);
}

static void an_integer_outside_its_range_is_refused(void **state)
{
    (void)state;
    json_t *value = parsed("{\"n\":7}");
    int64_t number = 77;
    struct atls_diag diag = {0};
    assert_err(atls_json_int(&number, value, "n", 8, 10, "test", &diag), MALFORMED);
    assert_string_equal(diag.found, "7");
    assert_string_equal(diag.expected, "8 to 10");
    assert_err(atls_json_int(&number, value, "n", -5, 6, "test", &diag), MALFORMED);
    assert_int_equal(number, 77);
    atls_json_cleanup(&value);
}

static void octets_are_decoded_within_their_bounds(void **state)
{
    (void)state;
    json_t *value = parsed("{\"u\":\"-__-\",\"h\":\"fbFFfe\",\"bad\":\"Zg==\",\"n\":1}");
    uint8_t octets[3];
    const struct atls_buf room = {octets, sizeof octets};
    const struct atls_buf small = {octets, 2};
    size_t len = 0;
    struct atls_diag diag = {0};
    assert_err(atls_json_base64url(room, &len, 3, value, "u", "test", NULL), OK);
    assert_bytes(atls_bytes_of(octets, len), test_hex("fbfffe"));
    assert_err(atls_json_hex(room, &len, 0, value, "h", "test", NULL), OK);
    assert_bytes(atls_bytes_of(octets, len), test_hex("fbfffe"));
    len = 77;
    assert_err(atls_json_base64url(room, &len, 4, value, "u", "test", &diag), MALFORMED);
    assert_err(atls_json_base64url(small, &len, 0, value, "u", "test", &diag), MALFORMED);
    assert_err(atls_json_base64url(room, &len, 0, value, "bad", "test", &diag), MALFORMED);
    assert_null(strstr(diag.found, "Zg"));
    assert_err(atls_json_base64url(room, &len, 0, value, "n", "test", &diag), MALFORMED);
    assert_err(atls_json_hex(room, &len, 0, value, "u", "test", &diag), MALFORMED);
    assert_err(atls_json_hex(small, &len, 0, value, "h", "test", &diag), MALFORMED);
    assert_int_equal(len, 77);
    atls_json_cleanup(&value);
}

static void recoding_changes_malformed_only(void **state)
{
    (void)state;
    struct atls_diag diag = {.err = ATLS_ERR_MALFORMED};
    assert_err(atls_json_recode(ATLS_ERR_MALFORMED, ATLS_ERR_POLICY_FILE, &diag), POLICY_FILE);
    assert_int_equal(diag.err, ATLS_ERR_POLICY_FILE);
    diag.err = ATLS_ERR_MEMORY;
    assert_err(atls_json_recode(ATLS_ERR_MEMORY, ATLS_ERR_POLICY_FILE, &diag), MEMORY);
    assert_int_equal(diag.err, ATLS_ERR_MEMORY);
    assert_err(atls_json_recode(ATLS_OK, ATLS_ERR_POLICY_FILE, NULL), OK);
    assert_err(atls_json_recode(ATLS_ERR_MALFORMED, ATLS_ERR_CONFIG, NULL), CONFIG);
}

/* Around the size of the first try, where it is written a second time. */
static void a_text_of_any_length_is_written_whole(void **state)
{
    (void)state;
    static char text[20000];
    for (size_t len = 1; len<sizeof text; len += len> 4080 && len < 4110 ? 1 : 13) {
        memset(text, 'a', len);
        json_t *value = json_stringn(text, len);
        char *written = atls_json_dump(value);
        assert_non_null(written);
        assert_int_equal(strlen(written), len + 2);
        assert_memory_equal(written + 1, text, len);
        assert_int_equal(written[0], '"');
        assert_int_equal(written[len + 1], '"');
        free(written);
        json_decref(value);
    }
}

/* What is written here by itself is what jansson writes. */
static void a_dump_is_as_jansson_has_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "[[],{},[[]],{\"a\":{}}]",
        "{\"a\":1,\"b\":[true,false,null,-9223372036854775808,9223372036854775807,0],\"c\":\"\"}",
        "[\"a\\\"b\\\\c/d\",\"\\u00e4\\u20ac\\ud83d\\ude00\",\"\\u0001\\n\\u001f\\u007f\"]",
        "[1.5,1e300]",
        "{\"\":\"\",\"x\\\"y\":1}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
        json_t *value = json_loads(texts[i], 0, NULL);
        assert_non_null(value);
        char *expected = json_dumps(value, JSON_COMPACT);
        char *found = atls_json_dump(value);
        assert_non_null(expected);
        assert_non_null(found);
        assert_string_equal(found, expected);
        free(found);
        free(expected);
        json_decref(value);
    }
    assert_null(atls_json_dump(NULL));
    json_t *string = json_string("alone");
    char *found = atls_json_dump(string);
    assert_string_equal(found, "\"alone\"");
    free(found);
    json_decref(string);
    string = json_stringn("a\0b", 3); /* only where somebody asks for it */
    found = atls_json_dump(string);
    assert_string_equal(found, "\"a\\u0000b\"");
    free(found);
    json_decref(string);
}

/* A text that outgrows its first room, more than once. */
static void a_long_dump_is_whole(void **state)
{
    (void)state;
    json_t *list = json_array();
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(json_array_append_new(list, json_string("0123456789\"")), 0);
    }
    char *expected = json_dumps(list, JSON_COMPACT);
    char *found = atls_json_dump(list);
    assert_non_null(found);
    assert_string_equal(found, expected);
    free(found);
    free(expected);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_is_as_jansson_has_it),
        cmocka_unit_test(a_long_dump_is_whole),
        cmocka_unit_test(objects_and_arrays_are_read),
        cmocka_unit_test(what_is_not_strict_json_is_refused),
        cmocka_unit_test(a_syntax_error_says_where_it_is),
        cmocka_unit_test(a_syntax_error_shows_no_control_character_of_the_input),
        cmocka_unit_test(nesting_is_taken_up_to_the_limit),
        cmocka_unit_test(brackets_in_strings_do_not_count_as_nesting),
        cmocka_unit_test(the_size_is_bounded),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(only_known_members_pass),
        cmocka_unit_test(getters_give_members_of_their_type),
        cmocka_unit_test(getters_refuse_members_that_are_missing_or_of_another_type),
        cmocka_unit_test(an_integer_outside_its_range_is_refused),
        cmocka_unit_test(octets_are_decoded_within_their_bounds),
        cmocka_unit_test(recoding_changes_malformed_only),
        cmocka_unit_test(a_text_of_any_length_is_written_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
