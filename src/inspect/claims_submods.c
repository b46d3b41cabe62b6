/* SPDX-License-Identifier: Apache-2.0 */
/* Submodules of an EAT (RFC 9711, 4.2.18), and the detached bundle that holds some apart (5). */
#include "inspect/claims.h"

#include "inspect/names.h"

static const struct inspect_field digest_rows[] = {
    {0, NULL, "alg", inspect_word, &inspect_cose_algs, true},
    {1, NULL, "digest", inspect_octets, NULL, true},
};
static const struct inspect_fields digest = INSPECT_FIELDS("detached digest", digest_rows);

/* explain_selector explains ["JWT", ...], ["CBOR", ...], ["DIGEST", ...], ["BUNDLE", ...]. */
static void explain_selector(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value selector;
    struct inspect_value token;
    inspect_is(in, node, "JSON-selector");
    inspect_show_value(in, node, v);
    if (!inspect_next(&iter, &selector) || !inspect_next(&iter, &token)) {
        inspect_problem(in, node, "fewer than two members");
        return;
    }
    (void)inspect_add(in, node, "type", &selector, inspect_text, NULL);
    if (inspect_is_text(&selector, "JWT")) {
        const struct inspect_value jwt = inspect_value_octets(token.content);
        struct inspect_node *child =
            inspect_add_main(in, node, "nested-token", &token, inspect_jws, NULL);
        inspect_later(in, child, &jwt, inspect_jws, NULL);
    } else if (inspect_is_text(&selector, "CBOR")) {
        (void)inspect_add_main(in, node, "nested-token", &token, inspect_content, NULL);
    } else if (inspect_is_text(&selector, "DIGEST")) {
        (void)inspect_add(in, node, "nested-token", &token, inspect_tuple, &digest);
    } else if (inspect_is_text(&selector, "BUNDLE")) {
        (void)inspect_add(in, node, "nested-token", &token, inspect_bundle, NULL);
    } else {
        struct inspect_node *child =
            inspect_add(in, node, "nested-token", &token, inspect_any, NULL);
        inspect_problem(in, child, "its type is none of JWT, CBOR, DIGEST and BUNDLE");
    }
}

/* A selector as text in a CBOR token, RFC 9711, 4.2.18.1.2. */
static void explain_text_selector(struct inspect *in, struct inspect_node *node,
                                  const struct inspect_value *v)
{
    const struct inspect_value json = inspect_value_json(v->content);
    if (json.type != INSPECT_ARRAY) {
        inspect_text(in, node, v, NULL);
        inspect_problem(in, node, "the text is no JSON-selector");
        return;
    }
    inspect_check(in, node, &json, v->content);
    inspect_note(in, node, "JSON in text");
    explain_selector(in, node, &json);
}

static void explain_submod(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_MAP) {
        inspect_later(in, node, v, inspect_claims, NULL);
    } else if (v->type == INSPECT_ARRAY && v->form == INSPECT_JSON) {
        explain_selector(in, node, v);
    } else if (v->type == INSPECT_ARRAY) {
        inspect_tuple(in, node, v, &digest);
    } else if (v->type == INSPECT_TEXT && v->form == INSPECT_CBOR) {
        explain_text_selector(in, node, v);
    } else if (v->type == INSPECT_BYTES) {
        inspect_content(in, node, v, NULL);
    } else {
        inspect_wrong_type(in, node, v, "a claims set, a nested token or a digest");
    }
}

void inspect_eat_submods(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    static const struct inspect_list submods = {"", explain_submod, NULL, 1};
    (void)arg;
    inspect_named_map(in, node, v, &submods);
}

/* Bundles. */

static void explain_main_token(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TAG) { /* a token inline */
        inspect_later(in, node, v, inspect_cose, NULL);
    } else {
        explain_submod(in, node, v, NULL);
    }
}

/* A claims set that is apart: its octets are what the digest covers. */
static void explain_detached(struct inspect *in, struct inspect_node *node,
                             const struct inspect_value *v, const void *arg)
{
    static const struct inspect_media cbor = {NULL, INSPECT_CBOR, inspect_claims, NULL};
    static const struct inspect_media json = {NULL, INSPECT_JSON, inspect_claims, NULL};
    (void)arg;
    inspect_content(in, node, v, v->form == INSPECT_JSON ? &json : &cbor);
}

static const struct inspect_list detached = {"", explain_detached, NULL, 1};
static const struct inspect_field bundle_rows[] = {
    {0, NULL, "main-token", explain_main_token, NULL, true},
    {1, NULL, "detached-claims-sets", inspect_named_map, &detached, true},
};
static const struct inspect_fields bundle = INSPECT_FIELDS("detached EAT bundle", bundle_rows);

void inspect_bundle(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    const struct inspect_value inside = v->type == INSPECT_TAG ? inspect_inside(v) : *v;
    (void)arg;
    inspect_tuple(in, node, &inside, &bundle);
}
