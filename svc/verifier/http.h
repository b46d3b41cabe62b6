/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libmicrohttpd, which gets connections that are open already. One thread reads and writes
 * all of them; a request that is complete waits, suspended, in a bounded queue for one of the
 * threads that do the work (work.h).
 */
#ifndef SVC_VERIFIER_HTTP_H
#define SVC_VERIFIER_HTTP_H

#include "svc/verifier/service.h"
#include "svc/verifier/work.h"

#include <sys/socket.h>

struct verifier_http;

/* What HTTP asks about the connection that a request came over. `found` is what the listener knows
 * of a socket that it handed over. */
struct verifier_peer {
    const char *address;
    const char *certificate; /* NULL: none */
    struct cli_source source;
};
struct verifier_http_hooks {
    void *arg;
    void *(*opened)(void *arg, int fd);            /* gives the connection */
    void (*closed)(void *arg, void *connection);   /* before the socket is closed */
    void (*answered)(void *arg, void *connection); /* a request has ended */
    void (*describe)(void *arg, void *connection, struct verifier_peer *out);
    bool (*allows)(void *arg, void *connection); /* within its rate */
};

ATLS_NODISCARD enum atls_err verifier_http_new(struct verifier_http **out,
                                               struct verifier_service *service,
                                               const struct verifier_http_hooks *hooks,
                                               const struct verifier_work_config *work,
                                               unsigned max_connections, struct atls_diag *diag);
/* verifier_http_take gives a socket away, in every case. When HTTP does not take it after all,
 * `connection` is told that it is closed. */
ATLS_NODISCARD bool verifier_http_take(struct verifier_http *http, int fd,
                                       const struct sockaddr *address, socklen_t len,
                                       void *connection);
/* verifier_http_drain waits until nothing is worked on, or `deadline_ms` has come. From then on
 * every answer closes its connection. */
void verifier_http_drain(struct verifier_http *http, int64_t deadline_ms);
void verifier_http_free(struct verifier_http *http);

#endif
