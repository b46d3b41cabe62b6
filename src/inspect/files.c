/* SPDX-License-Identifier: Apache-2.0 */
/* Files of atls: policies (docs/policy.md), attester.json (docs/file-formats.md), templates. */
#include "inspect/formats.h"

#include "base/span.h"
#include "json/policy_json.h"
#include "result/policy.h"

#define ALONE INSPECT_NO_LABEL

static const struct inspect_list words = {"", inspect_text, NULL, 1};
static const struct inspect_list numbers = {"", inspect_number, NULL, 1};
static const struct inspect_field require_rows[] = {
    {ALONE, "formats", NULL, inspect_array, &words, false},
    {ALONE, "identity", NULL, inspect_text, NULL, false},
};
static const struct inspect_fields require = INSPECT_FIELDS(NULL, require_rows);
static const struct inspect_list tiers = {"", inspect_text, NULL, 0};
static const struct inspect_list measured = {"", inspect_array, &words, 1};

/* clang-format off: one key a line */
static const struct inspect_field policy_rows[] = {
    {ALONE, "version", NULL, inspect_uint, NULL, true},
    {ALONE, "id", NULL, inspect_text, NULL, true},
    {ALONE, "require", NULL, inspect_map, &require, false},
    {ALONE, "min_tier", NULL, inspect_named_map, &tiers, false},
    {ALONE, "measurements", NULL, inspect_named_map, &measured, false},
    {ALONE, "machines", NULL, inspect_array, &words, false},
    {ALONE, "callers", NULL, inspect_array, &numbers, false},
    {ALONE, "key_binding", NULL, inspect_array, &words, false},
    {ALONE, "debug", NULL, inspect_boolean, NULL, false},
    {ALONE, "simulated", NULL, inspect_boolean, NULL, false},
    {ALONE, "timing", NULL, inspect_array, &words, false},
    {ALONE, "max_result_age_s", NULL, inspect_uint, NULL, false},
    {ALONE, "ensemble", NULL, inspect_text, NULL, false},
};
/* clang-format on */
static const struct inspect_fields policy = INSPECT_FIELDS("policy of atls", policy_rows);

void inspect_policy(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    struct atls_policy parsed;
    struct atls_diag diag;
    (void)arg;
    inspect_map(in, node, v, &policy);
    atls_policy_default(&parsed);
    const enum atls_err err = atls_policy_parse(&parsed, v->encoded, &diag);
    if (err == ATLS_ERR_MEMORY) {
        in->err = err;
    } else if (err != ATLS_OK && node->problems == NULL) {
        /* What is no JSON at all is marked already. */
        inspect_problem(in, node, "%s: found %s, expected %s", diag.claim, diag.found,
                        diag.expected);
    }
    atls_policy_cleanup(&parsed);
}

/* attester.json: what no row names may be a secret of an attester that this program lacks. */

static const struct inspect_media public_area = {NULL, INSPECT_OCTETS, inspect_tpmt_public, NULL};
static const struct inspect_field ak_rows[] = {
    {ALONE, "handle", NULL, inspect_text, NULL, true},
    {ALONE, "public", NULL, inspect_content, &public_area, true},
};
static const struct inspect_fields ak = {NULL,           ak_rows, ATLS_ARRAY_LEN(ak_rows),
                                         inspect_secret, NULL,    NULL};
/* clang-format off: one key a line */
static const struct inspect_field attester_rows[] = {
    {ALONE, "rot", NULL, inspect_text, NULL, true},
    {ALONE, "format", NULL, inspect_text, NULL, true},
    {ALONE, "tcti", NULL, inspect_text, NULL, false},
    {ALONE, "ak", NULL, inspect_map, &ak, false},
    {ALONE, "kid", NULL, inspect_text, NULL, false},
    {ALONE, "pcrs", NULL, inspect_text, NULL, false},
    {ALONE, "queue", NULL, inspect_uint, NULL, false},
    {ALONE, "key", NULL, inspect_secret, NULL, false},
    {ALONE, "claims", NULL, inspect_any, NULL, false},
    {ALONE, "file", NULL, inspect_text, NULL, false},
};
/* clang-format on */
static const struct inspect_fields attester = {
    "attester.json of atls", attester_rows, ATLS_ARRAY_LEN(attester_rows),
    inspect_secret,          NULL,          NULL};

void inspect_attester(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    (void)arg;
    if (!inspect_hide_unsound(in, node, v)) {
        inspect_map(in, node, v, &attester);
    }
}

void inspect_template(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                      const void *arg)
{
    (void)arg;
    inspect_is(in, node, inspect_has_text(v, "tag-identity") ? "CoMID template" : "CoRIM template");
    inspect_later(in, node, v, inspect_any, NULL);
}
