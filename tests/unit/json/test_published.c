/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published tokens, COSE messages and CMWs of other projects: signatures of Attestation Results
 * (JWT), the COSE examples, and the JSON forms of a CMW.
 */
#include "json/base64.h"
#include "json/cmw_json.h"
#include "json/json.h"
#include "json/jwk.h"

#include "codec/cose.h"
#include "crypto/crypto.h"
#include "crypto/key.h"

#include "support/check.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdlib.h>

#define VECTOR(path) TEST_SHARED("vectors/" path)

static struct atls_bytes trimmed(const char *path)
{
    struct atls_bytes text = test_file(path);
    while (text.len > 0 && text.data[text.len - 1] <= ' ') {
        text.len--;
    }
    return text;
}

static struct atls_jwk_set set_of(const char *path)
{
    struct atls_jwk_set set = {0};
    assert_err(atls_jwk_set_parse(&set, test_file(path), NULL), OK);
    return set;
}

static enum atls_err verify(const struct atls_jwk_set *set, const char *path)
{
    struct atls_jws jws = {0};
    struct atls_bytes payload;
    enum atls_err err = atls_jws_parse(&jws, trimmed(path), NULL);
    if (err == ATLS_OK) {
        err = atls_jwk_set_verify(&payload, NULL, atls_crypto_openssl(), set, &jws, NULL);
    }
    if (err == ATLS_OK) {
        json_t *claims = NULL;
        assert_err(atls_json_parse(&claims, payload, "test", NULL), OK);
        assert_true(json_is_object(claims));
        json_decref(claims);
    }
    atls_jws_cleanup(&jws);
    return err;
}

static void published_results_verify_by_the_key_of_their_verifier(void **state)
{
    (void)state;
    struct atls_jwk_set veraison = set_of(VECTOR("07-ear/keys/veraison-ear-pub.json"));
    struct atls_jwk_set rust = set_of(VECTOR("07-ear/keys/rust-ear-pub.jwk"));
    struct atls_jwk_set private_key = set_of(VECTOR("07-ear/keys/veraison-ear-priv.json"));
    assert_true(atls_key_equal(veraison.keys[0].key, private_key.keys[0].key));

    assert_err(verify(&veraison, VECTOR("07-ear/jwt/c-ear.jwt")), OK);
    assert_err(verify(&veraison, VECTOR("07-ear/jwt/ear-test-full.jwt")), OK);
    assert_err(verify(&veraison, VECTOR("07-ear/jwt/arc-jwk-header.jwt")), OK);
    assert_err(verify(&veraison, VECTOR("07-ear/jwt/ear-test-old-claims-negative.jwt")), OK);
    assert_err(verify(&rust, VECTOR("07-ear/jwt/rust-ear-readme.jwt")), OK);

    assert_err(verify(&veraison, VECTOR("07-ear/jwt/ear-test-hs256-negative.jwt")), ALGORITHM);
    assert_err(verify(&veraison, VECTOR("07-ear/jwt/rust-ear-readme.jwt")), SIGNATURE);
    assert_err(verify(&rust, VECTOR("07-ear/jwt/c-ear.jwt")), SIGNATURE);
    /* Its key is in its own header, which is not trust. */
    assert_err(verify(&veraison, VECTOR("07-ear/jwt/trustee-cca-ear.jwt")), SIGNATURE);
    atls_jwk_set_cleanup(&veraison);
    atls_jwk_set_cleanup(&rust);
    atls_jwk_set_cleanup(&private_key);
}

/* A COSE example: where its key, message and external data stand differs by collection. */
struct cose_example {
    json_t *file;
    json_t *key;
    const char *message;
    const char *external; /* NULL when there is none */
};

/* take_hex gives a key the member that a JWK has, where the file has it in hex. */
static void take_hex(json_t *key, const char *name, const char *hex_name)
{
    const char *hex = json_string_value(json_object_get(key, hex_name));
    if (hex != NULL) {
        char *text = atls_base64url_new(test_hex(hex));
        assert_int_equal(json_object_set_new(key, name, json_string(text)), 0);
        free(text);
    }
}

static struct cose_example load_example(const char *path)
{
    struct cose_example example = {0};
    assert_err(atls_json_parse(&example.file, test_file(path), "test", NULL), OK);
    const json_t *sign0 = json_object_get(json_object_get(example.file, "input"), "sign0");
    const json_t *go = json_object_get(example.file, "sign1::verify");
    if (sign0 != NULL) {
        example.key = json_object_get(sign0, "key");
        example.message =
            json_string_value(json_object_get(json_object_get(example.file, "output"), "cbor"));
        example.external = json_string_value(json_object_get(sign0, "external"));
    } else {
        example.key = json_object_get(example.file, "key");
        example.message =
            json_string_value(json_object_get(json_object_get(go, "taggedCOSESign1"), "cborHex"));
        example.external = json_string_value(json_object_get(go, "external"));
    }
    take_hex(example.key, "x", "x_hex");
    take_hex(example.key, "y", "y_hex");
    /* Private members of RSA keys are not read; the public part is all that is needed. */
    json_object_del(example.key, "d");
    assert_non_null(example.message);
    return example;
}

