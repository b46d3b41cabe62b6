/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TPM answers: the input is a row of responses, each behind its length in two octets,
 * given to whatever is asked. It ends with an error or with values within their bounds.
 */
#include "fuzz_check.h"

#include "attester/tpm2/conn.h"
#include "attester/tpm2/pcrs.h"
#include "base/reader.h"
#include "base/span.h"

static struct atls_reader responses;

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    (void)context;
    (void)size;
    (void)command;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response,
                       int32_t timeout_ms)
{
    struct atls_tcti *tcti = (struct atls_tcti *)(void *)context;
    struct atls_bytes next;
    (void)timeout_ms;
    if (tcti->response_len == 0) {
        if (!atls_read_vec16(&responses, 0, sizeof tcti->response, &next) ||
            !atls_tcti_plausible(tcti, next)) {
            return atls_tcti_fail(tcti, ATLS_TCTI_GARBAGE);
        }
        memcpy(tcti->response, next.data, next.len);
        tcti->response_len = next.len;
    }
    return atls_tcti_give(tcti, size, response);
}

static void check_pcrs(struct atls_tpm_conn *conn, TPM2_ALG_ID bank, size_t len)
{
    const struct atls_tpm_pcrs pcrs = {bank, 0x8000ff};
    struct atls_digest values[ATLS_TPM_NUM_PCRS];
    struct atls_diag diag;
    memset(values, 0, sizeof values);
    const enum atls_err err = atls_tpm_pcrs_read(conn, values, &pcrs, &diag);
    fuzz_require(err == ATLS_OK || (err == ATLS_ERR_TPM && diag.err == err));
    for (size_t i = 0; err == ATLS_OK && i < ATLS_TPM_NUM_PCRS; i++) {
        fuzz_require(values[i].len == ((pcrs.bits >> i & 1) != 0 ? len : 0));
    }
}

static void check_key(struct atls_tpm_conn *conn)
{
    static const TPM2B_NAME name = {.size = 34, .name = {0x00, 0x0b}};
    ESYS_TR object = ESYS_TR_NONE;
    struct atls_diag diag;
    const enum atls_err err = atls_tpm_conn_ak(conn, 0x81010100, &name, &object, &diag);
    /* nobody finds a public area whose SHA-256 is zero */
    fuzz_require(err == ATLS_ERR_TPM || err == ATLS_ERR_ATTESTER);
    if (atls_tpm_conn_parent(conn, TPM2_RH_OWNER, &object, &diag) == ATLS_OK) {
        atls_tpm_conn_release(conn, object, true);
    }
    atls_tpm_conn_make_room(conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_tcti tcti;
    struct atls_tpm_conn conn = {.tcti = &tcti, .ak = ESYS_TR_NONE};
    memset(&tcti, 0, sizeof tcti);
    tcti.common.magic = 1;
    tcti.common.version = 1;
    tcti.common.transmit = transmit;
    tcti.common.receive = receive;
    responses = atls_reader_of(atls_bytes_of(data, size));
    fuzz_require(Esys_Initialize(&conn.esys, atls_tcti_context(&tcti), NULL) == TSS2_RC_SUCCESS);
    check_pcrs(&conn, TPM2_ALG_SHA256, 32);
    tcti.trouble = ATLS_TCTI_FINE;
    check_key(&conn);
    tcti.trouble = ATLS_TCTI_FINE;
    check_pcrs(&conn, TPM2_ALG_SHA384, 48);
    Esys_Finalize(&conn.esys);
    return 0;
}
