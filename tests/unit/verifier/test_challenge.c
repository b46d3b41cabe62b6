/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/challenge.h"

#include "support/check.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const char psa[] = "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"";

static struct verifier_challenge challenge;
static struct atls_diag diag;

static enum atls_err read(const char *json)
{
    const struct verifier_challenge before = challenge;
    memset(&diag, 0, sizeof diag);
    const enum atls_err err =
        verifier_challenge_read(&challenge, test_copy(atls_bytes_text(json)), psa, &diag);
    if (err != ATLS_OK) {
        assert_memory_equal(&challenge, &before, sizeof before);
        assert_int_equal(diag.err, err);
    }
    return err;
}

static void forget(void)
{
    verifier_challenge_cleanup(&challenge);
}

static void a_session_of_today_is_read(void **state)
{
    (void)state;
    assert_err(read("{\"status\":\"complete\",\"nonce\":\"AAECAwQFBgc\",\"expiry\":\"2026-08-19T"
                    "10:00:00.5Z\",\"accept\":[\"a/b\",\"application/eat+cwt; eat_profile=\\\"tag:"
                    "psacertified.org,2023:psa#tfm\\\"\"],\"evidence\":{\"type\":\"a/b\",\"value\":"
                    "\"AA==\"},\"result\":\"eyJ.a.b\"}"),
               OK);
    assert_int_equal(challenge.state, VERIFIER_SESSION_COMPLETE);
    assert_true(challenge.has_nonce);
    assert_bytes(atls_bytes_of(challenge.nonce, challenge.nonce_len), test_hex("0001020304050607"));
    assert_true(challenge.says_accepts);
    assert_true(challenge.accepts);
    assert_string_equal(challenge.result, "eyJ.a.b");
    forget();
}

static void a_session_of_before_is_read(void **state)
{
    (void)state;
    assert_err(read("{\"state\":\"waiting\",\"nonce\":\"+/8AAQIDBAU=\",\"accept\":[\"application/"
                    "eat+cwt;eat_profile=tag:psacertified.org,2023:psa#tfm\"]}"),
               OK);
    assert_int_equal(challenge.state, VERIFIER_SESSION_WAITING);
    assert_bytes(atls_bytes_of(challenge.nonce, challenge.nonce_len), test_hex("fbff000102030405"));
    assert_true(challenge.accepts);
    assert_null(challenge.result);
    forget();
}

static void every_state_has_its_word(void **state)
{
    (void)state;
    assert_err(read("{\"status\":\"processing\",\"state\":\"processing\"}"), OK);
    assert_int_equal(challenge.state, VERIFIER_SESSION_PROCESSING);
    assert_false(challenge.has_nonce);
    assert_false(challenge.says_accepts);
    assert_err(read("{\"status\":\"failed\",\"result\":null,\"accept\":null}"), OK);
    assert_int_equal(challenge.state, VERIFIER_SESSION_FAILED);
    assert_err(read("{\"status\":\"waiting\",\"accept\":[]}"), OK);
    assert_false(challenge.says_accepts);
    assert_err(read("{\"status\":\"waiting\",\"accept\":[1,\"x/y\"]}"), OK);
    assert_true(challenge.says_accepts);
    assert_false(challenge.accepts);
    forget();
}

static const struct {
    const char *json, *claim;
} bad[] = {
    {"", "JSON in octets"},
    {"{", "JSON"},
    {"[]", "session"},
    {"{}", "status"},
    {"{\"status\":1}", "status"},
    {"{\"status\":\"done\"}", "status"},
    {"{\"status\":\"Complete\"}", "status"},
    {"{\"status\":\"waiting\",\"state\":\"complete\"}", "status"},
    {"{\"status\":\"waiting\",\"status\":\"waiting\"}", "JSON"},
    {"{\"status\":\"waiting\",\"nonce\":1}", "nonce"},
    {"{\"status\":\"waiting\",\"nonce\":\"A\"}", "nonce"},
    {"{\"status\":\"waiting\",\"nonce\":\"AA=\"}", "nonce"},
    {"{\"status\":\"waiting\",\"nonce\":\"A A\"}", "nonce"},
    {"{\"status\":\"waiting\",\"nonce\":\"AB\"}", "nonce"},
    {"{\"status\":\"waiting\",\"accept\":{}}", "accept"},
    {"{\"status\":\"waiting\",\"accept\":\"a/b\"}", "accept"},
    {"{\"status\":\"complete\",\"result\":{}}", "result"},
    {"{\"status\":\"complete\",\"result\":\"\"}", "result"},
    {"{\"status\":\"complete\"} {}", "JSON"},
};

static void what_is_no_session_is_refused_by_its_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_err(read(bad[i].json), VERIFIER_ANSWER);
        if (strcmp(diag.claim, bad[i].claim) != 0) {
            print_error("%s\n", bad[i].json);
        }
        assert_string_equal(diag.claim, bad[i].claim);
    }
}

static void a_nonce_has_at_most_64_octets(void **state)
{
    (void)state;
    for (int chars = 86; chars <= 88; chars++) {
        char json[200];
        snprintf(json, sizeof json, "{\"status\":\"waiting\",\"nonce\":\"%.*s\"}", chars,
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAAAAAAA");
        assert_int_equal(read(json), chars == 86 ? ATLS_OK : ATLS_ERR_VERIFIER_ANSWER);
    }
    forget();
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char json[] = "{\"status\":\"complete\",\"nonce\":\"AAECAwQFBgc=\",\"accept\":["
                               "\"a/b\"],\"result\":\"a.b.c\"}";
    for (size_t len = 0; len < sizeof json - 1; len++) {
        char prefix[sizeof json];
        memcpy(prefix, json, len);
        prefix[len] = '\0';
        assert_err(read(prefix), VERIFIER_ANSWER);
    }
    assert_err(read(json), OK);
    forget();
}

static void both_alphabets_are_read(void **state)
{
    (void)state;
    static const char *const good[] = {"-_8", "+/8", "-/8", "-_8=", "+/8=", "-_8AAQ==", ""};
    static const char *const wrong[] = {"-_8==", "=", "==", "-_=8", "-_8===", "-_9", ".", "-_8 "};
    uint8_t room[64];
    size_t len = 0;
    const struct atls_buf buf = {room, sizeof room};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        assert_true(verifier_base64_decode(atls_bytes_text(good[i]), buf, &len));
        assert_true(good[i][0] == '\0' || (room[0] == 0xfb && room[1] == 0xff));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_false(verifier_base64_decode(atls_bytes_text(wrong[i]), buf, &len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_of_today_is_read),
        cmocka_unit_test(a_session_of_before_is_read),
        cmocka_unit_test(every_state_has_its_word),
        cmocka_unit_test(what_is_no_session_is_refused_by_its_member),
        cmocka_unit_test(a_nonce_has_at_most_64_octets),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(both_alphabets_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
