/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passports as a Relying Party takes them: what becomes of each claim that is made wrong and signed
 * again by the Verifier that is listed, and what an appraisal says of what was taken.
 */
#include "support/keys.h"
#include "unit/json/ear_samples.h"

#include "codec/cmw.h"
#include "json/jws.h"
#include "result/revocation.h"
#include "verifier/passport.h"

#define NOW      1780000000
#define IDENTITY "https://v.example"
#define OTHER    "tag:other.example,2026:v"

/* A good one, of a TPM. */
#define GOOD                                                                                       \
    "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iss\":\"" IDENTITY "\","                 \
    "\"iat\":1780000000,\"exp\":1780003600,"                                                       \
    "\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"t1\"},"                                  \
    "\"submods\":{\"PARSEC_TPM\":{\"ear_status\":\"affirming\",\"ear_trustworthiness_vector\":{"   \
    "\"instance-identity\":2,\"executables\":3,\"hardware\":2},"                                   \
    "\"ear_veraison_key_attestation\":{\"akpub\":\"" EAR_AKPUB "\"}}}}"

/* One of Trustee's, as its key broker gives it. */
#define TRUSTEE                                                                                    \
    "{\"eat_profile\":\"tag:github.com,2024:confidential-containers/Trustee\","                    \
    "\"iss\":\"CoCo-Attestation-Service\",\"iat\":1780000000,\"exp\":1780000300,"                  \
    "\"ear.verifier-id\":{\"developer\":\"d\",\"build\":\"t1\"},"                                  \
    "\"submods\":{\"cpu0\":{\"ear.status\":\"affirming\",\"ear.trustworthiness-vector\":{"         \
    "\"instance-identity\":2,\"executables\":3,\"hardware\":2},"                                   \
    "\"ear.veraison.annotated-evidence\":{\"snp\":{},\"runtime_data_claims\":{"                    \
    "\"nonce\":\"AA==\",\"tee-pubkey\":{\"alg\":\"ECDH-ES+A256KW\",\"kty\":\"EC\","                \
    "\"crv\":\"P-256\",\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","                     \
    "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}}}}}}"
/* A point within a name is written as % in the paths below. */
#define ANNOTATED "submods.cpu0.ear%veraison%annotated-evidence."

static struct atls_key *key;
static struct verifier_trust *trust;
static struct atls_revoked_entry entry;

static int start(void **state)
{
    (void)state;
    char *pem = NULL;
    key = ear_key();
    assert_err(verifier_trust_new(&trust, NULL), OK);
    assert_err(atls_key_to_public_pem(&pem, key, NULL), OK);
    assert_err(verifier_trust_pin(trust, IDENTITY, atls_bytes_text(pem), NULL), OK);
    assert_err(verifier_trust_pin(trust, OTHER, atls_bytes_text(pem), NULL), OK);
    atls_pem_free(pem);
    assert_err(verifier_trust_fetch(trust, "a:b", "https://v.example/keys", NULL), OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    verifier_trust_free(trust);
    atls_key_free(key);
    return 0;
}

static struct atls_verify_request request_of(struct atls_bytes cmw)
{
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .cmw = cmw,
        .tls_spki = ear_octets(EAR_AKPUB),
        .now_s = NOW,
        .max_result_age_s = 300,
    };
    return request;
}

/* signed_cmw signs the claims as a JWT and wraps it as a handshake does. */
static struct atls_bytes signed_cmw(const json_t *claims)
{
    char *text = atls_json_dump(claims);
    char *token = NULL;
    assert_err(
        atls_jws_sign(&token, atls_crypto_openssl(), key, "JWT", NULL, atls_bytes_text(text), NULL),
        OK);
    const struct atls_buf room = test_room(strlen(token) + 32);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cmw_put_record_cf(&w, 264, atls_bytes_text(token), ATLS_CMW_RESULTS);
    assert_true(atls_writer_finish(&w, &len));
    free(token);
    free(text);
    return test_copy(atls_bytes_of(room.data, len));
}

static struct atls_bytes good_cmw(void)
{
    json_t *claims = ear_parse(GOOD);
    const struct atls_bytes cmw = signed_cmw(claims);
    json_decref(claims);
    return cmw;
}

