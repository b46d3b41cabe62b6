/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation/raw.h"

#include "base/span.h"
#include "mutation/mutator.h"
#include "mutation/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SOURCES 16
#define MAX_PATH    100

struct hunt {
    const struct mutation_format *format;
    const struct raw_settings *settings;
    struct atls_endorsements *set; /* of the other format too */
    struct test_sample samples[TEST_MAX_SAMPLES];
    size_t num_samples; /* that format->samples names */
    struct mutator_source sources[MAX_SOURCES];
    struct outcome originals[MAX_SOURCES];
    struct rules regions;
    uint64_t num_accepted, num_unchanged, num_failures;
};

static _Noreturn void give_up(const char *sample, const char *why)
{
    printf("%s: %s\n", sample, why);
    exit(1);
}

static void add_sample(struct hunt *hunt, const struct test_sample *sample)
{
    if (hunt->num_samples == MAX_SOURCES || sample->cmw.len > MUTATOR_MAX_LEN) {
        give_up(sample->name, "too many samples, or too long a one");
    }
    const size_t i = hunt->num_samples++;
    struct mutator_source *source = &hunt->sources[i];
    hunt->samples[i] = *sample;
    source->octets = sample->cmw;
    source->has_shape = shape_of(&source->shape, sample->cmw, hunt->format->embedded);
    outcome_of(&hunt->originals[i], sample, sample->cmw, hunt->set, hunt->settings->crypto);
    if (hunt->originals[i].decision != ATLS_OK || hunt->originals[i].appraisal != ATLS_OK) {
        give_up(sample->name, "the sample itself is not accepted");
    }
}

static void load(struct hunt *hunt)
{
    static struct test_sample all[TEST_MAX_SAMPLES];
    const char *name = hunt->format->name;
    const size_t num = test_samples(all, TEST_SOURCE_DIR, name);
    hunt->set = test_sample_endorsements(TEST_SOURCE_DIR, name);
    for (size_t i = 0; hunt->format->samples[i] != NULL; i++) {
        size_t at = 0;
        while (at < num && strcmp(all[at].name, hunt->format->samples[i]) != 0) {
            at++;
        }
        if (at == num) {
            give_up(hunt->format->samples[i], "no such sample");
        }
        add_sample(hunt, &all[at]);
    }
    test_sample_endorse(hunt->set, TEST_SOURCE_DIR, hunt->format->other);
    char path[600];
    snprintf(path, sizeof path, "%s/tests/mutation/%s.regions", TEST_SOURCE_DIR, name);
    rules_read(&hunt->regions, path);
}

static struct atls_bytes octets_of(const struct shape_item *item, struct atls_bytes whole)
{
    return atls_bytes_of(&whole.data[item->start], item->len);
}

static struct atls_bytes content_of(const struct shape_item *item, struct atls_bytes whole)
{
    const size_t at = item->start + item->head_len;
    return atls_bytes_of(&whole.data[at], item->len - item->head_len);
}

/* differs_unsigned is true where all that the format calls signed of two byte strings is the same.
 */
static bool differs_unsigned(const struct mutation_format *format, const struct shape_item *mine,
                             struct atls_bytes a, const struct shape_item *theirs,
                             struct atls_bytes b)
{
    if (format->signed_part == NULL || theirs == NULL || mine->major != 2 || theirs->major != 2) {
        return false;
    }
    const struct atls_bytes x = content_of(mine, a);
    const struct atls_bytes y = content_of(theirs, b);
    return atls_bytes_equal(format->signed_part(mine->path, x),
                            format->signed_part(theirs->path, y));
}

static bool is_compared(const struct shape_item *item)
{
    return item->is_leaf && item->path[strcspn(item->path, "=")] == '\0';
}

/*
 * compare_leaves finds each leaf of `a` that `b` has not, or has with other octets. What differs
 * must lie in a region. `out` gets the path of the first that does not.
 */
