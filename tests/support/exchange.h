/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange after the handshake, of two ends in memory (link room_stack). */
#ifndef SUPPORT_EXCHANGE_H
#define SUPPORT_EXCHANGE_H

#include "support/pair.h"

#include "atls/post.h"

/* What came of one end. */
struct test_exchange {
    enum atls_post_step step;
    struct atls_diag diag;
};

/* test_exchange_step runs one end on, unless it has ended. */
static inline void test_exchange_step(struct test_end *end, struct test_exchange *out)
{
    if (out->step == ATLS_POST_WANT_READ || out->step == ATLS_POST_WANT_WRITE) {
        out->step = atls_post_step(end->ssl, &out->diag);
    }
}

/* test_exchange runs both, after the handshake, until neither moves. */
static inline void test_exchange(struct test_pair *pair, struct test_exchange *client,
                                 struct test_exchange *server)
{
    memset(client, 0, sizeof *client);
    memset(server, 0, sizeof *server);
    client->step = server->step = ATLS_POST_WANT_READ;
    for (unsigned quiet = 0; quiet < 2;) {
        const uint64_t before = BIO_number_written(SSL_get_rbio(pair->client.ssl)) +
                                BIO_number_written(SSL_get_rbio(pair->server.ssl));
        test_exchange_step(&pair->client, client);
        test_exchange_step(&pair->server, server);
        const uint64_t after = BIO_number_written(SSL_get_rbio(pair->client.ssl)) +
                               BIO_number_written(SSL_get_rbio(pair->server.ssl));
        quiet = before == after ? quiet + 1 : 0;
    }
}

/* assert_exchanged: both ends are open, and data passes. */
#define assert_exchanged(pair)                                                                     \
    do {                                                                                           \
        struct test_exchange exchanged_client, exchanged_server;                                   \
        test_exchange((pair), &exchanged_client, &exchanged_server);                               \
        if (exchanged_client.step != ATLS_POST_DONE || exchanged_server.step != ATLS_POST_DONE) {  \
            print_error("client: %s\n", test_sentence(&exchanged_client.diag));                    \
            print_error("server: %s\n", test_sentence(&exchanged_server.diag));                    \
        }                                                                                          \
        assert_int_equal(exchanged_client.step, ATLS_POST_DONE);                                   \
        assert_int_equal(exchanged_server.step, ATLS_POST_DONE);                                   \
        assert_open(pair);                                                                         \
    } while (0)

/* assert_exchange_failed: this end refused, for this reason, and is shut. */
#define assert_exchange_failed(end, at, name, sentence)                                            \
    do {                                                                                           \
        assert_int_equal((at)->step, ATLS_POST_FAILED);                                            \
        assert_string_equal(test_sentence(&(at)->diag), (sentence));                               \
        assert_err((at)->diag.err, name);                                                          \
        test_assert_shut(end);                                                                     \
    } while (0)

#endif
