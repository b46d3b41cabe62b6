/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of workers: a bounded queue that is run to its end, and jobs that either side leaves
 * first. */
#include "session/pool.h"

#include "support/check.h"
#include "support/machine.h"
#include "support/threads.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What jobs do: they stand at a gate, and are counted. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool closed;
static unsigned running, ran, destroyed, seen_abandoned;

struct job {
    struct atls_job job; /* first */
    unsigned number;
    unsigned result;
};

static unsigned order[16];

static void run(struct atls_job *base)
{
    struct job *job = (struct job *)base;
    pthread_mutex_lock(&lock);
    running++;
    pthread_cond_broadcast(&changed);
    while (closed) {
        pthread_cond_wait(&changed, &lock);
    }
    running--;
    order[ran++ % ATLS_ARRAY_LEN(order)] = job->number;
    seen_abandoned += atls_job_is_abandoned(base);
    pthread_mutex_unlock(&lock);
    job->result = job->number + 100;
}

static void destroy(struct atls_job *base)
{
    pthread_mutex_lock(&lock);
    destroyed++;
    pthread_mutex_unlock(&lock);
    free(base);
}

static void set_closed(bool value)
{
    pthread_mutex_lock(&lock);
    closed = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_running(unsigned count)
{
    pthread_mutex_lock(&lock);
    while (running < count) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static unsigned read_count(const unsigned *count)
{
    pthread_mutex_lock(&lock);
    const unsigned value = *count;
    pthread_mutex_unlock(&lock);
    return value;
}

static int reset(void **state)
{
    (void)state;
    closed = false;
    running = ran = destroyed = seen_abandoned = 0;
    return 0;
}

static struct job *new_job(unsigned number)
{
    struct job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    atls_job_init(&job->job, run, destroy);
    job->number = number;
    return job;
}

static struct atls_pool *new_pool(unsigned threads, unsigned max_queue)
{
    struct atls_pool *pool = NULL;
    assert_err(atls_pool_new(&pool, threads, max_queue, NULL), OK);
    assert_true(atls_pool_has_threads(pool));
    return pool;
}

static void wait_done(const struct job *job)
{
    struct pollfd ready = {.fd = job->job.done_fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 30000), 1);
    assert_true(atls_job_done(&job->job));
}

static void a_job_runs_and_its_descriptor_becomes_readable(void **state)
{
    (void)state;
    struct atls_pool *pool = new_pool(2, 4);
    struct job *job = new_job(7);
    closed = true;
    assert_false(atls_job_done(&job->job));
    assert_err(atls_pool_submit(pool, &job->job, NULL), OK);
    wait_running(1);
    assert_false(atls_job_done(&job->job));
    set_closed(false);
    wait_done(job);
    assert_true(atls_job_done(&job->job)); /* and stays so */
    assert_int_equal(job->result, 107);
    assert_int_equal(read_count(&seen_abandoned), 0);
    atls_job_unref(&job->job);
    atls_pool_free(pool);
    assert_int_equal(destroyed, 1);
}

static void one_thread_runs_jobs_in_their_order(void **state)
{
    (void)state;
    struct atls_pool *pool = new_pool(1, 8);
    struct job *jobs[8];
    set_closed(true);
    for (unsigned i = 0; i < 8; i++) {
        jobs[i] = new_job(i);
        assert_err(atls_pool_submit(pool, &jobs[i]->job, NULL), OK);
    }
    set_closed(false);
    for (unsigned i = 0; i < 8; i++) {
        wait_done(jobs[i]);
        assert_int_equal(order[i], i);
        atls_job_unref(&jobs[i]->job);
    }
    atls_pool_free(pool);
    assert_int_equal(destroyed, 8);
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_pool *pool = new_pool(1, 2);
    struct job *jobs[4];
    const unsigned files = test_open_files();
    set_closed(true);
    for (unsigned i = 0; i < 4; i++) {
        jobs[i] = new_job(i);
        if (i == 3) {
            assert_err(atls_pool_submit(pool, &jobs[i]->job, &diag), BUSY);
            assert_string_equal(test_sentence(&diag),
                                "worker pool: the queue for this work is full (queue: found full, "
                                "expected room for one more job)");
        } else {
            assert_err(atls_pool_submit(pool, &jobs[i]->job, NULL), OK);
        }
        wait_running(1); /* the first is not in the queue any more */
    }
    atls_job_unref(&jobs[3]->job); /* the worker's reference was given back by submit */
    assert_int_equal(read_count(&destroyed), 1);
    set_closed(false);
    for (unsigned i = 0; i < 3; i++) {
        wait_done(jobs[i]);
        atls_job_unref(&jobs[i]->job);
    }
    struct job *next = new_job(9); /* there is room again */
    assert_err(atls_pool_submit(pool, &next->job, NULL), OK);
    wait_done(next);
    atls_job_unref(&next->job);
    atls_pool_free(pool);
    assert_int_equal(destroyed, 5);
    assert_int_equal(test_open_files(), files);
}

static void *free_pool(void *pool)
{
    atls_pool_free(pool);
    return NULL;
}

static void freeing_runs_what_is_queued(void **state)
{
    (void)state;
    pthread_t thread;
    const unsigned files = test_open_files();
    struct atls_pool *pool = new_pool(1, 8);
    set_closed(true);
    for (unsigned i = 0; i < 5; i++) {
        struct job *job = new_job(i);
        assert_err(atls_pool_submit(pool, &job->job, NULL), OK);
        atls_job_unref(&job->job); /* nobody waits for it */
    }
    assert_int_equal(pthread_create(&thread, NULL, free_pool, pool), 0);
    set_closed(false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(ran, 5);
    assert_int_equal(destroyed, 5);
    assert_int_equal(seen_abandoned, 5);
    assert_int_equal(test_open_files(), files);
    atls_pool_free(NULL);
}

static void either_side_may_leave_first(void **state)
{
    (void)state;
    struct atls_pool *pool = new_pool(2, 8);
    struct job *patient = new_job(1), *hasty = new_job(2);
    set_closed(true);
    assert_err(atls_pool_submit(pool, &patient->job, NULL), OK);
    assert_err(atls_pool_submit(pool, &hasty->job, NULL), OK);
    wait_running(2);
    atls_job_unref(&hasty->job); /* its waiter leaves while it runs */
    assert_int_equal(read_count(&destroyed), 0);
    set_closed(false);
    wait_done(patient);
    atls_pool_free(pool); /* both workers have left */
    assert_int_equal(destroyed, 1);
    assert_int_equal(patient->result, 101);
    atls_job_unref(&patient->job);
    assert_int_equal(destroyed, 2);
    assert_int_equal(seen_abandoned, 1);
    atls_job_unref(NULL);
}

static void the_ring_of_a_small_queue_goes_round(void **state)
{
    (void)state;
    struct atls_pool *pool = new_pool(1, 3);
    for (unsigned i = 0; i < 50; i++) {
        struct job *job = new_job(i);
        assert_err(atls_pool_submit(pool, &job->job, NULL), OK);
        wait_done(job);
        assert_int_equal(job->result, i + 100);
        atls_job_unref(&job->job);
    }
    atls_pool_free(pool);
    assert_int_equal(ran, 50);
}

/* ---- executors ---- */

static bool refuse(void *arg, void (*run_job)(void *job), void *job)
{
    (void)run_job, (void)job;
    ++*(unsigned *)arg;
    return false;
}

static bool run_at_once(void *arg, void (*run_job)(void *job), void *job)
{
    ++*(unsigned *)arg;
    run_job(job);
    return true;
}

static void an_executor_may_run_a_job_at_once(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct job *job = new_job(3);
    assert_err(atls_executor_submit(run_at_once, &calls, &job->job, NULL), OK);
    assert_true(atls_job_done(&job->job));
    assert_int_equal(job->result, 103);
    assert_int_equal(calls, 1);
    atls_job_unref(&job->job);
    assert_int_equal(destroyed, 1);
}

static void an_executor_that_refuses_gives_its_reference_back(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct atls_diag diag;
    struct job *job = new_job(3);
    assert_err(atls_executor_submit(refuse, &calls, &job->job, &diag), BUSY);
    assert_string_equal(test_sentence(&diag),
                        "executor: the queue for this work is full (found refused, expected a job "
                        "to be run)");
    assert_int_equal(destroyed, 0);
    atls_job_unref(&job->job);
    assert_int_equal(destroyed, 1);
    assert_int_equal(ran, 0);
}

/* ---- no descriptors left ---- */

static void a_job_that_nobody_could_wait_for_is_given_back(void **state)
{
    (void)state;
    struct atls_pool *pool = new_pool(1, 4);
    unsigned calls = 0;
    struct job *queued = new_job(1), *handed = new_job(2);
    struct atls_diag diag;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {0, before.rlim_max}; /* those that are open stay so */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const enum atls_err submitted = atls_pool_submit(pool, &queued->job, &diag);
    const enum atls_err executed = atls_executor_submit(refuse, &calls, &handed->job, &diag);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_err(submitted, MEMORY);
    assert_err(executed, MEMORY);
    assert_int_equal(calls, 0); /* was not asked */
    assert_string_equal(test_sentence(&diag), "job: there is not enough memory (eventfd)");
    assert_int_equal(destroyed, 0);
    atls_job_unref(&queued->job);
    atls_job_unref(&handed->job);
    assert_int_equal(destroyed, 2);
    atls_pool_free(pool);
    assert_int_equal(ran, 0);
}

/* ---- fork ---- */

static void a_child_of_a_fork_knows_that_it_has_no_threads(void **state)
{
    (void)state;
    struct atls_pool *pool = new_pool(2, 4);
    test_wait_for_sleeping_threads();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const bool has_threads = atls_pool_has_threads(pool);
        atls_pool_free(pool); /* does not wait for threads that are not there */
        _exit(has_threads ? 1 : 0);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(atls_pool_has_threads(pool));
    assert_false(atls_pool_has_threads(NULL));
    atls_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_job_runs_and_its_descriptor_becomes_readable, reset),
        cmocka_unit_test_setup(one_thread_runs_jobs_in_their_order, reset),
        cmocka_unit_test_setup(the_queue_is_bounded, reset),
        cmocka_unit_test_setup(freeing_runs_what_is_queued, reset),
        cmocka_unit_test_setup(either_side_may_leave_first, reset),
        cmocka_unit_test_setup(the_ring_of_a_small_queue_goes_round, reset),
        cmocka_unit_test_setup(an_executor_may_run_a_job_at_once, reset),
        cmocka_unit_test_setup(an_executor_that_refuses_gives_its_reference_back, reset),
        cmocka_unit_test_setup(a_job_that_nobody_could_wait_for_is_given_back, reset),
        cmocka_unit_test_setup(a_child_of_a_fork_knows_that_it_has_no_threads, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
