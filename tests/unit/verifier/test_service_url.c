/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/service_url.h"

#include "support/check.h"

#include <stdio.h>

static void a_url_is_an_origin_and_a_path(void **state)
{
    (void)state;
    static const struct {
        const char *text, *base, *origin;
        bool https, loopback;
    } good[] = {
        {"https://v.example", "https://v.example", "https://v.example", true, false},
        {"HTTPS://V.Example/", "https://v.example", "https://v.example", true, false},
        {"https://v.example:8443/a/b/", "https://v.example:8443/a/b", "https://v.example:8443",
         true, false},
        {"https://v.example/challenge-response/v1/newSession", "https://v.example",
         "https://v.example", true, false},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080", false, true},
        {"http://127.255.0.9", "http://127.255.0.9", "http://127.255.0.9", false, true},
        {"http://[::1]:1/x", "http://[::1]:1/x", "http://[::1]:1", false, true},
        {"http://localhost:65535", "http://localhost:65535", "http://localhost:65535", false, true},
        {"https://[2001:db8::1]", "https://[2001:db8::1]", "https://[2001:db8::1]", true, false},
        {"http://127.0.0.1.example", "http://127.0.0.1.example", "http://127.0.0.1.example", false,
         false},
        {"http://127.0.0.256", "http://127.0.0.256", "http://127.0.0.256", false, false},
        {"http://localhost.example", "http://localhost.example", "http://localhost.example", false,
         false},
        {"http://128.0.0.1", "http://128.0.0.1", "http://128.0.0.1", false, false},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        struct verifier_service_url url;
        assert_err(verifier_url_parse(&url, good[i].text, NULL), OK);
        assert_string_equal(url.base, good[i].base);
        assert_text(atls_bytes_of(url.base, url.origin_len), good[i].origin);
        assert_int_equal(url.https, good[i].https);
        assert_int_equal(url.loopback, good[i].loopback);
    }
}

static void what_is_no_such_url_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "v.example",
                                      "//v.example",
                                      "ftp://v.example",
                                      "https:",
                                      "https://",
                                      "https:///x",
                                      "https://user@v.example",
                                      "https://v.example:0",
                                      "https://v.example:65536",
                                      "https://v.example:",
                                      "https://v.example:1234567",
                                      "https://v.example:8x",
                                      "https://[::1",
                                      "https://[]",
                                      "https://v.example?x",
                                      "https://v.example/?x",
                                      "https://v.example/#x",
                                      "https://v.example/a b",
                                      "https://v.example\\x",
                                      "https://v.example/\x01",
                                      "https://v.example/\xc3\xa9",
                                      "https://v_example",
                                      " https://v.example",
                                      "javascript:https://v.example"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct verifier_service_url url = {.base = "untouched"};
        struct atls_diag diag;
        assert_err(verifier_url_parse(&url, bad[i], &diag), CONFIG);
        assert_string_equal(url.base, "untouched");
        assert_string_equal(diag.claim, "URL");
    }
}

static void a_location_stays_on_its_origin(void **state)
{
    (void)state;
    static const char from[] = "https://v.example:8443/p/challenge-response/v1/newSession?nonce=x";
    static const struct {
        const char *location, *found; /* NULL: refused */
    } cases[] = {
        {"session/1", "https://v.example:8443/p/challenge-response/v1/session/1"},
        {"/x/session/1?a=b", "https://v.example:8443/x/session/1?a=b"},
        {"https://v.example:8443/s/1", "https://v.example:8443/s/1"},
        {"HTTPS://V.EXAMPLE:8443/s/1", "https://v.example:8443/s/1"},
        {"https://v.example:8443", "https://v.example:8443"},
        {"a:b", NULL},
        {"s/a:b", "https://v.example:8443/p/challenge-response/v1/s/a:b"},
        {"s/..a/...", "https://v.example:8443/p/challenge-response/v1/s/..a/..."},
        {"", NULL},
        {"//evil.example/s", NULL},
        {"https://evil.example/s", NULL},
        {"https://v.example/s", NULL},
        {"https://v.example:8444/s", NULL},
        {"https://v.example:84430/s", NULL},
        {"http://v.example:8443/s", NULL},
        {"https://v.example:8443@evil.example/s", NULL},
        {"https://v.example:8443.evil.example/s", NULL},
        {"https:/s", NULL},
        {"https:s", NULL},
        {"ftp://v.example:8443/s", NULL},
        {"../../admin", NULL},
        {"./s", NULL},
        {"/a/%2e%2E/b", NULL},
        {"s/..", NULL},
        {"https://v.example:8443/../b", NULL},
        {"?x", NULL},
        {"s#f", NULL},
        {"s 1", NULL},
        {"\\\\evil.example\\s", NULL},
        {"s\r\nX: y", NULL},
    };
    struct verifier_service_url url;
    assert_err(verifier_url_parse(&url, "https://v.example:8443/p", NULL), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        char out[VERIFIER_MAX_URL_LEN] = "untouched";
        const bool found = verifier_url_resolve(out, &url, from, cases[i].location);
        if (found != (cases[i].found != NULL)) {
            print_error("%s\n", cases[i].location);
        }
        assert_int_equal(found, cases[i].found != NULL);
        if (found) {
            assert_string_equal(out, cases[i].found);
        }
    }
}

static void a_port_may_be_left_to_the_scheme(void **state)
{
    (void)state;
    struct verifier_service_url url;
    char out[VERIFIER_MAX_URL_LEN];
    assert_err(verifier_url_parse(&url, "https://v.example", NULL), OK);
    assert_true(verifier_url_resolve(out, &url, "https://v.example/n", "https://v.example:443/s"));
    assert_string_equal(out, "https://v.example/s");
    assert_false(verifier_url_resolve(out, &url, "https://v.example/n", "https://v.example:80/s"));
    assert_true(verifier_url_resolve(out, &url, "https://v.example", "s"));
    assert_string_equal(out, "https://v.example/s");
    assert_err(verifier_url_parse(&url, "http://localhost:80", NULL), OK);
    assert_true(verifier_url_resolve(out, &url, "http://localhost:80/n", "http://localhost/s"));
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct verifier_service_url url;
    char long_path[VERIFIER_MAX_URL_LEN + 2], out[VERIFIER_MAX_URL_LEN];
    assert_err(verifier_url_parse(&url, "https://v", NULL), OK);
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[0] = '/';
    for (size_t len = VERIFIER_MAX_URL_LEN - 11; len <= VERIFIER_MAX_URL_LEN - 9; len++) {
        long_path[len] = '\0';
        const bool fits = len + 9 < VERIFIER_MAX_URL_LEN;
        assert_int_equal(verifier_url_join(out, &url, long_path), fits);
        assert_int_equal(verifier_url_resolve(out, &url, "https://v/n", long_path), fits);
        long_path[len] = 'a';
    }
    char text[VERIFIER_MAX_URL_LEN];
    snprintf(text, sizeof text, "https://v/%0*d", VERIFIER_MAX_URL_LEN / 2 - 10, 1);
    assert_err(verifier_url_parse(&url, text, NULL), CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_an_origin_and_a_path),
        cmocka_unit_test(what_is_no_such_url_is_refused),
        cmocka_unit_test(a_location_stays_on_its_origin),
        cmocka_unit_test(a_port_may_be_left_to_the_scheme),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
