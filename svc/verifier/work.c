/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/work.h"

#include "svc/verifier/batch.h"

#include <stdlib.h>

enum { MAX_QUEUE = 1024, MAX_FETCHING = 64, STACK = 1 << 20 };

struct queue {
    struct verifier_job *first, *last;
    size_t len;
    unsigned running, max_running; /* batches */
    size_t max_batch, max_len;
    bool is_shared_out; /* by source; its batches are of one job */
};

struct worker {
    struct verifier_work *work;
    pthread_t thread;
    pthread_cond_t woken;
    bool is_idle; /* in the list */
    bool is_for_source;
    struct cli_source source; /* whose job of a queue that is shared out it does */
    struct worker *next;
};

struct verifier_work {
    struct verifier_work_config config;
    unsigned num_threads;
    struct worker *threads;
    pthread_mutex_t lock; /* all below */
    struct queue queues[VERIFIER_NUM_KINDS];
    size_t len;
    struct worker *idle; /* the latest first: its memory is still near */
    bool ending;
};

static size_t count_waiting(const struct queue *queue, const struct cli_source *source)
{
    size_t num = 0;
    for (const struct verifier_job *job = queue->first; job != NULL; job = job->next) {
        num += cli_source_equal(&job->source, source) ? 1 : 0;
    }
    return num;
}

static unsigned count_running(const struct verifier_work *work, const struct cli_source *source)
{
    unsigned num = 0;
    for (unsigned i = 0; i < work->num_threads; i++) {
        const struct worker *worker = &work->threads[i];
        num += worker->is_for_source && cli_source_equal(&worker->source, source) ? 1 : 0;
    }
    return num;
}

/* first_of gives the link to the job that is next in a queue; it holds NULL when none may be done
 * now. */
static struct verifier_job **first_of(struct verifier_work *work, struct queue *queue)
{
    struct verifier_job **link = &queue->first;
    const unsigned left = queue->max_running - queue->running;
    while (queue->is_shared_out && *link != NULL && count_running(work, &(*link)->source) >= left) {
        link = &(*link)->next;
    }
    return link;
}

/* next gives a queue from which a batch may be taken, or NULL; the lock is held. */
static struct queue *next(struct verifier_work *work)
{
    for (size_t i = 0; i < VERIFIER_NUM_KINDS; i++) {
        struct queue *queue = &work->queues[i];
        if (queue->running < queue->max_running && *first_of(work, queue) != NULL) {
            return queue;
        }
    }
    return NULL;
}

/* last_of finds the last job of a queue out of whose middle one was taken. */
static struct verifier_job *last_of(const struct queue *queue)
{
    struct verifier_job *last = queue->first;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    return last;
}

static size_t take(struct worker *worker, struct queue *queue,
                   struct verifier_job *jobs[VERIFIER_MAX_BATCH])
{
    struct verifier_work *work = worker->work;
    struct verifier_job **link = first_of(work, queue);
    size_t num = 0;
    while (*link != NULL && num < queue->max_batch) {
        jobs[num++] = *link;
        *link = (*link)->next;
    }
    worker->is_for_source = queue->is_shared_out && num != 0;
    if (worker->is_for_source) {
        worker->source = jobs[0]->source;
        queue->last = last_of(queue);
    } else if (queue->first == NULL) {
        queue->last = NULL;
    }
    queue->len -= num;
    work->len -= num;
    queue->running++;
    return num;
}

/* wake_one has an idle thread look at the queues, if there is something in them for it. */
static void wake_one(struct verifier_work *work)
{
    struct worker *worker = work->idle;
    if (worker != NULL && next(work) != NULL) {
        work->idle = worker->next;
        worker->is_idle = false;
        pthread_cond_signal(&worker->woken);
    }
}

static void wait_for_work(struct worker *worker)
{
    struct verifier_work *work = worker->work;
    worker->is_idle = true;
    worker->next = work->idle;
    work->idle = worker;
    while (worker->is_idle && !work->ending) {
        pthread_cond_wait(&worker->woken, &work->lock);
    }
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    struct verifier_work *work = worker->work;
    struct verifier_job *jobs[VERIFIER_MAX_BATCH];
    pthread_mutex_lock(&work->lock);
    for (;;) {
        struct queue *queue = next(work);
        if (queue == NULL) {
            if (work->ending) {
                break;
            }
            wait_for_work(worker);
            continue;
        }
        const size_t num = take(worker, queue, jobs);
        wake_one(work);
        pthread_mutex_unlock(&work->lock);
        work->config.run(work->config.arg, jobs, num);
        pthread_mutex_lock(&work->lock);
        queue->running--;
        worker->is_for_source = false;
    }
    pthread_mutex_unlock(&work->lock);
    return NULL;
}

