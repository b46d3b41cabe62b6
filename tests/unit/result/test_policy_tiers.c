/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers: the default rule, min_tier, simulation, and the sentences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "appraisals.h"

#include <stdio.h>

static const char *sentence(const struct scene *s)
{
    static char text[600];
    atls_diag_sentence(text, sizeof text, &s->diag);
    return text;
}

static bool is_demanded(unsigned claim)
{
    return claim == ATLS_TRUST_INSTANCE_IDENTITY || claim == ATLS_TRUST_HARDWARE ||
           claim == ATLS_TRUST_EXECUTABLES;
}

static void every_value_of_every_claim_meets_the_default_rule(void **state)
{
    (void)state;
    for (unsigned claim = 0; claim < ATLS_NUM_TRUST_CLAIMS; claim++) {
        for (int value = -128; value <= 127; value++) {
            struct scene s;
            scene_init(&s);
            set_claim(&s, (enum atls_trust_claim)claim, (int8_t)value);
            const enum atls_tier tier = atls_tier_of((int8_t)value);
            const bool accepted =
                tier == ATLS_TIER_AFFIRMING || (tier == ATLS_TIER_NONE && !is_demanded(claim));
            assert_int_equal(decide(&s), accepted ? ATLS_OK : ATLS_ERR_STATUS);
        }
    }
}

static void executables_are_demanded_only_where_there_are_reference_values(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_EXECUTABLES, 0);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    s.submod->has_reference_values = false;
    assert_int_equal(decide(&s), ATLS_OK);
    set_claim(&s, ATLS_TRUST_EXECUTABLES, ATLS_EXECUTABLES_UNRECOGNISED);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

/* Whether a claim of that tier passes a min_tier of that tier. */
static bool passes(enum atls_tier minimum, enum atls_tier tier)
{
    if (minimum == ATLS_TIER_AFFIRMING) {
        return tier == ATLS_TIER_AFFIRMING;
    }
    if (minimum == ATLS_TIER_WARNING) {
        return tier == ATLS_TIER_AFFIRMING || tier == ATLS_TIER_WARNING;
    }
    return minimum == ATLS_TIER_NONE && tier != ATLS_TIER_CONTRAINDICATED;
}

static void min_tier_replaces_the_default_rule_for_its_claim(void **state)
{
    (void)state;
    static const int8_t values[] = {0, 1, -1, 2, 31, -2, 32, -33, 96, 99, -128};
    for (unsigned claim = 0; claim < ATLS_NUM_TRUST_CLAIMS; claim++) {
        for (int minimum = 0; minimum < 128; minimum++) {
            for (size_t i = 0; i < sizeof values; i++) {
                struct scene s;
                scene_init(&s);
                s.policy.min_tier_set[claim] = true;
                s.policy.min_tier[claim] = (enum atls_tier)minimum;
                set_claim(&s, (enum atls_trust_claim)claim, values[i]);
                const bool accepted = passes((enum atls_tier)minimum, atls_tier_of(values[i]));
                assert_int_equal(decide(&s), accepted ? ATLS_OK : ATLS_ERR_CLAIM);
            }
        }
    }
}

