/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a map by their labels, found in one pass: for a reader that asks for most of them,
 * and for some that are not there. */
#ifndef CODEC_CBOR_INDEX_H
#define CODEC_CBOR_INDEX_H

#include "codec/cbor.h"

enum { ATLS_MAX_CBOR_INDEX = 16 };

struct atls_cbor_index {
    struct atls_cbor map;
    size_t num; /* of those below, which are the first of the map that have integers for labels */
    int64_t labels[ATLS_MAX_CBOR_INDEX];
    struct atls_cbor values[ATLS_MAX_CBOR_INDEX];
    bool is_all; /* of those that have integers for labels */
};

/* atls_cbor_index_read reads a map that atls_cbor_parse has checked; what is no map has no members.
 * The values borrow what the map does. */
void atls_cbor_index_read(struct atls_cbor_index *out, const struct atls_cbor *map);
/* atls_cbor_index_get is atls_cbor_get. */
ATLS_NODISCARD bool atls_cbor_index_get(const struct atls_cbor_index *index, int64_t label,
                                        struct atls_cbor *out);

#endif
