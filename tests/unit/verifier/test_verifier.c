/* SPDX-License-Identifier: Apache-2.0 */
/* From a CMW to an appraisal: labels, forms, limits, and every way to be refused. */
#include "atls_build.h"

#include <stdio.h>

#if ATLS_SIM
#include "sim_evidence.h"

#include "json/cmw_json.h"
#include "result/policy.h"
#include "support/mutate.h"

static struct sim sim;
static const char *psa_type;

static int make_sim(void **state)
{
    (void)state;
    sim = sim_new();
    psa_type = atls_format_by_name(atls_bytes_text("psa"))->media_type;
    return 0;
}

static int free_sim(void **state)
{
    (void)state;
    atls_endorsements_unref(sim.endorsements);
    return 0;
}

/* assert_refused also checks that the output stays as it was. */
static const char *assert_refused(const struct atls_verify_request *request, enum atls_err expected)
{
    static char sentence[700];
    struct atls_appraisal appraisal;
    struct atls_appraisal untouched;
    struct atls_diag diag;
    memset(&appraisal, 0x5a, sizeof appraisal);
    memset(&untouched, 0x5a, sizeof untouched);
    memset(&diag, 0, sizeof diag);
    const enum atls_err err = atls_verify(&appraisal, request, &diag);
    atls_diag_sentence(sentence, sizeof sentence, &diag);
    if (err != expected) {
        print_message("%s\n", sentence);
    }
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    assert_string_equal(atls_err_name(diag.err), atls_err_name(expected));
    assert_memory_equal(&appraisal, &untouched, sizeof appraisal);
    return sentence;
}

static void assert_refused_cmw(struct atls_bytes cmw, enum atls_err expected, const char *part)
{
    struct atls_verify_request request = sim_request(&sim);
    request.cmw = cmw;
    const char *sentence = assert_refused(&request, expected);
    if (strstr(sentence, part) == NULL) {
        print_message("%s\n", sentence);
    }
    assert_non_null(strstr(sentence, part));
    request.format = NULL; /* nor does it pass when any format would do */
    assert_refused(&request, expected);
}

