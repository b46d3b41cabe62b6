/* SPDX-License-Identifier: Apache-2.0 */
/* Times as RFC 3339 writes them, to and from seconds since 1970-01-01T00:00:00Z. */
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* Octets of "9999-12-31T23:59:59Z" and its NUL. */
#define ATLS_RFC3339_LEN 21

/* atls_rfc3339_parse reads exactly one date-time (RFC 3339, 5.6). A fraction is dropped; a leap
 * second (":60") and a day that its month does not have are refused. */
ATLS_NODISCARD bool atls_rfc3339_parse(struct atls_bytes text, int64_t *out_s);

/* atls_rfc3339_write writes `seconds` in UTC, or "?" outside the years 0000 to 9999. */
void atls_rfc3339_write(char out[ATLS_RFC3339_LEN], int64_t seconds);

#endif
