/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes that are signed as they should be, and wrong in one thing: each has its error. */
#include "scene.h"

#include "support/quote_maker.h"

#include <stdio.h>

struct wrong {
    bool is_td;
    const char *settings[4];
    const char *err;
    const char *claim;
};

static const struct wrong wrongs[] = {
    {true, {"tcb.until=2026-09-10T00:00:00Z"}, "COLLATERAL", "nextUpdate"}, /* lists are fresh */
    {true, {"identity.until=2026-09-10T00:00:00Z"}, "COLLATERAL", "nextUpdate"},
    {false, {"crl.until=2026-09-10T00:00:00Z"}, "COLLATERAL", NULL},
    {false, {"pck.until=2026-09-10T00:00:00Z"}, "CHAIN", NULL},
    {true, {"tcb.fmspc=f5f5f5f5f5f6"}, "COLLATERAL", "TCB info"},
    {true, {"tcb.pceid=0001"}, "COLLATERAL", "tcbInfo.pceId"},
    {true, {"revoked=pck"}, "REVOKED", NULL},
    {false, {"revoked=ca"}, "REVOKED", NULL},
    {false, {"revoked=tcb-signing"}, "REVOKED", NULL},
    {true, {"tcb.status=Revoked"}, "REVOKED", "tcbStatus"},
    {true, {"module.status=Revoked"}, "REVOKED", "tcbStatus"},
    {false, {"identity.status=Revoked"}, "REVOKED", "tcbStatus"},
    {true, {"module.version=3"}, "REFERENCE_VALUES", "tee_tcb_svn"},
    {true, {"tee-tcb-svn=01010000000000000000000000000000"}, "LIFECYCLE", "tee_tcb_svn"},
    {true,
     {"mrsigner-seam=01"
      "0000000000000000000000000000000000000000000000000000000000000000"
      "000000000000000000000000000000"},
     "REFERENCE_VALUES",
     "mrsigner_seam"},
    {true, {"seam-attributes=0100000000000000"}, "REFERENCE_VALUES", "seam_attributes"},
    {true, {"qe.isv-prod-id=9"}, "REFERENCE_VALUES", "qe_report.isvprodid"},
    {false,
     {"qe.mr-signer=00000000000000000000000000000000000000000000000000000000000000aa"},
     "REFERENCE_VALUES",
     "qe_report.mrsigner"},
    {false,
     {"qe.attributes=13000000000000000000000000000000"},
     "REFERENCE_VALUES",
     "qe_report.attributes"},
    {false, {"qe.misc-select=01000000"}, "REFERENCE_VALUES", "qe_report.miscselect"},
    {false, {"qe.isv-svn=1"}, "LIFECYCLE", "qe_report.isvsvn"},
};

static enum atls_err appraise_one(struct scene *s, const struct test_quote *t)
{
    scene_init(s, test_quote_endorsements(t, false), test_quote_nonce());
    return appraise(s, t->quote.is_td ? &atls_appraiser_tdx : &atls_appraiser_sgx,
                    test_quote_evidence(t));
}

static void every_wrong_thing_has_its_error_and_its_claim(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrongs); i++) {
        struct test_quote t;
        struct scene s;
        test_quote_init(&t, wrongs[i].is_td, wrongs[i].settings);
        const enum atls_err err = appraise_one(&s, &t);
        printf("%s: %s %s\n", wrongs[i].settings[0], atls_err_name(err), s.diag.claim);
        assert_string_equal(atls_err_name(err), wrongs[i].err);
        if (wrongs[i].claim != NULL) {
            assert_string_equal(s.diag.claim, wrongs[i].claim);
        }
        scene_cleanup(&s);
        atls_sim_intel_cleanup(&t.intel);
    }
}

static void a_quote_signed_by_a_key_of_ones_own_is_refused(void **state)
{
    (void)state;
    struct test_quote t;
    struct test_quote other;
    struct scene s;
    test_quote_init(&t, true, NULL);
    test_quote_init(&other, true, NULL);
    t.signs = other.key;
    enum atls_err err = appraise_one(&s, &t);
    assert_refused(&s, err, SIGNATURE, "quote.signature");
    t.signs = NULL;
    t.signer_pem = other.intel.chain_pem; /* a chain whose root nobody loaded */
    err = appraise_one(&s, &t);
    assert_refused(&s, err, NOT_ENDORSED, "root");
    atls_sim_intel_cleanup(&t.intel);
    atls_sim_intel_cleanup(&other.intel);
}

