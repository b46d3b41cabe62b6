/* SPDX-License-Identifier: Apache-2.0 */
/* What a PSA token that is in order is worth: trustworthiness vector, reasons, verified claims. */
#include "scene.h"

static struct atls_key *key;
static struct atls_endorsements *set;

static enum atls_err appraise_token(struct scene *s, const struct test_psa *token)
{
    return appraise(s, &atls_appraiser_psa, test_psa_sign(token));
}

static void a_secured_device_with_known_software_is_affirmed(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    scene_init(&s, set, test_psa_nonce());
    assert_err(appraise_token(&s, &token), OK);
    assert_vector(&s, 2, 2, 3, 0, 2, 0, 0, 0);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(s.submod.reason.err, OK);
    assert_true(s.submod.fresh);
    assert_false(s.submod.simulated);
    assert_false(s.submod.debug);
    assert_true(s.submod.has_reference_values);
    assert_string_equal(s.submod.format->name, "psa");
    assert_bytes(s.submod.machine, test_psa_instance(1));
    assert_int_equal(s.submod.attested_key.len, 0);
    assert_null(s.submod.claims_json);
    assert_int_equal(s.submod.num_measurements, 2);
    assert_text(s.submod.measurements[0].name, "BL");
    assert_bytes(s.submod.measurements[0].value, test_fill(0xb1, 32));
    assert_text(s.submod.measurements[1].name, "PRoT");
    assert_bytes(s.submod.measurements[1].value, test_fill(0xb2, 48));
    assert_int_equal(s.submod.identities.num, 2);
    assert_identity(&s, 0, ATLS_REVOKED_UEID, "psa-instance-id", test_psa_instance(1));
    assert_identity(&s, 1, ATLS_REVOKED_SPKI, "attestation key",
                    test_hash(ATLS_ALG_SHA256, test_spki(key)));
}

/* docs/appraisal.md, "psa": R-39 and RFC 9783, 4.3.1. */
static void each_lifecycle_has_its_vector(void **state)
{
    (void)state;
    static const struct {
        int64_t high;
        bool debug;
        int8_t vector[ATLS_NUM_TRUST_CLAIMS];
    } rows[] = {
        {0x00, false, {96, 96, 3, 0, 96, 96, 96, 0}}, {0x10, false, {96, 96, 3, 0, 96, 96, 96, 0}},
        {0x20, false, {96, 96, 3, 0, 96, 96, 96, 0}}, {0x30, false, {2, 2, 3, 0, 2, 0, 0, 0}},
        {0x40, true, {2, 32, 3, 0, 2, 0, 0, 0}},      {0x50, true, {96, 96, 3, 0, 96, 96, 96, 0}},
        {0x60, false, {96, 96, 3, 0, 96, 96, 96, 0}},
    };
    static const int64_t low[] = {0x00, 0x01, 0xff};
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        for (size_t j = 0; j < ATLS_ARRAY_LEN(low); j++) {
            scene_init(&s, set, test_psa_nonce());
            test_psa_set(&token, TEST_PSA_LIFECYCLE, test_cbor_int(rows[i].high << 8 | low[j]));
            assert_err(appraise_token(&s, &token), OK);
            assert_memory_equal(s.submod.vector.claim, rows[i].vector, ATLS_NUM_TRUST_CLAIMS);
            assert_int_equal(s.submod.status, atls_vector_status(&s.submod.vector));
            assert_int_equal(s.submod.debug, rows[i].debug);
            if (rows[i].high == 0x30) {
                assert_err(s.submod.reason.err, OK);
            } else {
                assert_err(s.submod.reason.err, LIFECYCLE);
                assert_string_equal(s.submod.reason.claim, "psa-security-lifecycle");
                assert_string_equal(s.submod.reason.expected, "secured");
            }
        }
    }
}

/* unrecognised appraises a token with these components, and wants executables to be 33. */
static void unrecognised(struct scene *s, const struct atls_endorsements *endorsements,
                         const struct atls_bytes *components, size_t num)
{
    struct test_psa token;
    test_psa_init(&token, key, 1);
    test_psa_set(&token, TEST_PSA_COMPONENTS, test_array_encode(components, num));
    scene_init(s, endorsements, test_psa_nonce());
    assert_err(appraise_token(s, &token), OK);
    assert_vector(s, 2, 2, 33, 0, 2, 0, 0, 0);
    assert_int_equal(s->submod.status, ATLS_TIER_WARNING);
    assert_err(s->submod.reason.err, REFERENCE_VALUES);
    assert_string_equal(s->submod.reason.claim, "psa-software-components");
}

