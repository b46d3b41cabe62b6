/* SPDX-License-Identifier: Apache-2.0 */
/* A report of a real machine as Trustee wants it, and a token as Trustee published it. */
#include "verifier/trustee.h"
#include "verifier/trustee_evidence.h"

#include "codec/tsm_report.h"
#include "crypto/crypto.h"
#include "json/ear_token.h"
#include "support/file.h"
#include "support/memory.h"
#include "trustee_report.h"
#include "json/runtime_data.h"

#include <stdlib.h>

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

/* Its report_data are the hash of its runtime data, in SHA-384 as that broker had it, and zeros. */
static void what_is_hashed_is_what_a_published_token_has(void **state)
{
    (void)state;
    struct atls_ear_token *token = NULL;
    struct atls_digest hash;
    struct atls_bytes text = test_file(TEST_SHARED("vectors/07-ear/jwt/trustee-cca-ear.jwt"));
    while (text.len != 0 && text.data[text.len - 1] == '\n') {
        text.len--;
    }
    assert_err(atls_ear_open_unverified(&token, text, NULL), OK);
    const json_t *claims = atls_ear_token_get(token)->submods[0].attester_claims.json;
    const json_t *runtime = json_object_get(claims, "runtime_data_claims");
    char *material = atls_runtime_data_text(json_string_value(json_object_get(runtime, "nonce")),
                                            json_object_get(runtime, "tee-pubkey"));
    assert_err(atls_crypto_openssl()->hash(ATLS_ALG_SHA384, atls_bytes_text(material), &hash), OK);
    assert_bytes(atls_digest_bytes(&hash),
                 test_hex("44f93cc3f19fb5f847f067bb89a13a683ab01a8dd8ddd2350e08fdbf97fbbdd9"
                          "c615ec3390080374991f6c5e1f63722f"));
    free(material);
    atls_ear_token_free(token);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_whole_and_its_certificates_go_along),
        cmocka_unit_test(a_token_about_another_kind_of_machine_is_refused),
        cmocka_unit_test(what_is_hashed_is_what_a_published_token_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