/* Quoting libraries of 2020 wrote the root in front of its CA. */
static void a_chain_with_its_root_in_the_middle_is_one(void **state)
{
    (void)state;
    static const char end[] = "-----END CERTIFICATE-----\n";
    char pem[8192];
    struct test_quote t;
    struct scene s;
    test_quote_init(&t, false, NULL);
    const char *ca = strstr(t.intel.chain_pem, end) + sizeof end - 1;
    const char *root = strstr(ca, end) + sizeof end - 1;
    snprintf(pem, sizeof pem, "%.*s%s%.*s", (int)(ca - t.intel.chain_pem), t.intel.chain_pem, root,
             (int)(root - ca), ca);
    t.signer_pem = pem;
    assert_err(appraise_one(&s, &t), OK);
    scene_cleanup(&s);
    snprintf(pem, sizeof pem, "%s%.*s", ca, (int)(ca - t.intel.chain_pem), t.intel.chain_pem);
    const enum atls_err err = appraise_one(&s, &t); /* the leaf is the first */
    assert_err(err, CHAIN);
    atls_sim_intel_cleanup(&t.intel);
}

/* Places in a TDX quote of version 4: header, body and length, then signature and key, and 6 octets
 * of type and length; the report of the quoting enclave and its signature. */
#define AT_SIGNATURE 636
#define AT_KEY       700
#define AT_REPORT    770
#define REPORT_LEN   (384 + 64)

static void refused_with(struct scene *s, struct atls_bytes quote, size_t at, const char *claim)
{
    ((uint8_t *)(uintptr_t)quote.data)[at] ^= 0x10;
    const enum atls_err err = appraise(s, &atls_appraiser_tdx, test_quote_wrap(true, quote));
    assert_refused(s, err, SIGNATURE, claim);
    ((uint8_t *)(uintptr_t)quote.data)[at] ^= 0x10;
}

/* That a report of a quoting enclave verifies is remembered: of it as it is, under that PCK. */
static void no_signature_of_a_quote_that_was_seen_stands_for_another(void **state)
{
    (void)state;
    struct test_quote t;
    struct test_quote other;
    struct scene s;
    test_quote_init(&t, true, NULL);
    test_quote_init(&other, true, NULL);
    assert_err(appraise_one(&s, &other), OK);
    scene_cleanup(&s);
    assert_err(appraise_one(&s, &t), OK);
    const struct atls_bytes quote = test_copy(test_quote_quote(&t));
    assert_err(appraise(&s, &atls_appraiser_tdx, test_quote_wrap(true, quote)), OK);
    for (size_t at = AT_REPORT; at < AT_REPORT + REPORT_LEN; at += 7) {
        refused_with(&s, quote, at, "qe_report.signature");
    }
    for (size_t at = AT_SIGNATURE; at < AT_SIGNATURE + 64; at += 7) {
        refused_with(&s, quote, at, "quote.signature");
    }
    memcpy((uint8_t *)(uintptr_t)&quote.data[AT_REPORT], &test_quote_quote(&other).data[AT_REPORT],
           REPORT_LEN);
    const enum atls_err err = appraise(&s, &atls_appraiser_tdx, test_quote_wrap(true, quote));
    assert_refused(&s, err, SIGNATURE, "qe_report.signature");
    scene_cleanup(&s);
    atls_sim_intel_cleanup(&t.intel);
    atls_sim_intel_cleanup(&other.intel);
}

/* The quote says the key that signed it, which the quoting enclave has never seen. */
static void a_key_that_no_quoting_enclave_vouches_for_is_refused(void **state)
{
    (void)state;
    struct test_quote t;
    struct test_quote other;
    struct scene s;
    test_quote_init(&t, true, NULL);
    test_quote_init(&other, true, NULL);
    t.signs = other.key;
    const struct atls_bytes quote = test_copy(test_quote_quote(&t));
    memcpy((uint8_t *)(uintptr_t)&quote.data[AT_KEY], &test_quote_quote(&other).data[AT_KEY], 64);
    scene_init(&s, test_quote_endorsements(&t, false), test_quote_nonce());
    const enum atls_err err = appraise(&s, &atls_appraiser_tdx, test_quote_wrap(true, quote));
    assert_refused(&s, err, SIGNATURE, "qe_report.report_data");
    scene_cleanup(&s);
    atls_sim_intel_cleanup(&t.intel);
    atls_sim_intel_cleanup(&other.intel);
}

