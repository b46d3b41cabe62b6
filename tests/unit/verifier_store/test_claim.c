/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and leases: what becomes of a session whose node died, or was only slow. */
#include "suite.h"

#include "store/clock.h"

static struct verifier_claim take_over(const char *id, uint32_t number)
{
    bool is_found = false;
    struct verifier_session session;
    struct verifier_claim claim;
    assert_err(
        verifier_session_take_over(suite.store, &is_found, &session, &claim, SUITE_LEASE_MS, NULL),
        OK);
    assert_true(is_found);
    assert_string_equal(session.id, id);
    assert_string_equal(claim.session, id);
    assert_int_equal(claim.number, number);
    verifier_session_cleanup(&session);
    return claim;
}

static bool nothing_is_left(void)
{
    bool is_found = true;
    struct verifier_session session = {.num_accept = 77};
    struct verifier_claim claim = {.number = 77};
    assert_err(
        verifier_session_take_over(suite.store, &is_found, &session, &claim, SUITE_LEASE_MS, NULL),
        OK);
    if (is_found) {
        verifier_session_cleanup(&session);
        return false;
    }
    assert_int_equal(session.num_accept, 77); /* outputs are untouched */
    assert_int_equal(claim.number, 77);
    return true;
}

static void session_is_taken_over_when_its_lease_runs_out(void **state)
{
    (void)state;
    (void)suite_submitted(suite.store, "one");
    suite.now_ms += SUITE_LEASE_MS - 1;
    assert_true(nothing_is_left());
    suite.now_ms += 1;
    bool is_found = false;
    struct verifier_session session;
    struct verifier_claim claim;
    assert_err(
        verifier_session_take_over(suite.store, &is_found, &session, &claim, SUITE_LEASE_MS, NULL),
        OK);
    assert_true(is_found);
    assert_string_equal(session.id, "one");
    assert_int_equal(session.state, VERIFIER_SESSION_PROCESSING);
    assert_text(session.evidence, "evidence");
    assert_string_equal(session.evidence_type, SUITE_MEDIA_TYPE);
    assert_text(session.nonce, "0123456789abcdef");
    assert_int_equal(session.num_accept, 2);
    assert_int_equal(session.form, 2); /* as its client was told */
    assert_text(atls_bytes_of(claim.nonce, claim.nonce_len), "0123456789abcdef");
    assert_int_equal(claim.number, 2);
    assert_true(verifier_claim_is_valid(&claim));
    verifier_session_cleanup(&session);
    assert_true(nothing_is_left());
}

static void slow_node_is_refused_after_it_was_taken_over(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_claim slow = suite_submitted(suite.store, "one");
    suite.now_ms += SUITE_LEASE_MS;
    const struct verifier_claim second = take_over("one", 2);
    assert_err(verifier_session_complete(suite.store, &slow, atls_bytes_text("slow"), &diag),
               CONFLICT);
    assert_string_equal(suite_sentence(&diag),
                        "session: what was asked for does not go with what is there already "
                        "(claim: found 1, expected 2, for another node took over)");
    assert_err(verifier_session_fail(suite.store, &slow, NULL), CONFLICT);
    assert_err(verifier_session_renew(suite.store, &slow, SUITE_LEASE_MS, NULL), CONFLICT);
    assert_err(verifier_session_complete(suite.store, &second, atls_bytes_text("quick"), NULL), OK);
    /* nor afterwards, not even with the very Result that was published */
    assert_err(verifier_session_complete(suite.store, &slow, atls_bytes_text("quick"), NULL),
               CONFLICT);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), OK);
    assert_text(session.result, "quick");
    verifier_session_cleanup(&session);
}

static void slow_node_that_nobody_replaced_may_finish(void **state)
{
    (void)state;
    const struct verifier_claim slow = suite_submitted(suite.store, "one");
    suite.now_ms += SUITE_LEASE_MS + 1;
    assert_err(verifier_session_complete(suite.store, &slow, atls_bytes_text("r"), NULL), OK);
    assert_true(nothing_is_left());
}

static void renewed_lease_is_not_taken_over(void **state)
{
    (void)state;
    struct verifier_claim claim = suite_submitted(suite.store, "one");
    const int64_t before = claim.deadline_ms;
    suite.now_ms += SUITE_LEASE_MS - 1;
    assert_err(verifier_session_renew(suite.store, &claim, 2 * (int64_t)SUITE_LEASE_MS, NULL), OK);
    assert_int_equal(claim.number, 1);
    assert_string_equal(claim.session, "one");
    assert_true(claim.deadline_ms >= before + SUITE_LEASE_MS * 7 / 8);
    suite.now_ms += 2 * SUITE_LEASE_MS - 1;
    assert_true(nothing_is_left());
    suite.now_ms += 1;
    (void)take_over("one", 2);
}