/* appraise leaves *out untouched unless it succeeds. */
static enum atls_err appraise(struct atls_appraisal *out, const char *identity,
                              const struct atls_verify_request *request, struct atls_diag *diag)
{
    out->num_submods = 99;
    memset(diag, 0, sizeof *diag);
    const enum atls_err err =
        verifier_passport_appraise(out, trust, atls_bytes_text(identity), request, diag);
    assert_int_equal(diag->err, err);
    assert_true(err == ATLS_OK ? out->num_submods <= ATLS_MAX_SUBMODS : out->num_submods == 99);
    return err;
}

static void a_good_one_is_taken_for_what_it_says(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const struct atls_verify_request request = request_of(good_cmw());
    assert_err(appraise(&appraisal, IDENTITY, &request, &diag), OK);
    const struct atls_submod *submod = &appraisal.submods[0];
    assert_int_equal(appraisal.num_submods, 1);
    assert_string_equal(submod->format->name, "tpm2");
    assert_int_equal(submod->status, ATLS_TIER_AFFIRMING);
    assert_int_equal(submod->vector.claim[ATLS_TRUST_EXECUTABLES], 3);
    assert_int_equal(submod->key_binding, ATLS_KEY_BINDING_HARDWARE);
    assert_int_equal(submod->attested_key.len, 32);
    assert_int_equal(submod->machine.len, 0);
    assert_false(submod->simulated);
    assert_null(appraisal.storage);
}

/* The member at `path` becomes `value`, or, NULL, goes; then it is signed again. */
struct row {
    const char *path, *value;
    enum atls_err err;
    const char *claim;
};
static const struct row rows[] = {
    {"eat_profile", "\"tag:else.example,2026:x\"", ATLS_ERR_RESULT, "eat_profile"},
    {"aud", "\"https://else.example\"", ATLS_ERR_RESULT, "aud"},
    {"aud", "null", ATLS_ERR_RESULT, "aud"},
    {"iss", "\"" OTHER "\"", ATLS_ERR_RESULT, "iss"}, /* listed, but not negotiated */
    {"iss", NULL, ATLS_OK, ""},
    {"exp", "1779999941", ATLS_OK, ""}, /* 60 s of skew */
    {"exp", "1779999940", ATLS_ERR_RESULT_EXPIRED, "exp"},
    {"iat", "1779999640", ATLS_OK, ""},
    {"iat", "1779999639", ATLS_ERR_RESULT_EXPIRED, "iat"},
    {"iat", "1780000060", ATLS_OK, ""},
    {"iat", "1780000061", ATLS_ERR_RESULT_EXPIRED, "iat"},
    {"nbf", "1780000061", ATLS_ERR_RESULT_EXPIRED, "nbf"},
    {"eat_nonce", "\"AAECAwQFBgcICQ\"", ATLS_OK, ""}, /* of the Verifier and the Attester */
    {"submods.PARSEC_TPM.ear_status", "\"contraindicated\"", ATLS_ERR_STATUS,
     "PARSEC_TPM ear_status"},
    {"submods.PARSEC_TPM.ear_status", "\"warning\"", ATLS_OK, ""}, /* the policy's to judge */
    {"submods.PARSEC_TPM.ear_trustworthiness_vector.hardware", "96", ATLS_ERR_RESULT,
     "PARSEC_TPM ear_status"},
    {"submods.PARSEC_TPM.simulated", "true", ATLS_ERR_RESULT, "PARSEC_TPM hardware"},
    {"submods.PARSEC_TPM.ear_veraison_key_attestation", NULL, ATLS_ERR_KEY_BINDING,
     "key attestation, cnf"},
    {"submods.PARSEC_TPM.ear_veraison_key_attestation.akpub", "\"YWtwdWIK\"", ATLS_ERR_KEY_BINDING,
     "ear_veraison_key_attestation"},
    {"submods.MYSTERY", "{\"ear_status\":\"affirming\"}", ATLS_ERR_RESULT, "submods"},
};

