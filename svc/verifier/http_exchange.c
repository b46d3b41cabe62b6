/* SPDX-License-Identifier: Apache-2.0 */
/* One request over HTTP: read, put into the queue, worked on, answered. */
#include "svc/verifier/http_exchange.h"

#include "base/span.h"
#include "svc/verifier/batch.h"
#include "svc/verifier/http_framing.h"
#include "svc/verifier/query.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALL_BODY = 4096 };

static void exchange_free(struct verifier_exchange *e)
{
    verifier_response_cleanup(&e->response);
    if (e->body != NULL) {
        atls_wipe(e->body, e->len);
    }
    free(e->body);
    free(e);
}

/* on_target is called when the first line has come; what it gives is the request's state. */
void *verifier_on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct verifier_http *http = arg;
    const size_t len = strlen(target);
    struct verifier_exchange *e = malloc(sizeof *e + len + 1);
    if (e == NULL) {
        return NULL;
    }
    memset(e, 0, sizeof *e);
    memcpy(e->target, target, len + 1);
    e->target_len = len;
    e->has_path = verifier_target_split(atls_bytes_text(e->target), &e->path, &e->query);
    e->http = http;
    e->connection = connection;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    e->peer = info != NULL ? info->socket_context : NULL;
    if (e->peer == NULL) {
        exchange_free(e);
        return NULL;
    }
    pthread_mutex_lock(&http->lock);
    http->open++;
    pthread_mutex_unlock(&http->lock);
    return e;
}

void verifier_on_completed(void *arg, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode code)
{
    struct verifier_http *http = arg;
    struct verifier_exchange *e = *state;
    (void)connection;
    (void)code;
    if (e == NULL) {
        return;
    }
    *state = NULL;
    http->hooks.answered(http->hooks.arg, e->peer);
    exchange_free(e);
    pthread_mutex_lock(&http->lock);
    http->open--;
    pthread_mutex_unlock(&http->lock);
}

void verifier_on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
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

