/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL server for one test program: its own cluster in a folder of its own, on a Unix
 * socket there, ended by its process id. */
#ifndef SUPPORT_POSTGRES_H
#define SUPPORT_POSTGRES_H

#include <stdbool.h>
#include <sys/types.h>

struct test_postgres {
    pid_t pid; /* 0: not running */
    char programs[64];
    char folder[64];
    char uri[160]; /* "postgres://..." */
};

/* test_postgres_start makes an empty cluster; false, with the reason on stdout, where there is no
 * PostgreSQL on this machine. As root it runs the server as nobody: PostgreSQL refuses root. */
bool test_postgres_start(struct test_postgres *postgres);
/* test_postgres_end ends the server with this signal: SIGINT (cut off clients), SIGQUIT (at once).
 * test_postgres_again starts it on the same cluster. */
void test_postgres_end(struct test_postgres *postgres, int signal);
void test_postgres_again(struct test_postgres *postgres);
/* test_postgres_sql runs statements as the owner; a failure ends the test program. */
void test_postgres_sql(const struct test_postgres *postgres, const char *statements);
/* test_postgres_stop ends it and removes its folder. */
void test_postgres_stop(struct test_postgres *postgres);

#endif
