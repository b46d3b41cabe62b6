/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of policy v1: what it accepts, what it refuses, and with which sentence. */
#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "json/policy_json.h"
#include "result/vector.h"

#include <stdio.h>

#define DIGEST_A "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define DIGEST_B "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"

/* parse reads a policy that has these members besides version and id. */
static enum atls_err parse(struct atls_policy *out, const char *members, struct atls_diag *diag)
{
    char text[9000];
    const int len = snprintf(text, sizeof text, "{\"version\":1,\"id\":\"t\"%s%s}",
                             members[0] != '\0' ? "," : "", members);
    assert_true(len > 0 && (size_t)len < sizeof text);
    return atls_policy_parse(out, test_copy(atls_bytes_of(text, (size_t)len)), diag);
}

static struct atls_policy parsed(const char *members)
{
    struct atls_policy policy;
    struct atls_diag diag;
    memset(&diag, 0, sizeof diag);
    const enum atls_err err = parse(&policy, members, &diag);
    if (err != ATLS_OK) {
        char sentence[600];
        atls_diag_sentence(sentence, sizeof sentence, &diag);
        print_message("%s\n", sentence);
    }
    assert_err(err, OK);
    return policy;
}

static void assert_refused(const char *members, const char *claim)
{
    struct atls_policy policy;
    struct atls_policy untouched;
    struct atls_diag diag;
    memset(&policy, 0x5a, sizeof policy);
    memset(&untouched, 0x5a, sizeof untouched);
    assert_err(parse(&policy, members, &diag), POLICY_FILE);
    assert_err(diag.err, POLICY_FILE);
    assert_string_equal(diag.claim, claim);
    assert_true(diag.found[0] != '\0');
    assert_true(diag.expected[0] != '\0');
    assert_memory_equal(&policy, &untouched, sizeof policy);
    assert_err(parse(&policy, members, NULL), POLICY_FILE);
}

static void a_policy_of_version_and_id_demands_what_the_default_does(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("");
    struct atls_policy fallback;
    atls_policy_default(&fallback);
    assert_string_equal(policy.id, "t");
    assert_int_equal(policy.version, 1);
    assert_int_equal(policy.num_formats, 0);
    assert_int_equal(policy.identity, fallback.identity);
    assert_false(policy.min_tier_set[ATLS_TRUST_HARDWARE]);
    assert_int_equal(policy.num_measurements, 0);
    assert_false(policy.machines_set);
    assert_true(policy.key_binding_hardware && policy.key_binding_challenge);
    assert_false(policy.debug || policy.simulated || policy.ensemble_any);
    assert_int_equal(policy.timings, 0);
    assert_int_equal(policy.max_result_age_s, fallback.max_result_age_s);
    atls_policy_cleanup(&policy);
    assert_false(policy.key_binding_challenge);
    atls_policy_cleanup(&policy);
    atls_policy_cleanup(NULL);
}

static void assert_text_refused(const char *text)
{
    struct atls_policy policy;
    struct atls_diag diag;
    assert_err(atls_policy_parse(&policy, test_copy(atls_bytes_text(text)), &diag), POLICY_FILE);
    assert_err(diag.err, POLICY_FILE);
    assert_string_equal(diag.step, "policy");
}

static void what_is_no_policy_at_all_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "[]",
        "1",
        "null",
        "{}",
        "{\"version\":1}",
        "{\"id\":\"t\"}",
        "{\"version\":1,\"id\":\"t\"} ,",
        "{\"version\":1,\"id\":\"t\"}{}",
        "{\"version\":1,\"id\":\"t\",}",
        "{\"version\":1,\"id\":\"t\",\"id\":\"t\"}",
        "{\"version\":1,\"id\":\"\xff\"}",
        "{\"version\":1,\"id\":\"t\",\"\":1}",
        "{'version':1,'id':'t'}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_text_refused(wrong[i]);
    }
}

