/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_samples.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/jwk.h"
#include "json/jws.h"

#include "crypto/crypto.h"
#include "crypto/key.h"

#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <openssl/err.h>
#include <stdlib.h>

static struct atls_key *key_of(const char *jwk)
{
    struct atls_key *key = NULL;
    json_t *object = NULL;
    assert_err(atls_json_parse(&object, atls_bytes_text(jwk), "test", NULL), OK);
    assert_err(atls_key_from_jwk(&key, object, NULL), OK);
    json_decref(object);
    return key;
}

/* verify is parse and verify; *payload lives as long as the test program. */
static enum atls_err verify(struct atls_bytes *payload, const struct atls_key *key,
                            struct atls_bytes token, struct atls_diag *diag)
{
    struct atls_jws jws = {0};
    struct atls_bytes inside;
    enum atls_err err = atls_jws_parse(&jws, token, diag);
    if (err == ATLS_OK) {
        err = atls_jws_verify(&inside, atls_crypto_openssl(), key, &jws, diag);
    }
    if (err == ATLS_OK && payload != NULL) {
        *payload = test_copy(inside);
    }
    atls_jws_cleanup(&jws);
    return err;
}

static void published_tokens_verify(void **state)
{
    (void)state;
    static const struct {
        const char *jwk, *token, *payload;
    } rows[] = {{ES256_JWK, ES256_TOKEN, ES256_PAYLOAD},
                {ES512_JWK, ES512_TOKEN, "Payload"},
                {ED25519_JWK, ED25519_TOKEN, ED25519_PAYLOAD}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_key *key = key_of(rows[i].jwk);
        struct atls_bytes payload;
        assert_err(verify(&payload, key, test_copy(atls_bytes_text(rows[i].token)), NULL), OK);
        assert_text(payload, rows[i].payload);
        atls_key_free(key);
    }
}

static void an_ed25519_token_is_signed_as_published(void **state)
{
    (void)state;
    struct atls_key *key = key_of(ED25519_PRIVATE_JWK);
    char *token = NULL;
    assert_err(atls_jws_sign(&token, atls_crypto_openssl(), key, NULL, NULL,
                             atls_bytes_text(ED25519_PAYLOAD), NULL),
               OK);
    assert_string_equal(token, ED25519_TOKEN);
    free(token);
    atls_key_free(key);
}

/* A Result over the key of RFC 8037, computed with another implementation. */
static void an_attestation_result_is_signed_as_computed_elsewhere(void **state)
{
    (void)state;
    static const char payload[] =
        "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":1780000000,"
        "\"exp\":1780003600,\"ear.verifier-id\":{\"developer\":\"https://v.example\","
        "\"build\":\"t1\"},\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\","
        "\"submods\":{\"PARSEC_TPM\":{\"ear.status\":\"affirming\","
        "\"ear.trustworthiness-vector\":{\"instance-identity\":2,\"executables\":2,"
        "\"hardware\":2},\"ear.appraisal-policy-id\":\"policy:PARSEC_TPM\","
        "\"ear.veraison.key-attestation\":{\"akpub\":\""
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li_hp_"
        "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q\"}}}}";
    struct atls_key *key = key_of(ED25519_PRIVATE_JWK);
    char *token = NULL;
    assert_err(atls_jws_sign(&token, atls_crypto_openssl(), key, "JWT", NULL,
                             atls_bytes_text(payload), NULL),
               OK);
    assert_int_equal(strlen(token), 863);
    struct atls_digest digest;
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_text(token), &digest), OK);
    assert_bytes(atls_digest_bytes(&digest),
                 test_hex("f898d592250ef47cf585f485d5f6b0a3835a10a75c23b56b39eb6d5b5780d625"));
    free(token);
    atls_key_free(key);
}

