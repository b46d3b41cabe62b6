/* SPDX-License-Identifier: Apache-2.0 */
/* The store in one SQLite file: one connection writes, some read. */
#include "store/clock.h"
#include "store/pool.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEME "sqlite:"

struct sqlite_store {
    struct store_settings settings;
    char *path;
    struct stat file; /* as it was opened */
    struct store_sqlite_writer writer;
    struct store_sqlite_checkpoint *checkpoint;
    struct store_pool readers;
};

/* make_file makes the file for its owner alone; SQLite gives its log the same rights. */
static enum atls_err make_file(const char *path, struct stat *out, struct atls_diag *diag)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        atls_fail_texts(diag, ATLS_ERR_FILE, "store", path, strerror(errno), NULL);
        return ATLS_ERR_FILE;
    }
    const bool known = fstat(fd, out) == 0;
    close(fd);
    return known ? ATLS_OK : atls_fail_texts(diag, ATLS_ERR_FILE, "store", path, "no file", NULL);
}

/* check_file: what is written into a file that was deleted, or replaced by that of a backup, nobody
 * finds again. */
static enum atls_err check_file(const struct sqlite_store *store, struct atls_diag *diag)
{
    struct stat now;
    const bool is_there = stat(store->path, &now) == 0;
    if (is_there && now.st_ino == store->file.st_ino && now.st_dev == store->file.st_dev) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_STORE, "store", store->path,
                           is_there ? "another file in its place" : "no such file any more",
                           "that which was opened at the start");
}

static void close_store(void *backend)
{
    struct sqlite_store *store = backend;
    for (size_t i = 0; i < store->readers.num_idle; i++) {
        store_sqlite_disconnect(store->readers.connections[i]);
    }
    store_pool_cleanup(&store->readers);
    store_sqlite_checkpoint_stop(store->checkpoint);
    store_sqlite_writer_cleanup(&store->writer);
    free(store->path);
    free(store);
}

/* configure: SQLite counts the memory that it has for those who ask, which nobody does, and takes a
 * lock of the process for that at each malloc and free. Where it runs already it says no: then it
 * stays as it is. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum atls_err open_store(void **out, const char *uri, const struct store_settings *settings,
                                struct atls_diag *diag)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    const char *path = uri + strlen(SCHEME);
    if (*path == '\0' || *path == ':') {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "store", "URI", uri, "sqlite: and a file");
    }
    (void)pthread_once(&configured, configure);
    struct stat file;
    enum atls_err err = make_file(path, &file, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct sqlite_store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (store == NULL || copy == NULL) {
        free(store);
        free(copy);
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "sqlite");
    }
    store->settings = *settings;
    store->path = copy;
    store->file = file;
    struct store_sqlite_connection *connection = NULL;
    err = store_sqlite_connect(&connection, path, &store->settings, diag);
    if (err != ATLS_OK) {
        free(copy);
        free(store);
        return err;
    }
    store_sqlite_writer_init(&store->writer, connection);
    store_pool_init(&store->readers, settings->connections);
    err = store_sqlite_checkpoint_start(&store->checkpoint, connection, path, diag);
    if (err != ATLS_OK) {
        close_store(store);
        return err;
    }
    *out = store;
    return ATLS_OK;
}

static enum atls_err read_store(struct sqlite_store *store, store_work *work, void *arg,
                                struct atls_diag *diag)
{
    void *taken = NULL;
    enum atls_err err = store_pool_take(&store->readers, &taken, store->settings.timeout_ms, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct store_sqlite_connection *connection = taken;
    if (connection == NULL) {
        err = store_sqlite_connect(&connection, store->path, &store->settings, diag);
    }
    if (err == ATLS_OK) {
        struct store_transaction transaction = {&store_sqlite, connection};
        err = work(&transaction, arg, diag);
        store_sqlite_relax(connection);
    }
    store_pool_give(&store->readers, connection);
    return err;
}

static enum atls_err transact(void *backend, enum store_access access, store_work *work, void *arg,
                              struct atls_diag *diag)
{
    struct sqlite_store *store = backend;
    const enum atls_err err = check_file(store, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return access == STORE_READ
               ? read_store(store, work, arg, diag)
               : store_sqlite_write(&store->writer, access == STORE_WRITE, work, arg, diag);
}

struct migration {
    store_work *work;
    void *arg;
};

static enum atls_err migrate_marked(struct store_transaction *transaction, void *arg,
                                    struct atls_diag *diag)
{
    const struct migration *migration = arg;
    const enum atls_err err = store_sqlite_mark(transaction->connection, diag);
    return err == ATLS_OK ? migration->work(transaction, migration->arg, diag) : err;
}

static enum atls_err migrate(void *backend, store_work *work, void *arg, struct atls_diag *diag)
{
    struct sqlite_store *store = backend;
    struct migration migration = {work, arg};
    return store_sqlite_write(&store->writer, true, migrate_marked, &migration, diag);
}

const struct verifier_store_ops store_sqlite = {
    .kind = "sqlite",
    .open = open_store,
    .close = close_store,
    .transact = transact,
    .run = store_sqlite_run,
    .run_each = store_sqlite_run_each,
    .script = store_sqlite_script,
    .migrate = migrate,
};
