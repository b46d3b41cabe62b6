/* SPDX-License-Identifier: Apache-2.0 */
/* The gate while the exchange after the handshake goes on: nothing but the exchange passes, in
 * either direction, whatever the application and the peer do. */
#include "forger.h"

#include "session/session.h"
#include "stack/openssl/adapter.h"

#include <openssl/err.h>
#include <time.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static struct test_spec requiring(enum atls_timing timing)
{
    const struct test_spec spec = {.requires = &world->server, .timing = timing};
    return spec;
}

static struct test_pair pair_with_forger(const struct test_spec *spec)
{
    SSL_CTX *client = test_enabled_ctx(world, NULL, spec);
    SSL_CTX *server = forger_ctx(world, &world->server);
    struct test_pair pair = test_pair_of(client, server);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return pair;
}

/* assert_quiet: the application gets nothing, and nothing of its goes out. */
static void assert_quiet(struct test_end *end)
{
    char octet = 'x';
    const uint64_t before = BIO_number_written(SSL_get_rbio(end->ssl));
    ERR_clear_error();
    assert_true(SSL_read(end->ssl, &octet, 1) <= 0);
    assert_true(SSL_peek(end->ssl, &octet, 1) <= 0);
    assert_true(SSL_write(end->ssl, &octet, 1) <= 0);
    assert_int_equal(BIO_number_written(SSL_get_rbio(end->ssl)), before);
    assert_false(atls_verdict_opens(atls_openssl_verdict(end->ssl)));
    ERR_clear_error();
}

static void the_application_gets_and_gives_nothing_before_the_end(void **state)
{
    (void)state;
    const struct test_spec client = requiring(ATLS_TIMING_POST);
    const struct test_spec server = {.attests = &world->server, .timing = ATLS_TIMING_POST};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    struct test_exchange at_client = {.step = ATLS_POST_WANT_READ};
    struct test_exchange at_server = {.step = ATLS_POST_WANT_READ};
    test_shake(&pair);
    assert_true(atls_post_is_due(pair.client.ssl) && atls_post_is_due(pair.server.ssl));
    assert_outcome(&pair.client, NO_VERDICT,
                   "gate: the handshake ended without an appraisal of the peer (exchange after the "
                   "handshake: found one that goes on, expected atls_post_step() to its end)");
    for (unsigned i = 0; i < 8 && at_client.step != ATLS_POST_DONE; i++) {
        assert_quiet(&pair.client);
        assert_quiet(&pair.server);
        test_exchange_step(&pair.client, &at_client);
        if (at_client.step != ATLS_POST_DONE) {
            assert_quiet(&pair.client);
        }
        assert_quiet(&pair.server);
        test_exchange_step(&pair.server, &at_server);
    }
    assert_exchanged(&pair);
    assert_false(atls_post_is_due(pair.client.ssl));
    assert_int_equal(atls_post_step(pair.client.ssl, NULL), ATLS_POST_DONE);
    test_pair_free(&pair);
}

/* An application that knows of no exchange: SSL_write(3) shakes hands and would send at once. */
static void a_write_that_shakes_hands_itself_sends_nothing(void **state)
{
    (void)state;
    const struct test_spec spec = requiring(ATLS_TIMING_POST);
    struct test_pair pair = pair_with_forger(&spec);
    char got = 'x';
    for (unsigned i = 0; i < 6; i++) {
        ERR_clear_error();
        assert_true(SSL_write(pair.client.ssl, "secret", 6) <= 0);
        (void)SSL_do_handshake(pair.server.ssl);
    }
    assert_int_equal(SSL_is_init_finished(pair.client.ssl), 1);
    assert_int_equal(SSL_is_init_finished(pair.server.ssl), 1);
    assert_true(SSL_read(pair.server.ssl, &got, 1) <= 0);
    ERR_clear_error();
    test_pair_free(&pair);
}

