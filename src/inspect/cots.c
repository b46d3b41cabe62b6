/* SPDX-License-Identifier: Apache-2.0 */
/* CoTS (draft-ietf-rats-concise-ta-stores): for which environments a store of trust anchors holds,
 * for which claims, and its keys. */
#include "inspect/corim.h"

static const struct inspect_field group_rows[] = {
    {1, "environment", NULL, inspect_environment, NULL, false},
    {2, "swidtag", NULL, inspect_coswid, NULL, false},
    {3, "namedtastore", NULL, inspect_text, NULL, false},
};
static const struct inspect_fields group = INSPECT_FIELDS(NULL, group_rows);
static const struct inspect_list groups = {"", inspect_map, &group, 1};
static const struct inspect_list purposes = {"", inspect_text, NULL, 1};
static const struct inspect_list claim_sets = {"", inspect_claims, NULL, 1};

static void explain_claims(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_one_or_more(in, node, v, &claim_sets);
}

/* [format, octets]: the format says what the octets are. */
static void explain_anchor(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    enum { CERTIFICATE, TRUST_ANCHOR_INFO, PUBLIC_KEY, NUM_FORMATS };
    static const struct inspect_name_of format_rows[] = {
        {CERTIFICATE, "X.509 certificate"},
        {TRUST_ANCHOR_INFO, "TrustAnchorInfo (RFC 5914)"},
        {PUBLIC_KEY, "SubjectPublicKeyInfo"},
    };
    static const struct inspect_names formats = INSPECT_NAMES("a format", format_rows, false);
    static const struct inspect_media certificate = {NULL, INSPECT_OCTETS, inspect_certificate,
                                                     NULL};
    static const struct inspect_media key = {NULL, INSPECT_OCTETS, inspect_spki, NULL};
    static const struct inspect_field certificate_rows[] = {
        {0, NULL, "format", inspect_number, &formats, true},
        {1, NULL, "data", inspect_content, &certificate, true},
    };
    static const struct inspect_field info_rows[] = {
        {0, NULL, "format", inspect_number, &formats, true},
        {1, NULL, "data", inspect_octets, NULL, true},
    };
    static const struct inspect_field key_rows[] = {
        {0, NULL, "format", inspect_number, &formats, true},
        {1, NULL, "data", inspect_content, &key, true},
    };
    static const struct inspect_fields by_format[] = {
        [CERTIFICATE] = INSPECT_FIELDS(NULL, certificate_rows),
        [TRUST_ANCHOR_INFO] = INSPECT_FIELDS(NULL, info_rows),
        [PUBLIC_KEY] = INSPECT_FIELDS(NULL, key_rows),
    };
    struct inspect_value first;
    int64_t format = TRUST_ANCHOR_INFO; /* octets of no known kind */
    (void)arg;
    const bool known = inspect_at(v, 0, &first) && inspect_int(&first, &format) && format >= 0 &&
                       format < NUM_FORMATS;
    inspect_tuple(in, node, v, &by_format[known ? format : TRUST_ANCHOR_INFO]);
}

static const struct inspect_list anchors = {"", explain_anchor, NULL, 1};
static const struct inspect_media ca_octets = {NULL, INSPECT_OCTETS, inspect_certificate, NULL};
static const struct inspect_list cas = {"", inspect_content, &ca_octets, 1};
static const struct inspect_field keys_rows[] = {
    {0, "tas", NULL, inspect_array, &anchors, true},
    {1, "cas", NULL, inspect_array, &cas, false},
};
static const struct inspect_fields keys = INSPECT_FIELDS(NULL, keys_rows);

static const struct inspect_field store_rows[] = {
    {0, "language", NULL, inspect_text, NULL, false},
    {1, "tag-identity", NULL, inspect_tag_identity, NULL, false},
    {2, "environments", NULL, inspect_array, &groups, true},
    {3, "purposes", NULL, inspect_array, &purposes, false},
    {4, "perm-claims", NULL, explain_claims, NULL, false},
    {5, "excl-claims", NULL, explain_claims, NULL, false},
    {6, "keys", NULL, inspect_map, &keys, true},
};
static const struct inspect_fields store = INSPECT_FIELDS("CoTS", store_rows);
static const struct inspect_media octets = {NULL, INSPECT_CBOR, inspect_cots, NULL};

void inspect_cots(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                  const void *arg)
{
    static const struct inspect_tag rows[] = {{507, "CoTS", inspect_cots, NULL}};
    static const struct inspect_tags tags = {rows, 1, inspect_map, &store};
    (void)arg;
    if (v->type == INSPECT_BYTES) {
        inspect_content(in, node, v, &octets);
    } else {
        inspect_tagged(in, node, v, &tags);
    }
}
