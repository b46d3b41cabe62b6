/* SPDX-License-Identifier: Apache-2.0 */
/* Files of keys: PEM, JWK and sets; names; what is published of them. */
#include "ear_samples.h"
#include "jose_samples.h"

#include "json/jwk.h"

static const struct atls_crypto_ops *crypto;

static enum atls_err add(struct atls_jwk_set *set, const char *text)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const size_t before = set->num_keys;
    const enum atls_err err =
        atls_jwk_set_add(set, test_copy(atls_bytes_text(text)), crypto, &diag);
    assert_int_equal(diag.err, err);
    assert_int_equal(set->num_keys, before + (err == ATLS_OK ? 1 : 0));
    return err;
}

static void a_key_is_named_by_its_kid_or_its_thumbprint(void **state)
{
    (void)state;
    struct atls_jwk_set set = {0};
    struct atls_key *key = ear_key();
    char *pem = NULL;
    assert_err(atls_key_to_private_pem(&pem, key, NULL), OK);
    assert_err(add(&set, pem), OK);
    /* RFC 8037, A.3 */
    assert_string_equal(set.keys[0].kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_false(atls_key_is_public(set.keys[0].key));
    assert_err(add(&set, "\n {\"kid\":\"k-1\"," ES256_JWK), KEY); /* no JSON */
    assert_err(add(&set, RSA_JWK), OK);
    assert_string_equal(set.keys[1].kid, "2011-04-29");
    assert_err(add(&set, RSA_JWK), KEY); /* the name is taken */
    assert_err(add(&set, ES256_PRIVATE_JWK), OK);
    assert_int_equal(strlen(set.keys[2].kid), 43);
    atls_pem_free(pem);
    atls_key_free(key);
    atls_jwk_set_cleanup(&set);
}

static void a_file_with_other_than_one_key_is_refused(void **state)
{
    (void)state;
    struct atls_jwk_set set = {0};
    static const char *const files[] = {
        "",
        "text",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[" ES256_JWK "," ED25519_JWK "]}",
        "[1]",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        assert_err(add(&set, files[i]), KEY);
    }
    assert_err(add(&set, "{\"keys\":[" ES256_JWK "]}"), OK);
    atls_jwk_set_cleanup(&set);
}

static void a_set_has_32_keys_at_most(void **state)
{
    (void)state;
    struct atls_jwk_set set = {0};
    for (int i = 0; i <= ATLS_MAX_JWK_SET; i++) {
        char text[400];
        snprintf(text, sizeof text, "{\"kid\":\"k%d\",%s", i, &ES256_JWK[1]);
        assert_int_equal(add(&set, text), i < ATLS_MAX_JWK_SET ? ATLS_OK : ATLS_ERR_KEY);
    }
    atls_jwk_set_cleanup(&set);
}

static void keys_of_a_verifier_come_in_any_file(void **state)
{
    (void)state;
    static const char *const files[] = {ES256_JWK, "  {\"keys\":[" ES256_JWK "," ED25519_JWK "]}"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        struct atls_jwk_set set = {0};
        assert_err(atls_jwk_set_load(&set, atls_bytes_text(files[i]), NULL), OK);
        assert_int_equal(set.num_keys, i + 1);
        atls_jwk_set_cleanup(&set);
    }
    struct atls_jwk_set set = {0};
    struct atls_key *key = ear_key();
    char *pem = NULL;
    assert_err(atls_key_to_public_pem(&pem, key, NULL), OK);
    assert_err(atls_jwk_set_load(&set, atls_bytes_text(pem), NULL), OK);
    assert_true(set.num_keys == 1 && atls_key_equal(set.keys[0].key, key));
    atls_jwk_set_cleanup(&set);
    atls_pem_free(pem);
    atls_key_free(key);
}

static void what_is_published_has_no_private_part(void **state)
{
    (void)state;
    struct atls_jwk_set set = {0};
    struct atls_jwk_set again = {0};
    json_t *published = NULL;
    assert_err(add(&set, ES256_PRIVATE_JWK), OK);
    assert_err(add(&set, ED25519_JWK), OK);
    assert_err(atls_jwk_set_public(&published, &set, NULL), OK);
    char *text = atls_json_dump(published);
    assert_null(strstr(text, "\"d\""));
    assert_non_null(strstr(text, "\"use\":\"sig\""));
    assert_err(atls_jwk_set_load(&again, atls_bytes_text(text), NULL), OK);
    assert_int_equal(again.num_keys, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(again.keys[i].kid, set.keys[i].kid);
        assert_true(atls_key_equal(again.keys[i].key, set.keys[i].key));
        assert_true(atls_key_is_public(again.keys[i].key));
    }
    free(text);
    json_decref(published);
    atls_jwk_set_cleanup(&again);
    atls_jwk_set_cleanup(&set);
}

int main(void)
{
    crypto = atls_crypto_openssl();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_named_by_its_kid_or_its_thumbprint),
        cmocka_unit_test(a_file_with_other_than_one_key_is_refused),
        cmocka_unit_test(a_set_has_32_keys_at_most),
        cmocka_unit_test(keys_of_a_verifier_come_in_any_file),
        cmocka_unit_test(what_is_published_has_no_private_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
