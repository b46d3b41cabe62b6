/* SPDX-License-Identifier: Apache-2.0 */
/* The decision as a whole: four legs, and each thing outside the Evidence that refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "appraisals.h"

static void only_all_four_legs_together_open(void **state)
{
    (void)state;
    for (unsigned broken = 0; broken < 16; broken++) {
        struct scene s;
        scene_init(&s);
        const enum atls_err expected[ATLS_NUM_LEGS] = {
            [ATLS_LEG_IDENTITY] = (broken & 1) != 0 ? ATLS_ERR_PKIX : ATLS_OK,
            [ATLS_LEG_EVIDENCE] = (broken & 2) != 0 ? ATLS_ERR_STATUS : ATLS_OK,
            [ATLS_LEG_KEY_BINDING] = (broken & 4) != 0 ? ATLS_ERR_KEY_BINDING : ATLS_OK,
            [ATLS_LEG_CHANNEL] = (broken & 8) != 0 ? ATLS_ERR_CHANNEL : ATLS_OK,
        };
        s.input.pkix_ok = (broken & 1) == 0;
        if ((broken & 2) != 0) {
            set_claim(&s, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE);
        }
        if ((broken & 4) != 0) {
            s.submod->attested_key.data[0] ^= 1;
        }
        s.input.channel_ok = (broken & 8) == 0;

        struct atls_decision decision;
        memset(&decision, 0xff, sizeof decision);
        enum atls_err first = ATLS_OK;
        const enum atls_err err = atls_policy_decide_legs(&s.policy, &s.input, &decision, &s.diag);
        for (size_t leg = 0; leg < ATLS_NUM_LEGS; leg++) {
            assert_int_equal(decision.leg[leg], expected[leg]);
            first = first == ATLS_OK ? expected[leg] : first;
        }
        assert_int_equal(err, first);
        assert_int_equal(err == ATLS_OK, broken == 0);
        assert_int_equal(s.diag.err, err);
        assert_int_equal(atls_policy_decide(&s.policy, &s.input, NULL), err);
    }
}

static void zeroed_or_missing_input_refuses(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    struct atls_decision_input nothing;
    struct atls_policy no_policy;
    memset(&nothing, 0, sizeof nothing);
    memset(&no_policy, 0, sizeof no_policy);
    assert_int_equal(atls_policy_decide(&s.policy, &nothing, NULL), ATLS_ERR_NO_VERDICT);
    assert_int_equal(atls_policy_decide(&s.policy, NULL, &s.diag), ATLS_ERR_NO_VERDICT);
    assert_int_equal(atls_policy_decide(NULL, &s.input, &s.diag), ATLS_ERR_NO_VERDICT);
    assert_int_equal(atls_policy_decide(NULL, NULL, NULL), ATLS_ERR_NO_VERDICT);
    /* A policy of zeros takes no key binding. */
    assert_int_equal(atls_policy_decide(&no_policy, &s.input, NULL), ATLS_ERR_KEY_BINDING);
}

static void a_missing_decision_marks_every_leg(void **state)
{
    (void)state;
    struct atls_decision decision;
    memset(&decision, 0, sizeof decision);
    assert_int_equal(atls_policy_decide_legs(NULL, NULL, &decision, NULL), ATLS_ERR_NO_VERDICT);
    for (size_t i = 0; i < ATLS_NUM_LEGS; i++) {
        assert_int_equal(decision.leg[i], ATLS_ERR_NO_VERDICT);
    }
}

static void a_policy_with_counts_past_its_arrays_refuses(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.num_formats = 17;
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
    scene_init(&s);
    s.policy.num_measurements = ATLS_MAX_POLICY_ITEMS + 1;
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
    scene_init(&s);
    s.policy.num_machines = ATLS_MAX_POLICY_ITEMS + 1;
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
}

