/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each key of policy v1 and each of its words, from the file to the decision: what it accepts, and
 * the next best that it refuses. The rows say which change of a good connection is judged.
 */
#include "support/check.h"
#include "support/memory.h"

#include "json/policy_json.h"
#include "unit/result/appraisals.h"

#include <stdio.h>

static enum atls_err decided(const char *members, void (*change)(struct scene *))
{
    char text[600];
    struct scene s;
    scene_init(&s);
    const int len = snprintf(text, sizeof text, "{\"version\":1,\"id\":\"t\"%s%s}",
                             members[0] != '\0' ? "," : "", members);
    assert_true(len > 0 && (size_t)len < sizeof text);
    assert_err(atls_policy_parse(&s.policy, atls_bytes_of(text, (size_t)len), NULL), OK);
    if (change != NULL) {
        change(&s);
    }
    const enum atls_err err = decide(&s);
    assert_int_equal(s.diag.err, err);
    atls_policy_cleanup(&s.policy);
    return err;
}

static void nothing(struct scene *s)
{
    (void)s;
}

static void psa(struct scene *s)
{
    *s->submod = good_submod("psa");
}

static void without_pkix(struct scene *s)
{
    s->input.pkix_required = false;
    s->input.pkix_ok = false;
}

static void pkix_not_held(struct scene *s)
{
    s->input.pkix_ok = false;
}

static void other_measurement(struct scene *s)
{
    s->submod->measurements[0].value = atls_bytes_of(digest_b, sizeof digest_b);
}

static void one_measurement_more(struct scene *s)
{
    s->submod->measurements[1].name = atls_bytes_text("M");
    s->submod->measurements[1].value = atls_bytes_of(digest_b, sizeof digest_b);
    s->submod->num_measurements = 2;
}

static void masked_machine(struct scene *s)
{
    static const uint8_t masked[4] = {0x01, 0, 0, 0};
    s->submod->machine = atls_bytes_of(masked, sizeof masked);
}

static void caller_of(struct scene *s, int32_t caller)
{
    s->submod->has_caller = true;
    s->submod->caller = caller;
}

static void caller_7(struct scene *s)
{
    caller_of(s, 7);
}

static void caller_minus_7(struct scene *s)
{
    caller_of(s, -7);
}

static void caller_0(struct scene *s)
{
    caller_of(s, 0); /* no appraiser gives it */
}

static void challenge(struct scene *s)
{
    s->submod->key_binding = ATLS_KEY_BINDING_CHALLENGE;
    s->submod->attested_key.len = 0;
}

static void debug(struct scene *s)
{
    s->submod->debug = true;
    set_claim(s, ATLS_TRUST_CONFIGURATION, ATLS_CONFIG_UNSAFE);
}

static void debug_and_worse(struct scene *s)
{
    s->submod->debug = true;
    set_claim(s, ATLS_TRUST_CONFIGURATION, 96);
}

static void simulated(struct scene *s)
{
    s->submod->simulated = true;
    set_claim(s, ATLS_TRUST_HARDWARE, ATLS_HARDWARE_UNSAFE);
}

static void simulated_and_worse(struct scene *s)
{
    s->submod->simulated = true;
    set_claim(s, ATLS_TRUST_HARDWARE, 96);
}

static void post(struct scene *s)
{
    s->input.timing = ATLS_TIMING_POST;
}

static void both(struct scene *s)
{
    s->input.timing = ATLS_TIMING_BOTH;
}

static void certificate(struct scene *s)
{
    s->input.timing = ATLS_TIMING_CERTIFICATE;
}

static void a_bad_one_beside_a_good_one(struct scene *s)
{
    s->appraisal.submods[1] = s->appraisal.submods[0];
    s->appraisal.submods[1].vector.claim[ATLS_TRUST_EXECUTABLES] = ATLS_EXECUTABLES_UNRECOGNISED;
    s->appraisal.submods[1].status = ATLS_TIER_WARNING;
    s->appraisal.num_submods = 2;
}

static void two_bad_ones(struct scene *s)
{
    a_bad_one_beside_a_good_one(s);
    s->appraisal.submods[0] = s->appraisal.submods[1];
}

#define A       "a1a20000000000000000000000000000"
#define Z       "00000000000000000000000000000000"
#define MACHINE "01aabbcc"

