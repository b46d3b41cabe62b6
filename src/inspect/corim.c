/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM (draft-ietf-rats-corim-11): the outer map, in today's dialect and in that of before 2025,
 * CoTL, and what the header of a signed one says about the signer. */
#include "inspect/corim.h"

#include "base/span.h"

#include <inttypes.h>

void inspect_tag_id(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_text(in, node, v, NULL);
    } else if (v->type == INSPECT_TAG) {
        inspect_any(in, node, v, NULL);
    } else {
        inspect_uuid(in, node, v, NULL);
    }
}

void inspect_corim_uri(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                       const void *arg)
{
    static const struct inspect_tag rows[] = {
        {32, "URI", inspect_text, NULL},
        {111, "OID", inspect_oid, NULL},
    };
    static const struct inspect_tags tags = {rows, ATLS_ARRAY_LEN(rows), inspect_text, NULL};
    (void)arg;
    if (v->type == INSPECT_TEXT) {
        inspect_note(in, node, "without tag 32");
    }
    inspect_tagged(in, node, v, &tags);
}

/* The old dialect has an array of profiles. */
static void explain_profile(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    static const struct inspect_list uris = {"", inspect_corim_uri, NULL, 1};
    (void)arg;
    if (v->type == INSPECT_ARRAY) {
        inspect_note(in, node, "array: the dialect of before 2025");
    }
    inspect_one_or_more(in, node, v, &uris);
}

static const struct inspect_field validity_rows[] = {
    {0, "not-before", NULL, inspect_time, NULL, false},
    {1, "not-after", NULL, inspect_time, NULL, true},
};
static const struct inspect_fields validity = INSPECT_FIELDS(NULL, validity_rows);

void inspect_corim_validity(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &validity);
}

static const struct inspect_name_of role_rows[] = {{1, "manifest-creator"}, {2, "manifest-signer"}};
static const struct inspect_names role = INSPECT_NAMES("a role", role_rows, false);
static const struct inspect_list roles = {"", inspect_word, &role, 1};
static const struct inspect_field entity_rows[] = {
    {0, "entity-name", NULL, inspect_text, NULL, true},
    {1, "reg-id", NULL, inspect_corim_uri, NULL, false},
    {2, "role", NULL, inspect_array, &roles, true},
};
static const struct inspect_fields entity = INSPECT_FIELDS(NULL, entity_rows);
static const struct inspect_list entities = {"", inspect_map, &entity, 1};

/* A digest stands alone or in a list of them. */
static void explain_thumbprint(struct inspect *in, struct inspect_node *node,
                               const struct inspect_value *v, const void *arg)
{
    static const struct inspect_list digests = {"", inspect_digest, NULL, 1};
    struct inspect_value first;
    (void)arg;
    if (inspect_at(v, 0, &first) && first.type == INSPECT_ARRAY) {
        inspect_array(in, node, v, &digests);
    } else {
        inspect_digest(in, node, v, NULL);
    }
}

static const struct inspect_list hrefs = {"", inspect_corim_uri, NULL, 1};
static const struct inspect_field locator_rows[] = {
    {0, "href", NULL, inspect_one_or_more, &hrefs, true},
    {1, "thumbprint", NULL, explain_thumbprint, NULL, false},
};
static const struct inspect_fields locator = INSPECT_FIELDS(NULL, locator_rows);
static const struct inspect_list locators = {"", inspect_map, &locator, 1};

/* Tags: 506(bstr) and so on; the old dialect has a bstr that holds 506(map). */

static const struct inspect_media cotl_octets = {NULL, INSPECT_CBOR, inspect_cotl, NULL};

