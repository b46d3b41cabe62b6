/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as a Relying Party takes them. Each claim is made wrong in its turn and signed again by
 * the listed Verifier, in both flavours of a JWT and as CWT: the table says what comes of it.
 */
#include "unit/json/ear_samples.h"

#include "codec/cmw.h"
#include "json/jws.h"
#include "verifier/result.h"

#define NOW 1780000000

/* A passport that is good. */
#define PASSPORT                                                                                   \
    "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iss\":\"https://v.example\","            \
    "\"iat\":1780000000,\"exp\":1780003600,"                                                       \
    "\"ear_verifier_id\":{\"developer\":\"https://v.example\",\"build\":\"t1\"},"                  \
    "\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\","                               \
    "\"submods\":{\"TPM\":{\"ear_status\":\"affirming\",\"ear_trustworthiness_vector\":{"          \
    "\"instance-identity\":2,\"executables\":3,\"hardware\":2},"                                   \
    "\"ear_appraisal_policy_ids\":[\"policy:TPM\"],"                                               \
    "\"ear_veraison_key_attestation\":{\"akpub\":\"" EAR_AKPUB "\"}},"                             \
    "\"PSA\":{\"ear_status\":\"affirming\"}}}"

static struct atls_key *key;
static struct atls_jwk_set keys;
static uint8_t nonce[32];

static int make_key(void **state)
{
    (void)state;
    key = ear_key();
    keys.num_keys = 1;
    keys.keys[0].key = key;
    for (size_t i = 0; i < sizeof nonce; i++) {
        nonce[i] = (uint8_t)i;
    }
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    atls_key_free(key);
    return 0;
}

static struct atls_result_request request_of(void)
{
    const struct atls_result_request request = {
        .crypto = atls_crypto_openssl(),
        .keys = &keys,
        .terms = {.now_s = NOW,
                  .max_age_s = 300,
                  .nonce = {nonce, sizeof nonce},
                  .issuer = "https://v.example",
                  .developer = "https://v.example"},
        .tls_spki = ear_octets(EAR_AKPUB),
    };
    return request;
}

enum form { UNDERSCORE, DOTTED, CBOR, NUM_FORMS };

static struct atls_bytes sign(const json_t *claims, enum form form)
{
    if (form == CBOR) {
        const struct atls_buf room = test_room(4096);
        const struct atls_bytes no_kid = {NULL, 0};
        size_t len = 0;
        assert_err(atls_ear_cwt_sign(atls_crypto_openssl(), room, &len, ATLS_ALG_EDDSA, key, no_kid,
                                     ear_cbor(claims), NULL),
                   OK);
        return test_copy(atls_bytes_of(room.data, len));
    }
    json_t *dotted = form == DOTTED ? ear_dotted(claims) : NULL;
    char *text = atls_json_dump(dotted != NULL ? dotted : claims);
    char *token = NULL;
    assert_err(
        atls_jws_sign(&token, atls_crypto_openssl(), key, "JWT", NULL, atls_bytes_text(text), NULL),
        OK);
    const struct atls_bytes copy = test_copy(atls_bytes_text(token));
    free(token);
    free(text);
    json_decref(dotted);
    return copy;
}

static enum atls_err verify(struct atls_bytes token, const struct atls_result_request *request,
                            struct atls_diag *diag)
{
    struct atls_ear_token *out = NULL;
    const enum atls_err err = atls_result_verify(&out, token, request, diag);
    assert_int_equal(out != NULL, err == ATLS_OK);
    atls_ear_token_free(out);
    return err;
}

/* The member at `path` becomes `value`, or, NULL, goes; then it is signed again. */
struct row {
    const char *path, *value;
    enum atls_err err;
    const char *claim;
};

