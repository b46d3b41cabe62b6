/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection waits for a job: on a fiber (SSL_MODE_ASYNC) it goes back to the application
 * with SSL_ERROR_WANT_ASYNC and the job's eventfd among SSL_get_all_async_fds(3); else it polls. No
 * lock is held across either.
 */
#include "stack/openssl/adapter.h"

#include <errno.h>
#include <openssl/async.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>

static bool may_pause(void *connection)
{
    (void)connection;
    return ASYNC_get_current_job() != NULL;
}

static enum atls_err pause_fiber(const SSL *ssl, ASYNC_JOB *job, int fd, struct atls_diag *diag)
{
    /* The address of this table is our key among the wait fds of a connection. */
    ASYNC_WAIT_CTX *wait_ctx = ASYNC_get_wait_ctx(job);
    if (ASYNC_WAIT_CTX_set_wait_fd(wait_ctx, &openssl_stack_ops, fd, NULL, NULL) != 1) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "ASYNC_WAIT_CTX");
    }
    const int paused = ASYNC_pause_job();
    /* Where somebody up the stack has blocked pausing (ASYNC_block_pause), that returned at once,
     * which looks like an application that resumes without polling. Neither may spin. */
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    (void)poll(&ready, 1, 1);
    ASYNC_WAIT_CTX_clear_fd(wait_ctx, &openssl_stack_ops);
    if (openssl_prelude_is_cancelled(ssl)) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "OpenSSL", "connection", "one that is freed",
                               "one that goes on");
    }
    return paused == 1 ? ATLS_OK : atls_fail(diag, ATLS_ERR_CRYPTO, "OpenSSL", "ASYNC_pause_job");
}

static enum atls_err wait_for(void *connection, int fd, uint32_t timeout_ms, struct atls_diag *diag)
{
    ASYNC_JOB *job = ASYNC_get_current_job();
    if (job != NULL) {
        return pause_fiber(connection, job, fd, diag);
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, (int)timeout_ms) < 0 && errno != EINTR) {
        return atls_fail(diag, ATLS_ERR_STATE, "poll", NULL);
    }
    return ATLS_OK;
}

/* In TLS 1.3 a context of no octets is none (RFC 8446, 7.5), so that it is always said. */
static enum atls_err export_value(void *connection, const char *label, struct atls_bytes context,
                                  struct atls_buf out)
{
    static const unsigned char nothing[1];
    const unsigned char *octets = context.len != 0 ? context.data : nothing;
    ERR_set_mark();
    const int done = SSL_export_keying_material(connection, out.data, out.cap, label, strlen(label),
                                                octets, context.len, 1);
    ERR_pop_to_mark();
    return done == 1 ? ATLS_OK : ATLS_ERR_CRYPTO;
}

const struct atls_stack_ops openssl_stack_ops = {
    .name = "openssl",
    .may_pause = may_pause,
    .wait = wait_for,
    .export_value = export_value,
};
