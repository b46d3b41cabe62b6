/* SPDX-License-Identifier: Apache-2.0 */
/* The key that a Result speaks for, in its six forms: computed values, and another key in each. */
#include "ear_samples.h"

#include "json/ear_key.h"
#include "json/jwk.h"

#include <stdio.h>

static const struct atls_crypto_ops *crypto;

static enum atls_err check(const struct atls_ear *ear, const char *claim)
{
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err = atls_ear_check_key(ear, crypto, ear_octets(EAR_AKPUB), &diag);
    if (err != ATLS_OK) {
        assert_string_equal(diag.claim, claim);
    }
    return err;
}

static struct atls_ear empty(void)
{
    struct atls_ear ear;
    memset(&ear, 0, sizeof ear);
    ear.num_submods = 2;
    return ear;
}

static void a_result_without_a_key_is_bound_to_nothing(void **state)
{
    (void)state;
    const struct atls_ear ear = empty();
    assert_err(check(&ear, "key attestation, cnf"), KEY_BINDING);
}

static void an_attested_key_is_compared_octet_for_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct atls_ear ear = empty();
        ear.submods[i].akpub = ear_octets(EAR_AKPUB);
        assert_err(check(&ear, ""), OK);
        for (size_t bit = 0; bit < 8 * ear.submods[i].akpub.len; bit++) {
            const struct atls_bytes wrong = test_copy(ear.submods[i].akpub);
            ((uint8_t *)(uintptr_t)wrong.data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
            struct atls_ear other = ear;
            other.submods[i].akpub = wrong;
            assert_err(check(&other, "ear_veraison_key_attestation"), KEY_BINDING);
        }
        ear.submods[i].akpub.len--;
        assert_err(check(&ear, "ear_veraison_key_attestation"), KEY_BINDING);
    }
}

static void every_key_that_is_named_must_be_that_one(void **state)
{
    (void)state;
    struct atls_ear ear = empty();
    ear.submods[0].akpub = ear_octets(EAR_AKPUB);
    ear.submods[1].akpub = atls_bytes_text("another key");
    assert_err(check(&ear, "ear_veraison_key_attestation"), KEY_BINDING);
    ear.submods[1].akpub = ear.submods[0].akpub;
    assert_err(check(&ear, ""), OK);
    ear.cnf.jkt = test_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    assert_err(check(&ear, "cnf jkt"), KEY_BINDING);
}

static void a_confirmed_key_is_compared_as_a_key(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    struct atls_key *other = NULL;
    struct atls_ear ear = empty();
    assert_err(atls_key_from_spki_der(&key, ear_octets(EAR_AKPUB), NULL), OK);
    assert_err(atls_key_generate(&other, ATLS_CRV_P256, NULL), OK);
    ear.cnf.has_key = true;
    atls_key_to_cose(key, &ear.cnf.key);
    assert_err(check(&ear, ""), OK);
    atls_key_to_cose(other, &ear.cnf.key);
    assert_err(check(&ear, "cnf"), KEY_BINDING);
    struct atls_key *ed = ear_key();
    atls_key_to_cose(ed, &ear.cnf.key);
    assert_err(check(&ear, "cnf"), KEY_BINDING);
    atls_key_to_cose(key, &ear.cnf.key);
    ear.cnf.key.y = ear.cnf.key.x; /* a point that is not on the curve */
    assert_err(check(&ear, "cnf"), KEY_BINDING);
    atls_key_free(ed);
    atls_key_free(key);
    atls_key_free(other);
}

static void thumbprints_are_the_computed_ones(void **state)
{
    (void)state;
    struct atls_ear ear = empty();
    ear.cnf.ckt = test_hex(EAR_CKT);
    assert_err(check(&ear, ""), OK);
    ear.cnf.ckt = test_hex("b5d5e1275063b1bec731a51c1133b69e5ae5812fe66d167516e88f3fadae55a5");
    assert_err(check(&ear, "cnf ckt"), KEY_BINDING);
    ear = empty();
    ear.cnf.jkt = ear_octets(EAR_JKT);
    assert_err(check(&ear, ""), OK);
    ear.cnf.jkt = test_hex(EAR_CKT); /* the one is not the other */
    assert_err(check(&ear, "cnf jkt"), KEY_BINDING);
    ear.cnf.jkt.len = 0;
    ear.cnf.ckt = ear_octets(EAR_JKT);
    assert_err(check(&ear, "cnf ckt"), KEY_BINDING);
}

