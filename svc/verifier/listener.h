/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own listener in front of HTTP: it accepts, does TLS where there is a context (so that the
 * Verifier itself can attest), and hands HTTP a socket without TLS. It bounds what a client can
 * hold: connections, requests a second, and the time from one answer to the end of the next
 * request.
 */
#ifndef SVC_VERIFIER_LISTENER_H
#define SVC_VERIFIER_LISTENER_H

#include "svc/verifier/http.h"

struct verifier_listener;
struct ssl_ctx_st;

struct verifier_listener_config {
    int fd;                     /* listening; stays the caller's */
    struct ssl_ctx_st *ssl_ctx; /* NULL: plain HTTP; borrowed */
    const char *per_source;     /* "N/s"; NULL: no bound */
    uint32_t handshake_timeout_ms;
    uint32_t request_timeout_ms; /* from one answer to the end of the next request */
    unsigned max_connections;
    unsigned threads;    /* that work on requests which come by themselves */
    unsigned appraisers; /* how many batches of Evidence are worked on */
    unsigned fetchers;   /* threads that wait for servers of collateral */
};

ATLS_NODISCARD enum atls_err verifier_listener_new(struct verifier_listener **out,
                                                   struct verifier_service *service,
                                                   const struct verifier_listener_config *config,
                                                   struct atls_diag *diag);
/* verifier_listener_stop accepts no more, waits for what has begun, and frees. False: a thread has
 * not ended in time, and goes on using the service; nothing is freed. */
ATLS_NODISCARD bool verifier_listener_stop(struct verifier_listener *listener, int64_t deadline_ms);
/* verifier_listener_replace_tls uses another context for new connections; gives the old one, which
 * is the caller's to free. */
struct ssl_ctx_st *verifier_listener_replace_tls(struct verifier_listener *listener,
                                                 struct ssl_ctx_st *ssl_ctx);

#endif
