/* SPDX-License-Identifier: Apache-2.0 */
/* A claims set: which profile's names hold, by what is in it. */
#include "inspect/claims.h"

#include "base/span.h"

/* Kinds of claims sets, the more special before the more general. */
enum kind {
    EAR = 0,
    APPRAISAL,
    NITRO,
    CCA_REALM,
    CCA_PLATFORM,
    PSA_LEGACY,
    PSA_INTERIM,
    PSA,
    DICE,
    EAT,
    NUM_KINDS
};

static const struct inspect_fields *const tables[NUM_KINDS] = {
    [EAR] = &inspect_ear_claims,
    [APPRAISAL] = &inspect_ear_appraisal,
    [NITRO] = &inspect_nitro_claims,
    [CCA_REALM] = &inspect_cca_realm_claims,
    [CCA_PLATFORM] = &inspect_cca_platform_claims,
    [PSA_LEGACY] = &inspect_psa_legacy_claims,
    [PSA_INTERIM] = &inspect_psa_interim_claims,
    [PSA] = &inspect_psa_claims,
    [DICE] = &inspect_dice_claims,
    [EAT] = &inspect_eat_claims,
};

/* Labels, first to last, that only one kind has. */
static const struct {
    int64_t first, last;
    enum kind kind;
} labels[] = {
    {1004, 1004, EAR},         {1000, 1001, APPRAISAL},    {44235, 44235, CCA_REALM},
    {44238, 44238, CCA_REALM}, {2401, 2402, CCA_PLATFORM}, {-75010, -75000, PSA_LEGACY},
    {2394, 2394, PSA},         {2396, 2396, PSA},          {-4670552, -4670552, DICE},
};

/* Names, or what they begin with, that only one kind has. */
static const struct {
    const char *name;
    bool prefix;
    enum kind kind;
} names[] = {
    {"ear.verifier-id", false, EAR},
    {"ear_verifier_id", false, EAR},
    {"ear.status", false, APPRAISAL},
    {"ear_status", false, APPRAISAL},
    {"ear.trustworthiness-vector", false, APPRAISAL},
    {"ear_trustworthiness_vector", false, APPRAISAL},
    {"cabundle", false, NITRO},
    {"cca-realm-", true, CCA_REALM},
    {"cca-platform-", true, CCA_PLATFORM},
    {"psa-", true, PSA},
};

static const struct {
    const char *profile;
    enum kind kind;
} profiles[] = {
    {"PSA_IOT_PROFILE_1", PSA_LEGACY},
    {"http://arm.com/psa/2.0.0", PSA_INTERIM},
    {"tag:psacertified.org,2023:psa#tfm", PSA},
};

static enum kind kind_of_label(int64_t label)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        if (label >= labels[i].first && label <= labels[i].last) {
            return labels[i].kind;
        }
    }
    return EAT;
}

static enum kind kind_of_name(const struct inspect_value *key)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        const size_t len = atls_text_len(names[i].name);
        if (names[i].prefix ? atls_bytes_is_text(inspect_part(key->content, 0, len), names[i].name)
                            : inspect_is_text(key, names[i].name)) {
            return names[i].kind;
        }
    }
    return EAT;
}

static enum kind kind_of_profile(const struct inspect_value *value)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(profiles); i++) {
        if (inspect_is_text(value, profiles[i].profile)) {
            return profiles[i].kind;
        }
    }
    return EAT;
}

static bool is_profile(const struct inspect_value *key)
{
    return inspect_is_int(key, 265) || inspect_is_int(key, -75000) ||
           inspect_is_text(key, "eat_profile") || inspect_is_text(key, "eat-profile") ||
           inspect_is_text(key, "psa-profile");
}

/* kind_of looks at every claim once: a claims set may be as large as a file. */
static enum kind kind_of(const struct inspect_value *v)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    enum kind kind = EAT;
    bool profiled = false;
    for (size_t i = 0; i < INSPECT_MAX_MEMBERS && inspect_next_pair(&iter, &key, &value); i++) {
        int64_t label = 0;
        enum kind found = EAT;
        if (is_profile(&key)) {
            profiled = true;
            found = kind_of_profile(&value);
        } else if (inspect_int(&key, &label)) {
            found = kind_of_label(label);
        } else if (key.type == INSPECT_TEXT) {
            found = kind_of_name(&key);
        }
        kind = found < kind ? found : kind;
    }
    /* Without a profile a token is of the first one (PSA_IOT_PROFILE_1, as it was in JSON). */
    return kind == PSA && !profiled && v->form == INSPECT_JSON ? PSA_LEGACY : kind;
}

void inspect_claims(struct inspect *in, struct inspect_node *node, const struct inspect_value *v,
                    const void *arg)
{
    (void)arg;
    if (v->form == INSPECT_CBOR && inspect_is_tag(v, 601)) {
        const struct inspect_value inside = inspect_inside(v);
        inspect_is(in, node, "UCCS (tag 601)");
        inspect_later(in, node, &inside, inspect_claims, NULL);
        return;
    }
    if (v->type != INSPECT_MAP) {
        inspect_wrong_type(in, node, v, "a claims set");
        return;
    }
    inspect_map(in, node, v, tables[kind_of(v)]);
}
