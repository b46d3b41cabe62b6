/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle of two tokens: what it comes to, and that each part vouches for the next.
 */
#include "scene.h"

#include "support/kat_maker.h"
#include "support/snp_maker.h"

static struct atls_key *platform;
static struct atls_endorsements *set;
static const struct atls_bytes none = {NULL, 0};

static struct test_kat good(struct scene *s)
{
    struct test_kat kat;
    test_kat_init(&kat, platform, 1);
    scene_init(s, set, test_kat_nonce());
    s->input.tls_spki = test_spki(kat.identity);
    return kat;
}

static enum atls_err appraise_kat(struct scene *s, const struct test_kat *kat)
{
    return appraise(s, &atls_appraiser_kat, test_kat_bundle(kat));
}

static void a_bundle_gives_the_submod_of_its_platform_and_names_the_key(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    s.input.want_claims = true;
    assert_err(appraise_kat(&s, &kat), OK);
    assert_string_equal(s.submod.format->name, "psa");
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_true(s.submod.fresh);
    assert_bytes(s.submod.machine, test_psa_instance(1));
    assert_bytes(atls_bytes_of(s.submod.attested_spki, s.submod.attested_spki_len),
                 test_spki(kat.identity));
    assert_bytes(atls_digest_bytes(&s.submod.attested_key),
                 test_hash(ATLS_ALG_SHA256, test_spki(kat.identity)));
    assert_vector(&s, 2, 2, 3, 0, 2, 0, 0, 0);
    assert_identity(&s, 2, ATLS_REVOKED_SPKI, "key attestation key",
                    test_hash(ATLS_ALG_SHA256, test_spki(kat.kak)));
    assert_identity(&s, 3, ATLS_REVOKED_SPKI, "attested key",
                    test_hash(ATLS_ALG_SHA256, test_spki(kat.identity)));
    assert_non_null(strstr(s.submod.claims_json, "\"kak-pub\""));
    assert_non_null(strstr(s.submod.claims_json, "\"psa-security-lifecycle-state\""));
    scene_cleanup(&s);
}

/* snp_bundle has a report over `report_data`, padded with zeros. */
static struct atls_bytes snp_bundle(const struct test_snp *snp, const struct test_kat *kat,
                                    struct atls_bytes report_data)
{
    static const char type[] = "application/vnd.veraison.tsm-report+cbor; provider=\"sev_guest\"";
    uint8_t report[ATLS_SIM_SNP_REPORT_LEN];
    assert_err(atls_sim_snp_sign(report, snp->snp.report, snp->maker.keys[ATLS_SIM_SNP_LEAF],
                                 report_data, NULL),
               OK);
    const struct atls_bytes evidence = test_snp_wrap(
        snp->provider, test_copy(atls_bytes_of(report, sizeof report)), test_snp_table(snp));
    return test_kat_collection(test_kat_record(TEST_KAT_TYPE, test_kat_token(kat)),
                               test_kat_record(type, evidence));
}

/* A format that takes 64 octets has the hash padded with zeros, and needs no code for bundles. */
static void a_report_of_snp_is_a_platform_too(void **state)
{
    (void)state;
    struct scene s;
    struct test_snp snp;
    uint8_t link[64] = {0};
    const struct test_kat kat = good(&s);
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_kat_key(kat.kak));
    test_snp_init(&snp, NULL);
    s.input.endorsements = test_snp_endorsements(&snp, false);
    s.input.now_s = TEST_SNP_NOW;
    s.input.want_claims = true;
    assert_err(appraise(&s, &atls_appraiser_kat, snp_bundle(&snp, &kat, hash)), OK);
    assert_string_equal(s.submod.format->name, "snp");
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_bytes(s.submod.machine, test_fill(0xc1, 64));
    assert_bytes(atls_bytes_of(s.submod.attested_spki, s.submod.attested_spki_len),
                 test_spki(kat.identity));
    assert_false(s.submod.identities.incomplete);
    scene_cleanup(&s);
    memcpy(link, hash.data, hash.len);
    link[63] = 1; /* all 64 are compared */
    assert_refused(
        &s, appraise(&s, &atls_appraiser_kat, snp_bundle(&snp, &kat, atls_bytes_of(link, 64))),
        CLAIM, "REPORT_DATA");
}

