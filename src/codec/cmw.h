/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conceptual Message Wrapper (RFC 9999), the CBOR forms: record, tag, collection.
 * (The JSON forms are in json/cmw_json.h; a signed CMW is a COSE_Sign1 of codec/cose.h.)
 */
#ifndef CODEC_CMW_H
#define CODEC_CMW_H

#include "codec/cbor.h"

enum atls_cmw_kind { ATLS_CMW_RECORD = 1, ATLS_CMW_TAG, ATLS_CMW_COLLECTION };

/* Conceptual message indicators (RFC 9999, "ind"). */
enum {
    ATLS_CMW_REFERENCE_VALUES = 1,
    ATLS_CMW_ENDORSEMENTS = 2,
    ATLS_CMW_EVIDENCE = 4,
    ATLS_CMW_RESULTS = 8,
    ATLS_CMW_POLICY = 16
};

struct atls_cmw {
    enum atls_cmw_kind kind;
    /* record, tag: either the content format or the media type says what `value` is */
    bool by_content_format;
    uint16_t content_format;
    struct atls_bytes media_type; /* text */
    struct atls_bytes value;
    uint32_t ind; /* 0: absent */
    /* collection */
    struct atls_bytes collection_type; /* "__cmwc_t", empty when absent */
    struct atls_cbor collection;       /* the map, for atls_cmw_find and atls_cbor_members */
};

/* atls_cmw_parse reads a CMW in any CBOR form, in strict CBOR; a collection is checked to its
 * leaves, at most ATLS_MAX_COLLECTION_DEPTH deep. Bits of `ind` without a meaning are kept. */
ATLS_NODISCARD enum atls_err atls_cmw_parse(struct atls_cmw *out, struct atls_bytes input,
                                            struct atls_diag *diag);
/* atls_cmw_parse_item is the same for a member of a collection. */
ATLS_NODISCARD enum atls_err atls_cmw_parse_item(struct atls_cmw *out, const struct atls_cbor *item,
                                                 struct atls_diag *diag);
/* atls_cmw_find gives the member with this text label of a collection. (Members with a number:
 * atls_cbor_get on `collection`, then atls_cmw_parse_item.) */
ATLS_NODISCARD bool atls_cmw_find(const struct atls_cmw *collection, const char *label,
                                  struct atls_cmw *out);

/* atls_cmw_format finds the row of the table of names (base/formats.h) that the label of a record
 * or tag, or the type of a collection, names; NULL when none does. */
struct atls_format;
const struct atls_format *atls_cmw_format(const struct atls_cmw *cmw);
/* atls_cmw_evidence gives what an appraiser of that row reads: the value of a record or tag, a
 * collection as a whole. */
struct atls_bytes atls_cmw_evidence(const struct atls_cmw *cmw);

/* Writing one record: [content_format or media type, value, ind]; ind 0 leaves it out. */
void atls_cmw_put_record_cf(struct atls_writer *w, uint16_t content_format, struct atls_bytes value,
                            uint32_t ind);
void atls_cmw_put_record_media(struct atls_writer *w, const char *media_type,
                               struct atls_bytes value, uint32_t ind);
/* The tag form of a content format (RFC 9277): TN(ct); false when ct has no tag (65025..65535). */
ATLS_NODISCARD bool atls_cmw_put_tag(struct atls_writer *w, uint16_t content_format,
                                     struct atls_bytes value);
/* TN(ct) and its inverse; false where there is none. */
ATLS_NODISCARD bool atls_cmw_tag_of(uint16_t content_format, uint32_t *out_tag);
ATLS_NODISCARD bool atls_cmw_tag_inverse(uint64_t tag, uint16_t *out_content_format);

/* atls_media_type_equal compares as RFC 9999 and RFC 9110 do: type, subtype and parameter names
 * without case, parameter values with it, blanks around ';' ignored, quotes optional, parameters in
 * any order. What is no media type equals nothing, itself included. */
ATLS_NODISCARD bool atls_media_type_equal(struct atls_bytes a, struct atls_bytes b);
/* atls_media_type_is compares with a type of ours: the same octets are valid without a look. */
ATLS_NODISCARD bool atls_media_type_is(struct atls_bytes text, const char *ours);
/* atls_media_type_is_valid: the grammar of RFC 9110, 8.3.1, in at most ATLS_MAX_SCHEME_TEXT_LEN
 * octets, with at most ATLS_MAX_MEDIA_PARAMETERS parameters, none of them twice. */
ATLS_NODISCARD bool atls_media_type_is_valid(struct atls_bytes text);
/* atls_collection_type_is_valid: "__cmwc_t" is an absolute URI (RFC 3986, 4.3) or a dotted OID. */
ATLS_NODISCARD bool atls_collection_type_is_valid(struct atls_bytes text);

#endif
