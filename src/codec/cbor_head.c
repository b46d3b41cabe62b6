/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor_head.h"

/* read_argument reads the 1, 2, 4 or 8 octets that `info` 24 to 27 announces. */
static bool read_argument(struct atls_reader *r, uint8_t info, uint64_t *out)
{
    uint8_t one = 0;
    uint16_t two = 0;
    uint32_t four = 0;
    switch (info) {
    case 24:
        if (!atls_read_u8(r, &one)) {
            return false;
        }
        *out = one;
        return true;
    case 25:
        if (!atls_read_u16(r, &two)) {
            return false;
        }
        *out = two;
        return true;
    case 26:
        if (!atls_read_u32(r, &four)) {
            return false;
        }
        *out = four;
        return true;
    case 27:
        return atls_read_u64(r, out);
    default:
        return false; /* 28 to 30 are reserved: RFC 8949, 3 */
    }
}

/* is_shortest says whether `argument` needs the octets that `info` gave it (RFC 8949, 4.2.1). */
static bool is_shortest(uint8_t info, uint64_t argument)
{
    switch (info) {
    case 24:
        return argument >= 24;
    case 25:
        return argument > UINT8_MAX;
    case 26:
        return argument > UINT16_MAX;
    case 27:
        return argument > UINT32_MAX;
    default:
        return true;
    }
}

bool atls_cbor_head_read(struct atls_reader *r, struct atls_cbor_head *out)
{
    struct atls_reader ahead = *r; /* committed only when the whole head is there */
    uint8_t initial = 0;
    if (!atls_read_u8(&ahead, &initial)) {
        return false;
    }
    const uint8_t info = initial & 31;
    struct atls_cbor_head head = {.type = (enum atls_cbor_type)(initial >> 5), .argument = info};
    if (info == 31) {
        head.indefinite = true;
        head.argument = 0;
    } else if (info >= 24 && !read_argument(&ahead, info, &head.argument)) {
        return false;
    }
    if (head.type == ATLS_CBOR_SIMPLE && info >= 25 && info <= 27) {
        head.float_width = (uint8_t)(1u << (info - 24));
    }
    head.shortest = head.float_width != 0 || is_shortest(info, head.argument);
    *r = ahead;
    *out = head;
    return true;
}
