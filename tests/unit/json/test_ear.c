/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation Results as we write them: one computed token octet for octet, and every member. */
#include "ear_samples.h"

#include "json/ear.h"
#include "json/jws.h"
#include "result/vector.h"

#include <stdio.h>

static const char expected_payload[] =
    "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":1780000000,\"exp\":1780003600,"
    "\"ear.verifier-id\":{\"developer\":\"https://v.example\",\"build\":\"t1\"},\"eat_nonce\":"
    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"submods\":{\"PARSEC_TPM\":{"
    "\"ear.status\":\"affirming\",\"ear.trustworthiness-vector\":{\"instance-identity\":2,"
    "\"executables\":2,\"hardware\":2},\"ear.appraisal-policy-id\":\"policy:PARSEC_TPM\","
    "\"ear.veraison.key-attestation\":{\"akpub\":\"" EAR_AKPUB "\"}}}}";

struct scene {
    struct atls_appraisal appraisal;
    struct atls_submod *submod;
    struct atls_ear_options options;
    struct atls_diag diag;
    uint8_t nonce[64];
};

static void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof s->nonce; i++) {
        s->nonce[i] = (uint8_t)i;
    }
    s->appraisal.num_submods = 1;
    s->submod = &s->appraisal.submods[0];
    s->submod->format = atls_format_by_name(atls_bytes_text("tpm2"));
    s->submod->vector.claim[ATLS_TRUST_INSTANCE_IDENTITY] = 2;
    s->submod->vector.claim[ATLS_TRUST_EXECUTABLES] = 2;
    s->submod->vector.claim[ATLS_TRUST_HARDWARE] = 2;
    s->submod->status = ATLS_TIER_AFFIRMING;
    s->submod->fresh = true;
    s->submod->key_binding = ATLS_KEY_BINDING_HARDWARE;
    s->options.iat_s = 1780000000;
    s->options.exp_s = 1780003600;
    s->options.nonce = atls_bytes_of(s->nonce, 32);
    s->options.developer = "https://v.example";
    s->options.build = "t1";
}

static json_t *claims_of(struct scene *s)
{
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, &s->appraisal, &s->options, &s->diag), OK);
    assert_non_null(claims);
    return claims;
}

static const json_t *submod_of(const json_t *claims, const char *name)
{
    const json_t *submod = json_object_get(json_object_get(claims, "submods"), name);
    assert_non_null(submod);
    return submod;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static char *jwt_of(struct scene *s, const struct atls_key *key)
{
    struct atls_ear_made *made = NULL;
    char *jwt = NULL;
    assert_err(atls_ear_new(&made, &s->appraisal, &s->options, &s->diag), OK);
    assert_err(atls_ear_sign_jwt(&jwt, atls_ear_made_get(made), atls_crypto_openssl(), key, NULL,
                                 &s->diag),
               OK);
    atls_ear_made_free(made);
    return jwt;
}

static void the_computed_token_is_reproduced_octet_for_octet(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.options.key_spki = ear_octets(EAR_AKPUB);
    json_t *claims = claims_of(&s);
    char *payload = atls_json_dump(claims);
    assert_string_equal(payload, expected_payload);

    struct atls_digest hash;
    struct atls_key *key = ear_key();
    char *jwt = jwt_of(&s, key);
    assert_int_equal(strlen(jwt), 863);
    assert_string_equal(strrchr(jwt, '.') + 1,
                        "-O_yYhsIZt1yOL83vG3bxNOyCy8CKymjUKmKgrY0A_juRBZjPXzrRdInvDYsm14ppP6UDSNS"
                        "CXcUFXpbdfKDCA");
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_text(jwt), &hash), OK);
    assert_bytes(atls_digest_bytes(&hash),
                 test_hex("f898d592250ef47cf585f485d5f6b0a3835a10a75c23b56b39eb6d5b5780d625"));
    free(jwt);
    free(payload);
    atls_key_free(key);
    json_decref(claims);
}

