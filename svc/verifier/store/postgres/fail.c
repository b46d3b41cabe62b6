/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/fail.h"

/* say takes the first line: the others are for those who sit at psql. */
static void say(struct atls_diag *diag, enum atls_err err, const char *text)
{
    atls_fail(diag, err, "store", "postgres");
    atls_diag_found_peer_text(diag, atls_bytes_of(text, strcspn(text, "\n")));
}

enum atls_err store_postgres_unreachable(const struct store_postgres_connection *connection,
                                         struct atls_diag *diag)
{
    say(diag, ATLS_ERR_STORE_UNREACHABLE, PQerrorMessage(connection->server));
    return ATLS_ERR_STORE_UNREACHABLE;
}

enum atls_err store_postgres_late(struct store_postgres_connection *connection,
                                  struct atls_diag *diag)
{
    connection->is_broken = true;
    atls_fail_texts(diag, ATLS_ERR_STORE_UNREACHABLE, "store", "postgres", "no answer",
                    "one within ms ");
    atls_diag_expected_int(diag, connection->settings->timeout_ms);
    return ATLS_ERR_STORE_UNREACHABLE;
}

/* Errors of the server (PostgreSQL, appendix A) after which the same call may well succeed: it goes
 * away or comes up, has no room for a connection, or a limit of ours ended the statement. */
static bool is_passing(const char *state)
{
    static const char *const passing[] = {"57", "53300", "55P03", "40", "25006", "08"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(passing); i++) {
        if (strncmp(state, passing[i], strlen(passing[i])) == 0) {
            return true;
        }
    }
    return false;
}

enum atls_err store_postgres_refused(struct store_postgres_connection *connection,
                                     const PGresult *result, struct atls_diag *diag)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL) { /* libpq's own: the connection is gone */
        connection->is_broken = true;
        return store_postgres_unreachable(connection, diag);
    }
    const bool passing = is_passing(state);
    /* "cached plan must not change": another node brought the schema further */
    connection->is_broken = connection->is_broken || strncmp(state, "0A", 2) == 0 ||
                            strncmp(state, "57P", 3) == 0 || strncmp(state, "25006", 5) == 0;
    const enum atls_err err = passing ? ATLS_ERR_STORE_UNREACHABLE : ATLS_ERR_STORE;
    say(diag, err, text != NULL ? text : "an error without a text");
    return err;
}
