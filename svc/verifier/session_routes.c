/* SPDX-License-Identifier: Apache-2.0 */
/* Veraison's challenge-response v1: newSession, and the session as a resource. */
#include "svc/verifier/service.h"

#include "base/rfc3339.h"
#include "base/span.h"
#include "json/base64.h"
#include "json/output.h"
#include "svc/verifier/query.h"
#include "svc/verifier/ticket.h"

#include <stdio.h>
#include <stdlib.h>

#define SESSION_TYPE "application/vnd.veraison.challenge-response-session+json"

static const char not_acceptable[] = "the response is of type " SESSION_TYPE;

/* expiry_text writes RFC 3339 with milliseconds, in UTC. */
static void expiry_text(char out[40], int64_t ms)
{
    char seconds[ATLS_RFC3339_LEN];
    atls_rfc3339_write(seconds, ms / 1000);
    (void)snprintf(out, 40, "%.19s.%03dZ", seconds, (int)(ms % 1000));
}

static json_t *base64url(struct atls_bytes octets)
{
    char *text = atls_base64url_new(octets);
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value;
}

static json_t *evidence_json(const struct verifier_session *session)
{
    char *text = atls_base64_new(session->evidence);
    json_t *value = text != NULL
                        ? json_pack("{s:o,s:s}", "type", atls_output_text(session->evidence_type),
                                    "value", text)
                        : NULL;
    free(text);
    return value;
}

/* session_json gives the members in the order in which the field writes them. */
static json_t *session_json(const struct verifier_session *session)
{
    char expiry[40];
    json_t *accept = json_array();
    json_t *object = json_object();
    expiry_text(expiry, session->expiry_ms);
    bool ok = json_object_set_new(object, "status",
                                  json_string(verifier_session_state_name(session->state))) == 0 &&
              json_object_set_new(object, "nonce", base64url(session->nonce)) == 0 &&
              json_object_set_new(object, "expiry", json_string(expiry)) == 0 &&
              json_object_set(object, "accept", accept) == 0;
    for (size_t i = 0; i < session->num_accept; i++) {
        ok = ok && json_array_append_new(accept, json_string(session->accept[i])) == 0;
    }
    json_decref(accept);
    if (session->evidence_type != NULL) {
        ok = ok && json_object_set_new(object, "evidence", evidence_json(session)) == 0;
    }
    if (session->result.len != 0) {
        ok = ok && json_object_set_new(
                       object, "result",
                       json_stringn((const char *)session->result.data, session->result.len)) == 0;
    }
    if (!ok) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* open_session has the signer make an id and a nonce; spans borrow `frame`. */
static enum atls_err open_session(struct verifier_opened *out, struct verifier_frame *frame,
                                  struct verifier_service *s,
                                  const struct verifier_nonce_query *query, struct atls_diag *diag)
{
    const struct verifier_open request = {
        .nonce_len = query->has_size ? query->size : 32,
        .nonce = atls_bytes_of(query->nonce, query->nonce_len),
        .ttl_s = VERIFIER_SESSION_TTL_S,
    };
    struct verifier_octets octets = {NULL, 0};
    enum atls_err err = verifier_open_write(&octets, &request);
    if (err != ATLS_OK) {
        return atls_fail(diag, err, "signer", "request");
    }
    err = verifier_crew_signer(s->crew, VERIFIER_OPEN, atls_bytes_of(octets.data, octets.len),
                               frame, verifier_now_ms() + VERIFIER_JOB_MS, diag);
    free(octets.data);
    if (err == ATLS_OK &&
        (frame->type != VERIFIER_OPENED ||
         verifier_opened_read(out, atls_bytes_of(frame->payload, frame->len)) != ATLS_OK)) {
        err = atls_fail(diag, ATLS_ERR_STATE, "signer", "answer");
    }
    if (err == ATLS_OK && out->why.err != ATLS_OK) {
        *diag = out->why;
        err = out->why.err;
    }
    return err;
}

static void answer_new(struct verifier_service *s, const struct verifier_opened *opened,
                       struct verifier_response *out)
{
    struct atls_diag diag;
    char id[VERIFIER_MAX_ID_LEN + 1];
    char location[VERIFIER_MAX_ID_LEN + 16];
    struct verifier_session session = {.state = VERIFIER_SESSION_WAITING};
    (void)snprintf(id, sizeof id, "%.*s", (int)opened->id.len, (const char *)opened->id.data);
    const struct verifier_session_new fresh = {.id = id,
                                               .nonce = opened->nonce,
                                               .accept = s->accept,
                                               .num_accept = s->num_accept,
                                               .ttl_ms = (int64_t)VERIFIER_SESSION_TTL_S * 1000};
    const enum atls_err err = verifier_session_create(s->store, &session.expiry_ms, &fresh, &diag);
    if (err != ATLS_OK) {
        verifier_problem_of(out, &diag);
        return;
    }
    session.nonce = opened->nonce;
    session.accept = s->accept;
    session.num_accept = s->num_accept;
    verifier_respond_json(out, 201, SESSION_TYPE, session_json(&session));
    (void)snprintf(location, sizeof location, "session/%s", id);
    verifier_respond_header(out, "Location", location);
}

void verifier_new_session(struct verifier_service *s, const struct verifier_request *request,
                          struct verifier_response *out)
{
    struct verifier_nonce_query query;
    struct verifier_opened opened;
    struct verifier_frame frame = {.payload = NULL};
    struct atls_diag diag;
    const char *why = NULL;
    if (!verifier_accepts(request->accept, SESSION_TYPE)) {
        verifier_problem(out, 406, not_acceptable);
        return;
    }
    if (!verifier_query_nonce(&query, request->query, &why)) {
        verifier_problem(out, 400, why);
        return;
    }
    if (open_session(&opened, &frame, s, &query, &diag) == ATLS_OK) {
        answer_new(s, &opened, out);
    } else {
        verifier_problem_of(out, &diag);
    }
    verifier_frame_cleanup(&frame);
}

static void show(struct verifier_service *s, const char *id, unsigned status,
                 struct verifier_response *out)
{
    struct atls_diag diag;
    struct verifier_session session = {.memory = NULL};
    if (verifier_session_get(s->store, &session, id, &diag) != ATLS_OK) {
        verifier_problem_of(out, &diag);
        return;
    }
    verifier_respond_json(out, session.state == VERIFIER_SESSION_PROCESSING ? 202 : status,
                          SESSION_TYPE, session_json(&session));
    verifier_session_cleanup(&session);
}

/* not_taken answers for a body that is no Evidence of ours; true when it did. */
static bool not_taken(const struct verifier_service *s,
                      const struct verifier_identified *identified, struct verifier_response *out)
{
    char sentence[ATLS_MAX_SENTENCE_LEN + 1];
    char list[2048] = "";
    size_t len = 0;
    if (identified->why.err == ATLS_OK) {
        return false;
    }
    (void)atls_diag_sentence(sentence, sizeof sentence, &identified->why);
    if (identified->why.err != ATLS_ERR_EVIDENCE_TYPE) {
        verifier_problem(out, identified->why.err == ATLS_ERR_EVIDENCE_MALFORMED ? 400 : 500,
                         sentence);
        return true;
    }
    for (size_t i = 0; i < s->num_accept && len < sizeof list; i++) {
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i == 0 ? "" : ", ",
                                s->accept[i]);
    }
    verifier_problem(out, 415, sentence);
    verifier_respond_header(out, "Accept", list);
    return true;
}

