/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of triples as the draft has them (draft-ietf-rats-corim-11, 5.1.4 to 5.1.12): checked to
 * the last member, then kept encoded. The shapes of all kinds are here; what a profile demands is
 * in profile_check.c.
 */
#include "endorsement/statement_read.h"

#include "base/span.h"
#include "endorsement/profile_rules.h"

static const char *const names[ATLS_NUM_TRIPLES] = {
    [ATLS_TRIPLE_REFERENCE] = "reference-triples",
    [ATLS_TRIPLE_ENDORSED] = "endorsed-triples",
    [ATLS_TRIPLE_IDENTITY] = "identity-triples",
    [ATLS_TRIPLE_ATTEST_KEY] = "attest-key-triples",
    [ATLS_TRIPLE_DEPENDENCY] = "dependency-triples",
    [ATLS_TRIPLE_MEMBERSHIP] = "membership-triples",
    [ATLS_TRIPLE_COSWID] = "coswid-triples",
    [ATLS_TRIPLE_SERIES] = "conditional-endorsement-series-triples",
    [ATLS_TRIPLE_CONDITIONAL] = "conditional-endorsement-triples",
};

const char *atls_triple_name(enum atls_triple triple)
{
    return names[triple];
}

/* members takes an array of `min` to `max` members apart; what is absent has no encoding. */
static enum atls_err members(const struct atls_corim *corim, const struct atls_cbor *item,
                             const char *claim, size_t min, size_t max, struct atls_cbor *out)
{
    memset(out, 0, max * sizeof *out);
    if (item->type != ATLS_CBOR_ARRAY || item->argument < min || item->argument > max) {
        return atls_corim_refuse_item(corim, item, claim, "a record of this triple");
    }
    struct atls_cbor_iter iter = atls_cbor_members(item);
    for (size_t i = 0; i < max && atls_cbor_next(&iter, &out[i]); i++) {
    }
    return ATLS_OK;
}

static enum atls_err check_measurements(const struct atls_corim *corim,
                                        const struct atls_cbor *list, const char *claim,
                                        bool may_be_empty)
{
    struct atls_measurement_map measurement;
    struct atls_cbor item;
    enum atls_err err = list->type == ATLS_CBOR_ARRAY && list->argument == 0 && may_be_empty
                            ? ATLS_OK
                            : atls_corim_list(corim, list, claim);
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        err = atls_corim_any_measurement(corim, &item, &measurement);
    }
    return err;
}

/* check_claim reads [environment, [+ measurement]]. */
static enum atls_err check_claim(const struct atls_corim *corim, const struct atls_cbor *record,
                                 const char *claim, struct atls_environment *out)
{
    struct atls_cbor part[2];
    enum atls_err err = members(corim, record, claim, 2, 2, part);
    if (err == ATLS_OK) {
        err = atls_corim_any_environment(corim, &part[0], out);
    }
    return err == ATLS_OK ? check_measurements(corim, &part[1], claim, false) : err;
}

static enum atls_err check_conditions(const struct atls_corim *corim, const struct atls_cbor *map)
{
    static const struct atls_corim_field fields[] = {
        {0, "mkey (key 0)", ATLS_CORIM_OPTIONAL},
        {1, "authorized-by (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_mkey mkey;
    struct atls_mkeys keys;
    enum atls_err err =
        atls_corim_fields(corim, map, "conditions", fields, ATLS_ARRAY_LEN(fields), value);
    if (err == ATLS_OK && atls_corim_has(&value[0])) {
        err = atls_corim_any_mkey(corim, &value[0], &mkey);
    }
    if (err == ATLS_OK && atls_corim_has(&value[1])) {
        err = atls_corim_any_keys(corim, &value[1], "authorized-by", &keys);
    }
    return err;
}

/* check_keys reads [environment, [+ key], ? conditions]. */
static enum atls_err check_keys(const struct atls_corim *corim, const struct atls_cbor *record,
                                const char *claim, struct atls_environment *out)
{
    struct atls_cbor part[3];
    struct atls_mkeys keys;
    enum atls_err err = members(corim, record, claim, 2, 3, part);
    if (err == ATLS_OK) {
        err = atls_corim_any_environment(corim, &part[0], out);
    }
    if (err == ATLS_OK) {
        err = atls_corim_any_keys(corim, &part[1], claim, &keys);
    }
    return err == ATLS_OK && atls_corim_has(&part[2]) ? check_conditions(corim, &part[2]) : err;
}

/* check_domain reads [environment, [+ environment]]. */
static enum atls_err check_domain(const struct atls_corim *corim, const struct atls_cbor *record,
                                  const char *claim, struct atls_environment *out)
{
    struct atls_cbor part[2];
    struct atls_cbor item;
    struct atls_environment other;
    enum atls_err err = members(corim, record, claim, 2, 2, part);
    if (err == ATLS_OK) {
        err = atls_corim_any_environment(corim, &part[0], out);
    }
    if (err == ATLS_OK) {
        err = atls_corim_list(corim, &part[1], claim);
    }
    struct atls_cbor_iter iter = atls_cbor_members(&part[1]);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        err = atls_corim_any_environment(corim, &item, &other);
    }
    return err;
}

/* check_coswid reads [environment, [+ tag-id]]. */
static enum atls_err check_coswid(const struct atls_corim *corim, const struct atls_cbor *record,
                                  const char *claim, struct atls_environment *out)
{
    struct atls_cbor part[2];
    struct atls_cbor item;
    enum atls_err err = members(corim, record, claim, 2, 2, part);
    if (err == ATLS_OK) {
        err = atls_corim_any_environment(corim, &part[0], out);
    }
    if (err == ATLS_OK) {
        err = atls_corim_list(corim, &part[1], claim);
    }
    struct atls_cbor_iter iter = atls_cbor_members(&part[1]);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        err = atls_corim_identity(corim, &item, "tag-id");
    }
    return err;
}

