/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsements: none goes back, and who was told that one is there finds it everywhere. */
#include "suite.h"

#include <stdio.h>

static struct verifier_endorsement next(uint64_t after, bool with_content)
{
    bool is_found = false;
    struct verifier_endorsement found = {.generation = 0};
    assert_err(verifier_endorsement_next(suite.store, &is_found, &found, after, with_content, NULL),
               OK);
    assert_int_equal(is_found, found.generation != 0);
    return found;
}

static uint64_t generation_of(struct verifier_store *store)
{
    uint64_t generation = 77;
    assert_err(verifier_store_generation(store, &generation, NULL), OK);
    return generation;
}

static void check_content(uint64_t after, uint64_t generation, uint64_t version,
                          const char *content)
{
    struct verifier_endorsement found = next(after, true);
    assert_int_equal(found.generation, generation);
    assert_int_equal(found.version, version);
    assert_text(found.content, content);
    verifier_endorsement_cleanup(&found);
}

static void endorsement_comes_back_with_who_sent_it_and_when(void **state)
{
    (void)state;
    assert_err(suite_put(suite.store, "id", 7, "content", NULL), OK);
    suite.now_ms += 5;
    struct verifier_endorsement found = next(0, true);
    assert_int_equal(found.generation, 1);
    assert_text(found.id, "id");
    assert_int_equal(found.version, 7);
    assert_string_equal(found.media_type, "application/rim+cbor");
    assert_string_equal(found.profile, "tag:arm.com,2025:psa#1.0.0");
    assert_string_equal(found.submitter, "operator");
    assert_int_equal(found.submitted_ms, suite.now_ms - 5);
    assert_int_equal(found.content_len, 7);
    assert_text(found.content, "content");
    verifier_endorsement_cleanup(&found);
    verifier_endorsement_cleanup(&found); /* the zero state is safe */
    found = next(0, false);
    assert_int_equal(found.content_len, 7);
    assert_int_equal(found.content.len, 0);
    verifier_endorsement_cleanup(&found);
    assert_int_equal(next(1, true).generation, 0);
}

static void older_version_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(suite_put(suite.store, "id", 7, "seven", NULL), OK);
    assert_err(suite_put(suite.store, "id", 6, "six", &diag), ENDORSEMENT_OLDER);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: an endorsement does not follow the one that is there "
                        "(version: found 6, expected a version above 7)");
    assert_err(suite_put(suite.store, "id", 0, "seven", NULL), ENDORSEMENT_OLDER);
    assert_int_equal(generation_of(suite.store), 1);
    check_content(0, 1, 7, "seven");
}

static void same_version_with_other_content_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    assert_err(suite_put(suite.store, "id", 7, "seven", NULL), OK);
    assert_err(suite_put(suite.store, "id", 7, "Seven", &diag), ENDORSEMENT_OLDER);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: an endorsement does not follow the one that is there "
                        "(content: found another content under version 7, expected the same "
                        "content, or a version above 7)");
    assert_int_equal(generation_of(suite.store), 1);
    check_content(0, 1, 7, "seven");
}

static void same_endorsement_twice_changes_nothing(void **state)
{
    (void)state;
    const struct verifier_endorsement_new new = {.id = atls_bytes_text("id"),
                                                 .version = 7,
                                                 .media_type = "a/b",
                                                 .profile = "",
                                                 .submitter = "",
                                                 .content = atls_bytes_text("seven")};
    struct verifier_endorsement_put put;
    assert_err(verifier_endorsement_put(suite.store, &put, NULL, &new, NULL), OK);
    assert_int_equal(put.generation, 1);
    assert_true(put.is_new);
    assert_err(suite_put(suite.store, "other", 1, "x", NULL), OK);
    assert_err(verifier_endorsement_put(suite.store, &put, NULL, &new, NULL), OK);
    assert_int_equal(put.generation, 1);
    assert_false(put.is_new);
    assert_int_equal(generation_of(suite.store), 2);
}

