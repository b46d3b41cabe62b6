/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of another process that may be copied: nothing is plain that jansson, as we use it, refuses.
 */
#include "json/plain.h"

#include "support/check.h"
#include "support/mutate.h"

#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

/* Everything that is plain, with every way to end a value. */
static const char whole[] =
    "{\"a\":\"text\",\"b\":{\"a\":-12,\"b\":[1,{},[],\"\"],\"c\":{\"a\":0}},"
    "\"c\":[true,false,null,[[2]]],\"d\":\"\xc3\xa4\"}";

static bool is_plain(const char *text)
{
    return atls_json_is_plain(atls_bytes_text(text));
}

static bool is_json(struct atls_bytes text)
{
    json_t *value = NULL;
    const bool is = atls_json_parse(&value, text, "test", NULL) == ATLS_OK && json_is_object(value);
    json_decref(value);
    return is;
}

static void what_we_write_is_plain(void **state)
{
    (void)state;
    assert_true(is_plain(whole));
    assert_true(is_plain("{}"));
    assert_true(is_plain("{\"a\":999999999999999999,\"A\":-999999999999999999}"));
    json_t *value = NULL;
    assert_err(atls_json_parse(&value, atls_bytes_text(whole), "test", NULL), OK);
    char *again = atls_json_dump(value);
    assert_string_equal(again, whole);
    free(again);
    json_decref(value);
}

static void what_is_no_json_is_not_plain(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{},",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "{\"a\":[1}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{a:1}",
        "{1:1}",
        "{\"a\":tru}",
        "{\"a\":truefalse}",
        "{\"a\":-}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":\"\x01\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"}",
        "{\"a\":1}\"",
        "{\"a\":\"\"\"\"}",
        "{\"a\":1}{",
        "{\"a\":{}{}}",
        "{\"a\":[]:1}",
        "{\"a\":1:2}",
        "{\"a\",\"b\":1}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        if (is_plain(bad[i])) {
            print_error("%s\n", bad[i]);
        }
        assert_false(is_plain(bad[i]));
    }
    assert_false(atls_json_is_plain(atls_bytes_of("{\"a\":\"\0\"}", 9)));
}

/* These are JSON: whoever asks has to have them read. */
static void what_is_rare_is_not_plain(void **state)
{
    (void)state;
    static const char *const rare[] = {
        " {}",
        "{} ",
        "{ }",
        "{\"a\": 1}",
        "{\"a\":1.5}",
        "{\"a\":1e3}",
        "{\"a\":-0}",
        "{\"a\":\"\\n\"}",
        "{\"\\u0041\":1}",
        "{\"a\":1000000000000000000}",
        "{\"a\":\"\\\"\"}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rare); i++) {
        assert_true(is_json(atls_bytes_text(rare[i])));
        assert_false(is_plain(rare[i]));
    }
}

static void a_name_that_stands_twice_is_not_plain(void **state)
{
    (void)state;
    assert_false(is_plain("{\"a\":1,\"a\":2}"));
    assert_false(is_plain("{\"a\":1,\"b\":{\"a\":1},\"a\":2}"));
    assert_false(is_plain("{\"x\":{\"a\":1,\"b\":[{\"a\":1}],\"a\":2}}"));
    assert_true(is_plain("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}"));
}

/* nested gives objects within each other. */
static bool nested_is_plain(size_t depth)
{
    char text[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        len += (size_t)snprintf(&text[len], sizeof text - len, "%s", i == 0 ? "{" : "\"a\":{");
    }
    for (size_t i = 0; i < depth; i++) {
        text[len++] = '}';
    }
    return atls_json_is_plain(atls_bytes_of(text, len));
}

static bool many_are_plain(size_t num)
{
    static char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text, "{");
    for (size_t i = 0; i < num; i++) {
        len += (size_t)snprintf(&text[len], sizeof text - len, "%s\"%zu\":1", i == 0 ? "" : ",", i);
    }
    len += (size_t)snprintf(&text[len], sizeof text - len, "}");
    return atls_json_is_plain(atls_bytes_of(text, len));
}

static void depth_and_members_have_a_bound(void **state)
{
    (void)state;
    assert_true(nested_is_plain(ATLS_MAX_PLAIN_DEPTH - 1));
    assert_true(nested_is_plain(ATLS_MAX_PLAIN_DEPTH));
    assert_false(nested_is_plain(ATLS_MAX_PLAIN_DEPTH + 1));
    assert_true(many_are_plain(ATLS_MAX_PLAIN_MEMBERS - 1));
    assert_true(many_are_plain(ATLS_MAX_PLAIN_MEMBERS));
    assert_false(many_are_plain(ATLS_MAX_PLAIN_MEMBERS + 1));
}

static void is_json_where_plain(struct atls_bytes mutant, size_t at, void *context)
{
    size_t *plain = context;
    (void)at;
    if (atls_json_is_plain(mutant)) {
        assert_true(is_json(mutant));
        ++*plain;
    }
}

static void a_mutant_that_is_plain_is_json(void **state)
{
    (void)state;
    size_t plain = 0;
    test_each_mutant(atls_bytes_text(whole), is_json_where_plain, &plain);
    assert_true(plain > 20); /* those of a letter in a text */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_write_is_plain),
        cmocka_unit_test(what_is_no_json_is_not_plain),
        cmocka_unit_test(what_is_rare_is_not_plain),
        cmocka_unit_test(a_name_that_stands_twice_is_not_plain),
        cmocka_unit_test(depth_and_members_have_a_bound),
        cmocka_unit_test(a_mutant_that_is_plain_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
