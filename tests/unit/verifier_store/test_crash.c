/* SPDX-License-Identifier: Apache-2.0 */
/* A node that is killed at any moment: what it acknowledged is there, and the file is whole. In
 * PostgreSQL it is the server that keeps it, whatever happens to a node. */
#include "suite.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUM_KILLS = 100, NUM_WRITERS = 4, MAX_ACKNOWLEDGED = 200000 };

/* One acknowledgement, by pipe: atomic, for it is shorter than PIPE_BUF. */
struct acknowledgement {
    uint32_t round, writer, number;
    uint32_t kind;
};
enum { CREATED, COMPLETED, ENDORSED, NUM_KINDS };

static struct acknowledgement *acknowledged;
static size_t num_acknowledged;

static struct verifier_store_config config_of_crash(void)
{
    return (struct verifier_store_config){.max_sessions = MAX_ACKNOWLEDGED,
                                          .max_endorsements = MAX_ACKNOWLEDGED,
                                          .timeout_ms = 60000};
}

static void name(char out[48], const struct acknowledgement *what)
{
    snprintf(out, 48, "%u-%u-%u", what->round, what->writer, what->number);
}

struct writer {
    struct verifier_store *store;
    struct acknowledgement next;
    int pipe;
};

static void tell(const struct writer *writer, uint32_t kind)
{
    struct acknowledgement what = writer->next;
    what.kind = kind;
    if (write(writer->pipe, &what, sizeof what) != (ssize_t)sizeof what) {
        _exit(3);
    }
}

/* write_on is killed. */
static void *write_on(void *arg)
{
    struct writer *writer = arg;
    for (;; writer->next.number++) {
        char id[48];
        struct verifier_claim claim;
        name(id, &writer->next);
        if (suite_create(writer->store, id, NULL) != ATLS_OK) {
            _exit(4);
        }
        tell(writer, CREATED);
        if (verifier_session_submit(writer->store, &claim, id, "a/b", atls_bytes_text(id), 60000,
                                    NULL) != ATLS_OK ||
            verifier_session_complete(writer->store, &claim, atls_bytes_text(id), NULL) !=
                ATLS_OK) {
            _exit(5);
        }
        tell(writer, COMPLETED);
        if (suite_put(writer->store, id, 1, id, NULL) != ATLS_OK) {
            _exit(6);
        }
        tell(writer, ENDORSED);
    }
    return NULL;
}

static void run_node(uint32_t round, int pipe)
{
    const struct verifier_store_config config = config_of_crash();
    struct verifier_store *store = NULL;
    struct writer writers[NUM_WRITERS];
    pthread_t threads[NUM_WRITERS];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (verifier_store_open(&store, suite.uri, &config, NULL) != ATLS_OK) {
        _exit(2);
    }
    for (uint32_t i = 0; i < NUM_WRITERS; i++) {
        writers[i] = (struct writer){store, {round, i, 0, 0}, pipe};
        if (pthread_create(&threads[i], NULL, write_on, &writers[i]) != 0) {
            _exit(2);
        }
    }
    for (;;) {
        pause();
    }
}

/* read_until reads acknowledgements: up to so many while the node lives, all that are left after.
 */
static void read_until(int pipe, size_t wanted)
{
    while (num_acknowledged < wanted && num_acknowledged < MAX_ACKNOWLEDGED) {
        const ssize_t got = read(pipe, &acknowledged[num_acknowledged], sizeof acknowledged[0]);
        if (got == 0) {
            return;
        }
        assert_int_equal(got, sizeof acknowledged[0]);
        num_acknowledged++;
    }
}

static void kill_a_node(uint32_t round, unsigned *seed)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        run_node(round, ends[1]);
    }
    close(ends[1]);
    /* somewhere in its work: after some acknowledgements, and some time on top */
    read_until(ends[0], num_acknowledged + (size_t)rand_r(seed) % 40);
    usleep((useconds_t)(rand_r(seed) % 3000));
    assert_int_equal(kill(pid, SIGKILL), 0);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    read_until(ends[0], MAX_ACKNOWLEDGED);
    close(ends[0]);
}

static void check_whole(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *ask = NULL;
    assert_int_equal(sqlite3_open(suite.file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &ask, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(ask, 0), "ok");
    sqlite3_finalize(ask);
    sqlite3_close(db);
}

static void check_acknowledged(struct verifier_store *store, size_t from)
{
    size_t kinds[NUM_KINDS] = {0};
    for (size_t i = from; i < num_acknowledged; i++) {
        const struct acknowledgement *what = &acknowledged[i];
        char id[48];
        struct verifier_session session;
        name(id, what);
        kinds[what->kind]++;
        if (what->kind == ENDORSED) { /* it is there: another content is refused */
            assert_err(suite_put(store, id, 1, "other", NULL), ENDORSEMENT_OLDER);
            continue;
        }
        assert_err(verifier_session_get(store, &session, id, NULL), OK);
        if (what->kind == COMPLETED) {
            assert_int_equal(session.state, VERIFIER_SESSION_COMPLETE);
            assert_text(session.result, id);
            assert_text(session.evidence, id);
        }
        verifier_session_cleanup(&session);
    }
    assert_true(from != 0 || (kinds[CREATED] > 0 && kinds[COMPLETED] > 0 && kinds[ENDORSED] > 0));
}

static void killed_node_loses_nothing_that_it_acknowledged(void **state)
{
    (void)state;
    unsigned seed = 1;
    acknowledged = calloc(MAX_ACKNOWLEDGED, sizeof *acknowledged);
    assert_non_null(acknowledged);
    for (uint32_t round = 0; round < NUM_KILLS; round++) {
        const size_t from = num_acknowledged;
        kill_a_node(round, &seed);
        check_whole();
        const struct verifier_store_config config = config_of_crash();
        struct verifier_store *store = suite_another(&config);
        check_acknowledged(store, from);
        verifier_store_close(store);
    }
    const struct verifier_store_config config = config_of_crash();
    struct verifier_store *store = suite_another(&config);
    check_acknowledged(store, 0);
    verifier_store_close(store);
    printf("%d nodes killed, %zu acknowledgements, all there\n", NUM_KILLS, num_acknowledged);
    free(acknowledged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_node_loses_nothing_that_it_acknowledged),
    };
    return suite_sqlite_main(tests);
}
