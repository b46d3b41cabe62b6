/* SPDX-License-Identifier: Apache-2.0 */
/* The Evidence and key-binding legs: formats, freshness, machines, measurements, keys, ensembles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "appraisals.h"

static void only_a_listed_format_is_taken(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.formats[0] = atls_format_by_name(atls_bytes_text("psa"));
    s.policy.num_formats = 1;
    assert_int_equal(decide(&s), ATLS_ERR_EVIDENCE_TYPE);
    assert_string_equal(s.diag.found, "tpm2");
    assert_string_equal(s.diag.expected, "psa");
    s.policy.formats[1] = atls_format_by_name(atls_bytes_text("tpm2"));
    s.policy.num_formats = 2;
    assert_int_equal(decide(&s), ATLS_OK);
}

static void a_submod_without_a_format_is_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->format = NULL;
    assert_int_equal(decide(&s), ATLS_ERR_EVIDENCE_TYPE);
    s.policy.num_formats = 1; /* of which the one is NULL too */
    assert_int_equal(decide(&s), ATLS_ERR_EVIDENCE_TYPE);
}

static void evidence_whose_nonce_was_not_compared_is_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->fresh = false;
    assert_int_equal(decide(&s), ATLS_ERR_FRESHNESS);
}

static void a_debug_platform_needs_the_policy_to_name_it(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->debug = true;
    assert_int_equal(decide(&s), ATLS_ERR_DEBUG);
    s.submod->fresh = false; /* which a nonce would mend */
    assert_int_equal(decide(&s), ATLS_ERR_DEBUG);
    s.submod->fresh = true;
    s.policy.debug = true;
    assert_int_equal(decide(&s), ATLS_OK);
}

static void only_a_listed_machine_is_taken(void **state)
{
    (void)state;
    static const uint8_t other[] = {0x01, 0xaa, 0xbb, 0xcd};
    struct scene s;
    scene_init(&s);
    s.policy.machines_set = true;
    assert_int_equal(decide(&s), ATLS_ERR_MACHINE); /* an empty list accepts nobody */
    s.policy.machines[0] = atls_bytes_of(other, sizeof other);
    s.policy.num_machines = 1;
    assert_int_equal(decide(&s), ATLS_ERR_MACHINE);
    assert_string_equal(s.diag.found, "01aabbcc");
    s.policy.machines[0].len = 3; /* a prefix is another machine */
    assert_int_equal(decide(&s), ATLS_ERR_MACHINE);
    s.policy.machines[1] = atls_bytes_of(machine_id, sizeof machine_id);
    s.policy.num_machines = 2;
    assert_int_equal(decide(&s), ATLS_OK);
    s.policy.machines_set = false; /* a list counts even when the mark was forgotten */
    s.policy.num_machines = 1;
    assert_int_equal(decide(&s), ATLS_ERR_MACHINE);
}

static void a_masked_machine_is_refused_even_when_it_is_listed(void **state)
{
    (void)state;
    static const uint8_t zeros[33];
    static const uint8_t typed[33] = {0x01};
    static const uint8_t ones[3] = {0xff, 0xff, 0xff};
    static const struct atls_bytes masked[] = {{NULL, 0},   {zeros, 33}, {zeros, 1},
                                               {typed, 33}, {ones, 3},   {ones, 1}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(masked); i++) {
        struct scene s;
        scene_init(&s);
        s.submod->machine = masked[i];
        assert_int_equal(decide(&s), ATLS_OK);
        s.policy.machines_set = true;
        s.policy.machines[0] = masked[i];
        s.policy.num_machines = 1;
        assert_int_equal(decide(&s), ATLS_ERR_MACHINE);
    }
}

static void list_measurement(struct scene *s, const char *name, const uint8_t *digest)
{
    struct atls_policy_measurement *entry = &s->policy.measurements[s->policy.num_measurements++];
    entry->name = atls_bytes_text(name);
    entry->value = atls_bytes_of(digest, 32);
}

static void a_listed_measurement_must_have_an_allowed_value(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    list_measurement(&s, "BL", digest_b);
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    assert_string_equal(s.diag.claim, "PARSEC_TPM measurement BL");
    assert_memory_equal(s.diag.found, "a1a2", 4);
    assert_memory_equal(s.diag.expected, "b1b2", 4);
    list_measurement(&s, "BL", digest_a); /* alternatives */
    assert_int_equal(decide(&s), ATLS_OK);
}

static void an_allowed_value_under_another_name_does_not_count(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->measurements[1] = s.submod->measurements[0];
    s.submod->measurements[1].name = atls_bytes_text("M1");
    s.submod->num_measurements = 2;
    list_measurement(&s, "M1", digest_a);
    assert_int_equal(decide(&s), ATLS_OK);
    list_measurement(&s, "BL", digest_b);
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    assert_string_equal(s.diag.claim, "PARSEC_TPM measurement BL");
}

