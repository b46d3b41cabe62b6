/* SPDX-License-Identifier: Apache-2.0 */
/* Octets of JSON texts, eight at once. */
#ifndef JSON_EIGHT_H
#define JSON_EIGHT_H

#include <stdint.h>
#include <string.h>

/* atls_json_rare gives 0 for eight octets of ASCII that need no escapes, as nearly all of a text
 * are. Each has a bit to spare, so that no carry goes from one to the next. */
static inline uint64_t atls_json_rare(const uint8_t octets[8])
{
    const uint64_t ones = 0x0101010101010101, highs = 0x80 * ones;
    uint64_t eight = 0;
    memcpy(&eight, octets, 8);
    const uint64_t low = eight & ~highs;
    const uint64_t is_printable = low + (0x80 - 0x20) * ones;
    const uint64_t no_quote = (low ^ '"' * ones) + 0x7f * ones;
    const uint64_t no_backslash = (low ^ '\\' * ones) + 0x7f * ones;
    return (eight | ~(is_printable & no_quote & no_backslash)) & highs;
}

#endif
