/* SPDX-License-Identifier: Apache-2.0 */
/* What structure.c hands to signatures.c, lookup.c and claims.c. No other file includes this. */
#ifndef APPRAISER_PSA_UNVERIFIED_H
#define APPRAISER_PSA_UNVERIFIED_H

#include "appraiser/psa/psa.h"
#include "codec/cbor_index.h"
#include "codec/cose.h"

struct atls_psa_parsed {
    struct atls_bytes evidence, media_type; /* what this was read from */
    struct atls_cose_sign1 message;
    struct atls_cbor_index claims; /* the payload, a map */
    enum atls_psa_profile profile;
    struct atls_bytes instance_id;       /* where to look the key up, no more */
    struct atls_bytes implementation_id; /* the same */
};

#endif
