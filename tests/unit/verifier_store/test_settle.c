/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that are made with their Result, many in one call, and those that are buried. */
#include "suite.h"

#include <stdio.h>

enum { MANY = VERIFIER_MAX_SETTLED };

static struct verifier_settled settled(const char *id, const char *result)
{
    return (struct verifier_settled){.id = id,
                                     .nonce = atls_bytes_text("12345678"),
                                     .media_type = SUITE_MEDIA_TYPE,
                                     .evidence = atls_bytes_text("evidence"),
                                     .result = atls_bytes_text(result),
                                     .expiry_ms = suite.now_ms + 1000,
                                     .ttl_ms = SUITE_TTL_MS,
                                     .err = ATLS_ERR_STATE};
}

static void assert_gone(const char *id)
{
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, id, NULL), NOT_FOUND);
}

static enum atls_err bury(const char *id)
{
    return verifier_session_bury(suite.store, id, atls_bytes_text("12345678"), suite.now_ms + 1000,
                                 SUITE_TTL_MS, NULL);
}

static void settled_sessions_are_complete(void **state)
{
    (void)state;
    char ids[MANY][8];
    struct verifier_settled sessions[MANY];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "id%zu", (i * 37) % MANY);
        sessions[i] = settled(ids[i], ids[i]);
    }
    assert_err(verifier_session_settle(suite.store, sessions, MANY, NULL), OK);
    for (size_t i = 0; i < MANY; i++) {
        struct verifier_session session;
        assert_int_equal(sessions[i].err, ATLS_OK);
        assert_err(verifier_session_get(suite.store, &session, ids[i], NULL), OK);
        assert_int_equal(session.state, VERIFIER_SESSION_COMPLETE);
        assert_true(atls_bytes_is_text(session.result, ids[i]));
        assert_true(atls_bytes_is_text(session.evidence, "evidence"));
        assert_true(atls_bytes_is_text(session.nonce, "12345678"));
        assert_string_equal(session.evidence_type, SUITE_MEDIA_TYPE);
        assert_int_equal(session.expiry_ms, suite.now_ms + 1000);
        assert_int_equal(session.created_ms, suite.now_ms + 1000 - SUITE_TTL_MS);
        assert_int_equal(session.num_accept, 0);
        verifier_session_cleanup(&session);
    }
    suite.now_ms += SUITE_TTL_MS;
    assert_gone(ids[0]);
}

/* What is there already is left as it is, and takes nothing of the others with it. */
static void a_session_is_settled_once(void **state)
{
    (void)state;
    assert_err(suite_create(suite.store, "waits", NULL), OK);
    (void)suite_submitted(suite.store, "works");
    struct verifier_settled sessions[] = {settled("new", "r"), settled("waits", "r"),
                                          settled("works", "r"), settled("gone", "r")};
    assert_err(bury("gone"), OK);
    assert_err(verifier_session_settle(suite.store, sessions, 4, NULL), OK);
    for (size_t i = 0; i < 4; i++) { /* they were sorted */
        const char *id = sessions[i].id;
        assert_int_equal(sessions[i].err, strcmp(id, "new") == 0    ? ATLS_OK
                                          : strcmp(id, "gone") == 0 ? ATLS_ERR_NOT_FOUND
                                                                    : ATLS_ERR_CONFLICT);
    }
    assert_int_equal(suite_state(suite.store, "new"), VERIFIER_SESSION_COMPLETE);
    assert_int_equal(suite_state(suite.store, "waits"), VERIFIER_SESSION_WAITING);
    assert_int_equal(suite_state(suite.store, "works"), VERIFIER_SESSION_PROCESSING);
    assert_int_equal(suite_state(suite.store, "gone"), VERIFIER_SESSION_DELETED);
    struct verifier_settled again = settled("new", "r");
    assert_err(verifier_session_settle(suite.store, &again, 1, NULL), OK);
    assert_int_equal(again.err, ATLS_OK); /* an answer may have been lost */
    again = settled("new", "another");
    assert_err(verifier_session_settle(suite.store, &again, 1, NULL), OK);
    assert_int_equal(again.err, ATLS_ERR_CONFLICT);
}

