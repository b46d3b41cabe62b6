/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/rc.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

bool atls_tpm_rc_is_answer(TSS2_RC rc)
{
    const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    return rc != TSS2_RC_SUCCESS &&
           (layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER ||
            layer == TSS2_RESMGR_RC_LAYER); /* the kernel's uses this one for TPM codes too */
}

bool atls_tpm_rc_is(TSS2_RC rc, TSS2_RC code)
{
    if (!atls_tpm_rc_is_answer(rc)) {
        return false;
    }
    rc &= ~(TSS2_RC)TSS2_RC_LAYER_MASK;
    /* Part 2, 6.6.2: format one carries in bits 6 and 8 to 11 what the code is about. */
    return (rc & TPM2_RC_FMT1) != 0 ? (rc & (TPM2_RC_FMT1 | 0x3f)) == code : rc == code;
}

/* The codes that an administrator can act on. */
static const struct {
    TSS2_RC code;
    const char *expected;
} advice[] = {
    {TPM2_RC_BAD_AUTH, "an owner, endorsement and key authorization that is empty"},
    {TPM2_RC_AUTH_FAIL, "an owner, endorsement and key authorization that is empty"},
    {TPM2_RC_LOCKOUT, "a TPM that is not in dictionary attack lockout"},
    {TPM2_RC_INTEGRITY, "a key of this very TPM"},
    {TPM2_RC_HANDLE, "a handle that exists in this TPM"},
    {TPM2_RC_NV_SPACE, "room for one more persistent object"},
    {TPM2_RC_OBJECT_MEMORY, "a free object slot; use the resource manager, /dev/tpmrm0"},
};

static void found_hex(struct atls_diag *diag, TSS2_RC rc)
{
    const uint8_t octets[4] = {(uint8_t)(rc >> 24), (uint8_t)(rc >> 16), (uint8_t)(rc >> 8),
                               (uint8_t)rc};
    const struct atls_bytes bytes = {octets, sizeof octets};
    atls_diag_found_text(diag, "response code 0x");
    atls_diag_found_bytes(diag, bytes);
}

enum atls_err atls_tpm_fail(struct atls_diag *diag, const char *command, TSS2_RC rc)
{
    atls_fail(diag, ATLS_ERR_TPM, "TPM", command);
    found_hex(diag, rc);
    /* The layer is an index into a table of tpm2-rc, which was one entry too short before 4.0
     * (CVE-2023-22745), and a TPM chooses its code: only layers that exist are decoded. */
    if ((rc & TSS2_RC_LAYER_MASK) <= TSS2_RESMGR_TPM_RC_LAYER) {
        atls_diag_found_text(diag, " ");
        atls_diag_found_text(diag, Tss2_RC_Decode(rc));
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(advice); i++) {
        if (atls_tpm_rc_is(rc, advice[i].code)) {
            atls_diag_expected_text(diag, advice[i].expected);
            break;
        }
    }
    return ATLS_ERR_TPM;
}
