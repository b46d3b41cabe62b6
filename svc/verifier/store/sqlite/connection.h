/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQLite connection with its prepared statements, for one thread at a time.
 *
 * Durability: WAL with synchronous=FULL, so COMMIT returns after the log is on the disk. With
 * NORMAL a killed process would lose nothing either, but a power cut could take back the last
 * commits: an endorsement that was acknowledged, or the fact that a Result was given out already.
 */
#ifndef STORE_SQLITE_CONNECTION_H
#define STORE_SQLITE_CONNECTION_H

#include "store/backend.h"

#include <sqlite3.h>

/* What begins and ends transactions. */
enum store_sqlite_control {
    STORE_SQLITE_BEGIN,
    STORE_SQLITE_COMMIT,
    STORE_SQLITE_ROLLBACK,
    STORE_SQLITE_SAVEPOINT,
    STORE_SQLITE_RELEASE,
    STORE_SQLITE_ROLLBACK_TO,
    STORE_SQLITE_NUM_CONTROLS
};

struct store_sqlite_connection {
    sqlite3 *db;
    sqlite3_stmt *controls[STORE_SQLITE_NUM_CONTROLS];
    sqlite3_stmt *prepared[STORE_NUM_STATEMENTS];
    const struct store_settings *settings;
    uint8_t *octets; /* what the columns of the last row borrow */
    size_t octets_cap;
    bool is_light; /* commits do not wait for the disk */
};

/* store_sqlite_connect opens a file that is there. */
ATLS_NODISCARD enum atls_err store_sqlite_connect(struct store_sqlite_connection **out,
                                                  const char *path,
                                                  const struct store_settings *settings,
                                                  struct atls_diag *diag);
void store_sqlite_disconnect(struct store_sqlite_connection *connection);

/* The entries of the operations table; `connection` is a struct store_sqlite_connection. */
enum atls_err store_sqlite_run(void *connection, struct store_row *row,
                               enum store_statement statement, const struct store_value *values,
                               struct atls_diag *diag);
enum atls_err store_sqlite_run_each(void *connection, bool *out_changed,
                                    enum store_statement statement,
                                    const struct store_value *values, size_t num,
                                    struct atls_diag *diag);
enum atls_err store_sqlite_script(void *connection, const char *text, struct atls_diag *diag);

enum atls_err store_sqlite_control(struct store_sqlite_connection *connection,
                                   enum store_sqlite_control control, struct atls_diag *diag);

/* store_sqlite_mark writes into the file, in a transaction, that it is ours. */
enum atls_err store_sqlite_mark(struct store_sqlite_connection *connection, struct atls_diag *diag);

/* store_sqlite_relax gives back memory that a large row took. */
void store_sqlite_relax(struct store_sqlite_connection *connection);
/* store_sqlite_fail says what SQLite says. */
enum atls_err store_sqlite_fail(const struct store_sqlite_connection *connection, int code,
                                struct atls_diag *diag);

/* store_sqlite_durable says whether the commits that follow wait for the disk, as those of a new
 * connection do. Not in a transaction. */
ATLS_NODISCARD enum atls_err store_sqlite_durable(struct store_sqlite_connection *connection,
                                                  bool is_durable, struct atls_diag *diag);

#endif
