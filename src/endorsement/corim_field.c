/* SPDX-License-Identifier: Apache-2.0 */
/* Strict maps, and refusals that say where. */
#include "endorsement/corim.h"

#include "base/span.h"

#undef atls_corim_refuse /* the macros are for the analyser of the callers */
#undef atls_corim_refuse_item

#define MAX_SHOWN_TEXT 80

/* offset_of gives where in the file an item lies; every item borrows the file's octets. */
static size_t offset_of(const struct atls_corim *corim, const struct atls_cbor *at)
{
    return corim->source != NULL ? (size_t)(at->encoded.data - corim->source->data) : 0;
}

enum atls_err atls_corim_refuse(const struct atls_corim *corim, const struct atls_cbor *at,
                                const char *claim, const char *found, const char *expected)
{
    atls_fail_at(corim->diag, ATLS_ERR_ENDORSEMENT, "endorsement", claim, offset_of(corim, at),
                 expected);
    if (found != NULL) {
        atls_diag_found_text(corim->diag, found);
    }
    return ATLS_ERR_ENDORSEMENT;
}

static const char *type_name(enum atls_cbor_type type)
{
    static const char *const names[] = {
        [ATLS_CBOR_UINT] = "an unsigned integer",
        [ATLS_CBOR_NEGINT] = "a negative integer",
        [ATLS_CBOR_BYTES] = "octets: ",
        [ATLS_CBOR_TEXT] = "the text ",
        [ATLS_CBOR_ARRAY] = "an array, members: ",
        [ATLS_CBOR_MAP] = "a map",
        [ATLS_CBOR_TAG] = "tag ",
        [ATLS_CBOR_SIMPLE] = "a simple value",
    };
    return names[type];
}

enum atls_err atls_corim_refuse_item(const struct atls_corim *corim, const struct atls_cbor *at,
                                     const char *claim, const char *expected)
{
    atls_corim_refuse(corim, at, claim, type_name(at->type), expected);
    if (at->type == ATLS_CBOR_TEXT) {
        atls_corim_found_text(corim, at->content);
    } else if (at->type == ATLS_CBOR_BYTES) {
        atls_diag_found_int(corim->diag, (int64_t)at->content.len);
    } else if (at->type == ATLS_CBOR_TAG || at->type == ATLS_CBOR_ARRAY) {
        atls_diag_found_int(corim->diag, (int64_t)at->argument);
    }
    struct atls_cbor inner;
    if (at->type == ATLS_CBOR_TAG && atls_cbor_tag(at, at->argument, &inner) &&
        inner.type == ATLS_CBOR_BYTES) {
        atls_diag_found_text(corim->diag, " with octets: ");
        atls_diag_found_int(corim->diag, (int64_t)inner.content.len);
    }
    return ATLS_ERR_ENDORSEMENT;
}

void atls_corim_found_text(const struct atls_corim *corim, struct atls_bytes text)
{
    const size_t shown = text.len < MAX_SHOWN_TEXT ? text.len : MAX_SHOWN_TEXT;
    atls_diag_found_text(corim->diag, "\"");
    atls_diag_found_peer_text(corim->diag, atls_bytes_of(text.data, shown));
    atls_diag_found_text(corim->diag, shown < text.len ? "...\"" : "\"");
}

static enum atls_err refuse_key(const struct atls_corim *corim, const struct atls_cbor *key,
                                const char *what)
{
    int64_t number;
    if (!atls_cbor_int(key, &number)) {
        return atls_corim_refuse_item(corim, key, what, "integers as keys");
    }
    atls_corim_refuse(corim, key, what, "key ", "only keys that this version knows");
    atls_diag_found_int(corim->diag, number);
    return ATLS_ERR_ENDORSEMENT;
}

static enum atls_err refuse_not_built(const struct atls_corim *corim, const struct atls_cbor *key,
                                      const char *what, const char *name)
{
    atls_corim_refuse(corim, key, what, name, ATLS_CORIM_ONLY_BUILT);
    return ATLS_ERR_ENDORSEMENT;
}

