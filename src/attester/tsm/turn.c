/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/turn.h"

#include "attester/clock.h"

void atls_tsm_turns_init(struct atls_tsm_turns *turns, size_t limit)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&turns->given, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&turns->mutex, NULL);
    turns->taken = false;
    turns->num_waiting = 0;
    turns->limit = limit;
}

void atls_tsm_turns_cleanup(struct atls_tsm_turns *turns)
{
    pthread_cond_destroy(&turns->given);
    pthread_mutex_destroy(&turns->mutex);
}

static enum atls_err wait_locked(struct atls_tsm_turns *turns, int64_t deadline_ms,
                                 struct atls_diag *diag)
{
    if (turns->num_waiting >= turns->limit) {
        atls_fail(diag, ATLS_ERR_BUSY, "report", "queue");
        atls_diag_found_int(diag, (int64_t)turns->num_waiting);
        atls_diag_found_text(diag, " reports that wait for their turn");
        return ATLS_ERR_BUSY;
    }
    const struct timespec until = atls_attester_timespec(deadline_ms);
    bool in_time = true;
    turns->num_waiting++;
    while (turns->taken && in_time) {
        in_time = pthread_cond_timedwait(&turns->given, &turns->mutex, &until) == 0;
    }
    turns->num_waiting--;
    return !turns->taken ? ATLS_OK
                         : atls_fail_texts(diag, ATLS_ERR_DEADLINE, "report", "queue",
                                           "no turn in time", "a report that is made meanwhile");
}

enum atls_err atls_tsm_turn_take(struct atls_tsm_turns *turns, int64_t deadline_ms,
                                 struct atls_diag *diag)
{
    enum atls_err err = ATLS_OK;
    pthread_mutex_lock(&turns->mutex);
    if (turns->taken) {
        err = wait_locked(turns, deadline_ms, diag);
    }
    if (err == ATLS_OK) {
        turns->taken = true;
    }
    pthread_mutex_unlock(&turns->mutex);
    return err;
}

void atls_tsm_turn_give(struct atls_tsm_turns *turns)
{
    pthread_mutex_lock(&turns->mutex);
    turns->taken = false;
    pthread_cond_signal(&turns->given);
    pthread_mutex_unlock(&turns->mutex);
}
