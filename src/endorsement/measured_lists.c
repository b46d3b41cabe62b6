/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of measured values: one way to walk over what a CoRIM encodes and what an appraiser made.
 */
#include "endorsement/measured.h"

#include "base/span.h"
#include "endorsement/corim.h"

bool atls_tagged_of(const struct atls_cbor *item, struct atls_tagged *out)
{
    struct atls_cbor inner;
    if (item->type != ATLS_CBOR_TAG || !atls_cbor_tag(item, item->argument, &inner)) {
        return false;
    }
    const bool is_string = inner.type == ATLS_CBOR_BYTES || inner.type == ATLS_CBOR_TEXT;
    out->tag = item->argument;
    out->octets = is_string ? inner.content : inner.encoded;
    return true;
}

bool atls_mdigest_of(const struct atls_cbor *item, struct atls_mdigest *out)
{
    struct atls_cbor alg;
    struct atls_cbor octets;
    struct atls_mdigest digest = {.number = 0};
    if (item->type != ATLS_CBOR_ARRAY || item->argument != 2 || !atls_cbor_at(item, 0, &alg) ||
        !atls_cbor_at(item, 1, &octets) || !atls_cbor_bytes(&octets, 1, SIZE_MAX, &digest.value)) {
        return false;
    }
    if (atls_cbor_text(&alg, 1, SIZE_MAX, &digest.name)) {
        const struct atls_corim_digest *known = atls_corim_digest_by_name(digest.name);
        digest.number = known != NULL ? known->number : 0;
    } else if (!atls_cbor_int(&alg, &digest.number) || digest.number == 0) {
        return false;
    }
    *out = digest;
    return true;
}

bool atls_mdigest_next(const struct atls_mdigest_list *list, size_t *cursor,
                       struct atls_mdigest *out)
{
    struct atls_cbor item;
    const size_t at = (*cursor)++;
    if (list->items != NULL) {
        if (at < list->num) {
            *out = list->items[at];
        }
        return at < list->num;
    }
    return atls_cbor_at(&list->encoded, at, &item) && atls_mdigest_of(&item, out);
}

bool atls_mkeys_next(const struct atls_mkeys *list, size_t *cursor, struct atls_tagged *out)
{
    struct atls_cbor item;
    const size_t at = (*cursor)++;
    if (list->items != NULL) {
        if (at < list->num) {
            *out = list->items[at];
        }
        return at < list->num;
    }
    return atls_cbor_at(&list->encoded, at, &item) && atls_tagged_of(&item, out);
}

size_t atls_mkeys_count(const struct atls_mkeys *list)
{
    return list->items != NULL                     ? list->num
           : list->encoded.type == ATLS_CBOR_ARRAY ? (size_t)list->encoded.argument
                                                   : 0;
}

/* pair_at gives pair `index` of a map. */
static bool pair_at(const struct atls_cbor *map, size_t index, struct atls_cbor *key,
                    struct atls_cbor *value)
{
    if (map->type != ATLS_CBOR_MAP) {
        return false;
    }
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    for (size_t i = 0; atls_cbor_next_pair(&pairs, key, value); i++) {
        if (i == index) {
            return true;
        }
    }
    return false;
}

bool atls_mregister_next(const struct atls_mregisters *list, size_t *cursor,
                         struct atls_mregister *out)
{
    struct atls_cbor key;
    struct atls_cbor value;
    const size_t at = (*cursor)++;
    if (list->items != NULL) {
        if (at < list->num) {
            *out = list->items[at];
        }
        return at < list->num;
    }
    if (!pair_at(&list->encoded, at, &key, &value)) {
        return false;
    }
    struct atls_mregister found = {.digests = {.encoded = value}};
    found.is_text = atls_cbor_text(&key, 0, SIZE_MAX, &found.text);
    if (!found.is_text && !atls_cbor_u64(&key, &found.number)) {
        return false;
    }
    *out = found;
    return true;
}
