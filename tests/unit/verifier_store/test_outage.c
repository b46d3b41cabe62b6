/* SPDX-License-Identifier: Apache-2.0 */
/* A server of PostgreSQL that goes away, hangs, and comes back: a clear sentence, then all goes on.
 */
#include "suite.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct verifier_store_config hasty_config(void)
{
    struct verifier_store_config config = suite_config();
    config.timeout_ms = 1000;
    return config;
}

/* resumes tries until the store answers again, and fails after many tries. */
static void resumes(struct verifier_store *store)
{
    struct atls_diag diag;
    for (int i = 0; i < 3000; i++) {
        if (verifier_store_ping(store, &diag) == ATLS_OK) {
            return;
        }
        usleep(20000);
    }
    fail_msg("%s", suite_sentence(&diag));
}

/* open_hasty: what answers in time when nothing is wrong may need some tries on a busy machine. */
static struct verifier_store *open_hasty(void)
{
    const struct verifier_store_config config = hasty_config();
    struct verifier_store *store = NULL;
    struct atls_diag diag;
    for (int i = 0; i < 60; i++) {
        if (verifier_store_open(&store, suite.uri, &config, &diag) == ATLS_OK) {
            resumes(store);
            return store;
        }
    }
    fail_msg("%s", suite_sentence(&diag));
    return NULL;
}

/* creates: a conflict is a session whose acknowledgement came too late. */
static void creates(struct verifier_store *store, const char *id)
{
    enum atls_err err = ATLS_ERR_STORE_UNREACHABLE;
    for (int i = 0; i < 60 && err == ATLS_ERR_STORE_UNREACHABLE; i++) {
        err = suite_create(store, id, NULL);
    }
    assert_true(err == ATLS_OK || err == ATLS_ERR_CONFLICT);
}

static void check_refusal(struct verifier_store *store)
{
    static const char begin[] = "store: the store cannot be reached (postgres: found ";
    struct atls_diag diag;
    for (int i = 0; i < 10; i++) { /* the first may find a connection that just ended */
        assert_err(verifier_store_ping(store, &diag), STORE_UNREACHABLE);
        assert_memory_equal(suite_sentence(&diag), begin, sizeof begin - 1);
    }
    assert_err(suite_create(store, "while-away", &diag), STORE_UNREACHABLE);
    assert_err(suite_put(store, "while-away", 1, "x", &diag), STORE_UNREACHABLE);
    assert_memory_equal(suite_sentence(&diag), begin, sizeof begin - 1);
}

static void stop_and_start(int signal)
{
    assert_err(suite_create(suite.store, "before", NULL), OK);
    const struct verifier_claim claim = suite_submitted(suite.store, "in-work");
    assert_err(suite_put(suite.store, "before", 1, "x", NULL), OK);
    test_postgres_end(&suite.postgres, signal);
    check_refusal(suite.store);
    test_postgres_again(&suite.postgres);
    resumes(suite.store);
    assert_int_equal(suite_state(suite.store, "before"), VERIFIER_SESSION_WAITING);
    assert_err(verifier_session_complete(suite.store, &claim, atls_bytes_text("r"), NULL), OK);
    assert_err(suite_put(suite.store, "before", 1, "y", NULL), ENDORSEMENT_OLDER);
    assert_err(suite_create(suite.store, "while-away", NULL), OK);
    assert_err(verifier_session_delete(suite.store, "before", NULL), OK);
    assert_err(verifier_session_delete(suite.store, "while-away", NULL), OK);
    assert_err(verifier_session_delete(suite.store, "in-work", NULL), OK);
}

static void server_that_is_stopped_and_started(void **state)
{
    (void)state;
    stop_and_start(SIGINT);
    stop_and_start(SIGINT);
}

static void server_that_crashes_and_is_started(void **state)
{
    (void)state;
    stop_and_start(SIGQUIT);
}

static void store_is_not_opened_while_the_server_is_away(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_store *store = NULL;
    const struct verifier_store_config config = hasty_config();
    test_postgres_end(&suite.postgres, SIGINT);
    assert_err(verifier_store_open(&store, suite.uri, &config, &diag), STORE_UNREACHABLE);
    assert_null(store);
    assert_non_null(strstr(suite_sentence(&diag), "the store cannot be reached (postgres: found "));
    test_postgres_again(&suite.postgres);
    verifier_store_close(open_hasty());
}

/* Idle connections do not each cost a call an error: they are found dead before they are used. */
static void idle_connections_cost_no_errors_after_a_restart(void **state)
{
    (void)state;
    assert_err(verifier_store_ping(suite.store, NULL), OK);
    test_postgres_end(&suite.postgres, SIGINT);
    test_postgres_again(&suite.postgres);
    assert_err(verifier_store_ping(suite.store, NULL), OK);
    assert_err(suite_create(suite.store, "one", NULL), OK);
}

/* signal_sessions sends a signal to the processes that serve connections. */
static void signal_sessions(int signal)
{
    DIR *folder = opendir("/proc");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[300], line[300] = "";
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL) {
            continue;
        }
        const char *parent = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
        fclose(file);
        if (parent != NULL && strtol(parent + 4, NULL, 10) == suite.postgres.pid) {
            kill((pid_t)strtol(entry->d_name, NULL, 10), signal);
        }
    }
    closedir(folder);
}

