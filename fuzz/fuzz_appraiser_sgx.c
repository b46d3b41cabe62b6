/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of enclaves, collateral that comes with them: structure, and the whole appraisal behind
 * signatures of the quote that are taken for good. */
#include "fuzz_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_quote_endorsements("sgx");
    }
    fuzz_appraise(&atls_appraiser_sgx, set, "application/vnd.atls.sgx-quote+cbor", data, size);
    return 0;
}
