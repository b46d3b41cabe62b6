/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a session: made, submitted, completed, expired, deleted. */
#include "suite.h"

#include <stdio.h>

static void new_session_waits_and_says_what_it_was_made_with(void **state)
{
    (void)state;
    assert_err(suite_create(suite.store, "one", NULL), OK);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), OK);
    assert_string_equal(session.id, "one");
    assert_int_equal(session.state, VERIFIER_SESSION_WAITING);
    assert_text(session.nonce, "0123456789abcdef");
    assert_int_equal(session.num_accept, 2);
    assert_string_equal(session.accept[0], SUITE_MEDIA_TYPE);
    assert_string_equal(session.accept[1], "application/cmw+cbor");
    assert_null(session.evidence_type);
    assert_int_equal(session.evidence.len, 0);
    assert_int_equal(session.result.len, 0);
    assert_int_equal(session.created_ms, suite.now_ms);
    assert_int_equal(session.expiry_ms, suite.now_ms + SUITE_TTL_MS);
    verifier_session_cleanup(&session);
    verifier_session_cleanup(&session); /* the zero state is safe */
}

static void octets_of_all_values_come_back(void **state)
{
    (void)state;
    uint8_t octets[256 + 64];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)i;
    }
    const struct atls_bytes all = atls_bytes_of(octets, 256);
    const char *const accept[] = {"a/b"};
    const struct verifier_session_new new = {.id = "binary",
                                             .nonce = atls_bytes_of(octets, 64),
                                             .accept = accept,
                                             .num_accept = 1,
                                             .ttl_ms = 1000};
    int64_t expiry_ms = 0;
    struct verifier_claim claim;
    struct verifier_session session;
    assert_err(verifier_session_create(suite.store, &expiry_ms, &new, NULL), OK);
    assert_int_equal(expiry_ms, suite.now_ms + 1000);
    assert_err(
        verifier_session_submit(suite.store, &claim, "binary", "a/b; c=\"d\"", all, 1000, NULL),
        OK);
    assert_bytes(atls_bytes_of(claim.nonce, claim.nonce_len), atls_bytes_of(octets, 64));
    assert_err(verifier_session_complete(suite.store, &claim, all, NULL), OK);
    assert_err(verifier_session_get(suite.store, &session, "binary", NULL), OK);
    assert_bytes(session.evidence, all);
    assert_bytes(session.result, all);
    assert_bytes(session.nonce, atls_bytes_of(octets, 64));
    assert_string_equal(session.evidence_type, "a/b; c=\"d\"");
    verifier_session_cleanup(&session);
}

static void session_goes_from_waiting_to_complete(void **state)
{
    (void)state;
    const struct verifier_claim claim = suite_submitted(suite.store, "one");
    assert_string_equal(claim.session, "one");
    assert_int_equal(claim.number, 1);
    assert_int_equal(claim.generation, 0);
    assert_true(verifier_claim_is_valid(&claim));
    assert_int_equal(suite_state(suite.store, "one"), VERIFIER_SESSION_PROCESSING);
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("result"), NULL), OK);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), OK);
    assert_int_equal(session.state, VERIFIER_SESSION_COMPLETE);
    assert_string_equal(session.evidence_type, SUITE_MEDIA_TYPE);
    assert_text(session.evidence, "evidence");
    assert_text(session.result, "result");
    verifier_session_cleanup(&session);
}

static void session_that_failed_shows_neither_evidence_nor_result(void **state)
{
    (void)state;
    const struct verifier_claim claim = suite_submitted(suite.store, "one");
    assert_err(verifier_session_fail(suite.store, &claim, NULL), OK);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), OK);
    assert_int_equal(session.state, VERIFIER_SESSION_FAILED);
    assert_null(session.evidence_type);
    assert_int_equal(session.evidence.len, 0);
    assert_int_equal(session.result.len, 0);
    verifier_session_cleanup(&session);
}

static void id_in_use_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(suite_create(suite.store, "one", NULL), OK);
    assert_err(suite_create(suite.store, "one", &diag), CONFLICT);
    assert_string_equal(suite_sentence(&diag),
                        "session: what was asked for does not go with what is there already (id: "
                        "found one that is in use, expected a new one)");
}

static void session_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_session session;
    struct verifier_claim claim = {.session = "none", .number = 1};
    assert_err(verifier_session_get(suite.store, &session, "none", &diag), NOT_FOUND);
    assert_string_equal(suite_sentence(&diag),
                        "session: what was asked for is not there (id: found none, or one that "
                        "expired, expected a session that is kept)");
    assert_err(verifier_session_delete(suite.store, "none", NULL), NOT_FOUND);
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("r"), NULL),
               NOT_FOUND);
    assert_err(verifier_session_fail(suite.store, &claim, NULL), NOT_FOUND);
    assert_err(verifier_session_renew(suite.store, &claim, 1000, NULL), NOT_FOUND);
    assert_err(verifier_session_submit(suite.store, &claim, "none", "a/b", atls_bytes_text("e"),
                                       1000, NULL),
               NOT_FOUND);
}