static const struct row trustee_rows[] = {
    {"iss", "\"" IDENTITY "\"", ATLS_OK, ""},
    {"iss", "\"" OTHER "\"", ATLS_ERR_RESULT, "iss"}, /* a URI is an identity there too */
    {"iss", NULL, ATLS_OK, ""},
    /* Another profile: its issuer is no identity, and nobody has compared the key. */
    {"eat_profile", "\"tag:github.com,2023:veraison/ear\"", ATLS_ERR_KEY_BINDING,
     "key attestation, cnf"},
    {ANNOTATED "tdx", "1", ATLS_OK, ""},
    {ANNOTATED "tdx", "{}", ATLS_ERR_RESULT, "submods"},
    {ANNOTATED "snp", NULL, ATLS_ERR_RESULT, "submods"},
    {ANNOTATED "snp", "null", ATLS_ERR_RESULT, "submods"},
    {"submods.cpu1", "{\"ear.status\":\"affirming\"}", ATLS_ERR_RESULT, "submods"},
    {"submods.SEVSNP", "{\"ear.status\":\"affirming\"}", ATLS_ERR_RESULT, "submods"},
    {"submods.cpu0.ear%status", "\"contraindicated\"", ATLS_ERR_STATUS, "cpu0 ear_status"},
    {ANNOTATED "runtime_data_claims", NULL, ATLS_ERR_KEY_BINDING, "key attestation, cnf"},
    {ANNOTATED "runtime_data_claims.tee-pubkey", NULL, ATLS_ERR_KEY_BINDING,
     "key attestation, cnf"},
    {ANNOTATED "runtime_data_claims.tee-pubkey.x", "\"AA\"", ATLS_ERR_KEY_BINDING,
     "runtime_data_claims tee-pubkey"},
    {ANNOTATED "runtime_data_claims.tee-pubkey.y", NULL, ATLS_ERR_KEY_BINDING,
     "runtime_data_claims tee-pubkey"},
};

static char *plain(char *name)
{
    for (char *c = strchr(name, '%'); c != NULL; c = strchr(c, '%')) {
        *c = '.';
    }
    return name;
}

static json_t *changed(const char *base, const struct row *row)
{
    json_t *claims = ear_parse(base);
    json_t *object = claims;
    char copy[200];
    snprintf(copy, sizeof copy, "%s", row->path);
    char *name = copy;
    for (char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.')) {
        *dot = '\0';
        object = json_object_get(object, plain(name));
        assert_non_null(object);
        name = dot + 1;
    }
    name = plain(name);
    if (row->value == NULL) {
        assert_int_equal(json_object_del(object, name), 0);
    } else {
        json_object_set_new(object, name, json_loads(row->value, JSON_DECODE_ANY, NULL));
    }
    return claims;
}

static void judge_all(const char *base, const struct row *table, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct atls_appraisal appraisal;
        struct atls_diag diag;
        json_t *claims = changed(base, &table[i]);
        const struct atls_verify_request request = request_of(signed_cmw(claims));
        const enum atls_err err = appraise(&appraisal, IDENTITY, &request, &diag);
        if (err != table[i].err || strcmp(diag.claim, table[i].claim) != 0) {
            fail_msg("%s = %s: %s, claim \"%s\"", table[i].path,
                     table[i].value != NULL ? table[i].value : "(gone)", atls_err_name(err),
                     diag.claim);
        }
        json_decref(claims);
    }
}

static void every_claim_is_judged_when_it_is_signed_again(void **state)
{
    (void)state;
    judge_all(GOOD, rows, ATLS_ARRAY_LEN(rows));
    judge_all(TRUSTEE, trustee_rows, ATLS_ARRAY_LEN(trustee_rows));
}

