/* SPDX-License-Identifier: Apache-2.0 */
/* A claims set: which profile's names hold, by what is in it. */
#include "inspect/claims.h"

#include "base/span.h"

/* One kind of claims set. */
struct choice {
    bool (*fits)(const struct inspect_value *v);
    const struct inspect_fields *fields;
};

static bool is_ear(const struct inspect_value *v)
{
    return v->form == INSPECT_JSON
               ? inspect_has_text(v, "ear.verifier-id") || inspect_has_text(v, "ear_verifier_id")
               : inspect_has(v, 1004);
}

static bool is_appraisal(const struct inspect_value *v)
{
    return v->form == INSPECT_JSON
               ? inspect_has_text(v, "ear.status") || inspect_has_text(v, "ear_status") ||
                     inspect_has_text(v, "ear.trustworthiness-vector") ||
                     inspect_has_text(v, "ear_trustworthiness_vector")
               : inspect_has(v, 1000) || inspect_has(v, 1001);
}

/* has_prefix is true when a key of a JSON claims set begins so. */
static bool has_prefix(const struct inspect_value *v, const char *prefix)
{
    struct inspect_iter iter = inspect_members(v);
    struct inspect_value key;
    struct inspect_value value;
    const size_t len = atls_text_len(prefix);
    while (inspect_next_pair(&iter, &key, &value)) {
        if (key.type == INSPECT_TEXT &&
            atls_bytes_is_text(inspect_part(key.content, 0, len), prefix)) {
            return true;
        }
    }
    return false;
}

static bool is_cca_realm(const struct inspect_value *v)
{
    return v->form == INSPECT_JSON ? has_prefix(v, "cca-realm-")
                                   : inspect_has(v, 44235) || inspect_has(v, 44238);
}

static bool is_cca_platform(const struct inspect_value *v)
{
    return v->form == INSPECT_JSON ? has_prefix(v, "cca-platform-")
                                   : inspect_has(v, 2401) || inspect_has(v, 2402);
}

static bool is_profile(const struct inspect_value *v, const char *profile)
{
    struct inspect_value found;
    if (v->form == INSPECT_JSON) {
        return (inspect_get_text(v, "eat-profile", &found) ||
                inspect_get_text(v, "eat_profile", &found) ||
                inspect_get_text(v, "psa-profile", &found)) &&
               inspect_is_text(&found, profile);
    }
    return (inspect_get(v, 265, &found) || inspect_get(v, -75000, &found)) &&
           inspect_is_text(&found, profile);
}

static bool is_psa_legacy(const struct inspect_value *v)
{
    if (v->form == INSPECT_JSON) {
        return has_prefix(v, "psa-") &&
               (is_profile(v, "PSA_IOT_PROFILE_1") ||
                (!inspect_has_text(v, "eat-profile") && !inspect_has_text(v, "eat_profile")));
    }
    for (int64_t label = -75010; label <= -75000; label++) {
        if (inspect_has(v, label)) {
            return true;
        }
    }
    return false;
}

static bool is_psa_interim(const struct inspect_value *v)
{
    return is_profile(v, "http://arm.com/psa/2.0.0");
}

static bool is_psa(const struct inspect_value *v)
{
    return v->form == INSPECT_JSON ? has_prefix(v, "psa-")
                                   : is_profile(v, "tag:psacertified.org,2023:psa#tfm") ||
                                         inspect_has(v, 2394) || inspect_has(v, 2396);
}

static bool is_nitro(const struct inspect_value *v)
{
    return inspect_has_text(v, "module_id") && inspect_has_text(v, "cabundle");
}

static bool is_dice(const struct inspect_value *v)
{
    return v->form == INSPECT_CBOR && inspect_has(v, -4670552);
}

static bool is_anything(const struct inspect_value *v)
{
    (void)v;
    return true;
}

static const struct choice choices[] = {
    {is_ear, &inspect_ear_claims},
    {is_appraisal, &inspect_ear_appraisal},
    {is_nitro, &inspect_nitro_claims},
    {is_cca_realm, &inspect_cca_realm_claims},
    {is_cca_platform, &inspect_cca_platform_claims},
    {is_psa_legacy, &inspect_psa_legacy_claims},
    {is_psa_interim, &inspect_psa_interim_claims},
    {is_psa, &inspect_psa_claims},
    {is_dice, &inspect_dice_claims},
    {is_anything, &inspect_eat_claims},
};

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
    for (size_t i = 0; i < ATLS_ARRAY_LEN(choices); i++) {
        if (choices[i].fits(v)) {
            inspect_map(in, node, v, choices[i].fields);
            return;
        }
    }
}
