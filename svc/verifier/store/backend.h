/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a back end of the store is: connections, transactions, and prepared statements with typed
 * parameters. All statements are written once, in statements.h, so both back ends do the same.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "base/diag.h"
#include "base/span.h"
#include "store/statements.h"
#include "store/store.h"

enum { STORE_MAX_PARAMS = 8, STORE_MAX_COLUMNS = 12 };

/* A parameter or a column. */
enum store_type { STORE_NULL = 0, STORE_INT, STORE_TEXT, STORE_OCTETS };
struct store_value {
    enum store_type type;
    int64_t number;           /* STORE_INT */
    struct atls_bytes octets; /* STORE_TEXT, STORE_OCTETS */
};

/* The first row of what a statement gave, and there is never a second one. Its octets are borrowed
 * from the connection until its next statement. */
struct store_row {
    bool is_found;
    size_t num_columns;
    uint64_t num_changed; /* rows that the statement inserted, changed or deleted */
    struct store_value column[STORE_MAX_COLUMNS];
};

/* The configuration with its defaults filled in. */
struct store_settings {
    uint32_t connections;
    uint32_t timeout_ms;
    int64_t (*now_ms)(void *arg); /* NULL: the store's own clock */
    void *now_arg;
};

struct store_transaction {
    const struct verifier_store_ops *ops;
    void *connection;
};

/*
 * store_work does something in a transaction. The transaction is committed when it gives ATLS_OK,
 * and else rolled back. It runs once at most, in any thread, while its caller waits.
 */
typedef enum atls_err store_work(struct store_transaction *transaction, void *arg,
                                 struct atls_diag *diag);

enum store_access {
    STORE_READ, /* one statement that changes nothing */
    /* changes by one statement; what follows only explains why it changed nothing. It survives the
     * end of every process; with SQLite not a power cut right after it */
    STORE_WRITE_ONE,
    STORE_WRITE /* several statements, and on the disk when it returns */
};

/* A back end. No entry is optional. */
struct verifier_store_ops {
    const char *kind;
    enum atls_err (*open)(void **out, const char *uri, const struct store_settings *settings,
                          struct atls_diag *diag);
    void (*close)(void *backend);
    enum atls_err (*transact)(void *backend, enum store_access access, store_work *work, void *arg,
                              struct atls_diag *diag);
    /* These two are for the work of a transaction. run binds as many values as the statement has.
     */
    enum atls_err (*run)(void *connection, struct store_row *row, enum store_statement statement,
                         const struct store_value *values, struct atls_diag *diag);
    /* run_each runs one statement for `num` sets of values that follow each other, in one
     * transaction and as few round trips as there can be; out_changed[i] says whether the i-th
     * changed a row. No other statement may come before it in its transaction. */
    enum atls_err (*run_each)(void *connection, bool *out_changed, enum store_statement statement,
                              const struct store_value *values, size_t num, struct atls_diag *diag);
    /* script runs statements that give nothing, without parameters. */
    enum atls_err (*script)(void *connection, const char *text, struct atls_diag *diag);
    /* migrate is transact for the schema: alone among all nodes, and with more time. */
    enum atls_err (*migrate)(void *backend, store_work *work, void *arg, struct atls_diag *diag);
};

extern const struct verifier_store_ops store_sqlite;
extern const struct verifier_store_ops store_postgres;

static inline struct store_value store_int(int64_t number)
{
    return (struct store_value){.type = STORE_INT, .number = number};
}

static inline struct store_value store_octets(struct atls_bytes octets)
{
    return (struct store_value){.type = STORE_OCTETS, .octets = octets};
}

static inline struct store_value store_text(const char *text)
{
    return (struct store_value){.type = STORE_TEXT, .octets = atls_bytes_text(text)};
}

/* STORE_RUN runs a statement with its parameters, which follow `row`. */
#define STORE_RUN(transaction, statement, row, diag, ...)                                          \
    ((transaction)                                                                                 \
         ->ops->run((transaction)->connection, (row), (statement),                                 \
                    (const struct store_value[]){__VA_ARGS__}, (diag)))
/* STORE_ASK is that for a statement without parameters. */
#define STORE_ASK(transaction, statement, row, diag)                                               \
    ((transaction)->ops->run((transaction)->connection, (row), (statement), NULL, (diag)))

#endif
