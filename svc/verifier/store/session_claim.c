/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transitions of a session. Each is one UPDATE whose WHERE is the state that it may start from:
 * of several nodes that try, the store lets one change the row, and the others find it changed.
 * What is read after an UPDATE that changed nothing only explains why.
 */
#include "store/check.h"
#include "store/clock.h"
#include "store/session_read.h"
#include "store/session_state.h"
#include "store/store_internal.h"

bool verifier_claim_is_valid(const struct verifier_claim *claim)
{
    return store_monotonic_ms() < claim->deadline_ms;
}

static enum atls_err wrong_state(struct atls_diag *diag, int64_t found, const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CONFLICT, "session", "state",
                           verifier_session_state_name((enum verifier_session_state)found),
                           expected);
}

struct submission {
    const char *id;
    const char *media_type;
    struct atls_bytes evidence;
    int64_t lease_ms;
    int64_t deadline_ms;
    struct verifier_claim claim;
};

static enum atls_err submit(struct store_transaction *transaction, void *arg,
                            struct atls_diag *diag)
{
    struct submission *submission = arg;
    struct store_row row;
    enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_SUBMIT, &row, diag, store_text(submission->id),
                  store_text(submission->media_type), store_octets(submission->evidence),
                  store_int(submission->lease_ms));
    if (err == ATLS_OK && row.is_found) {
        return store_claim_read(&submission->claim, &row.column[0], &row.column[1], &row.column[2],
                                &row.column[3], submission->deadline_ms, diag);
    }
    if (err == ATLS_OK) {
        err = STORE_RUN(transaction, STORE_SESSION_STATE, &row, diag, store_text(submission->id));
    }
    if (err != ATLS_OK) {
        return err;
    }
    return row.is_found && row.column[0].number != VERIFIER_SESSION_DELETED
               ? wrong_state(diag, row.column[0].number, "waiting")
               : store_session_absent(diag);
}

enum atls_err verifier_session_submit(struct verifier_store *store, struct verifier_claim *out,
                                      const char *id, const char *media_type,
                                      struct atls_bytes evidence, int64_t lease_ms,
                                      struct atls_diag *diag)
{
    struct submission submission = {.id = id,
                                    .media_type = media_type,
                                    .evidence = evidence,
                                    .lease_ms = lease_ms,
                                    .deadline_ms = store_claim_deadline(lease_ms)};
    enum atls_err err = store_check_id(id, diag);
    if (err == ATLS_OK) {
        err = store_check_text(media_type, 1, VERIFIER_MAX_MEDIA_TYPE_LEN, "media type", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_size(evidence.len, 1, VERIFIER_MAX_EVIDENCE_LEN, "octets of the Evidence",
                               diag);
    }
    if (err == ATLS_OK) {
        err = store_check_period(lease_ms, "lease in ms", diag);
    }
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE_ONE, submit, &submission, diag);
    }
    if (err == ATLS_OK) {
        *out = submission.claim;
    }
    return err;
}

struct takeover {
    int64_t lease_ms;
    int64_t deadline_ms;
    bool is_found;
    struct verifier_session session;
    struct verifier_claim claim;
};

static enum atls_err take_over(struct store_transaction *transaction, void *arg,
                               struct atls_diag *diag)
{
    struct takeover *takeover = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_TAKE_OVER, &row, diag, store_int(takeover->lease_ms),
                  store_int(VERIFIER_MAX_CLAIMS));
    if (err != ATLS_OK || !row.is_found) {
        return err;
    }
    const struct store_value *more = &row.column[STORE_NUM_SESSION_COLUMNS];
    const enum atls_err read =
        store_claim_read(&takeover->claim, &row.column[0], &more[0], &row.column[2], &more[1],
                         takeover->deadline_ms, diag);
    takeover->is_found = read == ATLS_OK;
    return read == ATLS_OK ? store_session_read(&takeover->session, &row, diag) : read;
}

enum atls_err verifier_session_take_over(struct verifier_store *store, bool *out_found,
                                         struct verifier_session *out_session,
                                         struct verifier_claim *out_claim, int64_t lease_ms,
                                         struct atls_diag *diag)
{
    struct takeover takeover = {.lease_ms = lease_ms,
                                .deadline_ms = store_claim_deadline(lease_ms)};
    enum atls_err err = store_check_period(lease_ms, "lease in ms", diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE_ONE, take_over, &takeover, diag);
    }
    if (err != ATLS_OK) {
        verifier_session_cleanup(&takeover.session);
        return err;
    }
    *out_found = takeover.is_found;
    if (takeover.is_found) {
        *out_session = takeover.session;
        *out_claim = takeover.claim;
    }
    return ATLS_OK;
}

