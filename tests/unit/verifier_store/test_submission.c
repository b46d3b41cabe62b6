/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions: what became of an endorsement, in one transaction with the endorsement itself. */
#include "suite.h"

#include <stdio.h>

enum { TTL_MS = 60000 };

static enum atls_err begin(const char *id, struct atls_diag *diag)
{
    const struct verifier_submission_new new = {
        .id = id, .media_type = "application/rim+cose", .submitter = "operator", .ttl_ms = TTL_MS};
    int64_t expiry_ms = 0;
    const enum atls_err err = verifier_submission_create(suite.store, &expiry_ms, &new, diag);
    assert_int_equal(expiry_ms, err == ATLS_OK ? suite.now_ms + TTL_MS : 0);
    return err;
}

static enum atls_err put(const char *submission, uint64_t version, struct atls_diag *diag)
{
    const struct verifier_endorsement_new new = {.id = atls_bytes_text("id"),
                                                 .version = version,
                                                 .media_type = "application/rim+cose",
                                                 .profile = "",
                                                 .submitter = "operator",
                                                 .content = atls_bytes_text("content")};
    return verifier_endorsement_put(suite.store, NULL, submission, &new, diag);
}

static struct verifier_submission get(const char *id)
{
    struct verifier_submission found;
    assert_err(verifier_submission_get(suite.store, &found, id, NULL), OK);
    return found;
}

static uint64_t generation(void)
{
    uint64_t found = 0;
    assert_err(verifier_store_generation(suite.store, &found, NULL), OK);
    return found;
}

static void submission_succeeds_with_its_endorsement(void **state)
{
    (void)state;
    assert_err(begin("one", NULL), OK);
    struct verifier_submission found = get("one");
    assert_string_equal(found.id, "one");
    assert_int_equal(found.status, VERIFIER_SUBMISSION_PROCESSING);
    assert_string_equal(found.media_type, "application/rim+cose");
    assert_string_equal(found.submitter, "operator");
    assert_string_equal(found.reason, "");
    assert_int_equal(found.created_ms, suite.now_ms);
    assert_int_equal(found.expiry_ms, suite.now_ms + TTL_MS);
    assert_err(put("one", 1, NULL), OK);
    assert_int_equal(get("one").status, VERIFIER_SUBMISSION_SUCCESS);
    assert_int_equal(generation(), 1);
    /* the same again, by another submission, is a success that changes nothing */
    assert_err(begin("two", NULL), OK);
    assert_err(put("two", 1, NULL), OK);
    assert_int_equal(get("two").status, VERIFIER_SUBMISSION_SUCCESS);
    assert_int_equal(generation(), 1);
}

static void refused_endorsement_leaves_its_submission_open(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(begin("one", NULL), OK);
    assert_err(put("one", 2, NULL), OK);
    assert_err(begin("two", NULL), OK);
    assert_err(put("two", 1, &diag), ENDORSEMENT_OLDER);
    assert_int_equal(get("two").status, VERIFIER_SUBMISSION_PROCESSING);
    assert_err(verifier_submission_fail(suite.store, "two", suite_sentence(&diag), NULL), OK);
    const struct verifier_submission found = get("two");
    assert_int_equal(found.status, VERIFIER_SUBMISSION_FAILED);
    assert_string_equal(found.reason, suite_sentence(&diag));
}

static void endorsement_is_not_taken_without_an_open_submission(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(put("none", 1, &diag), NOT_FOUND);
    assert_string_equal(suite_sentence(&diag),
                        "submission: what was asked for is not there (id: found none, or one that "
                        "expired, expected a submission that is kept)");
    assert_err(begin("failed", NULL), OK);
    assert_err(verifier_submission_fail(suite.store, "failed", "because", NULL), OK);
    assert_err(put("failed", 1, &diag), CONFLICT);
    assert_string_equal(suite_sentence(&diag),
                        "submission: what was asked for does not go with what is there already "
                        "(status: found failed, expected processing)");
    assert_err(begin("expired", NULL), OK);
    suite.now_ms += TTL_MS;
    assert_err(put("expired", 1, NULL), NOT_FOUND);
    assert_int_equal(generation(), 0); /* all of it was rolled back */
    bool is_found = true;
    struct verifier_endorsement endorsement;
    assert_err(verifier_endorsement_next(suite.store, &is_found, &endorsement, 0, false, NULL), OK);
    assert_false(is_found);
}

static void submission_ends_once(void **state)
{
    (void)state;
    assert_err(begin("one", NULL), OK);
    assert_err(verifier_submission_fail(suite.store, "one", "first", NULL), OK);
    assert_err(verifier_submission_fail(suite.store, "one", "second", NULL), CONFLICT);
    assert_string_equal(get("one").reason, "first");
    assert_err(verifier_submission_fail(suite.store, "none", "first", NULL), NOT_FOUND);
}

static void submission_expires_and_is_swept(void **state)
{
    (void)state;
    uint64_t removed = 0;
    struct verifier_submission found;
    assert_err(begin("one", NULL), OK);
    suite.now_ms += TTL_MS - 1;
    (void)get("one");
    assert_err(verifier_store_sweep(suite.store, &removed, NULL), OK);
    assert_int_equal(removed, 0);
    suite.now_ms += 1;
    assert_err(verifier_submission_get(suite.store, &found, "one", NULL), NOT_FOUND);
    assert_err(verifier_submission_delete(suite.store, "one", NULL), NOT_FOUND);
    assert_err(verifier_store_sweep(suite.store, &removed, NULL), OK);
    assert_int_equal(removed, 1);
    assert_err(begin("one", NULL), OK);
}

static void submission_is_deleted(void **state)
{
    (void)state;
    struct verifier_submission found;
    assert_err(begin("one", NULL), OK);
    assert_err(begin("one", NULL), CONFLICT);
    assert_err(verifier_submission_delete(suite.store, "one", NULL), OK);
    assert_err(verifier_submission_get(suite.store, &found, "one", NULL), NOT_FOUND);
    assert_err(verifier_submission_delete(suite.store, "one", NULL), NOT_FOUND);
}

static void submissions_have_a_bound(void **state)
{
    (void)state;
    struct atls_diag diag;
    char id[8];
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_err(begin(id, NULL), OK);
    }
    assert_err(begin("more", &diag), BUSY);
    assert_string_equal(suite_sentence(&diag),
                        "submission: the queue for this work is full (submissions: found 10, "
                        "expected fewer than 10)");
    assert_err(verifier_submission_delete(suite.store, "3", NULL), OK);
    assert_err(begin("more", NULL), OK);
}

static void statuses_have_the_names_of_the_protocol(void **state)
{
    (void)state;
    static const char *const names[] = {"unknown", "processing", "success", "failed", "unknown"};
    for (unsigned i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        assert_string_equal(verifier_submission_status_name((enum verifier_submission_status)i),
                            names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submission_succeeds_with_its_endorsement),
        cmocka_unit_test(refused_endorsement_leaves_its_submission_open),
        cmocka_unit_test(endorsement_is_not_taken_without_an_open_submission),
        cmocka_unit_test(submission_ends_once),
        cmocka_unit_test(submission_expires_and_is_swept),
        cmocka_unit_test(submission_is_deleted),
        cmocka_unit_test(submissions_have_a_bound),
        cmocka_unit_test(statuses_have_the_names_of_the_protocol),
    };
    return suite_main(tests);
}