static const struct {
    const char *members;
    void (*change)(struct scene *);
    const char *expected;
} rows[] = {
    {"", nothing, "OK"},
    {"\"require\":{}", psa, "OK"},
    {"\"require\":{\"formats\":[\"tpm2\"]}", nothing, "OK"},
    {"\"require\":{\"formats\":[\"tpm2\"]}", psa, "EVIDENCE_TYPE"},
    {"\"require\":{\"formats\":[\"psa\"]}", psa, "OK"},
    {"\"require\":{\"formats\":[\"psa\"]}", nothing, "EVIDENCE_TYPE"},
    {"\"require\":{\"formats\":[\"psa\",\"tpm2\"]}", nothing, "OK"},
    {"\"require\":{\"formats\":[\"psa\",\"tpm2\"]}", psa, "OK"},
    {"\"require\":{\"identity\":\"pkix\"}", nothing, "OK"},
    {"\"require\":{\"identity\":\"pkix\"}", without_pkix, "IDENTITY"},
    {"\"require\":{\"identity\":\"key\"}", without_pkix, "OK"},
    {"\"require\":{\"identity\":\"key\"}", pkix_not_held, "PKIX"},
    {"", without_pkix, "OK"},
    {"", pkix_not_held, "PKIX"},
    {"\"measurements\":{\"BL\":[\"" A Z "\"]}", nothing, "OK"},
    {"\"measurements\":{\"BL\":[\"" Z Z "\",\"" A Z "\"]}", nothing, "OK"},
    {"\"measurements\":{\"BL\":[\"" A Z "\"]}", other_measurement, "REFERENCE_VALUES"},
    {"\"measurements\":{\"BL\":[\"" A Z "\"]}", one_measurement_more, "OK"},
    {"\"measurements\":{\"M\":[\"" A Z "\"]}", one_measurement_more, "REFERENCE_VALUES"},
    {"\"measurements\":{\"absent\":[\"" A Z "\"]}", nothing, "REFERENCE_VALUES"},
    {"\"machines\":[\"00\",\"" MACHINE "\"]", nothing, "OK"},
    {"\"machines\":[\"" MACHINE "00\"]", nothing, "MACHINE"},
    {"\"machines\":[\"01000000\"]", masked_machine, "MACHINE"},
    {"\"callers\":[7]", caller_7, "OK"},
    {"\"callers\":[-7,7]", caller_7, "OK"},
    {"\"callers\":[8,-7]", caller_7, "CLAIM"},
    {"\"callers\":[\"spe\"]", caller_7, "OK"},
    {"\"callers\":[\"spe\"]", caller_minus_7, "CLAIM"},
    {"\"callers\":[\"nspe\"]", caller_minus_7, "OK"},
    {"\"callers\":[\"nspe\"]", caller_7, "CLAIM"},
    {"\"callers\":[\"spe\",\"nspe\"]", caller_0, "CLAIM"},
    {"\"callers\":[\"spe\",\"nspe\",7]", nothing, "CLAIM"},
    {"", caller_minus_7, "OK"},
    {"\"key_binding\":[\"hardware\"]", nothing, "OK"},
    {"\"key_binding\":[\"hardware\"]", challenge, "KEY_BINDING"},
    {"\"key_binding\":[\"challenge\"]", challenge, "OK"},
    {"\"key_binding\":[\"challenge\"]", nothing, "KEY_BINDING"},
    {"\"key_binding\":[\"challenge\",\"hardware\"]", challenge, "OK"},
    {"\"key_binding\":[\"challenge\",\"hardware\"]", nothing, "OK"},
    {"\"debug\":true", debug, "OK"},
    {"\"debug\":true", debug_and_worse, "STATUS"},
    {"\"debug\":false", debug, "DEBUG"},
    {"\"debug\":false", nothing, "OK"},
    {"", debug, "DEBUG"},
    {"\"simulated\":true", simulated, "OK"},
    {"\"simulated\":true", simulated_and_worse, "STATUS"},
    {"\"simulated\":false", simulated, "SIMULATED"},
    {"\"simulated\":false", nothing, "OK"},
    {"", simulated, "SIMULATED"},
    {"\"timing\":[\"handshake\"]", nothing, "OK"},
    {"\"timing\":[\"handshake\"]", post, "CHANNEL"},
    {"\"timing\":[\"handshake\"]", both, "OK"},
    {"\"timing\":[\"handshake\"]", certificate, "CHANNEL"},
    {"\"timing\":[\"post\"]", post, "OK"},
    {"\"timing\":[\"post\"]", nothing, "CHANNEL"},
    {"\"timing\":[\"post\"]", both, "OK"},
    {"\"timing\":[\"both\"]", both, "OK"},
    {"\"timing\":[\"both\"]", nothing, "CHANNEL"},
    {"\"timing\":[\"both\"]", post, "CHANNEL"},
    {"\"timing\":[\"certificate\"]", certificate, "OK"},
    {"\"timing\":[\"certificate\"]", nothing, "CHANNEL"},
    {"\"timing\":[\"certificate\"]", both, "CHANNEL"},
    {"\"timing\":[\"certificate\",\"handshake\"]", nothing, "OK"},
    {"", certificate, "CHANNEL"},
    {"", post, "OK"},
    {"\"ensemble\":\"all\"", nothing, "OK"},
    {"\"ensemble\":\"all\"", a_bad_one_beside_a_good_one, "STATUS"},
    {"\"ensemble\":\"any\"", a_bad_one_beside_a_good_one, "OK"},
    {"\"ensemble\":\"any\"", two_bad_ones, "STATUS"},
    {"", a_bad_one_beside_a_good_one, "STATUS"},
};

