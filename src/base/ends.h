/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Until when a judgement can hold: whoever relies on something that ends lowers the bound of
 * whoever asked. All times are seconds since 1970; INT64_MAX is no end.
 */
#ifndef BASE_ENDS_H
#define BASE_ENDS_H

#include <stddef.h>
#include <stdint.h>

/* atls_ends_by lowers `*bound_s` to `end_s`. NULL: nobody asked. */
static inline void atls_ends_by(int64_t *bound_s, int64_t end_s)
{
    if (bound_s != NULL && end_s < *bound_s) {
        *bound_s = end_s;
    }
}

#endif
