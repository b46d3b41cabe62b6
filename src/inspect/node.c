/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/node.h"

#include "base/diag.h"
#include "base/span.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>

/* One piece of memory that the inspection keeps. */
struct inspect_kept {
    struct inspect_kept *next;
    size_t size;
    uint64_t room[];
};

void *inspect_keep(struct inspect *in, size_t size)
{
    if (size > INSPECT_MAX_KEPT - in->kept_len) {
        in->full = true;
        return NULL;
    }
    struct inspect_kept *kept = calloc(1, sizeof *kept + size);
    if (kept == NULL) {
        in->err = ATLS_ERR_MEMORY;
        return NULL;
    }
    kept->size = size;
    kept->next = in->kept;
    in->kept = kept;
    in->kept_len += size;
    return kept->room;
}

void atls_inspect_free(struct inspect *in)
{
    if (in == NULL) {
        return;
    }
    while (in->kept != NULL) {
        struct inspect_kept *kept = in->kept;
        in->kept = kept->next;
        atls_wipe(kept->room, kept->size); /* a decoded private key may be among it */
        free(kept);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(in->blocks); i++) {
        free(in->blocks[i]);
    }
    free(in);
}

const char *inspect_keep_text(struct inspect *in, struct atls_bytes text)
{
    static const char digits[] = "0123456789abcdef";
    const size_t shown = text.len < 120 ? text.len : 120;
    char *kept = inspect_keep(in, 4 * shown + 4);
    size_t at = 0;
    if (kept == NULL) {
        return "";
    }
    for (size_t i = 0; i < shown; i++) {
        const uint8_t c = text.data[i];
        if (c >= 0x20 && c < 0x7f && c != '\\') {
            kept[at++] = (char)c;
        } else {
            kept[at++] = '\\';
            kept[at++] = 'x';
            kept[at++] = digits[c >> 4];
            kept[at++] = digits[c & 15];
        }
    }
    if (shown < text.len) {
        memcpy(&kept[at], "...", sizeof "...");
    }
    return kept;
}

/* keep_formatted gives a copy of what a format makes, cut after 400 octets. */
ATLS_PRINTF(3, 0)
static const char *keep_formatted(struct inspect *in, const char *before, const char *format,
                                  va_list args)
{
    char line[400];
    const int made = vsnprintf(line, sizeof line, format, args);
    const size_t len = made > 0 ? atls_text_len(line) : 0;
    const size_t before_len = before != NULL ? atls_text_len(before) : 0;
    const size_t size = before_len + len + sizeof ", ";
    char *kept = before_len < 1000 ? inspect_keep(in, size) : NULL;
    if (kept == NULL) {
        return before != NULL ? before : "";
    }
    (void)snprintf(kept, size, "%s%s%s", before_len != 0 ? before : "", before_len != 0 ? ", " : "",
                   line);
    return kept;
}

const char *inspect_name(struct inspect *in, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *name = keep_formatted(in, NULL, format, args);
    va_end(args);
    return name;
}

struct inspect_node *inspect_node_at(const struct inspect *in, size_t index)
{
    return &in->blocks[index / INSPECT_NODES_A_BLOCK][index % INSPECT_NODES_A_BLOCK];
}

static struct inspect_node *scrap(struct inspect *in)
{
    memset(&in->scrap, 0, sizeof in->scrap);
    in->scrap.space = &in->space;
    in->scrap.depth = INSPECT_MAX_DEPTH;
    return &in->scrap;
}

static bool is_scrap(const struct inspect *in, const struct inspect_node *node)
{
    return node == &in->scrap;
}

/* new_node gives a zeroed node, or NULL when there is no more room. */
static struct inspect_node *new_node(struct inspect *in)
{
    if (in->num_nodes == INSPECT_MAX_NODES) {
        in->full = true;
        return NULL;
    }
    struct inspect_node **block = &in->blocks[in->num_nodes / INSPECT_NODES_A_BLOCK];
    if (*block == NULL) {
        *block = calloc(INSPECT_NODES_A_BLOCK, sizeof **block);
    }
    if (*block == NULL) {
        in->err = ATLS_ERR_MEMORY;
        in->full = true;
        return NULL;
    }
    return inspect_node_at(in, in->num_nodes++);
}

static void append_child(struct inspect_node *parent, struct inspect_node *node)
{
    node->parent = parent;
    node->depth = parent->depth + 1;
    node->space = parent->inner;
    node->inner = parent->inner;
    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
}

