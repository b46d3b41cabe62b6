/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step, once released, is never changed: a new version is a new step. While nodes are replaced
 * one by one, those of the version before work on the new schema, so a step adds and does not take
 * away what they use.
 *
 * Times are ms since 1970. keep_until_ms is what expiry is swept by; expiry_ms is what the client
 * was told. claim is the number of the latest holder.
 */
#include "store/schema.h"

static const char meta[] = "CREATE TABLE atls_meta (name TEXT PRIMARY KEY NOT NULL,"
                           " value @int NOT NULL) @strict;"
                           "INSERT INTO atls_meta VALUES ('schema', 0), ('generation', 0);";

static const char sessions_and_endorsements[] =
    "CREATE TABLE atls_session ("
    " id TEXT PRIMARY KEY NOT NULL,"
    " state @int NOT NULL,"
    " nonce @octets NOT NULL,"
    " accept TEXT NOT NULL,"
    " ttl_ms @int NOT NULL,"
    " created_ms @int NOT NULL,"
    " expiry_ms @int NOT NULL,"
    " keep_until_ms @int NOT NULL,"
    " claim @int NOT NULL,"
    " lease_until_ms @int NOT NULL,"
    " evidence_type TEXT,"
    " evidence @octets,"
    " result @octets) @strict;"
    "CREATE INDEX atls_session_keep ON atls_session (keep_until_ms);"
    "CREATE INDEX atls_session_lease ON atls_session (lease_until_ms) WHERE state = 2;"
    "CREATE TABLE atls_endorsement ("
    " id @octets PRIMARY KEY NOT NULL,"
    " version @int NOT NULL,"
    " generation @int NOT NULL UNIQUE,"
    " media_type TEXT NOT NULL,"
    " profile TEXT NOT NULL,"
    " submitter TEXT NOT NULL,"
    " submitted_ms @int NOT NULL,"
    " content @octets NOT NULL) @strict;";

static const char submissions[] = "CREATE TABLE atls_submission ("
                                  " id TEXT PRIMARY KEY NOT NULL,"
                                  " status @int NOT NULL,"
                                  " media_type TEXT NOT NULL,"
                                  " submitter TEXT NOT NULL,"
                                  " reason TEXT NOT NULL,"
                                  " created_ms @int NOT NULL,"
                                  " expiry_ms @int NOT NULL) @strict;"
                                  "CREATE INDEX atls_submission_expiry"
                                  " ON atls_submission (expiry_ms);";

/* What endorsements say and who says it. Where the generation is above `described`, a
 * program of an older version took one in, and what that says is not known here yet. */
static const char subjects[] = "CREATE TABLE atls_about ("
                               " id @octets PRIMARY KEY NOT NULL,"
                               " endorser TEXT NOT NULL,"
                               " until_ms @int NOT NULL) @strict;"
                               "CREATE TABLE atls_subject ("
                               " scope @octets NOT NULL,"
                               " id @octets NOT NULL,"
                               " value @octets NOT NULL,"
                               " PRIMARY KEY (scope, id)) @strict;"
                               "CREATE INDEX atls_subject_id ON atls_subject (id);"
                               "INSERT INTO atls_meta VALUES ('described', 0);";

/* What a client wants its Result as, for the node that goes on with its session. */
static const char form[] = "ALTER TABLE atls_session ADD COLUMN form @int NOT NULL DEFAULT 0;";

/* steps[n] leads from version n to n + 1. */
static const char *const steps[] = {sessions_and_endorsements, submissions, subjects, form};
_Static_assert(ATLS_ARRAY_LEN(steps) == STORE_SCHEMA_VERSION, "a step for each version");

static enum atls_err find_version(struct store_transaction *transaction, int64_t *out,
                                  struct atls_diag *diag)
{
    struct store_row row;
    enum atls_err err = STORE_ASK(transaction, STORE_HAS_META, &row, diag);
    if (err == ATLS_OK && row.column[0].number == 0) {
        err = transaction->ops->script(transaction->connection, meta, diag);
    }
    if (err == ATLS_OK) {
        err = STORE_ASK(transaction, STORE_SCHEMA, &row, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    const int64_t found = row.is_found ? row.column[0].number : -1;
    if (found < 0 || found > STORE_SCHEMA_VERSION) {
        atls_fail(diag, ATLS_ERR_STORE, "store", "schema version");
        atls_diag_found_int(diag, found);
        atls_diag_expected_text(diag, "0 to ");
        atls_diag_expected_int(diag, STORE_SCHEMA_VERSION);
        atls_diag_expected_text(diag, ", which this program knows");
        return ATLS_ERR_STORE;
    }
    *out = found;
    return ATLS_OK;
}

enum atls_err store_schema_bring(struct store_transaction *transaction, void *arg,
                                 struct atls_diag *diag)
{
    const int *wanted = arg;
    int64_t version = 0;
    enum atls_err err = find_version(transaction, &version, diag);
    for (; err == ATLS_OK && version < *wanted; version++) {
        err = transaction->ops->script(transaction->connection, steps[version], diag);
        if (err == ATLS_OK) {
            struct store_row row;
            err = STORE_RUN(transaction, STORE_SCHEMA_SET, &row, diag, store_int(version + 1));
        }
    }
    return err;
}
