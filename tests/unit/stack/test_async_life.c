/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that outlive their connection, or never begin: deadlines, full queues, executors, and
 * whoever frees first. */
#include "async_test.h"

static struct test_world *world;
static const struct atls_attester_ops *gated;
static SSL_CTX *client, *server;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    client = test_enabled_ctx(world, NULL, &(struct test_spec){.requires = &world->server});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    SSL_CTX_free(client);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    gated = test_gated_attester(&atls_attester_sim_psa);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    test_gate_open();
    SSL_CTX_free(server);
    server = NULL;
    ERR_clear_error();
    return 0;
}

/* make_server gives it an attester behind the gate. */
static void make_server(struct test_spec spec)
{
    spec.attests = &world->server;
    spec.ops = gated;
    server = test_enabled_ctx(world, &world->server, &spec);
    make_async(server);
}

static void *free_ssl_ctx(void *ctx)
{
    SSL_CTX_free(ctx);
    return NULL;
}

/* The last reference goes while a job runs: the context waits for it, and nobody else does. */
static void a_connection_and_its_context_are_freed_while_an_attester_works(void **state)
{
    (void)state;
    pthread_t thread;
    const unsigned files = test_open_files();
    make_server((struct test_spec){.threads = 1, .max_queue = 4});
    struct test_pair pair = test_pair_of(client, server);
    test_gate_close();
    server_pauses(&pair);
    test_gate_wait(1);
    test_pair_free(&pair); /* does not wait */
    assert_int_equal(test_gate_passed(), 0);
    assert_int_equal(pthread_create(&thread, NULL, free_ssl_ctx, server), 0);
    server = NULL;
    test_gate_open();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(test_gate_passed(), 1);
    assert_int_equal(test_open_files(), files); /* the job's eventfd is closed */
}

static void a_queued_job_whose_connection_has_gone_asks_no_device(void **state)
{
    (void)state;
    const unsigned files = test_open_files();
    make_server((struct test_spec){.threads = 1, .max_queue = 4});
    struct test_pair pairs[4];
    test_gate_close();
    for (size_t i = 0; i < ATLS_ARRAY_LEN(pairs); i++) {
        pairs[i] = test_pair_of(client, server);
        server_pauses(&pairs[i]);
        test_gate_wait(1); /* the first one is with the attester */
    }
    for (size_t i = 1; i < ATLS_ARRAY_LEN(pairs); i++) {
        test_pair_free(&pairs[i]);
    }
    test_gate_open();
    test_shake(&pairs[0]);
    assert_true(pairs[0].client.done && pairs[0].server.done);
    test_pair_free(&pairs[0]);
    drop(NULL); /* the queue is empty then */
    assert_int_equal(test_gate_passed(), 1);
    assert_int_equal(test_open_files(), files);
}

static void an_attester_past_its_deadline_is_an_internal_error(void **state)
{
    (void)state;
    for (int async = 0; async < 2; async++) {
        make_server((struct test_spec){.timeout_ms = 30});
        struct test_pair pair = test_pair_of(client, server);
        test_watch(&pair);
        if (async == 0) {
            SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
        }
        test_gate_close();
        test_shake(&pair);
        assert_refused(&pair.server, DEADLINE,
                       "worker pool: our own work did not end before its deadline (expected an "
                       "end within milliseconds: 30)");
        assert_int_equal(pair.client.alert_in, SSL_AD_INTERNAL_ERROR);
        test_pair_free(&pair);
        drop(NULL);
    }
}

static void a_late_result_serves_nobody(void **state)
{
    (void)state;
    make_server((struct test_spec){.timeout_ms = 30, .threads = 1, .max_queue = 4});
    struct test_pair pair = test_pair_of(client, server);
    test_gate_close();
    test_shake(&pair);
    struct atls_diag diag;
    assert_err(test_outcome(&pair.server, &diag), DEADLINE);
    test_pair_free(&pair);
    test_gate_open();
    /* the next connection gets Evidence of its own, after the late one */
    pair = test_pair_of(client, server);
    SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
    test_shake(&pair);
    if (pair.server.failed) { /* on a machine that is very busy */
        assert_err(test_outcome(&pair.server, &diag), DEADLINE);
    } else {
        assert_open(&pair);
    }
    test_pair_free(&pair);
}

