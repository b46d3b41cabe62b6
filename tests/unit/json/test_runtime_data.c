/* SPDX-License-Identifier: Apache-2.0 */
/* What Evidence for Trustee's key broker is over. */
#include "unit/json/ear_samples.h"

#include "json/runtime_data.h"

#include <stdio.h>

#define NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct atls_diag diag;

/* Computed by another program. */
static const char material[] =
    "{\"additional-evidence\":\"\",\"nonce\":\"" NONCE "\",\"tee-pubkey\":{"
    "\"alg\":\"ECDH-ES+A256KW\",\"crv\":\"P-256\",\"kty\":\"EC\","
    "\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
    "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}}";
static const char material_sha512[] =
    "c8aee5f58943b2749b8a8cbc7a184b1f3344f1060ca5d96fd9d74a45910c4517"
    "4613b2a6243d2ade171dd974bc1139d0a5da3f68fd481dbd9ae4360477bda94d";

static const char material_sha384[] = "9edc01b09e997f6578d6bd8f7fc2b28dfaaf4e5417793667"
                                      "b7ece025d50c7cf5b9b0f7d2bbbcebe25d2f53bd33807ce3";

static void what_is_hashed_is_canonical(void **state)
{
    (void)state;
    json_t *key = NULL;
    assert_err(atls_runtime_data_key(&key, ear_octets(EAR_AKPUB), NULL), OK);
    char *found = atls_runtime_data_text(NONCE, key);
    assert_string_equal(found, material);
    free(found);
    json_decref(key);
}

static enum atls_err key_of(struct atls_key *made, const char *alg)
{
    uint8_t room[ATLS_MAX_SPKI_LEN];
    size_t len = 0;
    json_t *key = NULL;
    assert_err(atls_key_spki(made, (struct atls_buf){room, sizeof room}, &len), OK);
    const enum atls_err err = atls_runtime_data_key(&key, atls_bytes_of(room, len), &diag);
    assert_true((key != NULL) == (err == ATLS_OK));
    if (err == ATLS_OK) {
        assert_string_equal(json_string_value(json_object_get(key, "alg")), alg);
        assert_null(json_object_get(key, "d"));
    }
    json_decref(key);
    atls_key_free(made);
    return err;
}

static void keys_have_the_names_that_the_broker_knows(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    json_t *none = NULL;
    assert_err(atls_key_generate(&key, ATLS_CRV_P256, NULL), OK);
    assert_err(key_of(key, "ECDH-ES+A256KW"), OK);
    assert_err(atls_key_generate_rsa(&key, 2048, NULL), OK);
    assert_err(key_of(key, "RSA-OAEP-256"), OK);
    assert_err(atls_key_generate(&key, ATLS_CRV_P384, NULL), OK);
    assert_err(key_of(key, NULL), KEY);
    assert_err(atls_key_generate(&key, ATLS_CRV_ED25519, NULL), OK);
    assert_err(key_of(key, NULL), KEY);
    assert_err(atls_runtime_data_key(&none, atls_bytes_text("no key"), &diag), KEY);
}

static enum atls_err hash(struct atls_digest *out, int32_t alg, const char *nonce)
{
    return atls_runtime_data_hash(out, atls_crypto_openssl(), alg, nonce, ear_octets(EAR_AKPUB),
                                  &diag);
}

static void the_hash_is_of_that_text(void **state)
{
    (void)state;
    struct atls_digest found;
    assert_err(hash(&found, ATLS_ALG_SHA512, NONCE), OK);
    assert_bytes(atls_digest_bytes(&found), test_hex(material_sha512));
    assert_err(hash(&found, ATLS_ALG_SHA384, NONCE), OK);
    assert_bytes(atls_digest_bytes(&found), test_hex(material_sha384));
}

static void other_hashes_are_refused(void **state)
{
    (void)state;
    struct atls_digest found = {.len = 7};
    assert_err(hash(&found, ATLS_ALG_SHA256, NONCE), ALGORITHM);
    assert_err(hash(&found, 0, NONCE), ALGORITHM);
    assert_int_equal(found.len, 7);
}

/* What is no base64 could end the text of the nonce, and go on as it likes. */
static void what_is_no_nonce_is_not_hashed(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "AAAAAAAAAA",
                                        "AAAAAAAAAAA\"",
                                        "AAAAAAAAAA\\n",
                                        "AAAAAAAAAA A",
                                        "AAAAAAAAAA\nA",
                                        "AAAAAAAAAA\xc3\xa4",
                                        "{\"a\":\"AAAAAAAA\"}"};
    struct atls_digest found = {.len = 7};
    char text[100];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_err(hash(&found, ATLS_ALG_SHA384, wrong[i]), NONCE_LENGTH);
    }
    assert_int_equal(found.len, 7);
    memset(text, 'A', sizeof text);
    text[88] = '\0'; /* 66 octets; 64 and their padding are as long */
    assert_err(hash(&found, ATLS_ALG_SHA384, text), OK);
    text[88] = 'A';
    text[89] = '\0';
    assert_err(hash(&found, ATLS_ALG_SHA384, text), NONCE_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_hashed_is_canonical),
        cmocka_unit_test(keys_have_the_names_that_the_broker_knows),
        cmocka_unit_test(the_hash_is_of_that_text),
        cmocka_unit_test(other_hashes_are_refused),
        cmocka_unit_test(what_is_no_nonce_is_not_hashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
