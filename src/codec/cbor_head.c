/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor_head.h"

/* Of the argument of `info` 24 to 27: its octets, and what has no shorter form (RFC 8949, 4.2.1).
 */
static const struct {
    uint8_t width;
    uint64_t least;
} widths[] = {{1, 24}, {2, UINT8_MAX + 1}, {4, UINT16_MAX + 1}, {8, (uint64_t)UINT32_MAX + 1}};

/* read_argument reads what follows the first octet; 28 to 30 are reserved (RFC 8949, 3). */
static bool read_argument(struct atls_reader *r, uint8_t info, struct atls_cbor_head *head)
{
    struct atls_bytes octets;
    if (info > 27 || !atls_read_bytes(r, 1u + widths[info - 24].width, &octets)) {
        return false;
    }
    uint64_t argument = 0;
    /*@ loop invariant 1 <= i <= octets.len && argument == big_endian(octets.data + 1, i - 1);
        loop invariant argument < above(i - 1);
        loop assigns i, argument;
        loop variant octets.len - i; */
    for (size_t i = 1; i < octets.len; i++) {
        argument = argument * 256 + octets.data[i];
    }
    head->argument = argument;
    if (head->type == ATLS_CBOR_SIMPLE && info >= 25) {
        head->float_width = widths[info - 24].width;
    }
    head->shortest = head->float_width != 0 || argument >= widths[info - 24].least;
    return true;
}

bool atls_cbor_head_read(struct atls_reader *r, struct atls_cbor_head *out)
{
    struct atls_bytes octet;
    if (r->left == 0) {
        return false;
    }
    const uint8_t initial = *r->data;
    const uint8_t info = initial % 32; /* the low five bits; the type is in the high three */
    struct atls_cbor_head head = {
        .type = (enum atls_cbor_type)(initial / 32), .argument = info, .shortest = true};
    if (info == 31) {
        head.indefinite = true;
        head.argument = 0;
    }
    if (info < 24 || info == 31 ? !atls_read_bytes(r, 1, &octet) : !read_argument(r, info, &head)) {
        return false;
    }
    *out = head;
    return true;
}
