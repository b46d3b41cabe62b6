/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the profiles. Columns of a row: key, what it must and may hold, bounds, sentence.
 */
#include "endorsement/profile_rules.h"

#include "base/span.h"

#define TEXT(key)      .kind = ATLS_MKEY_TEXT, .text = (key)
#define UINT(from, to) .kind = ATLS_MKEY_UINT, .number = (from), .last = (to)
#define TAGGED(tag)    .kind = ATLS_MKEY_TAGGED, .number = (tag)
#define ROWS(rows)     .rules = (rows), .num_rules = ATLS_ARRAY_LEN(rows)
#define NO_REFERENCES  "none: this profile has attestation keys only"
#define UEID_TEXT      "tag 550 with 33 octets, the first 01"
#define ONE_PEM_KEY    .key_tags = {ATLS_TAG_PEM_KEY}, .key_text = "tag 554 with PEM"

/* draft-fdb-rats-psa-endorsements-08, 3.2 to 3.4 */
const struct atls_corim_rules atls_rules_psa = {
    .class_tag = ATLS_TAG_BYTES,
    .class_len = 32,
    .class_text = "tag 560 with 32 octets",
    .instance_tag = ATLS_TAG_UEID,
    .other_instance_tag = ATLS_TAG_UEID,
    .instance_text = UEID_TEXT,
    .mkey = ATLS_PSA_COMPONENT_KEY,
    .described = true,
};

/* Parsec TPM: Veraison writes the key identifier as 560, the template of the Confidential Computing
 * Consortium as 550. */
const struct atls_corim_rules atls_rules_tpm2 = {
    .class_tag = ATLS_TAG_UUID,
    .class_len = 16,
    .class_text = "tag 37 with 16 octets",
    .instance_tag = ATLS_TAG_BYTES,
    .other_instance_tag = ATLS_TAG_UEID,
    .instance_text = "tag 560 or 550 with 33 octets, the first 01",
    .mkey = NULL,
    .described = false,
};

/* Arm CCA, platform: the environments of PSA, components and one configuration. */
static const struct atls_measurement_rule cca_platform[] = {
    {TEXT("cca.software-component"), .must = ATLS_HAS_DIGESTS | ATLS_HAS_CRYPTOKEYS,
     .may = ATLS_HAS_VERSION | ATLS_HAS_NAME, .has_signer = true, .min_count = 1,
     .expected = "at least one component: digests, one signer-id (tag 560 with 32, 48 or 64 "
                 "octets) in cryptokeys, perhaps name and version (without scheme)"},
    {TEXT("cca.platform-config"), .must = ATLS_HAS_RAW, .max_count = 1,
     .expected = "one raw-value, perhaps with a mask"},
    {TAGGED(ATLS_TAG_OLD_REFVAL_ID), .must = ATLS_HAS_DIGESTS, .expected = "digests"},
    {TAGGED(ATLS_TAG_OLD_CONFIG_ID), .must = ATLS_HAS_RAW, .max_count = 1,
     .expected = "one raw-value"},
};
const struct atls_profile_checks atls_checks_cca_platform = {
    .references = {.class_id = ATLS_MUST,
                   .class_tag = ATLS_TAG_BYTES,
                   .class_lens = {32},
                   .class_text = "tag 560 with 32 octets",
                   .instance = ATLS_MUST_NOT,
                   .instance_text = "reference values of a class"},
    .keys = {.class_id = ATLS_MUST,
             .class_tag = ATLS_TAG_BYTES,
             .class_lens = {32},
             .class_text = "tag 560 with 32 octets",
             .instance = ATLS_MUST,
             .instance_tag = ATLS_TAG_UEID,
             .instance_len = ATLS_INSTANCE_LEN,
             .instance_is_rand = true,
             .instance_text = UEID_TEXT},
    ROWS(cca_platform),
    .mkey_text = "cca.software-component or cca.platform-config",
    ONE_PEM_KEY,
};

/* Arm CCA, realm: the initial measurement is the class, and is measured as well. */
#define REM(key)                                                                                   \
    {                                                                                              \
        TEXT(key), .must = ATLS_HAS_DIGESTS, .only_digest = -1, .max_count = 1,                    \
                   .expected = "exactly one digest"                                                \
    }
