/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded pool of connections: who finds all of them in use waits, not for ever. */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include "store/backend.h"

#include <pthread.h>

enum {
    STORE_MAX_CONNECTIONS = 64,
    STORE_MAX_WAITING = 1024 /* calls; more are refused at once */
};

struct store_pool {
    pthread_mutex_t lock;
    pthread_cond_t released;
    void *connections[STORE_MAX_CONNECTIONS]; /* that are idle; the last one came back last */
    size_t num_idle;
    size_t num_made; /* idle and in use: the places that are taken */
    size_t max;
    size_t num_waiting;
};

/* store_condition_init is pthread_cond_init with the monotonic clock. */
void store_condition_init(pthread_cond_t *condition);

void store_pool_init(struct store_pool *pool, size_t max);
/* store_pool_cleanup leaves the connections to the caller, who takes them first: the array. */
void store_pool_cleanup(struct store_pool *pool);
/* store_pool_take gives the connection that was used last, or a place for a new one (NULL). */
ATLS_NODISCARD enum atls_err store_pool_take(struct store_pool *pool, void **out,
                                             uint32_t timeout_ms, struct atls_diag *diag);
/* store_pool_give returns it; NULL returns the place alone. */
void store_pool_give(struct store_pool *pool, void *connection);

#endif