static void every_kind_of_key_signs_what_verifies(void **state)
{
    (void)state;
    static const struct {
        int32_t crv;
        const char *header;
    } rows[] = {{ATLS_CRV_P256, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"},
                {ATLS_CRV_P384, "{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"},
                {ATLS_CRV_P521, "{\"alg\":\"ES512\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"},
                {ATLS_CRV_ED25519, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"},
                {ATLS_CRV_ED448, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_key *key = NULL;
        struct atls_bytes payload;
        char *token = NULL;
        assert_err(atls_key_generate(&key, rows[i].crv, NULL), OK);
        assert_err(atls_jws_sign(&token, atls_crypto_openssl(), key, "JWT", "k\"1",
                                 atls_bytes_text("{}"), NULL),
                   OK);
        assert_err(verify(&payload, key, atls_bytes_text(token), NULL), OK);
        assert_text(payload, "{}");
        char *header = atls_base64url_new(atls_bytes_text(rows[i].header));
        assert_memory_equal(token, header, strlen(header));
        free(header);
        free(token);
        atls_key_free(key);
    }
}

/* with_header gives a token whose header is `json`, with payload and signature of ES256_TOKEN. */
static struct atls_bytes with_header(const char *json)
{
    char *header = atls_base64url_new(atls_bytes_text(json));
    const char *rest = strchr(ES256_TOKEN, '.');
    const struct atls_buf token = test_room(strlen(header) + strlen(rest));
    memcpy(token.data, header, strlen(header));
    memcpy(&token.data[strlen(header)], rest, strlen(rest));
    free(header);
    return atls_bytes_of(token.data, token.cap);
}

static void algorithms_that_nobody_may_use_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"none",  "NONE",   "None",  "",      "HS256",
                                      "HS384", "HS512",  "RS256", "RS384", "PS384",
                                      "es256", "ES256K", "dir",   "ES256 "};
    struct atls_key *key = key_of(ES256_JWK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        char header[64];
        struct atls_diag diag = {0};
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", bad[i]);
        assert_err(verify(NULL, key, with_header(header), &diag), ALGORITHM);
        assert_string_equal(diag.claim, "alg");
        assert_string_equal(diag.found, bad[i]);
    }
    atls_key_free(key);
}

static void an_unsecured_token_is_refused(void **state)
{
    (void)state;
    /* RFC 7519, 6.1: "alg":"none" and an empty signature. */
    struct atls_key *key = key_of(ES256_JWK);
    assert_err(verify(NULL, key, atls_bytes_text("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ."), NULL),
               ALGORITHM);
    assert_err(verify(NULL, key, atls_bytes_text(ES256_SIGNING_INPUT "."), NULL), SIGNATURE);
    atls_key_free(key);
}

static void an_hmac_keyed_with_the_public_key_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = key_of(ES256_JWK);
    char *pem = NULL;
    assert_err(atls_key_to_public_pem(&pem, key, NULL), OK);
    const struct atls_bytes input = atls_bytes_text("eyJhbGciOiJIUzI1NiJ9.e30");
    struct atls_digest mac;
    char tag[ATLS_BASE64_SIZE(32)];
    char token[128];
    assert_err(atls_crypto_openssl()->hmac(ATLS_ALG_SHA256, atls_bytes_text(pem), &input, 1, &mac),
               OK);
    assert_true(atls_base64url_encode(atls_digest_bytes(&mac), tag, sizeof tag));
    snprintf(token, sizeof token, "%s.%s", "eyJhbGciOiJIUzI1NiJ9.e30", tag);
    assert_err(verify(NULL, key, atls_bytes_text(token), NULL), ALGORITHM);
    atls_pem_free(pem);
    atls_key_free(key);
}

static void an_algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
    (void)state;
    static const char *const jwks[] = {ES256_JWK, ES512_JWK, ED25519_JWK, RSA_JWK};
    static const char *const tokens[] = {ES256_TOKEN, ES512_TOKEN, ED25519_TOKEN};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(jwks); i++) {
        struct atls_key *key = key_of(jwks[i]);
        for (size_t k = 0; k < ATLS_ARRAY_LEN(tokens); k++) {
            struct atls_diag diag = {0};
            if (i != k) {
                assert_err(verify(NULL, key, atls_bytes_text(tokens[k]), &diag), ALGORITHM);
                assert_non_null(strstr(diag.expected, "by the type and curve of the key"));
            }
        }
        atls_key_free(key);
    }
}

