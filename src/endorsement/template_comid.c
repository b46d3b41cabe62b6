/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID templates: {"lang", "tag-identity", "entities", "triples"}. */
#include "endorsement/template.h"

#include "base/span.h"

static const char step[] = "CoMID template";

/* No member is known and not built. */
static const char *const none[] = {NULL};

static enum atls_err put_tag_identity(const struct atls_template *t, const json_t *object)
{
    static const char id_step[] = "template: tag-identity";
    static const char *const names[] = {"id", "version", NULL};
    int64_t version = 0;
    enum atls_err err = atls_json_only_keys(object, names, id_step, t->diag);
    if (err == ATLS_OK && atls_json_has(object, "version")) {
        err = atls_json_int(&version, object, "version", 0, INT64_MAX, id_step, t->diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    /* Version 0 is the default, and is left out (draft-ietf-rats-corim-11, 5.1.1.2). */
    atls_cbor_put_map(t->w, version != 0 ? 2 : 1);
    atls_cbor_put_uint(t->w, 0);
    err = atls_template_put_id(t, object, "id", id_step);
    if (version != 0) {
        atls_cbor_put_uint(t->w, 1);
        atls_cbor_put_int(t->w, version);
    }
    return err;
}

static enum atls_err put_class(const struct atls_template *t, const json_t *object)
{
    static const char class_step[] = "template: class";
    static const char *const names[] = {"id", "vendor", "model", NULL};
    static const char *const not_built[] = {"layer", "index", NULL};
    enum atls_err err = atls_template_members(t, object, class_step, names, not_built);
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_id = atls_json_has(object, "id");
    const bool has_vendor = atls_json_has(object, "vendor");
    const bool has_model = atls_json_has(object, "model");
    atls_cbor_put_map(t->w, 0u + has_id + has_vendor + has_model);
    if (has_id) {
        atls_cbor_put_uint(t->w, 0);
        err = atls_template_put_tagged(t, json_object_get(object, "id"), "template: class id");
    }
    for (uint64_t i = 1; i <= 2 && err == ATLS_OK; i++) {
        struct atls_bytes text;
        if (!atls_json_has(object, names[i])) {
            continue;
        }
        err = atls_json_text(&text, object, names[i], class_step, t->diag);
        if (err == ATLS_OK) {
            atls_cbor_put_uint(t->w, i);
            atls_cbor_put_text(t->w, text);
        }
    }
    return err;
}

static enum atls_err put_environment(const struct atls_template *t, const json_t *object)
{
    static const char environment_step[] = "template: environment";
    static const char *const names[] = {"class", "instance", NULL};
    static const char *const not_built[] = {"group", NULL};
    enum atls_err err = atls_template_members(t, object, environment_step, names, not_built);
    if (err != ATLS_OK) {
        return err;
    }
    const json_t *class_id = json_object_get(object, "class");
    const json_t *instance = json_object_get(object, "instance");
    atls_cbor_put_map(t->w, 0u + (class_id != NULL) + (instance != NULL));
    if (class_id != NULL) {
        atls_cbor_put_uint(t->w, 0);
        err = put_class(t, class_id);
    }
    if (err == ATLS_OK && instance != NULL) {
        atls_cbor_put_uint(t->w, 1);
        err = atls_template_put_tagged(t, instance, "template: instance");
    }
    return err;
}

static enum atls_err put_reference(const struct atls_template *t, const json_t *object)
{
    static const char reference_step[] = "template: reference-values";
    static const char *const names[] = {"environment", "measurements", NULL};
    static const char *const old_names[] = {"environment", "measurement", NULL};
    const json_t *list = NULL;
    /* The first cocli had one measurement a record. */
    const bool is_old = atls_json_has(object, "measurement");
    enum atls_err err =
        atls_template_members(t, object, reference_step, is_old ? old_names : names, none);
    if (err == ATLS_OK && !is_old) {
        err = atls_template_list(t, object, "measurements", reference_step, &list);
    }
    atls_cbor_put_array(t->w, 2);
    if (err == ATLS_OK) {
        err = put_environment(t, json_object_get(object, "environment"));
    }
    if (err == ATLS_OK && is_old) {
        atls_cbor_put_array(t->w, 1);
        return atls_template_put_measurement(t, json_object_get(object, "measurement"));
    }
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = atls_template_put_measurement(t, json_array_get(list, i));
    }
    return err;
}

static enum atls_err put_keys(const struct atls_template *t, const json_t *object)
{
    static const char keys_step[] = "template: attester-verification-keys";
    static const char *const names[] = {"environment", "verification-keys", NULL};
    static const char *const not_built[] = {"conditions", NULL};
    const json_t *list = NULL;
    enum atls_err err = atls_template_members(t, object, keys_step, names, not_built);
    if (err == ATLS_OK) {
        err = atls_template_list(t, object, "verification-keys", keys_step, &list);
    }
    atls_cbor_put_array(t->w, 2);
    if (err == ATLS_OK) {
        err = put_environment(t, json_object_get(object, "environment"));
    }
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = atls_template_put_key(t, json_array_get(list, i));
    }
    return err;
}

