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
};

struct worker {
    struct verifier_work *work;
    pthread_t thread;
    pthread_cond_t woken;
    bool is_idle; /* in the list */
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

/* next gives a queue from which a batch may be taken, or NULL; the lock is held. */
static struct queue *next(struct verifier_work *work)
{
    for (size_t i = 0; i < VERIFIER_NUM_KINDS; i++) {
        struct queue *queue = &work->queues[i];
        if (queue->first != NULL && queue->running < queue->max_running) {
            return queue;
        }
    }
    return NULL;
}

static size_t take(struct verifier_work *work, struct queue *queue,
                   struct verifier_job *jobs[VERIFIER_MAX_BATCH])
{
    size_t num = 0;
    while (queue->first != NULL && num < queue->max_batch) {
        jobs[num++] = queue->first;
        queue->first = queue->first->next;
    }
    if (queue->first == NULL) {
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
        const size_t num = take(work, queue, jobs);
        wake_one(work);
        pthread_mutex_unlock(&work->lock);
        work->config.run(work->config.arg, jobs, num);
        pthread_mutex_lock(&work->lock);
        queue->running--;
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

bool verifier_work_put(struct verifier_work *work, struct verifier_job *job)
{
    struct queue *queue = &work->queues[job->kind];
    pthread_mutex_lock(&work->lock);
    const bool has_room = work->len < MAX_QUEUE && queue->len < queue->max_len && !work->ending;
    if (has_room) {
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
    return has_room;
}

void verifier_work_wake(struct verifier_work *work)
{
    pthread_mutex_lock(&work->lock);
    wake_one(work);
    pthread_mutex_unlock(&work->lock);
}
