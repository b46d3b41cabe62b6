/* SPDX-License-Identifier: Apache-2.0 */
/* The tree for programs (docs/json/inspect.schema.json). Every member is in every object. */
#include "inspect/node.h"

#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static json_t *hex_value(const struct inspect_node *node)
{
    char *hex = atls_hex_new(inspect_part(node->octets, 0, node->shown_len));
    json_t *value = hex != NULL ? json_string(hex) : NULL;
    if (hex != NULL) {
        atls_wipe(hex, atls_text_len(hex));
    }
    free(hex);
    return value;
}

/* integer_value is a number, or text where JSON's integers here end. */
static json_t *integer_value(const struct inspect_node *node)
{
    char text[32];
    const bool negative = node->shown == INSPECT_SHOW_NEGINT;
    if (node->number <= INT64_MAX) {
        const int64_t number = (int64_t)node->number;
        return json_integer(negative ? -1 - number : number);
    }
    if (negative && node->number == UINT64_MAX) {
        return json_string("-18446744073709551616");
    }
    (void)snprintf(text, sizeof text, "%s%" PRIu64, negative ? "-" : "",
                   node->number + (negative ? 1 : 0));
    return json_string(text);
}

static json_t *value_of(const struct inspect_node *node)
{
    switch (node->shown) {
    case INSPECT_SHOW_UINT:
    case INSPECT_SHOW_NEGINT:
        return integer_value(node);
    case INSPECT_SHOW_BOOL:
        return json_boolean(node->number != 0);
    case INSPECT_SHOW_FLOAT:
        return isfinite(node->real) ? json_real(node->real) : json_null();
    case INSPECT_SHOW_TEXT:
        return node->octets.len == 0
                   ? json_string("")
                   : json_stringn((const char *)node->octets.data, node->shown_len);
    case INSPECT_SHOW_OCTETS:
        return hex_value(node);
    case INSPECT_SHOW_NOTHING:
    case INSPECT_SHOW_NULL:
    case INSPECT_SHOW_SECRET:
    case INSPECT_SHOW_ARRAY:
    case INSPECT_SHOW_MAP:
    case INSPECT_SHOW_STRUCTURE:
    default:
        return json_null();
    }
}

static const char *type_of(const struct inspect_node *node)
{
    static const char *const names[] = {
        [INSPECT_SHOW_NOTHING] = "structure", [INSPECT_SHOW_UINT] = "integer",
        [INSPECT_SHOW_NEGINT] = "integer",    [INSPECT_SHOW_BOOL] = "boolean",
        [INSPECT_SHOW_NULL] = "null",         [INSPECT_SHOW_FLOAT] = "float",
        [INSPECT_SHOW_TEXT] = "text",         [INSPECT_SHOW_OCTETS] = "octets",
        [INSPECT_SHOW_SECRET] = "secret",     [INSPECT_SHOW_ARRAY] = "array",
        [INSPECT_SHOW_MAP] = "map",           [INSPECT_SHOW_STRUCTURE] = "structure",
    };
    return names[node->shown];
}

static json_t *label_of(const struct inspect_node *node)
{
    switch (node->label_kind) {
    case INSPECT_LABEL_INT:
        return json_integer(node->label);
    case INSPECT_LABEL_TEXT:
        return json_stringn((const char *)node->label_text.data, node->label_text.len);
    case INSPECT_LABEL_NONE:
    default:
        return json_null();
    }
}

static json_t *number_or_null(bool there, size_t number)
{
    return there ? json_integer((json_int_t)number) : json_null();
}

static json_t *problems_of(const struct inspect_node *node)
{
    json_t *list = json_array();
    for (const struct inspect_problem *p = node->problems; p != NULL; p = p->next) {
        json_t *problem =
            json_pack("{s:o, s:s?, s:s}", "offset", number_or_null(p->placed, p->offset), "decoded",
                      p->space->how, "sentence", p->sentence);
        if (json_array_append_new(list, problem) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *object_of(const struct inspect_node *node)
{
    const bool is_string = node->shown == INSPECT_SHOW_TEXT || node->shown == INSPECT_SHOW_OCTETS;
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:b, s:s?, s:s?, s:o, s:[]}", "name",
                     node->name, "label", label_of(node), "offset",
                     number_or_null(node->placed, node->offset), "length",
                     number_or_null(node->placed, node->len), "type", type_of(node), "value",
                     value_of(node), "cut", is_string && node->shown_len < node->octets.len,
                     "decoded", node->inner != node->space ? node->inner->how : NULL, "note",
                     node->note, "problems", problems_of(node), "fields");
}

/* A node is made after its parent, so one pass in the order of making finds every parent done. */
static json_t *tree_of(const struct inspect *in)
{
    json_t *roots = json_array();
    bool done = roots != NULL;
    for (size_t i = 0; i < in->num_nodes && done; i++) {
        struct inspect_node *node = inspect_node_at(in, i);
        json_t *object = object_of(node);
        json_t *list = node->parent != NULL ? node->parent->made : roots;
        done = json_array_append_new(list, object) == 0;
        node->made = done ? json_object_get(object, "fields") : NULL;
    }
    if (!done) {
        json_decref(roots);
        return NULL;
    }
    return roots;
}

json_t *atls_inspect_json(const struct inspect *in)
{
    json_t *tree = tree_of(in);
    if (tree == NULL) {
        return NULL;
    }
    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:o}", "kind", in->kind, "format", in->format,
                     "verified", 0, "octets", (json_int_t)in->input.len, "problems",
                     (json_int_t)in->num_problems, "fields", tree);
}
