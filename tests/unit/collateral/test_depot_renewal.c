/* SPDX-License-Identifier: Apache-2.0 */
/* Renewal before the end, and threads that want the same. */
#include "depot_test.h"

#include <sched.h>

#define NUM_THREADS 4

/* wait_asked waits for the depot's thread; the test runner's bound ends what never comes. */
static void wait_asked(unsigned num)
{
    while (asked() < num) {
        sched_yield();
    }
}

/* end_of waits until the depot gives out something that ends then. */
static void wait_given(struct atls_depot *depot, int64_t end_s, enum atls_lease_end end)
{
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    bool is_it = false;
    while (!is_it) {
        assert_err(obtain(depot, &lease, &wanted), OK);
        is_it = atls_collateral_end(atls_lease_bag(lease)) == end_s;
        atls_depot_give_back(depot, lease, is_it ? end : ATLS_LEASE_UNKNOWN);
        sched_yield();
    }
}

static int64_t given_end(struct atls_depot *depot)
{
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    assert_err(obtain(depot, &lease, &wanted), OK);
    const int64_t end_s = atls_collateral_end(atls_lease_bag(lease));
    atls_depot_give_back(depot, lease, ATLS_LEASE_UNKNOWN);
    return end_s;
}

static void what_ends_soon_is_renewed_beside_the_old(void **state)
{
    (void)state;
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_int_equal(given_end(depot), NOW + 1000);
    set_now(NOW + 740); /* not yet in the last quarter */
    assert_int_equal(given_end(depot), NOW + 1000);
    assert_int_equal(asked(), 1);
    pthread_mutex_lock(&web.gate);
    web.by_a = gives(list_until(NOW + 5000));
    set_now(NOW + 760);
    /* Nobody waits for the server while the old one holds. */
    assert_int_equal(given_end(depot), NOW + 1000);
    pthread_mutex_unlock(&web.gate);
    wait_asked(2);
    wait_given(depot, NOW + 5000, ATLS_LEASE_GOOD);
    assert_int_equal(given_end(depot), NOW + 5000);
    atls_depot_close(depot);
}

