/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoTL, a list of tags (draft-ietf-rats-corim-11, 6), which says which tags are to be in use
 * together. Here every tag that is loaded is in use, so the list is read, its dates count, and it
 * changes nothing else.
 */
#include "endorsement/statement_read.h"

#include "base/span.h"

enum atls_err atls_corim_cotl(struct atls_corim *corim, const struct atls_cbor *map)
{
    static const struct atls_corim_field fields[] = {
        {0, "tag-identity (key 0)", ATLS_CORIM_REQUIRED},
        {1, "tags-list (key 1)", ATLS_CORIM_REQUIRED},
        {2, "tl-validity (key 2)", ATLS_CORIM_REQUIRED},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_cbor item;
    struct atls_corim_dates dates;
    enum atls_err err =
        atls_corim_fields(corim, map, "CoTL", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK) {
        err = atls_corim_tag_identity(corim, &value[0], corim->source);
    }
    if (err == ATLS_OK) {
        err = atls_corim_list(corim, &value[1], "tags-list");
    }
    struct atls_cbor_iter iter = atls_cbor_members(&value[1]);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        err = atls_corim_tag_identity(corim, &item, NULL);
    }
    if (err == ATLS_OK) {
        err = atls_corim_validity(corim, &value[2], "tl-validity", &dates);
    }
    if (err == ATLS_OK) {
        err = atls_corim_check_dates(corim, &value[2], &dates);
    }
    return err == ATLS_OK
               ? atls_corim_note(corim, "a CoTL (tag 508)",
                                 "kept, and without effect: every tag that is loaded counts")
               : err;
}
