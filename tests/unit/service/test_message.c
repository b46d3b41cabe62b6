/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes say to each other: back and forth, and nothing that is not exactly that. */
#include "unit/service/message_test.h"

static enum atls_err read_evaluate(struct atls_bytes octets)
{
    static struct verifier_evaluate m;
    return verifier_evaluate_read(&m, octets);
}

static enum atls_err read_outcome(struct atls_bytes octets)
{
    struct verifier_outcome m;
    const enum atls_err err = verifier_outcome_read(&m, octets);
    if (err == ATLS_OK) {
        verifier_outcome_cleanup(&m);
    }
    return err;
}

static enum atls_err read_examine(struct atls_bytes octets)
{
    struct verifier_examine m;
    return verifier_examine_read(&m, octets);
}

static enum atls_err read_examined(struct atls_bytes octets)
{
    struct verifier_examined m;
    const enum atls_err err = verifier_examined_read(&m, octets);
    if (err == ATLS_OK) {
        verifier_examined_cleanup(&m);
    }
    return err;
}

static enum atls_err read_open(struct atls_bytes octets)
{
    struct verifier_open m;
    return verifier_open_read(&m, octets);
}

static enum atls_err read_opened(struct atls_bytes octets)
{
    struct verifier_opened m;
    return verifier_opened_read(&m, octets);
}

static enum atls_err read_sign(struct atls_bytes octets)
{
    struct verifier_sign m;
    return verifier_sign_read(&m, octets);
}

static enum atls_err read_check(struct atls_bytes octets)
{
    struct verifier_check m;
    return verifier_check_read(&m, octets);
}

static enum atls_err read_text(struct atls_bytes octets)
{
    struct verifier_text m;
    return verifier_text_read(&m, octets);
}

static struct atls_diag a_reason(void)
{
    struct atls_diag diag;
    (void)atls_fail_texts(&diag, ATLS_ERR_FRESHNESS, "evidence freshness", "psa-nonce", "another",
                          "the binder");
    return diag;
}

