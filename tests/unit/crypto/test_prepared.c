/* SPDX-License-Identifier: Apache-2.0 */
/* A key is used again and again, by several threads at once, whatever became of the time before. */
#include "key_samples.h"

#include "crypto/key_internal.h"

#include <pthread.h>

enum { THREADS = 4, TIMES = 40 };

static enum atls_err verify(const struct atls_key *key, struct atls_bytes message,
                            struct atls_bytes signature)
{
    return atls_crypto_openssl()->verify(ATLS_ALG_ES256, key, &message, 1, signature);
}

static enum atls_err sign(const struct atls_key *key, struct atls_bytes message, uint8_t out[64])
{
    const struct atls_buf room = {out, 64};
    size_t len = 0;
    return atls_crypto_openssl()->sign(ATLS_ALG_ES256, key, &message, 1, room, &len);
}

static void a_context_is_kept_and_lent_to_one_at_a_time(void **state)
{
    (void)state;
    struct atls_key *key = sample_private(&key_samples[0]);
    const EVP_MD *md = EVP_sha256();
    assert_non_null(key->prepared);
    for (int use = 0; use < NUM_PREPARED_USES; use++) {
        const enum atls_prepared_use which = (enum atls_prepared_use)use;
        EVP_PKEY_CTX *first = atls_prepared_take(key->prepared, which, key->pkey, md);
        EVP_PKEY_CTX *second = atls_prepared_take(key->prepared, which, key->pkey, md);
        assert_true(first != NULL && second != NULL && first != second);
        atls_prepared_give(key->prepared, which, first);
        assert_ptr_equal(atls_prepared_take(key->prepared, which, key->pkey, md), first);
        atls_prepared_give(key->prepared, which, first);
        atls_prepared_give(key->prepared, which, second); /* one is kept */
    }
    atls_key_free(key);
}

static void a_failure_is_nothing_to_the_next(void **state)
{
    (void)state;
    const struct key_sample *sample = &key_samples[0];
    struct atls_key *key = sample_public(sample);
    const struct atls_bytes message = test_hex(sample->message);
    const struct atls_bytes signature = test_hex(sample->signature);
    uint8_t out[64];
    for (int i = 0; i < 3; i++) {
        assert_err(verify(key, message, signature), OK);
        assert_err(verify(key, atls_bytes_text("another"), signature), SIGNATURE);
        assert_int_equal(sign(key, message, out), ATLS_ERR_KEY); /* it is public */
    }
    atls_key_free(key);
}

/* use signs and verifies what differs from thread to thread. */
static void *use(void *arg)
{
    const struct atls_key *key = arg;
    uint8_t signature[64];
    uintptr_t failures = 0;
    for (uint32_t i = 0; i < TIMES; i++) {
        const struct atls_bytes message = atls_bytes_of(&i, sizeof i);
        const struct atls_bytes other = atls_bytes_text("another");
        failures += sign(key, message, signature) != ATLS_OK;
        failures += verify(key, message, atls_bytes_of(signature, 64)) != ATLS_OK;
        failures += verify(key, other, atls_bytes_of(signature, 64)) != ATLS_ERR_SIGNATURE;
    }
    return (void *)failures;
}

static void threads_share_a_key(void **state)
{
    (void)state;
    struct atls_key *key = sample_private(&key_samples[0]);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, key), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failures = key;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    atls_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_is_kept_and_lent_to_one_at_a_time),
        cmocka_unit_test(a_failure_is_nothing_to_the_next),
        cmocka_unit_test(threads_share_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
