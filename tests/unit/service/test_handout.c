/* SPDX-License-Identifier: Apache-2.0 */
/* What is handed out by number: who took it keeps it, and the last one frees it. */
#include "support/check.h"

#include "svc/verifier/handout.h"

static unsigned released;
static uint8_t first[] = {1}, second[] = {2, 2};

static void release(uint8_t *octets, size_t len, void *read)
{
    assert_true((octets == first && len == 1) || (octets == second && len == 2));
    assert_ptr_equal(read, octets);
    released++;
}

static void nothing_is_handed_out_before_something_was_put_in(void **state)
{
    (void)state;
    struct verifier_handout *handout = verifier_handout_new(release);
    assert_non_null(handout);
    assert_null(verifier_handout_take(handout));
    verifier_handout_give_back(handout, NULL);
    verifier_handout_free(handout);
    verifier_handout_free(NULL);
    assert_int_equal(released, 0);
}

static void who_took_it_keeps_it_while_others_get_what_came_since(void **state)
{
    (void)state;
    struct verifier_handout *handout = verifier_handout_new(release);
    assert_non_null(handout);
    released = 0;
    assert_err(verifier_handout_put(handout, first, sizeof first, first, NULL), OK);
    const struct verifier_handed *old = verifier_handout_take(handout);
    assert_err(verifier_handout_put(handout, second, sizeof second, second, NULL), OK);
    const struct verifier_handed *fresh = verifier_handout_take(handout);
    assert_int_equal(old->number, 1);
    assert_ptr_equal(old->octets.data, first);
    assert_ptr_equal(old->read, first);
    assert_int_equal(fresh->number, 2);
    assert_ptr_equal(fresh->octets.data, second);
    assert_int_equal(fresh->octets.len, 2);
    assert_int_equal(released, 0);
    verifier_handout_give_back(handout, old);
    assert_int_equal(released, 1);
    verifier_handout_give_back(handout, fresh);
    assert_int_equal(released, 1);
    verifier_handout_free(handout);
    assert_int_equal(released, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_handed_out_before_something_was_put_in),
        cmocka_unit_test(who_took_it_keeps_it_while_others_get_what_came_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