static void a_peer_whose_certificate_was_not_seen_is_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    struct scene s;
    scene_init(&s);
    s.input.peer_spki_sha256 = atls_bytes_of(NULL, 0);
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
    s.input.peer_spki_sha256 = atls_bytes_of(peer_hash, 31);
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
    s.input.peer_spki_sha256 = atls_bytes_of(zeros, 32);
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
}

static void a_peer_with_our_own_key_is_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.input.own_spki_sha256 = s.input.peer_spki_sha256;
    assert_int_equal(decide(&s), ATLS_ERR_REFLECTED);
    s.input.own_spki_sha256 = atls_bytes_of(own_hash, 20); /* cannot be compared */
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
    s.input.own_spki_sha256 = atls_bytes_of(NULL, 0);
    assert_int_equal(decide(&s), ATLS_OK);
}

static void good_evidence_does_not_replace_the_certificate(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.input.pkix_ok = false;
    assert_int_equal(decide(&s), ATLS_ERR_PKIX);
    s.input.pkix_required = false;
    assert_int_equal(decide(&s), ATLS_OK);
}

static void the_policy_can_demand_a_verified_certificate(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.identity = ATLS_IDENTITY_PKIX;
    assert_int_equal(decide(&s), ATLS_OK);
    s.input.pkix_required = false;
    s.input.pkix_ok = false;
    assert_int_equal(decide(&s), ATLS_ERR_IDENTITY);
    assert_string_equal(s.diag.claim, "require.identity");
    s.policy.identity = ATLS_IDENTITY_KEY;
    assert_int_equal(decide(&s), ATLS_OK);
    s.input.peer_spki_sha256 = atls_bytes_of(NULL, 0);
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
}

static void unknown_identity_values_refuse(void **state)
{
    (void)state;
    for (int value = 3; value < 256; value++) {
        struct scene s;
        scene_init(&s);
        s.policy.identity = (enum atls_policy_identity)value;
        assert_int_equal(decide(&s), ATLS_ERR_IDENTITY);
    }
}

static void a_good_certificate_does_not_replace_evidence(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.input.appraisal = NULL;
    assert_int_equal(decide(&s), ATLS_ERR_NOT_ATTESTED);
    scene_init(&s);
    s.appraisal.num_submods = 0;
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
    s.appraisal.num_submods = ATLS_MAX_SUBMODS + 1;
    assert_int_equal(decide(&s), ATLS_ERR_NO_VERDICT);
}

static void by_default_every_timing_but_certificate_is_taken(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        struct scene s;
        scene_init(&s);
        s.input.timing = (enum atls_timing)value;
        const bool taken = value == ATLS_TIMING_HANDSHAKE || value == ATLS_TIMING_POST ||
                           value == ATLS_TIMING_BOTH;
        assert_int_equal(decide(&s), taken ? ATLS_OK : ATLS_ERR_CHANNEL);
    }
}

static void a_listed_timing_is_taken_and_another_refused(void **state)
{
    (void)state;
    /* accepted[required][found]; `both` did what handshake and post do. */
    static const bool accepted[5][5] = {
        [ATLS_TIMING_HANDSHAKE] = {[ATLS_TIMING_HANDSHAKE] = true, [ATLS_TIMING_BOTH] = true},
        [ATLS_TIMING_POST] = {[ATLS_TIMING_POST] = true, [ATLS_TIMING_BOTH] = true},
        [ATLS_TIMING_BOTH] = {[ATLS_TIMING_BOTH] = true},
        [ATLS_TIMING_CERTIFICATE] = {[ATLS_TIMING_CERTIFICATE] = true},
    };
    for (unsigned required = 1; required < 5; required++) {
        for (unsigned found = 0; found < 5; found++) {
            struct scene s;
            scene_init(&s);
            s.policy.timings = 1u << required;
            s.input.timing = (enum atls_timing)found;
            const bool takes = accepted[required][found];
            assert_int_equal(decide(&s), takes ? ATLS_OK : ATLS_ERR_CHANNEL);
        }
    }
}

