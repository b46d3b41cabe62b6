/* SPDX-License-Identifier: Apache-2.0 */
/* The tree for programs: every member in every object, and nothing at all when memory runs out. */
#include "inspect_test.h"

static size_t countdown; /* 0: never fail */
static bool failed;

static void *failing_malloc(size_t size)
{
    if (countdown != 0 && --countdown == 0) {
        failed = true;
        return NULL;
    }
    return malloc(size);
}

static json_t *result_of(struct atls_bytes input)
{
    struct inspect *in = NULL;
    assert_int_equal(atls_inspect(&in, input, NULL), ATLS_OK);
    json_t *result = atls_inspect_json(in);
    atls_inspect_free(in);
    return result;
}

/* field gives the field at a path of places in the tree. */
static const json_t *field(const json_t *result, const size_t *path, size_t len)
{
    const json_t *at = json_array_get(json_object_get(result, "fields"), 0);
    for (size_t i = 0; i < len; i++) {
        at = json_array_get(json_object_get(at, "fields"), path[i]);
    }
    assert_non_null(at);
    return at;
}

static void check_field(const json_t *object, const char *type)
{
    static const char *const names[] = {
        "name", "label",   "offset", "length",   "type",   "value",
        "cut",  "decoded", "note",   "problems", "fields",
    };
    assert_int_equal(json_object_size(object), ATLS_ARRAY_LEN(names));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        assert_non_null(json_object_get(object, names[i]));
    }
    assert_string_equal(json_string_value(json_object_get(object, "type")), type);
}

static void values_keep_their_type(void **state)
{
    /* {10: h'00..07', 6: 2^64-1, 261: -2^64, 262: true, 263: null, 270: "n", 264: 1.5, 267: [],
     *  268: f7} */
    const struct atls_bytes input =
        test_hex("a90a480001020304050607061bffffffffffffffff1901053bffffffffffffffff190106f5"
                 "190107f619010e616e190108f93e0019010b8019010cf7");
    static const struct {
        const char *type;
        const char *value;
    } rows[] = {
        {"octets", "\"0001020304050607\""},
        {"integer", "\"18446744073709551615\""},
        {"integer", "\"-18446744073709551616\""},
        {"boolean", "true"},
        {"null", "null"},
        {"text", "\"n\""},
        {"float", "1.5"},
        {"array", "null"},
        {"integer", "23"},
    };
    json_t *result = result_of(input);
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const json_t *object = field(result, &i, 1);
        char *text = json_dumps(json_object_get(object, "value"), JSON_ENCODE_ANY);
        check_field(object, rows[i].type);
        assert_string_equal(text, rows[i].value);
        free(text);
    }
    json_decref(result);
}

static void the_whole_says_what_it_is(void **state)
{
    json_t *result = result_of(test_file(KAT("psa-wrong.cbor")));
    (void)state;
    assert_int_equal(json_object_size(result), 6);
    assert_string_equal(json_string_value(json_object_get(result, "kind")), "cose-sign1");
    assert_string_equal(json_string_value(json_object_get(result, "format")),
                        "COSE_Sign1, PSA token claims (RFC 9783)");
    assert_true(json_is_false(json_object_get(result, "verified")));
    assert_int_equal(json_integer_value(json_object_get(result, "problems")), 7);
    static const size_t nonce[] = {2, 0};
    const json_t *object = field(result, nonce, 2);
    const json_t *problem = json_array_get(json_object_get(object, "problems"), 0);
    check_field(object, "octets");
    assert_string_equal(json_string_value(json_object_get(problem, "sentence")),
                        "8 octets, expected 32 or 48 or 64");
    assert_int_equal(json_integer_value(json_object_get(problem, "offset")), 16);
    assert_int_equal(json_integer_value(json_object_get(object, "label")), 10);
    json_decref(result);
}

static void offsets_count_in_what_was_decoded(void **state)
{
    json_t *result = result_of(test_file(KAT("ear-underscore.jwt")));
    static const size_t payload[] = {1};
    static const size_t tier[] = {1, 6, 1, 0};
    (void)state;
    assert_string_equal(json_string_value(json_object_get(field(result, payload, 1), "decoded")),
                        "base64url");
    const json_t *object = field(result, tier, 4);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "ear_status");
    const json_t *problem = json_array_get(json_object_get(object, "problems"), 0);
    assert_string_equal(json_string_value(json_object_get(problem, "decoded")), "base64url");
    json_decref(result);
}

/* In CBOR the annotated evidence of an EAR has two labels, of which one may be there. */
static void a_claim_with_two_labels_is_marked(void **state)
{
    static const char ear[] = "a4 06 01 190109 61 70 1903ec a2 00 61 64 01 61 62 19010a a1 61 41 "
                              "a5 1903e8 02 1903ed a0 1903ee a0 3a0001116f a0 3a00011170 a0";
    json_t *result = result_of(test_hex(ear));
    char *text = json_dumps(result, 0);
    (void)state;
    assert_non_null(strstr(text, "both 1005 and -70000"));
    assert_non_null(strstr(text, "both 1006 and -70001"));
    assert_null(strstr(text, "ear_status is missing"));
    free(text);
    json_decref(result);
}

static void secrets_have_no_value(void **state)
{
    json_t *result = result_of(test_file(KAT("cose-key.cbor")));
    static const size_t d[] = {6};
    (void)state;
    check_field(field(result, d, 1), "secret");
    assert_true(json_is_null(json_object_get(field(result, d, 1), "value")));
    json_decref(result);
}

static void no_memory_is_no_result(void **state)
{
    const struct atls_bytes input = test_file(KAT("psa-wrong.cbor"));
    struct inspect *in = NULL;
    (void)state;
    assert_int_equal(atls_inspect(&in, input, NULL), ATLS_OK);
    json_t *whole = atls_inspect_json(in);
    char *expected = json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    json_set_alloc_funcs(failing_malloc, free);
    size_t failures = 0;
    for (size_t at = 1; at == 1 || failed; at++) {
        assert_true(at < 20000);
        failed = false;
        countdown = at;
        json_t *result = atls_inspect_json(in);
        countdown = 0;
        failures += result == NULL ? 1 : 0;
        if (result != NULL) {
            json_set_alloc_funcs(malloc, free);
            char *text = json_dumps(result, JSON_COMPACT);
            assert_string_equal(text, expected);
            free(text);
            json_set_alloc_funcs(failing_malloc, free);
        }
        json_decref(result);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failures > 100);
    free(expected);
    atls_inspect_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_their_type),
        cmocka_unit_test(the_whole_says_what_it_is),
        cmocka_unit_test(offsets_count_in_what_was_decoded),
        cmocka_unit_test(a_claim_with_two_labels_is_marked),
        cmocka_unit_test(secrets_have_no_value),
        cmocka_unit_test(no_memory_is_no_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
