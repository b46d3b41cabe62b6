/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes, and the pages about the service itself. */
#include "svc/verifier/service.h"

#include "base/span.h"
#include "svc/verifier/query.h"

#include <stdio.h>
#include <stdlib.h>

#define CR "/challenge-response/v1/"
#define EP "/endorsement-provisioning/v1/"
#define MA "/management/v1/"
#define WK "/.well-known/veraison/"

static const struct {
    const char *path;
    bool below; /* what follows the path is the name of one resource */
    unsigned methods;
    const char *allow;
    const char *name; /* in the metrics */
    size_t max_body;
    verifier_route *run;
} routes[] = {
    {CR "newSession", false, VERIFIER_POST, "POST", "newSession", 0, verifier_new_session},
    {CR "session/", true, VERIFIER_POST | VERIFIER_GET | VERIFIER_DELETE, "GET, POST, DELETE",
     "session", VERIFIER_MAX_EVIDENCE_BODY, verifier_session},
    {EP "submit", false, VERIFIER_POST, "POST", "submit", VERIFIER_MAX_CORIM_BODY, verifier_submit},
    {EP "submissions/", true, VERIFIER_GET | VERIFIER_DELETE, "GET, DELETE", "submit", 0,
     verifier_submission},
    {EP "endorsements", false, VERIFIER_GET, "GET", "submit", 0, verifier_list_endorsements},
    {EP "endorsements/", true, VERIFIER_DELETE, "DELETE", "submit", 0, verifier_withdraw},
    {WK "verification", false, VERIFIER_GET, "GET", "discovery", 0, verifier_discover_verification},
    {WK "provisioning", false, VERIFIER_GET, "GET", "discovery", 0, verifier_discover_provisioning},
    {WK "management", false, VERIFIER_GET, "GET", "discovery", 0, verifier_discover_management},
    {MA "policy/", true, VERIFIER_GET, "GET", "other", 0, verifier_show_policy},
    {MA "policies/", true, VERIFIER_GET, "GET", "other", 0, verifier_list_policies},
    {"/healthz", false, VERIFIER_GET, "GET", "other", 0, verifier_health},
    {"/status", false, VERIFIER_GET, "GET", "other", 0, verifier_show_status},
    {"/metrics", false, VERIFIER_GET, "GET", "other", 0, verifier_show_metrics},
};

/* find gives the row of a path, or the number of rows. */
static size_t find(struct atls_bytes path)
{
    size_t at = 0;
    struct atls_bytes rest;
    while (at < ATLS_ARRAY_LEN(routes) &&
           !(routes[at].below ? verifier_path_below(path, routes[at].path, &rest)
                              : atls_bytes_is_text(path, routes[at].path))) {
        at++;
    }
    return at;
}

size_t verifier_service_max_body(struct atls_bytes path)
{
    const size_t at = find(path);
    return at < ATLS_ARRAY_LEN(routes) ? routes[at].max_body : 0;
}

enum verifier_kind verifier_service_kind(enum verifier_method method, struct atls_bytes path)
{
    const size_t at = method == VERIFIER_POST ? find(path) : ATLS_ARRAY_LEN(routes);
    if (at == ATLS_ARRAY_LEN(routes)) {
        return VERIFIER_SINGLE;
    }
    return routes[at].run == verifier_new_session ? VERIFIER_OPENING
           : routes[at].run == verifier_session   ? VERIFIER_EVIDENCE
                                                  : VERIFIER_SINGLE;
}

void verifier_service_answer(struct verifier_service *service,
                             const struct verifier_request *request, struct verifier_response *out,
                             const char **out_route)
{
    const size_t at = find(request->path);
    *out_route = "other";
    if (at == ATLS_ARRAY_LEN(routes)) {
        verifier_problem(out, 404, "there is no such resource");
        return;
    }
    *out_route = routes[at].name;
    if ((routes[at].methods & (unsigned)request->method) == 0) {
        char sentence[80];
        (void)snprintf(sentence, sizeof sentence, "this resource takes %s, and no other method",
                       routes[at].allow);
        verifier_problem(out, 405, sentence);
        verifier_respond_header(out, "Allow", routes[at].allow);
        return;
    }
    routes[at].run(service, request, out);
    if (out->status == 0) {
        verifier_problem(out, 500, "the request has no answer");
    }
}

/* Healthy is who can complete a session: with a store, an appraiser and no order to stop. */
void verifier_health(struct verifier_service *s, const struct verifier_request *request,
                     struct verifier_response *out)
{
    struct atls_diag diag;
    struct verifier_crew_counts counts;
    (void)request;
    verifier_crew_count(s->crew, &counts);
    const enum atls_err err = verifier_store_ping(s->store, &diag);
    const bool ok = err == ATLS_OK && counts.available != 0 && !*s->stopping;
    verifier_respond_json(out, ok ? 200 : 503, "application/json",
                          json_pack("{s:s,s:s,s:I}", "status",
                                    ok             ? "ok"
                                    : *s->stopping ? "stopping"
                                                   : "failing",
                                    "store", err == ATLS_OK ? "ok" : "failing", "appraisers",
                                    (json_int_t)counts.available));
}

void verifier_show_metrics(struct verifier_service *s, const struct verifier_request *request,
                           struct verifier_response *out)
{
    struct verifier_crew_counts counts;
    struct verifier_session_counts sessions = {0, 0, 0, 0};
    struct verifier_gauges gauges = {.has_sessions = false};
    (void)request;
    verifier_crew_count(s->crew, &counts);
    gauges.has_sessions = verifier_store_ping(s->store, NULL) == ATLS_OK &&
                          verifier_session_count(s->store, &sessions, NULL) == ATLS_OK;
    gauges.sessions[0] = sessions.waiting;
    gauges.sessions[1] = sessions.processing;
    gauges.sessions[2] = sessions.complete;
    gauges.sessions[3] = sessions.failed;
    gauges.appraisers = counts.available;
    gauges.appraisers_busy = counts.busy;
    gauges.jobs = counts.jobs;
    gauges.jobs_lost = counts.lost;
    gauges.recycled = counts.recycled;
    gauges.replaced = counts.replaced;
    gauges.log_lines_lost = verifier_log_lost(s->log);
    pthread_mutex_lock(&s->index_lock);
    gauges.endorsements = verifier_index_count(s->index);
    pthread_mutex_unlock(&s->index_lock);
    char *text = verifier_metrics_text(&s->metrics, &gauges);
    if (text == NULL) {
        verifier_problem(out, 500, "there is not enough memory");
        return;
    }
    verifier_respond_text(out, 200, "text/plain; version=0.0.4", text);
    free(text);
}
