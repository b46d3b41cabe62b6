/* SPDX-License-Identifier: Apache-2.0 */
/* The CBOR forms of a CMW (RFC 9999), read: record, tag, collection. */
#include "codec/cmw.h"

#include "atls/limits.h"
#include "base/diag.h"
#include "base/span.h"

static const char step[] = "CMW";
static const char type_label[] = "__cmwc_t";

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, step, claim, found, expected);
}

static enum atls_err parse_type(struct atls_cmw *cmw, const struct atls_cbor *type,
                                struct atls_diag *diag)
{
    uint64_t number = 0;
    if (atls_cbor_u64(type, &number)) {
        if (number > UINT16_MAX) { /* RFC 7252, 12.3: a Content-Format has 16 bits */
            return refuse(diag, "type", "a number beyond 65535", "a content format");
        }
        cmw->by_content_format = true;
        cmw->content_format = (uint16_t)number;
        return ATLS_OK;
    }
    if (!atls_cbor_text(type, 1, ATLS_MAX_SCHEME_TEXT_LEN, &cmw->media_type) ||
        !atls_media_type_is_valid(cmw->media_type)) {
        return refuse(diag, "type", "neither", "a content format or a media type");
    }
    return ATLS_OK;
}

static enum atls_err parse_record(struct atls_cmw *cmw, const struct atls_cbor *array,
                                  struct atls_diag *diag)
{
    struct atls_cbor_iter iter = atls_cbor_members(array);
    struct atls_cbor type;
    struct atls_cbor value;
    struct atls_cbor ind;
    if (array->argument < 2 || array->argument > 3 || !atls_cbor_next(&iter, &type) ||
        !atls_cbor_next(&iter, &value)) {
        return refuse(diag, "record", "another number of members", "two or three");
    }
    enum atls_err err = parse_type(cmw, &type, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_cbor_bytes(&value, 0, SIZE_MAX, &cmw->value)) {
        return refuse(diag, "value", "another type", "a byte string");
    }
    uint64_t bits = 0;
    if (atls_cbor_next(&iter, &ind)) { /* four octets at most, and never 0 */
        if (!atls_cbor_u64(&ind, &bits) || bits == 0 || bits > UINT32_MAX) {
            return refuse(diag, "ind", "another value", "1 to 4294967295");
        }
    }
    cmw->kind = ATLS_CMW_RECORD;
    cmw->ind = (uint32_t)bits;
    return ATLS_OK;
}

static enum atls_err parse_tag(struct atls_cmw *cmw, const struct atls_cbor *item,
                               struct atls_diag *diag)
{
    struct atls_cbor value;
    if (!atls_cmw_tag_inverse(item->argument, &cmw->content_format)) {
        return refuse(diag, "tag", "another tag", "one that stands for a content format");
    }
    if (!atls_cbor_tag(item, item->argument, &value) ||
        !atls_cbor_bytes(&value, 0, SIZE_MAX, &cmw->value)) {
        return refuse(diag, "value", "another type", "a byte string");
    }
    cmw->kind = ATLS_CMW_TAG;
    cmw->by_content_format = true;
    return ATLS_OK;
}

static bool is_type_label(const struct atls_cbor *key)
{
    return atls_cbor_is_text(key, type_label);
}

