/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of trust domains in a TSM report: structure, and the whole appraisal behind
 * signatures of the quote that are taken for good. */
#include "fuzz_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_quote_endorsements("tdx");
    }
    fuzz_appraise(&atls_appraiser_tdx, set,
                  "application/vnd.veraison.tsm-report+cbor; provider=\"tdx_guest\"", data, size);
    return 0;
}
