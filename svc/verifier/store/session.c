/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: made, read, counted, removed. What their holders do is in session_claim.c. */
#include "store/check.h"
#include "store/session_read.h"
#include "store/session_state.h"
#include "store/store_internal.h"

#include <stdlib.h>

const char *verifier_session_state_name(enum verifier_session_state state)
{
    switch (state) {
    case VERIFIER_SESSION_WAITING:
        return "waiting";
    case VERIFIER_SESSION_PROCESSING:
        return "processing";
    case VERIFIER_SESSION_COMPLETE:
        return "complete";
    case VERIFIER_SESSION_FAILED:
        return "failed";
    case VERIFIER_SESSION_DELETED: /* is never shown */
    default:
        return "unknown";
    }
}

enum atls_err store_session_absent(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_NOT_FOUND, "session", "id", "none, or one that expired",
                           "a session that is kept");
}

void verifier_session_cleanup(struct verifier_session *session)
{
    free(session->memory);
    *session = (struct verifier_session){.memory = NULL};
}

struct creation {
    const struct verifier_session_new *session;
    const char *accept;
    int64_t expiry_ms;
};

static enum atls_err create(struct store_transaction *transaction, void *arg,
                            struct atls_diag *diag)
{
    struct creation *creation = arg;
    const struct verifier_session_new *session = creation->session;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_CREATE, &row, diag, store_text(session->id),
                  store_octets(session->nonce), store_text(creation->accept),
                  store_int(session->ttl_ms), store_int(session->form));
    if (err == ATLS_OK && !row.is_found) {
        return atls_fail_texts(diag, ATLS_ERR_CONFLICT, "session", "id", "one that is in use",
                               "a new one");
    }
    if (err == ATLS_OK) {
        creation->expiry_ms = row.column[0].number;
    }
    return err;
}

static enum atls_err check_new(const struct verifier_session_new *session, struct atls_diag *diag)
{
    enum atls_err err = store_check_id(session->id, diag);
    if (err == ATLS_OK) {
        err = store_check_size(session->nonce.len, VERIFIER_MIN_NONCE_LEN, VERIFIER_MAX_NONCE_LEN,
                               "octets of the nonce", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_period(session->ttl_ms, "life of a session in ms", diag);
    }
    return err;
}

enum atls_err verifier_session_create(struct verifier_store *store, int64_t *out_expiry_ms,
                                      const struct verifier_session_new *session,
                                      struct atls_diag *diag)
{
    enum atls_err err = check_new(session, diag);
    char *accept = NULL;
    if (err == ATLS_OK) {
        err = store_accept_write(&accept, session->accept, session->num_accept, diag);
    }
    if (err == ATLS_OK) {
        err = store_bound_enter(store, 1, diag);
        if (err == ATLS_OK) {
            struct creation creation = {session, accept, 0};
            err = store_transact(store, STORE_WRITE_ONE, create, &creation, diag);
            store_bound_leave(&store->bound, 1, err == ATLS_OK ? 1 : 0);
            *out_expiry_ms = err == ATLS_OK ? creation.expiry_ms : *out_expiry_ms;
        }
    }
    free(accept);
    return err;
}

struct reading {
    const char *id;
    struct verifier_session session;
};

static enum atls_err get(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    struct reading *reading = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_GET, &row, diag, store_text(reading->id));
    if (err != ATLS_OK) {
        return err;
    }
    return row.is_found ? store_session_read(&reading->session, &row, diag)
                        : store_session_absent(diag);
}

enum atls_err verifier_session_get(struct verifier_store *store, struct verifier_session *out,
                                   const char *id, struct atls_diag *diag)
{
    struct reading reading = {.id = id};
    enum atls_err err = store_check_id(id, diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_READ, get, &reading, diag);
    }
    if (err != ATLS_OK) {
        verifier_session_cleanup(&reading.session);
        return err;
    }
    *out = reading.session;
    return ATLS_OK;
}

static enum atls_err delete_one(struct store_transaction *transaction, void *arg,
                                struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_DELETE, &row, diag, store_text(arg));
    if (err != ATLS_OK) {
        return err;
    }
    return row.is_found ? ATLS_OK : store_session_absent(diag);
}

enum atls_err verifier_session_delete(struct verifier_store *store, const char *id,
                                      struct atls_diag *diag)
{
    enum atls_err err = store_check_id(id, diag);
    if (err == ATLS_OK) {
        char copy[VERIFIER_MAX_ID_LEN + 1];
        memcpy(copy, id, strlen(id) + 1);
        err = store_transact(store, STORE_WRITE_ONE, delete_one, copy, diag);
    }
    if (err == ATLS_OK) {
        store_bound_removed(&store->bound, 1);
    }
    return err;
}

static enum atls_err count(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    struct verifier_session_counts *counts = arg;
    struct store_row row;
    const enum atls_err err = STORE_ASK(transaction, STORE_SESSION_COUNT, &row, diag);
    if (err == ATLS_OK) {
        counts->waiting = (uint64_t)row.column[0].number;
        counts->processing = (uint64_t)row.column[1].number;
        counts->complete = (uint64_t)row.column[2].number;
        counts->failed = (uint64_t)row.column[3].number;
    }
    return err;
}

enum atls_err verifier_session_count(struct verifier_store *store,
                                     struct verifier_session_counts *out, struct atls_diag *diag)
{
    struct verifier_session_counts counts = {0, 0, 0, 0};
    const enum atls_err err = store_transact(store, STORE_READ, count, &counts, diag);
    if (err == ATLS_OK) {
        *out = counts;
    }
    return err;
}
