/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of real machines, with the collateral and at the time that their origin names. */
#include "scene.h"

#include "appraiser/intel/unverified.h"
#include "appraiser/intel/verified.h"
#include "crypto/crypto.h"
#include "crypto/pem.h"
#include "support/file.h"
#include "support/quote_maker.h"

#include <stdio.h>

#define FOLDER TEST_SHARED_DIR "/vectors/02-tdx-sgx/"

struct published {
    const char *quote;
    const char *collateral[5]; /* ends with NULL */
    int64_t now_s;
    const char *err;
    const char *claim;  /* of the refusal; NULL: none */
    const char *status; /* in the verified claims */
    int8_t configuration, hardware;
};

static const struct published quotes[] = {
    {"phala/tdx_quote.bin",
     {"phala/tdx_quote_collateral.json"},
     1750377600,
     "OK",
     NULL,
     "\"status\":\"UpToDate\"",
     36,
     2},
    {"flashbots/gcp-tdx-2025.bin",
     {"flashbots/gcp-tdx-2025_collateral.json"},
     1769904000,
     "OK",
     NULL,
     "\"status\":\"UpToDate\"",
     36,
     2},
    {"phala/sgx_quote.bin",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "OK",
     NULL,
     "\"status\":\"ConfigurationAndSWHardeningNeeded\"",
     32,
     32},
    /* A day after nextUpdate; before it was issued; collateral of another platform; none. */
    {"phala/tdx_quote.bin",
     {"phala/tdx_quote_collateral.json"},
     1753006600,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"phala/tdx_quote.bin",
     {"phala/tdx_quote_collateral.json"},
     1750000000,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"phala/tdx_quote.bin",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"trustee/tdx_quote_4.dat",
     {"phala/tdx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     "TCB info",
     NULL,
     0,
     0},
    {"trustee/tdx_quote_5.dat",
     {"phala/tdx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     "TCB info",
     NULL,
     0,
     0},
    /* That of another year of the same FMSPC: what was up to date then. */
    {"azure-vtpm/td-quote.bin",
     {"flashbots/gcp-tdx-2025_collateral.json"},
     1769904000,
     "OK",
     NULL,
     "\"tdx_module\":\"OutOfDate\"",
     32,
     96},
    /* The collateral beside it has neither Intel's root nor its list: those are of the same root.
     */
    {"automata/sgx-quotev3.hex",
     {"automata/sgx_tcbinfov3_00606a000000.json", "automata/sgx_qeidentity_v4.json",
      "automata/platform_crl.der", "phala/sgx_quote_collateral.json"},
     1755648000,
     "OK",
     NULL,
     "\"advisories\":[\"INTEL-SA-00615\"]",
     36,
     32},
    {"trustee/occlum_quote.dat",
     {"automata/sgx_tcbinfov3_00606a000000.json", "automata/sgx_qeidentity_v4.json",
      "automata/platform_crl.der", "phala/sgx_quote_collateral.json"},
     1755648000,
     "OK",
     NULL,
     "\"debug\":true",
     32,
     96},
    /* Its TCB info and identity are there; the list of its month is not. */
    {"trustee/tdx_quote_6.dat",
     {"phala/tdx_quote_collateral.json", "trustee/tcbInfo.json", "trustee/enclaveIdentity.json"},
     1761955200,
     "COLLATERAL",
     NULL,
     NULL,
     0,
     0},
    {"openenclave/sgx_quote_debug.bin",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "COLLATERAL",
     "TCB info",
     NULL,
     0,
     0},
    {"intel-qvl-sgx/quote.dat",
     {"phala/sgx_quote_collateral.json"},
     1750377600,
     "EVIDENCE_MALFORMED",
     "quote.certification_data_type",
     NULL,
     0,
     0},
};

static struct atls_bytes file_of(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s", name);
    const struct atls_bytes file = test_file(path);
    const bool is_hex = strstr(name, ".hex") != NULL;
    return is_hex ? test_hex(test_text_file(path)) : file;
}

static void quotes_of_real_machines_come_to_what_is_known_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(quotes); i++) {
        const struct published *q = &quotes[i];
        const struct atls_bytes quote = file_of(q->quote);
        const bool is_td = strstr(q->quote, "td") != NULL;
        struct atls_endorsements *set = test_endorsements();
        struct scene s;
        for (size_t c = 0; q->collateral[c] != NULL; c++) {
            test_load(set, file_of(q->collateral[c]), q->now_s);
        }
        scene_init(&s, set, atls_bytes_of(NULL, 0));
        s.input.no_nonce = true;
        s.input.now_s = q->now_s;
        s.input.want_claims = true;
        const enum atls_err err = appraise(&s, is_td ? &atls_appraiser_tdx : &atls_appraiser_sgx,
                                           test_quote_wrap(is_td, quote));
        printf("%s: %s %s\n", q->quote, atls_err_name(err), s.diag.claim);
        assert_string_equal(atls_err_name(err), q->err);
        if (q->claim != NULL) {
            assert_string_equal(s.diag.claim, q->claim);
        }
        if (err == ATLS_OK) {
            assert_non_null(strstr(s.submod.claims_json, q->status));
            assert_false(s.submod.simulated);
            assert_int_equal(s.submod.vector.claim[ATLS_TRUST_HARDWARE], q->hardware);
            assert_int_equal(s.submod.vector.claim[ATLS_TRUST_CONFIGURATION], q->configuration);
            assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], 33);
        }
        scene_cleanup(&s);
    }
}