/* a list of a year may be replaced tomorrow by one that has a certificate more. */
static void a_list_is_looked_for_anew_each_day(void **state)
{
    (void)state;
    const int64_t day_s = 86400, year_s = 365 * day_s;
    reset(gives(list_until(NOW + year_s)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_int_equal(given_end(depot), NOW + year_s);
    set_now(NOW + day_s - 1);
    assert_int_equal(given_end(depot), NOW + year_s);
    assert_int_equal(asked(), 1);
    web.by_a = gives(list_until(NOW + year_s + day_s));
    set_now(NOW + day_s);
    wait_given(depot, NOW + year_s + day_s, ATLS_LEASE_GOOD);
    assert_int_equal(asked(), 2);
    atls_depot_close(depot);
}

static void a_renewal_that_is_bad_leaves_the_old_one_in_place(void **state)
{
    (void)state;
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_int_equal(given_end(depot), NOW + 1000);
    web.by_a = gives(list_until(NOW + 5000));
    set_now(NOW + 760);
    wait_given(depot, NOW + 5000, ATLS_LEASE_BAD);
    assert_int_equal(given_end(depot), NOW + 1000);
    assert_int_equal(asked(), 2);
    atls_depot_close(depot);
}

static void a_server_that_fails_leaves_the_old_one_in_place(void **state)
{
    (void)state;
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_int_equal(given_end(depot), NOW + 1000);
    web.by_a = says(503);
    set_now(NOW + 760);
    assert_int_equal(given_end(depot), NOW + 1000);
    wait_asked(2);
    assert_int_equal(given_end(depot), NOW + 1000);
    atls_depot_close(depot);
}

static void what_has_ended_is_not_given_out(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_int_equal(given_end(depot), NOW + 1000);
    web.by_a = says(404);
    set_now(NOW + 1001);
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
    atls_depot_close(depot);
}

/* Who may not wait asks first whether it would. */
static void it_is_known_beforehand_whether_a_server_is_asked(void **state)
{
    (void)state;
    const struct atls_collateral_wanted wanted = list_of("Milan"), nowhere = list_of("../Milan");
    struct atls_lease *lease = NULL;
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 0);
    assert_false(atls_depot_would_wait(depot, &wanted)); /* there is no server */
    atls_depot_close(depot);
    depot = depot_of(NULL, 1);
    assert_false(atls_depot_would_wait(depot, &nowhere));
    assert_true(atls_depot_would_wait(depot, &wanted));
    assert_int_equal(asked(), 0);
    assert_err(obtain(depot, &lease, &wanted), OK);
    assert_false(atls_depot_would_wait(depot, &wanted));
    /* What an appraisal doubts is asked for anew. */
    atls_depot_give_back(depot, lease, ATLS_LEASE_BAD);
    assert_false(atls_depot_would_wait(depot, &wanted)); /* not so soon */
    atls_depot_close(depot);
    web.by_a = says(404);
    depot = depot_of(NULL, 1);
    assert_err(obtain(depot, &lease, &wanted), COLLATERAL);
    assert_false(atls_depot_would_wait(depot, &wanted)); /* it is known that nobody has it */
    atls_depot_close(depot);
}

static void renewals_are_counted_and_first_answers_are_not(void **state)
{
    (void)state;
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_int_equal(given_end(depot), NOW + 1000);
    assert_int_equal(atls_depot_renewals(depot), 0);
    web.by_a = gives(list_until(NOW + 5000));
    set_now(NOW + 760);
    wait_given(depot, NOW + 5000, ATLS_LEASE_UNKNOWN);
    assert_int_equal(atls_depot_renewals(depot), 1);
    wait_given(depot, NOW + 5000, ATLS_LEASE_BAD);
    assert_int_equal(given_end(depot), NOW + 1000); /* back to what it was */
    assert_int_equal(atls_depot_renewals(depot), 2);
    atls_depot_close(depot);
}

static struct atls_depot *shared;

static void *want(void *arg)
{
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    struct atls_diag why;
    const enum atls_err err =
        atls_depot_obtain(shared, &lease, &wanted, atls_depot_clock_ms() + 60000, &why);
    *(enum atls_err *)arg = err;
    atls_depot_give_back(shared, lease, ATLS_LEASE_GOOD);
    return NULL;
}

static void threads_that_want_the_same_ask_once(void **state)
{
    (void)state;
    pthread_t threads[NUM_THREADS];
    enum atls_err errs[NUM_THREADS];
    reset(gives(list_until(NOW + 1000)), says(404));
    shared = depot_of(NULL, 1);
    pthread_mutex_lock(&web.gate);
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, want, &errs[i]), 0);
    }
    pthread_mutex_unlock(&web.gate);
    for (size_t i = 0; i < NUM_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_err(errs[i], OK);
    }
    assert_int_equal(asked(), 1);
    atls_depot_close(shared);
}

static void who_waits_behind_another_waits_until_his_own_end(void **state)
{
    (void)state;
    pthread_t thread;
    enum atls_err err = ATLS_ERR_STATE;
    const struct atls_collateral_wanted wanted = list_of("Milan");
    struct atls_lease *lease = NULL;
    reset(gives(list_until(NOW + 1000)), says(404));
    shared = depot_of(NULL, 1);
    pthread_mutex_lock(&web.gate);
    assert_int_equal(pthread_create(&thread, NULL, want, &err), 0);
    /* Whoever of the two comes first: this one has no time, and never holds the gate up. */
    assert_err(atls_depot_obtain(shared, &lease, &wanted, atls_depot_clock_ms() - 1, &diag),
               COLLATERAL_SERVER);
    pthread_mutex_unlock(&web.gate);
    pthread_join(thread, NULL);
    assert_true(err == ATLS_OK || err == ATLS_ERR_COLLATERAL_SERVER);
    atls_depot_close(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ends_soon_is_renewed_beside_the_old),
        cmocka_unit_test(a_list_is_looked_for_anew_each_day),
        cmocka_unit_test(a_renewal_that_is_bad_leaves_the_old_one_in_place),
        cmocka_unit_test(a_server_that_fails_leaves_the_old_one_in_place),
        cmocka_unit_test(what_has_ended_is_not_given_out),
        cmocka_unit_test(it_is_known_beforehand_whether_a_server_is_asked),
        cmocka_unit_test(renewals_are_counted_and_first_answers_are_not),
        cmocka_unit_test(threads_that_want_the_same_ask_once),
        cmocka_unit_test(who_waits_behind_another_waits_until_his_own_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