static void a_signed_result_verifies_and_carries_the_claims(void **state)
{
    (void)state;
    struct scene s;
    struct atls_key *key = NULL;
    struct atls_jws jws;
    struct atls_bytes payload;
    memset(&jws, 0, sizeof jws);
    scene_init(&s);
    assert_err(atls_key_generate(&key, ATLS_CRV_P256, NULL), OK);
    json_t *claims = claims_of(&s);
    char *jwt = jwt_of(&s, key);
    assert_err(atls_jws_parse(&jws, atls_bytes_text(jwt), NULL), OK);
    assert_err(atls_jws_verify(&payload, atls_crypto_openssl(), key, &jws, NULL), OK);
    char *text = atls_json_dump(claims);
    assert_text(payload, text);
    free(text);
    atls_jws_cleanup(&jws);
    free(jwt);
    atls_key_free(key);
    json_decref(claims);
}

static void what_is_optional_is_left_out(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.options.exp_s = 0;
    s.options.nonce = atls_bytes_of(NULL, 0);
    json_t *claims = claims_of(&s);
    assert_false(atls_json_has(claims, "exp"));
    assert_false(atls_json_has(claims, "eat_nonce"));
    const json_t *submod = submod_of(claims, "PARSEC_TPM");
    assert_false(atls_json_has(submod, "ear.veraison.key-attestation"));
    assert_false(atls_json_has(submod, "ear.veraison.annotated-evidence"));
    assert_false(atls_json_has(submod, "ear.veraison.policy-claims"));
    assert_false(atls_json_has(submod, "simulated"));
    json_decref(claims);
}

static void a_simulated_root_is_marked(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->simulated = true;
    s.submod->vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE;
    s.submod->status = ATLS_TIER_WARNING;
    json_t *claims = claims_of(&s);
    const json_t *submod = submod_of(claims, "PARSEC_TPM");
    assert_true(json_is_true(json_object_get(submod, "simulated")));
    assert_string_equal(text_at(submod, "ear.status"), "warning");
    json_decref(claims);
}

static void a_status_is_never_better_than_the_vector(void **state)
{
    (void)state;
    static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                           ATLS_TIER_CONTRAINDICATED};
    for (size_t stated = 0; stated < ATLS_ARRAY_LEN(tiers); stated++) {
        for (int value = -128; value <= 127; value++) {
            struct scene s;
            scene_init(&s);
            s.submod->status = tiers[stated];
            s.submod->vector.claim[ATLS_TRUST_FILE_SYSTEM] = (int8_t)value;
            const enum atls_tier least = atls_vector_status(&s.submod->vector);
            const enum atls_tier written =
                atls_tier_worse(tiers[stated], least) ? tiers[stated] : least;
            json_t *claims = claims_of(&s);
            assert_string_equal(text_at(submod_of(claims, "PARSEC_TPM"), "ear.status"),
                                atls_tier_name(written));
            json_decref(claims);
        }
    }
}

static void a_vector_has_the_claims_that_assert_something(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        struct scene s;
        scene_init(&s);
        memset(&s.submod->vector, 0, sizeof s.submod->vector);
        s.submod->vector.claim[i] = -7;
        json_t *claims = claims_of(&s);
        const json_t *vector =
            json_object_get(submod_of(claims, "PARSEC_TPM"), "ear.trustworthiness-vector");
        assert_int_equal(json_object_size(vector), 1);
        const json_t *value =
            json_object_get(vector, atls_trust_claim_name((enum atls_trust_claim)i));
        assert_int_equal(json_integer_value(value), -7);
        json_decref(claims);
    }
}

static void a_vector_without_claims_is_left_out(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    memset(&s.submod->vector, 0, sizeof s.submod->vector);
    s.submod->status = ATLS_TIER_NONE;
    json_t *claims = claims_of(&s);
    const json_t *submod = submod_of(claims, "PARSEC_TPM");
    assert_false(atls_json_has(submod, "ear.trustworthiness-vector"));
    assert_string_equal(text_at(submod, "ear.status"), "none");
    json_decref(claims);
}

