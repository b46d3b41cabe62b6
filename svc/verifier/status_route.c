/* SPDX-License-Identifier: Apache-2.0 */
/* GET /status: who may see it, what is asked for it, and the headers that go with it. */
#include "svc/verifier/status_page.h"

#include "base/span.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "svc/verifier/query.h"
#include "svc/verifier/ignore.h"

#include <stdio.h>
#include <stdlib.h>

enum { ASK_SIGNER_MS = 1000 };

/* signer_answers asks for its public keys, which it gives at any time. */
static bool signer_answers(struct verifier_service *s)
{
    struct verifier_frame frame = {.payload = NULL};
    const enum atls_err err = verifier_crew_signer(s->crew, VERIFIER_KEYS, atls_bytes_of(NULL, 0),
                                                   &frame, verifier_now_ms() + ASK_SIGNER_MS, NULL);
    const bool answers = err == ATLS_OK && frame.type == VERIFIER_PUBLISHED;
    verifier_frame_cleanup(&frame);
    return answers;
}

/* read_endorsements: one that is replaced while it is read is left out. */
static void read_endorsements(struct verifier_status *out, struct verifier_service *s)
{
    size_t num = 0;
    pthread_mutex_lock(&s->index_lock);
    out->num_endorsements = verifier_index_count(s->index);
    verifier_index_newest(s->index, out->indexed, VERIFIER_SHOWN_ENDORSEMENTS, &num);
    pthread_mutex_unlock(&s->index_lock);
    for (size_t i = 0; i < num; i++) {
        struct verifier_endorsement *found = &out->endorsements[out->num_shown];
        bool is_found = false;
        if (verifier_endorsement_next(s->store, &is_found, found, out->indexed[i].generation - 1,
                                      false, NULL) != ATLS_OK) {
            return; /* the page says that the store does not answer */
        }
        if (is_found && found->generation == out->indexed[i].generation) {
            out->indexed[out->num_shown++] = out->indexed[i];
        } else {
            verifier_endorsement_cleanup(found);
        }
    }
}

static void collect(struct verifier_status *out, struct verifier_service *s)
{
    out->service = s;
    out->now_s = verifier_wall_s();
    out->has_store = verifier_store_ping(s->store, NULL) == ATLS_OK;
    out->has_signer = signer_answers(s);
    verifier_crew_count(s->crew, &out->crew);
    out->opened =
        verifier_metrics_opened_since(&s->metrics, verifier_wall_s(), VERIFIER_SESSION_TTL_S);
    out->has_sessions =
        out->has_store && verifier_session_count(s->store, &out->sessions, NULL) == ATLS_OK;
    if (out->has_store) {
        read_endorsements(out, s);
    }
    verifier_log_recent(s->log, VERIFIER_RECENT_VERDICT, out->verdicts, &out->num_verdicts);
    verifier_log_recent(s->log, VERIFIER_RECENT_EVENT, out->events, &out->num_events);
}

/* add_headers: the style is the one thing that the page may use, and it is named by its hash. */
static void add_headers(struct verifier_response *out)
{
    struct atls_digest digest;
    char policy[200];
    char *hash = NULL;
    if (atls_crypto_openssl()->hash(ATLS_ALG_SHA256, atls_bytes_text(verifier_status_style),
                                    &digest) == ATLS_OK) {
        hash = atls_base64_new(atls_digest_bytes(&digest));
    }
    (void)snprintf(policy, sizeof policy,
                   "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'; sandbox",
                   hash != NULL ? hash : "");
    free(hash);
    verifier_respond_header(out, "Content-Security-Policy", policy);
    verifier_respond_header(out, "X-Content-Type-Options", "nosniff");
    verifier_respond_header(out, "Referrer-Policy", "no-referrer");
    verifier_respond_header(out, "Cache-Control", "no-store");
}

void verifier_show_status(struct verifier_service *s, const struct verifier_request *request,
                          struct verifier_response *out)
{
    struct verifier_html html = {.data = NULL};
    if (!verifier_may_provision(s, request, out)) {
        return;
    }
    if (!verifier_accepts(request->accept, "text/html")) {
        verifier_problem(out, 406, "the status page is of type text/html");
        return;
    }
    struct verifier_status *status = calloc(1, sizeof *status);
    if (status == NULL) {
        verifier_problem(out, 500, "there is not enough memory");
        return;
    }
    collect(status, s);
    verifier_status_write(&html, status);
    for (size_t i = 0; i < status->num_shown; i++) {
        verifier_endorsement_cleanup(&status->endorsements[i]);
    }
    free(status);
    char *page = verifier_html_finish(&html);
    if (page == NULL) {
        verifier_problem(out, 500, "there is not enough memory");
        return;
    }
    verifier_respond_text(out, 200, "text/html; charset=utf-8", page);
    add_headers(out);
    free(page);
}
