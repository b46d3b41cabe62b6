/* SPDX-License-Identifier: Apache-2.0 */
/* The tree for people: one field a line, its offset in front; a problem on a line of its own below
 * the field. Whatever the file says comes out as printable ASCII. */
#include "inspect/node.h"

#include "base/span.h"

#include <inttypes.h>

#define MAX_TEXT   200 /* octets of a text on a line */
#define MAX_OCTETS 66  /* octets that are shown whole */
#define FEW_OCTETS 32  /* else so many */

static void put_text(FILE *out, struct atls_bytes text)
{
    const size_t shown = text.len < MAX_TEXT ? text.len : MAX_TEXT;
    fputc('"', out);
    for (size_t i = 0; i < shown; i++) {
        const uint8_t c = text.data[i];
        if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c >= 0x20 && c < 0x7f) {
            fputc(c, out);
        } else {
            fprintf(out, "\\x%02x", c);
        }
    }
    fputs(shown < text.len ? "\"..." : "\"", out);
}

static void put_octets(FILE *out, const struct inspect_node *node)
{
    size_t shown = node->shown_len;
    if (node->octets.len > MAX_OCTETS && shown > FEW_OCTETS) {
        shown = FEW_OCTETS;
    }
    for (size_t i = 0; i < shown; i++) {
        fprintf(out, "%02x", node->octets.data[i]);
    }
    if (node->octets.len == 0) {
        fputs("empty", out);
    } else if (shown < node->octets.len) {
        fprintf(out, "... %zu octets", node->octets.len);
    }
}

static void put_negative(FILE *out, uint64_t argument)
{
    if (argument == UINT64_MAX) {
        fputs("-18446744073709551616", out);
    } else {
        fprintf(out, "-%" PRIu64, argument + 1);
    }
}

static void put_value(FILE *out, const struct inspect_node *node)
{
    if (node->shown == INSPECT_SHOW_NOTHING || node->shown == INSPECT_SHOW_STRUCTURE) {
        return;
    }
    fputs(": ", out);
    switch (node->shown) {
    case INSPECT_SHOW_UINT:
        fprintf(out, "%" PRIu64, node->number);
        break;
    case INSPECT_SHOW_NEGINT:
        put_negative(out, node->number);
        break;
    case INSPECT_SHOW_BOOL:
        fputs(node->number != 0 ? "true" : "false", out);
        break;
    case INSPECT_SHOW_NULL:
        fputs("null", out);
        break;
    case INSPECT_SHOW_FLOAT:
        fprintf(out, "%.17g", node->real);
        break;
    case INSPECT_SHOW_TEXT:
        put_text(out, node->octets);
        break;
    case INSPECT_SHOW_OCTETS:
        put_octets(out, node);
        break;
    case INSPECT_SHOW_SECRET:
        fputs("secret", out);
        break;
    case INSPECT_SHOW_ARRAY:
        fprintf(out, "array of %" PRIu64, node->number);
        break;
    case INSPECT_SHOW_MAP:
        fprintf(out, "map of %" PRIu64, node->number);
        break;
    case INSPECT_SHOW_NOTHING:
    case INSPECT_SHOW_STRUCTURE:
    default:
        break;
    }
}

static void put_label(FILE *out, const struct inspect_node *node)
{
    char number[32];
    if (node->label_kind == INSPECT_LABEL_INT) {
        (void)snprintf(number, sizeof number, "%" PRId64, node->label);
        if (!atls_bytes_is_text(atls_bytes_text(node->name), number)) {
            fprintf(out, " [%s]", number);
        }
    } else if (node->label_kind == INSPECT_LABEL_TEXT &&
               !atls_bytes_is_text(node->label_text, node->name)) {
        fprintf(out, " [%.*s]", (int)node->label_text.len, (const char *)node->label_text.data);
    }
}

static void put_offset(FILE *out, bool placed, const struct inspect_space *space, size_t offset)
{
    char text[32] = "";
    if (placed) {
        (void)snprintf(text, sizeof text, "%s%zu", space->how != NULL ? "+" : "", offset);
    }
    fprintf(out, "%8s  ", text);
}

static void put_node(FILE *out, const struct inspect_node *node)
{
    const int indent = (int)(2 * node->depth);
    const bool decoded = node->inner != node->space;
    put_offset(out, node->placed, node->space, node->offset);
    fprintf(out, "%*s%s", indent, "", node->name);
    put_label(out, node);
    put_value(out, node);
    if (decoded || node->note != NULL) {
        fprintf(out, " (%s%s%s)", decoded ? node->inner->how : "",
                decoded && node->note != NULL ? ", " : "", node->note != NULL ? node->note : "");
    }
    fputc('\n', out);
    for (const struct inspect_problem *p = node->problems; p != NULL; p = p->next) {
        fprintf(out, "%8s  %*s", "!", indent + 2, "");
        if (p->placed) {
            fprintf(out, "problem at octet %zu%s%s: %s\n", p->offset,
                    p->space->how != NULL ? " of what was decoded from " : "",
                    p->space->how != NULL ? p->space->how : "", p->sentence);
        } else {
            fprintf(out, "problem: %s\n", p->sentence);
        }
    }
}

/* next_node gives the node that comes after this one, children before siblings. */
static const struct inspect_node *next_node(const struct inspect_node *node)
{
    if (node->first != NULL) {
        return node->first;
    }
    while (node != NULL && node->next == NULL) {
        node = node->parent;
    }
    return node != NULL ? node->next : NULL;
}

enum atls_err atls_inspect_print(FILE *stream, const struct inspect *in)
{
    fputs("not verified: atls appraise verifies\n", stream);
    fprintf(stream, "%s: %zu octets, ", in->format, in->input.len);
    if (in->num_problems == 0) {
        fputs("no problem found\n\n", stream);
    } else {
        fprintf(stream, "%zu problem%s found\n\n", in->num_problems,
                in->num_problems == 1 ? "" : "s");
    }
    for (const struct inspect_node *node = inspect_node_at(in, 0); node != NULL;
         node = next_node(node)) {
        put_node(stream, node);
    }
    return fflush(stream) == 0 && ferror(stream) == 0 ? ATLS_OK : ATLS_ERR_FILE;
}