static void a_listed_measurement_must_be_there(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    list_measurement(&s, "BL", digest_a);
    list_measurement(&s, "PRoT", digest_b);
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    assert_string_equal(s.diag.claim, "PARSEC_TPM measurement PRoT");
    assert_string_equal(s.diag.found, "no measurement of that name");
    s.submod->num_measurements = 0;
    s.policy.num_measurements = 1;
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
}

static void every_measurement_of_a_listed_name_is_judged(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    list_measurement(&s, "BL", digest_a);
    s.submod->measurements[1] = s.submod->measurements[0];
    s.submod->measurements[1].value = atls_bytes_of(digest_b, 32);
    s.submod->num_measurements = 2;
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    list_measurement(&s, "BL", digest_b);
    assert_int_equal(decide(&s), ATLS_OK);
}

static void an_empty_or_short_digest_is_not_a_listed_one(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    list_measurement(&s, "BL", digest_a);
    s.submod->measurements[0].value.len = 31;
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    s.submod->measurements[0].value = atls_bytes_of(NULL, 0);
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
}

static void more_measurements_than_fit_are_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->num_measurements = ATLS_MAX_COMPONENTS + 1;
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
}

static void a_name_from_outside_is_shown_as_printable_text(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    list_measurement(&s, "B\nL\xc3\xa4", digest_b);
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
    assert_string_equal(s.diag.claim, "PARSEC_TPM measurement B?L??");
}

static void every_kind_of_key_binding_needs_the_policy_to_take_it(void **state)
{
    (void)state;
    for (unsigned taken = 0; taken < 4; taken++) {
        for (int binding = 0; binding < 256; binding++) {
            struct scene s;
            scene_init(&s);
            s.policy.key_binding_hardware = (taken & 1) != 0;
            s.policy.key_binding_challenge = (taken & 2) != 0;
            s.submod->key_binding = (enum atls_key_binding)binding;
            const bool ok =
                (binding == ATLS_KEY_BINDING_HARDWARE && s.policy.key_binding_hardware) ||
                (binding == ATLS_KEY_BINDING_CHALLENGE && s.policy.key_binding_challenge);
            assert_int_equal(decide(&s), ok ? ATLS_OK : ATLS_ERR_KEY_BINDING);
        }
    }
}

static void an_attested_key_must_be_the_key_of_the_connection(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 256; bit++) {
        struct scene s;
        scene_init(&s);
        s.submod->attested_key.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(decide(&s), ATLS_ERR_KEY_BINDING);
        s.submod->key_binding = ATLS_KEY_BINDING_CHALLENGE; /* a shown key counts here as well */
        assert_int_equal(decide(&s), ATLS_ERR_KEY_BINDING);
    }
    for (size_t len = 1; len < 256; len++) {
        struct scene s;
        scene_init(&s);
        s.submod->attested_key.len = len;
        assert_int_equal(decide(&s), len == 32 ? ATLS_OK : ATLS_ERR_KEY_BINDING);
    }
}

static void keys_that_agree_in_fewer_octets_are_not_equal(void **state)
{
    (void)state;
    struct scene s;
    struct atls_decision decision;
    scene_init(&s);
    s.input.peer_spki_sha256.len = 20;
    s.submod->attested_key.len = 20;
    assert_int_equal(atls_policy_decide_legs(&s.policy, &s.input, &decision, NULL),
                     ATLS_ERR_NO_VERDICT);
    assert_int_equal(decision.leg[ATLS_LEG_KEY_BINDING], ATLS_ERR_KEY_BINDING);
}

static void hardware_binding_without_a_shown_key_is_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->attested_key.len = 0;
    assert_int_equal(decide(&s), ATLS_ERR_KEY_BINDING);
    s.submod->key_binding = ATLS_KEY_BINDING_CHALLENGE;
    assert_int_equal(decide(&s), ATLS_OK);
}

static void add_bad_submod(struct scene *s)
{
    s->appraisal.submods[1] = good_submod("psa");
    s->appraisal.submods[1].vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNRECOGNISED;
    s->appraisal.submods[1].status = ATLS_TIER_CONTRAINDICATED;
    s->appraisal.num_submods = 2;
}

static void in_an_ensemble_all_submods_must_hold(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    add_bad_submod(&s);
    assert_int_equal(decide(&s), ATLS_ERR_STATUS);
    assert_string_equal(s.diag.claim, "PSA_IOT hardware");
    s.appraisal.submods[1] = good_submod("psa");
    assert_int_equal(decide(&s), ATLS_OK);
    s.appraisal.submods[1].attested_key.data[0] ^= 1;
    assert_int_equal(decide(&s), ATLS_ERR_KEY_BINDING);
}

