/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of ASCII characters, whatever the locale. */
#ifndef CODEC_ASCII_H
#define CODEC_ASCII_H

#include <stdbool.h>
#include <stdint.h>

static inline bool atls_ascii_is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool atls_ascii_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool atls_ascii_is_hex_digit(uint8_t c)
{
    return atls_ascii_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* atls_ascii_is_one_of is true when `c` is one of the characters of `set`. */
static inline bool atls_ascii_is_one_of(uint8_t c, const char *set)
{
    for (; *set != '\0'; set++) {
        if (c == (uint8_t)*set) {
            return true;
        }
    }
    return false;
}

static inline uint8_t atls_ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

#endif
