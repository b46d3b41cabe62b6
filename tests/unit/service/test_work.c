/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for servers of collateral, and how places and threads are shared out among sources;
 * and when there is no place for more. */
#include "support/check.h"

#include "svc/verifier/work.h"

#include <arpa/inet.h>
#include <pthread.h>

enum { PLACES = 64, MANY = 200 };

struct test_job {
    struct verifier_job job; /* first */
    char name;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open; /* jobs end */
    char started[MANY + 1];
    size_t num;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct test_job jobs[MANY];
static size_t num_jobs;

static void run(void *arg, struct verifier_job **taken, size_t num)
{
    (void)arg;
    pthread_mutex_lock(&gate.lock);
    for (size_t i = 0; i < num; i++) {
        gate.started[gate.num++] = ((struct test_job *)(void *)taken[i])->name;
    }
    pthread_cond_broadcast(&gate.changed);
    while (!gate.open) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
}

static struct verifier_work *work_with(unsigned fetchers)
{
    const struct verifier_work_config config = {
        .appraisers = 1, .threads = 1, .fetchers = fetchers, .run = run};
    struct verifier_work *work = verifier_work_new(&config);
    assert_non_null(work);
    gate.open = false;
    gate.num = num_jobs = 0;
    memset(gate.started, 0, sizeof gate.started);
    return work;
}

/* wait_started gives what has begun, once there are so many. */
static const char *wait_started(size_t num)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.num < num) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
    return gate.started;
}

static void end(struct verifier_work *work)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    verifier_work_stop(work);
    verifier_work_free(work);
}

/* put puts in a job of the source 192.0.2.NUMBER. */
static enum verifier_put put(struct verifier_work *work, enum verifier_kind kind, unsigned number,
                             char name)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(0xc0000200 + number)};
    struct test_job *job = &jobs[num_jobs];
    job->name = name;
    job->job.kind = kind;
    job->job.source = cli_source_of((const struct sockaddr *)&address);
    const enum verifier_put done = verifier_work_put(work, &job->job);
    if (done == VERIFIER_PUT) {
        num_jobs++;
        verifier_work_wake(work);
    }
    return done;
}

static void one_source_leaves_half_of_the_places_to_others(void **state)
{
    (void)state;
    struct verifier_work *work = work_with(0); /* nothing is taken out */
    for (unsigned i = 0; i < PLACES / 2; i++) {
        assert_int_equal(put(work, VERIFIER_FETCHING, 1, 'a'), VERIFIER_PUT);
    }
    assert_int_equal(put(work, VERIFIER_FETCHING, 1, 'a'), VERIFIER_PUT_GREEDY);
    for (unsigned i = 0; i < PLACES / 4; i++) { /* the next one half of the rest */
        assert_int_equal(put(work, VERIFIER_FETCHING, 2, 'b'), VERIFIER_PUT);
    }
    assert_int_equal(put(work, VERIFIER_FETCHING, 2, 'b'), VERIFIER_PUT_GREEDY);
    assert_int_equal(put(work, VERIFIER_FETCHING, 1, 'a'), VERIFIER_PUT_GREEDY);
    for (unsigned i = 0; i < PLACES / 4; i++) { /* who has none gets one while there is one */
        assert_int_equal(put(work, VERIFIER_FETCHING, 3 + i, 'c'), VERIFIER_PUT);
    }
    assert_int_equal(put(work, VERIFIER_FETCHING, 200, 'd'), VERIFIER_PUT_FULL);
    assert_int_equal(put(work, VERIFIER_FETCHING, 1, 'a'), VERIFIER_PUT_FULL);
    end(work);
}

static void one_source_leaves_half_of_the_threads_to_others(void **state)
{
    (void)state;
    struct verifier_work *work = work_with(4);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(put(work, VERIFIER_FETCHING, 1, 'a'), VERIFIER_PUT);
    }
    assert_string_equal(wait_started(2), "aa");
    assert_int_equal(put(work, VERIFIER_FETCHING, 2, 'b'), VERIFIER_PUT);
    assert_string_equal(wait_started(3), "aab");
    assert_int_equal(put(work, VERIFIER_FETCHING, 2, 'b'), VERIFIER_PUT); /* one is left */
    assert_int_equal(put(work, VERIFIER_FETCHING, 3, 'c'), VERIFIER_PUT);
    assert_string_equal(wait_started(4), "aabc");
    end(work);
    assert_int_equal(gate.num, 9); /* none is forgotten, from wherever it was taken */
}

static void a_source_by_itself_waits_in_its_order(void **state)
{
    (void)state;
    struct verifier_work *work = work_with(2);
    for (const char *name = "abcde"; *name != '\0'; name++) {
        assert_int_equal(put(work, VERIFIER_FETCHING, 1, *name), VERIFIER_PUT);
    }
    assert_int_equal(put(work, VERIFIER_FETCHING, 2, 'x'), VERIFIER_PUT);
    assert_string_equal(wait_started(2), "ax");
    assert_int_equal(put(work, VERIFIER_FETCHING, 1, 'f'), VERIFIER_PUT); /* behind the last one */
    end(work);
    assert_string_equal(gate.started, "axbcdef");
}

static void other_work_is_not_shared_out(void **state)
{
    (void)state;
    struct verifier_work *work = work_with(1);
    for (unsigned i = 0; i < MANY - 1; i++) {
        assert_int_equal(put(work, VERIFIER_EVIDENCE, 1, 'e'), VERIFIER_PUT);
    }
    end(work);
    assert_int_equal(gate.num, MANY - 1);
}

/* It is full as soon as all batches of one kind run that may, and no sooner. */
static void fills_with(enum verifier_kind kind, unsigned batches)
{
    struct verifier_work *work = work_with(0);
    for (unsigned i = 0; i < batches; i++) {
        assert_false(verifier_work_is_full(work));
        assert_int_equal(put(work, kind, 1, 'a'), VERIFIER_PUT);
        (void)wait_started(i + 1);
    }
    assert_true(verifier_work_is_full(work));
    end(work);
}

static void it_is_full_with_one_batch_that_opens_and_two_of_evidence(void **state)
{
    (void)state;
    fills_with(VERIFIER_OPENING, 1);
    fills_with(VERIFIER_EVIDENCE, 2);
}

static void what_comes_by_itself_does_not_fill_it(void **state)
{
    (void)state;
    struct verifier_work *work = work_with(0);
    assert_int_equal(put(work, VERIFIER_SINGLE, 1, 'a'), VERIFIER_PUT);
    (void)wait_started(1);
    assert_false(verifier_work_is_full(work));
    end(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_leaves_half_of_the_places_to_others),
        cmocka_unit_test(one_source_leaves_half_of_the_threads_to_others),
        cmocka_unit_test(a_source_by_itself_waits_in_its_order),
        cmocka_unit_test(other_work_is_not_shared_out),
        cmocka_unit_test(it_is_full_with_one_batch_that_opens_and_two_of_evidence),
        cmocka_unit_test(what_comes_by_itself_does_not_fill_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