static void assert_good(struct atls_bytes cmw)
{
    struct atls_appraisal appraisal;
    struct atls_verify_request request = sim_request(&sim);
    request.cmw = cmw;
    assert_err(atls_verify(&appraisal, &request, NULL), OK);
    assert_int_equal(appraisal.num_submods, 1);
    const struct atls_submod *submod = &appraisal.submods[0];
    assert_string_equal(submod->format->name, "psa");
    assert_true(submod->fresh);
    assert_true(submod->simulated);
    assert_int_equal(submod->status, ATLS_TIER_WARNING);
    assert_int_equal(submod->key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(submod->machine.len, 33);
    assert_int_equal(submod->machine.data[0], 0x01); /* the span is alive */
    assert_non_null(submod->claims_json);
    atls_appraisal_cleanup(&appraisal, free);
}

static void good_evidence_becomes_an_appraisal(void **state)
{
    (void)state;
    assert_good(sim.cmw);
    assert_good(sim_labelled(&sim, psa_type, 0));
}

static void the_appraisal_can_be_decided_upon(void **state)
{
    (void)state;
    static const uint8_t peer[32] = {0x01};
    struct atls_appraisal appraisal;
    struct atls_policy policy;
    const struct atls_verify_request request = sim_request(&sim);
    assert_err(atls_verify(&appraisal, &request, NULL), OK);
    const struct atls_decision_input input = {
        .pkix_ok = true,
        .peer_spki_sha256 = atls_bytes_of(peer, sizeof peer),
        .appraisal = &appraisal,
        .channel_ok = true,
        .timing = ATLS_TIMING_HANDSHAKE,
    };
    atls_policy_default(&policy);
    assert_err(atls_policy_decide(&policy, &input, NULL), SIMULATED);
    policy.simulated = true;
    assert_err(atls_policy_decide(&policy, &input, NULL), OK);
    atls_appraisal_cleanup(&appraisal, free);
}

static void a_content_format_and_a_tag_name_the_same_format(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(4096);
    size_t len = 0;
    struct atls_writer w = atls_writer_of(room);
    atls_cmw_put_record_cf(&w, 10003, sim.token, ATLS_CMW_EVIDENCE);
    assert_true(atls_writer_finish(&w, &len));
    assert_good(test_copy(atls_bytes_of(room.data, len)));
    w = atls_writer_of(room);
    assert_true(atls_cmw_put_tag(&w, 10003, sim.token));
    assert_true(atls_writer_finish(&w, &len));
    assert_good(test_copy(atls_bytes_of(room.data, len)));
}

static void the_json_form_is_read_and_owned_by_the_appraisal(void **state)
{
    (void)state;
    struct atls_cmw record;
    char *json = NULL;
    assert_err(atls_cmw_parse(&record, sim.cmw, NULL), OK);
    assert_err(atls_cmw_json_write(&json, &record, NULL), OK);
    assert_good(test_copy(atls_bytes_text(json)));

    json[2] = 'b'; /* bpplication/... */
    assert_refused_cmw(atls_bytes_text(json), ATLS_ERR_EVIDENCE_TYPE, "type of the CMW");
    free(json);
    assert_refused_cmw(atls_bytes_text("[\"a/b\",\"!\"]"), ATLS_ERR_EVIDENCE_MALFORMED, "CMW");
    assert_refused_cmw(atls_bytes_text("{}"), ATLS_ERR_EVIDENCE_MALFORMED, "CMW");
    assert_refused_cmw(atls_bytes_text("["), ATLS_ERR_EVIDENCE_MALFORMED, "CMW");
}

static void a_label_that_is_not_the_negotiated_one_is_refused(void **state)
{
    (void)state;
    struct atls_verify_request request = sim_request(&sim);
    request.format = atls_format_by_name(atls_bytes_text("tpm2"));
    const char *sentence = assert_refused(&request, ATLS_ERR_EVIDENCE_TYPE);
    assert_string_equal(
        sentence,
        "verifier: the Evidence is not of the type that was negotiated (type of the CMW: found "
        "psa, application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\", expected "
        "tpm2, application/vnd.parallaxsecond.key-attestation.tpm)");
}

static void psa_evidence_labelled_as_tpm2_is_refused(void **state)
{
    (void)state;
    const char *type = atls_format_by_name(atls_bytes_text("tpm2"))->media_type;
    struct atls_verify_request request = sim_request(&sim);
    request.cmw = sim_labelled(&sim, type, ATLS_CMW_EVIDENCE);
    assert_refused(&request, ATLS_ERR_EVIDENCE_TYPE);
    /* Where any format would do, the label alone selects, and the token is no bundle. */
    request.format = NULL;
    assert_refused(&request, ATLS_ERR_EVIDENCE_MALFORMED);
}

static void labels_of_nothing_that_is_known_are_refused(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "application/null",
        "application/sample",
        "application/vnd.veraison.tsm-report+cbor; provider=\"mock_guest\"",
        "application/eat+cwt",
        "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#TFM\"",
        "application/eat-ucs+cbor",
        "application/uccs+cbor",
        "application/eat+jwt; eat_profile=\"tag:github.com,2023:veraison/ear\"",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(labels); i++) {
        assert_refused_cmw(sim_labelled(&sim, labels[i], ATLS_CMW_EVIDENCE), ATLS_ERR_EVIDENCE_TYPE,
                           "type of the CMW");
    }
    static const uint16_t formats[] = {0, 263, 264, 267, 601, 10002, 10004, 65535};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(formats); i++) {
        const struct atls_buf room = test_room(4096);
        size_t len = 0;
        struct atls_writer w = atls_writer_of(room);
        atls_cmw_put_record_cf(&w, formats[i], sim.token, ATLS_CMW_EVIDENCE);
        assert_true(atls_writer_finish(&w, &len));
        assert_refused_cmw(atls_bytes_of(room.data, len), ATLS_ERR_EVIDENCE_TYPE,
                           "found content format ");
    }
}

static void what_has_no_media_type_at_all_is_malformed(void **state)
{
    (void)state;
    assert_refused_cmw(sim_labelled(&sim, "", 0), ATLS_ERR_EVIDENCE_MALFORMED, "CMW");
    assert_refused_cmw(sim_labelled(&sim, "null", 0), ATLS_ERR_EVIDENCE_MALFORMED, "CMW");
    assert_refused_cmw(sim.token, ATLS_ERR_EVIDENCE_MALFORMED, "CMW"); /* without a CMW around */
}

