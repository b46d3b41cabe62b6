/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs for a TPM's thread: one that asks for random octets, and what became of it. */
#ifndef JOB_TEST_H
#define JOB_TEST_H

#include "tpm2_test.h"

#include "attester/tpm2/queue.h"

#include <pthread.h>
#include <stdatomic.h>

/* What is left to look at when a job is gone. */
struct fate {
    atomic_uint runs;
    atomic_uint freed;
    unsigned octets; /* that the TPM gave */
};

struct random_job {
    struct atls_tpm_job job; /* first */
    struct fate *fate;
};

static inline enum atls_err random_run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                                       struct atls_diag *diag)
{
    struct random_job *job = (struct random_job *)base;
    TPM2B_DIGEST *random = NULL;
    atomic_fetch_add(&job->fate->runs, 1);
    const TSS2_RC rc =
        Esys_GetRandom(conn->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, 8, &random);
    if (rc != TSS2_RC_SUCCESS) {
        return atls_tpm_conn_fail(conn, "TPM2_GetRandom", rc, diag);
    }
    job->fate->octets = random->size;
    free(random);
    return ATLS_OK;
}

static inline void random_free(struct atls_tpm_job *base)
{
    struct random_job *job = (struct random_job *)base;
    atomic_fetch_add(&job->fate->freed, 1);
    free(job);
}

static inline enum atls_err run_random(struct atls_tpm *tpm, struct fate *fate, uint32_t timeout_ms,
                                       struct atls_diag *diag)
{
    struct random_job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    job->job.run = random_run;
    job->job.free = random_free;
    job->job.refs = 1;
    job->fate = fate;
    const enum atls_err err = atls_tpm_run(tpm, &job->job, timeout_ms, diag);
    atls_tpm_job_unref(tpm, &job->job);
    return err;
}

/* The same on a thread of its own. */
struct runner {
    pthread_t thread;
    struct atls_tpm *tpm;
    struct fate fate;
    uint32_t timeout_ms;
    enum atls_err err;
    struct atls_diag diag;
};

static inline void *runner_main(void *argument)
{
    struct runner *runner = argument;
    runner->err = run_random(runner->tpm, &runner->fate, runner->timeout_ms, &runner->diag);
    return NULL;
}

static inline void runner_start(struct runner *runner, struct atls_tpm *tpm, uint32_t timeout_ms)
{
    memset(runner, 0, sizeof *runner);
    runner->tpm = tpm;
    runner->timeout_ms = timeout_ms;
    assert_int_equal(pthread_create(&runner->thread, NULL, runner_main, runner), 0);
}

static inline struct atls_tpm *open_tpm(const char *tcti, size_t limit)
{
    struct atls_tpm *tpm = NULL;
    struct atls_diag diag;
    assert_done(atls_tpm_open(&tpm, tcti, limit, &diag), &diag);
    return tpm;
}

#endif
