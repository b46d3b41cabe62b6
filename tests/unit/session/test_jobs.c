/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of a connection, over the loopback: deadlines, a stack that cannot wait, and who leaves
 * first. */
#include "loopback.h"

#include "atls/sim.h"
#include "session/context_internal.h"
#include "support/gated_attester.h"
#include "support/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_world *world;
static struct loop loop;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static void open_loop(uint32_t timeout_ms)
{
    const struct atls_attester_ops *gated = test_gated_attester(&atls_attester_sim_psa);
    const struct test_spec client = {.requires = &world->server};
    const struct test_spec server = {
        .attests = &world->server, .ops = gated, .timeout_ms = timeout_ms};
    memset(&loop, 0, sizeof loop);
    open_end(&loop.client, test_context(world, &client), ATLS_ROLE_CLIENT, &world->client);
    open_end(&loop.server, test_context(world, &server), ATLS_ROLE_SERVER, &world->server);
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
}

static int drop(void **state)
{
    (void)state;
    test_gate_open();
    close_end(&loop.client);
    close_end(&loop.server);
    return 0;
}

static enum atls_err attest(void)
{
    return loop_credential(&loop.server, &loop.has_server_cmw, &loop.server_cmw);
}

static void wait_for_the_worker(void)
{
    test_gate_wait(1);
}

/* attest_too_late ends at the deadline, when a worker has taken the job: one that nobody had taken
 * by then would be left alone. */
static void attest_too_late(void)
{
    test_gate_close();
    loop.server.at_wait = wait_for_the_worker;
    assert_err(attest(), DEADLINE);
}

static void an_attester_that_waits_for_a_device_runs_in_the_pool(void **state)
{
    (void)state;
    open_loop(0);
    assert_err(attest(), OK);
    assert_true(test_gate_other_thread());
    assert_int_equal(test_gate_passed(), 1);
    assert_err(atls_session_read_certificate(loop.client.session, 0, loop.server_cmw), OK);
    assert_err(loop_appraise(&loop.client, &world->server), OK);
    assert_int_equal(loop.client.waits, 0);
}

static void a_deadline_ends_the_waiting(void **state)
{
    (void)state;
    open_loop(20);
    test_gate_close();
    assert_err(attest(), DEADLINE);
    assert_reason(&loop.server, DEADLINE);
    assert_string_equal(test_sentence(&atls_session_verdict(loop.server.session)->reason),
                        "worker pool: our own work did not end before its deadline (expected an "
                        "end within milliseconds: 20)");
    assert_false(opens(&loop.server));
}

static void a_stack_that_cannot_wait_refuses(void **state)
{
    (void)state;
    const unsigned files = test_open_files();
    open_loop(0);
    test_gate_close();
    loop.server.wait_fails_with = ATLS_ERR_CRYPTO;
    assert_err(attest(), CRYPTO);
    assert_reason(&loop.server, CRYPTO);
    assert_string_equal(atls_session_verdict(loop.server.session)->reason.step, "loopback");
    drop(NULL); /* waits for the job, whose waiter has left */
    assert_int_equal(test_open_files(), files);
}

static void no_job_is_left_behind_by_a_second_handshake(void **state)
{
    (void)state;
    const unsigned files = test_open_files();
    open_loop(20);
    test_gate_close();
    assert_err(attest(), DEADLINE);
    test_gate_open();
    begin_handshake(&loop);
    assert_err(loop_hellos(&loop), OK);
    assert_err(loop_choices(&loop), OK);
    const enum atls_err err = attest();
    assert_true(err == ATLS_OK || err == ATLS_ERR_DEADLINE); /* 20 ms on a busy machine */
    drop(NULL);
    assert_int_equal(test_open_files(), files);
}

/* ---- the last reference goes while a job runs ---- */

static void *close_server(void *arg)
{
    close_end(arg);
    return NULL;
}

static void freeing_the_last_reference_waits_for_the_job(void **state)
{
    (void)state;
    pthread_t thread;
    open_loop(20);
    attest_too_late();
    assert_int_equal(pthread_create(&thread, NULL, close_server, &loop.server), 0);
    assert_int_equal(test_gate_passed(), 0);
    test_gate_open();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(test_gate_passed(), 1);
}

