/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB levels of Intel, by Intel's own rules (R-42; the quote verification library, 4.1.2.4.17):
 * every component singly, the first level that is reached, versions of the TDX module, the one
 * status that platform, module and quoting enclave come to, and when a relaunch is what helps.
 */
#include "scene.h"

#include "appraiser/intel/tcb.h"

enum { SGX, TDX };
enum { NEWEST, MIDDLE, OLDEST, NUM_LEVELS };

/* A platform whose SVNs are those of the newest level of all that is looked at. */
struct platform {
    struct atls_pck pck;
    struct atls_quote_body body;
    struct atls_enclave qe;
    struct atls_intel_tcb_info info;
    struct atls_intel_identity identity;
    struct atls_intel_level levels[NUM_LEVELS], module_levels[2], qe_levels[2];
    struct atls_intel_module modules[2]; /* versions 1 and 3, of the same levels */
    uint8_t svns[16], svns2[16], zeros[64], signer[48];
};

static void set_level(struct atls_intel_level *level, uint8_t svn, enum atls_intel_status status)
{
    memset(level, 0, sizeof *level);
    memset(level->sgx, svn, sizeof level->sgx);
    memset(level->tdx, svn, sizeof level->tdx);
    level->has_tdx = true;
    level->pcesvn = svn;
    level->isv_svn = svn;
    level->status = status;
}

static void make(struct platform *p, int tee, uint8_t module_version)
{
    memset(p, 0, sizeof *p);
    set_level(&p->levels[NEWEST], 5, ATLS_INTEL_UP_TO_DATE);
    set_level(&p->levels[MIDDLE], 4, ATLS_INTEL_OUT_OF_DATE);
    set_level(&p->levels[OLDEST], 3, ATLS_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED);
    set_level(&p->module_levels[0], 5, ATLS_INTEL_UP_TO_DATE);
    set_level(&p->module_levels[1], 3, ATLS_INTEL_OUT_OF_DATE);
    set_level(&p->qe_levels[0], 5, ATLS_INTEL_UP_TO_DATE);
    set_level(&p->qe_levels[1], 3, ATLS_INTEL_OUT_OF_DATE);
    memset(p->pck.components, 5, sizeof p->pck.components);
    p->pck.pcesvn = 5;
    memset(p->svns, 5, sizeof p->svns);
    p->svns[1] = module_version;
    memcpy(p->svns2, p->svns, sizeof p->svns);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(p->modules); i++) {
        p->modules[i].version = i == 0 ? 1 : 3;
        p->modules[i].levels = (struct atls_intel_levels){p->module_levels, 2};
    }
    p->info = (struct atls_intel_tcb_info){.tee = tee == TDX ? ATLS_INTEL_TDX : ATLS_INTEL_SGX,
                                           .version = 3,
                                           .has_pce_id = true,
                                           .evaluation_number = 17,
                                           .levels = {p->levels, NUM_LEVELS},
                                           .has_module = tee == TDX,
                                           .modules = p->modules,
                                           .num_modules = 2};
    p->identity.enclave = tee == TDX ? ATLS_INTEL_TD_QE : ATLS_INTEL_QE;
    p->identity.evaluation_number = 16;
    p->identity.levels = (struct atls_intel_levels){p->qe_levels, 2};
    p->qe.misc_select = atls_bytes_of(p->zeros, 4);
    p->qe.attributes = atls_bytes_of(p->zeros, 16);
    p->qe.mr_signer = atls_bytes_of(p->zeros, 32);
    p->qe.svn = 5;
    p->body.version = 4;
    p->body.tee = tee == TDX ? ATLS_TEE_TDX : ATLS_TEE_SGX;
    p->body.td.tee_tcb_svn = atls_bytes_of(p->svns, sizeof p->svns);
    p->body.td.tee_tcb_svn2 = atls_bytes_of(p->svns2, sizeof p->svns2);
    p->body.td.mr_signer_seam = atls_bytes_of(p->signer, sizeof p->signer);
    p->body.td.seam_attributes = atls_bytes_of(p->zeros, 8);
}

static struct atls_diag diag;

static enum atls_err evaluate(struct atls_quote_tcb *out, const struct platform *p)
{
    const struct atls_quote_platform platform = {
        .pck = &p->pck, .body = &p->body, .qe = &p->qe, .info = &p->info, .identity = &p->identity};
    memset(&diag, 0, sizeof diag);
    return atls_quote_tcb_evaluate(out, &platform, &diag);
}

