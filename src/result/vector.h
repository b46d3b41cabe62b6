/* SPDX-License-Identifier: Apache-2.0 */
/* AR4SI trustworthiness vectors (draft-ietf-rats-ar4si-10, 2.3). */
#ifndef RESULT_VECTOR_H
#define RESULT_VECTOR_H

#include "atls/result.h"

/* Values that are the same for every claim. */
enum {
    ATLS_TRUST_NONE = 0,
    ATLS_TRUST_UNEXPECTED = 1,
    ATLS_TRUST_MALFUNCTION = -1,
    ATLS_TRUST_CRYPTO_FAILED = 99
};
/* The standard values by claim. */
enum {
    ATLS_INSTANCE_RECOGNISED = 2,
    ATLS_INSTANCE_UNTRUSTWORTHY = 96,
    ATLS_INSTANCE_UNRECOGNISED = 97,
    ATLS_CONFIG_APPROVED = 2,
    ATLS_CONFIG_UNSAFE = 32,
    ATLS_CONFIG_UNACCEPTABLE = 96,
    ATLS_EXECUTABLES_APPROVED_RUNTIME = 2,
    ATLS_EXECUTABLES_APPROVED_BOOT = 3,
    ATLS_EXECUTABLES_UNSAFE = 32,
    ATLS_EXECUTABLES_UNRECOGNISED = 33,
    ATLS_EXECUTABLES_CONTRAINDICATED = 96,
    ATLS_HARDWARE_GENUINE = 2,
    ATLS_HARDWARE_UNSAFE = 32,
    ATLS_HARDWARE_CONTRAINDICATED = 96,
    ATLS_HARDWARE_UNRECOGNISED = 97,
    ATLS_RUNTIME_ENCRYPTED = 2,
    ATLS_RUNTIME_ISOLATED = 32,
    ATLS_RUNTIME_VISIBLE = 96,
    ATLS_STORAGE_HARDWARE_KEYS = 2,
    ATLS_STORAGE_SOFTWARE_KEYS = 32,
    ATLS_STORAGE_UNPROTECTED = 96
};

/* atls_vector_status gives the worst tier of all claims; NONE when nothing is asserted. */
enum atls_tier atls_vector_status(const struct atls_trust_vector *vector);
/* atls_tier_worse is true when `a` is worse than `b` (none < affirming < warning < contra). */
bool atls_tier_worse(enum atls_tier a, enum atls_tier b);
/* atls_tier_is_known is false for a number that is none of the four tiers; such a number is worse
 * than contraindicated. */
bool atls_tier_is_known(enum atls_tier tier);
/* atls_trust_claim_by_name gives false for an unknown name. */
bool atls_trust_claim_by_name(struct atls_bytes name, enum atls_trust_claim *out);
bool atls_tier_by_name(struct atls_bytes name, enum atls_tier *out);

#endif
