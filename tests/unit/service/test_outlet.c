/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that go out, and those that do not: a pipe that is full, and one whose reader is gone. */
#include "support/check.h"

#include "svc/verifier/outlet.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { PIPE_OCTETS = 4 * 4096 }; /* with one page it is full behind any line */

struct ends {
    int in, out; /* in: to read from; reading never waits */
    struct verifier_outlet outlet;
};

static int set_up_borrowed(void **state)
{
    static struct ends ends;
    int fds[2];
    ends = (struct ends){.in = -1};
    if (pipe(fds) != 0 || fcntl(fds[1], F_SETPIPE_SZ, PIPE_OCTETS) != PIPE_OCTETS ||
        fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
        return -1;
    }
    signal(SIGPIPE, SIG_IGN);
    ends.in = fds[0];
    ends.out = ends.outlet.fd = fds[1];
    *state = &ends;
    return 0;
}

/* set_up has it opened by the outlet once more. */
static int set_up(void **state)
{
    if (set_up_borrowed(state) != 0) {
        return -1;
    }
    struct ends *ends = *state;
    verifier_outlet_open(&ends->outlet, ends->out);
    return ends->outlet.is_own ? 0 : -1;
}

static int tear_down(void **state)
{
    struct ends *ends = *state;
    verifier_outlet_close(&ends->outlet);
    close(ends->in);
    close(ends->out);
    return 0;
}

static bool say(struct ends *ends, const char *text)
{
    return verifier_outlet_write(&ends->outlet, atls_bytes_text(text));
}

/* heard reads all that is there. */
static const char *heard(const struct ends *ends)
{
    static char text[2 * PIPE_OCTETS];
    const ssize_t got = read(ends->in, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void fill(const struct ends *ends, size_t octets)
{
    static const uint8_t zeros[PIPE_OCTETS];
    assert_int_equal(write(ends->out, zeros, octets), (ssize_t)octets);
}

static void lines_go_out_while_somebody_reads(void **state)
{
    struct ends *ends = *state;
    assert_true(say(ends, "one\n"));
    assert_true(say(ends, "two\nthree\n"));
    assert_string_equal(heard(ends), "one\ntwo\nthree\n");
    assert_int_equal(ends->outlet.lost, 0);
    assert_int_equal(verifier_outlet_tell(&ends->outlet), 0);
}

static void lines_that_find_no_room_are_lost_and_told_of_once(void **state)
{
    struct ends *ends = *state;
    fill(ends, PIPE_OCTETS);
    assert_false(say(ends, "one\ntwo\n"));
    assert_true(ends->outlet.is_stuck);
    assert_false(say(ends, "three\n")); /* without a wait */
    assert_int_equal(ends->outlet.lost, 3);
    assert_int_equal(verifier_outlet_tell(&ends->outlet), 0); /* it would be lost as well */
    (void)heard(ends);
    assert_true(say(ends, "four\n"));
    assert_string_equal(heard(ends), "four\n");
    assert_int_equal(verifier_outlet_tell(&ends->outlet), 3);
    assert_int_equal(verifier_outlet_tell(&ends->outlet), 0);
    assert_int_equal(ends->outlet.lost, 3);
}

static void a_line_that_was_torn_is_ended_before_the_next(void **state)
{
    struct ends *ends = *state;
    static char long_line[PIPE_OCTETS + 3];
    memset(long_line, 'x', PIPE_OCTETS + 1);
    long_line[PIPE_OCTETS + 1] = '\n';
    assert_false(say(ends, long_line)); /* all but the end goes out */
    assert_true(ends->outlet.is_torn);
    assert_int_equal(ends->outlet.lost, 1);
    assert_int_equal(strlen(heard(ends)), PIPE_OCTETS);
    assert_true(say(ends, "next\n"));
    assert_string_equal(heard(ends), "\nnext\n");
    assert_false(ends->outlet.is_torn);
}

static void without_a_reader_every_line_is_lost_and_nothing_else_happens(void **state)
{
    struct ends *ends = *state;
    close(ends->in);
    ends->in = -1;
    assert_false(say(ends, "one\n"));
    assert_false(say(ends, "two\n"));
    assert_int_equal(ends->outlet.lost, 2);
}

/* The mode of the stream stays as it is: who else has it may count on that. */
static void the_stream_itself_still_waits(void **state)
{
    const struct ends *ends = *state;
    assert_int_equal(fcntl(ends->out, F_GETFL) & O_NONBLOCK, 0);
    assert_int_not_equal(fcntl(ends->outlet.fd, F_GETFL) & O_NONBLOCK, 0);
}

static void what_is_no_pipe_is_taken_as_it_is(void **state)
{
    (void)state;
    struct verifier_outlet outlet;
    const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    verifier_outlet_open(&outlet, fd);
    assert_int_equal(outlet.fd, fd);
    assert_false(outlet.is_own);
    assert_true(verifier_outlet_write(&outlet, atls_bytes_text("one\n")));
    verifier_outlet_close(&outlet);
    assert_int_equal(close(fd), 0);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down),                                      \
        cmocka_unit_test_setup_teardown(test, set_up_borrowed, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(lines_go_out_while_somebody_reads),
        BOTH(lines_that_find_no_room_are_lost_and_told_of_once),
        BOTH(a_line_that_was_torn_is_ended_before_the_next),
        BOTH(without_a_reader_every_line_is_lost_and_nothing_else_happens),
        cmocka_unit_test_setup_teardown(the_stream_itself_still_waits, set_up, tear_down),
        cmocka_unit_test(what_is_no_pipe_is_taken_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
