/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EAT Attestation Results (draft-ietf-rats-ear): with the dotted names that today's services
 * write and the underscore names of the drafts; and AR4SI trustworthiness vectors
 * (draft-ietf-rats-ar4si-10, 2.3).
 */
#include "inspect/claims.h"

#include "inspect/names.h"

#define ALONE INSPECT_NO_LABEL

/* What values mean that are standard for one claim. */
static const struct inspect_name_of identity_rows[] = {
    {2, "recognised, not compromised"},
    {96, "recognised, not trustworthy"},
    {97, "not recognised"},
};
static const struct inspect_name_of configuration_rows[] = {
    {2, "known and approved"},
    {3, "no known vulnerabilities"},
    {32, "known vulnerabilities"},
    {36, "relevant parts not visible"},
    {96, "unacceptable vulnerabilities"},
};
static const struct inspect_name_of executables_rows[] = {
    {2, "only approved, at boot and later"},
    {3, "only approved at boot"},
    {32, "recognised, some with bugs"},
    {33, "unrecognised in memory"},
    {96, "contraindicated"},
};
static const struct inspect_name_of file_rows[] = {
    {2, "only approved files"},
    {32, "unrecognised files"},
    {96, "contraindicated files"},
};
static const struct inspect_name_of hardware_rows[] = {
    {2, "genuine"},
    {32, "genuine, known vulnerabilities"},
    {96, "recognised, contraindicated"},
    {97, "not recognised"},
};
static const struct inspect_name_of runtime_rows[] = {
    {2, "encrypted memory"},
    {32, "isolated, not encrypted"},
    {96, "visible to the host"},
};
static const struct inspect_name_of storage_rows[] = {
    {2, "hardware-backed keys"},
    {32, "software keys"},
    {96, "secrets in the clear"},
};
static const struct inspect_name_of sourced_rows[] = {
    {2, "from affirming attesters"},
    {32, "unattested or warning sources"},
    {96, "contraindicated sources"},
};

static const struct inspect_names identity = INSPECT_NAMES("", identity_rows, false);
static const struct inspect_names configuration = INSPECT_NAMES("", configuration_rows, false);
static const struct inspect_names executables = INSPECT_NAMES("", executables_rows, false);
static const struct inspect_names file_system = INSPECT_NAMES("", file_rows, false);
static const struct inspect_names hardware = INSPECT_NAMES("", hardware_rows, false);
static const struct inspect_names runtime = INSPECT_NAMES("", runtime_rows, false);
static const struct inspect_names storage = INSPECT_NAMES("", storage_rows, false);
static const struct inspect_names sourced = INSPECT_NAMES("", sourced_rows, false);

/* tier_of gives the tier of a value (AR4SI, 2.3.2). */
static const char *tier_of(int64_t value)
{
    if (value >= -1 && value <= 1) {
        return "none";
    }
    const int64_t size = value < 0 ? -value - 1 : value;
    return size < 32 ? "affirming" : size < 96 ? "warning" : "contraindicated";
}

static void explain_trust_claim(struct inspect *in, struct inspect_node *node,
                                const struct inspect_value *v, const void *arg)
{
    static const struct inspect_name_of common_rows[] = {
        {0, "no assertion"},
        {1, "unknown elements in the Evidence"},
        {-1, "verifier malfunction"},
        {99, "cryptographic validation failed"},
    };
    static const struct inspect_names common = INSPECT_NAMES("", common_rows, false);
    int64_t value = 0;
    if (v->form == INSPECT_JSON && v->type == INSPECT_TEXT) { /* some write the tier */
        inspect_word(in, node, v, &inspect_tiers);
        return;
    }
    inspect_number(in, node, v, NULL);
    if (!inspect_int(v, &value)) {
        return;
    }
    if (value < INT8_MIN || value > INT8_MAX) {
        inspect_problem(in, node, "a trustworthiness claim is -128 to 127");
        return;
    }
    const char *meaning = inspect_name_find(&common, value);
    meaning = meaning != NULL ? meaning : inspect_name_find(arg, value);
    inspect_note(in, node, "%s%s%s", tier_of(value), meaning != NULL ? ": " : "",
                 meaning != NULL ? meaning : "");
}

