/* SPDX-License-Identifier: Apache-2.0 */
/* CoSWID (RFC 9393): one registry of labels for all of its maps, so one table for all of them. */
#include "inspect/formats.h"

static void explain_item(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg);

static const struct inspect_name_of role_rows[] = {
    {1, "tag-creator"}, {2, "software-creator"}, {3, "aggregator"},
    {4, "distributor"}, {5, "licensor"},         {6, "maintainer"},
};
static const struct inspect_names role = INSPECT_NAMES("a role", role_rows, false);
static const struct inspect_list roles = {"", inspect_word, &role, 1};
static const struct inspect_name_of scheme_rows[] = {
    {1, "multipartnumeric"}, {2, "multipartnumeric-suffix"}, {3, "alphanumeric"}, {4, "decimal"},
    {16384, "semver"},
};
static const struct inspect_names schemes = INSPECT_NAMES("a version scheme", scheme_rows, false);

/* clang-format off: one item a line */
static const struct inspect_field item_rows[] = {
    {0, "tag-id", NULL, inspect_any, NULL, false},
    {1, "software-name", NULL, inspect_any, NULL, false},
    {2, "entity", NULL, explain_item, NULL, false},
    {3, "evidence", NULL, explain_item, NULL, false},
    {4, "link", NULL, explain_item, NULL, false},
    {5, "software-meta", NULL, explain_item, NULL, false},
    {6, "payload", NULL, explain_item, NULL, false},
    {7, "hash", NULL, inspect_digest, NULL, false},
    {8, "corpus", NULL, inspect_any, NULL, false},
    {9, "patch", NULL, inspect_any, NULL, false},
    {10, "media", NULL, inspect_any, NULL, false},
    {11, "supplemental", NULL, inspect_any, NULL, false},
    {12, "tag-version", NULL, inspect_any, NULL, false},
    {13, "software-version", NULL, inspect_any, NULL, false},
    {14, "version-scheme", NULL, inspect_word, &schemes, false},
    {15, "lang", NULL, inspect_any, NULL, false},
    {16, "directory", NULL, explain_item, NULL, false},
    {17, "file", NULL, explain_item, NULL, false},
    {18, "process", NULL, explain_item, NULL, false},
    {19, "resource", NULL, explain_item, NULL, false},
    {20, "size", NULL, inspect_any, NULL, false},
    {21, "file-version", NULL, inspect_any, NULL, false},
    {22, "key", NULL, inspect_any, NULL, false},
    {23, "location", NULL, inspect_any, NULL, false},
    {24, "fs-name", NULL, inspect_any, NULL, false},
    {25, "root", NULL, inspect_any, NULL, false},
    {26, "path-elements", NULL, explain_item, NULL, false},
    {27, "process-name", NULL, inspect_any, NULL, false},
    {28, "pid", NULL, inspect_any, NULL, false},
    {29, "type", NULL, inspect_any, NULL, false},
    {31, "entity-name", NULL, inspect_any, NULL, false},
    {32, "reg-id", NULL, inspect_any, NULL, false},
    {33, "role", NULL, inspect_one_or_more, &roles, false},
    {34, "thumbprint", NULL, inspect_digest, NULL, false},
    {35, "date", NULL, inspect_any, NULL, false},
    {36, "device-id", NULL, inspect_any, NULL, false},
    {37, "artifact", NULL, inspect_any, NULL, false},
    {38, "href", NULL, inspect_any, NULL, false},
    {39, "ownership", NULL, inspect_any, NULL, false},
    {40, "rel", NULL, inspect_any, NULL, false},
    {41, "media-type", NULL, inspect_any, NULL, false},
    {42, "use", NULL, inspect_any, NULL, false},
    {43, "activation-status", NULL, inspect_any, NULL, false},
    {44, "channel-type", NULL, inspect_any, NULL, false},
    {45, "colloquial-version", NULL, inspect_any, NULL, false},
    {46, "description", NULL, inspect_any, NULL, false},
    {47, "edition", NULL, inspect_any, NULL, false},
    {48, "entitlement-data-required", NULL, inspect_any, NULL, false},
    {49, "entitlement-key", NULL, inspect_any, NULL, false},
    {50, "generator", NULL, inspect_any, NULL, false},
    {51, "persistent-id", NULL, inspect_any, NULL, false},
    {52, "product", NULL, inspect_any, NULL, false},
    {53, "product-family", NULL, inspect_any, NULL, false},
    {54, "revision", NULL, inspect_any, NULL, false},
    {55, "summary", NULL, inspect_any, NULL, false},
    {56, "unspsc-code", NULL, inspect_any, NULL, false},
    {57, "unspsc-version", NULL, inspect_any, NULL, false},
};
/* clang-format on */
static const struct inspect_fields items = INSPECT_FIELDS(NULL, item_rows);

/* A map, or several of them. */
static void explain_item(struct inspect *in, struct inspect_node *node,
                         const struct inspect_value *v, const void *arg)
{
    static const struct inspect_list several = {"", explain_item, NULL, 1};
    (void)arg;
    if (v->type == INSPECT_ARRAY) {
        inspect_array(in, node, v, &several);
    } else {
        inspect_map(in, node, v, &items);
    }
}

static const struct inspect_media octets = {NULL, INSPECT_CBOR, inspect_coswid, NULL};

void inspect_coswid(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    static const struct inspect_tag rows[] = {
        {505, "CoSWID", inspect_coswid, NULL},
        {1398229316, "CoSWID", inspect_coswid, NULL},
    };
    static const struct inspect_tags tags = {rows, sizeof rows / sizeof rows[0], NULL, NULL};
    (void)arg;
    if (v->type == INSPECT_TAG) {
        inspect_tagged(in, node, v, &tags);
    } else if (v->type == INSPECT_BYTES) {
        inspect_content(in, node, v, &octets);
    } else {
        inspect_is(in, node, "CoSWID");
        inspect_map(in, node, v, &items);
    }
}
