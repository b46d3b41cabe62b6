/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of a made-up AMD, good ones and signed wrong ones: every field that a rule looks at
 * each with its sentence.
 */
#include "snp_scene.h"

#include "codec/tsm_report.h"

static const struct atls_bytes none = {NULL, 0};

static void every_version_and_product_line_appraises(void **state)
{
    (void)state;
    static const char *const cases[][MAX_SETTINGS] = {
        {"version=2"},
        {"version=3"},
        {"version=5", "launch_mit_vector=1", "current_mit_vector=3"},
        {"product=Genoa"},
        {"product=Genoa", "cpuid=19a000"},
        {"product=Turin"},
        {"product=Turin", "version=5"},
        {"product=Turin", "version=2"},
        {"signing_key=vlek"},
        {"signing_key=vlek", "product=Genoa", "version=2"},
        {"signing_key=vlek", "product=Turin"},
        {"signing_key=vlek", "chip_id="
                             "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"
                             "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"},
        {"key_info=6"}, /* MASK_CHIP_KEY: a VLEK signs, with and without CHIP_ID */
        {"key_info=6", "chip_id=" KEY_DIGEST X16("5a")},
        {"current_tcb=04000000000018dc"},
        {"current_version=1e3701", "committed_version=1e3701"},
        {"policy=0x2030000", "guest_svn=7"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct scene s;
        const enum atls_err err = run_settings(&s, cases[i]);
        if (err != ATLS_OK || s.submod.status != ATLS_TIER_AFFIRMING) {
            fail_msg("case %zu: %s %s: %s, %s; %s %s", i, atls_err_name(err), s.diag.claim,
                     s.diag.found, s.diag.expected, s.submod.reason.claim, s.submod.reason.found);
        }
        assert_vector(&s, GOOD_VECTOR);
        assert_false(s.submod.debug || s.submod.simulated);
        assert_true(s.submod.fresh && s.submod.has_reference_values);
        scene_cleanup(&s);
    }
}

static void a_good_report_shows_machine_measurements_and_identities(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    assert_err(run(&s, &snp, NULL), OK);
    assert_bytes(s.submod.machine, test_fill(0xc1, 64));
    assert_int_equal(s.submod.num_measurements, 4);
    assert_text(s.submod.measurements[0].name, "measurement");
    assert_bytes(s.submod.measurements[0].value, atls_sim_snp_field(&snp.snp, "measurement"));
    assert_text(s.submod.measurements[1].name, "host_data");
    assert_text(s.submod.measurements[2].name, "id_key_digest");
    assert_text(s.submod.measurements[3].name, "author_key_digest");
    assert_identity(&s, 0, ATLS_REVOKED_CHIP, "CHIP_ID", test_fill(0xc1, 64));
    assert_identity(&s, 1, ATLS_REVOKED_SPKI, "key of the report",
                    test_hash(ATLS_ALG_SHA256, test_spki(snp.maker.keys[ATLS_SIM_SNP_LEAF])));
    assert_identity(&s, 2, ATLS_REVOKED_SPKI, "key of the ASK",
                    test_hash(ATLS_ALG_SHA256, test_spki(snp.maker.keys[ATLS_SIM_SNP_ASK])));
    assert_identity(&s, 4, ATLS_REVOKED_SPKI, "key of the ARK",
                    test_hash(ATLS_ALG_SHA256, test_spki(snp.maker.keys[ATLS_SIM_SNP_ARK])));
    assert_int_equal(s.submod.identities.num, 6);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
    scene_init(&s, test_snp_endorsements(&snp, false), test_snp_nonce());
    s.input.now_s = TEST_SNP_NOW;
    s.input.tls_spki = test_fill(0x30, 91);
    assert_err(appraise(&s, &atls_appraiser_snp, test_snp_evidence(&snp)), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
}

/* One ASVK certifies the VLEKs of every cloud: which it is can be demanded. */
static void a_policy_sees_whose_vlek_it_is(void **state)
{
    (void)state;
    static const char *const vlek[] = {"signing_key=vlek", NULL};
    struct scene s;
    assert_err(run_settings(&s, vlek), OK);
    assert_int_equal(s.submod.num_measurements, 5);
    assert_text(s.submod.measurements[4].name, "csp_id");
    assert_bytes(s.submod.measurements[4].value,
                 test_hash(ATLS_ALG_SHA256, atls_bytes_text("CN=cc-simulation.example")));
    scene_cleanup(&s);
    assert_err(run_settings(&s, &vlek[1]), OK);
    assert_int_equal(s.submod.num_measurements, 4); /* a VCEK is nobody's */
    scene_cleanup(&s);
}

static void a_chip_of_turin_has_eight_octets(void **state)
{
    (void)state;
    static const char *const settings[] = {"product=Turin", NULL};
    struct scene s;
    assert_err(run_settings(&s, settings), OK);
    assert_bytes(s.submod.machine, test_fill(0xc1, 8));
}

static void what_genuine_firmware_never_signs_is_refused(void **state)
{
    (void)state;
    static const struct negative cases[] = {
        {{"vmpl=4"}, ATLS_ERR_CLAIM, "VMPL"},
        {{"vmpl=0xffffffff"}, ATLS_ERR_CLAIM, "VMPL"},
        {{"key_info=2"}, ATLS_ERR_CLAIM, "MASK_CHIP_KEY"},
        {{"author_key_digest=" KEY_DIGEST}, ATLS_ERR_CLAIM, "AUTHOR_KEY_DIGEST"},
        {{"key_info=1"}, ATLS_ERR_CLAIM, "ID_KEY_DIGEST"},
        {{"committed_tcb=04000000000018dc"}, ATLS_ERR_CLAIM, "COMMITTED_TCB"},
        {{"committed_tcb=05000000000018db", "current_tcb=04000000000018ff"},
         ATLS_ERR_CLAIM,
         "COMMITTED_TCB"},
        {{"reported_tcb=04000000000018dc"}, ATLS_ERR_CLAIM, "REPORTED_TCB"},
        {{"committed_version=1e3701"}, ATLS_ERR_CLAIM, "COMMITTED_MAJOR, MINOR, BUILD"},
        {{"committed_version=003801"}, ATLS_ERR_CLAIM, "COMMITTED_MAJOR, MINOR, BUILD"},
        {{"cpuid=1a5001"}, ATLS_ERR_CLAIM, "CPUID_FAM_ID and CPUID_MOD_ID"},
        {{"cpuid=172001"}, ATLS_ERR_CLAIM, "CPUID_FAM_ID and CPUID_MOD_ID"},
    };
    assert_negatives(cases, ATLS_ARRAY_LEN(cases));
}

static void the_kind_of_key_is_the_declared_one(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp, other;
    static const char *const vlek[] = {"signing_key=vlek", NULL};
    test_snp_init(&snp, NULL);
    test_snp_init(&other, vlek);
    scene_init(&s, test_snp_endorsements(&snp, false), test_snp_nonce());
    s.input.now_s = TEST_SNP_NOW;
    /* A table without the declared one, and nothing loaded. */
    enum atls_err err =
        appraise(&s, &atls_appraiser_snp,
                 test_snp_wrap(ATLS_TSM_SEV_GUEST, test_snp_report(&snp), test_snp_table(&other)));
    assert_err(err, COLLATERAL);
    /* A VLEK's certificate where that of a VCEK should be. */
    const struct atls_bytes table = test_copy(test_snp_table(&other));
    static const uint8_t vcek[] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                   0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
    memcpy((void *)(uintptr_t)&table.data[48], vcek, sizeof vcek);
    err = appraise(&s, &atls_appraiser_snp,
                   test_snp_wrap(ATLS_TSM_SEV_GUEST, test_snp_report(&snp), table));
    assert_refused(&s, err, CLAIM, "SIGNING_KEY");
}

static void a_signature_that_does_not_verify_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    snp.other_signature = true;
    enum atls_err err = run(&s, &snp, NULL);
    assert_refused(&s, err, SIGNATURE, "SIGNATURE");
    snp.other_signature = false;
    const struct atls_bytes table = test_snp_table(&snp);
    for (size_t at = 0; at < 0x2a0 + 144; at += 13) { /* every part of what is signed */
        const struct atls_bytes report = test_copy(test_snp_report(&snp));
        ((uint8_t *)(uintptr_t)report.data)[at] ^= 1;
        err = appraise(&s, &atls_appraiser_snp, test_snp_wrap(ATLS_TSM_SEV_GUEST, report, table));
        if (err == ATLS_OK) {
            fail_msg("accepted with octet %zu changed", at);
        }
    }
}

static void all_64_octets_of_report_data_are_compared(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    const struct atls_bytes evidence = test_snp_evidence(&snp);
    static const size_t lengths[] = {31, 33, 48, 64};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(lengths); i++) {
        scene_init(&s, test_snp_endorsements(&snp, false), test_fill(0x4e, lengths[i]));
        s.input.now_s = TEST_SNP_NOW;
        const enum atls_err err = appraise(&s, &atls_appraiser_snp, evidence);
        assert_refused(&s, err, FRESHNESS, "REPORT_DATA");
    }
    scene_init(&s, test_snp_endorsements(&snp, false), none);
    s.input.now_s = TEST_SNP_NOW;
    s.input.no_nonce = true;
    assert_err(appraise(&s, &atls_appraiser_snp, evidence), OK);
    assert_false(s.submod.fresh);
    assert_vector(&s, 2, 36, 3, 0, 2, 2, 0, 0);
}

