/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as SubjectPublicKeyInfo and PEM; OpenSSL's own encoder is the second opinion. */
#include "key_samples.h"

#include "support/mutate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static struct atls_key *const untouched = (struct atls_key *)0x10;

/* spki_of gives OpenSSL's encoding of a key. */
static struct atls_bytes spki_of(EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    const int len = i2d_PUBKEY(pkey, &der);
    assert_true(len > 0);
    const struct atls_bytes copy = test_copy(atls_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return copy;
}

static void check_spki(struct atls_key *key)
{
    const struct atls_bytes expected = spki_of(atls_key_evp(key));
    const struct atls_buf room = test_room(expected.len);
    size_t len = 0;
    assert_err(atls_key_spki(key, room, &len), OK);
    assert_bytes(atls_bytes_of(room.data, len), expected);
    struct atls_key *again = NULL;
    assert_err(atls_key_from_spki_der(&again, expected, NULL), OK);
    assert_true(atls_key_equal(key, again));
    atls_key_free(again);
    const struct atls_buf small = test_room(expected.len - 1);
    len = 77;
    assert_err(atls_key_spki(key, small, &len), BUFFER);
    assert_int_equal(len, 77);
}

static void spki_is_what_openssl_writes_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        check_spki(key);
        atls_key_free(key);
    }
    struct atls_key *rsa = sample_rsa();
    check_spki(rsa);
    atls_key_free(rsa);
}

static void spki_of_the_generator_of_p256_is_the_published_one(void **state)
{
    (void)state;
    struct atls_key *key = NULL;
    assert_err(atls_key_from_ec_point(
                   &key, ATLS_CRV_P256,
                   test_hex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
                   NULL),
               OK);
    const struct atls_buf room = test_room(91);
    size_t len = 0;
    assert_err(atls_key_spki(key, room, &len), OK);
    struct atls_digest digest;
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_of(room.data, len), &digest),
               OK);
    assert_bytes(atls_bytes_of(digest.data, 4), test_hex("5cd252fb"));
    assert_bytes(atls_bytes_of(&digest.data[30], 2), test_hex("7cd3"));
    atls_key_free(key);
}

/* A mutant of an SPKI is refused, or it is another key whose SPKI is exactly the mutant. */
static void no_other_spki_of_the_same_key(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct atls_key *original = context;
    struct atls_key *key = NULL;
    if (atls_key_from_spki_der(&key, mutant, NULL) != ATLS_OK) {
        assert_null(key);
        return;
    }
    const struct atls_buf room = test_room(mutant.len);
    size_t len = 0;
    assert_err(atls_key_spki(key, room, &len), OK);
    assert_bytes(atls_bytes_of(room.data, len), mutant);
    assert_false(atls_key_equal(key, original));
    atls_key_free(key);
}

static void refused_prefix(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    (void)context;
    struct atls_key *key = untouched;
    assert_err(atls_key_from_spki_der(&key, mutant, NULL), MALFORMED);
    assert_ptr_equal(key, untouched);
}

static void check_mutants(struct atls_key *key)
{
    const struct atls_bytes spki = spki_of(atls_key_evp(key));
    test_each_truncation(spki, refused_prefix, NULL);
    test_each_bit_flip(spki, no_other_spki_of_the_same_key, key);
}

static void truncated_and_flipped_spki_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        check_mutants(key);
        atls_key_free(key);
    }
    struct atls_key *rsa = sample_rsa();
    check_mutants(rsa);
    atls_key_free(rsa);
    assert_int_equal(ERR_peek_error(), 0);
}

static void octets_after_an_spki_are_refused(void **state)
{
    (void)state;
    struct atls_key *keys[] = {sample_public(&key_samples[0]), sample_public(&key_samples[3]),
                               sample_rsa()};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(keys); i++) {
        const struct atls_bytes spki = spki_of(atls_key_evp(keys[i]));
        const struct atls_buf longer = test_room(spki.len + 1);
        memcpy(longer.data, spki.data, spki.len);
        longer.data[spki.len] = 0;
        refused_prefix(atls_bytes_of(longer.data, longer.cap), 0, NULL);
        atls_key_free(keys[i]);
    }
}

static void an_spki_in_ber_is_refused(void **state)
{
    (void)state;
    struct atls_key *key = sample_public(&key_samples[3]);
    const struct atls_bytes spki = spki_of(atls_key_evp(key));
    /* The outer length in two octets where one is enough. */
    const struct atls_buf ber = test_room(spki.len + 1);
    ber.data[0] = 0x30;
    ber.data[1] = 0x81;
    memcpy(&ber.data[2], &spki.data[1], spki.len - 1);
    refused_prefix(atls_bytes_of(ber.data, ber.cap), 0, NULL);
    atls_key_free(key);
}

static void an_spki_longer_than_the_limit_is_refused(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(ATLS_MAX_SPKI_LEN + 1);
    memset(room.data, 0x30, room.cap);
    refused_prefix(atls_bytes_of(room.data, room.cap), 0, NULL);
}

static void spki_refused_as_another_kind(EVP_PKEY *pkey)
{
    assert_non_null(pkey);
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_err(atls_key_from_spki_der(&key, spki_of(pkey), &diag), ALGORITHM);
    assert_ptr_equal(key, untouched);
    EVP_PKEY_free(pkey);
}

static void an_spki_of_another_kind_is_refused(void **state)
{
    (void)state;
    spki_refused_as_another_kind(EVP_EC_gen("secp256k1"));
    spki_refused_as_another_kind(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    spki_refused_as_another_kind(EVP_RSA_gen(1024));
}

static void a_compressed_point_in_an_spki_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, "point-format", "compressed"), 1);
    spki_refused_as_another_kind(pkey);
}

