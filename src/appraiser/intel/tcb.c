/* SPDX-License-Identifier: Apache-2.0 */
/* Levels and the status that they come to, step by step as Intel's library has them. */
#include "appraiser/intel/tcb.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

const char *atls_quote_status_name(enum atls_quote_status status)
{
    static const char *const names[ATLS_NUM_QUOTE_STATUSES] = {
        [ATLS_QUOTE_UP_TO_DATE] = "UpToDate",
        [ATLS_QUOTE_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
        [ATLS_QUOTE_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
        [ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
        [ATLS_QUOTE_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
        [ATLS_QUOTE_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] =
            "TDRelaunchAdvisedConfigurationNeeded",
        [ATLS_QUOTE_OUT_OF_DATE] = "OutOfDate",
        [ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
        [ATLS_QUOTE_REVOKED] = "Revoked",
    };
    return status < ATLS_NUM_QUOTE_STATUSES ? names[status] : "unknown";
}

/* A status that is none of Intel's counts as the worst. */
static enum atls_quote_status status_of(const struct atls_intel_level *level)
{
    switch (level->status) {
    case ATLS_INTEL_UP_TO_DATE:
        return ATLS_QUOTE_UP_TO_DATE;
    case ATLS_INTEL_SW_HARDENING_NEEDED:
        return ATLS_QUOTE_SW_HARDENING_NEEDED;
    case ATLS_INTEL_CONFIGURATION_NEEDED:
        return ATLS_QUOTE_CONFIGURATION_NEEDED;
    case ATLS_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    case ATLS_INTEL_OUT_OF_DATE:
        return ATLS_QUOTE_OUT_OF_DATE;
    case ATLS_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED:
        return ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED;
    case ATLS_INTEL_REVOKED:
    default:
        return ATLS_QUOTE_REVOKED;
    }
}

static bool needs_configuration(enum atls_quote_status status)
{
    return status == ATLS_QUOTE_CONFIGURATION_NEEDED ||
           status == ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           status == ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

static bool is_below_out_of_date(enum atls_quote_status status)
{
    return status <= ATLS_QUOTE_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

/* converge adds what a part (the TDX module, the quoting enclave) is to the status of the whole.
 * Parts are UpToDate, OutOfDate or Revoked; anything else of a part counts as OutOfDate. */
static enum atls_quote_status converge(enum atls_quote_status whole, enum atls_quote_status part)
{
    if (part == ATLS_QUOTE_REVOKED || whole == ATLS_QUOTE_REVOKED) {
        return ATLS_QUOTE_REVOKED;
    }
    if (part == ATLS_QUOTE_UP_TO_DATE || !is_below_out_of_date(whole)) {
        return whole;
    }
    return needs_configuration(whole) ? ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED
                                      : ATLS_QUOTE_OUT_OF_DATE;
}

/* reaches compares components from `first` on, one by one. */
static bool reaches(const uint8_t *svns, const uint8_t *level, size_t first)
{
    for (size_t i = first; i < ATLS_INTEL_COMPONENTS; i++) {
        if (svns[i] < level[i]) {
            return false;
        }
    }
    return true;
}

/* A module that says its version (1) is judged by its own identity, with its SVN (0). */
static size_t first_tdx_component(const uint8_t *tee_tcb_svn)
{
    return tee_tcb_svn[1] != 0 ? 2 : 0;
}

static const struct atls_intel_level *find_isv(const struct atls_intel_levels *levels, uint16_t svn)
{
    for (size_t i = 0; i < levels->num; i++) {
        if (svn >= levels->items[i].isv_svn) {
            return &levels->items[i];
        }
    }
    return NULL;
}

static enum atls_err no_level(const char *claim, struct atls_bytes svns, const char *expected,
                              struct atls_diag *diag)
{
    atls_fail_texts(diag, ATLS_ERR_LIFECYCLE, ATLS_STEP_APPRAISAL, claim, NULL, expected);
    atls_diag_found_bytes(diag, svns);
    return ATLS_ERR_LIFECYCLE;
}

/* The first level that the processor reaches, and the first that the trust domain reaches too. */
struct found_levels {
    const struct atls_intel_level *sgx;
    const struct atls_intel_level *platform;
};

static struct found_levels find_platform(const struct atls_quote_platform *p)
{
    struct found_levels found = {NULL, NULL};
    for (size_t i = 0; i < p->info->levels.num && found.platform == NULL; i++) {
        const struct atls_intel_level *level = &p->info->levels.items[i];
        if (!reaches(p->pck->components, level->sgx, 0) || p->pck->pcesvn < level->pcesvn) {
            continue;
        }
        if (found.sgx == NULL) {
            found.sgx = level;
        }
        if (p->body->tee == ATLS_TEE_SGX) {
            found.platform = level;
        } else {
            const uint8_t *svns = p->body->td.tee_tcb_svn.data;
            if (level->has_tdx && reaches(svns, level->tdx, first_tdx_component(svns))) {
                found.platform = level;
            }
        }
    }
    return found;
}

static const struct atls_intel_module *find_module(const struct atls_intel_tcb_info *info,
                                                   uint8_t version)
{
    if (version == 0) {
        return info->has_module ? &info->module : NULL;
    }
    for (size_t i = 0; i < info->num_modules; i++) {
        if (info->modules[i].version == version) {
            return &info->modules[i];
        }
    }
    return NULL;
}

static enum atls_err other_module(const char *claim, struct atls_bytes found,
                                  struct atls_bytes expected, struct atls_diag *diag)
{
    atls_fail(diag, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, claim);
    atls_diag_found_bytes(diag, found);
    atls_diag_expected_bytes(diag, expected);
    return ATLS_ERR_REFERENCE_VALUES;
}

/* 4.1.2.4.11: who signed the module, and that none of its attributes (debug is one) is set. */
static enum atls_err check_module(const struct atls_intel_module **out,
                                  const struct atls_quote_platform *p, struct atls_diag *diag)
{
    const struct atls_trust_domain *td = &p->body->td;
    const struct atls_intel_module *module = find_module(p->info, td->tee_tcb_svn.data[1]);
    if (module == NULL) {
        atls_fail_texts(diag, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "tee_tcb_svn",
                        "TDX module version ", "a version of tdxModuleIdentities");
        atls_diag_found_int(diag, td->tee_tcb_svn.data[1]);
        return ATLS_ERR_REFERENCE_VALUES;
    }
    const struct atls_bytes signer = atls_bytes_of(module->mrsigner, sizeof module->mrsigner);
    const struct atls_bytes attributes =
        atls_bytes_of(module->attributes, sizeof module->attributes);
    if (!atls_bytes_equal(td->mr_signer_seam, signer)) {
        return other_module("mrsigner_seam", td->mr_signer_seam, signer, diag);
    }
    if (!atls_is_zero(td->seam_attributes) || !atls_bytes_equal(td->seam_attributes, attributes)) {
        return other_module("seam_attributes", td->seam_attributes, attributes, diag);
    }
    *out = module;
    return ATLS_OK;
}

/* 4.1.2.4.17.4.1 */
static enum atls_err judge_module(struct atls_quote_tcb *out, const struct atls_quote_platform *p,
                                  struct atls_diag *diag)
{
    const struct atls_intel_module *module = NULL;
    const struct atls_bytes svns = p->body->td.tee_tcb_svn;
    const enum atls_err err = check_module(&module, p, diag);
    if (err != ATLS_OK || svns.data[1] == 0) {
        return err;
    }
    out->module = find_isv(&module->levels, svns.data[0]);
    if (out->module == NULL) {
        return no_level("tee_tcb_svn", svns, "a level of the TDX module that Intel supports", diag);
    }
    out->status = converge(out->status, status_of(out->module));
    return ATLS_OK;
}

/* is_current: the module that is loaded now reaches the newest level, so that only this trust
 * domain is old. Versions 1 and above have levels of their own. */
static bool is_current(const struct atls_intel_tcb_info *info, const uint8_t *svn2)
{
    const struct atls_intel_level *newest = &info->levels.items[0];
    if (!newest->has_tdx || svn2[2] < newest->tdx[2]) {
        return false;
    }
    if (svn2[1] == 0) {
        return svn2[0] >= newest->tdx[0];
    }
    const struct atls_intel_module *module = find_module(info, svn2[1]);
    return module != NULL && module->levels.num != 0 && svn2[0] >= module->levels.items[0].isv_svn;
}

/* 4.1.2.4.17.4.3: only the module was old when the trust domain was launched, and is not now. */
static void advise_relaunch(struct atls_quote_tcb *out, const struct atls_quote_platform *p,
                            enum atls_quote_status sgx)
{
    if (p->body->td.is_1_5 && status_of(out->qe) == ATLS_QUOTE_UP_TO_DATE &&
        is_below_out_of_date(sgx) &&
        (out->status == ATLS_QUOTE_OUT_OF_DATE ||
         out->status == ATLS_QUOTE_OUT_OF_DATE_CONFIGURATION_NEEDED) &&
        out->module != NULL && status_of(out->module) == ATLS_QUOTE_OUT_OF_DATE &&
        is_current(p->info, p->body->td.tee_tcb_svn2.data)) {
        out->status = needs_configuration(sgx) || needs_configuration(out->status)
                          ? ATLS_QUOTE_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
                          : ATLS_QUOTE_TD_RELAUNCH_ADVISED;
    }
}

static enum atls_err check_masked(const char *claim, struct atls_bytes found, const uint8_t *mask,
                                  const uint8_t *expected, struct atls_diag *diag)
{
    for (size_t i = 0; i < found.len; i++) {
        if ((found.data[i] & mask[i]) != expected[i]) {
            atls_fail(diag, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, claim);
            atls_diag_found_bytes(diag, found);
            atls_diag_expected_bytes(diag, atls_bytes_of(expected, found.len));
            atls_diag_expected_text(diag, " under the mask ");
            atls_diag_expected_bytes(diag, atls_bytes_of(mask, found.len));
            return ATLS_ERR_REFERENCE_VALUES;
        }
    }
    return ATLS_OK;
}

/* 4.1.2.9: the quoting enclave is the one that Intel says. */
static enum atls_err check_qe(const struct atls_quote_platform *p, struct atls_diag *diag)
{
    const struct atls_intel_identity *identity = p->identity;
    const struct atls_bytes signer = atls_bytes_of(identity->mrsigner, sizeof identity->mrsigner);
    const bool is_td = p->body->tee == ATLS_TEE_TDX;
    if (identity->enclave != (is_td ? ATLS_INTEL_TD_QE : ATLS_INTEL_QE)) {
        return atls_fail_texts(diag, ATLS_ERR_COLLATERAL, ATLS_STEP_APPRAISAL, "enclaveIdentity.id",
                               "another enclave", is_td ? "TD_QE" : "QE");
    }
    enum atls_err err = check_masked("qe_report.miscselect", p->qe->misc_select,
                                     identity->miscselect_mask, identity->miscselect, diag);
    if (err == ATLS_OK) {
        err = check_masked("qe_report.attributes", p->qe->attributes, identity->attributes_mask,
                           identity->attributes, diag);
    }
    if (err == ATLS_OK && !atls_bytes_equal(p->qe->mr_signer, signer)) {
        err = other_module("qe_report.mrsigner", p->qe->mr_signer, signer, diag);
    }
    if (err == ATLS_OK && p->qe->prod_id != identity->isv_prod_id) {
        atls_fail(diag, ATLS_ERR_REFERENCE_VALUES, ATLS_STEP_APPRAISAL, "qe_report.isvprodid");
        atls_diag_found_int(diag, p->qe->prod_id);
        atls_diag_expected_int(diag, identity->isv_prod_id);
        err = ATLS_ERR_REFERENCE_VALUES;
    }
    return err;
}

static enum atls_err judge_qe(struct atls_quote_tcb *out, const struct atls_quote_platform *p,
                              struct atls_diag *diag)
{
    const enum atls_err err = check_qe(p, diag);
    if (err != ATLS_OK) {
        return err;
    }
    out->qe = find_isv(&p->identity->levels, p->qe->svn);
    if (out->qe == NULL) {
        atls_fail_texts(diag, ATLS_ERR_LIFECYCLE, ATLS_STEP_APPRAISAL, "qe_report.isvsvn", NULL,
                        "a level of the quoting enclave that Intel supports");
        atls_diag_found_int(diag, p->qe->svn);
        return ATLS_ERR_LIFECYCLE;
    }
    return ATLS_OK;
}

/* 4.1.2.4.9 and 10: the file is about this kind of platform. */
static enum atls_err check_info(const struct atls_quote_platform *p, struct atls_diag *diag)
{
    const struct atls_bytes fmspc = atls_bytes_of(p->pck->fmspc, sizeof p->pck->fmspc);
    const struct atls_bytes pce_id = atls_bytes_of(p->pck->pce_id, sizeof p->pck->pce_id);
    const bool is_td = p->body->tee == ATLS_TEE_TDX;
    if (p->info->tee != (is_td ? ATLS_INTEL_TDX : ATLS_INTEL_SGX) || p->info->levels.num == 0) {
        return atls_fail_texts(diag, ATLS_ERR_COLLATERAL, ATLS_STEP_APPRAISAL, "tcbInfo.id",
                               "another one", is_td ? "TDX" : "SGX");
    }
    const struct atls_bytes info_fmspc = atls_bytes_of(p->info->fmspc, sizeof p->info->fmspc);
    const struct atls_bytes info_pce_id = atls_bytes_of(p->info->pce_id, sizeof p->info->pce_id);
    const bool same_fmspc = atls_bytes_equal(fmspc, info_fmspc);
    if (!same_fmspc || (p->info->has_pce_id && !atls_bytes_equal(pce_id, info_pce_id))) {
        atls_fail(diag, ATLS_ERR_COLLATERAL, ATLS_STEP_APPRAISAL,
                  same_fmspc ? "tcbInfo.pceId" : "tcbInfo.fmspc");
        atls_diag_found_bytes(diag, same_fmspc ? info_pce_id : info_fmspc);
        atls_diag_expected_bytes(diag, same_fmspc ? pce_id : fmspc);
        atls_diag_expected_text(diag, ", as the PCK certificate has it");
        return ATLS_ERR_COLLATERAL;
    }
    return ATLS_OK;
}

static enum atls_err judge_platform(struct atls_quote_tcb *out, enum atls_quote_status *out_sgx,
                                    const struct atls_quote_platform *p, struct atls_diag *diag)
{
    const struct found_levels found = find_platform(p);
    if (found.sgx == NULL) {
        return no_level("PCK certificate.TCB",
                        atls_bytes_of(p->pck->components, sizeof p->pck->components),
                        "a level of the platform that Intel supports", diag);
    }
    if (found.platform == NULL) {
        return no_level("tee_tcb_svn", p->body->td.tee_tcb_svn,
                        "a level of the platform that Intel supports", diag);
    }
    out->platform = found.platform;
    out->status = status_of(found.platform);
    *out_sgx = status_of(found.sgx);
    if (*out_sgx == ATLS_QUOTE_REVOKED) {
        out->status = ATLS_QUOTE_REVOKED;
    }
    return ATLS_OK;
}

enum atls_err atls_quote_tcb_evaluate(struct atls_quote_tcb *out,
                                      const struct atls_quote_platform *platform,
                                      struct atls_diag *diag)
{
    struct atls_quote_tcb tcb;
    enum atls_quote_status sgx = ATLS_QUOTE_REVOKED;
    memset(&tcb, 0, sizeof tcb);
    enum atls_err err = check_info(platform, diag);
    if (err == ATLS_OK) {
        err = judge_qe(&tcb, platform, diag);
    }
    if (err == ATLS_OK) {
        err = judge_platform(&tcb, &sgx, platform, diag);
    }
    if (err == ATLS_OK && platform->body->tee == ATLS_TEE_TDX) {
        err = judge_module(&tcb, platform, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    advise_relaunch(&tcb, platform, sgx);
    tcb.status = converge(tcb.status, status_of(tcb.qe));
    if (tcb.status == ATLS_QUOTE_REVOKED) {
        return atls_fail_texts(diag, ATLS_ERR_REVOKED, ATLS_STEP_APPRAISAL, "tcbStatus", "Revoked",
                               "a level that Intel has not revoked");
    }
    tcb.evaluation_number =
        platform->info->evaluation_number < platform->identity->evaluation_number
            ? platform->info->evaluation_number
            : platform->identity->evaluation_number;
    *out = tcb;
    return ATLS_OK;
}