static void what_is_wrong_with_the_platform_is_in_the_vector(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat kat = good(&s);
    test_psa_set(&kat.pat, TEST_PSA_LIFECYCLE, test_cbor_int(0x4000));
    assert_err(appraise_kat(&s, &kat), OK);
    assert_vector(&s, 2, 32, 3, 0, 2, 0, 0, 0);
    assert_err(s.submod.reason.err, LIFECYCLE);
}

static void without_a_nonce_it_is_a_warning(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    s.input.no_nonce = true;
    s.input.expected_nonce = none;
    assert_err(appraise_kat(&s, &kat), OK);
    assert_false(s.submod.fresh);
    assert_err(s.submod.reason.err, FRESHNESS);
    assert_vector(&s, 2, 36, 3, 0, 2, 0, 0, 0);
    s.input.endorsements = psa_endorsements(platform, 1, true);
    assert_err(appraise_kat(&s, &kat), OK);
    assert_true(s.submod.simulated);
    assert_err(s.submod.reason.err, FRESHNESS); /* the simulation may be set aside, this not */
}

/* The pat's nonce is compared all the same: it is not about time. */
static void a_platform_that_vouches_for_another_kak_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat kat = good(&s);
    test_psa_set(&kat.pat, TEST_PSA_NONCE, test_cbor_bytes(test_fill(0x4e, 32)));
    assert_refused(&s, appraise_kat(&s, &kat), CLAIM, "psa-nonce");
    assert_non_null(strstr(s.diag.expected, "kak-pub"));
    s.input.no_nonce = true;
    s.input.expected_nonce = none;
    assert_refused(&s, appraise_kat(&s, &kat), CLAIM, "psa-nonce");
}

/* a kat and a pat, each of them good, of two bundles of one machine; and of two machines. */
static void parts_of_two_bundles_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat other;
    const struct test_kat kat = good(&s);
    test_kat_init(&other, platform, 1);
    const struct atls_bytes kat_record = test_kat_record(TEST_KAT_TYPE, test_kat_token(&kat));
    const struct atls_bytes pat_record = test_kat_record(TEST_KAT_PAT, test_psa_sign(&other.pat));
    assert_refused(&s,
                   appraise(&s, &atls_appraiser_kat, test_kat_collection(kat_record, pat_record)),
                   CLAIM, "psa-nonce");
}

static void a_pat_for_a_padded_or_cut_hash_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat kat = good(&s);
    const struct atls_bytes link = test_hash(ATLS_ALG_SHA256, test_kat_key(kat.kak));
    uint8_t padded[64] = {0};
    memcpy(padded, link.data, link.len);
    test_psa_set(&kat.pat, TEST_PSA_NONCE, test_cbor_bytes(atls_bytes_of(padded, 64)));
    assert_refused(&s, appraise_kat(&s, &kat), CLAIM, "psa-nonce");
    const struct atls_bytes longer = test_hash(ATLS_ALG_SHA384, test_kat_key(kat.kak));
    test_psa_set(&kat.pat, TEST_PSA_NONCE, test_cbor_bytes(longer));
    assert_refused(&s, appraise_kat(&s, &kat), CLAIM, "psa-nonce");
}

static void a_kat_that_another_key_signed_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat kat = good(&s);
    kat.kak = test_key(ATLS_CRV_P256); /* kak-pub stays what it was */
    assert_refused(&s, appraise_kat(&s, &kat), SIGNATURE, "signature");
    kat.kak = kat.identity;
    assert_refused(&s, appraise_kat(&s, &kat), SIGNATURE, "signature");
    kat.kak = test_key(ATLS_CRV_P384); /* and by an algorithm that its key is not for */
    assert_refused(&s, appraise_kat(&s, &kat), ALGORITHM, "signature");
}

