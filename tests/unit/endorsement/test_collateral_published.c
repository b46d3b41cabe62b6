/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral as AMD, Intel and AWS publish it, at a time when it was in its dates. */
#include "samples.h"
#include "support/keys.h"

#include "crypto/cert.h"
#include "endorsement/collateral.h"

#define AMD_NOW INT64_C(1767225600) /* 2026-01-01: every VCEK of the samples counts */

static struct atls_diag diag;

static void load_shared(struct atls_endorsements *set, const char *path)
{
    char full[600];
    snprintf(full, sizeof full, "%s/vectors/%s", TEST_SHARED_DIR, path);
    const enum atls_err err = atls_endorsements_load_at(set, full, NOW, &diag);
    show(err, &diag);
    assert_err(err, OK);
}

static struct atls_collateral_scope scope_of(const struct atls_endorsements *set,
                                             const char *format, int64_t now_s)
{
    const struct atls_collateral_scope scope = {
        .endorsements = set, .format = format, .now_s = now_s};
    return scope;
}

/* chain_of makes the chain of one leaf with what was loaded. */
static enum atls_err chain_of(const struct atls_collateral_scope *scope, struct atls_bytes leaf,
                              const char *root_name)
{
    struct atls_chain *chain = NULL;
    struct atls_root root = {.vendor = NULL};
    const enum atls_err err =
        atls_collateral_chain(&chain, &root, scope, &leaf, 1, &atls_chain_amd, &diag);
    if (err == ATLS_OK) {
        assert_non_null(root.vendor);
        assert_false(root.simulated);
        assert_string_equal(root.vendor->name, root_name);
        assert_string_equal(root.vendor->name, atls_x509_common_name(atls_chain_cert(chain, 2)));
    }
    atls_chain_release(chain);
    return err;
}

static void amds_leaves_lead_to_their_arks(void **state)
{
    (void)state;
    static const struct {
        const char *authorities, *leaf, *root, *product;
        struct atls_amd_tcb tcb;
    } rows[] = {
        {"01-sev-snp/ca/milan_ask_ark_asvk.pem",
         "01-sev-snp/milan-v2-azure/vcek.der",
         "ARK-Milan",
         "Milan",
         {false, 0, 3, 0, 8, 0x73, {0}}},
        {"01-sev-snp/milan-v2-debug/ask-ark.pem",
         "01-sev-snp/milan-v2-debug/vcek.der",
         "ARK-Milan",
         "Milan",
         {false, 0, 2, 0, 5, 0x44, {0}}},
        {"01-sev-snp/ca/milan_ask_ark_asvk.pem",
         "01-sev-snp/milan-v3-oak/vcek.der",
         "ARK-Milan",
         "Milan",
         {false, 0, 4, 0, 0x18, 0xdb, {0}}},
        {"01-sev-snp/turin-certs/cert_chain.pem",
         "01-sev-snp/turin-certs/vcek.der",
         "ARK-Turin",
         "Turin",
         {true, 0, 0, 0, 0, 9, {0}}},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_endorsements *set = new_set();
        load_shared(set, rows[i].authorities);
        load_shared(set, rows[i].leaf);
        const struct atls_collateral_scope scope = scope_of(set, "snp", AMD_NOW);
        char path[600];
        snprintf(path, sizeof path, "%s/vectors/%s", TEST_SHARED_DIR, rows[i].leaf);
        struct atls_x509 *leaf = NULL;
        struct atls_amd_cert read;
        assert_err(atls_x509_read(&leaf, test_file(path), &diag), OK);
        assert_err(atls_amd_cert_read(&read, leaf, &diag), OK);
        assert_string_equal(read.product, rows[i].product);
        assert_true(atls_amd_tcb_equal(&read.tcb, &rows[i].tcb));
        struct atls_amd_question question = {.kind = ATLS_AMD_VCEK,
                                             .product = rows[i].product,
                                             .chip_id = read.chip_id,
                                             .tcb = rows[i].tcb};
        struct atls_bytes found;
        assert_err(atls_collateral_amd_leaf(&found, &scope, &question, &diag), OK);
        assert_bytes(found, atls_x509_der(leaf));
        assert_err(chain_of(&scope, found, rows[i].root), OK);
        question.tcb.microcode ^= 1;
        assert_err(atls_collateral_amd_leaf(&found, &scope, &question, &diag), COLLATERAL);
        atls_x509_free(leaf);
        atls_endorsements_unref(set);
    }
}

static void a_vlek_leads_to_the_same_ark(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    load_shared(set, "01-sev-snp/milan-v2-debug/asvk-ark.pem");
    load_shared(set, "01-sev-snp/milan-v3-vlek/vlek.der");
    const struct atls_collateral_scope scope = scope_of(set, "snp", INT64_C(1735689600));
    const struct atls_amd_question question = {
        .kind = ATLS_AMD_VLEK, .product = "Milan", .tcb = {false, 0, 4, 0, 0x18, 0xd9, {0}}};
    struct atls_bytes found;
    assert_err(atls_collateral_amd_leaf(&found, &scope, &question, &diag), OK);
    assert_err(chain_of(&scope, found, "ARK-Milan"), OK);
    const struct atls_collateral_scope later = scope_of(set, "snp", AMD_NOW);
    assert_err(chain_of(&later, found, "ARK-Milan"), CHAIN);
    assert_string_equal(diag.claim, "notAfter");
    atls_endorsements_unref(set);
}