static void evaluate_comes_back(void **state)
{
    (void)state;
    static struct verifier_evaluate m, back;
    struct verifier_octets octets;
    m.now_s = 1790000000;
    m.generation = 11;
    m.revoked = (struct verifier_told){3, true, text("[]")};
    m.collateral = (struct verifier_told){5, true, text("packed")};
    m.asks = true;
    m.renewals = 12;
    m.has_fetched = true;
    m.fetched = (struct verifier_fetched){a_question(), 77, text("/vcek/v1/Milan/crl"),
                                          text("chain"), text("octets")};
    m.nonce = text("12345678");
    m.content_type = text("application/cmw+cbor");
    m.body = text("body");
    m.has_documents = true;
    m.num_documents = 2;
    m.documents[0].generation = 7;
    m.documents[1].generation = 9;
    m.documents[1].has_content = true;
    m.documents[1].content = text("corim");
    assert_err(verifier_message_write(&octets, verifier_put_evaluate, &m), OK);
    assert_err(verifier_evaluate_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_int_equal(back.now_s, 1790000000);
    assert_int_equal(back.generation, 11);
    assert_int_equal(back.revoked.number, 3);
    assert_true(back.revoked.has_octets);
    assert_true(atls_bytes_equal(back.revoked.octets, text("[]")));
    assert_int_equal(back.collateral.number, 5);
    assert_true(back.collateral.has_octets);
    assert_true(atls_bytes_equal(back.collateral.octets, text("packed")));
    assert_true(back.asks);
    assert_int_equal(back.renewals, 12);
    assert_true(back.has_fetched);
    assert_true(atls_collateral_wanted_equal(&back.fetched.wanted, &m.fetched.wanted));
    assert_int_equal(back.fetched.number, 77);
    assert_true(atls_bytes_equal(back.fetched.path, m.fetched.path));
    assert_true(atls_bytes_equal(back.fetched.chain, m.fetched.chain));
    assert_true(atls_bytes_equal(back.fetched.body, m.fetched.body));
    assert_true(atls_bytes_equal(back.content_type, m.content_type));
    assert_true(atls_bytes_equal(back.body, m.body));
    assert_true(back.has_documents);
    assert_int_equal(back.num_documents, 2);
    assert_int_equal(back.documents[0].generation, 7);
    assert_false(back.documents[0].has_content);
    assert_true(atls_bytes_equal(back.documents[1].content, text("corim")));
    damage(&octets, read_evaluate);
    free(octets.data);
    m.has_documents = m.revoked.has_octets = m.collateral.has_octets = false; /* and without */
    m.asks = m.has_fetched = false;
    assert_err(verifier_message_write(&octets, verifier_put_evaluate, &m), OK);
    assert_err(verifier_evaluate_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_false(back.has_documents);
    assert_false(back.revoked.has_octets);
    assert_false(back.collateral.has_octets);
    assert_false(back.asks);
    assert_false(back.has_fetched);
    assert_int_equal(back.num_documents, 0);
    damage(&octets, read_evaluate);
    free(octets.data);
}

static void a_report_comes_back(void **state)
{
    (void)state;
    const struct verifier_report m = {.kind = VERIFIER_NEEDS_CONTENTS,
                                      .media_type = text("a/b"),
                                      .value = text("v"),
                                      .match = a_match(),
                                      .num_documents = 3};
    struct verifier_octets octets;
    struct verifier_report back;
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
    assert_err(verifier_report_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_int_equal(back.kind, VERIFIER_NEEDS_CONTENTS);
    assert_ptr_equal(back.match.format, &atls_formats[0]);
    assert_true(atls_bytes_equal(back.match.instance, m.match.instance));
    assert_true(atls_bytes_equal(back.match.class_id, m.match.class_id));
    assert_true(atls_bytes_equal(back.media_type, m.media_type));
    assert_true(atls_bytes_equal(back.value, m.value));
    assert_int_equal(back.num_documents, 3);
    damage(&octets, read_report);
    free(octets.data);
}

/* What was appraised has an outcome, and nothing else has; what was not taken was not appraised. */
static void a_report_is_of_one_kind(void **state)
{
    (void)state;
    static const struct {
        enum verifier_report_kind kind;
        const char *outcome;
        bool fails;
    } bad[] = {{VERIFIER_APPRAISED, "", false},         {VERIFIER_IDENTIFIED, "x", false},
               {VERIFIER_NEEDS_DOCUMENTS, "x", false},  {VERIFIER_NEEDS_DOCUMENTS, "", true},
               {VERIFIER_APPRAISED, "x", true},         {VERIFIER_NEEDS_LIST, "x", false},
               {VERIFIER_NEEDS_COLLATERAL, "x", false}, {(enum verifier_report_kind)6, "", false}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct verifier_report m = {.kind = bad[i].kind, .outcome = text(bad[i].outcome)};
        struct verifier_octets octets;
        if (bad[i].fails) {
            m.why = a_reason();
        }
        assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
        assert_err(read_report(atls_bytes_of(octets.data, octets.len)), MALFORMED);
        free(octets.data);
    }
}

static void fill_outcome(struct verifier_outcome *m)
{
    memset(m, 0, sizeof *m);
    m->format = &atls_formats[0];
    m->appraisal.num_submods = 1;
    struct atls_submod *submod = &m->appraisal.submods[0];
    submod->format = &atls_formats[0];
    submod->vector.claim[ATLS_TRUST_HARDWARE] = -1;
    submod->vector.claim[ATLS_TRUST_EXECUTABLES] = 99;
    submod->status = ATLS_TIER_CONTRAINDICATED;
    submod->simulated = true;
    submod->fresh = true;
    submod->machine = text("machine");
    submod->attested_key.len = 32;
    memset(submod->attested_key.data, 7, 32);
    submod->attested_spki_len = 3;
    submod->reason = a_reason();
    submod->claims_json = strdup("{\"a\":1}");
    submod->storage = strdup("what machine may be in"); /* a leak is AddressSanitizer's to find */
}

static void an_outcome_comes_back(void **state)
{
    (void)state;
    struct verifier_outcome m, back;
    struct verifier_octets octets;
    fill_outcome(&m);
    assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &m), OK);
    assert_err(verifier_outcome_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    const struct atls_submod *submod = &back.appraisal.submods[0];
    assert_int_equal(back.appraisal.num_submods, 1);
    assert_int_equal(submod->vector.claim[ATLS_TRUST_HARDWARE], -1);
    assert_int_equal(submod->vector.claim[ATLS_TRUST_EXECUTABLES], 99);
    assert_int_equal(submod->status, ATLS_TIER_CONTRAINDICATED);
    assert_true(submod->simulated);
    assert_true(submod->fresh);
    assert_false(submod->debug);
    assert_string_equal(submod->claims_json, "{\"a\":1}");
    assert_string_equal(submod->reason.claim, "psa-nonce");
    assert_int_equal(submod->attested_key.len, 32);
    assert_int_equal(submod->attested_spki_len, 3);
    verifier_outcome_cleanup(&back);
    assert_err(verifier_outcome_read_verdict(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_null(submod->claims_json);
    assert_string_equal(submod->reason.claim, "psa-nonce");
    verifier_outcome_cleanup(&back);
    damage(&octets, read_outcome);
    free(octets.data);
    verifier_outcome_cleanup(&m);
}

static void a_failed_appraisal_comes_back_with_its_reason(void **state)
{
    (void)state;
    const struct verifier_outcome m = {.why = a_reason(), .format = &atls_formats[1]};
    struct verifier_outcome back;
    struct verifier_octets octets;
    assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &m), OK);
    assert_err(verifier_outcome_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_string_equal(atls_err_name(back.why.err), "FRESHNESS");
    assert_ptr_equal(back.format, &atls_formats[1]);
    damage(&octets, read_outcome);
    free(octets.data);
}

/* Neither an affirming appraisal beside an error, nor nothing at all, means anything. */
static void an_outcome_is_an_error_or_submods_and_never_both(void **state)
{
    (void)state;
    struct verifier_outcome m;
    struct verifier_octets octets;
    fill_outcome(&m);
    m.why = a_reason();
    assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &m), OK);
    assert_err(read_outcome(atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
    verifier_outcome_cleanup(&m);
    memset(&m, 0, sizeof m);
    assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &m), OK);
    assert_err(read_outcome(atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
}

static void a_status_that_is_no_tier_is_refused(void **state)
{
    (void)state;
    for (int status = 0; status < 256; status++) {
        struct verifier_outcome m;
        struct verifier_octets octets;
        fill_outcome(&m);
        m.appraisal.submods[0].status = (enum atls_tier)status;
        assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &m), OK);
        const bool ok = status == 0 || status == 2 || status == 32 || status == 96;
        assert_string_equal(atls_err_name(read_outcome(atls_bytes_of(octets.data, octets.len))),
                            ok ? "OK" : "MALFORMED");
        free(octets.data);
        verifier_outcome_cleanup(&m);
    }
}

static void examine_and_examined_come_back(void **state)
{
    (void)state;
    const struct verifier_examine request = {.now_s = 5, .content = text("corim")};
    struct verifier_match matches[2] = {a_match(), a_match()};
    matches[1].key = text("01234567890123456789012345678901");
    const struct verifier_examined m = {.id = text("id"),
                                        .version = 12,
                                        .is_signed = true,
                                        .endorser = text("signed by CN=maker"),
                                        .until_s = INT64_MAX,
                                        .profile = text("tag:x"),
                                        .matches = matches,
                                        .num_matches = 2};
    struct verifier_octets octets;
    struct verifier_examined back;
    assert_err(verifier_message_write(&octets, verifier_put_examine, &request), OK);
    damage(&octets, read_examine);
    free(octets.data);
    assert_err(verifier_message_write(&octets, verifier_put_examined, &m), OK);
    assert_err(verifier_examined_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_int_equal(back.version, 12);
    assert_true(back.is_signed);
    assert_int_equal(back.num_matches, 2);
    assert_true(atls_bytes_equal(back.matches[1].class_id, text("class")));
    assert_int_equal(back.matches[0].key.len, 0);
    assert_true(atls_bytes_equal(back.matches[1].key, matches[1].key));
    assert_true(atls_bytes_equal(back.endorser, m.endorser));
    assert_int_equal(back.until_s, INT64_MAX);
    verifier_examined_cleanup(&back);
    damage(&octets, read_examined);
    free(octets.data);
}

static void an_endorser_is_printable_and_a_hash_has_its_length(void **state)
{
    (void)state;
    struct verifier_match match = a_match();
    const struct verifier_examined good = {
        .id = text("id"), .until_s = 1, .matches = &match, .num_matches = 1};
    static const char *const wrong[] = {"a\nb", "\x7f", "\xc3\xa9", "<\x1b[0m"};
    struct verifier_octets octets;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(wrong); i++) {
        struct verifier_examined m = good;
        m.endorser = text(wrong[i]);
        assert_err(verifier_message_write(&octets, verifier_put_examined, &m), OK);
        assert_err(read_examined(atls_bytes_of(octets.data, octets.len)), MALFORMED);
        free(octets.data);
    }
    for (size_t len = 0; len <= 33; len++) {
        match.key = atls_bytes_of("012345678901234567890123456789012", len);
        assert_err(verifier_message_write(&octets, verifier_put_examined, &good), OK);
        assert_int_equal(read_examined(atls_bytes_of(octets.data, octets.len)) == ATLS_OK,
                         len == 0 || len == 32);
        free(octets.data);
    }
    struct verifier_examined m = good;
    m.until_s = -1;
    assert_err(verifier_message_write(&octets, verifier_put_examined, &m), OK);
    assert_err(read_examined(atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
}

static void open_and_opened_come_back(void **state)
{
    (void)state;
    const struct verifier_open request = {.nonce_len = 32, .nonce = text("12345678"), .ttl_s = 150};
    const struct verifier_opened m = {.id = text("id"), .nonce = text("12345678")};
    struct verifier_octets octets;
    assert_err(verifier_message_write(&octets, verifier_put_open, &request), OK);
    damage(&octets, read_open);
    free(octets.data);
    assert_err(verifier_message_write(&octets, verifier_put_opened, &m), OK);
    damage(&octets, read_opened);
    free(octets.data);
}

static void sign_and_its_answer_come_back(void **state)
{
    (void)state;
    const struct verifier_sign m = {
        .id = text("id"), .nonce = text("12345678"), .outcome = text("outcome"), .cwt = true};
    const struct verifier_check check = {text("id"), text("12345678")};
    const struct verifier_text answer = {.text = text("a.b.c")};
    struct verifier_octets octets;
    struct verifier_text back;
    struct verifier_sign read;
    assert_err(verifier_message_write(&octets, verifier_put_sign, &m), OK);
    assert_err(verifier_sign_read(&read, atls_bytes_of(octets.data, octets.len)), OK);
    assert_true(read.cwt);
    damage(&octets, read_sign);
    octets.data[octets.len - 1] = 2; /* neither form */
    assert_err(read_sign(atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
    assert_err(verifier_message_write(&octets, verifier_put_check, &check), OK);
    damage(&octets, read_check);
    free(octets.data);
    assert_err(verifier_message_write(&octets, verifier_put_text, &answer), OK);
    assert_err(verifier_text_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_true(atls_bytes_equal(back.text, answer.text));
    damage(&octets, read_text);
    free(octets.data);
}

/* A count that promises more than the message holds must not be allocated for. */
static void a_lying_count_of_matches_is_refused(void **state)
{
    (void)state;
    static const uint8_t lie[] = {0, 0, 0, 0, 0, 0,    0,    0,    0,   0,
                                  0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    assert_err(read_examined(atls_bytes_of(lie, sizeof lie)), MALFORMED);
}

static void an_unknown_format_or_error_is_refused(void **state)
{
    (void)state;
    const struct verifier_outcome outcome = {.why = a_reason(), .format = &atls_formats[1]};
    const struct verifier_text answer = {.why = a_reason()};
    struct verifier_octets octets;
    assert_err(verifier_message_write(&octets, verifier_put_whole_outcome, &outcome), OK);
    const size_t name_len = strlen(outcome.format->name);
    uint8_t *name = memmem(octets.data, octets.len, outcome.format->name, name_len);
    assert_non_null(name);
    assert_err(read_outcome(atls_bytes_of(octets.data, octets.len)), OK);
    memset(name, 'x', name_len); /* all else of the message is as it was */
    assert_err(read_outcome(atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
    assert_err(verifier_message_write(&octets, verifier_put_text, &answer), OK);
    assert_err(read_text(atls_bytes_of(octets.data, octets.len)), OK);
    octets.data[0] = octets.data[1] = 0xff;
    assert_err(read_text(atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluate_comes_back),
        cmocka_unit_test(a_report_comes_back),
        cmocka_unit_test(a_report_is_of_one_kind),
        cmocka_unit_test(an_outcome_comes_back),
        cmocka_unit_test(a_failed_appraisal_comes_back_with_its_reason),
        cmocka_unit_test(an_outcome_is_an_error_or_submods_and_never_both),
        cmocka_unit_test(a_status_that_is_no_tier_is_refused),
        cmocka_unit_test(examine_and_examined_come_back),
        cmocka_unit_test(an_endorser_is_printable_and_a_hash_has_its_length),
        cmocka_unit_test(open_and_opened_come_back),
        cmocka_unit_test(sign_and_its_answer_come_back),
        cmocka_unit_test(a_lying_count_of_matches_is_refused),
        cmocka_unit_test(an_unknown_format_or_error_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
