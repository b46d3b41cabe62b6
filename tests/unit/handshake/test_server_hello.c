/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake/server_hello.h"
#include "handshake_test.h"

#include <stdio.h>

/* A ServerHello with a session id of two octets, supported_versions, key_share, pre_shared_key. */
#define HEAD                                                                                       \
    "0303 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                        \
    "02 e0e1 1301 00 "
#define VERSIONS "002b 0002 0304 "
#define SHARE    "0033 0006 001d 0002 abcd "
#define PSK      "0029 0002 0000"

static const char whole[] = "02 000040" HEAD "0016" VERSIONS SHARE PSK;

static bool has(const char *hex)
{
    return atls_server_hello_has_key_share(test_hex(hex));
}

static void a_key_share_is_found_wherever_it_stands(void **state)
{
    (void)state;
    assert_true(has(whole));
    assert_true(has("02 000040" HEAD "0016" SHARE VERSIONS PSK));
    assert_true(has("02 000040" HEAD "0016" VERSIONS PSK SHARE));
    assert_true(has("02 000034" HEAD "000a" SHARE));
}

static void a_hello_by_a_psk_alone_has_none(void **state)
{
    (void)state;
    assert_false(has("02 000036" HEAD "000c" VERSIONS PSK));
    assert_false(has("02 00002a" HEAD "0000"));
}

/* The octets of a key_share in the body of another extension, in the session id and the random. */
static void what_looks_like_one_elsewhere_is_none(void **state)
{
    (void)state;
    assert_false(has("02 000038" HEAD "000e 002c 000a" SHARE));
    assert_false(
        has("02 000034 0303 00330000 00330000 00330000 00330000 00330000 00330000 00330000 "
            "00330000 04 00330000 1301 00 0008 002c 0004 00330000"));
}

static void another_message_is_none(void **state)
{
    (void)state;
    assert_false(has("01 000040" HEAD "0016" VERSIONS SHARE PSK));
    assert_false(has("06 000040" HEAD "0016" VERSIONS SHARE PSK));
    assert_false(has(""));
}

static void octets_that_are_left_over_leave_none(void **state)
{
    (void)state;
    assert_false(has("02 000040" HEAD "0016" VERSIONS SHARE PSK "00"));
    assert_false(has("02 000041" HEAD "0016" VERSIONS SHARE PSK "00"));
    assert_false(has("02 000041" HEAD "0017" VERSIONS SHARE PSK "00"));
    assert_false(has("02 00002a" HEAD "0016" VERSIONS SHARE PSK));
}

static void a_session_id_is_of_32_octets_at_most(void **state)
{
    (void)state;
    static const char id[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    char text[512];
    (void)snprintf(text, sizeof text, "02 000052 0303 %s 20 %s 1301 00 000a" SHARE, id, id);
    assert_true(has(text));
    (void)snprintf(text, sizeof text, "02 000053 0303 %s 21 %s aa 1301 00 000a" SHARE, id, id);
    assert_false(has(text));
}

static void none(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at, (void)context;
    assert_false(atls_server_hello_has_key_share(mutant));
}

static void no_prefix_has_one(void **state)
{
    (void)state;
    test_each_truncation(test_hex(whole), none, NULL);
}

/* What carries no length and no type may be anything. */
static bool is_free(size_t at)
{
    static const struct {
        size_t begin, end;
    } parts[] = {
        {4, 38},  /* version and random */
        {39, 44}, /* session id, suite, compression */
        {46, 48}, /* type of supported_versions */
        {50, 52}, /* its body */
        {56, 62}, /* that of key_share */
        {62, 64}, /* type of pre_shared_key */
        {66, 68}, /* its body */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(parts); i++) {
        if (at >= parts[i].begin && at < parts[i].end) {
            return true;
        }
    }
    return false;
}

static void one_where_it_may(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    assert_int_equal(atls_server_hello_has_key_share(mutant), is_free(at));
}

static void a_bit_of_a_length_or_of_its_type_and_it_is_gone(void **state)
{
    (void)state;
    test_each_bit_flip(test_hex(whole), one_where_it_may, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_share_is_found_wherever_it_stands),
        cmocka_unit_test(a_hello_by_a_psk_alone_has_none),
        cmocka_unit_test(what_looks_like_one_elsewhere_is_none),
        cmocka_unit_test(another_message_is_none),
        cmocka_unit_test(octets_that_are_left_over_leave_none),
        cmocka_unit_test(a_session_id_is_of_32_octets_at_most),
        cmocka_unit_test(no_prefix_has_one),
        cmocka_unit_test(a_bit_of_a_length_or_of_its_type_and_it_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
