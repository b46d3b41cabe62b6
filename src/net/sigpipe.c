/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sigpipe.h"

#include <pthread.h>
#include <time.h>

static bool is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void net_sigpipe_block(struct net_sigpipe *shield)
{
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    shield->was_pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &pipe_only, &shield->before);
}

void net_sigpipe_restore(const struct net_sigpipe *shield)
{
    sigset_t pipe_only;
    const struct timespec now = {0, 0};
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (!shield->was_pending && is_pending()) {
        (void)sigtimedwait(&pipe_only, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &shield->before, NULL);
}
