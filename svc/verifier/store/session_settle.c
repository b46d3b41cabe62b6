/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that need no row before they end: settled with their Result, or buried. */
#include "store/check.h"
#include "store/session_state.h"
#include "store/store_internal.h"

enum { SETTLE_PARAMS = 7 /* of STORE_SESSION_SETTLE */ };

struct settling {
    struct verifier_settled *sessions;
    size_t num;
};

static enum atls_err check(const struct verifier_settled *session, struct atls_diag *diag)
{
    enum atls_err err = store_check_id(session->id, diag);
    if (err == ATLS_OK) {
        err = store_check_size(session->nonce.len, VERIFIER_MIN_NONCE_LEN, VERIFIER_MAX_NONCE_LEN,
                               "octets of the nonce", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_text(session->media_type, 1, VERIFIER_MAX_MEDIA_TYPE_LEN, "media type",
                               diag);
    }
    if (err == ATLS_OK) {
        err = store_check_size(session->evidence.len, 0, VERIFIER_MAX_EVIDENCE_LEN,
                               "octets of Evidence", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_size(session->result.len, 1, VERIFIER_MAX_RESULT_LEN,
                               "octets of the Result", diag);
    }
    return err == ATLS_OK ? store_check_period(session->ttl_ms, "life of a session in ms", diag)
                          : err;
}

/* sort by id: two nodes that settle the same sessions lock their rows in one order. */
static void sort(struct verifier_settled *sessions, size_t num)
{
    for (size_t i = 1; i < num; i++) {
        const struct verifier_settled moved = sessions[i];
        size_t at = i;
        for (; at > 0 && strcmp(sessions[at - 1].id, moved.id) > 0; at--) {
            sessions[at] = sessions[at - 1];
        }
        sessions[at] = moved;
    }
}

/* explain says why a session was not made. With the same Result it was made by this very call,
 * whose answer was lost. */
static enum atls_err explain(struct store_transaction *transaction, void *arg,
                             struct atls_diag *diag)
{
    struct verifier_settled *session = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_STATE, &row, diag, store_text(session->id));
    if (err == ATLS_OK) {
        const struct store_value *column = row.column;
        const int64_t state = row.is_found ? column[0].number : 0;
        const bool is_done = state == VERIFIER_SESSION_COMPLETE &&
                             atls_bytes_equal(column[2].octets, session->result);
        session->err = is_done                             ? ATLS_OK
                       : state == VERIFIER_SESSION_DELETED ? ATLS_ERR_NOT_FOUND
                                                           : ATLS_ERR_CONFLICT;
    }
    return err;
}

static enum atls_err settle(struct store_transaction *transaction, void *arg,
                            struct atls_diag *diag)
{
    const struct settling *settling = arg;
    struct store_value values[VERIFIER_MAX_SETTLED * SETTLE_PARAMS];
    bool made[VERIFIER_MAX_SETTLED];
    struct store_value *next = values;
    for (size_t i = 0; i < settling->num; i++) {
        const struct verifier_settled *session = &settling->sessions[i];
        *next++ = store_text(session->id);
        *next++ = store_octets(session->nonce);
        *next++ = store_int(session->ttl_ms);
        *next++ = store_int(session->expiry_ms);
        *next++ = store_text(session->media_type);
        *next++ = store_octets(session->evidence);
        *next++ = store_octets(session->result);
    }
    const enum atls_err err = transaction->ops->run_each(
        transaction->connection, made, STORE_SESSION_SETTLE, values, settling->num, diag);
    for (size_t i = 0; err == ATLS_OK && i < settling->num; i++) {
        settling->sessions[i].err = made[i] ? ATLS_OK : ATLS_ERR_CONFLICT;
    }
    return err;
}

enum atls_err verifier_session_settle(struct verifier_store *store,
                                      struct verifier_settled *sessions, size_t num,
                                      struct atls_diag *diag)
{
    struct settling settling = {sessions, num};
    enum atls_err err = store_check_size(num, 1, VERIFIER_MAX_SETTLED, "sessions", diag);
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        err = check(&sessions[i], diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    err = store_bound_enter(store, num, diag);
    if (err != ATLS_OK) {
        return err;
    }
    sort(sessions, num);
    err = store_transact(store, STORE_WRITE_ONE, settle, &settling, diag);
    size_t made = 0;
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        made += sessions[i].err == ATLS_OK;
    }
    store_bound_leave(&store->bound, num, made);
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        if (sessions[i].err != ATLS_OK) {
            err = store_transact(store, STORE_READ, explain, &sessions[i], diag);
        }
    }
    return err;
}

struct burial {
    const char *id;
    struct atls_bytes nonce;
    int64_t ttl_ms, expiry_ms;
};

static enum atls_err bury(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    const struct burial *burial = arg;
    struct store_row row;
    const enum atls_err err = STORE_RUN(transaction, STORE_SESSION_BURY, &row, diag,
                                        store_text(burial->id), store_octets(burial->nonce),
                                        store_int(burial->ttl_ms), store_int(burial->expiry_ms));
    return err == ATLS_OK && !row.is_found ? store_session_absent(diag) : err;
}

enum atls_err verifier_session_bury(struct verifier_store *store, const char *id,
                                    struct atls_bytes nonce, int64_t expiry_ms, int64_t ttl_ms,
                                    struct atls_diag *diag)
{
    const struct burial burial = {id, nonce, ttl_ms, expiry_ms};
    enum atls_err err = store_check_id(id, diag);
    if (err == ATLS_OK) {
        err = store_check_size(nonce.len, VERIFIER_MIN_NONCE_LEN, VERIFIER_MAX_NONCE_LEN,
                               "octets of the nonce", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_period(ttl_ms, "life of a session in ms", diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct burial copy = burial;
    return store_transact(store, STORE_WRITE_ONE, bury, &copy, diag);
}
