/* SPDX-License-Identifier: Apache-2.0 */
/* Holding the records of a file against the tables of its profile. */
#include "endorsement/profile_rules.h"

#include "base/span.h"

static bool has_len(const size_t lens[3], size_t len)
{
    return lens[0] == 0 || len == lens[0] || (lens[1] != 0 && len == lens[1]) ||
           (lens[2] != 0 && len == lens[2]);
}

static enum atls_err refuse_environment(const struct atls_corim *corim,
                                        const struct atls_record *record, const char *claim,
                                        const struct atls_tagged *found, const char *expected)
{
    atls_corim_refuse(corim, record->environment_item, claim, found->tag == 0 ? "none" : "tag ",
                      expected);
    if (found->tag != 0) {
        atls_diag_found_int(corim->diag, (int64_t)found->tag);
        atls_diag_found_text(corim->diag, " with octets: ");
        atls_diag_found_int(corim->diag, (int64_t)found->octets.len);
    }
    return ATLS_ERR_ENDORSEMENT;
}

static enum atls_err check_class(const struct atls_corim *corim, const struct atls_record *record,
                                 const struct atls_environment_rule *rule)
{
    static const char claim[] = "environment class-id";
    const struct atls_tagged *id = &record->environment->class_id;
    if (rule->class_id == ATLS_MUST_NOT) {
        return id->tag == 0 ? ATLS_OK
                            : refuse_environment(corim, record, claim, id, rule->class_text);
    }
    const bool is_old = corim->old_profile && id->tag == ATLS_TAG_OLD_IMPL_ID;
    if (rule->class_id == ATLS_MAY && id->tag == 0) {
        return ATLS_OK;
    }
    if ((id->tag != rule->class_tag && !is_old) || !has_len(rule->class_lens, id->octets.len) ||
        (rule->class_octets.len != 0 && !atls_bytes_equal(rule->class_octets, id->octets))) {
        return refuse_environment(corim, record, claim, id, rule->class_text);
    }
    return ATLS_OK;
}

static enum atls_err check_instance(const struct atls_corim *corim,
                                    const struct atls_record *record,
                                    const struct atls_environment_rule *rule)
{
    static const char claim[] = "environment instance";
    const struct atls_tagged *id = &record->environment->instance;
    if (id->tag == 0 && rule->instance != ATLS_MUST) {
        return ATLS_OK;
    }
    const bool fits = rule->instance != ATLS_MUST_NOT && id->tag == rule->instance_tag &&
                      (rule->instance_len == 0 || id->octets.len == rule->instance_len) &&
                      (!rule->instance_is_rand || id->octets.data[0] == 0x01);
    return fits ? ATLS_OK : refuse_environment(corim, record, claim, id, rule->instance_text);
}

static enum atls_err check_label(const struct atls_corim *corim, const struct atls_record *record,
                                 const char *claim, bool has, struct atls_bytes found,
                                 const char *rule)
{
    if (rule == NULL ||
        (has && found.len != 0 && (rule[0] == '\0' || atls_bytes_is_text(found, rule)))) {
        return ATLS_OK;
    }
    atls_corim_refuse(corim, record->environment_item, claim, has ? NULL : "none",
                      rule[0] == '\0' ? "a text that is not empty" : rule);
    if (has) {
        atls_corim_found_text(corim, found);
    }
    return ATLS_ERR_ENDORSEMENT;
}

static enum atls_err check_environment(const struct atls_corim *corim,
                                       const struct atls_record *record,
                                       const struct atls_environment_rule *rule)
{
    const struct atls_environment *environment = record->environment;
    enum atls_err err = check_class(corim, record, rule);
    if (err == ATLS_OK) {
        err = check_instance(corim, record, rule);
    }
    if (err == ATLS_OK) {
        err = check_label(corim, record, "environment vendor", environment->has_vendor,
                          environment->vendor, rule->vendor);
    }
    if (err == ATLS_OK) {
        err = check_label(corim, record, "environment model", environment->has_model,
                          environment->model, rule->model);
    }
    if (err == ATLS_OK && environment->group.tag != 0) {
        return atls_corim_refuse(corim, record->environment_item, "environment group", "a group",
                                 "none: this profile has no groups");
    }
    return err;
}

static bool is_row(const struct atls_measurement_rule *rule, const struct atls_mkey *mkey)
{
    if (rule->kind != mkey->kind) {
        return false;
    }
    switch (mkey->kind) {
    case ATLS_MKEY_UINT:
        return mkey->number >= rule->number && mkey->number <= rule->last;
    case ATLS_MKEY_TEXT:
        return rule->text == NULL || atls_bytes_is_text(mkey->text, rule->text);
    case ATLS_MKEY_TAGGED:
        return rule->number == 0 || mkey->tagged.tag == rule->number;
    case ATLS_MKEY_NONE:
        break;
    }
    return true;
}

static bool is_signer(const struct atls_mkeys *keys)
{
    size_t cursor = 0;
    struct atls_tagged key;
    return atls_mkeys_count(keys) == 1 && atls_mkeys_next(keys, &cursor, &key) &&
           key.tag == ATLS_TAG_BYTES &&
           (key.octets.len == 32 || key.octets.len == 48 || key.octets.len == 64);
}

