/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation documents: structure and path, and the whole appraisal behind a signature that is
 * taken for good. The path is verified all the same, so seeds hold the one of tests/kat/nitro.
 */
#include "fuzz_appraiser.h"

/* authority-0.der of tests/kat/nitro, whose key is the hash of its name. */
#define ROOT                                                                                       \
    "MIIBqzCCATCgAwIBAgICAQAwCgYIKoZIzj0EAwMwLTErMCkGA1UEAwwiYXdzLm5pdHJvLWVu"                     \
    "Y2xhdmVzLCBvZiB0aGUgc2FtcGxlczAeFw0yMTAzMzExNDEzMjBaFw00ODA4MTYxNDEzMjBa"                     \
    "MC0xKzApBgNVBAMMImF3cy5uaXRyby1lbmNsYXZlcywgb2YgdGhlIHNhbXBsZXMwdjAQBgcq"                     \
    "hkjOPQIBBgUrgQQAIgNiAATafqLwHUdJ5sX9cSn6VMsBpmchOraaNmPhkLGySAapzL9+BK5U"                     \
    "u4kQpzEHSF/B8toeUIrn5F/lStvP4idb1jjBMHjtZWofCLCVPcyyFOCyuKnXvlUoswag607+"                     \
    "9B+LJCGjIzAhMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgGGMAoGCCqGSM49BAMD"                     \
    "A2kAMGYCMQCRFz7HQJ62b36FpC1j1cg5Ev7B2kkmLj5r9YNvg0RFoBzqm5V3cCCHu+cFszSV"                     \
    "J70CMQDG7G0+TUMZj9p3gCushgxer8RPcg0Z2D21SAYO9VR1X1pwor+f4QKP7VxWZjV2GwQ="

/* PCR 0 is 48 times a0. */
static const char comid[] =
    "{\"tag-identity\":{\"id\":\"fuzz\",\"version\":0},\"triples\":{"
    "\"attester-verification-keys\":[{\"environment\":{"
    "\"class\":{\"vendor\":\"Amazon\",\"model\":\"aws.nitro-enclaves\"}},"
    "\"verification-keys\":[{\"type\":\"pkix-asn1der-cert\",\"value\":\"" ROOT "\"}]}],"
    "\"reference-values\":[{\"environment\":{"
    "\"class\":{\"vendor\":\"Amazon\",\"model\":\"aws.nitro-enclaves\"}},"
    "\"measurements\":[{\"key\":{\"type\":\"uint\",\"value\":0},\"value\":{"
    "\"digests\":[[7,\"oKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCg\"]]}}]}]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_endorsements *set;
    if (set == NULL) {
        set = fuzz_endorsements(comid, "tag:atls,2026:nitro");
    }
    fuzz_appraise(&atls_appraiser_nitro, set, "application/vnd.atls.nitro+cose", data, size);
    return 0;
}
