/* SPDX-License-Identifier: Apache-2.0 */
/* Every scheme of TLS 1.3 with its key, and with all others. */
#include "crypto/crypto.h"

#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

enum { NUM_KEYS = 7 };

/* One key of each type that TLS tells apart. */
static EVP_PKEY *keys[NUM_KEYS];
enum { P256, P384, P521, RSA_KEY, RSA_PSS_KEY, ED25519_KEY, ED448_KEY };

static const struct {
    uint16_t scheme;
    int key;
} schemes[] = {
    {ATLS_TLS_ECDSA_P256_SHA256, P256},
    {ATLS_TLS_ECDSA_P384_SHA384, P384},
    {ATLS_TLS_ECDSA_P521_SHA512, P521},
    {ATLS_TLS_RSA_PSS_RSAE_SHA256, RSA_KEY},
    {ATLS_TLS_RSA_PSS_RSAE_SHA384, RSA_KEY},
    {ATLS_TLS_RSA_PSS_RSAE_SHA512, RSA_KEY},
    {ATLS_TLS_ED25519, ED25519_KEY},
    {ATLS_TLS_ED448, ED448_KEY},
    {ATLS_TLS_RSA_PSS_PSS_SHA256, RSA_PSS_KEY},
    {ATLS_TLS_RSA_PSS_PSS_SHA384, RSA_PSS_KEY},
    {ATLS_TLS_RSA_PSS_PSS_SHA512, RSA_PSS_KEY},
};

static EVP_PKEY *rsa_pss_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_non_null(context);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static int make_keys(void **state)
{
    (void)state;
    keys[P256] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    keys[P384] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    keys[P521] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    keys[RSA_KEY] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    keys[RSA_PSS_KEY] = rsa_pss_key();
    keys[ED25519_KEY] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    keys[ED448_KEY] = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    for (size_t i = 0; i < NUM_KEYS; i++) {
        assert_non_null(keys[i]);
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEYS; i++) {
        EVP_PKEY_free(keys[i]);
    }
    return 0;
}

static const struct atls_tls_signature_ops *ops(void)
{
    return atls_tls_signature_openssl();
}

static void each_scheme_goes_with_its_key_alone(void **state)
{
    (void)state;
    uint8_t signature[ATLS_MAX_TLS_SIGNATURE_LEN];
    const struct atls_buf room = {signature, sizeof signature};
    const struct atls_bytes content = atls_bytes_text("content");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(schemes); i++) {
        for (int k = 0; k < NUM_KEYS; k++) {
            const struct atls_tls_key *key = atls_tls_key_of(keys[k]);
            const bool fits = k == schemes[i].key;
            size_t len = 0;
            assert_int_equal(ops()->takes(schemes[i].scheme, key), fits);
            const enum atls_err err = ops()->sign(schemes[i].scheme, key, content, room, &len);
            assert_int_equal(err, fits ? ATLS_OK : ATLS_ERR_ALGORITHM);
            assert_int_equal(
                ops()->verify(schemes[i].scheme, key, content, atls_bytes_of(signature, len)),
                fits ? ATLS_OK : ATLS_ERR_ALGORITHM);
        }
    }
}

static void a_signature_is_over_its_content_by_its_scheme(void **state)
{
    (void)state;
    uint8_t signature[ATLS_MAX_TLS_SIGNATURE_LEN];
    const struct atls_buf room = {signature, sizeof signature};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(schemes); i++) {
        const struct atls_tls_key *key = atls_tls_key_of(keys[schemes[i].key]);
        size_t len = 0;
        assert_err(ops()->sign(schemes[i].scheme, key, atls_bytes_text("content"), room, &len), OK);
        const struct atls_bytes made = atls_bytes_of(signature, len);
        assert_err(ops()->verify(schemes[i].scheme, key, atls_bytes_text("Content"), made),
                   SIGNATURE);
        for (size_t j = 0; j < ATLS_ARRAY_LEN(schemes); j++) {
            if (j != i && schemes[j].key == schemes[i].key) { /* another hash */
                assert_err(ops()->verify(schemes[j].scheme, key, atls_bytes_text("content"), made),
                           SIGNATURE);
            }
        }
    }
}

static void refuse(struct atls_bytes mutant, size_t at, void *context)
{
    const uint16_t *scheme = context;
    (void)at;
    const struct atls_tls_key *key =
        atls_tls_key_of(keys[*scheme == ATLS_TLS_ED25519 ? ED25519_KEY : P256]);
    assert_err(ops()->verify(*scheme, key, atls_bytes_text("content"), mutant), SIGNATURE);
}

static void no_mutant_of_a_signature_verifies(void **state)
{
    (void)state;
    uint16_t checked[] = {ATLS_TLS_ED25519, ATLS_TLS_ECDSA_P256_SHA256};
    const int with[] = {ED25519_KEY, P256};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(checked); i++) {
        uint8_t signature[ATLS_MAX_TLS_SIGNATURE_LEN];
        const struct atls_buf room = {signature, sizeof signature};
        size_t len = 0;
        assert_err(ops()->sign(checked[i], atls_tls_key_of(keys[with[i]]),
                               atls_bytes_text("content"), room, &len),
                   OK);
        test_each_bit_flip(atls_bytes_of(signature, len), refuse, &checked[i]);
        test_each_truncation(atls_bytes_of(signature, len), refuse, &checked[i]);
    }
}

static void schemes_that_tls_1_3_forbids_are_none(void **state)
{
    (void)state;
    static const uint16_t forbidden[] = {0, 0x0201, 0x0203, 0x0401, 0x0501, 0x0601, 0x0402, 0xffff};
    uint8_t signature[ATLS_MAX_TLS_SIGNATURE_LEN];
    const struct atls_buf room = {signature, sizeof signature};
    size_t len = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forbidden); i++) {
        for (int k = 0; k < NUM_KEYS; k++) {
            const struct atls_tls_key *key = atls_tls_key_of(keys[k]);
            assert_false(ops()->takes(forbidden[i], key));
            assert_err(ops()->sign(forbidden[i], key, atls_bytes_text("c"), room, &len), ALGORITHM);
            assert_err(ops()->verify(forbidden[i], key, atls_bytes_text("c"), atls_bytes_text("s")),
                       ALGORITHM);
        }
    }
}

static void a_buffer_that_is_too_small_gets_no_signature(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(63);
    size_t len = 7;
    assert_err(ops()->sign(ATLS_TLS_ED25519, atls_tls_key_of(keys[ED25519_KEY]),
                           atls_bytes_text("content"), room, &len),
               BUFFER);
    assert_int_equal(len, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scheme_goes_with_its_key_alone),
        cmocka_unit_test(a_signature_is_over_its_content_by_its_scheme),
        cmocka_unit_test(no_mutant_of_a_signature_verifies),
        cmocka_unit_test(schemes_that_tls_1_3_forbids_are_none),
        cmocka_unit_test(a_buffer_that_is_too_small_gets_no_signature),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
