/* SPDX-License-Identifier: Apache-2.0 */
/* PSA attestation tokens: COSE_Sign1 in tag 18 over a map of claims. */
#include "base/span.h"
#include "mutation/wrap.h"
#include "support/endorse.h"
#include "support/keys.h"
#include "support/memory.h"
#include "support/psa_maker.h"

#include <stdlib.h>

static struct test_psa token;

/* RFC 9783, its predecessor, and the first form: the same claims, under other labels. */
enum profile { TFM = 0, INTERIM, LEGACY, NUM_PROFILES };
static enum profile profile;
static const char *const profile_texts[NUM_PROFILES] = {
    "tag:psacertified.org,2023:psa#tfm", "http://arm.com/psa/2.0.0", "PSA_IOT_PROFILE_1"};
static const char *const media_types[NUM_PROFILES] = {
    "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"",
    "application/psa-attestation-token", "application/psa-attestation-token"};
static const int64_t component_labels[NUM_PROFILES] = {2399, 2399, -75006};

static const struct {
    const char *field;
    int64_t labels[NUM_PROFILES]; /* the first is what test_psa_init uses */
} claims[] = {
    {"psa-nonce", {10, 10, -75008}},
    {"psa-instance-id", {256, 256, -75009}},
    {"eat_profile", {265, 265, -75000}},
    {"psa-boot-seed", {268, 2397, -75004}},
    {"psa-client-id", {2394, 2394, -75001}},
    {"psa-security-lifecycle", {2395, 2395, -75002}},
    {"psa-implementation-id", {2396, 2396, -75003}},
    {"psa-certification-reference", {2398, 2398, -75005}},
    {"psa-verification-service-indicator", {2400, 2400, -75010}},
};

static const struct mutation_field fields[] = {
    MUTATION_WRAP_FIELDS,
    {"cose.tag", VALUE_CBOR},
    {"cose.protected", VALUE_CBOR},
    {"cose.unprotected", VALUE_CBOR},
    {"cose.payload", VALUE_CBOR},
    {"cose.signature", VALUE_CBOR_ES256},
    {"protected.alg", VALUE_CBOR},
    {"unprotected.kid", VALUE_CBOR},
    {"psa-nonce", VALUE_CBOR},
    {"psa-instance-id", VALUE_CBOR},
    {"eat_profile", VALUE_CBOR},
    {"psa-boot-seed", VALUE_CBOR},
    {"psa-client-id", VALUE_CBOR},
    {"psa-security-lifecycle", VALUE_CBOR},
    {"psa-implementation-id", VALUE_CBOR},
    {"psa-certification-reference", VALUE_CBOR},
    {"psa-verification-service-indicator", VALUE_CBOR},
    {"psa-software-components", VALUE_CBOR},
    {"component", VALUE_CBOR},
    {"component.measurement-type", VALUE_CBOR},
    {"component.measurement-value", VALUE_CBOR},
    {"component.version", VALUE_CBOR},
    {"component.signer-id", VALUE_CBOR},
    {"component.measurement-desc", VALUE_CBOR},
};

static struct atls_bytes components(struct value_change *change)
{
    struct test_map first = {.num_pairs = 0};
    value_put(&first, change, "component.measurement-type", VALUE_CBOR, test_cbor_int(1),
              test_cbor_text("BL"));
    value_put(&first, change, "component.measurement-value", VALUE_CBOR, test_cbor_int(2),
              test_cbor_fill(0xb1, 32));
    value_put(&first, change, "component.version", VALUE_CBOR, test_cbor_int(4),
              test_cbor_text("1.0.0"));
    value_put(&first, change, "component.signer-id", VALUE_CBOR, test_cbor_int(5),
              test_cbor_fill(0x51, 32));
    value_put(&first, change, "component.measurement-desc", VALUE_CBOR, test_cbor_int(6),
              test_cbor_text("sha-256"));
    struct mutation_parts list = {.change = change};
    mutation_add(&list, "component", VALUE_CBOR, test_map_encode(&first));
    list.part[list.num_parts++] =
        test_psa_component("PRoT", "2.0.0", test_fill(0xb2, 48), test_fill(0x52, 32));
    return test_array_encode(list.part, list.num_parts);
}

