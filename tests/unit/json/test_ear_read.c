/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Results: what every claim gives, in both flavours and both forms, and one change of each
 * claim after the other that makes it none. */
#include "ear_samples.h"

enum form { UNDERSCORE, DOTTED, CBOR, NUM_FORMS };

/* read_form reads `claims` in a form; the storage is for JSON. */
static enum atls_err read_form(struct atls_ear *out, struct atls_ear_json *storage,
                               const json_t *claims, enum form form, struct atls_diag *diag)
{
    memset(storage, 0, sizeof *storage);
    if (form == CBOR) {
        return atls_ear_read_cbor(out, ear_cbor(claims), diag);
    }
    json_t *dotted = form == DOTTED ? ear_dotted(claims) : NULL;
    char *text = atls_json_dump(dotted != NULL ? dotted : claims);
    const enum atls_err err =
        atls_ear_read_json(out, storage, test_copy(atls_bytes_text(text)), diag);
    free(text);
    json_decref(dotted);
    return err;
}

static void assert_whole(const struct atls_ear *ear, enum form form)
{
    static const int8_t vector[] = {2, 0, 3, 1, 32, -32, 2, -1};
    const struct atls_ear_submod *tpm = &ear->submods[0];
    assert_int_equal(ear->profile, ATLS_EAR_DRAFT_04);
    assert_text(ear->profile_text, "tag:ietf.org,2026:rats/ear#04");
    assert_true(ear->iat_s == 1780000000 && ear->has_exp && ear->exp_s == 1780003600 &&
                ear->has_nbf && ear->nbf_s == 1780000000);
    assert_text(ear->issuer, "https://v.example");
    assert_text(ear->jti, "id-1");
    assert_text(ear->developer, "https://v.example");
    assert_text(ear->build, "t1");
    assert_int_equal(ear->nonce.len, 32);
    assert_true(ear->nonce.data[31] == 31);
    assert_true(ear->raw.present && !ear->raw.is_record);
    assert_text(ear->raw.octets, "lifeboatman");
    assert_true(ear->has_status && ear->status == ATLS_TIER_WARNING);
    assert_true(form == CBOR ? ear->topology.cbor.len != 0 : ear->topology.json != NULL);
    assert_int_equal(ear->num_submods, 2);
    assert_text(tpm->name, "TPM");
    assert_int_equal(tpm->status, ATLS_TIER_WARNING);
    assert_true(tpm->has_vector && tpm->simulated);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        assert_true(tpm->asserted[i]);
        assert_int_equal(tpm->vector.claim[i], vector[i]);
    }
    assert_int_equal(tpm->nonce.len, 8);
    assert_int_equal(tpm->num_policy_ids, 1);
    assert_text(tpm->policy_ids[0], "policy:TPM");
    assert_bytes(tpm->akpub, ear_octets(EAR_AKPUB));
    assert_text(tpm->problem, "simulated");
    assert_true(form == CBOR ? tpm->teep_claims.cbor.len != 0 : tpm->teep_claims.json != NULL);
    assert_text(ear->submods[1].name, "PSA");
    assert_true(ear->submods[1].status == ATLS_TIER_NONE && !ear->submods[1].has_vector);
    json_t *attester = NULL;
    json_t *expected = ear_parse("{\"k1\":[1,\"v\"]}");
    assert_err(atls_ear_value_json(&attester, &tpm->attester_claims, NULL), OK);
    assert_int_equal(json_equal(attester, expected), 1);
    json_decref(attester);
    json_decref(expected);
}

static void every_claim_is_read_in_every_form(void **state)
{
    (void)state;
    json_t *claims = ear_parse(EAR_WHOLE);
    for (enum form form = UNDERSCORE; form < NUM_FORMS; form++) {
        struct atls_ear ear;
        struct atls_ear_json storage;
        assert_err(read_form(&ear, &storage, claims, form, NULL), OK);
        assert_whole(&ear, form);
        atls_ear_json_cleanup(&storage);
    }
    json_decref(claims);
}

/* One change: the member at `path` ("submods.TPM.ear_status") becomes `value`, or, NULL, goes. */
struct change {
    const char *path;
    const char *value;
    const char *claim; /* of the refusal; NULL: accepted */
    bool json_only;
};

