/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corim-map (draft-ietf-rats-corim-11, 4.1) in both dialects, after its signature:
 *
 *              since 2025                 before
 *   outside    tag 501 around the map     the bare map
 *   profile    one, tag 32 around a URI   an array of one text
 *   tags       506 around octets          octets that hold 506 and the map
 */
#include "endorsement/manifest_read.h"

#include "base/span.h"

#include <time.h>

enum { ID, TAGS, DEPENDENT, PROFILE, VALIDITY, ENTITIES, NUM_FIELDS };
static const struct atls_corim_field corim_fields[NUM_FIELDS] = {
    [ID] = {0, "id (key 0)", ATLS_CORIM_REQUIRED},
    [TAGS] = {1, "tags (key 1)", ATLS_CORIM_REQUIRED},
    [DEPENDENT] = {2, "dependent-rims (key 2)", ATLS_CORIM_OPTIONAL},
    [PROFILE] = {3, "profile (key 3)", ATLS_CORIM_OPTIONAL},
    [VALIDITY] = {4, "rim-validity (key 4)", ATLS_CORIM_OPTIONAL},
    [ENTITIES] = {5, "entities (key 5)", ATLS_CORIM_OPTIONAL},
};

/* read_date reads tag 1 around an integer (RFC 8949, 3.4.2). */
static enum atls_err read_date(const struct atls_corim *corim, const struct atls_cbor *item,
                               const char *claim, int64_t *out)
{
    struct atls_cbor inner;
    if (atls_cbor_tag(item, ATLS_TAG_EPOCH, &inner) && atls_cbor_int(&inner, out)) {
        return ATLS_OK;
    }
    return atls_corim_refuse_item(corim, item, claim, "tag 1 with an integer");
}

/* found_date appends a date as RFC 3339 writes it. */
static void found_date(struct atls_diag *diag, int64_t seconds)
{
    const time_t when = (time_t)seconds;
    struct tm parts;
    char text[40];
    if (gmtime_r(&when, &parts) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0) {
        atls_diag_found_text(diag, text);
    } else {
        atls_diag_found_int(diag, seconds);
    }
}

static enum atls_err refuse_date(const struct atls_corim *corim, const struct atls_cbor *item,
                                 const char *claim, int64_t date, const char *expected)
{
    atls_corim_refuse(corim, item, claim, NULL, expected);
    found_date(corim->diag, date);
    return ATLS_ERR_ENDORSEMENT;
}

