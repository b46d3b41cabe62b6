/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence that no connection brought: accepted only with all that a handshake would ask of it. */
#include "atls/verifier.h"

#include "support/check.h"
#include "support/memory.h"
#include "support/sample.h"

#include <stdio.h>

static struct atls_context *context;
static struct atls_verdict verdict;
static struct atls_diag diag;

/* find gives a sample of tests/kat. */
static const struct test_sample *find(const char *format, const char *name)
{
    static struct test_sample samples[TEST_MAX_SAMPLES];
    const size_t count = test_samples(samples, TEST_SOURCE_DIR, format);
    size_t at = 0;
    while (at < count && strcmp(samples[at].name, name) != 0) {
        at++;
    }
    assert_true(at < count);
    return &samples[at];
}

static int make(void **state)
{
    (void)state;
    memset(&verdict, 0x5a, sizeof verdict); /* whatever was there is overwritten, not looked at */
    memset(&diag, 0, sizeof diag);
    assert_err(atls_context_new(&context, &diag), OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    atls_verdict_cleanup(&verdict);
    atls_context_unref(context);
    context = NULL;
    return 0;
}

static void endorse(const char *format)
{
    char path[400];
    snprintf(path, sizeof path, "%s/tests/kat/%s/endorsement.corim", TEST_SOURCE_DIR, format);
    assert_err(atls_context_load_endorsements(context, path, &diag), OK);
}

static void require(const char *terms, const char *endorsed)
{
    assert_err(atls_context_require(context, terms, &diag), OK);
    endorse(endorsed);
}

static enum atls_err appraise(const char *format, const char *name)
{
    const struct test_sample *sample = find(format, name);
    return atls_context_appraise(context, &verdict, sample->cmw, sample->nonce, &diag);
}

static void assert_refused(enum atls_err found, enum atls_err expected)
{
    assert_string_equal(atls_err_name(found), atls_err_name(expected));
    assert_int_equal(diag.err, expected);
    assert_int_equal(verdict.state, ATLS_VERDICT_REFUSED);
    assert_int_equal(verdict.reason.err, expected);
    assert_false(atls_verdict_opens(&verdict));
}

static void endorsed_evidence_with_the_right_nonce_is_accepted(void **state)
{
    (void)state;
    require("psa", "psa");
    assert_err(appraise("psa", "plain"), OK);
    assert_int_equal(verdict.state, ATLS_VERDICT_ACCEPTED);
    assert_int_equal(verdict.num_evidence, 1);
    assert_string_equal(verdict.evidence[0].format, "psa");
    assert_int_equal(verdict.evidence[0].status, ATLS_TIER_AFFIRMING);
    assert_null(verdict.evidence[0].claims_json);
    assert_string_equal(verdict.verifier, "in-process");
    assert_int_equal(verdict.timing, ATLS_TIMING_NONE);
    assert_false(verdict.peer_has_key);
    assert_false(verdict.pkix);
}

static void the_json_form_and_a_tpms_evidence_are_accepted(void **state)
{
    (void)state;
    require("tpm2,psa", "psa");
    endorse("tpm2");
    assert_err(appraise("psa", "json"), OK);
    atls_verdict_cleanup(&verdict);
    assert_err(appraise("tpm2", "plain"), OK);
    assert_string_equal(verdict.evidence[0].format, "tpm2");
}

static void claims_are_kept_where_they_are_asked_for(void **state)
{
    (void)state;
    require("psa", "psa");
    assert_err(atls_context_keep_claims(context, &diag), OK);
    assert_err(appraise("psa", "plain"), OK);
    assert_non_null(strstr(verdict.evidence[0].claims_json, "psa-implementation-id"));
}

static void another_nonce_is_refused(void **state)
{
    (void)state;
    const struct atls_bytes other = find("psa", "other-nonce")->nonce;
    const struct atls_bytes evidence = find("psa", "plain")->cmw;
    require("psa", "psa");
    assert_refused(atls_context_appraise(context, &verdict, evidence, other, &diag),
                   ATLS_ERR_FRESHNESS);
    assert_int_equal(verdict.num_evidence, 0); /* nothing is known of what is not fresh */
}

static void no_nonce_is_never_any_nonce(void **state)
{
    (void)state;
    static const uint8_t octets[ATLS_MAX_NONCE_LEN + 1] = {0};
    const struct atls_bytes evidence = find("psa", "plain")->cmw;
    require("psa", "psa");
    assert_refused(
        atls_context_appraise(context, &verdict, evidence, atls_bytes_of(NULL, 0), &diag),
        ATLS_ERR_ARGUMENT);
    assert_refused(atls_context_appraise(context, &verdict, evidence,
                                         atls_bytes_of(octets, sizeof octets), &diag),
                   ATLS_ERR_ARGUMENT);
    assert_refused(atls_context_appraise(context, &verdict, evidence,
                                         atls_bytes_of(octets, sizeof octets - 1), &diag),
                   ATLS_ERR_FRESHNESS);
}

static void a_format_that_is_not_required_is_refused(void **state)
{
    (void)state;
    require("tpm2", "psa");
    assert_refused(appraise("psa", "plain"), ATLS_ERR_EVIDENCE_TYPE);
}

static void a_context_that_requires_nothing_or_trusts_nobody_accepts_nothing(void **state)
{
    (void)state;
    assert_refused(appraise("psa", "plain"), ATLS_ERR_CONFIG);
    drop(NULL);
    make(NULL);
    assert_err(atls_context_require(context, "psa", &diag), OK);
    assert_refused(appraise("psa", "plain"), ATLS_ERR_CONFIG);
}

static void another_machine_and_damaged_evidence_are_refused(void **state)
{
    (void)state;
    require("psa", "psa");
    const struct atls_bytes good = find("psa", "plain")->cmw;
    const struct atls_bytes nonce = find("psa", "plain")->nonce;
    for (size_t len = 0; len < good.len; len++) {
        const enum atls_err err = atls_context_appraise(
            context, &verdict, test_copy(atls_bytes_of(good.data, len)), nonce, &diag);
        assert_int_equal(atls_err_fault(err), ATLS_FAULT_POLICY);
        assert_int_equal(verdict.state, ATLS_VERDICT_REFUSED);
    }
    drop(NULL);
    make(NULL);
    require("psa", "tpm2"); /* keys, but not this one */
    assert_refused(appraise("psa", "plain"), ATLS_ERR_NOT_ENDORSED);
}

static void the_policy_decides_and_the_verdict_still_says_what_was_found(void **state)
{
    (void)state;
    static const char policy[] = "{\"version\":1,\"id\":\"one machine\",\"machines\":[\"0101\"]}";
    require("psa", "psa");
    assert_err(atls_context_set_policy(context, atls_bytes_text(policy), &diag), OK);
    assert_refused(appraise("psa", "plain"), ATLS_ERR_MACHINE);
    assert_string_equal(verdict.policy_id, "one machine");
    assert_int_equal(verdict.policy_version, 1);
    assert_int_equal(verdict.num_evidence, 1);
}

static void the_context_is_frozen_by_it(void **state)
{
    (void)state;
    require("psa", "psa");
    assert_err(appraise("psa", "plain"), OK);
    assert_err(atls_context_require(context, "none", &diag), STATE);
    assert_err(appraise("psa", "plain"), OK); /* and may be used again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(endorsed_evidence_with_the_right_nonce_is_accepted),
        TEST(the_json_form_and_a_tpms_evidence_are_accepted),
        TEST(claims_are_kept_where_they_are_asked_for),
        TEST(another_nonce_is_refused),
        TEST(no_nonce_is_never_any_nonce),
        TEST(a_format_that_is_not_required_is_refused),
        TEST(a_context_that_requires_nothing_or_trusts_nobody_accepts_nothing),
        TEST(another_machine_and_damaged_evidence_are_refused),
        TEST(the_policy_decides_and_the_verdict_still_says_what_was_found),
        TEST(the_context_is_frozen_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
