/* SPDX-License-Identifier: Apache-2.0 */
/* What a trust domain's own claims are worth (docs/appraisal.md, "tdx"). */
#include "appraiser/tdx/tdx.h"

#include "appraiser/input.h"
#include "base/span.h"

enum rule {
    SEPT_VE = ATLS_NUM_QUOTE_RULES,
    MIGRATABLE,
    OWNER,
    OWNER_CONFIG,
    SERVICE_TD,
    XFAM,
    NUM_OWN_RULES
};

#define UNSAFE ATLS_QUOTE_VECTOR_CONFIG

const struct atls_appraiser_rule atls_tdx_rules[ATLS_TDX_NUM_RULES] = {
    /* MRTD and the RTMRs are what was measured on the way up; memory is encrypted. */
    [ATLS_QUOTE_RULE_GOOD] = {"TCB status UpToDate, closed for debugging, code that a reference "
                              "value has",
                              ATLS_ERR_OK,
                              {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED,
                                [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_APPROVED,
                                [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_BOOT,
                                [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE,
                                [ATLS_TRUST_RUNTIME_OPAQUE] = ATLS_RUNTIME_ENCRYPTED}}},
    ATLS_QUOTE_RULES("td_attributes: the trust domain is open for debugging",
                     "td_attributes: a bit that is reserved",
                     "mr_config_id that is not zero, and of which no reference value speaks"),
    [SEPT_VE] = {"td_attributes without SEPT_VE_DISABLE, of which no reference value speaks",
                 ATLS_ERR_CLAIM, UNSAFE},
    [MIGRATABLE] = {"td_attributes with MIGRATABLE, of which no reference value speaks",
                    ATLS_ERR_CLAIM, UNSAFE},
    [OWNER] = {"mr_owner that is not zero, and of which no reference value speaks", ATLS_ERR_CLAIM,
               UNSAFE},
    [OWNER_CONFIG] = {"mr_owner_config that is not zero, and of which no reference value speaks",
                      ATLS_ERR_CLAIM, UNSAFE},
    [SERVICE_TD] = {"mr_servicetd that is not zero, and of which no reference value speaks",
                    ATLS_ERR_CLAIM, UNSAFE},
    [XFAM] = {"xfam without x87 and SSE, or with a bit that is reserved and that no reference "
              "value states",
              ATLS_ERR_CLAIM, ATLS_QUOTE_VECTOR_RESERVED},
    [NUM_OWN_RULES] = ATLS_RULE_NOT_FRESH,
    [NUM_OWN_RULES + 1] = ATLS_RULE_SIMULATED,
    [NUM_OWN_RULES + 2] = ATLS_RULE_REVOKED,
    [NUM_OWN_RULES + 3] = ATLS_RULE_ENDORSED,
};

static void judge_attributes(struct atls_submod *submod, const struct atls_trust_domain *td,
                             unsigned stated)
{
    static const char claim[] = "td_attributes";
    const struct atls_bytes found = td->attributes_octets;
    submod->debug = (td->attributes & ATLS_TD_UNDER_DEBUG) != 0;
    if (submod->debug) {
        atls_quote_judge_claim(submod, &atls_tdx_rules[ATLS_QUOTE_RULE_DEBUG], claim, found,
                               "the first octet 00");
    }
    if ((td->attributes & ~ATLS_TD_KNOWN) != 0) {
        atls_quote_judge_claim(submod, &atls_tdx_rules[ATLS_QUOTE_RULE_RESERVED], claim, found,
                               "bits that are defined: 16, 27 to 31, 62 and 63");
    }
    if ((td->attributes & ATLS_TD_SEPT_VE_DISABLE) == 0 && (stated & ATLS_STATED_SEPT_VE) == 0) {
        atls_quote_judge_claim(submod, &atls_tdx_rules[SEPT_VE], claim, found,
                               "bit 28, or a reference value for them");
    }
    if ((td->attributes & ATLS_TD_MIGRATABLE) != 0 && (stated & ATLS_STATED_MIGRATABLE) == 0) {
        atls_quote_judge_claim(submod, &atls_tdx_rules[MIGRATABLE], claim, found,
                               "bit 29 clear, or a reference value for them");
    }
}

/* What whoever started the trust domain said of it: nothing measured it. */
static void judge_unmeasured(struct atls_submod *submod, const struct atls_trust_domain *td,
                             unsigned stated)
{
    const struct {
        const char *claim;
        struct atls_bytes value;
        unsigned bit;
        unsigned rule;
    } rows[] = {
        {"mr_config_id", td->mr_config_id, ATLS_STATED_CONFIG_ID, ATLS_QUOTE_RULE_CONFIG_ID},
        {"mr_owner", td->mr_owner, ATLS_STATED_OWNER, OWNER},
        {"mr_owner_config", td->mr_owner_config, ATLS_STATED_OWNER_CONFIG, OWNER_CONFIG},
        {"mr_servicetd", td->mr_service_td, ATLS_STATED_SERVICE_TD, SERVICE_TD},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        if ((stated & rows[i].bit) == 0 && !atls_is_zero(rows[i].value)) {
            atls_quote_judge_claim(submod, &atls_tdx_rules[rows[i].rule], rows[i].claim,
                                   rows[i].value, "zeros, or a reference value for it");
        }
    }
}

static void judge(struct atls_submod *submod, const struct atls_quote_body *body,
                  const struct atls_quote_references *references)
{
    const struct atls_trust_domain *td = &body->td;
    judge_attributes(submod, td, references->stated);
    judge_unmeasured(submod, td, references->stated);
    if ((td->xfam & ATLS_TD_XFAM_FIXED) != ATLS_TD_XFAM_FIXED) {
        atls_quote_judge_claim(submod, &atls_tdx_rules[XFAM], "xfam", td->xfam_octets,
                               "bits 0 and 1");
    }
    if ((td->xfam & ~ATLS_TD_XFAM_KNOWN) != 0 && (references->stated & ATLS_STATED_XFAM) == 0) {
        atls_quote_judge_claim(submod, &atls_tdx_rules[XFAM], "xfam", td->xfam_octets,
                               "bits that are defined, or a reference value for it");
    }
}

static void measurements(struct atls_submod *submod, const struct atls_quote_body *body)
{
    const struct atls_trust_domain *td = &body->td;
    const struct {
        const char *name;
        struct atls_bytes value;
    } rows[] = {
        {"mr_td", td->mr_td},       {"rtmr0", td->rtmr[0]},
        {"rtmr1", td->rtmr[1]},     {"rtmr2", td->rtmr[2]},
        {"rtmr3", td->rtmr[3]},     {"mr_config_id", td->mr_config_id},
        {"mr_owner", td->mr_owner}, {"mr_owner_config", td->mr_owner_config},
        {"mr_seam", td->mr_seam},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        submod->measurements[i] =
            (struct atls_measurement){atls_bytes_text(rows[i].name), rows[i].value};
    }
    submod->num_measurements = ATLS_ARRAY_LEN(rows);
}

static void put_claims(struct atls_claims_text *text, const struct atls_quote_body *body)
{
    static const char *const names[ATLS_QUOTE_NUM_RTMRS] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    const struct atls_trust_domain *td = &body->td;
    atls_claims_put_hex(text, "tee_tcb_svn", td->tee_tcb_svn);
    atls_claims_put_hex(text, "mr_seam", td->mr_seam);
    atls_claims_put_hex(text, "mrsigner_seam", td->mr_signer_seam);
    atls_claims_put_hex(text, "seam_attributes", td->seam_attributes);
    atls_claims_put_hex(text, "td_attributes", td->attributes_octets);
    atls_claims_put_bool(text, "debug", (td->attributes & ATLS_TD_UNDER_DEBUG) != 0);
    atls_claims_put_hex(text, "xfam", td->xfam_octets);
    atls_claims_put_hex(text, "mr_td", td->mr_td);
    atls_claims_put_hex(text, "mr_config_id", td->mr_config_id);
    atls_claims_put_hex(text, "mr_owner", td->mr_owner);
    atls_claims_put_hex(text, "mr_owner_config", td->mr_owner_config);
    for (size_t i = 0; i < ATLS_QUOTE_NUM_RTMRS; i++) {
        atls_claims_put_hex(text, names[i], td->rtmr[i]);
    }
    atls_claims_put_hex(text, "report_data", td->report_data);
    if (td->is_1_5) {
        atls_claims_put_hex(text, "tee_tcb_svn2", td->tee_tcb_svn2);
        atls_claims_put_hex(text, "mr_servicetd", td->mr_service_td);
    }
}

const struct atls_quote_kind atls_tdx_kind = {
    .format = "tdx",
    .tee = ATLS_TEE_TDX,
    .model = ATLS_INTEL_MODEL_TDX,
    .rules = atls_tdx_rules,
    .judge = judge,
    .measurements = measurements,
    .put_claims = put_claims,
};
