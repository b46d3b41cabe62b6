/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes, each a process, and threads of one node that want the same thing: one of them gets it. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUM_RACERS = 8, NUM_PRIZES = 40 };

/* What processes share. */
struct arena {
    pthread_barrier_t start;
    unsigned won[NUM_PRIZES]; /* how many got it */
    unsigned winner[NUM_PRIZES];
    unsigned wrong; /* answers that should not have been */
};
static struct arena *arena;

static void begin(void)
{
    pthread_barrierattr_t shared;
    arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(arena != MAP_FAILED);
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&arena->start, &shared, NUM_RACERS);
    pthread_barrierattr_destroy(&shared);
}

static void end(void)
{
    pthread_barrier_destroy(&arena->start);
    munmap(arena, sizeof *arena);
}

static void won(unsigned prize, unsigned racer)
{
    __atomic_add_fetch(&arena->won[prize], 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&arena->winner[prize], racer, __ATOMIC_SEQ_CST);
}

static void expect(bool is_right)
{
    if (!is_right) {
        __atomic_add_fetch(&arena->wrong, 1, __ATOMIC_SEQ_CST);
    }
}

static const char *prize_id(char out[16], unsigned prize)
{
    snprintf(out, 16, "p%u", prize);
    return out;
}

static struct verifier_store_config real_config(void)
{
    return (struct verifier_store_config){.connections = 4, .timeout_ms = 30000};
}

typedef void race(struct verifier_store *store, unsigned racer);

static void race_processes(race *run)
{
    pid_t pids[NUM_RACERS];
    for (unsigned i = 0; i < NUM_RACERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            const struct verifier_store_config config = real_config();
            struct verifier_store *store = NULL;
            struct atls_diag diag;
            const enum atls_err err = verifier_store_open(&store, suite.uri, &config, &diag);
            pthread_barrier_wait(&arena->start);
            if (err == ATLS_OK) {
                run(store, i);
                verifier_store_close(store);
            } else {
                fprintf(stderr, "%s\n", suite_sentence(&diag));
            }
            _exit(err == ATLS_OK ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < NUM_RACERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

struct racer {
    race *run;
    unsigned number;
    struct verifier_store *store;
};

static void *run_thread(void *arg)
{
    const struct racer *racer = arg;
    pthread_barrier_wait(&arena->start);
    racer->run(racer->store, racer->number);
    return NULL;
}

static void race_threads(race *run)
{
    pthread_t threads[NUM_RACERS];
    struct racer racers[NUM_RACERS];
    const struct verifier_store_config config = real_config();
    struct verifier_store *store = suite_another(&config);
    for (unsigned i = 0; i < NUM_RACERS; i++) {
        racers[i] = (struct racer){run, i, store};
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &racers[i]), 0);
    }
    for (unsigned i = 0; i < NUM_RACERS; i++) {
        pthread_join(threads[i], NULL);
    }
    verifier_store_close(store);
}

/* prepare makes the prizes, and leaves no store open: processes are about to be forked. */
static void prepare(void (*make)(struct verifier_store *store, const char *id))
{
    const struct verifier_store_config config = real_config();
    struct verifier_store *store = suite_another(&config);
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        char id[16];
        make(store, prize_id(id, i));
    }
    verifier_store_close(store);
}

static void check_winners(void)
{
    assert_int_equal(arena->wrong, 0);
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        assert_int_equal(arena->won[i], 1);
    }
}

static void make_waiting(struct verifier_store *store, const char *id)
{
    assert_err(suite_create(store, id, NULL), OK);
}

static void race_to_submit(struct verifier_store *store, unsigned racer)
{
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        char id[16], evidence[16], result[16];
        struct verifier_claim claim;
        snprintf(evidence, sizeof evidence, "e%u", racer);
        snprintf(result, sizeof result, "r%u", racer);
        const enum atls_err err = verifier_session_submit(store, &claim, prize_id(id, i), "a/b",
                                                          atls_bytes_text(evidence), 60000, NULL);
        expect(err == ATLS_OK || err == ATLS_ERR_CONFLICT);
        if (err == ATLS_OK) {
            won(i, racer);
            expect(verifier_session_complete(store, &claim, atls_bytes_text(result), NULL) ==
                   ATLS_OK);
        }
    }
}

