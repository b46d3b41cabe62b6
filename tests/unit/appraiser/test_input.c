/* SPDX-License-Identifier: Apache-2.0 */
/* What every appraiser demands of its caller, and the table of appraisers. */
#include "scene.h"

#include "appraiser/input.h"
#include "appraiser/outcome.h"

static const struct atls_appraiser_ops *const both[] = {&atls_appraiser_psa, &atls_appraiser_tpm2};

static void an_appraisal_that_could_not_refuse_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes none = {NULL, 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(both); i++) {
        struct scene s;
        scene_init(&s, test_endorsements(), test_fill(1, 32));
        s.input.endorsements = NULL;
        enum atls_err err = appraise(&s, both[i], test_hex("a0"));
        assert_refused(&s, err, ARGUMENT, "endorsements");
        scene_init(&s, test_endorsements(), test_fill(1, 32));
        s.input.crypto = NULL;
        err = appraise(&s, both[i], test_hex("a0"));
        assert_refused(&s, err, ARGUMENT, "endorsements");
        scene_init(&s, test_endorsements(), none);
        err = appraise(&s, both[i], test_hex("a0"));
        assert_refused(&s, err, ARGUMENT, "nonce");
        scene_init(&s, test_endorsements(), test_fill(1, 32));
        s.input.no_nonce = true;
        err = appraise(&s, both[i], test_hex("a0"));
        assert_refused(&s, err, ARGUMENT, "nonce");
        scene_init(&s, test_endorsements(), test_fill(1, 65));
        err = appraise(&s, both[i], test_hex("a0"));
        assert_refused(&s, err, ARGUMENT, "nonce in octets");
    }
}

static void the_table_has_an_appraiser_for_each_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < atls_num_formats; i++) {
        const struct atls_appraiser_ops *ops = atls_appraiser_for(&atls_formats[i]);
        assert_non_null(ops);
        assert_string_equal(ops->format, atls_formats[i].name);
        assert_int_equal(ops->abi, ATLS_APPRAISER_ABI);
        assert_int_equal(ops->size, sizeof *ops);
        assert_non_null(ops->appraise);
    }
    assert_ptr_equal(atls_appraiser_for(atls_format_by_name(atls_bytes_text("psa"))),
                     &atls_appraiser_psa);
    assert_null(atls_appraiser_for(NULL));
    struct atls_format other = atls_formats[0];
    other.name = "null";
    assert_null(atls_appraiser_for(&other));
}

static void a_claim_only_gets_worse_and_the_first_cause_stays(void **state)
{
    (void)state;
    struct atls_submod submod;
    memset(&submod, 0, sizeof submod);
    struct atls_diag first;
    struct atls_diag second;
    struct atls_diag third;
    atls_fail(&first, ATLS_ERR_REFERENCE_VALUES, "test", "first");
    atls_fail(&second, ATLS_ERR_LIFECYCLE, "test", "second");
    atls_fail(&third, ATLS_ERR_DEBUG, "test", "third");
    const struct atls_appraiser_rule good = {"", ATLS_ERR_OK, {{[ATLS_TRUST_EXECUTABLES] = 3}}};
    const struct atls_appraiser_rule other = {"", ATLS_ERR_OK, {{[ATLS_TRUST_EXECUTABLES] = 2}}};
    const struct atls_appraiser_rule warns = {"", ATLS_ERR_OK, {{[ATLS_TRUST_EXECUTABLES] = 33}}};
    const struct atls_appraiser_rule also = {"", ATLS_ERR_OK, {{[ATLS_TRUST_CONFIGURATION] = 32}}};
    const struct atls_appraiser_rule bad = {"", ATLS_ERR_OK, {{[ATLS_TRUST_EXECUTABLES] = 96}}};
    atls_outcome_apply(&submod, &good, NULL);
    assert_int_equal(submod.status, ATLS_TIER_AFFIRMING);
    atls_outcome_apply(&submod, &warns, &first);
    assert_int_equal(submod.status, ATLS_TIER_WARNING);
    atls_outcome_apply(&submod, &also, &second);
    assert_string_equal(submod.reason.claim, "first"); /* of the same tier, the first */
    atls_outcome_apply(&submod, &other, NULL);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], 33);
    atls_outcome_apply(&submod, &bad, &third);
    assert_int_equal(submod.status, ATLS_TIER_CONTRAINDICATED);
    assert_string_equal(submod.reason.claim, "third"); /* of a worse tier */
    atls_outcome_apply(&submod, &warns, &first);
    assert_int_equal(submod.vector.claim[ATLS_TRUST_EXECUTABLES], 96);
    assert_string_equal(submod.reason.claim, "third");
    atls_outcome_revoke(&submod, &second); /* the reason whatever else is wrong */
    assert_true(submod.revoked);
    assert_string_equal(submod.reason.claim, "second");
    assert_int_equal(submod.vector.claim[ATLS_TRUST_INSTANCE_IDENTITY], 96);
}

