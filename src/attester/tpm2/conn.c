/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/conn.h"

#include "attester/clock.h"
#include "attester/tpm2/rc.h"

/* How long closing may take: a flush of each loaded key. */
#define CLOSE_MS 2000

static const struct atls_tpm_conn unconnected = {.ak = ESYS_TR_NONE};

/* start sends TPM2_Startup where no firmware has: an emulator without --flags startup-clear. */
static TSS2_RC start(struct atls_tpm_conn *conn)
{
    const bool swtpm = conn->tcti->fd >= 0;
    const TSS2_RC rc = swtpm ? Esys_Startup(conn->esys, TPM2_SU_CLEAR) : TSS2_RC_SUCCESS;
    return rc == TPM2_RC_INITIALIZE ? TSS2_RC_SUCCESS : rc; /* it was started before */
}

enum atls_err atls_tpm_conn_open(struct atls_tpm_conn *conn, const char *conf, int64_t deadline_ms,
                                 struct atls_diag *diag)
{
    conn->last_rc = TSS2_RC_SUCCESS;
    if (conn->esys != NULL) {
        conn->tcti->deadline_ms = deadline_ms;
        return ATLS_OK;
    }
    *conn = unconnected;
    enum atls_err err = atls_tcti_open(&conn->tcti, conf, deadline_ms, diag);
    if (err != ATLS_OK) {
        return err;
    }
    TSS2_RC rc = Esys_Initialize(&conn->esys, atls_tcti_context(conn->tcti), NULL);
    if (rc == TSS2_RC_SUCCESS) {
        rc = start(conn);
    }
    if (rc != TSS2_RC_SUCCESS) {
        err = atls_tpm_conn_fail(conn, "TPM2_Startup", rc, diag);
        atls_tpm_conn_close(conn);
    }
    return err;
}

bool atls_tpm_conn_is_broken(const struct atls_tpm_conn *conn)
{
    /* An error that is not the TPM's answer leaves tpm2-tss at an unknown point of a command. */
    return conn->tcti != NULL &&
           (conn->tcti->trouble != ATLS_TCTI_FINE ||
            (conn->last_rc != TSS2_RC_SUCCESS && !atls_tpm_rc_is_answer(conn->last_rc)));
}

void atls_tpm_conn_close(struct atls_tpm_conn *conn)
{
    if (conn->esys != NULL) {
        if (!atls_tpm_conn_is_broken(conn)) {
            conn->tcti->deadline_ms = atls_attester_now_ms() + CLOSE_MS;
            for (size_t i = 0; i < ATLS_TPM_LOADED; i++) {
                if (conn->loaded[i].key_id != 0) {
                    atls_tpm_conn_release(conn, conn->loaded[i].object, true);
                }
            }
        }
        Esys_Finalize(&conn->esys);
    }
    atls_tcti_close(conn->tcti);
    *conn = unconnected;
}

enum atls_err atls_tpm_conn_fail(struct atls_tpm_conn *conn, const char *command, TSS2_RC rc,
                                 struct atls_diag *diag)
{
    conn->last_rc = rc;
    switch (conn->tcti != NULL ? conn->tcti->trouble : ATLS_TCTI_FINE) {
    case ATLS_TCTI_LATE:
        return atls_fail_texts(diag, ATLS_ERR_DEADLINE, "TPM", command, "no answer in time",
                               "a TPM that answers");
    case ATLS_TCTI_LOST:
        return atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", command, "the connection was lost",
                               "a TPM that answers");
    case ATLS_TCTI_GARBAGE:
        return atls_fail_texts(diag, ATLS_ERR_TPM, "TPM", command, "octets that are no response",
                               "a TPM 2.0");
    case ATLS_TCTI_FINE:
    default:
        return atls_tpm_fail(diag, command, rc);
    }
}
