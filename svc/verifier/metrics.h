/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the service, and their text for Prometheus (exposition format 0.0.4). */
#ifndef SVC_VERIFIER_METRICS_H
#define SVC_VERIFIER_METRICS_H

#include "base/diag.h"
#include "result/vector.h"

#include <stdatomic.h>

enum verifier_route_kind {
    VERIFIER_ROUTE_NEW_SESSION,
    VERIFIER_ROUTE_SESSION,
    VERIFIER_ROUTE_SUBMIT,
    VERIFIER_ROUTE_DISCOVERY,
    VERIFIER_ROUTE_OTHER,
    VERIFIER_NUM_ROUTES
};
enum { VERIFIER_NUM_BUCKETS = 10, VERIFIER_OPENED_SECONDS = 256 };

struct verifier_metrics {
    atomic_ullong requests[VERIFIER_NUM_ROUTES][6]; /* by hundreds of the status */
    atomic_ullong verdicts[4];                      /* none, affirming, warning, contraindicated */
    atomic_ullong failed;                           /* sessions that broke */
    atomic_ullong taken_over;
    atomic_ullong endorsements_taken, endorsements_refused;
    atomic_ullong buckets[VERIFIER_NUM_BUCKETS + 1]; /* seconds of an appraisal, the last: above */
    atomic_ullong appraisal_us;
    atomic_ullong connections, connections_refused;
    atomic_llong connections_open;
    atomic_ullong requests_refused; /* 429 and 503 before a route saw them */
    atomic_llong fetching;          /* requests that wait for a thread that asks for collateral */
    atomic_ullong fetches, fetches_failed;
    /* Sessions that were opened in a second, by that modulo the number; the store does not know. */
    atomic_llong opened_s[VERIFIER_OPENED_SECONDS];
    atomic_ullong opened[VERIFIER_OPENED_SECONDS];
};

enum verifier_route_kind verifier_route_kind_of(const char *route);
void verifier_metrics_request(struct verifier_metrics *metrics, const char *route, unsigned status);
void verifier_metrics_verdict(struct verifier_metrics *metrics, enum atls_tier status,
                              uint64_t microseconds);

/* verifier_metrics_opened counts sessions that were opened at this node, and _opened_since gives
 * how many were in the last `seconds`. Whoever counts while a second begins may lose a few. */
void verifier_metrics_opened(struct verifier_metrics *metrics, uint64_t number, int64_t now_s);
uint64_t verifier_metrics_opened_since(const struct verifier_metrics *metrics, int64_t now_s,
                                       int64_t seconds);

/* What is not counted but read at the moment. */
struct verifier_gauges {
    uint64_t sessions[4]; /* waiting, processing, complete, failed */
    bool has_sessions;    /* false: the store did not answer */
    uint64_t endorsements;
    uint64_t log_lines_lost;
    uint64_t appraisers, appraisers_busy, jobs, jobs_lost, recycled, replaced;
};
/* verifier_metrics_text gives the page (caller: free); NULL without memory. */
char *verifier_metrics_text(struct verifier_metrics *metrics, const struct verifier_gauges *gauges);

#endif
