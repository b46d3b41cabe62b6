/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/connection.h"

#include "store/clock.h"
#include "store/postgres/fail.h"

#include <poll.h>
#include <stdlib.h>

/* ignore is for what the server only remarks. */
static void ignore(void *arg, const PGresult *result)
{
    (void)arg, (void)result;
}

enum atls_err store_postgres_connect(struct store_postgres_connection **out,
                                     const struct store_postgres_options *options,
                                     const struct store_settings *settings, struct atls_diag *diag)
{
    struct store_postgres_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "postgres");
    }
    connection->settings = settings;
    connection->server = PQconnectdbParams(options->keywords, options->values, 0);
    enum atls_err err = ATLS_OK;
    if (connection->server == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, "store", "postgres");
    } else if (PQstatus(connection->server) != CONNECTION_OK) {
        err = store_postgres_unreachable(connection, diag);
    } else {
        const char *encoding = PQparameterStatus(connection->server, "server_encoding");
        if (encoding == NULL || !atls_bytes_is_text(atls_bytes_text(encoding), "UTF8")) {
            err = atls_fail_texts(diag, ATLS_ERR_STORE, "store", "encoding of the database",
                                  encoding, "UTF8");
        }
        PQsetNoticeReceiver(connection->server, ignore, NULL);
        PQsetnonblocking(connection->server, 1);
    }
    if (err != ATLS_OK) {
        store_postgres_disconnect(connection);
        return err;
    }
    *out = connection;
    return ATLS_OK;
}

void store_postgres_disconnect(struct store_postgres_connection *connection)
{
    if (connection != NULL) {
        PQclear(connection->result);
        PQfinish(connection->server);
        free(connection);
    }
}

bool store_postgres_is_alive(struct store_postgres_connection *connection)
{
    /* A server says nothing to those who are silent, unless it goes away. */
    struct pollfd socket = {.fd = PQsocket(connection->server), .events = POLLIN};
    if (poll(&socket, 1, 0) != 0) {
        (void)PQconsumeInput(connection->server);
        struct pollfd again = {.fd = PQsocket(connection->server), .events = POLLIN};
        return PQstatus(connection->server) == CONNECTION_OK && poll(&again, 1, 0) == 0;
    }
    return PQstatus(connection->server) == CONNECTION_OK;
}

void store_postgres_begin(struct store_postgres_connection *connection, uint32_t timeout_ms)
{
    connection->deadline_ms = store_monotonic_ms() + timeout_ms;
}

bool store_postgres_finish(struct store_postgres_connection *connection)
{
    PQclear(connection->result);
    connection->result = NULL;
    return !connection->is_broken && PQstatus(connection->server) == CONNECTION_OK &&
           PQtransactionStatus(connection->server) == PQTRANS_IDLE;
}
