/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel's profile of CoRIM adds (OID 2.16.840.1.113741.1.16; draft-cds-rats-intel-corim-
 * profile): measured values under negative keys, and expressions in tags 60010 (numbers), 60020
 * (digests) and 60021 (texts), each an operator and what it compares with.
 */
#ifndef ENDORSEMENT_INTEL_H
#define ENDORSEMENT_INTEL_H

#include "endorsement/measured.h"

enum {
    ATLS_TAG_INTEL_NUMBER = 60010,
    ATLS_TAG_INTEL_DIGESTS = 60020,
    ATLS_TAG_INTEL_TEXTS = 60021
};

/* Members of a measurement-values-map that the profile has. */
enum atls_intel_key {
    ATLS_INTEL_TCB_DATE = -72,
    ATLS_INTEL_ISVSVN = -73,
    ATLS_INTEL_INSTANCE_ID = -77,
    ATLS_INTEL_PCEID = -80,
    ATLS_INTEL_MISCSELECT = -81,
    ATLS_INTEL_ATTRIBUTES = -82,
    ATLS_INTEL_MRTEE = -83,
    ATLS_INTEL_MRSIGNER = -84,
    ATLS_INTEL_ISVPRODID = -85,
    ATLS_INTEL_TCBEVALNUM = -86,
    ATLS_INTEL_STATUS = -88,
    ATLS_INTEL_ADVISORIES = -89,
    ATLS_INTEL_TCB_COMP_SVN = -125
};
#define ATLS_INTEL_NUM_COMPONENTS 16

/* atls_intel_name gives the profile's name of a key; NULL for one that it does not have. */
const char *atls_intel_name(int64_t key);
/* atls_intel_well_formed is true when `value` is of a form that `key` may have. */
bool atls_intel_well_formed(int64_t key, const struct atls_cbor *value);
/*
 * atls_intel_matches compares each negative key of `c` with what `e` says: number OPERATOR n where
 * an expression stands, else equality. A key that `e` lacks does not match.
 */
bool atls_intel_matches(const struct atls_mextensions *c, const struct atls_mextensions *e);

#endif
