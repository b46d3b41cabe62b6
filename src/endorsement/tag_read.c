/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a CoRIM's tags: each a tag around octets that hold a map; before 2025, octets that
 * hold the tag and the map.
 */
#include "endorsement/manifest_read.h"

#include "base/span.h"

/* read_coswid: a software identification tag (RFC 9393) is for those who inventory software. */
static enum atls_err read_coswid(struct atls_corim *corim, const struct atls_cbor *map)
{
    return map->type == ATLS_CBOR_MAP
               ? atls_corim_note(corim, "a CoSWID (tag 505)", "kept, and without effect")
               : atls_corim_refuse_item(corim, map, "CoSWID", "a map");
}

static const struct {
    uint64_t tag;
    const char *name;
    enum atls_err (*read)(struct atls_corim *corim, const struct atls_cbor *map);
} kinds[] = {
    {ATLS_TAG_COSWID, "CoSWID", read_coswid},
    {ATLS_TAG_COMID, "CoMID", atls_corim_comid},
    {ATLS_TAG_COTS, "CoTS", atls_corim_cots},
    {ATLS_TAG_COTL, "CoTL", atls_corim_cotl},
};

/* kind_of gives the row of a tag's number; ATLS_ARRAY_LEN(kinds) for others. */
static size_t kind_of(const struct atls_cbor *item)
{
    size_t kind = 0;
    while (kind < ATLS_ARRAY_LEN(kinds) &&
           (item->type != ATLS_CBOR_TAG || item->argument != kinds[kind].tag)) {
        kind++;
    }
    return kind;
}

/* read_old reads octets that hold a tag and a map. */
static enum atls_err read_old(struct atls_corim *corim, const struct atls_cbor *item)
{
    static const char expected[] = "octets that hold tag 506 with a map";
    struct atls_cbor inner;
    struct atls_cbor map;
    struct atls_bytes octets;
    if (!atls_cbor_bytes(item, 1, SIZE_MAX, &octets)) {
        return atls_corim_refuse_item(corim, item, "tags", expected);
    }
    const enum atls_err err = atls_corim_parse(corim, octets, "CoMID", &inner);
    if (err != ATLS_OK) {
        return err;
    }
    const size_t kind = kind_of(&inner);
    return kind < ATLS_ARRAY_LEN(kinds) && atls_cbor_tag(&inner, kinds[kind].tag, &map)
               ? kinds[kind].read(corim, &map)
               : atls_corim_refuse_item(corim, &inner, "tags", expected);
}

enum atls_err atls_corim_read_tag(struct atls_corim *corim, const struct atls_cbor *item)
{
    struct atls_cbor inner;
    struct atls_cbor map;
    struct atls_bytes octets;
    if (corim->old_dialect) {
        return read_old(corim, item);
    }
    const size_t kind = kind_of(item);
    if (kind == ATLS_ARRAY_LEN(kinds) || !atls_cbor_tag(item, kinds[kind].tag, &inner) ||
        !atls_cbor_bytes(&inner, 1, SIZE_MAX, &octets)) {
        return atls_corim_refuse_item(corim, item, "tags",
                                      "tag 506 (CoMID), 505, 507 or 508 with octets");
    }
    const enum atls_err err = atls_corim_parse(corim, octets, kinds[kind].name, &map);
    return err == ATLS_OK ? kinds[kind].read(corim, &map) : err;
}
