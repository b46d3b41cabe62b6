/* SPDX-License-Identifier: Apache-2.0 */
#include "key_samples.h"

#include "support/mutate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static enum atls_err verify(int32_t alg, const struct atls_key *key, struct atls_bytes message,
                            struct atls_bytes signature)
{
    return atls_crypto_openssl()->verify(alg, key, &message, 1, signature);
}

static void published_signatures_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        assert_err(verify(key_samples[i].alg, key, test_hex(key_samples[i].message),
                          test_hex(key_samples[i].signature)),
                   OK);
        atls_key_free(key);
    }
}

static void ed_signatures_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        if (key_samples[i].alg != ATLS_ALG_EDDSA) {
            continue;
        }
        struct atls_key *key = sample_private(&key_samples[i]);
        const struct atls_bytes message = test_hex(key_samples[i].message);
        const struct atls_buf room = test_room(atls_key_signature_len(key));
        size_t len = 0;
        assert_err(atls_crypto_openssl()->sign(ATLS_ALG_EDDSA, key, &message, 1, room, &len), OK);
        assert_bytes(atls_bytes_of(room.data, len), test_hex(key_samples[i].signature));
        atls_key_free(key);
    }
}

struct mutation {
    const struct key_sample *sample;
    struct atls_key *key;
};

static void wrong_signature(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct mutation *m = context;
    assert_err(verify(m->sample->alg, m->key, test_hex(m->sample->message), mutant), SIGNATURE);
}

static void wrong_message(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct mutation *m = context;
    assert_err(verify(m->sample->alg, m->key, mutant, test_hex(m->sample->signature)), SIGNATURE);
}

static void a_signature_with_one_bit_flipped_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        /* P-384 and P-521 are slow, and differ from P-256 in widths only. */
        if (key_samples[i].crv == ATLS_CRV_P384 || key_samples[i].crv == ATLS_CRV_P521) {
            continue;
        }
        struct mutation m = {&key_samples[i], sample_public(&key_samples[i])};
        test_each_bit_flip(test_hex(m.sample->signature), wrong_signature, &m);
        test_each_bit_flip(test_hex(m.sample->message), wrong_message, &m);
        atls_key_free(m.key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_signature_cut_short_or_made_longer_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct mutation m = {&key_samples[i], sample_public(&key_samples[i])};
        test_each_truncation(test_hex(m.sample->signature), wrong_signature, &m);
        uint8_t longer[140] = {0};
        const struct atls_bytes signature = test_hex(m.sample->signature);
        memcpy(longer, signature.data, signature.len);
        wrong_signature(atls_bytes_of(longer, signature.len + 1), 0, &m);
        atls_key_free(m.key);
    }
}

static void ecdsa_with_r_or_s_zero_is_refused(void **state)
{
    (void)state;
    struct mutation m = {&key_samples[0], sample_public(&key_samples[0])};
    uint8_t signature[64] = {0};
    wrong_signature(atls_bytes_of(signature, 64), 0, &m);
    memcpy(signature, test_hex(m.sample->signature).data, 32);
    wrong_signature(atls_bytes_of(signature, 64), 0, &m);
    memset(signature, 0xff, sizeof signature);
    wrong_signature(atls_bytes_of(signature, 64), 0, &m);
    atls_key_free(m.key);
}

static void an_algorithm_of_another_key_type_or_curve_is_refused(void **state)
{
    (void)state;
    static const int32_t algs[] = {
        ATLS_ALG_ES256, ATLS_ALG_ES384, ATLS_ALG_ES512,  ATLS_ALG_EDDSA,
        ATLS_ALG_PS256, ATLS_ALG_NONE,  ATLS_ALG_SHA256, 5 /* HMAC 256/256 */};
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_private(&key_samples[i]);
        const struct atls_bytes message = test_hex(key_samples[i].message);
        const struct atls_bytes signature = test_hex(key_samples[i].signature);
        for (size_t k = 0; k < ATLS_ARRAY_LEN(algs); k++) {
            if (algs[k] == key_samples[i].alg) {
                continue;
            }
            uint8_t out[200];
            const struct atls_buf room = {out, sizeof out};
            size_t len = 77;
            assert_err(verify(algs[k], key, message, signature), ALGORITHM);
            assert_err(atls_crypto_openssl()->sign(algs[k], key, &message, 1, room, &len),
                       ALGORITHM);
            assert_int_equal(len, 77);
            assert_false(atls_key_takes_alg(key, algs[k]));
        }
        atls_key_free(key);
    }
}

