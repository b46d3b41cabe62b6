/* SPDX-License-Identifier: Apache-2.0 */
/* The concise-mid-tag (draft-ietf-rats-corim-11, 5.1) and its triples: reference values (0) and
 * attestation keys (3; 2 under the PSA profile of before 2025). */
#include "endorsement/corim.h"

#include "base/span.h"
#include "crypto/key.h"

enum { LANGUAGE, IDENTITY, ENTITIES, LINKED, TRIPLES, NUM_FIELDS };
static const struct atls_corim_field comid_fields[NUM_FIELDS] = {
    [LANGUAGE] = {0, "language (key 0)", ATLS_CORIM_OPTIONAL},
    [IDENTITY] = {1, "tag-identity (key 1)", ATLS_CORIM_REQUIRED},
    [ENTITIES] = {2, "entities (key 2)", ATLS_CORIM_OPTIONAL},
    [LINKED] = {3, "linked-tags (key 3)", ATLS_CORIM_NOT_BUILT},
    [TRIPLES] = {4, "triples (key 4)", ATLS_CORIM_REQUIRED},
};

enum { REFERENCE, ENDORSED, IDENTITY_KEY, ATTEST_KEY, OTHERS, NUM_TRIPLES = OTHERS + 5 };
static const struct atls_corim_field triple_fields[NUM_TRIPLES] = {
    [REFERENCE] = {0, "reference-triples (key 0)", ATLS_CORIM_OPTIONAL},
    [ENDORSED] = {1, "endorsed-triples (key 1)", ATLS_CORIM_NOT_BUILT},
    [IDENTITY_KEY] = {2, "identity-triples (key 2)", ATLS_CORIM_NOT_BUILT},
    [ATTEST_KEY] = {3, "attest-key-triples (key 3)", ATLS_CORIM_OPTIONAL},
    [OTHERS] = {4, "dependency-triples (key 4)", ATLS_CORIM_NOT_BUILT},
    {5, "membership-triples (key 5)", ATLS_CORIM_NOT_BUILT},
    {6, "coswid-triples (key 6)", ATLS_CORIM_NOT_BUILT},
    {8, "conditional-endorsement-series-triples (key 8)", ATLS_CORIM_NOT_BUILT},
    {10, "conditional-endorsement-triples (key 10)", ATLS_CORIM_NOT_BUILT},
};

