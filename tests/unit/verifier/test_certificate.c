/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in certificates: which form it has, what binds it to the key, and what it is worth. */
#include "certificate_test.h"

#include "atls/sim.h"
#include "attester/attester.h"
#include "result/policy.h"
#include "support/file.h"

#include <time.h>
#include <unistd.h>

/* One machine that attests for the certificate of a key. */
static struct atls_attester *attester;
static struct atls_provision provision;

static struct atls_bytes extension_for(const struct atls_key *of)
{
    const struct atls_buf room = test_room(32768);
    size_t len = 0;
    assert_err(atls_attester_for_certificate(&atls_attester_sim_nitro, attester,
                                             atls_crypto_openssl(), ATLS_CERTIFICATE_CMW,
                                             test_spki(of), 1000, room, &len, NULL),
               OK);
    return atls_bytes_of(room.data, len);
}

static const char cmw_oid[] = "1.3.6.1.5.5.7.1.35";

static void evidence_of_its_key_is_appraised_and_not_fresh(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    struct atls_policy policy;
    const char *form = NULL;
    const struct atls_verify_request request =
        request_of(certificate(key, cmw_oid, extension_for(key)));
    assert_err(atls_verify_certificate(&appraisal, &form, &request, &diag), OK);
    assert_string_equal(form, "CMW");
    const struct atls_submod *submod = &appraisal.submods[0];
    assert_string_equal(submod->format->name, "nitro");
    assert_false(submod->fresh);
    assert_true(submod->of_certificate);
    assert_int_equal(submod->vector.claim[ATLS_TRUST_CONFIGURATION], 36);
    assert_int_equal(submod->status, ATLS_TIER_WARNING);
    assert_int_equal(submod->key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_bytes(atls_digest_bytes(&submod->attested_key),
                 test_hash(ATLS_ALG_SHA256, test_spki(key)));
    /* never by default, and by no other timing */
    atls_policy_default(&policy);
    policy.simulated = true;
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), FRESHNESS);
    policy.timings = 1u << ATLS_TIMING_HANDSHAKE | 1u << ATLS_TIMING_POST | 1u << ATLS_TIMING_BOTH;
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), FRESHNESS);
    /* Then the simulation is taken, and what is left is that nobody knows when it was. */
    policy.timings = 1u << ATLS_TIMING_CERTIFICATE;
    assert_err(atls_policy_check_evidence(&policy, &appraisal, &diag), FRESHNESS);
    assert_string_equal(diag.claim, "NITRO configuration");
    atls_appraisal_cleanup(&appraisal, free);
}

static void evidence_of_another_key_is_refused(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    struct atls_key *other = test_key(ATLS_CRV_P256);
    assert_err(verify(&appraisal, certificate(key, cmw_oid, extension_for(other)), &diag),
               FRESHNESS);
    assert_err(verify(&appraisal, certificate(other, cmw_oid, extension_for(key)), &diag),
               FRESHNESS);
}

static void a_certificate_of_another_time_is_refused(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    static const int64_t away_s[] = {-71, 86400 + 60};
    const struct atls_bytes cert = certificate(key, cmw_oid, extension_for(key));
    const int64_t was = now_s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(away_s); i++) {
        now_s = was + away_s[i];
        assert_err(verify(&appraisal, cert, &diag), PKIX);
        assert_string_equal(diag.claim, "validity");
        assert_non_null(strstr(diag.found, "Z to 20")); /* dates, as people read them */
        now_s = was;
    }
}

static void a_certificate_that_its_key_did_not_sign_is_refused(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    static const char *const names[] = {"localhost"};
    struct atls_key *ca_key = test_key(ATLS_CRV_P256);
    const struct atls_bytes value = extension_for(key);
    const struct atls_cert_extension extension = {cmw_oid, false, value};
    const struct atls_cert_spec spec = {names, 1, now_s - 10, 1, &extension, 1};
    char *ca = NULL, *pem = NULL;
    assert_err(atls_ca_create(&ca, ca_key, "test", now_s - 10, 1, NULL), OK);
    assert_err(atls_ca_issue(&pem, atls_bytes_text(ca), ca_key, key, &spec, NULL), OK);
    assert_err(verify(&appraisal, atls_bytes_text(pem), &diag), PKIX);
    assert_string_equal(diag.claim, "signature");
    atls_pem_free(ca);
    atls_pem_free(pem);
}

static void without_evidence_or_with_what_is_none_it_is_refused(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const struct atls_bytes none = {NULL, 0};
    assert_err(verify(&appraisal, certificate(key, cmw_oid, none), &diag), NOT_ATTESTED);
    static const struct {
        const char *oid, *value;
        enum atls_err err;
    } rows[] = {
        {cmw_oid, "0400", ATLS_ERR_EVIDENCE_MALFORMED},
        {cmw_oid, "0c027b7d", ATLS_ERR_EVIDENCE_MALFORMED},
        {cmw_oid, "048100", ATLS_ERR_EVIDENCE_MALFORMED},
        {cmw_oid, "040280", ATLS_ERR_EVIDENCE_MALFORMED},
        {cmw_oid, "80", ATLS_ERR_EVIDENCE_MALFORMED},
        {"2.23.133.5.4.9", "80", ATLS_ERR_EVIDENCE_MALFORMED},
        {"1.2.840.113741.1337.6", "0300", ATLS_ERR_EVIDENCE_MALFORMED},
        {"1.2.840.113741.1337.6", "0200000000000000", ATLS_ERR_EVIDENCE_MALFORMED},
        {"1.2.840.113741.1337.6", "0400000082000000", ATLS_ERR_EVIDENCE_MALFORMED},
        {"1.2.840.113556.10.1.1", "0300", ATLS_ERR_EVIDENCE_MALFORMED},
        /* what is bound to nothing is not looked at */
        {"1.2.840.113741.1.13.1", "0300000000000000", ATLS_ERR_NOT_ATTESTED},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const struct atls_bytes cert = certificate(key, rows[i].oid, test_hex(rows[i].value));
        assert_string_equal(atls_err_name(verify(&appraisal, cert, &diag)),
                            atls_err_name(rows[i].err));
    }
    assert_err(verify(&appraisal, atls_bytes_text("-----BEGIN CERTIFICATE-----\n"), &diag),
               EVIDENCE_MALFORMED);
}