/* What a peer pushes before it is accepted: data, and frames that are none. */
static void data_before_the_gate_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *err;
    } rows[] = {
        {"474554202f20485454502f312e31", "MALFORMED"}, /* GET / HTTP/1.1 */
        {"01000002 0100 05000001 61", "ILLEGAL"},      /* DATA after HELLO */
        {"01000002 0102 05000001 61", "ILLEGAL"},      /* DATA, announced as framed */
        {"01000002 0100 04000000 61", "ILLEGAL"},      /* DONE, then data */
        {"05000001 61", "ILLEGAL"},                    /* DATA at once */
        {"01000002 0100 01000002 0100", "ILLEGAL"},    /* HELLO twice */
        {"01000002 0200", "ILLEGAL"},                  /* another version */
        {"03000004 14000000", "ILLEGAL"},              /* an answer before HELLO */
        {"01000002 0100 03020001", "MALFORMED"},       /* 131,073 octets of an answer */
        {"01000002 0100 02008001", "MALFORMED"},       /* 32,769 octets of a request */
        {"01000041", "MALFORMED"},                     /* 65 octets of HELLO */
        {"01ffffff", "MALFORMED"},
        {"01000002 0100 02000001 00", "ILLEGAL"},   /* a request that was not announced */
        {"01000002 0101 02000001 00", "MALFORMED"}, /* one that is none */
        {"01000002 0100 03000001 00", "MALFORMED"}, /* an authenticator that is none */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct test_spec spec = requiring(ATLS_TIMING_POST);
        struct test_pair pair = pair_with_forger(&spec);
        struct test_exchange at = {.step = ATLS_POST_WANT_READ};
        test_shake(&pair);
        test_exchange_step(&pair.client, &at);
        send_octets(&pair.server, test_hex(rows[i].hex));
        test_exchange_step(&pair.client, &at);
        assert_int_equal(at.step, ATLS_POST_FAILED);
        if (strcmp(atls_err_name(at.diag.err), rows[i].err) != 0) {
            print_error("%s: %s\n", rows[i].hex, test_sentence(&at.diag));
        }
        assert_string_equal(atls_err_name(at.diag.err), rows[i].err);
        assert_string_equal(atls_err_name(atls_openssl_verdict(pair.client.ssl)->reason.err),
                            rows[i].err);
        test_assert_shut(&pair.client);
        /* and it stays so */
        assert_int_equal(atls_post_step(pair.client.ssl, &at.diag), ATLS_POST_FAILED);
        assert_string_equal(atls_err_name(at.diag.err), rows[i].err);
        test_pair_free(&pair);
    }
}

/* Every prefix of a good exchange, and then the end of the connection. */
static void no_prefix_of_the_exchange_opens(void **state)
{
    (void)state;
    struct atls_bytes whole = {NULL, 0};
    size_t step = 1;
    for (size_t cut = 0; cut == 0 || cut < whole.len; cut += step) {
        const struct test_spec spec = requiring(ATLS_TIMING_POST);
        struct test_pair pair = pair_with_forger(&spec);
        struct test_exchange at = {.step = ATLS_POST_WANT_READ};
        test_shake(&pair);
        test_exchange_step(&pair.client, &at);
        (void)take_frame(&pair.server, ATLS_FRAME_HELLO);
        const struct atls_bytes request = take_frame(&pair.server, ATLS_FRAME_REQUEST);
        const struct forgery f = {.finished = pair.server.ssl,
                                  .maker = ATLS_ROLE_SERVER,
                                  .bound = pair.server.ssl,
                                  .key = &world->server,
                                  .attester = &world->server};
        const struct atls_bytes message = forge(&f, request);
        const struct atls_buf all = test_room(4 + 2 + 4 + message.len + 4);
        const struct atls_bytes hello = test_hex("01000002 0100");
        const uint8_t head[] = {3, (uint8_t)(message.len >> 16), (uint8_t)(message.len >> 8 & 0xff),
                                (uint8_t)(message.len & 0xff)};
        memcpy(all.data, hello.data, 6);
        memcpy(all.data + 6, head, 4);
        memcpy(all.data + 10, message.data, message.len);
        memcpy(all.data + 10 + message.len, test_hex("04000000").data, 4);
        whole = atls_bytes_of(all.data, all.cap);
        if (cut >= whole.len) { /* signatures have several lengths */
            test_pair_free(&pair);
            break;
        }
        if (cut != 0) {
            send_octets(&pair.server, atls_bytes_of(all.data, cut));
        }
        (void)SSL_shutdown(pair.server.ssl);
        test_exchange_step(&pair.client, &at);
        test_exchange_step(&pair.client, &at);
        assert_int_equal(at.step, ATLS_POST_FAILED);
        assert_err(at.diag.err, CONNECTION);
        test_assert_shut(&pair.client);
        test_pair_free(&pair);
        /* close around the ends of frames, and some of the octets in between */
        step = cut < 16 || cut + 16 > whole.len ? 1 : 97;
        step = cut + step >= whole.len && step > 1 ? 1 : step;
    }
}

