/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an item again through the accessors alone: definite lengths, shortest forms. In strict
 * mode that must give the input back. Recursion is as deep as the parser let the input be.
 */
#ifndef SUPPORT_CBOR_REENCODE_H
#define SUPPORT_CBOR_REENCODE_H

#include "codec/cbor.h"

/* test_cbor_reencode is false where an accessor contradicts the parser. */
static inline bool test_cbor_reencode(struct atls_writer *w, const struct atls_cbor *item)
{
    struct atls_cbor member;
    uint64_t number = 0;
    int64_t integer = 0;
    bool flag = false;
    struct atls_bytes octets;
    switch (item->type) {
    case ATLS_CBOR_UINT:
        atls_cbor_put_uint(w, item->argument);
        return atls_cbor_u64(item, &number) && number == item->argument;
    case ATLS_CBOR_NEGINT:
        if (!atls_cbor_int(item, &integer)) {
            atls_cbor_put_encoded(w, item->encoded); /* beyond int64: no writer for it */
            return item->argument > INT64_MAX;
        }
        atls_cbor_put_int(w, integer);
        return integer < 0;
    case ATLS_CBOR_BYTES:
        atls_cbor_put_bytes(w, item->content);
        return atls_cbor_bytes(item, 0, SIZE_MAX, &octets) && octets.len == item->content.len;
    case ATLS_CBOR_TEXT:
        atls_cbor_put_text(w, item->content);
        return atls_cbor_text(item, 0, SIZE_MAX, &octets) && octets.len == item->content.len;
    case ATLS_CBOR_ARRAY:
    case ATLS_CBOR_MAP:
        break;
    case ATLS_CBOR_TAG:
        atls_cbor_put_tag(w, item->argument);
        return atls_cbor_tag(item, item->argument, &member) && test_cbor_reencode(w, &member);
    case ATLS_CBOR_SIMPLE:
    default:
        if (atls_cbor_bool(item, &flag)) {
            atls_cbor_put_bool(w, flag);
        } else if (atls_cbor_is_null(item)) {
            atls_cbor_put_null(w);
        } else {
            atls_cbor_put_encoded(w, item->encoded); /* floats and other simple values */
        }
        return true;
    }
    const bool is_map = item->type == ATLS_CBOR_MAP;
    if (is_map) {
        atls_cbor_put_map(w, item->argument);
    } else {
        atls_cbor_put_array(w, item->argument);
    }
    struct atls_cbor_iter iter = atls_cbor_members(item);
    uint64_t num = 0;
    while (atls_cbor_next(&iter, &member)) {
        if (!test_cbor_reencode(w, &member)) {
            return false;
        }
        num++;
    }
    return num == (is_map ? 2 * item->argument : item->argument) && iter.rest.len == 0;
}

#endif