static void explain_tag(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    static const struct inspect_tag rows[] = {
        {505, "CoSWID", inspect_coswid, NULL},
        {506, "CoMID", inspect_comid_octets, NULL},
        {507, "CoTS", inspect_cots, NULL},
        {508, "CoTL", inspect_content, &cotl_octets},
    };
    static const struct inspect_tags tags = {rows, ATLS_ARRAY_LEN(rows), NULL, NULL};
    (void)arg;
    if (v->type == INSPECT_BYTES) {
        inspect_note(in, node, "octets that hold the tag: the dialect of before 2025");
        inspect_content(in, node, v, NULL);
    } else {
        inspect_tagged(in, node, v, &tags);
    }
}

static const struct inspect_list tags_list = {"", explain_tag, NULL, 1};

static const struct inspect_field corim_rows[] = {
    {0, "id", NULL, inspect_tag_id, NULL, true},
    {1, "tags", NULL, inspect_array, &tags_list, true},
    {2, "dependent-rims", NULL, inspect_array, &locators, false},
    {3, "profile", NULL, explain_profile, NULL, false},
    {4, "rim-validity", NULL, inspect_corim_validity, NULL, false},
    {5, "entities", NULL, inspect_array, &entities, false},
};
static const struct inspect_fields corim = INSPECT_FIELDS("CoRIM", corim_rows);

void inspect_corim(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_TAG && v->argument == 501) {
        const struct inspect_value inside = inspect_inside(v);
        inspect_note(in, node, "tag 501, unsigned");
        inspect_later(in, node, &inside, inspect_map, &corim);
    } else if (v->type == INSPECT_TAG) { /* 500(502(COSE_Sign1)), before 2025 */
        const struct inspect_value inside = inspect_inside(v);
        const bool signed_one = inspect_is_tag(&inside, 18);
        inspect_note(in, node, "tag %" PRIu64, v->argument);
        inspect_later(in, node, &inside, signed_one ? inspect_cose : inspect_corim, NULL);
    } else {
        inspect_note(in, node, "no tag: the dialect of before 2025");
        inspect_map(in, node, v, &corim);
    }
}

/* corim-meta, header 8 of a signed CoRIM: octets that hold a map. */

static const struct inspect_field signer_rows[] = {
    {0, "signer-name", NULL, inspect_text, NULL, true},
    {1, "signer-uri", NULL, inspect_corim_uri, NULL, false},
};
static const struct inspect_fields signer = INSPECT_FIELDS(NULL, signer_rows);
static const struct inspect_field meta_rows[] = {
    {0, "signer", NULL, inspect_map, &signer, true},
    {1, "signature-validity", NULL, inspect_corim_validity, NULL, false},
};
static const struct inspect_fields meta = INSPECT_FIELDS(NULL, meta_rows);

void inspect_corim_meta(struct inspect *in, struct inspect_node *node,
                        const struct inspect_value *v, const void *arg)
{
    static const struct inspect_media map = {NULL, INSPECT_CBOR, inspect_map, &meta};
    (void)arg;
    inspect_content(in, node, v, &map);
}

/* Tag identities and CoTL. */

static const struct inspect_field identity_rows[] = {
    {0, "tag-id", NULL, inspect_tag_id, NULL, true},
    {1, "tag-version", NULL, inspect_uint, NULL, false},
};
static const struct inspect_fields identity = INSPECT_FIELDS(NULL, identity_rows);

void inspect_tag_identity(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &identity);
}

static const struct inspect_list identities = {"", inspect_tag_identity, NULL, 1};
static const struct inspect_field cotl_rows[] = {
    {0, "tag-identity", NULL, inspect_tag_identity, NULL, true},
    {1, "tags-list", NULL, inspect_array, &identities, true},
    {2, "tl-validity", NULL, inspect_corim_validity, NULL, true},
};
static const struct inspect_fields cotl = INSPECT_FIELDS("CoTL", cotl_rows);

void inspect_cotl(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    static const struct inspect_tag rows[] = {{508, "CoTL", inspect_content, &cotl_octets}};
    static const struct inspect_tags tags = {rows, 1, inspect_map, &cotl};
    (void)arg;
    inspect_tagged(in, node, v, &tags);
}
