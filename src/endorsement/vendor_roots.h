/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vendor roots (design: 6): which keys the makers of roots of trust sign with. Facts, and no
 * certificates: a root is used from wherever it arrives, if its key is in this table or in a trust
 * anchor that was loaded.
 */
#ifndef ENDORSEMENT_VENDOR_ROOTS_H
#define ENDORSEMENT_VENDOR_ROOTS_H

#include "atls/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct atls_vendor_root {
    const char *formats[2]; /* rows of the table of names that it stands for; the second may be
                               NULL */
    const char *name;       /* common name of the certificate */
    const char *product;    /* AMD: product line, as in KDS' paths; NULL for others */
    const char *published;  /* where the maker publishes the certificate */
    uint8_t spki_sha256[32];
};

extern const struct atls_vendor_root atls_vendor_roots[];
extern const size_t atls_num_vendor_roots;

/* atls_vendor_root_find gives the row of a format whose key's SubjectPublicKeyInfo (DER) has this
 * SHA-256; NULL when there is none. */
const struct atls_vendor_root *atls_vendor_root_find(const char *format,
                                                     struct atls_bytes spki_sha256);

#endif
