/* SPDX-License-Identifier: Apache-2.0 */
/* The extension of PCK certificates: read, or refused with a sentence and nothing written. */
#include "fuzz_check.h"

#include "appraiser/intel/pck.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_pck pck;
    struct atls_pck again;
    struct atls_diag diag = {.err = ATLS_OK};
    memset(&pck, 0xa5, sizeof pck);
    memset(&again, 0xa5, sizeof again);
    const enum atls_err err = atls_pck_read_extension(&pck, atls_bytes_of(data, size), &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_EVIDENCE_MALFORMED && diag.err == err);
        fuzz_require(diag.claim[0] != '\0' && memcmp(&pck, &again, sizeof pck) == 0);
        return 0;
    }
    fuzz_require(pck.type <= ATLS_PCK_SCALABLE_WITH_INTEGRITY);
    fuzz_require(pck.dynamic_platform <= ATLS_PCK_YES && pck.cached_keys <= ATLS_PCK_YES &&
                 pck.smt_enabled <= ATLS_PCK_YES);
    /* DER has one form: nothing shorter and nothing longer is read. */
    fuzz_require(atls_pck_read_extension(&again, atls_bytes_of(data, size - 1), NULL) != ATLS_OK);
    return 0;
}
