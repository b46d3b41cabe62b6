/* SPDX-License-Identifier: Apache-2.0 */
/* Results that the store did not take: they wait, within bounds, and go in once. */
#include "support/check.h"
#include "support/folder.h"

#include "svc/verifier/unsettled.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char folder[64];
static struct verifier_store *store;
static struct verifier_unsettled *unsettled;

static int set_up(void **state)
{
    (void)state;
    char uri[96];
    const struct verifier_store_config config = {.max_sessions = 1000};
    test_folder_make(folder, sizeof folder, "unsettled");
    (void)snprintf(uri, sizeof uri, "sqlite:%s/store.db", folder);
    assert_err(verifier_store_open(&store, uri, &config, NULL), OK);
    unsettled = verifier_unsettled_new();
    assert_non_null(unsettled);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    verifier_unsettled_free(unsettled);
    verifier_store_close(store);
    test_folder_remove(folder);
    return 0;
}

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

/* keep keeps one that ends in a minute, out of memory that is gone when this returns. */
static void keep(const char *id, struct atls_bytes evidence)
{
    char *text = strdup(id);
    assert_non_null(text);
    const struct verifier_settled one = {.id = text,
                                         .nonce = atls_bytes_text("0123456789abcdef"),
                                         .media_type = "application/psa-attestation-token",
                                         .evidence = evidence,
                                         .result = atls_bytes_text("a.signed.result"),
                                         .expiry_ms = now_ms() + 60000,
                                         .ttl_ms = 60000};
    verifier_unsettled_keep(unsettled, &one);
    memset(text, 'x', strlen(text));
    free(text);
}

static void what_waits_is_settled_once_and_forgotten(void **state)
{
    (void)state;
    struct verifier_session session;
    keep("one", atls_bytes_text("evidence"));
    keep("two", atls_bytes_of(NULL, 0));
    assert_true(verifier_unsettled_has(unsettled, "one"));
    assert_false(verifier_unsettled_has(unsettled, "three"));
    assert_err(verifier_session_get(store, &session, "one", NULL), NOT_FOUND);
    verifier_unsettled_settle(unsettled, store, now_ms());
    assert_false(verifier_unsettled_has(unsettled, "one"));
    assert_false(verifier_unsettled_has(unsettled, "two"));
    assert_err(verifier_session_get(store, &session, "one", NULL), OK);
    assert_int_equal(session.state, VERIFIER_SESSION_COMPLETE);
    assert_true(atls_bytes_is_text(session.result, "a.signed.result"));
    assert_true(atls_bytes_is_text(session.evidence, "evidence"));
    verifier_session_cleanup(&session);
    keep("one", atls_bytes_text("evidence")); /* the store has it: no conflict, and no second */
    verifier_unsettled_settle(unsettled, store, now_ms());
    assert_false(verifier_unsettled_has(unsettled, "one"));
}

static void what_has_ended_is_forgotten_and_not_settled(void **state)
{
    (void)state;
    struct verifier_session session;
    keep("late", atls_bytes_text("evidence"));
    verifier_unsettled_settle(unsettled, store, now_ms() + 130000);
    assert_false(verifier_unsettled_has(unsettled, "late"));
    assert_err(verifier_session_get(store, &session, "late", NULL), NOT_FOUND);
}

static void beyond_the_bounds_nothing_more_is_kept(void **state)
{
    (void)state;
    char id[16];
    uint8_t *octets = calloc(1, VERIFIER_MAX_UNSETTLED_OCTETS);
    assert_non_null(octets);
    keep("large", atls_bytes_of(octets, VERIFIER_MAX_UNSETTLED_OCTETS));
    assert_false(verifier_unsettled_has(unsettled, "large"));
    free(octets);
    for (unsigned i = 0; i <= VERIFIER_MAX_UNSETTLED; i++) {
        (void)snprintf(id, sizeof id, "s%u", i);
        keep(id, atls_bytes_text("e"));
    }
    (void)snprintf(id, sizeof id, "s%u", VERIFIER_MAX_UNSETTLED);
    assert_false(verifier_unsettled_has(unsettled, id));
    assert_true(verifier_unsettled_has(unsettled, "s0"));
    /* the store has room for a thousand: what it does not take stays */
    verifier_unsettled_settle(unsettled, store, now_ms());
    size_t left = 0;
    for (unsigned i = 0; i < VERIFIER_MAX_UNSETTLED; i++) {
        (void)snprintf(id, sizeof id, "s%u", i);
        left += verifier_unsettled_has(unsettled, id);
    }
    assert_in_range(left, VERIFIER_MAX_UNSETTLED - 1000, VERIFIER_MAX_UNSETTLED - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_is_settled_once_and_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_has_ended_is_forgotten_and_not_settled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(beyond_the_bounds_nothing_more_is_kept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