static void evidence_is_taken_once(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct verifier_claim first = suite_submitted(suite.store, "one");
    struct verifier_claim second = {.number = 77};
    static const char *const found[] = {"processing", "complete"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(found); i++) {
        char expected[200];
        snprintf(expected, sizeof expected,
                 "session: what was asked for does not go with what is there already (state: found "
                 "%s, expected waiting)",
                 found[i]);
        assert_err(verifier_session_submit(suite.store, &second, "one", "a/b",
                                           atls_bytes_text("other"), 1000, &diag),
                   CONFLICT);
        assert_string_equal(suite_sentence(&diag), expected);
        assert_int_equal(second.number, 77); /* outputs are untouched */
        assert_err(verifier_session_complete(suite.store, &first, atls_bytes_text("r"), NULL), OK);
    }
}

static void same_result_twice_is_no_conflict_and_another_is(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct verifier_claim claim = suite_submitted(suite.store, "one");
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("r"), NULL), OK);
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("r"), NULL), OK);
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("s"), &diag),
               CONFLICT);
    assert_string_equal(suite_sentence(&diag),
                        "session: what was asked for does not go with what is there already "
                        "(state: found complete, expected processing)");
    assert_err(verifier_session_fail(suite.store, &claim, NULL), CONFLICT);
    const struct verifier_claim failed = suite_submitted(suite.store, "two");
    assert_err(verifier_session_fail(suite.store, &failed, NULL), OK);
    assert_err(verifier_session_fail(suite.store, &failed, NULL), OK);
    assert_err(verifier_session_complete(suite.store, &failed, atls_bytes_text("r"), NULL),
               CONFLICT);
}

static void waiting_session_is_not_completed(void **state)
{
    (void)state;
    assert_err(suite_create(suite.store, "one", NULL), OK);
    const struct verifier_claim made_up[] = {{.session = "one", .number = 0},
                                             {.session = "one", .number = 1}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(made_up); i++) {
        assert_err(verifier_session_complete(suite.store, &made_up[i], atls_bytes_text("r"), NULL),
                   CONFLICT);
        assert_err(verifier_session_fail(suite.store, &made_up[i], NULL), CONFLICT);
    }
    assert_int_equal(suite_state(suite.store, "one"), VERIFIER_SESSION_WAITING);
}

static void session_is_gone_at_its_expiry(void **state)
{
    (void)state;
    struct verifier_session session;
    struct verifier_claim claim;
    assert_err(suite_create(suite.store, "one", NULL), OK);
    suite.now_ms += SUITE_TTL_MS - 1;
    assert_int_equal(suite_state(suite.store, "one"), VERIFIER_SESSION_WAITING);
    suite.now_ms += 1;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), NOT_FOUND);
    assert_err(verifier_session_submit(suite.store, &claim, "one", "a/b", atls_bytes_text("e"),
                                       1000, NULL),
               NOT_FOUND);
    assert_err(verifier_session_delete(suite.store, "one", NULL), NOT_FOUND);
}

/* Evidence that came in time is processed, however late it is then. */
static void session_in_work_outlives_its_expiry_and_keeps_what_it_says(void **state)
{
    (void)state;
    assert_err(suite_create(suite.store, "one", NULL), OK);
    const int64_t expiry_ms = suite.now_ms + SUITE_TTL_MS;
    suite.now_ms = expiry_ms - 1;
    struct verifier_claim claim;
    assert_err(verifier_session_submit(suite.store, &claim, "one", "a/b", atls_bytes_text("e"),
                                       SUITE_LEASE_MS, NULL),
               OK);
    suite.now_ms += SUITE_LEASE_MS;
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("r"), NULL), OK);
    suite.now_ms += SUITE_TTL_MS - 1;
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), OK);
    assert_int_equal(session.expiry_ms, expiry_ms);
    verifier_session_cleanup(&session);
    suite.now_ms += 1;
    assert_err(verifier_session_get(suite.store, &session, "one", NULL), NOT_FOUND);
}

