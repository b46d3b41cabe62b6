/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value as CBOR and the reverse (RFC 8949, 6), for claims whose contents are free. Nothing
 * recurses, and nesting is that of CBOR, ATLS_MAX_CBOR_DEPTH.
 */
#ifndef JSON_CBOR_VALUE_H
#define JSON_CBOR_VALUE_H

#include "codec/cbor.h"

#include <jansson.h>

/* atls_cbor_from_json writes deterministic CBOR (4.2.1) into new memory (caller: free). A number
 * with a fraction becomes a float of 64 bits. ATLS_ERR_MALFORMED for what nests too deeply. */
ATLS_NODISCARD enum atls_err atls_cbor_from_json(uint8_t **out, size_t *out_len,
                                                 const json_t *value, const char *step,
                                                 struct atls_diag *diag);

/* atls_cbor_to_json gives a new value (caller: json_decref). Octets become base64url without
 * padding, labels that are integers their decimal text, tags what is in them, and what JSON has no
 * value for null. ATLS_ERR_MALFORMED for maps with other keys, or with equal ones after that. */
ATLS_NODISCARD enum atls_err atls_cbor_to_json(json_t **out, const struct atls_cbor *item,
                                               const char *step, struct atls_diag *diag);

#endif
