/* SPDX-License-Identifier: Apache-2.0 */
/* r||s and DER, held against OpenSSL's own types. */
#include "crypto/ecdsa_der.h"

#include "base/span.h"
#include "support/check.h"
#include "support/memory.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

enum { MAX_RAW = 132 };

static size_t openssl_der(struct atls_bytes raw, uint8_t der[ATLS_MAX_ECDSA_DER_LEN])
{
    const int half = (int)(raw.len / 2);
    uint8_t *at = der;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(raw.data, half, NULL),
                                    BN_bin2bn(raw.data + half, half, NULL)),
                     1);
    const int len = i2d_ECDSA_SIG(pair, &at);
    assert_true(len > 0 && len <= ATLS_MAX_ECDSA_DER_LEN);
    ECDSA_SIG_free(pair);
    return (size_t)len;
}

static void assert_both_ways(struct atls_bytes raw)
{
    uint8_t ours[ATLS_MAX_ECDSA_DER_LEN], theirs[ATLS_MAX_ECDSA_DER_LEN], back[MAX_RAW];
    const size_t len = atls_ecdsa_to_der(raw, ours);
    assert_int_equal(len, openssl_der(raw, theirs));
    assert_memory_equal(ours, theirs, len);
    assert_true(atls_ecdsa_from_der(atls_bytes_of(ours, len), back, raw.len));
    assert_memory_equal(back, raw.data, raw.len);
}

static void der_is_that_of_openssl_whatever_r_and_s_begin_with(void **state)
{
    static const size_t halves[] = {32, 48, 66};
    static const uint8_t firsts[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    uint8_t raw[MAX_RAW];
    (void)state;
    for (size_t h = 0; h < ATLS_ARRAY_LEN(halves); h++) {
        const size_t half = halves[h];
        for (size_t zeros = 0; zeros <= half; zeros++) {
            for (size_t i = 0; i < ATLS_ARRAY_LEN(firsts); i++) {
                memset(raw, 0xa5, sizeof raw);
                memset(raw, 0, zeros);
                raw[zeros] = zeros < half ? firsts[i] : raw[zeros];
                raw[half] = firsts[i];
                assert_both_ways(atls_bytes_of(raw, 2 * half));
            }
        }
    }
}

static void what_has_no_halves_or_is_too_long_has_no_der(void **state)
{
    static const uint8_t raw[MAX_RAW + 2] = {1};
    uint8_t der[ATLS_MAX_ECDSA_DER_LEN];
    (void)state;
    assert_int_equal(atls_ecdsa_to_der(atls_bytes_of(raw, 0), der), 0);
    assert_int_equal(atls_ecdsa_to_der(atls_bytes_of(raw, 63), der), 0);
    assert_int_equal(atls_ecdsa_to_der(atls_bytes_of(raw, MAX_RAW + 2), der), 0);
}

static void refuses(const char *hex)
{
    uint8_t raw[64];
    memset(raw, 0xee, sizeof raw);
    assert_false(atls_ecdsa_from_der(test_hex(hex), raw, sizeof raw));
    for (size_t i = 0; i < sizeof raw; i++) {
        assert_int_equal(raw[i], 0xee);
    }
}

static void what_is_no_der_of_two_numbers_is_refused(void **state)
{
    uint8_t raw[64];
    (void)state;
    assert_true(atls_ecdsa_from_der(test_hex("3006020101020102"), raw, sizeof raw));
    refuses("");
    refuses("3106020101020102");   /* a SET */
    refuses("300602010102010200"); /* more behind it */
    refuses("3007020101020102");   /* less than it says */
    refuses("3007020101020102ff"); /* more inside */
    refuses("308106020101020102"); /* a length that is too long */
    refuses("308006020101020102"); /* indefinite */
    refuses("3006030101020102");   /* a BIT STRING */
    refuses("3005020002020102");   /* an INTEGER without octets */
    refuses("3006020181020102");   /* a negative one */
    refuses("300702020001020102"); /* one with a zero too many */
    refuses("30260221"             /* one of 33 octets */
            "010000000000000000000000000000000000000000000000000000000000000000"
            "020102");
    assert_false(atls_ecdsa_from_der(test_hex("3006020101020102"), raw, 0));
}

static void every_prefix_is_refused(void **state)
{
    uint8_t raw[64], der[ATLS_MAX_ECDSA_DER_LEN], back[64];
    (void)state;
    memset(raw, 0x95, sizeof raw);
    const size_t len = atls_ecdsa_to_der(atls_bytes_of(raw, sizeof raw), der);
    assert_true(len > 64);
    for (size_t i = 0; i < len; i++) {
        assert_false(atls_ecdsa_from_der(atls_bytes_of(der, i), back, sizeof back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_is_that_of_openssl_whatever_r_and_s_begin_with),
        cmocka_unit_test(what_has_no_halves_or_is_too_long_has_no_der),
        cmocka_unit_test(what_is_no_der_of_two_numbers_is_refused),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
