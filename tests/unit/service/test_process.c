/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisor, crew and sandbox with helpers of the test's own: the whole runs in a child, whose
 * exit status is the front's verdict: 0, or the line of the check that failed modulo 200.
 */
#include "support/check.h"

#include "svc/verifier/crew.h"
#include "svc/verifier/ignore.h"
#include "svc/verifier/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ECHO = 1, CRASH = 2, HANG = 3, WHO = 4, MAX_JOBS = 3 };

#define EXPECT(holds)                                                                              \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            return __LINE__ % 200 + 1;                                                             \
        }                                                                                          \
    } while (0)

/* A helper that does what it is told. */
static int helper(int fd, void *arg)
{
    (void)arg;
    for (;;) {
        struct verifier_frame frame;
        if (verifier_frame_receive(fd, &frame, 1 << 20, -1, NULL) != ATLS_OK) {
            return 0;
        }
        const pid_t pid = getpid();
        struct atls_bytes answer = {frame.payload, frame.len};
        if (frame.type == CRASH) {
            abort();
        }
        while (frame.type == HANG) {
            pause();
        }
        if (frame.type == WHO) {
            answer = atls_bytes_of(&pid, sizeof pid);
        }
        const enum atls_err err = verifier_frame_send(fd, frame.type, answer, -1, NULL);
        verifier_frame_cleanup(&frame);
        if (err != ATLS_OK) {
            return 1;
        }
    }
}

static struct verifier_crew *crew_of(int control_fd)
{
    struct verifier_crew *crew = NULL;
    verifier_ignore(verifier_crew_new(&crew, control_fd, 1, MAX_JOBS, NULL));
    return crew;
}

/* ask gives the error of one job; the answer of WHO is in *pid. */
static enum atls_err ask(struct verifier_crew *crew, uint8_t type, int64_t wait_ms, pid_t *pid)
{
    struct verifier_frame frame = {.payload = NULL};
    const enum atls_err err = verifier_crew_appraiser(crew, type, atls_bytes_text("x"), &frame,
                                                      verifier_now_ms() + wait_ms, NULL);
    if (err == ATLS_OK && pid != NULL && frame.len == sizeof *pid) {
        memcpy(pid, frame.payload, sizeof *pid);
    }
    verifier_frame_cleanup(&frame);
    return err;
}

static int front_of_a_crash(int control_fd, void *arg)
{
    struct verifier_crew *crew = crew_of(control_fd);
    struct verifier_crew_counts counts;
    pid_t first = 0, second = 0;
    (void)arg;
    EXPECT(ask(crew, WHO, 60000, &first) == ATLS_OK && first != 0);
    EXPECT(ask(crew, CRASH, 60000, NULL) == ATLS_ERR_STATE);
    EXPECT(ask(crew, WHO, 60000, &second) == ATLS_OK && second != 0);
    EXPECT(first != second);
    verifier_crew_count(crew, &counts);
    EXPECT(counts.jobs == 2 && counts.lost == 1 && counts.replaced == 1 && counts.recycled == 0);
    EXPECT(counts.available == 1 && counts.busy == 0);
    verifier_crew_free(crew);
    return 0;
}

static int front_of_a_hang(int control_fd, void *arg)
{
    struct verifier_crew *crew = crew_of(control_fd);
    pid_t first = 0, second = 0;
    (void)arg;
    EXPECT(ask(crew, WHO, 60000, &first) == ATLS_OK);
    EXPECT(ask(crew, HANG, 100, NULL) == ATLS_ERR_DEADLINE);
    EXPECT(ask(crew, WHO, 60000, &second) == ATLS_OK && first != second);
    verifier_crew_free(crew);
    return 0;
}

static int front_of_recycling(int control_fd, void *arg)
{
    struct verifier_crew *crew = crew_of(control_fd);
    struct verifier_crew_counts counts;
    pid_t seen[3 * MAX_JOBS];
    (void)arg;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(seen); i++) {
        EXPECT(ask(crew, WHO, 60000, &seen[i]) == ATLS_OK);
        EXPECT(i == 0 || (seen[i] == seen[i - 1]) == (i % MAX_JOBS != 0));
    }
    verifier_crew_count(crew, &counts);
    EXPECT(counts.recycled == 3 && counts.lost == 0 && counts.jobs == 3 * MAX_JOBS);
    verifier_crew_free(crew);
    return 0;
}

static int front_that_dies_once(int control_fd, void *arg)
{
    int *deaths = arg; /* shared memory */
    struct verifier_crew *crew = crew_of(control_fd);
    EXPECT(ask(crew, ECHO, 60000, NULL) == ATLS_OK);
    if ((*deaths)++ == 0) {
        raise(SIGKILL);
    }
    EXPECT(ask(crew, ECHO, 60000, NULL) == ATLS_OK);
    verifier_crew_free(crew);
    return 0;
}

static int front_that_always_dies(int control_fd, void *arg)
{
    (void)control_fd;
    (void)arg;
    raise(SIGKILL);
    return 0;
}

static int front_that_is_stopped(int control_fd, void *arg)
{
    sigset_t term;
    int got = 0;
    (void)control_fd;
    (void)arg;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    kill(getppid(), SIGTERM);
    sigwait(&term, &got);
    return got == SIGTERM ? 7 : 1;
}

/* What was told, in memory that all processes share. */
static struct told {
    atomic_uint started, ended;
} * told;

static void on_event(void *arg, const char *event, const char *process, pid_t pid, int status)
{
    (void)arg;
    (void)process;
    (void)pid;
    (void)status;
    atomic_fetch_add(strcmp(event, "started") == 0 ? &told->started : &told->ended, 1);
}

