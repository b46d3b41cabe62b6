/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets as text: base64url without padding (RFC 7515, 2), base64 with padding (RFC 4648, 4) and
 * hex. Decoding is strict: no other character, no blank, no missing or extra padding, and the
 * unused bits of the last character are zero, so that octets have one text only.
 */
#ifndef JSON_BASE64_H
#define JSON_BASE64_H

#include "atls/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>

/* Room for the text of `len` octets with its NUL, and for the octets of `len` characters. */
#define ATLS_BASE64_SIZE(len)         (((len) + 2) / 3 * 4 + 1)
#define ATLS_HEX_SIZE(len)            (2 * (len) + 1)
#define ATLS_BASE64_DECODED_SIZE(len) ((len) / 4 * 3 + 3)

/* Decoding is false, with `out` and `out_len` as they were, for text that is not in the form or
 * octets that do not fit. */
ATLS_NODISCARD bool atls_base64url_decode(struct atls_bytes text, struct atls_buf out,
                                          size_t *out_len);
ATLS_NODISCARD bool atls_base64_decode(struct atls_bytes text, struct atls_buf out,
                                       size_t *out_len);
/* Both cases of letters are read. */
ATLS_NODISCARD bool atls_hex_decode(struct atls_bytes text, struct atls_buf out, size_t *out_len);

/* Encoding writes text and NUL, and is false when `cap` octets are too few. */
ATLS_NODISCARD bool atls_base64url_encode(struct atls_bytes octets, char *out, size_t cap);
ATLS_NODISCARD bool atls_base64_encode(struct atls_bytes octets, char *out, size_t cap);
ATLS_NODISCARD bool atls_hex_encode(struct atls_bytes octets, char *out, size_t cap);

/* The same into new memory (caller: free); NULL without memory. */
char *atls_base64url_new(struct atls_bytes octets);
char *atls_base64_new(struct atls_bytes octets);
char *atls_hex_new(struct atls_bytes octets);

#endif
