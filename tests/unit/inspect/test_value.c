/* SPDX-License-Identifier: Apache-2.0 */
/* Values that nobody checked: CBOR and JSON, whole, cut and wrong. */
#include "support/check.h"
#include "support/memory.h"

#include "inspect/value.h"

static struct inspect_value cbor(const char *hex)
{
    return inspect_value_cbor(test_hex(hex));
}

static struct inspect_value json(const char *text)
{
    return inspect_value_json(test_copy(atls_bytes_text(text)));
}

static void cbor_heads_give_type_and_argument(void **state)
{
    static const struct {
        const char *hex;
        enum inspect_type type;
        uint64_t argument;
        size_t len;
    } rows[] = {
        {"00", INSPECT_UINT, 0, 1},         {"1bffffffffffffffff", INSPECT_UINT, UINT64_MAX, 9},
        {"3903e7", INSPECT_NEGINT, 999, 3}, {"43010203", INSPECT_BYTES, 3, 4},
        {"63616263", INSPECT_TEXT, 3, 4},   {"83010203", INSPECT_ARRAY, 3, 4},
        {"a2010203f4", INSPECT_MAP, 2, 5},  {"d9025900", INSPECT_TAG, 601, 4},
        {"f4", INSPECT_BOOL, 0, 1},         {"f5", INSPECT_BOOL, 1, 1},
        {"f6", INSPECT_NULL, 22, 1},        {"f7", INSPECT_SIMPLE, 23, 1},
        {"f8ff", INSPECT_SIMPLE, 255, 2},
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct inspect_value v = cbor(rows[i].hex);
        assert_int_equal(v.type, rows[i].type);
        assert_true(v.argument == rows[i].argument);
        assert_int_equal(v.encoded.len, rows[i].len);
        assert_false(v.cut);
    }
}

/* RFC 8949, appendix A. */
static void cbor_floats_have_their_value(void **state)
{
    static const struct {
        const char *hex;
        double value;
    } rows[] = {
        {"f90000", 0.0},
        {"f93c00", 1.0},
        {"f93e00", 1.5},
        {"f97bff", 65504.0},
        {"f90001", 5.960464477539063e-8},
        {"f90400", 0.00006103515625},
        {"f9c400", -4.0},
        {"fa47c35000", 100000.0},
        {"fb3ff199999999999a", 1.1},
        {"fbc010666666666666", -4.1},
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct inspect_value v = cbor(rows[i].hex);
        assert_int_equal(v.type, INSPECT_FLOAT);
        assert_true(v.real >= rows[i].value && v.real <= rows[i].value);
    }
    assert_true(cbor("f97c00").real > 1e300); /* infinity */
}

static void cbor_that_is_cut_is_still_a_value(void **state)
{
    struct inspect_value v = cbor("4401020304");
    assert_false(v.cut);
    v = cbor("44010203");
    assert_true(v.cut);
    assert_int_equal(v.type, INSPECT_BYTES);
    assert_int_equal(v.content.len, 3);
    v = cbor("8301");
    assert_true(v.cut);
    assert_int_equal(inspect_count(&v, 9), 1);
    v = cbor("a301020304");
    assert_true(v.cut);
    assert_int_equal(inspect_count(&v, 9), 2);
    v = cbor("d8"); /* a head that is not whole */
    assert_int_equal(v.type, INSPECT_BROKEN);
    v = cbor("c1");
    assert_true(v.cut);
    assert_int_equal(inspect_inside(&v).type, INSPECT_BROKEN);
    (void)state;
}

static void cbor_lengths_beyond_the_input_end_at_the_input(void **state)
{
    static const char *const rows[] = {
        "5bffffffffffffffff00",   "7b8000000000000000",   "9bffffffffffffffff0000",
        "bbffffffffffffffff0000", "bb800000000000000000",
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct inspect_value v = cbor(rows[i]);
        assert_true(v.cut);
        assert_int_equal(v.encoded.len, strlen(rows[i]) / 2);
    }
}

static void cbor_without_lengths_is_read_to_its_break(void **state)
{
    struct inspect_value v = cbor("bf0102ff00");
    (void)state;
    assert_int_equal(v.type, INSPECT_MAP);
    assert_true(v.indefinite);
    assert_int_equal(v.encoded.len, 4);
    assert_int_equal(inspect_count(&v, 9), 1);
    v = cbor("9f9f01ffff");
    assert_int_equal(v.encoded.len, 5);
    v = cbor("5f42010241ffff");
    assert_int_equal(v.type, INSPECT_BYTES);
    assert_int_equal(v.encoded.len, 7);
    v = cbor("9f01");
    assert_true(v.cut);
    assert_int_equal(cbor("1f").type, INSPECT_BROKEN); /* an integer has a length */
    assert_int_equal(cbor("ff").type, INSPECT_BROKEN); /* a break alone */
    assert_int_equal(cbor("1c").type, INSPECT_BROKEN); /* reserved */
}

