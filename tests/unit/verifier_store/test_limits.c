/* SPDX-License-Identifier: Apache-2.0 */
/* Every size at its bound and one beyond, and texts that are none. */
#include "suite.h"

#include "support/memory.h"

#include <stdio.h>

/* text gives `len` times "a", terminated. */
static const char *text(size_t len)
{
    const struct atls_buf room = test_room(len + 1);
    memset(room.data, 'a', len);
    room.data[len] = '\0';
    return (const char *)room.data;
}

static struct atls_bytes octets(size_t len)
{
    const struct atls_buf room = test_room(len);
    if (len != 0) {
        memset(room.data, 0xa5, len);
    }
    return atls_bytes_of(room.data, len);
}

static enum atls_err create(const char *id, size_t nonce_len, const char *const *accept,
                            size_t num_accept, int64_t ttl_ms)
{
    const struct verifier_session_new new = {.id = id,
                                             .nonce = octets(nonce_len),
                                             .accept = accept,
                                             .num_accept = num_accept,
                                             .ttl_ms = ttl_ms};
    int64_t expiry_ms = 77;
    const enum atls_err err = verifier_session_create(suite.store, &expiry_ms, &new, NULL);
    assert_true(err == ATLS_OK || expiry_ms == 77); /* outputs are untouched */
    return err;
}

static const char *const one_type[] = {"a/b"};

/* serial gives ids that were not used yet. */
static const char *serial(void)
{
    static unsigned number;
    static char id[16];
    snprintf(id, sizeof id, "s%u", number++);
    return id;
}

static void sizes_of_a_session_have_bounds(void **state)
{
    (void)state;
    const char *const long_type[] = {text(VERIFIER_MAX_MEDIA_TYPE_LEN)};
    const char *const too_long_type[] = {text(VERIFIER_MAX_MEDIA_TYPE_LEN + 1)};
    const char *const empty_type[] = {""};
    const char *many[VERIFIER_MAX_ACCEPT + 1];
    for (size_t i = 0; i < ATLS_ARRAY_LEN(many); i++) {
        many[i] = long_type[0];
    }
    assert_err(create(text(VERIFIER_MAX_ID_LEN), 8, one_type, 1, 1), OK);
    assert_err(create(text(VERIFIER_MAX_ID_LEN - 1), 9, one_type, 1, 2), OK);
    assert_err(create(text(VERIFIER_MAX_ID_LEN + 1), 8, one_type, 1, 1), ARGUMENT);
    assert_err(create("", 8, one_type, 1, 1), ARGUMENT);
    assert_err(create(serial(), 64, one_type, 1, VERIFIER_MAX_PERIOD_MS), OK);
    assert_err(create(serial(), 63, one_type, 1, VERIFIER_MAX_PERIOD_MS - 1), OK);
    assert_err(create(serial(), 7, one_type, 1, 1), ARGUMENT);
    assert_err(create(serial(), 65, one_type, 1, 1), ARGUMENT);
    assert_err(create(serial(), 8, one_type, 1, 0), ARGUMENT);
    assert_err(create(serial(), 8, one_type, 1, -1), ARGUMENT);
    assert_err(create(serial(), 8, one_type, 1, INT64_MIN), ARGUMENT);
    assert_err(create(serial(), 8, one_type, 1, VERIFIER_MAX_PERIOD_MS + 1), ARGUMENT);
    assert_err(create(serial(), 8, long_type, 1, 1), OK);
    assert_err(create(serial(), 8, too_long_type, 1, 1), ARGUMENT);
    assert_err(create(serial(), 8, empty_type, 1, 1), ARGUMENT);
    assert_err(create(serial(), 8, one_type, 0, 1), ARGUMENT);
    assert_err(create("many", 8, many, VERIFIER_MAX_ACCEPT, 1), OK);
    assert_err(create(serial(), 8, many, VERIFIER_MAX_ACCEPT + 1, 1), ARGUMENT);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "many", NULL), OK);
    assert_int_equal(session.num_accept, VERIFIER_MAX_ACCEPT);
    assert_string_equal(session.accept[VERIFIER_MAX_ACCEPT - 1], long_type[0]);
    verifier_session_cleanup(&session);
}

