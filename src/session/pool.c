/* SPDX-License-Identifier: Apache-2.0 */
#include "session/pool.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct atls_pool {
    pid_t pid;
    pthread_mutex_t lock;
    pthread_cond_t work; /* there is a job, or `closing` */
    bool closing;
    struct atls_job **ring; /* max_queue slots */
    unsigned max_queue, first, count;
    unsigned num_threads;
    pthread_t threads[];
};

static void run_job(void *arg)
{
    struct atls_job *job = arg;
    job->run(job);
    const uint64_t one = 1;
    /* Cannot block and cannot fail: the counter goes from 0 to 1. The waiter reads the result only
     * after it sees this, and the kernel orders the two. */
    if (write(job->done_fd, &one, sizeof one) != (ssize_t)sizeof one) {
        abort();
    }
    atls_job_unref(job);
}

static void *worker(void *arg)
{
    struct atls_pool *pool = arg;
    for (;;) {
        pthread_mutex_lock(&pool->lock);
        while (pool->count == 0 && !pool->closing) {
            pthread_cond_wait(&pool->work, &pool->lock);
        }
        if (pool->count == 0) {
            pthread_mutex_unlock(&pool->lock);
            return NULL;
        }
        struct atls_job *job = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->max_queue;
        pool->count--;
        pthread_mutex_unlock(&pool->lock);
        run_job(job);
    }
}

enum atls_err atls_pool_new(struct atls_pool **out, unsigned threads, unsigned max_queue,
                            struct atls_diag *diag)
{
    struct atls_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
    struct atls_job **ring = calloc(max_queue, sizeof *ring);
    if (pool == NULL || ring == NULL) {
        free(pool);
        free(ring);
        return atls_fail(diag, ATLS_ERR_MEMORY, "worker pool", NULL);
    }
    pool->pid = getpid();
    pool->ring = ring;
    pool->max_queue = max_queue;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    while (pool->num_threads < threads) {
        if (pthread_create(&pool->threads[pool->num_threads], NULL, worker, pool) != 0) {
            atls_pool_free(pool);
            return atls_fail(diag, ATLS_ERR_MEMORY, "worker pool", "thread");
        }
        pool->num_threads++;
    }
    *out = pool;
    return ATLS_OK;
}

bool atls_pool_has_threads(const struct atls_pool *pool)
{
    return pool != NULL && pool->pid == getpid();
}

void atls_pool_free(struct atls_pool *pool)
{
    if (!atls_pool_has_threads(pool)) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->num_threads; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->ring);
    free(pool);
}

void atls_job_init(struct atls_job *job, void (*run)(struct atls_job *),
                   void (*destroy)(struct atls_job *))
{
    job->done_fd = -1;
    job->run = run;
    job->destroy = destroy;
    __atomic_store_n(&job->references, 2, __ATOMIC_RELAXED);
}

/* open_done makes what the waiter waits on. On failure the worker's reference is given back. */
static enum atls_err open_done(struct atls_job *job, struct atls_diag *diag)
{
    job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->done_fd < 0) {
        atls_job_unref(job);
        return atls_fail(diag, ATLS_ERR_MEMORY, "job", "eventfd");
    }
    return ATLS_OK;
}

void atls_job_unref(struct atls_job *job)
{
    if (job != NULL && __atomic_sub_fetch(&job->references, 1, __ATOMIC_ACQ_REL) == 0) {
        if (job->done_fd >= 0) {
            close(job->done_fd);
        }
        job->destroy(job);
    }
}

bool atls_job_is_abandoned(const struct atls_job *job)
{
    return __atomic_load_n(&job->references, __ATOMIC_ACQUIRE) == 1;
}

bool atls_job_done(const struct atls_job *job)
{
    uint64_t count = 0;
    struct pollfd wait = {.fd = job->done_fd, .events = POLLIN};
    if (poll(&wait, 1, 0) != 1) {
        return false;
    }
    /* The read is what orders the worker's writes before ours; it leaves the counter at 0, so put
     * it back for who asks again. */
    if (read(job->done_fd, &count, sizeof count) != (ssize_t)sizeof count) {
        return false;
    }
    return write(job->done_fd, &count, sizeof count) == (ssize_t)sizeof count;
}

enum atls_err atls_pool_submit(struct atls_pool *pool, struct atls_job *job, struct atls_diag *diag)
{
    enum atls_err err = open_done(job, diag);
    if (err != ATLS_OK) {
        return err;
    }
    pthread_mutex_lock(&pool->lock);
    const bool room = pool->count < pool->max_queue && !pool->closing;
    if (room) {
        pool->ring[(pool->first + pool->count) % pool->max_queue] = job;
        pool->count++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!room) {
        atls_job_unref(job);
        return atls_fail_texts(diag, ATLS_ERR_BUSY, "worker pool", "queue", "full",
                               "room for one more job");
    }
    return ATLS_OK;
}

enum atls_err atls_executor_submit(atls_executor *executor, void *arg, struct atls_job *job,
                                   struct atls_diag *diag)
{
    enum atls_err err = open_done(job, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!executor(arg, run_job, job)) {
        atls_job_unref(job);
        return atls_fail_texts(diag, ATLS_ERR_BUSY, "executor", NULL, "refused", "a job to be run");
    }
    return ATLS_OK;
}