static const struct inspect_field vector_rows[] = {
    {0, "instance-identity", NULL, explain_trust_claim, &identity, false},
    {1, "configuration", NULL, explain_trust_claim, &configuration, false},
    {2, "executables", NULL, explain_trust_claim, &executables, false},
    {3, "file-system", NULL, explain_trust_claim, &file_system, false},
    {4, "hardware", NULL, explain_trust_claim, &hardware, false},
    {5, "runtime-opaque", NULL, explain_trust_claim, &runtime, false},
    {6, "storage-opaque", NULL, explain_trust_claim, &storage, false},
    {7, "sourced-data", NULL, explain_trust_claim, &sourced, false},
};
static const struct inspect_fields vector = INSPECT_FIELDS(NULL, vector_rows);

static void explain_vector(struct inspect *in, struct inspect_node *node,
                           const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &vector);
    if (v->type == INSPECT_MAP && inspect_count(v, 1) == 0) {
        inspect_problem(in, node, "a trustworthiness vector has one claim or more");
    }
}

/* The key that a Result speaks for, and the Evidence that it was made of. */
static const struct inspect_media spki = {NULL, INSPECT_OCTETS, inspect_spki, NULL};
static const struct inspect_field key_rows[] = {
    {ALONE, "akpub", NULL, inspect_content, &spki, true},
};
static const struct inspect_fields key_attestation = INSPECT_FIELDS(NULL, key_rows);

static void explain_raw_evidence(struct inspect *in, struct inspect_node *node,
                                 const struct inspect_value *v, const void *arg)
{
    (void)arg;
    if (v->type == INSPECT_ARRAY) {
        inspect_later(in, node, v, inspect_cmw, NULL);
    } else {
        inspect_guess(in, node, v, NULL);
    }
}

static const struct inspect_list policy_ids = {"", inspect_text, NULL, 1};

/* clang-format off: one claim a line */
static const struct inspect_field appraisal_rows[] = {
    {1000, "ear_status", NULL, inspect_word, &inspect_tiers, false},
    {ALONE, "ear.status", NULL, inspect_word, &inspect_tiers, false},
    {1001, "ear_trustworthiness_vector", NULL, explain_vector, NULL, false},
    {ALONE, "ear.trustworthiness-vector", NULL, explain_vector, NULL, false},
    {1003, "ear_appraisal_policy_ids", NULL, inspect_one_or_more, &policy_ids, false},
    {ALONE, "ear.appraisal-policy-id", NULL, inspect_text, NULL, false},
    {1005, "ear_attester_claims", NULL, inspect_any, NULL, false},
    {1006, "ear_verifier_claims", NULL, inspect_any, NULL, false},
    {65000, "ear_teep_claims", NULL, inspect_claims, NULL, false},
    {-70000, "ear_veraison_annotated_evidence", NULL, inspect_any, NULL, false},
    {ALONE, "ear.veraison.annotated-evidence", NULL, inspect_any, NULL, false},
    {-70001, "ear_veraison_policy_claims", NULL, inspect_any, NULL, false},
    {ALONE, "ear.veraison.policy-claims", NULL, inspect_any, NULL, false},
    {-70002, "ear_veraison_key_attestation", NULL, inspect_map, &key_attestation, false},
    {ALONE, "ear.veraison.key-attestation", NULL, inspect_map, &key_attestation, false},
};
/* clang-format on */
const struct inspect_fields inspect_ear_appraisal =
    INSPECT_FIELDS_ALSO("EAR appraisal", appraisal_rows, &inspect_eat_claims);