static void every_key_signs_in_parts_what_verifies_whole(void **state)
{
    (void)state;
    const struct atls_bytes parts[] = {atls_bytes_text("one "), {NULL, 0}, atls_bytes_text("two")};
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_private(&key_samples[i]);
        struct atls_key *other = sample_public(&key_samples[i]);
        const struct atls_buf room = test_room(atls_key_signature_len(key));
        size_t len = 0;
        assert_err(ops->sign(key_samples[i].alg, key, parts, 3, room, &len), OK);
        assert_int_equal(len, atls_key_signature_len(key));
        const struct atls_bytes signature = atls_bytes_of(room.data, len);
        assert_err(verify(key_samples[i].alg, other, atls_bytes_text("one two"), signature), OK);
        assert_err(ops->verify(key_samples[i].alg, other, parts, 3, signature), OK);
        assert_err(ops->verify(key_samples[i].alg, other, parts, 2, signature), SIGNATURE);
        atls_key_free(key);
        atls_key_free(other);
    }
}

static void the_empty_message_can_be_signed(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_private(&key_samples[i]);
        const struct atls_buf room = test_room(atls_key_signature_len(key));
        size_t len = 0;
        assert_err(ops->sign(key_samples[i].alg, key, NULL, 0, room, &len), OK);
        assert_err(
            verify(key_samples[i].alg, key, atls_bytes_of(NULL, 0), atls_bytes_of(room.data, len)),
            OK);
        atls_key_free(key);
    }
}

static void signing_into_too_little_room_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes message = atls_bytes_text("m");
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_private(&key_samples[i]);
        const struct atls_buf room = test_room(atls_key_signature_len(key) - 1);
        size_t len = 77;
        assert_err(atls_crypto_openssl()->sign(key_samples[i].alg, key, &message, 1, room, &len),
                   BUFFER);
        assert_int_equal(len, 77);
        atls_key_free(key);
    }
}

static void signing_with_a_public_key_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes message = atls_bytes_text("m");
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        const struct atls_buf room = test_room(atls_key_signature_len(key));
        size_t len = 77;
        assert_err(atls_crypto_openssl()->sign(key_samples[i].alg, key, &message, 1, room, &len),
                   KEY);
        assert_int_equal(len, 77);
        atls_key_free(key);
    }
    struct atls_key *rsa = sample_rsa();
    const struct atls_buf room = test_room(256);
    size_t len = 77;
    assert_err(atls_crypto_openssl()->sign(ATLS_ALG_PS256, rsa, &message, 1, room, &len), KEY);
    atls_key_free(rsa);
    assert_int_equal(ERR_peek_error(), 0);
}

static void wrong_rsa_signature(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    assert_err(verify(ATLS_ALG_PS256, context, atls_bytes_text("sample"), mutant), SIGNATURE);
}

static void ps256_takes_a_salt_as_long_as_the_hash_and_no_other(void **state)
{
    (void)state;
    struct atls_key *key = sample_rsa();
    const struct atls_bytes message = atls_bytes_text("sample");
    assert_err(verify(ATLS_ALG_PS256, key, message, test_hex(RSA_SAMPLE_SIGNATURE)), OK);
    assert_err(verify(ATLS_ALG_PS256, key, message, test_hex(RSA_SAMPLE_SHORT_SALT)), SIGNATURE);
    assert_err(verify(ATLS_ALG_ES256, key, message, test_hex(RSA_SAMPLE_SIGNATURE)), ALGORITHM);
    test_each_truncation(test_hex(RSA_SAMPLE_SIGNATURE), wrong_rsa_signature, key);
    test_each_bit_flip(test_hex(RSA_SAMPLE_SIGNATURE), wrong_rsa_signature, key);
    atls_key_free(key);
}

static void rsa_signs_what_verifies(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    struct atls_key *key = NULL;
    assert_err(atls_key_wrap_evp(&key, pkey, NULL), OK);
    EVP_PKEY_free(pkey);
    const struct atls_bytes parts[] = {atls_bytes_text("a"), atls_bytes_text("b")};
    const struct atls_buf room = test_room(256);
    size_t len = 0;
    assert_err(atls_crypto_openssl()->sign(ATLS_ALG_PS256, key, parts, 2, room, &len), OK);
    assert_int_equal(len, 256);
    assert_err(verify(ATLS_ALG_PS256, key, atls_bytes_text("ab"), atls_bytes_of(room.data, len)),
               OK);
    assert_err(verify(ATLS_ALG_PS256, key, atls_bytes_text("ac"), atls_bytes_of(room.data, len)),
               SIGNATURE);
    atls_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_signatures_verify),
        cmocka_unit_test(ed_signatures_are_the_published_ones),
        cmocka_unit_test(a_signature_with_one_bit_flipped_is_refused),
        cmocka_unit_test(a_signature_cut_short_or_made_longer_is_refused),
        cmocka_unit_test(ecdsa_with_r_or_s_zero_is_refused),
        cmocka_unit_test(an_algorithm_of_another_key_type_or_curve_is_refused),
        cmocka_unit_test(every_key_signs_in_parts_what_verifies_whole),
        cmocka_unit_test(the_empty_message_can_be_signed),
        cmocka_unit_test(signing_into_too_little_room_is_refused),
        cmocka_unit_test(signing_with_a_public_key_is_refused),
        cmocka_unit_test(ps256_takes_a_salt_as_long_as_the_hash_and_no_other),
        cmocka_unit_test(rsa_signs_what_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
