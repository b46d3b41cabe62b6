/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation documents of AWS Nitro Enclaves: COSE_Sign1 over a map with the path to its key. */
#include "base/span.h"
#include "mutation/wrap.h"
#include "support/endorse.h"
#include "support/memory.h"
#include "support/nitro_maker.h"

#include <stdlib.h>

static struct test_nitro_chain chain;
static struct test_nitro document;

static const char *const members[] = {"module_id", "digest",     "timestamp", "certificate",
                                      "cabundle",  "public_key", "user_data", "nonce"};

static const struct mutation_field fields[] = {
    MUTATION_WRAP_FIELDS,
    {"cose.protected", VALUE_CBOR},
    {"cose.unprotected", VALUE_CBOR},
    {"cose.payload", VALUE_CBOR},
    {"cose.signature", VALUE_CBOR},
    {"protected.alg", VALUE_CBOR},
    {"module_id", VALUE_CBOR},
    {"digest", VALUE_CBOR},
    {"timestamp", VALUE_CBOR},
    {"certificate", VALUE_CBOR},
    {"cabundle", VALUE_CBOR},
    {"cabundle.root", VALUE_CBOR},
    {"cabundle.instance", VALUE_CBOR},
    {"public_key", VALUE_CBOR},
    {"user_data", VALUE_CBOR},
    {"nonce", VALUE_CBOR},
    {"pcrs", VALUE_CBOR},
    {"pcrs.0", VALUE_CBOR},
    {"pcrs.1", VALUE_CBOR},
    {"pcrs.2", VALUE_CBOR},
    {"pcrs.3", VALUE_CBOR},
    {"pcrs.8", VALUE_CBOR},
};

static struct atls_bytes value_of(const char *name)
{
    const struct atls_bytes key = test_cbor_text(name);
    for (size_t i = 0; i < document.claims.num_pairs; i++) {
        if (atls_bytes_equal(document.claims.key[i], key)) {
            return document.claims.value[i];
        }
    }
    abort();
}

static struct atls_bytes bundle(struct value_change *change)
{
    struct mutation_parts list = {.change = change};
    for (size_t i = 0; i < TEST_NITRO_LEAF; i++) {
        const struct atls_bytes cert = test_cbor_bytes(chain.certs[i]);
        if (i == 0 || i == TEST_NITRO_LEAF - 1) {
            mutation_add(&list, i == 0 ? "cabundle.root" : "cabundle.instance", VALUE_CBOR, cert);
        } else {
            list.part[list.num_parts++] = cert;
        }
    }
    return test_array_encode(list.part, list.num_parts);
}

static struct atls_bytes pcrs(struct value_change *change)
{
    static const struct {
        int64_t index;
        const char *field;
        uint8_t fill;
    } rows[] = {{0, "pcrs.0", 0xa0},
                {1, "pcrs.1", 0xa1},
                {2, "pcrs.2", 0xa2},
                {3, "pcrs.3", 0x00},
                {8, "pcrs.8", 0xa8}};
    struct test_map map = {.num_pairs = 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        value_put(&map, change, rows[i].field, VALUE_CBOR, test_cbor_int(rows[i].index),
                  test_cbor_fill(rows[i].fill, 48));
    }
    return test_map_encode(&map);
}

static struct atls_bytes payload(struct value_change *change)
{
    struct test_map map = {.num_pairs = 0};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        const bool is_bundle = atls_bytes_is_text(atls_bytes_text(members[i]), "cabundle");
        value_put(&map, change, members[i], VALUE_CBOR, test_cbor_text(members[i]),
                  is_bundle ? bundle(change) : value_of(members[i]));
    }
    value_put(&map, change, "pcrs", VALUE_CBOR, test_cbor_text("pcrs"), pcrs(change));
    return test_map_encode(&map);
}

/* sign covers what stands in the message: RFC 9052, 4.4. */
static struct atls_bytes sign(struct atls_bytes protect, struct atls_bytes covered)
{
    const struct atls_bytes none = {NULL, 0};
    const struct atls_bytes structure[] = {test_cbor_text("Signature1"), protect,
                                           test_cbor_bytes(none), covered};
    return test_cbor_bytes(
        test_sign(document.key, ATLS_ALG_ES384, test_array_encode(structure, 4)));
}

static struct atls_bytes first_or(const struct value_result *result, struct atls_bytes otherwise)
{
    return result->times != 0 ? result->encoded : otherwise;
}

static struct atls_bytes make(struct value_change *change)
{
    struct test_map protect = {.num_pairs = 0};
    const struct test_map unprotect = {.num_pairs = 0};
    value_put(&protect, change, "protected.alg", VALUE_CBOR, test_cbor_int(1),
              test_cbor_int(ATLS_ALG_ES384));
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
    mutation_add(&array, "cose.signature", VALUE_CBOR,
                 sign(first_or(&signed_headers, headers), first_or(&signed_claims, claims_set)));
    return mutation_wrap(change, "application/vnd.atls.nitro+cose",
                         test_array_encode(array.part, array.num_parts));
}

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    const struct atls_bytes spki = test_spki(test_key(ATLS_CRV_P256));
    test_nitro_chain_init(&chain);
    test_nitro_issue(&chain);
    test_nitro_init(&document, &chain);
    test_nitro_set(&document, "public_key", test_cbor_bytes(spki));
    test_nitro_set(&document, "user_data", test_cbor_fill(0x75, 4));
    struct atls_endorsements *set = test_endorsements();
    test_add_nitro_root(set, chain.certs[0], false);
    test_add_nitro_image(set, 0x107);
    memset(out_original, 0, sizeof *out_original);
    out_original->format = atls_format_by_name(atls_bytes_text("nitro"));
    out_original->nonce = test_nitro_nonce();
    out_original->tls_spki = spki;
    *out_set = set;
}

/* may_accept: what the one reference value of the samples names, and the nonce; a document whose
 * signature nobody looks at may say any time within its certificate's, and any other PCR. */
static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    static const char *const same[] = {"nonce", "digest"};
    static const char *const image[] = {"0", "1", "2", "8"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(same); i++) {
        if (!json_equal(json_object_get(found, same[i]), json_object_get(expected, same[i]))) {
            *out_why = same[i];
            return false;
        }
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(image); i++) {
        if (!json_equal(json_object_get(json_object_get(found, "pcrs"), image[i]),
                        json_object_get(json_object_get(expected, "pcrs"), image[i]))) {
            *out_why = "a PCR of the image";
            return false;
        }
    }
    const json_int_t made = json_integer_value(json_object_get(found, "timestamp"));
    *out_why = "timestamp";
    return made <= (TEST_NITRO_NOW + 60) * 1000 + 999 && made >= (TEST_NITRO_NOW - 3700) * 1000;
}

static const char *const samples[] = {"plain",  "other-nonce", "other-machine", "indefinite",
                                      "tagged", "public-key",  "json",          NULL};
/* The value of the CMW, the protected header and the payload; so that they are changed as such. */
static const char *const embedded[] = {"[1]",         "[1]<>[0]",    "[1]<>[2]",
                                       "[1]<>#18[0]", "[1]<>#18[2]", NULL};

const struct mutation_format mutation_nitro = {
    .name = "nitro",
    .samples = samples,
    .embedded = embedded,
    .other = "psa",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};