static void a_fully_specified_name_must_fit_the_curve(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    assert_err(atls_key_generate(&key, ATLS_CRV_ED448, NULL), OK);
    assert_err(verify(NULL, key, with_header("{\"alg\":\"Ed25519\"}"), NULL), ALGORITHM);
    assert_err(verify(NULL, key, with_header("{\"alg\":\"Ed448\"}"), NULL), SIGNATURE);
    assert_err(verify(NULL, key, with_header("{\"alg\":\"EdDSA\"}"), NULL), SIGNATURE);
    atls_key_free(key);
}

static void the_key_of_another_does_not_verify(void **state)
{
    (void)state;
    struct atls_key *other = NULL;
    struct atls_diag diag = {0};
    assert_err(atls_key_generate(&other, ATLS_CRV_P256, NULL), OK);
    assert_err(verify(NULL, other, atls_bytes_text(ES256_TOKEN), &diag), SIGNATURE);
    assert_string_equal(diag.step, "JWS");
    assert_string_equal(diag.claim, "signature");
    atls_key_free(other);
}

static void headers_that_must_not_be_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"alg\":1}",
        "{\"alg\":null}",
        "{\"alg\":[\"ES256\"]}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
        "{\"alg\":\"none\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"ES256\",\"crit\":[]}",
        "{\"alg\":\"ES256\",\"crit\":null}",
        "{\"alg\":\"ES256\",\"kid\":1}",
        "{\"alg\":\"ES256\"} ,",
        "",
        "{\"alg\":\"ES256\"",
    };
    struct atls_key *key = key_of(ES256_JWK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_err(verify(NULL, key, with_header(bad[i]), NULL), MALFORMED);
    }
    atls_key_free(key);
}

static void a_key_in_the_header_is_not_trusted(void **state)
{
    (void)state;
    /* The token is signed by the key that its own header brings. */
    struct atls_key *mine = key_of(ES256_PRIVATE_JWK);
    struct atls_key *trusted = NULL;
    assert_err(atls_key_generate(&trusted, ATLS_CRV_P256, NULL), OK);
    char *header = atls_base64url_new(atls_bytes_text("{\"alg\":\"ES256\",\"jwk\":" ES256_JWK "}"));
    char input[512];
    snprintf(input, sizeof input, "%s.e30", header);
    const struct atls_bytes part = atls_bytes_text(input);
    uint8_t signature[64];
    const struct atls_buf room = {signature, sizeof signature};
    size_t len = 0;
    char text[ATLS_BASE64_SIZE(64)];
    char token[640];
    assert_err(atls_crypto_openssl()->sign(ATLS_ALG_ES256, mine, &part, 1, room, &len), OK);
    assert_true(atls_base64url_encode(atls_bytes_of(signature, len), text, sizeof text));
    snprintf(token, sizeof token, "%s.%s", input, text);
    assert_err(verify(NULL, mine, atls_bytes_text(token), NULL), OK);
    assert_err(verify(NULL, trusted, atls_bytes_text(token), NULL), SIGNATURE);
    free(header);
    atls_key_free(mine);
    atls_key_free(trusted);
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "...",
        "a.b",
        ES256_SIGNING_INPUT,
        ES256_TOKEN ".",
        "." ES256_TOKEN,
        ES256_TOKEN "=",
        ES256_TOKEN "\n",
        " " ES256_TOKEN,
        "{\"payload\":\"e30\",\"signatures\":[]}",
        "eyJhbGciOiJFUzI1NiJ9=.e30." ES256_SIGNATURE,
        "eyJhbGciOiJFUzI1NiJ9.e30=." ES256_SIGNATURE,
        "eyJhbGciOiJFUzI1NiJ9.e31." ES256_SIGNATURE,
        "eyJhbGciOiJFUzI1NiJ9.e3 0." ES256_SIGNATURE,
    };
    struct atls_key *key = key_of(ES256_JWK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct atls_diag diag = {0};
        assert_err(verify(NULL, key, test_copy(atls_bytes_text(bad[i])), &diag), MALFORMED);
        assert_int_equal(diag.err, ATLS_ERR_MALFORMED);
    }
    atls_key_free(key);
}