static void min_tier_of_one_claim_leaves_the_others_alone(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.min_tier_set[ATLS_TRUST_EXECUTABLES] = true;
    s.policy.min_tier[ATLS_TRUST_EXECUTABLES] = ATLS_TIER_WARNING;
    set_claim(&s, ATLS_TRUST_EXECUTABLES, ATLS_EXECUTABLES_UNRECOGNISED);
    assert_int_equal(decide(&s), ATLS_OK);
    set_claim(&s, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

static void a_submod_that_asserts_nothing_is_refused_whatever_the_policy(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        s.policy.min_tier_set[i] = true;
        s.policy.min_tier[i] = ATLS_TIER_NONE;
    }
    assert_int_equal(decide(&s), ATLS_OK);
    memset(&s.submod->vector, 0, sizeof s.submod->vector);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    s.submod->status = ATLS_TIER_NONE;
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

static void every_status_but_affirming_refuses_a_good_vector(void **state)
{
    (void)state;
    for (int status = 0; status < 256; status++) {
        struct scene s;
        scene_init(&s);
        s.submod->status = (enum atls_tier)status;
        assert_int_equal(decide(&s), status == ATLS_TIER_AFFIRMING ? ATLS_OK : ATLS_ERR_STATUS);
    }
}

static void a_status_better_than_its_vector_does_not_help(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_STORAGE_OPAQUE, ATLS_STORAGE_SOFTWARE_KEYS);
    s.submod->status = ATLS_TIER_AFFIRMING;
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

static void make_simulated(struct scene *s)
{
    scene_init(s);
    s->submod->simulated = true;
    set_claim(s, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE);
    atls_fail(&s->submod->reason, ATLS_ERR_SIMULATED, "endorsement", "hardware");
}

static void a_simulated_root_is_refused_with_advice(void **state)
{
    (void)state;
    struct scene s;
    make_simulated(&s);
    assert_int_equal(decide(&s), ATLS_ERR_SIMULATED);
    assert_non_null(strstr(sentence(&s), "--simulated"));
    assert_non_null(strstr(sentence(&s), "\"simulated\": true"));
    assert_non_null(strstr(sentence(&s), "loaded by hand with --endorsements"));
    assert_non_null(strstr(sentence(&s), "PARSEC_TPM"));
}

static void the_policy_may_take_a_simulated_root(void **state)
{
    (void)state;
    struct scene s;
    make_simulated(&s);
    s.policy.simulated = true;
    assert_int_equal(decide(&s), ATLS_OK);
    /* "counts as affirming" also where the policy names the tier of hardware. */
    s.policy.min_tier_set[ATLS_TRUST_HARDWARE] = true;
    s.policy.min_tier[ATLS_TRUST_HARDWARE] = ATLS_TIER_AFFIRMING;
    assert_int_equal(decide(&s), ATLS_OK);
}

static void simulation_relaxes_hardware_32_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned claim = 0; claim < ATLS_NUM_TRUST_CLAIMS; claim++) {
        for (int value = -128; value <= 127; value++) {
            struct scene s;
            make_simulated(&s);
            s.policy.simulated = true;
            set_claim(&s, (enum atls_trust_claim)claim, (int8_t)value);
            const enum atls_tier tier = atls_tier_of((int8_t)value);
            const bool accepted = (claim == ATLS_TRUST_HARDWARE && value == ATLS_HARDWARE_UNSAFE) ||
                                  tier == ATLS_TIER_AFFIRMING ||
                                  (tier == ATLS_TIER_NONE && !is_demanded(claim));
            assert_int_equal(decide(&s), accepted ? ATLS_OK : ATLS_ERR_STATUS);
        }
    }
}

static void simulation_does_not_excuse_a_status_worse_than_its_vector(void **state)
{
    (void)state;
    struct scene s;
    make_simulated(&s);
    s.policy.simulated = true;
    s.submod->status = ATLS_TIER_CONTRAINDICATED;
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

static void taking_simulations_does_not_relax_a_real_root(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.simulated = true;
    set_claim(&s, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

static void simulation_does_not_excuse_freshness_debug_or_key(void **state)
{
    (void)state;
    struct scene s;
    make_simulated(&s);
    s.policy.simulated = true;
    s.submod->fresh = false;
    assert_int_equal(decide(&s), ATLS_ERR_FRESHNESS);
    s.submod->fresh = true;
    s.submod->debug = true;
    assert_int_equal(decide(&s), ATLS_ERR_DEBUG);
    s.submod->debug = false;
    s.submod->key_binding = ATLS_KEY_BINDING_NONE;
    assert_int_equal(decide(&s), ATLS_ERR_KEY_BINDING);
}

static void debugging_relaxes_configuration_32_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned claim = 0; claim < ATLS_NUM_TRUST_CLAIMS; claim++) {
        for (int value = -128; value <= 127; value++) {
            struct scene s;
            scene_init(&s);
            s.submod->debug = true;
            set_claim(&s, (enum atls_trust_claim)claim, (int8_t)value);
            assert_int_equal(decide(&s), ATLS_ERR_DEBUG);
            s.policy.debug = true;
            const enum atls_tier tier = atls_tier_of((int8_t)value);
            const bool accepted =
                (claim == ATLS_TRUST_CONFIGURATION && value == ATLS_CONFIG_UNSAFE) ||
                tier == ATLS_TIER_AFFIRMING || (tier == ATLS_TIER_NONE && !is_demanded(claim));
            assert_int_equal(decide(&s), accepted ? ATLS_OK : ATLS_ERR_STATUS);
        }
    }
}

static void taking_debug_platforms_does_not_relax_a_closed_one(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.debug = true;
    set_claim(&s, ATLS_TRUST_CONFIGURATION, ATLS_CONFIG_UNSAFE);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
}

static void the_sentence_names_submod_claim_value_and_expectation(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_STORAGE_OPAQUE, ATLS_STORAGE_SOFTWARE_KEYS);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    assert_string_equal(sentence(&s), "policy: the appraisal did not come out as affirming "
                                      "(PARSEC_TPM storage-opaque: found warning (32), expected "
                                      "affirming or none)");
    assert_string_equal(s.diag.claim, "PARSEC_TPM storage-opaque");
}

