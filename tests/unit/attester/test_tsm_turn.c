/* SPDX-License-Identifier: Apache-2.0 */
/* One report at a time: who waits, how long, and how many. */
#include "attester/tsm/turn.h"

#include "atls/limits.h"
#include "attester/clock.h"
#include "attester/tsm/tsm.h"
#include "support/check.h"
#include "support/fake_tsm.h"
#include "support/threads.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t in_ms(int64_t ms)
{
    return atls_attester_now_ms() + ms;
}

static void a_turn_is_had_by_one_and_then_by_the_next(void **state)
{
    (void)state;
    struct atls_tsm_turns turns;
    struct atls_diag diag;
    atls_tsm_turns_init(&turns, 1);
    assert_err(atls_tsm_turn_take(&turns, in_ms(10000), &diag), OK);
    assert_err(atls_tsm_turn_take(&turns, in_ms(10), &diag), DEADLINE);
    assert_string_equal(diag.found, "no turn in time");
    atls_tsm_turn_give(&turns);
    assert_err(atls_tsm_turn_take(&turns, in_ms(10000), &diag), OK);
    atls_tsm_turn_give(&turns);
    atls_tsm_turns_cleanup(&turns);
}

struct waiter {
    struct atls_tsm_turns *turns;
    enum atls_err err;
    pthread_t thread;
};

static void *wait_for_turn(void *arg)
{
    struct waiter *waiter = arg;
    waiter->err = atls_tsm_turn_take(waiter->turns, in_ms(60000), NULL);
    if (waiter->err == ATLS_OK) {
        atls_tsm_turn_give(waiter->turns);
    }
    return NULL;
}

static size_t num_waiting(struct atls_tsm_turns *turns)
{
    pthread_mutex_lock(&turns->mutex);
    const size_t num = turns->num_waiting;
    pthread_mutex_unlock(&turns->mutex);
    return num;
}

static void more_than_the_limit_do_not_wait_and_all_others_get_their_turn(void **state)
{
    (void)state;
    enum { LIMIT = 3 };
    struct atls_tsm_turns turns;
    struct atls_diag diag;
    struct waiter waiters[LIMIT];
    atls_tsm_turns_init(&turns, LIMIT);
    assert_err(atls_tsm_turn_take(&turns, in_ms(10000), &diag), OK);
    for (size_t i = 0; i < LIMIT; i++) {
        waiters[i].turns = &turns;
        waiters[i].err = ATLS_ERR_STATE;
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_for_turn, &waiters[i]), 0);
    }
    while (num_waiting(&turns) < LIMIT) {
        (void)usleep(1000);
    }
    assert_err(atls_tsm_turn_take(&turns, in_ms(60000), &diag), BUSY);
    assert_string_equal(diag.found, "3 reports that wait for their turn");
    atls_tsm_turn_give(&turns);
    for (size_t i = 0; i < LIMIT; i++) {
        assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
        assert_err(waiters[i].err, OK);
    }
    atls_tsm_turns_cleanup(&turns);
}

/* ---- the attester itself ---- */

struct asker {
    struct atls_attester *attester;
    pthread_t thread;
    enum atls_err err;
    size_t len;
    uint8_t evidence[ATLS_MAX_CMW_LEN];
};

static void *ask(void *arg)
{
    struct asker *asker = arg;
    static const uint8_t nonce[64] = {1};
    const struct atls_attest_request request = {{nonce, sizeof nonce}, {NULL, 0}, 60000};
    const struct atls_buf out = {asker->evidence, sizeof asker->evidence};
    asker->err = atls_attester_snp.attest(asker->attester, out, &asker->len, &request, NULL);
    return NULL;
}

static struct atls_attester *open_snp(struct fake_tsm *fake)
{
    static const char config[] = "{\"rot\":\"snp\",\"format\":\"snp\"}";
    struct atls_attester *attester = NULL;
    fake_tsm_init(fake, "sev_guest");
    assert_err(atls_tsm_open(&attester, atls_bytes_text(config), &fake->fs, NULL), OK);
    return attester;
}

static void threads_that_ask_at_once_each_get_a_report_of_their_own(void **state)
{
    (void)state;
    enum { ASKERS = 8 };
    struct fake_tsm *fake = calloc(1, sizeof *fake);
    struct asker *askers = calloc(ASKERS, sizeof *askers);
    assert_non_null(fake);
    assert_non_null(askers);
    struct atls_attester *attester = open_snp(fake);
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i].attester = attester;
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        assert_err(askers[i].err, OK);
        assert_true(askers[i].len > 1184);
    }
    assert_int_equal(fake->num_reports, ASKERS);
    assert_int_equal(fake_tsm_num_live(fake), 0);
    atls_attester_snp.close(attester);
    free(askers);
    free(fake);
}

static void a_child_of_the_process_gets_no_report(void **state)
{
    (void)state;
    struct fake_tsm *fake = calloc(1, sizeof *fake);
    struct asker *asker = calloc(1, sizeof *asker);
    assert_non_null(fake);
    assert_non_null(asker);
    asker->attester = open_snp(fake);
    test_wait_for_sleeping_threads();
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)ask(asker);
        _exit(asker->err == ATLS_ERR_STATE ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)ask(asker);
    assert_err(asker->err, OK);
    atls_attester_snp.close(asker->attester);
    free(asker);
    free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_had_by_one_and_then_by_the_next),
        cmocka_unit_test(more_than_the_limit_do_not_wait_and_all_others_get_their_turn),
        cmocka_unit_test(threads_that_ask_at_once_each_get_a_report_of_their_own),
        cmocka_unit_test(a_child_of_the_process_gets_no_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