static bool start_threads(struct verifier_work *work, unsigned threads)
{
    pthread_attr_t attributes;
    work->threads = calloc(threads, sizeof *work->threads);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)STACK);
    while (work->threads != NULL && work->num_threads < threads) {
        struct worker *worker = &work->threads[work->num_threads];
        worker->work = work;
        pthread_cond_init(&worker->woken, NULL);
        if (pthread_create(&worker->thread, &attributes, run, worker) != 0) {
            pthread_cond_destroy(&worker->woken);
            break;
        }
        work->num_threads++;
    }
    pthread_attr_destroy(&attributes);
    return work->num_threads == threads;
}

struct verifier_work *verifier_work_new(const struct verifier_work_config *config)
{
    struct verifier_work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        return NULL;
    }
    work->config = *config;
    pthread_mutex_init(&work->lock, NULL);
    work->queues[VERIFIER_SINGLE].max_batch = 1;
    work->queues[VERIFIER_SINGLE].max_running = config->threads;
    work->queues[VERIFIER_OPENING].max_batch = VERIFIER_MAX_BATCH;
    work->queues[VERIFIER_OPENING].max_running = 1;
    work->queues[VERIFIER_EVIDENCE].max_batch = VERIFIER_MAX_BATCH;
    work->queues[VERIFIER_EVIDENCE].max_running = config->appraisers > 2 ? config->appraisers : 2;
    work->queues[VERIFIER_FETCHING].max_batch = 1;
    work->queues[VERIFIER_FETCHING].max_running = config->fetchers;
    work->queues[VERIFIER_FETCHING].is_shared_out = true;
    for (size_t i = 0; i < VERIFIER_NUM_KINDS; i++) {
        work->queues[i].max_len = i == VERIFIER_FETCHING ? MAX_FETCHING : MAX_QUEUE;
    }
    if (!start_threads(work, config->threads + config->appraisers + 2 + config->fetchers)) {
        verifier_work_stop(work);
        verifier_work_free(work);
        return NULL;
    }
    return work;
}

void verifier_work_stop(struct verifier_work *work)
{
    if (work == NULL) {
        return;
    }
    pthread_mutex_lock(&work->lock);
    work->ending = true;
    for (unsigned i = 0; i < work->num_threads; i++) {
        pthread_cond_signal(&work->threads[i].woken);
    }
    pthread_mutex_unlock(&work->lock);
    for (unsigned i = 0; i < work->num_threads; i++) {
        pthread_join(work->threads[i].thread, NULL);
        pthread_cond_destroy(&work->threads[i].woken);
    }
    work->num_threads = 0;
}

void verifier_work_free(struct verifier_work *work)
{
    if (work == NULL) {
        return;
    }
    free(work->threads);
    pthread_mutex_destroy(&work->lock);
    free(work);
}

/* may_put says what becomes of a job; the lock is held. */
static enum verifier_put may_put(const struct verifier_work *work, const struct queue *queue,
                                 const struct verifier_job *job)
{
    if (work->len >= MAX_QUEUE || queue->len >= queue->max_len || work->ending) {
        return VERIFIER_PUT_FULL;
    }
    return queue->is_shared_out && count_waiting(queue, &job->source) >= queue->max_len - queue->len
               ? VERIFIER_PUT_GREEDY
               : VERIFIER_PUT;
}

enum verifier_put verifier_work_put(struct verifier_work *work, struct verifier_job *job)
{
    struct queue *queue = &work->queues[job->kind];
    pthread_mutex_lock(&work->lock);
    const enum verifier_put put = may_put(work, queue, job);
    if (put == VERIFIER_PUT) {
        job->next = NULL;
        if (queue->last != NULL) {
            queue->last->next = job;
        } else {
            queue->first = job;
        }
        queue->last = job;
        queue->len++;
        work->len++;
    }
    pthread_mutex_unlock(&work->lock);
    return put;
}

void verifier_work_wake(struct verifier_work *work)
{
    pthread_mutex_lock(&work->lock);
    wake_one(work);
    pthread_mutex_unlock(&work->lock);
}

bool verifier_work_is_full(struct verifier_work *work)
{
    pthread_mutex_lock(&work->lock);
    const struct queue *opening = &work->queues[VERIFIER_OPENING];
    const struct queue *evidence = &work->queues[VERIFIER_EVIDENCE];
    const bool is_full =
        opening->running == opening->max_running || evidence->running == evidence->max_running;
    pthread_mutex_unlock(&work->lock);
    return is_full;
}