static void the_appraisers_reason_is_carried_over(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_EXECUTABLES, ATLS_EXECUTABLES_UNRECOGNISED);
    atls_fail_texts(&s.submod->reason, ATLS_ERR_REFERENCE_VALUES, "reference values", "PCR 7",
                    "0102", "0304");
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    assert_string_equal(sentence(&s),
                        "policy: a measurement does not match the reference values (PARSEC_TPM "
                        "executables: found warning (33), since PCR 7 is 0102, expected affirming, "
                        "with PCR 7 being 0304)");
}

static void the_worst_claim_is_the_one_that_is_named(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_CONFIGURATION, ATLS_CONFIG_UNSAFE);
    set_claim(&s, ATLS_TRUST_SOURCED_DATA, 96);
    set_claim(&s, ATLS_TRUST_INSTANCE_IDENTITY, 0);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    assert_string_equal(s.diag.claim, "PARSEC_TPM sourced-data");
}

static void a_reason_about_a_worse_claim_is_not_misattributed(void **state)
{
    (void)state;
    /* The policy takes the warning that the reason is about, and refuses what is not asserted. */
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_EXECUTABLES, ATLS_EXECUTABLES_UNRECOGNISED);
    set_claim(&s, ATLS_TRUST_HARDWARE, 0);
    s.policy.min_tier_set[ATLS_TRUST_EXECUTABLES] = true;
    s.policy.min_tier[ATLS_TRUST_EXECUTABLES] = ATLS_TIER_WARNING;
    atls_fail_texts(&s.submod->reason, ATLS_ERR_REFERENCE_VALUES, "reference values", "PCR 7",
                    "0102", "0304");
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    assert_string_equal(s.diag.claim, "PARSEC_TPM hardware");
    assert_string_equal(s.diag.found, "none (0)");
}

static void what_is_taken_knowingly_is_no_cause_of_another_claim(void **state)
{
    (void)state;
    /* Of one tier, by two rules: the policy takes what the first of them lowered. */
    static const char old[] = "TCB status OutOfDate";
    static const char code[] = "no reference value is met";
    struct scene s;
    scene_init(&s);
    set_claim(&s, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE);
    set_claim(&s, ATLS_TRUST_EXECUTABLES, ATLS_EXECUTABLES_UNRECOGNISED);
    s.policy.min_tier_set[ATLS_TRUST_HARDWARE] = true;
    s.policy.min_tier[ATLS_TRUST_HARDWARE] = ATLS_TIER_WARNING;
    atls_fail_texts(&s.submod->reason, ATLS_ERR_LIFECYCLE, "appraisal", "TCB status", "OutOfDate",
                    "UpToDate");
    s.submod->reason_what = old;
    s.submod->causes[ATLS_TRUST_HARDWARE] = (struct atls_cause){ATLS_ERR_LIFECYCLE, old};
    s.submod->causes[ATLS_TRUST_EXECUTABLES] = (struct atls_cause){ATLS_ERR_REFERENCE_VALUES, code};
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    assert_string_equal(sentence(&s),
                        "policy: a measurement does not match the reference values (PARSEC_TPM "
                        "executables: found warning (33): no reference value is met, expected "
                        "affirming)");
    /* A cause that is no refusal never becomes the error. */
    s.submod->causes[ATLS_TRUST_EXECUTABLES].err = ATLS_ERR_MEMORY;
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    s.submod->causes[ATLS_TRUST_EXECUTABLES].err = ATLS_ERR_SIMULATED;
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    /* The same rule lowered both. */
    s.submod->causes[ATLS_TRUST_EXECUTABLES] = (struct atls_cause){ATLS_ERR_LIFECYCLE, old};
    assert_int_equal(decide(&s), ATLS_ERR_LIFECYCLE);
}

