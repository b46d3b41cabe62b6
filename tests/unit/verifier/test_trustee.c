/* SPDX-License-Identifier: Apache-2.0 */
/* Trustee as a Verifier: what it is asked, and what of its answer counts. */
#include "verifier/trustee.h"

#include "base/writer.h"
#include "codec/tsm_report.h"
#include "json/base64.h"
#include "json/json.h"
#include "support/check.h"
#include "support/memory.h"
#include "verifier/api.h"

#include <stdio.h>
#include <stdlib.h>

static const struct atls_format tdx = {.name = "tdx", .submod = "TDX"};
static struct atls_diag diag;

/* ---- the question ---- */

static struct {
    unsigned status;
    const char *answer;
    size_t answer_len; /* 0: all of the text */
    char url[128], type[64];
    bool once;
    char *body;
    unsigned asked;
} service;

static enum atls_err fetch(struct atls_fetcher *fetcher, struct atls_fetch_answer *out,
                           const struct atls_fetch_request *request, struct atls_diag *why)
{
    (void)fetcher, (void)why;
    const size_t len = service.answer_len != 0 ? service.answer_len : strlen(service.answer);
    service.asked++;
    assert_int_equal(request->method, ATLS_FETCH_POST);
    snprintf(service.url, sizeof service.url, "%s", request->url);
    snprintf(service.type, sizeof service.type, "%s", request->content_type);
    service.once = request->once;
    free(service.body);
    service.body = strndup((const char *)request->body.data, request->body.len);
    memset(out, 0, sizeof *out);
    out->outcome = ATLS_FETCH_ANSWERED;
    out->status = service.status;
    out->body = calloc(len + 1, 1);
    memcpy(out->body, service.answer, len);
    out->body_len = len;
    return ATLS_OK;
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

static int end(void **state)
{
    (void)state;
    free(service.body);
    memset(&service, 0, sizeof service);
    return 0;
}

static struct atls_bytes quote_of(const char *provider)
{
    static uint8_t room[256];
    const struct atls_tsm_report report = {.provider = atls_bytes_text(provider),
                                           .outblob = atls_bytes_text("quote")};
    struct atls_writer w = atls_writer_of((struct atls_buf){room, sizeof room});
    size_t len = 0;
    atls_tsm_report_put(&w, &report);
    assert_true(atls_writer_finish(&w, &len));
    return test_copy(atls_bytes_of(room, len));
}

static enum atls_err ask(char **token, unsigned status, const char *answer, const char *provider)
{
    static const struct atls_fetcher_ops ops = {.fetch = fetch};
    const struct atls_verifier_wait wait = {atls_verifier_clock_ms() + 60000, never, NULL};
    struct verifier_service_url url;
    service.status = status;
    service.answer = answer;
    assert_err(verifier_url_parse(&url, "https://as.example:8080/p", NULL), OK);
    const struct verifier_line line = {.ops = &ops, .url = &url, .wait = &wait};
    const struct verifier_question question = {
        .format = &tdx, .evidence = quote_of(provider), .nonce = atls_bytes_of("\xfb\xff\x00n", 4)};
    memset(&diag, 0, sizeof diag);
    *token = NULL;
    const enum atls_err err = verifier_trustee_exchange(token, &line, &question, &diag);
    assert_true((*token != NULL) == (err == ATLS_OK));
    return err;
}

static void the_question_is_as_its_documentation_has_it(void **state)
{
    (void)state;
    char *token = NULL;
    assert_err(ask(&token, 200, "e30.e30.AA\r\n", "tdx_guest"), OK);
    assert_string_equal(token, "e30.e30.AA");
    free(token);
    assert_string_equal(service.url, "https://as.example:8080/p/attestation");
    assert_string_equal(service.type, "application/json");
    assert_true(service.once);
    json_t *body = json_loads(service.body, JSON_REJECT_DUPLICATES, NULL);
    const json_t *all = json_object_get(body, "verification_requests");
    const json_t *one = json_array_get(all, 0);
    assert_int_equal(json_object_size(body), 2);
    assert_int_equal(json_array_size(json_object_get(body, "policy_ids")), 0);
    assert_int_equal(json_array_size(all), 1);
    assert_int_equal(json_object_size(one), 3);
    assert_string_equal(json_string_value(json_object_get(one, "tee")), "tdx");
    const json_t *runtime = json_object_get(one, "runtime_data");
    assert_int_equal(json_object_size(runtime), 1);
    assert_string_equal(json_string_value(json_object_get(runtime, "raw")), "-_8Abg");
    uint8_t inner[256];
    size_t len = 0;
    const char *evidence = json_string_value(json_object_get(one, "evidence"));
    assert_true(atls_base64url_decode(atls_bytes_text(evidence),
                                      (struct atls_buf){inner, sizeof inner}, &len));
    assert_text(atls_bytes_of(inner, len), "{\"quote\":\"cXVvdGU=\",\"cc_eventlog\":null}");
    json_decref(body);
}

static void evidence_without_a_form_is_not_sent(void **state)
{
    (void)state;
    char *token = NULL;
    assert_err(ask(&token, 200, "e30.e30.AA", "sev_guest"), EVIDENCE_MALFORMED);
    assert_int_equal(service.asked, 0);
}

static void an_answer_that_is_no_token_is_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *text;
        size_t len;
        const char *found;
    } cases[] = {
        {200, "", 0, "no token"},
        {200, "\n", 0, "no token"},
        {200, "e30.e30.AA\0x", 12, "no token"},
        {204, "", 0, "HTTP status 204"},
        {500,
         "An internal error occured: \n0: attestation report evaluate\n1: Verifier evaluate "
         "failed: Report Data Mismatch\n\nStack backtrace:\n   0: anyhow\n9: no",
         0, "HTTP status 500, Verifier evaluate failed: Report Data Mismatch"},
        {500, "12 monkeys\n1:x\n\n2: no", 0, "HTTP status 500"},
        {400, "Json deserialize error", 0, "HTTP status 400"},
        {500, "{\"title\":\"T\"}", 0, "HTTP status 500, T"},
        {301, "", 0, "HTTP status 301"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        char *token = NULL;
        service.answer_len = cases[i].len;
        assert_err(ask(&token, cases[i].status, cases[i].text, "tdx_guest"), VERIFIER_ANSWER);
        assert_string_equal(diag.found, cases[i].found);
    }
    assert_int_equal(service.asked, ATLS_ARRAY_LEN(cases)); /* none of them twice */
}

