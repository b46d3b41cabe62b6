/* SPDX-License-Identifier: Apache-2.0 */
/* Environments of templates: {"class": {"id", "vendor", "model", "layer", "index"}, "instance",
 * "group"}. */
#include "endorsement/template.h"

#include "base/span.h"

static enum atls_err put_label(const struct atls_template *t, const json_t *object, const char *key,
                               uint64_t number, const char *step)
{
    struct atls_bytes text;
    if (!atls_json_has(object, key)) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_json_text(&text, object, key, step, t->diag);
    if (err == ATLS_OK) {
        atls_cbor_put_uint(t->w, number);
        atls_cbor_put_text(t->w, text);
    }
    return err;
}

static enum atls_err put_number(const struct atls_template *t, const json_t *object,
                                const char *key, uint64_t number, const char *step)
{
    int64_t value = 0;
    if (!atls_json_has(object, key)) {
        return ATLS_OK;
    }
    const enum atls_err err = atls_json_int(&value, object, key, 0, INT64_MAX, step, t->diag);
    atls_cbor_put_uint(t->w, number);
    atls_cbor_put_int(t->w, value);
    return err;
}

static enum atls_err put_class(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: class";
    static const char *const names[] = {"id", "vendor", "model", "layer", "index", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    uint64_t num = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        num += atls_json_has(object, names[i]);
    }
    atls_cbor_put_map(t->w, num);
    if (err == ATLS_OK && atls_json_has(object, "id")) {
        atls_cbor_put_uint(t->w, 0);
        err = atls_template_put_tagged(t, json_object_get(object, "id"), "template: class id");
    }
    if (err == ATLS_OK) {
        err = put_label(t, object, "vendor", 1, step);
    }
    if (err == ATLS_OK) {
        err = put_label(t, object, "model", 2, step);
    }
    if (err == ATLS_OK) {
        err = put_number(t, object, "layer", 3, step);
    }
    return err == ATLS_OK ? put_number(t, object, "index", 4, step) : err;
}

enum atls_err atls_template_put_environment(const struct atls_template *t, const json_t *object)
{
    static const char step[] = "template: environment";
    static const char *const names[] = {"class", "instance", "group", NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    const json_t *class_of = json_object_get(object, "class");
    const json_t *instance = json_object_get(object, "instance");
    const json_t *group = json_object_get(object, "group");
    atls_cbor_put_map(t->w, 0u + (class_of != NULL) + (instance != NULL) + (group != NULL));
    if (err == ATLS_OK && class_of != NULL) {
        atls_cbor_put_uint(t->w, 0);
        err = put_class(t, class_of);
    }
    if (err == ATLS_OK && instance != NULL) {
        atls_cbor_put_uint(t->w, 1);
        err = atls_template_put_tagged(t, instance, "template: instance");
    }
    if (err == ATLS_OK && group != NULL) {
        atls_cbor_put_uint(t->w, 2);
        err = atls_template_put_tagged(t, group, "template: group");
    }
    return err;
}
