/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/tcti.h"

#include "attester/clock.h"
#include "base/reader.h"
#include "base/span.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* "atls" and a version, as the TCTI specification wants of an implementation. */
#define TCTI_MAGIC UINT64_C(0x61746c7300000001)

static const struct atls_tcti closed = {.fd = -1};

static void finalize(TSS2_TCTI_CONTEXT *context)
{
    (void)context; /* atls_tcti_close is what ends it */
}

static TSS2_RC no_cancel(TSS2_TCTI_CONTEXT *context)
{
    (void)context;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC no_poll_handles(TSS2_TCTI_CONTEXT *context, TSS2_TCTI_POLL_HANDLE *handles,
                               size_t *num_handles)
{
    (void)context;
    (void)handles;
    (void)num_handles;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC no_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
    (void)context;
    (void)locality;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

bool atls_tcti_wait(struct atls_tcti *tcti, int fd, short events)
{
    for (;;) {
        const int64_t left_ms = tcti->deadline_ms - atls_attester_now_ms();
        if (left_ms <= 0) {
            atls_tcti_fail(tcti, ATLS_TCTI_LATE);
            return false;
        }
        struct pollfd ready = {fd, events, 0};
        const int num = poll(&ready, 1, left_ms > 60000 ? 60000 : (int)left_ms);
        if (num > 0) {
            return true;
        }
        if (num < 0 && errno != EINTR) {
            atls_tcti_fail(tcti, ATLS_TCTI_LOST);
            return false;
        }
    }
}

TSS2_RC atls_tcti_fail(struct atls_tcti *tcti, enum atls_tcti_trouble trouble)
{
    if (tcti->trouble == ATLS_TCTI_FINE) {
        tcti->trouble = trouble;
    }
    return TSS2_TCTI_RC_IO_ERROR;
}

TSS2_RC atls_tcti_give(struct atls_tcti *tcti, size_t *size, uint8_t *response)
{
    if (response == NULL) { /* tpm2-tss asks for the length first */
        *size = tcti->response_len;
        return TSS2_RC_SUCCESS;
    }
    if (*size < tcti->response_len) {
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    }
    memcpy(response, tcti->response, tcti->response_len);
    *size = tcti->response_len;
    tcti->response_len = 0;
    return TSS2_RC_SUCCESS;
}

bool atls_tcti_plausible(const struct atls_tcti *tcti, struct atls_bytes response)
{
    struct atls_reader r = atls_reader_of(response);
    uint16_t tag;
    uint32_t size, code;
    if (!atls_read_u16(&r, &tag) || !atls_read_u32(&r, &size) || !atls_read_u32(&r, &code) ||
        size != response.len || (tag != TPM2_ST_NO_SESSIONS && tag != TPM2_ST_SESSIONS)) {
        return false;
    }
    const uint32_t layer = code & TSS2_RC_LAYER_MASK;
    const bool known_layer =
        layer == 0 ||
        (tcti->shared && (layer == TSS2_RESMGR_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER));
    /* Part 2, 6.6: format one has bit 7, format zero of TPM 2.0 bit 8; nothing is above bit 11.
     * The resource manager's own codes (layer 11) are the small numbers of TSS2. */
    const uint32_t low = code & ~(uint32_t)TSS2_RC_LAYER_MASK;
    const bool formed =
        low <= 0xfff &&
        ((low & (TPM2_RC_FMT1 | TPM2_RC_VER1)) != 0 ||
         (layer == TSS2_RESMGR_RC_LAYER && low != TSS2_BASE_RC_TRY_AGAIN && low != 0));
    return code == 0 || (known_layer && formed);
}

enum atls_err atls_tcti_open(struct atls_tcti **out, const char *conf, int64_t deadline_ms,
                             struct atls_diag *diag)
{
    struct atls_tcti *tcti = malloc(sizeof *tcti);
    if (tcti == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "TPM", "TCTI");
    }
    *tcti = closed;
    tcti->deadline_ms = deadline_ms;
    tcti->common.magic = TCTI_MAGIC;
    tcti->common.version = 1;
    tcti->common.finalize = finalize;
    tcti->common.cancel = no_cancel;
    tcti->common.getPollHandles = no_poll_handles;
    tcti->common.setLocality = no_locality;

    const bool swtpm = strcmp(conf, "swtpm") == 0 || strncmp(conf, "swtpm:", 6) == 0;
    const enum atls_err err = swtpm ? atls_tcti_swtpm_open(tcti, conf + strlen("swtpm"), diag)
                                    : atls_tcti_loader_open(tcti, conf, diag);
    if (err != ATLS_OK) {
        atls_tcti_close(tcti);
        return err;
    }
    *out = tcti;
    return ATLS_OK;
}

void atls_tcti_close(struct atls_tcti *tcti)
{
    if (tcti != NULL) {
        atls_tcti_swtpm_close(tcti);
        atls_tcti_loader_close(tcti);
        free(tcti);
    }
}
