/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP's loop (http.c) and its requests (http_exchange.c) share. */
#ifndef SVC_VERIFIER_HTTP_EXCHANGE_H
#define SVC_VERIFIER_HTTP_EXCHANGE_H

#include "svc/verifier/http.h"

#include <microhttpd.h>

/* WHOLE: all of it has come, and it goes to the threads with the next call (verifier_on_request).
 */
enum verifier_stage { READING, TOO_LARGE, WHOLE, WAITING_FOR_ANSWER, ANSWERED };

/* One request, from its first line to its end. */
struct verifier_exchange {
    struct verifier_http *http;
    struct MHD_Connection *connection;
    void *peer; /* what the listener knows */
    enum verifier_stage stage;
    enum verifier_method method;
    bool begun;           /* the headers have been looked at */
    bool ends_connection; /* nothing that comes behind it is read */
    uint8_t *body;
    size_t len, cap, max_body;
    size_t dropped; /* octets of a body that is too large */
    struct verifier_response response;
    int64_t fetch_until_ms; /* it waits for collateral until then; 0: it does not */
    struct verifier_job job;
    struct verifier_exchange *next; /* of those that are answered */
    bool has_path;                  /* the target is in origin form; its parts: */
    struct atls_bytes path, query;
    size_t target_len;
    char target[]; /* not longer than a header may be, as the library bounds it */
};

/* A connection that the listener hands over. */
struct verifier_arrival {
    int fd;
    struct sockaddr_storage address;
    socklen_t len;
    void *connection; /* what the listener knows */
    struct verifier_arrival *next;
};

struct verifier_http {
    struct MHD_Daemon *daemon;
    int epoll_fd; /* the daemon's */
    int wake_fd;  /* an eventfd, for those who come with something below */
    struct verifier_service *service;
    struct verifier_http_hooks hooks;
    struct verifier_work *work;
    pthread_t thread; /* the only one that calls the daemon */
    bool has_thread;
    bool has_whole;       /* of that thread: a request is WHOLE */
    pthread_mutex_t lock; /* all below */
    struct verifier_arrival *arrivals;
    struct verifier_exchange *answered;
    size_t open; /* requests of which the first line has come, and the end has not */
    bool draining, ending;
};

/* What libmicrohttpd calls, in the thread of the loop; `arg` is a struct verifier_http. */
void *verifier_on_target(void *arg, const char *target, struct MHD_Connection *connection);
void verifier_on_completed(void *arg, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode code);
void verifier_on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code);
enum MHD_Result verifier_on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *len, void **state);

/* verifier_work_on is called by the threads that work. Afterwards the exchanges are the loop's. */
void verifier_work_on(void *arg, struct verifier_job **jobs, size_t num);
/* verifier_http_wake has the loop look up. */
void verifier_http_wake(const struct verifier_http *http);

#endif
