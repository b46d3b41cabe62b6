/* SPDX-License-Identifier: Apache-2.0 */
/* Every claim of a token that is signed well: missing, of another type, of another length. */
#include "scene.h"

static struct atls_key *key;
static struct atls_endorsements *set;

static enum atls_err appraise_token(struct scene *s, const struct test_psa *token)
{
    scene_init(s, set, test_psa_nonce());
    return appraise(s, &atls_appraiser_psa, test_psa_sign(token));
}

/* with_claim appraises a good token in which one claim is `encoded`, or left out when empty. */
static enum atls_err with_claim(struct scene *s, int64_t label, struct atls_bytes encoded)
{
    struct test_psa token;
    test_psa_init(&token, key, 1);
    test_psa_drop(&token, label);
    if (encoded.len != 0) {
        test_psa_set(&token, label, encoded);
    }
    return appraise_token(s, &token);
}

static const struct atls_bytes absent = {NULL, 0};

static void mandatory_claims_that_are_absent_are_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t label;
        const char *claim;
    } claims[] = {
        {TEST_PSA_NONCE, "psa-nonce"},
        {TEST_PSA_CLIENT_ID, "psa-client-id"},
        {TEST_PSA_LIFECYCLE, "psa-security-lifecycle"},
        {TEST_PSA_COMPONENTS, "psa-software-components"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(claims); i++) {
        const enum atls_err err = with_claim(&s, claims[i].label, absent);
        assert_refused(&s, err, EVIDENCE_MALFORMED, claims[i].claim);
        assert_string_equal(s.diag.found, "none");
    }
}

static void optional_claims_may_be_absent(void **state)
{
    (void)state;
    static const int64_t labels[] = {TEST_PSA_BOOT_SEED, TEST_PSA_CERTIFICATION_REFERENCE,
                                     TEST_PSA_SERVICE_INDICATOR};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        assert_err(with_claim(&s, labels[i], absent), OK);
    }
}

static void claims_of_another_type_are_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t label;
        const char *claim;
    } claims[] = {
        {TEST_PSA_NONCE, "psa-nonce"},
        {TEST_PSA_CLIENT_ID, "psa-client-id"},
        {TEST_PSA_LIFECYCLE, "psa-security-lifecycle"},
        {TEST_PSA_COMPONENTS, "psa-software-components"},
        {TEST_PSA_BOOT_SEED, "psa-boot-seed"},
        {TEST_PSA_CERTIFICATION_REFERENCE, "psa-certification-reference"},
        {TEST_PSA_SERVICE_INDICATOR, "psa-verification-service-indicator"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(claims); i++) {
        static const char *const others[] = {"f6", "f5", "a0", "fa47c35000", "c100"};
        for (size_t j = 0; j < ATLS_ARRAY_LEN(others); j++) {
            const enum atls_err err = with_claim(&s, claims[i].label, test_hex(others[j]));
            assert_refused(&s, err, EVIDENCE_MALFORMED, claims[i].claim);
            assert_string_equal(s.diag.found, "another type");
        }
    }
}

/* RFC 9783, 4.1.1: one nonce of 32, 48 or 64 octets. */
static void a_nonce_of_another_length_or_number_is_refused(void **state)
{
    (void)state;
    struct scene s;
    for (size_t len = 0; len <= 80; len++) {
        const enum atls_err err = with_claim(&s, TEST_PSA_NONCE, test_cbor_fill(0x4e, len));
        if (len == 32) {
            assert_err(err, OK);
        } else if (len == 48 || len == 64) {
            assert_refused(&s, err, FRESHNESS, "psa-nonce");
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-nonce");
        }
    }
    const struct atls_bytes two[] = {test_cbor_fill(0x4e, 32), test_cbor_fill(0x4e, 32)};
    const enum atls_err err = with_claim(&s, TEST_PSA_NONCE, test_array_encode(two, 2));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-nonce");
}