static void a_peer_that_says_nothing_meets_the_deadline(void **state)
{
    (void)state;
    struct test_spec spec = requiring(ATLS_TIMING_POST);
    spec.timeout_ms = 1;
    struct test_pair pair = pair_with_forger(&spec);
    struct test_exchange at = {.step = ATLS_POST_WANT_READ};
    test_shake(&pair);
    while (at.step == ATLS_POST_WANT_READ) {
        test_exchange_step(&pair.client, &at);
    }
    assert_exchange_failed(&pair.client, &at, TIMEOUT,
                           "exchange after the handshake: the peer did not answer in time (found "
                           "none, expected its end in time)");
    test_pair_free(&pair);
}

/* A peer may send an octet now and then, so that no read ever waits for long. */
static void what_comes_behind_the_deadline_is_not_read(void **state)
{
    (void)state;
    const struct timespec late = {.tv_nsec = 5000000};
    const struct test_spec spec = {
        .attests = &world->server, .timing = ATLS_TIMING_POST, .timeout_ms = 1};
    struct test_pair pair = pair_with_forger(&spec);
    struct test_exchange at = {.step = ATLS_POST_WANT_READ};
    test_shake(&pair);
    send_hello(&pair.server, false);
    send_frame(&pair.server, ATLS_FRAME_DONE, atls_bytes_of(NULL, 0));
    nanosleep(&late, NULL);
    test_exchange_step(&pair.client, &at);
    assert_int_equal(at.step, ATLS_POST_FAILED);
    assert_err(at.diag.err, TIMEOUT);
    test_assert_shut(&pair.client);
    test_pair_free(&pair);
}

static void a_peer_that_closes_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *frame;
        const char *err;
    } rows[] = {{"06000001 28", "PEER_REFUSED"},
                {"01000002 0100 06000001 33", "PEER_ALERT"},
                {"06000001 50", "PEER_ALERT"}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct test_spec spec = requiring(ATLS_TIMING_POST);
        struct test_pair pair = pair_with_forger(&spec);
        struct test_exchange at = {.step = ATLS_POST_WANT_READ};
        test_shake(&pair);
        send_octets(&pair.server, test_hex(rows[i].frame));
        test_exchange_step(&pair.client, &at);
        assert_int_equal(at.step, ATLS_POST_FAILED);
        assert_string_equal(atls_err_name(at.diag.err), rows[i].err);
        test_assert_shut(&pair.client);
        test_pair_free(&pair);
    }
}

