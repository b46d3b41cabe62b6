/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_POSTGRES_FAIL_H
#define STORE_POSTGRES_FAIL_H

#include "store/postgres/connection.h"

/* store_postgres_unreachable says what libpq says of a connection that failed. */
enum atls_err store_postgres_unreachable(const struct store_postgres_connection *connection,
                                         struct atls_diag *diag);
/* store_postgres_late is for a server that has not answered by the deadline. */
enum atls_err store_postgres_late(struct store_postgres_connection *connection,
                                  struct atls_diag *diag);
/* store_postgres_refused says what the server says of a statement that failed. */
enum atls_err store_postgres_refused(struct store_postgres_connection *connection,
                                     const PGresult *result, struct atls_diag *diag);

#endif
