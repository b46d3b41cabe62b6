/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor_index.h"

void atls_cbor_index_read(struct atls_cbor_index *out, const struct atls_cbor *map)
{
    struct atls_cbor_iter iter = atls_cbor_members(map);
    struct atls_cbor key, value;
    out->map = *map;
    out->num = 0;
    out->is_all = true;
    if (map->type != ATLS_CBOR_MAP) {
        return;
    }
    while (out->is_all && atls_cbor_next_pair(&iter, &key, &value)) {
        int64_t label = 0;
        if (!atls_cbor_int(&key, &label)) {
            continue;
        }
        out->is_all = out->num < ATLS_MAX_CBOR_INDEX;
        if (out->is_all) {
            out->labels[out->num] = label;
            out->values[out->num++] = value;
        }
    }
}

bool atls_cbor_index_get(const struct atls_cbor_index *index, int64_t label, struct atls_cbor *out)
{
    for (size_t i = 0; i < index->num; i++) {
        if (index->labels[i] == label) {
            *out = index->values[i];
            return true;
        }
    }
    return !index->is_all && atls_cbor_get(&index->map, label, out);
}
