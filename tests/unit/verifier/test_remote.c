/* SPDX-License-Identifier: Apache-2.0 */
/* A remote Verifier, asked through a fetcher that is in this process. */
#include "verifier/remote.h"

#include "sim_evidence.h"
#include "support/fake_verifier.h"
#include "support/keys.h"
#include "verifier/trust.h"

#include <stdio.h>

static struct sim sim;
static struct atls_verifier *verifier;
static struct atls_diag diag;
static bool cancelled;
static struct atls_fetch_answer planned; /* outcome, sent and so on of the spoilt step */
static enum test_step spoilt;

static bool is_cancelled(const void *arg)
{
    (void)arg;
    return cancelled;
}

static struct verifier_trust *nobody(void)
{
    struct verifier_trust *trust = NULL;
    assert_err(verifier_trust_new(&trust, NULL), OK);
    return trust;
}

static struct atls_bytes jwk_of(const struct atls_key *key)
{
    json_t *jwk = NULL;
    assert_err(atls_key_to_jwk(&jwk, key, NULL, NULL), OK);
    char *text = json_dumps(jwk, 0);
    const struct atls_bytes copy = test_copy(atls_bytes_text(text));
    free(text);
    json_decref(jwk);
    return copy;
}

static void open_at(struct verifier_trust *trust)
{
    const struct atls_remote_options options = {
        .fetcher = &test_fetcher, .url = "https://v.example:1/p", .ca_pem = sim_nonce()};
    assert_err(atls_remote_new(&verifier, &options, trust, &diag), OK);
}

static int begin(void **state)
{
    (void)state;
    test_verifier_reset(test_key(ATLS_CRV_P256));
    test_verifier.iat_s = NOW_S;
    cancelled = false;
    memset(&planned, 0, sizeof planned);
    open_at(nobody());
    return 0;
}

static int end(void **state)
{
    (void)state;
    atls_verifier_remote.close(verifier);
    assert_int_equal(test_verifier.opened, test_verifier.closed);
    return 0;
}

static enum atls_err appraise_until(const struct atls_verify_request *request, int64_t time_ms)
{
    const struct atls_verifier_wait wait = {atls_verifier_clock_ms() + time_ms, is_cancelled, NULL};
    struct atls_appraisal *appraisal = calloc(1, sizeof *appraisal);
    memset(&diag, 0, sizeof diag);
    const enum atls_err err =
        atls_verifier_remote.appraise(verifier, appraisal, request, &wait, &diag);
    if (err == ATLS_OK) {
        assert_int_equal(appraisal->num_submods, 1);
        assert_true(appraisal->submods[0].fresh);
        assert_int_equal(appraisal->submods[0].status, ATLS_TIER_AFFIRMING);
        assert_int_equal(appraisal->submods[0].vector.claim[ATLS_TRUST_EXECUTABLES], 2);
    } else {
        assert_int_equal(appraisal->num_submods, 0);
        assert_int_equal(diag.err, err);
    }
    atls_appraisal_cleanup(appraisal, free);
    free(appraisal);
    return err;
}

static enum atls_err appraise(void)
{
    struct atls_verify_request request = sim_request(&sim);
    request.endorsements = NULL;
    return appraise_until(&request, 60000);
}

