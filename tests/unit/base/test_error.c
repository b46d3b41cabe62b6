/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check.h"

#define ERR(number, name, alert, fault, sentence) ATLS_ERR_##name,
static const enum atls_err errors[] = {ATLS_ERROR_LIST(ERR)};
#undef ERR

static void every_error_has_a_name_and_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        assert_true(atls_err_name(errors[i])[0] != '\0');
        assert_true(atls_err_text(errors[i])[0] != '\0');
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(errors[i], errors[j]);
            assert_string_not_equal(atls_err_name(errors[i]), atls_err_name(errors[j]));
            assert_string_not_equal(atls_err_text(errors[i]), atls_err_text(errors[j]));
        }
    }
}

/* RFC 8446, 6: every alert that we may send is one that TLS 1.3 knows. */
static void alerts_are_those_of_tls(void **state)
{
    (void)state;
    static const uint8_t known[] = {0, 40, 47, 50, 51, 70, 80, 109, 110, 115, 120};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        bool is_known = false;
        for (size_t j = 0; j < ATLS_ARRAY_LEN(known); j++) {
            is_known = is_known || atls_err_alert(errors[i]) == known[j];
        }
        assert_true(is_known);
    }
}

static void exit_status_follows_from_the_fault(void **state)
{
    (void)state;
    static const int status[] = {[ATLS_FAULT_NONE] = 0,
                                 [ATLS_FAULT_LOCAL] = 1,
                                 [ATLS_FAULT_PEER] = 2,
                                 [ATLS_FAULT_POLICY] = 2,
                                 [ATLS_FAULT_INFRA] = 3};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        assert_int_equal(atls_err_exit(errors[i]), status[atls_err_fault(errors[i])]);
    }
    assert_int_equal(atls_err_exit(ATLS_OK), 0);
    assert_int_equal(atls_err_fault(ATLS_ERR_FILE), ATLS_FAULT_LOCAL);
    assert_int_equal(atls_err_fault(ATLS_ERR_MALFORMED), ATLS_FAULT_PEER);
    assert_int_equal(atls_err_fault(ATLS_ERR_FRESHNESS), ATLS_FAULT_POLICY);
    assert_int_equal(atls_err_fault(ATLS_ERR_TIMEOUT), ATLS_FAULT_INFRA);
}

static void only_no_error_is_nobodys_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        assert_int_equal(atls_err_fault(errors[i]) == ATLS_FAULT_NONE, errors[i] == ATLS_OK);
        assert_int_equal(atls_err_exit(errors[i]) == 0, errors[i] == ATLS_OK);
    }
}

static void alerts_are_those_of_the_protocol(void **state)
{
    (void)state;
    assert_int_equal(atls_err_alert(ATLS_ERR_MALFORMED), 50);
    assert_int_equal(atls_err_alert(ATLS_ERR_ILLEGAL), 47);
    assert_int_equal(atls_err_alert(ATLS_ERR_UNSOLICITED), 110);
    assert_int_equal(atls_err_alert(ATLS_ERR_NOTHING_OFFERED), 109);
    assert_int_equal(atls_err_alert(ATLS_ERR_EXTENSION_MISSING), 109);
    assert_int_equal(atls_err_alert(ATLS_ERR_TPM), 80);
    assert_int_equal(atls_err_alert(ATLS_ERR_PKIX), 0);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(errors); i++) {
        /* A file of endorsements is refused before there is anyone to alert; a Verifier that is not
         * the one that was named is no fault of the peer's; a Finished that is not right has an
         * alert of its own (RFC 8446, 4.4.4), and so have ALPN (RFC 7301, 3.2) and a PSK. */
        const bool is_exception =
            errors[i] == ATLS_ERR_NOTHING_OFFERED || errors[i] == ATLS_ERR_PKIX ||
            errors[i] == ATLS_ERR_ENDORSEMENT_SIGNATURE ||
            errors[i] == ATLS_ERR_ENDORSEMENT_OLDER || errors[i] == ATLS_ERR_ENDORSEMENT_DISPUTED ||
            errors[i] == ATLS_ERR_VERIFIER_IDENTITY || errors[i] == ATLS_ERR_AUTHENTICATOR ||
            errors[i] == ATLS_ERR_NO_PROTOCOL || errors[i] == ATLS_ERR_NO_PSK;
        if (atls_err_fault(errors[i]) == ATLS_FAULT_POLICY && !is_exception) {
            assert_int_equal(atls_err_alert(errors[i]), 40);
        }
        if (atls_err_fault(errors[i]) == ATLS_FAULT_LOCAL) {
            assert_int_equal(atls_err_alert(errors[i]), 80);
        }
    }
}

static void number_off_the_list_is_a_refusal(void **state)
{
    (void)state;
    static const int strange[] = {-1, 38, 39, 59, 79, 1000};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(strange); i++) {
        const enum atls_err err = (enum atls_err)strange[i];
        assert_string_equal(atls_err_name(err), "UNKNOWN");
        assert_int_equal(atls_err_exit(err), 2);
        assert_int_equal(atls_err_alert(err), 80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_sentence_of_its_own),
        cmocka_unit_test(alerts_are_those_of_tls),
        cmocka_unit_test(exit_status_follows_from_the_fault),
        cmocka_unit_test(only_no_error_is_nobodys_fault),
        cmocka_unit_test(alerts_are_those_of_the_protocol),
        cmocka_unit_test(number_off_the_list_is_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
