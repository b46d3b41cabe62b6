/* SPDX-License-Identifier: Apache-2.0 */
/* Writing Results: computed tokens octet for octet, each flavour exact, and what is written is read
 * again as the same. */
#include "ear_samples.h"

#include "json/ear.h"
#include "json/ear_token.h"
#include "result/vector.h"

/* The claims of the computed CWT, deterministic. */
#define CWT_HEAD                                                                                   \
    "a6 04 1a6a18b310 06 1a6a18a500 0a 5820 "                                                      \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                             \
    "190109 781d 7461673a696574662e6f72672c323032363a726174732f656172233034 "                      \
    "19010a a1 6a 5041525345435f54504d a4 1903e8 02 1903e9 a3 0002 0202 0402 "                     \
    "1903eb 81 71 706f6c6963793a5041525345435f54504d 3a00011171 a1 65 616b707562 585b"
#define CWT_TAIL "1903ec a2 00 71 68747470733a2f2f762e6578616d706c65 01 62 7431"
#define CWT_SIGNATURE                                                                              \
    "94f15c588c701ec263dcb1b425f57444e25d96da7df78ab1dc7c11ec5e6c8c85f25f131b577bed09119c041f43e"  \
    "28ca5ce0d30aa03dcd00a7bd59fbd2f1ad405"

struct scene {
    struct atls_appraisal appraisal;
    struct atls_submod *submod;
    struct atls_ear_options options;
    uint8_t nonce[32];
};

static void scene_init(struct scene *s)
{
    static const struct atls_trust_vector vector = {{2, 0, 2, 0, 2, 0, 0, 0}};
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof s->nonce; i++) {
        s->nonce[i] = (uint8_t)i;
    }
    s->appraisal.num_submods = 1;
    s->submod = &s->appraisal.submods[0];
    s->submod->format = atls_format_by_name(atls_bytes_text("tpm2"));
    s->submod->vector = vector;
    s->submod->status = ATLS_TIER_AFFIRMING;
    s->submod->key_binding = ATLS_KEY_BINDING_HARDWARE;
    const struct atls_bytes spki = ear_octets(EAR_AKPUB);
    memcpy(s->submod->attested_spki, spki.data, spki.len);
    s->submod->attested_spki_len = spki.len;
    s->options.profile = ATLS_EAR_DRAFT_04;
    s->options.iat_s = 1780000000;
    s->options.exp_s = 1780003600;
    s->options.nonce = atls_bytes_of(s->nonce, 32);
    s->options.developer = "https://v.example";
    s->options.build = "t1";
}

static char *json_of(const struct scene *s)
{
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, &s->appraisal, &s->options, NULL), OK);
    char *text = atls_json_dump(claims);
    json_decref(claims);
    return text;
}

static void the_computed_cwt_is_reproduced_octet_for_octet(void **state)
{
    (void)state;
    struct scene s;
    struct atls_ear_made *made = NULL;
    struct atls_key *key = ear_key();
    struct atls_digest hash;
    uint8_t *cwt = NULL;
    size_t len = 0;
    scene_init(&s);
    assert_err(atls_ear_new(&made, &s.appraisal, &s.options, NULL), OK);
    assert_err(atls_ear_to_cbor(&cwt, &len, atls_ear_made_get(made), NULL), OK);
    const struct atls_bytes head = test_hex(CWT_HEAD);
    const struct atls_bytes tail = test_hex(CWT_TAIL);
    assert_int_equal(len, 266);
    assert_bytes(atls_bytes_of(cwt, head.len), head);
    assert_bytes(atls_bytes_of(&cwt[head.len], 91), ear_octets(EAR_AKPUB));
    assert_bytes(atls_bytes_of(&cwt[head.len + 91], len - head.len - 91), tail);
    free(cwt);

    assert_err(atls_ear_sign_cwt(&cwt, &len, atls_ear_made_get(made), atls_crypto_openssl(), key,
                                 NULL, NULL),
               OK);
    assert_int_equal(len, 342);
    assert_bytes(atls_bytes_of(&cwt[len - 64], 64), test_hex(CWT_SIGNATURE));
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(cwt, len), &hash), OK);
    assert_bytes(atls_digest_bytes(&hash),
                 test_hex("7ae46a475c8482ad4913aaef87a5b571bd643a7525f708556d00cb67bac090a6"));
    free(cwt);
    atls_key_free(key);
    atls_ear_made_free(made);
}