static void evidence_is_affirmed_in_four_steps(void **state)
{
    (void)state;
    assert_err(appraise(), OK);
    assert_string_equal(test_verifier.order, "dnex");
    assert_bytes(atls_bytes_of(test_verifier.evidence, test_verifier.evidence_len), sim.token);
    assert_string_equal(test_verifier.media_type,
                        "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"");
    assert_err(appraise(), OK);
    assert_string_equal(test_verifier.order, "dnexnex");
    assert_string_equal(atls_verifier_remote.identity(verifier), "https://v.example:1/p");
}

static void another_label_of_the_format_is_sent_as_its_own(void **state)
{
    (void)state;
    struct atls_verify_request request = sim_request(&sim);
    request.cmw = sim_labelled(&sim, "Application/PSA-Attestation-Token", 4);
    assert_err(appraise_until(&request, 60000), OK);
    assert_string_equal(test_verifier.media_type, "application/psa-attestation-token");
}

static void a_verifier_at_work_is_polled(void **state)
{
    (void)state;
    test_verifier.polls = 3;
    assert_err(appraise(), OK);
    assert_string_equal(test_verifier.order, "dnepppx");
}

static void stale_or_mislabelled_evidence_is_not_sent(void **state)
{
    (void)state;
    static const uint8_t other[32] = {1};
    struct atls_verify_request request = sim_request(&sim);
    request.expected_nonce = atls_bytes_of(other, sizeof other);
    assert_err(appraise_until(&request, 60000), FRESHNESS);
    request = sim_request(&sim);
    request.format = atls_format_by_name(atls_bytes_text("tpm2"));
    assert_err(appraise_until(&request, 60000), EVIDENCE_TYPE);
    request = sim_request(&sim);
    request.cmw = atls_bytes_of("x", 1);
    assert_err(appraise_until(&request, 60000), EVIDENCE_MALFORMED);
    request = sim_request(&sim);
    request.no_nonce = true;
    request.expected_nonce = atls_bytes_of(NULL, 0);
    assert_err(appraise_until(&request, 60000), ARGUMENT);
    assert_string_equal(test_verifier.order, "");
}

static void spoil(enum test_step step, struct atls_fetch_answer *answer)
{
    if (step == spoilt) {
        uint8_t *body = answer->body;
        const size_t len = answer->body_len;
        *answer = planned;
        answer->body = body;
        answer->body_len = len;
    }
}

/* What an outcome at a step comes to, and how often that step is asked. */
static const struct {
    enum test_step step;
    enum atls_fetch_outcome outcome;
    bool sent;
    unsigned status;
    enum atls_err err;
    unsigned asked;
} spoils[] = {
    {TEST_STEP_DISCOVERY, ATLS_FETCH_UNREACHABLE, false, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 3},
    {TEST_STEP_DISCOVERY, ATLS_FETCH_UNTRUSTED, false, 0, ATLS_ERR_VERIFIER_IDENTITY, 1},
    {TEST_STEP_DISCOVERY, ATLS_FETCH_ANSWERED, true, 404, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_UNREACHABLE, true, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 3},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_UNTRUSTED, false, 0, ATLS_ERR_VERIFIER_IDENTITY, 1},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_TIMEOUT, true, 0, ATLS_ERR_VERIFIER_TIMEOUT, 1},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_OVERSIZED, true, 0, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_MALFORMED, true, 0, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_NONE, false, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 1},
    {TEST_STEP_NEW_SESSION, (enum atls_fetch_outcome)77, true, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 1},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_ANSWERED, true, 503, ATLS_ERR_VERIFIER_ANSWER, 3},
    {TEST_STEP_NEW_SESSION, ATLS_FETCH_ANSWERED, true, 200, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_EVIDENCE, ATLS_FETCH_UNREACHABLE, true, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 1},
    {TEST_STEP_EVIDENCE, ATLS_FETCH_UNREACHABLE, false, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 3},
    {TEST_STEP_EVIDENCE, ATLS_FETCH_TIMEOUT, true, 0, ATLS_ERR_VERIFIER_TIMEOUT, 1},
    {TEST_STEP_EVIDENCE, ATLS_FETCH_ANSWERED, true, 503, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_EVIDENCE, ATLS_FETCH_ANSWERED, true, 415, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_POLL, ATLS_FETCH_UNREACHABLE, true, 0, ATLS_ERR_VERIFIER_UNREACHABLE, 3},
    {TEST_STEP_POLL, ATLS_FETCH_ANSWERED, true, 429, ATLS_ERR_VERIFIER_ANSWER, 3},
    {TEST_STEP_POLL, ATLS_FETCH_ANSWERED, true, 500, ATLS_ERR_VERIFIER_ANSWER, 1},
    {TEST_STEP_DELETE, ATLS_FETCH_UNREACHABLE, true, 0, ATLS_OK, 1},
    {TEST_STEP_DELETE, ATLS_FETCH_ANSWERED, true, 500, ATLS_OK, 1},
};

static void every_outcome_of_every_step_has_its_error(void **state)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(spoils); i++) {
        end(state);
        begin(state);
        test_verifier.polls = 1;
        test_verifier.spoil = spoil;
        spoilt = spoils[i].step;
        planned.outcome = spoils[i].outcome;
        planned.sent = spoils[i].sent;
        planned.status = spoils[i].status;
        const enum atls_err err = appraise();
        if (err != spoils[i].err || test_verifier.asked[spoilt] != spoils[i].asked) {
            print_error("row %zu: %s, asked %u\n", i, atls_err_name(err),
                        test_verifier.asked[spoilt]);
        }
        assert_int_equal(err, spoils[i].err);
        assert_int_equal(test_verifier.asked[spoilt], spoils[i].asked);
        if (err != ATLS_OK) {
            assert_string_equal(diag.step, "Verifier");
        }
    }
}

static void no_time_left_asks_nothing_more(void **state)
{
    (void)state;
    struct atls_verify_request request = sim_request(&sim);
    assert_err(appraise_until(&request, -1), VERIFIER_TIMEOUT);
    assert_string_equal(test_verifier.order, "");
    test_verifier.spoil = spoil;
    spoilt = TEST_STEP_NEW_SESSION;
    planned.outcome = ATLS_FETCH_ANSWERED;
    planned.status = 503;
    planned.has_retry_after = true;
    planned.retry_after_s = 3600;
    assert_err(appraise(), VERIFIER_ANSWER);
    assert_string_equal(test_verifier.order, "dn");
    assert_non_null(strstr(diag.found, "3600"));
}

