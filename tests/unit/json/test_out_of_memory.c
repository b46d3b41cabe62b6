/* SPDX-License-Identifier: Apache-2.0 */
/* Results, verdicts and policies when each allocation of the JSON library fails in its turn: an
 * error or nothing at all, never half a Result, and never a leak. */
#include "support/check.h"

#include "json/ear.h"
#include "json/ear_json.h"
#include "json/ear_token.h"
#include "json/json.h"
#include "json/policy_json.h"
#include "json/verdict_json.h"
#include "result/vector.h"

#include <stdlib.h>

static size_t countdown; /* 0: never fail */
static bool failed;

static void *failing_malloc(size_t size)
{
    if (countdown != 0 && --countdown == 0) {
        failed = true;
        return NULL;
    }
    return malloc(size);
}

/* What the work made, as text (caller: free); NULL when it said that it failed. */
typedef char *work_function(void);

/* each_failure runs `work` with the first, second, ... allocation failing, until none does. */
static void each_failure(work_function *work)
{
    char *whole = work();
    size_t num_failures = 0;
    assert_non_null(whole);
    json_set_alloc_funcs(failing_malloc, free);
    for (size_t at = 1; at == 1 || failed; at++) {
        assert_true(at < 10000);
        failed = false;
        countdown = at;
        char *text = work();
        countdown = 0;
        assert_true(failed || text != NULL);
        if (text != NULL) { /* what failed could be done without */
            assert_string_equal(text, whole);
        }
        num_failures += text == NULL ? 1 : 0;
        free(text);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(num_failures > 5);
    free(whole);
}

/* dump does not fail: what is tried is the making. */
static char *dump(enum atls_err err, json_t *value)
{
    assert_int_equal(value != NULL, err == ATLS_OK);
    countdown = 0;
    char *text = value != NULL ? atls_json_dump(value) : NULL;
    json_decref(value);
    return text;
}

static struct atls_ear_options options(void)
{
    static const uint8_t octets[32] = {1};
    struct atls_ear_options o;
    memset(&o, 0, sizeof o);
    o.iat_s = 1;
    o.exp_s = 2;
    o.nonce = atls_bytes_of(octets, sizeof octets);
    o.developer = "d";
    o.build = "b";
    o.key_spki = o.nonce;
    return o;
}

static char *make_result(void)
{
    static char claims_json[] = "{\"a\":{\"b\":[1]}}";
    static struct atls_appraisal appraisal;
    struct atls_submod *submod = &appraisal.submods[0];
    const struct atls_ear_options o = options();
    appraisal.num_submods = 1;
    submod->format = atls_format_by_name(atls_bytes_text("psa"));
    submod->simulated = true;
    submod->key_binding = ATLS_KEY_BINDING_CHALLENGE;
    submod->vector.claim[ATLS_TRUST_HARDWARE] = ATLS_HARDWARE_UNSAFE;
    submod->status = ATLS_TIER_WARNING;
    submod->reason.err = ATLS_ERR_SIMULATED;
    submod->claims_json = claims_json;
    json_t *claims = NULL;
    const enum atls_err err = atls_ear_claims(&claims, &appraisal, &o, NULL);
    return dump(err, claims);
}

static char *make_error_result(void)
{
    const struct atls_ear_options o = options();
    struct atls_diag why;
    json_t *claims = NULL;
    atls_fail(&why, ATLS_ERR_SIGNATURE, "evidence", NULL);
    const enum atls_err err = atls_ear_error_claims(&claims, &why, NULL, &o, NULL);
    return dump(err, claims);
}

static char *make_verdict(void)
{
    static struct atls_verdict verdict;
    verdict.peer_has_key = true;
    verdict.num_evidence = 2;
    verdict.binder_len = 32;
    memcpy(verdict.suite, "s", 2);
    return atls_verdict_json(&verdict);
}

static char *read_policy(void)
{
    static const char text[] = "{\"version\":1,\"id\":\"t\",\"require\":{\"formats\":[\"psa\"]},"
                               "\"machines\":[\"01\"],\"min_tier\":{\"hardware\":\"warning\"}}";
    struct atls_policy policy;
    const enum atls_err err = atls_policy_parse(&policy, atls_bytes_text(text), NULL);
    if (err != ATLS_OK) {
        return NULL;
    }
    assert_int_equal(policy.num_machines, 1);
    char *id = strdup(policy.id);
    atls_policy_cleanup(&policy);
    return id;
}

/* A Result of draft 04 with all that there is, read, written in both forms, and read again. */
static char *rewrite_result(void)
{
    static const char text[] =
        "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iat\":1,\"ear_verifier_id\":"
        "{\"developer\":\"d\",\"build\":\"b\"},\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":"
        "\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}},"
        "\"ear_raw_evidence\":[\"text/plain\",\"cmF3\",4],\"submods\":{\"A\":{\"ear_status\":"
        "\"none\",\"ear_trustworthiness_vector\":{\"hardware\":1},\"ear_appraisal_policy_ids\":"
        "[\"p\"],\"ear_attester_claims\":{\"a\":[1,\"b\",null]},\"ear_verifier_claims\":"
        "{\"problem\":\"q\"},\"ear_veraison_key_attestation\":{\"akpub\":\"AQID\"}}}}";
    struct atls_ear_token *token = NULL;
    struct atls_ear from_cbor;
    uint8_t *cbor = NULL;
    size_t len = 0;
    json_t *claims = NULL;
    enum atls_err err = atls_ear_open_unverified(&token, atls_bytes_text(text), NULL);
    if (err == ATLS_OK) {
        err = atls_ear_to_cbor(&cbor, &len, atls_ear_token_get(token), NULL);
    }
    if (err == ATLS_OK) {
        err = atls_ear_read_cbor(&from_cbor, atls_bytes_of(cbor, len), NULL);
    }
    if (err == ATLS_OK) {
        err = atls_ear_to_json(&claims, &from_cbor, NULL);
    }
    char *again = dump(err, claims);
    atls_ear_token_free(token);
    free(cbor);
    return again;
}

static void a_result_is_rewritten_whole_or_not_at_all(void **state)
{
    (void)state;
    each_failure(rewrite_result);
}

static void a_result_is_whole_or_none(void **state)
{
    (void)state;
    each_failure(make_result);
}

static void an_error_result_is_whole_or_none(void **state)
{
    (void)state;
    each_failure(make_error_result);
}

static void a_verdict_is_whole_or_none(void **state)
{
    (void)state;
    each_failure(make_verdict);
}

static void a_policy_is_whole_or_none(void **state)
{
    (void)state;
    each_failure(read_policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_whole_or_none),
        cmocka_unit_test(a_result_is_rewritten_whole_or_not_at_all),
        cmocka_unit_test(an_error_result_is_whole_or_none),
        cmocka_unit_test(a_verdict_is_whole_or_none),
        cmocka_unit_test(a_policy_is_whole_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
