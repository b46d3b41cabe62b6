/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: sent, waited for, and their row read. Values travel in binary form. */
#include "store/clock.h"
#include "store/postgres/fail.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* Types of the server (pg_type.dat), which never change. */
enum { TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_INT4 = 23, TYPE_TEXT = 25 };

static const struct store_dialect dialect = {
    .parameter = '$',
    .now = "coalesce($#, (extract(epoch FROM statement_timestamp()) * 1000)::bigint)",
    .skip = "FOR UPDATE SKIP LOCKED",
    .lock = "FOR UPDATE",
    .integer = "BIGINT",
    .octets = "BYTEA",
    .strict = "",
    .tables = "pg_class WHERE oid = to_regclass('atls_meta')",
};

/* wait_for waits for the socket; false at the deadline, or where waiting is impossible. */
static bool wait_for(const struct store_postgres_connection *connection, short events)
{
    for (;;) {
        const int64_t left = connection->deadline_ms - store_monotonic_ms();
        struct pollfd socket = {.fd = PQsocket(connection->server), .events = events};
        const int ready = left > 0 ? poll(&socket, 1, (int)left) : 0;
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

/* flush sends what is queued; the server may want to be read meanwhile. */
static enum atls_err flush(struct store_postgres_connection *connection, struct atls_diag *diag)
{
    for (;;) {
        const int left = PQflush(connection->server);
        if (left == 0) {
            return ATLS_OK;
        }
        if (left < 0) {
            return store_postgres_unreachable(connection, diag);
        }
        if (!wait_for(connection, POLLIN | POLLOUT)) {
            return store_postgres_late(connection, diag);
        }
        if (PQconsumeInput(connection->server) == 0) {
            return store_postgres_unreachable(connection, diag);
        }
    }
}

/* next_result gives the next one of what was sent, NULL after the last. */
static enum atls_err next_result(struct store_postgres_connection *connection, PGresult **out,
                                 struct atls_diag *diag)
{
    while (PQisBusy(connection->server) != 0) {
        if (!wait_for(connection, POLLIN)) {
            return store_postgres_late(connection, diag);
        }
        if (PQconsumeInput(connection->server) == 0) {
            return store_postgres_unreachable(connection, diag);
        }
    }
    *out = PQgetResult(connection->server);
    return ATLS_OK;
}

/* collect keeps the first result, which is the only one unless a script has several statements; of
 * those the first that failed is kept. */
static enum atls_err collect(struct store_postgres_connection *connection, struct atls_diag *diag)
{
    enum atls_err err = flush(connection, diag);
    while (err == ATLS_OK) {
        PGresult *result = NULL;
        err = next_result(connection, &result, diag);
        if (result == NULL) {
            break;
        }
        const ExecStatusType kept = PQresultStatus(connection->result);
        if (kept == PGRES_EMPTY_QUERY || kept == PGRES_COMMAND_OK || kept == PGRES_TUPLES_OK ||
            connection->result == NULL) {
            PQclear(connection->result);
            connection->result = result;
        } else {
            PQclear(result);
        }
    }
    const ExecStatusType status = PQresultStatus(connection->result);
    if (err == ATLS_OK && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        err = store_postgres_refused(connection, connection->result, diag);
    }
    return err;
}

/* sent takes what a PQsend function gave, forgets the row of the call before, and waits. */
static enum atls_err sent(struct store_postgres_connection *connection, int is_sent,
                          struct atls_diag *diag)
{
    if (is_sent == 0) {
        connection->is_broken = true;
        return store_postgres_unreachable(connection, diag);
    }
    PQclear(connection->result);
    connection->result = NULL;
    return collect(connection, diag);
}

/* A call as libpq takes it. The last parameter is the time. */
struct call {
    Oid types[STORE_MAX_PARAMS + 1];
    const char *values[STORE_MAX_PARAMS + 1];
    int lengths[STORE_MAX_PARAMS + 1];
    int formats[STORE_MAX_PARAMS + 1];
    uint8_t numbers[STORE_MAX_PARAMS + 1][8];
    int num_params;
};

static Oid type_of(char letter)
{
    return letter == 't' ? TYPE_TEXT : letter == 'o' ? TYPE_BYTEA : TYPE_INT8;
}

static void put_number(struct call *call, size_t at, int64_t number)
{
    for (size_t i = 0; i < 8; i++) {
        call->numbers[at][i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    }
    call->values[at] = (const char *)call->numbers[at];
    call->lengths[at] = 8;
}

static void put_value(struct call *call, size_t at, const struct store_value *value)
{
    if (value->type == STORE_INT) {
        put_number(call, at, value->number);
    } else if (value->type == STORE_TEXT || value->type == STORE_OCTETS) {
        call->values[at] = value->octets.len > 0 ? (const char *)value->octets.data : "";
        call->lengths[at] = (int)value->octets.len;
    }
}

static void make_call(struct call *call, const struct store_settings *settings, const char *types,
                      const struct store_value *values)
{
    memset(call, 0, sizeof *call);
    const size_t num_values = strlen(types);
    call->num_params = (int)num_values + 1;
    for (size_t i = 0; i <= num_values; i++) {
        call->formats[i] = 1;
        call->types[i] = i < num_values ? type_of(types[i]) : TYPE_INT8;
        if (i < num_values) {
            put_value(call, i, &values[i]);
        }
    }
    if (settings->now_ms != NULL) {
        put_number(call, num_values, settings->now_ms(settings->now_arg));
    }
}

static enum atls_err prepare(struct store_postgres_connection *connection, const char *name,
                             enum store_statement statement, const struct call *call,
                             struct atls_diag *diag)
{
    char text[STORE_MAX_TEXT];
    store_expand(text, store_statement_text(statement), &dialect,
                 strlen(store_statement_types(statement)));
    const enum atls_err err =
        sent(connection,
             PQsendPrepare(connection->server, name, text, call->num_params, call->types), diag);
    connection->prepared[statement] = err == ATLS_OK;
    return err;
}

static int64_t number_of(const char *octets, int len)
{
    uint64_t number = 0;
    for (int i = 0; i < len; i++) {
        number = number << 8 | (uint8_t)octets[i];
    }
    return len == 4 ? (int64_t)(int32_t)(uint32_t)number : (int64_t)number;
}

static void read_column(struct store_value *out, const PGresult *result, int column)
{
    const char *octets = PQgetvalue(result, 0, column);
    const int len = PQgetlength(result, 0, column);
    if (PQgetisnull(result, 0, column) != 0) {
        return;
    }
    switch (PQftype(result, column)) {
    case TYPE_INT4:
    case TYPE_INT8:
        *out = store_int(number_of(octets, len));
        break;
    case TYPE_TEXT:
        out->type = STORE_TEXT;
        out->octets = atls_bytes_of(octets, (size_t)len);
        break;
    case TYPE_BYTEA:
        *out = store_octets(atls_bytes_of(octets, (size_t)len));
        break;
    default:
        break;
    }
}

static uint64_t num_changed(PGresult *result)
{
    return strtoull(PQcmdTuples(result), NULL, 10);
}

static void read_row(struct store_row *row, PGresult *result)
{
    row->is_found = PQntuples(result) > 0;
    row->num_changed = num_changed(result);
    const int num_columns = PQnfields(result);
    row->num_columns = (size_t)(num_columns < STORE_MAX_COLUMNS ? num_columns : STORE_MAX_COLUMNS);
    for (int i = 0; row->is_found && i < (int)row->num_columns; i++) {
        read_column(&row->column[i], result, i);
    }
}

static int send_call(const struct store_postgres_connection *connection, const char *name,
                     const struct call *call)
{
    return PQsendQueryPrepared(connection->server, name, call->num_params, call->values,
                               call->lengths, call->formats, 1);
}

enum { NAME_SIZE = 16 };

/* name_of writes the name of a prepared statement. */
static void name_of(char out[NAME_SIZE], enum store_statement statement)
{
    snprintf(out, NAME_SIZE, "atls%u", (unsigned)statement);
}

enum atls_err store_postgres_run(void *context, struct store_row *row,
                                 enum store_statement statement, const struct store_value *values,
                                 struct atls_diag *diag)
{
    struct store_postgres_connection *connection = context;
    memset(row, 0, sizeof *row);
    struct call call;
    make_call(&call, connection->settings, store_statement_types(statement), values);
    char name[NAME_SIZE];
    name_of(name, statement);
    enum atls_err err = ATLS_OK;
    if (!connection->prepared[statement]) {
        err = prepare(connection, name, statement, &call, diag);
    }
    if (err == ATLS_OK) {
        err = sent(connection, send_call(connection, name, &call), diag);
    }
    if (err == ATLS_OK) {
        read_row(row, connection->result);
    }
    return err;
}

/* collect_each reads the results of a pipeline up to its end. After an error the rest is aborted,
 * which the server has rolled back. */
static enum atls_err collect_each(struct store_postgres_connection *connection, bool *out_changed,
                                  size_t num, struct atls_diag *diag)
{
    enum atls_err err = flush(connection, diag), said = ATLS_OK;
    for (size_t at = 0; err == ATLS_OK;) {
        PGresult *result = NULL;
        err = next_result(connection, &result, diag);
        const ExecStatusType status = PQresultStatus(result);
        if (err == ATLS_OK && result == NULL) { /* between two */
            at++;
            if (at > num) {
                err = store_postgres_late(connection, diag);
            }
        } else if (status == PGRES_COMMAND_OK && at < num) {
            out_changed[at] = num_changed(result) != 0;
        } else if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return said;
        } else if (err == ATLS_OK && status != PGRES_PIPELINE_ABORTED && said == ATLS_OK) {
            said = store_postgres_refused(connection, result, diag);
        }
        PQclear(result);
        if (err == ATLS_OK && PQstatus(connection->server) != CONNECTION_OK) {
            connection->is_broken = true;
            return said != ATLS_OK ? said : store_postgres_unreachable(connection, diag);
        }
    }
    return err;
}

enum atls_err store_postgres_run_each(void *context, bool *out_changed,
                                      enum store_statement statement,
                                      const struct store_value *values, size_t num,
                                      struct atls_diag *diag)
{
    struct store_postgres_connection *connection = context;
    const char *types = store_statement_types(statement);
    const size_t num_params = strlen(types);
    struct call call;
    char name[NAME_SIZE];
    name_of(name, statement);
    make_call(&call, connection->settings, types, values);
    enum atls_err err = connection->prepared[statement]
                            ? ATLS_OK
                            : prepare(connection, name, statement, &call, diag);
    if (err != ATLS_OK) {
        return err;
    }
    bool ok = PQenterPipelineMode(connection->server) == 1;
    for (size_t i = 0; ok && i < num; i++) {
        make_call(&call, connection->settings, types, &values[i * num_params]);
        ok = send_call(connection, name, &call) == 1;
    }
    if (!ok || PQpipelineSync(connection->server) != 1) {
        connection->is_broken = true;
        return store_postgres_unreachable(connection, diag);
    }
    err = collect_each(connection, out_changed, num, diag);
    if (PQexitPipelineMode(connection->server) != 1) {
        connection->is_broken = true;
    }
    return err;
}

enum atls_err store_postgres_script(void *context, const char *text, struct atls_diag *diag)
{
    struct store_postgres_connection *connection = context;
    char expanded[STORE_MAX_TEXT];
    store_expand(expanded, text, &dialect, 0);
    return sent(connection, PQsendQuery(connection->server, expanded), diag);
}
