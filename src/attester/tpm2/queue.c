/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/queue.h"

#include "attester/clock.h"
#include "attester/tpm2/rc.h"
#include "attester/tpm2/waker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct atls_tpm {
    struct atls_tpm *next; /* registry */
    size_t refs;           /* registry */
    char *conf;
    pid_t pid;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t work; /* there is a job, or the thread is to end */
    bool stop;
    bool orphan; /* the thread frees this itself */
    size_t limit;
    size_t num_queued;
    struct atls_tpm_job *first, *last;

    struct atls_tpm_conn conn; /* the thread's own */
    atomic_int fd;             /* of its connection, for the child of a fork to close; or -1 */
};

/* The TPMs of this process, by configuration. */
static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct atls_tpm *registry;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;

/*
 * A fork happens with the registry locked, so that the child finds it in order. The child has no
 * threads, so the parent's TPMs are of no use to it (their pid differs); but it has copies of their
 * connections, which an emulator would take for an open one long after the parent hung up.
 */
static void before_fork(void)
{
    pthread_mutex_lock(&registry_mutex);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&registry_mutex);
}

static void after_fork_in_child(void)
{
    for (const struct atls_tpm *tpm = registry; tpm != NULL; tpm = tpm->next) {
        const int fd = atomic_load(&tpm->fd);
        if (fd >= 0) {
            close(fd);
        }
    }
    registry = NULL;
    pthread_mutex_unlock(&registry_mutex);
}

static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* ---- the thread ---- */

static void drop_locked(struct atls_tpm *tpm, struct atls_tpm_job *job)
{
    if (--job->refs > 0) {
        return;
    }
    /* What a job holds may be the last reference to this TPM. */
    pthread_mutex_unlock(&tpm->mutex);
    job->free(job);
    pthread_mutex_lock(&tpm->mutex);
}

static void hang_up(struct atls_tpm *tpm)
{
    atomic_store(&tpm->fd, -1);
    atls_tpm_conn_close(&tpm->conn);
}

static enum atls_err run_once(struct atls_tpm *tpm, struct atls_tpm_job *job,
                              struct atls_diag *diag)
{
    struct atls_tpm_conn *conn = &tpm->conn;
    const enum atls_err err = atls_tpm_conn_open(conn, tpm->conf, job->deadline_ms, diag);
    if (err != ATLS_OK) {
        return err;
    }
    atomic_store(&tpm->fd, conn->tcti->fd);
    return job->run(conn, job, diag);
}

/* run_job tries a second time when the TPM went away since the last job, or has no free slot. */
static enum atls_err run_job(struct atls_tpm *tpm, struct atls_tpm_job *job, struct atls_diag *diag)
{
    struct atls_tpm_conn *conn = &tpm->conn;
    const bool was_open = conn->esys != NULL;
    enum atls_err err = run_once(tpm, job, diag);
    const bool lost = was_open && conn->tcti != NULL && conn->tcti->trouble == ATLS_TCTI_LOST;
    const bool full = atls_tpm_rc_is(conn->last_rc, TPM2_RC_OBJECT_MEMORY);
    if (err != ATLS_OK && (lost || full)) {
        if (lost) {
            hang_up(tpm);
        } else {
            atls_tpm_conn_make_room(conn);
        }
        err = run_once(tpm, job, diag);
    }
    if (atls_tpm_conn_is_broken(conn)) {
        hang_up(tpm);
    }
    return err;
}

static struct atls_tpm_job *pop_locked(struct atls_tpm *tpm)
{
    struct atls_tpm_job *job = tpm->first;
    tpm->first = job->next;
    if (tpm->first == NULL) {
        tpm->last = NULL;
    }
    job->next = NULL;
    tpm->num_queued--;
    return job;
}

static void work_locked(struct atls_tpm *tpm)
{
    struct atls_tpm_job *job = pop_locked(tpm);
    job->state = ATLS_TPM_RUNNING;
    pthread_mutex_unlock(&tpm->mutex);

    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err =
        job->deadline_ms <= atls_attester_now_ms()
            ? atls_fail_texts(&diag, ATLS_ERR_DEADLINE, "TPM", "queue", "no turn in time", NULL)
            : run_job(tpm, job, &diag);

    pthread_mutex_lock(&tpm->mutex);
    job->err = err;
    job->diag = diag;
    job->state = ATLS_TPM_DONE;
    if (job->sleeper != NULL) {
        pthread_cond_signal(job->sleeper);
    }
    if (job->waker != NULL) {
        atls_tpm_waker_fire(job->waker);
    }
    drop_locked(tpm, job);
}