static void a_version_that_is_not_1_is_refused(void **state)
{
    (void)state;
    assert_text_refused("{\"version\":0,\"id\":\"t\"}");
    assert_text_refused("{\"version\":2,\"id\":\"t\"}");
    assert_text_refused("{\"version\":\"1\",\"id\":\"t\"}");
    assert_text_refused("{\"version\":1.0,\"id\":\"t\"}");
    assert_text_refused("{\"version\":true,\"id\":\"t\"}");
    assert_text_refused("{\"version\":4294967297,\"id\":\"t\"}");
}

static void an_id_has_1_to_63_octets(void **state)
{
    (void)state;
    for (size_t len = 0; len < 80; len++) {
        char text[160];
        struct atls_policy policy;
        const int n = snprintf(text, sizeof text, "{\"version\":1,\"id\":\"%.*s\"}", (int)len,
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                               "aaaaaaaaaaaaaaaaaaaa");
        const struct atls_bytes json = test_copy(atls_bytes_of(text, (size_t)n));
        const enum atls_err err = atls_policy_parse(&policy, json, NULL);
        if (len >= 1 && len <= 63) {
            assert_err(err, OK);
            assert_int_equal(strlen(policy.id), len);
            atls_policy_cleanup(&policy);
        } else {
            assert_err(err, POLICY_FILE);
        }
    }
    assert_text_refused("{\"version\":1,\"id\":7}");
}

static void an_unknown_key_is_refused_everywhere(void **state)
{
    (void)state;
    assert_refused("\"Debug\":true", "member");
    assert_refused("\"comment\":\"\"", "member");
    assert_refused("\"require\":{\"format\":[\"psa\"]}", "member");
    assert_refused("\"require\":{\"identity\":\"key\",\"x\":1}", "member");
    assert_refused("\"min_tier\":{\"hardware\":\"affirming\",\"x\":\"none\"}", "min_tier");
}

static void formats_are_names_of_the_table(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"require\":{\"formats\":[\"tpm2\",\"psa\"]}");
    assert_int_equal(policy.num_formats, 2);
    assert_string_equal(policy.formats[0]->name, "psa");
    assert_string_equal(policy.formats[1]->name, "tpm2");
    atls_policy_cleanup(&policy);

    assert_refused("\"require\":[]", "require");
    assert_refused("\"require\":{\"formats\":\"psa\"}", "formats");
    assert_refused("\"require\":{\"formats\":[]}", "formats");
    assert_refused("\"require\":{\"formats\":[\"psa\",\"psa\"]}", "formats");
    assert_refused("\"require\":{\"formats\":[\"PSA\"]}", "formats");
    assert_refused("\"require\":{\"formats\":[\"sim-psa\"]}", "formats");
    assert_refused("\"require\":{\"formats\":[\"psa\",\"null\"]}", "formats");
    assert_refused("\"require\":{\"formats\":[\"psa\",null]}", "formats");
}

static void identity_is_pkix_or_key(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"require\":{\"identity\":\"pkix\"}");
    assert_int_equal(policy.identity, ATLS_IDENTITY_PKIX);
    atls_policy_cleanup(&policy);
    policy = parsed("\"require\":{\"identity\":\"key\"}");
    assert_int_equal(policy.identity, ATLS_IDENTITY_KEY);
    atls_policy_cleanup(&policy);
    policy = parsed("\"require\":{}");
    assert_int_equal(policy.identity, ATLS_IDENTITY_ANY);
    atls_policy_cleanup(&policy);

    assert_refused("\"require\":{\"identity\":\"none\"}", "identity");
    assert_refused("\"require\":{\"identity\":null}", "identity");
    assert_refused("\"require\":{\"identity\":[\"pkix\"]}", "identity");
}

