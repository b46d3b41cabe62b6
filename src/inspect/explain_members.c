/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, arrays and tags, by the tables of explain.h. */
#include "inspect/explain.h"

#include "base/span.h"
#include "inspect/names.h"

#include <inttypes.h>

static void note_cut(struct inspect *in, struct inspect_node *node, const struct inspect_value *v)
{
    if (v->cut) {
        inspect_problem(in, node, "cut off: the input ends inside it, or nothing more can be read");
    }
}

/* too_many is true, and says so, when a container shows no more of its members. */
static bool too_many(struct inspect *in, struct inspect_node *node, size_t shown)
{
    if (shown == INSPECT_MAX_MEMBERS) {
        inspect_note(in, node, "only the first %zu are shown", shown);
    }
    return shown >= INSPECT_MAX_MEMBERS || in->full;
}

static bool row_fits(const struct inspect_field *row, const struct inspect_value *key)
{
    if (key->form == INSPECT_JSON || row->label == INSPECT_NO_LABEL) {
        return row->key != NULL && inspect_is_text(key, row->key);
    }
    return inspect_is_int(key, row->label);
}

/* name_of_key gives a name for a member that no table names. */
static const char *name_of_key(struct inspect *in, const struct inspect_value *key)
{
    int64_t number = 0;
    if (inspect_int(key, &number)) {
        return inspect_name(in, "%" PRId64, number);
    }
    if (key->type == INSPECT_TEXT) {
        return inspect_keep_text(in, inspect_text_of(in, NULL, key));
    }
    return "key";
}

static const struct inspect_field *row_for(const struct inspect_fields *fields,
                                           const struct inspect_value *key)
{
    for (; fields != NULL; fields = fields->also) {
        for (size_t i = 0; i < fields->num_rows; i++) {
            if (row_fits(&fields->rows[i], key)) {
                return &fields->rows[i];
            }
        }
    }
    return NULL;
}

/* add_pair adds one member, and notes in *seen which row it was. */
static void add_pair(struct inspect *in, struct inspect_node *node,
                     const struct inspect_fields *fields, const struct inspect_value *key,
                     const struct inspect_value *value, uint64_t *seen)
{
    const struct inspect_field *row = row_for(fields, key);
    struct inspect_node *child = NULL;
    for (size_t i = 0; i < fields->num_rows && i < 64; i++) {
        *seen |= row == &fields->rows[i] ? (uint64_t)1 << i : 0;
    }
    if (row != NULL) {
        const char *name = row->name != NULL ? row->name : row->key;
        child = inspect_add(in, node, name, value, row->explain, row->arg);
    } else {
        child =
            inspect_add(in, node, name_of_key(in, key), value,
                        fields->others != NULL ? fields->others : inspect_any, fields->others_arg);
    }
    inspect_label_of(in, child, key);
    if (key->type != INSPECT_TEXT && key->type != INSPECT_UINT && key->type != INSPECT_NEGINT) {
        inspect_problem(in, child, "its key is %s, expected an integer or text",
                        inspect_type_name(key));
    }
}

/* check_must marks the rows that must be there and were not among the members; `seen` has a bit
 * for each of the first 64 rows, and no table has more. */
static void check_must(struct inspect *in, struct inspect_node *node,
                       const struct inspect_fields *fields, uint64_t seen)
{
    for (size_t i = 0; i < fields->num_rows && i < 64; i++) {
        const struct inspect_field *row = &fields->rows[i];
        if (row->must && (seen >> i & 1) == 0) {
            inspect_problem(in, node, "%s is missing", row->name != NULL ? row->name : row->key);
        }
    }
}

void inspect_map(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    const struct inspect_fields *fields = arg;
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    if (v->type != INSPECT_MAP) {
        inspect_wrong_type(in, node, v, v->form == INSPECT_JSON ? "an object" : "a map");
        return;
    }
    if (fields->what != NULL) {
        inspect_is(in, node, fields->what);
    }
    inspect_show_value(in, node, v);
    uint64_t seen = 0;
    bool whole = true;
    for (size_t i = 0; inspect_next_pair(&iter, &key, &value); i++) {
        if (too_many(in, node, i)) {
            whole = false;
            break;
        }
        add_pair(in, node, fields, &key, &value, &seen);
    }
    if (whole) {
        check_must(in, node, fields, seen);
    }
    note_cut(in, node, v);
}

void inspect_named_map(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                       const void *arg)
{
    const struct inspect_list *list = arg;
    const struct inspect_fields fields = {NULL, NULL, 0, list->explain, list->arg, NULL};
    if (v->type == INSPECT_MAP && inspect_count(v, list->min) < list->min) {
        inspect_problem(in, node, "no member, expected one or more");
    }
    inspect_map(in, node, v, &fields);
}