static void cbor_nested_beyond_all_measure_is_cut(void **state)
{
    const struct atls_buf room = test_room(5000);
    (void)state;
    memset(room.data, 0x81, room.cap);
    const struct inspect_value v = inspect_value_cbor(atls_bytes_of(room.data, room.cap));
    assert_true(v.cut);
    assert_int_equal(v.encoded.len, 5000);
}

static void json_words_give_type_and_value(void **state)
{
    static const struct {
        const char *text;
        enum inspect_type type;
        uint64_t argument;
    } rows[] = {
        {"0", INSPECT_UINT, 0},          {" 18446744073709551615 ", INSPECT_UINT, UINT64_MAX},
        {"-1", INSPECT_NEGINT, 0},       {"-1000", INSPECT_NEGINT, 999},
        {"true", INSPECT_BOOL, 1},       {"false", INSPECT_BOOL, 0},
        {"null", INSPECT_NULL, 0},       {"1.5", INSPECT_FLOAT, 0},
        {"1e3", INSPECT_FLOAT, 0},       {"18446744073709551616", INSPECT_FLOAT, 0},
        {"nul", INSPECT_BROKEN, 0},      {"]", INSPECT_BROKEN, 0},
        {"", INSPECT_BROKEN, 0},         {"0x10", INSPECT_BROKEN, 0},
        {"infinity", INSPECT_BROKEN, 0},
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct inspect_value v = json(rows[i].text);
        assert_int_equal(v.type, rows[i].type);
        if (v.type != INSPECT_FLOAT && v.type != INSPECT_BROKEN) {
            assert_true(v.argument == rows[i].argument);
        }
    }
}

static void json_members_come_in_their_order(void **state)
{
    const struct inspect_value v = json("{\"a\":[1,{\"b\":\"]}\\\"\"}], \"\\u0063\" : -2}x");
    struct inspect_value member;
    struct inspect_value inner;
    int64_t number = 0;
    (void)state;
    assert_int_equal(v.type, INSPECT_MAP);
    assert_int_equal(v.encoded.len, 37); /* without the x behind it */
    assert_int_equal(inspect_count(&v, 9), 2);
    assert_true(inspect_get_text(&v, "a", &member));
    assert_true(inspect_at(&member, 1, &inner));
    assert_true(inspect_get_text(&inner, "b", &inner));
    assert_true(inspect_is_text(&inner, "]}\""));
    assert_true(inspect_get_text(&v, "c", &member)); /* the key has an escape */
    assert_true(inspect_int(&member, &number));
    assert_int_equal(number, -2);
    assert_false(inspect_get_text(&v, "d", &member));
    assert_false(inspect_at(&v, 0, &member));
}

static void json_that_is_cut_is_still_a_value(void **state)
{
    struct inspect_value v = json("{\"a\": \"half");
    struct inspect_value member;
    (void)state;
    assert_true(v.cut);
    assert_true(inspect_get_text(&v, "a", &member));
    assert_true(member.cut);
    assert_text(member.content, "half");
    v = json("[1, 2");
    assert_true(v.cut);
    assert_int_equal(inspect_count(&v, 9), 2);
    v = json("{\"a\"");
    assert_int_equal(inspect_count(&v, 9), 1);
    v = json("\"ends in a backslash\\");
    assert_true(v.cut);
    v = json("[");
    assert_true(v.cut);
    assert_int_equal(inspect_count(&v, 9), 0);
}

static void escapes_become_utf8(void **state)
{
    static const struct {
        const char *raw;
        const char *text;
    } rows[] = {
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_bytes raw = test_copy(atls_bytes_text(rows[i].raw));
        const struct atls_buf room = test_room(raw.len);
        size_t len = 0;
        assert_true(inspect_unescape(raw, room, &len));
        assert_text(atls_bytes_of(room.data, len), rows[i].text);
        assert_false(inspect_unescape(raw, test_room(len - 1), &len));
    }
}

static void wrong_escapes_are_refused(void **state)
{
    static const char *const rows[] = {
        "\\",      "\\x",       "\\u",           "\\u12", "\\u12g4", "\\ud83d", "\\ud83d\\u0041",
        "\\ude00", "\\ud83dxx", "\\ud83d\\ude0",
    };
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        size_t len = 99;
        assert_false(inspect_unescape(test_copy(atls_bytes_text(rows[i])), test_room(100), &len));
        assert_int_equal(len, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbor_heads_give_type_and_argument),
        cmocka_unit_test(cbor_floats_have_their_value),
        cmocka_unit_test(cbor_that_is_cut_is_still_a_value),
        cmocka_unit_test(cbor_lengths_beyond_the_input_end_at_the_input),
        cmocka_unit_test(cbor_without_lengths_is_read_to_its_break),
        cmocka_unit_test(cbor_nested_beyond_all_measure_is_cut),
        cmocka_unit_test(json_words_give_type_and_value),
        cmocka_unit_test(json_members_come_in_their_order),
        cmocka_unit_test(json_that_is_cut_is_still_a_value),
        cmocka_unit_test(escapes_become_utf8),
        cmocka_unit_test(wrong_escapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