static void vceks_of_other_forms_are_read_and_do_not_verify(void **state)
{
    (void)state;
    static const char *const files[] = {"01-sev-snp/milan-v2-azure/vcek-invalid-legacy.der",
                                        "01-sev-snp/milan-v2-azure/vcek-invalid-new.der"};
    struct atls_endorsements *set = new_set();
    load_shared(set, "01-sev-snp/ca/milan_ask_ark_asvk.pem");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(files); i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/vectors/%s", TEST_SHARED_DIR, files[i]);
        const struct atls_bytes der = test_file(path);
        struct atls_x509 *leaf = NULL;
        struct atls_amd_cert read;
        assert_err(atls_x509_read(&leaf, der, &diag), OK);
        assert_err(atls_amd_cert_read(&read, leaf, &diag), OK);
        assert_int_equal(read.chip_id.len, ATLS_AMD_CHIP_ID_LEN);
        const struct atls_collateral_scope scope = scope_of(set, "snp", AMD_NOW);
        /* No certificate that is there signed it. */
        assert_err(chain_of(&scope, der, "ARK-Milan"), COLLATERAL);
        atls_x509_free(leaf);
    }
    atls_endorsements_unref(set);
}

static void roots_are_those_of_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *file, *format, *other;
    } rows[] = {
        {"02-tdx-sgx/phala/TrustedRootCA.der", "tdx", "snp"},
        {"02-tdx-sgx/phala/TrustedRootCA.der", "sgx", "nitro"},
        {"06-aws-nitro/aws_nitro_root.pem", "nitro", "tdx"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/vectors/%s", TEST_SHARED_DIR, rows[i].file);
        struct atls_bytes spki;
        const struct atls_buf room = test_room(ATLS_MAX_SPKI_LEN);
        assert_err(atls_cert_spki(test_file(path), room, &spki.len, &diag), OK);
        spki.data = room.data;
        assert_non_null(atls_vendor_root_find(rows[i].format, test_hash(ATLS_ALG_SHA256, spki)));
        assert_null(atls_vendor_root_find(rows[i].other, test_hash(ATLS_ALG_SHA256, spki)));
    }
}

/* bundle_at asks for both parts of a bundle. */
static enum atls_err bundle_at(const struct atls_endorsements *set, int64_t now_s,
                               const char *fmspc, enum atls_intel_tee tee)
{
    const struct atls_collateral_scope scope = scope_of(set, "tdx", now_s);
    const struct atls_intel_tcb_info *tcb = NULL;
    const struct atls_intel_identity *identity = NULL;
    struct atls_root root;
    enum atls_err err = atls_collateral_tcb_info(&tcb, &root, &scope, test_hex(fmspc), tee, &diag);
    if (err == ATLS_OK) {
        assert_non_null(root.vendor);
        assert_true(tcb->levels.num > 0);
        err = atls_collateral_identity(&identity, &root, &scope,
                                       tee == ATLS_INTEL_TDX ? ATLS_INTEL_TD_QE : ATLS_INTEL_QE,
                                       &diag);
    }
    return err;
}

static void intels_bundles_verify_in_their_dates(void **state)
{
    (void)state;
    static const struct {
        const char *file, *fmspc;
        enum atls_intel_tee tee;
        int64_t now_s;
    } rows[] = {
        {"02-tdx-sgx/phala/sgx_quote_collateral.json", "00a067110000", ATLS_INTEL_SGX,
         INT64_C(1750413600)}, /* 2025-06-20 */
        {"02-tdx-sgx/phala/tdx_quote_collateral.json", "b0c06f000000", ATLS_INTEL_TDX,
         INT64_C(1750413600)},
        {"02-tdx-sgx/flashbots/gcp-tdx-2025_collateral.json", "00806f050000", ATLS_INTEL_TDX,
         INT64_C(1769940000)}, /* 2026-02-01 */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_endorsements *set = new_set();
        load_shared(set, rows[i].file);
        const enum atls_err err = bundle_at(set, rows[i].now_s, rows[i].fmspc, rows[i].tee);
        show(err, &diag);
        assert_err(err, OK);
        assert_err(bundle_at(set, rows[i].now_s + 31 * 86400, rows[i].fmspc, rows[i].tee),
                   COLLATERAL);
        assert_string_equal(diag.claim, "nextUpdate");
        assert_err(bundle_at(set, rows[i].now_s - 9 * 86400, rows[i].fmspc, rows[i].tee),
                   COLLATERAL);
        assert_string_equal(diag.claim, "issueDate");
        assert_err(bundle_at(set, rows[i].now_s, "000000000000", rows[i].tee), COLLATERAL);
        assert_string_equal(diag.claim, "TCB info");
        atls_endorsements_unref(set);
    }
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amds_leaves_lead_to_their_arks),
        cmocka_unit_test(a_vlek_leads_to_the_same_ark),
        cmocka_unit_test(vceks_of_other_forms_are_read_and_do_not_verify),
        cmocka_unit_test(roots_are_those_of_the_table),
        cmocka_unit_test(intels_bundles_verify_in_their_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