static void software_that_differs_in_anything_stated_is_not_recognised(void **state)
{
    (void)state;
    const struct atls_bytes value = test_fill(0xb1, 32);
    const struct atls_bytes signer = test_fill(0x51, 32);
    const struct atls_bytes good = test_psa_component("BL", "1.0.0", value, signer);
    const struct {
        struct atls_bytes component;
        const char *found, *expected;
    } rows[] = {
        {test_psa_component("BL", "1.0.0", test_fill(0xb9, 32), signer), "measured as b9b9",
         "b1b1"},
        {test_psa_component("BL", "1.0.0", test_fill(0xb1, 48), signer), "measured as b1b1",
         "b1b1"},
        {test_psa_component("BL", "1.0.0", value, test_fill(0x59, 32)), "signed by 5959", "5151"},
        {test_psa_component("BL", "0.9.0", value, signer), "in version 0.9.0", "1.0.0"},
        {test_psa_component("BL", NULL, value, signer), "in version ", "1.0.0"},
        {test_psa_component("BM", "1.0.0", value, signer), "BM", "that a reference value names"},
        {test_psa_component(NULL, "1.0.0", value, signer), "", "that a reference value names"},
        /* the second reference: a measurement of one component under another's signer */
        {test_psa_component("PRoT", "1.0.0", test_fill(0xb2, 48), signer), "signed by 5151",
         "5252"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        /* It makes no difference where among known ones it stands. */
        const struct atls_bytes components[] = {good, rows[i].component, good};
        unrecognised(&s, set, components, 3);
        assert_non_null(strstr(s.submod.reason.found, rows[i].found));
        assert_non_null(strstr(s.submod.reason.expected, rows[i].expected));
        unrecognised(&s, set, &rows[i].component, 1);
    }
}

static void a_reference_that_states_no_version_takes_any(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    static const char *const versions[] = {NULL, "", "9", "1.0.0"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(versions); i++) {
        const struct atls_bytes component =
            test_psa_component("PRoT", versions[i], test_fill(0xb2, 48), test_fill(0x52, 32));
        test_psa_init(&token, key, 1);
        test_psa_set(&token, TEST_PSA_COMPONENTS, test_array_encode(&component, 1));
        scene_init(&s, set, test_psa_nonce());
        assert_err(appraise_token(&s, &token), OK);
        assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    }
}

/* */
static void without_reference_values_nothing_is_recognised(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *other = test_endorsements();
    test_add_psa_key(other, test_psa_implementation(), test_psa_instance(1), key, false);
    const struct atls_bytes component =
        test_psa_component("BL", "1.0.0", test_fill(0xb1, 32), test_fill(0x51, 32));
    unrecognised(&s, other, &component, 1);
    assert_non_null(strstr(s.submod.reason.expected, "none is loaded for implementation-id 4949"));
    /* Those of another implementation do not count. */
    test_add_psa_component(other, test_fill(0x4a, 32), "BL", "1.0.0", test_fill(0xb1, 32),
                           test_fill(0x51, 32));
    unrecognised(&s, other, &component, 1);
    assert_non_null(strstr(s.submod.reason.expected, "none is loaded"));
}

static void a_simulation_is_a_warning_and_says_so(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    scene_init(&s, psa_endorsements(key, 1, true), test_psa_nonce());
    assert_err(appraise_token(&s, &token), OK);
    assert_vector(&s, 2, 2, 3, 0, 32, 0, 0, 0);
    assert_true(s.submod.simulated);
    assert_err(s.submod.reason.err, SIMULATED);
    /* A simulated machine in a bad state is no better for it. */
    test_psa_set(&token, TEST_PSA_LIFECYCLE, test_cbor_int(0x6000));
    assert_err(appraise_token(&s, &token), OK);
    assert_vector(&s, 96, 96, 3, 0, 96, 96, 96, 0);
    assert_true(s.submod.simulated);
    assert_err(s.submod.reason.err, LIFECYCLE);
    /* Of two warnings the one that a policy cannot set aside is the reason. */
    test_psa_set(&token, TEST_PSA_LIFECYCLE, test_cbor_int(0x3000));
    const struct atls_bytes unknown =
        test_psa_component("BL", "1.0.0", test_fill(0xb9, 32), test_fill(0x51, 32));
    test_psa_set(&token, TEST_PSA_COMPONENTS, test_array_encode(&unknown, 1));
    assert_err(appraise_token(&s, &token), OK);
    assert_vector(&s, 2, 2, 33, 0, 32, 0, 0, 0);
    assert_err(s.submod.reason.err, REFERENCE_VALUES);
}

/* */
static void a_nonce_that_is_not_this_one_is_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {32, 48, 64};
    struct scene s;
    struct test_psa token;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        const size_t len = lengths[i];
        test_psa_init(&token, key, 1);
        test_psa_set(&token, TEST_PSA_NONCE, test_cbor_fill(0x4e, len));
        const struct atls_bytes octets = test_psa_sign(&token);
        scene_init(&s, set, test_fill(0x4e, len));
        assert_err(appraise(&s, &atls_appraiser_psa, octets), OK);
        /* every other octet, every other length: truncated, padded, empty in the middle */
        for (size_t at = 0; at < len; at++) {
            const struct atls_buf other = test_room(len);
            memset(other.data, 0x4e, len);
            other.data[at] = 0x4f;
            scene_init(&s, set, atls_bytes_of(other.data, len));
            const enum atls_err err = appraise(&s, &atls_appraiser_psa, octets);
            assert_refused(&s, err, FRESHNESS, "psa-nonce");
            assert_null(strstr(s.diag.found, "4e4e")); /* no live nonce in a sentence */
            assert_null(strstr(s.diag.expected, "4e4e"));
        }
        for (size_t other = 1; other <= 64; other++) {
            scene_init(&s, set, test_fill(0x4e, other));
            const enum atls_err err = appraise(&s, &atls_appraiser_psa, octets);
            if (other != len) {
                assert_refused(&s, err, FRESHNESS, "psa-nonce");
            }
        }
    }
    /* A binder of 32 octets, padded with zeros to 64, is another nonce. */
    const struct atls_buf padded = test_room(64);
    memset(padded.data, 0, 64);
    memset(padded.data, 0x4e, 32);
    test_psa_init(&token, key, 1);
    test_psa_set(&token, TEST_PSA_NONCE, test_cbor_bytes(atls_bytes_of(padded.data, 64)));
    scene_init(&s, set, test_psa_nonce());
    const enum atls_err err = appraise_token(&s, &token);
    assert_refused(&s, err, FRESHNESS, "psa-nonce");
}