/* Collateral of a simulation speaks of the same processor family as the real platform is of. */
static void collateral_of_another_root_says_nothing_of_a_platform(void **state)
{
    (void)state;
    static const char *const old[] = {"tcb.until=2026-09-10T00:00:00Z", NULL};
    struct test_quote t;
    struct test_quote other;
    struct scene s;
    test_quote_init(&t, true, old); /* whose lists of revoked certificates are good */
    test_quote_init(&other, true, NULL);
    for (size_t simulated = 0; simulated < 2; simulated++) { /* and two that are none */
        struct atls_endorsements *set = test_endorsements();
        test_quote_add_root(set, &t, false);
        test_quote_add_root(set, &other, simulated == 1);
        test_quote_add_collateral(set, &t);
        test_quote_add_collateral(set, &other);
        test_quote_add_reference(set, true, test_quote_code(&t));
        scene_init(&s, set, test_quote_nonce());
        const enum atls_err err = appraise(&s, &atls_appraiser_tdx, test_quote_evidence(&t));
        assert_refused(&s, err, COLLATERAL, "tcbInfo");
        scene_cleanup(&s);
    }
    atls_sim_intel_cleanup(&t.intel);
    atls_sim_intel_cleanup(&other.intel);
}

/* Below the newest level in one component, or in the SVN of the provisioning enclave, the next
 * level counts, which is out of date. */
static void a_platform_that_does_not_reach_a_level_is_not_at_it(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "evaluation=17", /* as it is */
        "tcb.components=000000000000000000000000000000ff",
        "tcb.components=00ff0000000000000000000000000000",
        "tcb.pcesvn=65535",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(settings); i++) {
        const char *const one[] = {settings[i], NULL};
        struct test_quote t;
        struct scene s;
        test_quote_init(&t, false, one);
        assert_err(appraise_one(&s, &t), OK);
        assert_int_equal(atls_vector_status(&s.submod.vector),
                         i == 0 ? ATLS_TIER_AFFIRMING : ATLS_TIER_CONTRAINDICATED);
        scene_cleanup(&s);
        atls_sim_intel_cleanup(&t.intel);
    }
}

static void another_nonce_and_octets_behind_it_are_refused(void **state)
{
    (void)state;
    struct test_quote t;
    struct scene s;
    test_quote_init(&t, false, NULL);
    assert_err(appraise_one(&s, &t), OK);
    scene_cleanup(&s);
    scene_init(&s, test_quote_endorsements(&t, false), test_fill(0x4e, 48));
    const enum atls_err err = appraise(&s, &atls_appraiser_sgx, test_quote_evidence(&t));
    assert_refused(&s, err, FRESHNESS, "report_data");
    atls_sim_intel_cleanup(&t.intel);
}

/* run_masked appraises a trust domain by a record with its code, and attributes under a mask. */
static enum atls_tier run_masked(const char *attributes, const char *octets, const char *mask)
{
    const char *const settings[] = {attributes, NULL};
    struct test_quote t;
    struct scene s;
    char record[1024];
    test_quote_init(&t, true, settings);
    const char *code = test_quote_code(&t); /* [{"value":{"mrtee":[...]}}] */
    snprintf(record, sizeof record, "%.*s,\"attributes\":{\"value\":\"%s\",\"mask\":\"%s\"}}}]",
             (int)strlen(code) - 3, code, octets, mask);
    struct atls_endorsements *set = test_endorsements();
    test_quote_add_root(set, &t, false);
    test_quote_add_collateral(set, &t);
    test_quote_add_reference(set, true, record);
    scene_init(&s, set, test_quote_nonce());
    assert_err(appraise(&s, &atls_appraiser_tdx, test_quote_evidence(&t)), OK);
    const enum atls_tier tier = s.submod.status;
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_APPROVED_BOOT);
    scene_cleanup(&s);
    atls_sim_intel_cleanup(&t.intel);
    return tier;
}

/* "not under debug" is no word on migration, or on pages that the host takes away. */
static void a_mask_says_nothing_of_the_bits_that_it_leaves_out(void **state)
{
    static const char migratable[] = "td-attributes=0000003000000000";
    static const char no_sept_ve[] = "td-attributes=0000000000000000";
    static const char none[] = "AAAAAAAAAAA=";
    static const char of_debug[] = "AQAAAAAAAAA=";      /* 01 */
    static const char of_migratable[] = "AAAAIAAAAAA="; /* 00000020 */
    static const char of_sept_ve[] = "AAAAEAAAAAA=";    /* 00000010 */
    (void)state;
    assert_int_equal(run_masked("td-attributes=0000001000000000", none, of_debug),
                     ATLS_TIER_AFFIRMING);
    assert_int_equal(run_masked(migratable, none, of_debug), ATLS_TIER_WARNING);
    assert_int_equal(run_masked(migratable, of_sept_ve, of_sept_ve), ATLS_TIER_WARNING);
    assert_int_equal(run_masked(migratable, of_migratable, of_migratable), ATLS_TIER_AFFIRMING);
    assert_int_equal(run_masked(no_sept_ve, none, of_debug), ATLS_TIER_WARNING);
    assert_int_equal(run_masked(no_sept_ve, none, of_migratable), ATLS_TIER_WARNING);
    assert_int_equal(run_masked(no_sept_ve, none, of_sept_ve), ATLS_TIER_AFFIRMING);
}

