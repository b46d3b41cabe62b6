/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging happens in two steps: everything that can fail, on arrays that nobody sees yet; then the
 * exchange, which cannot fail.
 */
#include "endorsement/merge.h"

#include "base/span.h"
#include "endorsement/order.h"

#include <stdlib.h>

static const char step[] = "endorsement";

/* room_for gives an array of pointers, never of none. */
static void *room_for(size_t a, size_t b)
{
    if (a > SIZE_MAX / sizeof(void *) - 1 - b) {
        return NULL;
    }
    return malloc((a + b + 1) * sizeof(void *));
}

/* merge_anchors gives both lists in order; of equal entries those of `set` come first. */
static struct atls_anchor_entry **merge_anchors(const struct atls_batch *set,
                                                const struct atls_batch *more)
{
    struct atls_anchor_entry **all = room_for(set->num_anchors, more->num_anchors);
    size_t a = 0;
    size_t b = 0;
    while (all != NULL && (a < set->num_anchors || b < more->num_anchors)) {
        const bool from_set =
            b == more->num_anchors ||
            (a < set->num_anchors &&
             atls_anchor_compare(&set->anchors[a]->anchor, &more->anchors[b]->anchor) <= 0);
        all[a + b] = from_set ? set->anchors[a] : more->anchors[b];
        if (from_set) {
            a++;
        } else {
            b++;
        }
    }
    return all;
}

static struct atls_reference **merge_references(const struct atls_batch *set,
                                                const struct atls_batch *more)
{
    struct atls_reference **all = room_for(set->num_references, more->num_references);
    size_t a = 0;
    size_t b = 0;
    while (all != NULL && (a < set->num_references || b < more->num_references)) {
        const bool from_set =
            b == more->num_references ||
            (a < set->num_references &&
             atls_reference_compare(set->references[a], more->references[b]) <= 0);
        all[a + b] = from_set ? set->references[a] : more->references[b];
        if (from_set) {
            a++;
        } else {
            b++;
        }
    }
    return all;
}

static bool same_instance(const struct atls_anchor_entry *a, const struct atls_anchor_entry *b)
{
    return atls_anchor_compare_instance(&a->anchor, &b->anchor) == 0;
}

/* name_shown is the end of a long file name: two must fit. */
static const char *name_shown(const char *name)
{
    const size_t max = 64;
    const size_t len = strlen(name);
    return len > max ? &name[len - max] : name;
}

/* check_keys refuses one instance with two keys: which of them signed could then be chosen. */
static enum atls_err check_keys(struct atls_anchor_entry *const *all, size_t num,
                                struct atls_diag *diag)
{
    for (size_t i = 1; i < num; i++) {
        const struct atls_trust_anchor *a = &all[i - 1]->anchor;
        const struct atls_trust_anchor *b = &all[i]->anchor;
        if (!same_instance(all[i - 1], all[i]) || atls_bytes_equal(a->spki, b->spki)) {
            continue;
        }
        atls_fail_texts(diag, ATLS_ERR_ENDORSEMENT, step, "attestation key", "two for instance ",
                        "one key for each instance");
        atls_diag_found_bytes(diag, atls_bytes_of(a->instance.data, 16));
        atls_diag_found_text(diag, "... in ");
        atls_diag_found_text(diag, name_shown(a->source));
        atls_diag_found_text(diag, " and ");
        atls_diag_found_text(diag, name_shown(b->source));
        return ATLS_ERR_ENDORSEMENT;
    }
    return ATLS_OK;
}

/* spread_marks makes every anchor of an instance simulated where one of them is: the mark stays
 * with the key whichever files are loaded besides (design: simulation). */
static void spread_marks(struct atls_anchor_entry **all, size_t num)
{
    for (size_t start = 0; start < num;) {
        size_t end = start;
        bool simulated = false;
        while (end < num && same_instance(all[start], all[end])) {
            simulated = simulated || all[end]->anchor.simulated;
            end++;
        }
        for (size_t i = start; i < end; i++) {
            all[i]->anchor.simulated = simulated;
        }
        start = end;
    }
}

static size_t drop_equal_anchors(struct atls_anchor_entry **all, size_t num)
{
    size_t kept = 0;
    for (size_t i = 0; i < num; i++) {
        if (kept > 0 && atls_anchor_compare(&all[kept - 1]->anchor, &all[i]->anchor) == 0) {
            atls_anchor_entry_free(all[i]);
        } else {
            all[kept++] = all[i];
        }
    }
    return kept;
}

static size_t drop_equal_references(struct atls_reference **all, size_t num)
{
    size_t kept = 0;
    for (size_t i = 0; i < num; i++) {
        if (kept > 0 && atls_reference_compare(all[kept - 1], all[i]) == 0) {
            free(all[i]);
        } else {
            all[kept++] = all[i];
        }
    }
    return kept;
}

/* exchange puts the merged arrays in place and leaves `more` empty. */
static void exchange(struct atls_batch *set, struct atls_batch *more,
                     struct atls_anchor_entry **anchors, struct atls_reference **references)
{
    const size_t num_anchors = set->num_anchors + more->num_anchors;
    const size_t num_references = set->num_references + more->num_references;
    spread_marks(anchors, num_anchors);
    free(set->anchors);
    free(set->references);
    set->anchors = anchors;
    set->cap_anchors = num_anchors;
    set->num_anchors = drop_equal_anchors(anchors, num_anchors);
    set->references = references;
    set->cap_references = num_references;
    set->num_references = drop_equal_references(references, num_references);
    struct atls_corim_source **last = &set->sources;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = more->sources;
    more->sources = NULL;
    more->num_anchors = 0;
    more->num_references = 0;
}

enum atls_err atls_batch_merge(struct atls_batch *set, struct atls_batch *more,
                               struct atls_diag *diag)
{
    atls_batch_sort(more);
    struct atls_anchor_entry **anchors = merge_anchors(set, more);
    struct atls_reference **references = merge_references(set, more);
    enum atls_err err = ATLS_OK;
    if (anchors == NULL || references == NULL) {
        err = atls_fail(diag, ATLS_ERR_MEMORY, step, "set");
    } else {
        err = check_keys(anchors, set->num_anchors + more->num_anchors, diag);
    }
    if (err != ATLS_OK) {
        free(anchors);
        free(references);
        return err;
    }
    exchange(set, more, anchors, references);
    return ATLS_OK;
}