static enum atls_err submit(size_t evidence_len, const char *media_type, int64_t lease_ms,
                            struct verifier_claim *out)
{
    const char *id = serial();
    assert_err(suite_create(suite.store, id, NULL), OK);
    const enum atls_err err = verifier_session_submit(suite.store, out, id, media_type,
                                                      octets(evidence_len), lease_ms, NULL);
    const enum verifier_session_state state = suite_state(suite.store, id);
    assert_int_equal(state,
                     err == ATLS_OK ? VERIFIER_SESSION_PROCESSING : VERIFIER_SESSION_WAITING);
    return err;
}

static void sizes_of_evidence_and_result_have_bounds(void **state)
{
    (void)state;
    struct verifier_claim claim;
    assert_err(submit(0, "a/b", 1, &claim), ARGUMENT);
    assert_err(submit(1, "a/b", 1, &claim), OK);
    assert_err(submit(VERIFIER_MAX_EVIDENCE_LEN + 1, "a/b", 1, &claim), ARGUMENT);
    assert_err(submit(1, "", 1, &claim), ARGUMENT);
    assert_err(submit(1, text(VERIFIER_MAX_MEDIA_TYPE_LEN + 1), 1, &claim), ARGUMENT);
    assert_err(submit(1, "a/b", 0, &claim), ARGUMENT);
    assert_err(submit(1, "a/b", VERIFIER_MAX_PERIOD_MS + 1, &claim), ARGUMENT);
    assert_err(submit(VERIFIER_MAX_EVIDENCE_LEN - 1, "a/b", 1, &claim), OK);
    assert_err(submit(VERIFIER_MAX_EVIDENCE_LEN, text(VERIFIER_MAX_MEDIA_TYPE_LEN),
                      VERIFIER_MAX_PERIOD_MS, &claim),
               OK);
    assert_err(verifier_session_complete(suite.store, &claim, octets(0), NULL), ARGUMENT);
    assert_err(
        verifier_session_complete(suite.store, &claim, octets(VERIFIER_MAX_RESULT_LEN + 1), NULL),
        ARGUMENT);
    const struct atls_bytes result = octets(VERIFIER_MAX_RESULT_LEN);
    assert_err(verifier_session_complete(suite.store, &claim, result, NULL), OK);
    assert_err(verifier_session_renew(suite.store, &claim, 0, NULL), ARGUMENT);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, claim.session, NULL), OK);
    assert_int_equal(session.evidence.len, VERIFIER_MAX_EVIDENCE_LEN);
    assert_bytes(session.result, result);
    verifier_session_cleanup(&session);
}

static enum atls_err put(size_t id_len, uint64_t version, const char *media_type,
                         const char *profile, const char *submitter, size_t content_len)
{
    const struct verifier_endorsement_new new = {.id = octets(id_len),
                                                 .version = version,
                                                 .media_type = media_type,
                                                 .profile = profile,
                                                 .submitter = submitter,
                                                 .content = octets(content_len)};
    return verifier_endorsement_put(suite.store, NULL, NULL, &new, NULL);
}