static json_t *changed(const char *path, const char *value)
{
    json_t *claims = ear_parse(EAR_WHOLE);
    json_t *object = claims;
    char copy[200];
    snprintf(copy, sizeof copy, "%s", path);
    char *name = copy;
    for (char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.')) {
        *dot = '\0';
        object = json_object_get(object, name);
        assert_non_null(object);
        name = dot + 1;
    }
    if (value == NULL) {
        assert_int_equal(json_object_del(object, name), 0);
    } else {
        json_error_t error;
        json_t *member = json_loads(value, JSON_DECODE_ANY, &error);
        assert_non_null(member);
        json_object_set_new(object, name, member);
    }
    return claims;
}

static void assert_change(const struct change *change)
{
    json_t *claims = changed(change->path, change->value);
    for (enum form form = UNDERSCORE; form < NUM_FORMS; form++) {
        struct atls_ear ear;
        struct atls_ear_json storage;
        struct atls_diag diag = {.err = ATLS_OK};
        if (form == CBOR && change->json_only) {
            continue;
        }
        const enum atls_err err = read_form(&ear, &storage, claims, form, &diag);
        const bool accepted = change->claim == NULL;
        if ((err == ATLS_OK) != accepted || (!accepted && strcmp(diag.claim, change->claim) != 0)) {
            fail_msg("%s = %s in form %d: %s, claim \"%s\"", change->path,
                     change->value != NULL ? change->value : "(gone)", (int)form,
                     atls_err_name(err), diag.claim);
        }
        if (!accepted) {
            assert_err(err, RESULT);
            assert_string_equal(diag.step, "Attestation Result");
            assert_true(diag.expected[0] != '\0');
            assert_null(storage.claims);
        }
        atls_ear_json_cleanup(&storage);
    }
    json_decref(claims);
}

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_1024                                                                                  \
    "\"" LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64   \
        LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 "\""
#define TEXT_1025                                                                                  \
    "\"x" LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64  \
        LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 "\""
#define NONCE_64                                                                                   \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define STATUS   "submods.TPM.ear_status"
#define VECTOR   "submods.TPM.ear_trustworthiness_vector"
#define POLICIES "submods.TPM.ear_appraisal_policy_ids"
#define KEY      "submods.TPM.ear_veraison_key_attestation"

static void what_must_be_there_is_missed_by_its_name(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"eat_profile", NULL, "eat_profile", false},
        {"iat", NULL, "iat", false},
        {"ear_verifier_id", NULL, "ear_verifier_id", false},
        {"ear_verifier_id.developer", NULL, "developer", false},
        {"ear_verifier_id.build", NULL, "build", false},
        {"submods", NULL, "submods", false},
        {STATUS, NULL, "TPM ear_status", false},
        {KEY ".akpub", NULL, "TPM akpub", false},
        {"exp", NULL, NULL, false},
        {"nbf", NULL, NULL, false},
        {"jti", NULL, NULL, false},
        {"iss", NULL, NULL, false},
        {"eat_nonce", NULL, NULL, false},
        {"ear_status", NULL, NULL, false},
        {"ear_raw_evidence", NULL, NULL, false},
        {"ear_device_topology", NULL, NULL, false},
        {VECTOR, NULL, NULL, false},
        {POLICIES, NULL, NULL, false},
        {KEY, NULL, NULL, false},
        {"submods.TPM.simulated", NULL, NULL, false},
        {"submods.TPM.ear_attester_claims", NULL, NULL, false},
        {"submods.TPM.ear_verifier_claims", NULL, NULL, false},
        {"submods.TPM.ear_teep_claims", NULL, NULL, false},
        {"submods.PSA", NULL, NULL, false},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(changes); i++) {
        assert_change(&changes[i]);
    }
}

