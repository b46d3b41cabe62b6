/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/wrap.h"

#include "base/span.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

void mutation_add(struct mutation_parts *parts, const char *field, enum value_kind kind,
                  struct atls_bytes encoded)
{
    const struct value_result result = value_change_apply(parts->change, field, kind, encoded);
    for (unsigned i = 0; i < result.times; i++) {
        if (parts->num_parts == MUTATION_MAX_PARTS) {
            abort();
        }
        parts->part[parts->num_parts++] = result.encoded;
    }
}

struct atls_bytes mutation_join(const struct mutation_parts *parts)
{
    size_t len = 0;
    for (size_t i = 0; i < parts->num_parts; i++) {
        len += parts->part[i].len;
    }
    const struct atls_buf room = test_room(len);
    len = 0;
    for (size_t i = 0; i < parts->num_parts; i++) {
        if (parts->part[i].len != 0) {
            memcpy(&room.data[len], parts->part[i].data, parts->part[i].len);
        }
        len += parts->part[i].len;
    }
    return atls_bytes_of(room.data, len);
}

struct atls_bytes mutation_wrap(struct value_change *change, const char *media_type,
                                struct atls_bytes evidence)
{
    struct mutation_parts record = {.change = change};
    mutation_add(&record, "cmw.type", VALUE_CBOR, test_cbor_text(media_type));
    mutation_add(&record, "cmw.value", VALUE_CBOR, test_cbor_bytes(evidence));
    mutation_add(&record, "cmw.ind", VALUE_CBOR, test_cbor_int(4));
    return test_array_encode(record.part, record.num_parts);
}
