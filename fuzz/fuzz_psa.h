/* SPDX-License-Identifier: Apache-2.0 */
/* The PSA root of trust that the targets of its appraisers endorse. */
#ifndef FUZZ_PSA_H
#define FUZZ_PSA_H

#include "fuzz_appraiser.h"

#define FUZZ_IMPLEMENTATION "SUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUk=" /* 32 times 49 */
#define FUZZ_INSTANCE       "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB" /* 33 times 01 */

/* One component "BL" in version 1: 32 times b1, signed by 32 times 51. */
static const char fuzz_psa_comid[] =
    "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
    "\"attester-verification-keys\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"bytes\",\"value\":\"" FUZZ_IMPLEMENTATION "\"}},"
    "\"instance\":{\"type\":\"ueid\",\"value\":\"" FUZZ_INSTANCE "\"}},"
    "\"verification-keys\":[{\"type\":\"pkix-base64-key\",\"value\":\"" FUZZ_PEM "\"}]}],"
    "\"reference-values\":[{\"environment\":{"
    "\"class\":{\"id\":{\"type\":\"bytes\",\"value\":\"" FUZZ_IMPLEMENTATION "\"}}},"
    "\"measurements\":[{\"key\":{\"type\":\"string\",\"value\":\"psa.software-component\"},"
    "\"value\":{\"name\":\"BL\",\"version\":{\"value\":\"1\"},"
    "\"digests\":[[1,\"sbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbE\"]],"
    "\"cryptokeys\":[{\"type\":\"bytes\",\"value\":"
    "\"UVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVE=\"}]}}]}]}}";

static inline const struct atls_endorsements *fuzz_psa_endorsements(void)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_endorsements(fuzz_psa_comid, "tag:arm.com,2025:psa#1.0.0");
    }
    return set;
}

#endif
