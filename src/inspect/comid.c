/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID (draft-ietf-rats-corim-11, 5): identity, entities, linked tags, and every triple; and the
 * triples of TCG Concise Evidence. */
#include "inspect/corim.h"

#include "base/span.h"

static const struct inspect_list environments = {"environment", inspect_environment, NULL, 1};
static const struct inspect_list any_measurements = {"measurement", inspect_measurement, NULL, 0};
static const struct inspect_list tag_ids = {"tag-id", inspect_tag_id, NULL, 1};

/* [environment, [+ measurement]] */
static const struct inspect_field claim_rows[] = {
    {0, NULL, "environment", inspect_environment, NULL, true},
    {1, NULL, "measurements", inspect_array, &inspect_measurements, true},
};
static const struct inspect_fields claim = INSPECT_FIELDS(NULL, claim_rows);
static const struct inspect_list claims = {"", inspect_tuple, &claim, 1};

/* [environment, [+ key], ? conditions] */
static const struct inspect_field conditions_rows[] = {
    {0, "mkey", NULL, inspect_any, NULL, false},
    {1, "authorized-by", NULL, inspect_array, &inspect_crypto_keys, false},
};
static const struct inspect_fields conditions = INSPECT_FIELDS(NULL, conditions_rows);
static const struct inspect_field keys_rows[] = {
    {0, NULL, "environment", inspect_environment, NULL, true},
    {1, NULL, "key-list", inspect_array, &inspect_crypto_keys, true},
    {2, NULL, "conditions", inspect_map, &conditions, false},
};
static const struct inspect_fields keys = INSPECT_FIELDS(NULL, keys_rows);
static const struct inspect_list key_records = {"", inspect_tuple, &keys, 1};

/* [environment, [+ environment]] */
static const struct inspect_field domain_rows[] = {
    {0, NULL, "domain", inspect_environment, NULL, true},
    {1, NULL, "trustees", inspect_array, &environments, true},
};
static const struct inspect_fields dependency = INSPECT_FIELDS(NULL, domain_rows);
static const struct inspect_field member_rows[] = {
    {0, NULL, "domain", inspect_environment, NULL, true},
    {1, NULL, "members", inspect_array, &environments, true},
};
static const struct inspect_fields membership = INSPECT_FIELDS(NULL, member_rows);
static const struct inspect_list dependencies = {"", inspect_tuple, &dependency, 1};
static const struct inspect_list memberships = {"", inspect_tuple, &membership, 1};

/* [environment, [+ tag-id]] */
static const struct inspect_field coswid_rows[] = {
    {0, NULL, "environment", inspect_environment, NULL, true},
    {1, NULL, "tag-ids", inspect_array, &tag_ids, true},
};
static const struct inspect_fields coswid = INSPECT_FIELDS(NULL, coswid_rows);
static const struct inspect_list coswids = {"", inspect_tuple, &coswid, 1};

/* [ [environment, [* measurement], ? [+ key]], [+ [selection, addition]] ] */
static const struct inspect_field condition_rows[] = {
    {0, NULL, "environment", inspect_environment, NULL, true},
    {1, NULL, "claims-list", inspect_array, &any_measurements, true},
    {2, NULL, "authorized-by", inspect_array, &inspect_crypto_keys, false},
};
static const struct inspect_fields condition = INSPECT_FIELDS(NULL, condition_rows);
static const struct inspect_field change_rows[] = {
    {0, NULL, "selection", inspect_array, &inspect_measurements, true},
    {1, NULL, "addition", inspect_array, &inspect_measurements, true},
};
static const struct inspect_fields change = INSPECT_FIELDS(NULL, change_rows);
static const struct inspect_list changes = {"", inspect_tuple, &change, 1};
static const struct inspect_field series_rows[] = {
    {0, NULL, "condition", inspect_tuple, &condition, true},
    {1, NULL, "series", inspect_array, &changes, true},
};
static const struct inspect_fields series = INSPECT_FIELDS(NULL, series_rows);
static const struct inspect_list series_list = {"", inspect_tuple, &series, 1};

/* [ [+ [environment, [+ measurement]]], [+ the same] ] */
static const struct inspect_field conditional_rows[] = {
    {0, NULL, "conditions", inspect_array, &claims, true},
    {1, NULL, "endorsements", inspect_array, &claims, true},
};
static const struct inspect_fields conditional = INSPECT_FIELDS(NULL, conditional_rows);
static const struct inspect_list conditionals = {"", inspect_tuple, &conditional, 1};

static const struct inspect_field triple_rows[] = {
    {0, "reference-triples", NULL, inspect_array, &claims, false},
    {1, "endorsed-triples", NULL, inspect_array, &claims, false},
    {2, "identity-triples", NULL, inspect_array, &key_records, false},
    {3, "attest-key-triples", NULL, inspect_array, &key_records, false},
    {4, "dependency-triples", NULL, inspect_array, &dependencies, false},
    {5, "membership-triples", NULL, inspect_array, &memberships, false},
    {6, "coswid-triples", NULL, inspect_array, &coswids, false},
    {8, "conditional-endorsement-series-triples", NULL, inspect_array, &series_list, false},
    {10, "conditional-endorsement-triples", NULL, inspect_array, &conditionals, false},
};
static const struct inspect_fields triples = INSPECT_FIELDS(NULL, triple_rows);

