/* SPDX-License-Identifier: Apache-2.0 */
#include "store/check.h"
#include "store/pool.h"
#include "store/schema.h"
#include "store/store_internal.h"

#include <stdlib.h>

enum { MAX_SWEPT = 1000 /* rows of a kind in one call, so that no call takes long */ };

/* What this build has; what it has not says so by name. */
static const struct {
    const char *scheme;
    const struct verifier_store_ops *ops;
} backends[] = {
    {"sqlite:", &store_sqlite},
#ifdef STORE_HAS_POSTGRES
    {"postgres://", &store_postgres},
    {"postgresql://", &store_postgres},
#else
    {"postgres://", NULL},
    {"postgresql://", NULL},
#endif
};

static enum atls_err find_backend(const struct verifier_store_ops **out, const char *uri,
                                  struct atls_diag *diag)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(backends); i++) {
        if (strncmp(uri, backends[i].scheme, strlen(backends[i].scheme)) != 0) {
            continue;
        }
        if (backends[i].ops == NULL) {
            return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, "store", "URI", backends[i].scheme,
                                   NULL);
        }
        *out = backends[i].ops;
        return ATLS_OK;
    }
    /* the URI is not shown: it may hold a password */
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "store", "URI", "another scheme",
                           "sqlite:FILE or postgres://...");
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static enum atls_err check_config(const struct store_settings *settings, struct atls_diag *diag)
{
    enum atls_err err =
        store_check_size(settings->connections, 1, STORE_MAX_CONNECTIONS, "connections", diag);
    if (err == ATLS_OK) {
        err = store_check_size(settings->timeout_ms, 100, 60000, "timeout in ms", diag);
    }
    if (err != ATLS_OK && diag != NULL) {
        diag->err = ATLS_ERR_CONFIG;
    }
    return err == ATLS_OK ? ATLS_OK : ATLS_ERR_CONFIG;
}

enum atls_err verifier_store_open(struct verifier_store **out, const char *uri,
                                  const struct verifier_store_config *config,
                                  struct atls_diag *diag)
{
    const struct store_settings settings = {.connections = or_default(config->connections, 8),
                                            .timeout_ms = or_default(config->timeout_ms, 5000),
                                            .now_ms = config->now_ms,
                                            .now_arg = config->now_arg};
    const struct verifier_store_ops *ops = NULL;
    enum atls_err err = find_backend(&ops, uri, diag);
    if (err == ATLS_OK) {
        err = check_config(&settings, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct verifier_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", NULL);
    }
    store->ops = ops;
    store->bound.max = or_default(config->max_sessions, 100000);
    store->max_endorsements = or_default(config->max_endorsements, 10000);
    store->max_submissions = or_default(config->max_submissions, 10000);
    err = ops->open(&store->backend, uri, &settings, diag);
    if (err != ATLS_OK) {
        free(store);
        return err;
    }
    pthread_mutex_init(&store->bound.lock, NULL);
    int version = STORE_SCHEMA_VERSION;
    err = ops->migrate(store->backend, store_schema_bring, &version, diag);
    if (err != ATLS_OK) {
        verifier_store_close(store);
        return err;
    }
    *out = store;
    return ATLS_OK;
}

void verifier_store_close(struct verifier_store *store)
{
    if (store != NULL) {
        store->ops->close(store->backend);
        pthread_mutex_destroy(&store->bound.lock);
        free(store);
    }
}

const char *verifier_store_kind(const struct verifier_store *store)
{
    return store->ops->kind;
}

static enum atls_err generation(struct store_transaction *transaction, void *arg,
                                struct atls_diag *diag)
{
    uint64_t *found = arg;
    struct store_row row;
    enum atls_err err = STORE_ASK(transaction, STORE_GENERATION, &row, diag);
    if (err == ATLS_OK && !row.is_found) {
        err = store_damaged(diag, "generation");
    }
    if (err == ATLS_OK) {
        *found = (uint64_t)row.column[0].number;
    }
    return err;
}

enum atls_err verifier_store_generation(struct verifier_store *store, uint64_t *out,
                                        struct atls_diag *diag)
{
    uint64_t found = 0;
    const enum atls_err err = store_transact(store, STORE_READ, generation, &found, diag);
    if (err == ATLS_OK) {
        *out = found;
    }
    return err;
}

static enum atls_err try_write(struct store_transaction *transaction, void *arg,
                               struct atls_diag *diag)
{
    struct store_row row;
    (void)arg;
    return STORE_ASK(transaction, STORE_TRY, &row, diag);
}

/* A disk that is full is read as ever. So after a write that failed one has to go well; what
 * changes no row, as most sweeps, shows nothing. */
enum atls_err verifier_store_ping(struct verifier_store *store, struct atls_diag *diag)
{
    uint64_t found = 0;
    enum atls_err err = verifier_store_generation(store, &found, diag);
    if (err == ATLS_OK && store->writes_fail) {
        err = store_transact(store, STORE_WRITE_ONE, try_write, NULL, diag);
        store->writes_fail = err != ATLS_OK;
    }
    return err;
}

struct swept {
    uint64_t sessions;
    uint64_t submissions;
};

static enum atls_err give_up(struct store_transaction *transaction, void *arg,
                             struct atls_diag *diag)
{
    (void)arg;
    struct store_row row;
    return STORE_RUN(transaction, STORE_SESSION_GIVE_UP, &row, diag, store_int(VERIFIER_MAX_CLAIMS),
                     store_int(MAX_SWEPT));
}

static enum atls_err sweep_sessions(struct store_transaction *transaction, void *arg,
                                    struct atls_diag *diag)
{
    struct swept *swept = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_SWEEP, &row, diag, store_int(MAX_SWEPT));
    swept->sessions = row.num_changed;
    return err;
}

static enum atls_err sweep_submissions(struct store_transaction *transaction, void *arg,
                                       struct atls_diag *diag)
{
    struct swept *swept = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SUBMISSION_SWEEP, &row, diag, store_int(MAX_SWEPT));
    swept->submissions = row.num_changed;
    return err;
}

enum atls_err verifier_store_sweep(struct verifier_store *store, uint64_t *out_removed,
                                   struct atls_diag *diag)
{
    struct swept swept = {0, 0};
    enum atls_err err = store_transact(store, STORE_WRITE_ONE, give_up, NULL, diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE_ONE, sweep_sessions, &swept, diag);
    }
    if (err == ATLS_OK) {
        store_bound_removed(&store->bound, swept.sessions);
        err = store_transact(store, STORE_WRITE_ONE, sweep_submissions, &swept, diag);
    }
    if (err == ATLS_OK && out_removed != NULL) {
        *out_removed = swept.sessions + swept.submissions;
    }
    return err;
}
