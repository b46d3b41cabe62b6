/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, queries, Accept and Content-Type, in every form that the field has, and in none else. */
#include "support/check.h"

#include "svc/verifier/query.h"
#include "svc/verifier/result_form.h"

#include <stdio.h>

static bool nonce(struct verifier_nonce_query *out, const char *query)
{
    const char *why = NULL;
    const bool ok = verifier_query_nonce(out, atls_bytes_text(query), &why);
    assert_true(ok || why != NULL);
    return ok;
}

/* The octets fb ef be fb ef be 00 01 have '+', '/' and padding in base64. */
static void a_nonce_is_read_in_every_alphabet(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "nonce=----_--AAEA",
        "nonce=----_--AAEA%3D",
        "nonce=----_--AAEA=",
        "nonce=++++/++AAEA=",
        "nonce=%2b%2B%2B%2B%2f%2B%2BAAEA%3d",
        "nonce=++++/++AAEA",
        "a=b&nonce=----_--AAEA",
        "nonce=----_--AAEA&nonces=1&c",
    };
    static const uint8_t expected[] = {0xfb, 0xef, 0xbe, 0xff, 0xef, 0x80, 0x00, 0x40};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forms); i++) {
        struct verifier_nonce_query q;
        if (!nonce(&q, forms[i])) {
            fail_msg("%s", forms[i]);
        }
        assert_true(q.has_nonce);
        assert_int_equal(q.nonce_len, sizeof expected);
        assert_memory_equal(q.nonce, expected, sizeof expected);
    }
}

static void what_is_no_nonce_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "nonce=",
        "nonce",
        "nonce=AAAA",         /* 3 octets */
        "nonce=AAAAAAAAAA",   /* 7 */
        "nonce=+--+/++AAEA=", /* both alphabets */
        "nonce=----_--AAEA%", /* a broken escape */
        "nonce=----_--AAEA%3",
        "nonce=----_--AAEA%zz",
        "nonce=----_--AAEA==", /* too much padding */
        "nonce=----_-=-AAEA",  /* in the middle */
        "nonce=----_--AAEB",   /* bits that no octet has */
        "nonce=----_--AAEA&nonce=----_--AAEA",
        "nonce=----_--AAEA&nonceSize=8",
        "nonceSize=8&nonce=----_--AAEA",
        "nonceSize=8&nonceSize=8",
        "nonceSize=7",
        "nonceSize=65",
        "nonceSize=",
        "nonceSize=0x20",
        "nonceSize=032",
        "nonceSize=-8",
        "nonceSize=4294967304",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        struct verifier_nonce_query q = {.size = 99};
        if (nonce(&q, wrong[i])) {
            fail_msg("%s was taken", wrong[i]);
        }
        assert_int_equal(q.size, 99); /* untouched */
    }
}

static void sizes_from_8_to_64_are_taken(void **state)
{
    (void)state;
    char text[32];
    for (unsigned size = 0; size < 100; size++) {
        struct verifier_nonce_query q;
        (void)snprintf(text, sizeof text, "nonceSize=%u", size);
        assert_int_equal(nonce(&q, text), size >= 8 && size <= 64);
    }
    struct verifier_nonce_query none;
    assert_true(nonce(&none, ""));
    assert_false(none.has_nonce);
    assert_false(none.has_size);
}

static void a_number_is_read_once_or_not_at_all(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "n=", "n", "n=-1", "n=1x", "n= 1", "n=0x1", "n=1&n=1", "n=1&n=2", "n=1234567890123456789"};
    uint64_t number = 7;
    assert_true(verifier_query_number(&number, atls_bytes_text(""), "n"));
    assert_true(verifier_query_number(&number, atls_bytes_text("m=3&nn=4"), "n"));
    assert_int_equal(number, 7);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        if (verifier_query_number(&number, atls_bytes_text(wrong[i]), "n")) {
            fail_msg("%s was taken", wrong[i]);
        }
        assert_int_equal(number, 7); /* untouched */
    }
    assert_true(verifier_query_number(&number, atls_bytes_text("m=3&n=999999999999999999"), "n"));
    assert_int_equal(number, 999999999999999999);
    assert_true(verifier_query_number(&number, atls_bytes_text("n=0"), "n"));
    assert_int_equal(number, 0);
}

