/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of SGX and TDX that are made part by part, each part a field, and signed anew. */
#ifndef MUTATION_QUOTE_H
#define MUTATION_QUOTE_H

#include "mutation/format.h"
#include "support/quote_maker.h"

/* A part of a structure: `len` octets, the next one right behind it. */
struct mutation_quote_part {
    const char *name;
    enum value_kind kind;
    size_t len;
};

/* A bit of a part that is a field of its own. */
struct mutation_quote_bit {
    const char *name;
    const char *part;
    unsigned bit; /* of a little-endian number */
};

struct mutation_quote_plan {
    const struct mutation_quote_part *covered; /* header and body; ends with a len of 0 */
    const struct mutation_quote_bit *bits;     /* ends with NULL */
};

/* X(name, kind, octets) for each part; as rows of fields and of parts. */
/* clang-format off */
#define MUTATION_QUOTE_FIELD(name, kind, len) {name, VALUE_##kind},
#define MUTATION_QUOTE_PART(name, kind, len) {name, VALUE_##kind, len},

#define MUTATION_QUOTE_HEAD(X)                                                                     \
    X("quote.version", LITTLE, 2)                                                                  \
    X("quote.att_key_type", LITTLE, 2)                                                             \
    X("quote.tee_type", LITTLE, 4)                                                                 \
    X("quote.reserved", OCTETS, 4)                                                                 \
    X("quote.qe_vendor_id", OCTETS, 16)                                                            \
    X("quote.user_data", OCTETS, 20)

/* A report of an enclave, 384 octets; `at` stands in front of the names. */
#define MUTATION_QUOTE_ENCLAVE(X, at)                                                              \
    X(at "cpu_svn", OCTETS, 16)                                                                    \
    X(at "misc_select", OCTETS, 4)                                                                 \
    X(at "reserved1", OCTETS, 12)                                                                  \
    X(at "isv_ext_prod_id", OCTETS, 16)                                                            \
    X(at "attributes", OCTETS, 16)                                                                 \
    X(at "mr_enclave", OCTETS, 32)                                                                 \
    X(at "reserved2", OCTETS, 32)                                                                  \
    X(at "mr_signer", OCTETS, 32)                                                                  \
    X(at "reserved3", OCTETS, 32)                                                                  \
    X(at "config_id", OCTETS, 64)                                                                  \
    X(at "isv_prod_id", LITTLE, 2)                                                                 \
    X(at "isv_svn", LITTLE, 2)                                                                     \
    X(at "config_svn", LITTLE, 2)                                                                  \
    X(at "reserved4", OCTETS, 42)                                                                  \
    X(at "isv_family_id", OCTETS, 16)                                                              \
    X(at "report_data", OCTETS, 64)

/* What is behind the body, in the order of the quote. */
#define MUTATION_QUOTE_SIGNATURE_FIELDS                                                            \
    {"quote.signature_len", VALUE_LITTLE}, {"quote.signature", VALUE_OCTETS_ES256},                \
    {"quote.key", VALUE_OCTETS},                                                                   \
    MUTATION_QUOTE_ENCLAVE(MUTATION_QUOTE_FIELD, "qe.")                                            \
    {"qe.debug", VALUE_BIT}, {"qe.signature", VALUE_OCTETS_ES256}, {"qe.auth_len", VALUE_LITTLE},  \
    {"qe.auth", VALUE_OCTETS}, {"quote.chain_type", VALUE_LITTLE},                                 \
    {"quote.chain_len", VALUE_LITTLE}, {"quote.chain", VALUE_OCTETS}, {"quote.tail", VALUE_OCTETS}
/* clang-format on */

/* mutation_quote gives the quote of `t` with a change; what follows a part has its length. */
struct atls_bytes mutation_quote(const struct test_quote *t, const struct mutation_quote_plan *plan,
                                 struct value_change *change);

/* mutation_quote_signed_part is the signed_part of both formats: all but signatures, which may be
 * other ones of the same octets, and what is behind the report of the quoting enclave: a chain,
 * which is text around certificates, and zeros. */
struct atls_bytes mutation_quote_signed_part(const char *path, struct atls_bytes leaf);

/* mutation_quote_is_up_to_date: the status of platform and quoting enclave in verified claims. */
bool mutation_quote_is_up_to_date(const json_t *found, const char **out_why);

/* mutation_quote_same compares claims by name; false, and which one in *out_why. */
bool mutation_quote_same(const char *const *names, const json_t *found, const json_t *expected,
                         const char **out_why);

/* mutation_quote_set_up fills what set_up gives. */
void mutation_quote_set_up(struct test_sample *out_original,
                           const struct atls_endorsements **out_set, const struct test_quote *t);

#endif
