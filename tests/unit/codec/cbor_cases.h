/* SPDX-License-Identifier: Apache-2.0 */
/* One line for one input of atls_cbor_parse. */
#ifndef CODEC_CBOR_CASES_H
#define CODEC_CBOR_CASES_H

#include "support/check.h"
#include "support/memory.h"

#include "codec/cbor.h"

static inline enum atls_err parse(const char *hex, unsigned flags, struct atls_diag *diag)
{
    struct atls_cbor item;
    return atls_cbor_parse(&item, test_hex(hex), flags, "test input", diag);
}

static inline void assert_accepted(const char *hex, unsigned flags)
{
    struct atls_diag diag = {0};
    if (parse(hex, flags, &diag) != ATLS_OK) {
        fail_msg("%s: refused: found %s", hex, diag.found);
    }
}

static inline void assert_refused(const char *hex, unsigned flags, const char *found, size_t offset)
{
    struct atls_diag diag = {0};
    if (parse(hex, flags, &diag) == ATLS_OK) {
        fail_msg("%s: accepted", hex);
    }
    assert_err(diag.err, MALFORMED);
    assert_string_equal(diag.step, "test input");
    assert_string_equal(diag.claim, "CBOR");
    assert_string_equal(diag.found, found);
    assert_true(diag.expected[0] != '\0');
    assert_int_equal(diag.offset, offset);
}

#endif
