/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a CBOR item (RFC 8949, section 3): shared by the checker and the accessors. */
#ifndef CODEC_CBOR_HEAD_H
#define CODEC_CBOR_HEAD_H

#include "base/reader.h"
#include "codec/cbor.h"

#define ATLS_CBOR_BREAK 0xff

struct atls_cbor_head {
    enum atls_cbor_type type;
    bool indefinite;     /* additional information 31; with type SIMPLE it is the break */
    bool shortest;       /* the argument has no shorter form; floats count as shortest */
    uint8_t float_width; /* 2, 4 or 8 when it is a float; else 0 */
    uint64_t argument;
};

/* atls_cbor_head_read is false, and moves nothing, when the input ends or the additional
 * information is one of the reserved 28 to 30. */
ATLS_NODISCARD bool atls_cbor_head_read(struct atls_reader *r, struct atls_cbor_head *out);

#endif
