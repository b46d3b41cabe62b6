/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the extensions of certificates: what is accepted lies within the input, and what
 * is written is read. */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/dstack.h"
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

static void endorsements(struct atls_bytes input)
{
    struct atls_ratls_endorsements parts;
    struct atls_diag diag = {0};
    const enum atls_err err = atls_ratls_endorsements_parse(&parts, input, &diag);
    fuzz_require(err == diag.err);
    for (size_t i = 0; err == ATLS_OK && i < parts.num; i++) {
        require_within(parts.part[i], input);
        fuzz_require(parts.part[i].len == 0 || parts.part[i].data[parts.part[i].len - 1] != 0);
    }
}

/* The room is as long as the input, which is always enough: ASan sees an octet more. */
static void dstack(struct atls_bytes input)
{
    struct atls_dstack found;
    struct atls_diag diag = {0};
    const struct atls_buf room = {malloc(input.len + (input.len == 0)), input.len};
    fuzz_require(room.data != NULL);
    const enum atls_err err = atls_dstack_attestation(&found, room, input, &diag);
    fuzz_require(err == diag.err);
    fuzz_require(err != ATLS_OK || (found.len != 0 && found.len < input.len));
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
    struct atls_bytes claims;
    if (atls_ratls_open_enclave_evidence(&part, &claims, input, NULL) == ATLS_OK) {
        require_within(part, input);
        require_within(claims, input);
    }
    endorsements(input);
    dstack(input);
    round_trip(input);
    return 0;
}