static const struct atls_measurement_rule cca_realm[] = {
    {TEXT("cca.rim"), .must = ATLS_HAS_DIGESTS, .only_digest = -1, .min_count = 1, .max_count = 1,
     .expected = "exactly one, with one digest"},
    REM("cca.rem0"),
    REM("cca.rem1"),
    REM("cca.rem2"),
    REM("cca.rem3"),
    {TEXT("cca.rpv"), .must = ATLS_HAS_RAW, .max_count = 1, .expected = "one raw-value"},
};
const struct atls_profile_checks atls_checks_cca_realm = {
    .no_keys = "none: a realm's key is in the platform's Evidence",
    .references = {.class_id = ATLS_MUST,
                   .class_tag = ATLS_TAG_BYTES,
                   .class_lens = {32, 48, 64},
                   .class_text = "tag 560 with the 32, 48 or 64 octets of the RIM",
                   .instance = ATLS_MUST_NOT,
                   .instance_text = "reference values of a class"},
    ROWS(cca_realm),
    .mkey_text = "cca.rim, cca.rem0 to cca.rem3 or cca.rpv",
};

/* AMD SEV-SNP: the numbers of draft-deeglaze-amd-sev-snp-corim-profile. */
#define SNP_RAW(key, len)                                                                          \
    {                                                                                              \
        UINT(key, key), .must = ATLS_HAS_RAW, .raw_len = (len), .max_count = 1,                    \
                        .expected = "one raw-value of " #len " octets"                             \
    }
#define SNP_SVN(key)                                                                               \
    {                                                                                              \
        UINT(key, key), .must = ATLS_HAS_SVN, .max_count = 1, .expected = "one svn"                \
    }
#define SNP_VERSION(key)                                                                           \
    {                                                                                              \
        UINT(key, key), .must = ATLS_HAS_VERSION, .may = ATLS_HAS_VERSION_SCHEME, .max_count = 1,  \
                        .expected = "one version"                                                  \
    }
static const struct atls_measurement_rule snp[] = {
    SNP_VERSION(0),
    SNP_SVN(1),
    SNP_RAW(2, 8),
    SNP_RAW(3, 16),
    SNP_RAW(4, 16),
    SNP_RAW(5, 4),
    SNP_SVN(6),
    SNP_RAW(7, 8),
    SNP_RAW(640, 64),
    {UINT(641, 641), .must = ATLS_HAS_DIGESTS, .only_digest = 7, .max_count = 1,
     .expected = "one sha-384 digest"},
    SNP_RAW(642, 32),
    {UINT(643, 643), .must = ATLS_HAS_DIGESTS, .only_digest = 7, .max_count = 1,
     .expected = "one sha-384 digest"},
    {UINT(644, 644), .must = ATLS_HAS_DIGESTS, .only_digest = 7, .max_count = 1,
     .expected = "one sha-384 digest"},
    SNP_RAW(645, 32),
    SNP_RAW(646, 32),
    SNP_SVN(647),
    SNP_RAW(3328, 64),
    SNP_SVN(3329),
    SNP_VERSION(3330),
    SNP_VERSION(3936),
    SNP_SVN(3968),
};
/* 1.3.6.1.4.1.3704.3.1 */
static const uint8_t snp_class[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, 0x01};
const struct atls_profile_checks atls_checks_snp = {
    .references = {.class_id = ATLS_MUST,
                   .class_tag = ATLS_TAG_OID,
                   .class_octets = {snp_class, sizeof snp_class},
                   .class_text = "tag 111 with 1.3.6.1.4.1.3704.3.1",
                   .instance = ATLS_MUST,
                   .instance_tag = ATLS_TAG_BYTES,
                   .instance_len = 48,
                   .instance_text = "tag 560 with the 48 octets of the launch measurement"},
    .keys = {.class_id = ATLS_MUST_NOT,
             .class_text = "none: vendor and model",
             .instance = ATLS_MUST_NOT,
             .instance_text = "none",
             .vendor = "Advanced Micro Devices",
             .model = ""},
    ROWS(snp),
    .mkey_text = "a number of the profile, such as 641 (measurement)",
    .key_tags = {ATLS_TAG_PEM_CERT, ATLS_TAG_PEM_PATH},
    .key_text = "tag 555 or 556 with certificates as PEM",
};

