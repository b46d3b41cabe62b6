/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page: what the service does and did, for a person. One document, read only, without
 * scripts and without anything from elsewhere. No id of a session is on it, no nonce, no Evidence.
 */
#ifndef SVC_VERIFIER_STATUS_PAGE_H
#define SVC_VERIFIER_STATUS_PAGE_H

#include "svc/verifier/html.h"
#include "svc/verifier/service.h"

enum { VERIFIER_SHOWN_ENDORSEMENTS = 200 };

/* What the page shows, as of one moment. */
struct verifier_status {
    const struct verifier_service *service;
    int64_t now_s;
    bool has_store, has_signer;
    struct verifier_crew_counts crew;
    bool has_sessions;
    struct verifier_session_counts sessions;
    uint64_t opened;         /* at this node, and not ended; those that wait are not in the store */
    size_t num_endorsements; /* all */
    struct verifier_indexed indexed[VERIFIER_SHOWN_ENDORSEMENTS];
    struct verifier_endorsement endorsements[VERIFIER_SHOWN_ENDORSEMENTS]; /* owned, no content */
    size_t num_shown;
    struct verifier_recent_item verdicts[VERIFIER_RECENT], events[VERIFIER_RECENT];
    size_t num_verdicts, num_events;
};

extern const char verifier_status_style[];

/* verifier_status_write writes the whole page. */
void verifier_status_write(struct verifier_html *html, const struct verifier_status *status);

#endif