static const struct inspect_name_of role_rows[] = {
    {0, "tag-creator"}, {1, "creator"}, {2, "maintainer"}};
static const struct inspect_names role = INSPECT_NAMES("a role", role_rows, false);
static const struct inspect_list roles = {"", inspect_word, &role, 1};
static const struct inspect_field entity_rows[] = {
    {0, "entity-name", NULL, inspect_text, NULL, true},
    {1, "reg-id", NULL, inspect_corim_uri, NULL, false},
    {2, "role", NULL, inspect_array, &roles, true},
};
static const struct inspect_fields entity = INSPECT_FIELDS(NULL, entity_rows);
static const struct inspect_list entities = {"", inspect_map, &entity, 1};

static const struct inspect_name_of rel_rows[] = {{0, "supplements"}, {1, "replaces"}};
static const struct inspect_names rel = INSPECT_NAMES("a relation of tags", rel_rows, false);
static const struct inspect_field linked_rows[] = {
    {0, "linked-tag-id", NULL, inspect_tag_id, NULL, true},
    {1, "tag-rel", NULL, inspect_word, &rel, true},
};
static const struct inspect_fields linked = INSPECT_FIELDS(NULL, linked_rows);
static const struct inspect_list linked_tags = {"", inspect_map, &linked, 1};

static void explain_triples(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &triples);
    if (v->type == INSPECT_MAP && inspect_count(v, 1) == 0) {
        inspect_problem(in, node, "no triple, expected one or more");
    }
}

static const struct inspect_field comid_rows[] = {
    {0, "language", NULL, inspect_text, NULL, false},
    {1, "tag-identity", NULL, inspect_tag_identity, NULL, true},
    {2, "entities", NULL, inspect_array, &entities, false},
    {3, "linked-tags", NULL, inspect_array, &linked_tags, false},
    {4, "triples", NULL, explain_triples, NULL, true},
};
static const struct inspect_fields comid = INSPECT_FIELDS("CoMID", comid_rows);
static const struct inspect_media comid_map = {NULL, INSPECT_CBOR, inspect_map, &comid};

void inspect_comid_octets(struct inspect *in, struct inspect_node *node,
                          const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_MAP) { /* 506(map), before 2025 */
        inspect_note(in, node, "map: the dialect of before 2025");
        inspect_map(in, node, v, &comid);
    } else {
        inspect_content(in, node, v, &comid_map);
    }
}

void inspect_comid(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                   const void *arg)
{
    static const struct inspect_tag rows[] = {{506, "CoMID", inspect_comid_octets, NULL}};
    static const struct inspect_tags tags = {rows, 1, inspect_map, &comid};
    (void)arg;
    inspect_tagged(in, node, v, &tags);
}

/* TCG DICE Concise Evidence: tag 571. */

/* [environment, [+ { 0: tag-id, 1: evidence of a CoSWID, 2: authorized-by }]] */
static const struct inspect_field coswid_evidence_rows[] = {
    {0, "coswid-tag-id", NULL, inspect_tag_id, NULL, false},
    {1, "coswid-evidence", NULL, inspect_coswid, NULL, false},
    {2, "authorized-by", NULL, inspect_array, &inspect_crypto_keys, false},
};
static const struct inspect_fields coswid_evidence = INSPECT_FIELDS(NULL, coswid_evidence_rows);
static const struct inspect_list coswid_evidences = {"", inspect_map, &coswid_evidence, 1};
static const struct inspect_field evidence_record_rows[] = {
    {0, NULL, "environment", inspect_environment, NULL, true},
    {1, NULL, "evidence", inspect_array, &coswid_evidences, true},
};
static const struct inspect_fields evidence_record = INSPECT_FIELDS(NULL, evidence_record_rows);
static const struct inspect_list evidence_list = {"", inspect_tuple, &evidence_record, 1};

static const struct inspect_field evidence_rows[] = {
    {0, "evidence-triples", NULL, inspect_array, &claims, false},
    {1, "identity-triples", NULL, inspect_array, &key_records, false},
    {2, "dependency-triples", NULL, inspect_array, &dependencies, false},
    {3, "membership-triples", NULL, inspect_array, &memberships, false},
    {4, "coswid-triples", NULL, inspect_array, &evidence_list, false},
    {5, "attest-key-triples", NULL, inspect_array, &key_records, false},
};
static const struct inspect_fields evidence = INSPECT_FIELDS(NULL, evidence_rows);
static const struct inspect_field concise_rows[] = {
    {0, "ev-triples", NULL, inspect_map, &evidence, true},
    {1, "evidence-id", NULL, inspect_any, NULL, false},
    {2, "profile", NULL, inspect_corim_uri, NULL, false},
};
static const struct inspect_fields concise = INSPECT_FIELDS("Concise Evidence", concise_rows);

void inspect_concise_evidence(struct inspect *in, struct inspect_node *node,
                              const struct inspect_value *v, const void *arg)
{
    static const struct inspect_tag rows[] = {{571, "concise evidence", inspect_map, &concise}};
    static const struct inspect_tags tags = {rows, 1, inspect_map, &concise};
    (void)arg;
    inspect_tagged(in, node, v, &tags);
}