static void the_policy_may_take_any_submod_of_an_ensemble(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    add_bad_submod(&s);
    s.policy.ensemble_any = true;
    assert_int_equal(decide(&s), ATLS_OK);
    /* The good one second. */
    s.appraisal.submods[0] = s.appraisal.submods[1];
    s.appraisal.submods[1] = good_submod("tpm2");
    assert_int_equal(decide(&s), ATLS_OK);
}

static void any_needs_one_submod_that_holds_in_both_legs(void **state)
{
    (void)state;
    /* The first has good tiers and a foreign key, the second the right key and bad tiers. */
    struct scene s;
    scene_init(&s);
    add_bad_submod(&s);
    s.policy.ensemble_any = true;
    s.appraisal.submods[0].attested_key.data[0] ^= 1;
    assert_int_equal(decide(&s), ATLS_ERR_KEY_BINDING);
    /* One that holds in both is found behind one that does not. */
    s.appraisal.submods[1] = good_submod("psa");
    assert_int_equal(decide(&s), ATLS_OK);
    /* Nor do measurements of one count for another. */
    scene_init(&s);
    add_bad_submod(&s);
    s.policy.ensemble_any = true;
    s.appraisal.submods[1].measurements[0].name = atls_bytes_text("PRoT");
    list_measurement(&s, "PRoT", digest_a);
    assert_int_equal(decide(&s), ATLS_ERR_REFERENCE_VALUES);
}

static void measurements_may_be_spread_over_an_ensemble(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.appraisal.submods[1] = good_submod("psa");
    s.appraisal.submods[1].measurements[0].name = atls_bytes_text("PRoT");
    s.appraisal.num_submods = 2;
    list_measurement(&s, "PRoT", digest_a);
    list_measurement(&s, "BL", digest_a);
    assert_int_equal(decide(&s), ATLS_OK);
}

static void the_evidence_alone_can_be_judged_without_a_connection(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    assert_int_equal(atls_policy_check_evidence(&s.policy, &s.appraisal, NULL), ATLS_OK);
    s.submod->key_binding = ATLS_KEY_BINDING_NONE; /* there is no key to be bound to */
    s.policy.ensemble_any = true;
    assert_int_equal(atls_policy_check_evidence(&s.policy, &s.appraisal, NULL), ATLS_OK);
    s.submod->fresh = false;
    assert_int_equal(atls_policy_check_evidence(&s.policy, &s.appraisal, NULL), ATLS_ERR_FRESHNESS);
    assert_int_equal(atls_policy_check_evidence(&s.policy, NULL, NULL), ATLS_ERR_NOT_ATTESTED);
    assert_int_equal(atls_policy_check_evidence(NULL, &s.appraisal, NULL), ATLS_ERR_NO_VERDICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_listed_format_is_taken),
        cmocka_unit_test(a_submod_without_a_format_is_refused),
        cmocka_unit_test(evidence_whose_nonce_was_not_compared_is_refused),
        cmocka_unit_test(a_debug_platform_needs_the_policy_to_name_it),
        cmocka_unit_test(only_a_listed_machine_is_taken),
        cmocka_unit_test(a_masked_machine_is_refused_even_when_it_is_listed),
        cmocka_unit_test(a_listed_measurement_must_have_an_allowed_value),
        cmocka_unit_test(an_allowed_value_under_another_name_does_not_count),
        cmocka_unit_test(a_listed_measurement_must_be_there),
        cmocka_unit_test(every_measurement_of_a_listed_name_is_judged),
        cmocka_unit_test(an_empty_or_short_digest_is_not_a_listed_one),
        cmocka_unit_test(more_measurements_than_fit_are_refused),
        cmocka_unit_test(a_name_from_outside_is_shown_as_printable_text),
        cmocka_unit_test(every_kind_of_key_binding_needs_the_policy_to_take_it),
        cmocka_unit_test(an_attested_key_must_be_the_key_of_the_connection),
        cmocka_unit_test(keys_that_agree_in_fewer_octets_are_not_equal),
        cmocka_unit_test(hardware_binding_without_a_shown_key_is_refused),
        cmocka_unit_test(in_an_ensemble_all_submods_must_hold),
        cmocka_unit_test(the_policy_may_take_any_submod_of_an_ensemble),
        cmocka_unit_test(any_needs_one_submod_that_holds_in_both_legs),
        cmocka_unit_test(measurements_may_be_spread_over_an_ensemble),
        cmocka_unit_test(the_evidence_alone_can_be_judged_without_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