static const struct row rows[] = {
    {"eat_profile", NULL, ATLS_ERR_RESULT, "eat_profile"},
    {"eat_profile", "\"tag:ietf.org,2026:rats/ear#03\"", ATLS_OK, ""},
    {"eat_profile", "\"tag:ietf.org,2027:rats/ear#05\"", ATLS_ERR_RESULT, "eat_profile"},
    {"iss", NULL, ATLS_ERR_RESULT, "iss"},
    {"iss", "\"https://w.example\"", ATLS_ERR_RESULT, "iss"},
    {"aud", "\"https://else.example\"", ATLS_ERR_RESULT, "aud"},
    {"aud", "[]", ATLS_ERR_RESULT, "aud"}, /* whoever that is for */
    {"iat", NULL, ATLS_ERR_RESULT, "iat"},
    {"iat", "1780000060", ATLS_OK, ""},
    {"iat", "1780000061", ATLS_ERR_RESULT_EXPIRED, "iat"},
    {"iat", "1779999640", ATLS_OK, ""},
    {"iat", "1779999639", ATLS_ERR_RESULT_EXPIRED, "iat"},
    {"exp", NULL, ATLS_OK, ""}, /* the largest age is a bound as well */
    {"exp", "1779999941", ATLS_OK, ""},
    {"exp", "1779999940", ATLS_ERR_RESULT_EXPIRED, "exp"},
    {"exp", "0", ATLS_ERR_RESULT_EXPIRED, "exp"},
    {"nbf", "1780000060", ATLS_OK, ""},
    {"nbf", "1780000061", ATLS_ERR_RESULT_EXPIRED, "nbf"},
    {"ear_verifier_id", NULL, ATLS_ERR_RESULT, "ear_verifier_id"},
    {"ear_verifier_id.developer", "\"v\"", ATLS_ERR_RESULT, "ear_verifier_id developer"},
    {"ear_verifier_id.build", "\"t2\"", ATLS_OK, ""}, /* not looked at */
    {"eat_nonce", NULL, ATLS_ERR_FRESHNESS, "eat_nonce"},
    {"eat_nonce", "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh4\"", ATLS_ERR_FRESHNESS,
     "eat_nonce"},
    {"eat_nonce", "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg\"", ATLS_ERR_FRESHNESS,
     "eat_nonce"},
    {"ear_status", "\"affirming\"", ATLS_OK, ""},
    {"ear_status", "\"none\"", ATLS_OK, ""},
    {"ear_status", "\"warning\"", ATLS_ERR_STATUS, "ear_status"},
    {"submods", "{}", ATLS_ERR_RESULT, "submods"},
    {"submods.TPM", NULL, ATLS_ERR_KEY_BINDING, "key attestation, cnf"},
    {"submods.PSA", NULL, ATLS_OK, ""},
    {"submods.PSA.ear_status", NULL, ATLS_ERR_RESULT, "PSA ear_status"},
    {"submods.PSA.ear_status", "\"none\"", ATLS_ERR_STATUS, "PSA ear_status"},
    {"submods.PSA.ear_status", "\"warning\"", ATLS_ERR_STATUS, "PSA ear_status"},
    {"submods.PSA.ear_status", "\"contraindicated\"", ATLS_ERR_STATUS, "PSA ear_status"},
    {"submods.PSA.simulated", "true", ATLS_ERR_SIMULATED, "PSA simulated"},
    {"submods.PSA.simulated", "false", ATLS_OK, ""},
    {"submods.TPM.ear_trustworthiness_vector", NULL, ATLS_OK, ""}, /* then the status speaks */
    {"submods.TPM.ear_trustworthiness_vector.hardware", "1", ATLS_OK, ""},
    {"submods.TPM.ear_trustworthiness_vector.hardware", "31", ATLS_OK, ""},
    {"submods.TPM.ear_trustworthiness_vector.hardware", "32", ATLS_ERR_RESULT, "TPM ear_status"},
    {"submods.TPM.ear_trustworthiness_vector.hardware", "99", ATLS_ERR_RESULT, "TPM ear_status"},
    {"submods.TPM.ear_trustworthiness_vector.hardware", "-33", ATLS_ERR_RESULT, "TPM ear_status"},
    {"submods.TPM.ear_trustworthiness_vector.sourced-data", "96", ATLS_ERR_RESULT,
     "TPM ear_status"},
    {"submods.TPM.ear_trustworthiness_vector.hardware", "128", ATLS_ERR_RESULT, "TPM hardware"},
    {"submods.TPM.ear_appraisal_policy_ids", NULL, ATLS_OK, ""},
    {"submods.TPM.ear_veraison_key_attestation", NULL, ATLS_ERR_KEY_BINDING,
     "key attestation, cnf"},
    {"submods.TPM.ear_veraison_key_attestation.akpub", "\"YWtwdWIK\"", ATLS_ERR_KEY_BINDING,
     "ear_veraison_key_attestation"},
    {"submods.PSA.ear_veraison_key_attestation", "{\"akpub\":\"YWtwdWIK\"}", ATLS_ERR_KEY_BINDING,
     "ear_veraison_key_attestation"},
    {"unknown", "{\"a\":1}", ATLS_OK, ""},
    {"submods.TPM.unknown", "[1]", ATLS_OK, ""},
};

