/* SPDX-License-Identifier: Apache-2.0 */
/* SEV-SNP reports of tests, with the certificates of a made-up AMD: field by field, and signed anew
 * each time (link room_sim and room_endorsement). */
#ifndef SUPPORT_SNP_MAKER_H
#define SUPPORT_SNP_MAKER_H

#include "support/endorse.h"
#include "support/keys.h"

#include "sim/sim_snp_chain.h"

#define TEST_SNP_NOW INT64_C(1790000000)
/* Serial number of the ASK. */
#define TEST_SNP_ASK_SERIAL UINT64_C(65537)

struct test_snp {
    struct atls_sim_snp snp;
    struct atls_sim_snp_maker maker;
    const char *provider;
    bool other_signature; /* by a key that no certificate names */
};

/* test_snp_init gives a report that appraises as good, changed by `settings` (as of sim-snp; ended
 * by NULL, or NULL itself): nonce 32 times 4e, CHIP_ID all c1, REPORT_ID all d1. */
void test_snp_init(struct test_snp *s, const char *const *settings);
/* test_snp_put changes octets of the report. */
void test_snp_put(struct test_snp *s, size_t at, struct atls_bytes octets);
/* test_snp_report gives the signed report alone, test_snp_table the table, test_snp_evidence the
 * map around both, and test_snp_wrap the map around anything. */
struct atls_bytes test_snp_report(const struct test_snp *s);
struct atls_bytes test_snp_table(const struct test_snp *s);
struct atls_bytes test_snp_evidence(const struct test_snp *s);
struct atls_bytes test_snp_wrap(const char *provider, struct atls_bytes report,
                                struct atls_bytes table);
struct atls_bytes test_snp_nonce(void);

/* test_snp_endorsements has the ARK, and as reference values what sim-snp endorses of itself. */
struct atls_endorsements *test_snp_endorsements(const struct test_snp *s, bool simulated);
/* test_snp_add_root adds the ARK alone, of a product line by its name. */
void test_snp_add_root(struct atls_endorsements *set, const struct test_snp *s, const char *product,
                       bool simulated);
/* test_snp_add_references adds what sim-snp endorses of itself, without the ARK. */
void test_snp_add_references(struct atls_endorsements *set, const struct test_snp *s);
/* test_snp_add_reference adds reference values of the launch measurement of `s`: JSON of a
 * template's "measurements". */
void test_snp_add_reference(struct atls_endorsements *set, const struct test_snp *s,
                            const char *measurements);

#endif
