/* SPDX-License-Identifier: Apache-2.0 */
/* One question after the other to a service, all of them within one deadline. */
#ifndef VERIFIER_LINE_H
#define VERIFIER_LINE_H

#include "atls/fetcher.h"
#include "verifier/operations.h"
#include "verifier/service_url.h"

struct verifier_line {
    const struct atls_fetcher_ops *ops;
    struct atls_fetcher *fetcher;
    const struct verifier_service_url *url; /* for sentences: who is asked */
    const struct atls_verifier_wait *wait;
};

/* Whether a question may be asked once more when it is not known what came of it. */
enum verifier_repeat {
    VERIFIER_ASK_ONCE = 0, /* only if nothing of it left */
    VERIFIER_ASK_AGAIN     /* it changes nothing, or nothing that matters */
};

/*
 * verifier_ask gives the answer to request (whose timeout_ms is not looked at), whatever its
 * status; the caller frees out->body. A service that is down, or busy (429, 502, 503, 504), is
 * asked up to three times where `repeat` lets it be. `what` is the claim of sentences.
 * VERIFIER_UNREACHABLE, _TIMEOUT, _IDENTITY or _ANSWER; CANCELLED when nobody waits any more.
 */
ATLS_NODISCARD enum atls_err verifier_ask(struct atls_fetch_answer *out,
                                          const struct verifier_line *line, const char *what,
                                          const struct atls_fetch_request *request,
                                          enum verifier_repeat repeat, struct atls_diag *diag);

/* verifier_pause sleeps, if the deadline lets it: VERIFIER_TIMEOUT at once when it does not. */
ATLS_NODISCARD enum atls_err verifier_pause(const struct verifier_line *line, const char *what,
                                            int64_t pause_ms, struct atls_diag *diag);

/* verifier_refuse_status is VERIFIER_ANSWER for a status, with what the service said about it
 * (RFC 9457). */
enum atls_err verifier_refuse_status(const struct atls_fetch_answer *answer, const char *what,
                                     const char *expected, struct atls_diag *diag);

#endif
