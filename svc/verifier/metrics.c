/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/verifier/metrics.h"

#include "base/span.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const routes[VERIFIER_NUM_ROUTES] = {
    [VERIFIER_ROUTE_NEW_SESSION] = "newSession",
    [VERIFIER_ROUTE_SESSION] = "session",
    [VERIFIER_ROUTE_SUBMIT] = "submit",
    [VERIFIER_ROUTE_DISCOVERY] = "discovery",
    [VERIFIER_ROUTE_OTHER] = "other",
};

/* Upper bounds in microseconds. */
static const unsigned long long bounds[VERIFIER_NUM_BUCKETS] = {
    500, 1000, 2000, 5000, 10000, 25000, 50000, 100000, 500000, 2000000};

static const enum atls_tier tiers[4] = {ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
                                        ATLS_TIER_CONTRAINDICATED};

enum verifier_route_kind verifier_route_kind_of(const char *route)
{
    for (int i = 0; i < VERIFIER_NUM_ROUTES; i++) {
        if (route != NULL && atls_bytes_is_text(atls_bytes_text(route), routes[i])) {
            return (enum verifier_route_kind)i;
        }
    }
    return VERIFIER_ROUTE_OTHER;
}

void verifier_metrics_request(struct verifier_metrics *metrics, const char *route, unsigned status)
{
    const unsigned hundreds = status / 100 < 6 ? status / 100 : 5;
    atomic_fetch_add(&metrics->requests[verifier_route_kind_of(route)][hundreds], 1);
}

void verifier_metrics_verdict(struct verifier_metrics *metrics, enum atls_tier status,
                              uint64_t microseconds)
{
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tiers); i++) {
        if (tiers[i] == status) {
            atomic_fetch_add(&metrics->verdicts[i], 1);
        }
    }
    size_t at = 0;
    while (at < VERIFIER_NUM_BUCKETS && microseconds > bounds[at]) {
        at++;
    }
    atomic_fetch_add(&metrics->buckets[at], 1);
    atomic_fetch_add(&metrics->appraisal_us, microseconds);
}

/* A page that grows; once there is no memory, nothing more is written. */
struct page {
    char *text;
    size_t len, cap;
    bool failed;
};

static void put(struct page *page, const char *format, ...) ATLS_PRINTF(2, 3);
static void put(struct page *page, const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (page->failed || len < 0 || (size_t)len >= sizeof line) {
        page->failed = true;
        return;
    }
    if (page->len + (size_t)len + 1 > page->cap) {
        const size_t cap = 2 * page->cap + 4096;
        char *bigger = realloc(page->text, cap);
        if (bigger == NULL) {
            page->failed = true;
            return;
        }
        page->text = bigger;
        page->cap = cap;
    }
    memcpy(page->text + page->len, line, (size_t)len + 1);
    page->len += (size_t)len;
}

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    put(page, "# HELP atls_verifier_%s %s\n# TYPE atls_verifier_%s %s\n", name, help, name, type);
}

static void one(struct page *page, const char *name, const char *type, const char *help,
                uint64_t value)
{
    head(page, name, type, help);
    put(page, "atls_verifier_%s %" PRIu64 "\n", name, value);
}

static void put_requests(struct page *page, struct verifier_metrics *m)
{
    head(page, "requests_total", "counter", "Requests that were answered.");
    for (int route = 0; route < VERIFIER_NUM_ROUTES; route++) {
        for (unsigned hundreds = 2; hundreds < 6; hundreds++) {
            put(page, "atls_verifier_requests_total{route=\"%s\",status=\"%uxx\"} %llu\n",
                routes[route], hundreds, atomic_load(&m->requests[route][hundreds]));
        }
    }
    one(page, "requests_refused_total", "counter", "Requests beyond the bounds of rate or queue.",
        atomic_load(&m->requests_refused));
}

