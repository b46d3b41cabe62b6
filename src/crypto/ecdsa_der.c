/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ecdsa_der.h"

#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"

enum { SEQUENCE = 0x30, INTEGER = 0x02, ONE_OCTET_FOLLOWS = 0x81, MAX_HALF = 66 };

/* shorten leaves a number without the zeros before it. */
static struct atls_bytes shorten(struct atls_bytes number)
{
    while (number.len > 1 && number.data[0] == 0) {
        number = atls_bytes_of(number.data + 1, number.len - 1);
    }
    return number;
}

/* is_signed: without a zero before it the INTEGER would be negative (X.690, 8.3). */
static bool is_signed(struct atls_bytes number)
{
    return (number.data[0] & 0x80) != 0;
}

static size_t len_of(struct atls_bytes number)
{
    return number.len + (is_signed(number) ? 1 : 0);
}

static void put_integer(struct atls_writer *w, struct atls_bytes number)
{
    atls_write_u8(w, INTEGER);
    atls_write_u8(w, (uint8_t)len_of(number));
    if (is_signed(number)) {
        atls_write_u8(w, 0);
    }
    atls_write_bytes(w, number);
}

size_t atls_ecdsa_to_der(struct atls_bytes raw, uint8_t der[ATLS_MAX_ECDSA_DER_LEN])
{
    const size_t half = raw.len / 2;
    const struct atls_buf room = {der, ATLS_MAX_ECDSA_DER_LEN};
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    if (half == 0 || half > MAX_HALF || raw.len % 2 != 0) {
        return 0;
    }
    const struct atls_bytes r = shorten(atls_bytes_of(raw.data, half));
    const struct atls_bytes s = shorten(atls_bytes_of(raw.data + half, half));
    const size_t content = 4 + len_of(r) + len_of(s);
    atls_write_u8(&w, SEQUENCE);
    if (content > 127) {
        atls_write_u8(&w, ONE_OCTET_FOLLOWS);
    }
    atls_write_u8(&w, (uint8_t)content);
    put_integer(&w, r);
    put_integer(&w, s);
    return atls_writer_finish(&w, &len) ? len : 0;
}

static bool get_len(struct atls_reader *r, uint8_t *out)
{
    return atls_read_u8(r, out) &&
           (*out < 0x80 || (*out == ONE_OCTET_FOLLOWS && atls_read_u8(r, out) && *out >= 0x80));
}

/* get_integer reads a number that is not negative, and has as few octets as it can. */
static bool get_integer(struct atls_reader *r, uint8_t *out, size_t cap)
{
    uint8_t tag = 0, len = 0;
    struct atls_bytes number;
    if (!atls_read_u8(r, &tag) || tag != INTEGER || !get_len(r, &len) || len == 0 ||
        !atls_read_bytes(r, len, &number) || is_signed(number)) {
        return false;
    }
    const struct atls_bytes shorter = shorten(number);
    if (len_of(shorter) != number.len || shorter.len > cap) {
        return false;
    }
    memset(out, 0, cap);
    memcpy(out + cap - shorter.len, shorter.data, shorter.len);
    return true;
}

bool atls_ecdsa_from_der(struct atls_bytes der, uint8_t *raw, size_t raw_len)
{
    struct atls_reader r = atls_reader_of(der);
    const size_t half = raw_len / 2;
    uint8_t tag = 0, len = 0, both[2 * MAX_HALF];
    if (half == 0 || half > MAX_HALF || !atls_read_u8(&r, &tag) || tag != SEQUENCE ||
        !get_len(&r, &len) || len != r.left || !get_integer(&r, both, half) ||
        !get_integer(&r, both + half, half) || !atls_read_end(&r)) {
        return false;
    }
    memcpy(raw, both, 2 * half);
    return true;
}