/* run_stated appraises with a setting, by a record with the code and, not NULL, another value. */
static enum atls_tier run_stated(bool is_td, const char *setting, const char *stated,
                                 struct atls_diag *reason)
{
    const char *const settings[] = {setting, NULL};
    struct test_quote t;
    struct scene s;
    char record[1024];
    test_quote_init(&t, is_td, settings);
    const char *code = test_quote_code(&t);
    snprintf(record, sizeof record, "%.*s%s%s]", (int)strlen(code) - 1, code,
             stated != NULL ? "," : "", stated != NULL ? stated : "");
    struct atls_endorsements *set = test_endorsements();
    test_quote_add_root(set, &t, false);
    test_quote_add_collateral(set, &t);
    test_quote_add_reference(set, is_td, record);
    scene_init(&s, set, test_quote_nonce());
    assert_err(
        appraise(&s, is_td ? &atls_appraiser_tdx : &atls_appraiser_sgx, test_quote_evidence(&t)),
        OK);
    const enum atls_tier tier = s.submod.status;
    *reason = s.submod.reason;
    scene_cleanup(&s);
    atls_sim_intel_cleanup(&t.intel);
    return tier;
}

/* What no code measures counts only where somebody has said that it is right. */
static void what_nothing_measured_is_stated_or_told(void **state)
{
    (void)state;
    static const struct {
        bool is_td;
        const char *setting, *stated, *claim;
        enum atls_tier tier; /* without `stated` */
    } cases[] = {
        {true, "xfam=e71a0e0000000000", NULL, "", ATLS_TIER_AFFIRMING}, /* all that is defined */
        {true, "xfam=e71a060000000001",
         "{\"key\":{\"type\":\"string\",\"value\":\"xfam\"},\"value\":{\"raw-value\":{\"type\":"
         "\"bytes\",\"value\":\"5xoGAAAAAAE=\"}}}",
         "xfam", ATLS_TIER_CONTRAINDICATED},
        {true, "xfam=ef1a060000000000", NULL, "xfam", ATLS_TIER_CONTRAINDICATED}, /* MPX */
        {true, "xfam=e51a060000000000", NULL, "xfam", ATLS_TIER_CONTRAINDICATED}, /* no SSE */
        {false, "config-svn=3",
         "{\"key\":{\"type\":\"string\",\"value\":\"config_svn\"},\"value\":{\"svn\":{\"type\":"
         "\"min-value\",\"value\":2}}}",
         "config_svn", ATLS_TIER_WARNING},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_diag reason;
        assert_int_equal(run_stated(cases[i].is_td, cases[i].setting, NULL, &reason),
                         cases[i].tier);
        assert_string_equal(reason.claim, cases[i].claim);
        if (cases[i].stated != NULL) {
            assert_int_equal(run_stated(cases[i].is_td, cases[i].setting, cases[i].stated, &reason),
                             ATLS_TIER_AFFIRMING);
        }
    }
}

static void refuse_or_equal(struct atls_bytes mutant, size_t at, void *context)
{
    struct scene *s = context;
    (void)at;
    assert_int_not_equal(appraise(s, &atls_appraiser_tdx, test_quote_wrap(true, mutant)), ATLS_OK);
}

static void every_prefix_of_a_quote_is_refused(void **state)
{
    (void)state;
    struct test_quote t;
    struct scene s;
    test_quote_init(&t, true, NULL);
    scene_init(&s, test_quote_endorsements(&t, false), test_quote_nonce());
    const struct atls_bytes quote = test_quote_quote(&t);
    for (size_t len = 1; len < quote.len; len += len < 700 || len + 40 > quote.len ? 1 : 37) {
        refuse_or_equal(test_copy(atls_bytes_of(quote.data, len)), len, &s);
    }
    atls_sim_intel_cleanup(&t.intel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_thing_has_its_error_and_its_claim),
        cmocka_unit_test(a_quote_signed_by_a_key_of_ones_own_is_refused),
        cmocka_unit_test(a_chain_with_its_root_in_the_middle_is_one),
        cmocka_unit_test(no_signature_of_a_quote_that_was_seen_stands_for_another),
        cmocka_unit_test(a_key_that_no_quoting_enclave_vouches_for_is_refused),
        cmocka_unit_test(collateral_of_another_root_says_nothing_of_a_platform),
        cmocka_unit_test(a_platform_that_does_not_reach_a_level_is_not_at_it),
        cmocka_unit_test(another_nonce_and_octets_behind_it_are_refused),
        cmocka_unit_test(a_mask_says_nothing_of_the_bits_that_it_leaves_out),
        cmocka_unit_test(what_nothing_measured_is_stated_or_told),
        cmocka_unit_test(every_prefix_of_a_quote_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
