/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the extensions of certificates: what is accepted lies within the input, and what
 * is written is read. */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/ratls.h"

static void require_within(struct atls_bytes part, struct atls_bytes whole)
{
    fuzz_require(part.len == 0 ||
                 (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static void round_trip(struct atls_bytes cmw)
{
    const struct atls_buf room = {malloc(cmw.len + 8), cmw.len + 8};
    struct atls_writer w = atls_writer_of(room);
    struct atls_bytes found;
    size_t len = 0;
    fuzz_require(room.data != NULL);
    atls_ratls_put_cmw(&w, cmw);
    fuzz_require(atls_writer_finish(&w, &len));
    fuzz_require(atls_ratls_open_cmw(&found, atls_bytes_of(room.data, len), NULL) == ATLS_OK);
    fuzz_require(atls_bytes_equal(found, cmw));
    free(room.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    struct atls_ratls ratls;
    struct atls_bytes part;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_ratls_parse(&ratls, input, &diag);
    fuzz_require(err == diag.err);
    if (err == ATLS_OK) {
        require_within(ratls.evidence, input);
        require_within(ratls.claims, input);
        require_within(ratls.key_hash, ratls.claims);
        require_within(ratls.nonce, ratls.claims);
        fuzz_require(ratls.key_hash.len == atls_hash_len(ratls.hash_alg));
    }
    if (atls_ratls_open_cmw(&part, input, NULL) == ATLS_OK) {
        require_within(part, input);
    }
    if (atls_ratls_open_enclave(&part, input, NULL) == ATLS_OK) {
        require_within(part, input);
    }
    round_trip(input);
    return 0;
}
