/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_verifier.h"

#include "base/span.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "json/base64.h"
#include "json/jwk.h"
#include "json/jws.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

struct test_verifier test_verifier;

struct atls_fetcher {
    int unused;
};

void test_verifier_reset(struct atls_key *key)
{
    memset(&test_verifier, 0, sizeof test_verifier);
    pthread_mutex_init(&test_verifier.gate, NULL);
    test_verifier.key = test_verifier.published = key;
}

void test_answer_with(struct atls_fetch_answer *answer, unsigned status, const char *body)
{
    free(answer->body);
    answer->status = status;
    answer->body_len = strlen(body);
    answer->body = (uint8_t *)strdup(body);
}

static enum atls_err open_fake(struct atls_fetcher **out, const struct atls_fetcher_config *config,
                               struct atls_diag *diag)
{
    static struct atls_fetcher fetcher;
    (void)config;
    (void)diag;
    test_verifier.opened++;
    *out = &fetcher;
    return ATLS_OK;
}

static void close_fake(struct atls_fetcher *fetcher)
{
    (void)fetcher;
    test_verifier.closed++;
}

static enum test_step step_of(const struct atls_fetch_request *request)
{
    if (strstr(request->url, "/.well-known/") != NULL) {
        return TEST_STEP_DISCOVERY;
    }
    if (strstr(request->url, "/newSession") != NULL) {
        return TEST_STEP_NEW_SESSION;
    }
    return request->method == ATLS_FETCH_POST  ? TEST_STEP_EVIDENCE
           : request->method == ATLS_FETCH_GET ? TEST_STEP_POLL
                                               : TEST_STEP_DELETE;
}

static void answer_discovery(struct atls_fetch_answer *answer)
{
    json_t *jwk = NULL;
    assert_int_equal(atls_key_to_jwk(&jwk, test_verifier.published, NULL, NULL), ATLS_OK);
    json_t *document = json_pack("{s:o}", "ear-verification-key", jwk);
    char *text = json_dumps(document, JSON_COMPACT);
    test_answer_with(answer, 200, text);
    free(text);
    json_decref(document);
}

static char *make_result(void)
{
    char claims[1024];
    char *jwt = NULL;
    const bool tpm = strstr(test_verifier.media_type, "tpm") != NULL;
    const char *all =
        "{\"instance-identity\":2,\"configuration\":2,\"executables\":2,\"hardware\":2}";
    snprintf(claims, sizeof claims,
             "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":%lld,\"exp\":%lld,"
             "\"ear.verifier-id\":{\"developer\":\"a\",\"build\":\"b\"},\"eat_nonce\":\"%s\","
             "\"submods\":{\"%s\":{\"ear.status\":\"affirming\",\"ear.trustworthiness-vector\":%s,"
             "\"ear.appraisal-policy-id\":\"c\"}}}",
             (long long)test_verifier.iat_s, (long long)test_verifier.iat_s + 300,
             test_verifier.nonce, tpm ? "PARSEC_TPM" : "PSA_IOT",
             test_verifier.vector != NULL ? test_verifier.vector : all);
    assert_int_equal(atls_jws_sign(&jwt, atls_crypto_openssl(), test_verifier.key, "JWT", NULL,
                                   atls_bytes_text(claims), NULL),
                     ATLS_OK);
    return jwt;
}

static void answer_session(struct atls_fetch_answer *answer, unsigned status, const char *state,
                           const char *result)
{
    char text[3000];
    snprintf(text, sizeof text, "{\"status\":\"%s\",\"nonce\":\"%s\"%s%s%s}", state,
             test_verifier.nonce, result != NULL ? ",\"result\":\"" : "",
             result != NULL ? result : "", result != NULL ? "\"" : "");
    test_answer_with(answer, status, text);
    atls_text_copy(answer->content_type, sizeof answer->content_type, "application/json");
}

static void answer_progress(struct atls_fetch_answer *answer, unsigned status)
{
    if (test_verifier.polls != 0) {
        test_verifier.polls--;
        answer_session(answer, status, "processing", NULL);
        return;
    }
    char *result = make_result();
    answer_session(answer, 200, "complete", result);
    free(result);
}

static void take_evidence(const struct atls_fetch_request *request)
{
    assert_true(request->body.len <= sizeof test_verifier.evidence);
    memcpy(test_verifier.evidence, request->body.data, request->body.len);
    test_verifier.evidence_len = request->body.len;
    atls_text_copy(test_verifier.media_type, sizeof test_verifier.media_type,
                   request->content_type);
}

static void answer(struct atls_fetch_answer *out, enum test_step step,
                   const struct atls_fetch_request *request)
{
    switch (step) {
    case TEST_STEP_DISCOVERY:
        answer_discovery(out);
        break;
    case TEST_STEP_NEW_SESSION:
        atls_text_copy(test_verifier.nonce, sizeof test_verifier.nonce,
                       strchr(request->url, '=') + 1);
        test_verifier.nonce[strcspn(test_verifier.nonce, "%")] = '\0'; /* its padding, %3D */
        answer_session(out, 201, "waiting", NULL);
        atls_text_copy(out->location, sizeof out->location, "session/1");
        break;
    case TEST_STEP_EVIDENCE:
        take_evidence(request);
        pthread_mutex_lock(&test_verifier.gate);
        pthread_mutex_unlock(&test_verifier.gate);
        answer_progress(out, 202);
        break;
    case TEST_STEP_POLL:
        answer_progress(out, 200);
        break;
    case TEST_STEP_DELETE:
    case TEST_NUM_STEPS:
    default:
        out->status = 204;
        break;
    }
}

static enum atls_err fetch_fake(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                                const struct atls_fetch_request *request, struct atls_diag *diag)
{
    static const char letters[] = "dnepx";
    const enum test_step step = step_of(request);
    const size_t at = strlen(test_verifier.order);
    (void)fetcher;
    (void)diag;
    if (test_verifier.before != NULL) {
        test_verifier.before(step);
    }
    assert_true(request->timeout_ms > 0);
    assert_int_equal(request->once, step == TEST_STEP_EVIDENCE);
    memset(out, 0, sizeof *out);
    test_verifier.thread = pthread_self();
    test_verifier.asked[step]++;
    if (at + 1 < sizeof test_verifier.order) {
        test_verifier.order[at] = letters[step];
    }
    out->outcome = ATLS_FETCH_ANSWERED;
    out->sent = true;
    answer(out, step, request);
    if (test_verifier.spoil != NULL) {
        test_verifier.spoil(step, out);
    }
    if (out->outcome != ATLS_FETCH_ANSWERED) {
        free(out->body);
        out->body = NULL;
        out->body_len = 0;
    }
    return ATLS_OK;
}

const struct atls_fetcher_ops test_fetcher = {
    .abi = ATLS_FETCHER_ABI,
    .size = (uint32_t)sizeof(struct atls_fetcher_ops),
    .name = "fake",
    .open = open_fake,
    .close = close_fake,
    .fetch = fetch_fake,
};
