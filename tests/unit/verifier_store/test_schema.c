/* SPDX-License-Identifier: Apache-2.0 */
/* The schema: from each older version to this one, by one node of many, and never backwards. */
#include "suite.h"

#include "store/schema.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_sqlite(void)
{
    return strcmp(suite.kind, "sqlite") == 0;
}

static const struct verifier_store_ops *ops(void)
{
#ifdef STORE_HAS_POSTGRES
    return is_sqlite() ? &store_sqlite : &store_postgres;
#else
    return &store_sqlite;
#endif
}

/* make_version leaves a database as the program of that version made it. */
static void make_version(int version)
{
    const struct store_settings settings = {.connections = 1, .timeout_ms = 5000};
    void *backend = NULL;
    assert_err(ops()->open(&backend, suite.uri, &settings, NULL), OK);
    assert_err(ops()->migrate(backend, store_schema_bring, &version, NULL), OK);
    ops()->close(backend);
}

static enum atls_err open_store(struct atls_diag *diag)
{
    const struct verifier_store_config config = suite_config();
    return verifier_store_open(&suite.store, suite.uri, &config, diag);
}

/* works uses each table. */
static void works(struct verifier_store *store)
{
    const struct verifier_submission_new new = {
        .id = "new-submission", .media_type = "a/b", .submitter = "", .ttl_ms = 1000};
    int64_t expiry_ms = 0;
    const struct verifier_claim claim = suite_submitted(store, "new-session");
    assert_err(verifier_session_complete(store, &claim, atls_bytes_text("r"), NULL), OK);
    assert_err(suite_put(store, "new-endorsement", 1, "x", NULL), OK);
    assert_err(verifier_submission_create(store, &expiry_ms, &new, NULL), OK);
    assert_err(verifier_store_sweep(store, NULL, NULL), OK);
    assert_err(verifier_store_ping(store, NULL), OK);
}

/* insert_session puts a row; `octets` is "ab" as the dialect writes it. */
static void insert_session(const char *id, int state, int nonce_repeated)
{
    char nonce[300] = "", text[700];
    for (int i = 0; i < nonce_repeated; i++) {
        strcat(nonce, "ab");
    }
    snprintf(text, sizeof text,
             "INSERT INTO atls_session (id, state, nonce, accept, ttl_ms, created_ms, expiry_ms,"
             " keep_until_ms, claim, lease_until_ms) VALUES ('%s', %d, %s%s', 'a/b', 1000, 1, 2,"
             " 1790000001000, 0, 0)",
             id, state, is_sqlite() ? "X'" : "'\\x", nonce);
    suite_sql(text);
}

static void new_store_works(void **state)
{
    (void)state;
    assert_err(open_store(NULL), OK);
    assert_string_equal(verifier_store_kind(suite.store), suite.kind);
    works(suite.store);
}

static void store_of_version_1_keeps_what_it_has(void **state)
{
    (void)state;
    make_version(1);
    insert_session("old", 1, 8);
    suite_sql(
        is_sqlite()
            ? "INSERT INTO atls_endorsement VALUES (X'6964', 5, 1, 'a/b', '', 'me', 1, X'78');"
              "UPDATE atls_meta SET value = 1 WHERE name = 'generation'"
            : "INSERT INTO atls_endorsement VALUES ('id', 5, 1, 'a/b', '', 'me', 1, 'x');"
              "UPDATE atls_meta SET value = 1 WHERE name = 'generation'");
    assert_err(open_store(NULL), OK);
    assert_int_equal(suite_state(suite.store, "old"), VERIFIER_SESSION_WAITING);
    struct verifier_session old;
    assert_err(verifier_session_get(suite.store, &old, "old", NULL), OK);
    assert_int_equal(old.form, 0); /* nobody said */
    verifier_session_cleanup(&old);
    const struct verifier_about about = {.endorser = NULL};
    bool is_disputed = true;
    assert_err(suite_put(suite.store, "id", 4, "y", NULL), BUSY); /* what it says is not known */
    assert_err(verifier_endorsement_describe(suite.store, &is_disputed, 1, &about, NULL), OK);
    assert_false(is_disputed);
    assert_err(suite_put(suite.store, "id", 4, "y", NULL), ENDORSEMENT_OLDER);
    assert_err(suite_put(suite.store, "id", 5, "x", NULL), OK);
    works(suite.store);
    uint64_t generation = 0;
    assert_err(verifier_store_generation(suite.store, &generation, NULL), OK);
    assert_int_equal(generation, 2);
}

static void opened_again_it_is_as_it_was(void **state)
{
    (void)state;
    for (int version = 0; version <= STORE_SCHEMA_VERSION; version++) {
        make_version(version);
    }
    assert_err(open_store(NULL), OK);
    works(suite.store);
    verifier_store_close(suite.store);
    assert_err(open_store(NULL), OK);
    assert_int_equal(suite_state(suite.store, "new-session"), VERIFIER_SESSION_COMPLETE);
}

