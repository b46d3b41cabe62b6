/* SPDX-License-Identifier: Apache-2.0 */
/* CMW (RFC 9999): record, tag, collection; in CBOR and in JSON. */
#include "codec/cmw.h"

#include "base/formats.h"
#include "base/span.h"
#include "inspect/formats.h"
#include "inspect/names.h"

#include <inttypes.h>

static const char type_label[] = "__cmwc_t";

/* note_atls adds the name that a type has in the table of names of atls. */
static void note_atls(struct inspect *in, struct inspect_node *node, struct atls_bytes media_type)
{
    for (size_t i = 0; i < atls_num_formats; i++) {
        if (atls_media_type_is(media_type, atls_formats[i].media_type)) {
            inspect_note(in, node, "format %s of atls", atls_formats[i].name);
        }
    }
}

static void explain_type(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_show_value(in, node, v);
        if (!atls_media_type_is_valid(node->octets)) {
            inspect_problem(in, node, "not a media type");
        }
        note_atls(in, node, node->octets);
        return;
    }
    if (v->form == INSPECT_JSON || v->type != INSPECT_UINT) {
        inspect_wrong_type(in, node, v,
                           v->form == INSPECT_JSON ? "a media type"
                                                   : "a content format or a media type");
        return;
    }
    inspect_number(in, node, v, &inspect_content_formats);
    if (v->argument > UINT16_MAX) {
        inspect_problem(in, node, "a content format is at most 65535");
    }
}

static void explain_ind(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    static const struct inspect_name_of rows[] = {
        {0, "reference-values"},    {1, "endorsements"},     {2, "evidence"},
        {3, "attestation-results"}, {4, "appraisal-policy"},
    };
    static const struct inspect_names bits = INSPECT_NAMES("a conceptual message", rows, false);
    (void)arg;
    inspect_bits(in, node, v, &bits);
    if (v->type == INSPECT_UINT && (v->argument == 0 || v->argument > UINT32_MAX)) {
        inspect_problem(in, node, "ind is 1 to 4294967295");
    }
}

/* media_of gives what explains the content of a record or tag. */
static const struct inspect_media *media_of(const struct inspect_value *type)
{
    const char *name = NULL;
    if (type->type == INSPECT_TEXT) {
        return inspect_media_find(type->content);
    }
    if (type->type == INSPECT_UINT && type->argument <= UINT16_MAX) {
        name = inspect_name_find(&inspect_content_formats, (int64_t)type->argument);
    }
    return name != NULL ? inspect_media_find(atls_bytes_text(name)) : NULL;
}

static void explain_record(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value type;
    struct inspect_value member;
    inspect_is(in, node, "CMW record");
    inspect_show_value(in, node, v);
    if (!inspect_next(&iter, &type)) {
        inspect_problem(in, node, "type is missing");
        return;
    }
    (void)inspect_add(in, node, "type", &type, explain_type, NULL);
    if (!inspect_next(&iter, &member)) {
        inspect_problem(in, node, "value is missing");
        return;
    }
    const struct inspect_media *media = media_of(&type);
    (void)inspect_add_main(in, node, "value", &member,
                           media != NULL ? inspect_content : inspect_guess, media);
    if (inspect_next(&iter, &member)) {
        (void)inspect_add(in, node, "ind", &member, explain_ind, NULL);
    }
    if (inspect_next(&iter, &member)) {
        inspect_problem(in, node, "more members than type, value and ind");
    }
    if (v->cut) {
        inspect_problem(in, node, "cut off: the input ends inside it, or nothing more can be read");
    }
}

static void explain_tag(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v)
{
    uint16_t content_format = 0;
    if (!atls_cmw_tag_inverse(v->argument, &content_format)) {
        inspect_problem(in, node, "tag %" PRIu64 " does not stand for a content format",
                        v->argument);
        inspect_later(in, node, v, inspect_any, NULL);
        return;
    }
    const struct inspect_value inside = inspect_inside(v);
    const struct inspect_value type = {
        .form = INSPECT_CBOR, .type = INSPECT_UINT, .argument = content_format};
    const char *name = inspect_name_find(&inspect_content_formats, content_format);
    inspect_is(in, node, "CMW tag");
    inspect_note(in, node, "tag %" PRIu64 ", content format %u%s%s", v->argument, content_format,
                 name != NULL ? " " : "", name != NULL ? name : "");
    inspect_show_structure(node);
    const struct inspect_media *media = media_of(&type);
    (void)inspect_add_main(in, node, "value", &inside,
                           media != NULL ? inspect_content : inspect_guess, media);
}

static void explain_collection_type(struct inspect *in, struct inspect_node *node,
                                    const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_text(in, node, v, NULL);
    if (node->shown != INSPECT_SHOW_TEXT) {
        return;
    }
    if (!atls_collection_type_is_valid(node->octets)) {
        inspect_problem(in, node, "neither an absolute URI nor an OID");
    } else if (atls_bytes_is_text(node->octets, "tag:ietf.org,2024-02-29:rats/kat")) {
        inspect_note(in, node, "key attestation bundle");
    } else if (atls_bytes_is_text(node->octets, "tag:atls,2026:ensemble")) {
        inspect_note(in, node, "several roots of trust");
    }
}

static void explain_collection(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v)
{
    static const struct inspect_field rows[] = {
        {INSPECT_NO_LABEL, type_label, NULL, explain_collection_type, NULL, false},
    };
    static const struct inspect_fields fields = {"CMW collection", rows, ATLS_ARRAY_LEN(rows),
                                                 inspect_cmw,      NULL, NULL};
    const size_t types = inspect_has_text(v, type_label) ? 1 : 0;
    inspect_map(in, node, v, &fields);
    if (inspect_count(v, 2) <= types) {
        inspect_problem(in, node, "a collection has one member or more");
    }
}

void inspect_cmw(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    (void)arg;
    switch (v->type) {
    case INSPECT_ARRAY:
        explain_record(in, node, v);
        break;
    case INSPECT_TAG:
        explain_tag(in, node, v);
        break;
    case INSPECT_MAP:
        explain_collection(in, node, v);
        break;
    case INSPECT_BROKEN:
    case INSPECT_UINT:
    case INSPECT_NEGINT:
    case INSPECT_BYTES:
    case INSPECT_TEXT:
    case INSPECT_BOOL:
    case INSPECT_NULL:
    case INSPECT_FLOAT:
    case INSPECT_SIMPLE:
    default:
        inspect_wrong_type(in, node, v, "a CMW record, tag or collection");
        break;
    }
}