/* wait_for_work_locked sleeps until there is a job or the end; hangs up when that takes long. */
static void wait_for_work_locked(struct atls_tpm *tpm)
{
    const struct timespec idle = atls_attester_timespec(atls_attester_now_ms() + ATLS_TPM_IDLE_MS);
    bool in_time = true;
    while (tpm->first == NULL && !tpm->stop) {
        if (tpm->conn.esys == NULL) {
            pthread_cond_wait(&tpm->work, &tpm->mutex);
        } else if (in_time) {
            in_time = pthread_cond_timedwait(&tpm->work, &tpm->mutex, &idle) == 0;
        } else {
            pthread_mutex_unlock(&tpm->mutex);
            hang_up(tpm);
            pthread_mutex_lock(&tpm->mutex);
        }
    }
}

static void free_tpm(struct atls_tpm *tpm)
{
    pthread_cond_destroy(&tpm->work);
    pthread_mutex_destroy(&tpm->mutex);
    free(tpm->conf);
    free(tpm);
}

static void *serve(void *argument)
{
    struct atls_tpm *tpm = argument;
    pthread_mutex_lock(&tpm->mutex);
    while (!tpm->stop) {
        if (tpm->first != NULL) {
            work_locked(tpm);
        } else {
            wait_for_work_locked(tpm);
        }
    }
    const bool orphan = tpm->orphan;
    pthread_mutex_unlock(&tpm->mutex);
    hang_up(tpm);
    if (orphan) {
        free_tpm(tpm);
    }
    return NULL;
}

/* ---- opening and closing ---- */

static bool start_thread(struct atls_tpm *tpm)
{
    /* The application's signal handlers run on its own threads; faults stay with who faults. */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    sigset_t others, before;
    sigfillset(&others);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(faults); i++) {
        sigdelset(&others, faults[i]);
    }
    if (pthread_sigmask(SIG_SETMASK, &others, &before) != 0) {
        return false;
    }
    const bool started = pthread_create(&tpm->thread, NULL, serve, tpm) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static struct atls_tpm *new_tpm(const char *conf, size_t limit)
{
    struct atls_tpm *tpm = calloc(1, sizeof *tpm);
    if (tpm == NULL) {
        return NULL;
    }
    tpm->refs = 1;
    tpm->pid = getpid();
    tpm->limit = limit;
    atomic_init(&tpm->fd, -1);
    pthread_mutex_init(&tpm->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&tpm->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    tpm->conf = strdup(conf);
    if (tpm->conf == NULL || !start_thread(tpm)) {
        free_tpm(tpm);
        return NULL;
    }
    return tpm;
}

enum atls_err atls_tpm_open(struct atls_tpm **out, const char *tcti, size_t queue_limit,
                            struct atls_diag *diag)
{
    const char *conf = tcti != NULL ? tcti : ATLS_TPM_DEFAULT_TCTI;
    if (queue_limit == 0 || queue_limit > ATLS_TPM_MAX_QUEUE) {
        return atls_fail(diag, ATLS_ERR_ARGUMENT, "TPM", "queue");
    }
    pthread_once(&registry_once, watch_forks);
    pthread_mutex_lock(&registry_mutex);
    struct atls_tpm *tpm = registry;
    while (tpm != NULL && strcmp(tpm->conf, conf) != 0) {
        tpm = tpm->next;
    }
    if (tpm != NULL) {
        tpm->refs++;
    } else {
        tpm = new_tpm(conf, queue_limit);
        if (tpm != NULL) {
            tpm->next = registry;
            registry = tpm;
        }
    }
    pthread_mutex_unlock(&registry_mutex);
    if (tpm == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_MEMORY, "TPM", "thread",
                               "no memory, thread or descriptor for it", NULL);
    }
    *out = tpm;
    return ATLS_OK;
}

struct atls_tpm *atls_tpm_ref(struct atls_tpm *tpm)
{
    if (tpm->pid == getpid()) {
        pthread_mutex_lock(&registry_mutex);
        tpm->refs++;
        pthread_mutex_unlock(&registry_mutex);
    }
    return tpm;
}

/* last_reference takes one reference away, and the TPM out of the registry with the last. */
static bool last_reference(struct atls_tpm *tpm)
{
    pthread_mutex_lock(&registry_mutex);
    const bool last = --tpm->refs == 0;
    struct atls_tpm **link = &registry;
    while (last && *link != tpm) {
        link = &(*link)->next;
    }
    if (last) {
        *link = tpm->next;
    }
    pthread_mutex_unlock(&registry_mutex);
    return last;
}

void atls_tpm_unref(struct atls_tpm *tpm)
{
    /* In a child there is no thread to end, and the connection is the parent's. */
    if (tpm == NULL || tpm->pid != getpid() || !last_reference(tpm)) {
        return;
    }
    /* The last reference may go with a job that nobody waits for any more, on the thread itself. */
    const bool own = pthread_equal(pthread_self(), tpm->thread) != 0;
    const pthread_t thread = tpm->thread;
    if (own) {
        pthread_detach(thread);
    }
    pthread_mutex_lock(&tpm->mutex);
    tpm->stop = true;
    tpm->orphan = own;
    pthread_cond_signal(&tpm->work);
    pthread_mutex_unlock(&tpm->mutex);
    if (!own) {
        pthread_join(thread, NULL);
        free_tpm(tpm);
    }
}

