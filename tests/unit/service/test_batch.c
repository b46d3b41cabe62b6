/* SPDX-License-Identifier: Apache-2.0 */
/* Several messages in one frame. */
#include "support/check.h"
#include "support/mutate.h"

#include "svc/verifier/batch.h"

static void put_text(struct atls_writer *w, const void *message)
{
    atls_write_bytes(w, atls_bytes_text(message));
}

static void put_nothing_that_fits(struct atls_writer *w, const void *message)
{
    (void)message;
    w->failed = true;
}

static void messages_come_back_in_their_order(void **state)
{
    (void)state;
    static const char *const texts[] = {"one", "", "three"};
    struct verifier_packer packer = {.data = NULL};
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    struct atls_bytes octets;
    size_t num = 0;
    for (int round = 0; round < 2; round++) { /* a packer is used again */
        for (size_t i = 0; i < ATLS_ARRAY_LEN(texts); i++) {
            verifier_pack(&packer, (uint8_t)(i + 1), put_text, texts[i]);
        }
        assert_err(verifier_pack_octets(&octets, &packer), OK);
        assert_err(verifier_unpack(items, &num, octets), OK);
        assert_int_equal(num, ATLS_ARRAY_LEN(texts));
        for (size_t i = 0; i < num; i++) {
            assert_int_equal(items[i].type, i + 1);
            assert_true(atls_bytes_is_text(items[i].payload, texts[i]));
        }
        verifier_pack_begin(&packer);
        assert_err(verifier_pack_octets(&octets, &packer), MEMORY); /* nothing is no batch */
    }
    verifier_packer_cleanup(&packer);
}

static void a_batch_is_bounded(void **state)
{
    (void)state;
    struct verifier_packer packer = {.data = NULL};
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    struct atls_bytes octets;
    size_t num = 0;
    for (size_t i = 0; i < VERIFIER_MAX_BATCH; i++) {
        verifier_pack(&packer, 1, put_text, "x");
    }
    assert_err(verifier_pack_octets(&octets, &packer), OK);
    assert_err(verifier_unpack(items, &num, octets), OK);
    assert_int_equal(num, VERIFIER_MAX_BATCH);
    packer.data[1]++; /* one more than there may be */
    assert_err(verifier_unpack(items, &num, octets), MALFORMED);
    verifier_pack(&packer, 1, put_text, "x");
    assert_err(verifier_pack_octets(&octets, &packer), MEMORY);
    verifier_pack_begin(&packer);
    verifier_pack(&packer, 1, put_nothing_that_fits, NULL);
    verifier_pack(&packer, 1, put_text, "x");
    assert_err(verifier_pack_octets(&octets, &packer), MEMORY);
    verifier_packer_cleanup(&packer);
}

static void read_one(struct atls_bytes mutant, size_t at, void *context)
{
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    const size_t *len = context;
    size_t num = 77;
    (void)at;
    const enum atls_err err = verifier_unpack(items, &num, mutant);
    if (mutant.len < *len) {
        assert_string_equal(atls_err_name(err), "MALFORMED");
        assert_int_equal(num, 77);
    }
}

static void nothing_else_is_a_batch(void **state)
{
    (void)state;
    static const uint8_t longer[] = {0, 1, 7, 0, 0, 0, 1, 'x', 0};
    static const uint8_t none[] = {0, 0};
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    size_t num = 0, len = sizeof longer - 1;
    assert_err(verifier_unpack(items, &num, atls_bytes_of(longer, len)), OK);
    assert_err(verifier_unpack(items, &num, atls_bytes_of(longer, sizeof longer)), MALFORMED);
    assert_err(verifier_unpack(items, &num, atls_bytes_of(none, sizeof none)), MALFORMED);
    test_each_mutant(atls_bytes_of(longer, len), read_one, &len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back_in_their_order),
        cmocka_unit_test(a_batch_is_bounded),
        cmocka_unit_test(nothing_else_is_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
