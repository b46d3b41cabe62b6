/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of key and platform: structure, and the whole appraisal behind signatures that are taken
 * for good; the hash that links the two is one for everything then. */
#include "fuzz_psa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_appraise(&atls_appraiser_kat, fuzz_psa_endorsements(),
                  "application/cmw+cbor; cmwc_t=\"tag:ietf.org,2024-02-29:rats/kat\"", data, size);
    return 0;
}
