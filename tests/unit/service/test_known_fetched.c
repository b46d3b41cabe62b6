/* SPDX-License-Identifier: Apache-2.0 */
/* What an appraiser keeps of what was fetched for it, and what it says that it lacks. */
#include "support/intel_maker.h"

#include "svc/verifier/known_fetched.h"

#define NOW TEST_CHAIN_NOW

enum { MAX_KNOWN = 64 }; /* as it bounds itself */

static struct atls_collateral_wanted list_of(unsigned at)
{
    struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_AMD_CRL};
    (void)snprintf(wanted.product, sizeof wanted.product, "Maker%u", at);
    return wanted;
}

/* list_until is a list of revoked certificates that ends then. */
static struct atls_bytes list_until(int64_t end_s)
{
    static struct test_chain chain;
    if (chain.len == 0) {
        chain = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    }
    const struct atls_issue_crl_spec spec = {
        .this_update_s = NOW - 100, .next_update_s = end_s, .signature = ATLS_CHAIN_ECDSA_SHA256};
    return test_crl(&chain, 2, &spec);
}

static struct verifier_known_fetched *known;
static const struct atls_collateral_source *source;
static struct verifier_evaluate job;

static int setup(void **state)
{
    (void)state;
    memset(&job, 0, sizeof job);
    job.now_s = NOW;
    known = verifier_known_fetched_new();
    return known == NULL;
}

static int teardown(void **state)
{
    (void)state;
    verifier_known_fetched_free(known);
    return 0;
}

/* bring is a job that brings a list by this number. */
static void bring(unsigned at, uint64_t number, int64_t end_s)
{
    job.has_fetched = true;
    job.fetched = (struct verifier_fetched){list_of(at), number, atls_bytes_text("/crl"),
                                            atls_bytes_text(""), list_until(end_s)};
    source = verifier_known_fetched_begin(known, &job);
    job.has_fetched = false;
}

/* number_of gives that of what is here; 0: it is not, and is said to be lacking. */
static uint64_t number_of(unsigned at, enum atls_lease_end end)
{
    const struct atls_collateral_wanted wanted = list_of(at);
    struct atls_collateral_wanted lacks;
    struct atls_lease *lease = NULL;
    struct atls_diag diag;
    uint64_t useless = 0;
    if (source->obtain(source->arg, &lease, &wanted, &diag) != ATLS_OK) {
        assert_int_equal(diag.err, ATLS_ERR_COLLATERAL);
        assert_true(verifier_known_fetched_lacks(known, &lacks, &useless));
        assert_true(atls_collateral_wanted_equal(&lacks, &wanted));
        return 0;
    }
    const uint64_t number = atls_lease_number(lease);
    assert_non_null(atls_lease_bag(lease));
    source->give_back(source->arg, lease, end);
    return number;
}

static void begin(void)
{
    source = verifier_known_fetched_begin(known, &job);
}

static void what_was_brought_serves_the_jobs_after(void **state)
{
    struct atls_collateral_wanted lacks;
    uint64_t useless = 0;
    (void)state;
    begin();
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0);
    bring(1, 7, NOW + 100);
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 7);
    assert_false(verifier_known_fetched_lacks(known, &lacks, &useless));
    begin();
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 7);
    assert_int_equal(number_of(2, ATLS_LEASE_GOOD), 0); /* another question */
    bring(1, 8, NOW + 100);
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 8);
}

static void what_has_ended_is_lacking(void **state)
{
    (void)state;
    bring(1, 7, NOW + 100);
    job.now_s = NOW + 100;
    begin();
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 7);
    job.now_s = NOW + 101;
    begin();
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0);
    bring(1, 8, NOW + 100); /* and is not taken in */
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0);
}

static void what_is_renewed_at_the_front_is_asked_for_again(void **state)
{
    (void)state;
    bring(1, 7, NOW + 100);
    job.renewals++;
    begin();
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0);
}

static void what_does_not_do_for_one_stays_for_others(void **state)
{
    struct atls_collateral_wanted lacks;
    uint64_t useless = 0;
    (void)state;
    bring(1, 7, NOW + 100);
    assert_int_equal(number_of(1, ATLS_LEASE_BAD), 7);
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0); /* in this job */
    assert_true(verifier_known_fetched_lacks(known, &lacks, &useless));
    assert_int_equal(useless, 7);
    begin();
    assert_false(verifier_known_fetched_lacks(known, &lacks, &useless));
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 7);
}

static void what_is_no_collateral_is_not_taken_in(void **state)
{
    (void)state;
    job.has_fetched = true;
    job.fetched = (struct verifier_fetched){list_of(1), 7, atls_bytes_text("/crl"),
                                            atls_bytes_text(""), atls_bytes_text("noise")};
    begin();
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0);
}

static void the_least_used_gives_way(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAX_KNOWN; i++) {
        bring(i, i + 1u, NOW + 100);
    }
    assert_int_equal(number_of(0, ATLS_LEASE_GOOD), 1);
    bring(MAX_KNOWN, 1000, NOW + 100);
    assert_int_equal(number_of(0, ATLS_LEASE_GOOD), 1);
    assert_int_equal(number_of(MAX_KNOWN, ATLS_LEASE_GOOD), 1000);
    assert_int_equal(number_of(1, ATLS_LEASE_GOOD), 0);
    assert_int_equal(number_of(2, ATLS_LEASE_GOOD), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_brought_serves_the_jobs_after, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_ended_is_lacking, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_renewed_at_the_front_is_asked_for_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_does_not_do_for_one_stays_for_others, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_collateral_is_not_taken_in, setup, teardown),
        cmocka_unit_test_setup_teardown(the_least_used_gives_way, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
