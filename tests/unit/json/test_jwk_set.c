/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_samples.h"
#include "json/json.h"
#include "json/jwk.h"

#include "crypto/crypto.h"
#include "crypto/key.h"

#include "support/check.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

static struct atls_jwk_set set_of(const char *text)
{
    struct atls_jwk_set set = {0};
    assert_err(atls_jwk_set_parse(&set, test_copy(atls_bytes_text(text)), NULL), OK);
    return set;
}

static void a_single_key_is_a_set_of_one(void **state)
{
    (void)state;
    struct atls_jwk_set set = set_of(RSA_JWK);
    assert_int_equal(set.num_keys, 1);
    assert_string_equal(set.keys[0].kid, "2011-04-29");
    atls_jwk_set_cleanup(&set);
    assert_int_equal(set.num_keys, 0);
    atls_jwk_set_cleanup(&set);
}

static void keys_that_are_not_ours_are_left_out(void **state)
{
    (void)state;
    struct atls_jwk_set set =
        set_of("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}," ES256_JWK
               ",{\"kty\":\"EC\",\"crv\":\"secp256k1\"},{\"kty\":\"new\"},"
               "{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AAAA\",\"e\":\"AQAB\"}," ED25519_JWK
               "],\"other\":1}");
    assert_int_equal(set.num_keys, 2);
    assert_string_equal(set.keys[0].kid, "");
    atls_jwk_set_cleanup(&set);
}

static void refused(const char *text, enum atls_err expected)
{
    struct atls_jwk_set set = {.num_keys = 77};
    struct atls_diag diag = {0};
    enum atls_err err = atls_jwk_set_parse(&set, test_copy(atls_bytes_text(text)), &diag);
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    assert_int_equal(set.num_keys, 77);
    assert_int_equal(diag.err, expected);
}

static void sets_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    char long_kid[256];
    snprintf(long_kid, sizeof long_kid,
             "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"%0128d\",\"x\":"
             "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
             1);
    refused("", ATLS_ERR_MALFORMED);
    refused("[]", ATLS_ERR_MALFORMED);
    refused("{}", ATLS_ERR_MALFORMED);
    refused("{\"keys\":{}}", ATLS_ERR_MALFORMED);
    refused("{\"keys\":[]}", ATLS_ERR_ALGORITHM);
    refused("{\"keys\":[{\"kty\":\"oct\"}]}", ATLS_ERR_ALGORITHM);
    refused("{\"keys\":[1]}", ATLS_ERR_MALFORMED);
    refused("{\"keys\":[" ES256_JWK ",{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\"}]}",
            ATLS_ERR_MALFORMED);
    refused("{\"kty\":\"oct\",\"k\":\"AAAA\"}", ATLS_ERR_ALGORITHM);
    refused(long_kid, ATLS_ERR_MALFORMED);
}

static void a_set_is_bounded(void **state)
{
    (void)state;
    const size_t each = strlen(ED25519_JWK) + 1;
    const struct atls_buf room = test_room(each * (ATLS_MAX_JWK_SET + 1) + 32);
    for (size_t count = ATLS_MAX_JWK_SET; count <= ATLS_MAX_JWK_SET + 1; count++) {
        size_t at = (size_t)sprintf((char *)room.data, "{\"keys\":[");
        for (size_t i = 0; i < count; i++) {
            at += (size_t)sprintf((char *)&room.data[at], "%s%s", i > 0 ? "," : "", ED25519_JWK);
        }
        sprintf((char *)&room.data[at], "]}");
        if (count > ATLS_MAX_JWK_SET) {
            refused((char *)room.data, ATLS_ERR_MALFORMED);
        } else {
            struct atls_jwk_set set = set_of((char *)room.data);
            assert_int_equal(set.num_keys, count);
            atls_jwk_set_cleanup(&set);
        }
    }
}

/* verify checks `token` by `set` and says which key it was, or SIZE_MAX. */
static enum atls_err verify(const struct atls_jwk_set *set, const char *token, size_t *which,
                            struct atls_diag *diag)
{
    struct atls_jws jws = {0};
    const struct atls_key *key = NULL;
    struct atls_bytes payload = {NULL, 0};
    assert_err(atls_jws_parse(&jws, atls_bytes_text(token), NULL), OK);
    enum atls_err err = atls_jwk_set_verify(&payload, &key, atls_crypto_openssl(), set, &jws, diag);
    *which = SIZE_MAX;
    for (size_t i = 0; i < set->num_keys; i++) {
        *which = set->keys[i].key == key ? i : *which;
    }
    assert_int_equal(payload.data != NULL, err == ATLS_OK);
    atls_jws_cleanup(&jws);
    return err;
}