static void assert_level(const struct platform *p, size_t level, const char *what, size_t at)
{
    struct atls_quote_tcb tcb;
    const enum atls_err err = evaluate(&tcb, p);
    if (err != ATLS_OK || tcb.platform != &p->levels[level]) {
        fail_msg("%s %zu: %s, not level %zu", what, at, atls_err_name(err), level);
    }
}

static void assert_none(const struct platform *p, enum atls_err err, const char *claim)
{
    struct atls_quote_tcb tcb;
    assert_string_equal(atls_err_name(evaluate(&tcb, p)), atls_err_name(err));
    assert_string_equal(diag.claim, claim);
}

static void every_component_of_the_processor_counts_singly(void **state)
{
    (void)state;
    struct platform p;
    for (int tee = SGX; tee <= TDX; tee++) {
        for (size_t i = 0; i < ATLS_INTEL_COMPONENTS; i++) {
            make(&p, tee, 1);
            p.pck.components[i] = 4; /* one below, all others far above */
            assert_level(&p, MIDDLE, "component", i);
            memset(p.pck.components, 255, sizeof p.pck.components);
            p.pck.components[i] = 3;
            assert_level(&p, OLDEST, "component", i);
            p.pck.components[i] = 2;
            assert_none(&p, ATLS_ERR_LIFECYCLE, "PCK certificate.TCB");
        }
        make(&p, tee, 1);
        p.pck.pcesvn = 4;
        assert_level(&p, MIDDLE, "PCESVN", 0);
        p.pck.pcesvn = 2;
        assert_none(&p, ATLS_ERR_LIFECYCLE, "PCK certificate.TCB");
    }
}

/* With a version of its own the module is judged by its identity: components 0 and 1 are its. */
static void every_component_of_a_trust_domain_counts_singly(void **state)
{
    (void)state;
    struct platform p;
    for (uint8_t version = 0; version <= 3; version += 3) {
        for (size_t i = version == 0 ? 0 : 2; i < ATLS_INTEL_COMPONENTS; i++) {
            make(&p, TDX, version);
            p.levels[NEWEST].tdx[1] = p.levels[MIDDLE].tdx[1] = p.levels[OLDEST].tdx[1] = 0;
            p.svns[i] = i == 1 ? 0 : 4;
            assert_level(&p, i == 1 ? NEWEST : MIDDLE, "TDX component", i);
            p.svns[i] = i == 1 ? 0 : 2;
            if (i != 1) {
                assert_none(&p, ATLS_ERR_LIFECYCLE, "tee_tcb_svn");
            }
        }
    }
    make(&p, TDX, 0); /* version 0 does not reach a level that asks for version 5 */
    assert_none(&p, ATLS_ERR_LIFECYCLE, "tee_tcb_svn");
    make(&p, TDX, 3);
    p.svns[0] = 3; /* the SVN of the module, which its own level knows */
    assert_level(&p, NEWEST, "TDX component", 0);
}

static void the_first_level_that_is_reached_counts(void **state)
{
    (void)state;
    struct platform p;
    make(&p, TDX, 1);
    p.levels[MIDDLE] = p.levels[NEWEST]; /* the same SVNs, another status */
    p.levels[MIDDLE].status = ATLS_INTEL_REVOKED;
    assert_level(&p, NEWEST, "first", 0);
    p.levels[NEWEST].has_tdx = false; /* one without components of TDX is none of a trust domain */
    assert_none(&p, ATLS_ERR_REVOKED, "tcbStatus");
    make(&p, SGX, 0);
    p.levels[NEWEST].status = ATLS_INTEL_REVOKED;
    assert_none(&p, ATLS_ERR_REVOKED, "tcbStatus");
    make(&p, TDX, 1); /* revoked for what the processor reaches alone */
    p.levels[NEWEST].status = ATLS_INTEL_REVOKED;
    p.svns[7] = 4;
    assert_none(&p, ATLS_ERR_REVOKED, "tcbStatus");
}

