/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/http.h"

#include "base/span.h"
#include "svc/verifier/query.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_QUEUE = 1024, IDLE_S = 30, HEADER_MEMORY = 32 << 10, SMALL_BODY = 4096 };

enum stage { READING, TOO_LARGE, WAITING_FOR_ANSWER, ANSWERED };

/* One request, from its first line to its end. */
struct exchange {
    struct verifier_http *http;
    struct MHD_Connection *connection;
    void *peer; /* what the listener knows */
    char *target;
    enum stage stage;
    enum verifier_method method;
    bool begun; /* the headers have been looked at */
    uint8_t *body;
    size_t len, cap, max_body;
    size_t dropped; /* octets of a body that is too large */
    struct verifier_response response;
    struct exchange *next; /* in the queue */
};

struct verifier_http {
    struct MHD_Daemon *daemon;
    struct verifier_service *service;
    struct verifier_http_hooks hooks;
    unsigned num_threads;
    pthread_t *threads;
    pthread_mutex_t lock;          /* all below */
    pthread_cond_t queue_changed;  /* one request more, or the end: one thread is woken by one */
    pthread_cond_t drained;        /* `open` is 0 */
    struct exchange *first, *last; /* the queue */
    size_t queued;
    size_t open; /* requests of which the first line has come, and the end has not */
    bool draining, ending;
};

static void exchange_free(struct exchange *e)
{
    verifier_response_cleanup(&e->response);
    if (e->body != NULL) {
        atls_wipe(e->body, e->len);
    }
    free(e->body);
    free(e->target);
    free(e);
}

/* on_target is called when the first line has come; what it gives is the request's state. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct verifier_http *http = arg;
    struct exchange *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    e->http = http;
    e->connection = connection;
    e->target = strdup(target);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    e->peer = info != NULL ? info->socket_context : NULL;
    if (e->target == NULL || e->peer == NULL) {
        exchange_free(e);
        return NULL;
    }
    pthread_mutex_lock(&http->lock);
    http->open++;
    pthread_mutex_unlock(&http->lock);
    return e;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct verifier_http *http = arg;
    struct exchange *e = *state;
    (void)connection;
    (void)code;
    if (e == NULL) {
        return;
    }
    *state = NULL;
    http->hooks.answered(http->hooks.arg, e->peer);
    exchange_free(e);
    pthread_mutex_lock(&http->lock);
    if (--http->open == 0) {
        pthread_cond_signal(&http->drained);
    }
    pthread_mutex_unlock(&http->lock);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    const struct verifier_http *http = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context =
            info != NULL ? http->hooks.opened(http->hooks.arg, info->connect_fd) : NULL;
    } else if (*socket_context != NULL) {
        http->hooks.closed(http->hooks.arg, *socket_context);
        *socket_context = NULL;
    }
}

static enum verifier_method method_of(const char *method)
{
    static const struct {
        const char *name;
        enum verifier_method method;
    } methods[] = {{MHD_HTTP_METHOD_GET, VERIFIER_GET},
                   {MHD_HTTP_METHOD_HEAD, VERIFIER_GET},
                   {MHD_HTTP_METHOD_POST, VERIFIER_POST},
                   {MHD_HTTP_METHOD_DELETE, VERIFIER_DELETE}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(methods); i++) {
        if (strcmp(method, methods[i].name) == 0) {
            return methods[i].method;
        }
    }
    return VERIFIER_OTHER_METHOD;
}

static const char *header(const struct exchange *e, const char *name)
{
    return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result queue_response(struct exchange *e)
{
    struct verifier_response *r = &e->response;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->len, r->body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    if (r->type != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
    }
    for (size_t i = 0; i < r->num_headers; i++) {
        (void)MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
    }
    pthread_mutex_lock(&e->http->lock);
    const bool last = e->http->draining;
    pthread_mutex_unlock(&e->http->lock);
    if (last || e->stage == TOO_LARGE) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    const enum MHD_Result result = MHD_queue_response(e->connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}

/* refuse answers at once, without the routes. */
static enum MHD_Result refuse(struct exchange *e, unsigned status, const char *detail)
{
    verifier_problem(&e->response, status, detail);
    if (status == 429 || status == 503) {
        verifier_respond_header(&e->response, "Retry-After", "1");
        atomic_fetch_add(&e->http->service->metrics.requests_refused, 1);
    }
    verifier_metrics_request(&e->http->service->metrics, "other", status);
    e->stage = status == 413 ? TOO_LARGE : ANSWERED;
    return queue_response(e);
}