/* is_values: the one map that Intel's profile adds keys to. */
static bool is_values(const char *what)
{
    return strcmp(what, "mval") == 0;
}

static enum atls_err take(const struct atls_corim *corim, const struct atls_cbor *key,
                          const struct atls_cbor *value, const char *what,
                          const struct atls_corim_field *fields, size_t num, struct atls_cbor *out)
{
    int64_t number;
    if (atls_cbor_int(key, &number)) {
        /* Intel's are in measured values only, where they are read one by one. */
        if (number < 0 && (corim->extensions == ATLS_EXTENSIONS_ANY ||
                           (corim->extensions == ATLS_EXTENSIONS_INTEL && is_values(what)))) {
            return ATLS_OK;
        }
        for (size_t i = 0; i < num; i++) {
            if (fields[i].key != number) {
                continue;
            }
            if (fields[i].use == ATLS_CORIM_NOT_BUILT) {
                return refuse_not_built(corim, key, what, fields[i].name);
            }
            out[i] = *value;
            return ATLS_OK;
        }
    }
    return refuse_key(corim, key, what);
}

enum atls_err atls_corim_fields(const struct atls_corim *corim, const struct atls_cbor *map,
                                const char *what, const struct atls_corim_field *fields, size_t num,
                                struct atls_cbor *out)
{
    memset(out, 0, num * sizeof *out);
    if (map->type != ATLS_CBOR_MAP || map->argument == 0) {
        return atls_corim_refuse_item(corim, map, what, "a map that is not empty");
    }
    struct atls_cbor_iter pairs = atls_cbor_members(map);
    struct atls_cbor key;
    struct atls_cbor value;
    while (atls_cbor_next_pair(&pairs, &key, &value)) {
        const enum atls_err err = take(corim, &key, &value, what, fields, num, out);
        if (err != ATLS_OK) {
            return err;
        }
    }
    for (size_t i = 0; i < num; i++) {
        if (fields[i].use == ATLS_CORIM_REQUIRED && !atls_corim_has(&out[i])) {
            return atls_corim_refuse(corim, map, what, "none", fields[i].name);
        }
    }
    return ATLS_OK;
}

enum atls_err atls_corim_list(const struct atls_corim *corim, const struct atls_cbor *item,
                              const char *claim)
{
    if (item->type != ATLS_CBOR_ARRAY || item->argument == 0) {
        return atls_corim_refuse_item(corim, item, claim, "an array that is not empty");
    }
    return ATLS_OK;
}

enum atls_err atls_corim_parse(const struct atls_corim *corim, struct atls_bytes octets,
                               const char *what, struct atls_cbor *out)
{
    const enum atls_err err = atls_cbor_parse(out, octets, ATLS_CBOR_STRICT, what, corim->diag);
    if (err == ATLS_OK) {
        return ATLS_OK;
    }
    if (corim->diag != NULL) {
        /* A file of ours is malformed, not a message: another fault, another exit status. */
        corim->diag->err = ATLS_ERR_ENDORSEMENT;
        corim->diag->offset += (size_t)(octets.data - corim->source->data);
    }
    return ATLS_ERR_ENDORSEMENT;
}

enum atls_err atls_corim_identity(const struct atls_corim *corim, const struct atls_cbor *item,
                                  const char *claim)
{
    struct atls_bytes id;
    if (atls_cbor_bytes(item, 16, 16, &id) || atls_cbor_text(item, 1, SIZE_MAX, &id)) {
        return ATLS_OK;
    }
    return atls_corim_refuse_item(corim, item, claim, "a text or 16 octets");
}

enum atls_err atls_corim_note(const struct atls_corim *corim, const char *what, const char *why)
{
    return atls_batch_add_note(corim->source, what, why, corim->diag);
}
