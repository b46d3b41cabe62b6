/* SPDX-License-Identifier: Apache-2.0 */
/* Profile and dependent-rims of a corim-map (draft-ietf-rats-corim-11, 4.1.3, 4.1.4). */
#include "endorsement/manifest_read.h"

#include "base/span.h"

#include <stdio.h>

/* is_old_text: Veraison's tools of 2024 put tag 501 around a CoRIM, as the draft has it, and named
 * its profile by a text with no tag. Files of theirs that are published have profiles of that time.
 */
static bool is_old_text(const struct atls_cbor *item, struct atls_bytes *out)
{
    struct atls_bytes name;
    bool is_old = false;
    if (!atls_cbor_text(item, 1, SIZE_MAX, &name) || atls_profile_by_uri(name, &is_old) == NULL ||
        !is_old) {
        return false;
    }
    *out = name;
    return true;
}

/* profile_uri gives the one URI of the profile, or the octets of its OID. */
static enum atls_err profile_uri(const struct atls_corim *corim, const struct atls_cbor *item,
                                 bool *out_is_oid, struct atls_bytes *out)
{
    struct atls_cbor inner;
    *out_is_oid = false;
    if (!corim->old_dialect) {
        if (is_old_text(item, out) || (atls_cbor_tag(item, ATLS_TAG_URI, &inner) &&
                                       atls_cbor_text(&inner, 1, SIZE_MAX, out))) {
            return ATLS_OK;
        }
        *out_is_oid =
            atls_cbor_tag(item, ATLS_TAG_OID, &inner) && atls_cbor_bytes(&inner, 1, SIZE_MAX, out);
        return *out_is_oid ? ATLS_OK
                           : atls_corim_refuse_item(corim, item, "profile",
                                                    "tag 32 with a URI or tag 111 with an OID");
    }
    if (item->type == ATLS_CBOR_ARRAY && item->argument == 1 && atls_cbor_at(item, 0, &inner) &&
        atls_cbor_text(&inner, 1, SIZE_MAX, out)) {
        return ATLS_OK;
    }
    return atls_corim_refuse_item(corim, item, "profile", "an array of one URI");
}

/* note_profile says what a file without a known profile is good for: nothing of it is evaluated,
 * for a profile may give any key another meaning. */
static enum atls_err note_profile(const struct atls_corim *corim, struct atls_bytes name,
                                  bool is_oid)
{
    char what[200] = "no profile";
    char shown[100] = "";
    for (size_t i = 0; !is_oid && i < name.len && i + 1 < sizeof shown; i++) {
        const bool is_plain = name.data[i] >= 0x20 && name.data[i] < 0x7f;
        shown[i] = (char)(is_plain ? name.data[i] : '?');
    }
    for (size_t i = 0; is_oid && i < name.len && 2 * i + 3 < sizeof shown; i++) {
        snprintf(&shown[2 * i], 3, "%02x", name.data[i]);
    }
    if (name.len != 0) {
        snprintf(what, sizeof what, "profile %s\"%s\" is not known here", is_oid ? "OID " : "",
                 shown);
    }
    return atls_corim_note(corim, what, "kept, and without effect");
}

/* note_format says that nobody here appraises the format that a file speaks of. */
static enum atls_err note_format(const struct atls_corim *corim)
{
    char what[80];
    const char *const *formats = corim->profile->formats;
    snprintf(what, sizeof what, "for format %s%s%s, which is not built in", formats[0],
             formats[1] != NULL ? " or " : "", formats[1] != NULL ? formats[1] : "");
    return atls_corim_note(corim, what, "kept, and without effect");
}

enum atls_err atls_corim_read_profile(struct atls_corim *corim, const struct atls_cbor *item)
{
    struct atls_bytes name = {NULL, 0};
    bool is_oid = false;
    enum atls_err err = ATLS_OK;
    if (item != NULL) {
        err = profile_uri(corim, item, &is_oid, &name);
    }
    if (err != ATLS_OK) {
        return err;
    }
    corim->profile =
        is_oid ? atls_profile_by_oid(name) : atls_profile_by_uri(name, &corim->old_profile);
    if (corim->profile == NULL) {
        corim->extensions = name.len != 0 ? ATLS_EXTENSIONS_ANY : ATLS_EXTENSIONS_NONE;
        return note_profile(corim, name, is_oid);
    }
    corim->rules = corim->profile->rules;
    corim->extensions = corim->profile->extensions;
    corim->format = atls_profile_format(corim->profile);
    return corim->format == NULL ? note_format(corim) : ATLS_OK;
}

/* are_uris: one URI in tag 32, or an array of them. */
static bool are_uris(const struct atls_cbor *item)
{
    struct atls_cbor inner;
    struct atls_cbor uri;
    struct atls_bytes text;
    if (item->type != ATLS_CBOR_ARRAY) {
        return atls_cbor_tag(item, ATLS_TAG_URI, &uri) && atls_cbor_text(&uri, 1, SIZE_MAX, &text);
    }
    struct atls_cbor_iter iter = atls_cbor_members(item);
    while (atls_cbor_next(&iter, &inner)) {
        if (!atls_cbor_tag(&inner, ATLS_TAG_URI, &uri) ||
            !atls_cbor_text(&uri, 1, SIZE_MAX, &text)) {
            return false;
        }
    }
    return item->argument != 0;
}

static bool are_digests(const struct atls_cbor *item)
{
    struct atls_cbor inner;
    struct atls_mdigest digest;
    if (atls_mdigest_of(item, &digest)) {
        return true;
    }
    if (item->type != ATLS_CBOR_ARRAY || item->argument == 0) {
        return false;
    }
    struct atls_cbor_iter iter = atls_cbor_members(item);
    while (atls_cbor_next(&iter, &inner)) {
        if (!atls_mdigest_of(&inner, &digest)) {
            return false;
        }
    }
    return true;
}

enum atls_err atls_corim_read_dependent(const struct atls_corim *corim,
                                        const struct atls_cbor *list)
{
    static const struct atls_corim_field fields[] = {
        {0, "href (key 0)", ATLS_CORIM_REQUIRED},
        {1, "thumbprint (key 1)", ATLS_CORIM_OPTIONAL},
    };
    struct atls_cbor value[ATLS_ARRAY_LEN(fields)];
    struct atls_cbor item;
    enum atls_err err = atls_corim_list(corim, list, "dependent-rims");
    struct atls_cbor_iter iter = atls_cbor_members(list);
    while (err == ATLS_OK && atls_cbor_next(&iter, &item)) {
        err = atls_corim_fields(corim, &item, "dependent-rims", fields, ATLS_ARRAY_LEN(fields),
                                value);
        if (err == ATLS_OK && !are_uris(&value[0])) {
            err = atls_corim_refuse_item(corim, &value[0], "href", "tag 32 with a URI, or several");
        }
        if (err == ATLS_OK && atls_corim_has(&value[1]) && !are_digests(&value[1])) {
            err = atls_corim_refuse_item(corim, &value[1], "thumbprint", "a digest, or several");
        }
    }
    return err == ATLS_OK
               ? atls_corim_note(corim, "dependent-rims",
                                 "not fetched: other files that it names are loaded like this one")
               : err;
}