static void server_that_hangs_costs_a_bounded_wait(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_store *store = open_hasty();
    signal_sessions(SIGSTOP);
    const enum atls_err err = verifier_store_ping(store, &diag);
    const enum atls_err next = suite_create(store, "one", NULL);
    signal_sessions(SIGCONT);
    assert_err(err, STORE_UNREACHABLE);
    assert_string_equal(suite_sentence(&diag), "store: the store cannot be reached (postgres: "
                                               "found no answer, expected one within ms 1000)");
    assert_true(next == ATLS_OK || next == ATLS_ERR_STORE_UNREACHABLE);
    resumes(store);
    creates(store, "two");
    verifier_store_close(store);
}

/* Somebody holds a lock on our table: the server ends our statement, and the connection stays. */
static void table_that_is_locked_costs_a_bounded_wait(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct verifier_store *store = open_hasty();
    suite_sql("CREATE FUNCTION hold() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
              " LOCK TABLE atls_session IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(3); END $$");
    const pid_t holder = fork();
    assert_true(holder >= 0);
    if (holder == 0) {
        suite_sql("SELECT hold()");
        _exit(0);
    }
    enum atls_err err = ATLS_OK;
    for (int i = 0; i < 4000 && err == ATLS_OK; i++) { /* until it has the lock: 20 s at least */
        struct verifier_session session;
        usleep(5000);
        err = verifier_session_get(store, &session, "none", &diag);
        err = err == ATLS_ERR_NOT_FOUND ? ATLS_OK : err;
    }
    assert_err(err, STORE_UNREACHABLE);
    /* "canceling statement due to ... timeout", unless our own wait ended first */
    assert_non_null(strstr(suite_sentence(&diag), "(postgres: found "));
    resumes(store); /* the rest of the store answers */
    assert_int_equal(waitpid(holder, NULL, 0), holder);
    creates(store, "one");
    verifier_store_close(store);
}

/* Somebody listens there, and never says a word. */
static void server_that_is_none_costs_a_bounded_wait(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/atls-mute-XXXXXX", uri[128];
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    snprintf(uri, sizeof uri, "postgres://atls@/postgres?host=%s", folder);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    struct verifier_store *store = NULL;
    struct atls_diag diag;
    const struct verifier_store_config config = hasty_config();
    assert_err(verifier_store_open(&store, uri, &config, &diag), STORE_UNREACHABLE);
    assert_non_null(strstr(suite_sentence(&diag), "timeout expired"));
    close(fd);
    unlink(address.sun_path);
    rmdir(folder);
}

/* All the while that threads work, the server is restarted: each call succeeds or says why not, and
 * what was acknowledged is there. */
struct worker {
    unsigned number;
    unsigned acknowledged;
    unsigned refused;
    bool is_wrong;
};
static bool is_over;

static void *work(void *arg)
{
    struct worker *worker = arg;
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED) && !worker->is_wrong) {
        char id[32];
        snprintf(id, sizeof id, "w%u-%u", worker->number, worker->acknowledged);
        const enum atls_err err = suite_create(suite.store, id, NULL);
        if (err == ATLS_OK || err == ATLS_ERR_CONFLICT) {
            /* a conflict: the answer was lost, the session is there */
            __atomic_add_fetch(&worker->acknowledged, 1, __ATOMIC_RELAXED);
        } else {
            worker->refused++;
            worker->is_wrong = err != ATLS_ERR_STORE_UNREACHABLE;
            usleep(1000);
        }
    }
    return NULL;
}

enum { NUM_WORKERS = 6 };

/* all_go_on waits until each has been acknowledged more often than before, or one cannot. */
static void all_go_on(const struct worker workers[NUM_WORKERS])
{
    unsigned before[NUM_WORKERS];
    for (unsigned i = 0; i < NUM_WORKERS; i++) {
        before[i] = __atomic_load_n(&workers[i].acknowledged, __ATOMIC_RELAXED);
    }
    for (unsigned i = 0, tries = 0; i < NUM_WORKERS && tries < 6000; tries++) {
        if (__atomic_load_n(&workers[i].acknowledged, __ATOMIC_RELAXED) != before[i]) {
            i++;
        } else {
            usleep(10000);
        }
    }
}

static void work_goes_on_around_restarts(void **state)
{
    (void)state;
    struct worker workers[NUM_WORKERS] = {{0}};
    pthread_t threads[NUM_WORKERS];
    struct verifier_store_config config = suite_config();
    config.max_sessions = 1000000;
    verifier_store_close(suite.store);
    suite.store = suite_another(&config);
    is_over = false;
    for (unsigned i = 0; i < NUM_WORKERS; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        all_go_on(workers);
        test_postgres_end(&suite.postgres, i == 1 ? SIGQUIT : SIGINT);
        test_postgres_again(&suite.postgres);
    }
    all_go_on(workers);
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < NUM_WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(workers[i].is_wrong);
        assert_true(workers[i].acknowledged > 0);
    }
    resumes(suite.store);
    for (unsigned i = 0; i < NUM_WORKERS; i++) {
        for (unsigned number = 0; number < workers[i].acknowledged; number++) {
            char id[32];
            snprintf(id, sizeof id, "w%u-%u", i, number);
            assert_int_equal(suite_state(suite.store, id), VERIFIER_SESSION_WAITING);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_that_is_stopped_and_started),
        cmocka_unit_test(server_that_crashes_and_is_started),
        cmocka_unit_test(store_is_not_opened_while_the_server_is_away),
        cmocka_unit_test(idle_connections_cost_no_errors_after_a_restart),
        cmocka_unit_test(server_that_hangs_costs_a_bounded_wait),
        cmocka_unit_test(table_that_is_locked_costs_a_bounded_wait),
        cmocka_unit_test(server_that_is_none_costs_a_bounded_wait),
        cmocka_unit_test(work_goes_on_around_restarts),
    };
    return suite_postgres_main(tests);
}
