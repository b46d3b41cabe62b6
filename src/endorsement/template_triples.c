/* SPDX-License-Identifier: Apache-2.0 */
/* Triples of templates, each with the members that cocli gives its records. */
#include "endorsement/template.h"

#include "base/span.h"

typedef enum atls_err item_writer(const struct atls_template *t, const json_t *object);

/* put_array writes a member that is an array of at least `min`, item by item. */
static enum atls_err put_array(const struct atls_template *t, const json_t *object, const char *key,
                               const char *step, size_t min, item_writer *writer)
{
    const json_t *list = NULL;
    enum atls_err err = min == 0 ? atls_json_array(&list, object, key, step, t->diag)
                                 : atls_template_list(t, object, key, step, &list);
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = writer(t, json_array_get(list, i));
    }
    return err;
}

/* put_claim writes [environment, [+ measurement]]; the first cocli had one measurement. */
static enum atls_err put_claim(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: reference-values";
    static const char *const names[] = {"environment", "measurements", NULL};
    static const char *const old_names[] = {"environment", "measurement", NULL};
    const bool is_old = atls_json_has(object, "measurement");
    enum atls_err err = atls_json_only_keys(object, is_old ? old_names : names, step, t->diag);
    atls_cbor_put_array(t->w, 2);
    if (err == ATLS_OK) {
        err = atls_template_put_environment(t, json_object_get(object, "environment"));
    }
    if (err == ATLS_OK && is_old) {
        atls_cbor_put_array(t->w, 1);
        return atls_template_put_measurement(t, json_object_get(object, "measurement"));
    }
    return err == ATLS_OK
               ? put_array(t, object, "measurements", step, 1, atls_template_put_measurement)
               : err;
}

static enum atls_err put_conditions(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: conditions";
    static const char *const names[] = {"mkey", "authorized-by", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    const bool has_key = atls_json_has(object, "mkey");
    const bool has_authority = atls_json_has(object, "authorized-by");
    atls_cbor_put_map(t->w, 0u + has_key + has_authority);
    if (err == ATLS_OK && has_key) {
        atls_cbor_put_uint(t->w, 0);
        err = atls_template_put_mkey(t, json_object_get(object, "mkey"));
    }
    if (err == ATLS_OK && has_authority) {
        atls_cbor_put_uint(t->w, 1);
        err = put_array(t, object, "authorized-by", step, 1, atls_template_put_key);
    }
    return err;
}

/* put_keys writes [environment, [+ key], ? conditions]. */
static enum atls_err put_keys(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: verification keys";
    static const char *const names[] = {"environment", "verification-keys", "conditions", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    const bool has_conditions = atls_json_has(object, "conditions");
    atls_cbor_put_array(t->w, has_conditions ? 3 : 2);
    if (err == ATLS_OK) {
        err = atls_template_put_environment(t, json_object_get(object, "environment"));
    }
    if (err == ATLS_OK) {
        err = put_array(t, object, "verification-keys", step, 1, atls_template_put_key);
    }
    return err == ATLS_OK && has_conditions
               ? put_conditions(t, json_object_get(object, "conditions"))
               : err;
}

/* put_domain writes [environment, [+ environment]]; the list is "trustees" or "members". */
static enum atls_err put_domain(const struct atls_template *t, const json_t *object,
                                const char *list)
{
    static const char step[] = "template: domain";
    const char *const names[] = {"domain-id", list, NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_array(t->w, 2);
    if (err == ATLS_OK) {
        err = atls_template_put_environment(t, json_object_get(object, "domain-id"));
    }
    return err == ATLS_OK ? put_array(t, object, list, step, 1, atls_template_put_environment)
                          : err;
}

static enum atls_err put_dependency(const struct atls_template *t, const json_t *object)
{
    return put_domain(t, object, "trustees");
}

static enum atls_err put_membership(const struct atls_template *t, const json_t *object)
{
    return put_domain(t, object, "members");
}

static enum atls_err put_tag_id(const struct atls_template *t, const json_t *value)
{
    json_t *object = json_pack("{s:O}", "tag-id", (json_t *)(uintptr_t)value);
    const enum atls_err err = atls_template_put_id(t, object, "tag-id", "template: coswid-triples");
    json_decref(object);
    return err;
}

static enum atls_err put_coswid(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: coswid-triples";
    static const char *const names[] = {"environment", "tag-ids", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_array(t->w, 2);
    if (err == ATLS_OK) {
        err = atls_template_put_environment(t, json_object_get(object, "environment"));
    }
    return err == ATLS_OK ? put_array(t, object, "tag-ids", step, 1, put_tag_id) : err;
}

/* put_condition writes [environment, [* measurement], ? [+ key]]. */
static enum atls_err put_condition(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: condition";
    static const char *const names[] = {"environment", "measurements", "authorized-by", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    const bool has_keys = atls_json_has(object, "authorized-by");
    atls_cbor_put_array(t->w, has_keys ? 3 : 2);
    if (err == ATLS_OK) {
        err = atls_template_put_environment(t, json_object_get(object, "environment"));
    }
    if (err == ATLS_OK && !atls_json_has(object, "measurements")) {
        atls_cbor_put_array(t->w, 0);
    } else if (err == ATLS_OK) {
        err = put_array(t, object, "measurements", step, 0, atls_template_put_measurement);
    }
    return err == ATLS_OK && has_keys
               ? put_array(t, object, "authorized-by", step, 1, atls_template_put_key)
               : err;
}

static enum atls_err put_change(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: series";
    static const char *const names[] = {"selection", "addition", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_array(t->w, 2);
    for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
        err = put_array(t, object, names[i], step, 1, atls_template_put_measurement);
    }
    return err;
}

static enum atls_err put_series(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: conditional-endorsement-series";
    static const char *const names[] = {"condition", "series", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_array(t->w, 2);
    if (err == ATLS_OK) {
        err = put_condition(t, json_object_get(object, "condition"));
    }
    return err == ATLS_OK ? put_array(t, object, "series", step, 1, put_change) : err;
}

static enum atls_err put_conditional(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: conditional-endorsements";
    static const char *const names[] = {"conditions", "endorsements", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_array(t->w, 2);
    for (size_t i = 0; i < 2 && err == ATLS_OK; i++) {
        err = put_array(t, object, names[i], step, 1, put_claim);
    }
    return err;
}

/* In the order of their keys. */
static const struct {
    const char *name;
    uint64_t key;
    item_writer *writer;
} triples[] = {
    {"reference-values", 0, put_claim},
    {"endorsed-values", 1, put_claim},
    {"dev-identity-keys", 2, put_keys},
    {"attester-verification-keys", 3, put_keys},
    {"dependency-triples", 4, put_dependency},
    {"membership-triples", 5, put_membership},
    {"coswid-triples", 6, put_coswid},
    {"conditional-endorsement-series", 8, put_series},
    {"conditional-endorsements", 10, put_conditional},
};

enum atls_err atls_template_put_triples(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: triples";
    const char *names[ATLS_ARRAY_LEN(triples) + 1] = {NULL};
    uint64_t num = 0;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(triples); i++) {
        names[i] = triples[i].name;
        num += atls_json_has(object, triples[i].name);
    }
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    atls_cbor_put_map(t->w, num);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(triples) && err == ATLS_OK; i++) {
        if (atls_json_has(object, triples[i].name)) {
            atls_cbor_put_uint(t->w, triples[i].key);
            err = put_array(t, object, triples[i].name, step, 1, triples[i].writer);
        }
    }
    return err;
}