static void work_on(struct exchange *e)
{
    struct atls_bytes path = {NULL, 0}, query = {NULL, 0};
    struct verifier_peer peer = {NULL, NULL};
    const char *route = "other";
    e->http->hooks.describe(e->http->hooks.arg, e->peer, &peer);
    if (!verifier_target_split(atls_bytes_text(e->target), &path, &query)) {
        verifier_problem(&e->response, 400, "the request target is not a path");
    } else {
        const struct verifier_request request = {
            .method = e->method,
            .path = path,
            .query = query,
            .accept = header(e, MHD_HTTP_HEADER_ACCEPT),
            .content_type = header(e, MHD_HTTP_HEADER_CONTENT_TYPE),
            .authorization = header(e, MHD_HTTP_HEADER_AUTHORIZATION),
            .body = atls_bytes_of(e->body, e->len),
            .peer = peer.address,
            .certificate = peer.certificate,
        };
        verifier_service_answer(e->http->service, &request, &e->response, &route);
    }
    verifier_metrics_request(&e->http->service->metrics, route, e->response.status);
}

static void *work(void *arg)
{
    struct verifier_http *http = arg;
    pthread_mutex_lock(&http->lock);
    for (;;) {
        while (http->first == NULL && !http->ending) {
            pthread_cond_wait(&http->queue_changed, &http->lock);
        }
        struct exchange *e = http->first;
        if (e == NULL) {
            break;
        }
        http->first = e->next;
        http->last = http->first == NULL ? NULL : http->last;
        http->queued--;
        pthread_mutex_unlock(&http->lock);
        work_on(e);
        e->stage = ANSWERED;
        MHD_resume_connection(e->connection); /* the exchange belongs to MHD's thread again */
        pthread_mutex_lock(&http->lock);
    }
    pthread_mutex_unlock(&http->lock);
    return NULL;
}

static enum MHD_Result enqueue(struct exchange *e)
{
    struct verifier_http *http = e->http;
    pthread_mutex_lock(&http->lock);
    const bool full = http->queued >= MAX_QUEUE;
    if (!full) {
        e->stage = WAITING_FOR_ANSWER;
        e->next = NULL;
        MHD_suspend_connection(e->connection);
        if (http->last != NULL) {
            http->last->next = e;
        } else {
            http->first = e;
        }
        http->last = e;
        http->queued++;
        pthread_cond_signal(&http->queue_changed);
    }
    pthread_mutex_unlock(&http->lock);
    return full ? refuse(e, 503, "as many requests wait as may") : MHD_YES;
}