static void a_root_that_nobody_vouches_for_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    assert_err(run(&s, &snp, test_endorsements()), NOT_ENDORSED); /* */
    struct atls_endorsements *set = test_endorsements();
    test_snp_add_root(set, &snp, "Genoa", false); /* of another line */
    assert_err(run(&s, &snp, set), NOT_ENDORSED);
    set = test_endorsements();
    test_snp_add_root(set, &snp, "Milan", false);
    assert_err(run(&s, &snp, set), OK);
    assert_vector(&s, 2, 2, 33, 0, 2, 2, 0, 0);
    assert_err(s.submod.reason.err, REFERENCE_VALUES);
}

static void a_simulated_root_is_a_warning(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    assert_err(run(&s, &snp, test_snp_endorsements(&snp, true)), OK);
    assert_true(s.submod.simulated);
    assert_vector(&s, 2, 2, 3, 0, 32, 2, 0, 0);
    assert_err(s.submod.reason.err, SIMULATED);
}

/* entry gives the certificate at a place of the table: ARK, ASK, leaf. */
static struct atls_bytes entry(const struct test_snp *snp, size_t which)
{
    const struct atls_bytes table = test_snp_table(snp);
    const uint8_t *at = &table.data[24 * which + 16];
    const size_t from = (size_t)at[0] | (size_t)at[1] << 8;
    return test_copy(atls_bytes_of(&table.data[from], (size_t)at[4] | (size_t)at[5] << 8));
}

