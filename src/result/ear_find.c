/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the claims of a Result in their spellings, and reading the types that several have. */
#include "base/span.h"
#include "result/ear_internal.h"

enum atls_err atls_ear_wrong(const struct atls_ear_reader *r, const struct atls_ear_row *row,
                             const char *found, const char *expected)
{
    return atls_ear_refuse(r->diag, r->submod, row->name, found, expected);
}

/* find gives a claim in whatever spelling it has; two of them are one claim twice. */
enum atls_err atls_ear_find(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                            const struct atls_ear_row *row, struct atls_ear_node *out, bool *found)
{
    *found = false;
    for (unsigned i = 0; i < ATLS_EAR_NUM_SPELLING; i++) {
        struct atls_ear_node one;
        memset(&one, 0, sizeof one);
        if (!r->form->member(map, row, i, &one)) {
            continue;
        }
        if (*found) {
            return atls_ear_wrong(r, row, "the claim in two spellings", "one of them");
        }
        *out = one;
        *found = true;
    }
    return ATLS_OK;
}

/* need is find for a claim that must be there. */
enum atls_err atls_ear_need(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                            enum atls_ear_claim claim, struct atls_ear_node *out)
{
    bool found = false;
    const enum atls_err err = atls_ear_find(r, map, atls_ear_row(claim), out, &found);
    if (err == ATLS_OK && !found) {
        return atls_ear_wrong(r, atls_ear_row(claim), "nothing",
                              "the claim, which every EAR must have");
    }
    return err;
}

enum atls_err atls_ear_text(const struct atls_ear_reader *r, const struct atls_ear_node *node,
                            enum atls_ear_claim claim, struct atls_bytes *out)
{
    struct atls_bytes text = {NULL, 0};
    if (!r->form->text(node, &text) || text.len > ATLS_MAX_EAR_TEXT_LEN) {
        return atls_ear_wrong(r, atls_ear_row(claim), "another type, or a longer text",
                              "a text of at most 1024 octets");
    }
    *out = text;
    return ATLS_OK;
}

/* read_octets reads a claim that may be there. */
enum atls_err atls_ear_octets(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              enum atls_ear_claim claim, size_t min, size_t max,
                              struct atls_bytes *out)
{
    struct atls_ear_node node;
    struct atls_bytes octets = {NULL, 0};
    bool found = false;
    enum atls_err err = atls_ear_find(r, map, atls_ear_row(claim), &node, &found);
    if (err != ATLS_OK || !found) {
        return err;
    }
    if (!r->form->octets(r->storage, &node, &octets) || octets.len < min || octets.len > max) {
        err = atls_ear_wrong(r, atls_ear_row(claim), "another type or length", NULL);
        atls_diag_expected_int(r->diag, (int64_t)min);
        atls_diag_expected_text(r->diag, " to ");
        atls_diag_expected_int(r->diag, (int64_t)max);
        atls_diag_expected_text(r->diag, " octets (base64url in JSON)");
        return err;
    }
    *out = octets;
    return ATLS_OK;
}

enum atls_err atls_ear_status(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                              enum atls_tier *out, bool *found)
{
    struct atls_ear_node node;
    const enum atls_err err = atls_ear_find(r, map, atls_ear_row(ATLS_EAR_STATUS), &node, found);
    if (err != ATLS_OK || !*found) {
        return err;
    }
    return r->form->tier(&node, out)
               ? ATLS_OK
               : atls_ear_wrong(r, atls_ear_row(ATLS_EAR_STATUS), "another value",
                                "none, affirming, warning or contraindicated (0, 2, 32 or 96)");
}

enum atls_err atls_ear_free_map(const struct atls_ear_reader *r, const struct atls_ear_node *map,
                                enum atls_ear_claim claim, struct atls_ear_value *out)
{
    struct atls_ear_node node;
    bool found = false;
    const enum atls_err err = atls_ear_find(r, map, atls_ear_row(claim), &node, &found);
    if (err != ATLS_OK || !found) {
        return err;
    }
    if (r->form->kind(&node) != ATLS_EAR_IS_MAP) {
        return atls_ear_wrong(r, atls_ear_row(claim), "another type", "a map");
    }
    *out = r->form->value(&node);
    return ATLS_OK;
}