static void a_poll_that_is_to_come_too_late_is_not_waited_for(void **state)
{
    (void)state;
    test_verifier.polls = 5;
    test_verifier.spoil = spoil;
    spoilt = TEST_STEP_EVIDENCE;
    planned.outcome = ATLS_FETCH_ANSWERED;
    planned.status = 202;
    planned.has_retry_after = true;
    planned.retry_after_s = 3600;
    assert_err(appraise(), VERIFIER_TIMEOUT);
    assert_string_equal(test_verifier.order, "dne");
}

static void cancel_then(enum test_step step, struct atls_fetch_answer *answer)
{
    (void)answer;
    cancelled = cancelled || step == spoilt;
}

static void who_no_longer_waits_is_worked_for_no_more(void **state)
{
    (void)state;
    test_verifier.polls = 5;
    test_verifier.spoil = cancel_then;
    spoilt = TEST_STEP_EVIDENCE;
    assert_err(appraise(), CANCELLED);
    assert_string_equal(test_verifier.order, "dne");
    cancelled = true;
    assert_err(appraise(), CANCELLED);
    assert_string_equal(test_verifier.order, "dne");
}

static void newer_keys_are_asked_for_once_a_minute(void **state)
{
    (void)state;
    test_verifier.key = test_key(ATLS_CRV_P256);
    assert_err(appraise(), RESULT_SIGNATURE);
    assert_err(appraise(), RESULT_SIGNATURE);
    assert_int_equal(test_verifier.asked[TEST_STEP_DISCOVERY], 2);
}

static void a_key_that_was_replaced_is_fetched(void **state)
{
    (void)state;
    assert_err(appraise(), OK);
    test_verifier.key = test_verifier.published = test_key(ATLS_CRV_P256);
    assert_err(appraise(), OK);
    assert_err(appraise(), OK);
    assert_string_equal(test_verifier.order, "dnexnexdnex");
}

static void an_old_result_is_refused_by_the_largest_age(void **state)
{
    (void)state;
    struct atls_verify_request request = sim_request(&sim);
    request.max_result_age_s = 10;
    test_verifier.iat_s = NOW_S - 100;
    assert_err(appraise_until(&request, 60000), RESULT_EXPIRED);
    request.max_result_age_s = 200;
    assert_err(appraise_until(&request, 60000), OK);
}

static void keys_of_a_listed_verifier_are_the_only_ones(void **state)
{
    end(state);
    struct verifier_trust *trust = nobody();
    assert_err(verifier_trust_pin(trust, "https://v.example/id", jwk_of(test_verifier.key), &diag),
               OK);
    open_at(trust);
    assert_err(appraise(), OK);
    assert_string_equal(test_verifier.order, "nex");
    assert_string_equal(atls_verifier_remote.identity(verifier), "https://v.example/id");
    test_verifier.key = test_key(ATLS_CRV_P256);
    assert_err(appraise(), RESULT_SIGNATURE);
    assert_int_equal(test_verifier.asked[TEST_STEP_DISCOVERY], 0);
}

static void what_is_trusted_has_a_name_and_keys(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", "name", "1:x", ":x", "a:", "a:b c", "a:b#c", "a:\x01", "a:\xc3\xa9"};
    struct verifier_trust *trust = nobody();
    const struct atls_bytes keys = jwk_of(test_verifier.key);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        assert_err(verifier_trust_pin(trust, names[i], keys, &diag), CONFIG);
    }
    assert_err(verifier_trust_pin(trust, "a:b", atls_bytes_text("{}"), &diag), KEY);
    assert_err(verifier_trust_fetch(trust, "a:b", "http://127.0.0.1/k", &diag), CONFIG);
    assert_err(verifier_trust_fetch(trust, "a:b", "nonsense", &diag), CONFIG);
    assert_int_equal(verifier_trust_count(trust), 0);
    for (unsigned i = 0; i < VERIFIER_MAX_TRUSTED; i++) {
        char name[16];
        snprintf(name, sizeof name, "a:%u", i);
        assert_err(verifier_trust_fetch(trust, name, "https://v.example/k", &diag), OK);
        assert_err(verifier_trust_pin(trust, name, keys, &diag), CONFIG);
    }
    assert_err(verifier_trust_pin(trust, "a:b", keys, &diag), CONFIG);
    assert_string_equal(diag.expected, "at most 16");
    verifier_trust_free(trust);
    verifier_trust_free(NULL);
}