/* nothing of it happens before the handshake has ended. */
static void there_is_no_exchange_before_the_end_of_the_handshake(void **state)
{
    (void)state;
    struct atls_diag diag;
    struct atls_bytes message;
    const struct test_spec spec = requiring(ATLS_TIMING_POST);
    struct test_pair pair = pair_with_forger(&spec);
    test_step(&pair.client);
    assert_int_equal(atls_post_step(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, STATE);
    assert_err(atls_post_ask(pair.client.ssl, atls_bytes_of(NULL, 0), &message, &diag), STATE);
    assert_err(atls_post_answer(pair.client.ssl, test_hex("00"), &message, &diag), STATE);
    assert_err(atls_post_judge(pair.client.ssl, test_hex("00"), &diag), STATE);
    /* which has changed nothing */
    test_shake(&pair);
    assert_true(atls_post_is_due(pair.client.ssl));
    test_pair_free(&pair);
}

/* Whatever the frames have said: without an authenticator that was appraised nothing opens. */
static void the_gate_does_not_open_without_an_answer(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct test_spec spec = requiring(ATLS_TIMING_POST);
    struct test_pair pair = pair_with_forger(&spec);
    test_shake(&pair);
    assert_true(atls_post_is_due(pair.client.ssl));
    assert_false(atls_session_post_open_gate(openssl_session_of(pair.client.ssl), &diag));
    assert_err(diag.err, NO_VERDICT);
    assert_int_equal(atls_openssl_verdict(pair.client.ssl)->state, ATLS_VERDICT_REFUSED);
    assert_false(atls_post_is_due(pair.client.ssl));
    test_pair_free(&pair);
}

/* A connection object that is used again begins with nothing of before. */
static void a_reused_connection_object_has_to_exchange_again(void **state)
{
    (void)state;
    const struct test_spec client = requiring(ATLS_TIMING_BOTH);
    const struct test_spec server = {.attests = &world->server, .timing = ATLS_TIMING_BOTH};
    struct test_pair pair = test_pair_of_spec(world, &client, &server);
    for (unsigned i = 0; i < 2; i++) {
        test_shake(&pair);
        assert_true(atls_post_is_due(pair.client.ssl));
        assert_exchanged(&pair);
        assert_int_equal(SSL_clear(pair.client.ssl), 1);
        assert_int_equal(SSL_clear(pair.server.ssl), 1);
        test_pair_join(&pair);
    }
    test_pair_free(&pair);
}

/* SSL_clear(3) ends a connection; the next begins with a handshake, and no step may do that. */
static void a_step_on_a_connection_object_that_was_cleared_begins_nothing(void **state)
{
    (void)state;
    struct atls_diag diag;
    const struct test_spec spec = requiring(ATLS_TIMING_POST);
    struct test_pair pair = pair_with_forger(&spec);
    test_shake(&pair);
    assert_true(atls_post_is_due(pair.client.ssl));
    assert_int_equal(SSL_clear(pair.client.ssl), 1);
    assert_false(atls_post_is_due(pair.client.ssl));
    assert_int_equal(atls_post_step(pair.client.ssl, &diag), ATLS_POST_FAILED);
    assert_err(diag.err, STATE);
    assert_true(SSL_in_before(pair.client.ssl));
    test_pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_gets_and_gives_nothing_before_the_end),
        cmocka_unit_test(a_write_that_shakes_hands_itself_sends_nothing),
        cmocka_unit_test(data_before_the_gate_end_the_connection),
        cmocka_unit_test(no_prefix_of_the_exchange_opens),
        cmocka_unit_test(a_peer_that_says_nothing_meets_the_deadline),
        cmocka_unit_test(what_comes_behind_the_deadline_is_not_read),
        cmocka_unit_test(a_peer_that_closes_says_why),
        cmocka_unit_test(there_is_no_exchange_before_the_end_of_the_handshake),
        cmocka_unit_test(the_gate_does_not_open_without_an_answer),
        cmocka_unit_test(a_reused_connection_object_has_to_exchange_again),
        cmocka_unit_test(a_step_on_a_connection_object_that_was_cleared_begins_nothing),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