/* In Trustee's profile alone: elsewhere nobody has compared it with the Evidence. */
static void a_runtime_key_is_compared_by_what_makes_it(void **state)
{
    (void)state;
#define X "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY"
#define Y "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
    static const char claim[] = "runtime_data_claims tee-pubkey";
    static const struct {
        const char *key;
        enum atls_err err;
    } cases[] = {
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}", ATLS_OK},
        {"{\"alg\":\"ECDH-ES+A256KW\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y
         "\"}",
         ATLS_OK},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" Y "\",\"y\":\"" X "\"}",
         ATLS_ERR_KEY_BINDING},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}", ATLS_ERR_KEY_BINDING},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
         ATLS_ERR_KEY_BINDING},
        {"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
         ATLS_ERR_KEY_BINDING},
        {"{}", ATLS_ERR_KEY_BINDING},
        {"null", ATLS_ERR_KEY_BINDING},
        {"\"" X "\"", ATLS_ERR_KEY_BINDING},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        char text[400];
        struct atls_ear ear = empty();
        snprintf(text, sizeof text, "{\"runtime_data_claims\":{\"tee-pubkey\":%s}}", cases[i].key);
        json_t *claims = ear_parse(text);
        ear.submods[1].attester_claims.json = claims;
        assert_err(check(&ear, "key attestation, cnf"), KEY_BINDING);
        ear.profile = ATLS_EAR_TRUSTEE;
        assert_int_equal(check(&ear, claim), cases[i].err);
        assert_true(atls_ear_names_runtime_key(&ear, &ear.submods[1]));
        assert_false(atls_ear_names_runtime_key(&ear, &ear.submods[0]));
        ear.submods[0].akpub = atls_bytes_text("another key");
        assert_err(check(&ear, "ear_veraison_key_attestation"), KEY_BINDING);
        json_decref(claims);
    }
#undef X
#undef Y
}

/* Each form as it stands in a token. */
static void the_forms_are_read_from_tokens(void **state)
{
    (void)state;
    static const char *const cnfs[] = {
        "{\"jkt\":\"" EAR_JKT "\"}",
        "{\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
        "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cnfs); i++) {
        json_t *claims = ear_parse(EAR_WHOLE);
        struct atls_ear ear;
        struct atls_ear_json storage;
        json_object_del(json_object_get(json_object_get(claims, "submods"), "TPM"),
                        "ear_veraison_key_attestation");
        json_object_set_new(claims, "cnf", ear_parse(cnfs[i]));
        char *text = atls_json_dump(claims);
        assert_err(atls_ear_read_json(&ear, &storage, atls_bytes_text(text), NULL), OK);
        assert_err(check(&ear, ""), OK);
        atls_ear_json_cleanup(&storage);
        free(text);
        json_decref(claims);
    }
    static const char *const cbor[] = {
        "a1 05 5820" EAR_CKT,
        "a1 01 a4 01 02 20 01 21 5820 "
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "22 5820 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cbor); i++) {
        struct atls_ear ear;
        const struct atls_bytes cnf = test_hex(cbor[i]);
        const struct atls_bytes head = test_hex("a5 06 01 08");
        const struct atls_bytes tail =
            test_hex("190109 61 70 1903ec a2 00 61 64 01 61 62 19010a a1 61 73 a1 1903e8 00");
        const struct atls_buf room = test_room(head.len + cnf.len + tail.len);
        memcpy(room.data, head.data, head.len);
        memcpy(&room.data[head.len], cnf.data, cnf.len);
        memcpy(&room.data[head.len + cnf.len], tail.data, tail.len);
        assert_err(atls_ear_read_cbor(&ear, atls_bytes_of(room.data, room.cap), NULL), OK);
        assert_err(check(&ear, ""), OK);
        room.data[head.len + cnf.len - 1] ^= 1; /* the last octet of the thumbprint, or of y */
        assert_err(atls_ear_read_cbor(&ear, atls_bytes_of(room.data, room.cap), NULL), OK);
        assert_err(check(&ear, i == 0 ? "cnf ckt" : "cnf"), KEY_BINDING);
    }
}

static void a_key_of_an_unknown_kind_is_compared_with_akpub_only(void **state)
{
    (void)state;
    struct atls_ear ear = empty();
    struct atls_diag diag;
    const struct atls_bytes spki = atls_bytes_text("some new kind of key");
    ear.submods[0].akpub = spki;
    assert_err(atls_ear_check_key(&ear, crypto, spki, &diag), OK);
    ear.cnf.ckt = test_hex(EAR_CKT);
    assert_err(atls_ear_check_key(&ear, crypto, spki, &diag), KEY_BINDING);
}

int main(void)
{
    crypto = atls_crypto_openssl();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_without_a_key_is_bound_to_nothing),
        cmocka_unit_test(an_attested_key_is_compared_octet_for_octet),
        cmocka_unit_test(every_key_that_is_named_must_be_that_one),
        cmocka_unit_test(a_confirmed_key_is_compared_as_a_key),
        cmocka_unit_test(thumbprints_are_the_computed_ones),
        cmocka_unit_test(a_runtime_key_is_compared_by_what_makes_it),
        cmocka_unit_test(the_forms_are_read_from_tokens),
        cmocka_unit_test(a_key_of_an_unknown_kind_is_compared_with_akpub_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
