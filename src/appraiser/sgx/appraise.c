/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/input.h"
#include "appraiser/lookup.h"
#include "appraiser/sgx/sgx.h"
#include "base/span.h"

static enum atls_err sgx_appraise(struct atls_submod *out, const struct atls_appraisal_input *input,
                                  struct atls_diag *diag)
{
    struct atls_sgx_evidence evidence;
    struct atls_collateral *brought = NULL;
    enum atls_err err = atls_input_check(input, diag);
    if (err == ATLS_OK) {
        err = atls_sgx_unwrap(&evidence, input->evidence, input->media_type, diag);
    }
    if (err == ATLS_OK) {
        err = atls_sgx_collateral(&brought, &evidence, diag);
    }
    if (err == ATLS_OK) {
        err = atls_quote_appraise(out, &atls_sgx_kind, evidence.quote, brought, input, diag);
    }
    atls_collateral_free(brought);
    return err;
}

static enum atls_err sgx_read_unverified(struct atls_submod *out,
                                         const struct atls_appraisal_input *input,
                                         struct atls_diag *diag)
{
    struct atls_sgx_evidence evidence;
    enum atls_err err = atls_input_check_unverified(input, diag);
    if (err == ATLS_OK) {
        err = atls_sgx_unwrap(&evidence, input->evidence, input->media_type, diag);
    }
    return err == ATLS_OK
               ? atls_quote_read_unverified(out, &atls_sgx_kind, evidence.quote, input, diag)
               : err;
}

/* As of trust domains: the root is one for all, and code shows only in its measurements. */
enum atls_err atls_sgx_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                              struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_sgx_evidence read;
    ATLS_AUTO(atls_quote_parsed_cleanup) struct atls_quote_parsed *parsed = NULL;
    enum atls_err err = atls_sgx_unwrap(&read, evidence, media_type, diag);
    if (err == ATLS_OK) {
        err = atls_quote_parse(&parsed, ATLS_TEE_SGX, read.quote, diag);
    }
    if (err == ATLS_OK) {
        out->instance = atls_bytes_of(NULL, 0);
        out->class_id = atls_bytes_of(NULL, 0);
    }
    return err;
}

const struct atls_appraiser_ops atls_appraiser_sgx = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "sgx",
    .rules = atls_sgx_rules,
    .num_rules = ATLS_SGX_NUM_RULES,
    .appraise = sgx_appraise,
    .read_unverified = sgx_read_unverified,
};