static void values_of_another_type_or_range_are_refused(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"eat_profile", "1", "eat_profile", false},
        {"eat_profile", TEXT_1025, "eat_profile", false},
        {"eat_profile", TEXT_1024, NULL, false}, /* another profile is for the terms to refuse */
        {"iat", "\"1\"", "iat", false},
        {"iat", "-1", "iat", false},
        {"iat", "0", NULL, false},
        {"iat", "253402300799", NULL, false},
        {"iat", "253402300800", "iat", false},
        {"iat", "1780000000.0", NULL, true},
        {"iat", "1.78e9", NULL, true},
        {"iat", "1780000000.5", "iat", true},
        {"iat", "1e300", "iat", true},
        {"iat", "null", "iat", false},
        {"exp", "true", "exp", false},
        {"nbf", "[]", "nbf", false},
        {"iss", "1", "iss", false},
        {"iss", TEXT_1025, "iss", false},
        {"jti", "{}", "jti", false},
        {"jti", TEXT_1025, "jti", false},
        {"ear_verifier_id", "\"v\"", "ear_verifier_id", false},
        {"ear_verifier_id.developer", "1", "developer", false},
        {"ear_verifier_id.build", "[]", "build", false},
        {"ear_verifier_id.build", "\"\"", NULL, false},
        {"eat_nonce", "\"AAECAwQFBg\"", "eat_nonce", false},   /* 7 octets */
        {"eat_nonce", "\"AAECAwQFBgc\"", NULL, false},         /* 8 */
        {"eat_nonce", "\"AAECAwQFBgc=\"", NULL, true},         /* padded */
        {"eat_nonce", "\"AAECAwQFBgc==\"", "eat_nonce", true}, /* padded too much */
        {"eat_nonce", "\"AAECAwQFBgc=AAA\"", "eat_nonce", true},
        {"eat_nonce", "\"AAECAwQFB+c\"", "eat_nonce", true}, /* the other alphabet */
        {"eat_nonce", "\"" NONCE_64 "\"", NULL, false},
        {"eat_nonce", "\"" NONCE_64 "==\"", NULL, true},
        {"eat_nonce", "\"" NONCE_64 "AA\"", "eat_nonce", false}, /* 66 */
        {"eat_nonce", "[\"AAECAwQFBgc\"]", "eat_nonce", false},
        {"ear_status", "\"good\"", "ear_status", false},
        {"ear_status", "1", "ear_status", false},
        {"ear_status", "97", "ear_status", false},
        {"ear_status", "-1", "ear_status", false},
        {"ear_status", "96", NULL, false},
        {"ear_raw_evidence", "1", "ear_raw_evidence", false},
        {"ear_raw_evidence", "{}", "ear_raw_evidence", false},
        {"ear_raw_evidence", "[]", "ear_raw_evidence", false},
        {"ear_raw_evidence", "\"a\"", "ear_raw_evidence", true},
        {"submods", "[]", "submods", false},
        {"submods", "{}", "submods", false},
        {"submods.PSA", "\"affirming\"", "PSA submod", false},
        {"submods.PSA", "[]", "PSA submod", false},
        {"submods." LONG_64, "{\"ear_status\":\"none\"}", NULL, false},
        {"submods.x" LONG_64, "{\"ear_status\":\"none\"}", "submods", false},
        {"submods.", "{\"ear_status\":\"none\"}", "submods", false},
        {"ear_device_topology", "[]", "ear_device_topology", false},
        {"ear_device_topology", "{}", "ear_device_topology", false},
        {"ear_device_topology", "{\"TPM\":[]}", "ear_device_topology", false},
        {"ear_device_topology", "{\"TPM\":\"PSA\"}", "ear_device_topology", false},
        {"ear_device_topology", "{\"TPM\":[1]}", "ear_device_topology", false},
        {"cnf", "1", "cnf", false},
        {"cnf", "{}", "cnf", false},
        {"cnf", "{\"kid\":\"k\"}", "cnf", false},
        {"cnf", "{\"jkt\":\"" EAR_JKT "\"}", NULL, true},
        {"cnf", "{\"jkt\":\"AAAA\"}", "cnf jkt", true},
        {"cnf", "{\"jkt\":1}", "cnf jkt", true},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(changes); i++) {
        assert_change(&changes[i]);
    }
}

