/* SPDX-License-Identifier: Apache-2.0 */
/* A session as JSON, with its members in the order in which the field writes them. */
#ifndef SVC_VERIFIER_SESSION_PAGE_H
#define SVC_VERIFIER_SESSION_PAGE_H

#include "svc/verifier/response.h"

#define VERIFIER_SESSION_TYPE "application/vnd.veraison.challenge-response-session+json"

struct verifier_service;

struct verifier_shown {
    const char *status;
    struct atls_bytes nonce;
    int64_t expiry_ms;
    struct atls_bytes evidence_type; /* data NULL: none is shown */
    struct atls_bytes evidence;
    struct atls_bytes result; /* empty: none */
};

/* verifier_show answers with a session. */
void verifier_show(struct verifier_response *out, unsigned status,
                   const struct verifier_service *service, const struct verifier_shown *shown);

#endif
