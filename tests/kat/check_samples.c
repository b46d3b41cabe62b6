/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of tests/kat/FORMAT, which share no code with the library: each appraises to the
 * claims, the vector and the binding that expected.json has, and to nothing with another nonce.
 */
#include "crypto/crypto.h"
#include "result/policy.h"
#include "result/vector.h"
#include "support/check.h"
#include "support/memory.h"
#include "support/sample.h"
#include "verifier/verifier.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const formats[] = {"psa", "tpm2", "kat", "nitro", "snp", "tdx", "sgx"};

static struct atls_verify_request request_of(const struct test_sample *sample,
                                             const struct atls_endorsements *set)
{
    const struct atls_verify_request request = {
        .crypto = atls_crypto_openssl(),
        .endorsements = set,
        .format = sample->format,
        .cmw = sample->cmw,
        .expected_nonce = sample->nonce,
        .tls_spki = sample->tls_spki,
        .now_s = 1790000000,
        .want_claims = true,
    };
    return request;
}

static struct atls_bytes expected_octets(const json_t *expected, const char *member)
{
    const char *hex = json_string_value(json_object_get(expected, member));
    assert_non_null(hex);
    return test_hex(hex);
}

static void compare(const struct atls_submod *submod, const struct test_sample *sample)
{
    json_t *expected = json_loads(sample->expected, JSON_REJECT_DUPLICATES, NULL);
    json_t *found = json_loads(submod->claims_json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(found);
    if (!json_equal(found, json_object_get(expected, "claims"))) {
        fail_msg("other claims than expected.json has: %s", submod->claims_json);
    }
    const json_t *vector = json_object_get(expected, "vector");
    assert_int_equal(json_array_size(vector), ATLS_NUM_TRUST_CLAIMS);
    for (size_t i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        assert_int_equal(json_integer_value(json_array_get(vector, i)), submod->vector.claim[i]);
    }
    assert_string_equal(json_string_value(json_object_get(expected, "key_binding")),
                        atls_key_binding_name(submod->key_binding));
    assert_bytes(submod->machine, expected_octets(expected, "machine"));
    assert_bytes(atls_digest_bytes(&submod->attested_key),
                 expected_octets(expected, "attested_key"));
    assert_true(submod->fresh);
    assert_false(submod->simulated);
    json_decref(expected);
    json_decref(found);
}

static void check_sample(const struct test_sample *sample, const struct atls_endorsements *set)
{
    struct atls_diag diag;
    struct atls_appraisal appraisal;
    struct atls_policy policy;
    struct atls_verify_request request = request_of(sample, set);
    assert_err(atls_verify(&appraisal, &request, &diag), OK);
    assert_int_equal(appraisal.num_submods, 1);
    compare(&appraisal.submods[0], sample);
    atls_policy_default(&policy);
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), OK);
    atls_appraisal_cleanup(&appraisal, free);

    const struct atls_bytes other = test_copy(sample->nonce);
    ((uint8_t *)(uintptr_t)other.data)[0] ^= 1;
    request.expected_nonce = other;
    assert_err(atls_verify(&appraisal, &request, &diag), FRESHNESS);
}

/* The bare file must be what the CMW wraps: it is what `atls inspect` and others are given. */
static void check_bare(const struct test_sample *sample, const struct atls_endorsements *set)
{
    struct atls_diag diag;
    struct atls_submod submod;
    const struct atls_appraisal_input input = {
        .crypto = atls_crypto_openssl(),
        .endorsements = set,
        .evidence = sample->evidence,
        .expected_nonce = sample->nonce,
        .tls_spki = sample->tls_spki,
        .now_s = 1790000000,
        .want_claims = true,
    };
    assert_err(atls_appraiser_for(sample->format)->appraise(&submod, &input, &diag), OK);
    compare(&submod, sample);
    free(submod.claims_json);
    free(submod.storage);
    struct atls_cmw cmw;
    if (sample->cmw.data[0] != '[' && sample->cmw.data[0] != '{') {
        assert_err(atls_cmw_parse(&cmw, sample->cmw, &diag), OK);
        assert_bytes(atls_cmw_evidence(&cmw), sample->evidence);
    }
}

static void every_sample_appraises_to_what_is_expected_of_it(void **state)
{
    (void)state;
    static struct test_sample samples[TEST_MAX_SAMPLES];
    for (size_t f = 0; f < ATLS_ARRAY_LEN(formats); f++) {
        const struct atls_endorsements *set = test_sample_endorsements(TEST_SOURCE_DIR, formats[f]);
        const size_t num = test_samples(samples, TEST_SOURCE_DIR, formats[f]);
        assert_true(num >= 3);
        for (size_t i = 0; i < num; i++) {
            printf("%s: %s\n", formats[f], samples[i].name);
            check_sample(&samples[i], set);
            check_bare(&samples[i], set);
        }
    }
}

static void every_format_that_has_an_appraiser_has_samples(void **state)
{
    (void)state;
    size_t num = 0;
    for (size_t i = 0; i < atls_num_formats; i++) {
        num += atls_appraiser_for(&atls_formats[i]) != NULL ? 1 : 0;
    }
    assert_int_equal(num, ATLS_ARRAY_LEN(formats));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_appraises_to_what_is_expected_of_it),
        cmocka_unit_test(every_format_that_has_an_appraiser_has_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
