/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral of made-up makers: each rule of collateral.h with something that breaks only that. */
#include "collateral_test.h"
#include "support/intel_maker.h"

static enum atls_err chain_of(const struct atls_collateral_scope *scope,
                              const struct test_chain *chain, size_t num, struct atls_root *root)
{
    struct atls_chain *made = NULL;
    const enum atls_err err =
        atls_collateral_chain(&made, root, scope, chain->ders, num, chain->profile, &diag);
    assert_true((err == ATLS_OK) == (made != NULL));
    atls_chain_release(made);
    return err;
}

static void a_root_that_nobody_vouches_for_is_refused(void **state)
{
    (void)state;
    const struct test_chain chain = amd_chain();
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    struct atls_root root;
    /* a root that comes with Evidence, whatever it is called. */
    put(brought, chain.ders[2]);
    const struct atls_collateral_scope scope = scope_of(set, brought, "snp");
    assert_err(chain_of(&scope, &chain, 3, &root), NOT_ENDORSED);
    assert_says(&diag, "ARK-Milan, with a key that nobody vouches for");
    assert_err(trust(set, "snp", chain.ders[2]), OK);
    assert_err(chain_of(&scope, &chain, 3, &root), OK);
    assert_null(root.vendor);
    assert_false(root.simulated);
    assert_non_null(root.source);
    /* It was named for one format, and stands for no other. */
    const struct atls_collateral_scope other = scope_of(set, NULL, "tdx");
    assert_err(chain_of(&other, &chain, 3, &root), NOT_ENDORSED);
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

static void a_root_of_the_same_name_is_another_root(void **state)
{
    (void)state;
    const struct test_chain chain = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    const struct test_chain other = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    struct atls_endorsements *set = new_set();
    struct atls_root root;
    assert_err(trust(set, "tdx", other.ders[2]), OK);
    const struct atls_collateral_scope scope = scope_of(set, NULL, "tdx");
    assert_err(chain_of(&scope, &chain, 3, &root), NOT_ENDORSED);
    atls_endorsements_unref(set);
}

static void what_is_missing_of_a_chain_is_found_by_name_and_signature(void **state)
{
    (void)state;
    const struct test_chain chain = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    const struct test_chain other = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    struct atls_root root;
    assert_err(trust(set, "tdx", chain.ders[2]), OK);
    put(brought, other.ders[1]); /* the right names, the wrong keys */
    put(brought, other.ders[2]);
    const struct atls_collateral_scope scope = scope_of(set, brought, "tdx");
    assert_err(chain_of(&scope, &chain, 2, &root), OK);
    assert_err(chain_of(&scope, &chain, 1, &root), COLLATERAL);
    assert_says(&diag, "that of Intel SGX PCK Platform CA");
    put(brought, chain.ders[1]);
    assert_err(chain_of(&scope, &chain, 1, &root), OK);
    assert_err(chain_of(&scope, &chain, 0, &root), CHAIN);
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

static void of_two_certificates_of_one_key_that_in_its_dates_is_taken(void **state)
{
    (void)state;
    struct test_chain chain = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    struct atls_root root;
    chain.specs[1].not_after_s = NOW - TEST_DAY / 2;
    test_chain_sign(&chain);
    assert_err(trust(set, "tdx", chain.ders[2]), OK);
    put(brought, chain.ders[1]);
    const struct atls_collateral_scope scope = scope_of(set, brought, "tdx");
    assert_err(chain_of(&scope, &chain, 1, &root), CHAIN);
    chain.specs[1].not_after_s = NOW + TEST_DAY;
    put(brought,
        test_issue(&chain.specs[1], chain.certs[1].key, chain.certs[2].der, chain.certs[2].key));
    assert_err(chain_of(&scope, &chain, 1, &root), OK);
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

static void amds_missing_issuer_is_wanted_by_its_product(void **state)
{
    (void)state;
    const struct test_chain chain = amd_chain();
    struct atls_endorsements *set = new_set();
    struct atls_root root;
    const struct atls_collateral_scope scope = scope_of(set, NULL, "snp");
    assert_err(chain_of(&scope, &chain, 1, &root), COLLATERAL);
    assert_int_equal(wanted.kind, ATLS_WANTED_AMD_CHAIN);
    assert_string_equal(wanted.product, "Milan");
    assert_int_equal(wanted.amd_key, ATLS_AMD_VCEK);
    static const char *const vlek[] = {"SEV-VLEK", "SEV-VLEK-Genoa", "ARK-Genoa"};
    const struct test_chain second = test_chain_make(&atls_chain_amd, vlek, 3);
    memset(&wanted, 0, sizeof wanted);
    assert_err(chain_of(&scope, &second, 1, &root), COLLATERAL);
    assert_string_equal(wanted.product, "Genoa");
    assert_int_equal(wanted.amd_key, ATLS_AMD_VLEK);
    atls_endorsements_unref(set);
}

static void dates_of_a_chain_are_those_of_the_appraisal(void **state)
{
    (void)state;
    struct test_chain chain = test_chain_make(&atls_chain_pck, test_pck_names, 3);
    struct atls_endorsements *set = new_set();
    struct atls_root root;
    assert_err(trust(set, "tdx", chain.ders[2]), OK);
    struct atls_collateral_scope scope = scope_of(set, NULL, "tdx");
    assert_err(chain_of(&scope, &chain, 3, &root), OK);
    scope.now_s = NOW + 2 * TEST_DAY;
    assert_err(chain_of(&scope, &chain, 3, &root), CHAIN);
    atls_endorsements_unref(set);
}

/* Who keeps an outcome asks when the first thing that it rests on ends. */
static void the_first_end_of_what_was_relied_on_is_told(void **state)
{
    (void)state;
    struct test_chain chain = amd_chain();
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    const struct atls_issue_crl_spec list = {
        .this_update_s = NOW - 100, .next_update_s = NOW + 100, .signature = ATLS_CHAIN_PSS_SHA384};
    struct atls_root root;
    struct atls_chain *made = NULL;
    int64_t ends_s = INT64_MAX;
    chain.specs[1].not_after_s = NOW + 500;
    test_chain_sign(&chain);
    assert_err(trust(set, "snp", chain.ders[2]), OK);
    put(brought, test_crl(&chain, 2, &list));
    struct atls_collateral_scope scope = scope_of(set, brought, "snp");
    scope.ends_s = &ends_s;
    assert_err(chain_of(&scope, &chain, 3, &root), OK);
    assert_true(ends_s == NOW + 500);
    assert_err(atls_chain_read(&made, chain.ders, 3, chain.profile, &diag), OK);
    assert_err(atls_collateral_check_revoked(&scope, made, 1, &diag), OK);
    assert_true(ends_s == NOW + 100);
    ends_s = NOW + 7; /* something else ends before */
    assert_err(atls_collateral_check_revoked(&scope, made, 1, &diag), OK);
    assert_true(ends_s == NOW + 7);
    atls_chain_release(made);
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

static void an_endorsement_key_leaves_no_room_for_bare_trust_anchors(void **state)
{
    (void)state;
    const struct test_chain chain = amd_chain();
    struct atls_endorsements *set = new_set();
    char *pem = NULL;
    assert_err(atls_key_to_public_pem(&pem, test_key(ATLS_CRV_P256), NULL), OK);
    assert_err(atls_endorsements_add_signer(set, atls_bytes_text(pem), NULL), OK);
    atls_pem_free(pem);
    assert_err(trust(set, "snp", chain.ders[2]), ENDORSEMENT_SIGNATURE);
    atls_endorsements_unref(set);
}

static void trust_anchors_are_certificates_of_formats_that_have_some(void **state)
{
    (void)state;
    const struct test_chain chain = amd_chain();
    const struct atls_issue_crl_spec list = {
        .this_update_s = NOW, .next_update_s = NOW + TEST_DAY, .signature = ATLS_CHAIN_PSS_SHA384};
    struct atls_endorsements *set = new_set();
    assert_err(trust(set, "psa", chain.ders[2]), ENDORSEMENT);
    assert_says(&diag, "a format without certificates");
    assert_err(trust(set, "snp", test_crl(&chain, 2, &list)), ENDORSEMENT);
    assert_says(&diag, "trust anchor");
    assert_err(trust(set, "snp", test_hex("d901f5a0")), ENDORSEMENT);
    assert_err(atls_endorsements_load_at(set, "snp@/tmp", NOW, &diag), ENDORSEMENT);
    assert_says(&diag, "a folder");
    assert_err(atls_endorsements_load_at(set, "other@/tmp", NOW, &diag), FILE);
    assert_null(atls_endorsements_collateral(set));
    atls_endorsements_unref(set);
}

/* revoked asks about certificate 1 of an AMD-like chain. */
static enum atls_err revoked(struct atls_endorsements *set, const struct atls_collateral *brought,
                             const struct test_chain *chain)
{
    struct atls_chain *made = NULL;
    assert_err(atls_chain_read(&made, chain->ders, 3, chain->profile, &diag), OK);
    const struct atls_collateral_scope scope = scope_of(set, brought, "snp");
    const enum atls_err err = atls_collateral_check_revoked(&scope, made, 1, &diag);
    assert_err(atls_collateral_check_revoked(&scope, made, 2, NULL), ARGUMENT);
    atls_chain_release(made);
    return err;
}

static void revocation_is_looked_up_or_refused(void **state)
{
    (void)state;
    const struct test_chain chain = amd_chain();
    struct test_chain other = amd_chain();
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    const uint64_t some[] = {7, 101, 9};
    struct atls_issue_crl_spec list = {
        .this_update_s = NOW - 100, .next_update_s = NOW + 100, .signature = ATLS_CHAIN_PSS_SHA384};
    assert_err(revoked(set, brought, &chain), COLLATERAL);
    assert_says(&diag, "that of ARK-Milan");
    assert_int_equal(wanted.kind, ATLS_WANTED_AMD_CRL);
    assert_string_equal(wanted.product, "Milan");
    assert_int_equal(wanted.amd_key, ATLS_AMD_VCEK);
    /* one that has ended, one that is not yet, one by another key of that name */
    list.next_update_s = NOW - 61;
    put(brought, test_crl(&chain, 2, &list));
    assert_err(revoked(set, brought, &chain), COLLATERAL);
    assert_string_equal(diag.claim, "nextUpdate");
    list.this_update_s = NOW + 61;
    list.next_update_s = NOW + 100;
    put(brought, test_crl(&chain, 2, &list));
    assert_err(revoked(set, brought, &chain), COLLATERAL);
    assert_string_equal(diag.claim, "thisUpdate");
    list.this_update_s = NOW - 60;
    list.next_update_s = NOW - 60;
    other.certs[2].key = test_rsa_key(2048);
    put(brought, test_crl(&other, 2, &list));
    assert_err(revoked(set, brought, &chain), COLLATERAL);
    assert_string_equal(diag.claim, "signature");
    put(brought, test_crl(&chain, 2, &list));
    assert_err(revoked(set, brought, &chain), OK);
    /* Any list that names it refuses it. */
    list.serials = some;
    list.num_serials = 3;
    put(brought, test_crl(&chain, 2, &list));
    assert_err(revoked(set, brought, &chain), REVOKED);
    assert_says(&diag, "65 of SEV-Milan");
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

/* An ARK publishes two lists: which of them an ASVK would stand on, its certificate says. */
static void the_list_of_an_asvk_is_that_of_vleks(void **state)
{
    (void)state;
    static const char *const names[] = {"SEV-VLEK", "SEV-VLEK-Genoa", "ARK-Genoa"};
    const struct test_chain chain = test_chain_make(&atls_chain_amd, names, 3);
    struct atls_endorsements *set = new_set();
    assert_err(revoked(set, NULL, &chain), COLLATERAL);
    assert_int_equal(wanted.kind, ATLS_WANTED_AMD_CRL);
    assert_int_equal(wanted.amd_key, ATLS_AMD_VLEK);
    assert_string_equal(wanted.product, "Genoa");
    atls_endorsements_unref(set);
}

static void a_list_is_signed_by_who_may_sign_lists(void **state)
{
    (void)state;
    struct test_chain chain = amd_chain();
    const struct atls_issue_crl_spec list = {
        .this_update_s = NOW - 100, .next_update_s = NOW + 100, .signature = ATLS_CHAIN_PSS_SHA384};
    chain.specs[2].usage = ATLS_ISSUE_CERT_SIGN;
    test_chain_sign(&chain);
    struct atls_endorsements *set = new_set();
    struct atls_collateral *brought = bag();
    put(brought, test_crl(&chain, 2, &list));
    assert_err(revoked(set, brought, &chain), COLLATERAL);
    assert_says(&diag, "cRLSign");
    atls_collateral_free(brought);
    atls_endorsements_unref(set);
}

/* Everything that TCB info needs, each part of which may be spoilt. */
struct intel {
    struct test_chain chain;
    struct atls_endorsements *set;
    struct atls_collateral *brought;
};

static struct intel intel_scene(bool with_list)
{
    struct intel scene = {.chain = test_chain_make(&atls_chain_intel, test_tcb_names, 2)};
    const struct atls_issue_crl_spec list = {.this_update_s = NOW - 100,
                                             .next_update_s = NOW + 100,
                                             .signature = ATLS_CHAIN_ECDSA_SHA256};
    scene.set = new_set();
    scene.brought = bag();
    assert_err(trust(scene.set, "sgx", scene.chain.ders[1]), OK);
    put(scene.brought, scene.chain.ders[0]);
    if (with_list) {
        put(scene.brought, test_crl(&scene.chain, 1, &list));
    }
    return scene;
}

static enum atls_err tcb_of(const struct intel *scene, int64_t *evaluation_number)
{
    const struct atls_collateral_scope scope = scope_of(scene->set, scene->brought, "sgx");
    const struct atls_intel_tcb_info *tcb = NULL;
    struct atls_root root;
    const enum atls_err err =
        atls_collateral_tcb_info(&tcb, &root, &scope, test_hex(TEST_FMSPC), ATLS_INTEL_SGX, &diag);
    assert_true((err == ATLS_OK) == (tcb != NULL));
    if (err == ATLS_OK) {
        *evaluation_number = tcb->evaluation_number;
    }
    return err;
}

static void scene_cleanup(struct intel *scene)
{
    atls_collateral_free(scene->brought);
    atls_endorsements_unref(scene->set);
}

static void tcb_info_is_the_newest_that_verifies(void **state)
{
    (void)state;
    int64_t number = 0;
    struct intel scene = intel_scene(true);
    struct test_intel_spec spec = test_intel_spec_of(NOW);
    assert_err(tcb_of(&scene, &number), COLLATERAL);
    assert_int_equal(wanted.kind, ATLS_WANTED_TCB_INFO);
    assert_memory_equal(wanted.fmspc, test_hex(TEST_FMSPC).data, 6);
    put(scene.brought, test_tcb_info(&spec, scene.chain.certs[0].key));
    assert_err(tcb_of(&scene, &number), OK);
    assert_int_equal(number, 17);
    spec.evaluation_number = 18;
    put(scene.brought, test_tcb_info(&spec, scene.chain.certs[0].key));
    spec.evaluation_number = 16;
    put(scene.brought, test_tcb_info(&spec, scene.chain.certs[0].key));
    spec.evaluation_number = 99;
    put(scene.brought, test_tcb_info(&spec, test_key(ATLS_CRV_P256)));
    assert_err(tcb_of(&scene, &number), OK);
    assert_int_equal(number, 18);
    scene_cleanup(&scene);
}

static void tcb_info_by_another_key_is_refused(void **state)
{
    (void)state;
    int64_t number = 0;
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    struct intel scene = intel_scene(true);
    put(scene.brought, test_tcb_info(&spec, test_key(ATLS_CRV_P256)));
    assert_err(tcb_of(&scene, &number), COLLATERAL);
    assert_string_equal(diag.claim, "signature of Intel's JSON");
    scene_cleanup(&scene);
}

static void who_signs_tcb_info_leads_to_a_root_and_is_not_revoked(void **state)
{
    (void)state;
    int64_t number = 0;
    const uint64_t signer[] = {100};
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    struct atls_issue_crl_spec list = {.this_update_s = NOW - 100,
                                       .next_update_s = NOW + 100,
                                       .signature = ATLS_CHAIN_ECDSA_SHA256};
    struct intel scene = intel_scene(false);
    put(scene.brought, test_tcb_info(&spec, scene.chain.certs[0].key));
    assert_err(tcb_of(&scene, &number), COLLATERAL);
    assert_int_equal(wanted.kind, ATLS_WANTED_ROOT_CRL);
    assert_says(&diag, "that of Intel SGX Root CA");
    list.serials = signer;
    list.num_serials = 1;
    put(scene.brought, test_crl(&scene.chain, 1, &list));
    assert_err(tcb_of(&scene, &number), REVOKED);
    scene_cleanup(&scene);
    /* Another root of that name. */
    scene = intel_scene(true);
    const struct test_chain other = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
    struct atls_collateral *brought = bag();
    put(brought, other.ders[0]);
    put(brought, other.ders[1]);
    put(brought, test_tcb_info(&spec, other.certs[0].key));
    const struct atls_collateral_scope scope = scope_of(scene.set, brought, "sgx");
    const struct atls_intel_tcb_info *tcb = NULL;
    struct atls_root root;
    assert_err(
        atls_collateral_tcb_info(&tcb, &root, &scope, test_hex(TEST_FMSPC), ATLS_INTEL_SGX, &diag),
        NOT_ENDORSED);
    atls_collateral_free(brought);
    scene_cleanup(&scene);
}

/* What verified once is known to verify; dates, revocation and the root count each time. */
static void tcb_info_that_verified_once_is_judged_each_time(void **state)
{
    (void)state;
    int64_t number = 0;
    const uint64_t signer[] = {100};
    const struct test_intel_spec spec = test_intel_spec_of(NOW);
    struct atls_issue_crl_spec list = {.this_update_s = NOW - 100,
                                       .next_update_s = NOW + 100,
                                       .signature = ATLS_CHAIN_ECDSA_SHA256};
    struct intel scene = intel_scene(true);
    const struct atls_bytes file = test_tcb_info(&spec, scene.chain.certs[0].key);
    put(scene.brought, file);
    assert_err(tcb_of(&scene, &number), OK);
    assert_err(tcb_of(&scene, &number), OK);
    const struct atls_intel_tcb_info *tcb = NULL;
    struct atls_root root;
    struct atls_collateral_scope scope = scope_of(scene.set, scene.brought, "sgx");
    scope.now_s = NOW + 2 * TEST_DAY;
    assert_err(
        atls_collateral_tcb_info(&tcb, &root, &scope, test_hex(TEST_FMSPC), ATLS_INTEL_SGX, &diag),
        COLLATERAL);
    list.serials = signer;
    list.num_serials = 1;
    put(scene.brought, test_crl(&scene.chain, 1, &list));
    assert_err(tcb_of(&scene, &number), REVOKED);
    scene_cleanup(&scene);
    /* The same file under another root, with a signer of the same name, and under none. */
    scene = intel_scene(true);
    put(scene.brought, file);
    assert_err(tcb_of(&scene, &number), COLLATERAL);
    assert_string_equal(diag.claim, "signature of Intel's JSON");
    scene_cleanup(&scene);
}

static void identities_count_in_their_dates(void **state)
{
    (void)state;
    static const struct {
        int64_t issue_s, next_update_s;
        const char *claim; /* NULL: it holds */
    } rows[] = {{-60, 60, NULL},
                {60, 100, NULL},
                {-100, -60, NULL},
                {61, 100, "issueDate"},
                {-100, -61, "nextUpdate"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct intel scene = intel_scene(true);
        const struct test_intel_spec spec = {NOW + rows[i].issue_s, NOW + rows[i].next_update_s, 1};
        put(scene.brought, test_qe_identity(&spec, scene.chain.certs[0].key));
        struct atls_collateral_scope scope = scope_of(scene.set, scene.brought, "sgx");
        const struct atls_intel_identity *identity = NULL;
        struct atls_root root;
        int64_t ends_s = INT64_MAX;
        scope.ends_s = &ends_s;
        const enum atls_err err =
            atls_collateral_identity(&identity, &root, &scope, ATLS_INTEL_QE, &diag);
        assert_string_equal(atls_err_name(err), rows[i].claim == NULL ? "OK" : "COLLATERAL");
        assert_true(rows[i].claim != NULL || ends_s == spec.next_update_s);
        if (rows[i].claim != NULL) {
            assert_string_equal(diag.claim, rows[i].claim);
            assert_int_equal(wanted.kind, ATLS_WANTED_IDENTITY);
        }
        assert_err(atls_collateral_identity(&identity, &root, &scope, ATLS_INTEL_TD_QE, &diag),
                   COLLATERAL);
        assert_says(&diag, "that of TD_QE");
        scene_cleanup(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_that_nobody_vouches_for_is_refused),
        cmocka_unit_test(a_root_of_the_same_name_is_another_root),
        cmocka_unit_test(what_is_missing_of_a_chain_is_found_by_name_and_signature),
        cmocka_unit_test(of_two_certificates_of_one_key_that_in_its_dates_is_taken),
        cmocka_unit_test(amds_missing_issuer_is_wanted_by_its_product),
        cmocka_unit_test(dates_of_a_chain_are_those_of_the_appraisal),
        cmocka_unit_test(the_first_end_of_what_was_relied_on_is_told),
        cmocka_unit_test(an_endorsement_key_leaves_no_room_for_bare_trust_anchors),
        cmocka_unit_test(trust_anchors_are_certificates_of_formats_that_have_some),
        cmocka_unit_test(revocation_is_looked_up_or_refused),
        cmocka_unit_test(the_list_of_an_asvk_is_that_of_vleks),
        cmocka_unit_test(a_list_is_signed_by_who_may_sign_lists),
        cmocka_unit_test(tcb_info_is_the_newest_that_verifies),
        cmocka_unit_test(tcb_info_by_another_key_is_refused),
        cmocka_unit_test(who_signs_tcb_info_leads_to_a_root_and_is_not_revoked),
        cmocka_unit_test(tcb_info_that_verified_once_is_judged_each_time),
        cmocka_unit_test(identities_count_in_their_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