static void what_was_left_first_is_taken_first(void **state)
{
    (void)state;
    (void)suite_submitted(suite.store, "first");
    suite.now_ms += 1;
    (void)suite_submitted(suite.store, "second");
    suite.now_ms += SUITE_LEASE_MS;
    (void)take_over("first", 2);
    (void)take_over("second", 2);
    assert_true(nothing_is_left());
}

/* Evidence that brings down each node that looks at it. */
static void session_that_too_many_nodes_left_is_given_up(void **state)
{
    (void)state;
    (void)suite_submitted(suite.store, "one");
    for (uint32_t number = 2; number <= VERIFIER_MAX_CLAIMS; number++) {
        suite.now_ms += SUITE_LEASE_MS;
        (void)take_over("one", number);
    }
    assert_err(verifier_store_sweep(suite.store, NULL, NULL), OK);
    assert_int_equal(suite_state(suite.store, "one"), VERIFIER_SESSION_PROCESSING);
    suite.now_ms += SUITE_LEASE_MS;
    assert_true(nothing_is_left());
    assert_err(verifier_store_sweep(suite.store, NULL, NULL), OK);
    assert_int_equal(suite_state(suite.store, "one"), VERIFIER_SESSION_FAILED);
}

static void sessions_that_nobody_holds_are_not_taken(void **state)
{
    (void)state;
    assert_err(suite_create(suite.store, "waiting", NULL), OK);
    const struct verifier_claim complete = suite_submitted(suite.store, "complete");
    assert_err(verifier_session_complete(suite.store, &complete, atls_bytes_text("r"), NULL), OK);
    const struct verifier_claim failed = suite_submitted(suite.store, "failed");
    assert_err(verifier_session_fail(suite.store, &failed, NULL), OK);
    (void)suite_submitted(suite.store, "deleted");
    assert_err(verifier_session_delete(suite.store, "deleted", NULL), OK);
    suite.now_ms += SUITE_LEASE_MS;
    assert_true(nothing_is_left());
    (void)suite_submitted(suite.store, "expired");
    suite.now_ms += SUITE_TTL_MS + SUITE_LEASE_MS;
    assert_true(nothing_is_left());
}

static void claim_ends_before_others_may_take_over(void **state)
{
    (void)state;
    const int64_t before = store_monotonic_ms();
    struct verifier_claim claim = suite_submitted(suite.store, "one");
    assert_true(claim.deadline_ms >= before + SUITE_LEASE_MS * 7 / 8);
    assert_true(claim.deadline_ms <= store_monotonic_ms() + SUITE_LEASE_MS * 7 / 8);
    claim.deadline_ms = store_monotonic_ms();
    assert_false(verifier_claim_is_valid(&claim));
}

static void claim_names_the_endorsements_that_were_there(void **state)
{
    (void)state;
    assert_err(suite_put(suite.store, "a", 1, "x", NULL), OK);
    assert_err(suite_put(suite.store, "b", 1, "x", NULL), OK);
    struct verifier_claim claim = suite_submitted(suite.store, "one");
    assert_int_equal(claim.generation, 2);
    assert_err(suite_put(suite.store, "c", 1, "x", NULL), OK);
    assert_err(verifier_session_renew(suite.store, &claim, SUITE_LEASE_MS, NULL), OK);
    assert_int_equal(claim.generation, 2);
    suite.now_ms += SUITE_LEASE_MS;
    assert_int_equal(take_over("one", 2).generation, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_is_taken_over_when_its_lease_runs_out),
        cmocka_unit_test(slow_node_is_refused_after_it_was_taken_over),
        cmocka_unit_test(slow_node_that_nobody_replaced_may_finish),
        cmocka_unit_test(renewed_lease_is_not_taken_over),
        cmocka_unit_test(what_was_left_first_is_taken_first),
        cmocka_unit_test(session_that_too_many_nodes_left_is_given_up),
        cmocka_unit_test(sessions_that_nobody_holds_are_not_taken),
        cmocka_unit_test(claim_ends_before_others_may_take_over),
        cmocka_unit_test(claim_names_the_endorsements_that_were_there),
    };
    return suite_main(tests);
}