static void the_indicator_must_say_evidence_and_nothing_else(void **state)
{
    (void)state;
    assert_refused_cmw(sim_labelled(&sim, psa_type, ATLS_CMW_RESULTS), ATLS_ERR_EVIDENCE_TYPE,
                       "Evidence, which was negotiated");
    static const uint32_t wrong[] = {
        ATLS_CMW_REFERENCE_VALUES,
        ATLS_CMW_ENDORSEMENTS,
        ATLS_CMW_POLICY,
        ATLS_CMW_EVIDENCE | ATLS_CMW_RESULTS,
        ATLS_CMW_EVIDENCE | ATLS_CMW_POLICY,
        1u << 5,
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        assert_refused_cmw(sim_labelled(&sim, psa_type, wrong[i]), ATLS_ERR_EVIDENCE_TYPE,
                           "ind: found ");
    }
    assert_good(sim_labelled(&sim, psa_type, ATLS_CMW_EVIDENCE | 1u << 5)); /* not registered */
}

static void a_collection_is_refused_with_its_type(void **state)
{
    (void)state;
    const struct atls_buf room = test_room(4096);
    size_t len = 0;
    struct atls_writer w = atls_writer_of(room);
    atls_cbor_put_map(&w, 2);
    atls_cbor_put_str(&w, "__cmwc_t");
    atls_cbor_put_str(&w, "tag:atls,2026:ensemble");
    atls_cbor_put_uint(&w, 0);
    atls_cmw_put_record_media(&w, psa_type, sim.token, ATLS_CMW_EVIDENCE);
    assert_true(atls_writer_finish(&w, &len));
    assert_refused_cmw(atls_bytes_of(room.data, len), ATLS_ERR_EVIDENCE_TYPE,
                       "found a collection of type tag:atls,2026:ensemble, expected psa, ");
}

static void another_nonce_is_refused(void **state)
{
    (void)state;
    uint8_t other[48] = {0x0a, 0x0b, 0x0c};
    struct atls_verify_request request = sim_request(&sim);
    for (size_t len = 1; len <= sizeof other; len++) { /* a prefix, and a longer one */
        if (len != 32) {
            request.expected_nonce = atls_bytes_of(other, len);
            assert_refused(&request, ATLS_ERR_FRESHNESS);
        }
    }
    other[31] = 1;
    request.expected_nonce = atls_bytes_of(other, 32);
    assert_refused(&request, ATLS_ERR_FRESHNESS);
}

static void a_request_without_a_nonce_must_say_so(void **state)
{
    (void)state;
    struct atls_verify_request request = sim_request(&sim);
    request.no_nonce = true;
    assert_non_null(strstr(assert_refused(&request, ATLS_ERR_ARGUMENT), "verifier: "));
    request.expected_nonce = atls_bytes_of(NULL, 0);
    request.no_nonce = false;
    assert_non_null(strstr(assert_refused(&request, ATLS_ERR_ARGUMENT), "verifier: "));
    request.no_nonce = true;
    struct atls_appraisal appraisal;
    assert_err(atls_verify(&appraisal, &request, NULL), OK);
    assert_false(appraisal.submods[0].fresh);
    assert_true(atls_tier_worse(appraisal.submods[0].status, ATLS_TIER_AFFIRMING));
    struct atls_policy policy;
    atls_policy_default(&policy);
    policy.simulated = true;
    assert_err(atls_policy_check_evidence(&policy, &appraisal, NULL), FRESHNESS);
    atls_appraisal_cleanup(&appraisal, free);
}

static void without_endorsements_nobody_is_accepted(void **state)
{
    (void)state;
    struct atls_endorsements *empty = NULL;
    struct atls_verify_request request = sim_request(&sim);
    assert_err(atls_endorsements_new(&empty, NULL), OK);
    request.endorsements = empty;
    assert_refused(&request, ATLS_ERR_NOT_ENDORSED);
    request.endorsements = NULL;
    assert_refused(&request, ATLS_ERR_ARGUMENT);
    request = sim_request(&sim);
    request.crypto = NULL;
    assert_refused(&request, ATLS_ERR_ARGUMENT);
    atls_endorsements_unref(empty);
}

