/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's file: whose it is, who may read it, and when what is written is there. */
#include "suite.h"

#include "store/sqlite/connection.h"

#include <stdio.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_is_for_its_owner_alone),
        cmocka_unit_test(commits_wait_for_the_disk),
        cmocka_unit_test(file_of_another_program_is_refused_and_left_alone),
        cmocka_unit_test(file_that_cannot_be_made_is_refused),
    };
    return suite_sqlite_main(tests);
}