static void a_nonce_of_64_octets_is_the_longest(void **state)
{
    (void)state;
    char text[200] = "nonce=";
    struct verifier_nonce_query q;
    memset(text + 6, 'A', 86);
    assert_true(nonce(&q, text));
    assert_int_equal(q.nonce_len, 64);
    memset(text + 6, 'A', 87);
    assert_false(nonce(&q, text));
}

static void accept_is_read_as_http_has_it(void **state)
{
    (void)state;
    static const char type[] = "application/x+json";
    static const struct {
        const char *header;
        bool taken;
    } rows[] = {
        {NULL, true},
        {"", true},
        {"*/*", true},
        {"application/*", true},
        {"text/*", false},
        {"application/x+json", true},
        {"Application/X+JSON", true},
        {"application/x+json; q=0.5", true},
        {"application/x+json; charset=utf-8", true},
        {"application/x+json;q=0", false},
        {"application/x+json;q=0.000", false},
        {"*/*;q=0", false},
        {"application/x+json;q=0, */*", false},
        {"*/*;q=0, application/x+json", true},
        {"text/html, application/*;q=0.1", true},
        {"application/x", false},
        {"application/x+jsonx", false},
        {"application", false},
        {"/", false},
        {",,,", false},
        {"*", false},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        if (verifier_accepts(rows[i].header, type) != rows[i].taken) {
            fail_msg("Accept: %s", rows[i].header);
        }
    }
}

static void a_type_is_named_by_itself_and_not_by_a_range(void **state)
{
    (void)state;
    static const char type[] = "application/eat+cwt";
    static const struct {
        const char *header;
        bool named;
    } rows[] = {{NULL, false},
                {"", false},
                {"*/*", false},
                {"application/*", false},
                {"application/eat+cwt", true},
                {"a/b, APPLICATION/EAT+CWT; eat_profile=\"x\"", true},
                {"application/eat+cwt;q=0", false},
                {"application/eat+cwt;q=0.1, */*", true},
                {"application/eat+cwtx", false},
                {"application/eat", false}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        if (verifier_names(rows[i].header, type) != rows[i].named) {
            fail_msg("%s", rows[i].header);
        }
    }
}

static void form_of_a_result_is_what_accept_says(void **state)
{
    (void)state;
    static const char session[] = "application/vnd.veraison.challenge-response-session+json";
    struct verifier_form form;
    char both[200];
    assert_true(verifier_form_read(&form, NULL));
    assert_false(form.bare);
    assert_true(verifier_form_is_cwt(&form, true));
    assert_false(verifier_form_is_cwt(&form, false));
    assert_true(verifier_form_read(&form, VERIFIER_CWT_TYPE));
    assert_true(form.bare);
    assert_true(verifier_form_is_cwt(&form, false));
    assert_true(verifier_form_read(&form, VERIFIER_JWT_TYPE));
    assert_false(verifier_form_is_cwt(&form, true));
    snprintf(both, sizeof both, "%s, %s", session, VERIFIER_CWT_TYPE);
    assert_true(verifier_form_read(&form, both));
    assert_false(form.bare);
    assert_true(verifier_form_is_cwt(&form, false));
    assert_false(verifier_form_read(&form, "text/html"));
    assert_true(verifier_result_is_cwt(atls_bytes_text("\xd2\x84")));
    assert_false(verifier_result_is_cwt(atls_bytes_text("eyJ")));
    assert_false(verifier_result_is_cwt(atls_bytes_of(NULL, 0)));
}

static void types_and_parameters_are_found(void **state)
{
    (void)state;
    struct atls_bytes value;
    const struct atls_bytes quoted =
        atls_bytes_text("application/rim+cbor ; Profile=\"tag:arm.com,2025:psa#1.0.0\"; x=y");
    const struct atls_bytes bare = atls_bytes_text("application/rim+cbor;profile=http://arm.com/x");
    assert_true(verifier_type_is(quoted, "application/rim+cbor"));
    assert_false(verifier_type_is(quoted, "application/rim+cose"));
    assert_true(verifier_type_parameter(quoted, "profile", &value));
    assert_true(atls_bytes_is_text(value, "tag:arm.com,2025:psa#1.0.0"));
    assert_true(verifier_type_parameter(bare, "profile", &value));
    assert_true(atls_bytes_is_text(value, "http://arm.com/x"));
    assert_false(verifier_type_parameter(quoted, "y", &value));
    assert_false(verifier_type_parameter(atls_bytes_text("a/b;profile="), "profile", &value));
    assert_false(verifier_type_parameter(atls_bytes_text(""), "profile", &value));
}

