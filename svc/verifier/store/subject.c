/* SPDX-License-Identifier: Apache-2.0 */
#include "store/subject.h"

#include "store/check.h"
#include "store/store_internal.h"

#include <stdlib.h>

_Static_assert(sizeof(struct verifier_subject) == 64, "statements.h counts by it");

enum atls_err store_about_check(const struct verifier_about *about, struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    if (about->endorser != NULL) {
        err = store_check_text(about->endorser, 0, VERIFIER_MAX_ENDORSER_LEN, "endorser", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_size(about->num_subjects, 0, VERIFIER_MAX_SUBJECTS,
                               "subjects of the endorsement", diag);
    }
    if (err == ATLS_OK) {
        err = store_check_size(about->num_also, 0, VERIFIER_MAX_SUBJECTS,
                               "subjects of the endorsement", diag);
    }
    return err == ATLS_OK ? store_check_size(about->until_ms < 0 ? UINT64_MAX : 0, 0, 0,
                                             "end of the endorsement", diag)
                          : err;
}

static struct store_value endorser_of(const struct verifier_about *about)
{
    return store_text(about->endorser != NULL ? about->endorser : "");
}

static struct atls_bytes octets_of(const struct verifier_subject *subjects, size_t num)
{
    return atls_bytes_of(num != 0 ? subjects[0].scope : NULL, num * sizeof *subjects);
}

/* refuse names the other one: its id, its version, whose it is. */
static enum atls_err refuse(const struct store_row *row, const struct verifier_about *about,
                            struct atls_diag *diag)
{
    static const uint8_t zero[32];
    const size_t number = (size_t)row->column[0].number;
    const struct verifier_subject *subject = number < about->num_subjects
                                                 ? &about->subjects[number]
                                                 : &about->also[number - about->num_subjects];
    const bool is_owned = atls_bytes_equal(atls_bytes_of(subject->value, sizeof subject->value),
                                           atls_bytes_of(zero, sizeof zero));
    const struct atls_bytes other = row->column[1].octets;
    atls_fail(diag, ATLS_ERR_ENDORSEMENT_DISPUTED, "endorsement", is_owned ? "endorser" : "value");
    if (about->disputed != NULL) {
        *about->disputed = number;
    }
    if (is_owned) {
        atls_diag_found_peer_text(diag, endorser_of(about).octets);
        atls_diag_found_text(diag, " instead of ");
        atls_diag_found_peer_text(diag, row->column[3].octets);
    } else {
        atls_diag_found_text(diag, "another");
    }
    atls_diag_expected_text(diag, "as in endorsement ");
    atls_diag_expected_bytes(diag, atls_bytes_of(other.data, other.len < 40 ? other.len : 40));
    atls_diag_expected_text(diag, ", or that it is withdrawn before");
    return ATLS_ERR_ENDORSEMENT_DISPUTED;
}

/* joined gives the octets of both lists (caller: free). */
static struct verifier_subject *joined(const struct verifier_about *about)
{
    struct verifier_subject *all = calloc(about->num_subjects + about->num_also + 1, sizeof *all);
    if (all != NULL && about->num_subjects != 0) {
        memcpy(all, about->subjects, about->num_subjects * sizeof *all);
    }
    if (all != NULL && about->num_also != 0) {
        memcpy(&all[about->num_subjects], about->also, about->num_also * sizeof *all);
    }
    return all;
}

enum atls_err store_about_compare(struct store_transaction *transaction, struct atls_bytes id,
                                  const struct verifier_about *about, struct atls_diag *diag)
{
    static const uint8_t zero[32];
    struct store_row row;
    struct verifier_subject *all = joined(about);
    if (all == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "endorsement");
    }
    const size_t num = about->num_subjects + about->num_also;
    enum atls_err err = STORE_RUN(transaction, STORE_SUBJECT_DISPUTED, &row, diag, store_octets(id),
                                  store_octets(octets_of(all, num)), endorser_of(about),
                                  store_octets(atls_bytes_of(zero, sizeof zero)));
    free(all);
    if (err != ATLS_OK || !row.is_found) {
        return err;
    }
    return row.column[0].number >= 0 && (uint64_t)row.column[0].number < num
               ? refuse(&row, about, diag)
               : store_damaged(diag, "subject");
}

enum atls_err store_about_write(struct store_transaction *transaction, struct atls_bytes id,
                                const struct verifier_about *about, struct atls_diag *diag)
{
    struct store_row row;
    enum atls_err err = STORE_RUN(transaction, STORE_SUBJECT_FORGET, &row, diag, store_octets(id));
    if (err == ATLS_OK) {
        err = STORE_RUN(transaction, STORE_ABOUT_FORGET, &row, diag, store_octets(id));
    }
    if (err == ATLS_OK && about != NULL) {
        err = STORE_RUN(transaction, STORE_ABOUT_WRITE, &row, diag, store_octets(id),
                        endorser_of(about),
                        store_int(about->until_ms != 0 ? about->until_ms : INT64_MAX));
    }
    if (err == ATLS_OK && about != NULL && about->num_subjects != 0) {
        err = STORE_RUN(transaction, STORE_SUBJECT_WRITE, &row, diag, store_octets(id),
                        store_octets(octets_of(about->subjects, about->num_subjects)));
    }
    return err;
}

