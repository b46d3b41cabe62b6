/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"

#include "svc/verifier/frame.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static void pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void raw(int fd, const void *data, size_t len)
{
    assert_int_equal(write(fd, data, len), (ssize_t)len);
}

static void a_frame_arrives(void **state)
{
    (void)state;
    int ends[2];
    struct verifier_frame frame;
    pair(ends);
    assert_err(verifier_frame_send(ends[0], 7, atls_bytes_text("payload"), -1, NULL), OK);
    assert_err(verifier_frame_receive(ends[1], &frame, 7, verifier_now_ms() + 60000, NULL), OK);
    assert_int_equal(frame.type, 7);
    assert_int_equal(frame.len, 7);
    assert_memory_equal(frame.payload, "payload", 7);
    verifier_frame_cleanup(&frame);
    assert_err(verifier_frame_send(ends[0], 8, atls_bytes_of(NULL, 0), -1, NULL), OK);
    assert_err(verifier_frame_receive(ends[1], &frame, 0, -1, NULL), OK);
    assert_int_equal(frame.len, 0);
    verifier_frame_cleanup(&frame);
    close(ends[0]);
    close(ends[1]);
}

/* Lengths about the one up to which header and payload are one piece. */
static void a_frame_of_any_length_arrives_whole(void **state)
{
    (void)state;
    static uint8_t payload[40000];
    int ends[2];
    pair(ends);
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (size_t len = 16384 - 20; len < 16384 + 20; len++) {
        struct verifier_frame frame;
        assert_err(verifier_frame_send(ends[0], 9, atls_bytes_of(payload, len), -1, NULL), OK);
        assert_err(verifier_frame_receive(ends[1], &frame, sizeof payload, -1, NULL), OK);
        assert_int_equal(frame.len, len);
        assert_memory_equal(frame.payload, payload, len);
        verifier_frame_cleanup(&frame);
    }
    close(ends[0]);
    close(ends[1]);
}

/* A socket that keeps the pieces apart shows that there is one. */
static void a_small_frame_goes_out_in_one_piece(void **state)
{
    (void)state;
    int ends[2];
    uint8_t octets[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_err(verifier_frame_send(ends[0], 7, atls_bytes_text("payload"), -1, NULL), OK);
    assert_int_equal(read(ends[1], octets, sizeof octets), VERIFIER_FRAME_HEADER_LEN + 7);
    assert_memory_equal(octets + VERIFIER_FRAME_HEADER_LEN, "payload", 7);
    close(ends[0]);
    close(ends[1]);
}

static void the_header_of_a_large_frame_does_not_come_alone(void **state)
{
    (void)state;
    static uint8_t payload[20000], octets[sizeof payload];
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i % 251);
    }
    assert_err(verifier_frame_send(ends[0], 7, atls_bytes_of(payload, sizeof payload), -1, NULL),
               OK);
    const ssize_t first = read(ends[1], octets, sizeof octets);
    assert_true(first > VERIFIER_FRAME_HEADER_LEN);
    const size_t len = (size_t)first - VERIFIER_FRAME_HEADER_LEN;
    assert_memory_equal(octets + VERIFIER_FRAME_HEADER_LEN, payload, len);
    assert_int_equal(read(ends[1], octets, sizeof octets), sizeof payload - len);
    assert_memory_equal(octets, payload + len, sizeof payload - len);
    close(ends[0]);
    close(ends[1]);
}

static void a_frame_above_the_bound_is_refused_before_it_is_read(void **state)
{
    (void)state;
    static const uint8_t header[] = {1, 7, 0, 0, 0x7f, 0xff, 0xff, 0xff};
    int ends[2];
    struct verifier_frame frame;
    pair(ends);
    raw(ends[0], header, sizeof header);
    assert_err(verifier_frame_receive(ends[1], &frame, VERIFIER_MAX_FRAME_LEN, -1, NULL),
               MALFORMED);
    close(ends[0]);
    close(ends[1]);
}

static void every_other_header_is_refused(void **state)
{
    (void)state;
    static const uint8_t good[VERIFIER_FRAME_HEADER_LEN] = {1, 7, 0, 0, 0, 0, 0, 5};
    uint8_t type = 0;
    size_t len = 0;
    assert_err(verifier_frame_header_parse(&type, &len, atls_bytes_of(good, sizeof good), 5, NULL),
               OK);
    assert_int_equal(type, 7);
    assert_int_equal(len, 5);
    assert_err(verifier_frame_header_parse(&type, &len, atls_bytes_of(good, sizeof good), 4, NULL),
               MALFORMED);
    for (size_t cut = 0; cut < sizeof good; cut++) {
        assert_err(verifier_frame_header_parse(&type, &len, atls_bytes_of(good, cut), 5, NULL),
                   MALFORMED);
    }
    for (size_t at = 0; at < 4; at++) {
        uint8_t bad[sizeof good];
        memcpy(bad, good, sizeof bad);
        bad[at] ^= 0x10;
        const bool is_type = at == 1;
        assert_string_equal(atls_err_name(verifier_frame_header_parse(
                                &type, &len, atls_bytes_of(bad, sizeof bad), 5, NULL)),
                            is_type ? "OK" : "MALFORMED");
    }
}

static void a_side_that_goes_away_in_the_middle_is_gone(void **state)
{
    (void)state;
    static const uint8_t part[] = {1, 7, 0, 0, 0, 0, 0, 5, 'a', 'b'};
    for (size_t cut = 0; cut < sizeof part; cut++) {
        int ends[2];
        struct verifier_frame frame;
        pair(ends);
        raw(ends[0], part, cut);
        close(ends[0]);
        assert_err(verifier_frame_receive(ends[1], &frame, 100, -1, NULL), CONNECTION);
        assert_err(verifier_frame_send(ends[1], 1, atls_bytes_text("x"), -1, NULL), CONNECTION);
        close(ends[1]);
    }
}

/* Who sends a part and then nothing gets no more time than one who is silent. */
static void a_deadline_that_has_passed_ends_the_wait(void **state)
{
    (void)state;
    static const uint8_t part[] = {1, 7, 0, 0, 0, 0, 0, 5, 'a', 'b'};
    int ends[2];
    struct verifier_frame frame;
    pair(ends);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    raw(ends[0], part, sizeof part);
    assert_err(verifier_frame_receive(ends[1], &frame, 100, verifier_now_ms() + 20, NULL),
               DEADLINE);
    static uint8_t much[1 << 20];
    assert_err(verifier_frame_send(ends[1], 1, atls_bytes_of(much, sizeof much),
                                   verifier_now_ms() + 20, NULL),
               DEADLINE);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_arrives),
        cmocka_unit_test(a_frame_of_any_length_arrives_whole),
        cmocka_unit_test(a_small_frame_goes_out_in_one_piece),
        cmocka_unit_test(the_header_of_a_large_frame_does_not_come_alone),
        cmocka_unit_test(a_frame_above_the_bound_is_refused_before_it_is_read),
        cmocka_unit_test(every_other_header_is_refused),
        cmocka_unit_test(a_side_that_goes_away_in_the_middle_is_gone),
        cmocka_unit_test(a_deadline_that_has_passed_ends_the_wait),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