/* A cloud has a VLEK in each region and a new one each year, of one TCB: reports do not say which.
 */
static void of_several_vleks_the_one_that_signed_is_taken(void **state)
{
    (void)state;
    static const char *const settings[] = {"signing_key=vlek", NULL};
    struct scene s;
    struct test_snp snp, other;
    struct atls_collateral *bag = NULL;
    test_snp_init(&snp, settings);
    other = snp;
    other.maker.keys[ATLS_SIM_SNP_LEAF] = test_key(ATLS_CRV_P384);
    const struct atls_bytes parts[] = {entry(&other, 2), entry(&snp, 2), entry(&snp, 1),
                                       entry(&snp, 0)};
    assert_err(atls_collateral_new(&bag, 8, NULL), OK);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(parts); i++) {
        assert_err(atls_collateral_add(bag, parts[i], "test", NULL), OK);
    }
    const struct atls_collateral_fetched fetched = {{bag}, 1};
    const struct atls_bytes evidence =
        test_snp_wrap(ATLS_TSM_SEV_GUEST, test_snp_report(&snp), none);
    scene_init(&s, test_snp_endorsements(&snp, false), test_snp_nonce());
    s.input.now_s = TEST_SNP_NOW;
    s.input.fetched = &fetched;
    assert_err(appraise(&s, &atls_appraiser_snp, evidence), OK);
    scene_cleanup(&s);
    atls_collateral_free(bag);
    /* none of them */
    assert_err(atls_collateral_new(&bag, 8, NULL), OK);
    assert_err(atls_collateral_add(bag, parts[0], "test", NULL), OK);
    assert_err(atls_collateral_add(bag, parts[2], "test", NULL), OK);
    assert_err(atls_collateral_add(bag, parts[3], "test", NULL), OK);
    const struct atls_collateral_fetched others = {{bag}, 1};
    s.input.fetched = &others;
    const enum atls_err err = appraise(&s, &atls_appraiser_snp, evidence);
    assert_refused(&s, err, SIGNATURE, "SIGNATURE");
    atls_collateral_free(bag);
}