/* check_digests: how many there are, of which algorithm, and none of zeros where that is none. */
static bool digests_fit(const struct atls_measurement_rule *rule,
                        const struct atls_profile_checks *checks,
                        const struct atls_mdigest_list *list)
{
    size_t cursor = 0;
    size_t num = 0;
    struct atls_mdigest digest;
    while (atls_mdigest_next(list, &cursor, &digest)) {
        if ((rule->only_digest > 0 && digest.number != rule->only_digest) ||
            (checks->refuse_zero && atls_is_zero(digest.value))) {
            return false;
        }
        num++;
    }
    return rule->only_digest == 0 || num == 1;
}

static enum atls_err check_values(const struct atls_corim *corim, const struct atls_cbor *at,
                                  const struct atls_measured *values,
                                  const struct atls_measurement_rule *rule)
{
    const uint32_t all = rule->must | rule->may;
    const bool fits = (rule->must & ~values->has) == 0 && (values->has & ~all) == 0 &&
                      (rule->raw_len == 0 || (values->has & ATLS_HAS_RAW) == 0 ||
                       values->raw.len == rule->raw_len) &&
                      (!rule->has_signer || is_signer(&values->cryptokeys)) &&
                      digests_fit(rule, corim->profile->checks, &values->digests);
    return fits ? ATLS_OK
                : atls_corim_refuse(corim, at, "mval", "other values than the profile has",
                                    rule->expected);
}

static enum atls_err refuse_mkey(const struct atls_corim *corim, const struct atls_cbor *at,
                                 const struct atls_mkey *mkey, const char *expected)
{
    static const char *const kinds[] = {[ATLS_MKEY_NONE] = "none",
                                        [ATLS_MKEY_UINT] = "the number ",
                                        [ATLS_MKEY_TEXT] = "the text ",
                                        [ATLS_MKEY_TAGGED] = "tag "};
    atls_corim_refuse(corim, at, "mkey", kinds[mkey->kind], expected);
    if (mkey->kind == ATLS_MKEY_UINT || mkey->kind == ATLS_MKEY_TAGGED) {
        const uint64_t number = mkey->kind == ATLS_MKEY_UINT ? mkey->number : mkey->tagged.tag;
        atls_diag_found_int(corim->diag, number > INT64_MAX ? INT64_MAX : (int64_t)number);
    } else if (mkey->kind == ATLS_MKEY_TEXT) {
        atls_corim_found_text(corim, mkey->text);
    }
    return ATLS_ERR_ENDORSEMENT;
}

/* check_measurement gives the row of one measurement in *out_row. */
static enum atls_err check_measurement(const struct atls_corim *corim, const struct atls_cbor *item,
                                       size_t *out_row)
{
    const struct atls_profile_checks *checks = corim->profile->checks;
    struct atls_measurement_map measurement;
    const enum atls_err err = atls_corim_any_measurement(corim, item, &measurement);
    if (err != ATLS_OK) {
        return err;
    }
    size_t row = 0;
    while (row < checks->num_rules && !is_row(&checks->rules[row], &measurement.mkey)) {
        row++;
    }
    if (row == checks->num_rules) {
        return refuse_mkey(corim, item, &measurement.mkey, checks->mkey_text);
    }
    *out_row = row;
    return check_values(corim, item, &measurement.values, &checks->rules[row]);
}

#define MAX_ROWS 32

enum atls_err atls_profile_check_references(const struct atls_corim *corim,
                                            const struct atls_record *record)
{
    const struct atls_profile_checks *checks = corim->profile->checks;
    size_t counts[MAX_ROWS] = {0};
    enum atls_err err = ATLS_OK;
    if (checks->no_references != NULL) {
        return atls_corim_refuse(corim, record->at, "reference-triples", "reference values",
                                 checks->no_references);
    }
    struct atls_cbor_iter items = atls_cbor_members(record->list);
    struct atls_cbor item;
    while (err == ATLS_OK && checks->num_rules > 0 && atls_cbor_next(&items, &item)) {
        size_t row = 0;
        err = check_measurement(corim, &item, &row);
        counts[row]++;
    }
    for (size_t i = 0; i < checks->num_rules && i < MAX_ROWS && err == ATLS_OK; i++) {
        const struct atls_measurement_rule *rule = &checks->rules[i];
        const bool too_few = counts[i] < rule->min_count && !corim->old_profile;
        if (too_few || (rule->max_count != 0 && counts[i] > rule->max_count)) {
            err = atls_corim_refuse(corim, record->list, rule->text != NULL ? rule->text : "mkey",
                                    too_few ? "none" : "too many", rule->expected);
        }
    }
    return err == ATLS_OK ? check_environment(corim, record, &checks->references) : err;
}

enum atls_err atls_profile_check_keys(const struct atls_corim *corim,
                                      const struct atls_record *record)
{
    const struct atls_profile_checks *checks = corim->profile->checks;
    struct atls_cbor key;
    bool fits = false;
    if (checks->no_keys != NULL) {
        return atls_corim_refuse(corim, record->at, "attest-key-triples", "attestation keys",
                                 checks->no_keys);
    }
    if (record->list->argument != 1 || !atls_cbor_at(record->list, 0, &key)) {
        return atls_corim_refuse_item(corim, record->list, "attest-key-triples", "exactly one key");
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(checks->key_tags); i++) {
        fits = fits || (key.type == ATLS_CBOR_TAG && key.argument == checks->key_tags[i]);
    }
    if (!fits) {
        return atls_corim_refuse_item(corim, &key, "attestation key", checks->key_text);
    }
    return check_environment(corim, record, &checks->keys);
}
