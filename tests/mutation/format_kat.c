/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of key and platform: a CMW collection of a kat and a PSA token. What the token itself may
 * be wrong in is the business of format_psa.c. */
#include "base/span.h"
#include "mutation/wrap.h"
#include "support/endorse.h"
#include "support/kat_maker.h"
#include "support/memory.h"

#include <string.h>

static struct test_kat bundle;

static const struct mutation_field fields[] = {
    {"collection", VALUE_CBOR},
    {"collection.__cmwc_t", VALUE_CBOR},
    {"collection.kat", VALUE_CBOR},
    {"collection.pat", VALUE_CBOR},
    {"kat.type", VALUE_CBOR},
    {"kat.value", VALUE_CBOR},
    {"kat.ind", VALUE_CBOR},
    {"pat.type", VALUE_CBOR},
    {"pat.value", VALUE_CBOR},
    {"pat.ind", VALUE_CBOR},
    {"pat.psa-nonce", VALUE_CBOR},
    {"cose.protected", VALUE_CBOR},
    {"cose.unprotected", VALUE_CBOR},
    {"cose.payload", VALUE_CBOR},
    {"cose.signature", VALUE_CBOR_ES256},
    {"protected.alg", VALUE_CBOR},
    {"unprotected.kid", VALUE_CBOR},
    {"cnf", VALUE_CBOR},
    {"cnf.COSE_Key", VALUE_CBOR},
    {"cnf.kty", VALUE_CBOR},
    {"cnf.crv", VALUE_CBOR},
    {"cnf.x", VALUE_CBOR},
    {"cnf.y", VALUE_CBOR},
    {"eat_nonce", VALUE_CBOR},
    {"kak-pub", VALUE_CBOR},
    {"kak-pub.kty", VALUE_CBOR},
    {"kak-pub.crv", VALUE_CBOR},
    {"kak-pub.x", VALUE_CBOR},
    {"kak-pub.y", VALUE_CBOR},
};

static struct atls_bytes first_or(const struct value_result *result, struct atls_bytes otherwise)
{
    return result->times != 0 ? result->encoded : otherwise;
}

/* The fields of a COSE_Key, under the names that they have in the table. */
struct key_fields {
    const char *kty, *crv, *x, *y;
};

static struct atls_bytes cose_key(struct value_change *change, const struct atls_key *key,
                                  const struct key_fields *names)
{
    struct test_map map = {.num_pairs = 0};
    struct atls_cose_key parts;
    atls_key_to_cose(key, &parts);
    value_put(&map, change, names->kty, VALUE_CBOR, test_cbor_int(1), test_cbor_int(parts.kty));
    value_put(&map, change, names->crv, VALUE_CBOR, test_cbor_int(-1), test_cbor_int(parts.crv));
    value_put(&map, change, names->x, VALUE_CBOR, test_cbor_int(-2), test_cbor_bytes(parts.x));
    value_put(&map, change, names->y, VALUE_CBOR, test_cbor_int(-3), test_cbor_bytes(parts.y));
    return test_map_encode(&map);
}

static struct atls_bytes kak_pub(struct value_change *change)
{
    static const struct key_fields names = {"kak-pub.kty", "kak-pub.crv", "kak-pub.x", "kak-pub.y"};
    return cose_key(change, bundle.kak, &names);
}

static struct atls_bytes payload(struct value_change *change)
{
    static const struct key_fields names = {"cnf.kty", "cnf.crv", "cnf.x", "cnf.y"};
    struct test_map cnf = {.num_pairs = 0};
    struct test_map map = {.num_pairs = 0};
    value_put(&cnf, change, "cnf.COSE_Key", VALUE_CBOR, test_cbor_int(1),
              cose_key(change, bundle.identity, &names));
    value_put(&map, change, "cnf", VALUE_CBOR, test_cbor_int(TEST_KAT_CNF), test_map_encode(&cnf));
    value_put(&map, change, "eat_nonce", VALUE_CBOR, test_cbor_int(TEST_KAT_NONCE),
              test_cbor_bytes(test_kat_nonce()));
    value_put(&map, change, "kak-pub", VALUE_CBOR, test_cbor_int(TEST_KAT_KAK_PUB),
              kak_pub(change));
    return test_map_encode(&map);
}

/* token is signed over what stands in it (RFC 9052, 4.4), by the kak. */
static struct atls_bytes token(struct value_change *change)
{
    const struct atls_bytes none = {NULL, 0};
    struct test_map protect = {.num_pairs = 0};
    struct test_map unprotect = {.num_pairs = 0};
    value_put(&protect, change, "protected.alg", VALUE_CBOR, test_cbor_int(1),
              test_cbor_int(ATLS_ALG_ES256));
    value_put(&unprotect, change, "unprotected.kid", VALUE_CBOR, test_cbor_int(4),
              test_cbor_fill(0x6b, 2));
    const struct atls_bytes headers = test_cbor_bytes(test_map_encode(&protect));
    const struct atls_bytes claims = test_cbor_bytes(payload(change));
    const struct value_result signed_headers =
        value_change_apply(change, "cose.protected", VALUE_CBOR, headers);
    const struct value_result signed_claims =
        value_change_apply(change, "cose.payload", VALUE_CBOR, claims);
    const struct atls_bytes structure[] = {test_cbor_text("Signature1"),
                                           first_or(&signed_headers, headers),
                                           test_cbor_bytes(none), first_or(&signed_claims, claims)};
    struct mutation_parts array = {.change = change};
    mutation_add(&array, "cose.protected", VALUE_CBOR, headers);
    mutation_add(&array, "cose.unprotected", VALUE_CBOR, test_map_encode(&unprotect));
    mutation_add(&array, "cose.payload", VALUE_CBOR, claims);
    mutation_add(
        &array, "cose.signature", VALUE_CBOR_ES256,
        test_cbor_bytes(test_sign(bundle.kak, ATLS_ALG_ES256, test_array_encode(structure, 4))));
    return test_array_encode(array.part, array.num_parts);
}