static void the_draft_s_names_are_exact(void **state)
{
    (void)state;
    static char claims[] = "{\"kid\":\"00\"}";
    struct scene s;
    scene_init(&s);
    s.submod->claims_json = claims;
    s.submod->simulated = true;
    s.submod->vector.claim[ATLS_TRUST_HARDWARE] = 32;
    s.submod->status = ATLS_TIER_WARNING;
    atls_fail(&s.submod->reason, ATLS_ERR_SIMULATED, "appraisal", NULL);
    s.options.issuer = "https://v.example";
    s.options.policy_id = "production-7";
    char *text = json_of(&s);
    assert_string_equal(
        text,
        "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iss\":\"https://v.example\","
        "\"iat\":1780000000,\"exp\":1780003600,\"ear_verifier_id\":{\"developer\":"
        "\"https://v.example\",\"build\":\"t1\"},"
        "\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"submods\":{\"PARSEC_TPM\":"
        "{"
        "\"ear_status\":\"warning\",\"ear_trustworthiness_vector\":{\"instance-identity\":2,"
        "\"executables\":2,\"hardware\":32},\"ear_appraisal_policy_ids\":[\"production-7\"],"
        "\"ear_attester_claims\":{\"kid\":\"00\"},\"ear_verifier_claims\":{\"problem\":"
        "\"appraisal: the Evidence comes from a simulated root of trust\"},"
        "\"ear_veraison_key_attestation\":{\"akpub\":\"" EAR_AKPUB "\"},\"simulated\":true}}}");
    free(text);
}

static void a_key_in_evidence_is_attested_whatever_the_connection(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.options.key_spki = atls_bytes_text("another");
    char *text = json_of(&s);
    assert_non_null(strstr(text, "{\"akpub\":\"" EAR_AKPUB "\"}"));
    free(text);
    s.submod->attested_spki_len = 0;
    text = json_of(&s);
    assert_non_null(strstr(text, "{\"akpub\":\"YW5vdGhlcg\"}"));
    free(text);
    s.submod->attested_spki_len = sizeof s.submod->attested_spki + 1;
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, &s.appraisal, &s.options, NULL), STATE);
}

static void a_confirmation_is_the_key_in_the_form_s_own_way(void **state)
{
    (void)state;
    struct scene s;
    struct atls_key *key = NULL;
    struct atls_ear_made *made = NULL;
    uint8_t *cwt = NULL;
    size_t len = 0;
    struct atls_cbor claims;
    struct atls_cbor cnf;
    struct atls_cbor cose;
    scene_init(&s);
    assert_err(atls_key_from_spki_der(&key, ear_octets(EAR_AKPUB), NULL), OK);
    atls_key_to_cose(key, &s.options.cnf);
    char *text = json_of(&s);
    assert_non_null(strstr(text, "\"cnf\":{\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":"
                                 "\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\",\"y\":"
                                 "\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}}"));
    free(text);
    assert_err(atls_ear_new(&made, &s.appraisal, &s.options, NULL), OK);
    assert_err(atls_ear_to_cbor(&cwt, &len, atls_ear_made_get(made), NULL), OK);
    assert_err(atls_cbor_parse(&claims, atls_bytes_of(cwt, len), 0, "test", NULL), OK);
    assert_true(atls_cbor_get(&claims, 8, &cnf) && atls_cbor_get(&cnf, 1, &cose));
    assert_int_equal(cose.encoded.len, 75);
    free(cwt);
    atls_ear_made_free(made);
    atls_key_free(key);
}

/* Raw Evidence: a record in draft 04, what is in the record in the dotted flavour. */
static void assert_raw(const char *cmw, enum atls_ear_profile profile, const char *expected)
{
    struct scene s;
    scene_init(&s);
    s.options.profile = profile;
    s.options.raw_evidence = test_hex(cmw);
    char *text = json_of(&s);
    if (strstr(text, expected) == NULL) {
        print_message("%s\n", text);
    }
    assert_non_null(strstr(text, expected));
    free(text);
}

static void raw_evidence_has_the_form_of_the_flavour(void **state)
{
    (void)state;
    static const char record[] = "83 6d 6170706c69636174696f6e2f78 43 010203 04";
    static const char collection[] = "a1 01 82 6d 6170706c69636174696f6e2f78 43 010203";
    static const char nothing[] = "ff 00";
    assert_raw(record, ATLS_EAR_VERAISON, "\"ear.raw-evidence\":\"AQID\"");
    assert_raw(record, ATLS_EAR_DRAFT_04, "\"ear_raw_evidence\":[\"application/x\",\"AQID\",4]");
    assert_raw(collection, ATLS_EAR_DRAFT_04,
               "\"ear_raw_evidence\":[\"application/cmw+cbor\",\"oQGCbWFwcGxpY2F0aW9uL3hDAQID\"]");
    assert_raw(nothing, ATLS_EAR_DRAFT_04,
               "\"ear_raw_evidence\":[\"application/octet-stream\",\"_wA\"]");
    assert_raw(nothing, ATLS_EAR_VERAISON, "\"ear.raw-evidence\":\"_wA\"");
}

