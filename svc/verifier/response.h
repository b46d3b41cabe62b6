/* SPDX-License-Identifier: Apache-2.0 */
/* A request as the routes see it, and what they answer: no HTTP library in sight. */
#ifndef SVC_VERIFIER_RESPONSE_H
#define SVC_VERIFIER_RESPONSE_H

#include "base/diag.h"

#include <jansson.h>

enum verifier_method {
    VERIFIER_GET = 1,
    VERIFIER_POST = 2,
    VERIFIER_DELETE = 4,
    VERIFIER_OTHER_METHOD = 8
};

/* Everything is borrowed for as long as the request is worked on; a text may be NULL. */
struct verifier_request {
    enum verifier_method method;
    struct atls_bytes path, query;
    const char *accept, *content_type, *authorization;
    struct atls_bytes body;
    const char *peer;        /* address and port */
    const char *certificate; /* subject of a client certificate that was verified; NULL: none */
};

enum { VERIFIER_MAX_RESPONSE_HEADERS = 4 };

/* All zero is no answer yet. */
struct verifier_response {
    unsigned status;
    bool is_parked;   /* none yet: it is to be worked on again, where it may wait */
    const char *type; /* a constant */
    char *body;       /* owned */
    size_t len;
    struct {
        const char *name; /* a constant */
        char *value;      /* owned */
    } headers[VERIFIER_MAX_RESPONSE_HEADERS];
    size_t num_headers;
};

void verifier_response_cleanup(struct verifier_response *response);
/* verifier_respond_json takes `value`; NULL (no memory) becomes a 500. */
void verifier_respond_json(struct verifier_response *out, unsigned status, const char *type,
                           json_t *value);
/* verifier_respond_octets takes `body`. */
void verifier_respond_octets(struct verifier_response *out, unsigned status, const char *type,
                             char *body, size_t len);
/* verifier_respond_text copies `text`. */
void verifier_respond_text(struct verifier_response *out, unsigned status, const char *type,
                           const char *text);
void verifier_respond_empty(struct verifier_response *out, unsigned status);
/* verifier_respond_header adds one; `name` is a constant. */
void verifier_respond_header(struct verifier_response *out, const char *name, const char *value);

/* verifier_problem answers with problem details (RFC 9457): type about:blank, so the title is that
 * of the status. */
void verifier_problem(struct verifier_response *out, unsigned status, const char *detail);
/* verifier_problem_of is the same with the sentence of `why`, and the status that goes with its
 * code: of the store and the processes, 404, 409, 500 or 503. */
void verifier_problem_of(struct verifier_response *out, const struct atls_diag *why);
/* verifier_status_title gives the reason phrase (RFC 9110, 15). */
const char *verifier_status_title(unsigned status);

#endif