static void newer_schema_is_refused_and_left_alone(void **state)
{
    (void)state;
    struct atls_diag diag;
    make_version(STORE_SCHEMA_VERSION);
    suite_sql("UPDATE atls_meta SET value = 5 WHERE name = 'schema'");
    assert_err(open_store(&diag), STORE);
    assert_string_equal(suite_sentence(&diag),
                        "store: the store cannot do what it was asked (schema version: found 5, "
                        "expected 0 to 4, which this program knows)");
    assert_err(open_store(NULL), STORE);
    suite_sql("UPDATE atls_meta SET value = 4 WHERE name = 'schema'");
    assert_err(open_store(NULL), OK);
    works(suite.store);
    suite_sql("UPDATE atls_meta SET value = -1 WHERE name = 'schema'");
    verifier_store_close(suite.store);
    suite.store = NULL;
    assert_err(open_store(NULL), STORE);
    suite_sql("DELETE FROM atls_meta WHERE name = 'schema'");
    assert_err(open_store(NULL), STORE);
}

/* A step that fails takes nothing along. */
static void migration_that_fails_changes_nothing(void **state)
{
    (void)state;
    make_version(1);
    suite_sql("CREATE TABLE atls_submission (mine INTEGER)");
    assert_err(open_store(NULL), STORE);
    suite_sql("UPDATE atls_meta SET value = value WHERE name = 'schema' AND value = 1;"
              "DROP TABLE atls_submission");
    assert_err(open_store(NULL), OK);
    works(suite.store);
}

static void many_nodes_start_at_once(void **state)
{
    (void)state;
    enum { NUM_NODES = 8 };
    for (int version = -1; version <= 1;
         version++) { /* nothing there, nothing but meta, version 1 */
        (void)suite_clear(NULL);
        if (version >= 0) {
            make_version(version);
        }
        pid_t pids[NUM_NODES];
        for (size_t i = 0; i < NUM_NODES; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);
            if (pids[i] == 0) {
                struct atls_diag diag;
                const bool is_good = open_store(&diag) == ATLS_OK &&
                                     verifier_store_ping(suite.store, &diag) == ATLS_OK;
                if (!is_good) {
                    fprintf(stderr, "%s\n", suite_sentence(&diag));
                }
                verifier_store_close(suite.store);
                _exit(is_good ? 0 : 1);
            }
        }
        for (size_t i = 0; i < NUM_NODES; i++) {
            int status = 0;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_int_equal(status, 0);
        }
    }
    assert_err(open_store(NULL), OK);
    works(suite.store);
}

/* Rows that no program of ours has written: told, not taken. */
static void damaged_rows_are_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_session session;
    assert_err(open_store(NULL), OK);
    insert_session("state", 9, 8);
    insert_session("nonce", 1, 65);
    insert_session("good", 1, 64);
    assert_err(verifier_session_get(suite.store, &session, "state", &diag), STORE);
    assert_string_equal(suite_sentence(&diag),
                        "store: the store cannot do what it was asked (session: found a row that "
                        "atls did not write)");
    assert_err(verifier_session_get(suite.store, &session, "nonce", NULL), STORE);
    assert_err(verifier_session_get(suite.store, &session, "good", NULL), OK);
    verifier_session_cleanup(&session);
    suite_sql("INSERT INTO atls_submission VALUES ('odd', 7, 'a/b', '', '', 1, 1790000001000)");
    struct verifier_submission submission;
    assert_err(verifier_submission_get(suite.store, &submission, "odd", NULL), STORE);
    suite_sql("DELETE FROM atls_meta");
    uint64_t generation = 0;
    assert_err(verifier_store_generation(suite.store, &generation, NULL), STORE);
    assert_err(verifier_store_ping(suite.store, NULL), STORE);
    assert_err(suite_put(suite.store, "id", 1, "x", NULL), STORE);
    suite_sql("DROP TABLE atls_endorsement");
    bool is_found = false;
    struct verifier_endorsement endorsement;
    assert_err(verifier_endorsement_next(suite.store, &is_found, &endorsement, 0, true, NULL),
               STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_store_works),
        cmocka_unit_test(store_of_version_1_keeps_what_it_has),
        cmocka_unit_test(opened_again_it_is_as_it_was),
        cmocka_unit_test(newer_schema_is_refused_and_left_alone),
        cmocka_unit_test(migration_that_fails_changes_nothing),
        cmocka_unit_test(many_nodes_start_at_once),
        cmocka_unit_test(damaged_rows_are_refused),
    };
    return suite_bare_main(tests);
}
