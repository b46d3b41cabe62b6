/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a TPM: the ESAPI context and what is loaded in the TPM through it. It belongs
 * to the TPM's thread (queue.h); nothing here is called from any other.
 *
 * Slots: a TPM has as few as three for objects, and a persistent key takes one while a command
 * uses it. So at most ATLS_TPM_LOADED keys stay loaded; others come back from their saved context,
 * which costs one command instead of the several that made them.
 */
#ifndef ATTESTER_TPM2_CONN_H
#define ATTESTER_TPM2_CONN_H

#include "attester/tpm2/tcti.h"

#include <tss2/tss2_esys.h>

#define ATLS_TPM_LOADED 2

struct atls_tpm_key;

struct atls_tpm_conn {
    struct atls_tcti *tcti; /* NULL: not connected */
    ESYS_CONTEXT *esys;
    TSS2_RC last_rc;       /* of the command that failed last in this job */
    TPM2_HANDLE ak_handle; /* 0: none known */
    ESYS_TR ak;
    TPM2B_NAME ak_name;
    struct {
        uint64_t key_id; /* 0: free */
        uint64_t used;
        ESYS_TR object;
    } loaded[ATLS_TPM_LOADED];
    uint64_t clock; /* counts uses, for the least recent one */
};

/* atls_tpm_conn_open connects; fine when it is connected already. */
ATLS_NODISCARD enum atls_err atls_tpm_conn_open(struct atls_tpm_conn *conn, const char *conf,
                                                int64_t deadline_ms, struct atls_diag *diag);
/* atls_tpm_conn_close leaves nothing of ours loaded in a TPM that still answers. */
void atls_tpm_conn_close(struct atls_tpm_conn *conn);
/* atls_tpm_conn_is_broken is true when no further command may go through it. */
bool atls_tpm_conn_is_broken(const struct atls_tpm_conn *conn);

/* atls_tpm_conn_fail makes the error of a job of `rc`: DEADLINE or TPM. */
enum atls_err atls_tpm_conn_fail(struct atls_tpm_conn *conn, const char *command, TSS2_RC rc,
                                 struct atls_diag *diag);

/* atls_tpm_conn_ak gives the persistent key at `handle` if it has exactly this name, else
 * ATLS_ERR_ATTESTER: the TPM was cleared or exchanged, or another key put there. */
ATLS_NODISCARD enum atls_err atls_tpm_conn_ak(struct atls_tpm_conn *conn, TPM2_HANDLE handle,
                                              const TPM2B_NAME *name, ESYS_TR *out,
                                              struct atls_diag *diag);
/* atls_tpm_conn_key gives the key, loaded. It stays loaded until another takes its place. */
ATLS_NODISCARD enum atls_err atls_tpm_conn_key(struct atls_tpm_conn *conn, struct atls_tpm_key *key,
                                               ESYS_TR *out, struct atls_diag *diag);
/* atls_tpm_conn_parent gives the parent for new and stored keys: the primary key of a hierarchy
 * (made anew, transient) or a persistent object. atls_tpm_conn_release lets go of either. */
ATLS_NODISCARD enum atls_err atls_tpm_conn_parent(struct atls_tpm_conn *conn, TPM2_HANDLE parent,
                                                  ESYS_TR *out, struct atls_diag *diag);
void atls_tpm_conn_release(struct atls_tpm_conn *conn, ESYS_TR object, bool transient);

/* atls_tpm_conn_make_room forgets and unloads our keys and, where nobody else can be using the TPM
 * while we are connected, what dead processes left in its slots. */
void atls_tpm_conn_make_room(struct atls_tpm_conn *conn);

#endif