static void a_full_queue_is_busy(void **state)
{
    (void)state;
    make_server((struct test_spec){.threads = 1, .max_queue = 1});
    struct test_pair pairs[3];
    test_gate_close();
    for (size_t i = 0; i < 2; i++) {
        pairs[i] = test_pair_of(client, server);
        server_pauses(&pairs[i]);
        test_gate_wait(1); /* the first is with the attester, so the second is what waits */
    }
    pairs[2] = test_pair_of(client, server);
    test_watch(&pairs[2]);
    test_shake(&pairs[2]);
    assert_refused(&pairs[2].server, BUSY,
                   "worker pool: the queue for this work is full (queue: found full, expected room "
                   "for one more job)");
    assert_int_equal(pairs[2].client.alert_in, SSL_AD_INTERNAL_ERROR);
    test_gate_open();
    for (size_t i = 0; i < 2; i++) { /* who was in the queue is served */
        test_shake(&pairs[i]);
        assert_true(pairs[i].client.done && pairs[i].server.done);
    }
    for (size_t i = 0; i < 3; i++) {
        test_pair_free(&pairs[i]);
    }
}

/* those who only begin cost one signature each at most, and block nobody for long. */
static void many_half_open_handshakes_leave_room_for_an_honest_client(void **state)
{
    (void)state;
    enum { HALF_OPEN = 300, QUEUE = 32 };
    static struct test_pair pairs[HALF_OPEN];
    unsigned busy = 0;
    const unsigned files = test_open_files();
    make_server((struct test_spec){.threads = 1, .max_queue = QUEUE});
    test_gate_close();
    for (size_t i = 0; i < HALF_OPEN; i++) {
        pairs[i] = test_pair_of(client, server);
        test_step(&pairs[i].client);
        test_step(&pairs[i].server);
        test_gate_wait(1);
        busy += pairs[i].server.failed && pairs[i].server.failed_with == ATLS_ERR_BUSY;
    }
    assert_int_equal(busy, HALF_OPEN - QUEUE - 1); /* one is with the attester */
    assert_true(test_open_files() <= files + QUEUE + 1);
    for (size_t i = 0; i < HALF_OPEN; i++) {
        test_pair_free(&pairs[i]);
    }
    test_gate_open();
    struct test_pair honest = {.client.ssl = NULL};
    do { /* as clients do: again, until the queue has run empty */
        test_pair_free(&honest);
        honest = test_pair_of(client, server);
        SSL_clear_mode(honest.server.ssl, SSL_MODE_ASYNC);
        test_shake(&honest);
    } while (honest.server.failed_with == ATLS_ERR_BUSY);
    assert_open(&honest);
    assert_int_equal(test_gate_passed(), 2); /* the first, and the honest one */
    test_pair_free(&honest);
}

static void an_attester_that_fails_on_a_fiber_is_an_internal_error(void **state)
{
    (void)state;
    const unsigned files = test_open_files();
    make_server((struct test_spec){.threads = 1, .max_queue = 4});
    test_gated.fails_with = ATLS_ERR_TPM;
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    test_shake(&pair);
    assert_refused(&pair.server, TPM,
                   "gated attester: our own TPM did not do what it was asked (found what the test "
                   "asked for, expected Evidence)");
    assert_int_equal(pair.client.alert_in, SSL_AD_INTERNAL_ERROR);
    test_pair_free(&pair);
    drop(NULL);
    assert_int_equal(test_open_files(), files);
}

/* ---- appraisal, held up by the clock that it reads ---- */

static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t clock_changed = PTHREAD_COND_INITIALIZER;
static bool clock_stands, clock_is_read;

static int64_t standing_clock(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&clock_lock);
    clock_is_read = true;
    pthread_cond_broadcast(&clock_changed);
    while (clock_stands) {
        pthread_cond_wait(&clock_changed, &clock_lock);
    }
    pthread_mutex_unlock(&clock_lock);
    return 1790000000;
}

static void set_clock_stands(bool value)
{
    pthread_mutex_lock(&clock_lock);
    clock_stands = value;
    clock_is_read = clock_is_read && value;
    pthread_cond_broadcast(&clock_changed);
    pthread_mutex_unlock(&clock_lock);
}

static SSL_CTX *standing_client(void)
{
    SSL_CTX *ctx = test_plain_ctx(world, NULL, false);
    struct atls_context *context =
        test_context(world, &(struct test_spec){.requires = &world->server});
    assert_err(atls_context_set_clock(context, standing_clock, NULL, NULL), OK);
    assert_err(atls_openssl_enable(ctx, context, NULL), OK);
    atls_context_unref(context);
    make_async(ctx);
    return ctx;
}

