/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pool.h"

#include "store/clock.h"

#include <errno.h>

void store_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void store_pool_init(struct store_pool *pool, size_t max)
{
    *pool = (struct store_pool){.max = max};
    pthread_mutex_init(&pool->lock, NULL);
    store_condition_init(&pool->released);
}

void store_pool_cleanup(struct store_pool *pool)
{
    pthread_cond_destroy(&pool->released);
    pthread_mutex_destroy(&pool->lock);
}

static bool is_exhausted(const struct store_pool *pool)
{
    return pool->num_idle == 0 && pool->num_made == pool->max;
}

enum atls_err store_pool_take(struct store_pool *pool, void **out, uint32_t timeout_ms,
                              struct atls_diag *diag)
{
    const struct timespec deadline = store_timespec(store_monotonic_ms() + timeout_ms);
    pthread_mutex_lock(&pool->lock);
    if (is_exhausted(pool) && pool->num_waiting == STORE_MAX_WAITING) {
        pthread_mutex_unlock(&pool->lock);
        return atls_fail_texts(diag, ATLS_ERR_BUSY, "store", "connections", "all in use", NULL);
    }
    pool->num_waiting++;
    int waited = 0;
    while (is_exhausted(pool) && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&pool->released, &pool->lock, &deadline);
    }
    pool->num_waiting--;
    const bool is_taken = !is_exhausted(pool);
    if (is_taken && pool->num_idle > 0) {
        *out = pool->connections[--pool->num_idle];
    } else if (is_taken) {
        pool->num_made++;
        *out = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!is_taken) {
        return atls_fail_texts(diag, ATLS_ERR_BUSY, "store", "connections", "all in use", NULL);
    }
    return ATLS_OK;
}

void store_pool_give(struct store_pool *pool, void *connection)
{
    pthread_mutex_lock(&pool->lock);
    if (connection != NULL) {
        pool->connections[pool->num_idle++] = connection;
    } else {
        pool->num_made--;
    }
    pthread_cond_signal(&pool->released);
    pthread_mutex_unlock(&pool->lock);
}