/* compare_padded holds 64 octets, `tail` behind 32 times 4e, against a nonce of `len` times 4e. */
static enum atls_err compare_padded(struct scene *s, size_t len, uint8_t tail, bool no_nonce)
{
    uint8_t found[64];
    memset(found, 0x4e, sizeof found);
    memset(&found[32], 0, 32);
    found[63] = tail;
    scene_init(s, NULL, no_nonce ? atls_bytes_of(NULL, 0) : test_fill(0x4e, len));
    s->input.no_nonce = no_nonce;
    return atls_input_compare_padded_nonce(&s->input, test_copy(atls_bytes_of(found, 64)), "field",
                                           &s->diag);
}

static void all_64_octets_of_a_padded_nonce_are_compared(void **state)
{
    (void)state;
    struct scene s;
    assert_err(compare_padded(&s, 32, 0, false), OK);
    assert_refused(&s, compare_padded(&s, 32, 1, false), FRESHNESS, "field"); /* */
    assert_refused(&s, compare_padded(&s, 31, 0, false), FRESHNESS, "field");
    assert_refused(&s, compare_padded(&s, 48, 0, false), FRESHNESS, "field");
    assert_refused(&s, compare_padded(&s, 64, 0, false), FRESHNESS, "field");
    assert_err(compare_padded(&s, 0, 1, true), OK);
    scene_init(&s, NULL, test_fill(0x4e, 32));
    const enum atls_err err =
        atls_input_compare_padded_nonce(&s.input, test_fill(0x4e, 32), "field", &s.diag);
    assert_refused(&s, err, FRESHNESS, "field"); /* a field of another length */
}

static void a_key_is_bound_by_a_challenge_only_where_there_was_one(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, NULL, test_fill(0x4e, 32));
    assert_int_equal(atls_input_challenge_binding(&s.input), ATLS_KEY_BINDING_NONE);
    s.input.tls_spki = test_fill(0x30, 91);
    assert_int_equal(atls_input_challenge_binding(&s.input), ATLS_KEY_BINDING_CHALLENGE);
    s.input.no_nonce = true;
    assert_int_equal(atls_input_challenge_binding(&s.input), ATLS_KEY_BINDING_NONE);
}

static void an_attestation_key_counts_until_its_endorsement_ends(void **state)
{
    (void)state;
    const struct atls_trust_anchor anchor = {.source = "old.corim", .not_after_s = 1000000};
    struct atls_diag diag;
    assert_err(atls_input_check_anchor(&anchor, 999999, &diag), OK);
    assert_err(atls_input_check_anchor(&anchor, 2000000, &diag), NOT_ENDORSED);
    assert_non_null(strstr(diag.found, "whose endorsement has ended, in old.corim"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_appraisal_that_could_not_refuse_is_refused),
        cmocka_unit_test(the_table_has_an_appraiser_for_each_format),
        cmocka_unit_test(all_64_octets_of_a_padded_nonce_are_compared),
        cmocka_unit_test(a_key_is_bound_by_a_challenge_only_where_there_was_one),
        cmocka_unit_test(a_claim_only_gets_worse_and_the_first_cause_stays),
        cmocka_unit_test(an_attestation_key_counts_until_its_endorsement_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