static void one_of_trustee_is_of_the_machine_that_it_annotates(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    json_t *claims = ear_parse(TRUSTEE);
    const struct atls_verify_request request = request_of(signed_cmw(claims));
    json_decref(claims);
    assert_err(appraise(&appraisal, IDENTITY, &request, &diag), OK);
    assert_int_equal(appraisal.num_submods, 1);
    assert_string_equal(appraisal.submods[0].format->name, "snp");
    assert_int_equal(appraisal.submods[0].key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(appraisal.submods[0].attested_key.len, 32);
}

static void one_about_another_key_is_refused(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    struct atls_verify_request request = request_of(good_cmw());
    struct atls_key *other = NULL;
    uint8_t spki[200];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    assert_err(atls_key_generate(&other, ATLS_CRV_P256, NULL), OK);
    assert_err(atls_key_spki(other, room, &len), OK);
    request.tls_spki = atls_bytes_of(spki, len);
    assert_err(appraise(&appraisal, IDENTITY, &request, &diag), KEY_BINDING);
    request.tls_spki.len = 0;
    assert_err(appraise(&appraisal, IDENTITY, &request, &diag), ARGUMENT);
    atls_key_free(other);
}

static void a_submod_that_does_not_name_the_key_is_not_bound_to_it(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const struct row row = {"submods.PSA_IOT",
                            "{\"ear_status\":\"affirming\",\"ear_veraison_key_attestation\":"
                            "{\"akpub\":\"" EAR_AKPUB "\"}}",
                            ATLS_OK, ""};
    const struct row bare = {"submods.PSA_IOT", "{\"ear_status\":\"affirming\"}", ATLS_OK, ""};
    const enum atls_key_binding expected[] = {ATLS_KEY_BINDING_CHALLENGE, ATLS_KEY_BINDING_NONE};
    for (size_t i = 0; i < 2; i++) {
        json_t *claims = changed(GOOD, i == 0 ? &row : &bare);
        const struct atls_verify_request request = request_of(signed_cmw(claims));
        assert_err(appraise(&appraisal, IDENTITY, &request, &diag), OK);
        assert_int_equal(appraisal.num_submods, 2);
        for (size_t j = 0; j < 2; j++) {
            const bool is_psa = strcmp(appraisal.submods[j].format->name, "psa") == 0;
            assert_int_equal(appraisal.submods[j].key_binding,
                             is_psa ? expected[i] : ATLS_KEY_BINDING_HARDWARE);
        }
        json_decref(claims);
    }
}

static void a_key_of_the_verifier_that_is_revoked_signs_nothing(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    struct atls_verify_request request = request_of(good_cmw());
    uint8_t spki[200];
    const struct atls_buf room = {spki, sizeof spki};
    size_t len = 0;
    assert_err(atls_key_spki(key, room, &len), OK);
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, atls_bytes_of(spki, len));
    entry.kind = ATLS_REVOKED_VERIFIER_KEY;
    entry.len = (uint8_t)hash.len;
    entry.from_s = NOW;
    memcpy(entry.value, hash.data, hash.len);
    const struct atls_revocations list = {&entry, 1};
    request.revoked = &list;
    assert_err(appraise(&appraisal, IDENTITY, &request, &diag), REVOKED);
    assert_string_equal(diag.claim, "key of the Verifier");
    entry.from_s = NOW + 1;
    assert_err(appraise(&appraisal, IDENTITY, &request, &diag), OK);
}

static void only_listed_ones_with_pinned_keys_are_looked_at(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const struct atls_verify_request request = request_of(good_cmw());
    assert_err(appraise(&appraisal, "https://nobody.example", &request, &diag), STATE);
    assert_err(appraise(&appraisal, "a:b", &request, &diag), STATE);
    assert_err(appraise(&appraisal, OTHER, &request, &diag), RESULT);
    assert_string_equal(diag.claim, "iss");
}

static void every_bit_flip_and_every_prefix_is_refused(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const struct atls_bytes cmw = good_cmw();
    for (size_t len = 0; len < cmw.len; len++) {
        const struct atls_verify_request request = request_of(atls_bytes_of(cmw.data, len));
        assert_true(appraise(&appraisal, IDENTITY, &request, &diag) != ATLS_OK);
    }
    const struct atls_bytes copy = test_copy(cmw);
    uint8_t *octets = (uint8_t *)(uintptr_t)copy.data;
    for (size_t bit = 0; bit < 8 * cmw.len; bit++) {
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const struct atls_verify_request request = request_of(copy);
        if (appraise(&appraisal, IDENTITY, &request, &diag) == ATLS_OK) {
            /* the indicator, of which bits that are not registered are ignored (RFC 9999) */
            assert_int_equal(bit / 8, cmw.len - 1);
        }
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_is_taken_for_what_it_says),
        cmocka_unit_test(every_claim_is_judged_when_it_is_signed_again),
        cmocka_unit_test(one_of_trustee_is_of_the_machine_that_it_annotates),
        cmocka_unit_test(one_about_another_key_is_refused),
        cmocka_unit_test(a_submod_that_does_not_name_the_key_is_not_bound_to_it),
        cmocka_unit_test(a_key_of_the_verifier_that_is_revoked_signs_nothing),
        cmocka_unit_test(only_listed_ones_with_pinned_keys_are_looked_at),
        cmocka_unit_test(every_bit_flip_and_every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