enum atls_err store_described_check(struct store_transaction *transaction, int64_t generation,
                                    struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err = STORE_ASK(transaction, STORE_DESCRIBED, &row, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!row.is_found) {
        return store_damaged(diag, "described");
    }
    return row.column[0].number == generation
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_BUSY, "endorsement", "what it says",
                                 "one that is not read yet", "every one read by this version");
}

static enum atls_err read_described(struct store_transaction *transaction, void *arg,
                                    struct atls_diag *diag)
{
    struct store_row row;
    const enum atls_err err = STORE_ASK(transaction, STORE_DESCRIBED, &row, diag);
    if (err == ATLS_OK && !row.is_found) {
        return store_damaged(diag, "described");
    }
    if (err == ATLS_OK) {
        *(uint64_t *)arg = (uint64_t)row.column[0].number;
    }
    return err;
}

enum atls_err verifier_store_described(struct verifier_store *store, uint64_t *out,
                                       struct atls_diag *diag)
{
    return store_transact(store, STORE_READ, read_described, out, diag);
}

struct describing {
    uint64_t generation;
    const struct verifier_about *about;
    bool is_disputed;
    struct atls_diag why;
};

/* find_id copies the id of the endorsement that is next (caller: free). */
static enum atls_err find_id(struct store_transaction *transaction, int64_t described,
                             const struct describing *describing, struct atls_bytes *out,
                             bool *out_withdrawn, struct atls_diag *diag)
{
    struct store_row row;
    enum atls_err err = STORE_RUN(transaction, STORE_ENDORSEMENT_NEXT, &row, diag,
                                  store_int(described), store_int(0));
    if (err != ATLS_OK) {
        return err;
    }
    if (!row.is_found || row.column[0].number != (int64_t)describing->generation) {
        return atls_fail_texts(diag, ATLS_ERR_CONFLICT, "endorsement", "generation",
                               "another that is next", NULL);
    }
    const struct atls_bytes id = row.column[1].octets;
    uint8_t *copy = malloc(id.len + 1);
    if (copy == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "endorsement");
    }
    memcpy(copy, id.data, id.len);
    *out = atls_bytes_of(copy, id.len);
    *out_withdrawn = row.column[7].number == 0;
    return ATLS_OK;
}

/* set_described: behind this one there may be nothing up to the generation of the store. */
static enum atls_err set_described(struct store_transaction *transaction, int64_t generation,
                                   int64_t last, struct atls_diag *diag)
{
    struct store_row row;
    enum atls_err err = STORE_RUN(transaction, STORE_ENDORSEMENT_NEXT, &row, diag,
                                  store_int(generation), store_int(0));
    const int64_t described = row.is_found ? generation : last;
    return err == ATLS_OK
               ? STORE_RUN(transaction, STORE_DESCRIBED_SET, &row, diag, store_int(described))
               : err;
}

static enum atls_err describe(struct store_transaction *transaction, void *arg,
                              struct atls_diag *diag)
{
    struct describing *describing = arg;
    struct store_row row;
    struct atls_bytes id = {NULL, 0};
    int64_t last = 0;
    bool is_withdrawn = false;
    enum atls_err err = STORE_ASK(transaction, STORE_GENERATION_LOCK, &row, diag);
    if (err == ATLS_OK) {
        last = row.column[0].number;
        err = STORE_ASK(transaction, STORE_DESCRIBED, &row, diag);
    }
    if (err == ATLS_OK) {
        err = find_id(transaction, row.column[0].number, describing, &id, &is_withdrawn, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!is_withdrawn) {
        err = store_about_compare(transaction, id, describing->about, &describing->why);
        describing->is_disputed = err == ATLS_ERR_ENDORSEMENT_DISPUTED;
        if (err != ATLS_OK && !describing->is_disputed && diag != NULL) {
            *diag = describing->why;
        }
    }
    if (err == ATLS_OK || describing->is_disputed) {
        err = store_about_write(transaction, id, is_withdrawn ? NULL : describing->about, diag);
    }
    free((void *)(uintptr_t)id.data);
    return err == ATLS_OK ? set_described(transaction, (int64_t)describing->generation, last, diag)
                          : err;
}

enum atls_err verifier_endorsement_describe(struct verifier_store *store, bool *out_disputed,
                                            uint64_t generation, const struct verifier_about *about,
                                            struct atls_diag *diag)
{
    struct describing describing = {.generation = generation, .about = about};
    enum atls_err err = store_about_check(about, diag);
    if (err == ATLS_OK) {
        err = store_transact(store, STORE_WRITE, describe, &describing, diag);
    }
    if (err == ATLS_OK) {
        *out_disputed = describing.is_disputed;
        if (describing.is_disputed && diag != NULL) {
            *diag = describing.why;
        }
    }
    return err;
}
