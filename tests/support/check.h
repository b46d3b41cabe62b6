/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, and the assertions on this project's types. */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "atls/bytes.h"
#include "atls/error.h"
#include "base/span.h"

/* assert_err compares errors, and says the names of both. */
#define assert_err(found, expected)                                                                \
    assert_string_equal(atls_err_name(found), atls_err_name(ATLS_ERR_##expected))

/* assert_bytes compares spans, and shows where they differ. */
#define assert_bytes(found, expected)                                                              \
    do {                                                                                           \
        const struct atls_bytes found_bytes = (found);                                             \
        const struct atls_bytes expected_bytes = (expected);                                       \
        assert_int_equal(found_bytes.len, expected_bytes.len);                                     \
        if (expected_bytes.len != 0) {                                                             \
            assert_memory_equal(found_bytes.data, expected_bytes.data, expected_bytes.len);        \
        }                                                                                          \
    } while (0)

/* assert_text compares a span with a string. */
#define assert_text(found, text) assert_bytes(found, atls_bytes_text(text))

#endif
