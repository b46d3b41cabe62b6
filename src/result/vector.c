/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiers, claims and the verdict gate. Whatever is not a value of its list counts as the worst of
 * it: there is no path from an unknown number to "affirming".
 */
#include "result/vector.h"

#include "base/span.h"

/* draft-ietf-rats-ar4si-10, 2.3.2: negative values are non-standard claims of the same tiers. */
enum atls_tier atls_tier_of(int8_t value)
{
    if (value >= -1 && value <= 1) {
        return ATLS_TIER_NONE;
    }
    if (value >= -32 && value <= 31) {
        return ATLS_TIER_AFFIRMING;
    }
    if (value >= -96 && value <= 95) {
        return ATLS_TIER_WARNING;
    }
    return ATLS_TIER_CONTRAINDICATED;
}

/* rank orders the tiers from best to worst. */
static int rank(enum atls_tier tier)
{
    switch (tier) {
    case ATLS_TIER_NONE:
        return 0;
    case ATLS_TIER_AFFIRMING:
        return 1;
    case ATLS_TIER_WARNING:
        return 2;
    case ATLS_TIER_CONTRAINDICATED:
        return 3;
    default:
        return 4;
    }
}

bool atls_tier_worse(enum atls_tier a, enum atls_tier b)
{
    return rank(a) > rank(b);
}

bool atls_tier_is_known(enum atls_tier tier)
{
    return rank(tier) <= rank(ATLS_TIER_CONTRAINDICATED);
}

enum atls_tier atls_vector_status(const struct atls_trust_vector *vector)
{
    enum atls_tier worst = ATLS_TIER_NONE;
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const enum atls_tier tier = atls_tier_of(vector->claim[i]);
        if (atls_tier_worse(tier, worst)) {
            worst = tier;
        }
    }
    return worst;
}

static const enum atls_tier tiers[] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                       ATLS_TIER_CONTRAINDICATED};

const char *atls_tier_name(enum atls_tier tier)
{
    switch (tier) {
    case ATLS_TIER_NONE:
        return "none";
    case ATLS_TIER_AFFIRMING:
        return "affirming";
    case ATLS_TIER_WARNING:
        return "warning";
    case ATLS_TIER_CONTRAINDICATED:
    default:
        return "contraindicated";
    }
}

bool atls_tier_by_name(struct atls_bytes name, enum atls_tier *out)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tiers); i++) {
        if (atls_bytes_is_text(name, atls_tier_name(tiers[i]))) {
            *out = tiers[i];
            return true;
        }
    }
    return false;
}

static const char *const claim_names[ATLS_NUM_TRUST_CLAIMS] = {
    [ATLS_TRUST_INSTANCE_IDENTITY] = "instance-identity",
    [ATLS_TRUST_CONFIGURATION] = "configuration",
    [ATLS_TRUST_EXECUTABLES] = "executables",
    [ATLS_TRUST_FILE_SYSTEM] = "file-system",
    [ATLS_TRUST_HARDWARE] = "hardware",
    [ATLS_TRUST_RUNTIME_OPAQUE] = "runtime-opaque",
    [ATLS_TRUST_STORAGE_OPAQUE] = "storage-opaque",
    [ATLS_TRUST_SOURCED_DATA] = "sourced-data",
};

const char *atls_trust_claim_name(enum atls_trust_claim claim)
{
    const unsigned index = (unsigned)claim;
    return index < ATLS_NUM_TRUST_CLAIMS ? claim_names[index] : NULL;
}

bool atls_trust_claim_by_name(struct atls_bytes name, enum atls_trust_claim *out)
{
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        if (atls_bytes_is_text(name, claim_names[i])) {
            *out = (enum atls_trust_claim)i;
            return true;
        }
    }
    return false;
}

bool atls_verdict_opens(const struct atls_verdict *verdict)
{
    if (verdict == NULL) {
        return false;
    }
    switch (verdict->state) {
    case ATLS_VERDICT_ACCEPTED:
    case ATLS_VERDICT_NOT_REQUIRED:
        return true;
    case ATLS_VERDICT_NONE:
    case ATLS_VERDICT_REFUSED:
    default:
        return false;
    }
}
