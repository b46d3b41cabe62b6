/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Veraison's challenge-response v1: newSession, and the session as a resource. What Evidence does
 * to it is in evidence_routes.c.
 */
#include "svc/verifier/service.h"

#include "base/span.h"
#include "svc/verifier/query.h"
#include "svc/verifier/result_form.h"
#include "svc/verifier/session_id.h"
#include "svc/verifier/session_page.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "signer";
static const char not_acceptable[] = "the response is of type " VERIFIER_SESSION_TYPE;

/* Requests that the signer answers together. */
struct opening {
    struct verifier_service *service;
    struct verifier_response *outs[VERIFIER_MAX_BATCH];
    size_t num;
    struct verifier_packer packer;
};

/* add takes a request that makes a session, or answers it. */
static void add(struct opening *opening, const struct verifier_pair *pair)
{
    struct verifier_nonce_query query;
    const char *why = NULL;
    if (!verifier_accepts(pair->request->accept, VERIFIER_SESSION_TYPE)) {
        verifier_problem(pair->out, 406, not_acceptable);
        return;
    }
    if (!verifier_query_nonce(&query, pair->request->query, &why)) {
        verifier_problem(pair->out, 400, why);
        return;
    }
    const struct verifier_open request = {
        .nonce_len = query.has_size ? query.size : 32,
        .nonce = atls_bytes_of(query.nonce, query.nonce_len),
        .ttl_s = VERIFIER_SESSION_TTL_S,
    };
    verifier_pack(&opening->packer, VERIFIER_OPEN, verifier_put_open, &request);
    opening->outs[opening->num++] = pair->out;
}

static void answer_new(const struct verifier_service *s, const struct verifier_opened *opened,
                       struct verifier_response *out)
{
    char id[VERIFIER_ID_TEXT_SIZE];
    char location[VERIFIER_ID_TEXT_SIZE + 16];
    struct verifier_shown shown = {.status = "waiting", .nonce = opened->nonce};
    int64_t end_s = 0;
    if (opened->why.err != ATLS_OK) {
        verifier_problem_of(out, &opened->why);
        return;
    }
    if (!verifier_session_id_write(id, opened->id, opened->nonce) ||
        !verifier_ticket_end(opened->id, &end_s)) {
        verifier_problem(out, 500, "the signer does not answer as it should");
        return;
    }
    shown.expiry_ms = end_s * 1000;
    verifier_show(out, 201, s, &shown);
    (void)snprintf(location, sizeof location, "session/%s", id);
    verifier_respond_header(out, "Location", location);
}

static enum atls_err take_opened(const struct opening *opening, const struct verifier_frame *frame,
                                 struct atls_diag *diag)
{
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    size_t found = 0;
    bool ok =
        frame->type == VERIFIER_BATCH &&
        verifier_unpack(items, &found, atls_bytes_of(frame->payload, frame->len)) == ATLS_OK &&
        found == opening->num;
    for (size_t i = 0; ok && i < opening->num; i++) {
        struct verifier_opened opened;
        ok = items[i].type == VERIFIER_OPENED &&
             verifier_opened_read(&opened, items[i].payload) == ATLS_OK;
        if (ok) {
            answer_new(opening->service, &opened, opening->outs[i]);
        }
    }
    return ok ? ATLS_OK : atls_fail(diag, ATLS_ERR_STATE, step, "answer");
}

/* open_sessions has the signer make ids and nonces. Nobody begins what could not be ended: so the
 * store is asked whether it is there. */
static enum atls_err open_sessions(struct opening *opening, struct atls_diag *diag)
{
    struct verifier_frame frame = {.payload = NULL};
    struct verifier_crew_batch jobs = {.num = (uint32_t)opening->num,
                                       .deadline_ms = verifier_now_ms() + VERIFIER_JOB_MS};
    enum atls_err err = verifier_store_ping(opening->service->store, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = verifier_pack_octets(&jobs.payload, &opening->packer);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, step, "request");
    }
    err = verifier_crew_sign(opening->service->crew, &jobs, &frame, diag);
    if (err == ATLS_OK) {
        err = take_opened(opening, &frame, diag);
    }
    verifier_frame_cleanup(&frame);
    return err;
}

void verifier_new_sessions(struct verifier_service *s, const struct verifier_pair *pairs,
                           size_t num)
{
    struct opening opening = {.service = s, .num = 0};
    struct atls_diag why;
    for (size_t i = 0; i < num && i < VERIFIER_MAX_BATCH; i++) {
        add(&opening, &pairs[i]);
    }
    const enum atls_err err = opening.num != 0 ? open_sessions(&opening, &why) : ATLS_OK;
    for (size_t i = 0; err != ATLS_OK && i < opening.num; i++) {
        verifier_problem_of(opening.outs[i], &why);
    }
    uint64_t opened = 0;
    for (size_t i = 0; i < opening.num; i++) {
        opened += opening.outs[i]->status == 201;
    }
    verifier_metrics_opened(&s->metrics, opened, verifier_wall_s());
    verifier_packer_cleanup(&opening.packer);
}

void verifier_new_session(struct verifier_service *s, const struct verifier_request *request,
                          struct verifier_response *out)
{
    const struct verifier_pair pair = {.request = request, .out = out};
    verifier_new_sessions(s, &pair, 1);
}

