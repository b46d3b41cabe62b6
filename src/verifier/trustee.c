/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/trustee.h"

#include "base/span.h"
#include "json/base64.h"
#include "json/json.h"
#include "result/ear_form.h"
#include "verifier/api.h"
#include "verifier/trustee_evidence.h"

#include <stdlib.h>

static const char step[] = "Verifier";

enum { MAX_TOKEN_LEN = 262144, REPORT_DATA_LEN = 64 };

/* ---- the question ---- */

/* request_of: the Evidence as base64url of JSON within JSON. The nonce goes along "raw", so that
 * Trustee compares it with report_data, filled up with zeros. */
static char *request_of(const struct verifier_question *question, const json_t *evidence)
{
    char *inner = atls_json_dump(evidence);
    char *packed = inner != NULL ? atls_base64url_new(atls_bytes_text(inner)) : NULL;
    char *nonce = atls_base64url_new(question->nonce);
    char *text = NULL;
    if (packed != NULL && nonce != NULL) {
        json_t *request = json_pack("{s:[{s:s,s:s,s:{s:s}}],s:[]}", "verification_requests", "tee",
                                    verifier_trustee_tee(question->format), "evidence", packed,
                                    "runtime_data", "raw", nonce, "policy_ids");
        text = request != NULL ? atls_json_dump(request) : NULL;
        json_decref(request);
    }
    free(inner);
    free(packed);
    free(nonce);
    return text;
}

/* found_cause appends why Trustee refused: its last line of "0: what", "1: why" and so on, before
 * the backtrace that it may show. */
static void found_cause(struct atls_diag *diag, const struct atls_fetch_answer *answer)
{
    const char *text = (const char *)answer->body;
    const char *cause = NULL;
    for (const char *line = text; line != NULL && *line != '\0' && *line != '\n';) {
        const size_t digits = strspn(line, "0123456789");
        if (digits != 0 && strncmp(line + digits, ": ", 2) == 0) {
            cause = line + digits + 2;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (cause != NULL) {
        atls_diag_found_text(diag, ", ");
        atls_diag_found_peer_text(diag, atls_bytes_of(cause, strcspn(cause, "\n")));
    }
}

static enum atls_err take_answer(char **out, struct atls_fetch_answer *answer,
                                 struct atls_diag *diag)
{
    static const char what[] = "attestation";
    if (answer->status != 200) {
        const enum atls_err err = verifier_refuse_status(answer, what, "200", diag);
        if (answer->body != NULL) {
            found_cause(diag, answer);
        }
        return err;
    }
    char *text = (char *)answer->body;
    const size_t len = text != NULL ? strcspn(text, "\r\n") : 0;
    if (len == 0 || strlen(text) != answer->body_len) {
        return atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, what, "no token", "a token");
    }
    text[len] = '\0';
    *out = text;
    answer->body = NULL;
    return ATLS_OK;
}

static enum atls_err submit(char **out, const struct verifier_line *line, const char *body,
                            struct atls_diag *diag)
{
    char url[VERIFIER_MAX_URL_LEN];
    struct atls_fetch_answer answer;
    if (!verifier_url_join(url, line->url, "/attestation")) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, step, "URL", "too long", "a shorter one");
    }
    const struct atls_fetch_request request = {.method = ATLS_FETCH_POST,
                                               .url = url,
                                               .content_type = "application/json",
                                               .body = atls_bytes_text(body),
                                               .once = true,
                                               .max_body = MAX_TOKEN_LEN};
    enum atls_err err =
        verifier_ask(&answer, line, "attestation", &request, VERIFIER_ASK_ONCE, diag);
    if (err == ATLS_OK) {
        err = take_answer(out, &answer, diag);
        free(answer.body);
    }
    return err;
}

enum atls_err verifier_trustee_exchange(char **out, const struct verifier_line *line,
                                        const struct verifier_question *question,
                                        struct atls_diag *diag)
{
    ATLS_AUTO(atls_json_cleanup) json_t *evidence = NULL;
    enum atls_err err =
        verifier_trustee_evidence(&evidence, question->format, question->evidence, diag);
    if (err != ATLS_OK) {
        return err;
    }
    char *body = request_of(question, evidence);
    err =
        body != NULL ? submit(out, line, body, diag) : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    free(body);
    return err;
}

/* ---- the answer ---- */

/* check_report_data: what Trustee compared, which it repeats: our nonce, and then zeros. */
static enum atls_err check_report_data(const struct atls_ear_submod *submod, const json_t *claims,
                                       struct atls_bytes nonce, struct atls_diag *diag)
{
    static const char claim[] = "report_data";
    uint8_t found[REPORT_DATA_LEN], expected[REPORT_DATA_LEN] = {0};
    struct atls_bytes text;
    size_t len = 0;
    if (!atls_json_text_of(json_object_get(claims, claim), &text) ||
        !atls_hex_decode(text, (struct atls_buf){found, sizeof found}, &len) ||
        len != sizeof found || nonce.len > sizeof expected) {
        return atls_ear_refuse(diag, submod->name, claim, "none", "64 octets as hex");
    }
    memcpy(expected, nonce.data, nonce.len);
    if (!atls_ct_equal(atls_bytes_of(found, sizeof found),
                       atls_bytes_of(expected, sizeof expected))) {
        return atls_fail_texts(diag, ATLS_ERR_FRESHNESS, ATLS_EAR_STEP, claim, "another value",
                               "the nonce of this appraisal");
    }
    return ATLS_OK;
}

enum atls_err verifier_trustee_find(const struct atls_ear_submod **out, const struct atls_ear *ear,
                                    const struct atls_format *format, struct atls_bytes nonce,
                                    struct atls_diag *diag)
{
    const struct atls_ear_submod *submod = NULL;
    const char *tee = verifier_trustee_tee(format);
    enum atls_err err = verifier_one_submod(&submod, ear, "cpu0", diag);
    if (err != ATLS_OK) {
        return err;
    }
    const json_t *claims = submod->attester_claims.json;
    if (tee == NULL || !json_is_object(json_object_get(claims, tee))) {
        return atls_ear_refuse(diag, submod->name, "annotated evidence", "of another kind", tee);
    }
    err = check_report_data(submod, claims, nonce, diag);
    if (err == ATLS_OK) {
        *out = submod;
    }
    return err;
}
