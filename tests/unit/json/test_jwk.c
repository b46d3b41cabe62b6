/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_samples.h"
#include "json/base64.h"
#include "json/json.h"
#include "json/jwk.h"

#include "crypto/crypto.h"
#include "crypto/key.h"

#include "support/check.h"
#include "support/memory.h"

#include <openssl/err.h>
#include <stdlib.h>

static struct atls_key *const untouched = (struct atls_key *)0x10;

static enum atls_err from_text(struct atls_key **out, const char *text, struct atls_diag *diag)
{
    json_t *object = NULL;
    assert_err(atls_json_parse(&object, atls_bytes_text(text), "test", NULL), OK);
    enum atls_err err = atls_key_from_jwk(out, object, diag);
    json_decref(object);
    return err;
}

static struct atls_key *key_of(const char *text)
{
    struct atls_key *key = NULL;
    assert_err(from_text(&key, text, NULL), OK);
    return key;
}

static void refused(const char *text, enum atls_err expected)
{
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_string_equal(atls_err_name(from_text(&key, text, &diag)), atls_err_name(expected));
    assert_ptr_equal(key, untouched);
    assert_int_equal(diag.err, expected);
    assert_int_equal(ERR_peek_error(), 0);
}

static void check_thumbprint(const char *jwk, const char *expected)
{
    struct atls_key *key = key_of(jwk);
    struct atls_digest digest;
    char text[ATLS_BASE64_SIZE(32)];
    assert_err(atls_jwk_thumbprint(&digest, atls_crypto_openssl(), key, NULL), OK);
    assert_true(atls_base64url_encode(atls_digest_bytes(&digest), text, sizeof text));
    assert_string_equal(text, expected);
    atls_key_free(key);
}

static void thumbprints_are_the_published_ones(void **state)
{
    (void)state;
    check_thumbprint(RSA_JWK, RSA_THUMBPRINT);
    check_thumbprint(ED25519_JWK, ED25519_THUMBPRINT);
    /* The generator of P-256, computed with another implementation. */
    check_thumbprint("{\"kty\":\"EC\",\"crv\":\"P-256\","
                     "\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
                     "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}",
                     "xx0BcA-wMohw8atYDJOe6peGModklG2wRHBlXHMvl0M");
}

static void keys_go_through_jwk(void **state)
{
    (void)state;
    static const int32_t curves[] = {ATLS_CRV_P256, ATLS_CRV_P384, ATLS_CRV_P521, ATLS_CRV_ED25519,
                                     ATLS_CRV_ED448};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(curves); i++) {
        struct atls_key *key = NULL;
        struct atls_key *public_key = NULL;
        struct atls_key *private_key = NULL;
        json_t *public_jwk = NULL;
        json_t *private_jwk = NULL;
        assert_err(atls_key_generate(&key, curves[i], NULL), OK);
        assert_err(atls_key_to_jwk(&public_jwk, key, "id", NULL), OK);
        assert_err(atls_key_to_private_jwk(&private_jwk, key, NULL, NULL), OK);
        assert_false(atls_json_has(public_jwk, "d"));
        assert_string_equal(json_string_value(json_object_get(public_jwk, "kid")), "id");
        assert_false(atls_json_has(private_jwk, "kid"));
        assert_err(atls_key_from_jwk(&public_key, public_jwk, NULL), OK);
        assert_err(atls_key_from_jwk(&private_key, private_jwk, NULL), OK);
        assert_true(atls_key_equal(key, public_key));
        assert_true(atls_key_equal(key, private_key));
        uint8_t secret[2][66];
        const struct atls_buf rooms[] = {{secret[0], 66}, {secret[1], 66}};
        size_t len[2] = {0, 0};
        assert_err(atls_key_private(key, rooms[0], &len[0]), OK);
        assert_err(atls_key_private(private_key, rooms[1], &len[1]), OK);
        assert_bytes(atls_bytes_of(secret[0], len[0]), atls_bytes_of(secret[1], len[1]));
        json_t *none = NULL;
        assert_err(atls_key_to_private_jwk(&none, public_key, NULL, NULL), KEY);
        assert_null(none);
        json_decref(public_jwk);
        json_decref(private_jwk);
        atls_key_free(key);
        atls_key_free(public_key);
        atls_key_free(private_key);
    }
}

static void an_rsa_key_goes_through_jwk(void **state)
{
    (void)state;
    struct atls_key *key = key_of(RSA_JWK);
    struct atls_key *again = NULL;
    json_t *jwk = NULL;
    assert_err(atls_key_to_jwk(&jwk, key, NULL, NULL), OK);
    assert_string_equal(json_string_value(json_object_get(jwk, "alg")), "PS256");
    assert_err(atls_key_from_jwk(&again, jwk, NULL), OK);
    assert_true(atls_key_equal(key, again));
    json_decref(jwk);
    atls_key_free(key);
    atls_key_free(again);
}

#define X256 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y256 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC   "{\"kty\":\"EC\",\"crv\":\"P-256\"," X256 "," Y256

#define OKP_WITH_ALG(alg)                                                                          \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"" alg                                          \
    "\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static void members_that_allow_signatures_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        EC ",\"use\":\"sig\"}",
        EC ",\"alg\":\"ES256\"}",
        EC ",\"key_ops\":[\"verify\"]}",
        EC ",\"key_ops\":[\"encrypt\",\"sign\"]}",
        EC ",\"kid\":\"1\",\"x5c\":[],\"unknown\":{}}",
        OKP_WITH_ALG("Ed25519"),
        OKP_WITH_ALG("EdDSA"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        atls_key_free(key_of(good[i]));
    }
}

