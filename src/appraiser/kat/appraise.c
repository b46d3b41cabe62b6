/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisal of a bundle, in the one order that its types allow. */
#include "appraiser/kat/kat.h"

#include "appraiser/input.h"
#include "base/span.h"

static enum atls_err check_label(struct atls_bytes media_type, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("kat"));
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                    format->media_type);
    atls_diag_found_peer_text(diag, media_type);
    return ATLS_ERR_EVIDENCE_TYPE;
}

static enum atls_err run(struct atls_submod *out, const struct atls_appraisal_input *input,
                         enum atls_kat_pat how, struct atls_diag *diag)
{
    ATLS_AUTO(atls_kat_parsed_cleanup) struct atls_kat_parsed *parsed = NULL;
    ATLS_AUTO(atls_kat_verified_cleanup) struct atls_kat_verified *verified = NULL;
    enum atls_err err = check_label(input->media_type, diag);
    if (err == ATLS_OK) {
        err = atls_kat_parse(&parsed, input->evidence, diag);
    }
    if (err == ATLS_OK) {
        err = atls_kat_verify(&verified, parsed, input, how, diag);
    }
    return err == ATLS_OK ? atls_kat_take(out, verified, input, diag) : err;
}

static enum atls_err kat_appraise(struct atls_submod *out, const struct atls_appraisal_input *input,
                                  struct atls_diag *diag)
{
    const enum atls_err err = atls_input_check(input, diag);
    return err == ATLS_OK ? run(out, input, ATLS_KAT_APPRAISE_PAT, diag) : err;
}

/* A remote Verifier checks the pat's signatures; the kat's is checked here too, being at hand. */
static enum atls_err kat_read_unverified(struct atls_submod *out,
                                         const struct atls_appraisal_input *input,
                                         struct atls_diag *diag)
{
    const enum atls_err err = atls_input_check_unverified(input, diag);
    return err == ATLS_OK ? run(out, input, ATLS_KAT_READ_PAT, diag) : err;
}

/* It has no rules of its own: what a submod is worth, the pat's appraiser says. */
const struct atls_appraiser_ops atls_appraiser_kat = {
    .abi = ATLS_APPRAISER_ABI,
    .size = (uint32_t)sizeof(struct atls_appraiser_ops),
    .format = "kat",
    .rules = NULL,
    .num_rules = 0,
    .appraise = kat_appraise,
    .read_unverified = kat_read_unverified,
};