/* The Evidence and the Result are those of the one who won, and of nobody else. */
static void check_results(void)
{
    const struct verifier_store_config config = real_config();
    struct verifier_store *store = suite_another(&config);
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        char id[16], evidence[16], result[16];
        struct verifier_session session;
        snprintf(evidence, sizeof evidence, "e%u", arena->winner[i]);
        snprintf(result, sizeof result, "r%u", arena->winner[i]);
        assert_err(verifier_session_get(store, &session, prize_id(id, i), NULL), OK);
        assert_int_equal(session.state, VERIFIER_SESSION_COMPLETE);
        assert_text(session.evidence, evidence);
        assert_text(session.result, result);
        verifier_session_cleanup(&session);
    }
    verifier_store_close(store);
}

static void one_node_processes_a_session(void **state)
{
    (void)state;
    begin();
    prepare(make_waiting);
    race_processes(race_to_submit);
    check_winners();
    check_results();
    end();
}

static void one_thread_processes_a_session(void **state)
{
    (void)state;
    begin();
    prepare(make_waiting);
    race_threads(race_to_submit);
    check_winners();
    check_results();
    end();
}

static void make_left(struct verifier_store *store, const char *id)
{
    struct verifier_claim claim;
    assert_err(suite_create(store, id, NULL), OK);
    assert_err(verifier_session_submit(store, &claim, id, "a/b", atls_bytes_text("e"), 1, NULL),
               OK);
}

static void race_to_take_over(struct verifier_store *store, unsigned racer)
{
    bool is_found = true;
    /* one that finds nothing may have met another's; all are found when all have stopped */
    for (unsigned misses = 0; misses < 100;) {
        struct verifier_session session;
        struct verifier_claim claim;
        if (verifier_session_take_over(store, &is_found, &session, &claim, 60000, NULL) !=
            ATLS_OK) {
            expect(false);
            return;
        }
        misses += is_found ? 0 : 1;
        if (is_found) {
            char result[16];
            won((unsigned)strtoul(session.id + 1, NULL, 10), racer);
            snprintf(result, sizeof result, "r%u", racer);
            expect(claim.number == 2);
            verifier_session_cleanup(&session);
            expect(verifier_session_complete(store, &claim, atls_bytes_text(result), NULL) ==
                   ATLS_OK);
        }
    }
}

static void one_node_takes_a_session_over(void **state)
{
    (void)state;
    begin();
    prepare(make_left);
    usleep(5000); /* the leases of 1 ms run out */
    race_processes(race_to_take_over);
    check_winners();
    end();
}

static void race_to_endorse(struct verifier_store *store, unsigned racer)
{
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        char content[32];
        snprintf(content, sizeof content, "version %u by %u", i, racer);
        const enum atls_err err = suite_put(store, "id", i, content, NULL);
        expect(err == ATLS_OK || err == ATLS_ERR_ENDORSEMENT_OLDER);
        if (err == ATLS_OK) {
            won(i, racer);
        }
    }
}

/* Each tries each version with a content of its own: none comes twice, and none after a newer one.
 */
static void check_endorsed(void)
{
    assert_int_equal(arena->wrong, 0);
    unsigned total = 0;
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        assert_true(arena->won[i] <= 1);
        total += arena->won[i];
    }
    assert_int_equal(arena->won[NUM_PRIZES - 1], 1);
    const struct verifier_store_config config = real_config();
    struct verifier_store *store = suite_another(&config);
    bool is_found = false;
    char content[32];
    struct verifier_endorsement found;
    assert_err(verifier_endorsement_next(store, &is_found, &found, 0, true, NULL), OK);
    assert_true(is_found);
    assert_int_equal(found.version, NUM_PRIZES - 1);
    assert_int_equal(found.generation, total);
    snprintf(content, sizeof content, "version %u by %u", (unsigned)NUM_PRIZES - 1,
             arena->winner[NUM_PRIZES - 1]);
    assert_text(found.content, content);
    verifier_endorsement_cleanup(&found);
    verifier_store_close(store);
}

