/* SPDX-License-Identifier: Apache-2.0 */
/* ClientHello: an offer that is read is written as exactly the octets that it was read from, and a
 * refusal says what was found and expected. */
#include "fuzz_check.h"

#include "base/span.h"
#include "handshake/remote_attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[65536];
    const struct atls_bytes body = atls_bytes_of(data, size);
    const struct atls_buf buf = {room, sizeof room};
    struct atls_offer offer;
    struct atls_diag diag;
    const enum atls_err err = atls_offer_parse(&offer, body, &diag);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_MALFORMED && diag.err == err && diag.offset <= size);
        fuzz_require(diag.found[0] != '\0' && diag.expected[0] != '\0');
        return 0;
    }
    size_t len = 0;
    fuzz_require(offer.server.count <= ATLS_MAX_SCHEMES);
    fuzz_require(offer.client.count <= ATLS_MAX_SCHEMES);
    fuzz_require(atls_offer_write(buf, &len, &offer, NULL) == ATLS_OK);
    fuzz_require(atls_bytes_equal(body, atls_bytes_of(room, len)));
    return 0;
}
