/* SPDX-License-Identifier: Apache-2.0 */
/* One or two JSON templates with an octet 00 between them: refused with a sentence, or a CoRIM in
 * strict CBOR that is the same each time. */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/cbor.h"
#include "endorsement/corim_create.h"

#include <stdlib.h>

static const char profile[] = "tag:arm.com,2025:psa#1.0.0";

static void check_corim(const uint8_t *octets, size_t len)
{
    struct atls_cbor outer;
    struct atls_cbor map;
    struct atls_cbor tags;
    const struct atls_bytes corim = atls_bytes_of(octets, len);
    fuzz_require(atls_cbor_parse(&outer, corim, ATLS_CBOR_STRICT, "CoRIM", NULL) == ATLS_OK);
    fuzz_require(atls_cbor_tag(&outer, 501, &map) && atls_cbor_get(&map, 1, &tags));
    fuzz_require(tags.argument >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *middle = size == 0 ? NULL : memchr(data, 0, size);
    const size_t first = middle == NULL ? size : (size_t)(middle - data);
    const struct atls_bytes templates[2] = {
        atls_bytes_of(data, first),
        atls_bytes_of(middle == NULL ? NULL : middle + 1, middle == NULL ? 0 : size - first - 1),
    };
    const size_t num = middle == NULL ? 1 : 2;
    uint8_t *octets = NULL;
    size_t len = 0;
    struct atls_diag diag;
    const enum atls_err err =
        atls_corim_create(&octets, &len, templates, num, num == 1 ? profile : NULL, false, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_ENDORSEMENT && diag.err == err);
        fuzz_require(diag.expected[0] != '\0');
        fuzz_require(octets == NULL && len == 0);
        return 0;
    }
    check_corim(octets, len);
    uint8_t *again = NULL;
    size_t again_len = 0;
    fuzz_require(atls_corim_create(&again, &again_len, templates, num, num == 1 ? profile : NULL,
                                   false, NULL) == ATLS_OK);
    fuzz_require(again_len == len);
    /* Without a CoRIM template the id is random. */
    fuzz_require(num == 1 || memcmp(octets, again, len) == 0);
    free(octets);
    free(again);
    return 0;
}
