/* SPDX-License-Identifier: Apache-2.0 */
/* The TSM report around the quote. Nothing of it is signed but the quote. */
#include "appraiser/tdx/tdx.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"
#include "codec/tsm_report.h"

static enum atls_err check_label(struct atls_bytes media_type, struct atls_diag *diag)
{
    const struct atls_format *format = atls_format_by_name(atls_bytes_text("tdx"));
    if (media_type.len == 0 || atls_media_type_is(media_type, format->media_type)) {
        return ATLS_OK;
    }
    atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "media type", NULL,
                    format->media_type);
    atls_diag_found_peer_text(diag, media_type);
    return ATLS_ERR_EVIDENCE_TYPE;
}

enum atls_err atls_tdx_unwrap(struct atls_bytes *out_quote, struct atls_bytes evidence,
                              struct atls_bytes media_type, struct atls_diag *diag)
{
    struct atls_tsm_report report;
    enum atls_err err = check_label(media_type, diag);
    if (err == ATLS_OK) {
        err = atls_evidence_recode(atls_tsm_report_parse(&report, evidence, diag), diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_bytes_is_text(report.provider, ATLS_TSM_TDX_GUEST)) {
        atls_fail_texts(diag, ATLS_ERR_EVIDENCE_TYPE, ATLS_STEP_STRUCTURE, "provider", NULL,
                        ATLS_TSM_TDX_GUEST);
        atls_diag_found_peer_text(diag, report.provider);
        return ATLS_ERR_EVIDENCE_TYPE;
    }
    if (report.auxblob.len != 0 || report.manifestblob.len != 0) {
        return atls_fail_texts(diag, ATLS_ERR_EVIDENCE_MALFORMED, ATLS_STEP_STRUCTURE,
                               report.auxblob.len != 0 ? "auxblob" : "manifestblob", "some octets",
                               "none: tdx_guest has no such attribute");
    }
    *out_quote = report.outblob;
    return ATLS_OK;
}
