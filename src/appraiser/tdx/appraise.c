/* SPDX-License-Identifier: Apache-2.0 */
#include "appraiser/input.h"
#include "appraiser/lookup.h"
#include "appraiser/tdx/tdx.h"
#include "base/span.h"

static enum atls_err tdx_appraise(struct atls_submod *out, const struct atls_appraisal_input *input,
                                  struct atls_diag *diag)
{
    struct atls_bytes quote;
    enum atls_err err = atls_input_check(input, diag);
    if (err == ATLS_OK) {
        err = atls_tdx_unwrap(&quote, input->evidence, input->media_type, diag);
    }
    return err == ATLS_OK ? atls_quote_appraise(out, &atls_tdx_kind, quote, NULL, input, diag)
                          : err;
}

static enum atls_err tdx_read_unverified(struct atls_submod *out,
                                         const struct atls_appraisal_input *input,
                                         struct atls_diag *diag)
{
    struct atls_bytes quote;
    enum atls_err err = atls_input_check_unverified(input, diag);
    if (err == ATLS_OK) {
        err = atls_tdx_unwrap(&quote, input->evidence, input->media_type, diag);
    }
    return err == ATLS_OK ? atls_quote_read_unverified(out, &atls_tdx_kind, quote, input, diag)
                          : err;
}

/* Neither key nor class stands in a quote: the root is one for all, and what a trust domain runs
 * shows only in its measurements. */
enum atls_err atls_tdx_lookup(struct atls_lookup *out, struct atls_bytes evidence,
                              struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_bytes quote;
    ATLS_AUTO(atls_quote_parsed_cleanup) struct atls_quote_parsed *parsed = NULL;
    enum atls_err err = atls_tdx_unwrap(&quote, evidence, media_type, diag);
    if (err == ATLS_OK) {
        err = atls_quote_parse(&parsed, ATLS_TEE_TDX, quote, diag);
    }
    if (err == ATLS_OK) {
        out->instance = atls_bytes_of(NULL, 0);
        out->class_id = atls_bytes_of(NULL, 0);
    }
    return err;
}

const struct atls_appraiser_ops atls_appraiser_tdx = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "tdx",
    .rules = atls_tdx_rules,
    .num_rules = ATLS_TDX_NUM_RULES,
    .appraise = tdx_appraise,
    .read_unverified = tdx_read_unverified,
};
