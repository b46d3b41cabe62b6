/* SPDX-License-Identifier: Apache-2.0 */
/* EncryptedExtensions and CertificateRequest: a choice is written as it was read. */
#include "fuzz_check.h"

#include "base/span.h"
#include "handshake/remote_attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t room[4 + ATLS_MAX_SCHEME_TEXT_LEN];
    const struct atls_bytes body = atls_bytes_of(data, size);
    const struct atls_buf buf = {room, sizeof room};
    struct atls_scheme choice;
    struct atls_diag diag;
    const enum atls_err err = atls_choice_parse(&choice, body, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_MALFORMED && diag.err == err && diag.offset <= size);
        fuzz_require(diag.found[0] != '\0' && diag.expected[0] != '\0');
        return 0;
    }
    size_t len = 0;
    fuzz_require(atls_choice_write(buf, &len, &choice, NULL) == ATLS_OK);
    fuzz_require(atls_bytes_equal(body, atls_bytes_of(room, len)));
    fuzz_require(atls_scheme_equal(&choice, &choice));
    atls_scheme_describe(&diag, &choice);
    return 0;
}
