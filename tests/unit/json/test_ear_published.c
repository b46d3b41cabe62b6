/* SPDX-License-Identifier: Apache-2.0 */
/* Our Results beside those that Veraison published: the same members with the same values. */
#include "support/check.h"
#include "support/file.h"

#include "json/base64.h"
#include "json/ear.h"
#include "json/json.h"
#include "result/vector.h"

#include <stdlib.h>

#define PUBLISHED(name) TEST_SHARED("vectors/07-ear/" name)

static json_t *published(const char *path)
{
    json_t *value = NULL;
    assert_err(atls_json_parse(&value, test_file(path), "published Result", NULL), OK);
    return value;
}

static struct atls_ear_options options_at(int64_t iat_s, const char *developer, const char *build)
{
    struct atls_ear_options options;
    memset(&options, 0, sizeof options);
    options.iat_s = iat_s;
    options.developer = developer;
    options.build = build;
    return options;
}

static void assert_json_equal(const json_t *found, const json_t *expected)
{
    if (json_equal(found, expected) != 1) {
        char *text = atls_json_dump(found);
        print_message("%s\n", text);
        free(text);
    }
    assert_int_equal(json_equal(found, expected), 1);
}

static void key_attestation_claims_are_the_published_ones(void **state)
{
    (void)state;
    json_t *expected = published(PUBLISHED("claims/ear-claims-key-attestation-ok.json"));
    json_object_del(expected, "ear.raw-evidence"); /* optional, and not written by us */
    const json_t *submod = json_object_get(json_object_get(expected, "submods"), "PARSEC_TPM");
    const json_t *key = json_object_get(submod, "ear.veraison.key-attestation");
    uint8_t spki[256];
    size_t spki_len = 0;
    const struct atls_buf room = {spki, sizeof spki};
    assert_err(atls_json_base64url(room, &spki_len, 1, key, "akpub", "akpub", NULL), OK);

    struct atls_appraisal appraisal;
    memset(&appraisal, 0, sizeof appraisal);
    appraisal.num_submods = 1;
    appraisal.submods[0].format = atls_format_by_name(atls_bytes_text("tpm2"));
    appraisal.submods[0].key_binding = ATLS_KEY_BINDING_HARDWARE;
    appraisal.submods[0].status = ATLS_TIER_AFFIRMING;
    appraisal.submods[0].vector.claim[ATLS_TRUST_INSTANCE_IDENTITY] = 2;
    appraisal.submods[0].vector.claim[ATLS_TRUST_EXECUTABLES] = 2;
    appraisal.submods[0].vector.claim[ATLS_TRUST_HARDWARE] = 2;
    struct atls_ear_options options =
        options_at(1666529184, "https://veraison-project.org", "vts 0.0.1");
    options.policy_id = "policy://parsec/60a0068d";
    options.key_spki = atls_bytes_of(spki, spki_len);
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, &appraisal, &options, NULL), OK);
    assert_json_equal(claims, expected);
    json_decref(claims);
    json_decref(expected);
}

/* The published results are the submods alone; the problem is another implementation's sentence. */
static void assert_error_result(const char *path)
{
    json_t *expected = published(path);
    struct atls_ear_options options = options_at(1, "d", "b");
    struct atls_diag why;
    json_t *claims = NULL;
    atls_fail(&why, ATLS_ERR_SIGNATURE, "evidence", NULL);
    assert_err(atls_ear_error_claims(&claims, &why, atls_format_by_name(atls_bytes_text("psa")),
                                     &options, NULL),
               OK);
    json_t *problem =
        json_object_get(json_object_get(expected, "PSA_IOT"), "ear.veraison.policy-claims");
    assert_int_equal(json_object_size(problem), 1);
    json_object_set_new(problem, "problem",
                        json_string("evidence: a signature in the Evidence does not verify"));
    assert_json_equal(json_object_get(claims, "submods"), expected);
    json_decref(claims);
    json_decref(expected);
}

static void error_results_are_the_published_ones(void **state)
{
    (void)state;
    assert_error_result(PUBLISHED("veraison-results/psa.badcrypto.json"));
    assert_error_result(PUBLISHED("veraison-results/psa.badinstance.json"));
    assert_error_result(PUBLISHED("veraison-results/psa.freshness-fail.json"));
}

static void a_good_psa_result_is_the_published_one(void **state)
{
    (void)state;
    json_t *expected = published(PUBLISHED("veraison-results/psa.good.json"));
    json_t *submod = json_object_get(expected, "PSA_IOT");
    json_t *vector = json_object_get(submod, "ear.trustworthiness-vector");
    struct atls_appraisal appraisal;
    memset(&appraisal, 0, sizeof appraisal);
    appraisal.num_submods = 1;
    appraisal.submods[0].format = atls_format_by_name(atls_bytes_text("psa"));
    appraisal.submods[0].status = ATLS_TIER_AFFIRMING;
    appraisal.submods[0].claims_json =
        atls_json_dump(json_object_get(submod, "ear.veraison.annotated-evidence"));
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const char *name = atls_trust_claim_name((enum atls_trust_claim)i);
        const json_t *value = json_object_get(vector, name);
        assert_true(json_is_integer(value));
        appraisal.submods[0].vector.claim[i] = (int8_t)json_integer_value(value);
        if (json_integer_value(value) == 0) {
            json_object_del(vector, name); /* we leave out what asserts nothing */
        }
    }
    struct atls_ear_options options = options_at(1, "d", "b");
    json_t *claims = NULL;
    assert_err(atls_ear_claims(&claims, &appraisal, &options, NULL), OK);
    assert_json_equal(json_object_get(claims, "submods"), expected);
    json_decref(claims);
    json_decref(expected);
    atls_appraisal_cleanup(&appraisal, free);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_attestation_claims_are_the_published_ones),
        cmocka_unit_test(error_results_are_the_published_ones),
        cmocka_unit_test(a_good_psa_result_is_the_published_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
