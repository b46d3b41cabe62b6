/* SPDX-License-Identifier: Apache-2.0 */
#include "store/clock.h"
#include "store/store_internal.h"

enum {
    COUNT_AGAIN_MS = 1000,   /* what other nodes made and removed */
    COUNT_WHEN_FULL_MS = 100 /* or a flood of creations would be one of counts */
};

static enum atls_err count(struct store_transaction *transaction, void *arg, struct atls_diag *diag)
{
    uint64_t *total = arg;
    struct store_row row;
    const enum atls_err err = STORE_ASK(transaction, STORE_SESSION_TOTAL, &row, diag);
    if (err == ATLS_OK) {
        *total = (uint64_t)row.column[0].number;
    }
    return err;
}

static bool is_full(const struct store_bound *bound, uint64_t num)
{
    return bound->known + bound->pending + num > bound->max;
}

static bool wants_count(const struct store_bound *bound, uint64_t num)
{
    const int64_t age_ms = store_monotonic_ms() - bound->counted_ms;
    return !bound->is_counting &&
           (!bound->is_counted ||
            age_ms >= (is_full(bound, num) ? COUNT_WHEN_FULL_MS : COUNT_AGAIN_MS));
}

/* recount is called with the lock, and gives it away while the store counts. What is made meanwhile
 * may be in the count or not: it is added. */
static enum atls_err recount(struct verifier_store *store, struct atls_diag *diag)
{
    struct store_bound *bound = &store->bound;
    bound->is_counting = true;
    bound->made = 0;
    pthread_mutex_unlock(&bound->lock);
    uint64_t total = 0;
    const enum atls_err err = store_transact(store, STORE_READ, count, &total, diag);
    pthread_mutex_lock(&bound->lock);
    bound->is_counting = false;
    if (err == ATLS_OK) {
        bound->known = total + bound->made;
        bound->is_counted = true;
        bound->counted_ms = store_monotonic_ms();
    }
    return err;
}

enum atls_err store_bound_enter(struct verifier_store *store, uint64_t num, struct atls_diag *diag)
{
    struct store_bound *bound = &store->bound;
    enum atls_err err = ATLS_OK;
    pthread_mutex_lock(&bound->lock);
    if (wants_count(bound, num)) {
        err = recount(store, diag);
    }
    if (err == ATLS_OK && is_full(bound, num)) {
        atls_fail(diag, ATLS_ERR_BUSY, "session", "open sessions");
        atls_diag_found_int(diag, (int64_t)(bound->known + bound->pending));
        atls_diag_expected_text(diag, "fewer than ");
        atls_diag_expected_int(diag, (int64_t)bound->max);
        err = ATLS_ERR_BUSY;
    }
    if (err == ATLS_OK) {
        bound->pending += num;
    }
    pthread_mutex_unlock(&bound->lock);
    return err;
}

void store_bound_leave(struct store_bound *bound, uint64_t num, uint64_t made)
{
    pthread_mutex_lock(&bound->lock);
    bound->pending -= num;
    bound->known += made;
    bound->made += made;
    pthread_mutex_unlock(&bound->lock);
}

void store_bound_removed(struct store_bound *bound, uint64_t number)
{
    pthread_mutex_lock(&bound->lock);
    bound->known -= number < bound->known ? number : bound->known;
    pthread_mutex_unlock(&bound->lock);
}
