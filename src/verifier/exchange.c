/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   POST newSession?nonce=...   201, Location: the session     may be repeated: no Evidence left
 * yet POST session                200 complete, or 202           never repeated once some of it
 * left GET session                 until it is complete           may be repeated DELETE session
 * what comes of it is no matter  once, for a second at most
 *
 * What the HTTP status says is no word about trust: that is in the signed Result, for others.
 */
#include "verifier/exchange.h"

#include "base/span.h"
#include "json/base64.h"
#include "verifier/challenge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char step[] = "Verifier";
static const char session_type[] = "application/vnd.veraison.challenge-response-session+json";
static const char session_or_jwt[] =
    "application/vnd.veraison.challenge-response-session+json, application/eat+jwt;q=0.1";

enum { FIRST_POLL_MS = 25, MAX_POLL_MS = 1000, DELETE_MS = 1000 };

struct session {
    const struct verifier_line *line;
    const struct verifier_question *question;
    struct atls_bytes evidence;
    char url[VERIFIER_MAX_URL_LEN];
    struct verifier_challenge challenge; /* as of the last answer */
    uint32_t retry_after_s;
};

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, claim, found, expected);
}

static bool is_session_type(const char *content_type)
{
    const struct atls_bytes type = atls_bytes_of(content_type, strcspn(content_type, "; "));
    /* the first version of the documentation has no Content-Type at all */
    return type.len == 0 || atls_media_type_is(type, session_type) ||
           atls_media_type_is(type, "application/json");
}

/* read_session reads the body of an answer into session->challenge. */
static enum atls_err read_session(struct session *session, const struct atls_fetch_answer *answer,
                                  const char *what, struct atls_diag *diag)
{
    struct verifier_challenge challenge;
    if (!is_session_type(answer->content_type)) {
        refuse(what, "Content-Type ", session_type, diag);
        atls_diag_found_peer_text(diag, atls_bytes_text(answer->content_type));
        return ATLS_ERR_VERIFIER_ANSWER;
    }
    const enum atls_err err =
        verifier_challenge_read(&challenge, atls_bytes_of(answer->body, answer->body_len),
                                session->question->media_type, diag);
    if (err == ATLS_OK) {
        verifier_challenge_cleanup(&session->challenge);
        session->challenge = challenge;
        session->retry_after_s = answer->has_retry_after ? answer->retry_after_s : 0;
    }
    return err;
}

/* check_new: it is a session for our nonce, to which our kind of Evidence may be submitted. */
static enum atls_err check_new(const struct session *session, struct atls_diag *diag)
{
    const struct verifier_challenge *challenge = &session->challenge;
    const struct atls_bytes nonce = atls_bytes_of(challenge->nonce, challenge->nonce_len);
    if (session->question->nonce.len == 0 && nonce.len != session->question->nonce_size) {
        refuse("nonce of the session", "", "as many octets as were asked for, ", diag);
        atls_diag_found_int(diag, (int64_t)nonce.len);
        atls_diag_found_text(diag, " octets");
        atls_diag_expected_int(diag, (int64_t)session->question->nonce_size);
        return ATLS_ERR_VERIFIER_ANSWER;
    }
    if (session->question->nonce.len != 0 &&
        (!challenge->has_nonce || !atls_ct_equal(nonce, session->question->nonce))) {
        return refuse("nonce of the session", challenge->has_nonce ? "another" : "none",
                      "that of this appraisal", diag);
    }
    if (challenge->state != VERIFIER_SESSION_WAITING) {
        return refuse("status", "a new session that does not wait for Evidence", "waiting", diag);
    }
    if (challenge->says_accepts && !challenge->accepts) {
        return refuse("accept", "a list without this type of Evidence",
                      session->question->media_type, diag);
    }
    return ATLS_OK;
}

static enum atls_err take_new(struct session *session, const struct atls_fetch_answer *answer,
                              const char *from, struct atls_diag *diag)
{
    static const char what[] = "newSession";
    if (answer->status != 201) {
        return verifier_refuse_status(answer, what, "201", diag);
    }
    if (!verifier_url_resolve(session->url, session->line->url, from, answer->location)) {
        session->url[0] = '\0';
        refuse("Location", answer->location[0] != '\0' ? NULL : "none",
               "a session on the Verifier itself", diag);
        atls_diag_found_peer_text(diag, atls_bytes_text(answer->location));
        return ATLS_ERR_VERIFIER_ANSWER;
    }
    const enum atls_err err = read_session(session, answer, what, diag);
    return err == ATLS_OK ? check_new(session, diag) : err;
}

static enum atls_err open_session(struct session *session, struct atls_diag *diag)
{
    char path[160], nonce[ATLS_BASE64_SIZE(ATLS_MAX_NONCE_LEN)], url[VERIFIER_MAX_URL_LEN];
    if (!atls_base64url_encode(session->question->nonce, nonce, sizeof nonce)) {
        return atls_fail_texts(diag, ATLS_ERR_ARGUMENT, step, "nonce", "too long", "64 octets");
    }
    /* With its padding: Veraison's services before 2026-08-18 take no other; later ones take both.
     */
    static const char *const padding[] = {"", "", "%3D%3D", "%3D"};
    if (session->question->nonce.len != 0) {
        snprintf(path, sizeof path, "/challenge-response/v1/newSession?nonce=%s%s", nonce,
                 padding[strlen(nonce) % 4]);
    } else {
        snprintf(path, sizeof path, "/challenge-response/v1/newSession?nonceSize=%zu",
                 session->question->nonce_size);
    }
    if (!verifier_url_join(url, session->line->url, path)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "URL", "too long", "a shorter one");
    }
    const struct atls_fetch_request request = {.method = ATLS_FETCH_POST,
                                               .url = url,
                                               .accept = session_type,
                                               .max_body = VERIFIER_MAX_SESSION_LEN};
    struct atls_fetch_answer answer;
    enum atls_err err =
        verifier_ask(&answer, session->line, "newSession", &request, VERIFIER_ASK_AGAIN, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = take_new(session, &answer, url, diag);
    free(answer.body);
    return err;
}