static void min_tier_names_claims_and_tiers(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"min_tier\":{\"executables\":\"warning\","
                                       "\"hardware\":\"affirming\",\"sourced-data\":\"none\"}");
    for (unsigned i = 0; i < ATLS_NUM_TRUST_CLAIMS; i++) {
        const bool set =
            i == ATLS_TRUST_EXECUTABLES || i == ATLS_TRUST_HARDWARE || i == ATLS_TRUST_SOURCED_DATA;
        assert_int_equal(policy.min_tier_set[i], set);
    }
    assert_int_equal(policy.min_tier[ATLS_TRUST_EXECUTABLES], ATLS_TIER_WARNING);
    assert_int_equal(policy.min_tier[ATLS_TRUST_HARDWARE], ATLS_TIER_AFFIRMING);
    assert_int_equal(policy.min_tier[ATLS_TRUST_SOURCED_DATA], ATLS_TIER_NONE);
    atls_policy_cleanup(&policy);

    assert_refused("\"min_tier\":\"affirming\"", "min_tier");
    assert_refused("\"min_tier\":{\"hardware\":\"contraindicated\"}", "min_tier");
    assert_refused("\"min_tier\":{\"hardware\":2}", "min_tier");
    assert_refused("\"min_tier\":{\"hardware\":\"Affirming\"}", "min_tier");
    assert_refused("\"min_tier\":{\"status\":\"affirming\"}", "min_tier");
    assert_refused("\"min_tier\":{\"\":\"affirming\"}", "min_tier");
}

static void measurements_are_lists_of_digests_by_name(void **state)
{
    (void)state;
    struct atls_policy policy =
        parsed("\"measurements\":{\"BL\":[\"" DIGEST_A "\",\"" DIGEST_B "\"],"
               "\"p\\u00e4cs\":[\"" DIGEST_B DIGEST_B "\",\"A1B2A1B2A1B2A1B2A1B2A1B2A1B2A1B2"
               "a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2\"]}");
    assert_int_equal(policy.num_measurements, 4);
    assert_text(policy.measurements[0].name, "BL");
    assert_bytes(policy.measurements[0].value, test_hex(DIGEST_A));
    assert_text(policy.measurements[1].name, "BL");
    assert_bytes(policy.measurements[1].value, test_hex(DIGEST_B));
    assert_text(policy.measurements[2].name, "p\xc3\xa4"
                                             "cs");
    assert_bytes(policy.measurements[2].value, test_hex(DIGEST_B DIGEST_B));
    assert_int_equal(policy.measurements[3].value.len, 48);
    atls_policy_cleanup(&policy);

    static const char *const wrong[] = {
        "\"measurements\":[]",
        "\"measurements\":{}",
        "\"measurements\":{\"BL\":\"" DIGEST_A "\"}",
        "\"measurements\":{\"BL\":[]}",
        "\"measurements\":{\"BL\":[\"\"]}",
        "\"measurements\":{\"BL\":[\"a1\"]}",
        "\"measurements\":{\"BL\":[\"" DIGEST_A "00\"]}",
        "\"measurements\":{\"BL\":[\"" DIGEST_B DIGEST_A "00\"]}",
        "\"measurements\":{\"BL\":[\"0x" DIGEST_A "\"]}",
        "\"measurements\":{\"BL\":[\"" DIGEST_A " \"]}",
        "\"measurements\":{\"BL\":[\"*\"]}",
        "\"measurements\":{\"BL\":[null]}",
        "\"measurements\":{\"BL\":[\"" DIGEST_A "\",1]}",
        "\"measurements\":{\"\":[\"" DIGEST_A "\"]}",
        "\"measurements\":{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":"
        "[\"" DIGEST_A "\"]}",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_refused(wrong[i], "measurements");
    }
}

/* repeat writes `head`, `num` times `item` with commas between them, and `tail`. */
static const char *repeat(const char *head, const char *item, size_t num, const char *tail)
{
    static char text[8000];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
    for (size_t i = 0; i < num; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : ",", item);
    }
    snprintf(text + used, sizeof text - used, "%s", tail);
    return text;
}

static void at_most_64_measurements_and_machines_fit(void **state)
{
    (void)state;
    struct atls_policy policy =
        parsed(repeat("\"measurements\":{\"BL\":[", "\"" DIGEST_A "\"", 64, "]}"));
    assert_int_equal(policy.num_measurements, 64);
    atls_policy_cleanup(&policy);
    assert_refused(repeat("\"measurements\":{\"BL\":[", "\"" DIGEST_A "\"", 65, "]}"),
                   "measurements");
    policy = parsed(repeat("\"machines\":[", "\"01aa\"", 64, "]"));
    assert_int_equal(policy.num_machines, 64);
    atls_policy_cleanup(&policy);
    assert_refused(repeat("\"machines\":[", "\"01aa\"", 65, "]"), "machines");
}

