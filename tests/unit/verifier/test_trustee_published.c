/* SPDX-License-Identifier: Apache-2.0 */
/* A report of a real machine as Trustee wants it, and a token as Trustee published it. */
#include "verifier/trustee.h"
#include "verifier/trustee_evidence.h"

#include "codec/tsm_report.h"
#include "json/ear_token.h"
#include "support/file.h"
#include "trustee_report.h"

static void a_report_is_whole_and_its_certificates_go_along(void **state)
{
    (void)state;
    static const struct atls_format snp = {.name = "snp"};
    static const char *const kinds[] = {"ARK", "ASK", "VCEK"};
    struct atls_tsm_report tsm;
    json_t *made = NULL;
    uint8_t found[REPORT];
    const struct atls_bytes evidence =
        test_file(TEST_SHARED("vectors/01-sev-snp/genoa-v3-tsm/tsm-report.cbor"));
    assert_err(atls_tsm_report_parse(&tsm, evidence, NULL), OK);
    assert_err(verifier_trustee_evidence(&made, &snp, evidence, NULL), OK);
    put_together(found, json_object_get(made, "attestation_report"));
    assert_bytes(atls_bytes_of(found, sizeof found), tsm.outblob);
    const json_t *chain = json_object_get(made, "cert_chain");
    assert_int_equal(json_array_size(chain), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *kind = json_object_get(json_array_get(chain, i), "cert_type");
        assert_string_equal(json_string_value(kind), kinds[i]);
    }
    json_decref(made);
}

/* Its machine is one of CCA: whatever was asked about, it is not an answer to that. */
static void a_token_about_another_kind_of_machine_is_refused(void **state)
{
    (void)state;
    static const struct atls_format snp = {.name = "snp"};
    const struct atls_ear_submod *submod = NULL;
    struct atls_ear_token *token = NULL;
    struct atls_diag diag = {0};
    struct atls_bytes text = test_file(TEST_SHARED("vectors/07-ear/jwt/trustee-cca-ear.jwt"));
    while (text.len != 0 && text.data[text.len - 1] == '\n') {
        text.len--;
    }
    assert_err(atls_ear_open_unverified(&token, text, &diag), OK);
    const struct atls_ear *ear = atls_ear_token_get(token);
    assert_err(verifier_trustee_find(&submod, ear, &snp, atls_bytes_of("n", 1), &diag), RESULT);
    assert_string_equal(diag.found, "of another kind");
    assert_null(submod);
    atls_ear_token_free(token);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_whole_and_its_certificates_go_along),
        cmocka_unit_test(a_token_about_another_kind_of_machine_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