static void a_connection_and_its_context_are_freed_while_it_is_appraised(void **state)
{
    (void)state;
    pthread_t thread;
    make_server((struct test_spec){.threads = 1, .max_queue = 4});
    SSL_CTX_clear_mode(server, SSL_MODE_ASYNC);
    const unsigned files = test_open_files();
    SSL_CTX *standing = standing_client();
    struct test_pair pair = test_pair_of(standing, server);
    set_clock_stands(true);
    test_step(&pair.client);
    test_step(&pair.server);
    test_step(&pair.client);
    assert_int_equal(pair.client.error, SSL_ERROR_WANT_ASYNC);
    pthread_mutex_lock(&clock_lock);
    while (!clock_is_read) {
        pthread_cond_wait(&clock_changed, &clock_lock);
    }
    pthread_mutex_unlock(&clock_lock);
    test_pair_free(&pair);
    assert_int_equal(pthread_create(&thread, NULL, free_ssl_ctx, standing), 0);
    set_clock_stands(false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(test_open_files(), files);
}

/* ---- an executor of the application's own ---- */

struct executor {
    pthread_t threads[8];
    unsigned num_jobs;
    bool refuses, runs_at_once;
    void (*run)(void *job);
    void *job;
};

static void *run_on_thread(void *arg)
{
    struct executor *executor = arg;
    executor->run(executor->job);
    return NULL;
}

static bool execute(void *arg, void (*run)(void *job), void *job)
{
    struct executor *executor = arg;
    if (executor->refuses) {
        return false;
    }
    const unsigned at = executor->num_jobs++;
    if (executor->runs_at_once) {
        run(job);
        return true;
    }
    executor->run = run;
    executor->job = job;
    return pthread_create(&executor->threads[at], NULL, run_on_thread, executor) == 0;
}

static void an_executor_of_the_application_s_own_runs_the_jobs(void **state)
{
    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct executor executor = {.runs_at_once = at_once != 0};
        make_server((struct test_spec){.executor = execute, .executor_arg = &executor});
        for (int async = 0; async < 2; async++) {
            struct test_pair pair = test_pair_of(client, server);
            if (async == 0) {
                SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
            }
            test_shake(&pair);
            SSL_clear_mode(pair.server.ssl, SSL_MODE_ASYNC);
            assert_open(&pair);
            test_pair_free(&pair);
        }
        assert_int_equal(executor.num_jobs, 2);
        for (unsigned i = 0; at_once == 0 && i < executor.num_jobs; i++) {
            assert_int_equal(pthread_join(executor.threads[i], NULL), 0);
        }
        drop(NULL);
    }
}

static void an_executor_that_refuses_is_busy(void **state)
{
    (void)state;
    struct executor executor = {.refuses = true};
    const unsigned files = test_open_files();
    make_server((struct test_spec){.executor = execute, .executor_arg = &executor});
    struct test_pair pair = test_pair_of(client, server);
    test_watch(&pair);
    test_shake(&pair);
    assert_refused(&pair.server, BUSY,
                   "executor: the queue for this work is full (found refused, expected a job to be "
                   "run)");
    assert_int_equal(pair.client.alert_in, SSL_AD_INTERNAL_ERROR);
    assert_int_equal(test_gate_passed(), 0);
    test_pair_free(&pair);
    drop(NULL);
    assert_int_equal(test_open_files(), files);
}

#define LIFE(name) cmocka_unit_test_setup_teardown(name, reset, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(a_connection_and_its_context_are_freed_while_an_attester_works),
        LIFE(a_queued_job_whose_connection_has_gone_asks_no_device),
        LIFE(an_attester_past_its_deadline_is_an_internal_error),
        LIFE(a_late_result_serves_nobody),
        LIFE(a_full_queue_is_busy),
        LIFE(many_half_open_handshakes_leave_room_for_an_honest_client),
        LIFE(an_attester_that_fails_on_a_fiber_is_an_internal_error),
        LIFE(a_connection_and_its_context_are_freed_while_it_is_appraised),
        LIFE(an_executor_of_the_application_s_own_runs_the_jobs),
        LIFE(an_executor_that_refuses_is_busy),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