static void machines_are_identifiers_in_hex(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"machines\":[\"01\",\"" DIGEST_A DIGEST_B "\"]");
    assert_true(policy.machines_set);
    assert_int_equal(policy.num_machines, 2);
    assert_bytes(policy.machines[0], test_hex("01"));
    assert_bytes(policy.machines[1], test_hex(DIGEST_A DIGEST_B));
    atls_policy_cleanup(&policy);

    assert_refused("\"machines\":\"01\"", "machines");
    assert_refused("\"machines\":[]", "machines");
    assert_refused("\"machines\":[\"\"]", "machines");
    assert_refused("\"machines\":[\"1\"]", "machines");
    assert_refused("\"machines\":[\"zz\"]", "machines");
    assert_refused("\"machines\":[1]", "machines");
    assert_refused("\"machines\":[\"" DIGEST_A DIGEST_B "00\"]", "machines");
}

static void key_binding_lists_the_kinds_that_are_taken(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"key_binding\":[\"hardware\"]");
    assert_true(policy.key_binding_hardware);
    assert_false(policy.key_binding_challenge);
    atls_policy_cleanup(&policy);
    policy = parsed("\"key_binding\":[\"challenge\"]");
    assert_false(policy.key_binding_hardware);
    assert_true(policy.key_binding_challenge);
    atls_policy_cleanup(&policy);
    policy = parsed("\"key_binding\":[\"challenge\",\"hardware\"]");
    assert_true(policy.key_binding_hardware && policy.key_binding_challenge);
    atls_policy_cleanup(&policy);

    assert_refused("\"key_binding\":\"hardware\"", "key_binding");
    assert_refused("\"key_binding\":[]", "key_binding");
    assert_refused("\"key_binding\":[\"none\"]", "key_binding");
    assert_refused("\"key_binding\":[\"hardware\",\"hardware\"]", "key_binding");
}

static void debug_and_simulated_are_booleans(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"debug\":true,\"simulated\":false");
    assert_true(policy.debug);
    assert_false(policy.simulated);
    atls_policy_cleanup(&policy);
    policy = parsed("\"debug\":false,\"simulated\":true");
    assert_false(policy.debug);
    assert_true(policy.simulated);
    atls_policy_cleanup(&policy);

    assert_refused("\"debug\":1", "debug");
    assert_refused("\"debug\":\"true\"", "debug");
    assert_refused("\"simulated\":null", "simulated");
    assert_refused("\"simulated\":[]", "simulated");
}

static void timing_lists_when_evidence_may_come(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"timing\":[\"handshake\"]");
    assert_int_equal(policy.timings, 1u << ATLS_TIMING_HANDSHAKE);
    atls_policy_cleanup(&policy);
    policy = parsed("\"timing\":[\"both\",\"post\"]");
    assert_int_equal(policy.timings, 1u << ATLS_TIMING_BOTH | 1u << ATLS_TIMING_POST);
    atls_policy_cleanup(&policy);
    policy = parsed("\"timing\":[\"certificate\"]");
    assert_int_equal(policy.timings, 1u << ATLS_TIMING_CERTIFICATE);
    atls_policy_cleanup(&policy);

    assert_refused("\"timing\":\"both\"", "timing");
    assert_refused("\"timing\":[]", "timing");
    assert_refused("\"timing\":[\"none\"]", "timing");
    assert_refused("\"timing\":[\"post\",\"both\",\"post\"]", "timing");
}

static void max_result_age_is_1_second_to_a_year(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"max_result_age_s\":1");
    assert_int_equal(policy.max_result_age_s, 1);
    atls_policy_cleanup(&policy);
    policy = parsed("\"max_result_age_s\":31536000");
    assert_int_equal(policy.max_result_age_s, 31536000);
    atls_policy_cleanup(&policy);

    assert_refused("\"max_result_age_s\":0", "max_result_age_s");
    assert_refused("\"max_result_age_s\":-1", "max_result_age_s");
    assert_refused("\"max_result_age_s\":31536001", "max_result_age_s");
    assert_refused("\"max_result_age_s\":4294967597", "max_result_age_s");
    assert_refused("\"max_result_age_s\":300.0", "max_result_age_s");
    assert_refused("\"max_result_age_s\":\"300\"", "max_result_age_s");
}

