/* SPDX-License-Identifier: Apache-2.0 */
/* Time in ms: since 1970 for what others read, monotonic for deadlines. */
#ifndef STORE_CLOCK_H
#define STORE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t store_clock_ms(clockid_t clock)
{
    struct timespec now = {0, 0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t store_monotonic_ms(void)
{
    return store_clock_ms(CLOCK_MONOTONIC);
}

static inline int64_t store_unix_ms(void)
{
    return store_clock_ms(CLOCK_REALTIME);
}

/* store_timespec gives the moment that pthread_cond_timedwait takes. */
static inline struct timespec store_timespec(int64_t monotonic_ms)
{
    return (struct timespec){.tv_sec = (time_t)(monotonic_ms / 1000),
                             .tv_nsec = (long)(monotonic_ms % 1000) * 1000000};
}

#endif