/* take_progress takes the answer to a submission or to a poll. 202 may come without a body. */
static enum atls_err take_progress(struct session *session, const struct atls_fetch_answer *answer,
                                   const char *what, struct atls_diag *diag)
{
    if (answer->status != 200 && answer->status != 202) {
        return verifier_refuse_status(answer, what, "200 or 202", diag);
    }
    if (answer->status == 202 && answer->body_len == 0) {
        session->challenge.state = VERIFIER_SESSION_PROCESSING;
        session->retry_after_s = answer->has_retry_after ? answer->retry_after_s : 0;
        return ATLS_OK;
    }
    const enum atls_err err = read_session(session, answer, what, diag);
    if (err != ATLS_OK) {
        return err;
    }
    switch (session->challenge.state) {
    case VERIFIER_SESSION_PROCESSING:
    case VERIFIER_SESSION_COMPLETE:
        return ATLS_OK;
    case VERIFIER_SESSION_FAILED:
        return refuse(what, "a session that failed", "a Result", diag);
    case VERIFIER_SESSION_WAITING:
    default:
        return refuse(what, "a session that still waits for Evidence", "a Result", diag);
    }
}

static enum atls_err go_on(struct session *session, const char *what,
                           const struct atls_fetch_request *request, enum verifier_repeat repeat,
                           struct atls_diag *diag)
{
    struct atls_fetch_answer answer;
    enum atls_err err = verifier_ask(&answer, session->line, what, request, repeat, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = take_progress(session, &answer, what, diag);
    free(answer.body);
    return err;
}

static enum atls_err submit(struct session *session, struct atls_diag *diag)
{
    /* A passport is kept as a text: some Verifiers have another form, too. */
    const char *accepted = session->question->make != NULL ? session_or_jwt : session_type;
    const struct atls_fetch_request request = {.method = ATLS_FETCH_POST,
                                               .url = session->url,
                                               .accept = accepted,
                                               .content_type = session->question->media_type,
                                               .body = session->evidence,
                                               .once = true,
                                               .max_body = VERIFIER_MAX_SESSION_LEN};
    return go_on(session, "Evidence", &request, VERIFIER_ASK_ONCE, diag);
}

static enum atls_err poll_result(struct session *session, struct atls_diag *diag)
{
    static const char what[] = "session";
    const struct atls_fetch_request request = {.method = ATLS_FETCH_GET,
                                               .url = session->url,
                                               .accept = session_type,
                                               .max_body = VERIFIER_MAX_SESSION_LEN};
    int64_t own_ms = FIRST_POLL_MS;
    while (session->challenge.state == VERIFIER_SESSION_PROCESSING) {
        const int64_t asked_ms = (int64_t)session->retry_after_s * 1000;
        enum atls_err err =
            verifier_pause(session->line, what, asked_ms > own_ms ? asked_ms : own_ms, diag);
        if (err == ATLS_OK) {
            err = go_on(session, what, &request, VERIFIER_ASK_AGAIN, diag);
        }
        if (err != ATLS_OK) {
            return err;
        }
        own_ms = own_ms * 2 < MAX_POLL_MS ? own_ms * 2 : MAX_POLL_MS;
    }
    if (session->challenge.result == NULL) {
        return refuse("result", "none in a session that is complete", "a signed Result", diag);
    }
    return ATLS_OK;
}

/* delete_session is a courtesy: the Verifier forgets by itself, later. */
static void delete_session(const struct session *session)
{
    const struct atls_verifier_wait *wait = session->line->wait;
    const int64_t soon = atls_verifier_clock_ms() + DELETE_MS;
    const struct atls_verifier_wait brief = {
        .deadline_ms = soon < wait->deadline_ms ? soon : wait->deadline_ms,
        .is_cancelled = wait->is_cancelled,
        .arg = wait->arg};
    struct verifier_line line = *session->line;
    line.wait = &brief;
    const struct atls_fetch_request request = {
        .method = ATLS_FETCH_DELETE, .url = session->url, .max_body = VERIFIER_MAX_SESSION_LEN};
    struct atls_fetch_answer answer;
    if (verifier_ask(&answer, &line, "session", &request, VERIFIER_ASK_ONCE, NULL) == ATLS_OK) {
        free(answer.body);
    }
}

enum atls_err verifier_exchange(char **out, const struct verifier_line *line,
                                const struct verifier_question *question, struct atls_diag *diag)
{
    struct session session;
    memset(&session, 0, sizeof session);
    session.line = line;
    session.question = question;
    session.evidence = question->evidence;
    enum atls_err err = open_session(&session, diag);
    const bool opened = session.url[0] != '\0';
    if (err == ATLS_OK && question->nonce.len == 0) {
        const struct verifier_challenge *challenge = &session.challenge;
        err = question->make(question->arg, atls_bytes_of(challenge->nonce, challenge->nonce_len),
                             &session.evidence, diag);
    }
    if (err == ATLS_OK) {
        err = submit(&session, diag);
    }
    if (err == ATLS_OK) {
        err = poll_result(&session, diag);
    }
    if (opened && (err == ATLS_OK || err == ATLS_ERR_VERIFIER_ANSWER || question->nonce.len == 0)) {
        delete_session(&session);
    }
    if (err == ATLS_OK) {
        *out = session.challenge.result;
        session.challenge.result = NULL;
    }
    verifier_challenge_cleanup(&session.challenge);
    return err;
}