static void keys_kept_for_something_else_are_refused(void **state)
{
    (void)state;
    refused(EC ",\"use\":\"enc\"}", ATLS_ERR_ALGORITHM);
    refused(EC ",\"alg\":\"ES384\"}", ATLS_ERR_ALGORITHM);
    refused(EC ",\"alg\":\"ECDH-ES\"}", ATLS_ERR_ALGORITHM);
    refused(EC ",\"alg\":\"none\"}", ATLS_ERR_ALGORITHM);
    refused(EC ",\"key_ops\":[\"deriveKey\"]}", ATLS_ERR_ALGORITHM);
    refused(EC ",\"key_ops\":[]}", ATLS_ERR_ALGORITHM);
    refused(OKP_WITH_ALG("Ed448"), ATLS_ERR_ALGORITHM);
    refused(OKP_WITH_ALG("ES256"), ATLS_ERR_ALGORITHM);
    refused(EC ",\"use\":1}", ATLS_ERR_MALFORMED);
    refused(EC ",\"alg\":null}", ATLS_ERR_MALFORMED);
    refused(EC ",\"key_ops\":\"verify\"}", ATLS_ERR_MALFORMED);
}

static void keys_of_other_types_are_refused(void **state)
{
    (void)state;
    refused("{\"kty\":\"oct\",\"k\":\"AAAA\"}", ATLS_ERR_ALGORITHM);
    refused("{\"kty\":\"ec\",\"crv\":\"P-256\"," X256 "," Y256 "}", ATLS_ERR_ALGORITHM);
    refused("{\"kty\":\"EC\",\"crv\":\"secp256k1\"," X256 "," Y256 "}", ATLS_ERR_ALGORITHM);
    refused("{\"kty\":\"EC\",\"crv\":\"Ed25519\"," X256 "," Y256 "}", ATLS_ERR_ALGORITHM);
    refused("{\"kty\":\"OKP\",\"crv\":\"X25519\"," X256 "}", ATLS_ERR_ALGORITHM);
    refused("{\"kty\":\"OKP\",\"crv\":\"P-256\"," X256 "," Y256 "}", ATLS_ERR_ALGORITHM);
    refused("{}", ATLS_ERR_MALFORMED);
    refused("[]", ATLS_ERR_MALFORMED);
    refused("{\"kty\":2}", ATLS_ERR_MALFORMED);
    refused("{\"kty\":\"EC\"," X256 "," Y256 "}", ATLS_ERR_MALFORMED);
}

static void coordinates_of_another_form_are_refused(void **state)
{
    (void)state;
#define P256(x, y) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define GOOD_X     "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define GOOD_Y     "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    static const char *const bad[] = {
        P256("", GOOD_Y),
        P256(GOOD_X, ""),
        P256(GOOD_X "=", GOOD_Y),
        P256(GOOD_X "A", GOOD_Y),
        P256("AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF", GOOD_Y), /* 33 octets */
        P256("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE", GOOD_Y),   /* 31 octets */
        P256("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV", GOOD_Y),  /* stray bits */
        P256(GOOD_Y, GOOD_X),                                         /* not on the curve */
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X256 "}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X256 ",\"y\":true}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\"," X256 "," Y256 "}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\"," X256 "}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        refused(bad[i], ATLS_ERR_MALFORMED);
    }
}

static void a_private_part_of_another_key_is_refused(void **state)
{
    (void)state;
    refused(EC ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM\"}", ATLS_ERR_MALFORMED);
    refused(EC ",\"d\":\"AAAA\"}", ATLS_ERR_MALFORMED);
    refused(EC ",\"d\":1}", ATLS_ERR_MALFORMED);
    refused("{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
            "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"," X256 "}",
            ATLS_ERR_MALFORMED);
    atls_key_free(key_of(EC ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"));
}

static void bad_rsa_keys_are_refused(void **state)
{
    (void)state;
    refused("{\"kty\":\"RSA\",\"n\":\"" GOOD_X "\",\"e\":\"AQAB\"}", ATLS_ERR_ALGORITHM);
    refused("{\"kty\":\"RSA\",\"n\":\"" GOOD_X "\"}", ATLS_ERR_MALFORMED);
    refused("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", ATLS_ERR_MALFORMED);
    refused("{\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" GOOD_X "\",\"e\":\"AQAB\"}",
            ATLS_ERR_ALGORITHM);
    /* A private key is refused as a whole, not read as a public one. */
    json_t *jwk = NULL;
    struct atls_key *key = untouched;
    assert_err(atls_json_parse(&jwk, atls_bytes_text(RSA_JWK), "test", NULL), OK);
    assert_int_equal(json_object_set_new(jwk, "d", json_string("AQAB")), 0);
    assert_err(atls_key_from_jwk(&key, jwk, NULL), ALGORITHM);
    assert_ptr_equal(key, untouched);
    json_decref(jwk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbprints_are_the_published_ones),
        cmocka_unit_test(keys_go_through_jwk),
        cmocka_unit_test(an_rsa_key_goes_through_jwk),
        cmocka_unit_test(members_that_allow_signatures_are_taken),
        cmocka_unit_test(keys_kept_for_something_else_are_refused),
        cmocka_unit_test(keys_of_other_types_are_refused),
        cmocka_unit_test(coordinates_of_another_form_are_refused),
        cmocka_unit_test(a_private_part_of_another_key_is_refused),
        cmocka_unit_test(bad_rsa_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
