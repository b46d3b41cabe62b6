/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate: a CMW lies inside its body, and is written as it was read. */
#include "fuzz_check.h"

#include "base/span.h"
#include "handshake/remote_attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[ATLS_MAX_EXTENSION_LEN];
    const struct atls_bytes body = atls_bytes_of(data, size);
    const struct atls_buf buf = {room, sizeof room};
    struct atls_bytes cmw;
    struct atls_diag diag;
    const enum atls_err err = atls_credential_parse(&cmw, body, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_MALFORMED && diag.err == err && diag.offset <= size);
        fuzz_require(diag.found[0] != '\0' && diag.expected[0] != '\0');
        return 0;
    }
    size_t len = 0;
    fuzz_require(cmw.len >= 1 && cmw.len <= ATLS_MAX_CMW_LEN && cmw.len + 3 == size);
    fuzz_require(cmw.data == data + 3);
    fuzz_require(atls_credential_write(buf, &len, cmw, NULL) == ATLS_OK);
    fuzz_require(atls_bytes_equal(body, atls_bytes_of(room, len)));
    return 0;
}
