/* SPDX-License-Identifier: Apache-2.0 */
/* Hash and HMAC: FIPS 180-4 example values, RFC 4231. */
#include "crypto/crypto.h"

#include "support/check.h"
#include "support/memory.h"

#include <openssl/err.h>
#include <pthread.h>

struct known {
    int32_t alg;
    const char *empty;
    const char *abc;
};

static const struct known knowns[] = {
    {ATLS_ALG_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {ATLS_ALG_SHA384,
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b"
     "95b",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c82"
     "5a7"},
    {ATLS_ALG_SHA512,
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877ee"
     "c2f63b931bd47417a81a538327af927da3e",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "bbd454d4423643ce80e2a9ac94fa54ca49f"},
};
#define NUM_KNOWN (sizeof knowns / sizeof knowns[0])

static void hash_gives_the_published_values(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    for (size_t i = 0; i < NUM_KNOWN; i++) {
        struct atls_digest digest;
        assert_err(ops->hash(knowns[i].alg, atls_bytes_text("abc"), &digest), OK);
        assert_bytes(atls_digest_bytes(&digest), test_hex(knowns[i].abc));
        assert_err(ops->hash(knowns[i].alg, atls_bytes_of(NULL, 0), &digest), OK);
        assert_bytes(atls_digest_bytes(&digest), test_hex(knowns[i].empty));
    }
}

static void a_peek_gives_the_hash_so_far_and_the_state_goes_on(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    for (size_t i = 0; i < NUM_KNOWN; i++) {
        struct atls_hash hash = {0};
        struct atls_digest digest;
        assert_err(ops->hash_init(&hash, knowns[i].alg), OK);
        assert_err(ops->hash_peek(&hash, &digest), OK);
        assert_bytes(atls_digest_bytes(&digest), test_hex(knowns[i].empty));
        assert_err(ops->hash_update(&hash, atls_bytes_text("a")), OK);
        assert_err(ops->hash_peek(&hash, &digest), OK);
        assert_err(ops->hash_update(&hash, atls_bytes_of(NULL, 0)), OK);
        assert_err(ops->hash_update(&hash, atls_bytes_text("bc")), OK);
        for (int twice = 0; twice < 2; twice++) {
            assert_err(ops->hash_peek(&hash, &digest), OK);
            assert_bytes(atls_digest_bytes(&digest), test_hex(knowns[i].abc));
        }
        ops->hash_cleanup(&hash);
    }
}

static void cleanup_of_the_zero_state_and_twice_is_safe(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    struct atls_hash hash = {0};
    ops->hash_cleanup(&hash);
    assert_err(ops->hash_init(&hash, ATLS_ALG_SHA256), OK);
    ops->hash_cleanup(&hash);
    ops->hash_cleanup(&hash);
}

static void a_hash_that_was_not_started_is_refused(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    struct atls_hash hash = {0};
    struct atls_digest digest = {{0}, 7};
    assert_err(ops->hash_update(&hash, atls_bytes_text("a")), STATE);
    assert_err(ops->hash_peek(&hash, &digest), STATE);
    assert_int_equal(digest.len, 7);
}

static void an_algorithm_that_is_no_hash_is_refused(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    static const int32_t others[] = {ATLS_ALG_NONE, ATLS_ALG_ES256, ATLS_ALG_EDDSA, -14, 5};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        struct atls_hash hash = {0};
        struct atls_digest digest = {{0}, 7};
        assert_err(ops->hash_init(&hash, others[i]), ALGORITHM);
        assert_null(hash.library);
        assert_err(ops->hash(others[i], atls_bytes_text("a"), &digest), ALGORITHM);
        assert_err(ops->hmac(others[i], atls_bytes_text("k"), NULL, 0, &digest), ALGORITHM);
        assert_int_equal(digest.len, 7);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void hmac_gives_the_published_values(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    struct atls_digest mac;
    /* RFC 4231, 4.3: the message in parts of every shape. */
    const struct atls_bytes parts[] = {atls_bytes_text("what do ya "),
                                       {NULL, 0},
                                       atls_bytes_text("want for nothing"),
                                       atls_bytes_text("?")};
    assert_err(ops->hmac(ATLS_ALG_SHA256, atls_bytes_text("Jefe"), parts, 4, &mac), OK);
    assert_bytes(atls_digest_bytes(&mac),
                 test_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    assert_err(ops->hmac(ATLS_ALG_SHA384, atls_bytes_text("Jefe"), parts, 4, &mac), OK);
    assert_bytes(atls_digest_bytes(&mac),
                 test_hex("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                          "8e2240ca5e69e2c78b3239ecfab21649"));
    assert_err(ops->hmac(ATLS_ALG_SHA512, atls_bytes_text("Jefe"), parts, 4, &mac), OK);
    assert_bytes(atls_digest_bytes(&mac),
                 test_hex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                          "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"));
    /* RFC 4231, 4.7: a key longer than the block. */
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    const struct atls_bytes text =
        atls_bytes_text("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_err(ops->hmac(ATLS_ALG_SHA256, atls_bytes_of(key, sizeof key), &text, 1, &mac), OK);
    assert_bytes(atls_digest_bytes(&mac),
                 test_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

static void hmac_takes_an_empty_key_and_no_parts(void **state)
{
    (void)state;
    struct atls_digest mac;
    assert_err(atls_crypto_openssl()->hmac(ATLS_ALG_SHA256, atls_bytes_of(NULL, 0), NULL, 0, &mac),
               OK);
    assert_bytes(atls_digest_bytes(&mac),
                 test_hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

static void *hash_often(void *out)
{
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    struct atls_digest *digest = out;
    const struct atls_bytes part = atls_bytes_text("abc");
    for (int i = 0; i < 200; i++) {
        if (ops->hash(ATLS_ALG_SHA256, part, digest) != ATLS_OK ||
            ops->hmac(ATLS_ALG_SHA256, atls_digest_bytes(digest), &part, 1, digest) != ATLS_OK) {
            digest->len = 0;
            break;
        }
    }
    return NULL;
}

static void threads_hash_side_by_side(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct atls_digest digests[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &digests[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(digests[i].len, 32);
        assert_bytes(atls_digest_bytes(&digests[i]), atls_digest_bytes(&digests[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_hash_side_by_side),
        cmocka_unit_test(hash_gives_the_published_values),
        cmocka_unit_test(a_peek_gives_the_hash_so_far_and_the_state_goes_on),
        cmocka_unit_test(cleanup_of_the_zero_state_and_twice_is_safe),
        cmocka_unit_test(a_hash_that_was_not_started_is_refused),
        cmocka_unit_test(an_algorithm_that_is_no_hash_is_refused),
        cmocka_unit_test(hmac_gives_the_published_values),
        cmocka_unit_test(hmac_takes_an_empty_key_and_no_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