static void a_child_of_a_fork_does_not_wait_for_the_parent_s_job(void **state)
{
    (void)state;
    open_loop(20);
    attest_too_late();
    test_wait_for_sleeping_threads();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(120); /* a child that hangs fails the test */
        close_end(&loop.server);
        _exit(0);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_child_of_a_fork_attests_with_threads_of_its_own(void **state)
{
    (void)state;
    open_loop(0);
    assert_err(attest(), OK); /* the parent has threads now */
    test_wait_for_sleeping_threads();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(120);
        begin_handshake(&loop);
        const bool ok =
            loop_hellos(&loop) == ATLS_OK && loop_choices(&loop) == ATLS_OK && attest() == ATLS_OK;
        close_end(&loop.client);
        close_end(&loop.server);
        _exit(ok ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static pid_t forked;

static void fork_here(void)
{
    test_wait_for_sleeping_threads();
    forked = fork();
    assert_true(forked >= 0);
    if (forked != 0) {
        test_gate_open(); /* the parent's worker ends the job, and wakes both */
    }
}

/* The child has the parent's eventfd and a copy of the job that nobody will fill in. */
static void a_child_of_a_fork_does_not_take_the_parent_s_answer(void **state)
{
    (void)state;
    open_loop(0);
    test_gate_close();
    loop.server.at_wait = fork_here;
    const enum atls_err err = attest();
    if (forked == 0) {
        const struct atls_diag *reason = &atls_session_verdict(loop.server.session)->reason;
        _exit(err == ATLS_ERR_STATE && reason->err == ATLS_ERR_STATE && !opens(&loop.server) ? 0
                                                                                             : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(forked, &status, 0), forked);
    assert_int_equal(status, 0);
    assert_err(err, OK);
}

static void nothing(struct atls_job *job)
{
    (void)job;
}

static bool run_here(void *arg, void (*run)(void *), void *job)
{
    (void)arg;
    run(job);
    return true;
}

/* submit_one runs an empty job, which takes the lock of the jobs twice. */
static void submit_one(struct atls_context *context)
{
    struct atls_job job;
    struct atls_diag diag;
    atls_job_init(&job, nothing, nothing);
    assert_err(atls_context_submit(context, &job, &diag), OK);
    atls_context_job_ended(context);
    atls_job_unref(&job);
}

static atomic_bool enough;

static void *submit_many(void *context)
{
    while (!atomic_load(&enough)) {
        submit_one(context);
    }
    return NULL;
}

/* With threads that take the lock all the time, a fork finds it taken sooner or later. */
static void a_fork_at_any_moment_leaves_the_child_a_free_lock(void **state)
{
    (void)state;
    if (TEST_UNDER_ASAN || TEST_UNDER_TSAN) {
        puts("skipped: a sanitizer's own locks do not survive a fork beside busy threads");
        skip();
    }
    const struct test_spec spec = {.requires = &world->server, .executor = run_here};
    struct atls_context *context = test_context(world, &spec);
    pthread_t threads[2];
    atomic_store(&enough, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, context), 0);
    }
    for (int i = 0; i < 300; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alarm(120);
            submit_one(context);
            _exit(0);
        }
        int status = 1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    atls_context_unref(context);
}

#define JOB(name) cmocka_unit_test_teardown(name, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOB(an_attester_that_waits_for_a_device_runs_in_the_pool),
        JOB(a_deadline_ends_the_waiting),
        JOB(a_stack_that_cannot_wait_refuses),
        JOB(no_job_is_left_behind_by_a_second_handshake),
        JOB(freeing_the_last_reference_waits_for_the_job),
        JOB(a_child_of_a_fork_does_not_wait_for_the_parent_s_job),
        JOB(a_child_of_a_fork_attests_with_threads_of_its_own),
        JOB(a_child_of_a_fork_does_not_take_the_parent_s_answer),
        JOB(a_fork_at_any_moment_leaves_the_child_a_free_lock),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
