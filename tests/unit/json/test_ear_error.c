/* SPDX-License-Identifier: Apache-2.0 */
/* The Result of an appraisal that failed: bad Evidence and our own failure are told apart. */
#include "support/check.h"

#include "json/ear.h"
#include "json/json.h"
#include "result/vector.h"

#include <stdlib.h>

static struct atls_ear_options test_options(void)
{
    static uint8_t nonce[32];
    for (size_t i = 0; i < sizeof nonce; i++) {
        nonce[i] = (uint8_t)i;
    }
    const struct atls_ear_options options = {
        .iat_s = 1780000000,
        .exp_s = 1780003600,
        .nonce = {nonce, sizeof nonce},
        .developer = "https://v.example",
        .build = "t1",
    };
    return options;
}

static const json_t *submod_of(const json_t *claims, const char *name)
{
    const json_t *submod = json_object_get(json_object_get(claims, "submods"), name);
    assert_non_null(submod);
    return submod;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static json_t *error_claims(enum atls_err err, const char *format)
{
    const struct atls_ear_options options = test_options();
    struct atls_diag why;
    json_t *claims = NULL;
    atls_fail_texts(&why, err, "evidence", "claim", "this", "that");
    assert_err(
        atls_ear_error_claims(&claims, &why,
                              format != NULL ? atls_format_by_name(atls_bytes_text(format)) : NULL,
                              &options, NULL),
        OK);
    return claims;
}

/* Every error there is ends as one of two classes. */
static void every_error_is_bad_evidence_or_a_malfunction(void **state)
{
    (void)state;
    for (int number = 1; number < 120; number++) {
        const enum atls_fault fault = atls_err_fault((enum atls_err)number);
        const bool ours = fault == ATLS_FAULT_LOCAL || fault == ATLS_FAULT_INFRA;
        json_t *claims = error_claims((enum atls_err)number, "psa");
        const json_t *submod = submod_of(claims, "PSA_IOT");
        const json_t *vector = json_object_get(submod, "ear.trustworthiness-vector");
        assert_string_equal(text_at(submod, "ear.status"), ours ? "none" : "contraindicated");
        assert_int_equal(json_object_size(vector), ATLS_NUM_TRUST_CLAIMS);
        for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
            const char *name = atls_trust_claim_name((enum atls_trust_claim)i);
            assert_int_equal(json_integer_value(json_object_get(vector, name)), ours ? -1 : 99);
        }
        json_decref(claims);
    }
}

static void an_error_result_says_what_the_problem_is(void **state)
{
    (void)state;
    json_t *claims = error_claims(ATLS_ERR_SIGNATURE, "psa");
    char *text = atls_json_dump(claims);
    assert_string_equal(
        text,
        "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":1780000000,\"exp\":"
        "1780003600,\"ear.verifier-id\":{\"developer\":\"https://v.example\",\"build\":\"t1\"},"
        "\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"submods\":{\"PSA_IOT\":"
        "{\"ear.status\":\"contraindicated\",\"ear.trustworthiness-vector\":{"
        "\"instance-identity\":99,\"configuration\":99,\"executables\":99,\"file-system\":99,"
        "\"hardware\":99,\"runtime-opaque\":99,\"storage-opaque\":99,\"sourced-data\":99},"
        "\"ear.appraisal-policy-id\":\"policy:PSA_IOT\",\"ear.veraison.policy-claims\":{"
        "\"problem\":\"evidence: a signature in the Evidence does not verify (claim: found this, "
        "expected that)\"}}}}");
    free(text);
    json_decref(claims);
}

static void an_error_before_the_format_is_known_is_called_error(void **state)
{
    (void)state;
    json_t *claims = error_claims(ATLS_ERR_EVIDENCE_MALFORMED, NULL);
    assert_string_equal(text_at(submod_of(claims, "ERROR"), "ear.appraisal-policy-id"),
                        "policy:ERROR");
    json_decref(claims);
}

static void no_error_makes_no_error_result(void **state)
{
    (void)state;
    const struct atls_ear_options options = test_options();
    struct atls_diag why;
    json_t *claims = NULL;
    memset(&why, 0, sizeof why);
    assert_err(atls_ear_error_claims(&claims, &why, NULL, &options, NULL), ARGUMENT);
    assert_err(atls_ear_error_claims(&claims, NULL, NULL, &options, NULL), ARGUMENT);
    assert_null(claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_is_bad_evidence_or_a_malfunction),
        cmocka_unit_test(an_error_result_says_what_the_problem_is),
        cmocka_unit_test(an_error_before_the_format_is_known_is_called_error),
        cmocka_unit_test(no_error_makes_no_error_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
