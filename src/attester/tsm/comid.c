/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tsm/comid.h"

#include "attester/tsm/data.h"
#include "base/span.h"
#include "json/comid_json.h"
#include "json/references.h"

static const char step[] = "reference values";

enum { MEASUREMENT_LEN = 48 }; /* SHA-384, of both makers */

static struct atls_bytes at(struct atls_bytes report, size_t offset, size_t len)
{
    return atls_bytes_of(&report.data[offset], len);
}

static enum atls_err finish(char **out, json_t *references, struct atls_diag *diag)
{
    return atls_comid_of(out, json_pack("{s:o}", "reference-values", references), step, diag);
}

enum atls_err atls_tsm_snp_comid(char **out, struct atls_bytes report, struct atls_diag *diag)
{
    if (atls_tsm_snp_data(report).len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "outblob", "another length",
                               "a report of 1184 octets");
    }
    const struct atls_snp_references guest = {
        .guest_svn = at(report, 0x04, 4),
        .policy = at(report, 0x08, 8),
        .vmpl = at(report, 0x30, 4),
        .measurement = at(report, 0x90, MEASUREMENT_LEN),
        .reported_tcb = at(report, 0x180, 8),
    };
    return finish(out, atls_references_snp(&guest), diag);
}

enum atls_err atls_tsm_tdx_comid(char **out, struct atls_bytes quote, struct atls_diag *diag)
{
    /* places in a TD's report body, which ends with what it was asked for */
    enum { ATTRIBUTES = 0x78, MRTD = 0x88, RTMRS = 0x148, REPORT_DATA = 0x208 };
    const struct atls_bytes data = atls_tsm_tdx_data(quote);
    if (data.len == 0) {
        return atls_fail_texts(diag, ATLS_ERR_ATTESTER, step, "outblob", "another form",
                               "a quote of version 4 or 5");
    }
    const struct atls_bytes body = atls_bytes_of(data.data - REPORT_DATA, REPORT_DATA);
    struct atls_td_references td = {
        .mr_td = at(body, MRTD, MEASUREMENT_LEN),
        .attributes = at(body, ATTRIBUTES, 8),
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(td.rtmr); i++) {
        td.rtmr[i] = at(body, RTMRS + i * MEASUREMENT_LEN, MEASUREMENT_LEN);
    }
    return finish(out, atls_references_td(&td), diag);
}