static void values_without_their_quotes_get_them(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *read; /* NULL: the same */
    } cases[] = {
        {"application/eat-cwt; profile=http://arm.com/psa/2.0.0",
         "application/eat-cwt; profile=\"http://arm.com/psa/2.0.0\""},
        {"a/b;x=tag:a.b,2023:c#d ; y=z", "a/b;x=\"tag:a.b,2023:c#d\"; y=z"},
        {"a/b", NULL},
        {"a/b; x=y; z=\"tag:q\"", NULL},
        {"a/b; x=\"a;b=c\"", NULL},
        {"a/b; x=", NULL},
        {"a/b;;", NULL},
        {"a/b; x", NULL},
        {"a/b; x=\"open", NULL},
        {"a/b; x=a b", NULL}, /* no one value */
        {"", NULL},
    };
    char text[64];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        assert_true(verifier_type_quote(text, sizeof text, cases[i].sent));
        assert_string_equal(text, cases[i].read != NULL ? cases[i].read : cases[i].sent);
    }
    assert_true(verifier_type_quote(text, 8, "a/b;c=d"));
    assert_false(verifier_type_quote(text, 7, "a/b;c=d"));
    assert_true(verifier_type_quote(text, 10, "a/b;c=:"));
    assert_false(verifier_type_quote(text, 9, "a/b;c=:"));
    /* what goes before has no room, although the whole would have as it is */
    assert_false(verifier_type_quote(text, 13, "a/b;;;;;;c=:"));
    assert_true(verifier_type_quote(text, 13, "a/b;;;;;;c=d"));
}

static void a_target_is_a_path(void **state)
{
    (void)state;
    struct atls_bytes path, query, rest;
    assert_true(verifier_target_split(atls_bytes_text("/a/b?c=d?e"), &path, &query));
    assert_true(atls_bytes_is_text(path, "/a/b"));
    assert_true(atls_bytes_is_text(query, "c=d?e"));
    assert_true(verifier_target_split(atls_bytes_text("/"), &path, &query));
    assert_int_equal(query.len, 0);
    assert_false(verifier_target_split(atls_bytes_text(""), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("/a b"), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("*"), &path, &query));
    assert_true(verifier_path_below(atls_bytes_text("/a/b"), "/a/", &rest));
    assert_true(atls_bytes_is_text(rest, "b"));
    assert_false(verifier_path_below(atls_bytes_text("/a/"), "/a/", &rest));
    assert_false(verifier_path_below(atls_bytes_text("/b/c"), "/a/", &rest));
}

/* RFC 9112, 3.2.2 */
static void a_target_with_scheme_and_host_is_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } rows[] = {
        {"http://x/a/b?c=d", "/a/b", "c=d"}, {"HTTPS://x:8443/a", "/a", ""}, {"http://x", "/", ""},
        {"http://x?c=/a", "/", ""},          {"http://x//a", "//a", ""},
    };
    struct atls_bytes path, query;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        assert_true(verifier_target_split(atls_bytes_text(rows[i].target), &path, &query));
        assert_true(atls_bytes_is_text(path, rows[i].path));
        assert_true(atls_bytes_is_text(query, rows[i].query));
    }
    assert_false(verifier_target_split(atls_bytes_text("http:///a"), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("http://"), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("http:/a"), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("ftp://x/a"), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("x:443"), &path, &query));
    assert_false(verifier_target_split(atls_bytes_text("http://x/a b"), &path, &query));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_read_in_every_alphabet),
        cmocka_unit_test(what_is_no_nonce_is_refused),
        cmocka_unit_test(sizes_from_8_to_64_are_taken),
        cmocka_unit_test(a_number_is_read_once_or_not_at_all),
        cmocka_unit_test(a_nonce_of_64_octets_is_the_longest),
        cmocka_unit_test(accept_is_read_as_http_has_it),
        cmocka_unit_test(a_type_is_named_by_itself_and_not_by_a_range),
        cmocka_unit_test(form_of_a_result_is_what_accept_says),
        cmocka_unit_test(types_and_parameters_are_found),
        cmocka_unit_test(values_without_their_quotes_get_them),
        cmocka_unit_test(a_target_is_a_path),
        cmocka_unit_test(a_target_with_scheme_and_host_is_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