/* check_series reads [[environment, [* measurement], ? [+ key]], [+ [selection, addition]]]. */
static enum atls_err check_series(const struct atls_corim *corim, const struct atls_cbor *record,
                                  const char *claim, struct atls_environment *out)
{
    struct atls_cbor part[2];
    struct atls_cbor condition[3];
    struct atls_cbor change[2];
    struct atls_cbor item;
    struct atls_mkeys keys;
    enum atls_err err = members(corim, record, claim, 2, 2, part);
    if (err == ATLS_OK) {
        err = members(corim, &part[0], claim, 2, 3, condition);
    }
    if (err == ATLS_OK) {
        err = atls_corim_any_environment(corim, &condition[0], out);
    }
    if (err == ATLS_OK) {
        err = check_measurements(corim, &condition[1], claim, true);
    }
    if (err == ATLS_OK && atls_corim_has(&condition[2])) {
        err = atls_corim_any_keys(corim, &condition[2], "authorized-by", &keys);
    }
    if (err == ATLS_OK) {
        err = atls_corim_list(corim, &part[1], claim);
    }
    struct atls_cbor_iter iter = atls_cbor_members(&part[1]);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        err = members(corim, &item, claim, 2, 2, change);
        for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
            err = check_measurements(corim, &change[i], claim, false);
        }
    }
    return err;
}

/* check_conditional reads [[+ claim], [+ claim]]: conditions and endorsements. */
static enum atls_err check_conditional(const struct atls_corim *corim,
                                       const struct atls_cbor *record, const char *claim,
                                       struct atls_environment *out)
{
    struct atls_cbor part[2];
    struct atls_cbor item;
    enum atls_err err = members(corim, record, claim, 2, 2, part);
    for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
        bool is_first = i == 0;
        err = atls_corim_list(corim, &part[i], claim);
        struct atls_cbor_iter iter = atls_cbor_members(&part[i]);
        while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
            struct atls_environment environment;
            err = check_claim(corim, &item, claim, &environment);
            if (err == ATLS_OK && is_first) {
                *out = environment;
                is_first = false;
            }
        }
    }
    return err;
}

typedef enum atls_err shape(const struct atls_corim *corim, const struct atls_cbor *record,
                            const char *claim, struct atls_environment *out);
static shape *const shapes[ATLS_NUM_TRIPLES] = {
    [ATLS_TRIPLE_REFERENCE] = check_claim,         [ATLS_TRIPLE_ENDORSED] = check_claim,
    [ATLS_TRIPLE_IDENTITY] = check_keys,           [ATLS_TRIPLE_ATTEST_KEY] = check_keys,
    [ATLS_TRIPLE_DEPENDENCY] = check_domain,       [ATLS_TRIPLE_MEMBERSHIP] = check_domain,
    [ATLS_TRIPLE_COSWID] = check_coswid,           [ATLS_TRIPLE_SERIES] = check_series,
    [ATLS_TRIPLE_CONDITIONAL] = check_conditional,
};

/* check_profile holds reference values and attestation keys against the profile's tables. */
static enum atls_err check_profile(const struct atls_corim *corim, enum atls_triple triple,
                                   const struct atls_cbor *record,
                                   const struct atls_environment *environment)
{
    struct atls_cbor part[3];
    if (corim->profile == NULL || corim->profile->checks == NULL ||
        (triple != ATLS_TRIPLE_REFERENCE && triple != ATLS_TRIPLE_ATTEST_KEY)) {
        return ATLS_OK;
    }
    const enum atls_err err = members(corim, record, names[triple], 2, 3, part);
    if (err != ATLS_OK) {
        return err;
    }
    const struct atls_record checked = {record, &part[0], environment, &part[1]};
    return triple == ATLS_TRIPLE_REFERENCE ? atls_profile_check_references(corim, &checked)
                                           : atls_profile_check_keys(corim, &checked);
}

enum atls_err atls_corim_statement(const struct atls_corim *corim, enum atls_triple triple,
                                   const struct atls_cbor *record, struct atls_statement *out)
{
    struct atls_statement statement = {.triple = triple,
                                       .profile = corim->profile,
                                       .old_profile = corim->old_profile,
                                       .record = *record,
                                       .source = corim->source->name,
                                       .file = corim->source,
                                       .not_after_s = corim->source->not_after_s};
    enum atls_err err = shapes[triple](corim, record, names[triple], &statement.environment);
    if (err == ATLS_OK) {
        err = check_profile(corim, triple, record, &statement.environment);
    }
    if (err == ATLS_OK) {
        *out = statement;
    }
    return err;
}
