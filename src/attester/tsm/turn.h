/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One report at a time. A quote is slow, and the kernel makes one after the other (TDX refuses a
 * second one with EBUSY), so the wait happens here, where it is bounded in time and in the
 * number of those who wait.
 */
#ifndef ATTESTER_TSM_TURN_H
#define ATTESTER_TSM_TURN_H

#include "base/diag.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct atls_tsm_turns {
    pthread_mutex_t mutex;
    pthread_cond_t given; /* of the monotonic clock */
    bool taken;
    size_t num_waiting;
    size_t limit; /* of those who wait */
};

void atls_tsm_turns_init(struct atls_tsm_turns *turns, size_t limit);
void atls_tsm_turns_cleanup(struct atls_tsm_turns *turns);

/* atls_tsm_turn_take waits for the turn until `deadline_ms` of the monotonic clock. ATLS_ERR_BUSY
 * when too many wait already, ATLS_ERR_DEADLINE. Who has it calls atls_tsm_turn_give. */
ATLS_NODISCARD enum atls_err atls_tsm_turn_take(struct atls_tsm_turns *turns, int64_t deadline_ms,
                                                struct atls_diag *diag);
void atls_tsm_turn_give(struct atls_tsm_turns *turns);

#endif