static void a_platform_that_is_not_endorsed_or_not_signed_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat kat = good(&s);
    s.input.endorsements = test_endorsements();
    assert_refused(&s, appraise_kat(&s, &kat), NOT_ENDORSED, "psa-instance-id");
    kat = good(&s);
    kat.pat.key = test_key(ATLS_CRV_P256);
    assert_refused(&s, appraise_kat(&s, &kat), SIGNATURE, "signature");
}

static void another_nonce_is_refused(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    s.input.expected_nonce = test_fill(0x4f, 64);
    assert_refused(&s, appraise_kat(&s, &kat), FRESHNESS, "eat_nonce of the kat");
    s.input.expected_nonce = test_fill(0x4e, 63);
    assert_refused(&s, appraise_kat(&s, &kat), FRESHNESS, "eat_nonce of the kat");
    /* nor does the platform's nonce do for that of the exchange */
    s.input.expected_nonce = test_hash(ATLS_ALG_SHA256, test_kat_key(kat.kak));
    assert_refused(&s, appraise_kat(&s, &kat), FRESHNESS, "eat_nonce of the kat");
}

static void another_tls_key_is_refused(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    s.input.tls_spki = test_spki(kat.kak);
    assert_refused(&s, appraise_kat(&s, &kat), KEY_BINDING, "cnf");
    s.input.tls_spki = none;
    assert_err(appraise_kat(&s, &kat), OK);
}

static void keys_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_kat kat = good(&s);
    struct test_map cnf = {.num_pairs = 0};
    const struct atls_bytes off_curve = test_hex("a4 01 02 20 01"
                                                 "21 5820 01010101010101010101010101010101"
                                                 "01010101010101010101010101010101"
                                                 "22 5820 01010101010101010101010101010101"
                                                 "01010101010101010101010101010101");
    test_map_set(&cnf, test_cbor_int(1), off_curve);
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_CNF), test_map_encode(&cnf));
    assert_err(appraise_kat(&s, &kat), EVIDENCE_MALFORMED);
    kat = good(&s);
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_KAK_PUB), off_curve);
    assert_err(appraise_kat(&s, &kat), EVIDENCE_MALFORMED);
    kat = good(&s);
    struct test_map rsa = {.num_pairs = 0}; /* of 8192 bits */
    test_map_set(&rsa, test_cbor_int(1), test_cbor_int(3));
    test_map_set(&rsa, test_cbor_int(-1), test_cbor_fill(0xc1, 1024));
    test_map_set(&rsa, test_cbor_int(-2), test_hex("43 010001"));
    test_map_set(&cnf, test_cbor_int(1), test_map_encode(&rsa));
    test_map_set(&kat.claims, test_cbor_int(TEST_KAT_CNF), test_map_encode(&cnf));
    assert_refused(&s, appraise_kat(&s, &kat), ALGORITHM, "cnf");
}

static void a_part_that_is_no_such_platform_is_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        "application/vnd.parallaxsecond.key-attestation.tpm",
        "application/eat+cwt",
        "text/plain",
        "application/cmw+cbor;cmwc_t=\"tag:ietf.org,2024-02-29:rats/kat\"",
    };
    struct scene s;
    const struct test_kat kat = good(&s);
    const struct atls_bytes token = test_kat_record(TEST_KAT_TYPE, test_kat_token(&kat));
    for (size_t i = 0; i < ATLS_ARRAY_LEN(types); i++) {
        const struct atls_bytes pat = test_kat_record(types[i], test_psa_sign(&kat.pat));
        assert_refused(&s, appraise(&s, &atls_appraiser_kat, test_kat_collection(token, pat)),
                       EVIDENCE_TYPE, "type of the pat");
    }
}

static void another_label_is_refused(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    s.input.media_type = atls_bytes_text("application/cmw+cbor");
    assert_refused(&s, appraise_kat(&s, &kat), EVIDENCE_TYPE, "media type");
    s.input.media_type =
        atls_bytes_text("application/cmw+cbor;cmwc_t=\"tag:ietf.org,2024-02-29:rats/kat\"");
    assert_err(appraise_kat(&s, &kat), OK);
}