static struct atls_bytes value_of(int64_t label)
{
    const struct atls_bytes key = test_cbor_int(label);
    for (size_t i = 0; i < token.claims.num_pairs; i++) {
        if (atls_bytes_equal(token.claims.key[i], key)) {
            return token.claims.value[i];
        }
    }
    abort();
}

static struct atls_bytes payload(struct value_change *change)
{
    struct test_map map = {.num_pairs = 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(claims); i++) {
        const bool is_profile = claims[i].labels[TFM] == TEST_PSA_PROFILE;
        value_put(
            &map, change, claims[i].field, VALUE_CBOR, test_cbor_int(claims[i].labels[profile]),
            is_profile ? test_cbor_text(profile_texts[profile]) : value_of(claims[i].labels[TFM]));
    }
    value_put(&map, change, "psa-software-components", VALUE_CBOR,
              test_cbor_int(component_labels[profile]), components(change));
    return test_map_encode(&map);
}

/* sign covers what stands in the message: RFC 9052, 4.4. */
static struct atls_bytes sign(struct atls_bytes protect, struct atls_bytes covered)
{
    const struct atls_bytes none = {NULL, 0};
    const struct atls_bytes structure[] = {test_cbor_text("Signature1"), protect,
                                           test_cbor_bytes(none), covered};
    return test_cbor_bytes(test_sign(token.key, ATLS_ALG_ES256, test_array_encode(structure, 4)));
}

static struct atls_bytes first_or(const struct value_result *result, struct atls_bytes otherwise)
{
    return result->times != 0 ? result->encoded : otherwise;
}

static struct atls_bytes message(struct value_change *change)
{
    struct test_map protect = {.num_pairs = 0};
    struct test_map unprotect = {.num_pairs = 0};
    value_put(&protect, change, "protected.alg", VALUE_CBOR, test_cbor_int(1),
              test_cbor_int(ATLS_ALG_ES256));
    value_put(&unprotect, change, "unprotected.kid", VALUE_CBOR, test_cbor_int(4),
              test_cbor_fill(0x6b, 2));
    const struct atls_bytes headers = test_cbor_bytes(test_map_encode(&protect));
    const struct atls_bytes claims_set = test_cbor_bytes(payload(change));
    struct mutation_parts array = {.change = change};
    const struct value_result signed_headers =
        value_change_apply(change, "cose.protected", VALUE_CBOR, headers);
    const struct value_result signed_claims =
        value_change_apply(change, "cose.payload", VALUE_CBOR, claims_set);
    mutation_add(&array, "cose.protected", VALUE_CBOR, headers);
    mutation_add(&array, "cose.unprotected", VALUE_CBOR, test_map_encode(&unprotect));
    mutation_add(&array, "cose.payload", VALUE_CBOR, claims_set);
    mutation_add(&array, "cose.signature", VALUE_CBOR_ES256,
                 sign(first_or(&signed_headers, headers), first_or(&signed_claims, claims_set)));
    struct mutation_parts whole = {.change = change};
    const struct atls_bytes encoded = test_array_encode(array.part, array.num_parts);
    const struct atls_buf tagged = test_room(1 + encoded.len);
    tagged.data[0] = 0xd2;
    memcpy(&tagged.data[1], encoded.data, encoded.len);
    mutation_add(&whole, "cose.tag", VALUE_CBOR, atls_bytes_of(tagged.data, tagged.cap));
    return whole.num_parts == 0 ? encoded : mutation_join(&whole);
}

static struct atls_bytes make(struct value_change *change)
{
    return mutation_wrap(change, media_types[profile], message(change));
}