static enum atls_err read_tag_identity(const struct atls_corim *corim, const struct atls_cbor *map)
{
    static const struct atls_corim_field fields[] = {
        {0, "tag-id (key 0)", ATLS_CORIM_REQUIRED},
        {1, "tag-version (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(corim, map, "tag-identity", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK) {
        err = atls_corim_identity(corim, &value[0], "tag-id");
    }
    uint64_t version = 0;
    if (err == ATLS_OK && atls_corim_has(&value[1]) && !atls_cbor_u64(&value[1], &version)) {
        return atls_corim_refuse_item(corim, &value[1], "tag-version", "an unsigned integer");
    }
    /* The version of the whole file: whoever changes one of its CoMIDs raises it. */
    if (err == ATLS_OK && version > corim->source->version) {
        corim->source->version = version;
    }
    return err;
}

/* record_parts gives environment and list of a triple record with exactly these two members. */
static enum atls_err record_parts(const struct atls_corim *corim, const struct atls_cbor *record,
                                  const char *claim, struct atls_cbor *environment,
                                  struct atls_cbor *list)
{
    if (record->type != ATLS_CBOR_ARRAY || record->argument < 2 || record->argument > 3 ||
        !atls_cbor_at(record, 0, environment) || !atls_cbor_at(record, 1, list)) {
        return atls_corim_refuse_item(corim, record, claim, "an array of environment and values");
    }
    if (record->argument == 3) {
        return atls_corim_refuse(corim, record, claim, "conditions", ATLS_CORIM_ONLY_BUILT);
    }
    return atls_corim_list(corim, list, claim);
}

static enum atls_err read_references(struct atls_corim *corim, const struct atls_cbor *record)
{
    struct atls_cbor environment;
    struct atls_cbor list;
    struct atls_bytes class_id;
    enum atls_err err = record_parts(corim, record, "reference-triples", &environment, &list);
    if (err == ATLS_OK) {
        err = atls_corim_environment(corim, &environment, false, &class_id, NULL);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_cbor_iter measurements = atls_cbor_members(&list);
    struct atls_cbor measurement;
    while (err == ATLS_OK && atls_cbor_next(&measurements, &measurement)) {
        struct atls_reference reference = {.format = corim->format, .class_id = class_id};
        reference.source = corim->source->name;
        reference.file = corim->source;
        reference.not_after_s = corim->source->not_after_s;
        err = atls_corim_measurement(corim, &measurement, &reference);
        if (err == ATLS_OK) {
            err = atls_batch_add_reference(corim->batch, &reference, corim->diag);
        }
    }
    return err;
}

static enum atls_err read_attest_key(struct atls_corim *corim, const struct atls_cbor *record)
{
    struct atls_cbor environment;
    struct atls_cbor list;
    struct atls_cbor item;
    struct atls_trust_anchor anchor = {.format = corim->format, .source = corim->source->name};
    anchor.file = corim->source;
    anchor.not_after_s = corim->source->not_after_s;
    enum atls_err err = record_parts(corim, record, "attest-key-triples", &environment, &list);
    if (err == ATLS_OK) {
        err = atls_corim_environment(corim, &environment, true, &anchor.class_id, &anchor.instance);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (list.argument != 1 || !atls_cbor_at(&list, 0, &item)) {
        return atls_corim_refuse_item(corim, &list, "attest-key-triples", "exactly one key");
    }
    struct atls_key *key = NULL;
    err = atls_corim_key(corim, &item, &key);
    if (err == ATLS_OK) {
        err = atls_batch_add_anchor(corim->batch, &anchor, key, corim->diag);
        if (err != ATLS_OK) {
            atls_key_free(key);
        }
    }
    return err;
}

typedef enum atls_err record_reader(struct atls_corim *corim, const struct atls_cbor *record);

static enum atls_err read_records(struct atls_corim *corim, const struct atls_cbor *list,
                                  const char *claim, record_reader *reader)
{
    if (!atls_corim_has(list)) {
        return ATLS_OK;
    }
    enum atls_err err = atls_corim_list(corim, list, claim);
    struct atls_cbor_iter records = atls_cbor_members(list);
    struct atls_cbor record;
    while (err == ATLS_OK && atls_cbor_next(&records, &record)) {
        err = reader(corim, &record);
    }
    return err;
}

static enum atls_err read_triples(struct atls_corim *corim, const struct atls_cbor *map)
{
    struct atls_corim_field fields[NUM_TRIPLES];
    struct atls_cbor value[NUM_TRIPLES];
    memcpy(fields, triple_fields, sizeof fields);
    if (corim->old_profile) {
        fields[IDENTITY_KEY].use = ATLS_CORIM_OPTIONAL;
    }
    enum atls_err err = atls_corim_fields(corim, map, "triples", fields, NUM_TRIPLES, value);
    if (err == ATLS_OK) {
        err = read_records(corim, &value[REFERENCE], "reference-triples", read_references);
    }
    if (err == ATLS_OK) {
        err = read_records(corim, &value[IDENTITY_KEY], "identity-triples", read_attest_key);
    }
    if (err == ATLS_OK) {
        err = read_records(corim, &value[ATTEST_KEY], "attest-key-triples", read_attest_key);
    }
    return err;
}

enum atls_err atls_corim_comid(struct atls_corim *corim, const struct atls_cbor *map)
{
    struct atls_cbor value[NUM_FIELDS];
    enum atls_err err = atls_corim_fields(corim, map, "CoMID", comid_fields, NUM_FIELDS, value);
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_bytes text;
    if (atls_corim_has(&value[LANGUAGE]) && !atls_cbor_text(&value[LANGUAGE], 0, SIZE_MAX, &text)) {
        return atls_corim_refuse_item(corim, &value[LANGUAGE], "language", "a text");
    }
    err = read_tag_identity(corim, &value[IDENTITY]);
    if (err == ATLS_OK && atls_corim_has(&value[ENTITIES])) {
        err = atls_corim_entities(corim, &value[ENTITIES], 0, 2);
    }
    return err != ATLS_OK ? err : read_triples(corim, &value[TRIPLES]);
}
