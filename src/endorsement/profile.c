/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of CoRIM profiles: one row a profile, with the formats of Evidence that it speaks of
 * and the checks that its files pass when they are loaded. What they demand is in profile_rules.c.
 */
#include "endorsement/profile.h"

#include "base/span.h"
#include "endorsement/corim.h"
#include "endorsement/profile_rules.h"

/* Content octets of 2.16.840.1.113741.1.16.1 and .2. */
static const uint8_t intel_1[] = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x4d, 0x01, 0x10, 0x01};
static const uint8_t intel_2[] = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x4d, 0x01, 0x10, 0x02};

static const struct atls_profile profiles[] = {
    {
        /* draft-fdb-rats-psa-endorsements-08 */
        .name = "psa",
        .formats = {"psa"},
        .uri = "tag:arm.com,2025:psa#1.0.0",
        .old_uri = "http://arm.com/psa/iot/1",
        .rules = &atls_rules_psa,
        .labels = ATLS_LABELS_IGNORED,
    },
    {
        .name = "tpm2",
        .formats = {"tpm2"},
        .uri = "tag:github.com/parallaxsecond,2023-03-03:tpm",
        .rules = &atls_rules_tpm2,
        .labels = ATLS_LABELS_IGNORED,
    },
    {
        /* draft-ydb-rats-cca-endorsements */
        .name = "cca-platform",
        .formats = {"cca"},
        .uri = "tag:arm.com,2025:cca_platform#1.0.0",
        .old_uri = "http://arm.com/cca/ssd/1",
        .labels = ATLS_LABELS_IGNORED,
        .checks = &atls_checks_cca_platform,
    },
    {
        .name = "cca-realm",
        .formats = {"cca"},
        .uri = "tag:arm.com,2025:cca_realm#1.0.0",
        .old_uri = "http://arm.com/cca/realm/1",
        .labels = ATLS_LABELS_IGNORED,
        .checks = &atls_checks_cca_realm,
    },
    {
        .name = "parsec-cca",
        .formats = {"cca"},
        .uri = "tag:github.com/parallaxsecond,2023-03-03:cca",
        .labels = ATLS_LABELS_IGNORED,
        .checks = &atls_checks_cca_platform,
    },
    {
        .name = "snp",
        .formats = {"snp"},
        .uri = "tag:amd.com,2024:snp-corim-profile",
        .alias = "https://amd.com/ark",
        .checks = &atls_checks_snp,
    },
    {
        /* draft-cds-rats-intel-corim-profile */
        .name = "intel",
        .formats = {"sgx", "tdx"},
        .oid = {intel_1, sizeof intel_1},
        .other_oid = {intel_2, sizeof intel_2},
        .extensions = ATLS_EXTENSIONS_INTEL,
        .checks = &atls_checks_intel,
    },
    {
        .name = "riot",
        .formats = {"riot"},
        .uri = "tag:veraison-project.com,2026:riot",
        .checks = &atls_checks_riot,
    },
    {
        .name = "enacttrust",
        .formats = {"enacttrust"},
        .uri = "https://enacttrust.com/veraison/1.0.0",
        .checks = &atls_checks_enacttrust,
    },
    {
        /* Ours: docs/endorsements.md, "nitro". */
        .name = "nitro",
        .formats = {"nitro"},
        .uri = "tag:atls,2026:nitro",
        .checks = &atls_checks_nitro,
    },
};

const struct atls_profile *atls_profile_at(size_t index)
{
    return index < ATLS_ARRAY_LEN(profiles) ? &profiles[index] : NULL;
}

static bool is(const char *uri, struct atls_bytes text)
{
    return uri != NULL && atls_bytes_is_text(text, uri);
}

const struct atls_profile *atls_profile_by_uri(struct atls_bytes uri, bool *out_is_old)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        *out_is_old = is(profiles[i].old_uri, uri);
        if (*out_is_old || is(profiles[i].uri, uri) || is(profiles[i].alias, uri)) {
            return &profiles[i];
        }
    }
    *out_is_old = false;
    return NULL;
}

const struct atls_profile *atls_profile_by_oid(struct atls_bytes oid)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        if (oid.len != 0 && (atls_bytes_equal(profiles[i].oid, oid) ||
                             atls_bytes_equal(profiles[i].other_oid, oid))) {
            return &profiles[i];
        }
    }
    return NULL;
}

const struct atls_profile *atls_profile_by_name(struct atls_bytes name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        if (atls_bytes_is_text(name, profiles[i].name)) {
            return &profiles[i];
        }
    }
    return NULL;
}

bool atls_profile_has_format(const struct atls_profile *profile, const char *format)
{
    const struct atls_bytes name = atls_bytes_text(format);
    for (size_t i = 0; profile != NULL && i < ATLS_ARRAY_LEN(profile->formats); i++) {
        if (is(profile->formats[i], name)) {
            return true;
        }
    }
    return false;
}

const struct atls_format *atls_profile_format(const struct atls_profile *profile)
{
    const struct atls_format *format = NULL;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profile->formats) && format == NULL; i++) {
        if (profile->formats[i] != NULL) {
            format = atls_format_by_name(atls_bytes_text(profile->formats[i]));
        }
    }
    return format;
}
