/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to PostgreSQL, for one thread at a time. Every wait for the server has an end that
 * is ours: a server that hangs, or a network that swallows packets, costs `timeout_ms` and the
 * connection. The server has limits of its own as well (statement_timeout), so that what we gave up
 * does not go on there.
 *
 * Isolation is READ COMMITTED: each transition is one UPDATE whose WHERE is looked at again once
 * the row's lock is ours, and endorsements come one after the other by the row of the generation.
 */
#ifndef STORE_POSTGRES_CONNECTION_H
#define STORE_POSTGRES_CONNECTION_H

#include "store/backend.h"

#include <libpq-fe.h>

struct store_postgres_connection {
    PGconn *server;
    PGresult *result; /* what the columns of the last row borrow */
    const struct store_settings *settings;
    int64_t deadline_ms; /* monotonic, of the transaction that runs */
    bool is_broken;      /* to be closed, whatever libpq thinks of it */
    bool prepared[STORE_NUM_STATEMENTS];
};

/* What is told to libpq: arrays of equal length that end in NULL. */
struct store_postgres_options {
    const char **keywords;
    const char **values;
    void *parsed;  /* what the values borrow from */
    char *session; /* "options": limits of the server for our sessions */
    char timeout[16];
};

/* store_postgres_options_read reads a URI, and adds what it leaves open (see verifier_store_open).
 */
ATLS_NODISCARD enum atls_err store_postgres_options_read(struct store_postgres_options *out,
                                                         const char *uri, uint32_t timeout_ms,
                                                         struct atls_diag *diag);
void store_postgres_options_cleanup(struct store_postgres_options *options);

ATLS_NODISCARD enum atls_err store_postgres_connect(struct store_postgres_connection **out,
                                                    const struct store_postgres_options *options,
                                                    const struct store_settings *settings,
                                                    struct atls_diag *diag);
void store_postgres_disconnect(struct store_postgres_connection *connection);
/* store_postgres_is_alive looks at an idle connection, without asking the server. */
ATLS_NODISCARD bool store_postgres_is_alive(struct store_postgres_connection *connection);

/* store_postgres_begin sets the end of all waits of a transaction. */
void store_postgres_begin(struct store_postgres_connection *connection, uint32_t timeout_ms);
/* store_postgres_finish frees the last result; false when the connection is to be closed. */
ATLS_NODISCARD bool store_postgres_finish(struct store_postgres_connection *connection);

/* The entries of the operations table. */
enum atls_err store_postgres_run(void *connection, struct store_row *row,
                                 enum store_statement statement, const struct store_value *values,
                                 struct atls_diag *diag);
enum atls_err store_postgres_run_each(void *connection, bool *out_changed,
                                      enum store_statement statement,
                                      const struct store_value *values, size_t num,
                                      struct atls_diag *diag);
enum atls_err store_postgres_script(void *connection, const char *text, struct atls_diag *diag);

#endif