static bool compare_leaves(char out[MAX_PATH], struct hunt *hunt, const char *sample,
                           const struct shape *a, struct atls_bytes a_octets, const struct shape *b,
                           struct atls_bytes b_octets, bool a_is_mutant)
{
    for (size_t i = 0; i < a->num_items; i++) {
        const struct shape_item *mine = &a->items[i];
        if (!is_compared(mine)) {
            continue;
        }
        const struct shape_item *theirs = shape_find(b, mine->path);
        if (theirs != NULL &&
            atls_bytes_equal(octets_of(mine, a_octets), octets_of(theirs, b_octets))) {
            continue;
        }
        const bool is_unsigned = differs_unsigned(hunt->format, mine, a_octets, theirs, b_octets);
        snprintf(out, MAX_PATH, "%s%s", mine->path, is_unsigned ? "~" : "");
        struct rule *region =
            rules_find_region(&hunt->regions, sample, out, a_is_mutant && theirs == NULL);
        if (region == NULL) {
            return false;
        }
        region->num_used++;
    }
    return true;
}

/* judge_as gives NULL where the mutant may pass for sample `which`, else what is wrong. */
static const char *judge_as(struct hunt *hunt, size_t which, const struct outcome *outcome,
                            struct atls_bytes mutant)
{
    static char why[160];
    static struct shape shape;
    char path[MAX_PATH];
    const char *sample = hunt->samples[which].name;
    const struct mutator_source *source = &hunt->sources[which];
    if (!outcome_equal(outcome, &hunt->originals[which])) {
        return "other claims than the original's";
    }
    if (!source->has_shape) { /* JSON: one region, and the claims are what counts */
        if (mutant.len == 0 || mutant.data[0] != source->octets.data[0]) {
            return "another form than the original's";
        }
        struct rule *region = rules_find_region(&hunt->regions, sample, "text", false);
        if (region == NULL) {
            return "the text is in no region";
        }
        region->num_used++;
        return NULL;
    }
    if (!shape_of(&shape, mutant, hunt->format->embedded)) {
        return "no strict CBOR";
    }
    if (!compare_leaves(path, hunt, sample, &shape, mutant, &source->shape, source->octets, true) ||
        !compare_leaves(path, hunt, sample, &source->shape, source->octets, &shape, mutant,
                        false)) {
        snprintf(why, sizeof why, "what differs is in no region: %s", path);
        return why;
    }
    return NULL;
}

/*
 * judge_accepted: samples with the same nonce answer the same request, so that a splice may give
 * another one of them, in its turn unchanged or changed where it may be.
 */
static const char *judge_accepted(struct hunt *hunt, size_t which, const struct outcome *outcome,
                                  struct atls_bytes mutant)
{
    for (size_t i = 0; i < hunt->num_samples; i++) {
        const bool same_request =
            atls_bytes_equal(hunt->samples[i].nonce, hunt->samples[which].nonce);
        if (i != which && same_request && judge_as(hunt, i, outcome, mutant) == NULL) {
            return NULL;
        }
    }
    return judge_as(hunt, which, outcome, mutant);
}

/* judge_unsigned: what the policy accepts must be in order by its claims for some sample that
 * answers the same nonce; what it does not accept need only be claims. */
static const char *judge_unsigned(struct hunt *hunt, size_t which, const struct outcome *outcome)
{
    json_t *claims = json_loads(outcome->submod.claims_json, JSON_REJECT_DUPLICATES, NULL);
    if (claims == NULL) {
        return "claims that are no JSON";
    }
    const char *why = NULL;
    bool is_right = outcome->decision != ATLS_OK;
    for (size_t i = 0; i < hunt->num_samples && !is_right; i++) {
        if (!atls_bytes_equal(hunt->samples[i].nonce, hunt->samples[which].nonce)) {
            continue;
        }
        json_t *expected = json_loads(hunt->samples[i].expected, JSON_REJECT_DUPLICATES, NULL);
        is_right = hunt->format->may_accept(claims, json_object_get(expected, "claims"), &why);
        json_decref(expected);
    }
    json_decref(claims);
    return is_right ? NULL : why;
}

static void report(struct hunt *hunt, size_t which, uint64_t seed, struct atls_bytes mutant,
                   const char *why)
{
    char path[128];
    hunt->num_failures++;
    if (hunt->settings->count_only) {
        return;
    }
    snprintf(path, sizeof path, "mutant-%s-%" PRIu64 ".cmw", hunt->format->name, seed);
    printf("FAIL %s: a mutant of %s is accepted: %s; again: ATLS_MUTATION_SEED=%" PRIu64
           " ATLS_MUTATIONS=1; in %s\n",
           hunt->format->name, hunt->samples[which].name, why, seed, path);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(mutant.data, 1, mutant.len, file) != mutant.len ||
        fclose(file) != 0) {
        printf("%s cannot be written\n", path);
    }
}

