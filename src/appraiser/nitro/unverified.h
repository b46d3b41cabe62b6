/* SPDX-License-Identifier: Apache-2.0 */
/* What structure.c hands to signatures.c, lookup.c and claims.c. No other file includes this. */
#ifndef APPRAISER_NITRO_UNVERIFIED_H
#define APPRAISER_NITRO_UNVERIFIED_H

#include "appraiser/nitro/nitro.h"
#include "codec/cose.h"

struct atls_nitro_parsed {
    struct atls_cose_sign1 message;
    struct atls_cbor claims; /* the payload, a map */
    /* What the path is made of, and no more: the leaf, INTERM_N ... INTERM_1, root. */
    struct atls_bytes path[1 + ATLS_NITRO_MAX_BUNDLE];
    size_t path_len;
};

#endif
