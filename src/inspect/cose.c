/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1, COSE_Mac0, COSE_Sign (RFC 9052) and the CWT tag around them (RFC 8392). */
#include "inspect/formats.h"

#include "base/span.h"
#include "inspect/names.h"

/* Header parameters. */

static void explain_alg(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_word(in, node, v, &inspect_cose_algs);
}

static void explain_content_type(struct inspect *in, struct inspect_node *node,
                                 const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_text(in, node, v, NULL);
    } else {
        inspect_number(in, node, v, &inspect_content_formats);
    }
}

static const struct inspect_field thumbprint_rows[] = {
    {0, NULL, "hashAlg", inspect_word, &inspect_cose_algs, true},
    {1, NULL, "hashValue", inspect_octets, NULL, true},
};
static const struct inspect_fields thumbprint = INSPECT_FIELDS(NULL, thumbprint_rows);
static const struct inspect_list labels = {"", inspect_any, NULL, 1};
static const struct inspect_media certificate = {NULL, INSPECT_OCTETS, inspect_certificate, NULL};
static const struct inspect_list chain = {"", inspect_content, &certificate, 1};

static const struct inspect_field header_rows[] = {
    {1, NULL, "alg", explain_alg, NULL, false},
    {2, NULL, "crit", inspect_array, &labels, false},
    {3, NULL, "content type", explain_content_type, NULL, false},
    {4, NULL, "kid", inspect_octets, NULL, false},
    {5, NULL, "IV", inspect_octets, NULL, false},
    {6, NULL, "Partial IV", inspect_octets, NULL, false},
    {8, NULL, "corim-meta", inspect_corim_meta, NULL, false},
    {15, NULL, "CWT Claims", inspect_cwt_claims, NULL, false},
    {16, NULL, "typ", explain_content_type, NULL, false},
    {32, NULL, "x5bag", inspect_one_or_more, &chain, false},
    {33, NULL, "x5chain", inspect_one_or_more, &chain, false},
    {34, NULL, "x5t", inspect_tuple, &thumbprint, false},
    {35, NULL, "x5u", inspect_any, NULL, false},
    {258, NULL, "payload-hash-alg", inspect_word, &inspect_cose_algs, false},
    {259, NULL, "preimage content type", explain_content_type, NULL, false},
    {260, NULL, "payload-location", inspect_text, NULL, false},
};
static const struct inspect_fields headers = INSPECT_FIELDS(NULL, header_rows);

static void explain_protected(struct inspect *in, struct inspect_node *node,
                              const struct inspect_value *v, const void *arg)
{
    struct atls_bytes octets;
    (void)arg;
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    inspect_note_len(in, node, octets.len);
    if (octets.len == 0) {
        inspect_show_octets(in, node, octets);
        return;
    }
    const struct inspect_value map = inspect_value_cbor(octets);
    inspect_check(in, node, &map, octets);
    inspect_later(in, node, &map, inspect_map, &headers);
}

static void explain_payload(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    static const struct inspect_media claims = {NULL, INSPECT_CBOR, inspect_claims, NULL};
    struct inspect_found found;
    if (v->type == INSPECT_NULL) {
        inspect_show_value(in, node, v);
        inspect_note(in, node, "detached: the payload is elsewhere");
        return;
    }
    const struct inspect_media *media = arg;
    if (media != NULL && media->explain == inspect_cose && v->type == INSPECT_BYTES) {
        const struct inspect_value inside = inspect_value_cbor(v->content);
        media = inside.type == INSPECT_MAP ? NULL : media; /* some name the token's type there */
    }
    if (media == NULL && v->type == INSPECT_BYTES && !inspect_detect(v->content, &found) &&
        inspect_value_cbor(v->content).type == INSPECT_MAP) {
        media = &claims; /* a map that says nothing of itself */
    }
    inspect_later(in, node, v, inspect_content, media);
}

/* payload_media gives what the header says that the payload is. */
static const struct inspect_media *payload_media(const struct inspect_value *message)
{
    struct inspect_value protect;
    struct inspect_value type;
    if (!inspect_at(message, 0, &protect) || protect.type != INSPECT_BYTES) {
        return NULL;
    }
    const struct inspect_value map = inspect_value_cbor(protect.content);
    if (!inspect_get(&map, 3, &type)) {
        return NULL;
    }
    if (type.type == INSPECT_TEXT) {
        return inspect_media_find(type.content);
    }
    const char *name = type.type == INSPECT_UINT && type.argument <= UINT16_MAX
                           ? inspect_name_find(&inspect_content_formats, (int64_t)type.argument)
                           : NULL;
    return name != NULL ? inspect_media_find(atls_bytes_text(name)) : NULL;
}

static const struct inspect_field signature_rows[] = {
    {0, NULL, "protected", explain_protected, NULL, true},
    {1, NULL, "unprotected", inspect_map, &headers, true},
    {2, NULL, "signature", inspect_octets, NULL, true},
};
static const struct inspect_fields signature = INSPECT_FIELDS(NULL, signature_rows);
static const struct inspect_list signatures = {"", inspect_tuple, &signature, 1};

/* explain_message explains the array; the last member is a signature, a tag or signatures. */
static void explain_message(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const char *what, const char *last)
{
    static const char *const names[] = {"protected", "unprotected", "payload"};
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value member;
    size_t i = 0;
    if (v->type != INSPECT_ARRAY) {
        inspect_wrong_type(in, node, v, "an array of four");
        return;
    }
    inspect_is(in, node, what);
    inspect_show_value(in, node, v);
    for (; i < 4 && inspect_next(&iter, &member); i++) {
        if (i == 0) {
            (void)inspect_add(in, node, names[0], &member, explain_protected, NULL);
        } else if (i == 1) {
            (void)inspect_add(in, node, names[1], &member, inspect_map, &headers);
        } else if (i == 2) {
            (void)inspect_add_main(in, node, names[2], &member, explain_payload, payload_media(v));
        } else if (last != NULL) {
            (void)inspect_add(in, node, last, &member, inspect_octets, NULL);
        } else {
            (void)inspect_add(in, node, "signatures", &member, inspect_array, &signatures);
        }
    }
    if (i < 4) {
        inspect_problem(in, node, "%s is missing",
                        i < 3          ? names[i]
                        : last != NULL ? last
                                       : "signatures");
    } else if (inspect_next(&iter, &member)) {
        inspect_problem(in, node, "more than four members");
    }
    if (v->cut) {
        inspect_problem(in, node, "cut off: the input ends inside it, or nothing more can be read");
    }
}

void inspect_cose(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    const struct inspect_value inside = v->type == INSPECT_TAG ? inspect_inside(v) : *v;
    (void)arg;
    if (v->type != INSPECT_TAG) {
        inspect_note(in, node, "untagged");
        explain_message(in, node, v, "COSE_Sign1", "signature");
        return;
    }
    switch (v->argument) {
    case 17:
        explain_message(in, node, &inside, "COSE_Mac0", "tag");
        break;
    case 18:
        explain_message(in, node, &inside, "COSE_Sign1", "signature");
        break;
    case 98:
        explain_message(in, node, &inside, "COSE_Sign", NULL);
        break;
    case 61:
        inspect_is(in, node, "CWT");
        inspect_later(in, node, &inside, inspect_cose, NULL);
        break;
    default:
        inspect_problem(in, node, "tag %llu, expected 17, 18, 61 or 98",
                        (unsigned long long)v->argument);
        inspect_later(in, node, v, inspect_any, NULL);
        break;
    }
}
