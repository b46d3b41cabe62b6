/* SPDX-License-Identifier: Apache-2.0 */
/* PSA tokens: structure, and the whole appraisal behind a signature that is taken for good. */
#include "fuzz_psa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_appraise(&atls_appraiser_psa, fuzz_psa_endorsements(), "application/psa-attestation-token",
                  data, size);
    return 0;
}