static void a_buried_session_stays_deleted(void **state)
{
    (void)state;
    struct verifier_settled session = settled("done", "r");
    struct verifier_claim claim;
    struct verifier_session_counts counts;
    assert_err(verifier_session_settle(suite.store, &session, 1, NULL), OK);
    const struct verifier_claim works = suite_submitted(suite.store, "works");
    static const char *const ids[] = {"done", "works", "never-seen"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(ids); i++) {
        struct verifier_session left;
        assert_err(bury(ids[i]), OK);
        assert_err(bury(ids[i]), NOT_FOUND);
        assert_err(verifier_session_delete(suite.store, ids[i], NULL), NOT_FOUND);
        assert_err(verifier_session_submit(suite.store, &claim, ids[i], "a/b", atls_bytes_text("e"),
                                           1000, NULL),
                   NOT_FOUND);
        assert_err(verifier_session_get(suite.store, &left, ids[i], NULL), OK);
        assert_int_equal(left.state, VERIFIER_SESSION_DELETED);
        assert_int_equal(left.evidence.len + left.result.len, 0);
        verifier_session_cleanup(&left);
    }
    assert_err(verifier_session_complete(suite.store, &works, atls_bytes_text("r"), NULL),
               NOT_FOUND);
    assert_err(verifier_session_count(suite.store, &counts, NULL), OK);
    assert_int_equal(counts.waiting + counts.processing + counts.complete + counts.failed, 0);
    suite.now_ms += SUITE_TTL_MS;
    assert_err(verifier_store_sweep(suite.store, NULL, NULL), OK);
    assert_gone("done");
}

static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    struct verifier_settled bad[6];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        bad[i] = settled("id", "r");
    }
    bad[0].id = "no id";
    bad[1].nonce = atls_bytes_text("short");
    bad[2].media_type = "";
    bad[3].evidence.len = VERIFIER_MAX_EVIDENCE_LEN + 1;
    bad[4].result.len = 0;
    bad[5].ttl_ms = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct verifier_settled two[] = {settled("good", "r"), bad[i]};
        assert_err(verifier_session_settle(suite.store, two, 2, NULL), ARGUMENT);
        assert_gone("good");
    }
    assert_err(verifier_session_settle(suite.store, bad, 0, NULL), ARGUMENT);
    assert_err(verifier_session_settle(suite.store, bad, MANY + 1, NULL), ARGUMENT);
    assert_err(bury("no id"), ARGUMENT);
    assert_err(
        verifier_session_bury(suite.store, "id", atls_bytes_text("short"), 1, SUITE_TTL_MS, NULL),
        ARGUMENT);
    assert_err(verifier_session_bury(suite.store, "id", atls_bytes_text("12345678"), 1, 0, NULL),
               ARGUMENT);
}

/* The bound of suite_config is 100. */
static void settled_sessions_count(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        char ids[50][8];
        struct verifier_settled sessions[50];
        for (unsigned i = 0; i < 50; i++) {
            snprintf(ids[i], sizeof ids[i], "%u-%u", round, i);
            sessions[i] = settled(ids[i], "r");
        }
        assert_err(verifier_session_settle(suite.store, sessions, 50, NULL), OK);
    }
    struct verifier_settled more = settled("more", "r");
    assert_err(verifier_session_settle(suite.store, &more, 1, NULL), BUSY);
    assert_err(verifier_session_delete(suite.store, "0-0", NULL), OK);
    assert_err(verifier_session_settle(suite.store, &more, 1, NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settled_sessions_are_complete),
        cmocka_unit_test(a_session_is_settled_once),
        cmocka_unit_test(a_buried_session_stays_deleted),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(settled_sessions_count),
    };
    return suite_main(tests);
}