static void a_verifier_that_cannot_be_known_is_not_opened(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool ca, plain, trusted;
        enum atls_err err;
    } cases[] = {
        {"https://v.example", false, false, true, ATLS_ERR_CONFIG},
        {"https://v.example", true, false, false, ATLS_OK},
        {"http://127.0.0.1:1", false, false, true, ATLS_ERR_CONFIG},
        {"http://127.0.0.1:1", false, true, false, ATLS_ERR_CONFIG},
        {"http://127.0.0.1:1", false, true, true, ATLS_OK},
        {"http://192.0.2.1:1", false, true, true, ATLS_ERR_CONFIG},
        {"nonsense", true, true, true, ATLS_ERR_CONFIG},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct verifier_trust *trust = nobody();
        struct atls_verifier *made = NULL;
        if (cases[i].trusted) {
            assert_err(verifier_trust_pin(trust, "a:b", jwk_of(test_verifier.key), NULL), OK);
        }
        const struct atls_remote_options options = {.fetcher = &test_fetcher,
                                                    .url = cases[i].url,
                                                    .ca_pem = cases[i].ca ? sim_nonce()
                                                                          : atls_bytes_of(NULL, 0),
                                                    .plain_http = cases[i].plain};
        const enum atls_err err = atls_remote_new(&made, &options, trust, &diag);
        assert_int_equal(err, cases[i].err);
        if (err == ATLS_OK) {
            atls_verifier_remote.close(made);
        } else {
            verifier_trust_free(trust);
        }
    }
}

static void a_table_with_a_hole_is_refused(void **state)
{
    (void)state;
    for (unsigned hole = 0; hole < 6; hole++) {
        struct atls_fetcher_ops ops = test_fetcher;
        ops.abi += hole == 0;
        ops.size -= hole == 1;
        ops.name = hole == 2 ? NULL : ops.name;
        ops.open = hole == 3 ? NULL : ops.open;
        ops.close = hole == 4 ? NULL : ops.close;
        ops.fetch = hole == 5 ? NULL : ops.fetch;
        struct verifier_trust *trust = nobody();
        struct atls_verifier *made = NULL;
        const struct atls_remote_options options = {
            .fetcher = &ops, .url = "https://v.example", .ca_pem = sim_nonce()};
        assert_err(atls_remote_new(&made, &options, trust, &diag), ARGUMENT);
        verifier_trust_free(trust);
    }
}

static void the_verifier_of_this_process_says_so(void **state)
{
    (void)state;
    const struct atls_verify_request request = sim_request(&sim);
    const struct atls_verifier_wait wait = {0, is_cancelled, NULL};
    struct atls_appraisal appraisal;
    assert_string_equal(atls_verifier_in_process.identity(NULL), "in-process");
    assert_false(atls_verifier_in_process.waits);
    assert_true(atls_verifier_remote.waits);
    assert_err(atls_verifier_in_process.appraise(NULL, &appraisal, &request, &wait, &diag), OK);
    atls_appraisal_cleanup(&appraisal, free);
    atls_verifier_in_process.close(NULL);
    atls_verifier_remote.close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evidence_is_affirmed_in_four_steps, begin, end),
        cmocka_unit_test_setup_teardown(another_label_of_the_format_is_sent_as_its_own, begin, end),
        cmocka_unit_test_setup_teardown(a_verifier_at_work_is_polled, begin, end),
        cmocka_unit_test_setup_teardown(stale_or_mislabelled_evidence_is_not_sent, begin, end),
        cmocka_unit_test_setup_teardown(every_outcome_of_every_step_has_its_error, begin, end),
        cmocka_unit_test_setup_teardown(no_time_left_asks_nothing_more, begin, end),
        cmocka_unit_test_setup_teardown(a_poll_that_is_to_come_too_late_is_not_waited_for, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_no_longer_waits_is_worked_for_no_more, begin, end),
        cmocka_unit_test_setup_teardown(newer_keys_are_asked_for_once_a_minute, begin, end),
        cmocka_unit_test_setup_teardown(a_key_that_was_replaced_is_fetched, begin, end),
        cmocka_unit_test_setup_teardown(an_old_result_is_refused_by_the_largest_age, begin, end),
        cmocka_unit_test_setup_teardown(keys_of_a_listed_verifier_are_the_only_ones, begin, end),
        cmocka_unit_test_setup_teardown(what_is_trusted_has_a_name_and_keys, begin, end),
        cmocka_unit_test_setup_teardown(a_verifier_that_cannot_be_known_is_not_opened, begin, end),
        cmocka_unit_test_setup_teardown(a_table_with_a_hole_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(the_verifier_of_this_process_says_so, begin, end),
    };
    sim = sim_new();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    atls_endorsements_unref(sim.endorsements);
    return failed;
}
