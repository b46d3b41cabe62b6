/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions: what became of what was sent in. */
#include "store/submission.h"

#include "store/check.h"
#include "store/store_internal.h"

const char *verifier_submission_status_name(enum verifier_submission_status status)
{
    switch (status) {
    case VERIFIER_SUBMISSION_PROCESSING:
        return "processing";
    case VERIFIER_SUBMISSION_SUCCESS:
        return "success";
    case VERIFIER_SUBMISSION_FAILED:
        return "failed";
    default:
        return "unknown";
    }
}

static enum atls_err absent(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_NOT_FOUND, "submission", "id",
                           "none, or one that expired", "a submission that is kept");
}

struct creation {
    const struct verifier_submission_new *submission;
    uint32_t max;
    int64_t expiry_ms;
};

static enum atls_err create(struct store_transaction *transaction, void *arg,
                            struct atls_diag *diag)
{
    struct creation *creation = arg;
    const struct verifier_submission_new *new = creation->submission;
    struct store_row row;
    enum atls_err err = STORE_ASK(transaction, STORE_SUBMISSION_TOTAL, &row, diag);
    if (err == ATLS_OK && row.column[0].number >= (int64_t)creation->max) {
        atls_fail(diag, ATLS_ERR_BUSY, "submission", "submissions");
        atls_diag_found_int(diag, row.column[0].number);
        atls_diag_expected_text(diag, "fewer than ");
        atls_diag_expected_int(diag, (int64_t)creation->max);
        return ATLS_ERR_BUSY;
    }
    if (err == ATLS_OK) {
        err = STORE_RUN(transaction, STORE_SUBMISSION_CREATE, &row, diag, store_text(new->id),
                        store_text(new->media_type), store_text(new->submitter),
                        store_int(new->ttl_ms));
    }
    if (err == ATLS_OK && !row.is_found) {
        err = atls_fail_texts(diag, ATLS_ERR_CONFLICT, "submission", "id", "one that is in use",
                              "a new one");
    }
    if (err == ATLS_OK) {
        creation->expiry_ms = row.column[0].number;
    }
    return err;
}

enum atls_err verifier_submission_create(struct verifier_store *store, int64_t *out_expiry_ms,
                                         const struct verifier_submission_new *submission,
                                         struct atls_diag *diag)
{
    struct creation creation = {submission, store->max_submissions, 0};
    enum atls_err err = store_check_id(submission->id, diag);
    if (err == ATLS_OK) {
        err = store_check_text(submission->media_type, 1, VERIFIER_MAX_MEDIA_TYPE_LEN, "media type",
                               diag);
    }
    if (err == ATLS_OK) {
        err = store_check_text(submission->submitter, 0, VERIFIER_MAX_SUBMITTER_LEN, "submitter",
                               diag);
    }
    if (err == ATLS_OK) {
        err = store_check_period(submission->ttl_ms, "life of a submission in ms", diag);
    }
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE, create, &creation, diag);
    }
    if (err == ATLS_OK) {
        *out_expiry_ms = creation.expiry_ms;
    }
    return err;
}

struct reading {
    const char *id;
    struct verifier_submission submission;
};

static enum atls_err read_one(struct verifier_submission *out, const struct store_row *row,
                              struct atls_diag *diag)
{
    const struct store_value *column = row->column;
    out->status = (enum verifier_submission_status)column[1].number;
    out->created_ms = column[5].number;
    out->expiry_ms = column[6].number;
    const bool is_ours = column[1].number >= 1 && column[1].number <= VERIFIER_SUBMISSION_FAILED &&
                         store_copy_text(out->id, sizeof out->id, &column[0]) &&
                         store_copy_text(out->media_type, sizeof out->media_type, &column[2]) &&
                         store_copy_text(out->submitter, sizeof out->submitter, &column[3]) &&
                         store_copy_text(out->reason, sizeof out->reason, &column[4]);
    return is_ours ? ATLS_OK : store_damaged(diag, "submission");
}

static enum atls_err get(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    struct reading *reading = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SUBMISSION_GET, &row, diag, store_text(reading->id));
    if (err != ATLS_OK) {
        return err;
    }
    return row.is_found ? read_one(&reading->submission, &row, diag) : absent(diag);
}

enum atls_err store_submission_end(struct store_transaction *transaction, const char *id,
                                   enum verifier_submission_status status, const char *reason,
                                   struct atls_diag *diag)
{
    struct store_row row;
    enum atls_err err = STORE_RUN(transaction, STORE_SUBMISSION_END, &row, diag, store_text(id),
                                  store_int(status), store_text(reason));
    if (err != ATLS_OK || row.is_found) {
        return err;
    }
    struct reading reading = {.id = id};
    err = get(transaction, &reading, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFLICT, "submission", "status",
                           verifier_submission_status_name(reading.submission.status),
                           "processing");
}

enum atls_err verifier_submission_get(struct verifier_store *store, struct verifier_submission *out,
                                      const char *id, struct atls_diag *diag)
{
    struct reading reading = {.id = id};
    enum atls_err err = store_check_id(id, diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_READ, get, &reading, diag);
    }
    if (err == ATLS_OK) {
        *out = reading.submission;
    }
    return err;
}

struct ending {
    const char *id;
    const char *reason;
};

static enum atls_err fail(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    const struct ending *ending = arg;
    return store_submission_end(transaction, ending->id, VERIFIER_SUBMISSION_FAILED, ending->reason,
                                diag);
}

enum atls_err verifier_submission_fail(struct verifier_store *store, const char *id,
                                       const char *reason, struct atls_diag *diag)
{
    struct ending ending = {id, reason};
    enum atls_err err = store_check_id(id, diag);
    if (err == ATLS_OK) {
        err = store_check_text(reason, 1, VERIFIER_MAX_REASON_LEN, "reason", diag);
    }
    return err == ATLS_OK ? store_transact(store, STORE_WRITE_ONE, fail, &ending, diag) : err;
}

static enum atls_err delete_one(struct store_transaction *transaction, void *arg,
                                struct atls_diag *diag)
{
    const struct ending *ending = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_SUBMISSION_DELETE, &row, diag, store_text(ending->id));
    if (err != ATLS_OK) {
        return err;
    }
    return row.is_found ? ATLS_OK : absent(diag);
}

enum atls_err verifier_submission_delete(struct verifier_store *store, const char *id,
                                         struct atls_diag *diag)
{
    struct ending ending = {id, NULL};
    const enum atls_err err = store_check_id(id, diag);
    return err == ATLS_OK ? store_transact(store, STORE_WRITE_ONE, delete_one, &ending, diag) : err;
}
