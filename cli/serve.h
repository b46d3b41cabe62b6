/* SPDX-License-Identifier: Apache-2.0 */
/* atls serve: what its main thread and those of its connections share. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "dtls_listen.h"
#include "options.h"
#include "passport_file.h"
#include "rate.h"
#include "setup.h"

#include <pthread.h>

struct cli_server {
    const struct cli_options *options;
    struct cli_setup setup;
    struct cli_rate *rate;
    struct cli_passport_watch passports;
    uint64_t max_handshakes;
    int listen_fd, signal_fd;
    struct cli_dtls_listener *datagrams; /* --dtls: has listen_fd; NULL on TCP */

    pthread_mutex_t lock; /* what is below */
    pthread_cond_t changed;
    size_t handshakes, connections;
    uint64_t served;
    int last_status;             /* of --once */
    struct cli_connection *open; /* so that SIGTERM can end them */
};

/* cli_serve_start gives a connection to a thread of its own; it is closed when that cannot be had.
 */
void cli_serve_start(struct cli_server *s, SSL *ssl, int fd, const char *peer);
/* cli_serve_no_memory says that there is none for a connection. */
void cli_serve_no_memory(const char *peer);
/* cli_serve_has is true while there is a connection of this peer's. */
bool cli_serve_has(struct cli_server *s, const char *peer);
/* cli_serve_end_all ends all connections, and waits for five seconds; false when one is left. */
bool cli_serve_end_all(struct cli_server *s);

#endif
