/* SPDX-License-Identifier: Apache-2.0 */
/* One suite for all back ends: a test asks for a store, and gets one of the kind whose turn it is.
 */
#ifndef VERIFIER_STORE_SUITE_H
#define VERIFIER_STORE_SUITE_H

#include "store/store.h"

#include "support/check.h"
#include "support/postgres.h"

struct suite {
    const char *kind; /* of the back end whose turn it is */
    char uri[200];
    char file[128];                /* SQLite's */
    struct test_postgres postgres; /* PostgreSQL's; not running in SQLite's turn */
    int64_t now_ms;                /* what suite_config's clock says */
    struct verifier_store *store;  /* of this test; closed after it */
};
extern struct suite suite;

/* suite_main runs the tests for each back end, and gives the exit status. Each test begins with an
 * empty store that is open, with the clock of the suite; suite_bare_main leaves it closed. The
 * other two are for what only one of them has. */
#define suite_main(tests)                                                                          \
    suite_run(#tests, (tests), ATLS_ARRAY_LEN(tests), suite_open, SUITE_SQLITE | SUITE_POSTGRES)
#define suite_bare_main(tests)                                                                     \
    suite_run(#tests, (tests), ATLS_ARRAY_LEN(tests), suite_clear, SUITE_SQLITE | SUITE_POSTGRES)
#define suite_sqlite_main(tests)                                                                   \
    suite_run(#tests, (tests), ATLS_ARRAY_LEN(tests), suite_clear, SUITE_SQLITE)
#define suite_postgres_main(tests)                                                                 \
    suite_run(#tests, (tests), ATLS_ARRAY_LEN(tests), suite_open, SUITE_POSTGRES)
enum { SUITE_SQLITE = 1, SUITE_POSTGRES = 2 };
int suite_run(const char *name, const struct CMUnitTest *tests, size_t num_tests,
              CMFixtureFunction setup, unsigned kinds);
int suite_clear(void **state);
int suite_open(void **state);

/* suite_config has small bounds, and the clock of the suite. */
struct verifier_store_config suite_config(void);
/* suite_another opens the store once more, as another node does. */
struct verifier_store *suite_another(const struct verifier_store_config *config);
/* suite_sql changes the database behind the back of the store. */
void suite_sql(const char *statements);

/* suite_sentence gives the sentence of a diag, until the next call. */
const char *suite_sentence(const struct atls_diag *diag);

/* What most tests need: a session that waits, one that is processed, its state. */
enum atls_err suite_create(struct verifier_store *store, const char *id, struct atls_diag *diag);
struct verifier_claim suite_submitted(struct verifier_store *store, const char *id);
enum verifier_session_state suite_state(struct verifier_store *store, const char *id);
enum atls_err suite_put(struct verifier_store *store, const char *id, uint64_t version,
                        const char *content, struct atls_diag *diag);

enum { SUITE_TTL_MS = 150000, SUITE_LEASE_MS = 8000 };
#define SUITE_MEDIA_TYPE "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""

#endif
