/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reader for the TLS presentation language (RFC 8446, section 3).
 *
 * Every function is a predicate, so that a message's grammar reads as one chain of &&, and the
 * caller turns its single `false` into MALFORMED with atls_reader_offset(). On failure neither
 * the reader nor any output moves. A parse ends in atls_read_end().
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

struct atls_reader {
    const uint8_t *data; /* next octet */
    size_t left;         /* octets left */
    size_t base;         /* offset of `data` in the outermost input */
};

static inline struct atls_reader atls_reader_of(struct atls_bytes input)
{
    const struct atls_reader r = {input.data, input.len, 0};
    return r;
}

static inline size_t atls_reader_offset(const struct atls_reader *r)
{
    return r->base;
}

/* Integers, big-endian. One octet, and octets, are read in place: the call would cost more than the
 * reading, and CBOR and UTF-8 are read octet by octet. */
ATLS_NODISCARD static inline bool atls_read_u8(struct atls_reader *r, uint8_t *out)
{
    if (r->left == 0) {
        return false;
    }
    *out = *r->data;
    r->data++;
    r->left--;
    r->base++;
    return true;
}
ATLS_NODISCARD bool atls_read_u16(struct atls_reader *r, uint16_t *out);
ATLS_NODISCARD bool atls_read_u24(struct atls_reader *r, uint32_t *out);
ATLS_NODISCARD bool atls_read_u32(struct atls_reader *r, uint32_t *out);
ATLS_NODISCARD bool atls_read_u64(struct atls_reader *r, uint64_t *out);

/* atls_read_bytes borrows the next `len` octets. */
ATLS_NODISCARD static inline bool atls_read_bytes(struct atls_reader *r, size_t len,
                                                  struct atls_bytes *out)
{
    if (r->left < len) {
        return false;
    }
    out->data = r->data;
    out->len = len;
    if (len != 0) { /* NULL + 0 is undefined before C23, and an empty span may be NULL */
        r->data += len;
    }
    r->left -= len;
    r->base += len;
    return true;
}

/* atls_read_vecN reads opaque<min..max> with a length of N bits in front. */
ATLS_NODISCARD bool atls_read_vec8(struct atls_reader *r, size_t min, size_t max,
                                   struct atls_bytes *out);
ATLS_NODISCARD bool atls_read_vec16(struct atls_reader *r, size_t min, size_t max,
                                    struct atls_bytes *out);
ATLS_NODISCARD bool atls_read_vec24(struct atls_reader *r, size_t min, size_t max,
                                    struct atls_bytes *out);

/* atls_read_subN is the same, and gives a reader whose offsets count in the outermost input. */
ATLS_NODISCARD bool atls_read_sub16(struct atls_reader *r, size_t min, size_t max,
                                    struct atls_reader *out);

/* atls_read_end is true when nothing is left: trailing octets are an error everywhere. */
ATLS_NODISCARD bool atls_read_end(const struct atls_reader *r);

#endif
