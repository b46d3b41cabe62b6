/* SPDX-License-Identifier: Apache-2.0 */
/* JWS (RFC 7515): compact, and in JSON flattened or general; so JWT, EAR and signed CMW. */
#include "inspect/formats.h"

#include "base/span.h"

#define ALONE INSPECT_NO_LABEL

static const struct inspect_list words = {"", inspect_text, NULL, 1};
static const struct inspect_media certificate = {NULL, INSPECT_OCTETS, inspect_certificate, NULL};
static const struct inspect_list chain = {"", inspect_content, &certificate, 1};

static const struct inspect_field header_rows[] = {
    {ALONE, "alg", NULL, inspect_text, NULL, false},
    {ALONE, "typ", NULL, inspect_text, NULL, false},
    {ALONE, "cty", NULL, inspect_text, NULL, false},
    {ALONE, "kid", NULL, inspect_text, NULL, false},
    {ALONE, "crit", NULL, inspect_array, &words, false},
    {ALONE, "jku", NULL, inspect_text, NULL, false},
    {ALONE, "jwk", NULL, inspect_jwk, NULL, false},
    {ALONE, "x5u", NULL, inspect_text, NULL, false},
    {ALONE, "x5c", NULL, inspect_array, &chain, false},
    {ALONE, "x5t", NULL, inspect_octets, NULL, false},
    {ALONE, "x5t#S256", NULL, inspect_octets, NULL, false},
};
static const struct inspect_fields header = INSPECT_FIELDS(NULL, header_rows);
static const struct inspect_media header_json = {NULL, INSPECT_JSON, inspect_map, &header};

/* text_part gives a part of a compact JWS as the string that it is in the other form. */
static struct inspect_value text_part(struct atls_bytes text)
{
    const struct inspect_value v = {
        .form = INSPECT_JSON, .type = INSPECT_TEXT, .content = text, .encoded = text};
    return v;
}

/* split finds the two dots; false when there are not exactly two. */
static bool split(struct atls_bytes token, struct atls_bytes parts[3])
{
    size_t start = 0;
    size_t count = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] == '.' && count < 2) {
            parts[count++] = inspect_part(token, start, i - start);
            start = i + 1;
        } else if (token.data[i] == '.') {
            return false;
        }
    }
    parts[2] = inspect_rest(token, start);
    return count == 2;
}

/* The payload by content; JSON that says nothing of itself is a claims set. */
static void explain_payload(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    struct atls_bytes octets;
    struct inspect_found found;
    (void)arg;
    node->main = node->parent->main; /* also as a member of a table */
    if (!inspect_octets_of(in, node, v, &octets)) {
        return;
    }
    const struct atls_bytes text = inspect_trim(octets);
    if (!inspect_detect(octets, &found)) {
        if (text.len == 0 || text.data[0] != '{') {
            inspect_show_octets(in, node, octets);
            return;
        }
        found = (struct inspect_found){NULL, inspect_claims, NULL, inspect_value_json(text)};
    }
    inspect_note_len(in, node, octets.len);
    inspect_whole(in, node, &found, octets);
}

void inspect_jws(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                 const void *arg)
{
    struct atls_bytes parts[3];
    (void)arg;
    if (!split(inspect_trim(v->content), parts)) {
        inspect_show_text(in, node, v->content);
        inspect_problem(in, node, "not three parts with two dots between them");
        return;
    }
    inspect_is(in, node, "JWS in the compact form");
    inspect_show_structure(node);
    const struct inspect_value protect = text_part(parts[0]);
    const struct inspect_value payload = text_part(parts[1]);
    const struct inspect_value signature = text_part(parts[2]);
    (void)inspect_add(in, node, "protected header", &protect, inspect_content, &header_json);
    (void)inspect_add_main(in, node, "payload", &payload, explain_payload, NULL);
    (void)inspect_add(in, node, "signature", &signature, inspect_octets, NULL);
}

static const struct inspect_field signature_rows[] = {
    {ALONE, "protected", NULL, inspect_content, &header_json, false},
    {ALONE, "header", NULL, inspect_map, &header, false},
    {ALONE, "signature", NULL, inspect_octets, NULL, true},
};
static const struct inspect_fields signature_fields = INSPECT_FIELDS(NULL, signature_rows);
static const struct inspect_list signatures = {"", inspect_map, &signature_fields, 1};

static const struct inspect_field jws_rows[] = {
    {ALONE, "payload", NULL, explain_payload, NULL, true},
    {ALONE, "protected", NULL, inspect_content, &header_json, false},
    {ALONE, "header", NULL, inspect_map, &header, false},
    {ALONE, "signature", NULL, inspect_octets, NULL, false},
    {ALONE, "signatures", NULL, inspect_array, &signatures, false},
};
static const struct inspect_fields jws = INSPECT_FIELDS("JWS in JSON", jws_rows);

void inspect_jws_json(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &jws);
}
