/* SPDX-License-Identifier: Apache-2.0 */
/* Writing CBOR: every argument in its shortest form (RFC 8949, 4.2.1). */
#include "codec/cbor.h"

#include "base/span.h"

static void put_head(struct atls_writer *w, enum atls_cbor_type type, uint64_t argument)
{
    const uint8_t major = (uint8_t)((unsigned)type << 5);
    if (argument < 24) {
        atls_write_u8(w, (uint8_t)(major | argument));
    } else if (argument <= UINT8_MAX) {
        atls_write_u8(w, major | 24);
        atls_write_u8(w, (uint8_t)argument);
    } else if (argument <= UINT16_MAX) {
        atls_write_u8(w, major | 25);
        atls_write_u16(w, (uint16_t)argument);
    } else if (argument <= UINT32_MAX) {
        atls_write_u8(w, major | 26);
        atls_write_u32(w, (uint32_t)argument);
    } else {
        atls_write_u8(w, major | 27);
        atls_write_u64(w, argument);
    }
}

void atls_cbor_put_uint(struct atls_writer *w, uint64_t value)
{
    put_head(w, ATLS_CBOR_UINT, value);
}

void atls_cbor_put_int(struct atls_writer *w, int64_t value)
{
    if (value < 0) {
        put_head(w, ATLS_CBOR_NEGINT, ~(uint64_t)value); /* -1 - value, in two's complement */
    } else {
        put_head(w, ATLS_CBOR_UINT, (uint64_t)value);
    }
}

void atls_cbor_put_bytes(struct atls_writer *w, struct atls_bytes octets)
{
    put_head(w, ATLS_CBOR_BYTES, octets.len);
    atls_write_bytes(w, octets);
}

void atls_cbor_put_text(struct atls_writer *w, struct atls_bytes text)
{
    put_head(w, ATLS_CBOR_TEXT, text.len);
    atls_write_bytes(w, text);
}

void atls_cbor_put_str(struct atls_writer *w, const char *text)
{
    atls_cbor_put_text(w, atls_bytes_text(text));
}

void atls_cbor_put_array(struct atls_writer *w, uint64_t members)
{
    put_head(w, ATLS_CBOR_ARRAY, members);
}

void atls_cbor_put_map(struct atls_writer *w, uint64_t pairs)
{
    put_head(w, ATLS_CBOR_MAP, pairs);
}

void atls_cbor_put_tag(struct atls_writer *w, uint64_t number)
{
    put_head(w, ATLS_CBOR_TAG, number);
}

void atls_cbor_put_bool(struct atls_writer *w, bool value)
{
    put_head(w, ATLS_CBOR_SIMPLE, value ? 21 : 20);
}

void atls_cbor_put_null(struct atls_writer *w)
{
    put_head(w, ATLS_CBOR_SIMPLE, 22);
}

void atls_cbor_put_encoded(struct atls_writer *w, struct atls_bytes encoded)
{
    atls_write_bytes(w, encoded);
}

void atls_cbor_put_bytes_head(struct atls_writer *w, uint64_t len)
{
    put_head(w, ATLS_CBOR_BYTES, len);
}
