/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/order.h"

#include "base/span.h"

#include <stdlib.h>

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

int atls_octets_compare(struct atls_bytes a, struct atls_bytes b)
{
    if (a.len != b.len || a.len == 0) {
        return compare_u64(a.len, b.len);
    }
    return memcmp(a.data, b.data, a.len);
}

/* Rows of one table: their order is that of their addresses. */
static int compare_formats(const struct atls_format *a, const struct atls_format *b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

int atls_anchor_compare_instance(const struct atls_trust_anchor *a,
                                 const struct atls_trust_anchor *b)
{
    const int by_format = compare_formats(a->format, b->format);
    return by_format != 0 ? by_format : atls_octets_compare(a->instance, b->instance);
}

int atls_anchor_compare(const struct atls_trust_anchor *a, const struct atls_trust_anchor *b)
{
    const int by_instance = atls_anchor_compare_instance(a, b);
    return by_instance != 0 ? by_instance : atls_octets_compare(a->class_id, b->class_id);
}

int atls_reference_compare_class(const struct atls_reference *a, const struct atls_reference *b)
{
    const int by_format = compare_formats(a->format, b->format);
    return by_format != 0 ? by_format : atls_octets_compare(a->class_id, b->class_id);
}

static int compare_digests(const struct atls_reference *a, const struct atls_reference *b)
{
    int order = compare_u64(a->num_digests, b->num_digests);
    for (size_t i = 0; order == 0 && i < a->num_digests; i++) {
        order = a->digests[i].alg - b->digests[i].alg;
        if (order == 0) {
            order = atls_octets_compare(a->digests[i].value, b->digests[i].value);
        }
    }
    return order;
}

int atls_reference_compare(const struct atls_reference *a, const struct atls_reference *b)
{
    int order = atls_reference_compare_class(a, b);
    if (order == 0) {
        order = compare_u64(a->key_is_uint, b->key_is_uint);
    }
    if (order == 0) {
        order = compare_u64(a->key_uint, b->key_uint);
    }
    if (order == 0) {
        order = atls_octets_compare(a->key_text, b->key_text);
    }
    if (order == 0) {
        order = atls_octets_compare(a->name, b->name);
    }
    if (order == 0) {
        order = atls_octets_compare(a->version, b->version);
    }
    if (order == 0) {
        order = atls_octets_compare(a->signer_id, b->signer_id);
    }
    if (order == 0) {
        order = atls_octets_compare(a->authorized_by, b->authorized_by);
    }
    return order != 0 ? order : compare_digests(a, b);
}

static int sort_anchors(const void *a, const void *b)
{
    const struct atls_anchor_entry *const *first = a;
    const struct atls_anchor_entry *const *second = b;
    return atls_anchor_compare(&(*first)->anchor, &(*second)->anchor);
}

static int sort_references(const void *a, const void *b)
{
    const struct atls_reference *const *first = a;
    const struct atls_reference *const *second = b;
    return atls_reference_compare(*first, *second);
}

void atls_batch_sort(struct atls_batch *batch)
{
    if (batch->num_anchors > 0) {
        qsort(batch->anchors, batch->num_anchors, sizeof *batch->anchors, sort_anchors);
    }
    if (batch->num_references > 0) {
        qsort(batch->references, batch->num_references, sizeof *batch->references, sort_references);
    }
}
