/* SPDX-License-Identifier: Apache-2.0 */
#include "attester/tpm2/rc.h"
#include "support/check.h"

#include <tss2/tss2_tpm2_types.h>

static void codes_are_put_in_words(void **state)
{
    (void)state;
    static const struct {
        TSS2_RC rc;
        const char *found;
    } cases[] = {
        {TPM2_RC_HANDLE | TPM2_RC_1, "the handle is not correct for the use"},
        {TPM2_RC_LOCKOUT, "lockout"},
        {TSS2_TCTI_RC_IO_ERROR, "IO failure"},
        {TSS2_ESYS_RC_BAD_TR, "ESYS_TR"},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        struct atls_diag diag;
        assert_err(atls_tpm_fail(&diag, "TPM2_Sign", cases[i].rc), TPM);
        assert_string_equal(diag.claim, "TPM2_Sign");
        assert_non_null(strstr(diag.found, cases[i].found));
    }
}

static void any_code_gives_a_sentence(void **state)
{
    (void)state;
    /* every layer, also those that tpm2-rc has no room for */
    for (TSS2_RC layer = 0; layer < 256; layer++) {
        for (TSS2_RC low = 0; low < 0x1000; low += 7) {
            struct atls_diag diag;
            assert_err(atls_tpm_fail(&diag, "x", layer << TSS2_RC_LAYER_SHIFT | low), TPM);
            assert_memory_equal(diag.found, "response code 0x", 16);
        }
    }
    struct atls_diag diag;
    assert_err(atls_tpm_fail(&diag, "x", UINT32_MAX), TPM);
    assert_string_equal(diag.found, "response code 0xffffffff");
    assert_err(atls_tpm_fail(NULL, "x", 1), TPM);
}

static void advice_is_given_where_there_is_any(void **state)
{
    (void)state;
    struct atls_diag diag;
    atls_tpm_fail(&diag, "x", TPM2_RC_BAD_AUTH | TPM2_RC_S | TPM2_RC_1);
    assert_non_null(strstr(diag.expected, "authorization"));
    atls_tpm_fail(&diag, "x", TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_OBJECT_MEMORY);
    assert_non_null(strstr(diag.expected, "slot"));
    atls_tpm_fail(&diag, "x", TPM2_RC_VALUE);
    assert_string_equal(diag.expected, "");
}

static void codes_are_compared_without_what_they_are_about(void **state)
{
    (void)state;
    assert_true(atls_tpm_rc_is(TPM2_RC_HANDLE, TPM2_RC_HANDLE));
    assert_true(atls_tpm_rc_is(TPM2_RC_HANDLE | TPM2_RC_1, TPM2_RC_HANDLE));
    assert_true(atls_tpm_rc_is(TPM2_RC_HANDLE | TPM2_RC_P | TPM2_RC_7, TPM2_RC_HANDLE));
    assert_false(atls_tpm_rc_is(TPM2_RC_VALUE | TPM2_RC_1, TPM2_RC_HANDLE));
    assert_true(atls_tpm_rc_is(TPM2_RC_OBJECT_MEMORY, TPM2_RC_OBJECT_MEMORY));
    assert_false(atls_tpm_rc_is(TPM2_RC_SESSION_MEMORY, TPM2_RC_OBJECT_MEMORY));
    assert_false(atls_tpm_rc_is(TSS2_TCTI_RC_LAYER | TPM2_RC_HANDLE, TPM2_RC_HANDLE));
    assert_false(atls_tpm_rc_is(TSS2_RC_SUCCESS, TPM2_RC_HANDLE));
}

static void only_the_tpm_answers(void **state)
{
    (void)state;
    assert_true(atls_tpm_rc_is_answer(TPM2_RC_LOCKOUT));
    assert_true(atls_tpm_rc_is_answer(TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_LOCKOUT));
    assert_true(atls_tpm_rc_is_answer(TSS2_RESMGR_RC_LAYER | TPM2_RC_COMMAND_CODE));
    assert_false(atls_tpm_rc_is_answer(TSS2_RC_SUCCESS));
    assert_false(atls_tpm_rc_is_answer(TSS2_TCTI_RC_IO_ERROR));
    assert_false(atls_tpm_rc_is_answer(TSS2_ESYS_RC_BAD_TR));
    assert_false(atls_tpm_rc_is_answer(TSS2_SYS_RC_MALFORMED_RESPONSE));
    assert_false(atls_tpm_rc_is_answer(TSS2_MU_RC_INSUFFICIENT_BUFFER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_put_in_words),
        cmocka_unit_test(any_code_gives_a_sentence),
        cmocka_unit_test(advice_is_given_where_there_is_any),
        cmocka_unit_test(codes_are_compared_without_what_they_are_about),
        cmocka_unit_test(only_the_tpm_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
