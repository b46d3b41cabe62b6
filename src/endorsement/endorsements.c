/* SPDX-License-Identifier: Apache-2.0 */
/* The set: one sorted batch that threads share. Look-ups happen in every handshake, so they are a
 * binary search without a lock. */
#include "endorsement/set.h"

#include "base/span.h"
#include "endorsement/corim.h"
#include "endorsement/merge.h"
#include "endorsement/order.h"

#include <stdatomic.h>
#include <stdlib.h>

struct atls_endorsements {
    atomic_size_t refs;
    atomic_bool shared; /* someone took a reference: from then on immutable */
    struct atls_signers signers;
    struct atls_batch all;
};

enum atls_err atls_endorsements_new(struct atls_endorsements **out, struct atls_diag *diag)
{
    struct atls_endorsements *set = calloc(1, sizeof *set);
    if (set == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "endorsement", "set");
    }
    atomic_init(&set->refs, 1);
    atomic_init(&set->shared, false);
    *out = set;
    return ATLS_OK;
}

struct atls_endorsements *atls_endorsements_ref(struct atls_endorsements *set)
{
    if (set != NULL) {
        atomic_store_explicit(&set->shared, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    }
    return set;
}

void atls_endorsements_unref(struct atls_endorsements *set)
{
    /* The last one sees everything that others did with the set before they let go of it. */
    if (set != NULL && atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) == 1) {
        atls_batch_cleanup(&set->all);
        atls_signers_cleanup(&set->signers);
        free(set);
    }
}

static enum atls_err check_open(const struct atls_endorsements *set, struct atls_diag *diag)
{
    return !atomic_load_explicit(&set->shared, memory_order_relaxed)
               ? ATLS_OK
               : atls_fail_texts(diag, ATLS_ERR_STATE, "endorsement", "set", "a set that is shared",
                                 "loading before sharing");
}

enum atls_err atls_endorsements_add_signer(struct atls_endorsements *set, struct atls_bytes pem,
                                           struct atls_diag *diag)
{
    enum atls_err err = check_open(set, diag);
    if (err == ATLS_OK && set->all.sources != NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_STATE, "endorsement key", "set",
                              "files that are loaded already", "keys before the files they sign");
    }
    return err == ATLS_OK ? atls_signers_add(&set->signers, pem, ATLS_SIGNER_ANY, diag) : err;
}

const struct atls_signers *atls_endorsements_signers(const struct atls_endorsements *set)
{
    return &set->signers;
}

const struct atls_batch *atls_endorsements_all(const struct atls_endorsements *set)
{
    return &set->all;
}

enum atls_err atls_endorsements_add_batch(struct atls_endorsements *set, struct atls_batch *batch,
                                          struct atls_diag *diag)
{
    const enum atls_err err = check_open(set, diag);
    return err == ATLS_OK ? atls_batch_merge(&set->all, batch, diag) : err;
}

enum atls_err atls_endorsements_add_corim(struct atls_endorsements *set, struct atls_bytes corim,
                                          const char *source, int64_t now_s, struct atls_diag *diag)
{
    struct atls_batch batch = {.anchors = NULL};
    const struct atls_corim_reading reading = {&set->signers, true, now_s};
    enum atls_err err = atls_corim_read(&batch, corim, source, &reading, diag);
    if (err == ATLS_OK) {
        err = atls_endorsements_add_batch(set, &batch, diag);
    }
    atls_batch_cleanup(&batch);
    return err;
}

const struct atls_trust_anchor *atls_endorsements_find_key(const struct atls_endorsements *set,
                                                           const struct atls_format *format,
                                                           struct atls_bytes instance,
                                                           struct atls_bytes class_id)
{
    if (set == NULL) {
        return NULL;
    }
    /* An empty class comes before all others in the order, so the first entry that is not before
     * `wanted` is the first of its instance. */
    const struct atls_trust_anchor wanted = {
        .format = format, .class_id = class_id, .instance = instance};
    size_t low = 0;
    size_t high = set->all.num_shown_anchors;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (atls_anchor_compare(&set->all.shown_anchors[middle]->anchor, &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == set->all.num_shown_anchors) {
        return NULL;
    }
    const struct atls_trust_anchor *found = &set->all.shown_anchors[low]->anchor;
    const int difference = class_id.len == 0 ? atls_anchor_compare_instance(found, &wanted)
                                             : atls_anchor_compare(found, &wanted);
    return difference == 0 ? found : NULL;
}

const struct atls_reference *atls_endorsements_next_reference(const struct atls_endorsements *set,
                                                              const struct atls_format *format,
                                                              struct atls_bytes class_id,
                                                              size_t *cursor)
{
    if (set == NULL) {
        return NULL;
    }
    const struct atls_reference wanted = {.format = format, .class_id = class_id};
    size_t low = *cursor;
    size_t high = *cursor == 0 ? set->all.num_shown_references : *cursor;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (atls_reference_compare_class(set->all.shown_references[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low >= set->all.num_shown_references ||
        atls_reference_compare_class(set->all.shown_references[low], &wanted) != 0) {
        return NULL;
    }
    *cursor = low + 1;
    return set->all.shown_references[low];
}

bool atls_endorsement_has_ended(int64_t not_after_s, int64_t now_s)
{
    return now_s > INT64_MIN + ATLS_MAX_SKEW_S && not_after_s < now_s - ATLS_MAX_SKEW_S;
}

size_t atls_endorsements_num_keys(const struct atls_endorsements *set)
{
    return set == NULL ? 0 : set->all.num_shown_anchors;
}

size_t atls_endorsements_num_references(const struct atls_endorsements *set)
{
    return set == NULL ? 0 : set->all.num_shown_references;
}
