/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers on spans, wiping, and comparison in constant time. The only memcmp of secrets is here. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <string.h>

static inline struct atls_bytes atls_bytes_of(const void *data, size_t len)
{
    struct atls_bytes bytes = {(const uint8_t *)data, len};
    return bytes;
}

/* atls_text_len is strlen, which the freestanding build of the core has no library for. */
static inline size_t atls_text_len(const char *text)
{
    size_t len = 0;
    /*@ loop invariant len <= strlen(text) && valid_read_string(text);
        loop assigns len;
        loop variant strlen(text) - len; */
    while (text[len] != '\0') {
        len++;
    }
    return len;
}

/* atls_bytes_text borrows a NUL-terminated string without its NUL. */
static inline struct atls_bytes atls_bytes_text(const char *text)
{
    return atls_bytes_of(text, atls_text_len(text));
}

/* atls_bytes_equal compares public octets; it is NOT constant time. */
static inline bool atls_bytes_equal(struct atls_bytes a, struct atls_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* atls_bytes_is_text is true when `bytes` are exactly the characters of `text`. */
static inline bool atls_bytes_is_text(struct atls_bytes bytes, const char *text)
{
    return atls_bytes_equal(bytes, atls_bytes_text(text));
}

/* atls_ct_equal compares in time that depends on the lengths only. */
ATLS_NODISCARD bool atls_ct_equal(struct atls_bytes a, struct atls_bytes b);

/* atls_is_zero is true when every octet is zero, in time that depends on the length only. */
ATLS_NODISCARD bool atls_is_zero(struct atls_bytes bytes);

/* atls_wipe overwrites `len` octets in a way that the compiler must not drop. NULL with 0 is fine.
 */
void atls_wipe(void *data, size_t len);

#endif
