/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The concise-mid-tag (draft-ietf-rats-corim-11, 5.1) and its triples. Under a profile whose keys
 * and reference values are looked up by instance and class, these go there: triples 0 and 3 (2
 * under the PSA profile of before 2025). All others are kept as statements.
 */
#include "endorsement/statement_read.h"

#include "base/span.h"
#include "crypto/key.h"

enum { LANGUAGE, IDENTITY, ENTITIES, LINKED, TRIPLES, NUM_FIELDS };
static const struct atls_corim_field comid_fields[NUM_FIELDS] = {
    [LANGUAGE] = {0, "language (key 0)", ATLS_CORIM_OPTIONAL},
    [IDENTITY] = {1, "tag-identity (key 1)", ATLS_CORIM_REQUIRED},
    [ENTITIES] = {2, "entities (key 2)", ATLS_CORIM_OPTIONAL},
    [LINKED] = {3, "linked-tags (key 3)", ATLS_CORIM_OPTIONAL},
    [TRIPLES] = {4, "triples (key 4)", ATLS_CORIM_REQUIRED},
};

static const struct atls_corim_field triple_fields[] = {
    {0, "reference-triples (key 0)", ATLS_CORIM_OPTIONAL},
    {1, "endorsed-triples (key 1)", ATLS_CORIM_OPTIONAL},
    {2, "identity-triples (key 2)", ATLS_CORIM_OPTIONAL},
    {3, "attest-key-triples (key 3)", ATLS_CORIM_OPTIONAL},
    {4, "dependency-triples (key 4)", ATLS_CORIM_OPTIONAL},
    {5, "membership-triples (key 5)", ATLS_CORIM_OPTIONAL},
    {6, "coswid-triples (key 6)", ATLS_CORIM_OPTIONAL},
    {8, "conditional-endorsement-series-triples (key 8)", ATLS_CORIM_OPTIONAL},
    {10, "conditional-endorsement-triples (key 10)", ATLS_CORIM_OPTIONAL},
};

