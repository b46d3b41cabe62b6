/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/connection.h"

#include "store/clock.h"

#include <stdlib.h>

/* The mark of a file of ours, in its header: "atls". The same in decimal for the text. */
enum { APPLICATION_ID = 0x61746c73 };
#define SET_APPLICATION_ID "PRAGMA application_id = 1635019891"

enum { KEPT_OCTETS = 1 << 17 /* of a row, between transactions */ };

static const struct store_dialect dialect = {
    .parameter = '?',
    .now = "?#",
    .skip = "",
    .lock = "",
    .integer = "INTEGER",
    .octets = "BLOB",
    .strict = "STRICT",
    .tables = "sqlite_master WHERE name = 'atls_meta'",
};

enum atls_err store_sqlite_fail(const struct store_sqlite_connection *connection, int code,
                                struct atls_diag *diag)
{
    const int kind = code & 0xff; /* the low octet of an extended code */
    if (kind == SQLITE_NOMEM) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "sqlite");
    }
    if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
        atls_fail_texts(diag, ATLS_ERR_STORE_UNREACHABLE, "store", "sqlite",
                        "the file is locked by another process", "an answer within ms ");
        atls_diag_expected_int(diag, connection->settings->timeout_ms);
        return ATLS_ERR_STORE_UNREACHABLE;
    }
    return atls_fail_texts(diag, ATLS_ERR_STORE, "store", "sqlite", sqlite3_errmsg(connection->db),
                           NULL);
}

/* set runs statements whose answer does not matter. */
static enum atls_err set(struct store_sqlite_connection *connection, const char *text,
                         struct atls_diag *diag)
{
    const int code = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? ATLS_OK : store_sqlite_fail(connection, code, diag);
}

/* ask gives the first column of the first row, as a number or compared with a text. */
static int ask(struct store_sqlite_connection *connection, const char *text, int64_t *out,
               const char *compared, bool *out_equal)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, text, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW && compared != NULL) {
        const unsigned char *found = sqlite3_column_text(statement, 0);
        *out_equal =
            found != NULL && atls_bytes_is_text(atls_bytes_text(compared), (const char *)found);
    } else if (code == SQLITE_ROW) {
        *out = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return code;
}

/* check_ours refuses the database of somebody else before anything is changed in it. Ours gets its
 * mark in the transaction that makes the first table. */
static enum atls_err check_ours(struct store_sqlite_connection *connection, struct atls_diag *diag)
{
    /* In this order: another node may be making both right now, in one transaction. */
    int64_t id = 0, tables = 0;
    int code = ask(connection, "SELECT count(*) FROM sqlite_master", &tables, NULL, NULL);
    if (code == SQLITE_ROW) {
        code = ask(connection, "PRAGMA application_id", &id, NULL, NULL);
    }
    if (code != SQLITE_ROW) {
        return store_sqlite_fail(connection, code, diag);
    }
    if (id != APPLICATION_ID && (id != 0 || tables != 0)) {
        return atls_fail_texts(diag, ATLS_ERR_STORE, "store", "sqlite",
                               "a database of another program", "one of atls, or a new file");
    }
    return ATLS_OK;
}

/* set_wal is a loop, for SQLite does not wait for the lock that this takes. */
static enum atls_err set_wal(struct store_sqlite_connection *connection, struct atls_diag *diag)
{
    const int64_t end = store_monotonic_ms() + connection->settings->timeout_ms;
    int code = SQLITE_BUSY;
    bool is_wal = false;
    while (code != SQLITE_ROW) {
        code = ask(connection, "PRAGMA journal_mode = WAL", NULL, "wal", &is_wal);
        if (code != SQLITE_ROW) {
            if ((code & 0xff) != SQLITE_BUSY || store_monotonic_ms() >= end) {
                return store_sqlite_fail(connection, code, diag);
            }
            sqlite3_sleep(10);
        }
    }
    if (!is_wal) {
        return atls_fail_texts(diag, ATLS_ERR_STORE, "store", "sqlite",
                               "a file system without shared memory", "a local one, for WAL");
    }
    return ATLS_OK;
}

static enum atls_err configure(struct store_sqlite_connection *connection, struct atls_diag *diag)
{
    sqlite3 *db = connection->db;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, (int)connection->settings->timeout_ms);
    /* nothing that the file says is run: functions in its schema, writes into its own tables */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 2 * VERIFIER_MAX_ENDORSEMENT_LEN);
    enum atls_err err = check_ours(connection, diag);
    if (err == ATLS_OK) { /* of a new file: a session takes 3 KiB, and each page is two writes */
        err = set(connection, "PRAGMA page_size = 16384", diag);
    }
    if (err == ATLS_OK) {
        err = set_wal(connection, diag);
    }
    if (err == ATLS_OK) {
        err = set(connection,
                  "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
                  "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
                  diag);
    }
    return err;
}