static void every_word_of_a_policy_accepts_and_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const enum atls_err err = decided(rows[i].members, rows[i].change);
        if (strcmp(atls_err_name(err), rows[i].expected) != 0) {
            print_message("row %zu: %s\n", i, rows[i].members);
        }
        assert_string_equal(atls_err_name(err), rows[i].expected);
    }
}

/* The keys of the schema; each must be in a row, or be looked after elsewhere. */
static void every_key_has_its_rows(void **state)
{
    (void)state;
    static const char *const keys[] = {"formats",  "identity", "measurements", "callers",
                                       "machines", "debug",    "key_binding",  "simulated",
                                       "timing",   "ensemble"};
    for (size_t k = 0; k < ATLS_ARRAY_LEN(keys); k++) {
        size_t accepts = 0, refuses = 0;
        for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
            if (strstr(rows[i].members, keys[k]) != NULL) {
                accepts += strcmp(rows[i].expected, "OK") == 0;
                refuses += strcmp(rows[i].expected, "OK") != 0;
            }
        }
        assert_true(accepts > 0 && refuses > 0);
    }
}

static enum atls_trust_claim the_claim;
static int8_t the_value;

static void claimed(struct scene *s)
{
    set_claim(s, the_claim, the_value);
}

static void min_tier_judges_each_claim_by_each_tier(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int8_t value;
        bool accepted;
    } tiers[] = {
        {"affirming", 2, true}, {"affirming", 0, false}, {"affirming", 32, false},
        {"warning", 2, true},   {"warning", 32, true},   {"warning", 0, false},
        {"warning", 96, false}, {"none", 0, true},       {"none", 2, true},
        {"none", 32, true},     {"none", 96, false},
    };
    for (unsigned claim = 0; claim < ATLS_NUM_TRUST_CLAIMS; claim++) {
        for (size_t i = 0; i < ATLS_ARRAY_LEN(tiers); i++) {
            char members[100];
            the_claim = (enum atls_trust_claim)claim;
            the_value = tiers[i].value;
            snprintf(members, sizeof members, "\"min_tier\":{\"%s\":\"%s\"}",
                     atls_trust_claim_name(the_claim), tiers[i].word);
            const enum atls_err err = decided(members, claimed);
            assert_string_equal(atls_err_name(err), tiers[i].accepted ? "OK" : "CLAIM");
        }
    }
}

static void callers_that_are_none_are_refused_with_what_was_found(void **state)
{
    (void)state;
    static const struct {
        const char *list, *found;
    } wrong[] = {
        {"[]", "an empty list"},
        {"7", "an integer"},
        {"[0]", "0"},
        {"[\"app\"]", "\"app\""},
        {"[2147483648]", "2147483648"},
        {"[-2147483649]", "-2147483649"},
        {"[1.5]", "a number"},
        {"[null]", "null"},
        {"[\"spe\",\"spe\"]", "twice \"spe\""},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        char text[200];
        struct atls_policy policy;
        struct atls_diag diag;
        snprintf(text, sizeof text, "{\"version\":1,\"id\":\"t\",\"callers\":%s}", wrong[i].list);
        assert_err(atls_policy_parse(&policy, test_copy(atls_bytes_text(text)), &diag),
                   POLICY_FILE);
        assert_string_equal(diag.claim, "callers");
        if (strstr(diag.found, wrong[i].found) == NULL) {
            print_message("%s: %s\n", wrong[i].list, diag.found);
            fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_of_a_policy_accepts_and_refuses),
        cmocka_unit_test(every_key_has_its_rows),
        cmocka_unit_test(min_tier_judges_each_claim_by_each_tier),
        cmocka_unit_test(callers_that_are_none_are_refused_with_what_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