enum atls_err atls_corim_tag_identity(const struct atls_corim *corim, const struct atls_cbor *map,
                                      struct atls_corim_source *file)
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
    if (err == ATLS_OK && file != NULL && version > file->version) {
        file->version = version;
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

/* has_effect: the triples that an appraisal takes part of. */
static bool has_effect(enum atls_triple triple)
{
    return triple == ATLS_TRIPLE_REFERENCE || triple == ATLS_TRIPLE_ENDORSED ||
           triple == ATLS_TRIPLE_ATTEST_KEY || triple == ATLS_TRIPLE_SERIES ||
           triple == ATLS_TRIPLE_CONDITIONAL;
}

/* check_bare_key parses the key of an attestation key record, and adds it where its format is in
 * place. Certificates become authorities. */
static enum atls_err check_bare_key(struct atls_corim *corim,
                                    const struct atls_statement *statement)
{
    struct atls_cbor list;
    struct atls_cbor item;
    struct atls_key *key = NULL;
    struct atls_trust_anchor anchor = {.format = corim->format,
                                       .class_id = statement->environment.class_id.octets,
                                       .instance = statement->environment.instance.octets,
                                       .source = statement->source,
                                       .file = statement->file,
                                       .not_after_s = statement->not_after_s};
    if (!atls_cbor_at(&statement->record, 1, &list) || !atls_cbor_at(&list, 0, &item) ||
        (item.argument != ATLS_TAG_PEM_KEY && item.argument != ATLS_TAG_COSE_KEY)) {
        return ATLS_OK;
    }
    enum atls_err err = atls_corim_key(corim, &item, &key);
    if (err == ATLS_OK && corim->format != NULL) {
        err = atls_batch_add_anchor(corim->batch, &anchor, key, corim->diag);
        key = err == ATLS_OK ? NULL : key;
    }
    atls_key_free(key);
    return err;
}

static enum atls_err read_statement(struct atls_corim *corim, enum atls_triple triple,
                                    const struct atls_cbor *record)
{
    struct atls_statement statement;
    enum atls_err err = atls_corim_statement(corim, triple, record, &statement);
    if (err == ATLS_OK) {
        err = atls_batch_add_statement(corim->batch, &statement, corim->diag);
    }
    if (err == ATLS_OK && triple == ATLS_TRIPLE_ATTEST_KEY && corim->profile != NULL) {
        err = check_bare_key(corim, &statement);
        err = err == ATLS_OK ? atls_corim_certificates(corim, &statement) : err;
    }
    if (err == ATLS_OK && !has_effect(triple)) {
        err = atls_corim_note(corim, atls_triple_name(triple), "kept, and without effect");
    }
    return err;
}

static enum atls_err read_record(struct atls_corim *corim, enum atls_triple triple,
                                 const struct atls_cbor *record)
{
    if (corim->rules != NULL && triple == ATLS_TRIPLE_REFERENCE) {
        return read_references(corim, record);
    }
    if (corim->rules != NULL && (triple == ATLS_TRIPLE_ATTEST_KEY ||
                                 (triple == ATLS_TRIPLE_IDENTITY && corim->old_profile))) {
        return read_attest_key(corim, record);
    }
    /* Before 2025 attestation keys were in the triple of identity keys. */
    const bool is_old_key = triple == ATLS_TRIPLE_IDENTITY && corim->old_profile;
    return read_statement(corim, is_old_key ? ATLS_TRIPLE_ATTEST_KEY : triple, record);
}

static enum atls_err read_triples(struct atls_corim *corim, const struct atls_cbor *map)
{
    enum { NUM_TRIPLES = ATLS_ARRAY_LEN(triple_fields) };
    struct atls_cbor value[NUM_TRIPLES];
    struct atls_cbor record;
    enum atls_err err = atls_corim_fields(corim, map, "triples", triple_fields, NUM_TRIPLES, value);
    for (size_t i = 0; i < NUM_TRIPLES && err == ATLS_OK; i++) {
        const enum atls_triple triple = (enum atls_triple)triple_fields[i].key;
        if (!atls_corim_has(&value[i])) {
            continue;
        }
        err = atls_corim_list(corim, &value[i], atls_triple_name(triple));
        struct atls_cbor_iter records = atls_cbor_members(&value[i]);
        while (err == ATLS_OK && atls_cbor_next(&records, &record)) {
            err = read_record(corim, triple, &record);
        }
    }
    return err;
}

/* read_linked_tags: a tag that supplements another changes nothing, for all that is loaded counts
 * together. One that replaces another would take statements of a file away that may be signed by
 * somebody else: that is what versions of one CoRIM are for (rank.h). */
static enum atls_err read_linked_tags(const struct atls_corim *corim, const struct atls_cbor *list)
{
    enum { SUPPLEMENTS, REPLACES };
    static const struct atls_corim_field fields[] = {
        {0, "linked-tag-id (key 0)", ATLS_CORIM_REQUIRED},
        {1, "tag-rel (key 1)", ATLS_CORIM_REQUIRED},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_cbor item;
    enum atls_err err = atls_corim_list(corim, list, "linked-tags");
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        int64_t relation = -1;
        err = atls_corim_fields(corim, &item, "linked-tags", fields, ATLS_ARRAY_LEN(fields), value);
        if (err == ATLS_OK) {
            err = atls_corim_identity(corim, &value[0], "linked-tag-id");
        }
        if (err == ATLS_OK && !atls_cbor_int(&value[1], &relation)) {
            err = atls_corim_refuse_item(corim, &value[1], "tag-rel", "0 (supplements)");
        }
        if (err == ATLS_OK && relation != SUPPLEMENTS) {
            err = atls_corim_refuse(corim, &value[1], "tag-rel",
                                    relation == REPLACES ? "1 (replaces)" : "another relation",
                                    "0 (supplements): to replace a tag, give its CoRIM a higher "
                                    "tag-version");
        }
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
    err = atls_corim_tag_identity(corim, &value[IDENTITY], corim->source);
    if (err == ATLS_OK && atls_corim_has(&value[ENTITIES])) {
        err = atls_corim_entities(corim, &value[ENTITIES], 0, 2);
    }
    if (err == ATLS_OK && atls_corim_has(&value[LINKED])) {
        err = read_linked_tags(corim, &value[LINKED]);
    }
    return err != ATLS_OK ? err : read_triples(corim, &value[TRIPLES]);
}
