/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of trust domains: re-signed ones are of version 5 and TD 1.5, which have all fields. */
#include "base/span.h"
#include "mutation/quote.h"
#include "mutation/wrap.h"

#include <string.h>

static struct test_quote quote;

/* clang-format off */
#define COVERED(X)                                                                                 \
    MUTATION_QUOTE_HEAD(X)                                                                         \
    X("quote.body_type", LITTLE, 2)                                                                \
    X("quote.body_len", LITTLE, 4)                                                                 \
    X("tee_tcb_svn", OCTETS, 16)                                                                   \
    X("mr_seam", OCTETS, 48)                                                                       \
    X("mrsigner_seam", OCTETS, 48)                                                                 \
    X("seam_attributes", OCTETS, 8)                                                                \
    X("td_attributes", OCTETS, 8)                                                                  \
    X("xfam", OCTETS, 8)                                                                           \
    X("mr_td", OCTETS, 48)                                                                         \
    X("mr_config_id", OCTETS, 48)                                                                  \
    X("mr_owner", OCTETS, 48)                                                                      \
    X("mr_owner_config", OCTETS, 48)                                                               \
    X("rtmr0", OCTETS, 48)                                                                         \
    X("rtmr1", OCTETS, 48)                                                                         \
    X("rtmr2", OCTETS, 48)                                                                         \
    X("rtmr3", OCTETS, 48)                                                                         \
    X("report_data", OCTETS, 64)                                                                   \
    X("tee_tcb_svn2", OCTETS, 16)                                                                  \
    X("mr_servicetd", OCTETS, 48)
/* clang-format on */

static const struct mutation_quote_part covered[] = {
    COVERED(MUTATION_QUOTE_PART){NULL, VALUE_OCTETS, 0}};

static const struct mutation_quote_bit bits[] = {
    {"td_attributes.debug", "td_attributes", 0},
    {"td_attributes.reserved", "td_attributes", 8},
    {"td_attributes.sept_ve_disable", "td_attributes", 28},
    {"td_attributes.migratable", "td_attributes", 29},
    {"td_attributes.perfmon", "td_attributes", 63},
    {"xfam.sse", "xfam", 1},
    {"qe.debug", "qe.attributes", 1},
    {NULL, NULL, 0},
};

static const struct mutation_field fields[] = {
    MUTATION_WRAP_FIELDS,
    {"provider", VALUE_CBOR},
    {"outblob", VALUE_CBOR},
    COVERED(MUTATION_QUOTE_FIELD){"td_attributes.debug", VALUE_BIT},
    {"td_attributes.reserved", VALUE_BIT},
    {"td_attributes.sept_ve_disable", VALUE_BIT},
    {"td_attributes.migratable", VALUE_BIT},
    {"td_attributes.perfmon", VALUE_BIT},
    {"xfam.sse", VALUE_BIT},
    {"quote.qe_type", VALUE_LITTLE},
    {"quote.qe_len", VALUE_LITTLE},
    MUTATION_QUOTE_SIGNATURE_FIELDS,
};

static struct atls_bytes make(struct value_change *change)
{
    static const struct mutation_quote_plan plan = {covered, bits};
    struct test_map map = {.num_pairs = 0};
    value_put(&map, change, "outblob", VALUE_CBOR, test_cbor_text("outblob"),
              test_cbor_bytes(mutation_quote(&quote, &plan, change)));
    value_put(&map, change, "provider", VALUE_CBOR, test_cbor_text("provider"),
              test_cbor_text("tdx_guest"));
    return mutation_wrap(change, "application/vnd.veraison.tsm-report+cbor; provider=\"tdx_guest\"",
                         test_map_encode(&map));
}

static void set_up(struct test_sample *out_original, const struct atls_endorsements **out_set)
{
    static const char *const settings[] = {"version=5", "td-minor=5", NULL};
    test_quote_init(&quote, true, settings);
    mutation_quote_set_up(out_original, out_set, &quote);
}

/* may_accept: what the reference value of the samples states, the nonce, what must be zeros, and a
 * quoting enclave and a module that Intel has as up to date. */
static bool may_accept(const json_t *found, const json_t *expected, const char **out_why)
{
    static const char *const same[] = {"report_data",     "mr_td", "rtmr0",         "rtmr1",
                                       "rtmr2",           "rtmr3", "mr_config_id",  "mr_owner",
                                       "mr_owner_config", "debug", "td_attributes", "mrsigner_seam",
                                       "seam_attributes", NULL};
    const json_t *service = json_object_get(found, "mr_servicetd");
    *out_why = "mr_servicetd";
    return (service == NULL ||
            strspn(json_string_value(service), "0") == json_string_length(service)) &&
           mutation_quote_same(same, found, expected, out_why) &&
           mutation_quote_is_up_to_date(found, out_why);
}

static const char *const samples[] = {"plain",  "other-nonce", "other-machine", "v5",
                                      "td-1.5", "tail",        "json",          NULL};
static const char *const embedded[] = {"[1]", NULL};

const struct mutation_format mutation_tdx = {
    .name = "tdx",
    .samples = samples,
    .embedded = embedded,
    .signed_part = mutation_quote_signed_part,
    .other = "sgx",
    .may_accept = may_accept,
    .fields = fields,
    .num_fields = ATLS_ARRAY_LEN(fields),
    .set_up = set_up,
    .make = make,
};
