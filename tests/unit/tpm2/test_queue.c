/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of a TPM that answers, is slow, or says nothing. */
#include "job_test.h"

#include "support/fake_tpm.h"

#include <openssl/async.h>
#include <poll.h>

/* A TPM that gives eight octets for whatever it is asked, unless it is to be silent. */
struct script {
    atomic_bool silent;
    atomic_uint commands;
};

static long answer(void *context, struct atls_bytes command, struct atls_buf out)
{
    struct script *script = context;
    atomic_fetch_add(&script->commands, 1);
    if (atomic_load(&script->silent)) {
        return TEST_FAKE_SILENT;
    }
    static const uint8_t started[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x00};
    static const uint8_t random[] = {0x80, 0x01, 0, 0, 0, 20, 0, 0, 0, 0,
                                     0,    8,    1, 2, 3, 4,  5, 6, 7, 8};
    const bool startup = command.data[8] == 0x01 && command.data[9] == 0x44;
    const size_t len = startup ? sizeof started : sizeof random;
    memcpy(out.data, startup ? started : random, len);
    return (long)len;
}

static struct script script;
static struct test_fake_tpm fake;

static int start(void **state)
{
    (void)state;
    setenv("TSS2_LOG", "all+none", 0);
    atomic_store(&script.silent, false);
    atomic_store(&script.commands, 0);
    test_fake_start(&fake, answer, &script, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_fake_stop(&fake);
    return 0;
}

/* wait_for_commands lets time pass until the TPM was asked this many times. */
static void wait_for_commands(unsigned num)
{
    while (atomic_load(&script.commands) < num) {
        test_sleep_ms(1);
    }
}

static void a_job_runs_and_gives_its_result(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    struct fate fate = {0};
    struct atls_diag diag;
    assert_done(run_random(tpm, &fate, 10000, &diag), &diag);
    assert_int_equal(fate.octets, 8);
    assert_int_equal(fate.runs, 1);
    assert_int_equal(fate.freed, 1);
    atls_tpm_unref(tpm);
}

static void one_configuration_is_one_tpm(void **state)
{
    (void)state;
    struct atls_tpm *first = open_tpm(fake.tcti, 4), *second = open_tpm(fake.tcti, 4);
    struct atls_tpm *other = open_tpm("swtpm:path=/nonexistent", 4);
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    atls_tpm_unref(first);
    struct fate fate = {0};
    struct atls_diag diag;
    assert_done(run_random(second, &fate, 10000, &diag), &diag);
    atls_tpm_unref(second);
    atls_tpm_unref(other);
}

static void a_queue_of_no_length_is_refused(void **state)
{
    (void)state;
    struct atls_tpm *tpm = NULL;
    struct atls_diag diag;
    assert_err(atls_tpm_open(&tpm, fake.tcti, 0, &diag), ARGUMENT);
    assert_err(atls_tpm_open(&tpm, fake.tcti, ATLS_TPM_MAX_QUEUE + 1, &diag), ARGUMENT);
    assert_null(tpm);
}

/* hang_up ends what a silent TPM holds up. */
static void hang_up(void)
{
    test_fake_stop(&fake);
    atomic_store(&script.silent, false);
    atomic_store(&script.commands, 0);
    test_fake_start(&fake, answer, &script, NULL);
}

static void a_full_queue_is_busy(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 2);
    atomic_store(&script.silent, true);
    struct runner running, waiting[2];
    runner_start(&running, tpm, 600000);
    wait_for_commands(1); /* it is with the TPM, and no longer in the queue */
    runner_start(&waiting[0], tpm, 600000);
    runner_start(&waiting[1], tpm, 600000);
    while (atls_tpm_num_queued(tpm) < 2) {
        test_sleep_ms(1);
    }
    struct fate fate = {0};
    struct atls_diag diag;
    assert_err(run_random(tpm, &fate, 10000, &diag), BUSY);
    assert_string_equal(diag.found, "2 jobs that wait");
    assert_int_equal(fate.runs, 0);
    assert_int_equal(fate.freed, 1);
    hang_up();
    pthread_join(running.thread, NULL);
    pthread_join(waiting[0].thread, NULL);
    pthread_join(waiting[1].thread, NULL);
    assert_err(running.err, TPM);
    assert_int_equal(atls_tpm_num_queued(tpm), 0);
    atls_tpm_unref(tpm);
}