static void without_a_nonce_to_compare_it_is_a_warning_at_best(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    const struct atls_bytes none = {NULL, 0};
    test_psa_init(&token, key, 1);
    scene_init(&s, set, none);
    s.input.no_nonce = true;
    assert_err(appraise_token(&s, &token), OK);
    assert_vector(&s, 2, 36, 3, 0, 2, 0, 0, 0);
    assert_false(s.submod.fresh);
    assert_err(s.submod.reason.err, FRESHNESS);
}

static void the_key_binding_is_the_challenge_or_nothing(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    scene_init(&s, set, test_psa_nonce());
    assert_err(appraise_token(&s, &token), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
    s.input.tls_spki = test_spki(key);
    assert_err(appraise_token(&s, &token), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    const struct atls_bytes none = {NULL, 0};
    s.input.expected_nonce = none;
    s.input.no_nonce = true;
    assert_err(appraise_token(&s, &token), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
}

/* the machines A (instance 1) and B (instance 2) are both genuine. */
static void parts_of_two_machines_do_not_add_up(void **state)
{
    (void)state;
    struct scene s;
    struct atls_key *key_b = test_key(ATLS_CRV_P256);
    struct atls_endorsements *both = psa_endorsements(key, 1, false);
    test_add_psa_key(both, test_psa_implementation(), test_psa_instance(2), key_b, false);
    test_add_psa_key(both, test_fill(0x4a, 32), test_psa_instance(3), key_b, false);
    struct test_psa token;
    test_psa_init(&token, key_b, 2);
    scene_init(&s, both, test_psa_nonce());
    assert_err(appraise_token(&s, &token), OK);
    /* B signs and says that it is A; A's token with B's name. */
    test_psa_init(&token, key_b, 1);
    enum atls_err err = appraise_token(&s, &token);
    assert_refused(&s, err, SIGNATURE, "signature");
    test_psa_init(&token, key, 2);
    err = appraise_token(&s, &token);
    assert_refused(&s, err, SIGNATURE, "signature");
    /* A machine of another implementation that claims to be of this one. */
    test_psa_init(&token, key_b, 3);
    err = appraise_token(&s, &token);
    assert_refused(&s, err, NOT_ENDORSED, "psa-instance-id");
    /* The signature of one token on the claims of another, of one machine even. */
    struct test_psa a;
    test_psa_init(&a, key, 1);
    const struct atls_bytes first = test_psa_sign(&a);
    test_psa_set(&a, TEST_PSA_LIFECYCLE, test_cbor_int(0x3001));
    const struct atls_bytes second = test_psa_sign(&a);
    assert_int_equal(first.len, second.len);
    const struct atls_buf spliced = test_room(first.len);
    memcpy(spliced.data, first.data, first.len);
    memcpy(&spliced.data[first.len - 64], &second.data[first.len - 64], 64);
    err = appraise(&s, &atls_appraiser_psa, atls_bytes_of(spliced.data, spliced.cap));
    assert_refused(&s, err, SIGNATURE, "signature");
}

static void a_machine_that_nobody_endorsed_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 9);
    scene_init(&s, set, test_psa_nonce());
    enum atls_err err = appraise_token(&s, &token);
    assert_refused(&s, err, NOT_ENDORSED, "psa-instance-id");
    assert_non_null(strstr(s.diag.found, "01090909"));
    assert_non_null(strstr(s.diag.expected, "4949"));
    test_psa_init(&token, key, 1);
    scene_init(&s, test_endorsements(), test_psa_nonce());
    err = appraise_token(&s, &token);
    assert_refused(&s, err, NOT_ENDORSED, "psa-instance-id");
}

static void verified_claims_come_under_their_names(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, key, 1);
    scene_init(&s, set, test_psa_nonce());
    s.input.want_claims = true;
    assert_err(appraise_token(&s, &token), OK);
    assert_string_equal(
        s.submod.claims_json,
        "{\"eat_profile\":\"tag:psacertified.org,2023:psa#tfm\","
        "\"psa-nonce\":\"4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e\","
        "\"psa-instance-id\":"
        "\"010101010101010101010101010101010101010101010101010101010101010101\","
        "\"psa-implementation-id\":"
        "\"4949494949494949494949494949494949494949494949494949494949494949\","
        "\"psa-client-id\":-7,\"psa-security-lifecycle\":12288,"
        "\"psa-security-lifecycle-state\":\"secured\","
        "\"psa-boot-seed\":\"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0\","
        "\"psa-certification-reference\":\"1234567890123-12345\","
        "\"psa-verification-service-indicator\":\"verifier.example\","
        "\"psa-software-components\":["
        "{\"measurement-type\":\"BL\",\"measurement-value\":"
        "\"b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1\","
        "\"version\":\"1.0.0\",\"signer-id\":"
        "\"5151515151515151515151515151515151515151515151515151515151515151\"},"
        "{\"measurement-type\":\"PRoT\",\"measurement-value\":"
        "\"b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
        "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2\",\"version\":\"2.0.0\",\"signer-id\":"
        "\"5252525252525252525252525252525252525252525252525252525252525252\"}]}");
    scene_cleanup(&s);
}