static void a_token_verifies_by_the_key_that_signed_it(void **state)
{
    (void)state;
    struct atls_jwk_set set =
        set_of("{\"keys\":[" RSA_JWK "," ES512_JWK "," ES256_JWK "," ED25519_JWK "]}");
    struct atls_diag diag = {0};
    size_t which = 0;
    assert_err(verify(&set, ES256_TOKEN, &which, &diag), OK);
    assert_int_equal(which, 2);
    assert_err(verify(&set, ED25519_TOKEN, &which, &diag), OK);
    assert_int_equal(which, 3);
    assert_int_equal(diag.err, ATLS_OK);
    atls_jwk_set_cleanup(&set);
}

static char *signed_by(const char *jwk, const char *kid)
{
    struct atls_key *key = NULL;
    json_t *object = NULL;
    char *token = NULL;
    assert_err(atls_json_parse(&object, atls_bytes_text(jwk), "test", NULL), OK);
    assert_err(atls_key_from_jwk(&key, object, NULL), OK);
    assert_err(
        atls_jws_sign(&token, atls_crypto_openssl(), key, NULL, kid, atls_bytes_text("{}"), NULL),
        OK);
    atls_key_free(key);
    json_decref(object);
    return token;
}

#define KID_JWK(kid, x) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"" kid "\",\"x\":\"" x "\"}"
#define SIGNER_X        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define OTHER_X         "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"

static void a_known_kid_chooses_the_key(void **state)
{
    (void)state;
    struct atls_jwk_set set =
        set_of("{\"keys\":[" KID_JWK("a", OTHER_X) "," KID_JWK("b", SIGNER_X) "]}");
    char *as_a = signed_by(ED25519_PRIVATE_JWK, "a");
    char *as_b = signed_by(ED25519_PRIVATE_JWK, "b");
    char *as_c = signed_by(ED25519_PRIVATE_JWK, "c");
    char *unnamed = signed_by(ED25519_PRIVATE_JWK, NULL);
    struct atls_diag diag = {0};
    size_t which = 0;
    assert_err(verify(&set, as_a, &which, &diag), SIGNATURE);
    assert_int_equal(diag.err, ATLS_ERR_SIGNATURE);
    assert_err(verify(&set, as_b, &which, NULL), OK);
    assert_int_equal(which, 1);
    assert_err(verify(&set, as_c, &which, NULL), OK);
    assert_err(verify(&set, unnamed, &which, NULL), OK);
    free(as_a);
    free(as_b);
    free(as_c);
    free(unnamed);
    atls_jwk_set_cleanup(&set);
}

static void a_token_of_nobody_in_the_set_is_refused(void **state)
{
    (void)state;
    struct atls_jwk_set set = set_of("{\"keys\":[" RSA_JWK "," ES512_JWK "]}");
    struct atls_diag diag = {0};
    size_t which = 0;
    assert_err(verify(&set, ES256_TOKEN, &which, &diag), ALGORITHM);
    assert_int_equal(diag.err, ATLS_ERR_ALGORITHM);
    atls_jwk_set_cleanup(&set);
    set = set_of("{\"keys\":[" RSA_JWK "," KID_JWK("a", OTHER_X) "]}");
    assert_err(verify(&set, ED25519_TOKEN, &which, &diag), SIGNATURE);
    assert_int_equal(diag.err, ATLS_ERR_SIGNATURE);
    atls_jwk_set_cleanup(&set);
    /* The empty set accepts nobody. */
    assert_err(verify(&set, ED25519_TOKEN, &which, &diag), ALGORITHM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_key_is_a_set_of_one),
        cmocka_unit_test(keys_that_are_not_ours_are_left_out),
        cmocka_unit_test(sets_that_cannot_be_used_are_refused),
        cmocka_unit_test(a_set_is_bounded),
        cmocka_unit_test(a_token_verifies_by_the_key_that_signed_it),
        cmocka_unit_test(a_known_kid_chooses_the_key),
        cmocka_unit_test(a_token_of_nobody_in_the_set_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