/* ---- what is written is read ---- */

static void assert_same(const struct atls_ear *a, const struct atls_ear *b)
{
    assert_true(a->profile == b->profile && a->iat_s == b->iat_s && a->exp_s == b->exp_s &&
                a->has_nbf == b->has_nbf && a->nbf_s == b->nbf_s && a->status == b->status &&
                a->has_status == b->has_status && a->raw.present == b->raw.present &&
                a->cnf.has_key == b->cnf.has_key && a->num_submods == b->num_submods);
    assert_bytes(a->issuer, b->issuer);
    assert_bytes(a->jti, b->jti);
    assert_bytes(a->nonce, b->nonce);
    assert_bytes(a->developer, b->developer);
    assert_bytes(a->build, b->build);
    assert_bytes(a->raw.octets, b->raw.octets);
    for (size_t i = 0; i < a->num_submods; i++) {
        const struct atls_ear_submod *one = &a->submods[i];
        const struct atls_ear_submod *other = NULL;
        for (size_t j = 0; j < b->num_submods; j++) { /* CBOR sorts them */
            other = atls_bytes_equal(b->submods[j].name, one->name) ? &b->submods[j] : other;
        }
        assert_non_null(other);
        assert_true(one->status == other->status && one->simulated == other->simulated &&
                    one->has_vector == other->has_vector &&
                    one->num_policy_ids == other->num_policy_ids);
        assert_memory_equal(&one->vector, &other->vector, sizeof one->vector);
        assert_memory_equal(one->asserted, other->asserted, sizeof one->asserted);
        assert_bytes(one->akpub, other->akpub);
        assert_bytes(one->nonce, other->nonce);
        assert_bytes(one->problem, other->problem);
        json_t *claims = NULL;
        json_t *others = NULL;
        assert_err(atls_ear_value_json(&claims, &one->attester_claims, NULL), OK);
        assert_err(atls_ear_value_json(&others, &other->attester_claims, NULL), OK);
        assert_true((claims == NULL && others == NULL) || json_equal(claims, others) == 1);
        json_decref(claims);
        json_decref(others);
    }
}

static void a_result_survives_both_forms_and_flavours(void **state)
{
    (void)state;
    static const enum atls_ear_profile profiles[] = {ATLS_EAR_VERAISON, ATLS_EAR_DRAFT_04};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        struct atls_ear ear;
        struct atls_ear from_cbor;
        struct atls_ear from_json;
        struct atls_ear_json storage;
        struct atls_ear_json again;
        json_t *claims = NULL;
        uint8_t *cbor = NULL;
        size_t len = 0;
        assert_err(atls_ear_read_json(&ear, &storage, atls_bytes_text(EAR_WHOLE), NULL), OK);
        ear.profile = profiles[i];
        ear.raw.is_record = true;
        ear.raw.record.kind = ATLS_CMW_RECORD;
        ear.raw.record.media_type = atls_bytes_text("application/x");
        ear.raw.record.value = ear.raw.octets;
        if (profiles[i] == ATLS_EAR_VERAISON) {
            memset(&ear.topology, 0, sizeof ear.topology);
        }
        assert_err(atls_ear_to_cbor(&cbor, &len, &ear, NULL), OK);
        assert_err(atls_ear_read_cbor(&from_cbor, atls_bytes_of(cbor, len), NULL), OK);
        assert_same(&ear, &from_cbor);
        assert_err(atls_ear_to_json(&claims, &from_cbor, NULL), OK);
        char *text = atls_json_dump(claims);
        assert_err(atls_ear_read_json(&from_json, &again, atls_bytes_text(text), NULL), OK);
        assert_same(&ear, &from_json);
        free(text);
        json_decref(claims);
        free(cbor);
        atls_ear_json_cleanup(&again);
        atls_ear_json_cleanup(&storage);
    }
}