static void a_tpm_that_hangs_costs_no_more_than_the_deadline(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    atomic_store(&script.silent, true);
    struct fate fate = {0};
    struct atls_diag diag;
    assert_err(run_random(tpm, &fate, 200, &diag), DEADLINE);
    assert_string_equal(diag.step, "TPM");
    /* and it is asked again, on a new connection */
    atomic_store(&script.silent, false);
    assert_done(run_random(tpm, &fate, 10000, &diag), &diag);
    atls_tpm_unref(tpm);
}

static void no_time_is_a_deadline_too(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    atomic_store(&script.silent, true);
    struct fate fate = {0};
    struct atls_diag diag;
    assert_err(run_random(tpm, &fate, 0, &diag), DEADLINE);
    atls_tpm_unref(tpm);
    assert_int_equal(fate.freed, 1);
}

static void a_tpm_that_drips_gains_no_time(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    fake.drip_ms = 30; /* the answer takes longer than the deadline, each octet does not */
    struct fate fate = {0};
    struct atls_diag diag;
    assert_err(run_random(tpm, &fate, 200, &diag), DEADLINE);
    atls_tpm_unref(tpm);
}

static void a_slow_answer_in_pieces_is_whole(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    fake.drip_ms = 1;
    struct fate fate = {0};
    struct atls_diag diag;
    assert_done(run_random(tpm, &fate, 10000, &diag), &diag);
    assert_int_equal(fate.octets, 8);
    atls_tpm_unref(tpm);
}

static void a_waiter_that_left_costs_nothing_but_its_turn(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 1);
    atomic_store(&script.silent, true);
    struct runner hanging;
    runner_start(&hanging, tpm, 600000);
    wait_for_commands(1);
    for (int i = 0; i < 3; i++) { /* each gives the one place back */
        struct fate fate = {0};
        struct atls_diag diag;
        assert_err(run_random(tpm, &fate, 50, &diag), DEADLINE);
        assert_string_equal(diag.claim, "queue");
        assert_int_equal(fate.freed, 1);
        assert_int_equal(fate.runs, 0);
    }
    hang_up();
    pthread_join(hanging.thread, NULL);
    assert_err(hanging.err, TPM);
    assert_int_equal(hanging.fate.freed, 1);
    atls_tpm_unref(tpm);
}

static void who_waits_is_told_that_the_tpm_hung_up(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    atomic_store(&script.silent, true);
    struct runner waiting;
    runner_start(&waiting, tpm, 60000);
    wait_for_commands(1);
    hang_up();
    pthread_join(waiting.thread, NULL);
    assert_err(waiting.err, TPM);
    assert_string_equal(waiting.diag.found, "the connection was lost");
    atls_tpm_unref(tpm);
}

/* A job that holds the last reference to its TPM, as a signature does through its key. */
struct owning_job {
    struct atls_tpm_job job; /* first */
    struct atls_tpm *tpm;
    struct fate *fate;
};

static enum atls_err owning_run(struct atls_tpm_conn *conn, struct atls_tpm_job *base,
                                struct atls_diag *diag)
{
    (void)conn;
    (void)diag;
    atomic_fetch_add(&((struct owning_job *)base)->fate->runs, 1);
    test_sleep_ms(100);
    return ATLS_OK;
}

static void owning_free(struct atls_tpm_job *base)
{
    struct owning_job *job = (struct owning_job *)base;
    struct fate *fate = job->fate;
    atls_tpm_unref(job->tpm);
    free(job);
    atomic_fetch_add(&fate->freed, 1);
}

