/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values as CBOR, and back. */
#include "support/check.h"
#include "support/memory.h"

#include "atls/limits.h"
#include "json/cbor_value.h"
#include "json/json.h"

#include <stdlib.h>

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    assert_non_null(value);
    return value;
}

static void json_becomes_deterministic_cbor(void **state)
{
    (void)state;
    static const struct {
        const char *json, *cbor;
    } rows[] = {
        {"{}", "a0"},
        {"[]", "80"},
        {"null", "f6"},
        {"true", "f5"},
        {"false", "f4"},
        {"-1", "20"},
        {"9223372036854775807", "1b7fffffffffffffff"},
        {"-9223372036854775808", "3b7fffffffffffffff"},
        {"1.0", "01"},
        {"-2.0", "21"},
        {"1.5", "fb3ff8000000000000"},
        {"1e300", "fb7e37e43c8800759c"},
        {"\"\\u00fc\"", "62c3bc"},
        {"\"\"", "60"},
        {"{\"bb\":1,\"a\":2,\"c\":[{\"z\":[]},3]}", "a3 6161 02 6163 82 a1 617a 80 03 626262 01"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        json_t *value = parse(rows[i].json);
        uint8_t *cbor = NULL;
        size_t len = 0;
        struct atls_cbor item;
        assert_err(atls_cbor_from_json(&cbor, &len, value, "test", NULL), OK);
        assert_bytes(atls_bytes_of(cbor, len), test_hex(rows[i].cbor));
        assert_err(atls_cbor_parse(&item, atls_bytes_of(cbor, len), ATLS_CBOR_STRICT, "test", NULL),
                   OK);
        json_t *again = NULL;
        assert_err(atls_cbor_to_json(&again, &item, "test", NULL), OK);
        if (!json_is_real(value)) {
            assert_int_equal(json_equal(again, value), 1);
        }
        json_decref(again);
        json_decref(value);
        free(cbor);
    }
}

static void cbor_becomes_json(void **state)
{
    (void)state;
    static const struct {
        const char *cbor, *json;
    } rows[] = {
        {"43 010203", "\"AQID\""},
        {"40", "\"\""},
        {"c0 61 78", "\"x\""},
        {"d8 3d c1 01", "1"},
        {"f7", "null"},
        {"f0", "null"},
        {"1b ffffffffffffffff", "18446744073709551615.0"},
        {"3b ffffffffffffffff", "-18446744073709551616.0"},
        {"f9 3c00", "1.0"},
        {"f9 c000", "-2.0"},
        {"f9 0001", "5.9604644775390625e-8"},
        {"f9 7bff", "65504.0"},
        {"f9 7c00", "null"},
        {"f9 fc00", "null"},
        {"f9 7e00", "null"},
        {"fa 3fc00000", "1.5"},
        {"fb 3ff8000000000000", "1.5"},
        {"fb 7ff0000000000000", "null"},
        {"a3 01 02 20 41 ff 61 61 80", "{\"1\":2,\"-1\":\"_w\",\"a\":[]}"},
        {"82 a1 61 61 a1 61 62 82 01 02 03", "[{\"a\":{\"b\":[1,2]}},3]"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_cbor item;
        json_t *value = NULL;
        json_t *expected = parse(rows[i].json);
        assert_err(atls_cbor_parse(&item, test_hex(rows[i].cbor), ATLS_CBOR_STRICT, "test", NULL),
                   OK);
        assert_err(atls_cbor_to_json(&value, &item, "test", NULL), OK);
        if (json_equal(value, expected) != 1) {
            char *text = atls_json_dump(value);
            fail_msg("%s: %s", rows[i].cbor, text);
        }
        json_decref(value);
        json_decref(expected);
    }
}

static void maps_that_json_has_no_object_for_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "a1 40 01",             /* octets as a key */
        "a1 80 01",             /* an array */
        "a1 61 00 01",          /* NUL */
        "a2 01 01 61 31 02",    /* 1 and "1" */
        "81 a1 f4 01",          /* false */
        "a1 61 61 a1 c0 00 01", /* a tag */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_cbor item;
        struct atls_diag diag;
        json_t *value = NULL;
        assert_err(atls_cbor_parse(&item, test_hex(rows[i]), ATLS_CBOR_STRICT, "test", NULL), OK);
        assert_err(atls_cbor_to_json(&value, &item, "test", &diag), MALFORMED);
        assert_string_equal(diag.claim, "CBOR map");
        assert_null(value);
    }
}

static void nesting_has_its_limit(void **state)
{
    (void)state;
    for (int depth = 15; depth <= 18; depth++) {
        char text[64] = {0};
        uint8_t *cbor = NULL;
        size_t len = 0;
        memset(text, '[', (size_t)depth);
        memset(&text[depth], ']', (size_t)depth);
        json_t *value = parse(text);
        const enum atls_err err = atls_cbor_from_json(&cbor, &len, value, "test", NULL);
        assert_int_equal(err, depth <= ATLS_MAX_CBOR_DEPTH ? ATLS_OK : ATLS_ERR_MALFORMED);
        if (err == ATLS_OK) {
            struct atls_cbor item;
            json_t *again = NULL;
            assert_err(atls_cbor_parse(&item, atls_bytes_of(cbor, len), 0, "test", NULL), OK);
            assert_err(atls_cbor_to_json(&again, &item, "test", NULL), OK);
            assert_int_equal(json_equal(again, value), 1);
            json_decref(again);
        }
        free(cbor);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_becomes_deterministic_cbor),
        cmocka_unit_test(cbor_becomes_json),
        cmocka_unit_test(maps_that_json_has_no_object_for_are_refused),
        cmocka_unit_test(nesting_has_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
