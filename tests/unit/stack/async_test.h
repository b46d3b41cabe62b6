/* SPDX-License-Identifier: Apache-2.0 */
/* Connections under SSL_MODE_ASYNC, held up where the test wants. */
#ifndef UNIT_STACK_ASYNC_TEST_H
#define UNIT_STACK_ASYNC_TEST_H

#include "support/gated_attester.h"
#include "support/pair.h"

#include "atls/sim.h"

#include <openssl/async.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>

/* OpenSSL never frees the fiber of a connection that is freed while it is paused (3.0 to 3.5).
 * What is seen from here is no leak to LeakSanitizer. */
static ASYNC_JOB *paused_fibers[128];

static inline void note_fiber(int write_p, int version, int content_type, const void *buf,
                              size_t len, SSL *ssl, void *arg)
{
    ASYNC_JOB *fiber = ASYNC_get_current_job();
    size_t i = 0;
    while (paused_fibers[i] != NULL && paused_fibers[i] != fiber) {
        i++;
        assert_true(i < ATLS_ARRAY_LEN(paused_fibers));
    }
    paused_fibers[i] = fiber;
    atls_openssl_msg_callback(write_p, version, content_type, buf, len, ssl, arg);
}

static inline void make_async(SSL_CTX *ctx)
{
    SSL_CTX_set_mode(ctx, SSL_MODE_ASYNC);
    SSL_CTX_set_msg_callback(ctx, note_fiber);
}

/* wait_fd gives the one descriptor that a paused connection waits for. */
static inline int wait_fd(SSL *ssl)
{
    OSSL_ASYNC_FD fd = -1;
    size_t num = 0;
    assert_int_equal(SSL_get_all_async_fds(ssl, NULL, &num), 1);
    assert_int_equal(num, 1);
    assert_int_equal(SSL_get_all_async_fds(ssl, &fd, &num), 1);
    return fd;
}

/* becomes_readable waits for the descriptor; a test that waits in vain fails at 30 seconds. */
static inline bool becomes_readable(int fd)
{
    struct pollfd ready = {fd, POLLIN, 0};
    return poll(&ready, 1, 30000) == 1;
}

static inline bool is_readable(int fd)
{
    struct pollfd ready = {fd, POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
}

/* server_pauses brings a pair to where its server waits for its attester. */
static inline void server_pauses(struct test_pair *pair)
{
    test_step(&pair->client);
    test_step(&pair->server);
    assert_int_equal(pair->server.error, SSL_ERROR_WANT_ASYNC);
}

#endif