static void a_client_id_is_32_bits_and_not_zero(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        bool accepted;
    } values[] = {{0, false},
                  {1, true},
                  {-1, true},
                  {INT32_MAX, true},
                  {INT32_MIN, true},
                  {INT64_C(2147483648), false},
                  {-INT64_C(2147483649), false}};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(values); i++) {
        const enum atls_err err =
            with_claim(&s, TEST_PSA_CLIENT_ID, test_cbor_int(values[i].value));
        if (values[i].accepted) {
            assert_err(err, OK);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-client-id");
        }
    }
}

static void a_lifecycle_outside_every_range_is_refused(void **state)
{
    (void)state;
    static const int64_t values[] = {-1, 0x0100, 0x1100, 0x2fff, 0x3100, 0x7000, 0xffff, 0x10000};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(values); i++) {
        const enum atls_err err = with_claim(&s, TEST_PSA_LIFECYCLE, test_cbor_int(values[i]));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-security-lifecycle");
    }
}

static void a_boot_seed_has_8_to_32_octets(void **state)
{
    (void)state;
    struct scene s;
    for (size_t len = 0; len <= 40; len++) {
        const enum atls_err err = with_claim(&s, TEST_PSA_BOOT_SEED, test_cbor_fill(0xb0, len));
        if (len >= 8 && len <= 32) {
            assert_err(err, OK);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-boot-seed");
        }
    }
}

static void a_certification_reference_has_its_form(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "1234567890123",
                                        "1234567890123-1234",
                                        "1234567890123-123456",
                                        "1234567890123 12345",
                                        "a234567890123-12345",
                                        "1234567890123-1234a",
                                        "1234567890123 - 12345"};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        const enum atls_err err =
            with_claim(&s, TEST_PSA_CERTIFICATION_REFERENCE, test_cbor_text(wrong[i]));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-certification-reference");
    }
}

/* one_component appraises a token with this one instead of its own two. */
static enum atls_err one_component(struct scene *s, struct atls_bytes component)
{
    return with_claim(s, TEST_PSA_COMPONENTS, test_array_encode(&component, 1));
}

static void a_component_has_a_measurement_and_a_signer(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes digest = test_fill(0xb1, 32);
    enum atls_err err = one_component(&s, test_psa_component("BL", "1.0.0", absent, digest));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "measurement-value");
    err = one_component(&s, test_psa_component("BL", "1.0.0", digest, absent));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "signer-id");
    err = one_component(&s, test_hex("80"));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-software-component");
    for (size_t len = 1; len <= 70; len++) {
        const bool good = len == 32 || len == 48 || len == 64;
        const struct atls_bytes other = test_fill(0xb1, len);
        err = one_component(&s, test_psa_component("BL", "1.0.0", other, digest));
        if (good) {
            assert_err(err, OK);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "measurement-value");
        }
        err = one_component(&s, test_psa_component("BL", "1.0.0", digest, other));
        if (good) {
            assert_err(err, OK);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "signer-id");
        }
    }
}

static void texts_of_a_component_are_texts(void **state)
{
    (void)state;
    static const struct {
        int64_t label;
        const char *claim;
    } members[] = {{1, "measurement-type"}, {4, "version"}, {6, "measurement-desc"}};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        struct test_map map = {.num_pairs = 0};
        test_map_set(&map, test_cbor_int(2), test_cbor_fill(0xb1, 32));
        test_map_set(&map, test_cbor_int(5), test_cbor_fill(0x51, 32));
        test_map_set(&map, test_cbor_int(members[i].label), test_hex("4142"));
        const enum atls_err err = one_component(&s, test_map_encode(&map));
        assert_refused(&s, err, EVIDENCE_MALFORMED, members[i].claim);
    }
}

static void a_text_with_nul_in_it_is_refused(void **state)
{
    (void)state;
    struct scene s;
    enum atls_err err = with_claim(&s, TEST_PSA_SERVICE_INDICATOR, test_hex("63 610062"));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-verification-service-indicator");
    err = with_claim(&s, TEST_PSA_SERVICE_INDICATOR, test_hex("61 00"));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-verification-service-indicator");
    assert_err(with_claim(&s, TEST_PSA_SERVICE_INDICATOR, test_hex("60")), OK);
}