static enum atls_err verify_cose(const char *path)
{
    struct cose_example example = load_example(path);
    struct atls_key *key = NULL;
    struct atls_cose_sign1 message;
    assert_err(atls_key_from_jwk(&key, example.key, NULL), OK);
    enum atls_err err =
        atls_cose_sign1_parse(&message, test_hex(example.message), ATLS_COSE_TAGGED, "test", NULL);
    if (err == ATLS_OK) {
        err = atls_cose_sign1_verify(atls_crypto_openssl(), key, &message,
                                     test_hex(example.external != NULL ? example.external : ""),
                                     atls_bytes_of(NULL, 0), "test", NULL);
    }
    atls_key_free(key);
    json_decref(example.file);
    return err;
}

static void published_cose_messages_verify(void **state)
{
    (void)state;
    static const char *const paths[] = {
        VECTOR("12-cose-tls/cose-wg/sign1-tests/sign-pass-02.json"),
        VECTOR("12-cose-tls/cose-wg/ecdsa-examples/ecdsa-sig-01.json"),
        VECTOR("12-cose-tls/cose-wg/ecdsa-examples/ecdsa-sig-02.json"),
        VECTOR("12-cose-tls/cose-wg/eddsa-examples/eddsa-sig-01.json"),
        VECTOR("12-cose-tls/cose-wg/CWT/A_3.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-0000.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-0001.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-0003.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-0004.json"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(paths); i++) {
        print_message("%s\n", paths[i]);
        assert_err(verify_cose(paths[i]), OK);
    }
}

static void published_bad_cose_messages_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {
        VECTOR("12-cose-tls/cose-wg/sign1-tests/sign-pass-01.json"), /* alg is not protected */
        VECTOR("12-cose-tls/cose-wg/sign1-tests/sign-fail-01.json"),
        VECTOR("12-cose-tls/cose-wg/sign1-tests/sign-fail-02.json"),
        VECTOR("12-cose-tls/cose-wg/sign1-tests/sign-fail-04.json"),
        VECTOR("12-cose-tls/cose-wg/sign1-tests/sign-fail-06.json"),
        /* ES512 by a key on P-256: RFC 9053 lets it, R-44 does not. */
        VECTOR("12-cose-tls/cose-wg/ecdsa-examples/ecdsa-sig-04.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-0006.json"), /* PS512 */
        VECTOR("12-cose-tls/go-cose/sign1-verify-negative-0000.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-negative-0002.json"),
        VECTOR("12-cose-tls/go-cose/sign1-verify-negative-0003.json"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(paths); i++) {
        print_message("%s\n", paths[i]);
        assert_int_not_equal(verify_cose(paths[i]), ATLS_OK);
    }
}

static void published_cmws_in_json_are_read_and_written(void **state)
{
    (void)state;
    static const char *const paths[] = {
        VECTOR("09-cmw/draft-examples/cmw-example-1.json"),
        VECTOR("09-cmw/draft-examples/cmw-example-2.json"),
        VECTOR("09-cmw/draft-examples/collection-example-2.json"),
        VECTOR("09-cmw/veraison/collection-ok.json"),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(paths); i++) {
        uint8_t *cbor = NULL;
        size_t len = 0;
        struct atls_cmw cmw;
        char *text = NULL;
        json_t *before = NULL;
        json_t *after = NULL;
        assert_err(atls_cmw_json_parse(&cbor, &len, test_file(paths[i]), NULL), OK);
        assert_err(atls_cmw_parse(&cmw, atls_bytes_of(cbor, len), NULL), OK);
        assert_err(atls_cmw_json_write(&text, &cmw, NULL), OK);
        assert_err(atls_json_parse(&before, test_file(paths[i]), "test", NULL), OK);
        assert_err(atls_json_parse(&after, atls_bytes_text(text), "test", NULL), OK);
        assert_true(json_equal(before, after));
        json_decref(before);
        json_decref(after);
        free(text);
        free(cbor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_results_verify_by_the_key_of_their_verifier),
        cmocka_unit_test(published_cose_messages_verify),
        cmocka_unit_test(published_bad_cose_messages_are_refused),
        cmocka_unit_test(published_cmws_in_json_are_read_and_written),
    };
    TEST_NEED_SHARED();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
