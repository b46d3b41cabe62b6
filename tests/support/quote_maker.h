/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of tests, with the platform and the collateral of a made-up Intel: field by field, and
 * signed anew each time (link room_sim and room_endorsement). */
#ifndef SUPPORT_QUOTE_MAKER_H
#define SUPPORT_QUOTE_MAKER_H

#include "support/endorse.h"
#include "support/keys.h"

#include "sim/sim_intel.h"

#define TEST_QUOTE_NOW INT64_C(1790000000) /* 2026-09-21T14:13:20Z */

struct test_quote {
    struct atls_sim_quote quote;
    struct atls_sim_intel intel;
    struct atls_key *key;   /* attestation key */
    struct atls_key *signs; /* what signs the quote, where that is another one */
    const char *signer_pem; /* chain of another platform, where it is not this one's */
};

/*
 * test_quote_init gives a quote that appraises as good, changed by `settings` (as of sim-tdx and
 * sim-sgx; ended by NULL, or NULL itself). Nonce 32 times 4e; all that is random is fixed: PPID all
 * c1, FMSPC all f5. Everything lives until the program ends.
 */
void test_quote_init(struct test_quote *t, bool is_td, const char *const *settings);
/* test_quote_quote gives the quote alone, test_quote_evidence as its format has it. */
struct atls_bytes test_quote_quote(const struct test_quote *t);
/* test_quote_over gives the quote over another report_data, 64 octets. */
struct atls_bytes test_quote_over(const struct test_quote *t, struct atls_bytes report_data);
struct atls_bytes test_quote_evidence(const struct test_quote *t);
/* test_quote_wrap wraps anything in place of the quote. */
struct atls_bytes test_quote_wrap(bool is_td, struct atls_bytes quote);
struct atls_bytes test_quote_nonce(void);

/* test_quote_endorsements has the root, collateral, and as reference values what the attester
 * endorses of itself. */
struct atls_endorsements *test_quote_endorsements(const struct test_quote *t, bool simulated);
/* Parts of it: the root alone; the collateral; a record of reference values, JSON of a template's
 * "measurements". */
void test_quote_add_root(struct atls_endorsements *set, const struct test_quote *t, bool simulated);
void test_quote_add_collateral(struct atls_endorsements *set, const struct test_quote *t);
void test_quote_add_reference(struct atls_endorsements *set, bool is_td, const char *measurements);
/* test_load adds what a file of these octets holds, as of `now_s`. */
void test_load(struct atls_endorsements *set, struct atls_bytes octets, int64_t now_s);
/* test_quote_code gives the measurements of the code of `t` that the attester endorses. */
const char *test_quote_code(const struct test_quote *t);

#endif