static void one_content_of_a_version_is_endorsed_by_nodes(void **state)
{
    (void)state;
    begin();
    race_processes(race_to_endorse);
    check_endorsed();
    end();
}

/* In SQLite these share commits: one that is refused takes nothing of the others with it. */
static void one_content_of_a_version_is_endorsed_by_threads(void **state)
{
    (void)state;
    begin();
    race_threads(race_to_endorse);
    check_endorsed();
    end();
}

/* Each node endorses ids of its own and walks the list all the while: what it is shown is never
 * behind what it has seen of the generation. */
static void race_to_list(struct verifier_store *store, unsigned racer)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < NUM_PRIZES / 4; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u-%u", racer, i);
        expect(suite_put(store, id, 1, "x", NULL) == ATLS_OK);
        uint64_t generation = 0;
        expect(verifier_store_generation(store, &generation, NULL) == ATLS_OK);
        bool is_found = true;
        uint64_t expected = seen + 1;
        while (is_found && seen < generation) {
            struct verifier_endorsement found;
            expect(verifier_endorsement_next(store, &is_found, &found, seen, false, NULL) ==
                   ATLS_OK);
            if (is_found) {
                /* ids never come twice here, so no generation is missing */
                expect(found.generation == expected++);
                seen = found.generation;
                verifier_endorsement_cleanup(&found);
            }
        }
        expect(seen >= generation);
    }
}

static void no_generation_is_missed(void **state)
{
    (void)state;
    begin();
    race_processes(race_to_list);
    assert_int_equal(arena->wrong, 0);
    race_threads(race_to_list); /* all again: the same ids and contents change nothing */
    end();
}

static void race_to_fill(struct verifier_store *store, unsigned racer)
{
    for (unsigned i = 0; i < NUM_PRIZES; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u-%u", racer, i);
        const enum atls_err err = suite_create(store, id, NULL);
        expect(err == ATLS_OK || err == ATLS_ERR_BUSY);
        __atomic_add_fetch(&arena->won[0], err == ATLS_OK ? 1 : 0, __ATOMIC_SEQ_CST);
    }
}

static void bound_holds_against_threads(void **state)
{
    (void)state;
    begin();
    pthread_t threads[NUM_RACERS];
    struct racer racers[NUM_RACERS];
    struct verifier_store_config config = real_config();
    config.max_sessions = 50;
    struct verifier_store *store = suite_another(&config);
    for (unsigned i = 0; i < NUM_RACERS; i++) {
        racers[i] = (struct racer){race_to_fill, i, store};
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &racers[i]), 0);
    }
    for (unsigned i = 0; i < NUM_RACERS; i++) {
        pthread_join(threads[i], NULL);
    }
    struct verifier_session_counts counts;
    assert_err(verifier_session_count(store, &counts, NULL), OK);
    assert_int_equal(arena->wrong, 0);
    assert_true(arena->won[0] <= 50);
    assert_int_equal(counts.waiting, arena->won[0]);
    verifier_store_close(store);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node_processes_a_session),
        cmocka_unit_test(one_thread_processes_a_session),
        cmocka_unit_test(one_node_takes_a_session_over),
        cmocka_unit_test(one_content_of_a_version_is_endorsed_by_nodes),
        cmocka_unit_test(one_content_of_a_version_is_endorsed_by_threads),
        cmocka_unit_test(no_generation_is_missed),
        cmocka_unit_test(bound_holds_against_threads),
    };
    return suite_bare_main(tests);
}
