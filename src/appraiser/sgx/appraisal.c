/* SPDX-License-Identifier: Apache-2.0 */
/* What an enclave's own claims are worth (docs/appraisal.md, "sgx"). */
#include "appraiser/sgx/sgx.h"

#include "appraiser/input.h"
#include "base/span.h"

#define NUM_OWN_RULES ATLS_NUM_QUOTE_RULES

const struct atls_appraiser_rule atls_sgx_rules[ATLS_SGX_NUM_RULES] = {
    /* MRENCLAVE is all code that the enclave began with, and no other can be added from outside. */
    [ATLS_QUOTE_RULE_GOOD] = {"TCB status UpToDate, closed for debugging, code that a reference "
                              "value has",
                              ATLS_ERR_OK,
                              {{[ATLS_TRUST_INSTANCE_IDENTITY] = ATLS_INSTANCE_RECOGNISED,
                                [ATLS_TRUST_CONFIGURATION] = ATLS_CONFIG_APPROVED,
                                [ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_APPROVED_RUNTIME,
                                [ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_GENUINE,
                                [ATLS_TRUST_RUNTIME_OPAQUE] = ATLS_RUNTIME_ENCRYPTED}}},
    ATLS_QUOTE_RULES(
        "attributes: the enclave is open for debugging",
        "attributes: without INIT, or with a flag that is reserved",
        "config_id or config_svn that is not zero, and of which no reference value speaks"),
    [NUM_OWN_RULES] = ATLS_RULE_NOT_FRESH,
    [NUM_OWN_RULES + 1] = ATLS_RULE_SIMULATED,
    [NUM_OWN_RULES + 2] = ATLS_RULE_REVOKED,
    [NUM_OWN_RULES + 3] = ATLS_RULE_ENDORSED,
};

static uint64_t flags_of(const struct atls_enclave *enclave)
{
    uint64_t flags = 0;
    for (size_t i = 8; i > 0; i--) {
        flags = flags << 8 | enclave->attributes.data[i - 1];
    }
    return flags;
}

static void refuse_config_svn(struct atls_submod *submod, uint16_t found)
{
    const struct atls_appraiser_rule *rule = &atls_sgx_rules[ATLS_QUOTE_RULE_CONFIG_ID];
    struct atls_diag why;
    atls_fail_texts(&why, rule->reason, ATLS_STEP_APPRAISAL, "config_svn", NULL,
                    "0, or a reference value for it");
    atls_diag_found_int(&why, found);
    atls_outcome_apply(submod, rule, &why);
}

static void judge(struct atls_submod *submod, const struct atls_quote_body *body,
                  const struct atls_quote_references *references)
{
    const struct atls_enclave *enclave = &body->enclave;
    const uint64_t flags = flags_of(enclave);
    submod->debug = (flags & ATLS_SGX_DEBUG) != 0;
    if (submod->debug) {
        atls_quote_judge_claim(submod, &atls_sgx_rules[ATLS_QUOTE_RULE_DEBUG], "attributes",
                               enclave->attributes, "DEBUG (bit 1) clear");
    }
    if ((flags & ATLS_SGX_INIT) == 0 || (flags & ~ATLS_SGX_KNOWN) != 0) {
        atls_quote_judge_claim(submod, &atls_sgx_rules[ATLS_QUOTE_RULE_RESERVED], "attributes",
                               enclave->attributes, "INIT (bit 0), and flags that are defined");
    }
    if ((references->stated & ATLS_STATED_CONFIG_ID) == 0 && !atls_is_zero(enclave->config_id)) {
        atls_quote_judge_claim(submod, &atls_sgx_rules[ATLS_QUOTE_RULE_CONFIG_ID], "config_id",
                               enclave->config_id, "zeros, or a reference value for it");
    }
    if ((references->stated & ATLS_STATED_CONFIG_SVN) == 0 && enclave->config_svn != 0) {
        refuse_config_svn(submod, enclave->config_svn);
    }
}

static void measurements(struct atls_submod *submod, const struct atls_quote_body *body)
{
    submod->measurements[0] =
        (struct atls_measurement){atls_bytes_text("mr_enclave"), body->enclave.mr_enclave};
    submod->measurements[1] =
        (struct atls_measurement){atls_bytes_text("mr_signer"), body->enclave.mr_signer};
    submod->num_measurements = 2;
}

static void put_claims(struct atls_claims_text *text, const struct atls_quote_body *body)
{
    const struct atls_enclave *enclave = &body->enclave;
    atls_claims_put_hex(text, "cpu_svn", enclave->cpu_svn);
    atls_claims_put_hex(text, "misc_select", enclave->misc_select);
    atls_claims_put_hex(text, "attributes", enclave->attributes);
    atls_claims_put_bool(text, "debug", (flags_of(enclave) & ATLS_SGX_DEBUG) != 0);
    atls_claims_put_hex(text, "mr_enclave", enclave->mr_enclave);
    atls_claims_put_hex(text, "mr_signer", enclave->mr_signer);
    atls_claims_put_int(text, "isv_prod_id", enclave->prod_id);
    atls_claims_put_int(text, "isv_svn", enclave->svn);
    atls_claims_put_hex(text, "config_id", enclave->config_id);
    atls_claims_put_int(text, "config_svn", enclave->config_svn);
    atls_claims_put_hex(text, "isv_ext_prod_id", enclave->ext_prod_id);
    atls_claims_put_hex(text, "isv_family_id", enclave->family_id);
    atls_claims_put_hex(text, "report_data", enclave->report_data);
}

const struct atls_quote_kind atls_sgx_kind = {
    .format = "sgx",
    .tee = ATLS_TEE_SGX,
    .model = ATLS_INTEL_MODEL_SGX,
    .rules = atls_sgx_rules,
    .judge = judge,
    .measurements = measurements,
    .put_claims = put_claims,
};