/* Intel: any measured value and those of intel.h; keys as certificates or bare. */
const struct atls_profile_checks atls_checks_intel = {
    .references = {.class_id = ATLS_MUST,
                   .class_tag = ATLS_TAG_OID,
                   .class_text = "tag 111",
                   .instance = ATLS_MAY,
                   .instance_tag = ATLS_TAG_BYTES,
                   .instance_text = "tag 560",
                   .vendor = "",
                   .model = ""},
    .keys = {.class_id = ATLS_MAY,
             .class_tag = ATLS_TAG_OID,
             .class_text = "tag 111",
             .instance = ATLS_MAY,
             .instance_tag = ATLS_TAG_BYTES,
             .instance_text = "tag 560"},
    .key_tags = {ATLS_TAG_PEM_KEY, ATLS_TAG_PEM_CERT, ATLS_TAG_PEM_PATH},
    .key_text = "tag 554, 555 or 556 with PEM",
};

/* DICE of RIoT (Veraison): one root for all, no reference values. */
const struct atls_profile_checks atls_checks_riot = {
    .no_references = NO_REFERENCES,
    .keys = {.class_id = ATLS_MUST_NOT,
             .class_text = "none: vendor and model",
             .instance = ATLS_MUST_NOT,
             .instance_text = "none",
             .vendor = "Veraison Project",
             .model = "RIOT"},
    .key_tags = {ATLS_TAG_PEM_PATH},
    .key_text = "tag 556 with certificates as PEM",
};

/* EnactTrust TPM (Veraison): one digest for one node. */
static const struct atls_measurement_rule enacttrust[] = {
    {.kind = ATLS_MKEY_NONE,
     .must = ATLS_HAS_DIGESTS,
     .max_count = 1,
     .expected = "exactly one measurement with digests"},
};
#define NODE                                                                                       \
    {                                                                                              \
        .class_id = ATLS_MUST_NOT, .class_text = "none: the instance alone",                       \
        .instance = ATLS_MUST, .instance_tag = ATLS_TAG_UUID, .instance_len = 16,                  \
        .instance_text = "tag 37 with 16 octets"                                                   \
    }
const struct atls_profile_checks atls_checks_enacttrust = {
    .references = NODE,
    .keys = NODE,
    ROWS(enacttrust),
    .mkey_text = "no mkey",
    ONE_PEM_KEY,
};

/* AWS Nitro Enclaves, ours: one record is one image, the PCRs of which must all match. */
static const struct atls_measurement_rule nitro[] = {
    {UINT(0, ATLS_MAX_PCR), .must = ATLS_HAS_DIGESTS, .only_digest = 7,
     .expected = "one sha-384 digest that is not all zeros (those are of debug mode)"},
};
#define ENCLAVES .vendor = "Amazon", .model = "aws.nitro-enclaves"
const struct atls_profile_checks atls_checks_nitro = {
    .references = {.class_id = ATLS_MAY,
                   .class_tag = ATLS_TAG_UUID,
                   .class_lens = {16},
                   .class_text = "tag 37 with 16 octets, or none",
                   .instance = ATLS_MAY,
                   .instance_tag = ATLS_TAG_BYTES,
                   .instance_text = "tag 560 with the octets of module_id, or none",
                   ENCLAVES},
    .keys = {.class_id = ATLS_MUST_NOT,
             .class_text = "none: vendor and model",
             .instance = ATLS_MUST_NOT,
             .instance_text = "none",
             ENCLAVES},
    ROWS(nitro),
    .mkey_text = "a PCR index, 0 to 31",
    .key_tags = {ATLS_TAG_PEM_CERT, ATLS_TAG_DER_CERT},
    .key_text = "tag 555 with PEM or tag 562 with DER: the root certificate",
    .refuse_zero = true,
};