static void a_bit_of_no_timing_accepts_nothing(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.policy.timings = 1u;
    s.input.timing = ATLS_TIMING_NONE;
    assert_int_equal(decide(&s), ATLS_ERR_CHANNEL);
    s.policy.timings = 1u << 7;
    s.input.timing = (enum atls_timing)7;
    assert_int_equal(decide(&s), ATLS_ERR_CHANNEL);
    s.input.timing = ATLS_TIMING_HANDSHAKE;
    assert_int_equal(decide(&s), ATLS_ERR_CHANNEL);
}

static void the_channel_sentence_names_found_and_expected_timing(void **state)
{
    (void)state;
    struct scene s;
    char sentence[600];
    scene_init(&s);
    s.policy.timings = (1u << ATLS_TIMING_POST) | (1u << ATLS_TIMING_BOTH);
    assert_int_equal(decide(&s), ATLS_ERR_CHANNEL);
    atls_diag_sentence(sentence, sizeof sentence, &s.diag);
    assert_string_equal(sentence, "policy: the channel is not one that attestation may be bound to "
                                  "(timing: found handshake, expected post or both)");
}

static void the_default_policy_says_so(void **state)
{
    (void)state;
    struct atls_policy policy;
    memset(&policy, 0xff, sizeof policy);
    atls_policy_default(&policy);
    assert_string_equal(policy.id, "default");
    assert_int_equal(policy.version, 0);
    assert_false(policy.debug);
    assert_false(policy.simulated);
    assert_false(policy.ensemble_any);
    assert_false(policy.machines_set);
    assert_true(policy.key_binding_hardware);
    assert_true(policy.key_binding_challenge);
    assert_int_equal(policy.max_result_age_s, 300);
    assert_null(policy.storage);
}

static void names_of_bindings_and_timings(void **state)
{
    (void)state;
    assert_string_equal(atls_key_binding_name(ATLS_KEY_BINDING_NONE), "none");
    assert_string_equal(atls_key_binding_name(ATLS_KEY_BINDING_HARDWARE), "hardware");
    assert_string_equal(atls_key_binding_name(ATLS_KEY_BINDING_CHALLENGE), "challenge");
    assert_string_equal(atls_key_binding_name((enum atls_key_binding)9), "none");
    assert_string_equal(atls_timing_name(ATLS_TIMING_NONE), "none");
    assert_string_equal(atls_timing_name(ATLS_TIMING_HANDSHAKE), "handshake");
    assert_string_equal(atls_timing_name(ATLS_TIMING_POST), "post");
    assert_string_equal(atls_timing_name(ATLS_TIMING_BOTH), "both");
    assert_string_equal(atls_timing_name(ATLS_TIMING_CERTIFICATE), "certificate");
    assert_string_equal(atls_timing_name((enum atls_timing)9), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_all_four_legs_together_open),
        cmocka_unit_test(zeroed_or_missing_input_refuses),
        cmocka_unit_test(a_missing_decision_marks_every_leg),
        cmocka_unit_test(a_policy_with_counts_past_its_arrays_refuses),
        cmocka_unit_test(a_peer_whose_certificate_was_not_seen_is_refused),
        cmocka_unit_test(a_peer_with_our_own_key_is_refused),
        cmocka_unit_test(good_evidence_does_not_replace_the_certificate),
        cmocka_unit_test(the_policy_can_demand_a_verified_certificate),
        cmocka_unit_test(unknown_identity_values_refuse),
        cmocka_unit_test(a_good_certificate_does_not_replace_evidence),
        cmocka_unit_test(by_default_every_timing_but_certificate_is_taken),
        cmocka_unit_test(a_listed_timing_is_taken_and_another_refused),
        cmocka_unit_test(a_bit_of_no_timing_accepts_nothing),
        cmocka_unit_test(the_channel_sentence_names_found_and_expected_timing),
        cmocka_unit_test(the_default_policy_says_so),
        cmocka_unit_test(names_of_bindings_and_timings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