enum atls_err store_sqlite_connect(struct store_sqlite_connection **out, const char *path,
                                   const struct store_settings *settings, struct atls_diag *diag)
{
    struct store_sqlite_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "sqlite");
    }
    connection->settings = settings;
    enum atls_err err = ATLS_OK;
    const int code =
        sqlite3_open_v2(path, &connection->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (connection->db == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, "store", "sqlite");
    } else if (code != SQLITE_OK) {
        err = store_sqlite_fail(connection, code, diag);
    } else {
        err = configure(connection, diag);
    }
    if (err != ATLS_OK) {
        store_sqlite_disconnect(connection);
        return err;
    }
    *out = connection;
    return ATLS_OK;
}

void store_sqlite_disconnect(struct store_sqlite_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    for (size_t i = 0; i < STORE_NUM_STATEMENTS; i++) {
        sqlite3_finalize(connection->prepared[i]);
    }
    for (size_t i = 0; i < STORE_SQLITE_NUM_CONTROLS; i++) {
        sqlite3_finalize(connection->controls[i]);
    }
    sqlite3_close(connection->db);
    free(connection->octets);
    free(connection);
}

void store_sqlite_relax(struct store_sqlite_connection *connection)
{
    if (connection->octets_cap > KEPT_OCTETS) {
        free(connection->octets);
        connection->octets = NULL;
        connection->octets_cap = 0;
    }
}