/* ---- waiting ---- */

static enum atls_err push_locked(struct atls_tpm *tpm, struct atls_tpm_job *job,
                                 struct atls_diag *diag)
{
    if (tpm->num_queued >= tpm->limit) {
        atls_fail(diag, ATLS_ERR_BUSY, "TPM", "queue");
        atls_diag_found_int(diag, (int64_t)tpm->num_queued);
        atls_diag_found_text(diag, " jobs that wait");
        return ATLS_ERR_BUSY;
    }
    if (tpm->last != NULL) {
        tpm->last->next = job;
    } else {
        tpm->first = job;
    }
    tpm->last = job;
    tpm->num_queued++;
    job->refs++;
    job->state = ATLS_TPM_QUEUED;
    pthread_cond_signal(&tpm->work);
    return ATLS_OK;
}

/* unqueue_locked is for a waiter whose time is over: its job must not hold a place any longer. */
static void unqueue_locked(struct atls_tpm *tpm, struct atls_tpm_job *job)
{
    struct atls_tpm_job *before = NULL;
    for (struct atls_tpm_job *at = tpm->first; at != job; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = job->next;
    } else {
        tpm->first = job->next;
    }
    if (tpm->last == job) {
        tpm->last = before;
    }
    tpm->num_queued--;
    job->refs--; /* the queue's; the waiter still has its own */
}

static void sleep_locked(struct atls_tpm *tpm, struct atls_tpm_job *job)
{
    pthread_cond_t done;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const struct timespec until = atls_attester_timespec(job->deadline_ms);
    job->sleeper = &done;
    while (job->state != ATLS_TPM_DONE && pthread_cond_timedwait(&done, &tpm->mutex, &until) == 0) {
        /* woken early */
    }
    job->sleeper = NULL;
    pthread_cond_destroy(&done);
}

static void pause_locked(struct atls_tpm *tpm, struct atls_tpm_job *job,
                         struct atls_tpm_waker *waker)
{
    job->waker = waker;
    while (job->state != ATLS_TPM_DONE && atls_attester_now_ms() < job->deadline_ms) {
        pthread_mutex_unlock(&tpm->mutex);
        atls_tpm_waker_pause(waker);
        pthread_mutex_lock(&tpm->mutex);
    }
    job->waker = NULL;
}

static enum atls_err collect_locked(struct atls_tpm *tpm, struct atls_tpm_job *job,
                                    struct atls_diag *diag)
{
    if (job->state == ATLS_TPM_DONE) {
        if (job->err != ATLS_OK && diag != NULL) {
            *diag = job->diag;
        }
        return job->err;
    }
    const bool queued = job->state == ATLS_TPM_QUEUED;
    if (queued) {
        unqueue_locked(tpm, job);
    } /* else the thread drops it when it is done */
    return atls_fail_texts(diag, ATLS_ERR_DEADLINE, "TPM", queued ? "queue" : "command",
                           "no answer in time", "a TPM that answers");
}

enum atls_err atls_tpm_run(struct atls_tpm *tpm, struct atls_tpm_job *job, uint32_t timeout_ms,
                           struct atls_diag *diag)
{
    if (tpm->pid != getpid()) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "TPM", "process",
                               "a child of the process that opened it",
                               "an attester that is opened after the fork");
    }
    job->deadline_ms = atls_attester_now_ms() + timeout_ms;
    struct atls_tpm_waker *waker = atls_tpm_waker_of_fiber(job->deadline_ms);
    pthread_mutex_lock(&tpm->mutex);
    enum atls_err err = push_locked(tpm, job, diag);
    if (err == ATLS_OK) {
        if (waker != NULL) {
            pause_locked(tpm, job, waker);
        } else {
            sleep_locked(tpm, job);
        }
        err = collect_locked(tpm, job, diag);
    }
    pthread_mutex_unlock(&tpm->mutex);
    if (waker != NULL) {
        atls_tpm_waker_quiet(waker);
        atls_tpm_waker_unref(waker);
    }
    return err;
}

size_t atls_tpm_num_queued(struct atls_tpm *tpm)
{
    pthread_mutex_lock(&tpm->mutex);
    const size_t num = tpm->num_queued;
    pthread_mutex_unlock(&tpm->mutex);
    return num;
}

void atls_tpm_job_unref(struct atls_tpm *tpm, struct atls_tpm_job *job)
{
    pthread_mutex_lock(&tpm->mutex);
    const bool last = --job->refs == 0;
    pthread_mutex_unlock(&tpm->mutex);
    if (last) {
        job->free(job);
    }
}
