/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What genuine firmware never writes together. A report in which it stands was signed by a key that
 * is not only in firmware's hands, or by firmware that is not what is known here.
 */
#include "appraiser/snp/snp.h"

#include "appraiser/input.h"
#include "base/diag.h"
#include "base/span.h"

static enum atls_err refuse(struct atls_diag *diag, const char *claim, const char *found,
                            const char *expected)
{
    return atls_fail_texts(diag, ATLS_ERR_CLAIM, ATLS_STEP_CLAIMS, claim, found, expected);
}

/* is_at_most compares component by component: every octet is one, or reserved and zero. */
static bool is_at_most(struct atls_bytes a, struct atls_bytes b)
{
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] > b.data[i]) {
            return false;
        }
    }
    return true;
}

/* is_not_newer compares versions, major first. */
static bool is_not_newer(const uint8_t a[3], const uint8_t b[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i];
        }
    }
    return true;
}

/* 56860, SNP_CONFIG and SNP_COMMIT: what is reported was committed, what is committed is run. */
static enum atls_err check_order(struct atls_diag *diag, const char *claim, struct atls_bytes low,
                                 struct atls_bytes high, const char *expected)
{
    if (is_at_most(low, high)) {
        return ATLS_OK;
    }
    refuse(diag, claim, NULL, expected);
    atls_diag_found_bytes(diag, low);
    atls_diag_expected_bytes(diag, high);
    return ATLS_ERR_CLAIM;
}

/* MASK_CHIP_KEY says that no VCEK signs; whether CHIP_ID is shown is set apart (MASK_CHIP_ID). */
static enum atls_err check_keys(const struct atls_snp_report *r, struct atls_diag *diag)
{
    if (r->mask_chip_key && r->signing_key == ATLS_AMD_VCEK) {
        return refuse(diag, "MASK_CHIP_KEY", "set, in a report of the chip's own key",
                      "a VCEK that is not masked");
    }
    if (!r->author_key_en && !atls_is_zero(r->author_key_digest)) {
        return refuse(diag, "AUTHOR_KEY_DIGEST", "one, without AUTHOR_KEY_EN", "zero");
    }
    if (r->author_key_en && atls_is_zero(r->id_key_digest)) {
        return refuse(diag, "ID_KEY_DIGEST", "none, with AUTHOR_KEY_EN set",
                      "the key that the author's key signed");
    }
    return ATLS_OK;
}

static enum atls_err check_vmpl(const struct atls_snp_report *r, struct atls_diag *diag)
{
    if (r->vmpl <= 3) {
        return ATLS_OK;
    }
    /* ffffffff: the host asked for the report, over data of its own. */
    refuse(diag, "VMPL", NULL, "0 to 3, a level of the guest");
    atls_diag_found_int(diag, (int64_t)r->vmpl);
    atls_diag_found_text(diag, r->vmpl == UINT32_MAX ? ", a report for the host" : "");
    return ATLS_ERR_CLAIM;
}

enum atls_err atls_snp_check_claims(const struct atls_snp_report *report, struct atls_diag *diag)
{
    enum atls_err err = check_vmpl(report, diag);
    if (err == ATLS_OK) {
        err = check_keys(report, diag);
    }
    if (err == ATLS_OK) {
        err = check_order(diag, "COMMITTED_TCB", report->committed_tcb, report->current_tcb,
                          "at most CURRENT_TCB, component by component: ");
    }
    if (err == ATLS_OK) {
        err = check_order(diag, "REPORTED_TCB", report->reported_tcb, report->committed_tcb,
                          "at most COMMITTED_TCB, component by component: ");
    }
    if (err == ATLS_OK && !is_not_newer(report->committed_version, report->current_version)) {
        refuse(diag, "COMMITTED_MAJOR, MINOR, BUILD", NULL, "at most the current version ");
        atls_diag_found_bytes(diag, atls_bytes_of(report->committed_version, 3));
        atls_diag_expected_bytes(diag, atls_bytes_of(report->current_version, 3));
        err = ATLS_ERR_CLAIM;
    }
    return err;
}
