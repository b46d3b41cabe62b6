/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder hand to one another. No other file includes this. */
#ifndef APPRAISER_KAT_UNVERIFIED_H
#define APPRAISER_KAT_UNVERIFIED_H

#include "appraiser/kat/kat.h"
#include "crypto/key.h"

struct atls_kat_parsed {
    struct atls_kat_bundle bundle;
    struct atls_key *kak; /* owned */
    const struct atls_format *pat_format;
    const struct atls_appraiser_ops *pat_ops;
};

struct atls_kat_verified {
    struct atls_cbor claims; /* that the kak signed */
    struct atls_bytes kak_octets;
    struct atls_digest kak_spki_sha256;
    struct atls_submod submod; /* what the pat came to; owned */
};

#endif
