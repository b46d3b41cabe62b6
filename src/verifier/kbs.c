/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   POST /kbs/v0/auth     200, a cookie, nonce and hash     may be repeated: no Evidence left yet
 *   POST /kbs/v0/attest   200, the token                    once
 *
 * Whatever it refuses is 401, with problem details (kbs/src/error.rs).
 */
#include "verifier/kbs.h"

#include "base/span.h"
#include "json/json.h"
#include "json/runtime_data.h"
#include "verifier/challenge.h"
#include "verifier/trustee_evidence.h"

#include <stdio.h>
#include <stdlib.h>

static const char step[] = "key broker";

/* Its servers take exactly this version of the protocol, whatever its page shows. */
static const char protocol[] = "0.4.0";
static const char cookie_name[] = "kbs-session-id=";

enum { MAX_CHALLENGE_LEN = 8192, MAX_ANSWER_LEN = 262144, MIN_NONCE = 8 };

/* What the broker said about one session. */
struct session {
    char cookie[sizeof cookie_name + VERIFIER_KBS_MAX_COOKIE_LEN];
    json_t *challenge; /* owned */
    const char *nonce; /* of it: base64 of 8 to 64 octets */
    int32_t hash_alg;
    json_t *key; /* owned: our "tee-pubkey" */
};

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, claim, found, expected);
}

/* ask gives *out (caller: free its body) for an answer of status 200, and else leaves it. */
static enum atls_err ask(struct atls_fetch_answer *out, const struct verifier_line *line,
                         const char *path, const struct atls_fetch_request *without_url,
                         struct atls_diag *diag)
{
    char url[VERIFIER_MAX_URL_LEN];
    struct atls_fetch_answer answer = {.outcome = ATLS_FETCH_NONE};
    if (!verifier_url_join(url, line->url, path)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "URL", "too long", "a shorter one");
    }
    struct atls_fetch_request request = *without_url;
    request.method = ATLS_FETCH_POST;
    request.url = url;
    request.content_type = "application/json";
    enum atls_err err = verifier_ask(&answer, line, path, &request,
                                     request.once ? VERIFIER_ASK_ONCE : VERIFIER_ASK_AGAIN, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (answer.status != 200) {
        err = verifier_refuse_status(&answer, path, "200", diag);
        free(answer.body);
        return err;
    }
    *out = answer;
    return ATLS_OK;
}

static enum atls_err parse(json_t **out, const struct atls_fetch_answer *answer,
                           struct atls_diag *diag)
{
    return atls_json_recode(
        atls_json_parse(out, atls_bytes_of(answer->body, answer->body_len), step, diag),
        ATLS_ERR_VERIFIER_ANSWER, diag);
}

/* ---- the challenge ---- */

