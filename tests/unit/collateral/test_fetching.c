/* SPDX-License-Identifier: Apache-2.0 */
/* The rounds of an appraisal that lacks collateral: what is fetched, given back and told. */
#include "depot_test.h"

#include "verifier/evidence.h"

/* An appraiser that wants some products' lists, and refuses those that end at an odd second. */
static const char *wants[8];
static unsigned rounds;
static bool never_content;

static bool has_list(const struct atls_appraisal_input *input, size_t at)
{
    if (never_content) {
        return false;
    }
    /* the depot's own files do not count; answers stand in the order of the questions */
    return input->fetched->num > at && atls_collateral_end(input->fetched->bags[at]) % 2 == 0;
}

static enum atls_err appraise(struct atls_submod *out, const struct atls_appraisal_input *input,
                              struct atls_diag *why)
{
    (void)out;
    rounds++;
    for (size_t i = 0; wants[i] != NULL; i++) {
        if (input->fetched == NULL || !has_list(input, i)) {
            if (input->wanted != NULL) {
                *input->wanted = list_of(wants[i]);
            }
            return atls_fail(why, ATLS_ERR_COLLATERAL, "test", wants[i]);
        }
    }
    return ATLS_OK;
}

static const struct atls_appraiser_ops ops = {.abi = ATLS_APPRAISER_ABI,
                                              .size = sizeof ops,
                                              .format = "test",
                                              .appraise = appraise,
                                              .read_unverified = appraise};

static enum atls_err run(struct atls_depot *depot)
{
    const struct verifier_evidence evidence = {.ops = &ops};
    const struct atls_verify_request request = {.depot = depot,
                                                .deadline_ms = atls_depot_clock_ms() + 5000};
    struct atls_appraisal_input input = {.now_s = NOW};
    struct atls_submod submod;
    rounds = 0;
    const enum atls_err err =
        verifier_appraise_fetching(&submod, &evidence, &input, &request, &diag);
    assert_null(input.fetched);
    assert_null(input.wanted);
    return err;
}

static void want(const char *a, const char *b)
{
    wants[0] = a;
    wants[1] = b;
    wants[2] = NULL;
}

static void what_is_missing_is_fetched_one_after_the_other(void **state)
{
    (void)state;
    want("Milan", "Genoa");
    reset(gives(list_until(NOW + 1000)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_err(run(depot), OK);
    assert_int_equal(rounds, 3);
    assert_int_equal(asked(), 2);
    assert_err(run(depot), OK);
    assert_int_equal(asked(), 2);
    atls_depot_close(depot);
}

static void without_a_depot_the_appraiser_is_asked_once(void **state)
{
    (void)state;
    want("Milan", NULL);
    assert_err(run(NULL), COLLATERAL);
    assert_int_equal(rounds, 1);
}

static void what_no_server_has_is_the_appraisers_refusal(void **state)
{
    (void)state;
    want("Milan", NULL);
    reset(says(404), says(404));
    struct atls_depot *depot = depot_of(NULL, 2);
    assert_err(run(depot), COLLATERAL);
    assert_string_equal(diag.step, "test");
    atls_depot_close(depot);
}

static void a_server_that_does_not_answer_is_told(void **state)
{
    (void)state;
    want("Milan", NULL);
    reset(says(503), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_err(run(depot), COLLATERAL_SERVER);
    assert_string_equal(diag.step, "collateral server");
    atls_depot_close(depot);
}

static void an_answer_that_does_not_help_is_not_kept(void **state)
{
    (void)state;
    want("Milan", NULL);
    reset(gives(list_until(NOW + 1001)), says(404));
    struct atls_depot *depot = depot_of(NULL, 1);
    assert_err(run(depot), COLLATERAL);
    assert_int_equal(rounds, 2);
    assert_int_equal(asked(), 1);
    assert_err(run(depot), COLLATERAL);
    assert_int_equal(asked(), 1);
    atls_depot_close(depot);
}

/* Evidence of a stranger, for which nothing is of use, does not spoil the collateral of
 * others: neither what has proved good, nor what has not had the time to. */
static void useless_evidence_takes_nothing_from_others(void **state)
{
    (void)state;
    want("Milan", NULL);
    for (unsigned proved = 0; proved < 2; proved++) {
        reset(gives(list_until(NOW + 1000)), says(404));
        struct atls_depot *depot = depot_of(NULL, 1);
        if (proved != 0) {
            assert_err(run(depot), OK);
        }
        for (unsigned i = 0; i < 3; i++) {
            never_content = true;
            assert_err(run(depot), COLLATERAL);
            never_content = false;
        }
        assert_int_equal(asked(), 1);
        assert_err(run(depot), OK);
        assert_int_equal(asked(), 1);
        atls_depot_close(depot);
    }
}

/* An appraiser that can do without, and says so. */
static enum atls_err appraise_at_ease(struct atls_submod *out,
                                      const struct atls_appraisal_input *input,
                                      struct atls_diag *why)
{
    const enum atls_err err = appraise(out, input, why);
    out->claims_json = strdup("{}");
    out->storage = strdup("octets of its own");
    out->simulated = err != ATLS_OK; /* what it lacked shows */
    return ATLS_OK;
}

static void what_an_appraiser_can_do_without_is_fetched_too(void **state)
{
    (void)state;
    struct atls_appraiser_ops at_ease = ops;
    at_ease.appraise = appraise_at_ease;
    const struct verifier_evidence evidence = {.ops = &at_ease};
    struct atls_appraisal_input input = {.now_s = NOW};
    struct atls_submod submod;
    want("Milan", NULL);
    for (unsigned i = 0; i < 2; i++) {
        reset(i == 0 ? gives(list_until(NOW + 1000)) : says(503), says(404));
        struct atls_depot *depot = depot_of(NULL, 1);
        const struct atls_verify_request request = {.depot = depot,
                                                    .deadline_ms = atls_depot_clock_ms() + 5000};
        memset(&submod, 0, sizeof submod);
        assert_err(verifier_appraise_fetching(&submod, &evidence, &input, &request, &diag), OK);
        assert_int_equal(submod.simulated, i == 1);
        assert_int_equal(asked(), 1);
        free(submod.claims_json);
        free(submod.storage);
        atls_depot_close(depot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_fetched_one_after_the_other),
        cmocka_unit_test(without_a_depot_the_appraiser_is_asked_once),
        cmocka_unit_test(what_no_server_has_is_the_appraisers_refusal),
        cmocka_unit_test(a_server_that_does_not_answer_is_told),
        cmocka_unit_test(an_answer_that_does_not_help_is_not_kept),
        cmocka_unit_test(useless_evidence_takes_nothing_from_others),
        cmocka_unit_test(what_an_appraiser_can_do_without_is_fetched_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