static void verified_claims_become_the_annotated_evidence(void **state)
{
    (void)state;
    static char object[] = "{\"psa-client-id\":1,\"nested\":{\"a\":[\"b\"]}}";
    struct scene s;
    scene_init(&s);
    s.submod->claims_json = object;
    json_t *claims = claims_of(&s);
    const json_t *evidence =
        json_object_get(submod_of(claims, "PARSEC_TPM"), "ear.veraison.annotated-evidence");
    char *text = atls_json_dump(evidence);
    assert_string_equal(text, object);
    free(text);
    json_decref(claims);

    static char broken[] = "{\"psa-client-id\":";
    s.submod->claims_json = broken;
    claims = NULL;
    assert_err(atls_ear_claims(&claims, &s.appraisal, &s.options, &s.diag), STATE);
    assert_null(claims);
}

static void the_cause_of_a_bad_status_is_the_problem(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.submod->vector.claim[ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED;
    s.submod->status = ATLS_TIER_WARNING;
    atls_fail_texts(&s.submod->reason, ATLS_ERR_REFERENCE_VALUES, "appraisal", "PCR 7", "01", "02");
    json_t *claims = claims_of(&s);
    const json_t *problem =
        json_object_get(submod_of(claims, "PARSEC_TPM"), "ear.veraison.policy-claims");
    assert_string_equal(text_at(problem, "problem"),
                        "appraisal: a measurement does not match the reference values (PCR 7: "
                        "found 01, expected 02)");
    json_decref(claims);
}

/* The Result names the policy: it does not call good what that refuses for a reason of its own. */
static void what_the_policy_refuses_is_not_affirming(void **state)
{
    (void)state;
    struct scene s;
    struct atls_diag refusal;
    scene_init(&s);
    assert_int_equal(s.submod->status, ATLS_TIER_AFFIRMING);
    s.options.policy_id = "production-7";
    s.options.refusal = &refusal;
    atls_fail_texts(&refusal, ATLS_ERR_REFERENCE_VALUES, "policy", "pcrs", "01", "02");
    json_t *claims = claims_of(&s);
    const json_t *submod = submod_of(claims, "PARSEC_TPM");
    assert_string_equal(text_at(submod, "ear.status"), "contraindicated");
    assert_string_equal(text_at(json_object_get(submod, "ear.veraison.policy-claims"), "problem"),
                        "policy: a measurement does not match the reference values (pcrs: found "
                        "01, expected 02)");
    json_decref(claims);

    /* A machine that is not wanted is not half wanted because its root is a simulation. */
    s.submod->vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE;
    s.submod->status = ATLS_TIER_WARNING;
    claims = claims_of(&s);
    assert_string_equal(text_at(submod_of(claims, "PARSEC_TPM"), "ear.status"), "warning");
    json_decref(claims);
    atls_fail_texts(&refusal, ATLS_ERR_MACHINE, "policy", "machine", "01", "02");
    claims = claims_of(&s);
    assert_string_equal(text_at(submod_of(claims, "PARSEC_TPM"), "ear.status"), "contraindicated");
    json_decref(claims);
}

static void a_policy_id_is_the_policys(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.options.policy_id = "production-7";
    json_t *claims = claims_of(&s);
    assert_string_equal(text_at(submod_of(claims, "PARSEC_TPM"), "ear.appraisal-policy-id"),
                        "production-7");
    json_decref(claims);
}

static void a_key_that_is_not_bound_is_not_attested(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.options.key_spki = ear_octets(EAR_AKPUB);
    s.submod->key_binding = ATLS_KEY_BINDING_NONE;
    json_t *claims = claims_of(&s);
    assert_false(atls_json_has(submod_of(claims, "PARSEC_TPM"), "ear.veraison.key-attestation"));
    json_decref(claims);
    s.submod->key_binding = ATLS_KEY_BINDING_CHALLENGE;
    claims = claims_of(&s);
    assert_string_equal(
        text_at(json_object_get(submod_of(claims, "PARSEC_TPM"), "ear.veraison.key-attestation"),
                "akpub"),
        EAR_AKPUB);
    json_decref(claims);
}

static void each_submod_has_its_own_name(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.appraisal.submods[1] = *s.submod;
    s.appraisal.submods[1].format = atls_format_by_name(atls_bytes_text("psa"));
    s.appraisal.num_submods = 2;
    json_t *claims = claims_of(&s);
    submod_of(claims, "PARSEC_TPM");
    submod_of(claims, "PSA_IOT");
    json_decref(claims);

    claims = NULL;
    s.appraisal.submods[1].format = s.submod->format;
    assert_err(atls_ear_claims(&claims, &s.appraisal, &s.options, &s.diag), STATE);
    s.appraisal.submods[1].format = NULL;
    assert_err(atls_ear_claims(&claims, &s.appraisal, &s.options, &s.diag), STATE);
    assert_null(claims);
}

static void a_nonce_has_8_to_64_octets_and_is_padded(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 64; len++) {
        struct scene s;
        json_t *claims = NULL;
        scene_init(&s);
        memset(s.nonce, 0xfb, sizeof s.nonce); /* writes - and _, not + and / */
        s.options.nonce.len = len;
        const enum atls_err err = atls_ear_claims(&claims, &s.appraisal, &s.options, &s.diag);
        if (len < 8) {
            assert_err(err, NONCE_LENGTH);
            assert_null(claims);
            continue;
        }
        assert_err(err, OK);
        const char *text = text_at(claims, "eat_nonce");
        assert_int_equal(strlen(text), (len + 2) / 3 * 4);
        assert_null(strpbrk(text, "+/"));
        assert_non_null(strchr(text, '-'));
        assert_int_equal(strlen(text) - strcspn(text, "="), (3 - len % 3) % 3);
        json_decref(claims);
    }
    struct scene s;
    json_t *claims = NULL;
    scene_init(&s);
    s.options.nonce.len = 65; /* refused before it is read */
    assert_err(atls_ear_claims(&claims, &s.appraisal, &s.options, &s.diag), NONCE_LENGTH);
}

