/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging happens in two steps: everything that can fail, on arrays that nobody sees yet; then the
 * exchange, which cannot fail.
 */
#include "endorsement/merge.h"

#include "base/span.h"
#include "endorsement/bag.h"
#include "endorsement/order.h"
#include "endorsement/rank.h"

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

/* joined gives both arrays of pointers, one behind the other. */
static void *joined(void *const *a, size_t num_a, void *const *b, size_t num_b)
{
    void **all = room_for(num_a, num_b);
    if (all != NULL && num_a > 0) {
        memcpy(all, a, num_a * sizeof *all);
    }
    if (all != NULL && num_b > 0) {
        memcpy(&all[num_a], b, num_b * sizeof *all);
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

static int compare_keys(const void *left, const void *right)
{
    const struct atls_anchor_entry *const *a = left;
    const struct atls_anchor_entry *const *b = right;
    return atls_octets_compare((*a)->anchor.spki, (*b)->anchor.spki);
}

/* spread_marks makes every anchor of a key simulated where one of them is: the mark stays with the
 * key, whatever files are loaded besides or later, and whatever else they call it (design:
 * simulation). It sorts `all`. */
static void spread_marks(struct atls_anchor_entry **all, size_t num)
{
    if (num > 0) {
        qsort(all, num, sizeof *all, compare_keys);
    }
    for (size_t start = 0; start < num;) {
        size_t end = start;
        bool simulated = false;
        while (end < num && compare_keys(&all[start], &all[end]) == 0) {
            simulated = simulated || all[end]->anchor.simulated;
            end++;
        }
        for (size_t i = start; i < end; i++) {
            all[i]->anchor.simulated = simulated;
        }
        start = end;
    }
}

/* What a merge prepares: arrays that nobody sees before the exchange. */
struct merge {
    struct atls_anchor_entry **anchors, **shown_anchors;
    struct atls_anchor_entry **by_key; /* all of both, those of superseded files too */
    struct atls_reference **references, **shown_references;
    struct atls_statement **statements;
    struct atls_authority_entry **authorities;
    size_t num_anchors, num_references, num_by_key, num_statements, num_authorities;
};

/* drop_superseded leaves out what stands in files that no longer count; the entries themselves are
 * freed at the exchange. */
static void drop_superseded(struct merge *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->num_anchors; i++) {
        if (!atls_rank_drops(m->anchors[i]->anchor.file)) {
            m->anchors[kept++] = m->anchors[i];
        }
    }
    m->num_anchors = kept;
    kept = 0;
    for (size_t i = 0; i < m->num_references; i++) {
        if (!atls_rank_drops(m->references[i]->file)) {
            m->references[kept++] = m->references[i];
        }
    }
    m->num_references = kept;
    kept = 0;
    for (size_t i = 0; i < m->num_statements; i++) {
        if (!atls_rank_drops(m->statements[i]->file)) {
            m->statements[kept++] = m->statements[i];
        }
    }
    m->num_statements = kept;
    kept = 0;
    for (size_t i = 0; i < m->num_authorities; i++) {
        if (!atls_rank_drops(m->authorities[i]->authority.file)) {
            m->authorities[kept++] = m->authorities[i];
        }
    }
    m->num_authorities = kept;
}

/* show_anchors gives the number of those that differ; of equal ones that which ends last stays. */
static size_t show_anchors(struct atls_anchor_entry **shown, struct atls_anchor_entry *const *all,
                           size_t num)
{
    size_t kept = 0;
    for (size_t i = 0; i < num; i++) {
        if (kept == 0 || atls_anchor_compare(&shown[kept - 1]->anchor, &all[i]->anchor) != 0) {
            shown[kept++] = all[i];
        } else if (shown[kept - 1]->anchor.not_after_s < all[i]->anchor.not_after_s) {
            shown[kept - 1] = all[i];
        }
    }
    return kept;
}

static size_t show_references(struct atls_reference **shown, struct atls_reference *const *all,
                              size_t num)
{
    size_t kept = 0;
    for (size_t i = 0; i < num; i++) {
        if (kept == 0 || atls_reference_compare(shown[kept - 1], all[i]) != 0) {
            shown[kept++] = all[i];
        } else if (shown[kept - 1]->not_after_s < all[i]->not_after_s) {
            shown[kept - 1] = all[i];
        }
    }
    return kept;
}

/* free_superseded frees the entries of a batch that drop_superseded left out. */
static void free_superseded(const struct atls_batch *batch)
{
    for (size_t i = 0; i < batch->num_anchors; i++) {
        if (atls_rank_drops(batch->anchors[i]->anchor.file)) {
            atls_anchor_entry_free(batch->anchors[i]);
        }
    }
    for (size_t i = 0; i < batch->num_references; i++) {
        if (atls_rank_drops(batch->references[i]->file)) {
            free(batch->references[i]);
        }
    }
    for (size_t i = 0; i < batch->num_statements; i++) {
        if (atls_rank_drops(batch->statements[i]->file)) {
            free(batch->statements[i]);
        }
    }
    for (size_t i = 0; i < batch->num_authorities; i++) {
        if (atls_rank_drops(batch->authorities[i]->authority.file)) {
            atls_authority_entry_free(batch->authorities[i]);
        }
    }
}

/* exchange puts the merged arrays in place and leaves `more` empty. */
static void exchange(struct atls_batch *set, struct atls_batch *more, const struct merge *m)
{
    spread_marks(m->by_key, m->num_by_key);
    free(m->by_key);
    free_superseded(set);
    free_superseded(more);
    free(set->anchors);
    free(set->references);
    free(set->shown_anchors);
    free(set->shown_references);
    free(set->statements);
    free(set->authorities);
    set->statements = m->statements;
    set->authorities = m->authorities;
    set->num_statements = set->cap_statements = m->num_statements;
    set->num_authorities = set->cap_authorities = m->num_authorities;
    set->anchors = m->anchors;
    set->references = m->references;
    set->shown_anchors = m->shown_anchors;
    set->shown_references = m->shown_references;
    set->num_anchors = set->cap_anchors = m->num_anchors;
    set->num_references = set->cap_references = m->num_references;
    set->num_shown_anchors = show_anchors(m->shown_anchors, m->anchors, m->num_anchors);
    set->num_shown_references =
        show_references(m->shown_references, m->references, m->num_references);
    struct atls_corim_source **last = &set->sources;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = more->sources;
    more->sources = NULL;
    struct atls_collateral **bag = &more->collateral;
    while (*bag != NULL) {
        bag = &(*bag)->next;
    }
    *bag = set->collateral;
    set->collateral = more->collateral;
    more->collateral = NULL;
    more->num_anchors = 0;
    more->num_references = 0;
    more->num_statements = 0;
    more->num_authorities = 0;
}

static enum atls_err prepare(struct merge *m, const struct atls_batch *set,
                             const struct atls_batch *more, struct atls_diag *diag)
{
    m->anchors = merge_anchors(set, more);
    m->by_key = merge_anchors(set, more);
    m->references = merge_references(set, more);
    m->shown_anchors = room_for(set->num_anchors, more->num_anchors);
    m->shown_references = room_for(set->num_references, more->num_references);
    m->statements = joined((void *const *)set->statements, set->num_statements,
                           (void *const *)more->statements, more->num_statements);
    m->authorities = joined((void *const *)set->authorities, set->num_authorities,
                            (void *const *)more->authorities, more->num_authorities);
    if (m->anchors == NULL || m->by_key == NULL || m->references == NULL ||
        m->shown_anchors == NULL || m->shown_references == NULL || m->statements == NULL ||
        m->authorities == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "set");
    }
    m->num_anchors = m->num_by_key = set->num_anchors + more->num_anchors;
    m->num_references = set->num_references + more->num_references;
    m->num_statements = set->num_statements + more->num_statements;
    m->num_authorities = set->num_authorities + more->num_authorities;
    const enum atls_err err = atls_rank_files(set->sources, more->sources, diag);
    if (err != ATLS_OK) {
        return err;
    }
    drop_superseded(m);
    return check_keys(m->anchors, m->num_anchors, diag);
}

enum atls_err atls_batch_merge(struct atls_batch *set, struct atls_batch *more,
                               struct atls_diag *diag)
{
    struct merge m = {.anchors = NULL};
    atls_batch_sort(more);
    const enum atls_err err = prepare(&m, set, more, diag);
    if (err != ATLS_OK) {
        free(m.anchors);
        free(m.by_key);
        free(m.references);
        free(m.shown_anchors);
        free(m.shown_references);
        free(m.statements);
        free(m.authorities);
        return err;
    }
    exchange(set, more, &m);
    return ATLS_OK;
}
