/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a job for a connection. Off a fiber the caller blocks either way, so work that is bounded
 * by itself (appraisal, and attesters that only compute) runs in place and saves two switches of
 * threads, a tenth of a handshake on a busy machine; what depends on a device goes to the pool,
 * where our own deadline holds.
 */
#include "session/session_internal.h"

#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum atls_err session_not_run(struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_STATE, "worker pool", "job", "one that never ran here",
                           "a connection that goes on in the process that began it");
}

enum atls_err session_run(struct atls_session *session, struct atls_job *job, bool in_place,
                          struct atls_diag *diag)
{
    if (in_place && !session->stack->may_pause(session->connection)) {
        job->run(job);
        atls_job_unref(job); /* the worker's reference */
        return ATLS_OK;
    }
    enum atls_err err = atls_context_submit(session->context, job, diag);
    if (err != ATLS_OK) {
        atls_job_unref(job);
        return err;
    }
    session->job = job; /* freed with the session if the fiber never comes back */
    const int64_t deadline = monotonic_ms() + session->context->timeout_ms;
    while (err == ATLS_OK && !atls_job_done(job)) {
        const int64_t left = deadline - monotonic_ms();
        if (left <= 0) {
            atls_fail(diag, ATLS_ERR_DEADLINE, "worker pool", NULL);
            atls_diag_expected_text(diag, "an end within milliseconds: ");
            atls_diag_expected_int(diag, session->context->timeout_ms);
            err = ATLS_ERR_DEADLINE;
            break;
        }
        err = session->stack->wait(session->connection, job->done_fd, (uint32_t)left, diag);
    }
    session->job = NULL;
    if (err != ATLS_OK) {
        atls_job_unref(job);
    }
    return err;
}