/* ---- the answer ---- */

#define ZEROS_60 "000000000000000000000000000000000000000000000000000000000000"
#define DATA     "fbff006e" ZEROS_60 ZEROS_60

static enum atls_err find(const char *name, const char *claims, size_t num_submods)
{
    const struct atls_ear_submod *found = NULL;
    json_t *annotated = json_loads(claims, 0, NULL);
    struct atls_ear ear = {.profile = ATLS_EAR_TRUSTEE, .num_submods = num_submods};
    ear.submods[0].name = atls_bytes_text(name);
    ear.submods[0].attester_claims.json = annotated;
    memset(&diag, 0, sizeof diag);
    const enum atls_err err =
        verifier_trustee_find(&found, &ear, &tdx, atls_bytes_of("\xfb\xff\x00n", 4), &diag);
    assert_true(found == (err == ATLS_OK ? &ear.submods[0] : NULL));
    json_decref(annotated);
    return err;
}

static void a_result_of_this_exchange_is_found(void **state)
{
    (void)state;
    assert_err(find("cpu0", "{\"tdx\":{},\"report_data\":\"" DATA "\"}", 1), OK);
}

static void a_result_of_another_exchange_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *found;
        enum atls_err expected;
    } cases[] = {
        {"{\"tdx\":{},\"report_data\":\"fbff006f" ZEROS_60 ZEROS_60 "\"}", "another value",
         ATLS_ERR_FRESHNESS},
        {"{\"tdx\":{},\"report_data\":\"fbff006e01" ZEROS_60 ZEROS_60 "\"}", "none",
         ATLS_ERR_RESULT},
        {"{\"tdx\":{},\"report_data\":\"fbff006e" ZEROS_60
         "0000000000000000000000000000000000000000000000000000000000000"
         "1\"}",
         "none", ATLS_ERR_RESULT},
        {"{\"tdx\":{},\"report_data\":\"fbff006e\"}", "none", ATLS_ERR_RESULT},
        {"{\"tdx\":{},\"report_data\":[]}", "none", ATLS_ERR_RESULT},
        {"{\"tdx\":{}}", "none", ATLS_ERR_RESULT},
        {"{\"snp\":{},\"report_data\":\"" DATA "\"}", "of another kind", ATLS_ERR_RESULT},
        {"{\"tdx\":1,\"report_data\":\"" DATA "\"}", "of another kind", ATLS_ERR_RESULT},
        {"[]", "of another kind", ATLS_ERR_RESULT},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const enum atls_err err = find("cpu0", cases[i].text, 1);
        assert_string_equal(atls_err_name(err), atls_err_name(cases[i].expected));
        assert_string_equal(diag.found, cases[i].found);
    }
}

static void other_submods_are_refused(void **state)
{
    (void)state;
    static const char right[] = "{\"tdx\":{},\"report_data\":\"" DATA "\"}";
    assert_err(find("gpu0", right, 1), RESULT);
    assert_string_equal(diag.found, "gpu0");
    assert_err(find("cpu0", right, 2), RESULT);
    assert_string_equal(diag.found, "cpu0 and others");
    assert_err(find("TDX", right, 1), RESULT);
}

/* ---- the URL ---- */

static void the_scheme_of_a_url_says_the_api(void **state)
{
    (void)state;
    const char *url = "trustee+https://as.example";
    const struct verifier_api *trustee = verifier_api_of(&url);
    assert_string_equal(url, "https://as.example");
    assert_false(trustee->has_sessions);
    assert_true(trustee->takes(&tdx));
    url = "https://v.example";
    const struct verifier_api *veraison = verifier_api_of(&url);
    assert_string_equal(url, "https://v.example");
    assert_true(veraison->has_sessions && veraison != trustee);
    static const char *const others[] = {"Trustee+https://a", "trustee https://a", "", "x"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        url = others[i];
        assert_ptr_equal(verifier_api_of(&url), veraison); /* which takes no such URL */
        assert_ptr_equal(url, others[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_question_is_as_its_documentation_has_it, end),
        cmocka_unit_test_teardown(evidence_without_a_form_is_not_sent, end),
        cmocka_unit_test_teardown(an_answer_that_is_no_token_is_refused, end),
        cmocka_unit_test(a_result_of_this_exchange_is_found),
        cmocka_unit_test(a_result_of_another_exchange_is_refused),
        cmocka_unit_test(other_submods_are_refused),
        cmocka_unit_test(the_scheme_of_a_url_says_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
