/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are resumed: a client that keeps the newest session, and clocks that are set. */
#ifndef UNIT_STACK_RESUME_TEST_H
#define UNIT_STACK_RESUME_TEST_H

#include "tickets.h"

#include "atls/sim.h"

#include <openssl/err.h>
#include <time.h>

static struct test_world *world;
static int64_t client_skew_s, server_skew_s; /* what the clocks are ahead */

static inline int64_t skewed_clock(void *arg)
{
    return (int64_t)time(NULL) + *(const int64_t *)arg;
}

static inline void forget_session(void)
{
    SSL_SESSION_free(kept);
    kept = NULL;
    num_tickets = 0;
    num_psk_offers = 0;
    client_skew_s = 0;
    server_skew_s = 0;
}

/* What each side attests with and requires, by one letter each: "s": the server attests, and the
 * client requires it; "c": the other way; "b": both; "-": nobody. */
static inline struct test_spec resuming(bool is_server, char who)
{
    const bool server_attests = who == 's' || who == 'b', client_attests = who == 'c' || who == 'b';
    struct test_spec spec = {.resume = true,
                             .clock = skewed_clock,
                             .clock_arg = is_server ? &server_skew_s : &client_skew_s};
    if (is_server ? server_attests : client_attests) {
        spec.attests = is_server ? &world->server : &world->client;
    }
    if (is_server ? client_attests : server_attests) {
        spec.requires = is_server ? &world->client : &world->server;
    }
    return spec;
}

static inline void keep_on(SSL_CTX *client)
{
    SSL_CTX_sess_set_new_cb(client, keep_session);
    SSL_CTX_set_msg_callback(client, count_messages);
}

static inline SSL_CTX *resuming_ctx(bool is_server, const struct test_spec *spec)
{
    SSL_CTX *ctx = test_enabled_ctx(world, is_server ? &world->server : &world->client, spec);
    if (!is_server) {
        keep_on(ctx);
    }
    return ctx;
}

/* A client and a server, each by its spec. */
struct sides {
    SSL_CTX *client, *server;
};

static inline struct sides sides_of(char who)
{
    const struct test_spec client = resuming(false, who), server = resuming(true, who);
    const struct sides sides = {resuming_ctx(false, &client), resuming_ctx(true, &server)};
    return sides;
}

static inline void sides_free(struct sides *sides)
{
    SSL_CTX_free(sides->client);
    SSL_CTX_free(sides->server);
    forget_session();
}

static inline struct test_pair begin_with(const struct sides *sides, SSL_SESSION *session)
{
    struct test_pair pair = test_pair_of(sides->client, sides->server);
    if (session != NULL) {
        assert_int_equal(SSL_set_session(pair.client.ssl, session), 1);
    }
    return pair;
}

/* end_well: else OpenSSL forgets the session as a bad one. */
static inline void end_well(struct test_pair *pair)
{
    SSL_set_shutdown(pair->client.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(pair->server.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    test_pair_free(pair);
}

/* connect_with does one handshake that ends well, with a session or without, and says whether both
 * sides resumed it; the client has read its ticket. */
static inline bool connect_with(const struct sides *sides, SSL_SESSION *session)
{
    struct test_pair pair = begin_with(sides, session);
    test_shake(&pair);
    assert_open(&pair);
    const bool client = atls_openssl_verdict(pair.client.ssl)->resumed;
    const bool server = atls_openssl_verdict(pair.server.ssl)->resumed;
    assert_true(client == server);
    assert_int_equal(SSL_session_reused(pair.client.ssl), client);
    end_well(&pair);
    return client;
}

/* first_session is a full handshake, after which a session is kept. */
static inline void first_session(const struct sides *sides)
{
    assert_false(connect_with(sides, NULL));
    assert_non_null(kept);
}

/* take_kept hands the kept session over; the caller frees it. */
static inline SSL_SESSION *take_kept(void)
{
    SSL_SESSION *session = kept;
    assert_non_null(session);
    kept = NULL;
    num_psk_offers = 0;
    return session;
}

static inline int resume_start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static inline int resume_stop(void **state)
{
    (void)state;
    forget_session();
    return 0;
}

#endif
