/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: milliseconds of the monotonic clock, so that setting the date moves none. */
#ifndef ATTESTER_CLOCK_H
#define ATTESTER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t atls_attester_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct timespec atls_attester_timespec(int64_t at_ms)
{
    struct timespec at = {(time_t)(at_ms / 1000), (long)(at_ms % 1000) * 1000000};
    return at;
}

#endif