static int prepare_text(struct store_sqlite_connection *connection, sqlite3_stmt **out,
                        const char *text)
{
    return sqlite3_prepare_v3(connection->db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

static int prepare(struct store_sqlite_connection *connection, enum store_statement statement)
{
    if (connection->prepared[statement] != NULL) {
        return SQLITE_OK;
    }
    char text[STORE_MAX_TEXT];
    const char *types = store_statement_types(statement);
    store_expand(text, store_statement_text(statement), &dialect, strlen(types));
    return prepare_text(connection, &connection->prepared[statement], text);
}

enum atls_err store_sqlite_control(struct store_sqlite_connection *connection,
                                   enum store_sqlite_control control, struct atls_diag *diag)
{
    /* IMMEDIATE: who will write says so at once, and is never refused in the middle */
    static const char *const texts[STORE_SQLITE_NUM_CONTROLS] = {
        [STORE_SQLITE_BEGIN] = "BEGIN IMMEDIATE", [STORE_SQLITE_COMMIT] = "COMMIT",
        [STORE_SQLITE_ROLLBACK] = "ROLLBACK",     [STORE_SQLITE_SAVEPOINT] = "SAVEPOINT one",
        [STORE_SQLITE_RELEASE] = "RELEASE one",   [STORE_SQLITE_ROLLBACK_TO] = "ROLLBACK TO one",
    };
    int code = SQLITE_OK;
    if (connection->controls[control] == NULL) {
        code = prepare_text(connection, &connection->controls[control], texts[control]);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(connection->controls[control]);
    }
    const enum atls_err err =
        code == SQLITE_DONE ? ATLS_OK : store_sqlite_fail(connection, code, diag);
    sqlite3_reset(connection->controls[control]);
    return err;
}

static int bind_one(sqlite3_stmt *prepared, int number, const struct store_value *value)
{
    /* a zero-length blob needs an address, or it would be NULL */
    static const char nothing[] = "";
    const char *octets = value->octets.len > 0 ? (const char *)value->octets.data : nothing;
    switch (value->type) {
    case STORE_INT:
        return sqlite3_bind_int64(prepared, number, value->number);
    case STORE_TEXT:
        return sqlite3_bind_text64(prepared, number, octets, value->octets.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case STORE_OCTETS:
        return sqlite3_bind_blob64(prepared, number, octets, value->octets.len, SQLITE_STATIC);
    case STORE_NULL:
    default:
        return sqlite3_bind_null(prepared, number);
    }
}

static int bind_all(struct store_sqlite_connection *connection, enum store_statement statement,
                    const struct store_value *values)
{
    sqlite3_stmt *prepared = connection->prepared[statement];
    const int num_values = (int)strlen(store_statement_types(statement));
    int code = SQLITE_OK;
    for (int i = 0; code == SQLITE_OK && i < num_values; i++) {
        code = bind_one(prepared, i + 1, &values[i]);
    }
    if (code == SQLITE_OK && sqlite3_bind_parameter_count(prepared) > num_values) {
        const struct store_settings *settings = connection->settings;
        const int64_t now =
            settings->now_ms != NULL ? settings->now_ms(settings->now_arg) : store_unix_ms();
        code = sqlite3_bind_int64(prepared, num_values + 1, now);
    }
    return code;
}

/* keep_octets copies the texts and blobs of a row, which SQLite keeps only until the next step. */
static int keep_octets(struct store_sqlite_connection *connection, sqlite3_stmt *prepared,
                       struct store_row *row)
{
    size_t total = 0;
    for (int i = 0; i < (int)row->num_columns; i++) {
        total += (size_t)sqlite3_column_bytes(prepared, i);
    }
    if (total > connection->octets_cap) {
        uint8_t *octets = realloc(connection->octets, total);
        if (octets == NULL) {
            return SQLITE_NOMEM;
        }
        connection->octets = octets;
        connection->octets_cap = total;
    }
    size_t at = 0;
    for (size_t i = 0; i < row->num_columns; i++) {
        struct store_value *value = &row->column[i];
        if (value->type != STORE_TEXT && value->type != STORE_OCTETS) {
            continue;
        }
        if (value->octets.len != 0) {
            memcpy(connection->octets + at, value->octets.data, value->octets.len);
        }
        value->octets.data = connection->octets + at;
        at += value->octets.len;
    }
    return SQLITE_OK;
}

static int read_row(struct store_sqlite_connection *connection, sqlite3_stmt *prepared,
                    struct store_row *row)
{
    row->is_found = true;
    row->num_columns = (size_t)sqlite3_column_count(prepared);
    for (int i = 0; i < (int)row->num_columns; i++) {
        struct store_value *value = &row->column[i];
        const void *octets = NULL;
        switch (sqlite3_column_type(prepared, i)) {
        case SQLITE_INTEGER:
            *value = store_int(sqlite3_column_int64(prepared, i));
            break;
        case SQLITE_TEXT:
            value->type = STORE_TEXT;
            octets = sqlite3_column_text(prepared, i);
            break;
        case SQLITE_BLOB:
            value->type = STORE_OCTETS;
            octets = sqlite3_column_blob(prepared, i);
            break;
        default:
            value->type = STORE_NULL;
            break;
        }
        if (value->type == STORE_TEXT || value->type == STORE_OCTETS) {
            value->octets = atls_bytes_of(octets, (size_t)sqlite3_column_bytes(prepared, i));
        }
    }
    return keep_octets(connection, prepared, row);
}

enum atls_err store_sqlite_run(void *context, struct store_row *row, enum store_statement statement,
                               const struct store_value *values, struct atls_diag *diag)
{
    struct store_sqlite_connection *connection = context;
    memset(row, 0, sizeof *row);
    int code = prepare(connection, statement);
    if (code != SQLITE_OK) {
        return store_sqlite_fail(connection, code, diag);
    }
    sqlite3_stmt *prepared = connection->prepared[statement];
    code = bind_all(connection, statement, values);
    if (code == SQLITE_OK) {
        code = sqlite3_step(prepared);
    }
    if (code == SQLITE_ROW) {
        code = read_row(connection, prepared, row);
        /* no statement gives a second row; the step that says so ends this one */
        code = code == SQLITE_OK ? sqlite3_step(prepared) : code;
    }
    enum atls_err err = ATLS_OK;
    if (code == SQLITE_DONE) {
        row->num_changed = (uint64_t)sqlite3_changes64(connection->db);
    } else {
        err = store_sqlite_fail(connection, code, diag);
    }
    sqlite3_reset(prepared);
    sqlite3_clear_bindings(prepared); /* they borrow from the caller */
    return err;
}

enum atls_err store_sqlite_run_each(void *context, bool *out_changed,
                                    enum store_statement statement,
                                    const struct store_value *values, size_t num,
                                    struct atls_diag *diag)
{
    const size_t num_params = strlen(store_statement_types(statement));
    enum atls_err err = ATLS_OK;
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        struct store_row row;
        err = store_sqlite_run(context, &row, statement, &values[i * num_params], diag);
        out_changed[i] = row.num_changed != 0;
    }
    return err;
}

enum atls_err store_sqlite_durable(struct store_sqlite_connection *connection, bool is_durable,
                                   struct atls_diag *diag)
{
    if (connection->is_light == !is_durable) {
        return ATLS_OK;
    }
    const enum atls_err err = set(
        connection, is_durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", diag);
    if (err == ATLS_OK) {
        connection->is_light = !is_durable;
    }
    return err;
}

enum atls_err store_sqlite_mark(struct store_sqlite_connection *connection, struct atls_diag *diag)
{
    return set(connection, SET_APPLICATION_ID, diag);
}

enum atls_err store_sqlite_script(void *context, const char *text, struct atls_diag *diag)
{
    char expanded[STORE_MAX_TEXT];
    store_expand(expanded, text, &dialect, 0);
    return set(context, expanded, diag);
}
