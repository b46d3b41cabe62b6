/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/known_sets.h"

#include "base/span.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_SETS = 256,
    MAX_OCTETS = 64 << 20 /* of documents in all known sets */
};

struct known_set {
    uint64_t *generations; /* owned; NULL: free */
    size_t num;
    size_t octets;
    uint64_t used; /* by the clock of uses */
    struct atls_endorsements *set;
};

struct verifier_known_sets {
    const struct atls_bytes *signers;
    size_t num_signers;
    uint64_t clock;
    size_t octets;
    struct known_set items[MAX_SETS];
};

struct verifier_known_sets *verifier_known_sets_new(const struct atls_bytes *signers,
                                                    size_t num_signers)
{
    struct verifier_known_sets *sets = calloc(1, sizeof *sets);
    if (sets != NULL) {
        sets->signers = signers;
        sets->num_signers = num_signers;
    }
    return sets;
}

static void forget(struct verifier_known_sets *sets, struct known_set *item)
{
    atls_endorsements_unref(item->set);
    free(item->generations);
    sets->octets -= item->octets;
    memset(item, 0, sizeof *item);
}

void verifier_known_sets_free(struct verifier_known_sets *sets)
{
    if (sets != NULL) {
        for (size_t i = 0; i < MAX_SETS; i++) {
            forget(sets, &sets->items[i]);
        }
        free(sets);
    }
}

bool verifier_known_sets_signed(const struct verifier_known_sets *sets)
{
    return sets->num_signers != 0;
}

enum atls_err verifier_known_sets_empty(struct atls_endorsements **out,
                                        const struct verifier_known_sets *sets,
                                        struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    enum atls_err err = atls_endorsements_new(&set, diag);
    for (size_t i = 0; err == ATLS_OK && i < sets->num_signers; i++) {
        err = atls_endorsements_add_signer(set, sets->signers[i], diag);
    }
    if (err != ATLS_OK) {
        atls_endorsements_unref(set);
        return err;
    }
    *out = set;
    return ATLS_OK;
}

static bool is_same(const struct known_set *item, const struct verifier_document *documents,
                    size_t num)
{
    if (item->generations == NULL || item->num != num) {
        return false;
    }
    for (size_t i = 0; i < num; i++) {
        if (item->generations[i] != documents[i].generation) {
            return false;
        }
    }
    return true;
}

static enum atls_err make(struct atls_endorsements **out, const struct verifier_known_sets *sets,
                          const struct verifier_document *documents, size_t num, int64_t now_s,
                          struct atls_diag *diag)
{
    struct atls_endorsements *set = NULL;
    enum atls_err err = verifier_known_sets_empty(&set, sets, diag);
    for (size_t i = 0; err == ATLS_OK && i < num; i++) {
        char name[48];
        struct atls_diag why;
        snprintf(name, sizeof name, "endorsement %" PRIu64, documents[i].generation);
        err = atls_endorsements_add_corim(set, documents[i].content, name, now_s, &why);
        /* One that has ended since it was submitted counts for nothing, and for nothing more. */
        if (err == ATLS_ERR_ENDORSEMENT || err == ATLS_ERR_ENDORSEMENT_SIGNATURE) {
            err = ATLS_OK;
        } else if (err != ATLS_OK && diag != NULL) {
            *diag = why;
        }
    }
    if (err != ATLS_OK) {
        atls_endorsements_unref(set);
        return err;
    }
    *out = set;
    return ATLS_OK;
}

/* room_for gives a free item, and forgets sets until `octets` more fit. */
static struct known_set *room_for(struct verifier_known_sets *sets, size_t octets)
{
    for (;;) {
        struct known_set *empty = NULL;
        struct known_set *oldest = NULL;
        for (size_t i = 0; i < MAX_SETS; i++) {
            struct known_set *item = &sets->items[i];
            if (item->generations == NULL) {
                empty = item;
            } else if (oldest == NULL || item->used < oldest->used) {
                oldest = item;
            }
        }
        if ((empty != NULL && sets->octets + octets <= MAX_OCTETS) || oldest == NULL) {
            return empty;
        }
        forget(sets, oldest);
    }
}

static enum atls_err keep(struct known_set **out, struct verifier_known_sets *sets,
                          const struct verifier_document *documents, size_t num, int64_t now_s,
                          struct atls_diag *diag)
{
    size_t octets = 0;
    for (size_t i = 0; i < num; i++) {
        octets += documents[i].content.len;
    }
    struct known_set *item = room_for(sets, octets);
    uint64_t *generations = calloc(num + 1, sizeof *generations);
    if (generations == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "endorsement", "set");
    }
    const enum atls_err err = make(&item->set, sets, documents, num, now_s, diag);
    if (err != ATLS_OK) {
        free(generations);
        return err;
    }
    for (size_t i = 0; i < num; i++) {
        generations[i] = documents[i].generation;
    }
    item->generations = generations;
    item->num = num;
    item->octets = octets;
    sets->octets += octets;
    *out = item;
    return ATLS_OK;
}

enum atls_err verifier_known_sets_get(const struct atls_endorsements **out,
                                      struct verifier_known_sets *sets,
                                      const struct verifier_document *documents, size_t num,
                                      int64_t now_s, struct atls_diag *diag)
{
    struct known_set *found = NULL;
    bool complete = true;
    for (size_t i = 0; i < MAX_SETS && found == NULL; i++) {
        found = is_same(&sets->items[i], documents, num) ? &sets->items[i] : NULL;
    }
    for (size_t i = 0; i < num; i++) {
        complete = complete && documents[i].has_content;
    }
    enum atls_err err = ATLS_OK;
    if (found == NULL && complete) {
        err = keep(&found, sets, documents, num, now_s, diag);
    }
    if (err == ATLS_OK) {
        *out = NULL;
        if (found != NULL) {
            found->used = ++sets->clock;
            *out = found->set;
        }
    }
    return err;
}