/* parse_collection reads one level: labels, how many members, and the collection's type. */
static enum atls_err parse_collection(struct atls_cmw *cmw, const struct atls_cbor *map,
                                      struct atls_diag *diag)
{
    struct atls_cbor_iter iter = atls_cbor_members(map);
    struct atls_cbor key;
    struct atls_cbor value;
    size_t num_members = 0;
    while (atls_cbor_next_pair(&iter, &key, &value)) {
        int64_t number = 0;
        if (is_type_label(&key)) {
            if (!atls_cbor_text(&value, 1, ATLS_MAX_SCHEME_TEXT_LEN, &cmw->collection_type) ||
                !atls_collection_type_is_valid(cmw->collection_type)) {
                return refuse(diag, type_label, "neither", "an absolute URI or an OID");
            }
            continue;
        }
        if (key.type != ATLS_CBOR_TEXT && !atls_cbor_int(&key, &number)) {
            return refuse(diag, "label", "another type", "an integer or text");
        }
        num_members++;
    }
    if (num_members == 0) {
        return refuse(diag, "collection", "no member", "one or more");
    }
    if (num_members > ATLS_MAX_COLLECTION_ITEMS) {
        return refuse(diag, "collection", "too many members", "at most 16");
    }
    cmw->kind = ATLS_CMW_COLLECTION;
    cmw->collection = *map;
    return ATLS_OK;
}

/* parse_level reads one CMW, without what is inside a collection. */
static enum atls_err parse_level(struct atls_cmw *out, const struct atls_cbor *item,
                                 struct atls_diag *diag)
{
    struct atls_cmw cmw = {0};
    enum atls_err err = ATLS_OK;
    if (item->type == ATLS_CBOR_ARRAY) {
        err = parse_record(&cmw, item, diag);
    } else if (item->type == ATLS_CBOR_TAG) {
        err = parse_tag(&cmw, item, diag);
    } else if (item->type == ATLS_CBOR_MAP) {
        err = parse_collection(&cmw, item, diag);
    } else {
        err = refuse(diag, "CMW", "another type", "a record, a tag or a collection");
    }
    if (err == ATLS_OK) {
        *out = cmw;
    }
    return err;
}

/* check_members checks a collection to its leaves; an iterator for each level that is open. */
static enum atls_err check_members(const struct atls_cmw *collection, struct atls_diag *diag)
{
    struct atls_cbor_iter levels[ATLS_MAX_COLLECTION_DEPTH];
    size_t depth = 0;
    levels[depth++] = atls_cbor_members(&collection->collection);
    while (depth > 0) {
        struct atls_cbor key;
        struct atls_cbor value;
        if (!atls_cbor_next_pair(&levels[depth - 1], &key, &value)) {
            depth--;
            continue;
        }
        if (is_type_label(&key)) {
            continue;
        }
        struct atls_cmw member;
        enum atls_err err = parse_level(&member, &value, diag);
        if (err != ATLS_OK) {
            return err;
        }
        if (member.kind != ATLS_CMW_COLLECTION) {
            continue;
        }
        if (depth == ATLS_MAX_COLLECTION_DEPTH) {
            return refuse(diag, "collection", "nesting that is too deep", "at most 4 levels");
        }
        levels[depth++] = atls_cbor_members(&member.collection);
    }
    return ATLS_OK;
}

enum atls_err atls_cmw_parse_item(struct atls_cmw *out, const struct atls_cbor *item,
                                  struct atls_diag *diag)
{
    struct atls_cmw cmw;
    enum atls_err err = parse_level(&cmw, item, diag);
    if (err == ATLS_OK && cmw.kind == ATLS_CMW_COLLECTION) {
        err = check_members(&cmw, diag);
    }
    if (err == ATLS_OK) {
        *out = cmw;
    }
    return err;
}

enum atls_err atls_cmw_parse(struct atls_cmw *out, struct atls_bytes input, struct atls_diag *diag)
{
    struct atls_cbor item;
    enum atls_err err = atls_cbor_parse(&item, input, ATLS_CBOR_STRICT, step, diag);
    if (err != ATLS_OK) {
        return err;
    }
    return atls_cmw_parse_item(out, &item, diag);
}

bool atls_cmw_find(const struct atls_cmw *collection, const char *label, struct atls_cmw *out)
{
    struct atls_cbor value;
    return collection->kind == ATLS_CMW_COLLECTION &&
           !atls_bytes_is_text(atls_bytes_text(label), type_label) &&
           atls_cbor_get_text(&collection->collection, label, &value) &&
           atls_cmw_parse_item(out, &value, NULL) == ATLS_OK;
}
