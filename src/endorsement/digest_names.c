/* SPDX-License-Identifier: Apache-2.0 */
/* Digest algorithms by number and name (IANA, Named Information Hash Algorithm Registry). */
#include "endorsement/corim.h"

#include "base/span.h"

static const struct atls_corim_digest digests[] = {
    {1, "sha-256", 32, ATLS_ALG_SHA256},   {2, "sha-256-128", 16, ATLS_ALG_NONE},
    {3, "sha-256-120", 15, ATLS_ALG_NONE}, {4, "sha-256-96", 12, ATLS_ALG_NONE},
    {5, "sha-256-64", 8, ATLS_ALG_NONE},   {6, "sha-256-32", 4, ATLS_ALG_NONE},
    {7, "sha-384", 48, ATLS_ALG_SHA384},   {8, "sha-512", 64, ATLS_ALG_SHA512},
    {9, "sha3-224", 28, ATLS_ALG_NONE},    {10, "sha3-256", 32, ATLS_ALG_NONE},
    {11, "sha3-384", 48, ATLS_ALG_NONE},   {12, "sha3-512", 64, ATLS_ALG_NONE},
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