static void values_in_a_submod_of_another_type_or_range_are_refused(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {STATUS, "\"Affirming\"", "TPM ear_status", false},
        {STATUS, "true", "TPM ear_status", false},
        {STATUS, "3", "TPM ear_status", false},
        {STATUS, "2", NULL, false},
        {STATUS, "2.0", NULL, true},
        {VECTOR, "{}", "TPM ear_trustworthiness_vector", false},
        {VECTOR, "[2]", "TPM ear_trustworthiness_vector", false},
        {VECTOR, "{\"unknown\":2}", NULL, false},
        {VECTOR ".hardware", "128", "TPM hardware", false},
        {VECTOR ".hardware", "127", NULL, false},
        {VECTOR ".hardware", "-129", "TPM hardware", false},
        {VECTOR ".hardware", "-128", NULL, false},
        {VECTOR ".hardware", "\"genuine\"", "TPM hardware", false},
        {VECTOR ".sourced-data", "null", "TPM sourced-data", false},
        {POLICIES, "\"policy\"", NULL, false},
        {POLICIES, "[]", "TPM ear_appraisal_policy_ids", false},
        {POLICIES, "{}", "TPM ear_appraisal_policy_ids", false},
        {POLICIES, "[1]", "TPM ear_appraisal_policy_ids", true},
        {POLICIES, TEXT_1025, "TPM ear_appraisal_policy_ids", false},
        {POLICIES, "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]", NULL, false},
        {POLICIES, "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]",
         "TPM ear_appraisal_policy_ids", false},
        {KEY, "\"" EAR_AKPUB "\"", "TPM ear_veraison_key_attestation", false},
        {KEY ".akpub", "1", "TPM akpub", false},
        {KEY ".akpub", "\"\"", "TPM akpub", false},
        {KEY ".akpub", "\"YWtwdWIK\"", NULL, false}, /* what it is, is for the comparison */
        {"submods.TPM.simulated", "1", "TPM simulated", false},
        {"submods.TPM.simulated", "false", NULL, false},
        {"submods.TPM.eat_nonce", "\"AAECAwQFBg\"", "TPM eat_nonce", false},
        {"submods.TPM.ear_attester_claims", "[]", "TPM ear_attester_claims", false},
        {"submods.TPM.ear_verifier_claims", "\"x\"", "TPM ear_verifier_claims", false},
        {"submods.TPM.ear_verifier_claims.problem", "1", NULL, false},
        {"submods.TPM.ear_teep_claims", "1", "TPM ear_teep_claims", false},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(changes); i++) {
        assert_change(&changes[i]);
    }
}