static const char *header(const struct verifier_exchange *e, const char *name)
{
    return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result queue_response(struct verifier_exchange *e)
{
    struct verifier_response *r = &e->response;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->len, r->body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        return MHD_NO;
    }
    r->body = NULL; /* it is the library's */
    r->len = 0;
    if (r->type != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
    }
    for (size_t i = 0; i < r->num_headers; i++) {
        (void)MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
    }
    pthread_mutex_lock(&e->http->lock);
    const bool last = e->http->draining;
    pthread_mutex_unlock(&e->http->lock);
    if (last || e->stage == TOO_LARGE || e->ends_connection) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    const enum MHD_Result result = MHD_queue_response(e->connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}

/* refuse answers at once, without the routes. */
static enum MHD_Result refuse(struct verifier_exchange *e, unsigned status, const char *detail)
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

static enum MHD_Result refuse_body(struct verifier_exchange *e)
{
    char sentence[80];
    (void)snprintf(sentence, sizeof sentence, "the body has more than the %zu octets that go here",
                   e->max_body);
    return refuse(e, 413, sentence);
}

/* A request as the routes see it, while they work on it. */
struct asked {
    struct verifier_request request;
    struct verifier_exchange *exchange;
};

static void describe(struct asked *asked, struct verifier_exchange *e)
{
    struct verifier_peer peer = {.address = NULL};
    e->http->hooks.describe(e->http->hooks.arg, e->peer, &peer);
    asked->exchange = e;
    asked->request = (struct verifier_request){
        .method = e->method,
        .path = e->path,
        .query = e->query,
        .accept = header(e, MHD_HTTP_HEADER_ACCEPT),
        .content_type = header(e, MHD_HTTP_HEADER_CONTENT_TYPE),
        .authorization = header(e, MHD_HTTP_HEADER_AUTHORIZATION),
        .body = atls_bytes_of(e->body, e->len),
        .peer = peer.address,
        .certificate = peer.certificate,
    };
}

static void work_on_one(struct verifier_http *http, struct asked *asked)
{
    struct verifier_request *request = &asked->request;
    struct verifier_response *out = &asked->exchange->response;
    const char *route = "other";
    if (!asked->exchange->has_path) {
        verifier_problem(out, 400, "the request target is not a path");
    } else {
        verifier_service_answer(http->service, request, out, &route);
    }
    verifier_metrics_request(&http->service->metrics, route, out->status);
}

/* work_on_many is for targets with a path: that is how their kind was found. */
static void work_on_many(struct verifier_http *http, enum verifier_kind kind, struct asked *asked,
                         size_t num)
{
    struct verifier_pair pairs[VERIFIER_MAX_BATCH] = {{.request = NULL}};
    const bool opening = kind == VERIFIER_OPENING;
    for (size_t i = 0; i < num; i++) {
        struct verifier_exchange *e = asked[i].exchange;
        pairs[i] = (struct verifier_pair){&asked[i].request, &e->response, e->fetch_until_ms};
    }
    (opening ? verifier_new_sessions : verifier_take_evidence)(http->service, pairs, num);
    for (size_t i = 0; i < num; i++) {
        struct verifier_response *out = &asked[i].exchange->response;
        if (out->is_parked) {
            continue;
        }
        if (out->status == 0) {
            verifier_problem(out, 500, "the request has no answer");
        }
        verifier_metrics_request(&http->service->metrics, opening ? "newSession" : "session",
                                 out->status);
    }
}

static struct verifier_exchange *exchange_of(struct verifier_job *job)
{
    void *start = (char *)job - offsetof(struct verifier_exchange, job);
    return start;
}

/* cannot_park answers for who has to wait where no place is left. */
static void cannot_park(struct verifier_exchange *e, bool is_greedy)
{
    struct verifier_metrics *metrics = &e->http->service->metrics;
    const unsigned status = is_greedy ? 429 : 503;
    atomic_fetch_sub(&metrics->fetching, 1);
    atomic_fetch_add(&metrics->requests_refused, 1);
    verifier_problem(&e->response, status,
                     is_greedy ? "as many requests from this address wait for servers of "
                                 "collateral as it leaves places for others"
                               : "as many requests wait for servers of collateral as may");
    verifier_respond_header(&e->response, "Retry-After", "5");
    verifier_metrics_request(metrics, "session", status);
}

/* park puts Evidence that has to wait for a server into the queue of those; false, and it has an
 * answer, when as many wait there as may. Who has put it there has it no more. */
static bool park(struct verifier_exchange *e)
{
    struct verifier_http *http = e->http;
    struct verifier_metrics *metrics = &http->service->metrics;
    struct verifier_peer peer = {.address = NULL};
    http->hooks.describe(http->hooks.arg, e->peer, &peer);
    e->response.is_parked = false;
    e->fetch_until_ms = verifier_now_ms() + VERIFIER_FETCH_MS;
    e->job.kind = VERIFIER_FETCHING;
    e->job.source = peer.source;
    atomic_fetch_add(&metrics->fetches, 1);
    atomic_fetch_add(&metrics->fetching, 1);
    const enum verifier_put put = verifier_work_put(http->work, &e->job);
    if (put == VERIFIER_PUT) {
        verifier_work_wake(http->work);
        return true;
    }
    cannot_park(e, put == VERIFIER_PUT_GREEDY);
    return false;
}

void verifier_work_on(void *arg, struct verifier_job **jobs, size_t num)
{
    struct verifier_http *http = arg;
    struct asked asked[VERIFIER_MAX_BATCH];
    for (size_t i = 0; i < num; i++) {
        describe(&asked[i], exchange_of(jobs[i]));
        if (jobs[i]->kind == VERIFIER_FETCHING) {
            atomic_fetch_sub(&http->service->metrics.fetching, 1);
        }
    }
    if (num == 1 && jobs[0]->kind == VERIFIER_SINGLE) {
        work_on_one(http, asked);
    } else {
        work_on_many(http, jobs[0]->kind, asked, num);
    }
    size_t answered = 0;
    for (size_t i = 0; i < num; i++) {
        if (!asked[i].exchange->response.is_parked || !park(asked[i].exchange)) {
            asked[answered++].exchange = asked[i].exchange;
        }
    }
    pthread_mutex_lock(&http->lock);
    const bool was_empty = http->answered == NULL;
    for (size_t i = 0; i < answered; i++) {
        asked[i].exchange->next = http->answered;
        http->answered = asked[i].exchange;
    }
    pthread_mutex_unlock(&http->lock);
    if (answered != 0 && was_empty) {
        verifier_http_wake(http);
    }
}

static enum MHD_Result enqueue(struct verifier_exchange *e)
{
    e->job.kind = e->has_path ? verifier_service_kind(e->method, e->path) : VERIFIER_SINGLE;
    if (verifier_work_put(e->http->work, &e->job) != VERIFIER_PUT) {
        return refuse(e, 503, "as many requests wait as may");
    }
    e->stage = WAITING_FOR_ANSWER; /* no thread changes it */
    MHD_suspend_connection(e->connection);
    return MHD_YES;
}

/*
 * become_whole waits for one call more. The library reads from a connection that is resumed when it
 * did so before it was suspended, and takes the end of input, which a client may send behind its
 * request, for the end of the client. After a call that neither suspends nor answers it expects no
 * input, and so the answer goes out before anything is read.
 */
static enum MHD_Result become_whole(struct verifier_exchange *e)
{
    e->stage = WHOLE;
    e->http->has_whole = true;
    return MHD_YES;
}

/* begin looks at what the headers say, before any body is read. */
static enum MHD_Result begin(struct verifier_exchange *e, const char *method, const char *version)
{
    const char *text = header(e, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const unsigned long long announced = text != NULL ? strtoull(text, NULL, 10) : 0;
    e->begun = true;
    e->method = method_of(method);
    e->max_body = SMALL_BODY; /* of resources that take none: looked at by nobody */
    if (e->target_len > VERIFIER_MAX_TARGET_LEN) {
        return refuse(e, 414, "the request target is too long");
    }
    if (e->has_path) {
        const size_t max = verifier_service_max_body(e->path);
        e->max_body = max > SMALL_BODY ? max : SMALL_BODY;
    }
    const char *fault = NULL;
    const unsigned refused = verifier_framing_check(e->connection, version, &fault);
    if (refused != 0) {
        e->ends_connection = true; /* where this request ends, the two sides may see differently */
        return refuse(e, refused, fault);
    }
    if (!e->http->hooks.allows(e->http->hooks.arg, e->peer)) {
        return refuse(e, 429, "more requests than this Verifier takes from one address");
    }
    return announced > e->max_body ? refuse_body(e) : MHD_YES;
}

/* drop_body: beyond the bound, as much again is read and dropped, so that a client that meant no
 * harm gets to see the 413. */
static enum MHD_Result drop_body(struct verifier_exchange *e, size_t *len)
{
    e->stage = TOO_LARGE;
    e->dropped += *len;
    *len = 0;
    return e->dropped > e->max_body + 65536 ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_body(struct verifier_exchange *e, const char *data, size_t *len)
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

enum MHD_Result verifier_on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *len, void **state)
{
    struct verifier_exchange *e = *state;
    (void)arg;
    (void)connection;
    (void)url;
    if (e == NULL) {
        return MHD_NO; /* there was no memory when it began */
    }
    if (e->stage == ANSWERED) {
        return queue_response(e);
    }
    if (!e->begun) {
        return begin(e, method, version);
    }
    if (*len != 0) {
        return take_body(e, data, len);
    }
    if (e->stage == TOO_LARGE) {
        return refuse_body(e);
    }
    return e->stage == READING ? become_whole(e) : enqueue(e);
}
