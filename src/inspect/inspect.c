/* SPDX-License-Identifier: Apache-2.0 */
/* The one loop, and what a whole file is. */
#include "inspect/inspect.h"

#include "atls/limits.h"
#include "base/span.h"
#include "inspect/formats.h"
#include "json/base64.h"

#include <stdlib.h>

/* Octets of all values together that are shown. */
#define MAX_SHOWN 4194304u

/* run explains nodes in the order in which they were added; explainers add more. */
static void run(struct inspect *in)
{
    for (size_t i = 0; i < in->num_nodes && in->err == ATLS_OK; i++) {
        struct inspect_node *node = inspect_node_at(in, i);
        for (size_t steps = 0; node->explain != NULL && steps < INSPECT_MAX_STEPS; steps++) {
            inspect_explain *explain = node->explain;
            const struct inspect_value v = node->value;
            node->explain = NULL;
            explain(in, node, &v, node->arg);
        }
        if (node->explain != NULL) {
            inspect_problem(in, node, "wrapped too often: what is inside is not shown");
        }
    }
    if (in->full && in->err == ATLS_OK) { /* in a note, for which there is always room */
        struct inspect_node *root = inspect_node_at(in, 0);
        root->note = "more than 20000 fields, or too much to decode: the rest is not shown";
        inspect_problem(in, root, "the rest is not shown");
    }
}

static bool is_hex_text(struct atls_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
            return false;
        }
    }
    return text.len >= 8 && text.len % 2 == 0;
}

/* unwrap decodes a file that is hex or base64 text as a whole; empty when it is neither. */
static struct atls_bytes unwrap(struct inspect *in, const char **out_how)
{
    const struct atls_bytes text = inspect_trim(in->input);
    size_t len = 0;
    *out_how = NULL;
    if (is_hex_text(text)) {
        const struct atls_buf room = {inspect_keep(in, text.len / 2), text.len / 2};
        if (room.data == NULL || !atls_hex_decode(text, room, &len)) {
            return atls_bytes_of(NULL, 0);
        }
        *out_how = "hex";
        return atls_bytes_of(room.data, len);
    }
    const struct atls_bytes octets = inspect_base64(in, text, out_how);
    return octets.len >= 8 ? octets : atls_bytes_of(NULL, 0);
}

/* say_what names what was found, for a sentence, without showing it. */
static const char *say_what(struct atls_bytes input)
{
    const struct atls_bytes text = inspect_trim(input);
    if (input.len == 0) {
        return "nothing";
    }
    if (text.len != 0 && (text.data[0] == '{' || text.data[0] == '[')) {
        return "JSON of no kind that is known here";
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] >= 0x80 || (text.data[i] < 0x20 && text.data[i] != '\n' &&
                                     text.data[i] != '\r' && text.data[i] != '\t')) {
            return "octets of no format that is known here";
        }
    }
    return "text of no format that is known here";
}

static enum atls_err refuse(struct atls_bytes input, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_MALFORMED, "inspect", "format", say_what(input),
                           "Evidence, CMW, EAR, CoRIM, certificate, key or a file of atls");
}

/* begin makes the root, or finds that the format is unknown. */
static enum atls_err begin(struct inspect *in, struct atls_diag *diag)
{
    struct inspect_found found;
    const char *how = NULL;
    struct atls_bytes octets = in->input;
    if (!inspect_detect(octets, &found)) {
        octets = unwrap(in, &how);
        if (in->err != ATLS_OK) {
            return atls_fail(diag, in->err, "inspect", NULL);
        }
        if (octets.len == 0 || !inspect_detect(octets, &found)) {
            return refuse(in->input, diag);
        }
    }
    const struct inspect_value whole = inspect_value_octets(in->input);
    struct inspect_node *root = inspect_add_main(in, NULL, found.kind, &whole, NULL, NULL);
    in->kind = found.kind;
    if (how != NULL) {
        (void)snprintf(in->format, sizeof in->format, "%s", how);
        inspect_decoded(in, root, how, octets);
    }
    inspect_whole(in, root, &found, octets);
    return ATLS_OK;
}

enum atls_err atls_inspect(struct inspect **out, struct atls_bytes input, struct atls_diag *diag)
{
    if (input.len > ATLS_MAX_FILE_LEN) {
        return atls_fail_texts(diag, ATLS_ERR_FILE, "inspect", "file", "a longer one",
                               "at most 4194304 octets");
    }
    struct inspect *in = calloc(1, sizeof *in);
    if (in == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "inspect", NULL);
    }
    in->input = input;
    in->space.start = input.data;
    in->octets_left = MAX_SHOWN;
    in->kind = "unknown";
    enum atls_err err = input.len != 0 ? begin(in, diag) : refuse(input, diag);
    if (err == ATLS_OK) {
        run(in);
        err = in->err != ATLS_OK ? atls_fail(diag, in->err, "inspect", NULL) : ATLS_OK;
    }
    if (err != ATLS_OK) {
        atls_inspect_free(in);
        return err;
    }
    *out = in;
    return ATLS_OK;
}