/* check asks the signer whether this is the id of a session that waits. Errors: NOT_FOUND. */
static enum atls_err check(struct verifier_service *s, const struct verifier_session_id *id,
                           struct atls_diag *diag)
{
    const struct verifier_check request = {atls_bytes_text(id->ticket),
                                           atls_bytes_of(id->nonce, id->nonce_len)};
    struct verifier_packer packer = {.data = NULL};
    struct verifier_frame frame = {.payload = NULL};
    struct verifier_packed items[VERIFIER_MAX_BATCH];
    struct verifier_text answer = {.why = {.err = ATLS_OK}};
    struct verifier_crew_batch jobs = {.num = 1,
                                       .deadline_ms = verifier_now_ms() + VERIFIER_JOB_MS};
    size_t num = 0;
    verifier_pack(&packer, VERIFIER_CHECK, verifier_put_check, &request);
    enum atls_err err = verifier_pack_octets(&jobs.payload, &packer);
    if (err == ATLS_OK) {
        err = verifier_crew_sign(s->crew, &jobs, &frame, diag);
    } else {
        err = atls_fail(diag, err, step, "request");
    }
    if (err == ATLS_OK &&
        (frame.type != VERIFIER_BATCH ||
         verifier_unpack(items, &num, atls_bytes_of(frame.payload, frame.len)) != ATLS_OK ||
         num != 1 || items[0].type != VERIFIER_CHECKED ||
         verifier_text_read(&answer, items[0].payload) != ATLS_OK)) {
        err = atls_fail(diag, ATLS_ERR_STATE, step, "answer");
    }
    if (err == ATLS_OK && answer.why.err != ATLS_OK) {
        err = atls_fail_texts(diag, ATLS_ERR_NOT_FOUND, "session", "id",
                              "none, or one that expired", "a session that is kept");
    }
    verifier_frame_cleanup(&frame);
    verifier_packer_cleanup(&packer);
    return err;
}

static void show_waiting(struct verifier_service *s, const struct verifier_session_id *id,
                         struct verifier_response *out)
{
    struct atls_diag why;
    const struct verifier_shown shown = {.status = "waiting",
                                         .nonce = atls_bytes_of(id->nonce, id->nonce_len),
                                         .expiry_ms = id->end_s * 1000};
    if (check(s, id, &why) == ATLS_OK) {
        verifier_show(out, 200, s, &shown);
    } else {
        verifier_problem_of(out, &why);
    }
}

static void show_kept(const struct verifier_service *s, const struct verifier_session *session,
                      struct verifier_response *out)
{
    const bool has_evidence = session->evidence_type != NULL;
    const struct verifier_shown shown = {
        .status = verifier_session_state_name(session->state),
        .nonce = session->nonce,
        .expiry_ms = session->expiry_ms,
        .evidence_type =
            has_evidence ? atls_bytes_text(session->evidence_type) : atls_bytes_of(NULL, 0),
        .evidence = session->evidence,
        .result = session->result,
    };
    verifier_show(out, session->state == VERIFIER_SESSION_PROCESSING ? 202 : 200, s, &shown);
}

/* get: what is not in the store is what its id says. */
static void get(struct verifier_service *s, const struct verifier_session_id *id,
                const struct verifier_form *form, struct verifier_response *out)
{
    struct atls_diag why;
    struct verifier_session session = {.memory = NULL};
    const enum atls_err err = verifier_session_get(s->store, &session, id->ticket, &why);
    const bool is_same = err == ATLS_OK && session.state != VERIFIER_SESSION_DELETED &&
                         atls_bytes_equal(session.nonce, atls_bytes_of(id->nonce, id->nonce_len));
    if (form->bare && (err == ATLS_ERR_NOT_FOUND || is_same)) {
        verifier_respond_result(out, form, is_same ? session.result : atls_bytes_of(NULL, 0));
    } else if (err == ATLS_ERR_NOT_FOUND) {
        show_waiting(s, id, out);
    } else if (err != ATLS_OK) {
        verifier_problem_of(out, &why);
    } else if (is_same) {
        show_kept(s, &session, out);
    } else {
        verifier_problem(out, 404, "there is no such session, or it was deleted");
    }
    verifier_session_cleanup(&session);
}

/* remove_session: while its id is good a mark must stay; afterwards nothing needs to. */
static void remove_session(struct verifier_service *s, const struct verifier_session_id *id,
                           struct verifier_response *out)
{
    struct atls_diag why;
    enum atls_err err = ATLS_OK;
    if (verifier_wall_s() >= id->end_s) {
        err = verifier_session_delete(s->store, id->ticket, &why);
    } else {
        err = check(s, id, &why);
        if (err == ATLS_OK) {
            err = verifier_session_bury(s->store, id->ticket,
                                        atls_bytes_of(id->nonce, id->nonce_len), id->end_s * 1000,
                                        (int64_t)VERIFIER_SESSION_TTL_S * 1000, &why);
        }
    }
    if (err == ATLS_OK) {
        verifier_respond_empty(out, 204);
    } else {
        verifier_problem_of(out, &why);
    }
}

void verifier_session(struct verifier_service *s, const struct verifier_request *request,
                      struct verifier_response *out)
{
    const struct verifier_pair pair = {.request = request, .out = out};
    struct verifier_session_id id;
    struct verifier_form form;
    struct atls_bytes text;
    if (request->method == VERIFIER_POST) {
        verifier_take_evidence(s, &pair, 1);
    } else if (request->method == VERIFIER_GET && !verifier_form_read(&form, request->accept)) {
        verifier_problem(out, 406, not_acceptable);
    } else if (!verifier_path_below(request->path, VERIFIER_SESSION_PATH, &text)) {
        verifier_problem(out, 404, "there is no such resource");
    } else if (!verifier_session_id_read(&id, text)) {
        verifier_problem(out, 400, "this is not the id of a session");
    } else if (request->method == VERIFIER_GET) {
        get(s, &id, &form, out);
    } else {
        remove_session(s, &id, out);
    }
}
