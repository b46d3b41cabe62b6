/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every statement of the store, once for all back ends. Values only ever come in as parameters.
 *
 * Where the two dialects differ stands a word with '@', which store_expand replaces:
 *   @now     the time in ms: of the injected clock, else of the store's own
 *   @skip    passes over rows that another node works on
 *   @lock    keeps the row until the transaction ends
 *   @int @octets @strict   in the schema
 */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include <stddef.h>

/* The columns that store_session_read reads. */
#define SQL_SESSION_COLUMNS                                                                        \
    "id, state, nonce, accept, created_ms, expiry_ms, evidence_type, evidence, result, form"
#define SQL_GENERATION "(SELECT value FROM atls_meta WHERE name = 'generation')"
/* The numbers of the subjects in $2, which has 64 octets for each. */
#define SQL_SUBJECTS                                                                               \
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n"                               \
    " WHERE i + 1 < length($2) / 64) "
/* PROCESSING, and the lease has run out. */
#define SQL_IS_LEFT "state = 2 AND lease_until_ms <= @now"

/* X(name, types of the parameters: t text, i integer, o octets; text) */
#define STORE_STATEMENTS(X)                                                                        \
    X(HAS_META, "", "SELECT count(*) FROM @tables")                                                \
    X(SCHEMA, "", "SELECT value FROM atls_meta WHERE name = 'schema'")                             \
    X(SCHEMA_SET, "i", "UPDATE atls_meta SET value = $1 WHERE name = 'schema'")                    \
    X(GENERATION, "", "SELECT value FROM atls_meta WHERE name = 'generation'")                     \
    X(GENERATION_LOCK, "", "SELECT value FROM atls_meta WHERE name = 'generation' @lock")          \
    X(GENERATION_SET, "i", "UPDATE atls_meta SET value = $1 WHERE name = 'generation'")            \
    X(SESSION_CREATE, "totii",                                                                     \
      "INSERT INTO atls_session (id, state, nonce, accept, ttl_ms, created_ms, expiry_ms,"         \
      " keep_until_ms, claim, lease_until_ms, form)"                                               \
      " VALUES ($1, 1, $2, $3, $4, @now, @now + $4, @now + $4, 0, 0, $5)"                          \
      " ON CONFLICT (id) DO NOTHING RETURNING expiry_ms")                                          \
    X(SESSION_GET, "t",                                                                            \
      "SELECT " SQL_SESSION_COLUMNS " FROM atls_session WHERE id = $1 AND keep_until_ms > @now")   \
    X(SESSION_STATE, "t",                                                                          \
      "SELECT state, claim, result FROM atls_session WHERE id = $1 AND keep_until_ms > @now"       \
      " AND (state <> 1 OR expiry_ms > @now)")                                                     \
    X(SESSION_SUBMIT, "ttoi",                                                                      \
      "UPDATE atls_session SET state = 2, claim = 1, evidence_type = $2, evidence = $3,"           \
      " lease_until_ms = @now + $4, keep_until_ms = @now + ttl_ms + $4"                            \
      " WHERE id = $1 AND state = 1 AND expiry_ms > @now"                                          \
      " RETURNING id, claim, nonce, " SQL_GENERATION)                                              \
    X(SESSION_TAKE_OVER, "ii",                                                                     \
      "UPDATE atls_session SET claim = claim + 1, lease_until_ms = @now + $1,"                     \
      " keep_until_ms = @now + ttl_ms + $1"                                                        \
      " WHERE id = (SELECT id FROM atls_session WHERE " SQL_IS_LEFT " AND claim < $2"              \
      " AND keep_until_ms > @now ORDER BY lease_until_ms LIMIT 1 @skip) AND " SQL_IS_LEFT          \
      " RETURNING " SQL_SESSION_COLUMNS ", claim, " SQL_GENERATION)                                \
    X(SESSION_GIVE_UP, "ii",                                                                       \
      "UPDATE atls_session SET state = 4, evidence_type = NULL, evidence = NULL,"                  \
      " keep_until_ms = @now + ttl_ms"                                                             \
      " WHERE id IN (SELECT id FROM atls_session WHERE " SQL_IS_LEFT " AND claim >= $1"            \
      " AND keep_until_ms > @now LIMIT $2 @skip) AND " SQL_IS_LEFT)                                \
    X(SESSION_RENEW, "tii",                                                                        \
      "UPDATE atls_session SET lease_until_ms = @now + $3, keep_until_ms = @now + ttl_ms + $3"     \
      " WHERE id = $1 AND state = 2 AND claim = $2 AND keep_until_ms > @now"                       \
      " RETURNING id, claim, nonce, " SQL_GENERATION)                                              \
    X(SESSION_COMPLETE, "tio",                                                                     \
      "UPDATE atls_session SET state = 3, result = $3, keep_until_ms = @now + ttl_ms"              \
      " WHERE id = $1 AND state = 2 AND claim = $2 AND keep_until_ms > @now RETURNING id")         \
    X(SESSION_FAIL, "ti",                                                                          \
      "UPDATE atls_session SET state = 4, evidence_type = NULL, evidence = NULL,"                  \
      " keep_until_ms = @now + ttl_ms"                                                             \
      " WHERE id = $1 AND state = 2 AND claim = $2 AND keep_until_ms > @now RETURNING id")         \
    X(SESSION_SETTLE, "toiitoo",                                                                   \
      "INSERT INTO atls_session (id, state, nonce, accept, ttl_ms, created_ms, expiry_ms,"         \
      " keep_until_ms, claim, lease_until_ms, evidence_type, evidence, result)"                    \
      " VALUES ($1, 3, $2, '', $3, $4 - $3, $4, @now + $3, 1, 0, $5, $6, $7)"                      \
      " ON CONFLICT (id) DO NOTHING") /* how many it changed is the answer: RETURNING costs */     \
    X(SESSION_BURY, "toii",                                                                        \
      "INSERT INTO atls_session (id, state, nonce, accept, ttl_ms, created_ms, expiry_ms,"         \
      " keep_until_ms, claim, lease_until_ms)"                                                     \
      " VALUES ($1, 5, $2, '', $3, $4 - $3, $4, @now + $3, 0, 0)"                                  \
      " ON CONFLICT (id) DO UPDATE SET state = 5, evidence_type = NULL, evidence = NULL,"          \
      " result = NULL, keep_until_ms = @now + excluded.ttl_ms WHERE atls_session.state <> 5"       \
      " RETURNING id")                                                                             \
    X(SESSION_DELETE, "t",                                                                         \
      "DELETE FROM atls_session WHERE id = $1 AND state <> 5 AND keep_until_ms > @now"             \
      " RETURNING id")                                                                             \
    X(SESSION_SWEEP, "i",                                                                          \
      "DELETE FROM atls_session WHERE id IN (SELECT id FROM atls_session"                          \
      " WHERE keep_until_ms <= @now ORDER BY keep_until_ms LIMIT $1 @skip)"                        \
      " AND keep_until_ms <= @now")                                                                \
    X(SESSION_TOTAL, "", "SELECT count(*) FROM atls_session")                                      \
    X(SESSION_COUNT, "",                                                                           \
      "SELECT count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2),"               \
      " count(*) FILTER (WHERE state = 3), count(*) FILTER (WHERE state = 4)"                      \
      " FROM atls_session WHERE keep_until_ms > @now")                                             \
    X(ENDORSEMENT_FIND, "oo",                                                                      \
      "SELECT e.version, e.generation, CASE WHEN e.content = $2 THEN 1 ELSE 0 END,"                \
      " length(e.content), e.submitter, CASE WHEN a.until_ms > @now THEN 1 ELSE 0 END, a.endorser" \
      " FROM atls_endorsement e LEFT JOIN atls_about a ON a.id = e.id WHERE e.id = $1")            \
    X(ENDORSEMENT_TOTAL, "", "SELECT count(*) FROM atls_endorsement")                              \
    X(ENDORSEMENT_WRITE, "oiittto",                                                                \
      "INSERT INTO atls_endorsement (id, version, generation, media_type, profile, submitter,"     \
      " submitted_ms, content) VALUES ($1, $2, $3, $4, $5, $6, @now, $7)"                          \
      " ON CONFLICT (id) DO UPDATE SET version = excluded.version,"                                \
      " generation = excluded.generation, media_type = excluded.media_type,"                       \
      " profile = excluded.profile, submitter = excluded.submitter,"                               \
      " submitted_ms = excluded.submitted_ms, content = excluded.content"                          \
      " WHERE atls_endorsement.version < excluded.version RETURNING generation")                   \
    X(ENDORSEMENT_NEXT, "ii",                                                                      \
      "SELECT generation, id, version, media_type, profile, submitter, submitted_ms,"              \
      " length(content), CASE WHEN $2 = 1 THEN content ELSE NULL END"                              \
      " FROM atls_endorsement WHERE generation > $1 ORDER BY generation LIMIT 1")                  \
    X(ENDORSEMENT_WITHDRAW, "oi",                                                                  \
      "UPDATE atls_endorsement SET generation = $2, content = substr(content, 1, 0),"              \
      " submitted_ms = @now WHERE id = $1 RETURNING generation")                                   \
    X(TRY, "",                                                                                     \
      "INSERT INTO atls_meta (name, value) VALUES ('tried', 0)"                                    \
      " ON CONFLICT (name) DO UPDATE SET value = atls_meta.value + 1")                             \
    X(DESCRIBED, "", "SELECT value FROM atls_meta WHERE name = 'described'")                       \
    X(DESCRIBED_SET, "i", "UPDATE atls_meta SET value = $1 WHERE name = 'described'")              \
    X(ABOUT_FORGET, "o", "DELETE FROM atls_about WHERE id = $1")                                   \
    X(ABOUT_WRITE, "oti", "INSERT INTO atls_about (id, endorser, until_ms) VALUES ($1, $2, $3)")   \
    X(SUBJECT_FORGET, "o", "DELETE FROM atls_subject WHERE id = $1")                               \
    X(SUBJECT_WRITE, "oo",                                                                         \
      SQL_SUBJECTS "INSERT INTO atls_subject (scope, id, value)"                                   \
                   " SELECT substr($2, 64 * i + 1, 32), $1, substr($2, 64 * i + 33, 32) FROM n"    \
                   " WHERE i < length($2) / 64")                                                   \
    X(SUBJECT_DISPUTED, "ooto",                                                                    \
      SQL_SUBJECTS "SELECT n.i, e.id, e.version, a.endorser FROM n"                                \
                   " JOIN atls_subject s ON s.scope = substr($2, 64 * i + 1, 32)"                  \
                   " JOIN atls_about a ON a.id = s.id JOIN atls_endorsement e ON e.id = s.id"      \
                   " WHERE i < length($2) / 64 AND s.id <> $1 AND a.until_ms > @now"               \
                   " AND CASE WHEN substr($2, 64 * i + 33, 32) = $4 THEN a.endorser <> $3"         \
                   " ELSE s.value <> substr($2, 64 * i + 33, 32) AND s.value <> $4 END"            \
                   " ORDER BY n.i, e.generation LIMIT 1")                                          \
    X(SUBMISSION_TOTAL, "", "SELECT count(*) FROM atls_submission")                                \
    X(SUBMISSION_CREATE, "ttti",                                                                   \
      "INSERT INTO atls_submission (id, status, media_type, submitter, reason, created_ms,"        \
      " expiry_ms) VALUES ($1, 1, $2, $3, '', @now, @now + $4)"                                    \
      " ON CONFLICT (id) DO NOTHING RETURNING expiry_ms")                                          \
    X(SUBMISSION_END, "tit",                                                                       \
      "UPDATE atls_submission SET status = $2, reason = $3"                                        \
      " WHERE id = $1 AND status = 1 AND expiry_ms > @now RETURNING id")                           \
    X(SUBMISSION_GET, "t",                                                                         \
      "SELECT id, status, media_type, submitter, reason, created_ms, expiry_ms"                    \
      " FROM atls_submission WHERE id = $1 AND expiry_ms > @now")                                  \
    X(SUBMISSION_DELETE, "t",                                                                      \
      "DELETE FROM atls_submission WHERE id = $1 AND expiry_ms > @now RETURNING id")               \
    X(SUBMISSION_SWEEP, "i",                                                                       \
      "DELETE FROM atls_submission WHERE id IN (SELECT id FROM atls_submission"                    \
      " WHERE expiry_ms <= @now ORDER BY expiry_ms LIMIT $1 @skip)")

enum store_statement {
#define STORE_STATEMENT_ENUM(name, types, text) STORE_##name,
    STORE_STATEMENTS(STORE_STATEMENT_ENUM)
#undef STORE_STATEMENT_ENUM
        STORE_NUM_STATEMENTS
};

/* store_statement_text and store_statement_types give a row of the list. */
const char *store_statement_text(enum store_statement statement);
const char *store_statement_types(enum store_statement statement);

/* What a back end puts for the words with '@'. In `now`, '#' is the number of the parameter that
 * follows those of the statement. */
struct store_dialect {
    char parameter; /* '$', or what stands for it */
    const char *now;
    const char *skip;
    const char *lock;
    const char *integer;
    const char *octets;
    const char *strict;
    const char *tables; /* where atls_meta is found */
};

/* Longest text of a statement or a step of the schema, expanded, with its NUL. */
#define STORE_MAX_TEXT 4096

/* store_expand replaces the words with '@'. A text that does not fit is our own mistake: abort. */
void store_expand(char out[STORE_MAX_TEXT], const char *text, const struct store_dialect *dialect,
                  size_t num_params);

#endif