static json_t *changed(const struct row *row)
{
    json_t *claims = ear_parse(PASSPORT);
    json_t *object = claims;
    char copy[200];
    snprintf(copy, sizeof copy, "%s", row->path);
    char *name = copy;
    for (char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.')) {
        *dot = '\0';
        object = json_object_get(object, name);
        assert_non_null(object);
        name = dot + 1;
    }
    if (row->value == NULL) {
        assert_int_equal(json_object_del(object, name), 0);
    } else {
        json_error_t error;
        json_object_set_new(object, name, json_loads(row->value, JSON_DECODE_ANY, &error));
    }
    return claims;
}

static void every_claim_is_judged_when_it_is_signed_again(void **state)
{
    (void)state;
    const struct atls_result_request request = request_of();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        json_t *claims = changed(&rows[i]);
        for (enum form form = UNDERSCORE; form < NUM_FORMS; form++) {
            struct atls_diag diag = {.err = ATLS_OK};
            const enum atls_err err = verify(sign(claims, form), &request, &diag);
            if (err != rows[i].err || strcmp(diag.claim, rows[i].claim) != 0) {
                fail_msg("%s = %s in form %d: %s, claim \"%s\"", rows[i].path,
                         rows[i].value != NULL ? rows[i].value : "(gone)", (int)form,
                         atls_err_name(err), diag.claim);
            }
        }
        json_decref(claims);
    }
}

static void the_good_one_is_taken_and_given(void **state)
{
    (void)state;
    json_t *claims = ear_parse(PASSPORT);
    for (enum form form = UNDERSCORE; form < NUM_FORMS; form++) {
        const struct atls_result_request request = request_of();
        struct atls_ear_token *token = NULL;
        struct atls_bytes octets = sign(claims, form);
        assert_err(atls_result_verify(&token, octets, &request, NULL), OK);
        memset((uint8_t *)(uintptr_t)octets.data, 0, octets.len); /* it borrows nothing */
        assert_text(atls_ear_token_get(token)->submods[0].policy_ids[0], "policy:TPM");
        assert_text(atls_ear_token_get(token)->issuer, "https://v.example");
        atls_ear_token_free(token);
    }
    json_decref(claims);
}

static void a_key_is_compared_unless_it_is_said_that_there_is_none(void **state)
{
    (void)state;
    json_t *claims = ear_parse(PASSPORT);
    const struct atls_bytes token = sign(claims, UNDERSCORE);
    struct atls_result_request request = request_of();
    request.tls_spki.len = 0;
    assert_err(verify(token, &request, NULL), ARGUMENT); /* forgotten */
    request.no_key = true;
    assert_err(verify(token, &request, NULL), OK);
    request.tls_spki = ear_octets(EAR_AKPUB);
    assert_err(verify(token, &request, NULL), ARGUMENT); /* both */
    json_decref(claims);
}

static void another_verifier_is_not_this_one(void **state)
{
    (void)state;
    json_t *claims = ear_parse(PASSPORT);
    struct atls_result_request request = request_of();
    struct atls_jwk_set other = {.num_keys = 1};
    assert_err(atls_key_generate(&other.keys[0].key, ATLS_CRV_ED25519, NULL), OK);
    request.keys = &other;
    for (enum form form = UNDERSCORE; form < NUM_FORMS; form++) {
        assert_err(verify(sign(claims, form), &request, NULL), RESULT_SIGNATURE);
    }
    atls_jwk_set_cleanup(&other);
    json_decref(claims);
}

/* ---- in a CMW ---- */

static struct atls_bytes record(const char *media_type, unsigned format, struct atls_bytes value,
                                uint32_t ind)
{
    const struct atls_buf room = test_room(value.len + 256);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    if (media_type != NULL) {
        atls_cmw_put_record_media(&w, media_type, value, ind);
    } else {
        atls_cmw_put_record_cf(&w, (uint16_t)format, value, ind);
    }
    assert_true(atls_writer_finish(&w, &len));
    return test_copy(atls_bytes_of(room.data, len));
}

