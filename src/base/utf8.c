/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/reader.h"
#include "base/span.h"

/* The table of RFC 3629, section 4: which second octets a first octet takes, and how many follow.
 * The narrower ranges of the second octet are what keeps out overlong forms (E0, F0), surrogates
 * (ED) and code points beyond U+10FFFF (F4). */
static const struct {
    uint8_t first_min, first_max;
    uint8_t second_min, second_max;
    uint8_t num_following;
} sequences[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
    {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};

/* read_following reads what must follow `first`, an octet that is not ASCII. */
static bool read_following(struct atls_reader *r, uint8_t first)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(sequences); i++) {
        if (first < sequences[i].first_min || first > sequences[i].first_max) {
            continue;
        }
        uint8_t octet = 0;
        if (!atls_read_u8(r, &octet) || octet < sequences[i].second_min ||
            octet > sequences[i].second_max) {
            return false;
        }
        for (uint8_t left = (uint8_t)(sequences[i].num_following - 1); left > 0; left--) {
            if (!atls_read_u8(r, &octet) || octet < 0x80 || octet > 0xbf) {
                return false;
            }
        }
        return true;
    }
    return false;
}

/* skip_ascii gives how many octets at the beginning are ASCII, eight by eight: nearly all texts are
 * nothing else. */
static size_t skip_ascii(struct atls_bytes text)
{
    size_t at = 0;
    for (; text.len - at >= 8; at += 8) {
        uint64_t eight = 0;
        memcpy(&eight, &text.data[at], 8);
        if ((eight & 0x8080808080808080) != 0) {
            break;
        }
    }
    return at;
}

bool atls_utf8_is_valid(struct atls_bytes text)
{
    const size_t ascii = skip_ascii(text);
    struct atls_reader r =
        atls_reader_of(ascii != 0 ? atls_bytes_of(&text.data[ascii], text.len - ascii) : text);
    uint8_t octet = 0;
    while (atls_read_u8(&r, &octet)) {
        if (octet >= 0x80 && !read_following(&r, octet)) {
            return false;
        }
    }
    return true;
}
