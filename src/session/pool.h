/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded pool of worker threads, and the jobs that run in it. A job is shared by the one who
 * waits for it and the worker who runs it, so that either may leave first: a connection freed while
 * its job runs, or a waiter past its deadline, just gives its reference back.
 */
#ifndef SESSION_POOL_H
#define SESSION_POOL_H

#include "atls/context.h"
#include "base/diag.h"

struct atls_pool;

ATLS_NODISCARD enum atls_err atls_pool_new(struct atls_pool **out, unsigned threads,
                                           unsigned max_queue, struct atls_diag *diag);
/* atls_pool_free runs what is queued to its end, then joins the threads. Never on a worker. */
void atls_pool_free(struct atls_pool *pool);
/* atls_pool_has_threads is false in the child of a fork, which got the memory and not the threads:
 * nothing would ever run there, and freeing leaves the memory to the end of the process. */
bool atls_pool_has_threads(const struct atls_pool *pool);

/* A job. Embed it first in the struct that carries its input and output. */
struct atls_job {
    void (*run)(struct atls_job *job);     /* on a worker; must not touch the connection */
    void (*destroy)(struct atls_job *job); /* frees the embedding struct, on whichever thread */
    int done_fd;                           /* once submitted: readable when run() has returned */
    int references;                        /* atomic */
};

/* atls_job_init gives the job two references: the waiter's and the worker's. */
void atls_job_init(struct atls_job *job, void (*run)(struct atls_job *),
                   void (*destroy)(struct atls_job *));
/* atls_job_unref gives one reference back; the last one destroys. NULL is fine. */
void atls_job_unref(struct atls_job *job);
/* atls_job_is_abandoned, for the worker: whoever waited for this job has left. */
ATLS_NODISCARD bool atls_job_is_abandoned(const struct atls_job *job);
/* atls_job_done is true once the result may be read. */
ATLS_NODISCARD bool atls_job_done(const struct atls_job *job);

/* atls_pool_submit opens the job's eventfd and queues the job, which takes the worker's reference.
 * On failure (ATLS_ERR_BUSY, ATLS_ERR_MEMORY) that reference is given back here. */
ATLS_NODISCARD enum atls_err atls_pool_submit(struct atls_pool *pool, struct atls_job *job,
                                              struct atls_diag *diag);
/* atls_executor_submit is the same for an executor of the application's own. */
ATLS_NODISCARD enum atls_err atls_executor_submit(atls_executor *executor, void *arg,
                                                  struct atls_job *job, struct atls_diag *diag);

#endif
