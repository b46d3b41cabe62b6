/* SPDX-License-Identifier: Apache-2.0 */
/* TPM key attestation bundles: structure, and the whole appraisal behind signatures and names that
 * are taken for good. */
#include "fuzz_appraiser.h"

#define UUID "cd1f0e55-26f9-460d-b9d8-f7fde171787c"
#define KID  "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB" /* 33 times 01 */

/* Two PCRs of bank SHA-256, one of them with two values. */
static const char comid[] =
    "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
    "\"attester-verification-keys\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"uuid\",\"value\":\"" UUID "\"}},"
    "\"instance\":{\"type\":\"bytes\",\"value\":\"" KID "\"}},"
    "\"verification-keys\":[{\"type\":\"pkix-base64-key\",\"value\":\"" FUZZ_PEM "\"}]}],"
    "\"reference-values\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"uuid\",\"value\":\"" UUID "\"}}},"
    "\"measurements\":["
    "{\"key\":{\"type\":\"uint\",\"value\":0},"
    "\"value\":{\"digests\":[[1,\"sbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbE\"]]}},"
    "{\"key\":{\"type\":\"uint\",\"value\":0},"
    "\"value\":{\"digests\":[[1,\"sLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLA\"]]}},"
    "{\"key\":{\"type\":\"uint\",\"value\":7},"
    "\"value\":{\"digests\":[[1,\"sbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbE\"]]}}]}]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_endorsements(comid, "tag:github.com/parallaxsecond,2023-03-03:tpm");
    }
    fuzz_appraise(&atls_appraiser_tpm2, set, "application/vnd.parallaxsecond.key-attestation.tpm",
                  data, size);
    return 0;
}