static void process(struct verifier_service *s, const struct verifier_request *request,
                    const char *id, const struct verifier_identified *identified,
                    struct verifier_response *out)
{
    struct verifier_claim claim;
    struct atls_diag diag;
    char type[ATLS_MAX_SCHEME_TEXT_LEN + 1];
    (void)snprintf(type, sizeof type, "%.*s", (int)identified->media_type.len,
                   (const char *)identified->media_type.data);
    enum atls_err err = verifier_session_submit(s->store, &claim, id, type, identified->value,
                                                VERIFIER_LEASE_MS, &diag);
    if (err == ATLS_OK) {
        const struct verifier_job job = {.claim = &claim,
                                         .media_type = type,
                                         .evidence = identified->value,
                                         .match = &identified->match,
                                         .peer = request->peer};
        err = verifier_service_process(s, &job, &diag);
    }
    if (err != ATLS_OK) {
        verifier_problem_of(out, &diag);
        return;
    }
    show(s, id, 200, out);
}

/* submit: the order of the checks is that of the field. */
static void submit(struct verifier_service *s, const struct verifier_request *request,
                   struct atls_bytes id, struct verifier_response *out)
{
    struct verifier_identified identified;
    struct verifier_frame frame = {.payload = NULL};
    struct atls_diag diag;
    const char *type = request->content_type != NULL ? request->content_type : "";
    if (request->body.len == 0) {
        verifier_problem(out, 400, "the body is empty");
        return;
    }
    if (strlen(type) > ATLS_MAX_SCHEME_TEXT_LEN) {
        verifier_problem(out, 415, "the Content-Type is too long");
        return;
    }
    if (verifier_service_identify(s, &identified, &frame, type, request->body, &diag) != ATLS_OK) {
        verifier_problem_of(out, &diag);
        return;
    }
    if (not_taken(s, &identified, out)) {
        verifier_frame_cleanup(&frame);
        return;
    }
    if (!verifier_ticket_is_text(id)) {
        verifier_problem(out, 400, "this is not the id of a session");
    } else {
        char text[VERIFIER_TICKET_TEXT_LEN + 1];
        memcpy(text, id.data, id.len);
        text[id.len] = '\0';
        process(s, request, text, &identified, out);
    }
    verifier_frame_cleanup(&frame);
}

void verifier_session(struct verifier_service *s, const struct verifier_request *request,
                      struct verifier_response *out)
{
    struct atls_bytes id;
    struct atls_diag diag;
    char text[VERIFIER_TICKET_TEXT_LEN + 1] = "";
    if (request->method != VERIFIER_DELETE && !verifier_accepts(request->accept, SESSION_TYPE)) {
        verifier_problem(out, 406, not_acceptable);
        return;
    }
    if (!verifier_path_below(request->path, "/challenge-response/v1/session/", &id)) {
        verifier_problem(out, 404, "there is no such resource");
        return;
    }
    if (request->method == VERIFIER_POST) {
        submit(s, request, id, out);
        return;
    }
    if (!verifier_ticket_is_text(id)) {
        verifier_problem(out, 400, "this is not the id of a session");
        return;
    }
    memcpy(text, id.data, id.len);
    if (request->method == VERIFIER_GET) {
        show(s, text, 200, out);
    } else if (verifier_session_delete(s->store, text, &diag) == ATLS_OK) {
        verifier_respond_empty(out, 204);
    } else {
        verifier_problem_of(out, &diag);
    }
}