/* try_other_format: Evidence that is all right, endorsed and fresh, but of a format that was not
 * negotiated, is what a label that lies would bring. */
static void try_other_format(struct hunt *hunt)
{
    static struct test_sample others[TEST_MAX_SAMPLES];
    const size_t num = test_samples(others, TEST_SOURCE_DIR, hunt->format->other);
    unsigned num_tried = 0;
    for (size_t i = 0; i < num; i++) {
        for (size_t which = 0; which < hunt->num_samples; which++) {
            if (!atls_bytes_equal(others[i].nonce, hunt->samples[which].nonce)) {
                continue;
            }
            struct outcome outcome;
            outcome_context("%s, sample %s of the other format", hunt->format->name,
                            others[i].name);
            outcome_of(&outcome, &hunt->samples[which], others[i].cmw, hunt->set,
                       hunt->settings->crypto);
            if (outcome.appraisal == ATLS_OK) {
                report(hunt, which, 0, others[i].cmw, "it is of another format");
            }
            num_tried++;
            outcome_cleanup(&outcome);
        }
    }
    if (num_tried == 0) {
        give_up(hunt->format->other, "no sample of it answers a nonce of this format's");
    }
}

static void try_one(struct hunt *hunt, uint64_t seed)
{
    static struct mutant made;
    uint64_t state = ~seed;
    const size_t which = (size_t)(mutator_random(&state) % hunt->num_samples);
    mutator_make(&made, seed, hunt->sources, hunt->num_samples, which);
    /* A block of exactly its size: ASan sees a read past its end. */
    uint8_t *block = malloc(made.len != 0 ? made.len : 1);
    if (block == NULL) {
        give_up(hunt->format->name, "no memory");
    }
    memcpy(block, made.data, made.len);
    const struct atls_bytes mutant = atls_bytes_of(block, made.len);
    if (atls_bytes_equal(mutant, hunt->sources[which].octets)) {
        hunt->num_unchanged++;
        free(block);
        return;
    }
    struct outcome outcome;
    outcome_context("%s, ATLS_MUTATION_SEED=%" PRIu64 " ATLS_MUTATIONS=1", hunt->format->name,
                    seed);
    outcome_of(&outcome, &hunt->samples[which], mutant, hunt->set, hunt->settings->crypto);
    if (outcome.appraisal == ATLS_OK) { /* whatever the policy made of it */
        hunt->num_accepted++;
        const char *why = hunt->settings->is_unsigned
                              ? judge_unsigned(hunt, which, &outcome)
                              : judge_accepted(hunt, which, &outcome, mutant);
        if (why != NULL) {
            report(hunt, which, seed, mutant, why);
        }
    }
    outcome_cleanup(&outcome);
    free(block);
}

uint64_t raw_run(const struct mutation_format *format, const struct raw_settings *settings)
{
    struct hunt *hunt = calloc(1, sizeof *hunt);
    if (hunt == NULL) {
        give_up(format->name, "no memory");
    }
    hunt->format = format;
    hunt->settings = settings;
    load(hunt);
    try_other_format(hunt);
    uint64_t num = 0;
    while (num < settings->num_mutants && hunt->num_failures < settings->max_failures) {
        try_one(hunt, settings->seed + num);
        num++;
    }
    printf("%s %s: %" PRIu64 " mutants from seed %" PRIu64 ", %" PRIu64
           " rightly appraised, %" PRIu64 " no mutants, %" PRIu64 " failures\n",
           format->name, settings->is_unsigned ? "unsigned" : "raw", num, settings->seed,
           hunt->num_accepted - hunt->num_failures, hunt->num_unchanged, hunt->num_failures);
    uint64_t failures = hunt->num_failures;
    if (settings->want_every_region) {
        failures += rules_print_unused(&hunt->regions, format->name);
    }
    for (size_t i = 0; i < hunt->num_samples; i++) {
        outcome_cleanup(&hunt->originals[i]);
    }
    free(hunt);
    return failures;
}
