/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsements that end while a Verifier runs: they were valid when they were loaded. */
#include "scene.h"

#define END_TEXT "2026-09-21T15:00:00Z"
#define END_S    1790002800

static struct atls_key *key;
static struct test_tpm machine;

static struct atls_endorsements *ending(struct atls_endorsements *(*make)(void))
{
    test_endorsements_until(END_TEXT);
    struct atls_endorsements *set = make();
    test_endorsements_until(NULL);
    return set;
}

static struct atls_endorsements *psa_set(void)
{
    return psa_endorsements(key, 1, false);
}

static struct atls_endorsements *tpm_set(void)
{
    return tpm_endorsements(&machine, false);
}

static enum atls_err psa_at(struct scene *s, const struct atls_endorsements *set, int64_t now_s)
{
    struct test_psa token;
    test_psa_init(&token, key, 1);
    scene_init(s, set, test_psa_nonce());
    s->input.now_s = now_s;
    return appraise(s, &atls_appraiser_psa, test_psa_sign(&token));
}

static enum atls_err tpm_at(struct scene *s, const struct atls_endorsements *set, int64_t now_s)
{
    scene_init(s, set, test_tpm_nonce());
    s->input.now_s = now_s;
    return appraise(s, &atls_appraiser_tpm2, test_tpm_evidence(&machine));
}

static void assert_ended(const struct scene *s, enum atls_err err)
{
    assert_refused(s, err, NOT_ENDORSED, "endorsements");
    assert_non_null(strstr(s->diag.found, "has ended, in test.corim"));
}

static void a_key_counts_until_its_endorsement_ends(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_endorsements *psa = ending(psa_set);
    assert_err(psa_at(&s, psa, END_S + 60), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_ended(&s, psa_at(&s, psa, END_S + 61));
    assert_ended(&s, psa_at(&s, psa, INT64_MAX));
    const struct atls_endorsements *tpm = ending(tpm_set);
    assert_err(tpm_at(&s, tpm, END_S + 60), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_ended(&s, tpm_at(&s, tpm, END_S + 61));
}

static void without_an_end_it_counts_for_ever(void **state)
{
    (void)state;
    struct scene s;
    assert_err(psa_at(&s, psa_set(), INT64_MAX), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(psa_at(&s, ending(psa_set), INT64_MIN), OK); /* the beginning is looked at once */
}

static void a_key_that_is_endorsed_anew_goes_on(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *set = ending(psa_set);
    test_add_psa_key(set, test_psa_implementation(), test_psa_instance(1), key, false);
    assert_err(psa_at(&s, set, END_S + 61), OK);
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_INSTANCE_IDENTITY], ATLS_INSTANCE_RECOGNISED);
    /* Its reference values ended all the same. */
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
    assert_err(s.submod.reason.err, REFERENCE_VALUES);
    test_add_psa_component(set, test_psa_implementation(), "BL", "1.0.0", test_fill(0xb1, 32),
                           test_fill(0x51, 32));
    test_add_psa_component(set, test_psa_implementation(), "PRoT", NULL, test_fill(0xb2, 48),
                           test_fill(0x52, 32));
    assert_err(psa_at(&s, set, END_S + 61), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
}

static void pcr_values_that_ended_are_not_expected(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *set = ending(tpm_set);
    test_add_tpm2_key(set, TPM_CLASS, machine.kid, machine.ak, false);
    assert_err(tpm_at(&s, set, END_S + 60), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(tpm_at(&s, set, END_S + 61), OK);
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
    assert_err(s.submod.reason.err, REFERENCE_VALUES);
}

int main(void)
{
    key = test_key(ATLS_CRV_P256);
    test_tpm_init(&machine, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_counts_until_its_endorsement_ends),
        cmocka_unit_test(without_an_end_it_counts_for_ever),
        cmocka_unit_test(a_key_that_is_endorsed_anew_goes_on),
        cmocka_unit_test(pcr_values_that_ended_are_not_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
