/* SPDX-License-Identifier: Apache-2.0 */
#include "net/answer.h"

#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

static struct atls_fetch_answer answer;

static struct net_intake begin(size_t max_body)
{
    memset(&answer, 0, sizeof answer);
    const struct net_intake intake = {.answer = &answer, .max_body = max_body};
    return intake;
}

static bool take(struct net_intake *intake, const char *line)
{
    return net_take_field(intake, atls_bytes_text(line));
}

static void a_field_that_was_asked_for_is_kept(void **state)
{
    (void)state;
    struct net_intake intake = begin(10);
    char line[8300];
    assert_true(take(&intake, "TCB-Info-Issuer-Chain: nobody asked\r\n"));
    assert_string_equal(answer.field, "");
    intake.field = "tcb-info-issuer-chain";
    assert_true(take(&intake, "TCB-Info-Issuer-Chain: -----BEGIN%20 \r\n"));
    assert_string_equal(answer.field, "-----BEGIN%20");
    assert_true(take(&intake, "HTTP/1.1 200 OK\r\n")); /* an interim answer came before */
    assert_string_equal(answer.field, "");
    assert_true(take(&intake, "TCB-Info-Issuer-Chain: one\r\n"));
    assert_false(take(&intake, "TCB-Info-Issuer-Chain: two\r\n"));
    assert_int_equal(intake.failed, ATLS_FETCH_MALFORMED);
    intake = begin(10);
    intake.field = "x";
    snprintf(line, sizeof line, "X: %08200d\r\n", 1);
    assert_false(take(&intake, line));
    assert_int_equal(intake.failed, ATLS_FETCH_OVERSIZED);
}

static void fields_are_read_whatever_their_case_and_blanks(void **state)
{
    (void)state;
    struct net_intake intake = begin(10);
    assert_true(take(&intake, "HTTP/1.1 201 Created\r\n"));
    assert_true(take(&intake, "LOCATION:session/1 \r\n"));
    assert_true(take(&intake, "content-Type:\t application/json;q=1\r\n"));
    assert_true(take(&intake, "Retry-After: 12\r\n"));
    assert_true(take(&intake, "Locations: no\r\n"));
    assert_true(take(&intake, "X\r\n"));
    assert_true(take(&intake, ":\r\n"));
    assert_true(take(&intake, "\r\n"));
    assert_string_equal(answer.location, "session/1");
    assert_string_equal(answer.content_type, "application/json;q=1");
    assert_true(answer.has_retry_after);
    assert_int_equal(answer.retry_after_s, 12);
}

static void the_head_of_an_interim_answer_does_not_count(void **state)
{
    (void)state;
    struct net_intake intake = begin(10);
    assert_true(take(&intake, "HTTP/1.1 103 Early Hints\r\n"));
    assert_true(take(&intake, "Location: early\r\n"));
    assert_true(take(&intake, "Retry-After: 1\r\n"));
    assert_true(take(&intake, "HTTP/1.1 200 OK\r\n"));
    assert_string_equal(answer.location, "");
    assert_false(answer.has_retry_after);
}

static void a_field_with_two_values_is_refused(void **state)
{
    (void)state;
    struct net_intake intake = begin(10);
    assert_true(take(&intake, "Location: a\r\n"));
    assert_true(take(&intake, "Location: a\r\n"));
    assert_false(take(&intake, "location: b\r\n"));
    assert_int_equal(intake.failed, ATLS_FETCH_MALFORMED);
    assert_string_equal(intake.why, "a Location that is not one");
    intake = begin(10);
    assert_true(take(&intake, "Content-Type: a/b\r\n"));
    assert_false(take(&intake, "Content-Type: a/c\r\n"));
    assert_int_equal(intake.failed, ATLS_FETCH_MALFORMED);
}

