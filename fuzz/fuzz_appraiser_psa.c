/* SPDX-License-Identifier: Apache-2.0 */
/* PSA tokens: structure, and the whole appraisal behind a signature that is taken for good. */
#include "fuzz_appraiser.h"

#define IMPLEMENTATION "SUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUk=" /* 32 times 49 */
#define INSTANCE       "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB" /* 33 times 01 */

/* One component "BL" in version 1: 32 times b1, signed by 32 times 51. */
static const char comid[] =
    "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
    "\"attester-verification-keys\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"bytes\",\"value\":\"" IMPLEMENTATION "\"}},"
    "\"instance\":{\"type\":\"ueid\",\"value\":\"" INSTANCE "\"}},"
    "\"verification-keys\":[{\"type\":\"pkix-base64-key\",\"value\":\"" FUZZ_PEM "\"}]}],"
    "\"reference-values\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"bytes\",\"value\":\"" IMPLEMENTATION "\"}}},"
    "\"measurements\":[{\"key\":{\"type\":\"string\",\"value\":\"psa.software-component\"},"
    "\"value\":{\"name\":\"BL\",\"version\":{\"value\":\"1\"},"
    "\"digests\":[[1,\"sbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbE\"]],"
    "\"cryptokeys\":[{\"type\":\"bytes\",\"value\":"
    "\"UVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVE=\"}]}}]}]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_endorsements(comid, "tag:arm.com,2025:psa#1.0.0");
    }
    fuzz_appraise(&atls_appraiser_psa, set, "application/psa-attestation-token", data, size);
    return 0;
}