static void set_up_profile(enum profile which, struct test_sample *out_original,
                           const struct atls_endorsements **out_set)
{
    profile = which;
    test_psa_init(&token, test_key(ATLS_CRV_P256), 1);
    struct atls_endorsements *set = test_endorsements();
    const struct atls_bytes implementation = test_psa_implementation();
    test_add_psa_key(set, implementation, test_psa_instance(1), token.key, false);
    test_add_psa_component(set, implementation, "BL", "1.0.0", test_fill(0xb1, 32),
                           test_fill(0x51, 32));
    test_add_psa_component(set, implementation, "PRoT", NULL, test_fill(0xb2, 48),
                           test_fill(0x52, 32));
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text("psa"));
    out_original->nonce = test_psa_nonce();
    out_original->tls_spki = test_spki(test_key(ATLS_CRV_P256));
    *out_set = set;
}

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    set_up_profile(TFM, out_original, out_set);
}

static void set_up_interim(struct test_sample *out_original,
                           const struct atls_endorsements **out_set)
{
    set_up_profile(INTERIM, out_original, out_set);
}

static void set_up_legacy(struct test_sample *out_original,
                          const struct atls_endorsements **out_set)
{
    set_up_profile(LEGACY, out_original, out_set);
}

/* same_member compares one member; both may lack it. */
static bool same_member(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name);
    const json_t *y = json_object_get(b, name);
    return x == y || (x != NULL && y != NULL && json_equal(x, y));
}

/* is_referenced: the references of the samples state all four. */
static bool is_referenced(const json_t *component, const json_t *expected)
{
    const json_t *known = json_object_get(expected, "psa-software-components");
    for (size_t i = 0; i < json_array_size(known); i++) {
        const json_t *other = json_array_get(known, i);
        if (same_member(component, other, "measurement-type") &&
            same_member(component, other, "measurement-value") &&
            same_member(component, other, "version") &&
            same_member(component, other, "signer-id")) {
            return true;
        }
    }
    return false;
}

/* RFC 9783: what is not compared here is not judged (docs/appraisal.md). Without signatures the
 * instance-id may be that of any machine that is endorsed in the same class. */
bool mutation_psa_may_be_part(const json_t *found, const json_t *expected, const char **out_why)
{
    static const char *const same[] = {"psa-implementation-id", "psa-security-lifecycle-state"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(same); i++) {
        if (!same_member(found, expected, same[i])) {
            *out_why = same[i];
            return false;
        }
    }
    const json_int_t lifecycle =
        json_integer_value(json_object_get(found, "psa-security-lifecycle"));
    if (lifecycle < 0x3000 || lifecycle > 0x30ff) {
        *out_why = "psa-security-lifecycle";
        return false;
    }
    const json_t *list = json_object_get(found, "psa-software-components");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!is_referenced(json_array_get(list, i), expected)) {
            *out_why = "a component that no reference names";
            return false;
        }
    }
    *out_why = "no components";
    return json_array_size(list) != 0;
}

static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    *out_why = "psa-nonce";
    return same_member(found, expected, "psa-nonce") &&
           mutation_psa_may_be_part(found, expected, out_why);
}

static const char *const samples[] = {"plain", "other-nonce", "other-machine", "kid", "p384",
                                      "json",  NULL};
/* The value of the CMW, the protected headers and the claims; so that they are changed as such. */
static const char *const embedded[] = {
    "[1]", "[1]<>#18[0]", "[1]<>#18[2]", "#", "#1668556859<>#18[0]", "#1668556859<>#18[2]", NULL};

const struct mutation_format mutation_psa = {
    .name = "psa",
    .samples = samples,
    .embedded = embedded,
    .other = "tpm2",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};

const struct mutation_format mutation_psa_interim = {
    .name = "psa-interim",
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up_interim,
    .make = make,
};

const struct mutation_format mutation_psa_legacy = {
    .name = "psa-legacy",
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up_legacy,
    .make = make,
};
