/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL writes to sockets without MSG_NOSIGNAL, so a server that goes away would end the process
 * of an application that has not thought of SIGPIPE. The signal goes to the thread that wrote:
 * between block and restore it is held back, and taken if it came.
 */
#ifndef NET_SIGPIPE_H
#define NET_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct net_sigpipe {
    sigset_t before;
    bool was_pending;
};

void net_sigpipe_block(struct net_sigpipe *shield);
void net_sigpipe_restore(const struct net_sigpipe *shield);

#endif