static void sizes_of_an_endorsement_have_bounds(void **state)
{
    (void)state;
    const size_t id = VERIFIER_MAX_ENDORSEMENT_ID_LEN, content = VERIFIER_MAX_ENDORSEMENT_LEN;
    const char *profile = text(VERIFIER_MAX_PROFILE_LEN);
    const char *submitter = text(VERIFIER_MAX_SUBMITTER_LEN);
    assert_err(put(0, 0, "a/b", "", "", 1), ARGUMENT);
    assert_err(put(id + 1, 0, "a/b", "", "", 1), ARGUMENT);
    assert_err(put(1, (uint64_t)INT64_MAX + 1, "a/b", "", "", 1), ARGUMENT);
    assert_err(put(1, UINT64_MAX, "a/b", "", "", 1), ARGUMENT);
    assert_err(put(1, 0, "", "", "", 1), ARGUMENT);
    assert_err(put(1, 0, text(VERIFIER_MAX_MEDIA_TYPE_LEN + 1), "", "", 1), ARGUMENT);
    assert_err(put(1, 0, "a/b", text(VERIFIER_MAX_PROFILE_LEN + 1), "", 1), ARGUMENT);
    assert_err(put(1, 0, "a/b", "", text(VERIFIER_MAX_SUBMITTER_LEN + 1), 1), ARGUMENT);
    assert_err(put(1, 0, "a/b", "", "", 0), ARGUMENT);
    assert_err(put(1, 0, "a/b", "", "", content + 1), ARGUMENT);
    assert_err(put(1, 0, "a/b", "", "", 1), OK);
    assert_err(put(id - 1, INT64_MAX - 1, "a/b", profile, submitter, content - 1), OK);
    assert_err(put(id, INT64_MAX, text(VERIFIER_MAX_MEDIA_TYPE_LEN), profile, submitter, content),
               OK);
    bool is_found = false;
    struct verifier_endorsement found;
    assert_err(verifier_endorsement_next(suite.store, &is_found, &found, 2, true, NULL), OK);
    assert_int_equal(found.id.len, id);
    assert_int_equal(found.version, INT64_MAX);
    assert_bytes(found.content, octets(content));
    assert_string_equal(found.profile, profile);
    assert_string_equal(found.submitter, submitter);
    verifier_endorsement_cleanup(&found);
    assert_err(verifier_endorsement_next(suite.store, &is_found, &found, (uint64_t)INT64_MAX + 1,
                                         true, NULL),
               ARGUMENT);
    assert_err(verifier_endorsement_next(suite.store, &is_found, &found, INT64_MAX, true, NULL),
               OK);
    assert_false(is_found);
}

static void sizes_of_a_submission_have_bounds(void **state)
{
    (void)state;
    int64_t expiry_ms = 0;
    const struct verifier_submission_new good = {.id = "good",
                                                 .media_type = text(VERIFIER_MAX_MEDIA_TYPE_LEN),
                                                 .submitter = text(VERIFIER_MAX_SUBMITTER_LEN),
                                                 .ttl_ms = VERIFIER_MAX_PERIOD_MS};
    struct verifier_submission_new bad[] = {good, good, good, good, good, good};
    bad[0].id = "";
    bad[1].id = text(VERIFIER_MAX_ID_LEN + 1);
    bad[2].media_type = text(VERIFIER_MAX_MEDIA_TYPE_LEN + 1);
    bad[3].submitter = text(VERIFIER_MAX_SUBMITTER_LEN + 1);
    bad[4].ttl_ms = VERIFIER_MAX_PERIOD_MS + 1;
    bad[5].ttl_ms = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_err(verifier_submission_create(suite.store, &expiry_ms, &bad[i], NULL), ARGUMENT);
    }
    assert_err(verifier_submission_create(suite.store, &expiry_ms, &good, NULL), OK);
    const char *reason = text(VERIFIER_MAX_REASON_LEN);
    assert_err(verifier_submission_fail(suite.store, "good", "", NULL), ARGUMENT);
    assert_err(
        verifier_submission_fail(suite.store, "good", text(VERIFIER_MAX_REASON_LEN + 1), NULL),
        ARGUMENT);
    assert_err(verifier_submission_fail(suite.store, "good", reason, NULL), OK);
    struct verifier_submission found;
    assert_err(verifier_submission_get(suite.store, &found, "good", NULL), OK);
    assert_string_equal(found.reason, reason);
    assert_string_equal(found.submitter, good.submitter);
    assert_string_equal(found.media_type, good.media_type);
}