/* It lets its helpers go, and has the supervisor look round twice before it ends. */
static int front_that_takes_its_time_to_end(int control_fd, void *arg)
{
    struct verifier_crew *crew = crew_of(control_fd);
    const int64_t restarted_ms = verifier_now_ms() + 60; /* one could be started again by then */
    sigset_t hup;
    int got = 0;
    (void)arg;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hup, NULL);
    EXPECT(ask(crew, ECHO, 60000, NULL) == ATLS_OK);
    verifier_crew_ready(crew);
    verifier_crew_free(crew);
    while (atomic_load(&told->ended) < 2 || verifier_now_ms() < restarted_ms) {
        (void)poll(NULL, 0, 1);
    }
    for (int i = 0; i < 2; i++) {
        kill(getppid(), SIGHUP);
        sigwait(&hup, &got);
    }
    return 0;
}

/* supervise runs it all in a child, and gives its exit status. */
static int supervise(int (*front)(int, void *), void *arg)
{
    const struct verifier_programs programs = {.arg = arg,
                                               .run_signer = helper,
                                               .run_appraiser = helper,
                                               .run_front = front,
                                               .on_event = on_event,
                                               .num_appraisers = 1};
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(verifier_supervise(&programs));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_crash_costs_one_job(void **state)
{
    (void)state;
    assert_int_equal(supervise(front_of_a_crash, NULL), 0);
}

static void a_helper_that_hangs_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(supervise(front_of_a_hang, NULL), 0);
}

static void an_appraiser_goes_after_its_last_job_and_none_is_lost(void **state)
{
    (void)state;
    assert_int_equal(supervise(front_of_recycling, NULL), 0);
}

static void a_front_that_dies_comes_again_with_new_helpers(void **state)
{
    (void)state;
    int *deaths =
        mmap(NULL, sizeof *deaths, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(deaths != MAP_FAILED);
    assert_int_equal(supervise(front_that_dies_once, deaths), 0);
    assert_int_equal(*deaths, 2);
    munmap(deaths, sizeof *deaths);
}

static void a_front_that_always_dies_is_given_up(void **state)
{
    (void)state;
    assert_int_equal(supervise(front_that_always_dies, NULL), 1);
}

static void sigterm_goes_to_the_front_whose_status_counts(void **state)
{
    (void)state;
    assert_int_equal(supervise(front_that_is_stopped, NULL), 7);
}

static void helpers_that_a_front_lets_go_are_not_started_again(void **state)
{
    (void)state;
    atomic_store(&told->started, 0);
    atomic_store(&told->ended, 0);
    assert_int_equal(supervise(front_that_takes_its_time_to_end, NULL), 0);
    assert_int_equal(atomic_load(&told->started), 3); /* front, signer, appraiser */
    assert_int_equal(atomic_load(&told->ended), 3);
}

/* What a process in the sandbox tries. */
static int compute(void)
{
    uint8_t *memory = calloc(1, 1 << 20);
    const bool ok = memory != NULL && verifier_now_ms() > 0;
    free(memory);
    return ok ? 0 : 1;
}

static int take_much_memory(void)
{
    enum { MUCH = 256 << 20 };
    char *memory = malloc(MUCH);
    if (memory != NULL) {
        memory[MUCH - 1] = 1;
    }
    const bool refused = memory == NULL;
    free(memory);
    return refused ? 0 : 1;
}

static int open_a_file(void)
{
    return open("/dev/null", O_RDONLY) >= 0 ? 0 : 1;
}

static int make_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int start_a_program(void)
{
    static char name[] = "/bin/true";
    char *const arguments[] = {name, NULL};
    return execv(name, arguments);
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
               ? 0
               : 1;
}

static int end_another(void)
{
    return kill(getppid(), 0);
}

static int fork_off(void)
{
    return fork() >= 0 ? 0 : 1;
}

/* in_sandbox gives how a child ended that entered the sandbox and then ran `act`. */
static int in_sandbox(int (*act)(void))
{
    int ends[2];
    int status = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct verifier_sandbox sandbox = {.keep_fd = ends[1], .max_memory = 64 << 20};
        _exit(verifier_sandbox_enter(&sandbox, NULL) == ATLS_OK ? act() : 99);
    }
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void the_sandbox_lets_compute_and_nothing_else(void **state)
{
    (void)state;
    static int (*const forbidden[])(void) = {open_a_file, make_a_socket, start_a_program,
                                             make_code,   end_another,   fork_off};
    const int status = in_sandbox(compute);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    if (strcmp(verifier_sandbox_name(), "seccomp") != 0) {
        print_message("the filter is %s\n", verifier_sandbox_name());
        return;
    }
    const int bounded = in_sandbox(take_much_memory);
    assert_true(WIFEXITED(bounded) && WEXITSTATUS(bounded) == 0);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(forbidden); i++) {
        const int ended = in_sandbox(forbidden[i]);
        if (!WIFSIGNALED(ended) || WTERMSIG(ended) != SIGSYS) {
            fail_msg("act %zu ended with %d", i, ended);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_costs_one_job),
        cmocka_unit_test(a_helper_that_hangs_is_replaced),
        cmocka_unit_test(an_appraiser_goes_after_its_last_job_and_none_is_lost),
        cmocka_unit_test(a_front_that_dies_comes_again_with_new_helpers),
        cmocka_unit_test(a_front_that_always_dies_is_given_up),
        cmocka_unit_test(sigterm_goes_to_the_front_whose_status_counts),
        cmocka_unit_test(helpers_that_a_front_lets_go_are_not_started_again),
        cmocka_unit_test(the_sandbox_lets_compute_and_nothing_else),
    };
    signal(SIGPIPE, SIG_IGN);
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
