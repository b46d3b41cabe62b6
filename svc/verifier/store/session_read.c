/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session_read.h"

#include "store/check.h"
#include "store/clock.h"

#include <stdlib.h>

/* The columns, in the order of SQL_SESSION_COLUMNS. */
enum {
    COLUMN_ID,
    COLUMN_STATE,
    COLUMN_NONCE,
    COLUMN_ACCEPT,
    COLUMN_CREATED,
    COLUMN_EXPIRY,
    COLUMN_EVIDENCE_TYPE,
    COLUMN_EVIDENCE,
    COLUMN_RESULT,
    COLUMN_FORM
};

/* A session owns one block: the array of media types, and behind it its octets. */
struct block {
    uint8_t *data;
    size_t len;
};

/* put copies octets with a NUL behind them; the block was made large enough. */
static struct atls_bytes put(struct block *block, const struct store_value *value)
{
    const struct atls_bytes copy = atls_bytes_of(block->data + block->len, value->octets.len);
    if (value->octets.len != 0) {
        memcpy(block->data + block->len, value->octets.data, value->octets.len);
    }
    block->len += value->octets.len;
    block->data[block->len++] = '\0';
    return copy;
}

static size_t count_accept(struct atls_bytes joined)
{
    size_t count = joined.len > 0 ? 1 : 0;
    for (size_t i = 0; i < joined.len; i++) {
        count += joined.data[i] == '\n' ? 1 : 0;
    }
    return count;
}

/* split_accept writes the array; the line feeds become the ends of the texts. */
static void split_accept(const char **out, size_t count, struct block *block,
                         const struct store_value *joined)
{
    char *text = (char *)block->data + block->len;
    (void)put(block, joined);
    for (size_t i = 0; i < count; i++) {
        out[i] = text;
        char *end = strchr(text, '\n');
        if (end != NULL) {
            *end = '\0';
            text = end + 1;
        }
    }
}

static bool row_is_ours(const struct store_row *row)
{
    const struct store_value *column = row->column;
    return row->num_columns >= STORE_NUM_SESSION_COLUMNS && column[COLUMN_STATE].number >= 1 &&
           column[COLUMN_STATE].number <= VERIFIER_SESSION_DELETED &&
           column[COLUMN_FORM].number >= 0 && column[COLUMN_FORM].number <= UINT8_MAX &&
           column[COLUMN_NONCE].octets.len <= VERIFIER_MAX_NONCE_LEN &&
           count_accept(column[COLUMN_ACCEPT].octets) <= VERIFIER_MAX_ACCEPT;
}

enum atls_err store_session_read(struct verifier_session *out, const struct store_row *row,
                                 struct atls_diag *diag)
{
    const struct store_value *column = row->column;
    struct verifier_session session = {.state = (enum verifier_session_state)column[1].number,
                                       .created_ms = column[COLUMN_CREATED].number,
                                       .expiry_ms = column[COLUMN_EXPIRY].number};
    session.form = (uint8_t)column[COLUMN_FORM].number;
    if (!row_is_ours(row) || !store_copy_text(session.id, sizeof session.id, &column[COLUMN_ID])) {
        return store_damaged(diag, "session");
    }
    session.num_accept = count_accept(column[COLUMN_ACCEPT].octets);
    const size_t array = session.num_accept * sizeof(const char *);
    size_t total = array;
    for (size_t i = 0; i < STORE_NUM_SESSION_COLUMNS; i++) {
        total += column[i].octets.len + 1;
    }
    session.memory = calloc(1, total);
    if (session.memory == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "store", "session");
    }
    session.accept = session.memory;
    struct block block = {session.memory, array};
    split_accept(session.accept, session.num_accept, &block, &column[COLUMN_ACCEPT]);
    session.nonce = put(&block, &column[COLUMN_NONCE]);
    if (column[COLUMN_EVIDENCE_TYPE].type != STORE_NULL) {
        session.evidence_type = (const char *)put(&block, &column[COLUMN_EVIDENCE_TYPE]).data;
        session.evidence = put(&block, &column[COLUMN_EVIDENCE]);
    }
    if (column[COLUMN_RESULT].type != STORE_NULL) {
        session.result = put(&block, &column[COLUMN_RESULT]);
    }
    *out = session;
    return ATLS_OK;
}

enum atls_err store_claim_read(struct verifier_claim *out, const struct store_value *id,
                               const struct store_value *number, const struct store_value *nonce,
                               const struct store_value *generation, int64_t deadline_ms,
                               struct atls_diag *diag)
{
    struct verifier_claim claim = {.number = (uint32_t)number->number,
                                   .deadline_ms = deadline_ms,
                                   .generation = (uint64_t)generation->number,
                                   .nonce_len = nonce->octets.len};
    if (!store_copy_text(claim.session, sizeof claim.session, id) ||
        claim.nonce_len > sizeof claim.nonce || number->number < 1 || number->number > UINT32_MAX) {
        return store_damaged(diag, "claim");
    }
    if (claim.nonce_len != 0) {
        memcpy(claim.nonce, nonce->octets.data, claim.nonce_len);
    }
    *out = claim;
    return ATLS_OK;
}

int64_t store_claim_deadline(int64_t lease_ms)
{
    return store_monotonic_ms() + lease_ms - lease_ms / 8;
}

enum atls_err store_accept_write(char **out, const char *const *accept, size_t num_accept,
                                 struct atls_diag *diag)
{
    enum atls_err err =
        store_check_size(num_accept, 1, VERIFIER_MAX_ACCEPT, "number of media types", diag);
    size_t total = 1;
    for (size_t i = 0; err == ATLS_OK && i < num_accept; i++) {
        err = store_check_text(accept[i], 1, VERIFIER_MAX_MEDIA_TYPE_LEN, "media type", diag);
        total += err == ATLS_OK ? strlen(accept[i]) + 1 : 0;
    }
    char *text = err == ATLS_OK ? malloc(total) : NULL;
    if (err != ATLS_OK || text == NULL) {
        return err != ATLS_OK ? err : atls_fail(diag, ATLS_ERR_MEMORY, "store", "session");
    }
    size_t at = 0;
    for (size_t i = 0; i < num_accept; i++) {
        const size_t len = strlen(accept[i]);
        memcpy(text + at, accept[i], len);
        text[at + len] = i + 1 < num_accept ? '\n' : '\0';
        at += len + 1;
    }
    *out = text;
    return ATLS_OK;
}