/* begin looks at what the headers say, before any body is read. */
static enum MHD_Result begin(struct exchange *e, const char *method)
{
    struct atls_bytes path, query;
    const char *text = header(e, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const unsigned long long announced = text != NULL ? strtoull(text, NULL, 10) : 0;
    e->begun = true;
    e->method = method_of(method);
    e->max_body = SMALL_BODY; /* of resources that take none: looked at by nobody */
    if (strlen(e->target) > VERIFIER_MAX_TARGET_LEN) {
        return refuse(e, 414, "the request target is too long");
    }
    if (verifier_target_split(atls_bytes_text(e->target), &path, &query)) {
        const size_t max = verifier_service_max_body(path);
        e->max_body = max > SMALL_BODY ? max : SMALL_BODY;
    }
    if (!e->http->hooks.allows(e->http->hooks.arg, e->peer)) {
        return refuse(e, 429, "more requests than this Verifier takes from one address");
    }
    return announced > e->max_body ? refuse(e, 413, "the body is too large") : MHD_YES;
}

/* drop_body: beyond the bound, as much again is read and dropped, so that a client that meant no
 * harm gets to see the 413. */
static enum MHD_Result drop_body(struct exchange *e, size_t *len)
{
    e->stage = TOO_LARGE;
    e->dropped += *len;
    *len = 0;
    return e->dropped > e->max_body + 65536 ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_body(struct exchange *e, const char *data, size_t *len)
{
    if (e->stage == TOO_LARGE || *len > e->max_body - e->len) {
        return drop_body(e, len);
    }
    if (e->len + *len > e->cap) {
        size_t cap = 2 * e->cap + *len;
        cap = cap > e->max_body ? e->max_body : cap;
        uint8_t *body = realloc(e->body, cap);
        if (body == NULL) {
            return MHD_NO;
        }
        e->body = body;
        e->cap = cap;
    }
    memcpy(e->body + e->len, data, *len);
    e->len += *len;
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct exchange *e = *state;
    (void)arg;
    (void)connection;
    (void)url;
    (void)version;
    if (e == NULL) {
        return MHD_NO; /* there was no memory when it began */
    }
    if (e->stage == ANSWERED) {
        return queue_response(e);
    }
    if (!e->begun) {
        return begin(e, method);
    }
    if (*len != 0) {
        return take_body(e, data, len);
    }
    return e->stage == TOO_LARGE ? refuse(e, 413, "the body is too large") : enqueue(e);
}

static bool start_threads(struct verifier_http *http, unsigned threads)
{
    pthread_attr_t attributes;
    http->threads = calloc(threads, sizeof *http->threads);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)1 << 20);
    while (http->threads != NULL && http->num_threads < threads &&
           pthread_create(&http->threads[http->num_threads], &attributes, work, http) == 0) {
        http->num_threads++;
    }
    pthread_attr_destroy(&attributes);
    return http->num_threads == threads;
}

/* The library's own complaints are of single connections: not for a log. */
static void ignore_message(void *arg, const char *format, va_list args)
{
    (void)arg;
    (void)format;
    (void)args;
}

enum atls_err verifier_http_new(struct verifier_http **out, struct verifier_service *service,
                                const struct verifier_http_hooks *hooks, unsigned threads,
                                unsigned max_connections, struct atls_diag *diag)
{
    struct verifier_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "http", NULL);
    }
    http->service = service;
    http->hooks = *hooks;
    pthread_mutex_init(&http->lock, NULL);
    pthread_cond_init(&http->queue_changed, NULL);
    pthread_cond_init(&http->drained, NULL);
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, ignore_message, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_LIMIT,
        max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (http->daemon == NULL || !start_threads(http, threads)) {
        verifier_http_free(http);
        return atls_fail_texts(diag, ATLS_ERR_STATE, "http", NULL, "libmicrohttpd does not start",
                               NULL);
    }
    *out = http;
    return ATLS_OK;
}

bool verifier_http_take(struct verifier_http *http, int fd, const struct sockaddr *address,
                        socklen_t len)
{
    return MHD_add_connection(http->daemon, fd, address, len) == MHD_YES;
}

void verifier_http_drain(struct verifier_http *http, int64_t deadline_ms)
{
    pthread_mutex_lock(&http->lock);
    http->draining = true;
    while (http->open != 0 && verifier_now_ms() < deadline_ms) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        (void)pthread_cond_timedwait(&http->drained, &http->lock, &until);
    }
    pthread_mutex_unlock(&http->lock);
}

void verifier_http_free(struct verifier_http *http)
{
    if (http == NULL) {
        return;
    }
    /* First the threads: a connection that is suspended has to be resumed before its daemon ends.
     */
    pthread_mutex_lock(&http->lock);
    http->ending = true;
    pthread_cond_broadcast(&http->queue_changed);
    pthread_mutex_unlock(&http->lock);
    for (unsigned i = 0; i < http->num_threads; i++) {
        pthread_join(http->threads[i], NULL);
    }
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    free(http->threads);
    pthread_cond_destroy(&http->drained);
    pthread_cond_destroy(&http->queue_changed);
    pthread_mutex_destroy(&http->lock);
    free(http);
}