/* What a holder does with its session. */
struct ending {
    const struct verifier_claim *claim;
    enum verifier_session_state state; /* that it is to have */
    struct atls_bytes result;
    int64_t lease_ms;
    int64_t deadline_ms;
    struct verifier_claim renewed;
};

/* explain says why a claim changes nothing. What was done before with the same claim and outcome is
 * done: an answer may have been lost on its way. */
static enum atls_err explain(struct store_transaction *transaction, const struct ending *ending,
                             struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_STATE, &row, diag, store_text(ending->claim->session));
    if (err != ATLS_OK) {
        return err;
    }
    if (!row.is_found || row.column[0].number == VERIFIER_SESSION_DELETED) {
        return store_session_absent(diag);
    }
    const int64_t state = row.column[0].number, number = row.column[1].number;
    if (number != ending->claim->number) {
        atls_fail(diag, ATLS_ERR_CONFLICT, "session", "claim");
        atls_diag_found_int(diag, ending->claim->number);
        atls_diag_expected_int(diag, number);
        atls_diag_expected_text(diag, ", for another node took over");
        return ATLS_ERR_CONFLICT;
    }
    const bool is_done = state == (int64_t)ending->state && state != VERIFIER_SESSION_PROCESSING &&
                         atls_bytes_equal(row.column[2].octets, ending->result);
    return is_done ? ATLS_OK : wrong_state(diag, state, "processing");
}

static enum atls_err complete(struct store_transaction *transaction, void *arg,
                              struct atls_diag *diag)
{
    const struct ending *ending = arg;
    struct store_row row;
    const enum atls_err err = STORE_RUN(
        transaction, STORE_SESSION_COMPLETE, &row, diag, store_text(ending->claim->session),
        store_int(ending->claim->number), store_octets(ending->result));
    return err != ATLS_OK || row.is_found ? err : explain(transaction, ending, diag);
}

static enum atls_err fail(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    const struct ending *ending = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_FAIL, &row, diag, store_text(ending->claim->session),
                  store_int(ending->claim->number));
    return err != ATLS_OK || row.is_found ? err : explain(transaction, ending, diag);
}

static enum atls_err renew(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    struct ending *ending = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SESSION_RENEW, &row, diag, store_text(ending->claim->session),
                  store_int(ending->claim->number), store_int(ending->lease_ms));
    if (err != ATLS_OK || !row.is_found) {
        return err != ATLS_OK ? err : explain(transaction, ending, diag);
    }
    return store_claim_read(&ending->renewed, &row.column[0], &row.column[1], &row.column[2],
                            &row.column[3], ending->deadline_ms, diag);
}

enum atls_err verifier_session_renew(struct verifier_store *store, struct verifier_claim *claim,
                                     int64_t lease_ms, struct atls_diag *diag)
{
    struct ending ending = {.claim = claim,
                            .state = VERIFIER_SESSION_PROCESSING,
                            .lease_ms = lease_ms,
                            .deadline_ms = store_claim_deadline(lease_ms)};
    enum atls_err err = store_check_period(lease_ms, "lease in ms", diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE_ONE, renew, &ending, diag);
    }
    if (err == ATLS_OK) {
        const uint64_t generation = claim->generation; /* what its holder began with */
        *claim = ending.renewed;
        claim->generation = generation;
    }
    return err;
}

enum atls_err verifier_session_complete(struct verifier_store *store,
                                        const struct verifier_claim *claim,
                                        struct atls_bytes result, struct atls_diag *diag)
{
    struct ending ending = {.claim = claim, .state = VERIFIER_SESSION_COMPLETE, .result = result};
    const enum atls_err err =
        store_check_size(result.len, 1, VERIFIER_MAX_RESULT_LEN, "octets of the Result", diag);
    return err == ATLS_OK ? store_transact(store, STORE_WRITE_ONE, complete, &ending, diag) : err;
}

enum atls_err verifier_session_fail(struct verifier_store *store,
                                    const struct verifier_claim *claim, struct atls_diag *diag)
{
    struct ending ending = {.claim = claim, .state = VERIFIER_SESSION_FAILED};
    return store_transact(store, STORE_WRITE_ONE, fail, &ending, diag);
}
