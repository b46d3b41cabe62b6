/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "support/folder.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct suite suite;

static const char *const endings[] = {"", "-wal", "-shm", "-journal"};

static int64_t suite_now(void *arg)
{
    (void)arg;
    return __atomic_load_n(&suite.now_ms, __ATOMIC_RELAXED);
}

struct verifier_store_config suite_config(void)
{
    return (struct verifier_store_config){.max_sessions = 100,
                                          .max_endorsements = 10,
                                          .max_submissions = 10,
                                          .connections = 4,
                                          .now_ms = suite_now};
}

static bool is_sqlite(void)
{
    return strcmp(suite.kind, "sqlite") == 0;
}

void suite_sql(const char *statements)
{
    if (!is_sqlite()) {
        test_postgres_sql(&suite.postgres, statements);
        return;
    }
    sqlite3 *db = NULL;
    char *wrong = NULL;
    assert_int_equal(sqlite3_open(suite.file, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, statements, NULL, NULL, &wrong) != SQLITE_OK) {
        fail_msg("%s: %s", statements, wrong);
    }
    sqlite3_close(db);
}

int suite_clear(void **state)
{
    (void)state;
    suite.now_ms = 1790000000000;
    for (size_t i = 0; is_sqlite() && i < ATLS_ARRAY_LEN(endings); i++) {
        char path[160];
        snprintf(path, sizeof path, "%s%s", suite.file, endings[i]);
        unlink(path);
    }
    if (!is_sqlite()) {
        suite_sql("SET client_min_messages = warning; DROP SCHEMA public CASCADE;"
                  "CREATE SCHEMA public");
    }
    return 0;
}

int suite_open(void **state)
{
    (void)suite_clear(state);
    const struct verifier_store_config config = suite_config();
    suite.store = suite_another(&config);
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    verifier_store_close(suite.store);
    suite.store = NULL;
    return 0;
}

struct verifier_store *suite_another(const struct verifier_store_config *config)
{
    struct verifier_store *store = NULL;
    struct atls_diag diag;
    if (verifier_store_open(&store, suite.uri, config, &diag) != ATLS_OK) {
        fail_msg("%s", suite_sentence(&diag));
    }
    return store;
}

const char *suite_sentence(const struct atls_diag *diag)
{
    static char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    atls_diag_sentence(sentence, sizeof sentence, diag);
    return sentence;
}

static int run_one(const char *name, const struct CMUnitTest *tests, size_t num_tests,
                   CMFixtureFunction setup)
{
    struct CMUnitTest *mine = calloc(num_tests, sizeof *mine);
    if (mine == NULL) {
        return 1;
    }
    for (size_t i = 0; i < num_tests; i++) {
        mine[i] = tests[i];
        mine[i].setup_func = setup;
        mine[i].teardown_func = close_store;
    }
    printf("back end: %s\n", suite.kind);
    const int failed = _cmocka_run_group_tests(name, mine, num_tests, NULL, NULL);
    free(mine);
    return failed;
}

static int run_sqlite(const char *name, const struct CMUnitTest *tests, size_t num_tests,
                      CMFixtureFunction setup)
{
    char folder[64];
    test_folder_make(folder, sizeof folder, "store");
    suite.kind = "sqlite";
    snprintf(suite.file, sizeof suite.file, "%s/store.db", folder);
    snprintf(suite.uri, sizeof suite.uri, "sqlite:%s", suite.file);
    const int failed = run_one(name, tests, num_tests, setup);
    test_folder_remove(folder);
    return failed;
}

/* run_postgres gives -1, with the reason on stdout, where there is none. */
static int run_postgres(const char *name, const struct CMUnitTest *tests, size_t num_tests,
                        CMFixtureFunction setup)
{
#ifdef STORE_HAS_POSTGRES
    if (!test_postgres_start(&suite.postgres)) {
        return -1;
    }
    suite.kind = "postgres";
    snprintf(suite.uri, sizeof suite.uri, "%s", suite.postgres.uri);
    const int failed = run_one(name, tests, num_tests, setup);
    test_postgres_stop(&suite.postgres);
    return failed;
#else
    (void)name, (void)tests, (void)num_tests, (void)setup;
    printf("skipped: the store in PostgreSQL, for libpq is not installed\n");
    return -1;
#endif
}

int suite_run(const char *name, const struct CMUnitTest *tests, size_t num_tests,
              CMFixtureFunction setup, unsigned kinds)
{
    int failed = 0;
    if ((kinds & SUITE_SQLITE) != 0) {
        failed = run_sqlite(name, tests, num_tests, setup);
    }
    if ((kinds & SUITE_POSTGRES) != 0) {
        const int more = run_postgres(name, tests, num_tests, setup);
        if (more < 0 && kinds == SUITE_POSTGRES) {
            return 77; /* nothing was tested */
        }
        failed += more > 0 ? more : 0;
    }
    return failed;
}

enum atls_err suite_create(struct verifier_store *store, const char *id, struct atls_diag *diag)
{
    static const char *const accept[] = {SUITE_MEDIA_TYPE, "application/cmw+cbor"};
    const struct verifier_session_new session = {.id = id,
                                                 .nonce = atls_bytes_text("0123456789abcdef"),
                                                 .accept = accept,
                                                 .num_accept = ATLS_ARRAY_LEN(accept),
                                                 .ttl_ms = SUITE_TTL_MS,
                                                 .form = 2};
    int64_t expiry_ms = 0;
    return verifier_session_create(store, &expiry_ms, &session, diag);
}

struct verifier_claim suite_submitted(struct verifier_store *store, const char *id)
{
    struct verifier_claim claim;
    assert_err(suite_create(store, id, NULL), OK);
    assert_err(verifier_session_submit(store, &claim, id, SUITE_MEDIA_TYPE,
                                       atls_bytes_text("evidence"), SUITE_LEASE_MS, NULL),
               OK);
    return claim;
}

enum verifier_session_state suite_state(struct verifier_store *store, const char *id)
{
    struct verifier_session session;
    assert_err(verifier_session_get(store, &session, id, NULL), OK);
    const enum verifier_session_state state = session.state;
    verifier_session_cleanup(&session);
    return state;
}

enum atls_err suite_put(struct verifier_store *store, const char *id, uint64_t version,
                        const char *content, struct atls_diag *diag)
{
    const struct verifier_endorsement_new new = {.id = atls_bytes_text(id),
                                                 .version = version,
                                                 .media_type = "application/rim+cbor",
                                                 .profile = "tag:arm.com,2025:psa#1.0.0",
                                                 .submitter = "operator",
                                                 .content = atls_bytes_text(content)};
    return verifier_endorsement_put(store, NULL, NULL, &new, diag);
}