typedef enum atls_err record_writer(const struct atls_template *t, const json_t *object);

static enum atls_err put_records(const struct atls_template *t, const json_t *object,
                                 const char *key, uint64_t number, record_writer *writer)
{
    const json_t *list = NULL;
    if (!atls_json_has(object, key)) {
        return ATLS_OK;
    }
    enum atls_err err = atls_template_list(t, object, key, "template: triples", &list);
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_uint(t->w, number);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = writer(t, json_array_get(list, i));
    }
    return err;
}

static enum atls_err put_triples(const struct atls_template *t, const json_t *object)
{
    static const char references[] = "reference-values";
    static const char keys[] = "attester-verification-keys";
    static const char *const names[] = {references, keys, NULL};
    static const char *const not_built[] = {
        "endorsed-values",          "dev-identity-keys",
        "dependency-triples",       "membership-triples",
        "coswid-triples",           "conditional-endorsement-series",
        "conditional-endorsements", NULL};
    enum atls_err err = atls_template_members(t, object, "template: triples", names, not_built);
    if (err != ATLS_OK) {
        return err;
    }
    atls_cbor_put_map(t->w, 0u + atls_json_has(object, references) + atls_json_has(object, keys));
    err = put_records(t, object, references, 0, put_reference);
    return err != ATLS_OK ? err : put_records(t, object, keys, 3, put_keys);
}

static enum atls_err put_entities(const struct atls_template *t, const json_t *object)
{
    static const char *const roles[] = {"tagCreator", "creator", "maintainer", NULL};
    const json_t *list = NULL;
    enum atls_err err = atls_template_list(t, object, "entities", step, &list);
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_uint(t->w, 2);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        err = atls_template_put_entity(t, json_array_get(list, i), roles, 0);
    }
    return err;
}

enum atls_err atls_template_put_comid(const struct atls_template *t, const json_t *object)
{
    static const char *const names[] = {"lang", "tag-identity", "entities", "triples", NULL};
    static const char *const not_built[] = {"linked-tags", NULL};
    enum atls_err err = atls_template_members(t, object, step, names, not_built);
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_lang = atls_json_has(object, "lang");
    const bool has_entities = atls_json_has(object, "entities");
    atls_cbor_put_map(t->w, 2u + has_lang + has_entities);
    if (has_lang) {
        struct atls_bytes text;
        err = atls_json_text(&text, object, "lang", step, t->diag);
        if (err != ATLS_OK) {
            return err;
        }
        atls_cbor_put_uint(t->w, 0);
        atls_cbor_put_text(t->w, text);
    }
    const json_t *part = NULL;
    err = atls_json_object(&part, object, "tag-identity", step, t->diag);
    atls_cbor_put_uint(t->w, 1);
    if (err == ATLS_OK) {
        err = put_tag_identity(t, part);
    }
    if (err == ATLS_OK && has_entities) {
        err = put_entities(t, object);
    }
    atls_cbor_put_uint(t->w, 4);
    if (err == ATLS_OK) {
        err = atls_json_object(&part, object, "triples", step, t->diag);
    }
    return err != ATLS_OK ? err : put_triples(t, part);
}
