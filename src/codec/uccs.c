/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/uccs.h"

#include "base/diag.h"

enum { TAG_UCCS = 601 };

enum atls_err atls_uccs_parse_item(struct atls_cbor *claims, const struct atls_cbor *item,
                                   struct atls_diag *diag)
{
    static const char step[] = "UCCS";
    struct atls_cbor map;
    if (!atls_cbor_tag(item, TAG_UCCS, &map)) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "tag", "none, or another",
                               "tag 601");
    }
    if (map.type != ATLS_CBOR_MAP) {
        return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "claims", "another type", "a map");
    }
    struct atls_cbor_iter iter = atls_cbor_members(&map);
    struct atls_cbor key;
    struct atls_cbor value;
    while (atls_cbor_next_pair(&iter, &key, &value)) {
        int64_t number = 0;
        if (key.type != ATLS_CBOR_TEXT && !atls_cbor_int(&key, &number)) {
            return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, "claim key", "another type",
                                   "an integer or text"); /* RFC 8392, 1.1 */
        }
    }
    *claims = map;
    return ATLS_OK;
}

enum atls_err atls_uccs_parse(struct atls_cbor *claims, struct atls_bytes input,
                              struct atls_diag *diag)
{
    struct atls_cbor item;
    enum atls_err err = atls_cbor_parse(&item, input, ATLS_CBOR_STRICT, "UCCS", diag);
    if (err != ATLS_OK) {
        return err;
    }
    return atls_uccs_parse_item(claims, &item, diag);
}