static void sweep_removes_what_expired_and_nothing_else(void **state)
{
    (void)state;
    uint64_t removed = 77;
    assert_err(suite_create(suite.store, "early", NULL), OK);
    suite.now_ms += 1000;
    assert_err(suite_create(suite.store, "late", NULL), OK);
    assert_err(verifier_store_sweep(suite.store, &removed, NULL), OK);
    assert_int_equal(removed, 0);
    suite.now_ms += SUITE_TTL_MS - 1000;
    assert_err(verifier_store_sweep(suite.store, &removed, NULL), OK);
    assert_int_equal(removed, 1);
    assert_int_equal(suite_state(suite.store, "late"), VERIFIER_SESSION_WAITING);
    assert_err(suite_create(suite.store, "early", NULL), OK); /* the id is free again */
}

static void deleted_session_is_gone_in_every_state(void **state)
{
    (void)state;
    struct verifier_session session;
    assert_err(suite_create(suite.store, "waiting", NULL), OK);
    const struct verifier_claim processing = suite_submitted(suite.store, "processing");
    const struct verifier_claim complete = suite_submitted(suite.store, "complete");
    assert_err(verifier_session_complete(suite.store, &complete, atls_bytes_text("r"), NULL), OK);
    static const char *const ids[] = {"waiting", "processing", "complete"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ids); i++) {
        assert_err(verifier_session_delete(suite.store, ids[i], NULL), OK);
        assert_err(verifier_session_delete(suite.store, ids[i], NULL), NOT_FOUND);
        assert_err(verifier_session_get(suite.store, &session, ids[i], NULL), NOT_FOUND);
    }
    assert_err(verifier_session_complete(suite.store, &processing, atls_bytes_text("r"), NULL),
               NOT_FOUND);
}

static void counts_are_by_state(void **state)
{
    (void)state;
    struct verifier_session_counts counts;
    assert_err(suite_create(suite.store, "a", NULL), OK);
    assert_err(suite_create(suite.store, "b", NULL), OK);
    assert_err(suite_create(suite.store, "c", NULL), OK);
    (void)suite_submitted(suite.store, "d");
    (void)suite_submitted(suite.store, "e");
    const struct verifier_claim complete = suite_submitted(suite.store, "f");
    assert_err(verifier_session_complete(suite.store, &complete, atls_bytes_text("r"), NULL), OK);
    assert_err(verifier_session_count(suite.store, &counts, NULL), OK);
    assert_int_equal(counts.waiting, 3);
    assert_int_equal(counts.processing, 2);
    assert_int_equal(counts.complete, 1);
    assert_int_equal(counts.failed, 0);
    suite.now_ms += SUITE_TTL_MS;
    assert_err(verifier_session_count(suite.store, &counts, NULL), OK);
    assert_int_equal(counts.waiting, 0);
}

static void one_node_goes_on_where_another_began(void **state)
{
    (void)state;
    const struct verifier_store_config config = suite_config();
    struct verifier_store *other = suite_another(&config);
    assert_err(suite_create(suite.store, "one", NULL), OK);
    struct verifier_claim claim;
    assert_err(
        verifier_session_submit(other, &claim, "one", "a/b", atls_bytes_text("e"), 1000, NULL), OK);
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("r"), NULL), OK);
    assert_int_equal(suite_state(other, "one"), VERIFIER_SESSION_COMPLETE);
    assert_err(verifier_session_delete(other, "one", NULL), OK);
    verifier_store_close(other);
}

static void states_have_the_names_of_the_protocol(void **state)
{
    (void)state;
    static const char *const names[] = {"unknown",  "waiting", "processing",
                                        "complete", "failed",  "unknown"};
    for (unsigned i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        assert_string_equal(verifier_session_state_name((enum verifier_session_state)i), names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_session_waits_and_says_what_it_was_made_with),
        cmocka_unit_test(octets_of_all_values_come_back),
        cmocka_unit_test(session_goes_from_waiting_to_complete),
        cmocka_unit_test(session_that_failed_shows_neither_evidence_nor_result),
        cmocka_unit_test(id_in_use_is_refused),
        cmocka_unit_test(session_that_is_not_there_is_not_found),
        cmocka_unit_test(evidence_is_taken_once),
        cmocka_unit_test(same_result_twice_is_no_conflict_and_another_is),
        cmocka_unit_test(waiting_session_is_not_completed),
        cmocka_unit_test(session_is_gone_at_its_expiry),
        cmocka_unit_test(session_in_work_outlives_its_expiry_and_keeps_what_it_says),
        cmocka_unit_test(sweep_removes_what_expired_and_nothing_else),
        cmocka_unit_test(deleted_session_is_gone_in_every_state),
        cmocka_unit_test(counts_are_by_state),
        cmocka_unit_test(one_node_goes_on_where_another_began),
        cmocka_unit_test(states_have_the_names_of_the_protocol),
    };
    return suite_main(tests);
}
