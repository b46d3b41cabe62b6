/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"

#include "json/json.h"
#include "json/verdict_json.h"
#include "result/appraisal.h"

#include <stdlib.h>

static const char vector_of_zeros[] =
    "{\"instance-identity\":0,\"configuration\":0,\"executables\":0,\"file-system\":0,"
    "\"hardware\":0,\"runtime-opaque\":0,\"storage-opaque\":0,\"sourced-data\":0}";

static void assert_verdict(const struct atls_verdict *verdict, const char *expected)
{
    char *text = atls_verdict_json(verdict);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void no_verdict_is_not_accepted_and_knows_nothing(void **state)
{
    (void)state;
    struct atls_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    assert_verdict(
        &verdict,
        "{\"accepted\":false,\"state\":\"none\",\"peer\":{\"spki_sha256\":null,"
        "\"subject\":null},\"identity\":null,\"evidence\":[],\"key_binding\":\"none\","
        "\"channel\":{\"timing\":\"none\",\"binder\":null,\"suite\":null,\"group\":null"
        ",\"psk\":false,\"resumed\":false,\"appraised_at\":null,\"age_s\":null},\"policy\":{\"id\":"
        "null,\"version\":0},\"verifier\":null}");
    assert_null(atls_verdict_json(NULL));
}

static struct atls_verdict full_verdict(void)
{
    struct atls_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    verdict.state = ATLS_VERDICT_ACCEPTED;
    verdict.peer_has_key = true;
    verdict.peer_spki_sha256[0] = 0xab;
    memcpy(verdict.peer_subject, "CN=peer", 8);
    verdict.pkix = true;
    verdict.num_evidence = 1;
    struct atls_verdict_evidence *evidence = &verdict.evidence[0];
    memcpy(evidence->format, "tpm2", 5);
    memcpy(evidence->submod, "PARSEC_TPM", 11);
    evidence->status = ATLS_TIER_WARNING;
    evidence->vector.claim[ATLS_TRUST_HARDWARE] = 32;
    evidence->vector.claim[ATLS_TRUST_FILE_SYSTEM] = -1;
    evidence->simulated = true;
    evidence->claims_json = strdup("{\"pcrs\":\"00ff\"}");
    verdict.key_binding = ATLS_KEY_BINDING_HARDWARE;
    verdict.timing = ATLS_TIMING_HANDSHAKE;
    verdict.binder[0] = 0x01;
    verdict.binder_len = 2;
    memcpy(verdict.suite, "TLS_AES_128_GCM_SHA256", 23);
    memcpy(verdict.group, "X25519", 7);
    memcpy(verdict.policy_id, "default", 8);
    memcpy(verdict.verifier, "in-process", 11);
    verdict.psk = true;
    verdict.resumed = true;
    verdict.appraised_s = 1767225600;
    verdict.age_s = 12;
    return verdict;
}

static void every_member_of_a_verdict_is_written(void **state)
{
    (void)state;
    struct atls_verdict verdict = full_verdict();
    assert_verdict(
        &verdict,
        "{\"accepted\":true,\"state\":\"accepted\",\"peer\":{\"spki_sha256\":"
        "\"ab00000000000000000000000000000000000000000000000000000000000000\",\"subject\":"
        "\"CN=peer\"},\"identity\":\"pkix\",\"evidence\":[{\"format\":\"tpm2\",\"status\":"
        "\"warning\",\"vector\":{\"instance-identity\":0,\"configuration\":0,\"executables\":0,"
        "\"file-system\":-1,\"hardware\":32,\"runtime-opaque\":0,\"storage-opaque\":0,"
        "\"sourced-data\":0},\"claims\":{\"pcrs\":\"00ff\"},\"simulated\":true}],\"key_binding\":"
        "\"hardware\",\"channel\":{\"timing\":\"handshake\",\"binder\":\"0100\",\"suite\":"
        "\"TLS_AES_128_GCM_SHA256\",\"group\":\"X25519\",\"psk\":true,\"resumed\":true,\"appraised_"
        "at\":"
        "\"2026-01-01T00:00:00Z\",\"age_s\":12},\"policy\":{\"id\":\"default\",\"version\":0},"
        "\"verifier\":\"in-process\"}");
    verdict.pkix = false;
    json_t *object = atls_verdict_to_json(&verdict);
    assert_string_equal(json_string_value(json_object_get(object, "identity")), "key");
    json_decref(object);
    atls_verdict_cleanup(&verdict);
}

static void only_the_accepted_state_says_accepted(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "accepted", "refused", "not required"};
    for (unsigned value = 0; value < 256; value++) {
        struct atls_verdict verdict;
        memset(&verdict, 0, sizeof verdict);
        verdict.state = (enum atls_verdict_state)value;
        json_t *object = atls_verdict_to_json(&verdict);
        assert_int_equal(json_is_true(json_object_get(object, "accepted")),
                         value == ATLS_VERDICT_ACCEPTED);
        assert_string_equal(json_string_value(json_object_get(object, "state")),
                            value < 4 ? names[value] : "none");
        json_decref(object);
    }
}

