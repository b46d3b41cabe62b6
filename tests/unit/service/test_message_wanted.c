/* SPDX-License-Identifier: Apache-2.0 */
/* The question of an appraiser that lacks collateral, as octets. */
#include "unit/service/message_test.h"

static void what_is_wanted_comes_back(void **state)
{
    (void)state;
    struct verifier_report m = {.kind = VERIFIER_NEEDS_FETCHED,
                                .media_type = text("a/b"),
                                .match = a_match(),
                                .wanted = a_question(),
                                .useless = 9};
    struct verifier_octets octets;
    struct verifier_report back;
    for (int kind = ATLS_WANTED_AMD_LEAF; kind <= ATLS_WANTED_ROOT_CRL; kind++) {
        m.wanted.kind = (enum atls_collateral_kind)kind;
        assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
        assert_err(verifier_report_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
        assert_int_equal(back.kind, VERIFIER_NEEDS_FETCHED);
        assert_true(atls_collateral_wanted_equal(&back.wanted, &m.wanted));
        assert_int_equal(back.useless, 9);
        free(octets.data);
    }
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
    damage(&octets, read_report);
    free(octets.data);
}

/* refuse_question: an appraiser's question is octets of a stranger's to the front, which makes a
 * URL of it. */
static void refuse_question(const struct atls_collateral_wanted *wanted)
{
    const struct verifier_report m = {.kind = VERIFIER_NEEDS_FETCHED, .wanted = *wanted};
    struct verifier_octets octets;
    struct verifier_report back;
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
    assert_err(verifier_report_read(&back, atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
}

static void a_question_out_of_range_is_refused(void **state)
{
    (void)state;
    struct atls_collateral_wanted wanted = a_question();
    wanted.kind = ATLS_WANTED_NOTHING;
    refuse_question(&wanted);
    wanted.kind = (enum atls_collateral_kind)(ATLS_WANTED_ROOT_CRL + 1);
    refuse_question(&wanted);
    wanted = a_question();
    wanted.amd_key = (enum atls_amd_key)2;
    refuse_question(&wanted);
    wanted = a_question();
    wanted.tee = (enum atls_intel_tee)2;
    refuse_question(&wanted);
    wanted = a_question();
    wanted.enclave = (enum atls_intel_enclave)3;
    refuse_question(&wanted);
    /* Who writes what is no text, or more than fits, writes nothing. */
    struct verifier_report m = {.kind = VERIFIER_NEEDS_FETCHED, .wanted = a_question()};
    struct verifier_octets octets;
    memset(m.wanted.product, 'a', sizeof m.wanted.product);
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), BUFFER);
    m.wanted = a_question();
    m.wanted.chip_id_len = sizeof m.wanted.chip_id + 1;
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), BUFFER);
}

/* A flag that says that what was fetched is good belongs to an appraisal alone. */
static void only_an_appraisal_holds(void **state)
{
    (void)state;
    struct verifier_report m = {.kind = VERIFIER_NEEDS_CONTENTS, .holds = true};
    struct verifier_octets octets;
    struct verifier_report back;
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
    assert_err(verifier_report_read(&back, atls_bytes_of(octets.data, octets.len)), MALFORMED);
    free(octets.data);
    m.kind = VERIFIER_APPRAISED;
    m.outcome = text("outcome");
    assert_err(verifier_message_write(&octets, verifier_put_report, &m), OK);
    assert_err(verifier_report_read(&back, atls_bytes_of(octets.data, octets.len)), OK);
    assert_true(back.holds);
    free(octets.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wanted_comes_back),
        cmocka_unit_test(a_question_out_of_range_is_refused),
        cmocka_unit_test(only_an_appraisal_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
