/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "support/check.h"
#include "support/memory.h"

static void the_table_has_every_entry_and_the_right_size(void **state)
{
    (void)state;
    const struct atls_crypto_ops *ops = atls_crypto_openssl();
    assert_int_equal(ops->abi, ATLS_CRYPTO_ABI);
    assert_int_equal(ops->size, sizeof(struct atls_crypto_ops));
    assert_non_null(ops->hash_init);
    assert_non_null(ops->hash_update);
    assert_non_null(ops->hash_peek);
    assert_non_null(ops->hash_cleanup);
    assert_non_null(ops->hash);
    assert_non_null(ops->hmac);
    assert_non_null(ops->verify);
    assert_non_null(ops->sign);
}

static void random_fills_the_whole_room_and_differs(void **state)
{
    (void)state;
    const struct atls_buf a = test_room(64);
    const struct atls_buf b = test_room(64);
    memset(a.data, 0, a.cap);
    memset(b.data, 0, b.cap);
    assert_err(atls_random(a), OK);
    assert_err(atls_random(b), OK);
    assert_memory_not_equal(a.data, b.data, 64);
    /* All zero in one half has the chance of 2^-256. */
    assert_false(atls_is_zero(atls_bytes_of(a.data, 32)));
    assert_false(atls_is_zero(atls_bytes_of(&a.data[32], 32)));
}

static void random_of_nothing_is_fine(void **state)
{
    (void)state;
    const struct atls_buf none = {NULL, 0};
    assert_err(atls_random(none), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_every_entry_and_the_right_size),
        cmocka_unit_test(random_fills_the_whole_room_and_differs),
        cmocka_unit_test(random_of_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
