/* SPDX-License-Identifier: Apache-2.0 */
#include "renewal.h"

enum { MAX_RETRY_S = 60 };

/* between gives a number of low..high: a fleet that started at once asks at once else. */
static int64_t between(int64_t low, int64_t high, uint32_t chance)
{
    return high > low ? low + (int64_t)(chance % (uint64_t)(high - low + 1)) : low;
}

int64_t cli_renewal_wait(int64_t left_s, uint32_t chance)
{
    return between(left_s / 2, left_s * 3 / 4, chance);
}

int64_t cli_renewal_retry(int64_t *retry_s, uint32_t chance)
{
    const int64_t wait_s = between(*retry_s, *retry_s * 2, chance);
    *retry_s = *retry_s * 2 < MAX_RETRY_S ? *retry_s * 2 : MAX_RETRY_S;
    return wait_s;
}