static void a_claim_in_two_spellings_is_refused(void **state)
{
    (void)state;
    static const char *const pairs[][3] = {
        {"", "ear_status", "ear.status"},
        {"", "ear_raw_evidence", "ear.raw-evidence"},
        {"", "ear_verifier_id", "ear.verifier-id"},
        {"TPM ", "ear_status", "ear.status"},
        {"TPM ", "ear_trustworthiness_vector", "ear.trustworthiness-vector"},
        {"TPM ", "ear_appraisal_policy_ids", "ear.appraisal-policy-id"},
        {"TPM ", "ear_attester_claims", "ear.veraison.annotated-evidence"},
        {"TPM ", "ear_attester_claims", "ear_veraison_annotated_evidence"},
        {"TPM ", "ear_verifier_claims", "ear.veraison.policy-claims"},
        {"TPM ", "ear_verifier_claims", "ear_veraison_policy_claims"},
        {"TPM ", "ear_veraison_key_attestation", "ear.veraison.key-attestation"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(pairs); i++) {
        json_t *claims = ear_parse(EAR_WHOLE);
        struct atls_ear ear;
        struct atls_ear_json storage;
        struct atls_diag diag;
        char expected[80];
        json_t *object = claims;
        if (pairs[i][0][0] != '\0') {
            object = json_object_get(json_object_get(claims, "submods"), "TPM");
        }
        json_t *one = json_object_get(object, pairs[i][1]);
        assert_non_null(one);
        json_object_set(object, pairs[i][2], one); /* the same value, even */
        snprintf(expected, sizeof expected, "%s%s", pairs[i][0], pairs[i][1]);
        assert_err(read_form(&ear, &storage, claims, UNDERSCORE, &diag), RESULT);
        assert_string_equal(diag.claim, expected);
        assert_string_equal(diag.found, "the claim in two spellings");
        if (strncmp(pairs[i][2], "ear_veraison", 12) == 0) { /* two labels in CBOR */
            assert_err(read_form(&ear, &storage, claims, CBOR, &diag), RESULT);
            assert_string_equal(diag.claim, expected);
        }
        json_decref(claims);
    }
}

/* The drafts' names for what services of today call otherwise, in one token. */
static void spellings_of_different_claims_may_mix(void **state)
{
    (void)state;
    struct atls_ear ear;
    struct atls_ear_json storage;
    static const char text[] =
        "{\"eat_profile\":\"tag:github.com,2024:confidential-containers/Trustee\",\"iat\":1,"
        "\"ear.verifier-id\":{\"developer\":\"d\",\"build\":\"b\"},\"submods\":{\"cpu0\":{"
        "\"ear.status\":\"affirming\",\"ear_attester_claims\":{\"init_data_claims\":null},"
        "\"ear_veraison_policy_claims\":{\"problem\":\"p\"}}}}";
    assert_err(atls_ear_read_json(&ear, &storage, atls_bytes_text(text), NULL), OK);
    assert_int_equal(ear.profile, ATLS_EAR_TRUSTEE);
    assert_non_null(ear.submods[0].attester_claims.json);
    assert_text(ear.submods[0].problem, "p");
    atls_ear_json_cleanup(&storage);
}

static void raw_evidence_may_be_a_record(void **state)
{
    (void)state;
    struct atls_ear ear;
    struct atls_ear_json storage;
    json_t *claims = changed("ear_raw_evidence", "[\"application/x\",\"bGlmZWJvYXRtYW4\",4]");
    assert_err(read_form(&ear, &storage, claims, UNDERSCORE, NULL), OK);
    assert_true(ear.raw.present && ear.raw.is_record && ear.raw.record.ind == 4);
    assert_text(ear.raw.record.media_type, "application/x");
    assert_text(ear.raw.octets, "lifeboatman");
    atls_ear_json_cleanup(&storage);
    json_decref(claims);
    claims = changed("ear_raw_evidence", "{\"__cmwc_t\":\"tag:x\"}"); /* a collection is none */
    assert_err(read_form(&ear, &storage, claims, UNDERSCORE, NULL), RESULT);
    json_decref(claims);
}

static void a_private_key_confirms_nothing(void **state)
{
    (void)state;
    struct atls_ear ear;
    struct atls_ear_json storage;
    struct atls_diag diag;
    json_t *claims = changed("cnf", "{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                                    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"d\":"
                                    "\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}}");
    assert_err(read_form(&ear, &storage, claims, UNDERSCORE, &diag), RESULT);
    assert_string_equal(diag.claim, "cnf jwk");
    json_t *jwk = json_object_get(json_object_get(claims, "cnf"), "jwk");
    json_object_del(jwk, "d");
    assert_err(read_form(&ear, &storage, claims, UNDERSCORE, &diag), OK);
    assert_true(ear.cnf.has_key && ear.cnf.key.crv == ATLS_CRV_ED25519);
    atls_ear_json_cleanup(&storage);
    json_object_set_new(jwk, "kty", json_string("oct"));
    assert_err(read_form(&ear, &storage, claims, UNDERSCORE, &diag), RESULT);
    json_decref(claims);
}

static void more_than_eight_submods_are_refused(void **state)
{
    (void)state;
    for (int count = 7; count <= 10; count++) {
        json_t *claims = ear_parse(EAR_WHOLE);
        json_t *submods = json_object_get(claims, "submods");
        while (json_object_size(submods) < (size_t)count) {
            char name[8];
            snprintf(name, sizeof name, "m%zu", json_object_size(submods));
            json_object_set_new(submods, name, json_pack("{s:s}", "ear_status", "none"));
        }
        for (enum form form = UNDERSCORE; form < NUM_FORMS; form++) {
            struct atls_ear ear;
            struct atls_ear_json storage;
            const enum atls_err err = read_form(&ear, &storage, claims, form, NULL);
            assert_int_equal(err, count <= 8 ? ATLS_OK : ATLS_ERR_RESULT);
            atls_ear_json_cleanup(&storage);
        }
        json_decref(claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_claim_is_read_in_every_form),
        cmocka_unit_test(what_must_be_there_is_missed_by_its_name),
        cmocka_unit_test(values_of_another_type_or_range_are_refused),
        cmocka_unit_test(values_in_a_submod_of_another_type_or_range_are_refused),
        cmocka_unit_test(a_claim_in_two_spellings_is_refused),
        cmocka_unit_test(spellings_of_different_claims_may_mix),
        cmocka_unit_test(raw_evidence_may_be_a_record),
        cmocka_unit_test(a_private_key_confirms_nothing),
        cmocka_unit_test(more_than_eight_submods_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
