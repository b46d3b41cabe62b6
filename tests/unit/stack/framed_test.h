/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends whose data are framed, on a clock that the test moves. */
#ifndef UNIT_STACK_FRAMED_TEST_H
#define UNIT_STACK_FRAMED_TEST_H

#include "forger.h"

#include "stack/openssl/frames.h"

#include <openssl/err.h>
#include <poll.h>

static int64_t framed_time_ms = 1000000;

static inline int64_t framed_clock(void)
{
    return framed_time_ms;
}

/* framed_open shakes hands and runs the exchange; both ends are on the test's clock from then on.
 */
static inline struct test_pair framed_open(const struct test_world *world,
                                           const struct test_spec *client,
                                           const struct test_spec *server)
{
    struct test_exchange at_client, at_server;
    struct test_pair pair = test_pair_of_spec(world, client, server);
    test_shake(&pair);
    test_exchange(&pair, &at_client, &at_server);
    if (at_client.step != ATLS_POST_DONE || at_server.step != ATLS_POST_DONE) {
        fail_msg("%s; %s", test_sentence(&at_client.diag), test_sentence(&at_server.diag));
    }
    assert_true(atls_post_is_framed(pair.client.ssl) && atls_post_is_framed(pair.server.ssl));
    openssl_framed_set_clock(pair.client.ssl, framed_clock);
    openssl_framed_set_clock(pair.server.ssl, framed_clock);
    return pair;
}

/* framed_honest is what `machine` answers to a request of the client's, made by hand. */
static inline struct atls_bytes framed_honest(const struct test_pair *pair,
                                              const struct test_machine *machine,
                                              struct atls_bytes request)
{
    const struct forgery honest = {.finished = pair->server.ssl,
                                   .maker = ATLS_ROLE_SERVER,
                                   .bound = pair->server.ssl,
                                   .key = machine,
                                   .attester = machine};
    return forge(&honest, request);
}

/* framed_open_forged is framed_open with a server that speaks frame by frame, and so far honestly.
 */
static inline struct test_pair framed_open_forged(const struct test_world *world,
                                                  const uint32_t *reattest)
{
    const struct test_spec spec = {
        .requires = &world->server, .timing = ATLS_TIMING_POST, .reattest = reattest};
    SSL_CTX *client = test_enabled_ctx(world, NULL, &spec);
    SSL_CTX *server = forger_ctx(world, &world->server);
    struct test_pair pair = test_pair_of(client, server);
    struct test_exchange at = {.step = ATLS_POST_WANT_READ};
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    test_shake(&pair);
    test_exchange_step(&pair.client, &at);
    send_hello_of(&pair.server, (struct atls_frame_hello){.frames = true});
    (void)take_frame(&pair.server, ATLS_FRAME_HELLO);
    const struct atls_bytes request = take_frame(&pair.server, ATLS_FRAME_REQUEST);
    send_frame(&pair.server, ATLS_FRAME_AUTHENTICATOR,
               framed_honest(&pair, &world->server, request));
    send_frame(&pair.server, ATLS_FRAME_DONE, atls_bytes_of(NULL, 0));
    test_exchange_step(&pair.client, &at);
    assert_int_equal(at.step, ATLS_POST_DONE);
    (void)take_frame(&pair.server, ATLS_FRAME_DONE);
    openssl_framed_set_clock(pair.client.ssl, framed_clock);
    return pair;
}

/* framed_ask has the client ask such a server, and gives its request. */
static inline struct atls_bytes framed_ask(struct test_pair *pair)
{
    assert_err(atls_post_round(pair->client.ssl, NULL), OK);
    assert_int_equal(atls_post_run(pair->client.ssl, NULL), ATLS_POST_WANT_READ);
    return take_frame(&pair->server, ATLS_FRAME_REQUEST);
}

/* framed_run moves rounds on until nothing moves; the last step of each end is kept in it. */
static inline void framed_run(struct test_pair *pair)
{
    for (unsigned i = 0; i < 6; i++) {
        (void)!atls_post_run(pair->client.ssl, NULL);
        (void)!atls_post_run(pair->server.ssl, NULL);
    }
}

static inline void framed_send(struct test_end *from, const char *text)
{
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    if (atls_post_write(from->ssl, text, strlen(text), &len, &diag) != ATLS_POST_DONE) {
        fail_msg("%s", test_sentence(&diag));
    }
    assert_int_equal(len, strlen(text));
}

static inline void framed_expect(struct test_end *to, const char *text)
{
    char got[64] = "";
    size_t len = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    if (atls_post_read(to->ssl, got, sizeof got - 1, &len, &diag) != ATLS_POST_DONE) {
        fail_msg("%s", test_sentence(&diag));
    }
    assert_int_equal(len, strlen(text));
    assert_memory_equal(got, text, len);
}

static inline void framed_pass(struct test_pair *pair)
{
    framed_send(&pair->client, "there");
    framed_expect(&pair->server, "there");
    framed_send(&pair->server, "and back");
    framed_expect(&pair->client, "and back");
}

static inline uint64_t framed_accepted(const struct test_end *end)
{
    uint64_t accepted = 0, answered = 0;
    atls_post_rounds(end->ssl, &accepted, &answered);
    return accepted;
}

static inline uint64_t framed_answered(const struct test_end *end)
{
    uint64_t accepted = 0, answered = 0;
    atls_post_rounds(end->ssl, &accepted, &answered);
    return answered;
}

/* assert_framed_refused: this end fails with that sentence, its verdict refuses, nothing passes. */
#define assert_framed_refused(end, sentence)                                                       \
    do {                                                                                           \
        struct atls_diag refused_diag = {.err = ATLS_OK};                                          \
        char refused_octet = 'x';                                                                  \
        size_t refused_len = 1;                                                                    \
        assert_int_equal(atls_post_run((end)->ssl, &refused_diag), ATLS_POST_FAILED);              \
        assert_string_equal(test_sentence(&refused_diag), (sentence));                             \
        assert_int_equal(atls_openssl_verdict((end)->ssl)->state, ATLS_VERDICT_REFUSED);           \
        assert_string_equal(test_sentence(&atls_openssl_verdict((end)->ssl)->reason), (sentence)); \
        assert_int_equal(atls_post_write((end)->ssl, "x", 1, &refused_len, NULL),                  \
                         ATLS_POST_FAILED);                                                        \
        assert_int_equal(atls_post_read((end)->ssl, &refused_octet, 1, &refused_len, NULL),        \
                         ATLS_POST_FAILED);                                                        \
        assert_int_equal(refused_len, 0);                                                          \
        test_assert_shut(end);                                                                     \
    } while (0)

#endif
