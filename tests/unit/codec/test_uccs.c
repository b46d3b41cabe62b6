/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "codec/uccs.h"

static void assert_refused(const char *hex, const char *claim)
{
    struct atls_cbor claims = {.argument = 99};
    struct atls_diag diag = {0};
    if (atls_uccs_parse(&claims, test_hex(hex), &diag) == ATLS_OK) {
        fail_msg("%s: accepted", hex);
    }
    assert_err(diag.err, MALFORMED);
    assert_string_equal(diag.step, "UCCS");
    assert_string_equal(diag.claim, claim);
    assert_int_equal(claims.argument, 99);
}

static void claims_inside_tag_601_are_read(void **state)
{
    (void)state;
    struct atls_cbor claims;
    struct atls_cbor value;
    const struct atls_bytes input = test_hex("d90259 a3 0a 420102 20 00 6161 01");
    assert_err(atls_uccs_parse(&claims, input, NULL), OK);
    assert_bytes(claims.encoded, test_hex("a3 0a 420102 20 00 6161 01"));
    assert_true(atls_cbor_get(&claims, 10, &value));
    assert_bytes(value.content, test_hex("0102"));
    assert_err(atls_uccs_parse(&claims, test_hex("d90259a0"), NULL), OK);
}

static void item_inside_a_larger_structure_is_read(void **state)
{
    (void)state;
    struct atls_cbor outer;
    struct atls_cbor item;
    struct atls_cbor claims;
    assert_err(atls_cbor_parse(&outer, test_hex("82 00 d90259a10a4101"), 0, "t", NULL), OK);
    assert_true(atls_cbor_at(&outer, 1, &item));
    assert_err(atls_uccs_parse_item(&claims, &item, NULL), OK);
    assert_bytes(claims.encoded, test_hex("a10a4101"));
}

static void another_tag_or_content_is_refused(void **state)
{
    (void)state;
    assert_refused("a10a4101", "tag");
    assert_refused("d9025aa10a4101", "tag");
    assert_refused("d83da10a4101", "tag");
    assert_refused("d2d90259a10a4101", "tag");
    assert_refused("d90259 80", "claims");
    assert_refused("d90259 41a0", "claims");
    assert_refused("d90259 d90259 a0", "claims");
    assert_refused("d90259 a1 4101 00", "claim key");
    assert_refused("d90259 a1 f5 00", "claim key");
    assert_refused("d90259 a2 0100 0100", "CBOR");
    assert_refused("d90259 bf ff", "CBOR");
    assert_refused("d90259 a0 00", "CBOR");
}

static void expect_refusal(struct atls_bytes mutant, size_t at, void *context)
{
    (void)context;
    struct atls_cbor claims;
    if (atls_uccs_parse(&claims, mutant, NULL) == ATLS_OK) {
        fail_msg("accepted when cut to %zu octets", at);
    }
}

static void expect_the_tag(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_cbor claims;
    if (atls_uccs_parse(&claims, mutant, NULL) == ATLS_OK) {
        assert_bytes(atls_bytes_of(mutant.data, 3), test_hex("d90259"));
        assert_int_equal(claims.type, ATLS_CBOR_MAP);
    }
}

static void every_mutant_is_judged(void **state)
{
    (void)state;
    const struct atls_bytes input = test_hex("d90259 a2 0a 420102 20 826161 f5");
    test_each_truncation(input, expect_refusal, NULL);
    test_each_mutant(input, expect_the_tag, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_inside_tag_601_are_read),
        cmocka_unit_test(item_inside_a_larger_structure_is_read),
        cmocka_unit_test(another_tag_or_content_is_refused),
        cmocka_unit_test(every_mutant_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