static void a_reason_that_is_no_refusal_never_becomes_the_error(void **state)
{
    (void)state;
    static const enum atls_err odd[] = {ATLS_OK, ATLS_ERR_MEMORY, ATLS_ERR_TIMEOUT,
                                        ATLS_ERR_MALFORMED};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(odd); i++) {
        struct scene s;
        scene_init(&s);
        set_claim(&s, ATLS_TRUST_EXECUTABLES, ATLS_EXECUTABLES_UNRECOGNISED);
        atls_fail_texts(&s.submod->reason, odd[i], "x", "y", "z", NULL);
        assert_int_equal(decide(&s), ATLS_ERR_STATUS);
        assert_int_equal(s.diag.err, ATLS_ERR_STATUS);
    }
}

static void a_reason_explains_a_status_worse_than_its_vector(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->status = ATLS_TIER_WARNING;
    atls_fail_texts(&s.submod->reason, ATLS_ERR_LIFECYCLE, "claims", "psa-security-lifecycle",
                    "12288", "3000");
    assert_int_equal(decide(&s), ATLS_ERR_LIFECYCLE);
    assert_string_equal(s.diag.claim, "PARSEC_TPM status");
    assert_string_equal(s.diag.found, "warning, since psa-security-lifecycle is 12288");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_claim_meets_the_default_rule),
        cmocka_unit_test(executables_are_demanded_only_where_there_are_reference_values),
        cmocka_unit_test(min_tier_replaces_the_default_rule_for_its_claim),
        cmocka_unit_test(min_tier_of_one_claim_leaves_the_others_alone),
        cmocka_unit_test(a_submod_that_asserts_nothing_is_refused_whatever_the_policy),
        cmocka_unit_test(every_status_but_affirming_refuses_a_good_vector),
        cmocka_unit_test(a_status_better_than_its_vector_does_not_help),
        cmocka_unit_test(a_simulated_root_is_refused_with_advice),
        cmocka_unit_test(the_policy_may_take_a_simulated_root),
        cmocka_unit_test(simulation_relaxes_hardware_32_and_nothing_else),
        cmocka_unit_test(simulation_does_not_excuse_a_status_worse_than_its_vector),
        cmocka_unit_test(taking_simulations_does_not_relax_a_real_root),
        cmocka_unit_test(simulation_does_not_excuse_freshness_debug_or_key),
        cmocka_unit_test(debugging_relaxes_configuration_32_and_nothing_else),
        cmocka_unit_test(taking_debug_platforms_does_not_relax_a_closed_one),
        cmocka_unit_test(the_sentence_names_submod_claim_value_and_expectation),
        cmocka_unit_test(the_appraisers_reason_is_carried_over),
        cmocka_unit_test(the_worst_claim_is_the_one_that_is_named),
        cmocka_unit_test(a_reason_about_a_worse_claim_is_not_misattributed),
        cmocka_unit_test(what_is_taken_knowingly_is_no_cause_of_another_claim),
        cmocka_unit_test(a_reason_that_is_no_refusal_never_becomes_the_error),
        cmocka_unit_test(a_reason_explains_a_status_worse_than_its_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