static struct atls_key *from_pem(const char *pem)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_from_pem(&key, test_copy(atls_bytes_text(pem)), NULL), OK);
    return key;
}

static void keys_go_through_pem(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_private(&key_samples[i]);
        char *public_pem = NULL;
        char *private_pem = NULL;
        assert_err(atls_key_to_public_pem(&public_pem, key, NULL), OK);
        assert_err(atls_key_to_private_pem(&private_pem, key, NULL), OK);
        assert_non_null(strstr(private_pem, "-----BEGIN PRIVATE KEY-----"));
        assert_null(strstr(public_pem, "PRIVATE"));
        struct atls_key *from_public = from_pem(public_pem);
        struct atls_key *from_private = from_pem(private_pem);
        assert_true(atls_key_equal(key, from_public));
        assert_true(atls_key_equal(key, from_private));
        assert_true(atls_key_is_public(from_public));
        assert_false(atls_key_is_public(from_private));
        uint8_t secret[66];
        const struct atls_buf room = {secret, sizeof secret};
        size_t len = 0;
        assert_err(atls_key_private(from_private, room, &len), OK);
        assert_bytes(atls_bytes_of(secret, len), test_hex(key_samples[i].private_key));
        assert_err(atls_key_private(from_public, room, &len), KEY);
        char *none = NULL;
        assert_err(atls_key_to_private_pem(&none, from_public, NULL), KEY);
        assert_null(none);
        atls_pem_free(public_pem);
        atls_pem_free(private_pem);
        atls_key_free(from_public);
        atls_key_free(from_private);
        atls_key_free(key);
    }
}

static void refused_pem(const char *pem)
{
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_err(atls_key_from_pem(&key, test_copy(atls_bytes_text(pem)), &diag), KEY);
    assert_int_equal(diag.err, ATLS_ERR_KEY);
    assert_ptr_equal(key, untouched);
    assert_int_equal(ERR_peek_error(), 0);
}

static void what_is_no_pem_of_a_key_is_refused(void **state)
{
    (void)state;
    refused_pem("");
    refused_pem("not a key");
    refused_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n");
    refused_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    refused_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    refused_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

static void an_encrypted_pem_is_refused_without_asking(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char password[] = "secret";
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(), password, 6, NULL, NULL), 1);
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_err(atls_key_from_pem(&key, atls_bytes_of(data, (size_t)len), &diag), KEY);
    assert_string_equal(diag.found, "an encrypted key");
    assert_ptr_equal(key, untouched);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void a_pem_of_a_refused_kind_is_a_key_error(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("secp256k1");
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    struct atls_key *key = untouched;
    struct atls_diag diag = {0};
    assert_err(atls_key_from_pem(&key, atls_bytes_of(data, (size_t)len), &diag), KEY);
    assert_int_equal(diag.err, ATLS_ERR_KEY);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void a_private_key_with_the_public_one_of_another_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *other = NULL;
        struct atls_key *key = untouched;
        assert_err(atls_key_generate(&other, key_samples[i].crv, NULL), OK);
        assert_err(atls_key_from_private(&key, key_samples[i].crv,
                                         test_hex(key_samples[i].private_key),
                                         atls_key_point(other), NULL),
                   MALFORMED);
        struct atls_bytes cut = test_hex(key_samples[i].private_key);
        cut.len--;
        assert_err(atls_key_from_private(&key, key_samples[i].crv, cut,
                                         test_hex(key_samples[i].point), NULL),
                   MALFORMED);
        assert_ptr_equal(key, untouched);
        atls_key_free(other);
    }
    struct atls_key *key = untouched;
    assert_err(atls_key_from_private(&key, 8, test_hex(key_samples[0].private_key),
                                     test_hex(key_samples[0].point), NULL),
               ALGORITHM);
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_private_rsa_key_does_not_come_out_raw(void **state)
{
    (void)state;
    struct atls_key *key = sample_rsa();
    uint8_t secret[66];
    const struct atls_buf room = {secret, sizeof secret};
    const struct atls_buf small = {secret, 31};
    size_t len = 0;
    assert_err(atls_key_private(key, room, &len), KEY);
    atls_key_free(key);
    key = sample_private(&key_samples[0]);
    assert_err(atls_key_private(key, small, &len), BUFFER);
    atls_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spki_is_what_openssl_writes_and_comes_back),
        cmocka_unit_test(spki_of_the_generator_of_p256_is_the_published_one),
        cmocka_unit_test(truncated_and_flipped_spki_is_refused),
        cmocka_unit_test(octets_after_an_spki_are_refused),
        cmocka_unit_test(an_spki_in_ber_is_refused),
        cmocka_unit_test(an_spki_longer_than_the_limit_is_refused),
        cmocka_unit_test(an_spki_of_another_kind_is_refused),
        cmocka_unit_test(a_compressed_point_in_an_spki_is_refused),
        cmocka_unit_test(keys_go_through_pem),
        cmocka_unit_test(what_is_no_pem_of_a_key_is_refused),
        cmocka_unit_test(an_encrypted_pem_is_refused_without_asking),
        cmocka_unit_test(a_pem_of_a_refused_kind_is_a_key_error),
        cmocka_unit_test(a_private_key_with_the_public_one_of_another_is_refused),
        cmocka_unit_test(a_private_rsa_key_does_not_come_out_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
