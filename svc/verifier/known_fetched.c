/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/known_fetched.h"

#include "base/span.h"

#include <stdlib.h>

/* Six serve one platform of TDX, three a chip of AMD, two of these all chips of a line. */
enum { MAX_KNOWN = 64, MAX_TEXT = 8192 };

struct entry {
    struct atls_collateral_wanted wanted;
    struct atls_lease *lease; /* NULL: free */
    uint64_t used;
};

struct verifier_known_fetched {
    struct atls_collateral_source source;
    struct entry entries[MAX_KNOWN];
    uint64_t uses;
    uint64_t renewals; /* as the front had it when these came */
    /* of the job at hand */
    int64_t now_s;
    struct atls_collateral_wanted wanted;
    uint64_t useless;
};

static void forget(struct entry *entry)
{
    atls_lease_release(entry->lease);
    memset(entry, 0, sizeof *entry);
}

/* find gives the entry for a question, or NULL. */
static struct entry *find(struct verifier_known_fetched *known,
                          const struct atls_collateral_wanted *wanted)
{
    for (size_t i = 0; i < MAX_KNOWN; i++) {
        struct entry *entry = &known->entries[i];
        if (entry->lease != NULL && atls_collateral_wanted_equal(&entry->wanted, wanted)) {
            return entry;
        }
    }
    return NULL;
}

/* obtain gives what is here; what is not is remembered as wanted, the first alone: each round of
 * the appraisal lacks one thing. */
static enum atls_err obtain(void *arg, struct atls_lease **out,
                            const struct atls_collateral_wanted *wanted, struct atls_diag *diag)
{
    struct verifier_known_fetched *known = arg;
    struct entry *entry = find(known, wanted);
    if (entry != NULL && atls_lease_end_s(entry->lease) < known->now_s) {
        forget(entry);
        entry = NULL;
    }
    if (entry == NULL || atls_lease_number(entry->lease) == known->useless) {
        known->wanted = *wanted;
        return atls_fail_texts(diag, ATLS_ERR_COLLATERAL, "collateral", "server",
                               "not asked by this process", "the front");
    }
    entry->used = ++known->uses;
    *out = atls_lease_share(entry->lease);
    return ATLS_OK;
}

/* give_back: what one job can do nothing with, others may. So it stays, and the front hears of it:
 * Evidence of a stranger makes it useless for itself. */
static void give_back(void *arg, struct atls_lease *lease, enum atls_lease_end end)
{
    struct verifier_known_fetched *known = arg;
    if (end == ATLS_LEASE_BAD) {
        known->useless = atls_lease_number(lease);
    }
    atls_lease_release(lease);
}

struct verifier_known_fetched *verifier_known_fetched_new(void)
{
    struct verifier_known_fetched *known = calloc(1, sizeof *known);
    if (known != NULL) {
        known->source = (struct atls_collateral_source){known, obtain, give_back};
    }
    return known;
}

void verifier_known_fetched_free(struct verifier_known_fetched *known)
{
    for (size_t i = 0; known != NULL && i < MAX_KNOWN; i++) {
        forget(&known->entries[i]);
    }
    free(known);
}

static void copy_text(char out[static MAX_TEXT + 1], struct atls_bytes text)
{
    const size_t len = text.len < MAX_TEXT ? text.len : MAX_TEXT;
    if (len != 0) {
        memcpy(out, text.data, len);
    }
    out[len] = '\0';
}

/* place_for gives where an answer goes: instead of the one before, else where nothing is, else of
 * what was not used for the longest time. */
static struct entry *place_for(struct verifier_known_fetched *known,
                               const struct atls_collateral_wanted *wanted)
{
    struct entry *place = find(known, wanted);
    for (size_t i = 0; place == NULL && i < MAX_KNOWN; i++) {
        place = known->entries[i].lease == NULL ? &known->entries[i] : NULL;
    }
    if (place != NULL) {
        return place;
    }
    place = &known->entries[0];
    for (size_t i = 1; i < MAX_KNOWN; i++) {
        place = known->entries[i].used < place->used ? &known->entries[i] : place;
    }
    return place;
}

static void take_in(struct verifier_known_fetched *known, const struct verifier_fetched *fetched)
{
    static char path[MAX_TEXT + 1], chain[MAX_TEXT + 1]; /* the process has one thread */
    struct atls_lease *lease = NULL;
    copy_text(path, fetched->path);
    copy_text(chain, fetched->chain);
    const struct atls_lease_octets octets = {fetched->number, path, chain, fetched->body};
    if (atls_lease_of(&lease, &octets, known->now_s, NULL) != ATLS_OK) {
        return; /* it has ended since: it is asked for again */
    }
    struct entry *place = place_for(known, &fetched->wanted);
    forget(place);
    *place = (struct entry){fetched->wanted, lease, ++known->uses};
}

const struct atls_collateral_source *
verifier_known_fetched_begin(struct verifier_known_fetched *known,
                             const struct verifier_evaluate *request)
{
    known->now_s = request->now_s;
    known->useless = 0;
    memset(&known->wanted, 0, sizeof known->wanted);
    if (known->renewals != request->renewals) {
        for (size_t i = 0; i < MAX_KNOWN; i++) {
            forget(&known->entries[i]);
        }
        known->renewals = request->renewals;
    }
    if (request->has_fetched) {
        take_in(known, &request->fetched);
    }
    return &known->source;
}

bool verifier_known_fetched_lacks(const struct verifier_known_fetched *known,
                                  struct atls_collateral_wanted *out_wanted, uint64_t *out_useless)
{
    if (known->wanted.kind == ATLS_WANTED_NOTHING) {
        return false;
    }
    *out_wanted = known->wanted;
    *out_useless = known->useless;
    return true;
}
