/* SPDX-License-Identifier: Apache-2.0 */
/* Pointer arithmetic is in the header alone: only atls_read_u8 and atls_read_bytes move the cursor,
 * after their check. */
#include "base/reader.h"

static bool read_integer(struct atls_reader *r, size_t len, uint64_t *out)
{
    struct atls_bytes octets;
    if (!atls_read_bytes(r, len, &octets)) {
        return false;
    }
    uint64_t value = 0;
    /*@ loop invariant value: i <= octets.len && value == big_endian(octets.data, i);
        loop invariant value < above(i);
        loop assigns i, value;
        loop variant octets.len - i; */
    for (size_t i = 0; i < octets.len; i++) {
        value = value * 256 + octets.data[i];
    }
    *out = value;
    return true;
}

bool atls_read_u16(struct atls_reader *r, uint16_t *out)
{
    uint64_t value = 0;
    if (!read_integer(r, 2, &value)) {
        return false;
    }
    *out = (uint16_t)value;
    return true;
}

bool atls_read_u24(struct atls_reader *r, uint32_t *out)
{
    uint64_t value = 0;
    if (!read_integer(r, 3, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

bool atls_read_u32(struct atls_reader *r, uint32_t *out)
{
    uint64_t value = 0;
    if (!read_integer(r, 4, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

bool atls_read_u64(struct atls_reader *r, uint64_t *out)
{
    return read_integer(r, 8, out);
}

static bool read_vector(struct atls_reader *r, size_t length_octets, size_t min, size_t max,
                        struct atls_bytes *out)
{
    struct atls_reader ahead = {r->data, r->left, r->base}; /* committed when everything fits */
    uint64_t len = 0;
    struct atls_bytes body;
    if (!read_integer(&ahead, length_octets, &len) || len < min || len > max ||
        !atls_read_bytes(&ahead, (size_t)len, &body)) {
        return false;
    }
    *r = ahead;
    *out = body;
    return true;
}

bool atls_read_vec8(struct atls_reader *r, size_t min, size_t max, struct atls_bytes *out)
{
    return read_vector(r, 1, min, max, out);
}

bool atls_read_vec16(struct atls_reader *r, size_t min, size_t max, struct atls_bytes *out)
{
    return read_vector(r, 2, min, max, out);
}

bool atls_read_vec24(struct atls_reader *r, size_t min, size_t max, struct atls_bytes *out)
{
    return read_vector(r, 3, min, max, out);
}

bool atls_read_sub16(struct atls_reader *r, size_t min, size_t max, struct atls_reader *out)
{
    struct atls_bytes body;
    if (!read_vector(r, 2, min, max, &body)) {
        return false;
    }
    *out = atls_reader_of(body);
    out->base = r->base - body.len;
    return true;
}

bool atls_read_end(const struct atls_reader *r)
{
    return r->left == 0;
}