struct inspect_node *inspect_add(struct inspect *in, struct inspect_node *parent, const char *name,
                                 const struct inspect_value *v, inspect_explain *explain,
                                 const void *arg)
{
    if (parent != NULL && parent->depth >= INSPECT_MAX_DEPTH) {
        if (!is_scrap(in, parent) && parent->problems == NULL) {
            inspect_problem(in, parent, "nested too deep: its fields are not shown");
        }
        return scrap(in);
    }
    struct inspect_node *node = new_node(in);
    if (node == NULL) {
        return scrap(in);
    }
    node->name = name;
    node->space = &in->space;
    node->inner = &in->space;
    if (parent != NULL) {
        append_child(parent, node);
    }
    if (v != NULL) {
        inspect_place(node, v->encoded);
        inspect_later(in, node, v, explain, arg);
    }
    return node;
}

struct inspect_node *inspect_add_main(struct inspect *in, struct inspect_node *parent,
                                      const char *name, const struct inspect_value *v,
                                      inspect_explain *explain, const void *arg)
{
    struct inspect_node *node = inspect_add(in, parent, name, v, explain, arg);
    node->main = parent == NULL || parent->main;
    return node;
}

void inspect_later(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   inspect_explain *explain, const void *arg)
{
    if (is_scrap(in, node)) {
        return;
    }
    node->value = *v;
    node->explain = explain;
    node->arg = arg;
}

void inspect_place(struct inspect_node *node, struct atls_bytes span)
{
    node->placed = span.data != NULL;
    node->offset = node->placed ? (size_t)(span.data - node->space->start) : 0;
    node->len = span.len;
}

void inspect_label_of(struct inspect *in, struct inspect_node *node,
                      const struct inspect_value *key)
{
    if (inspect_int(key, &node->label)) {
        node->label_kind = INSPECT_LABEL_INT;
    } else if (key->type == INSPECT_TEXT) {
        node->label_kind = INSPECT_LABEL_TEXT;
        node->label_text = atls_bytes_text(inspect_keep_text(in, inspect_text_of(in, NULL, key)));
    }
}

/* What a field holds. */

/* take_shown gives how many of `len` octets may still be shown. */
static size_t take_shown(struct inspect *in, size_t len)
{
    size_t shown = len < INSPECT_MAX_SHOWN ? len : INSPECT_MAX_SHOWN;
    shown = shown < in->octets_left ? shown : in->octets_left;
    in->octets_left -= shown;
    return shown;
}

void inspect_show_octets(struct inspect *in, struct inspect_node *node, struct atls_bytes octets)
{
    node->shown = INSPECT_SHOW_OCTETS;
    node->octets = octets;
    node->shown_len = take_shown(in, octets.len);
}

void inspect_show_text(struct inspect *in, struct inspect_node *node, struct atls_bytes text)
{
    if (!atls_utf8_is_valid(text)) {
        inspect_problem(in, node, "the text is not UTF-8");
        inspect_show_octets(in, node, text);
        return;
    }
    node->shown = INSPECT_SHOW_TEXT;
    node->octets = text;
    node->shown_len = take_shown(in, text.len);
    /* Back to the start of a character that was cut. */
    while (node->shown_len < text.len && node->shown_len > 0 &&
           (text.data[node->shown_len] & 0xc0) == 0x80) {
        node->shown_len--;
    }
}

void inspect_show_uint(struct inspect_node *node, uint64_t number)
{
    node->shown = INSPECT_SHOW_UINT;
    node->number = number;
}

void inspect_show_secret(struct inspect *in, struct inspect_node *node, size_t len)
{
    node->shown = INSPECT_SHOW_SECRET;
    node->octets = atls_bytes_of(NULL, 0);
    inspect_note(in, node, "%zu octets, not shown", len);
}

void inspect_show_structure(struct inspect_node *node)
{
    node->shown = INSPECT_SHOW_STRUCTURE;
}

struct atls_bytes inspect_text_of(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v)
{
    size_t len = 0;
    if (v->form != INSPECT_JSON || v->content.len == 0 ||
        memchr(v->content.data, '\\', v->content.len) == NULL) {
        return v->content;
    }
    struct atls_buf room = {inspect_keep(in, v->content.len), v->content.len};
    if (room.data == NULL) {
        return atls_bytes_of(NULL, 0);
    }
    if (!inspect_unescape(v->content, room, &len)) {
        if (node != NULL) {
            inspect_problem(in, node, "an escape in the string cannot be read");
        }
        return v->content;
    }
    return atls_bytes_of(room.data, len);
}