/* take_cookie keeps name and value, and nothing else of the field (RFC 6265, 4.1.1). */
static enum atls_err take_cookie(struct session *session, const char *field, struct atls_diag *diag)
{
    static const char octets[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "!#$%&'()*+-./:<=>?@[]^_`{|}~";
    const size_t name_len = sizeof cookie_name - 1;
    if (strncmp(field, cookie_name, name_len) != 0) {
        return refuse("cookie", field[0] != '\0' ? "another" : "none", "kbs-session-id", diag);
    }
    const size_t len = strspn(field + name_len, octets);
    if (len > VERIFIER_KBS_MAX_COOKIE_LEN) {
        return refuse("cookie", "a longer value", "at most 256 octets", diag);
    }
    if (len == 0 || (field[name_len + len] != '\0' && field[name_len + len] != ';')) {
        return refuse("cookie", "a value that is none", "the name of a session", diag);
    }
    memcpy(session->cookie, field, name_len + len);
    session->cookie[name_len + len] = '\0';
    return ATLS_OK;
}

/* take_hash: a broker that says nothing takes SHA-384. */
static enum atls_err take_hash(struct session *session, struct atls_diag *diag)
{
    static const char claim[] = "selected-hash-algorithm";
    struct atls_bytes name = atls_bytes_text("sha384");
    const json_t *extra = json_object_get(session->challenge, "extra-params");
    const json_t *selected = json_object_get(extra, claim);
    if (selected != NULL && !atls_json_text_of(selected, &name)) {
        name = atls_bytes_of(NULL, 0);
    }
    session->hash_alg = atls_bytes_is_text(name, "sha384")   ? ATLS_ALG_SHA384
                        : atls_bytes_is_text(name, "sha512") ? ATLS_ALG_SHA512
                                                             : 0;
    if (session->hash_alg != 0) {
        return ATLS_OK;
    }
    refuse(claim, NULL, "sha384 or sha512, which were offered", diag);
    atls_diag_found_peer_text(diag, name);
    return ATLS_ERR_VERIFIER_ANSWER;
}

/* take_nonce: a text of the alphabets of base64 is canonical JSON as it is. */
static enum atls_err take_nonce(struct session *session, struct atls_diag *diag)
{
    uint8_t octets[ATLS_MAX_NONCE_LEN];
    struct atls_bytes text;
    size_t len = 0;
    if (!atls_json_text_of(json_object_get(session->challenge, "nonce"), &text) ||
        !verifier_base64_decode(text, (struct atls_buf){octets, sizeof octets}, &len) ||
        len < MIN_NONCE) {
        return refuse("nonce", "something else", "8 to 64 octets in base64", diag);
    }
    session->nonce = (const char *)text.data;
    return ATLS_OK;
}

static enum atls_err take_challenge(struct session *session, const struct atls_fetch_answer *answer,
                                    struct atls_diag *diag)
{
    enum atls_err err = take_cookie(session, answer->field, diag);
    if (err == ATLS_OK) {
        err = parse(&session->challenge, answer, diag);
    }
    if (err == ATLS_OK) {
        err = take_hash(session, diag);
    }
    return err == ATLS_OK ? take_nonce(session, diag) : err;
}

static enum atls_err authenticate(struct session *session, const struct verifier_line *line,
                                  const struct atls_format *format, struct atls_diag *diag)
{
    char body[160];
    struct atls_fetch_answer answer = {.outcome = ATLS_FETCH_NONE};
    snprintf(body, sizeof body,
             "{\"version\":\"%s\",\"tee\":\"%s\",\"extra-params\":"
             "{\"supported-hash-algorithms\":[\"sha384\",\"sha512\"]}}",
             protocol, verifier_trustee_tee(format));
    const struct atls_fetch_request request = {
        .body = atls_bytes_text(body), .max_body = MAX_CHALLENGE_LEN, .field = "set-cookie"};
    enum atls_err err = ask(&answer, line, "/kbs/v0/auth", &request, diag);
    if (err == ATLS_OK) {
        err = take_challenge(session, &answer, diag);
        free(answer.body);
    }
    return err;
}

/* ---- the Evidence ---- */

static enum atls_err make_evidence(json_t **out, const struct session *session,
                                   const struct verifier_question *question, struct atls_diag *diag)
{
    struct atls_bytes evidence = {NULL, 0};
    const enum atls_err err =
        question->make_hashed(question->arg, session->hash_alg, session->nonce, &evidence, diag);
    return err == ATLS_OK ? verifier_trustee_evidence(out, question->format, evidence, diag) : err;
}

/* body_of takes over `evidence`. */
static char *body_of(const struct session *session, json_t *evidence)
{
    json_t *body = json_pack("{s:{s:s,s:O},s:{s:o,s:s}}", "runtime-data", "nonce", session->nonce,
                             "tee-pubkey", session->key, "tee-evidence", "primary_evidence",
                             evidence, "additional_evidence", "");
    char *text = body != NULL ? atls_json_dump(body) : NULL;
    json_decref(body);
    return text;
}

static enum atls_err take_token(char **out, const struct atls_fetch_answer *answer,
                                struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *value = NULL;
    struct atls_bytes token;
    const enum atls_err err = parse(&value, answer, diag);
    if (err != ATLS_OK) {
        return err;
    }
    if (!atls_json_text_of(json_object_get(value, "token"), &token) || token.len == 0) {
        return refuse("token", "none", "a JWT", diag);
    }
    char *text = strdup((const char *)token.data);
    if (text == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, "token");
    }
    *out = text;
    return ATLS_OK;
}

static enum atls_err attest(char **out, const struct session *session,
                            const struct verifier_line *line, json_t *evidence,
                            struct atls_diag *diag)
{
    struct atls_fetch_answer answer = {.outcome = ATLS_FETCH_NONE};
    char *body = body_of(session, evidence);
    if (body == NULL) {
        return atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    }
    const struct atls_fetch_request request = {.body = atls_bytes_text(body),
                                               .once = true,
                                               .cookie = session->cookie,
                                               .max_body = MAX_ANSWER_LEN};
    enum atls_err err = ask(&answer, line, "/kbs/v0/attest", &request, diag);
    free(body);
    if (err == ATLS_OK) {
        err = take_token(out, &answer, diag);
        free(answer.body);
    }
    return err;
}

enum atls_err verifier_kbs_exchange(char **out, const struct verifier_line *line,
                                    const struct verifier_question *question,
                                    struct atls_diag *diag)
{
    struct session session = {.challenge = NULL};
    json_t *evidence = NULL;
    enum atls_err err = atls_runtime_data_key(&session.key, question->tls_spki, diag);
    if (err == ATLS_OK) {
        err = authenticate(&session, line, question->format, diag);
    }
    if (err == ATLS_OK) {
        err = make_evidence(&evidence, &session, question, diag);
    }
    if (err == ATLS_OK) {
        err = attest(out, &session, line, evidence, diag);
    }
    json_decref(session.challenge);
    json_decref(session.key);
    return err;
}