enum atls_err atls_corim_validity(const struct atls_corim *corim, const struct atls_cbor *map,
                                  const char *what, struct atls_corim_dates *out)
{
    static const struct atls_corim_field fields[] = {
        {0, "not-before (key 0)", ATLS_CORIM_OPTIONAL},
        {1, "not-after (key 1)", ATLS_CORIM_REQUIRED},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_corim_dates dates = {INT64_MIN, INT64_MAX};
    enum atls_err err = atls_corim_fields(corim, map, what, fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK && atls_corim_has(&value[0])) {
        err = read_date(corim, &value[0], "not-before", &dates.not_before_s);
    }
    if (err == ATLS_OK) {
        err = read_date(corim, &value[1], "not-after", &dates.not_after_s);
    }
    if (err == ATLS_OK && dates.not_before_s > dates.not_after_s) {
        return refuse_date(corim, &value[1], "not-after", dates.not_after_s,
                           "a date after not-before");
    }
    if (err == ATLS_OK) {
        *out = dates;
    }
    return err;
}

enum atls_err atls_corim_check_dates(const struct atls_corim *corim, const struct atls_cbor *at,
                                     const struct atls_corim_dates *dates)
{
    if (!corim->check_time) {
        return ATLS_OK;
    }
    const int64_t latest =
        corim->now_s > INT64_MAX - ATLS_MAX_SKEW_S ? INT64_MAX : corim->now_s + ATLS_MAX_SKEW_S;
    const int64_t earliest =
        corim->now_s < INT64_MIN + ATLS_MAX_SKEW_S ? INT64_MIN : corim->now_s - ATLS_MAX_SKEW_S;
    if (dates->not_before_s > latest) {
        return refuse_date(corim, at, "not-before", dates->not_before_s, "a date that has come");
    }
    if (dates->not_after_s < earliest) {
        return refuse_date(corim, at, "not-after", dates->not_after_s, "a date that is to come");
    }
    return ATLS_OK;
}

/* ends_at notes when the file stops to count. */
static void ends_at(struct atls_corim_source *source, int64_t not_after_s)
{
    source->not_after_s = not_after_s < source->not_after_s ? not_after_s : source->not_after_s;
}

static enum atls_err read_validity(const struct atls_corim *corim, const struct atls_cbor *map)
{
    struct atls_corim_dates dates;
    const enum atls_err err = atls_corim_validity(corim, map, "rim-validity", &dates);
    if (err != ATLS_OK) {
        return err;
    }
    ends_at(corim->source, dates.not_after_s);
    return atls_corim_check_dates(corim, map, &dates);
}

static enum atls_err read_entity(struct atls_corim *corim, const struct atls_cbor *map,
                                 int64_t min_role, int64_t max_role)
{
    static const struct atls_corim_field fields[] = {
        {0, "entity-name (key 0)", ATLS_CORIM_REQUIRED},
        {1, "reg-id (key 1)", ATLS_CORIM_OPTIONAL},
        {2, "role (key 2)", ATLS_CORIM_REQUIRED},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    enum atls_err err =
        atls_corim_fields(corim, map, "entity", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK) {
        err = atls_corim_list(corim, &value[2], "role");
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_bytes text;
    if (!atls_cbor_text(&value[0], 1, SIZE_MAX, &text)) {
        return atls_corim_refuse_item(corim, &value[0], "entity-name", "a text");
    }
    corim->simulated = corim->simulated || atls_bytes_is_text(text, ATLS_SIMULATION_ENTITY);
    struct atls_cbor inner;
    if (atls_corim_has(&value[1]) && !(atls_cbor_tag(&value[1], ATLS_TAG_URI, &inner) &&
                                       atls_cbor_text(&inner, 0, SIZE_MAX, &text))) {
        return atls_corim_refuse_item(corim, &value[1], "reg-id", "tag 32 with a URI");
    }
    struct atls_cbor_iter roles = atls_cbor_members(&value[2]);
    while (atls_cbor_next(&roles, &inner)) {
        int64_t role;
        if (!atls_cbor_int(&inner, &role) || role < min_role || role > max_role) {
            return atls_corim_refuse_item(corim, &inner, "role", "a role that this map may have");
        }
    }
    return ATLS_OK;
}

enum atls_err atls_corim_entities(struct atls_corim *corim, const struct atls_cbor *list,
                                  int64_t min_role, int64_t max_role)
{
    enum atls_err err = atls_corim_list(corim, list, "entities");
    struct atls_cbor_iter entities = atls_cbor_members(list);
    struct atls_cbor entity;
    while (err == ATLS_OK && atls_cbor_next(&entities, &entity)) {
        err = read_entity(corim, &entity, min_role, max_role);
    }
    return err;
}

static enum atls_err read_corim(struct atls_corim *corim, const struct atls_cbor *map)
{
    const size_t first_anchor = corim->batch->num_anchors;
    const size_t first_authority = corim->batch->num_authorities;
    struct atls_cbor value[NUM_FIELDS];
    struct atls_cbor profile;
    memset(value, 0, sizeof value);
    const bool has_profile = atls_cbor_get(map, corim_fields[PROFILE].key, &profile);
    /* First of all: it says which keys may be in the maps. */
    enum atls_err err = atls_corim_read_profile(corim, has_profile ? &profile : NULL);
    if (err == ATLS_OK) {
        err = atls_corim_fields(corim, map, "CoRIM", corim_fields, NUM_FIELDS, value);
    }
    if (err == ATLS_OK) {
        err = atls_corim_identity(corim, &value[ID], "id");
    }
    if (err == ATLS_OK) {
        corim->source->id = value[ID].encoded;
    }
    if (err == ATLS_OK && atls_corim_has(&value[DEPENDENT])) {
        err = atls_corim_read_dependent(corim, &value[DEPENDENT]);
    }
    if (err == ATLS_OK && atls_corim_has(&value[VALIDITY])) {
        err = read_validity(corim, &value[VALIDITY]);
    }
    if (err == ATLS_OK && atls_corim_has(&value[ENTITIES])) {
        err = atls_corim_entities(corim, &value[ENTITIES], 1, 2);
    }
    if (err == ATLS_OK) {
        err = atls_corim_list(corim, &value[TAGS], "tags");
    }
    struct atls_cbor_iter tags = atls_cbor_members(&value[TAGS]);
    struct atls_cbor tag;
    while (err == ATLS_OK && atls_cbor_next(&tags, &tag)) {
        err = atls_corim_read_tag(corim, &tag);
    }
    /* The mark may be in the last CoMID, and holds for every trust anchor of the file. */
    for (size_t i = first_anchor; corim->simulated && i < corim->batch->num_anchors; i++) {
        corim->batch->anchors[i]->anchor.simulated = true;
    }
    for (size_t i = first_authority; corim->simulated && i < corim->batch->num_authorities; i++) {
        corim->batch->authorities[i]->authority.simulated = true;
    }
    return err;
}

/* open_file gives what is to be read: the payload that a signer vouches for, or, where nobody is
 * asked to, the file itself. */
static enum atls_err open_file(const struct atls_corim *corim, struct atls_bytes octets,
                               const struct atls_corim_reading *reading, struct atls_bytes *out)
{
    const bool is_signed = atls_corim_is_signed(octets);
    const bool has_signers = reading->signers != NULL && reading->signers->count > 0;
    if (!is_signed && !has_signers) {
        *out = octets;
        return ATLS_OK;
    }
    if (!has_signers) {
        return atls_fail_texts(corim->diag, ATLS_ERR_ENDORSEMENT, "endorsement", "CoRIM",
                               "a signed CoRIM", "--endorsement-key FILE, whose signature it has");
    }
    if (!is_signed) {
        return atls_fail_texts(corim->diag, ATLS_ERR_ENDORSEMENT_SIGNATURE, "endorsement", "CoRIM",
                               "an unsigned CoRIM",
                               "one signed by a key of --endorsement-key (atls corim sign)");
    }
    struct atls_corim_signature signature;
    const enum atls_err err = atls_corim_signature_verify(&signature, octets, reading->signers,
                                                          reading->now_s, corim->diag);
    if (err == ATLS_OK) {
        ends_at(corim->source, signature.not_after_s);
        *out = signature.payload;
    }
    return err;
}

static enum atls_err read_file(struct atls_corim *corim, struct atls_bytes octets,
                               const struct atls_corim_reading *reading)
{
    struct atls_cbor outer;
    struct atls_bytes content;
    enum atls_err err = open_file(corim, octets, reading, &content);
    if (err == ATLS_OK) {
        corim->source->content = content;
        err = atls_corim_parse(corim, content, "CoRIM", &outer);
    }
    if (err != ATLS_OK) {
        return err;
    }
    struct atls_cbor map = outer;
    struct atls_cbor first;
    corim->old_dialect = outer.type == ATLS_CBOR_MAP;
    if (corim->old_dialect && atls_cbor_get(&outer, 1, &first) && first.type == ATLS_CBOR_MAP) {
        return atls_corim_refuse(corim, &outer, "CoRIM", "a CoMID with no CoRIM around it",
                                 "tag 501 with a map (atls corim create makes it of templates)");
    }
    if (!corim->old_dialect && !atls_cbor_tag(&outer, ATLS_TAG_CORIM, &map)) {
        return atls_corim_refuse_item(corim, &outer, "CoRIM", "tag 501 with a map");
    }
    return read_corim(corim, &map);
}

/* name_source ends what was found with the name of the file; of a long name its end. */
static void name_source(struct atls_diag *diag, const char *name)
{
    const size_t max = 90;
    const size_t len = strlen(name);
    if (diag == NULL) {
        return;
    }
    atls_diag_found_text(diag, diag->found[0] == '\0' ? "it in " : " in ");
    atls_diag_found_text(diag, len > max ? "..." : "");
    atls_diag_found_text(diag, len > max ? &name[len - max] : name);
}

enum atls_err atls_corim_read(struct atls_batch *batch, struct atls_bytes octets, const char *name,
                              const struct atls_corim_reading *reading, struct atls_diag *diag)
{
    struct atls_corim corim = {
        .batch = batch, .check_time = reading->check_time, .now_s = reading->now_s};
    corim.diag = diag;
    enum atls_err err = atls_batch_add_source(batch, &corim.source, octets, name, diag);
    if (err == ATLS_OK) {
        err = read_file(&corim, atls_bytes_of(corim.source->data, corim.source->len), reading);
    }
    if (err == ATLS_ERR_ENDORSEMENT || err == ATLS_ERR_ENDORSEMENT_SIGNATURE) {
        name_source(diag, name);
    }
    return err;
}
