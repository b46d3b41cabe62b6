/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID templates: {"lang", "tag-identity", "entities", "linked-tags", "triples"}. */
#include "endorsement/template.h"

#include "base/span.h"

static const char step[] = "CoMID template";

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

/* put_linked_tags writes [{"target", "rel"}]. */
static enum atls_err put_linked_tags(const struct atls_template *t, const json_t *object)
{
    static const char linked_step[] = "template: linked-tags";
    static const char *const names[] = {"target", "rel", NULL};
    const json_t *list = NULL;
    struct atls_bytes relation;
    enum atls_err err = atls_template_list(t, object, "linked-tags", step, &list);
    const size_t num = list == NULL ? 0 : json_array_size(list);
    atls_cbor_put_uint(t->w, 3);
    atls_cbor_put_array(t->w, num);
    for (size_t i = 0; i < num && err == ATLS_OK; i++) {
        const json_t *linked = json_array_get(list, i);
        err = atls_json_only_keys(linked, names, linked_step, t->diag);
        atls_cbor_put_map(t->w, 2);
        atls_cbor_put_uint(t->w, 0);
        if (err == ATLS_OK) {
            err = atls_template_put_id(t, linked, "target", linked_step);
        }
        if (err == ATLS_OK) {
            err = atls_json_text(&relation, linked, "rel", linked_step, t->diag);
        }
        if (err == ATLS_OK && !atls_bytes_is_text(relation, "supplements") &&
            !atls_bytes_is_text(relation, "replaces")) {
            err = atls_template_refuse(t, linked_step, "rel", relation, "supplements");
        }
        atls_cbor_put_uint(t->w, 1);
        atls_cbor_put_uint(t->w,
                           err == ATLS_OK && atls_bytes_is_text(relation, "replaces") ? 1 : 0);
    }
    return err;
}

enum atls_err atls_template_put_comid(const struct atls_template *t, const json_t *object)
{
    static const char *const names[] = {"lang",        "tag-identity", "entities",
                                        "linked-tags", "triples",      NULL};
    enum atls_err err = atls_json_only_keys(object, names, step, t->diag);
    if (err != ATLS_OK) {
        return err;
    }
    const bool has_lang = atls_json_has(object, "lang");
    const bool has_entities = atls_json_has(object, "entities");
    const bool has_linked = atls_json_has(object, "linked-tags");
    atls_cbor_put_map(t->w, 2u + has_lang + has_entities + has_linked);
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
    if (err == ATLS_OK && has_linked) {
        err = put_linked_tags(t, object);
    }
    atls_cbor_put_uint(t->w, 4);
    if (err == ATLS_OK) {
        err = atls_json_object(&part, object, "triples", step, t->diag);
    }
    return err != ATLS_OK ? err : atls_template_put_triples(t, part);
}