/* while somebody else checks the platform's signature, all else is compared here. */
static void what_a_remote_verifier_is_not_asked_is_compared_here(void **state)
{
    (void)state;
    struct scene s;
    struct atls_appraiser_ops only = atls_appraiser_kat;
    only.appraise = atls_appraiser_kat.read_unverified;
    struct test_kat kat = good(&s);
    s.input.endorsements = NULL;
    assert_err(appraise(&s, &only, test_kat_bundle(&kat)), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_NONE);
    assert_vector(&s, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    kat.pat.key = test_key(ATLS_CRV_P256); /* that, the Verifier sees */
    assert_err(appraise(&s, &only, test_kat_bundle(&kat)), OK);
    test_psa_set(&kat.pat, TEST_PSA_NONCE, test_cbor_bytes(test_fill(0x4e, 32)));
    assert_refused(&s, appraise(&s, &only, test_kat_bundle(&kat)), CLAIM, "psa-nonce");
    kat = good(&s);
    s.input.endorsements = NULL;
    s.input.expected_nonce = test_fill(0x4f, 64);
    assert_refused(&s, appraise(&s, &only, test_kat_bundle(&kat)), FRESHNESS,
                   "eat_nonce of the kat");
    s.input.expected_nonce = test_kat_nonce();
    s.input.tls_spki = test_spki(kat.kak);
    assert_refused(&s, appraise(&s, &only, test_kat_bundle(&kat)), KEY_BINDING, "cnf");
}

static void refuse_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    struct scene *s = context;
    (void)at;
    const enum atls_err err = appraise(s, &atls_appraiser_kat, mutant);
    assert_true(err != ATLS_OK && atls_err_fault(err) == ATLS_FAULT_POLICY);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    test_each_truncation(test_kat_bundle(&kat), refuse_mutant, &s);
}

/* Nobody signs the labels, the indicators and the unprotected headers; all else is under a
 * signature, or leads to it. */
static void look_at_accepted(struct atls_bytes mutant, size_t flipped, void *context)
{
    struct scene *s = context;
    (void)flipped;
    if (appraise(s, &atls_appraiser_kat, mutant) == ATLS_OK) {
        assert_vector(s, 2, 2, 3, 0, 2, 0, 0, 0);
        assert_bytes(s->submod.machine, test_psa_instance(1));
        assert_bytes(atls_digest_bytes(&s->submod.attested_key),
                     test_hash(ATLS_ALG_SHA256, s->input.tls_spki));
    }
}

static void no_bit_flip_says_anything_else(void **state)
{
    (void)state;
    struct scene s;
    const struct test_kat kat = good(&s);
    test_each_bit_flip(test_kat_bundle(&kat), look_at_accepted, &s);
}

int main(void)
{
    platform = test_key(ATLS_CRV_P256);
    set = psa_endorsements(platform, 1, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_gives_the_submod_of_its_platform_and_names_the_key),
        cmocka_unit_test(a_report_of_snp_is_a_platform_too),
        cmocka_unit_test(what_is_wrong_with_the_platform_is_in_the_vector),
        cmocka_unit_test(without_a_nonce_it_is_a_warning),
        cmocka_unit_test(a_platform_that_vouches_for_another_kak_is_refused),
        cmocka_unit_test(parts_of_two_bundles_are_refused),
        cmocka_unit_test(a_pat_for_a_padded_or_cut_hash_is_refused),
        cmocka_unit_test(a_kat_that_another_key_signed_is_refused),
        cmocka_unit_test(a_platform_that_is_not_endorsed_or_not_signed_is_refused),
        cmocka_unit_test(another_nonce_is_refused),
        cmocka_unit_test(another_tls_key_is_refused),
        cmocka_unit_test(keys_that_cannot_be_used_are_refused),
        cmocka_unit_test(a_part_that_is_no_such_platform_is_refused),
        cmocka_unit_test(another_label_is_refused),
        cmocka_unit_test(what_a_remote_verifier_is_not_asked_is_compared_here),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(no_bit_flip_says_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