void inspect_tuple(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    const struct inspect_fields *fields = arg;
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value value;
    size_t i = 0;
    if (v->type != INSPECT_ARRAY) {
        inspect_wrong_type(in, node, v, "an array");
        return;
    }
    if (fields->what != NULL) {
        inspect_is(in, node, fields->what);
    }
    inspect_show_value(in, node, v);
    while (!too_many(in, node, i) && inspect_next(&iter, &value)) {
        if (i < fields->num_rows) {
            const struct inspect_field *row = &fields->rows[i];
            (void)inspect_add(in, node, row->name, &value, row->explain, row->arg);
        } else {
            struct inspect_node *extra = inspect_add(
                in, node, inspect_name(in, "[%zu]", i), &value,
                fields->others != NULL ? fields->others : inspect_any, fields->others_arg);
            if (fields->others == NULL) {
                inspect_problem(in, extra, "a member more than there may be");
            }
        }
        i++;
    }
    for (; i < fields->num_rows && fields->rows[i].must; i++) {
        inspect_problem(in, node, "%s is missing", fields->rows[i].name);
    }
    note_cut(in, node, v);
}

static void add_items(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const struct inspect_list *list)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value value;
    size_t count = 0;
    inspect_show_value(in, node, v);
    for (; !too_many(in, node, count) && inspect_next(&iter, &value); count++) {
        (void)inspect_add(in, node, inspect_name(in, "%s[%zu]", list->item, count), &value,
                          list->explain, list->arg);
    }
    if (count < list->min && !in->full) {
        inspect_problem(in, node, "%zu members, expected %zu or more", count, list->min);
    }
    note_cut(in, node, v);
}

void inspect_array(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    if (v->type != INSPECT_ARRAY) {
        inspect_wrong_type(in, node, v, "an array");
        return;
    }
    add_items(in, node, v, arg);
}

void inspect_one_or_more(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    const struct inspect_list *list = arg;
    if (v->type == INSPECT_ARRAY) {
        add_items(in, node, v, list);
    } else {
        inspect_later(in, node, v, list->explain, list->arg);
    }
}

void inspect_tagged(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    const struct inspect_tags *tags = arg;
    if (v->type != INSPECT_TAG) {
        if (tags->untagged == NULL) {
            inspect_wrong_type(in, node, v, "a tag");
        } else {
            inspect_later(in, node, v, tags->untagged, tags->untagged_arg);
        }
        return;
    }
    for (size_t i = 0; i < tags->num_rows; i++) {
        if (tags->rows[i].tag == v->argument) {
            const struct inspect_value inside = inspect_inside(v);
            inspect_note(in, node, "tag %" PRIu64 " %s", v->argument, tags->rows[i].name);
            inspect_later(in, node, &inside, tags->rows[i].explain, tags->rows[i].arg);
            return;
        }
    }
    inspect_note(in, node, "a tag that this place does not name");
    inspect_later(in, node, v, inspect_any, NULL);
}

/* any_tag explains a tag where nothing says what it should be. */
static void any_tag(struct inspect *in, struct inspect_node *node, const struct inspect_value *v)
{
    const struct inspect_value inside = inspect_inside(v);
    const char *name = inspect_name_find(&inspect_cbor_tags, (int64_t)v->argument);
    inspect_note(in, node, "tag %" PRIu64 "%s%s", v->argument, name != NULL ? " " : "",
                 name != NULL ? name : "");
    switch (v->argument) {
    case 1:
        inspect_later(in, node, &inside, inspect_time, NULL);
        break;
    case 37:
        inspect_later(in, node, &inside, inspect_uuid, NULL);
        break;
    case 111:
        inspect_later(in, node, &inside, inspect_oid, NULL);
        break;
    default:
        inspect_later(in, node, &inside, inspect_any, NULL);
        break;
    }
}

void inspect_any(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    static const struct inspect_list members = {"", inspect_any, NULL, 0};
    static const struct inspect_fields no_rows = {NULL, NULL, 0, inspect_any, NULL, NULL};
    (void)arg;
    switch (v->type) {
    case INSPECT_ARRAY:
        add_items(in, node, v, &members);
        break;
    case INSPECT_MAP:
        inspect_map(in, node, v, &no_rows);
        break;
    case INSPECT_TAG:
        any_tag(in, node, v);
        break;
    case INSPECT_BYTES:
        inspect_octets(in, node, v, NULL);
        break;
    case INSPECT_TEXT:
        inspect_text(in, node, v, NULL);
        break;
    case INSPECT_BROKEN:
        inspect_show_value(in, node, v);
        inspect_problem(
            in, node, v->encoded.len == 0 ? "missing: the input ends before it" : "cannot be read");
        break;
    case INSPECT_UINT:
    case INSPECT_NEGINT:
    case INSPECT_BOOL:
    case INSPECT_NULL:
    case INSPECT_FLOAT:
    case INSPECT_SIMPLE:
    default:
        inspect_show_value(in, node, v);
        break;
    }
}
