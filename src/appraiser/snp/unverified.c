/* SPDX-License-Identifier: Apache-2.0 */
/* An SNP report whose signature a remote Verifier checks. */
#include "appraiser/snp/parsed.h"

#include "appraiser/input.h"
#include "base/span.h"

static void fill(struct atls_submod *submod, const struct atls_snp_report *report,
                 const struct atls_snp_product *product, const struct atls_appraisal_input *input)
{
    memset(submod, 0, sizeof *submod);
    submod->format = atls_format_by_name(atls_bytes_text("snp"));
    submod->fresh = true;
    submod->has_reference_values = true;
    submod->key_binding = atls_input_challenge_binding(input);
    submod->machine =
        atls_bytes_of(report->chip_id.data, product != NULL ? product->chip_id_len : 64);
    atls_identities_add(&submod->identities, ATLS_REVOKED_CHIP, "CHIP_ID", submod->machine);
    atls_snp_measurements(submod, report);
}

enum atls_err atls_snp_read_unverified(struct atls_submod *out,
                                       const struct atls_appraisal_input *input,
                                       struct atls_diag *diag)
{
    enum atls_err err = atls_input_check_unverified(input, diag);
    if (err != ATLS_OK) {
        return err;
    }
    ATLS_AUTO(atls_snp_parsed_cleanup) struct atls_snp_parsed *parsed = NULL;
    err = atls_snp_parse(&parsed, input->evidence, input->media_type, diag);
    if (err == ATLS_OK) {
        err =
            atls_input_compare_padded_nonce(input, parsed->report.report_data, "REPORT_DATA", diag);
    }
    const struct atls_snp_product *product = NULL;
    if (err == ATLS_OK) {
        err = atls_snp_report_product(&product, &parsed->report, diag);
    }
    if (err == ATLS_OK) {
        fill(out, &parsed->report, product, input);
    }
    return err;
}
