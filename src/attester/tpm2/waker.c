/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/waker.h"

#include "attester/clock.h"

#include <openssl/async.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* One is kept in the ASYNC_WAIT_CTX of a connection until that is freed, as OpenSSL's own engines
 * do: an application that still polls a descriptor never meets a closed one, or its successor. */
struct atls_tpm_waker {
    atomic_uint refs;
    int fd;
};

/* The address tells our descriptor in an ASYNC_WAIT_CTX from those of others. */
static const char wait_key;

static void arm(const struct atls_tpm_waker *waker, struct timespec at, int flags)
{
    const struct itimerspec timer = {.it_value = at};
    (void)timerfd_settime(waker->fd, flags, &timer, NULL); /* fails for no timer that we make */
}

/* forget is called by OpenSSL when the connection is freed, perhaps while its job still runs. */
static void forget(ASYNC_WAIT_CTX *ctx, const void *key, OSSL_ASYNC_FD fd, void *waker)
{
    (void)ctx;
    (void)key;
    (void)fd;
    atls_tpm_waker_unref(waker);
}

static struct atls_tpm_waker *new_waker(ASYNC_WAIT_CTX *ctx)
{
    struct atls_tpm_waker *waker = malloc(sizeof *waker);
    if (waker == NULL) {
        return NULL;
    }
    atomic_init(&waker->refs, 1);
    waker->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (waker->fd < 0 ||
        ASYNC_WAIT_CTX_set_wait_fd(ctx, &wait_key, waker->fd, waker, forget) != 1) {
        atls_tpm_waker_unref(waker);
        return NULL;
    }
    return waker;
}

struct atls_tpm_waker *atls_tpm_waker_of_fiber(int64_t deadline_ms)
{
    ASYNC_JOB *fiber = ASYNC_get_current_job();
    ASYNC_WAIT_CTX *ctx = fiber != NULL ? ASYNC_get_wait_ctx(fiber) : NULL;
    if (ctx == NULL) {
        return NULL;
    }
    OSSL_ASYNC_FD fd;
    void *known = NULL;
    struct atls_tpm_waker *waker = NULL;
    if (ASYNC_WAIT_CTX_get_fd(ctx, &wait_key, &fd, &known) == 1) {
        waker = known;
    } else {
        waker = new_waker(ctx);
    }
    if (waker != NULL) {
        arm(waker, atls_attester_timespec(deadline_ms), TFD_TIMER_ABSTIME);
        atls_tpm_waker_ref(waker);
    }
    return waker;
}

struct atls_tpm_waker *atls_tpm_waker_ref(struct atls_tpm_waker *waker)
{
    atomic_fetch_add(&waker->refs, 1);
    return waker;
}

void atls_tpm_waker_unref(struct atls_tpm_waker *waker)
{
    if (waker != NULL && atomic_fetch_sub(&waker->refs, 1) == 1) {
        if (waker->fd >= 0) {
            close(waker->fd);
        }
        free(waker);
    }
}

void atls_tpm_waker_fire(struct atls_tpm_waker *waker)
{
    const struct timespec soon = {0, 1};
    arm(waker, soon, 0);
}

void atls_tpm_waker_pause(struct atls_tpm_waker *waker)
{
    ASYNC_pause_job();
    /* Where somebody up the stack has blocked pausing (ASYNC_block_pause), that returned at once,
     * which looks like an application that resumes without polling. Neither may spin. */
    struct pollfd ready = {waker->fd, POLLIN, 0};
    (void)poll(&ready, 1, 1);
}

void atls_tpm_waker_quiet(struct atls_tpm_waker *waker)
{
    const struct timespec never = {0, 0};
    arm(waker, never, 0);
}
