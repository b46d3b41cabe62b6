/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's own troubles: a file that somebody holds, and a disk that is full. */
#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>

enum { NUM_THREADS = 8 };

/* open_large gives a store that waits for the file so long; 0: as long as it does by itself. */
static struct verifier_store *open_large(uint32_t timeout_ms)
{
    struct verifier_store_config config = suite_config();
    config.max_sessions = 100000;
    config.timeout_ms = timeout_ms;
    return suite_another(&config);
}

static struct verifier_store *open_hasty(void)
{
    return open_large(600);
}

/* hold keeps the file from all who would write. */
static sqlite3 *hold(void)
{
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(suite.file, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return other;
}

static void let_go(sqlite3 *other)
{
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
}

static void file_that_is_held_costs_a_bounded_wait(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_store *store = open_hasty();
    sqlite3 *other = hold();
    assert_err(suite_create(store, "one", &diag), STORE_UNREACHABLE);
    assert_string_equal(suite_sentence(&diag),
                        "store: the store cannot be reached (sqlite: found the file is locked by "
                        "another process, expected an answer within ms 600)");
    assert_err(verifier_store_ping(store, NULL), OK); /* who reads is not in the way */
    let_go(other);
    assert_err(suite_create(store, "one", NULL), OK);
    verifier_store_close(store);
}

struct worker {
    struct verifier_store *store;
    unsigned number;
    enum atls_err err;
    struct atls_diag diag;
};

static void *create_one(void *arg)
{
    struct worker *worker = arg;
    char id[16];
    snprintf(id, sizeof id, "w%u", worker->number);
    worker->err = suite_create(worker->store, id, &worker->diag);
    return NULL;
}

static void run_workers(struct worker *workers, struct verifier_store *store)
{
    pthread_t threads[NUM_THREADS];
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        workers[i] = (struct worker){.store = store, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, create_one, &workers[i]), 0);
    }
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* One waits for the file, the others for that one: all are told, and nothing is left behind. */
static void queue_behind_a_held_file_ends(void **state)
{
    (void)state;
    struct worker workers[NUM_THREADS];
    struct verifier_store *store = open_hasty();
    for (int round = 0; round < 5; round++) {
        sqlite3 *other = hold();
        run_workers(workers, store);
        for (unsigned i = 0; i < NUM_THREADS; i++) {
            assert_true(workers[i].err == ATLS_ERR_STORE_UNREACHABLE ||
                        workers[i].err == ATLS_ERR_BUSY);
            assert_int_equal(workers[i].diag.err, workers[i].err);
        }
        let_go(other);
    }
    run_workers(workers, store);
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        assert_err(workers[i].err, OK);
    }
    verifier_store_close(store);
}

/* until_full creates sessions until the disk takes no more; gives how many there are. */
static unsigned until_full(struct verifier_store *store, struct atls_diag *diag)
{
    for (unsigned number = 0; number < 10000; number++) {
        char id[16];
        snprintf(id, sizeof id, "%u", number);
        const enum atls_err err = suite_create(store, id, diag);
        if (err != ATLS_OK) {
            return err == ATLS_ERR_STORE ? number : 0;
        }
    }
    return 0;
}

static void set_limit(rlim_t octets)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = octets;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void disk_that_is_full_is_told_and_survived(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct worker workers[NUM_THREADS];
    struct verifier_store *store = open_large(0);
    signal(SIGXFSZ, SIG_IGN);
    set_limit(400000); /* of octets of any file, so of the log */
    const unsigned kept = until_full(store, &diag);
    run_workers(workers, store); /* all of a batch fail, not the first alone */
    set_limit(RLIM_INFINITY);
    assert_true(kept > 0);
    assert_int_equal(diag.err, ATLS_ERR_STORE);
    assert_non_null(strstr(suite_sentence(&diag), "(sqlite: found "));
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        assert_err(workers[i].err, STORE);
        assert_int_equal(workers[i].diag.err, ATLS_ERR_STORE);
    }
    for (unsigned number = 0; number < kept; number++) {
        char id[16];
        snprintf(id, sizeof id, "%u", number);
        assert_int_equal(suite_state(store, id), VERIFIER_SESSION_WAITING);
    }
    struct verifier_session_counts counts;
    assert_err(verifier_session_count(store, &counts, NULL), OK);
    assert_int_equal(counts.waiting, kept);
    run_workers(workers, store);
    for (unsigned i = 0; i < NUM_THREADS; i++) {
        assert_err(workers[i].err, OK);
    }
    verifier_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_that_is_held_costs_a_bounded_wait),
        cmocka_unit_test(queue_behind_a_held_file_ends),
        cmocka_unit_test(disk_that_is_full_is_told_and_survived),
    };
    return suite_sqlite_main(tests);
}
