/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CMW as a peer sends it, against an empty set of endorsements: nobody is accepted, and what is
 * said about it is a refusal of the peer and no fault of ours. The first octet chooses what was
 * negotiated.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "verifier/verifier.h"

static struct atls_endorsements *endorsements(void)
{
    static struct atls_endorsements *empty;
    if (empty == NULL) {
        fuzz_require(atls_endorsements_new(&empty, NULL) == ATLS_OK);
    }
    return empty;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[32] = {0x0a};
    if (size == 0) {
        return 0;
    }
    const size_t row = data[0] % (atls_num_formats + 1);
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .endorsements = endorsements(),
        .format = row < atls_num_formats ? &atls_formats[row] : NULL,
        .cmw = atls_bytes_of(data + 1, size - 1),
        .expected_nonce = atls_bytes_of(nonce, sizeof nonce),
        .now_s = 1780000000,
        .want_claims = true,
    };
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const enum atls_err err = atls_verify(&appraisal, &request, &diag);
    fuzz_require(err != ATLS_OK && diag.err == err);
    fuzz_require(atls_err_fault(err) == ATLS_FAULT_POLICY);
    return 0;
}