static void a_report_without_a_processor_wants_every_line_that_its_chip_may_be_of(void **state)
{
    (void)state;
    static const struct {
        const char *settings[4];
        const char *product, *otherwise;
    } rows[] = {
        {{"version=2"}, "Milan", "Genoa"},
        {{"version=2", "product=Genoa"}, "Milan", "Genoa"},
        {{"version=2", "product=Turin"}, "Turin", ""},
        {{"version=2", "signing_key=vlek"}, "Milan", "Genoa"},
        {{"product=Genoa"}, "Genoa", ""},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct scene s;
        struct test_snp snp;
        struct atls_collateral_wanted wanted = {.kind = ATLS_WANTED_NOTHING};
        test_snp_init(&snp, rows[i].settings);
        scene_init(&s, test_snp_endorsements(&snp, false), test_snp_nonce());
        s.input.now_s = TEST_SNP_NOW;
        s.input.wanted = &wanted;
        assert_err(appraise(&s, &atls_appraiser_snp,
                            test_snp_wrap(ATLS_TSM_SEV_GUEST, test_snp_report(&snp), none)),
                   COLLATERAL);
        assert_int_equal(wanted.kind, ATLS_WANTED_AMD_LEAF);
        assert_string_equal(wanted.product, rows[i].product);
        assert_string_equal(wanted.otherwise, rows[i].otherwise);
    }
}

/* Genuine reports of Turin have bit 6 of PLATFORM_INFO set, for which 56860 has no name. */
static void a_bit_of_the_platform_without_a_name_is_told(void **state)
{
    (void)state;
    static const char *const set[] = {"platform_info=0x65", NULL};
    static const char *const beyond[] = {"platform_info=0x125", NULL};
    struct scene s;
    assert_err(run_settings(&s, set), OK);
    const enum atls_err err = run_settings(&s, beyond);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "PLATFORM_INFO");
}

static void certificates_that_the_host_withholds_are_missed(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    snp.maker.parts = ATLS_SIM_SNP_ALL_PARTS & ~(1u << ATLS_SIM_SNP_LEAF);
    assert_err(run(&s, &snp, NULL), COLLATERAL);
    snp.maker.parts = ATLS_SIM_SNP_ALL_PARTS & ~(1u << ATLS_SIM_SNP_ASK);
    assert_int_not_equal(run(&s, &snp, NULL), ATLS_OK);
    /* The root is at hand: it was loaded. */
    snp.maker.parts = ATLS_SIM_SNP_ALL_PARTS & ~(1u << ATLS_SIM_SNP_ARK);
    assert_err(run(&s, &snp, NULL), OK);
    assert_vector(&s, GOOD_VECTOR);
}

static void a_revoked_ask_is_refused_and_a_list_that_is_missing_is_a_warning(void **state)
{
    (void)state;
    static const uint64_t ask[] = {TEST_SNP_ASK_SERIAL};
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    snp.maker.revoked = ask;
    snp.maker.num_revoked = 1;
    assert_err(run(&s, &snp, NULL), REVOKED);
    snp.maker.parts = ATLS_SIM_SNP_ALL_PARTS & ~(1u << ATLS_SIM_SNP_CRL);
    assert_err(run(&s, &snp, NULL), OK);
    assert_vector(&s, 32, 2, 3, 0, 2, 2, 0, 0);
    assert_err(s.submod.reason.err, COLLATERAL);
}

static void a_chain_that_is_out_of_its_dates_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    const struct atls_endorsements *set = test_snp_endorsements(&snp, false);
    snp.maker.now_s = TEST_SNP_NOW + 3 * 86400;
    assert_err(run(&s, &snp, set), CHAIN);
    snp.maker.now_s = TEST_SNP_NOW - INT64_C(11) * 365 * 86400;
    assert_err(run(&s, &snp, set), CHAIN);
}