/* A signature whose last character has stray bits would decode to the same octets. */
static void a_second_text_of_the_same_signature_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = key_of(ES256_JWK);
    char token[] = ES256_TOKEN;
    token[sizeof token - 2] = 'R'; /* 'Q' is 010000, 'R' is 010001 */
    assert_err(verify(NULL, key, atls_bytes_text(token), NULL), MALFORMED);
    atls_key_free(key);
}

static void must_not_verify(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    assert_int_not_equal(verify(NULL, context, mutant, NULL), ATLS_OK);
}

static void no_mutant_of_a_token_verifies(void **state)
{
    (void)state;
    struct atls_key *key = key_of(ED25519_JWK);
    test_each_mutant(atls_bytes_text(ED25519_TOKEN), must_not_verify, key);
    atls_key_free(key);
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_signature_is_held_up_to_the_longest_that_a_key_can_make(void **state)
{
    (void)state;
    static const struct {
        size_t characters;
        enum atls_err expected;
    } rows[] = {{2731, ATLS_ERR_SIGNATURE}, /* 2048 octets, RSA-16384 */
                {2774, ATLS_ERR_MALFORMED}, /* 2080, which would fit beside a shorter payload */
                {4000, ATLS_ERR_MALFORMED}};
    struct atls_key *key = key_of(ES256_JWK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const size_t before = strlen(ES256_SIGNING_INPUT ".");
        const struct atls_buf token = test_room(before + rows[i].characters);
        memcpy(token.data, ES256_SIGNING_INPUT ".", before);
        memset(&token.data[before], 'A', rows[i].characters);
        assert_int_equal(verify(NULL, key, atls_bytes_of(token.data, token.cap), NULL),
                         rows[i].expected);
    }
    atls_key_free(key);
}

static void signing_with_a_public_key_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = key_of(ES256_JWK);
    char *token = (char *)0x10;
    struct atls_diag diag = {0};
    assert_err(
        atls_jws_sign(&token, atls_crypto_openssl(), key, NULL, NULL, atls_bytes_text("{}"), &diag),
        KEY);
    assert_ptr_equal(token, (char *)0x10);
    assert_int_equal(diag.err, ATLS_ERR_KEY);
    atls_key_free(key);
}

static void cleanup_of_the_zero_state_is_safe(void **state)
{
    (void)state;
    struct atls_jws jws = {0};
    atls_jws_cleanup(&jws);
    assert_err(atls_jws_parse(&jws, atls_bytes_text(ES256_TOKEN), NULL), OK);
    assert_text(atls_jws_unverified_payload(&jws), ES256_PAYLOAD);
    atls_jws_cleanup(&jws);
    atls_jws_cleanup(&jws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_tokens_verify),
        cmocka_unit_test(an_ed25519_token_is_signed_as_published),
        cmocka_unit_test(an_attestation_result_is_signed_as_computed_elsewhere),
        cmocka_unit_test(every_kind_of_key_signs_what_verifies),
        cmocka_unit_test(algorithms_that_nobody_may_use_are_refused),
        cmocka_unit_test(an_unsecured_token_is_refused),
        cmocka_unit_test(an_hmac_keyed_with_the_public_key_is_refused),
        cmocka_unit_test(an_algorithm_that_does_not_fit_the_key_is_refused),
        cmocka_unit_test(a_fully_specified_name_must_fit_the_curve),
        cmocka_unit_test(the_key_of_another_does_not_verify),
        cmocka_unit_test(headers_that_must_not_be_are_refused),
        cmocka_unit_test(a_key_in_the_header_is_not_trusted),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(a_second_text_of_the_same_signature_is_refused),
        cmocka_unit_test(no_mutant_of_a_token_verifies),
        cmocka_unit_test(a_signature_is_held_up_to_the_longest_that_a_key_can_make),
        cmocka_unit_test(signing_with_a_public_key_is_refused),
        cmocka_unit_test(cleanup_of_the_zero_state_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
