/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor_head.h"

/* Of the argument of `info` 24 to 27: its octets, and what has no shorter form (RFC 8949, 4.2.1).
 */
static const uint8_t widths[] = {1, 2, 4, 8};
static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};

/* read_argument reads a head whose argument follows the first octet; 28 to 30 are reserved
 * (RFC 8949, 3). */
static bool read_argument(struct atls_reader *r, uint8_t info, uint64_t *out)
{
    struct atls_bytes octets;
    if (info > 27 || !atls_read_bytes(r, 1u + widths[info - 24], &octets)) {
        return false;
    }
    /*@ assert consumed: octets.len == head_len(info); */
    uint64_t argument = 0;
    /*@ loop invariant value: argument == big_endian(octets.data + 1, i - 1);
        loop invariant 1 <= i <= octets.len;
        loop invariant argument < above(i - 1);
        loop assigns i, argument;
        loop variant octets.len - i; */
    for (size_t i = 1; i < octets.len; i++) {
        argument = argument * 256 + octets.data[i];
    }
    *out = argument;
    return true;
}

/* is_shortest says whether `argument` needs the octets that `info` gave it. */
static bool is_shortest(uint8_t info, uint64_t argument)
{
    return info < 24 || info > 27 || argument >= least[info - 24];
}

/* float_width gives the octets of a float (RFC 8949, 3.3); 0: it is none. */
static uint8_t float_width(enum atls_cbor_type type, uint8_t info)
{
    return type == ATLS_CBOR_SIMPLE && info >= 25 && info <= 27 ? widths[info - 24] : 0;
}

bool atls_cbor_head_read(struct atls_reader *r, struct atls_cbor_head *out)
{
    struct atls_bytes octet;
    if (r->left == 0) {
        return false;
    }
    const uint8_t initial = *r->data;
    const uint8_t info = initial % 32; /* the low five bits; the type is in the high three */
    const enum atls_cbor_type type = (enum atls_cbor_type)(initial / 32);
    uint64_t argument = info == 31 ? 0 : info;
    if (info < 24 || info == 31 ? !atls_read_bytes(r, 1, &octet)
                                : !read_argument(r, info, &argument)) {
        return false;
    }
    out->type = type;
    out->indefinite = info == 31;
    out->float_width = float_width(type, info);
    out->shortest = out->float_width != 0 || is_shortest(info, argument);
    out->argument = argument;
    return true;
}