static void a_label_is_that_of_the_token(void **state)
{
    (void)state;
    static const struct {
        const char *media_type; /* NULL: content format */
        unsigned format;
        uint32_t ind;
        bool is_cwt;
        enum atls_err err;
        const char *claim;
    } labels[] = {
        {"application/eat+jwt", 0, 8, false, ATLS_OK, ""},
        {"application/eat+jwt", 0, 0, false, ATLS_OK, ""},
        {"application/EAT+jwt; EAT_profile=\"tag:ietf.org,2026:rats/ear#04\"", 0, 8, false, ATLS_OK,
         ""},
        {"application/eat+cwt; eat_profile=\"tag:ietf.org,2026:rats/ear#04\"", 0, 8, true, ATLS_OK,
         ""},
        {"application/eat+cwt", 0, 8, true, ATLS_OK, ""},
        {NULL, 263, 8, true, ATLS_OK, ""},
        {NULL, 264, 8, false, ATLS_OK, ""},
        {NULL, 264, 8, true, ATLS_ERR_RESULT, "type of the CMW"},
        {NULL, 10003, 8, true, ATLS_ERR_RESULT, "type of the CMW"},
        {"application/eat+cwt", 0, 8, false, ATLS_ERR_RESULT, "type of the CMW"},
        {"application/eat+jwt; eat_profile=\"tag:ietf.org,2026:rats/ear#03\"", 0, 8, false,
         ATLS_ERR_RESULT, "type of the CMW"},
        {"application/eat+jwt; x=y", 0, 8, false, ATLS_ERR_RESULT, "type of the CMW"},
        {"text/plain", 0, 8, false, ATLS_ERR_RESULT, "type of the CMW"},
        {"application/eat+jwt", 0, 4, false, ATLS_ERR_RESULT, "ind"},
        {"application/eat+jwt", 0, 12, false, ATLS_ERR_RESULT, "ind"},
    };
    json_t *claims = ear_parse(PASSPORT);
    const struct atls_result_request request = request_of();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        struct atls_ear_token *token = NULL;
        struct atls_diag diag = {.err = ATLS_OK};
        const struct atls_bytes cmw =
            record(labels[i].media_type, labels[i].format,
                   sign(claims, labels[i].is_cwt ? CBOR : UNDERSCORE), labels[i].ind);
        const enum atls_err err = atls_result_verify_cmw(&token, cmw, &request, &diag);
        assert_string_equal(atls_err_name(err), atls_err_name(labels[i].err));
        assert_string_equal(diag.claim, labels[i].claim);
        assert_int_equal(token != NULL, err == ATLS_OK);
        atls_ear_token_free(token);
    }
    json_decref(claims);
}

static void a_cmw_may_be_json_and_must_be_one_record(void **state)
{
    (void)state;
    json_t *claims = ear_parse(PASSPORT);
    const struct atls_result_request request = request_of();
    struct atls_ear_token *token = NULL;
    char *value = atls_base64url_new(sign(claims, UNDERSCORE));
    char text[4096];
    snprintf(text, sizeof text, "[\"application/eat+jwt\",\"%s\",8]", value);
    assert_err(atls_result_verify_cmw(&token, atls_bytes_text(text), &request, NULL), OK);
    atls_ear_token_cleanup(&token);
    snprintf(text, sizeof text, "{\"a\":[\"application/eat+jwt\",\"%s\",8]}", value);
    assert_err(atls_result_verify_cmw(&token, atls_bytes_text(text), &request, NULL), RESULT);
    static const char *const broken[] = {"", "[", "[]", "\x80", "\xff"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(broken); i++) {
        assert_err(atls_result_verify_cmw(&token, atls_bytes_text(broken[i]), &request, NULL),
                   RESULT);
    }
    assert_null(token);
    free(value);
    json_decref(claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_claim_is_judged_when_it_is_signed_again),
        cmocka_unit_test(the_good_one_is_taken_and_given),
        cmocka_unit_test(a_key_is_compared_unless_it_is_said_that_there_is_none),
        cmocka_unit_test(another_verifier_is_not_this_one),
        cmocka_unit_test(a_label_is_that_of_the_token),
        cmocka_unit_test(a_cmw_may_be_json_and_must_be_one_record),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