static void assert_options_refused(const struct scene *s)
{
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, &s->appraisal, &s->options, NULL), ARGUMENT);
    assert_null(claims);
    struct atls_diag why;
    atls_fail(&why, ATLS_ERR_SIGNATURE, "x", "y");
    if (s->appraisal.num_submods == 1) {
        assert_err(atls_ear_error_claims(&claims, &why, NULL, &s->options, NULL), ARGUMENT);
        assert_null(claims);
    }
}

static void options_that_make_no_result_are_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.options.iat_s = 0; /* a clock that was never set */
    assert_options_refused(&s);
    scene_init(&s);
    s.options.exp_s = s.options.iat_s;
    assert_options_refused(&s);
    scene_init(&s);
    s.options.developer = NULL;
    assert_options_refused(&s);
    scene_init(&s);
    s.options.build = NULL;
    assert_options_refused(&s);
    scene_init(&s);
    s.appraisal.num_submods = 0;
    assert_options_refused(&s);
    s.appraisal.num_submods = ATLS_MAX_SUBMODS + 1;
    assert_options_refused(&s);
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, NULL, &s.options, NULL), ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_computed_token_is_reproduced_octet_for_octet),
        cmocka_unit_test(a_signed_result_verifies_and_carries_the_claims),
        cmocka_unit_test(what_is_optional_is_left_out),
        cmocka_unit_test(a_simulated_root_is_marked),
        cmocka_unit_test(a_status_is_never_better_than_the_vector),
        cmocka_unit_test(a_vector_has_the_claims_that_assert_something),
        cmocka_unit_test(a_vector_without_claims_is_left_out),
        cmocka_unit_test(verified_claims_become_the_annotated_evidence),
        cmocka_unit_test(the_cause_of_a_bad_status_is_the_problem),
        cmocka_unit_test(what_the_policy_refuses_is_not_affirming),
        cmocka_unit_test(a_policy_id_is_the_policys),
        cmocka_unit_test(a_key_that_is_not_bound_is_not_attested),
        cmocka_unit_test(each_submod_has_its_own_name),
        cmocka_unit_test(a_nonce_has_8_to_64_octets_and_is_padded),
        cmocka_unit_test(options_that_make_no_result_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