static void the_thread_itself_may_let_go_last(void **state)
{
    (void)state;
    static struct fate fate;
    struct owning_job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    job->job.run = owning_run;
    job->job.free = owning_free;
    job->job.refs = 1;
    job->tpm = open_tpm(fake.tcti, 4);
    job->fate = &fate;
    struct atls_tpm *tpm = job->tpm;
    struct atls_diag diag;
    while (atomic_load(&fate.runs) == 0) {
        /* one that was late before its turn came is put in again */
        assert_err(atls_tpm_run(tpm, &job->job, 30, &diag), DEADLINE);
    }
    atls_tpm_job_unref(tpm, &job->job);
    while (atomic_load(&fate.freed) == 0) {
        test_sleep_ms(1);
    }
}

/* ---- a fiber without a connection ---- */

struct fiber {
    struct atls_tpm *tpm;
    struct fate *fate;
    uint32_t timeout_ms;
    enum atls_err *err;
};

static int fiber_main(void *argument)
{
    const struct fiber *fiber = argument;
    *fiber->err = run_random(fiber->tpm, fiber->fate, fiber->timeout_ms, NULL);
    return 1;
}

/* run_fiber drives a fiber as an application does, and gives the number of its pauses. */
static unsigned run_fiber(struct fiber *fiber)
{
    ASYNC_JOB *job = NULL;
    ASYNC_WAIT_CTX *ctx = ASYNC_WAIT_CTX_new();
    assert_non_null(ctx);
    unsigned pauses = 0;
    for (;;) {
        int result = 0;
        const int status = ASYNC_start_job(&job, ctx, &result, fiber_main, fiber, sizeof *fiber);
        if (status == ASYNC_FINISH) {
            break;
        }
        assert_int_equal(status, ASYNC_PAUSE);
        pauses++;
        OSSL_ASYNC_FD fd;
        size_t num = 1;
        assert_int_equal(ASYNC_WAIT_CTX_get_all_fds(ctx, &fd, &num), 1);
        struct pollfd ready = {fd, POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 60000), 1);
    }
    ASYNC_WAIT_CTX_free(ctx);
    return pauses;
}

static void the_deadline_wakes_a_fiber(void **state)
{
    (void)state;
    struct atls_tpm *tpm = open_tpm(fake.tcti, 4);
    atomic_store(&script.silent, true);
    struct runner hanging;
    runner_start(&hanging, tpm, 600000);
    wait_for_commands(1);
    /* the thread is held up by another job, so only the timer can wake this one */
    struct fate fate = {0};
    enum atls_err err = ATLS_OK;
    struct fiber fiber = {tpm, &fate, 100, &err};
    assert_true(run_fiber(&fiber) >= 1);
    assert_err(err, DEADLINE);
    assert_int_equal(fate.runs, 0);
    hang_up();
    pthread_join(hanging.thread, NULL);
    assert_err(hanging.err, TPM);
    atls_tpm_unref(tpm);
    tpm = open_tpm(fake.tcti, 4);
    fiber.tpm = tpm;
    fiber.timeout_ms = 10000;
    assert_true(run_fiber(&fiber) >= 1);
    assert_err(err, OK);
    assert_int_equal(fate.octets, 8);
    atls_tpm_unref(tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_runs_and_gives_its_result, start, stop),
        cmocka_unit_test_setup_teardown(one_configuration_is_one_tpm, start, stop),
        cmocka_unit_test_setup_teardown(a_queue_of_no_length_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_full_queue_is_busy, start, stop),
        cmocka_unit_test_setup_teardown(a_tpm_that_hangs_costs_no_more_than_the_deadline, start,
                                        stop),
        cmocka_unit_test_setup_teardown(no_time_is_a_deadline_too, start, stop),
        cmocka_unit_test_setup_teardown(a_tpm_that_drips_gains_no_time, start, stop),
        cmocka_unit_test_setup_teardown(a_slow_answer_in_pieces_is_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_waiter_that_left_costs_nothing_but_its_turn, start, stop),
        cmocka_unit_test_setup_teardown(who_waits_is_told_that_the_tpm_hung_up, start, stop),
        cmocka_unit_test_setup_teardown(the_thread_itself_may_let_go_last, start, stop),
        cmocka_unit_test_setup_teardown(the_deadline_wakes_a_fiber, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