/* Sentences are for people: here they are, whole. */
static void sentences_name_step_claim_found_and_expected(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    char sentence[1024];
    test_psa_init(&token, key, 1);
    test_psa_set(&token, TEST_PSA_LIFECYCLE, test_cbor_int(0x4000));
    scene_init(&s, set, test_psa_nonce());
    assert_err(appraise_token(&s, &token), OK);
    atls_diag_sentence(sentence, sizeof sentence, &s.submod.reason);
    assert_string_equal(sentence,
                        "evidence appraisal: the platform is not in a state that is trusted "
                        "(psa-security-lifecycle: found non-psa-rot-debug, expected secured)");
    test_psa_set(&token, TEST_PSA_NONCE, test_cbor_fill(0x4e, 48));
    assert_err(appraise_token(&s, &token), FRESHNESS);
    atls_diag_sentence(sentence, sizeof sentence, &s.diag);
    assert_string_equal(sentence, "evidence freshness: the Evidence is not shown to be fresh "
                                  "(psa-nonce: found 48 octets, expected 32 octets)");
}

int main(void)
{
    key = test_key(ATLS_CRV_P256);
    set = psa_endorsements(key, 1, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secured_device_with_known_software_is_affirmed),
        cmocka_unit_test(each_lifecycle_has_its_vector),
        cmocka_unit_test(software_that_differs_in_anything_stated_is_not_recognised),
        cmocka_unit_test(a_reference_that_states_no_version_takes_any),
        cmocka_unit_test(without_reference_values_nothing_is_recognised),
        cmocka_unit_test(a_simulation_is_a_warning_and_says_so),
        cmocka_unit_test(a_nonce_that_is_not_this_one_is_refused),
        cmocka_unit_test(without_a_nonce_to_compare_it_is_a_warning_at_best),
        cmocka_unit_test(the_key_binding_is_the_challenge_or_nothing),
        cmocka_unit_test(parts_of_two_machines_do_not_add_up),
        cmocka_unit_test(a_machine_that_nobody_endorsed_is_refused),
        cmocka_unit_test(verified_claims_come_under_their_names),
        cmocka_unit_test(sentences_name_step_claim_found_and_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
