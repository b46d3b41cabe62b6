/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and profiles of Results: the tables of draft-ietf-rats-ear-03 and -04, and dotted names.
 */
#include "base/span.h"
#include "result/ear_form.h"

#define NONE ATLS_EAR_NO_LABEL

/* clang-format off: one claim a line */
static const struct atls_ear_row rows[ATLS_NUM_EAR_CLAIMS] = {
    [ATLS_EAR_ISS] = {"iss", NULL, NULL, 1, NONE},
    [ATLS_EAR_AUD] = {"aud", NULL, NULL, 3, NONE},
    [ATLS_EAR_EXP] = {"exp", NULL, NULL, 4, NONE},
    [ATLS_EAR_NBF] = {"nbf", NULL, NULL, 5, NONE},
    [ATLS_EAR_IAT] = {"iat", NULL, NULL, 6, NONE},
    [ATLS_EAR_JTI] = {"jti", NULL, NULL, 7, NONE},
    [ATLS_EAR_CNF] = {"cnf", NULL, NULL, 8, NONE},
    [ATLS_EAR_NONCE] = {"eat_nonce", NULL, NULL, 10, NONE},
    [ATLS_EAR_PROFILE] = {"eat_profile", NULL, NULL, 265, NONE},
    [ATLS_EAR_SUBMODS] = {"submods", NULL, NULL, 266, NONE},
    [ATLS_EAR_STATUS] = {"ear_status", NULL, "ear.status", 1000, NONE},
    [ATLS_EAR_VECTOR] = {"ear_trustworthiness_vector", NULL, "ear.trustworthiness-vector", 1001,
                         NONE},
    [ATLS_EAR_RAW] = {"ear_raw_evidence", NULL, "ear.raw-evidence", 1002, NONE},
    [ATLS_EAR_POLICY_IDS] = {"ear_appraisal_policy_ids", NULL, "ear.appraisal-policy-id", 1003,
                             NONE},
    [ATLS_EAR_VERIFIER_ID] = {"ear_verifier_id", NULL, "ear.verifier-id", 1004, NONE},
    [ATLS_EAR_ATTESTER_CLAIMS] = {"ear_attester_claims", "ear_veraison_annotated_evidence",
                                  "ear.veraison.annotated-evidence", 1005, -70000},
    [ATLS_EAR_VERIFIER_CLAIMS] = {"ear_verifier_claims", "ear_veraison_policy_claims",
                                  "ear.veraison.policy-claims", 1006, -70001},
    [ATLS_EAR_TOPOLOGY] = {"ear_device_topology", NULL, NULL, 1007, NONE},
    [ATLS_EAR_TEEP_CLAIMS] = {"ear_teep_claims", NULL, NULL, 65000, NONE},
    [ATLS_EAR_KEY_ATTESTATION] = {"ear_veraison_key_attestation", NULL,
                                  "ear.veraison.key-attestation", -70002, NONE},
    [ATLS_EAR_TEE_INFO] = {"ear.veraison.tee-info", NULL, NULL, NONE, NONE},
    [ATLS_EAR_SIMULATED] = {"simulated", NULL, NULL, NONE, NONE},
    [ATLS_EAR_DEVELOPER] = {"developer", NULL, NULL, 0, NONE},
    [ATLS_EAR_BUILD] = {"build", NULL, NULL, 1, NONE},
    [ATLS_EAR_AKPUB] = {"akpub", NULL, NULL, NONE, NONE},
    [ATLS_EAR_PROBLEM] = {"problem", NULL, NULL, NONE, NONE},
};
/* clang-format on */

const struct atls_ear_row *atls_ear_row(enum atls_ear_claim claim)
{
    return &rows[claim];
}

struct atls_ear_row atls_ear_trust_row(enum atls_trust_claim claim)
{
    const struct atls_ear_row row = {atls_trust_claim_name(claim), NULL, NULL, (int64_t)claim,
                                     NONE};
    return row;
}

static const struct {
    const char *text;
    enum atls_ear_profile profile;
    bool dotted;
} profiles[] = {
    {"tag:github.com,2023:veraison/ear", ATLS_EAR_VERAISON, true},
    {"tag:github.com,2024:confidential-containers/Trustee", ATLS_EAR_TRUSTEE, true},
    {"tag:ietf.org,2025-07:ear", ATLS_EAR_2025, false},
    {"tag:ietf.org,2026:rats/ear#03", ATLS_EAR_DRAFT_03, false},
    {"tag:ietf.org,2026:rats/ear#04", ATLS_EAR_DRAFT_04, false},
};

enum atls_ear_profile atls_ear_profile_of(struct atls_bytes text)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        if (atls_bytes_is_text(text, profiles[i].text)) {
            return profiles[i].profile;
        }
    }
    return ATLS_EAR_OTHER;
}

const char *atls_ear_profile_text(enum atls_ear_profile profile)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        if (profiles[i].profile == profile) {
            return profiles[i].text;
        }
    }
    return "another";
}

bool atls_ear_is_dotted(enum atls_ear_profile profile)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        if (profiles[i].profile == profile) {
            return profiles[i].dotted;
        }
    }
    return false;
}

struct atls_bytes atls_ear_find_nonce(const struct atls_ear *ear)
{
    return ear->nonce.len == 0 && ear->num_submods == 1 ? ear->submods[0].nonce : ear->nonce;
}

enum atls_err atls_ear_refuse(struct atls_diag *diag, struct atls_bytes submod, const char *claim,
                              const char *found, const char *expected)
{
    char text[sizeof diag->claim];
    size_t len = 0;
    for (size_t i = 0; i < submod.len && len < 24; i++) {
        const uint8_t octet = submod.data[i];
        text[len++] = octet >= 0x20 && octet < 0x7f ? (char)octet : '?';
    }
    if (len != 0) {
        text[len++] = ' ';
    }
    for (size_t i = 0; claim[i] != '\0' && len + 1 < sizeof text; i++) {
        text[len++] = claim[i];
    }
    text[len] = '\0';
    return atls_fail_texts(diag, ATLS_ERR_RESULT, ATLS_EAR_STEP, text, found, expected);
}
