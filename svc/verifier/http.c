/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/http_exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { IDLE_S = 30, REST_MS = 1, HEADER_MEMORY = 8 << 10 };
/* Who has a connection may be sending its next request: it still has an answer, its last. */
enum { QUIET_MS = 200, DRAIN_LOOK_MS = 5 };

void verifier_http_wake(const struct verifier_http *http)
{
    const uint64_t one = 1;
    if (write(http->wake_fd, &one, sizeof one) != (ssize_t)sizeof one) {
        return; /* it is full of wakes */
    }
}

/* The library's own complaints are of single connections: not for a log. */
static void ignore_message(void *arg, const char *format, va_list args)
{
    (void)arg;
    (void)format;
    (void)args;
}

/* take_arrivals gives the daemon what the listener has brought. */
static void take_arrivals(struct verifier_http *http, struct verifier_arrival *arrivals)
{
    while (arrivals != NULL) {
        struct verifier_arrival *next = arrivals->next;
        if (MHD_add_connection(http->daemon, arrivals->fd,
                               (const struct sockaddr *)&arrivals->address,
                               arrivals->len) != MHD_YES) {
            http->hooks.closed(http->hooks.arg, arrivals->connection);
        }
        free(arrivals);
        arrivals = next;
    }
}

/* take_in takes over what others have left; false when it is over. */
static bool take_in(struct verifier_http *http)
{
    uint64_t count = 0;
    if (read(http->wake_fd, &count, sizeof count) < 0) {
        count = 0; /* somebody came in between, and was seen */
    }
    pthread_mutex_lock(&http->lock);
    struct verifier_arrival *arrivals = http->arrivals;
    struct verifier_exchange *answered = http->answered;
    const bool ending = http->ending;
    http->arrivals = NULL;
    http->answered = NULL;
    pthread_mutex_unlock(&http->lock);
    take_arrivals(http, arrivals);
    while (answered != NULL) {
        struct verifier_exchange *next = answered->next;
        answered->stage = ANSWERED;
        MHD_resume_connection(answered->connection);
        answered = next;
    }
    return !ending;
}

/* rest: while what comes could only wait, it is left where it is for a moment, so that more comes
 * together. Whoever has answers ends that. */
static void rest(const struct verifier_http *http)
{
    struct pollfd wake = {.fd = http->wake_fd, .events = POLLIN};
    if (verifier_work_is_full(http->work)) {
        (void)poll(&wake, 1, REST_MS);
    }
}

/* loop: all that is ready is read, and then goes to the threads at once. */
static void *loop(void *arg)
{
    struct verifier_http *http = arg;
    bool going_on = true;
    while (going_on) {
        MHD_UNSIGNED_LONG_LONG left = 0;
        int wait_ms = 1000;
        if (MHD_get_timeout(http->daemon, &left) == MHD_YES && left < 1000) {
            wait_ms = (int)left;
        }
        struct pollfd fds[2] = {{.fd = http->epoll_fd, .events = POLLIN},
                                {.fd = http->wake_fd, .events = POLLIN}};
        rest(http);
        if (poll(fds, 2, wait_ms) > 0 && fds[1].revents != 0) {
            going_on = take_in(http);
        }
        http->has_whole = false;
        (void)MHD_run(http->daemon);
        if (http->has_whole) {
            (void)MHD_run(http->daemon);
        }
        verifier_work_wake(http->work);
    }
    return NULL;
}

static struct MHD_Daemon *start_daemon(struct verifier_http *http, unsigned max_connections)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, verifier_on_request, http, MHD_OPTION_EXTERNAL_LOGGER, ignore_message, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, verifier_on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        verifier_on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, verifier_on_target, http,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_LIMIT,
        max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
        /* 1 would answer for us where Host is missing, with its head twice */
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_END);
}

enum atls_err verifier_http_new(struct verifier_http **out, struct verifier_service *service,
                                const struct verifier_http_hooks *hooks,
                                const struct verifier_work_config *work, unsigned max_connections,
                                struct atls_diag *diag)
{
    struct verifier_http *http = calloc(1, sizeof *http);
    struct verifier_work_config config = *work;
    if (http == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "http", NULL);
    }
    http->service = service;
    http->hooks = *hooks;
    config.run = verifier_work_on;
    config.arg = http;
    pthread_mutex_init(&http->lock, NULL);
    http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    http->daemon = start_daemon(http, max_connections);
    const union MHD_DaemonInfo *info =
        http->daemon != NULL ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    http->epoll_fd = info != NULL ? info->epoll_fd : -1;
    http->work = verifier_work_new(&config);
    http->has_thread = http->epoll_fd >= 0 && http->wake_fd >= 0 && http->work != NULL &&
                       pthread_create(&http->thread, NULL, loop, http) == 0;
    if (!http->has_thread) {
        verifier_http_free(http);
        return atls_fail_texts(diag, ATLS_ERR_STATE, "http", NULL, "libmicrohttpd does not start",
                               NULL);
    }
    *out = http;
    return ATLS_OK;
}

bool verifier_http_take(struct verifier_http *http, int fd, const struct sockaddr *address,
                        socklen_t len, void *connection)
{
    struct verifier_arrival *arrival =
        len <= sizeof arrival->address ? malloc(sizeof *arrival) : NULL;
    if (arrival == NULL) {
        close(fd);
        return false;
    }
    memset(&arrival->address, 0, sizeof arrival->address);
    memcpy(&arrival->address, address, len);
    arrival->fd = fd;
    arrival->len = len;
    arrival->connection = connection;
    pthread_mutex_lock(&http->lock);
    arrival->next = http->arrivals;
    http->arrivals = arrival;
    pthread_mutex_unlock(&http->lock);
    verifier_http_wake(http);
    return true;
}

void verifier_http_drain(struct verifier_http *http, int64_t deadline_ms)
{
    pthread_mutex_lock(&http->lock);
    http->draining = true;
    int64_t idle_ms = verifier_now_ms(); /* since when there was no request */
    for (int64_t now_ms = idle_ms; now_ms < deadline_ms; now_ms = verifier_now_ms()) {
        idle_ms = http->open != 0 ? now_ms : idle_ms;
        if (http->open == 0 && now_ms >= idle_ms + QUIET_MS) {
            break;
        }
        pthread_mutex_unlock(&http->lock);
        (void)poll(NULL, 0, DRAIN_LOOK_MS);
        pthread_mutex_lock(&http->lock);
    }
    pthread_mutex_unlock(&http->lock);
}

void verifier_http_free(struct verifier_http *http)
{
    if (http == NULL) {
        return;
    }
    /* First the threads that work: a connection that is suspended has to be resumed before its
     * daemon ends, and the loop does that once more. */
    verifier_work_stop(http->work);
    if (http->has_thread) {
        pthread_mutex_lock(&http->lock);
        http->ending = true;
        pthread_mutex_unlock(&http->lock);
        verifier_http_wake(http);
        pthread_join(http->thread, NULL);
    }
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    if (http->wake_fd >= 0) {
        close(http->wake_fd);
    }
    verifier_work_free(http->work);
    pthread_mutex_destroy(&http->lock);
    free(http);
}
