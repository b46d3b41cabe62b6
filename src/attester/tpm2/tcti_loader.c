/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every TCTI that tpm2-tss's loader knows ("device:", "tabrmd:", ...), with a deadline.
 *
 * The wait for an answer is cut into slices, between which the deadline is looked at. What such a
 * TCTI does not bound itself (a write that blocks in the kernel) holds up the TPM's thread, not
 * those who wait for it: they leave at their own deadline.
 */
#include "attester/tpm2/tcti.h"

#include "attester/clock.h"
#include "attester/tpm2/rc.h"
#include "base/span.h"

#include <errno.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define SLICE_MS 100

static struct atls_tcti *self(TSS2_TCTI_CONTEXT *context)
{
    return (struct atls_tcti *)(void *)context;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    struct atls_tcti *tcti = self(context);
    if (tcti->trouble != ATLS_TCTI_FINE) {
        return TSS2_TCTI_RC_IO_ERROR;
    }
    tcti->response_len = 0;
    const TSS2_RC rc = Tss2_Tcti_Transmit(tcti->inner, size, command);
    return rc == TSS2_RC_SUCCESS ? rc : atls_tcti_fail(tcti, ATLS_TCTI_LOST);
}

static TSS2_RC fetch(struct atls_tcti *tcti)
{
    for (;;) {
        if (tcti->deadline_ms <= atls_attester_now_ms()) {
            return atls_tcti_fail(tcti, ATLS_TCTI_LATE);
        }
        size_t size = sizeof tcti->response;
        const TSS2_RC rc = Tss2_Tcti_Receive(tcti->inner, &size, tcti->response, SLICE_MS);
        if (rc == TSS2_TCTI_RC_TRY_AGAIN) {
            continue;
        }
        if (rc != TSS2_RC_SUCCESS || size > sizeof tcti->response) {
            return atls_tcti_fail(tcti, ATLS_TCTI_LOST);
        }
        if (!atls_tcti_plausible(tcti, atls_bytes_of(tcti->response, size))) {
            return atls_tcti_fail(tcti, ATLS_TCTI_GARBAGE);
        }
        tcti->response_len = size;
        return TSS2_RC_SUCCESS;
    }
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response,
                       int32_t timeout_ms)
{
    (void)timeout_ms;
    struct atls_tcti *tcti = self(context);
    if (tcti->trouble != ATLS_TCTI_FINE) {
        return TSS2_TCTI_RC_IO_ERROR;
    }
    if (tcti->response_len == 0) {
        const TSS2_RC rc = fetch(tcti);
        if (rc != TSS2_RC_SUCCESS) {
            return rc;
        }
    }
    return atls_tcti_give(tcti, size, response);
}

/* check_device says what is wrong with a device file before tpm2-tss fails without a word. */
static enum atls_err check_device(const char *conf, struct atls_diag *diag)
{
    const char *path = strncmp(conf, "device:", 7) == 0 ? conf + 7 : NULL;
    if (path == NULL || path[0] == '\0' || access(path, R_OK | W_OK) == 0) {
        return ATLS_OK;
    }
    const int error = errno;
    atls_fail(diag, ATLS_ERR_TPM, "TPM", path);
    if (error == ENOENT) {
        atls_diag_found_text(diag, "no such device");
        atls_diag_expected_text(diag, "a TPM 2.0, or another one named with --tcti");
    } else {
        atls_diag_found_text(diag, "this user may not read and write it");
        atls_diag_expected_text(diag, "membership in the device's group, which is usually tss");
    }
    return ATLS_ERR_TPM;
}

enum atls_err atls_tcti_loader_open(struct atls_tcti *tcti, const char *conf,
                                    struct atls_diag *diag)
{
    const enum atls_err err = check_device(conf, diag);
    if (err != ATLS_OK) {
        return err;
    }
    const TSS2_RC rc = Tss2_TctiLdr_Initialize(conf, &tcti->inner);
    if (rc != TSS2_RC_SUCCESS) {
        tcti->inner = NULL;
        return atls_tpm_fail(diag, conf, rc);
    }
    tcti->common.transmit = transmit;
    tcti->common.receive = receive;
    tcti->shared = strncmp(conf, "tabrmd", 6) == 0 || strstr(conf, "tpmrm") != NULL;
    return ATLS_OK;
}

void atls_tcti_loader_close(struct atls_tcti *tcti)
{
    Tss2_TctiLdr_Finalize(&tcti->inner);
}
