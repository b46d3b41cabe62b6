/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsements. All that take one hold the row of the generation, so they come one after the other:
 * generations become visible in their order, and no node that read one misses a smaller one.
 */
#include "store/check.h"
#include "store/store_internal.h"
#include "store/subject.h"
#include "store/submission.h"

#include <stdlib.h>

struct putting {
    const char *submission;
    const struct verifier_endorsement_new *endorsement;
    uint32_t max;
    struct verifier_endorsement_put outcome;
};

static enum atls_err check_new(const struct verifier_endorsement_new *new, struct atls_diag *diag)
{
    enum atls_err err = store_check_size(new->id.len, 1, VERIFIER_MAX_ENDORSEMENT_ID_LEN,
                                         "octets of the endorsement's id", diag);
    if (err == ATLS_OK) {
        err = store_check_size(new->version, 0, INT64_MAX, "version of the endorsement", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_text(new->media_type, 1, VERIFIER_MAX_MEDIA_TYPE_LEN, "media type", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_text(new->profile, 0, VERIFIER_MAX_PROFILE_LEN, "profile", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_text(new->submitter, 0, VERIFIER_MAX_SUBMITTER_LEN, "submitter", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_size(new->content.len, 1, VERIFIER_MAX_ENDORSEMENT_LEN,
                               "octets of the endorsement", diag);
    }
    return err == ATLS_OK ? store_about_check(&new->about, diag) : err;
}

/* The columns of STORE_ENDORSEMENT_FIND. */
enum {
    FOUND_VERSION,
    FOUND_GENERATION,
    FOUND_IS_SAME,
    FOUND_LENGTH,
    FOUND_SUBMITTER,
    FOUND_IN_FORCE,
    FOUND_ENDORSER
};

/* check_endorser: who has an id keeps it, until it is withdrawn or has ended. */
static enum atls_err check_endorser(const struct putting *putting, const struct store_row *row,
                                    struct atls_diag *diag)
{
    const char *endorser = putting->endorsement->about.endorser;
    const struct atls_bytes here = atls_bytes_text(endorser != NULL ? endorser : "");
    const struct atls_bytes there = row->column[FOUND_ENDORSER].octets;
    if (row->column[FOUND_LENGTH].number == 0 || row->column[FOUND_IN_FORCE].number == 0 ||
        (here.len == there.len && (here.len == 0 || atls_bytes_equal(here, there)))) {
        return ATLS_OK;
    }
    atls_fail(diag, ATLS_ERR_ENDORSEMENT_DISPUTED, "endorsement", "endorser of this id");
    atls_diag_found_peer_text(diag, here);
    atls_diag_found_text(diag, " instead of ");
    atls_diag_found_peer_text(diag, there);
    atls_diag_expected_text(diag, "the same, or that it is withdrawn before");
    return ATLS_ERR_ENDORSEMENT_DISPUTED;
}

/* judge decides on an endorsement whose id is there already. */
static enum atls_err judge(struct putting *putting, const struct store_row *row,
                           struct atls_diag *diag)
{
    const int64_t there = row->column[FOUND_VERSION].number;
    const int64_t version = (int64_t)putting->endorsement->version;
    const bool is_same = row->column[FOUND_IS_SAME].number == 1;
    const bool is_withdrawn = row->column[FOUND_LENGTH].number == 0;
    if (version > there) {
        return check_endorser(putting, row, diag);
    }
    if (version == there && is_same) {
        putting->outcome.is_new = false;
        putting->outcome.generation = (uint64_t)row->column[FOUND_GENERATION].number;
        return ATLS_OK;
    }
    if (is_withdrawn) {
        atls_fail(diag, ATLS_ERR_ENDORSEMENT_OLDER, "endorsement", "version");
        atls_diag_found_int(diag, version);
        atls_diag_expected_text(diag, "a version above ");
        atls_diag_expected_int(diag, there);
        atls_diag_expected_text(diag, ", which was withdrawn");
        return ATLS_ERR_ENDORSEMENT_OLDER;
    }
    atls_fail(diag, ATLS_ERR_ENDORSEMENT_OLDER, "endorsement",
              version == there ? "content" : "version");
    if (version == there) {
        atls_diag_found_text(diag, "another content under version ");
    }
    atls_diag_found_int(diag, version);
    atls_diag_expected_text(diag, version == there ? "the same content, or a version above "
                                                   : "a version above ");
    atls_diag_expected_int(diag, there);
    return ATLS_ERR_ENDORSEMENT_OLDER;
}

/* check_room is for an id that is not there yet. */
static enum atls_err check_room(struct store_transaction *transaction, uint32_t max,
                                struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err = STORE_ASK(transaction, STORE_ENDORSEMENT_TOTAL, &row, diag);
    if (err != ATLS_OK || row.column[0].number < (int64_t)max) {
        return err;
    }
    atls_fail(diag, ATLS_ERR_BUSY, "endorsement", "endorsements");
    atls_diag_found_int(diag, row.column[0].number);
    atls_diag_expected_text(diag, "fewer than ");
    atls_diag_expected_int(diag, (int64_t)max);
    return ATLS_ERR_BUSY;
}

/* begin_generation: what is written in it is described. */
static enum atls_err begin_generation(struct store_transaction *transaction,
                                      struct store_value generation, struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err = STORE_RUN(transaction, STORE_GENERATION_SET, &row, diag, generation);
    return err == ATLS_OK ? STORE_RUN(transaction, STORE_DESCRIBED_SET, &row, diag, generation)
                          : err;
}

static enum atls_err write_new(struct store_transaction *transaction, struct putting *putting,
                               struct atls_diag *diag)
{
    const struct verifier_endorsement_new *new = putting->endorsement;
    const struct store_value generation = store_int((int64_t)putting->outcome.generation);
    struct store_row row;
    enum atls_err err =
        STORE_RUN(transaction, STORE_ENDORSEMENT_WRITE, &row, diag, store_octets(new->id),
                  store_int((int64_t) new->version), generation, store_text(new->media_type),
                  store_text(new->profile), store_text(new->submitter), store_octets(new->content));
    if (err == ATLS_OK && !row.is_found) {
        err = store_damaged(diag, "endorsement");
    }
    if (err == ATLS_OK) {
        err = store_about_write(transaction, new->id, &new->about, diag);
    }
    return err == ATLS_OK ? begin_generation(transaction, generation, diag) : err;
}

/* lock keeps all others out that take in or withdraw, and gives the generation that there is. */
static enum atls_err lock(struct store_transaction *transaction, int64_t *out,
                          struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err = STORE_ASK(transaction, STORE_GENERATION_LOCK, &row, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!row.is_found) {
        return store_damaged(diag, "generation");
    }
    *out = row.column[0].number;
    return store_described_check(transaction, *out, diag);
}

static enum atls_err put(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    struct putting *putting = arg;
    const struct verifier_endorsement_new *new = putting->endorsement;
    struct store_row row;
    int64_t generation = 0;
    enum atls_err err = lock(transaction, &generation, diag);
    if (err != ATLS_OK) {
        return err;
    }
    putting->outcome.generation = (uint64_t)generation + 1;
    putting->outcome.is_new = true;
    err = STORE_RUN(transaction, STORE_ENDORSEMENT_FIND, &row, diag, store_octets(new->id),
                    store_octets(new->content));
    if (err == ATLS_OK) {
        err =
            row.is_found ? judge(putting, &row, diag) : check_room(transaction, putting->max, diag);
    }
    if (err == ATLS_OK && putting->outcome.is_new) {
        err = store_about_compare(transaction, new->id, &new->about, diag);
    }
    if (err == ATLS_OK && putting->outcome.is_new) {
        err = write_new(transaction, putting, diag);
    }
    if (err == ATLS_OK && putting->submission != NULL) {
        err = store_submission_end(transaction, putting->submission, VERIFIER_SUBMISSION_SUCCESS,
                                   "", diag);
    }
    return err;
}

enum atls_err verifier_endorsement_put(struct verifier_store *store,
                                       struct verifier_endorsement_put *out, const char *submission,
                                       const struct verifier_endorsement_new *endorsement,
                                       struct atls_diag *diag)
{
    struct putting putting = {submission, endorsement, store->max_endorsements, {0, false}};
    enum atls_err err = submission != NULL ? store_check_id(submission, diag) : ATLS_OK;
    if (err == ATLS_OK) {
        err = check_new(endorsement, diag);
    }
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE, put, &putting, diag);
    }
    if (err == ATLS_OK && out != NULL) {
        *out = putting.outcome;
    }
    return err;
}

struct withdrawing {
    struct atls_bytes id;
    const char *submitter; /* NULL: anyone */
    int64_t generation;
};

/* find_own looks whether it is there, and whose it is. */
static enum atls_err find_own(struct store_transaction *transaction,
                              const struct withdrawing *withdrawing, struct atls_diag *diag)
{
    struct store_row row;
    enum atls_err err = STORE_RUN(transaction, STORE_ENDORSEMENT_FIND, &row, diag,
                                  store_octets(withdrawing->id), store_octets(withdrawing->id));
    if (err != ATLS_OK) {
        return err;
    }
    if (!row.is_found || row.column[FOUND_LENGTH].number == 0) {
        return atls_fail_texts(diag, ATLS_ERR_NOT_FOUND, "endorsement", "id",
                               row.is_found ? "one that is withdrawn" : "none",
                               "an endorsement that is in force");
    }
    const struct atls_bytes owner = row.column[FOUND_SUBMITTER].octets;
    if (withdrawing->submitter == NULL || atls_bytes_is_text(owner, withdrawing->submitter)) {
        return ATLS_OK;
    }
    atls_fail(diag, ATLS_ERR_IDENTITY, "endorsement", "who withdraws it");
    atls_diag_found_peer_text(diag, atls_bytes_text(withdrawing->submitter));
    atls_diag_expected_text(diag, "who submitted it, or the holder of the token");
    return ATLS_ERR_IDENTITY;
}

static enum atls_err withdraw(struct store_transaction *transaction, void *arg,
                              struct atls_diag *diag)
{
    struct withdrawing *withdrawing = arg;
    struct store_row row;
    int64_t generation = 0;
    enum atls_err err = lock(transaction, &generation, diag);
    if (err == ATLS_OK) {
        err = find_own(transaction, withdrawing, diag);
    }
    withdrawing->generation = generation + 1;
    if (err == ATLS_OK) {
        err = STORE_RUN(transaction, STORE_ENDORSEMENT_WITHDRAW, &row, diag,
                        store_octets(withdrawing->id), store_int(withdrawing->generation));
    }
    if (err == ATLS_OK && !row.is_found) {
        err = store_damaged(diag, "endorsement");
    }
    if (err == ATLS_OK) {
        err = store_about_write(transaction, withdrawing->id, NULL, diag);
    }
    return err == ATLS_OK ? begin_generation(transaction, store_int(withdrawing->generation), diag)
                          : err;
}

enum atls_err verifier_endorsement_withdraw(struct verifier_store *store, uint64_t *out_generation,
                                            struct atls_bytes id, const char *submitter,
                                            struct atls_diag *diag)
{
    struct withdrawing withdrawing = {.id = id, .submitter = submitter};
    enum atls_err err = store_check_size(id.len, 1, VERIFIER_MAX_ENDORSEMENT_ID_LEN,
                                         "octets of the endorsement's id", diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE, withdraw, &withdrawing, diag);
    }
    if (err == ATLS_OK) {
        *out_generation = (uint64_t)withdrawing.generation;
    }
    return err;
}

void verifier_endorsement_cleanup(struct verifier_endorsement *endorsement)
{
    free(endorsement->memory);
    *endorsement = (struct verifier_endorsement){.memory = NULL};
}

/* The columns of STORE_ENDORSEMENT_NEXT. */
enum {
    COLUMN_GENERATION,
    COLUMN_ID,
    COLUMN_VERSION,
    COLUMN_MEDIA_TYPE,
    COLUMN_PROFILE,
    COLUMN_SUBMITTER,
    COLUMN_SUBMITTED,
    COLUMN_LENGTH,
    COLUMN_CONTENT,
    NUM_COLUMNS
};

struct nexting {
    uint64_t after;
    bool with_content;
    bool is_found;
    struct verifier_endorsement endorsement;
};

static struct atls_bytes keep(uint8_t **at, const struct store_value *value)
{
    const struct atls_bytes copy = atls_bytes_of(*at, value->octets.len);
    if (copy.len != 0) {
        memcpy(*at, value->octets.data, copy.len);
    }
    *at += copy.len + 1; /* the block is zero: each ends in a NUL */
    return copy;
}

static enum atls_err read_one(struct verifier_endorsement *out, const struct store_row *row,
                              struct atls_diag *diag)
{
    const struct store_value *column = row->column;
    size_t total = 0;
    for (size_t i = 0; i < NUM_COLUMNS; i++) {
        total += column[i].octets.len + 1;
    }
    uint8_t *memory = calloc(1, total);
    if (memory == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "endorsement");
    }
    uint8_t *at = memory;
    out->memory = memory;
    out->generation = (uint64_t)column[COLUMN_GENERATION].number;
    out->version = (uint64_t)column[COLUMN_VERSION].number;
    out->submitted_ms = column[COLUMN_SUBMITTED].number;
    out->content_len = (uint64_t)column[COLUMN_LENGTH].number;
    out->id = keep(&at, &column[COLUMN_ID]);
    out->media_type = (const char *)keep(&at, &column[COLUMN_MEDIA_TYPE]).data;
    out->profile = (const char *)keep(&at, &column[COLUMN_PROFILE]).data;
    out->submitter = (const char *)keep(&at, &column[COLUMN_SUBMITTER]).data;
    out->content = keep(&at, &column[COLUMN_CONTENT]);
    return ATLS_OK;
}

static enum atls_err next(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    struct nexting *nexting = arg;
    struct store_row row;
    const enum atls_err err =
        STORE_RUN(transaction, STORE_ENDORSEMENT_NEXT, &row, diag,
                  store_int((int64_t)nexting->after), store_int(nexting->with_content ? 1 : 0));
    if (err != ATLS_OK || !row.is_found) {
        return err;
    }
    nexting->is_found = true;
    return read_one(&nexting->endorsement, &row, diag);
}

enum atls_err verifier_endorsement_next(struct verifier_store *store, bool *out_found,
                                        struct verifier_endorsement *out, uint64_t after,
                                        bool with_content, struct atls_diag *diag)
{
    struct nexting nexting = {.after = after, .with_content = with_content};
    enum atls_err err = store_check_size(after, 0, INT64_MAX, "generation", diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_READ, next, &nexting, diag);
    }
    if (err != ATLS_OK) {
        verifier_endorsement_cleanup(&nexting.endorsement);
        return err;
    }
    *out_found = nexting.is_found;
    if (nexting.is_found) {
        *out = nexting.endorsement;
    }
    return ATLS_OK;
}