static void the_list_of_components_has_1_to_64(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes component =
        test_psa_component("BL", "1.0.0", test_fill(0xb1, 32), test_fill(0x51, 32));
    struct atls_bytes many[ATLS_MAX_COMPONENTS + 1];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(many); i++) {
        many[i] = component;
    }
    for (size_t num = 0; num <= ATLS_ARRAY_LEN(many); num += num == 1 ? 62 : 1) {
        const enum atls_err err = with_claim(&s, TEST_PSA_COMPONENTS, test_array_encode(many, num));
        if (num >= 1 && num <= ATLS_MAX_COMPONENTS) {
            assert_err(err, OK);
            assert_int_equal(s.submod.num_measurements, num);
        } else {
            assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-software-components");
        }
    }
}

static void unknown_claims_are_ignored(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    test_psa_set(&token, 99999, test_hex("a10102"));
    test_map_set(&token.claims, test_cbor_text("vendor"), test_hex("f6"));
    assert_err(appraise_token(&s, &token), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
}

static void old(struct test_psa *token)
{
    psa_of_the_first_profile(token, key);
}

static enum atls_err appraise_old(struct scene *s, const struct test_psa *token)
{
    scene_init(s, set, test_psa_nonce());
    s->input.media_type = atls_bytes_text("application/psa-attestation-token");
    return appraise(s, &atls_appraiser_psa, test_psa_sign(token));
}

static void the_first_profile_has_rules_of_its_own(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    old(&token);
    assert_err(appraise_old(&s, &token), OK);
    test_psa_drop(&token, -75004);
    enum atls_err err = appraise_old(&s, &token);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-boot-seed");
    test_psa_set(&token, -75004, test_cbor_fill(0xb0, 31));
    err = appraise_old(&s, &token);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-boot-seed");
    old(&token);
    test_psa_set(&token, -75005, test_cbor_text("1234567890123"));
    assert_err(appraise_old(&s, &token), OK);
    test_psa_set(&token, -75005, test_cbor_text("1234567890123-12345"));
    assert_err(appraise_old(&s, &token), OK);
    test_psa_set(&token, -75005, test_cbor_text("123456789012"));
    err = appraise_old(&s, &token);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-certification-reference");
}

static void no_measurements_are_a_claim_of_the_first_profile_and_recognised_as_nothing(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    old(&token);
    test_psa_set(&token, -75007, test_cbor_int(1));
    enum atls_err err = appraise_old(&s, &token);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-software-components");
    test_psa_drop(&token, -75006);
    assert_err(appraise_old(&s, &token), OK);
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
    assert_int_equal(s.submod.status, ATLS_TIER_WARNING);
    test_psa_set(&token, -75007, test_cbor_int(2));
    err = appraise_old(&s, &token);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-no-sw-measurement");
    /* In RFC 9783 the claim does not exist: a token that has it instead has no components. */
    test_psa_init(&token, key, 1);
    test_psa_drop(&token, TEST_PSA_COMPONENTS);
    test_psa_set(&token, -75007, test_cbor_int(1));
    err = appraise_token(&s, &token);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "psa-software-components");
}

int main(void)
{
    key = test_key(ATLS_CRV_P256);
    set = psa_endorsements(key, 1, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mandatory_claims_that_are_absent_are_refused),
        cmocka_unit_test(optional_claims_may_be_absent),
        cmocka_unit_test(claims_of_another_type_are_refused),
        cmocka_unit_test(a_nonce_of_another_length_or_number_is_refused),
        cmocka_unit_test(a_client_id_is_32_bits_and_not_zero),
        cmocka_unit_test(a_lifecycle_outside_every_range_is_refused),
        cmocka_unit_test(a_boot_seed_has_8_to_32_octets),
        cmocka_unit_test(a_certification_reference_has_its_form),
        cmocka_unit_test(a_component_has_a_measurement_and_a_signer),
        cmocka_unit_test(texts_of_a_component_are_texts),
        cmocka_unit_test(a_text_with_nul_in_it_is_refused),
        cmocka_unit_test(the_list_of_components_has_1_to_64),
        cmocka_unit_test(unknown_claims_are_ignored),
        cmocka_unit_test(the_first_profile_has_rules_of_its_own),
        cmocka_unit_test(
            no_measurements_are_a_claim_of_the_first_profile_and_recognised_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
