/* SPDX-License-Identifier: Apache-2.0 */
/* A remote Verifier asked about ourselves: the Result is a passport. */
#include "base/span.h"
#include "json/ear_key.h"
#include "json/runtime_data.h"
#include "result/ear_form.h"
#include "verifier/remote_internal.h"

#include <stdlib.h>

static const char step[] = "Verifier";

/* What is made for one exchange, and lives as long. */
struct made {
    const struct verifier_passport_question *question;
    const struct atls_crypto_ops *crypto;
    uint8_t *cmw; /* ATLS_MAX_CMW_LEN octets */
    uint8_t nonce[ATLS_MAX_NONCE_LEN];
    size_t nonce_len;
};

/* take gives the Evidence that is in the CMW that was made. */
static enum atls_err take(const struct made *made, size_t len, struct atls_bytes *out,
                          struct atls_diag *diag)
{
    struct atls_cmw cmw;
    enum atls_err err = atls_cmw_parse(&cmw, atls_bytes_of(made->cmw, len), diag);
    if (err == ATLS_OK && atls_cmw_format(&cmw) != made->question->format) {
        err = atls_fail(diag, ATLS_ERR_ATTESTER, "attestation", "type of the CMW");
    }
    if (err == ATLS_OK) {
        *out = atls_cmw_evidence(&cmw);
    }
    return err;
}

static enum atls_err make(void *arg, struct atls_bytes nonce, struct atls_bytes *out,
                          struct atls_diag *diag)
{
    struct made *made = arg;
    const struct atls_buf room = {made->cmw, ATLS_MAX_CMW_LEN};
    size_t len = 0;
    memcpy(made->nonce, nonce.data, nonce.len);
    made->nonce_len = nonce.len;
    const enum atls_err err = made->question->attest(made->question->arg, nonce, room, &len, diag);
    return err == ATLS_OK ? take(made, len, out, diag) : err;
}

/* make_hashed: the hash is made here once more, to be found in the Result. */
static enum atls_err make_hashed(void *arg, int32_t hash_alg, const char *nonce,
                                 struct atls_bytes *out, struct atls_diag *diag)
{
    struct made *made = arg;
    const struct atls_buf room = {made->cmw, ATLS_MAX_CMW_LEN};
    struct atls_digest hash = {.len = 0};
    size_t len = 0;
    enum atls_err err = atls_runtime_data_hash(&hash, made->crypto, hash_alg, nonce,
                                               made->question->tls_spki, diag);
    if (err == ATLS_OK) {
        memcpy(made->nonce, hash.data, hash.len);
        made->nonce_len = hash.len;
        err = made->question->attest_hashed(made->question->arg, hash_alg, nonce, room, &len, diag);
    }
    return err == ATLS_OK ? take(made, len, out, diag) : err;
}

/* check_evidence: a Result that repeats no nonce must be about the Evidence that was just made. */
static enum atls_err check_evidence(const struct atls_ear *ear,
                                    const struct verifier_reading *reading,
                                    const struct verifier_passport_question *question,
                                    struct atls_diag *diag)
{
    const struct verifier_api *api = reading->verifier->api;
    const struct atls_ear_submod *found = NULL;
    return api->has_sessions
               ? ATLS_OK
               : api->find(&found, ear, question->format, reading->request->expected_nonce, diag);
}

/* check_passport: the Result must be one that a peer could take. */
static enum atls_err check_passport(const char *result, int64_t *exp_s,
                                    struct verifier_reading *reading,
                                    const struct verifier_passport_question *question,
                                    struct atls_diag *diag)
{
    ATLS_AUTO(atls_ear_token_cleanup) struct atls_ear_token *token = NULL;
    reading->token = atls_bytes_text(result);
    if (strchr(result, '.') == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_VERIFIER_ANSWER, step, "result", "no JWT",
                               "a JWT, which was asked for");
    }
    enum atls_err err = verifier_read_result(&token, reading, diag);
    if (err == ATLS_OK) {
        err = check_evidence(atls_ear_token_get(token), reading, question, diag);
    }
    if (err == ATLS_OK) {
        err = atls_ear_check_key(atls_ear_token_get(token), reading->request->crypto,
                                 question->tls_spki, diag);
    }
    if (err == ATLS_OK && !atls_ear_token_get(token)->has_exp) {
        err = atls_fail_texts(diag, ATLS_ERR_RESULT_EXPIRED, ATLS_EAR_STEP, "exp", "nothing",
                              "an end: it is to be renewed before");
    }
    if (err == ATLS_OK) {
        *exp_s = atls_ear_token_get(token)->exp_s;
    }
    return err;
}

enum atls_err atls_remote_obtain(struct atls_verifier *verifier, char **out, int64_t *exp_s,
                                 const struct verifier_passport_question *question,
                                 const struct atls_verify_request *request,
                                 const struct atls_verifier_wait *wait, struct atls_diag *diag)
{
    const struct verifier_line line = {
        .ops = verifier->ops, .fetcher = verifier->fetcher, .url = &verifier->url, .wait = wait};
    struct made made = {
        .question = question, .crypto = request->crypto, .cmw = malloc(ATLS_MAX_CMW_LEN)};
    const struct verifier_question ask_for = {.format = question->format,
                                              .media_type = question->format->media_type,
                                              .nonce_size = question->nonce_size,
                                              .make = make,
                                              .make_hashed = make_hashed,
                                              .arg = &made,
                                              .crypto = request->crypto,
                                              .tls_spki = question->tls_spki};
    char *result = NULL;
    if (!verifier->api->takes(question->format)) {
        free(made.cmw);
        return atls_fail_texts(diag, ATLS_ERR_NOT_BUILT, "passport", "format",
                               question->format->name, "one that this Verifier takes");
    }
    enum atls_err err = made.cmw != NULL ? verifier_fetch_first(verifier, &line, diag)
                                         : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    if (err == ATLS_OK) {
        err = verifier->api->obtain(&result, &line, &ask_for, diag);
    }
    if (err == ATLS_OK) {
        struct atls_verify_request terms = *request;
        terms.expected_nonce = atls_bytes_of(made.nonce, made.nonce_len);
        struct verifier_reading reading = {.verifier = verifier, .line = &line, .request = &terms};
        err = check_passport(result, exp_s, &reading, question, diag);
    }
    if (err == ATLS_OK) {
        *out = result;
        result = NULL;
    }
    free(result);
    free(made.cmw);
    return err;
}