static void a_module_is_that_of_its_version(void **state)
{
    (void)state;
    struct platform p;
    struct atls_quote_tcb tcb;
    make(&p, TDX, 2);
    assert_none(&p, ATLS_ERR_REFERENCE_VALUES, "tee_tcb_svn");
    make(&p, TDX, 3);
    p.modules[1].mrsigner[47] = 1; /* another signer than that of version 1 */
    assert_none(&p, ATLS_ERR_REFERENCE_VALUES, "mrsigner_seam");
    p.signer[47] = 1;
    assert_err(evaluate(&tcb, &p), OK);
    p.svns[1] = 1;
    assert_none(&p, ATLS_ERR_REFERENCE_VALUES, "mrsigner_seam");
    make(&p, TDX, 1);
    p.modules[0].attributes[0] = 1;
    assert_none(&p, ATLS_ERR_REFERENCE_VALUES, "seam_attributes");
    static const uint8_t debug[8] = {1};
    p.body.td.seam_attributes = atls_bytes_of(debug, sizeof debug); /* equal, and not zero */
    assert_none(&p, ATLS_ERR_REFERENCE_VALUES, "seam_attributes");
    make(&p, TDX, 1);
    p.svns[0] = 2;
    assert_none(&p, ATLS_ERR_LIFECYCLE, "tee_tcb_svn");
    make(&p, TDX, 1);
    p.info.has_module = false; /* which is of modules without a version */
    assert_err(evaluate(&tcb, &p), OK);
    p.svns[1] = 0;
    assert_none(&p, ATLS_ERR_LIFECYCLE, "tee_tcb_svn");
}