void inspect_show_value(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v)
{
    node->number = v->argument;
    node->real = v->real;
    switch (v->type) {
    case INSPECT_UINT:
        node->shown = INSPECT_SHOW_UINT;
        break;
    case INSPECT_NEGINT:
        node->shown = INSPECT_SHOW_NEGINT;
        break;
    case INSPECT_BYTES:
        inspect_show_octets(in, node, v->content);
        break;
    case INSPECT_TEXT:
        inspect_show_text(in, node, inspect_text_of(in, node, v));
        break;
    case INSPECT_ARRAY:
    case INSPECT_MAP:
        node->shown = v->type == INSPECT_MAP ? INSPECT_SHOW_MAP : INSPECT_SHOW_ARRAY;
        node->number = inspect_count(v, SIZE_MAX);
        break;
    case INSPECT_BOOL:
        node->shown = INSPECT_SHOW_BOOL;
        break;
    case INSPECT_NULL:
        node->shown = INSPECT_SHOW_NULL;
        break;
    case INSPECT_FLOAT:
        node->shown = INSPECT_SHOW_FLOAT;
        break;
    case INSPECT_SIMPLE:
        node->shown = INSPECT_SHOW_UINT;
        inspect_note(in, node, "simple value");
        break;
    case INSPECT_TAG:
    case INSPECT_BROKEN:
    default:
        inspect_show_octets(in, node, v->encoded);
        break;
    }
}

/* What it means, and what is wrong. */

void inspect_note(struct inspect *in, struct inspect_node *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    node->note = keep_formatted(in, node->note, format, args);
    va_end(args);
}

void inspect_note_len(struct inspect *in, struct inspect_node *node, size_t len)
{
    inspect_note(in, node, "%zu octet%s", len, len == 1 ? "" : "s");
}

void inspect_is(struct inspect *in, struct inspect_node *node, const char *what)
{
    inspect_note(in, node, "%s", what);
    const size_t used = atls_text_len(in->format);
    if (node->main && used + atls_text_len(what) + 3 < sizeof in->format) {
        (void)snprintf(&in->format[used], sizeof in->format - used, "%s%s", used != 0 ? ", " : "",
                       what);
    }
}

/* is_marked counts a problem, and is true when it is to be marked as well. */
static bool is_marked(struct inspect *in, const struct inspect_node *node)
{
    if (is_scrap(in, node)) {
        return false;
    }
    in->num_problems++;
    return in->num_problems <= INSPECT_MAX_PROBLEMS;
}

static void add_problem(struct inspect *in, struct inspect_node *node, bool placed, size_t offset,
                        const struct inspect_space *space, const char *sentence)
{
    struct inspect_problem *problem = inspect_keep(in, sizeof *problem);
    if (problem == NULL) {
        return;
    }
    problem->offset = offset;
    problem->placed = placed;
    problem->space = space;
    problem->sentence = sentence;
    if (node->last_problem == NULL) {
        node->problems = problem;
    } else {
        node->last_problem->next = problem;
    }
    node->last_problem = problem;
    if (in->problem == NULL) {
        in->problem = problem;
        in->problem_node = node;
    }
}

void inspect_problem(struct inspect *in, struct inspect_node *node, const char *format, ...)
{
    va_list args;
    if (!is_marked(in, node)) {
        return;
    }
    va_start(args, format);
    const char *sentence = keep_formatted(in, NULL, format, args);
    va_end(args);
    add_problem(in, node, node->placed, node->offset, node->space, sentence);
}

void inspect_problem_at(struct inspect *in, struct inspect_node *node, const uint8_t *where,
                        const char *format, ...)
{
    va_list args;
    if (!is_marked(in, node)) {
        return;
    }
    va_start(args, format);
    const char *sentence = keep_formatted(in, NULL, format, args);
    va_end(args);
    add_problem(in, node, true, (size_t)(where - node->inner->start), node->inner, sentence);
}

void inspect_decoded(struct inspect *in, struct inspect_node *node, const char *how,
                     struct atls_bytes octets)
{
    struct inspect_space *space = inspect_keep(in, sizeof *space);
    if (space != NULL) {
        space->start = octets.data;
        space->how = how;
        node->inner = space;
    }
}

/* What the whole came to. */

enum atls_err atls_inspect_problem(const struct inspect *in, struct atls_diag *diag)
{
    if (in->num_problems == 0) {
        return ATLS_OK;
    }
    atls_fail(diag, ATLS_ERR_MALFORMED, "inspect",
              in->problem_node != NULL ? in->problem_node->name : NULL);
    if (diag != NULL && in->problem != NULL) {
        atls_diag_found_text(diag, in->num_problems > 1 ? "the first of several problems, \""
                                                        : "a problem, \"");
        atls_diag_found_peer_text(diag, atls_bytes_text(in->problem->sentence));
        atls_diag_found_text(diag, "\"");
        if (in->problem->placed && in->problem->space->how != NULL) {
            atls_diag_found_text(diag, " at octet ");
            atls_diag_found_int(diag, (int64_t)in->problem->offset);
            atls_diag_found_text(diag, " of what was decoded from ");
            atls_diag_found_text(diag, in->problem->space->how);
        } else {
            diag->offset = in->problem->placed ? in->problem->offset : 0;
        }
    }
    return ATLS_ERR_MALFORMED;
}

const char *atls_inspect_kind(const struct inspect *in)
{
    return in->kind;
}

const char *atls_inspect_format(const struct inspect *in)
{
    return in->format;
}