static enum atls_err check(const struct atls_quote_parsed *parsed, bool is_td, int64_t now_s,
                           struct atls_diag *diag)
{
    const struct atls_collateral_scope scope = {
        .endorsements = test_endorsements(), .format = is_td ? "tdx" : "sgx", .now_s = now_s};
    return atls_quote_check_signatures(parsed, atls_crypto_openssl(), &scope, diag);
}

/* What tools do without collateral: Intel's root is known by its key. */
static void signatures_of_all_lead_to_intel_and_no_other_octets_do(void **state)
{
    (void)state;
    static const char *const names[] = {
        "phala/tdx_quote.bin",      "phala/sgx_quote.bin",
        "trustee/tdx_quote_4.dat",  "trustee/tdx_quote_5.dat",
        "trustee/tdx_quote_6.dat",  "trustee/occlum_quote.dat",
        "automata/sgx-quotev3.hex", "flashbots/gcp-tdx-2025.bin",
        "azure-vtpm/td-quote.bin",  "openenclave/sgx_quote_debug.bin",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(names); i++) {
        const struct atls_bytes quote = test_copy(file_of(names[i]));
        enum atls_tee tee = ATLS_TEE_SGX;
        struct atls_quote_parsed *parsed = NULL;
        struct atls_diag diag = {.err = ATLS_OK};
        assert_true(atls_quote_has_head(quote, &tee));
        const bool is_td = tee == ATLS_TEE_TDX;
        assert_err(atls_quote_parse(&parsed, tee, quote, &diag), OK);
        assert_err(check(parsed, is_td, 1755648000, &diag), OK);
        assert_err(check(parsed, is_td, 1455648000, &diag), CHAIN); /* before it was made */
        uint8_t *octets = (uint8_t *)(uintptr_t)quote.data;
        octets[60] ^= 1; /* of the body */
        assert_err(check(parsed, is_td, 1755648000, &diag), SIGNATURE);
        assert_string_equal(diag.claim, "quote.signature");
        atls_quote_parsed_free(parsed);
    }
}

/* evaluate compares a quote with TCB info and identity as they stand, whatever else is missing. */
static enum atls_err evaluate(struct atls_quote_tcb *out, const struct atls_quote_parsed *parsed,
                              const struct atls_pck *pck, struct atls_endorsements *set,
                              struct atls_diag *diag)
{
    const struct atls_collateral_scope scope = {
        .endorsements = set, .format = "tdx", .now_s = 1761955200};
    struct atls_quote_platform platform = {.pck = pck, .body = &parsed->body, .qe = &parsed->qe};
    struct atls_root root;
    enum atls_err err = atls_collateral_tcb_info(&platform.info, &root, &scope,
                                                 atls_bytes_of(pck->fmspc, sizeof pck->fmspc),
                                                 ATLS_INTEL_TDX, diag);
    if (err == ATLS_OK) {
        err = atls_collateral_identity(&platform.identity, &root, &scope, ATLS_INTEL_TD_QE, diag);
    }
    return err == ATLS_OK ? atls_quote_tcb_evaluate(out, &platform, diag) : err;
}

/* leaf_of reads the platform out of the first certificate of a quote. */
static void leaf_of(struct atls_pck *out, const struct atls_quote_parsed *parsed)
{
    struct atls_bytes pem = parsed->pck_chain;
    struct atls_pem_block block;
    struct atls_x509 *cert = NULL;
    uint8_t der[4096];
    size_t len = 0;
    assert_int_equal(atls_pem_next(&pem, &block), ATLS_PEM_BLOCK);
    assert_true(atls_pem_decode(&block, (struct atls_buf){der, sizeof der}, &len));
    assert_err(atls_x509_read(&cert, atls_bytes_of(der, len), NULL), OK);
    assert_err(atls_pck_read(out, cert, NULL), OK);
    atls_x509_free(cert);
}

static void a_level_of_years_ago_is_out_of_date(void **state)
{
    (void)state;
    struct atls_endorsements *set = test_endorsements();
    struct atls_quote_parsed *parsed = NULL;
    struct atls_diag diag = {.err = ATLS_OK};
    struct atls_quote_tcb tcb;
    struct atls_pck pck;
    memset(&tcb, 0, sizeof tcb);
    memset(&pck, 0, sizeof pck);
    test_load(set, file_of("phala/tdx_quote_collateral.json"), 1761955200); /* who signs */
    test_load(set, file_of("trustee/tcbInfo.json"), 1761955200);
    test_load(set, file_of("trustee/enclaveIdentity.json"), 1761955200);
    assert_err(atls_quote_parse(&parsed, ATLS_TEE_TDX, file_of("trustee/tdx_quote_6.dat"), &diag),
               OK);
    leaf_of(&pck, parsed);
    assert_err(evaluate(&tcb, parsed, &pck, set, &diag), OK);
    assert_string_equal(atls_quote_status_name(tcb.status), "OutOfDate");
    if (tcb.module == NULL || tcb.platform == NULL) {
        fail();
        return;
    }
    assert_int_equal(tcb.module->status, ATLS_INTEL_UP_TO_DATE);
    assert_int_equal(tcb.platform->date_s, 1515024000); /* 2018-01-04 */
    /* A component below every level: a genuine quote that matches none is refused. */
    memset(pck.components, 0, sizeof pck.components);
    assert_err(evaluate(&tcb, parsed, &pck, set, &diag), LIFECYCLE);
    atls_quote_parsed_free(parsed);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_of_real_machines_come_to_what_is_known_of_them),
        cmocka_unit_test(signatures_of_all_lead_to_intel_and_no_other_octets_do),
        cmocka_unit_test(a_level_of_years_ago_is_out_of_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
