/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/span.h"
#include "result/appraisal.h"
#include "result/vector.h"

#include <stdlib.h>

static void every_value_has_the_tier_of_its_range(void **state)
{
    (void)state;
    /* The table of draft-ietf-rats-ar4si-10, 2.3.2, by its edges. */
    static const struct {
        int from, to;
        enum atls_tier tier;
    } ranges[] = {
        {-128, -97, ATLS_TIER_CONTRAINDICATED}, {-96, -33, ATLS_TIER_WARNING},
        {-32, -2, ATLS_TIER_AFFIRMING},         {-1, 1, ATLS_TIER_NONE},
        {2, 31, ATLS_TIER_AFFIRMING},           {32, 95, ATLS_TIER_WARNING},
        {96, 127, ATLS_TIER_CONTRAINDICATED},
    };
    int next = -128;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ranges); i++) {
        assert_int_equal(ranges[i].from, next);
        for (int value = ranges[i].from; value <= ranges[i].to; value++) {
            assert_int_equal(atls_tier_of((int8_t)value), ranges[i].tier);
        }
        next = ranges[i].to + 1;
    }
    assert_int_equal(next, 128);
}

static void tiers_order_from_none_to_contraindicated(void **state)
{
    (void)state;
    static const enum atls_tier order[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                           ATLS_TIER_CONTRAINDICATED, (enum atls_tier)7};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(order); i++) {
        for (size_t j = 0; j < ATLS_ARRAY_LEN(order); j++) {
            assert_int_equal(atls_tier_worse(order[i], order[j]), i > j);
        }
    }
}

static void a_number_between_the_tiers_is_not_known(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        const bool known = value == 0 || value == 2 || value == 32 || value == 96;
        assert_int_equal(atls_tier_is_known((enum atls_tier)value), known);
    }
}

static void status_is_the_worst_tier(void **state)
{
    (void)state;
    struct atls_trust_vector vector = {{0}};
    assert_int_equal(atls_vector_status(&vector), ATLS_TIER_NONE);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        struct atls_trust_vector one = {{0}};
        one.claim[i] = 2;
        assert_int_equal(atls_vector_status(&one), ATLS_TIER_AFFIRMING);
        one.claim[(i + 1) % ATLS_NUM_TRUST_CLAIMS] = -33;
        assert_int_equal(atls_vector_status(&one), ATLS_TIER_WARNING);
        one.claim[(i + 2) % ATLS_NUM_TRUST_CLAIMS] = 99;
        assert_int_equal(atls_vector_status(&one), ATLS_TIER_CONTRAINDICATED);
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const char *name = atls_trust_claim_name((enum atls_trust_claim)i);
        enum atls_trust_claim claim = ATLS_NUM_TRUST_CLAIMS;
        assert_non_null(name);
        assert_true(atls_trust_claim_by_name(atls_bytes_text(name), &claim));
        assert_int_equal(claim, i);
    }
    static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                           ATLS_TIER_CONTRAINDICATED};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tiers); i++) {
        enum atls_tier tier = (enum atls_tier)7;
        assert_true(atls_tier_by_name(atls_bytes_text(atls_tier_name(tiers[i])), &tier));
        assert_int_equal(tier, tiers[i]);
    }
}

static void unknown_names_are_refused_and_leave_the_output(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "Hardware", "hardware ", "hardwar", "affirmative", "AFFIRMING", "instance_identity"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        enum atls_trust_claim claim = ATLS_TRUST_SOURCED_DATA;
        enum atls_tier tier = ATLS_TIER_WARNING;
        assert_false(atls_trust_claim_by_name(atls_bytes_text(wrong[i]), &claim));
        assert_false(atls_tier_by_name(atls_bytes_text(wrong[i]), &tier));
        assert_int_equal(claim, ATLS_TRUST_SOURCED_DATA);
        assert_int_equal(tier, ATLS_TIER_WARNING);
    }
    assert_null(atls_trust_claim_name(ATLS_NUM_TRUST_CLAIMS));
    assert_null(atls_trust_claim_name((enum atls_trust_claim)255));
}

static void an_unknown_tier_is_called_contraindicated(void **state)
{
    (void)state;
    assert_string_equal(atls_tier_name((enum atls_tier)3), "contraindicated");
}

static void only_accepted_and_not_required_open_the_gate(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        struct atls_verdict verdict = {.state = (enum atls_verdict_state)value};
        const bool opens = value == ATLS_VERDICT_ACCEPTED || value == ATLS_VERDICT_NOT_REQUIRED;
        assert_int_equal(atls_verdict_opens(&verdict), opens);
    }
    assert_false(atls_verdict_opens(NULL));
}

static size_t num_freed;
static void count_free(void *text)
{
    num_freed++;
    free(text);
}

static void cleanup_frees_every_text_and_is_safe_twice(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    memset(&appraisal, 0, sizeof appraisal);
    num_freed = 0;
    atls_appraisal_cleanup(&appraisal, count_free);
    atls_appraisal_cleanup(NULL, count_free);
    assert_int_equal(num_freed, 0);

    for (size_t i = 0; i < ATLS_MAX_SUBMODS; i++) {
        appraisal.submods[i].claims_json = malloc(1);
    }
    appraisal.storage = malloc(1);
    appraisal.num_submods = 1; /* half-built */
    atls_appraisal_cleanup(&appraisal, count_free);
    assert_int_equal(num_freed, ATLS_MAX_SUBMODS + 1);
    assert_int_equal(appraisal.num_submods, 0);
    atls_appraisal_cleanup(&appraisal, count_free);
    assert_int_equal(num_freed, ATLS_MAX_SUBMODS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_the_tier_of_its_range),
        cmocka_unit_test(tiers_order_from_none_to_contraindicated),
        cmocka_unit_test(a_number_between_the_tiers_is_not_known),
        cmocka_unit_test(status_is_the_worst_tier),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(unknown_names_are_refused_and_leave_the_output),
        cmocka_unit_test(an_unknown_tier_is_called_contraindicated),
        cmocka_unit_test(only_accepted_and_not_required_open_the_gate),
        cmocka_unit_test(cleanup_frees_every_text_and_is_safe_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
