/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle of key and platform: what is read lies in the input, and can be written again. */
#include "fuzz_check.h"

#include "base/span.h"
#include "codec/kat.h"

static bool lies_in(struct atls_bytes part, struct atls_bytes whole)
{
    return part.len != 0 && part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

/* write_again: the claims of a key that was read are claims that are read. */
static void write_again(const struct atls_kat_claims *claims, const struct atls_cose_key *kak)
{
    static uint8_t room[65536];
    struct atls_writer w = atls_writer_of((struct atls_buf){room, sizeof room});
    struct atls_cbor map;
    struct atls_kat_claims again;
    size_t len = 0;
    atls_kat_put_claims(&w, claims, kak);
    fuzz_require(atls_writer_finish(&w, &len));
    fuzz_require(atls_cbor_parse(&map, atls_bytes_of(room, len), ATLS_CBOR_STRICT, "fuzz", NULL) ==
                 ATLS_OK);
    fuzz_require(atls_kat_claims_parse(&again, &map, NULL) == ATLS_OK);
    fuzz_require(atls_bytes_equal(again.nonce, claims->nonce) &&
                 atls_bytes_equal(again.identity.x, claims->identity.x) &&
                 again.identity.kty == claims->identity.kty);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_kat_bundle bundle;
    struct atls_kat_claims claims;
    struct atls_diag diag = {.err = ATLS_OK};
    const struct atls_bytes input = atls_bytes_of(data, size);
    enum atls_err err = atls_kat_bundle_parse(&bundle, input, &diag);
    fuzz_require(diag.err == err);
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_MALFORMED || err == ATLS_ERR_ALGORITHM);
        return 0;
    }
    fuzz_require(lies_in(bundle.kak_octets, input) && lies_in(bundle.kat.payload, input));
    fuzz_require(bundle.pat.kind == ATLS_CMW_RECORD || bundle.pat.kind == ATLS_CMW_TAG);
    err = atls_kat_claims_parse(&claims, &bundle.claims, &diag);
    fuzz_require(diag.err == err);
    if (err == ATLS_OK) {
        fuzz_require(lies_in(claims.nonce, input));
        write_again(&claims, &bundle.kak);
    }
    return 0;
}