static void debugging_shows_in_the_vector_and_as_such(void **state)
{
    (void)state;
    static const char *const settings[] = {"policy=0xb0000", NULL};
    struct scene s;
    assert_err(run_settings(&s, settings), OK); /* */
    assert_true(s.submod.debug);
    /* Whoever reads a Result sees the vector and no "debug": it must not pass as a warning. */
    assert_vector(&s, 2, 32, 3, 0, 2, 96, 0, 0);
    assert_err(s.submod.reason.err, DEBUG);
}

static void claims_are_named_as_the_fields_are(void **state)
{
    (void)state;
    static const char *const settings[] = {"version=5", "product=Turin", NULL};
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, settings);
    scene_init(&s, test_snp_endorsements(&snp, false), test_snp_nonce());
    s.input.now_s = TEST_SNP_NOW;
    s.input.want_claims = true;
    assert_err(appraise(&s, &atls_appraiser_snp, test_snp_evidence(&snp)), OK);
    static const char *const parts[] = {
        "\"product\":\"Turin\"",
        "\"signing_key\":\"VCEK\"",
        "\"policy\":\"0x30000\"",
        "\"reported_tcb\":{\"octets\":\"0101010400000048\",\"fmc\":1,\"bootloader\":1,",
        "\"tee\":1,\"snp\":4,\"microcode\":72}",
        "\"current_version\":\"1.55.29\"",
        "\"launch_mit_vector\":\"0x0\"",
        "\"report_data\":\"4e4e",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(parts); i++) {
        if (strstr(s.submod.claims_json, parts[i]) == NULL) {
            fail_msg("%s is not in %s", parts[i], s.submod.claims_json);
        }
    }
    scene_cleanup(&s);
}

static void what_others_verify_is_compared_all_the_same(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    test_snp_init(&snp, NULL);
    scene_init(&s, NULL, test_snp_nonce());
    s.input.evidence = test_snp_evidence(&snp);
    s.input.tls_spki = test_fill(0x30, 91);
    assert_err(atls_appraiser_snp.read_unverified(&s.submod, &s.input, &s.diag), OK);
    assert_bytes(s.submod.machine, test_fill(0xc1, 64));
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(s.submod.status, ATLS_TIER_NONE);
    assert_true(s.submod.fresh && s.submod.num_measurements == 4);
    s.input.expected_nonce = test_fill(0x4f, 32);
    const enum atls_err err = atls_appraiser_snp.read_unverified(&s.submod, &s.input, &s.diag);
    assert_refused(&s, err, FRESHNESS, "REPORT_DATA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_and_product_line_appraises),
        cmocka_unit_test(a_good_report_shows_machine_measurements_and_identities),
        cmocka_unit_test(a_policy_sees_whose_vlek_it_is),
        cmocka_unit_test(a_chip_of_turin_has_eight_octets),
        cmocka_unit_test(what_genuine_firmware_never_signs_is_refused),
        cmocka_unit_test(the_kind_of_key_is_the_declared_one),
        cmocka_unit_test(a_signature_that_does_not_verify_is_refused),
        cmocka_unit_test(all_64_octets_of_report_data_are_compared),
        cmocka_unit_test(a_root_that_nobody_vouches_for_is_refused),
        cmocka_unit_test(a_simulated_root_is_a_warning),
        cmocka_unit_test(of_several_vleks_the_one_that_signed_is_taken),
        cmocka_unit_test(a_report_without_a_processor_wants_every_line_that_its_chip_may_be_of),
        cmocka_unit_test(a_bit_of_the_platform_without_a_name_is_told),
        cmocka_unit_test(certificates_that_the_host_withholds_are_missed),
        cmocka_unit_test(a_revoked_ask_is_refused_and_a_list_that_is_missing_is_a_warning),
        cmocka_unit_test(a_chain_that_is_out_of_its_dates_is_refused),
        cmocka_unit_test(debugging_shows_in_the_vector_and_as_such),
        cmocka_unit_test(claims_are_named_as_the_fields_are),
        cmocka_unit_test(what_others_verify_is_compared_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