/* One claim in two spellings is no EAR; in CBOR two have a label of the draft before. */
static void mark_twice(struct inspect *in, struct inspect_node *node, const struct inspect_value *v)
{
    static const char *const names[][2] = {
        {"ear.status", "ear_status"},
        {"ear.trustworthiness-vector", "ear_trustworthiness_vector"},
        {"ear.appraisal-policy-id", "ear_appraisal_policy_ids"},
        {"ear.veraison.annotated-evidence", "ear_attester_claims"},
        {"ear.veraison.annotated-evidence", "ear_veraison_annotated_evidence"},
        {"ear_veraison_annotated_evidence", "ear_attester_claims"},
        {"ear.veraison.policy-claims", "ear_verifier_claims"},
        {"ear.veraison.policy-claims", "ear_veraison_policy_claims"},
        {"ear_veraison_policy_claims", "ear_verifier_claims"},
        {"ear.veraison.key-attestation", "ear_veraison_key_attestation"},
    };
    static const int64_t labels[][2] = {{1005, -70000}, {1006, -70001}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        if (inspect_has_text(v, names[i][0]) && inspect_has_text(v, names[i][1])) {
            inspect_problem(in, node, "both %s and %s", names[i][0], names[i][1]);
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        if (inspect_has(v, labels[i][0]) && inspect_has(v, labels[i][1])) {
            inspect_problem(in, node, "both %lld and %lld", (long long)labels[i][0],
                            (long long)labels[i][1]);
        }
    }
}

static void explain_appraisal(struct inspect *in, struct inspect_node *node,
                              const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_map(in, node, v, &inspect_ear_appraisal);
    if (v->type == INSPECT_MAP && !inspect_has(v, 1000) && !inspect_has_text(v, "ear.status") &&
        !inspect_has_text(v, "ear_status")) {
        inspect_problem(in, node, "ear_status is missing");
    }
    mark_twice(in, node, v);
}

static const struct inspect_list appraisals = {"", explain_appraisal, NULL, 1};

void inspect_ear_appraisals(struct inspect *in, struct inspect_node *node,
                            const struct inspect_value *v, const void *arg)
{
    (void)arg;
    inspect_is(in, node, "EAR appraisals");
    inspect_named_map(in, node, v, &appraisals);
}

static const struct inspect_field verifier_rows[] = {
    {0, "developer", NULL, inspect_text, NULL, true},
    {1, "build", NULL, inspect_text, NULL, true},
};
static const struct inspect_fields verifier = INSPECT_FIELDS(NULL, verifier_rows);
static const struct inspect_list topology_members = {"", inspect_text, NULL, 1};
static const struct inspect_list topology = {"", inspect_array, &topology_members, 1};

/* clang-format off: one claim a line */
static const struct inspect_field ear_rows[] = {
    {265, "eat_profile", NULL, inspect_any, NULL, true},
    {6, "iat", NULL, inspect_time, NULL, true},
    {266, "submods", NULL, inspect_named_map, &appraisals, true},
    {1004, "ear_verifier_id", NULL, inspect_map, &verifier, false},
    {ALONE, "ear.verifier-id", NULL, inspect_map, &verifier, false},
    {1002, "ear_raw_evidence", NULL, explain_raw_evidence, NULL, false},
    {ALONE, "ear.raw-evidence", NULL, explain_raw_evidence, NULL, false},
    {1007, "ear_device_topology", NULL, inspect_named_map, &topology, false},
    {ALONE, "ear.veraison.tee-info", NULL, inspect_any, NULL, false},
};
/* clang-format on */
static const struct inspect_fields ear_also =
    INSPECT_FIELDS_ALSO(NULL, appraisal_rows, &inspect_eat_claims);
const struct inspect_fields inspect_ear_claims =
    INSPECT_FIELDS_ALSO("EAR (EAT Attestation Result)", ear_rows, &ear_also);