/* padded gives a CMW of exactly `len` octets under the label of PSA. */
static struct atls_bytes padded(size_t len)
{
    const struct atls_buf room = test_room(len + 100);
    /* The heads of array, text and byte string, and the indicator. */
    const size_t around = 1 + 2 + strlen(psa_type) + 3 + 1;
    const struct atls_bytes value = {test_room(len).data, len - around};
    struct atls_writer w = atls_writer_of(room);
    size_t written = 0;
    memset((void *)(uintptr_t)value.data, 0, value.len);
    atls_cmw_put_record_media(&w, psa_type, value, ATLS_CMW_EVIDENCE);
    assert_true(atls_writer_finish(&w, &written));
    assert_int_equal(written, len);
    return test_copy(atls_bytes_of(room.data, written));
}

static void a_cmw_has_at_most_65528_octets(void **state)
{
    (void)state;
    struct atls_verify_request request = sim_request(&sim);
    request.cmw = padded(ATLS_MAX_CMW_LEN);
    assert_null(strstr(assert_refused(&request, ATLS_ERR_EVIDENCE_MALFORMED), "65528"));
    request.cmw = padded(ATLS_MAX_CMW_LEN + 1);
    assert_non_null(strstr(assert_refused(&request, ATLS_ERR_EVIDENCE_MALFORMED),
                           "CMW in octets: found 65529, expected 1 to 65528"));
    request.cmw = atls_bytes_of(NULL, 0);
    assert_refused(&request, ATLS_ERR_EVIDENCE_MALFORMED);
}

struct tally {
    size_t num_accepted;
    char *claims; /* what the unchanged Evidence says */
};

/* A mutant is refused, or says exactly what the original does. */
static void verify_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct tally *tally = context;
    struct atls_appraisal appraisal;
    struct atls_verify_request request = sim_request(&sim);
    request.cmw = mutant;
    if (atls_verify(&appraisal, &request, NULL) == ATLS_OK) {
        tally->num_accepted++;
        assert_string_equal(appraisal.submods[0].claims_json, tally->claims);
        atls_appraisal_cleanup(&appraisal, free);
    }
}

static struct tally new_tally(void)
{
    struct tally tally = {0, NULL};
    struct atls_appraisal appraisal;
    const struct atls_verify_request request = sim_request(&sim);
    assert_err(atls_verify(&appraisal, &request, NULL), OK);
    tally.claims = strdup(appraisal.submods[0].claims_json);
    atls_appraisal_cleanup(&appraisal, free);
    return tally;
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct tally tally = new_tally();
    test_each_truncation(sim.cmw, verify_mutant, &tally);
    assert_int_equal(tally.num_accepted, 0);
    free(tally.claims);
}

static void every_flipped_bit_is_refused_but_for_case_in_the_media_type(void **state)
{
    (void)state;
    struct tally tally = new_tally();
    test_each_bit_flip(sim.cmw, verify_mutant, &tally);
    /* type, subtype and the parameter's name are compared without case (RFC 9110, 8.3.1), and
     * "application/eat+cwt" and "eat_profile" have 27 letters. */
    assert_int_equal(tally.num_accepted, 27);
    free(tally.claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_evidence_becomes_an_appraisal),
        cmocka_unit_test(the_appraisal_can_be_decided_upon),
        cmocka_unit_test(a_content_format_and_a_tag_name_the_same_format),
        cmocka_unit_test(the_json_form_is_read_and_owned_by_the_appraisal),
        cmocka_unit_test(a_label_that_is_not_the_negotiated_one_is_refused),
        cmocka_unit_test(psa_evidence_labelled_as_tpm2_is_refused),
        cmocka_unit_test(labels_of_nothing_that_is_known_are_refused),
        cmocka_unit_test(what_has_no_media_type_at_all_is_malformed),
        cmocka_unit_test(the_indicator_must_say_evidence_and_nothing_else),
        cmocka_unit_test(a_collection_is_refused_with_its_type),
        cmocka_unit_test(another_nonce_is_refused),
        cmocka_unit_test(a_request_without_a_nonce_must_say_so),
        cmocka_unit_test(without_endorsements_nobody_is_accepted),
        cmocka_unit_test(a_cmw_has_at_most_65528_octets),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_but_for_case_in_the_media_type),
    };
    return cmocka_run_group_tests(tests, make_sim, free_sim);
}
#else
int main(void)
{
    puts("skipped: Evidence is made by libatls-sim, which is not built");
    return 77;
}
#endif
