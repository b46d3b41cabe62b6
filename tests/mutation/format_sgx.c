/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of enclaves, with collateral beside some samples: re-signed ones are of version 3. */
#include "base/span.h"
#include "mutation/quote.h"
#include "mutation/wrap.h"

#include <string.h>

static struct test_quote quote;

#define COVERED(X) MUTATION_QUOTE_HEAD(X) MUTATION_QUOTE_ENCLAVE(X, "")

static const struct mutation_quote_part covered[] = {
    COVERED(MUTATION_QUOTE_PART){NULL, VALUE_OCTETS, 0}};

static const struct mutation_quote_bit bits[] = {
    {"attributes.init", "attributes", 0},
    {"attributes.debug", "attributes", 1},
    {"attributes.reserved", "attributes", 3},
    {"attributes.provisionkey", "attributes", 4},
    {"attributes.kss", "attributes", 7},
    {"qe.debug", "qe.attributes", 1},
    {NULL, NULL, 0},
};

static const struct mutation_field fields[] = {
    MUTATION_WRAP_FIELDS,
    {"quote", VALUE_CBOR},
    {"collateral", VALUE_CBOR},
    {"collateral.0", VALUE_CBOR},
    COVERED(MUTATION_QUOTE_FIELD){"attributes.init", VALUE_BIT},
    {"attributes.debug", VALUE_BIT},
    {"attributes.reserved", VALUE_BIT},
    {"attributes.provisionkey", VALUE_BIT},
    {"attributes.kss", VALUE_BIT},
    MUTATION_QUOTE_SIGNATURE_FIELDS,
};

static struct atls_bytes make(struct value_change *change)
{
    static const struct mutation_quote_plan plan = {covered, bits};
    struct test_map map = {.num_pairs = 0};
    struct mutation_parts list = {.change = change};
    mutation_add(&list, "collateral.0", VALUE_CBOR,
                 test_cbor_bytes(atls_bytes_text(quote.intel.collateral)));
    value_put(&map, change, "quote", VALUE_CBOR, test_cbor_text("quote"),
              test_cbor_bytes(mutation_quote(&quote, &plan, change)));
    value_put(&map, change, "collateral", VALUE_CBOR, test_cbor_text("collateral"),
              test_array_encode(list.part, list.num_parts));
    return mutation_wrap(change, "application/vnd.atls.sgx-quote+cbor", test_map_encode(&map));
}

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    static const char *const settings[] = {"version=3", NULL};
    test_quote_init(&quote, false, settings);
    mutation_quote_set_up(out_original, out_set, &quote);
}

/* may_accept: signer, product and security version of the reference value, the nonce, what must be
 * zeros, and a quoting enclave that Intel has as up to date. */
static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    static const char *const same[] = {"report_data", "mr_signer", "isv_prod_id",
                                       "config_id",   "debug",     NULL};
    *out_why = "isv_svn";
    return json_integer_value(json_object_get(found, "isv_svn")) >=
               json_integer_value(json_object_get(expected, "isv_svn")) &&
           mutation_quote_same(same, found, expected, out_why) &&
           mutation_quote_is_up_to_date(found, out_why);
}

static const char *const samples[] = {"plain",      "other-nonce", "other-machine", "v4", "v5",
                                      "collateral", NULL};
static const char *const embedded[] = {"[1]", NULL};

const struct mutation_format mutation_sgx = {
    .name = "sgx",
    .samples = samples,
    .embedded = embedded,
    .signed_part = mutation_quote_signed_part,
    .other = "tdx",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};