static void newer_version_replaces_and_comes_after_all_others(void **state)
{
    (void)state;
    assert_err(suite_put(suite.store, "a", 1, "a1", NULL), OK);
    assert_err(suite_put(suite.store, "b", 1, "b1", NULL), OK);
    assert_err(suite_put(suite.store, "a", 2, "a2", NULL), OK);
    check_content(0, 2, 1, "b1");
    check_content(2, 3, 2, "a2");
    assert_int_equal(next(3, true).generation, 0);
    assert_err(suite_put(suite.store, "a", INT64_MAX, "last", NULL), OK);
    check_content(2, 4, INT64_MAX, "last");
}

static void every_node_sees_what_was_acknowledged(void **state)
{
    (void)state;
    const struct verifier_store_config config = suite_config();
    struct verifier_store *other = suite_another(&config);
    for (uint64_t version = 1; version <= 20; version++) {
        struct verifier_store *here = version % 2 == 0 ? suite.store : other;
        struct verifier_store *there = version % 2 == 0 ? other : suite.store;
        char id[16];
        snprintf(id, sizeof id, "s%d", (int)version);
        assert_err(suite_put(here, "id", version, "content", NULL), OK);
        assert_int_equal(generation_of(there), version);
        assert_int_equal(suite_submitted(there, id).generation, version);
        assert_err(suite_put(there, "id", version - 1, "older", NULL), ENDORSEMENT_OLDER);
    }
    verifier_store_close(other);
}

static void ids_are_octets_and_never_statements(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "'", "\"", "a'; DROP TABLE atls_endorsement; --", "$1", "%s%n", "\\", "@now", "a"};
    struct verifier_endorsement_new new = {.version = 1,
                                           .media_type = "a/b; c='d\"",
                                           .profile = "'); DELETE FROM atls_endorsement; --",
                                           .submitter = "\xc3\xa9';",
                                           .content = atls_bytes_text("x")};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(hostile); i++) {
        new.id = atls_bytes_text(hostile[i]);
        assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &new, NULL), OK);
        struct verifier_endorsement found = next(i, true);
        assert_bytes(found.id, new.id);
        assert_string_equal(found.media_type, new.media_type);
        assert_string_equal(found.profile, new.profile);
        assert_string_equal(found.submitter, new.submitter);
        verifier_endorsement_cleanup(&found);
    }
    /* octets after a NUL count */
    new.id = atls_bytes_of("a\0b", 3);
    new.content = atls_bytes_of("\0x\0", 3);
    assert_err(verifier_endorsement_put(suite.store, NULL, NULL, &new, NULL), OK);
    struct verifier_endorsement found = next(ATLS_ARRAY_LEN(hostile), true);
    assert_bytes(found.id, new.id);
    assert_bytes(found.content, new.content);
    verifier_endorsement_cleanup(&found);
}

static void bound_is_for_new_ids_only(void **state)
{
    (void)state;
    struct atls_diag diag;
    char id[8];
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_err(suite_put(suite.store, id, 1, "x", NULL), OK);
    }
    assert_err(suite_put(suite.store, "more", 1, "x", &diag), BUSY);
    assert_string_equal(suite_sentence(&diag),
                        "endorsement: the queue for this work is full (endorsements: found 10, "
                        "expected fewer than 10)");
    assert_int_equal(generation_of(suite.store), 10);
    assert_err(suite_put(suite.store, "3", 2, "y", NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endorsement_comes_back_with_who_sent_it_and_when),
        cmocka_unit_test(older_version_is_refused),
        cmocka_unit_test(same_version_with_other_content_is_refused),
        cmocka_unit_test(same_endorsement_twice_changes_nothing),
        cmocka_unit_test(newer_version_replaces_and_comes_after_all_others),
        cmocka_unit_test(every_node_sees_what_was_acknowledged),
        cmocka_unit_test(ids_are_octets_and_never_statements),
        cmocka_unit_test(bound_is_for_new_ids_only),
    };
    return suite_main(tests);
}
