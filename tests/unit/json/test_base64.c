/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4648, section 10 and 3.5; RFC 7515, appendix C. */
#include "json/base64.h"

#include "support/check.h"
#include "support/memory.h"

#include <stdlib.h>

static const struct {
    const char *octets;
    const char *standard;
    const char *url;
    const char *hex;
} knowns[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "66"},
    {"fo", "Zm8=", "Zm8", "666f"},
    {"foo", "Zm9v", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
    {"\xfb\xff\xfe", "+//+", "-__-", "fbfffe"},
};

typedef bool decoder(struct atls_bytes text, struct atls_buf out, size_t *out_len);
typedef bool encoder(struct atls_bytes octets, char *out, size_t cap);

static void check_decode(decoder *decode, const char *text, struct atls_bytes expected)
{
    const struct atls_buf room = test_room(expected.len);
    size_t len = 0;
    assert_true(decode(test_copy(atls_bytes_text(text)), room, &len));
    assert_bytes(atls_bytes_of(room.data, len), expected);
    if (expected.len > 0) {
        const struct atls_buf small = test_room(expected.len - 1);
        len = 77;
        assert_false(decode(test_copy(atls_bytes_text(text)), small, &len));
        assert_int_equal(len, 77);
    }
}

static void check_encode(encoder *encode, struct atls_bytes octets, const char *expected)
{
    const struct atls_buf room = test_room(strlen(expected) + 1);
    assert_true(encode(octets, (char *)room.data, room.cap));
    assert_string_equal((char *)room.data, expected);
    const struct atls_buf small = test_room(strlen(expected));
    assert_false(encode(octets, (char *)small.data, small.cap));
}

static void every_form_gives_the_published_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(knowns); i++) {
        const struct atls_bytes octets = test_copy(atls_bytes_text(knowns[i].octets));
        check_decode(atls_base64_decode, knowns[i].standard, octets);
        check_decode(atls_base64url_decode, knowns[i].url, octets);
        check_decode(atls_hex_decode, knowns[i].hex, octets);
        check_encode(atls_base64_encode, octets, knowns[i].standard);
        check_encode(atls_base64url_encode, octets, knowns[i].url);
        check_encode(atls_hex_encode, octets, knowns[i].hex);
    }
}

static void the_promised_sizes_are_enough(void **state)
{
    (void)state;
    uint8_t octets[40];
    for (size_t len = 0; len <= sizeof octets; len++) {
        memset(octets, (int)len, sizeof octets);
        const struct atls_bytes input = atls_bytes_of(octets, len);
        const struct atls_buf text = test_room(ATLS_BASE64_SIZE(len));
        assert_true(atls_base64_encode(input, (char *)text.data, text.cap));
        assert_true(atls_base64url_encode(input, (char *)text.data, text.cap));
        const size_t text_len = strlen((char *)text.data);
        const struct atls_buf back = test_room(ATLS_BASE64_DECODED_SIZE(text_len));
        size_t back_len = 0;
        assert_true(atls_base64url_decode(atls_bytes_of(text.data, text_len), back, &back_len));
        assert_bytes(atls_bytes_of(back.data, back_len), input);
    }
}

static void new_memory_holds_the_same_text(void **state)
{
    (void)state;
    const struct atls_bytes octets = atls_bytes_text("\xfb\xff\xfe?");
    char *text = atls_base64url_new(octets);
    assert_string_equal(text, "-__-Pw");
    free(text);
    text = atls_base64_new(octets);
    assert_string_equal(text, "+//+Pw==");
    free(text);
    text = atls_hex_new(octets);
    assert_string_equal(text, "fbfffe3f");
    free(text);
}

static void refused(decoder *decode, struct atls_bytes text)
{
    const struct atls_buf room = test_room(64);
    size_t len = 77;
    memset(room.data, 0x55, room.cap);
    assert_false(decode(test_copy(text), room, &len));
    assert_int_equal(len, 77);
    for (size_t i = 0; i < room.cap; i++) {
        assert_int_equal(room.data[i], 0x55);
    }
}

static void base64url_with_padding_or_other_characters_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "A",     "AAAAA", "Zg==",  "Zm8=", "Zm9v=", "Zg=", "+//+", "Zm 8",   "Zm8\n",
        "\nZm8", "Zm9v.", "Zm9v,", "Z",    "====",  "=",   "Zm9/", "Zm\x80v"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(atls_base64url_decode, atls_bytes_text(bad[i]));
    }
    refused(atls_base64url_decode, atls_bytes_of("Zm\0v", 4));
}

static void base64_without_its_padding_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Zg",     "Zg=",  "Zm8",      "Zm9vZg", "Z===", "=Zg=",    "====",
        "Zg==\n", "-__-", "Zm9v====", "Zm9v=",  "Z=g=", "Zg==Zg=="};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(atls_base64_decode, atls_bytes_text(bad[i]));
    }
}

static void bits_after_the_last_octet_must_be_zero(void **state)
{
    (void)state;
    /* "Zg" is 66; any other second character of the same octet has stray bits. */
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < 64; i++) {
        char two[] = {'Z', digits[i], '\0'};
        char three[] = {'Z', 'm', digits[i], '\0'};
        const struct atls_buf room = test_room(2);
        size_t len = 0;
        assert_int_equal(atls_base64url_decode(atls_bytes_text(two), room, &len), i % 16 == 0);
        assert_int_equal(atls_base64url_decode(atls_bytes_text(three), room, &len), i % 4 == 0);
    }
    refused(atls_base64_decode, atls_bytes_text("Zh=="));
    refused(atls_base64_decode, atls_bytes_text("Zm9="));
}

static void hex_of_an_odd_length_or_other_characters_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"6",   "666", "6g", "0x66", " 66", "66 ",
                                      "6:6", "GG",  "/0", ":0",   "@0",  "`0"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(atls_hex_decode, atls_bytes_text(bad[i]));
    }
    check_decode(atls_hex_decode, "aBcDeF", test_hex("abcdef"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_the_published_texts),
        cmocka_unit_test(the_promised_sizes_are_enough),
        cmocka_unit_test(new_memory_holds_the_same_text),
        cmocka_unit_test(base64url_with_padding_or_other_characters_is_refused),
        cmocka_unit_test(base64_without_its_padding_is_refused),
        cmocka_unit_test(bits_after_the_last_octet_must_be_zero),
        cmocka_unit_test(hex_of_an_odd_length_or_other_characters_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