static struct atls_bytes interop(uint64_t kind, struct atls_bytes key_hash)
{
    const struct atls_buf claims = test_room(128), room = test_room(256);
    size_t claims_len = 0, len = 0;
    struct atls_writer w = atls_writer_of(claims);
    atls_ratls_put_claims(&w, ATLS_ALG_SHA256, key_hash);
    assert_true(atls_writer_finish(&w, &claims_len));
    w = atls_writer_of(room);
    atls_ratls_put(&w, (enum atls_ratls_kind)kind, test_hex("0300000000000000"),
                   atls_bytes_of(claims.data, claims_len));
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static void the_interoperable_form_is_held_to_its_key_and_tag(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    static const char oid[] = "2.23.133.5.4.9";
    const struct atls_bytes hash = test_hash(ATLS_ALG_SHA256, test_spki(key));
    assert_err(verify(&appraisal, certificate(key, oid, interop(60000, test_fill(1, 32))), &diag),
               KEY_BINDING);
    assert_string_equal(diag.claim, "pubkey-hash");
    assert_err(verify(&appraisal, certificate(key, oid, interop(60001, hash)), &diag),
               EVIDENCE_TYPE);
    assert_string_equal(diag.claim, "tag");
}

static void a_nonce_must_be_in_the_claims(void **state)
{
    (void)state;
    struct atls_appraisal appraisal;
    struct atls_diag diag;
    const char *form = NULL;
    struct atls_verify_request request = request_of(certificate(key, cmw_oid, extension_for(key)));
    request.no_nonce = false;
    request.expected_nonce = test_fill(1, 8);
    assert_err(atls_verify_certificate(&appraisal, &form, &request, &diag), FRESHNESS);
    assert_string_equal(diag.found, "none in the certificate");
}

/* Published ones: the rule of each gives the report_data that its quote has. */
static void published_certificates_are_bound_as_their_form_says(void **state)
{
    (void)state;
    static const struct {
        const char *path, *form;
    } rows[] = {
        {TEST_SHARED("vectors/11-ratls-dice/interop/gramine-cert.pem"), "interoperable RA-TLS"},
        {TEST_SHARED("vectors/11-ratls-dice/interop/rats-tls-cert.pem"), "interoperable RA-TLS"},
        {TEST_SHARED("vectors/11-ratls-dice/legacy/rats-tls-cert-sample.pem"), "rats-tls"},
        {TEST_SHARED("vectors/11-ratls-dice/openenclave/sgx_cert_ec_bad.der"), "Open Enclave"},
    };
    if (access(TEST_SHARED_DIR "/vectors", F_OK) != 0) {
        print_message("skipped: %s is absent\n", TEST_SHARED_DIR "/vectors");
        return;
    }
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct atls_evidence_cert *cert = NULL;
        struct atls_cert_evidence evidence;
        assert_err(atls_evidence_cert_read(&cert, test_file(rows[i].path), NULL), OK);
        memset(&evidence, 0, sizeof evidence);
        assert_err(atls_cert_evidence_read(&evidence, cert, atls_crypto_openssl(), NULL), OK);
        assert_string_equal(evidence.form, rows[i].form);
        assert_string_equal(evidence.format_name, "sgx");
        /* report_data of version 3: behind header (48) and 320 octets of the report body */
        assert_memory_equal(&evidence.evidence.data[368], evidence.report_data, 64);
        atls_cert_evidence_cleanup(&evidence);
        atls_evidence_cert_free(cert);
    }
}

int main(void)
{
    const struct atls_provision_request request = {NULL, NULL, NULL, 0};
    now_s = (int64_t)time(NULL);
    key = test_key(ATLS_CRV_P256);
    if (atls_attester_sim_nitro.provision(&provision, &request, NULL) != ATLS_OK ||
        atls_attester_sim_nitro.open(&attester, atls_bytes_text(provision.config_json), NULL) !=
            ATLS_OK) {
        return 1;
    }
    set = test_endorsements();
    test_add_comid(set, provision.comid_json, "nitro", true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_of_its_key_is_appraised_and_not_fresh),
        cmocka_unit_test(evidence_of_another_key_is_refused),
        cmocka_unit_test(a_certificate_of_another_time_is_refused),
        cmocka_unit_test(a_certificate_that_its_key_did_not_sign_is_refused),
        cmocka_unit_test(without_evidence_or_with_what_is_none_it_is_refused),
        cmocka_unit_test(the_interoperable_form_is_held_to_its_key_and_tag),
        cmocka_unit_test(a_nonce_must_be_in_the_claims),
        cmocka_unit_test(published_certificates_are_bound_as_their_form_says),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    atls_attester_sim_nitro.close(attester);
    atls_provision_cleanup(&provision);
    return failed;
}