static void ids_that_are_none_are_refused_by_every_call(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "a b",      "a'",    "a\"",  "a;b", "../a",
                                      "a%b", "a\nb",     "a\x80", "a/b",  "a.b", "\x7f",
                                      "@",   "\xc3\xa9", "a=b",   "a\\b", "$1",  " "};
    struct verifier_session session;
    struct verifier_submission submission;
    struct verifier_claim claim;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        assert_err(create(bad[i], 8, one_type, 1, 1), ARGUMENT);
        assert_err(verifier_session_get(suite.store, &session, bad[i], NULL), ARGUMENT);
        assert_err(verifier_session_delete(suite.store, bad[i], NULL), ARGUMENT);
        assert_err(verifier_session_submit(suite.store, &claim, bad[i], "a/b", octets(1), 1, NULL),
                   ARGUMENT);
        assert_err(verifier_submission_get(suite.store, &submission, bad[i], NULL), ARGUMENT);
        assert_err(verifier_submission_delete(suite.store, bad[i], NULL), ARGUMENT);
        assert_err(verifier_submission_fail(suite.store, bad[i], "r", NULL), ARGUMENT);
    }
    struct atls_diag diag;
    assert_err(verifier_session_get(suite.store, &session, "a'b", &diag), ARGUMENT);
    assert_string_equal(suite_sentence(&diag),
                        "store: a function was called with an argument that it does not take (id: "
                        "found ', expected letters, digits, \"-\" and \"_\")");
}

/* What is no text would be changed by one back end and kept by the other. */
static void texts_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\nb",     "a\tb",         "\x1b[2J", "\x7f", "\xc3",
                                      "\xc0\x80", "\xed\xa0\x80", "a\xffz",  "\r"};
    struct verifier_claim claim;
    assert_err(suite_create(suite.store, "one", NULL), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        const char *const accept[] = {"a/b", bad[i]};
        assert_err(create(serial(), 8, accept, 2, 1), ARGUMENT);
        assert_err(verifier_session_submit(suite.store, &claim, "one", bad[i], octets(1), 1, NULL),
                   ARGUMENT);
        assert_err(put(1, 0, bad[i], "", "", 1), ARGUMENT);
        assert_err(put(1, 0, "a/b", bad[i], "", 1), ARGUMENT);
        assert_err(put(1, 0, "a/b", "", bad[i], 1), ARGUMENT);
        assert_err(verifier_submission_fail(suite.store, "one", bad[i], NULL), ARGUMENT);
    }
    const char *const good[] = {"\xc3\xa9\xf0\x9f\x98\x80; a='\"$1\\"};
    assert_err(create("good", 8, good, 1, 1), OK);
    struct verifier_session session;
    assert_err(verifier_session_get(suite.store, &session, "good", NULL), OK);
    assert_string_equal(session.accept[0], good[0]);
    verifier_session_cleanup(&session);
}

static void open_sessions_have_a_bound(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_store_config config = suite_config();
    config.max_sessions = 3;
    struct verifier_store *store = suite_another(&config);
    assert_err(suite_create(store, "a", NULL), OK);
    assert_err(suite_create(store, "b", NULL), OK);
    assert_err(suite_create(store, "b", NULL), CONFLICT); /* takes no place */
    assert_err(suite_create(store, "c", NULL), OK);
    assert_err(suite_create(store, "d", &diag), BUSY);
    assert_string_equal(suite_sentence(&diag), "session: the queue for this work is full (open "
                                               "sessions: found 3, expected fewer than 3)");
    assert_err(verifier_session_delete(store, "a", NULL), OK);
    assert_err(suite_create(store, "d", NULL), OK);
    assert_err(suite_create(store, "e", NULL), BUSY);
    suite.now_ms += SUITE_TTL_MS;
    assert_err(verifier_store_sweep(store, NULL, NULL), OK);
    assert_err(suite_create(store, "e", NULL), OK);
    verifier_store_close(store);
    /* a node that starts counts what is there */
    config.max_sessions = 1;
    store = suite_another(&config);
    assert_err(suite_create(store, "f", NULL), BUSY);
    verifier_store_close(store);
}