static void a_value_that_is_not_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Location: a\x01z\r\n", "Location: \x7f\r\n",
                                      "Location: \xc3\xa9\r\n", "Content-Type: a\rb\r\n"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct net_intake intake = begin(10);
        assert_false(take(&intake, bad[i]));
        assert_int_equal(intake.failed, ATLS_FETCH_MALFORMED);
    }
}

static void a_value_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    for (int more = -1; more <= 0; more++) {
        char line[1100];
        const int len = (int)sizeof answer.location + more;
        snprintf(line, sizeof line, "Location: %0*d\r\n", len, 7);
        struct net_intake intake = begin(10);
        assert_int_equal(take(&intake, line), more < 0);
        assert_int_equal(intake.failed, more < 0 ? ATLS_FETCH_NONE : ATLS_FETCH_OVERSIZED);
    }
}

static void a_head_has_a_bound(void **state)
{
    (void)state;
    struct net_intake intake = begin(10);
    static char line[1025];
    memset(line, 'x', sizeof line - 1);
    for (size_t i = 0; i < NET_MAX_HEAD_LEN / 1024; i++) {
        assert_true(take(&intake, line));
    }
    assert_true(take(&intake, ""));
    assert_false(take(&intake, "x"));
    assert_int_equal(intake.failed, ATLS_FETCH_OVERSIZED);
}

static void a_delay_is_read_in_seconds_and_nothing_else(void **state)
{
    (void)state;
    static const char *const not_read[] = {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n",
                                           "Retry-After: -1\r\n", "Retry-After: 1.5\r\n",
                                           "Retry-After: 100000\r\n", "Retry-After:\r\n"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(not_read); i++) {
        struct net_intake intake = begin(10);
        assert_true(take(&intake, not_read[i]));
        assert_false(answer.has_retry_after);
    }
    struct net_intake intake = begin(10);
    assert_true(take(&intake, "Retry-After: 99999\r\n"));
    assert_int_equal(answer.retry_after_s, 99999);
}

static void a_packed_body_is_refused(void **state)
{
    (void)state;
    struct net_intake intake = begin(10);
    assert_true(take(&intake, "Content-Encoding: identity\r\n"));
    assert_false(take(&intake, "Content-Encoding: gzip\r\n"));
    assert_int_equal(intake.failed, ATLS_FETCH_MALFORMED);
}

static void a_body_is_taken_up_to_its_bound(void **state)
{
    (void)state;
    static uint8_t octets[5000];
    memset(octets, 'b', sizeof octets);
    struct net_intake intake = begin(sizeof octets);
    assert_true(net_take_body(&intake, atls_bytes_of(octets, 0)));
    assert_true(net_take_body(&intake, atls_bytes_of(octets, 1)));
    assert_true(net_take_body(&intake, atls_bytes_of(octets, sizeof octets - 1)));
    assert_true(net_take_body(&intake, atls_bytes_of(octets, 0)));
    assert_bytes(atls_bytes_of(answer.body, answer.body_len), atls_bytes_of(octets, sizeof octets));
    assert_int_equal(answer.body[answer.body_len], 0);
    assert_true(take(&intake, "Location: in a trailer\r\n"));
    assert_string_equal(answer.location, "");
    assert_false(net_take_body(&intake, atls_bytes_of(octets, 1)));
    assert_int_equal(intake.failed, ATLS_FETCH_OVERSIZED);
    free(answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_that_was_asked_for_is_kept),
        cmocka_unit_test(fields_are_read_whatever_their_case_and_blanks),
        cmocka_unit_test(the_head_of_an_interim_answer_does_not_count),
        cmocka_unit_test(a_field_with_two_values_is_refused),
        cmocka_unit_test(a_value_that_is_not_text_is_refused),
        cmocka_unit_test(a_value_that_does_not_fit_is_refused),
        cmocka_unit_test(a_head_has_a_bound),
        cmocka_unit_test(a_delay_is_read_in_seconds_and_nothing_else),
        cmocka_unit_test(a_packed_body_is_refused),
        cmocka_unit_test(a_body_is_taken_up_to_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
