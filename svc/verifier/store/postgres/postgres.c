/* SPDX-License-Identifier: Apache-2.0 */
/* The store in PostgreSQL: any number of nodes, each with a pool of connections. */
#include "store/clock.h"
#include "store/pool.h"
#include "store/postgres/connection.h"

#include <stdlib.h>

enum {
    RETRY_MS = 250, /* after a connection failed, others wait so long before they try */
    MIGRATION_MS = 60000
};

/* One of all nodes at a time; the number is ours alone ("atls"). The statements of a migration may
 * take longer than others. */
static const char lock_schema[] = "SET LOCAL statement_timeout = '60s';"
                                  "SET LOCAL lock_timeout = '60s';"
                                  "SELECT pg_advisory_xact_lock(1635019891);";

struct postgres_store {
    struct store_settings settings;
    struct store_postgres_options options;
    struct store_pool pool;
    pthread_mutex_t lock;
    int64_t retry_ms;         /* monotonic; no connection is tried before */
    struct atls_diag refusal; /* of the last one that was */
};

static void close_store(void *backend)
{
    struct postgres_store *store = backend;
    for (size_t i = 0; i < store->pool.num_idle; i++) {
        store_postgres_disconnect(store->pool.connections[i]);
    }
    store_pool_cleanup(&store->pool);
    store_postgres_options_cleanup(&store->options);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static enum atls_err open_store(void **out, const char *uri, const struct store_settings *settings,
                                struct atls_diag *diag)
{
    struct postgres_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "postgres");
    }
    const enum atls_err err =
        store_postgres_options_read(&store->options, uri, settings->timeout_ms, diag);
    if (err != ATLS_OK) {
        free(store);
        return err;
    }
    store->settings = *settings;
    store->retry_ms = INT64_MIN;
    store_pool_init(&store->pool, settings->connections);
    pthread_mutex_init(&store->lock, NULL);
    *out = store;
    return ATLS_OK;
}

/* connect_new tries, unless somebody just tried in vain: while the server is away, each call is
 * told so at once, and the server is not met by all of them when it comes back. */
static enum atls_err connect_new(struct postgres_store *store,
                                 struct store_postgres_connection **out, struct atls_diag *diag)
{
    pthread_mutex_lock(&store->lock);
    const bool is_early = store_monotonic_ms() < store->retry_ms;
    if (is_early && diag != NULL) {
        *diag = store->refusal;
    }
    const enum atls_err refusal = store->refusal.err;
    pthread_mutex_unlock(&store->lock);
    if (is_early) {
        return refusal;
    }
    struct atls_diag found = {.err = ATLS_OK};
    const enum atls_err err =
        store_postgres_connect(out, &store->options, &store->settings, &found);
    if (err != ATLS_OK) {
        pthread_mutex_lock(&store->lock);
        store->retry_ms = store_monotonic_ms() + RETRY_MS;
        store->refusal = found;
        pthread_mutex_unlock(&store->lock);
        if (diag != NULL) {
            *diag = found;
        }
    }
    return err;
}

/* take gives a connection that was alive a moment ago. */
static enum atls_err take(struct postgres_store *store, struct store_postgres_connection **out,
                          struct atls_diag *diag)
{
    void *taken = NULL;
    enum atls_err err = store_pool_take(&store->pool, &taken, store->settings.timeout_ms, diag);
    if (err != ATLS_OK) {
        return err;
    }
    struct store_postgres_connection *connection = taken;
    if (connection != NULL && !store_postgres_is_alive(connection)) {
        store_postgres_disconnect(connection);
        connection = NULL;
    }
    if (connection == NULL) {
        err = connect_new(store, &connection, diag);
    }
    if (err != ATLS_OK) {
        store_pool_give(&store->pool, NULL);
        return err;
    }
    *out = connection;
    return ATLS_OK;
}

static void give_back(struct postgres_store *store, struct store_postgres_connection *connection)
{
    if (!store_postgres_finish(connection)) {
        store_postgres_disconnect(connection);
        connection = NULL;
    }
    store_pool_give(&store->pool, connection);
}

static enum atls_err in_transaction(struct store_postgres_connection *connection, store_work *work,
                                    void *arg, struct atls_diag *diag)
{
    struct store_transaction transaction = {&store_postgres, connection};
    enum atls_err err = store_postgres_script(connection, "BEGIN", diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = work(&transaction, arg, diag);
    if (err == ATLS_OK) {
        return store_postgres_script(connection, "COMMIT", diag);
    }
    if (!connection->is_broken) { /* what fails here leaves a connection that is not idle */
        (void)store_postgres_script(connection, "ROLLBACK", NULL);
    }
    return err;
}

static enum atls_err transact(void *backend, enum store_access access, store_work *work, void *arg,
                              struct atls_diag *diag)
{
    struct postgres_store *store = backend;
    struct store_postgres_connection *connection = NULL;
    enum atls_err err = take(store, &connection, diag);
    if (err != ATLS_OK) {
        return err;
    }
    store_postgres_begin(connection, store->settings.timeout_ms);
    if (access == STORE_WRITE) {
        err = in_transaction(connection, work, arg, diag);
    } else { /* one statement is a transaction */
        struct store_transaction transaction = {&store_postgres, connection};
        err = work(&transaction, arg, diag);
    }
    give_back(store, connection);
    return err;
}

struct migration {
    store_work *work;
    void *arg;
};

static enum atls_err migrate_alone(struct store_transaction *transaction, void *arg,
                                   struct atls_diag *diag)
{
    const struct migration *migration = arg;
    const enum atls_err err = store_postgres_script(transaction->connection, lock_schema, diag);
    return err == ATLS_OK ? migration->work(transaction, migration->arg, diag) : err;
}

static enum atls_err migrate(void *backend, store_work *work, void *arg, struct atls_diag *diag)
{
    struct postgres_store *store = backend;
    struct migration migration = {work, arg};
    struct store_postgres_connection *connection = NULL;
    enum atls_err err = take(store, &connection, diag);
    if (err == ATLS_OK) {
        store_postgres_begin(connection, MIGRATION_MS);
        err = in_transaction(connection, migrate_alone, &migration, diag);
        give_back(store, connection);
    }
    return err;
}

const struct verifier_store_ops store_postgres = {
    .kind = "postgres",
    .open = open_store,
    .close = close_store,
    .transact = transact,
    .run = store_postgres_run,
    .run_each = store_postgres_run_each,
    .script = store_postgres_script,
    .migrate = migrate,
};