static void put_appraisals(struct page *page, struct verifier_metrics *m)
{
    unsigned long long sum = 0;
    head(page, "verdicts_total", "counter", "Results by their worst status.");
    for (size_t i = 0; i < ATLS_ARRAY_LEN(tiers); i++) {
        put(page, "atls_verifier_verdicts_total{status=\"%s\"} %llu\n", atls_tier_name(tiers[i]),
            atomic_load(&m->verdicts[i]));
    }
    head(page, "appraisal_seconds", "histogram", "From the Evidence to the signed Result.");
    for (size_t i = 0; i <= VERIFIER_NUM_BUCKETS; i++) {
        sum += atomic_load(&m->buckets[i]);
        if (i < VERIFIER_NUM_BUCKETS) {
            put(page, "atls_verifier_appraisal_seconds_bucket{le=\"%g\"} %llu\n",
                (double)bounds[i] / 1e6, sum);
        }
    }
    put(page,
        "atls_verifier_appraisal_seconds_bucket{le=\"+Inf\"} %llu\n"
        "atls_verifier_appraisal_seconds_sum %.6f\natls_verifier_appraisal_seconds_count %llu\n",
        sum, (double)atomic_load(&m->appraisal_us) / 1e6, sum);
    one(page, "sessions_failed_total", "counter", "Sessions whose processing broke.",
        atomic_load(&m->failed));
    one(page, "sessions_taken_over_total", "counter", "Sessions that another node had begun.",
        atomic_load(&m->taken_over));
}

static void put_sessions(struct page *page, const struct verifier_gauges *g)
{
    static const char *const states[4] = {"waiting", "processing", "complete", "failed"};
    one(page, "store_up", "gauge", "1 while the store answers.", g->has_sessions);
    if (!g->has_sessions) {
        return;
    }
    head(page, "sessions", "gauge", "Sessions in the store.");
    for (size_t i = 0; i < 4; i++) {
        put(page, "atls_verifier_sessions{state=\"%s\"} %" PRIu64 "\n", states[i], g->sessions[i]);
    }
}

void verifier_metrics_opened(struct verifier_metrics *metrics, uint64_t number, int64_t now_s)
{
    const size_t at = (size_t)now_s % VERIFIER_OPENED_SECONDS;
    if (atomic_exchange(&metrics->opened_s[at], now_s) != now_s) {
        atomic_store(&metrics->opened[at], 0);
    }
    atomic_fetch_add(&metrics->opened[at], number);
}

uint64_t verifier_metrics_opened_since(const struct verifier_metrics *metrics, int64_t now_s,
                                       int64_t seconds)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < VERIFIER_OPENED_SECONDS; i++) {
        const int64_t second = atomic_load(&metrics->opened_s[i]);
        sum += second > now_s - seconds && second <= now_s ? atomic_load(&metrics->opened[i]) : 0;
    }
    return sum;
}

char *verifier_metrics_text(struct verifier_metrics *m, const struct verifier_gauges *g)
{
    struct page page = {.text = NULL};
    const long long open = atomic_load(&m->connections_open);
    const long long fetching = atomic_load(&m->fetching);
    put_requests(&page, m);
    put_appraisals(&page, m);
    put_sessions(&page, g);
    one(&page, "endorsements", "gauge", "Endorsements that are in use.", g->endorsements);
    one(&page, "endorsements_taken_total", "counter", "Submissions that were taken.",
        atomic_load(&m->endorsements_taken));
    one(&page, "endorsements_refused_total", "counter", "Submissions that were refused.",
        atomic_load(&m->endorsements_refused));
    one(&page, "appraisers", "gauge", "Appraisers that are there.", g->appraisers);
    one(&page, "appraisers_busy", "gauge", "Appraisers that have a job.", g->appraisers_busy);
    one(&page, "appraiser_jobs_total", "counter", "Jobs that appraisers have answered.", g->jobs);
    one(&page, "appraiser_jobs_lost_total", "counter", "Jobs whose helper ended with them.",
        g->jobs_lost);
    one(&page, "appraisers_recycled_total", "counter", "Appraisers that had done all their jobs.",
        g->recycled);
    one(&page, "appraisers_replaced_total", "counter", "Appraisers that came after the first.",
        g->replaced);
    one(&page, "collateral_waiting", "gauge",
        "Evidence that waits for its turn to have collateral fetched.",
        fetching > 0 ? (uint64_t)fetching : 0);
    one(&page, "collateral_waits_total", "counter",
        "Evidence for which a server of collateral was to be asked.", atomic_load(&m->fetches));
    one(&page, "collateral_failures_total", "counter",
        "Evidence that had no Result since a server of collateral did not answer.",
        atomic_load(&m->fetches_failed));
    one(&page, "log_lines_lost_total", "counter", "Lines of the log that nobody took.",
        g->log_lines_lost);
    one(&page, "connections_total", "counter", "Connections that were accepted.",
        atomic_load(&m->connections));
    one(&page, "connections_refused_total", "counter",
        "Connections beyond the bounds, or without TLS.", atomic_load(&m->connections_refused));
    one(&page, "connections_open", "gauge", "Connections that are open.",
        open > 0 ? (uint64_t)open : 0);
    if (page.failed) {
        free(page.text);
        return NULL;
    }
    return page.text;
}