/* pat is over the kak-pub that stands in the kat, however wrong that is. */
static struct atls_bytes pat(struct value_change *change)
{
    struct test_psa psa = bundle.pat;
    const struct atls_bytes key = kak_pub(change);
    const struct value_result stands = value_change_apply(change, "kak-pub", VALUE_CBOR, key);
    const struct atls_bytes link = test_hash(ATLS_ALG_SHA256, first_or(&stands, key));
    test_psa_drop(&psa, TEST_PSA_NONCE);
    value_put(&psa.claims, change, "pat.psa-nonce", VALUE_CBOR, test_cbor_int(TEST_PSA_NONCE),
              test_cbor_bytes(link));
    return test_psa_sign(&psa);
}

/* The fields of a record, under the names that they have in the table. */
struct record_fields {
    const char *type, *value, *ind;
};

static struct atls_bytes record(struct value_change *change, const struct record_fields *names,
                                const char *type, struct atls_bytes value)
{
    struct mutation_parts parts = {.change = change};
    mutation_add(&parts, names->type, VALUE_CBOR, test_cbor_text(type));
    mutation_add(&parts, names->value, VALUE_CBOR, test_cbor_bytes(value));
    mutation_add(&parts, names->ind, VALUE_CBOR, test_cbor_int(4));
    return test_array_encode(parts.part, parts.num_parts);
}

static struct atls_bytes make(struct value_change *change)
{
    static const struct record_fields of_kat = {"kat.type", "kat.value", "kat.ind"};
    static const struct record_fields of_pat = {"pat.type", "pat.value", "pat.ind"};
    struct test_map map = {.num_pairs = 0};
    struct mutation_parts whole = {.change = change};
    value_put(&map, change, "collection.kat", VALUE_CBOR, test_cbor_text("kat"),
              record(change, &of_kat, TEST_KAT_TYPE, token(change)));
    value_put(&map, change, "collection.pat", VALUE_CBOR, test_cbor_text("pat"),
              record(change, &of_pat, TEST_KAT_PAT, pat(change)));
    value_put(&map, change, "collection.__cmwc_t", VALUE_CBOR, test_cbor_text("__cmwc_t"),
              test_cbor_text("tag:ietf.org,2024-02-29:rats/kat"));
    mutation_add(&whole, "collection", VALUE_CBOR, test_map_encode(&map));
    return mutation_join(&whole);
}

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    struct atls_endorsements *set = test_endorsements();
    const struct atls_bytes implementation = test_psa_implementation();
    test_kat_init(&bundle, test_key(ATLS_CRV_P256), 1);
    test_add_psa_key(set, implementation, test_psa_instance(1), bundle.pat.key, false);
    test_add_psa_component(set, implementation, "BL", "1.0.0", test_fill(0xb1, 32),
                           test_fill(0x51, 32));
    test_add_psa_component(set, implementation, "PRoT", NULL, test_fill(0xb2, 48),
                           test_fill(0x52, 32));
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text("kat"));
    out_original->nonce = test_kat_nonce();
    out_original->tls_spki = test_spki(bundle.identity);
    *out_set = set;
}

static bool same_text(const json_t *a, const json_t *b, const char *name)
{
    const char *x = json_string_value(json_object_get(a, name));
    const char *y = json_string_value(json_object_get(b, name));
    return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* is_linked: the platform vouches for this kak and no other. */
static bool is_linked(const json_t *kat, const json_t *psa)
{
    const char *key = json_string_value(json_object_get(kat, "kak-pub"));
    const char *nonce = json_string_value(json_object_get(psa, "psa-nonce"));
    return key != NULL && nonce != NULL &&
           atls_bytes_equal(test_hash(ATLS_ALG_SHA256, test_hex(key)), test_hex(nonce));
}

/* Without signatures the kak may be any; nonce, key and link are compared all the same. */
static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    const json_t *kat = json_object_get(found, "kat");
    const json_t *wanted = json_object_get(expected, "kat");
    const json_t *psa = json_object_get(found, "pat");
    *out_why = "eat_nonce, cnf, or which kak the platform vouches for";
    return same_text(kat, wanted, "eat_nonce") && same_text(kat, wanted, "cnf") &&
           is_linked(kat, psa) &&
           mutation_psa_may_be_part(psa, json_object_get(expected, "pat"), out_why);
}

static const char *const samples[] = {"plain", "other-nonce", "other-machine", "same-kak",
                                      "p384",  "rsa",         "json",          NULL};
/* The tokens, their protected headers and their claims, in each form of the CMW. */
static const char *const embedded[] = {"{kat}[1]",
                                       "{kat}[1]<>[0]",
                                       "{kat}[1]<>[2]",
                                       "{kat}[1]<>#18[0]",
                                       "{kat}[1]<>#18[2]",
                                       "{pat}[1]",
                                       "{pat}[1]<>#18[0]",
                                       "{pat}[1]<>#18[2]",
                                       "{kat}#1668547081",
                                       "{kat}#1668547081<>[0]",
                                       "{kat}#1668547081<>[2]",
                                       "{pat}#1668556859",
                                       "{pat}#1668556859<>#18[0]",
                                       "{pat}#1668556859<>#18[2]",
                                       NULL};

const struct mutation_format mutation_kat = {
    .name = "kat",
    .samples = samples,
    .embedded = embedded,
    .other = "psa",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};
