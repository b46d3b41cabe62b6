/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

bool atls_ct_equal(struct atls_bytes a, struct atls_bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    /* volatile: the loop must not be turned into one that stops at the first difference. */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.len; i++) {
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    }
    return difference == 0;
}

bool atls_is_zero(struct atls_bytes bytes)
{
    volatile uint8_t seen = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        seen = (uint8_t)(seen | bytes.data[i]);
    }
    return seen == 0;
}

void atls_wipe(void *data, size_t len)
{
    if (len == 0) {
        return;
    }
    memset(data, 0, len);
    /* The barrier says that the memory is read: the memset is not a dead store. */
    __asm__ __volatile__("" : : "r"(data) : "memory");
}
