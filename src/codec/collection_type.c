/* SPDX-License-Identifier: Apache-2.0 */
/* The type of a CMW collection (RFC 9999, "__cmwc_t"): an absolute URI or a dotted OID. */
#include "codec/cmw.h"

#include "base/reader.h"
#include "codec/ascii.h"

/* is_oid: a root arc 0 to 2, then one arc or more without leading zeros. */
static bool is_oid(struct atls_bytes text)
{
    struct atls_reader r = atls_reader_of(text);
    uint8_t c = 0;
    if (!atls_read_u8(&r, &c) || c < '0' || c > '2' || atls_read_end(&r)) {
        return false;
    }
    if (!atls_read_u8(&r, &c) || c != '.') {
        return false;
    }
    size_t digits = 0; /* of this arc so far */
    bool zero = false; /* the arc began with 0, so it is 0 */
    while (atls_read_u8(&r, &c)) {
        if (c == '.' && digits > 0) {
            digits = 0;
        } else if (atls_ascii_is_digit(c) && (digits == 0 || !zero)) {
            zero = digits == 0 && c == '0';
            digits++;
        } else {
            return false;
        }
    }
    return digits > 0;
}

/* read_scheme reads "scheme:" (RFC 3986, 3.1). */
static bool read_scheme(struct atls_reader *r)
{
    uint8_t c = 0;
    if (!atls_read_u8(r, &c) || !atls_ascii_is_letter(c)) {
        return false;
    }
    while (atls_read_u8(r, &c)) {
        if (c == ':') {
            return true;
        }
        if (!atls_ascii_is_letter(c) && !atls_ascii_is_digit(c) &&
            !atls_ascii_is_one_of(c, "+-.")) {
            return false;
        }
    }
    return false;
}

/* is_absolute_uri: RFC 3986, 4.3, so without a fragment; the characters are judged, and that
 * something follows the scheme, but not how the scheme divides it. */
static bool is_absolute_uri(struct atls_bytes text)
{
    struct atls_reader r = atls_reader_of(text);
    uint8_t c = 0;
    if (!read_scheme(&r) || atls_read_end(&r)) {
        return false;
    }
    while (atls_read_u8(&r, &c)) {
        if (c == '%') {
            uint8_t low = 0;
            if (!atls_read_u8(&r, &c) || !atls_read_u8(&r, &low) || !atls_ascii_is_hex_digit(c) ||
                !atls_ascii_is_hex_digit(low)) {
                return false;
            }
        } else if (!atls_ascii_is_letter(c) && !atls_ascii_is_digit(c) &&
                   !atls_ascii_is_one_of(c, "-._~:/?[]@!$&'()*+,;=")) {
            return false;
        }
    }
    return true;
}

bool atls_collection_type_is_valid(struct atls_bytes text)
{
    return is_oid(text) || is_absolute_uri(text);
}