static void ensemble_is_all_or_any(void **state)
{
    (void)state;
    struct atls_policy policy = parsed("\"ensemble\":\"any\"");
    assert_true(policy.ensemble_any);
    atls_policy_cleanup(&policy);
    policy = parsed("\"ensemble\":\"all\"");
    assert_false(policy.ensemble_any);
    atls_policy_cleanup(&policy);

    assert_refused("\"ensemble\":\"one\"", "ensemble");
    assert_refused("\"ensemble\":true", "ensemble");
}

static void a_refusal_names_key_found_and_expected(void **state)
{
    (void)state;
    struct atls_policy policy;
    struct atls_diag diag;
    char sentence[600];
    assert_err(parse(&policy, "\"timing\":[\"soon\"]", &diag), POLICY_FILE);
    atls_diag_sentence(sentence, sizeof sentence, &diag);
    assert_string_equal(sentence, "policy: a policy is not valid (timing: found \"soon\", expected "
                                  "handshake or post or both or certificate)");
}

static const char full[] =
    "{\"version\":1,\"id\":\"full\",\"require\":{\"formats\":[\"psa\",\"tpm2\"],\"identity\":"
    "\"pkix\"},\"min_tier\":{\"configuration\":\"warning\"},\"measurements\":{\"BL\":"
    "[\"" DIGEST_A "\"]},\"machines\":[\"01aa\"],\"key_binding\":[\"hardware\"],\"debug\":true,"
    "\"simulated\":true,\"timing\":[\"handshake\",\"both\"],\"max_result_age_s\":60,"
    "\"ensemble\":\"any\"}";

/* A mutant must be refused and leave its output, or be a policy of its own. */
static void parse_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    size_t *num_accepted = context;
    struct atls_policy policy;
    memset(&policy, 0, sizeof policy);
    if (atls_policy_parse(&policy, mutant, NULL) == ATLS_OK) {
        (*num_accepted)++;
        assert_int_equal(policy.version, 1);
    } else {
        assert_null(policy.storage);
    }
    atls_policy_cleanup(&policy);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    size_t num_accepted = 0;
    test_each_truncation(atls_bytes_text(full), parse_mutant, &num_accepted);
    assert_int_equal(num_accepted, 0);
}

static void no_flipped_bit_reads_past_the_text(void **state)
{
    (void)state;
    size_t num_accepted = 0;
    test_each_bit_flip(atls_bytes_text(full), parse_mutant, &num_accepted);
    /* Digits of digests, letters of id and name, and numbers have other values that are valid. */
    assert_true(num_accepted > 0 && num_accepted < sizeof full * 8 / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_of_version_and_id_demands_what_the_default_does),
        cmocka_unit_test(what_is_no_policy_at_all_is_refused),
        cmocka_unit_test(a_version_that_is_not_1_is_refused),
        cmocka_unit_test(an_id_has_1_to_63_octets),
        cmocka_unit_test(an_unknown_key_is_refused_everywhere),
        cmocka_unit_test(formats_are_names_of_the_table),
        cmocka_unit_test(identity_is_pkix_or_key),
        cmocka_unit_test(min_tier_names_claims_and_tiers),
        cmocka_unit_test(measurements_are_lists_of_digests_by_name),
        cmocka_unit_test(at_most_64_measurements_and_machines_fit),
        cmocka_unit_test(machines_are_identifiers_in_hex),
        cmocka_unit_test(key_binding_lists_the_kinds_that_are_taken),
        cmocka_unit_test(debug_and_simulated_are_booleans),
        cmocka_unit_test(timing_lists_when_evidence_may_come),
        cmocka_unit_test(max_result_age_is_1_second_to_a_year),
        cmocka_unit_test(ensemble_is_all_or_any),
        cmocka_unit_test(a_refusal_names_key_found_and_expected),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(no_flipped_bit_reads_past_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
