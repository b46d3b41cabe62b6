/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON forms of a CMW (RFC 9999): record and collection. Reading gives the same CMW in its
 * CBOR form, so that everything behind it knows one form only.
 */
#ifndef JSON_CMW_JSON_H
#define JSON_CMW_JSON_H

#include "codec/cmw.h"

/* atls_cmw_json_parse gives the CBOR form in new memory (caller: free), for atls_cmw_parse. All
 * rules of the CBOR form hold: nesting, members, media types. MALFORMED otherwise. */
ATLS_NODISCARD enum atls_err atls_cmw_json_parse(uint8_t **out, size_t *out_len,
                                                 struct atls_bytes json, struct atls_diag *diag);

/*
 * atls_cmw_read_any reads a CMW in whatever form it has, of 1 to ATLS_MAX_CMW_LEN octets. The JSON
 * forms are turned into CBOR first: *storage, which the caller frees whatever comes of it, then
 * holds what the spans borrow. MALFORMED otherwise.
 */
ATLS_NODISCARD enum atls_err atls_cmw_read_any(struct atls_cmw *out, uint8_t **storage,
                                               struct atls_bytes input, const char *what,
                                               struct atls_diag *diag);

/*
 * atls_cmw_json_write gives the JSON form (caller: free). A content format becomes its media type;
 * one that has none here, and an integer label, have no JSON form and are ATLS_ERR_ARGUMENT.
 */
ATLS_NODISCARD enum atls_err atls_cmw_json_write(char **out, const struct atls_cmw *cmw,
                                                 struct atls_diag *diag);

#endif
