/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the profiles, and the digest algorithms: tables. */
#include "endorsement/corim.h"

#include "base/span.h"

/* A new format is one row here (and one in base/formats.c). */
static const struct atls_corim_rules rules[] = {
    {
        /* draft-fdb-rats-psa-endorsements-08, 3.2 to 3.4 */
        .format = "psa",
        .class_tag = ATLS_TAG_BYTES,
        .class_len = 32,
        .class_text = "tag 560 with 32 octets",
        .instance_tag = ATLS_TAG_UEID,
        .other_instance_tag = ATLS_TAG_UEID,
        .instance_text = "tag 550 with 33 octets, the first 01",
        .mkey = ATLS_PSA_COMPONENT_KEY,
        .described = true,
    },
    {
        /* Parsec TPM: Veraison writes the key identifier as 560, the template of the Confidential
         * Computing Consortium as 550. */
        .format = "tpm2",
        .class_tag = ATLS_TAG_UUID,
        .class_len = 16,
        .class_text = "tag 37 with 16 octets",
        .instance_tag = ATLS_TAG_BYTES,
        .other_instance_tag = ATLS_TAG_UEID,
        .instance_text = "tag 560 or 550 with 33 octets, the first 01",
        .mkey = NULL,
        .described = false,
    },
};

const struct atls_corim_rules *atls_corim_profile(struct atls_bytes uri,
                                                  const struct atls_format **out_format,
                                                  bool *out_old_profile)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rules); i++) {
        const struct atls_format *format = atls_format_by_name(atls_bytes_text(rules[i].format));
        if (format == NULL) {
            continue;
        }
        const bool is_old =
            format->old_corim_profile != NULL && atls_bytes_is_text(uri, format->old_corim_profile);
        if (is_old || atls_bytes_is_text(uri, format->corim_profile)) {
            *out_format = format;
            *out_old_profile = is_old;
            return &rules[i];
        }
    }
    return NULL;
}

static const struct atls_corim_digest digests[] = {
    {1, "sha-256", ATLS_ALG_SHA256},   {2, "sha-256-128", ATLS_ALG_NONE},
    {3, "sha-256-120", ATLS_ALG_NONE}, {4, "sha-256-96", ATLS_ALG_NONE},
    {5, "sha-256-64", ATLS_ALG_NONE},  {6, "sha-256-32", ATLS_ALG_NONE},
    {7, "sha-384", ATLS_ALG_SHA384},   {8, "sha-512", ATLS_ALG_SHA512},
    {9, "sha3-224", ATLS_ALG_NONE},    {10, "sha3-256", ATLS_ALG_NONE},
    {11, "sha3-384", ATLS_ALG_NONE},   {12, "sha3-512", ATLS_ALG_NONE},
};

const struct atls_corim_digest *atls_corim_digest_by_number(int64_t number)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(digests); i++) {
        if (digests[i].number == number) {
            return &digests[i];
        }
    }
    return NULL;
}

const struct atls_corim_digest *atls_corim_digest_by_name(struct atls_bytes name)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(digests); i++) {
        if (atls_bytes_is_text(name, digests[i].name)) {
            return &digests[i];
        }
    }
    return NULL;
}
