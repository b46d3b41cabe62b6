/* SPDX-License-Identifier: Apache-2.0 */
/* A CoRIM file: refused with a sentence and nothing kept, or a set in which every key is found by
 * its instance, every reference and statement is walked over, what endorsers add to claims ends,
 * and the same file once more changes nothing. */
#include "fuzz_check.h"

#include "base/span.h"
#include "endorsement/apply.h"
#include "endorsement/statement_json.h"

#include <stdlib.h>

#define NOW 1784073600 /* 2026-07-15 */

static void check_anchor(const struct atls_trust_anchor *anchor)
{
    fuzz_require(anchor->key != NULL && anchor->spki.len != 0);
    fuzz_require(anchor->instance.len == 33 && anchor->instance.data[0] == 1);
    fuzz_require(anchor->class_id.len == 32 || anchor->class_id.len == 16);
    fuzz_require(anchor->source != NULL && anchor->source[0] == 'f');
}

static void check_reference(const struct atls_reference *reference)
{
    fuzz_require(reference->num_digests >= 1 && reference->num_digests <= 3);
    fuzz_require(reference->key_is_uint ? reference->key_uint < 32 : reference->key_text.len == 22);
    for (size_t i = 0; i < reference->num_digests; i++) {
        const struct atls_reference_digest *digest = &reference->digests[i];
        fuzz_require(digest->value.len == atls_hash_len(digest->alg));
        fuzz_require(i == 0 || digest->alg < digest[-1].alg);
        fuzz_require(atls_bytes_equal(digest->value, digest->value)); /* reads all of it */
    }
}

/* check_look_ups takes every 33 octets of the file for an instance, and every 16 and 32 for a
 * class: what the set holds is in the file. */
static void check_look_ups(const struct atls_endorsements *set, struct atls_bytes file)
{
    static const size_t class_lengths[] = {16, 32};
    for (size_t f = 0; f < atls_num_formats; f++) {
        const struct atls_bytes none = {NULL, 0};
        for (size_t i = 0; i + 33 <= file.len; i++) {
            const struct atls_trust_anchor *anchor = atls_endorsements_find_key(
                set, &atls_formats[f], atls_bytes_of(&file.data[i], 33), none);
            if (anchor != NULL) {
                check_anchor(anchor);
                fuzz_require(atls_endorsements_find_key(set, anchor->format, anchor->instance,
                                                        anchor->class_id) != NULL);
            }
        }
        for (size_t k = 0; k < ATLS_ARRAY_LEN(class_lengths); k++) {
            const size_t len = class_lengths[k];
            for (size_t i = 0; i + len <= file.len; i++) {
                size_t cursor = 0;
                size_t num = 0;
                const struct atls_reference *reference;
                while ((reference = atls_endorsements_next_reference(
                            set, &atls_formats[f], atls_bytes_of(&file.data[i], len), &cursor)) !=
                       NULL) {
                    check_reference(reference);
                    num++;
                }
                fuzz_require(num <= atls_endorsements_num_references(set));
            }
        }
    }
}

/* check_statement reads all that a statement says, and holds it against itself. */
static void check_statement(const struct atls_statement *statement)
{
    struct atls_measurement_map m;
    struct atls_tagged key;
    const struct atls_claim claim = {&statement->environment, &m};
    const struct atls_claims claims = {.items = &claim, .num = 1, .labels = ATLS_LABELS_COMPARED};
    for (size_t i = 0; atls_statement_measurement(statement, i, &m); i++) {
        fuzz_require(m.values.has != 0);
        fuzz_require(m.values.raw_mask.len == 0 || m.values.raw_mask.len == m.values.raw.len);
        (void)atls_measured_matches(&m.values, &m.values);
        (void)atls_statement_matches(statement, &claims);
    }
    for (size_t i = 0; atls_statement_key(statement, i, &key); i++) {
        fuzz_require(key.tag != 0);
    }
    json_t *shown = atls_statement_json(statement);
    fuzz_require(shown != NULL);
    json_decref(shown);
}

/* check_statements asks what follows when the first measurement of each statement is accepted. */
static void check_statements(const struct atls_endorsements *set)
{
    struct atls_additions *additions = calloc(1, sizeof *additions);
    fuzz_require(additions != NULL);
    for (int triple = 0; triple < ATLS_NUM_TRIPLES; triple++) {
        size_t cursor = 0;
        const struct atls_statement *statement;
        while ((statement = atls_endorsements_next_statement(set, NULL, (enum atls_triple)triple,
                                                             NOW, &cursor)) != NULL) {
            struct atls_measurement_map m;
            check_statement(statement);
            if (!atls_statement_measurement(statement, 0, &m)) {
                continue;
            }
            const struct atls_claim claim = {&statement->environment, &m};
            const struct atls_claims claims = {.items = &claim, .num = 1};
            const enum atls_err err =
                atls_endorsements_apply(additions, set, "psa", &claims, NOW, NULL);
            fuzz_require(err == ATLS_OK || err == ATLS_ERR_ENDORSEMENT);
            fuzz_require(additions->num <= ATLS_MAX_ADDITIONS);
        }
    }
    free(additions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct atls_bytes file = atls_bytes_of(data, size);
    struct atls_endorsements *set = NULL;
    struct atls_diag diag;
    if (atls_endorsements_new(&set, NULL) != ATLS_OK) {
        return 0;
    }
    const enum atls_err err = atls_endorsements_add_corim(set, file, "fuzz", NOW, &diag);
    const size_t keys = atls_endorsements_num_keys(set);
    const size_t references = atls_endorsements_num_references(set);
    const size_t statements = atls_endorsements_num_statements(set);
    const size_t authorities = atls_endorsements_num_authorities(set);
    size_t cursor = 0;
    if (err != ATLS_OK) {
        fuzz_require(err == ATLS_ERR_ENDORSEMENT && diag.err == err);
        fuzz_require(diag.found[0] != '\0' && diag.expected[0] != '\0');
        fuzz_require(keys == 0 && references == 0 && statements == 0 && authorities == 0);
    } else {
        /* Nothing is passed over in silence. */
        fuzz_require(keys + references + statements + authorities > 0 ||
                     atls_endorsements_next_note(set, &cursor) != NULL);
        fuzz_require(atls_endorsements_add_corim(set, file, "f2", NOW, NULL) == ATLS_OK);
        fuzz_require(atls_endorsements_num_keys(set) == keys);
        fuzz_require(atls_endorsements_num_references(set) == references);
        fuzz_require(atls_endorsements_num_statements(set) == statements);
        fuzz_require(atls_endorsements_num_authorities(set) == authorities);
        check_statements(set);
        check_look_ups(set, file);
    }
    atls_endorsements_unref(set);
    return 0;
}
