/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atls_cbor_parse under all flags. What it accepts is walked whole with the accessors and written
 * again: in strict mode that gives the input back; in any mode it gives an item that strict
 * parsing accepts.
 */
#include "fuzz_check.h"

#include "base/span.h"
#include "../tests/support/cbor_reencode.h"

/* Strict is the narrowest: no flag makes the parser refuse what it accepts without. */
static void check_flags(struct atls_bytes input, bool strict_accepts)
{
    struct atls_cbor item;
    for (unsigned flags = 1; flags < 8; flags++) {
        const enum atls_err err = atls_cbor_parse(&item, input, flags, "fuzz", NULL);
        fuzz_require(!strict_accepts || err == ATLS_OK);
        fuzz_require(err != ATLS_OK || item.encoded.len <= input.len);
        fuzz_require(err != ATLS_OK || item.encoded.data == input.data);
    }
}

static void check_reencoded(const struct atls_cbor *item, struct atls_bytes expected)
{
    /* A definite head may be longer than the indefinite one and its break. */
    const size_t cap = 2 * item->encoded.len;
    uint8_t *room = malloc(cap);
    fuzz_require(room != NULL);
    const struct atls_buf buf = {room, cap};
    struct atls_writer w = atls_writer_of(buf);
    size_t len = 0;
    fuzz_require(test_cbor_reencode(&w, item) && atls_writer_finish(&w, &len));
    const struct atls_bytes again = atls_bytes_of(room, len);
    if (expected.data != NULL) {
        fuzz_require(atls_bytes_equal(again, expected));
    }
    struct atls_cbor strict;
    fuzz_require(atls_cbor_parse(&strict, again, ATLS_CBOR_STRICT, "fuzz", NULL) == ATLS_OK);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes input = {data, size};
    const struct atls_bytes any = {NULL, 0};
    struct atls_cbor item;
    struct atls_diag diag;
    const bool strict = atls_cbor_parse(&item, input, ATLS_CBOR_STRICT, "fuzz", &diag) == ATLS_OK;
    if (strict) {
        check_reencoded(&item, input);
    } else {
        fuzz_require(diag.err == ATLS_ERR_MALFORMED && diag.offset <= size);
        fuzz_require(diag.found[0] != '\0' && diag.expected[0] != '\0');
    }
    check_flags(input, strict);
    const unsigned lax = ATLS_CBOR_ALLOW_INDEFINITE | ATLS_CBOR_ALLOW_LONG_FORM;
    if (atls_cbor_parse(&item, input, lax, "fuzz", NULL) == ATLS_OK) {
        check_reencoded(&item, any);
    }
    return 0;
}
