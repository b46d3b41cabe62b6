/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts of authenticators: once, in time, and never over both directions. */
#include "authenticator_test.h"

#include "handshake/authenticator_contexts.h"

enum { MAX_USED = 8 };

struct table {
    struct atls_context_mark used[MAX_USED];
    struct atls_authenticator_contexts contexts;
};

static void set_up(struct table *table)
{
    memset(table, 0, sizeof *table);
    table->contexts.used = table->used;
    table->contexts.max_used = MAX_USED;
}

static enum atls_err ask(struct table *table, uint8_t first, int64_t deadline_ms)
{
    return atls_contexts_ask(ops(), &table->contexts, counting(32, first), deadline_ms, NULL);
}

static enum atls_err answered(struct table *table, struct atls_bytes context, int64_t now_ms)
{
    return atls_contexts_answered(&table->contexts, context, now_ms, NULL);
}

static enum atls_err asked(struct table *table, struct atls_bytes context)
{
    return atls_contexts_asked(ops(), &table->contexts, context, NULL);
}

static void one_of_ours_is_answered_once(void **state)
{
    (void)state;
    struct table table;
    set_up(&table);
    assert_err(ask(&table, 1, 100), OK);
    assert_err(answered(&table, counting(32, 1), 100), OK);
    assert_err(answered(&table, counting(32, 1), 100), AUTHENTICATOR);
}

static void an_answer_that_nobody_waits_for_is_refused(void **state)
{
    (void)state;
    struct table table;
    const struct atls_bytes none = {NULL, 0};
    set_up(&table);
    assert_err(answered(&table, counting(32, 1), 0), AUTHENTICATOR);
    assert_err(ask(&table, 1, 100), OK);
    assert_err(answered(&table, counting(32, 2), 0), AUTHENTICATOR);
    assert_err(answered(&table, counting(31, 1), 0), AUTHENTICATOR);
    assert_err(answered(&table, none, 0), AUTHENTICATOR);
    assert_err(answered(&table, counting(32, 1), 0), OK);
}

static void an_answer_after_its_time_is_refused_and_the_request_gone(void **state)
{
    (void)state;
    struct table table;
    set_up(&table);
    assert_err(ask(&table, 1, 100), OK);
    assert_err(answered(&table, counting(32, 1), 101), AUTHENTICATOR);
    assert_err(answered(&table, counting(32, 1), 100), AUTHENTICATOR);
}

static void a_verifier_s_nonce_stands_behind_the_random_octets(void **state)
{
    (void)state;
    struct table table;
    set_up(&table);
    const struct atls_bytes context = counting(32 + 64, 1);
    assert_err(atls_contexts_ask(ops(), &table.contexts, context, 100, NULL), OK);
    assert_err(answered(&table, counting(32, 1), 0), AUTHENTICATOR);
    assert_err(answered(&table, context, 0), OK);
    assert_err(atls_contexts_ask(ops(), &table.contexts, counting(31, 1), 100, NULL), ARGUMENT);
    assert_err(atls_contexts_ask(ops(), &table.contexts, counting(97, 1), 100, NULL), ARGUMENT);
}

static void four_wait_at_once_in_any_order(void **state)
{
    (void)state;
    struct table table;
    set_up(&table);
    for (uint8_t i = 0; i < ATLS_MAX_WAITING; i++) {
        assert_err(ask(&table, i, 100), OK);
    }
    assert_err(ask(&table, 40, 100), STATE);
    assert_int_equal(table.contexts.num_used, ATLS_MAX_WAITING);
    assert_err(answered(&table, counting(32, 2), 0), OK);
    assert_err(ask(&table, 40, 100), OK);
    assert_err(answered(&table, counting(32, 0), 0), OK);
    assert_err(answered(&table, counting(32, 40), 0), OK);
    assert_err(answered(&table, counting(32, 3), 0), OK);
}

static void a_context_is_used_once_over_both_directions(void **state)
{
    (void)state;
    struct table table;
    set_up(&table);
    assert_err(asked(&table, counting(16, 1)), OK);
    assert_err(asked(&table, counting(16, 1)), AUTHENTICATOR);
    assert_err(asked(&table, counting(15, 1)), OK); /* a prefix is another one */
    assert_err(asked(&table, counting(32, 9)), OK);
    assert_err(ask(&table, 9, 100), STATE);
    assert_err(ask(&table, 10, 100), OK);
    assert_err(asked(&table, counting(32, 10)), AUTHENTICATOR);
    assert_err(answered(&table, counting(32, 10), 0), OK);
    assert_err(asked(&table, counting(32, 10)), AUTHENTICATOR);
}

static void a_full_table_takes_no_more(void **state)
{
    (void)state;
    struct table table;
    set_up(&table);
    for (uint8_t i = 0; i < MAX_USED; i++) {
        assert_err(asked(&table, counting(16, i)), OK);
    }
    assert_err(asked(&table, counting(16, 100)), BUFFER);
    assert_err(ask(&table, 1, 100), BUFFER);
    assert_err(asked(&table, counting(16, 3)), AUTHENTICATOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_ours_is_answered_once),
        cmocka_unit_test(an_answer_that_nobody_waits_for_is_refused),
        cmocka_unit_test(an_answer_after_its_time_is_refused_and_the_request_gone),
        cmocka_unit_test(a_verifier_s_nonce_stands_behind_the_random_octets),
        cmocka_unit_test(four_wait_at_once_in_any_order),
        cmocka_unit_test(a_context_is_used_once_over_both_directions),
        cmocka_unit_test(a_full_table_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