static void texts_without_their_nul_or_in_no_utf8_are_still_json(void **state)
{
    (void)state;
    struct atls_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    memset(verdict.peer_subject, 0xff, sizeof verdict.peer_subject);
    memset(verdict.suite, 'a', sizeof verdict.suite);
    verdict.group[0] = '"';
    verdict.group[1] = '\n';
    json_t *object = atls_verdict_to_json(&verdict);
    const json_t *subject = json_object_get(json_object_get(object, "peer"), "subject");
    const json_t *channel = json_object_get(object, "channel");
    assert_int_equal(json_string_length(subject), sizeof verdict.peer_subject);
    assert_int_equal(json_string_value(subject)[0], '?');
    assert_int_equal(json_string_length(json_object_get(channel, "suite")), sizeof verdict.suite);
    assert_string_equal(json_string_value(json_object_get(channel, "group")), "\"\n");
    json_decref(object);
    char *text = atls_verdict_json(&verdict);
    assert_null(strchr(text, '\n'));
    free(text);
}

static void counts_past_their_arrays_are_not_followed(void **state)
{
    (void)state;
    struct atls_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    verdict.num_evidence = 1000;
    verdict.binder_len = 1000;
    json_t *object = atls_verdict_to_json(&verdict);
    assert_int_equal(json_array_size(json_object_get(object, "evidence")), ATLS_MAX_SUBMODS);
    assert_true(json_is_null(json_object_get(json_object_get(object, "channel"), "binder")));
    json_decref(object);
}

static void claims_that_are_no_json_are_left_out(void **state)
{
    (void)state;
    struct atls_verdict verdict = full_verdict();
    free(verdict.evidence[0].claims_json);
    verdict.evidence[0].claims_json = strdup("{\"a\":");
    json_t *object = atls_verdict_to_json(&verdict);
    const json_t *evidence = json_array_get(json_object_get(object, "evidence"), 0);
    assert_true(json_is_null(json_object_get(evidence, "claims")));
    json_decref(object);
    atls_verdict_cleanup(&verdict);
}

static void cleanup_frees_all_claims_and_closes_the_gate(void **state)
{
    (void)state;
    struct atls_verdict verdict = full_verdict();
    verdict.evidence[ATLS_MAX_SUBMODS - 1].claims_json = strdup("{}"); /* beyond num_evidence */
    atls_verdict_cleanup(&verdict);
    assert_int_equal(verdict.state, ATLS_VERDICT_NONE);
    assert_null(verdict.evidence[0].claims_json);
    assert_false(atls_verdict_opens(&verdict));
    atls_verdict_cleanup(&verdict);
    atls_verdict_cleanup(NULL);
}

static void an_appraisal_is_described_without_being_accepted(void **state)
{
    (void)state;
    struct atls_verdict verdict;
    struct atls_appraisal appraisal;
    memset(&verdict, 0, sizeof verdict);
    memset(&appraisal, 0, sizeof appraisal);
    appraisal.num_submods = 2;
    appraisal.submods[0].format = atls_format_by_name(atls_bytes_text("psa"));
    appraisal.submods[0].status = ATLS_TIER_AFFIRMING;
    appraisal.submods[0].key_binding = ATLS_KEY_BINDING_CHALLENGE;
    appraisal.submods[0].claims_json = strdup("{\"a\":1}");
    atls_verdict_take_evidence(&verdict, &appraisal);
    assert_null(appraisal.submods[0].claims_json);
    assert_int_equal(verdict.num_evidence, 2);
    assert_string_equal(verdict.evidence[0].format, "psa");
    assert_string_equal(verdict.evidence[0].submod, "PSA_IOT");
    assert_string_equal(verdict.evidence[1].format, "");
    assert_int_equal(verdict.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(verdict.state, ATLS_VERDICT_NONE);

    json_t *object = atls_verdict_to_json(&verdict);
    const json_t *evidence = json_object_get(object, "evidence");
    char *vector = atls_json_dump(json_object_get(json_array_get(evidence, 1), "vector"));
    assert_string_equal(vector, vector_of_zeros);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_array_get(evidence, 0), "claims"), "a")),
                     1);
    free(vector);
    json_decref(object);
    atls_verdict_cleanup(&verdict);

    appraisal.num_submods = ATLS_MAX_SUBMODS + 5;
    atls_verdict_take_evidence(&verdict, &appraisal);
    assert_int_equal(verdict.num_evidence, ATLS_MAX_SUBMODS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_verdict_is_not_accepted_and_knows_nothing),
        cmocka_unit_test(every_member_of_a_verdict_is_written),
        cmocka_unit_test(only_the_accepted_state_says_accepted),
        cmocka_unit_test(texts_without_their_nul_or_in_no_utf8_are_still_json),
        cmocka_unit_test(counts_past_their_arrays_are_not_followed),
        cmocka_unit_test(claims_that_are_no_json_are_left_out),
        cmocka_unit_test(cleanup_frees_all_claims_and_closes_the_gate),
        cmocka_unit_test(an_appraisal_is_described_without_being_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
