/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/challenge.h"

#include "base/span.h"
#include "codec/cmw.h"
#include "json/base64.h"
#include "json/json.h"

#include <stdlib.h>

static const char step[] = "Verifier";

static enum atls_err refuse(const char *claim, const char *found, const char *expected,
                            struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, claim, found, expected);
}

bool verifier_base64_decode(struct atls_bytes text, struct atls_buf out, size_t *out_len)
{
    char plain[ATLS_BASE64_SIZE(ATLS_MAX_NONCE_LEN)];
    size_t len = text.len;
    for (size_t i = 0; i < 2 && len != 0 && len % 4 != 1 && text.data[len - 1] == '='; i++) {
        len--;
    }
    /* padding is there in full or not at all */
    if (len >= sizeof plain || (len != text.len && text.len % 4 != 0)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = (char)text.data[i];
        plain[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return atls_base64url_decode(atls_bytes_of(plain, len), out, out_len);
}

static enum atls_err read_state(struct verifier_challenge *out, const json_t *session,
                                struct atls_diag *diag)
{
    static const struct {
        const char *word;
        enum verifier_session_state state;
    } states[] = {{"waiting", VERIFIER_SESSION_WAITING},
                  {"processing", VERIFIER_SESSION_PROCESSING},
                  {"complete", VERIFIER_SESSION_COMPLETE},
                  {"failed", VERIFIER_SESSION_FAILED}};
    static const char expected[] = "waiting, processing, complete or failed";
    struct atls_bytes word = {NULL, 0};
    const json_t *status = json_object_get(session, "status");
    const json_t *older = json_object_get(session, "state");
    if (status != NULL && older != NULL && !json_equal(status, older)) {
        return refuse("status", "another one than state", "one of the two", diag);
    }
    if (!atls_json_text_of(status != NULL ? status : older, &word)) {
        return refuse("status", status != NULL || older != NULL ? "another type" : "none", expected,
                      diag);
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(states); i++) {
        if (atls_bytes_is_text(word, states[i].word)) {
            out->state = states[i].state;
            return ATLS_OK;
        }
    }
    refuse("status", NULL, expected, diag);
    atls_diag_found_peer_text(diag, word);
    return ATLS_ERR_VERIFIER_ANSWER;
}

static enum atls_err read_nonce(struct verifier_challenge *out, const json_t *session,
                                struct atls_diag *diag)
{
    struct atls_bytes text;
    const json_t *nonce = json_object_get(session, "nonce");
    const struct atls_buf room = {out->nonce, sizeof out->nonce};
    if (nonce == NULL) {
        return ATLS_OK;
    }
    if (!atls_json_text_of(nonce, &text) || !verifier_base64_decode(text, room, &out->nonce_len)) {
        return refuse("nonce", "something else", "8 to 64 octets in base64", diag);
    }
    out->has_nonce = true;
    return ATLS_OK;
}

/* bare copies a media type without quotes and blanks, which older Verifiers leave out. */
static void bare(char out[static ATLS_MAX_SCHEME_TEXT_LEN], struct atls_bytes type)
{
    size_t len = 0;
    for (size_t i = 0; i < type.len && len + 1 < ATLS_MAX_SCHEME_TEXT_LEN; i++) {
        if (type.data[i] != '"' && type.data[i] != ' ') {
            out[len++] = (char)type.data[i];
        }
    }
    out[len] = '\0';
}

static bool is_type(const json_t *item, struct atls_bytes wanted)
{
    struct atls_bytes text;
    char found[ATLS_MAX_SCHEME_TEXT_LEN], expected[ATLS_MAX_SCHEME_TEXT_LEN];
    if (!atls_json_text_of(item, &text)) {
        return false;
    }
    bare(found, text);
    bare(expected, wanted);
    return atls_media_type_equal(text, wanted) || strcmp(found, expected) == 0;
}

static enum atls_err read_accept(struct verifier_challenge *out, const json_t *session,
                                 const char *media_type, struct atls_diag *diag)
{
    const json_t *list = json_object_get(session, "accept");
    if (list == NULL || json_is_null(list)) {
        return ATLS_OK;
    }
    if (!json_is_array(list)) {
        return refuse("accept", atls_json_type_name(list), "an array of media types", diag);
    }
    out->says_accepts = json_array_size(list) != 0;
    for (size_t i = 0; i < json_array_size(list) && !out->accepts; i++) {
        out->accepts = is_type(json_array_get(list, i), atls_bytes_text(media_type));
    }
    return ATLS_OK;
}

static enum atls_err read_result(struct verifier_challenge *out, const json_t *session,
                                 struct atls_diag *diag)
{
    struct atls_bytes text;
    const json_t *result = json_object_get(session, "result");
    if (result == NULL || json_is_null(result)) {
        return ATLS_OK;
    }
    if (!atls_json_text_of(result, &text) || text.len == 0) {
        return refuse("result", atls_json_type_name(result), "a signed Attestation Result", diag);
    }
    out->result = strdup((const char *)text.data);
    return out->result != NULL ? ATLS_OK : atls_fail(diag, ATLS_ERR_MEMORY, step, "result");
}

enum atls_err verifier_challenge_read(struct verifier_challenge *out, struct atls_bytes json,
                                      const char *media_type, struct atls_diag *diag)
{
    struct verifier_challenge challenge;
    memset(&challenge, 0, sizeof challenge);
    ATLS_AUTO(atls_json_cleanup) json_t *session = NULL;
    enum atls_err err = atls_json_recode(atls_json_parse(&session, json, step, diag),
                                         ATLS_ERR_VERIFIER_ANSWER, diag);
    if (err == ATLS_OK && !json_is_object(session)) {
        err = refuse("session", atls_json_type_name(session), "an object", diag);
    }
    if (err == ATLS_OK) {
        err = read_state(&challenge, session, diag);
    }
    if (err == ATLS_OK) {
        err = read_nonce(&challenge, session, diag);
    }
    if (err == ATLS_OK) {
        err = read_accept(&challenge, session, media_type, diag);
    }
    if (err == ATLS_OK) {
        err = read_result(&challenge, session, diag);
    }
    if (err == ATLS_OK) {
        *out = challenge;
    }
    return err;
}

void verifier_challenge_cleanup(struct verifier_challenge *challenge)
{
    free(challenge->result);
    memset(challenge, 0, sizeof *challenge);
}