static void submods_are_in_the_order_of_cbor(void **state)
{
    (void)state;
    struct atls_ear ear;
    struct atls_ear_json storage;
    uint8_t *cbor = NULL;
    size_t len = 0;
    struct atls_cbor claims;
    struct atls_cbor submods;
    struct atls_cbor key;
    struct atls_cbor value;
    static const char *const expected[] = {"a", "b", "aa", "zz", "aaa"};
    assert_err(atls_ear_read_json(
                   &ear, &storage,
                   atls_bytes_text(
                       "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iat\":1,"
                       "\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"b\"},\"submods\":{"
                       "\"zz\":{\"ear_status\":0},\"b\":{\"ear_status\":0},\"aaa\":{\"ear_status\":"
                       "0},\"aa\":{\"ear_status\":0},\"a\":{\"ear_status\":0}}}"),
                   NULL),
               OK);
    assert_err(atls_ear_to_cbor(&cbor, &len, &ear, NULL), OK);
    assert_err(atls_cbor_parse(&claims, atls_bytes_of(cbor, len), 0, "test", NULL), OK);
    assert_true(atls_cbor_get(&claims, 266, &submods));
    struct atls_cbor_iter iter = atls_cbor_members(&submods);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(expected); i++) {
        assert_true(atls_cbor_next_pair(&iter, &key, &value));
        assert_true(atls_cbor_is_text(&key, expected[i]));
    }
    free(cbor);
    atls_ear_json_cleanup(&storage);
}

/* ---- what cannot be written ---- */

static void assert_unwritable(const struct atls_ear *ear, const char *claim)
{
    json_t *claims = NULL;
    uint8_t *cbor = NULL;
    size_t len = 0;
    struct atls_diag diag;
    const enum atls_err err = atls_ear_to_json(&claims, ear, &diag);
    assert_true(err == ATLS_ERR_ARGUMENT || err == ATLS_ERR_NONCE_LENGTH);
    assert_string_equal(diag.claim, claim);
    assert_int_equal(atls_ear_to_cbor(&cbor, &len, ear, &diag), err);
    assert_null(claims);
    assert_null(cbor);
}

static void what_a_flavour_has_no_form_for_is_not_written(void **state)
{
    (void)state;
    struct atls_ear good;
    struct atls_ear_json storage;
    json_t *claims = NULL;
    assert_err(atls_ear_read_json(&good, &storage, atls_bytes_text(EAR_WHOLE), NULL), OK);
    struct atls_ear ear = good; /* as it came: raw evidence without a type */
    assert_unwritable(&ear, "raw evidence");
    good.raw.present = false;
    assert_err(atls_ear_to_json(&claims, &good, NULL), OK);
    json_decref(claims);
    static const enum atls_ear_profile others[] = {ATLS_EAR_OTHER, ATLS_EAR_TRUSTEE, ATLS_EAR_2025,
                                                   ATLS_EAR_DRAFT_03};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        ear = good;
        ear.profile = others[i];
        assert_unwritable(&ear, "eat_profile");
    }
    ear = good;
    ear.profile = ATLS_EAR_VERAISON;
    assert_unwritable(&ear, "device topology");
    memset(&ear.topology, 0, sizeof ear.topology);
    ear.submods[0].num_policy_ids = 2;
    ear.submods[0].policy_ids[1] = ear.build;
    assert_unwritable(&ear, "policy ids");
    ear = good;
    ear.exp_s = ear.iat_s;
    assert_unwritable(&ear, "iat, exp");
    ear = good;
    ear.num_submods = 0;
    assert_unwritable(&ear, "submods");
    ear = good;
    ear.submods[1].name = ear.submods[0].name;
    assert_unwritable(&ear, "submods");
    ear = good;
    ear.submods[1].status = (enum atls_tier)3;
    assert_unwritable(&ear, "submods");
    ear = good;
    ear.build = atls_bytes_of("\xff", 1);
    assert_unwritable(&ear, "verifier id, iss");
    ear = good;
    ear.submods[0].policy_ids[0] = atls_bytes_of("\xc3", 1);
    assert_unwritable(&ear, "policy ids");
    ear = good;
    memset(ear.submods[0].asserted, 0, sizeof ear.submods[0].asserted);
    assert_unwritable(&ear, "trustworthiness vector");
    ear = good;
    ear.submods[0].nonce.len = 7;
    assert_unwritable(&ear, "eat_nonce");
    atls_ear_json_cleanup(&storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_computed_cwt_is_reproduced_octet_for_octet),
        cmocka_unit_test(the_draft_s_names_are_exact),
        cmocka_unit_test(a_key_in_evidence_is_attested_whatever_the_connection),
        cmocka_unit_test(a_confirmation_is_the_key_in_the_form_s_own_way),
        cmocka_unit_test(raw_evidence_has_the_form_of_the_flavour),
        cmocka_unit_test(a_result_survives_both_forms_and_flavours),
        cmocka_unit_test(submods_are_in_the_order_of_cbor),
        cmocka_unit_test(what_a_flavour_has_no_form_for_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
