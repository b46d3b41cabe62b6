/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's file: whose it is, who may read it, and when what is written is there. */
#include "suite.h"

#include "store/sqlite/connection.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static enum atls_err open_store(struct atls_diag *diag)
{
    const struct verifier_store_config config = suite_config();
    return verifier_store_open(&suite.store, suite.uri, &config, diag);
}

static void write_file(const char *content)
{
    const size_t len = strlen(content);
    FILE *file = fopen(suite.file, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void file_is_for_its_owner_alone(void **state)
{
    (void)state;
    static const char *const endings[] = {"", "-wal", "-shm"};
    const mode_t before = umask(0);
    assert_err(open_store(NULL), OK);
    assert_err(suite_create(suite.store, "one", NULL), OK);
    umask(before);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(endings); i++) {
        char path[160];
        struct stat status;
        snprintf(path, sizeof path, "%s%s", suite.file, endings[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static int64_t pragma(sqlite3 *db, const char *text)
{
    sqlite3_stmt *ask = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &ask, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
    const int64_t found = sqlite3_column_int64(ask, 0);
    sqlite3_finalize(ask);
    return found;
}

/* What no kill can show, for the machine goes on: a commit is on the disk when it is acknowledged.
 */
static void commits_wait_for_the_disk(void **state)
{
    (void)state;
    const struct store_settings settings = {.connections = 1, .timeout_ms = 5000};
    struct store_sqlite_connection *connection = NULL;
    assert_err(open_store(NULL), OK);
    assert_err(store_sqlite_connect(&connection, suite.file, &settings, NULL), OK);
    assert_int_equal(pragma(connection->db, "PRAGMA synchronous"), 2);
    assert_int_equal(pragma(connection->db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"),
                     1);
    assert_int_equal(pragma(connection->db, "PRAGMA application_id"), 0x61746c73);
    /* those of sessions alone leave it to the kernel, and the next endorsement waits again */
    for (int durable = 0; durable < 2; durable++) {
        assert_err(store_sqlite_durable(connection, durable != 0, NULL), OK);
        assert_int_equal(pragma(connection->db, "PRAGMA synchronous"), 1 + durable);
    }
    store_sqlite_disconnect(connection);
}

static void file_of_another_program_is_refused_and_left_alone(void **state)
{
    (void)state;
    struct atls_diag diag;
    suite_sql("CREATE TABLE songs (title TEXT); PRAGMA user_version = 3");
    struct stat before, after;
    assert_int_equal(stat(suite.file, &before), 0);
    assert_err(open_store(&diag), STORE);
    assert_string_equal(suite_sentence(&diag),
                        "store: the store cannot do what it was asked (sqlite: found a database of "
                        "another program, expected one of atls, or a new file)");
    assert_int_equal(stat(suite.file, &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
    (void)suite_clear(NULL);
    suite_sql("PRAGMA application_id = 1; CREATE TABLE atls_meta (name TEXT, value INTEGER)");
    assert_err(open_store(NULL), STORE);
    (void)suite_clear(NULL);
    write_file("-----BEGIN CERTIFICATE-----\nthis is no database, and longer than its header of "
               "one hundred octets is\n");
    assert_err(open_store(&diag), STORE);
    assert_string_equal(suite_sentence(&diag), "store: the store cannot do what it was asked "
                                               "(sqlite: found file is not a database)");
}

static void file_that_cannot_be_made_is_refused(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct verifier_store_config config = suite_config();
    assert_err(verifier_store_open(&suite.store, "sqlite:/nowhere/store.db", &config, &diag), FILE);
    assert_string_equal(suite_sentence(&diag), "store: a file cannot be read or written "
                                               "(/nowhere/store.db: found No such file or "
                                               "directory)");
    assert_err(verifier_store_open(&suite.store, "sqlite:/tmp", &config, NULL), FILE);
}

/* A limit on the size of files is a disk that is full, for this process. */
static void limit_files(rlim_t octets)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = octets;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_is_noticed_by_who_only_asks(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_err(open_store(NULL), OK);
    assert_err(suite_create(suite.store, "before", NULL), OK);
    limit_files(1);
    assert_err(verifier_store_ping(suite.store, NULL), OK); /* nobody knows yet */
    assert_err(suite_create(suite.store, "full", NULL), STORE);
    assert_err(verifier_store_sweep(suite.store, NULL, NULL), OK); /* nothing was to be written */
    assert_err(verifier_store_ping(suite.store, NULL), STORE);
    assert_err(verifier_store_ping(suite.store, NULL), STORE);
    assert_int_equal(suite_state(suite.store, "before"), VERIFIER_SESSION_WAITING);
    limit_files(RLIM_INFINITY);
    assert_err(verifier_store_ping(suite.store, NULL), OK);
    assert_err(suite_create(suite.store, "after", NULL), OK);
}

static void file_that_is_gone_or_another_takes_nothing_more(void **state)
{
    (void)state;
    char aside[160];
    struct atls_diag diag;
    assert_err(open_store(NULL), OK);
    assert_err(suite_create(suite.store, "before", NULL), OK);
    snprintf(aside, sizeof aside, "%s.aside", suite.file);
    assert_int_equal(rename(suite.file, aside), 0);
    assert_err(suite_create(suite.store, "gone", &diag), STORE);
    assert_non_null(
        strstr(suite_sentence(&diag), "found no such file any more, expected that which"));
    assert_err(verifier_store_ping(suite.store, NULL), STORE);
    write_file("another");
    assert_err(suite_create(suite.store, "other", &diag), STORE);
    assert_non_null(strstr(suite_sentence(&diag), "found another file in its place"));
    assert_int_equal(rename(aside, suite.file), 0);
    assert_err(verifier_store_ping(suite.store, NULL), OK);
    assert_err(suite_create(suite.store, "after", NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_is_for_its_owner_alone),
        cmocka_unit_test(commits_wait_for_the_disk),
        cmocka_unit_test(file_of_another_program_is_refused_and_left_alone),
        cmocka_unit_test(file_that_cannot_be_made_is_refused),
        cmocka_unit_test(full_disk_is_noticed_by_who_only_asks),
        cmocka_unit_test(file_that_is_gone_or_another_takes_nothing_more),
    };
    return suite_sqlite_main(tests);
}
