/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM and the one thread that talks to it. Everyone else puts jobs into its bounded queue
 * and waits, each until a deadline: a fiber of OpenSSL pauses, a thread sleeps. No lock is
 * held while anybody waits or while the TPM works.
 *
 *   state     next      by
 *   (new)     QUEUED    atls_tpm_run, unless the queue is full
 *   QUEUED    RUNNING   the thread, when it is the job's turn
 *   QUEUED    (gone)    the waiter, when its time is over: the job gives up its place
 *   RUNNING   DONE      the thread; when the waiter has left, the result is dropped
 *
 * Invariants: (1) a job has one reference of its waiter and, from QUEUED to DONE, one of the queue;
 * (2) `run` touches nothing but the connection and what the job holds references to; (3) the
 * connection belongs to the thread; (4) all else in struct atls_tpm is under its mutex.
 *
 * The thread connects when there is work and hangs up after ATLS_TPM_IDLE_MS without any, since an
 * emulator serves one connection at a time: processes that share one then take turns.
 */
#ifndef ATTESTER_TPM2_QUEUE_H
#define ATTESTER_TPM2_QUEUE_H

#include "attester/tpm2/conn.h"
#include "base/diag.h"

#include <pthread.h>

#define ATLS_TPM_DEFAULT_QUEUE 64
#define ATLS_TPM_MAX_QUEUE     4096
#define ATLS_TPM_IDLE_MS       500
/* For work whose caller has no deadline of its own: signatures, opening. */
#define ATLS_TPM_TIMEOUT_MS 10000

struct atls_tpm;
struct atls_tpm_waker;

enum atls_tpm_job_state { ATLS_TPM_QUEUED = 0, ATLS_TPM_RUNNING, ATLS_TPM_DONE };

/* A job is the first member of a struct of its kind, which holds copies of the input, references,
 * and the output. */
struct atls_tpm_job {
    /* run does the work, on the TPM's thread. It may run twice when the connection had to be made
     * anew, so it must not depend on what it left behind. */
    enum atls_err (*run)(struct atls_tpm_conn *conn, struct atls_tpm_job *job,
                         struct atls_diag *diag);
    void (*free)(struct atls_tpm_job *job);
    unsigned refs;
    enum atls_tpm_job_state state;
    int64_t deadline_ms;
    enum atls_err err;
    struct atls_diag diag;
    pthread_cond_t *sleeper;      /* of a waiting thread; NULL: nobody */
    struct atls_tpm_waker *waker; /* of a waiting fiber; NULL: nobody */
    struct atls_tpm_job *next;
};

/* atls_tpm_open gives the TPM of this configuration, NULL for the default one: a reference to the
 * one that the process has, or a new one. It does not connect. */
ATLS_NODISCARD enum atls_err atls_tpm_open(struct atls_tpm **out, const char *tcti,
                                           size_t queue_limit, struct atls_diag *diag);
struct atls_tpm *atls_tpm_ref(struct atls_tpm *tpm);
/* atls_tpm_unref with the last reference ends the thread and waits for that. NULL is fine. */
void atls_tpm_unref(struct atls_tpm *tpm);

/*
 * atls_tpm_run queues `job` and waits for it. Takes nothing: the caller keeps its reference, may
 * look at the job's output when this returns ATLS_OK, and then calls atls_tpm_job_unref.
 * ATLS_ERR_BUSY when the queue is full, DEADLINE when the time is over, STATE after a fork.
 */
ATLS_NODISCARD enum atls_err atls_tpm_run(struct atls_tpm *tpm, struct atls_tpm_job *job,
                                          uint32_t timeout_ms, struct atls_diag *diag);
/* atls_tpm_num_queued gives the number of jobs that wait for their turn. */
size_t atls_tpm_num_queued(struct atls_tpm *tpm);
/* atls_tpm_job_unref is for the waiter, who has the TPM's lock not. */
void atls_tpm_job_unref(struct atls_tpm *tpm, struct atls_tpm_job *job);

#endif