/* Of Intel's library, in its own words: what a part that is out of date makes of the whole. */
static enum atls_quote_status worse(enum atls_intel_status status, bool out_of_date)
{
    static const enum atls_quote_status as_is[] = {
        [ATLS_INTEL_UP_TO_DATE] = ATLS_QUOTE_UP_TO_DATE,
        [ATLS_INTEL_SW_HARDENING_NEEDED] = ATLS_QUOTE_SW_HARDENING_NEEDED,
        [ATLS_INTEL_CONFIGURATION_NEEDED] = ATLS_QUOTE_CONFIGURATION_NEEDED,
        [ATLS_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
            ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED,
        [ATLS_INTEL_OUT_OF_DATE] = ATLS_QUOTE_OUT_OF_DATE,
        [ATLS_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED] = ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED,
    };
    static const enum atls_quote_status old[] = {
        [ATLS_INTEL_UP_TO_DATE] = ATLS_QUOTE_OUT_OF_DATE,
        [ATLS_INTEL_SW_HARDENING_NEEDED] = ATLS_QUOTE_OUT_OF_DATE,
        [ATLS_INTEL_CONFIGURATION_NEEDED] = ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED,
        [ATLS_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
            ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED,
        [ATLS_INTEL_OUT_OF_DATE] = ATLS_QUOTE_OUT_OF_DATE,
        [ATLS_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED] = ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED,
    };
    return out_of_date ? old[status] : as_is[status];
}

static void every_status_of_platform_module_and_enclave_comes_to_one(void **state)
{
    (void)state;
    static const enum atls_intel_status parts[] = {ATLS_INTEL_UP_TO_DATE, ATLS_INTEL_OUT_OF_DATE,
                                                   ATLS_INTEL_REVOKED};
    for (int status = ATLS_INTEL_UP_TO_DATE; status <= ATLS_INTEL_REVOKED; status++) {
        for (size_t i = 0; i < 9; i++) {
            const enum atls_intel_status module = parts[i / 3];
            const enum atls_intel_status qe = parts[i % 3];
            struct platform p;
            struct atls_quote_tcb tcb;
            make(&p, TDX, 1);
            p.levels[NEWEST].status = (enum atls_intel_status)status;
            p.module_levels[0].status = module;
            p.qe_levels[0].status = qe;
            const enum atls_err err = evaluate(&tcb, &p);
            if (status == ATLS_INTEL_REVOKED || module == ATLS_INTEL_REVOKED ||
                qe == ATLS_INTEL_REVOKED) {
                assert_err(err, REVOKED);
                continue;
            }
            assert_err(err, OK);
            assert_int_equal(tcb.status, worse((enum atls_intel_status)status,
                                               module == ATLS_INTEL_OUT_OF_DATE ||
                                                   qe == ATLS_INTEL_OUT_OF_DATE));
            assert_int_equal(tcb.evaluation_number, 16);
        }
    }
}

/* What a trust domain comes to that was launched under an old module, which has been replaced. */
static enum atls_quote_status launched_before(void (*change)(struct platform *p), uint8_t version2)
{
    struct platform p;
    struct atls_quote_tcb tcb;
    make(&p, TDX, 1);
    p.body.version = 5;
    p.body.td.is_1_5 = true;
    p.svns[0] = 3;
    p.svns2[1] = version2;
    p.levels[NEWEST].tdx[1] = 0;
    if (change != NULL) {
        change(&p);
    }
    assert_err(evaluate(&tcb, &p), OK);
    return tcb.status;
}

static void of_1_0(struct platform *p)
{
    p->body.td.is_1_5 = false;
}
static void with_an_old_enclave(struct platform *p)
{
    p->qe.svn = 3;
}
static void on_an_old_processor(struct platform *p)
{
    p->pck.components[9] = 4;
}
static void under_a_module_that_is_old_still(struct platform *p)
{
    p->svns2[0] = 4;
}
static void with_another_component_that_is_old_still(struct platform *p)
{
    p->svns2[2] = 4;
}
static void under_a_level_that_is_old_too(struct platform *p)
{
    p->svns[2] = 4; /* so that the trust domain reaches the second level only */
}
static void that_needs_configuration(struct platform *p)
{
    p->levels[NEWEST].status = ATLS_INTEL_CONFIGURATION_NEEDED;
}
static void whose_level_needs_configuration(struct platform *p)
{
    p->svns[2] = 3;
}

static void a_relaunch_is_advised_where_only_the_module_was_old(void **state)
{
    (void)state;
    assert_int_equal(launched_before(NULL, 1), ATLS_QUOTE_TD_RELAUNCH_ADVISED);
    assert_int_equal(launched_before(NULL, 3), ATLS_QUOTE_TD_RELAUNCH_ADVISED);
    assert_int_equal(launched_before(NULL, 0), ATLS_QUOTE_TD_RELAUNCH_ADVISED);
    assert_int_equal(launched_before(NULL, 2), ATLS_QUOTE_OUT_OF_DATE); /* no such module */
    assert_int_equal(launched_before(under_a_level_that_is_old_too, 1),
                     ATLS_QUOTE_TD_RELAUNCH_ADVISED);
    assert_int_equal(launched_before(that_needs_configuration, 1),
                     ATLS_QUOTE_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);
    assert_int_equal(launched_before(whose_level_needs_configuration, 1),
                     ATLS_QUOTE_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);
    assert_int_equal(launched_before(of_1_0, 1), ATLS_QUOTE_OUT_OF_DATE);
    assert_int_equal(launched_before(with_an_old_enclave, 1), ATLS_QUOTE_OUT_OF_DATE);
    assert_int_equal(launched_before(on_an_old_processor, 1), ATLS_QUOTE_OUT_OF_DATE);
    for (uint8_t version = 0; version <= 3; version += 3) {
        assert_int_equal(launched_before(under_a_module_that_is_old_still, version),
                         ATLS_QUOTE_OUT_OF_DATE);
        assert_int_equal(launched_before(with_another_component_that_is_old_still, version),
                         ATLS_QUOTE_OUT_OF_DATE);
    }
}

static void collateral_of_another_platform_or_enclave_is_refused(void **state)
{
    (void)state;
    struct platform p;
    for (int tee = SGX; tee <= TDX; tee++) {
        make(&p, tee, 1);
        p.info.fmspc[5] = 1;
        assert_none(&p, ATLS_ERR_COLLATERAL, "tcbInfo.fmspc");
        make(&p, tee, 1);
        p.info.pce_id[1] = 1;
        assert_none(&p, ATLS_ERR_COLLATERAL, "tcbInfo.pceId");
        make(&p, tee, 1);
        p.info.tee = tee == TDX ? ATLS_INTEL_SGX : ATLS_INTEL_TDX;
        assert_none(&p, ATLS_ERR_COLLATERAL, "tcbInfo.id");
        make(&p, tee, 1);
        p.identity.enclave = tee == TDX ? ATLS_INTEL_QE : ATLS_INTEL_TD_QE;
        assert_none(&p, ATLS_ERR_COLLATERAL, "enclaveIdentity.id");
        p.identity.enclave = ATLS_INTEL_QVE;
        assert_none(&p, ATLS_ERR_COLLATERAL, "enclaveIdentity.id");
        make(&p, tee, 1);
        p.qe.svn = 2;
        assert_none(&p, ATLS_ERR_LIFECYCLE, "qe_report.isvsvn");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_component_of_the_processor_counts_singly),
        cmocka_unit_test(every_component_of_a_trust_domain_counts_singly),
        cmocka_unit_test(the_first_level_that_is_reached_counts),
        cmocka_unit_test(a_module_is_that_of_its_version),
        cmocka_unit_test(every_status_of_platform_module_and_enclave_comes_to_one),
        cmocka_unit_test(a_relaunch_is_advised_where_only_the_module_was_old),
        cmocka_unit_test(collateral_of_another_platform_or_enclave_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