static void sweep_takes_a_thousand_at_a_time(void **state)
{
    (void)state;
    uint64_t removed = 0;
    char id[16];
    struct verifier_store_config config = suite_config();
    config.max_sessions = 2000;
    struct verifier_store *store = suite_another(&config);
    for (int i = 0; i < 1001; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_err(suite_create(store, id, NULL), OK);
    }
    suite.now_ms += SUITE_TTL_MS;
    static const uint64_t expected[] = {1000, 1, 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(expected); i++) {
        assert_err(verifier_store_sweep(store, &removed, NULL), OK);
        assert_int_equal(removed, expected[i]);
    }
    verifier_store_close(store);
}

static void configuration_out_of_range_is_refused(void **state)
{
    (void)state;
    struct verifier_store *store = NULL;
    struct atls_diag diag;
    struct verifier_store_config config = {.connections = 65};
    assert_err(verifier_store_open(&store, suite.uri, &config, &diag), CONFIG);
    assert_string_equal(suite_sentence(&diag), "store: the configuration is not valid "
                                               "(connections: found 65, expected 1 to 64)");
    static const uint32_t timeouts[] = {1, 99, 60001, UINT32_MAX};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(timeouts); i++) {
        config = (struct verifier_store_config){.timeout_ms = timeouts[i]};
        assert_err(verifier_store_open(&store, suite.uri, &config, NULL), CONFIG);
    }
    static const char *const uris[] = {
        "",           "sqlite",      "sqlite:",     "sqlite::memory:", "/file",
        "http://a/b", "mysql://a/b", "SQLITE:file", "file:",           "postgres:a/b"};
    config = suite_config();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(uris); i++) {
        assert_err(verifier_store_open(&store, uris[i], &config, &diag), CONFIG);
        assert_null(store);
    }
    assert_err(verifier_store_open(&store, "ldap://user:secret@x", &config, &diag), CONFIG);
    assert_string_equal(suite_sentence(&diag),
                        "store: the configuration is not valid (URI: found another scheme, "
                        "expected sqlite:FILE or postgres://...)");
}

static void uri_of_postgresql_is_read_and_never_repeated(void **state)
{
    (void)state;
    static const char *const uris[] = {"postgres://[a/b", "postgresql://%zz",
                                       "postgres://user:secret@[x", "postgres:///?sslmod=secret"};
    const struct verifier_store_config config = suite_config();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(uris); i++) {
        struct verifier_store *store = NULL;
        struct atls_diag diag;
        const enum atls_err err = verifier_store_open(&store, uris[i], &config, &diag);
#ifdef STORE_HAS_POSTGRES
        assert_err(err, CONFIG);
        assert_string_equal(suite_sentence(&diag),
                            "store: the configuration is not valid (URI: found one that libpq "
                            "cannot read, expected postgres://USER@HOST/DATABASE)");
#else
        assert_err(err, NOT_BUILT);
#endif
        assert_null(strstr(suite_sentence(&diag), "secret"));
        assert_null(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_a_session_have_bounds),
        cmocka_unit_test(sizes_of_evidence_and_result_have_bounds),
        cmocka_unit_test(sizes_of_an_endorsement_have_bounds),
        cmocka_unit_test(sizes_of_a_submission_have_bounds),
        cmocka_unit_test(ids_that_are_none_are_refused_by_every_call),
        cmocka_unit_test(texts_that_are_none_are_refused),
        cmocka_unit_test(open_sessions_have_a_bound),
        cmocka_unit_test(sweep_takes_a_thousand_at_a_time),
        cmocka_unit_test(configuration_out_of_range_is_refused),
        cmocka_unit_test(uri_of_postgresql_is_read_and_never_repeated),
    };
    return suite_main(tests);
}
