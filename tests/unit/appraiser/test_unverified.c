/* SPDX-License-Identifier: Apache-2.0 */
/* What this side compares in Evidence whose signatures a remote Verifier checks. */
#include "scene.h"

#include "appraiser/tpm2/wire.h"

static struct atls_bytes tls_spki;

static enum atls_err read(struct scene *s, const struct atls_appraiser_ops *ops,
                          struct atls_bytes evidence)
{
    struct atls_appraiser_ops only = *ops;
    only.appraise = ops->read_unverified;
    s->input.endorsements = NULL;
    s->input.tls_spki = tls_spki;
    return appraise(s, &only, evidence);
}

static enum atls_err read_tpm(struct scene *s, const struct test_tpm *tpm)
{
    scene_init(s, NULL, test_tpm_nonce());
    tls_spki = test_spki(tpm->tls);
    return read(s, &atls_appraiser_tpm2, test_tpm_evidence(tpm));
}

static enum atls_err read_psa(struct scene *s, const struct test_psa *token)
{
    scene_init(s, NULL, test_psa_nonce());
    tls_spki = test_spki(token->key);
    return read(s, &atls_appraiser_psa, test_psa_sign(token));
}

static void a_bundle_tells_what_it_is_about_and_opens_nothing(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm;
    test_tpm_init(&tpm, 7);
    assert_err(read_tpm(&s, &tpm), OK);
    assert_true(s.submod.fresh);
    assert_true(s.submod.has_reference_values);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_HARDWARE);
    assert_bytes(atls_digest_bytes(&s.submod.attested_key),
                 test_hash(ATLS_ALG_SHA256, test_spki(tpm.tls)));
    assert_bytes(s.submod.machine, tpm.kid);
    assert_int_equal(s.submod.num_measurements, 1);
    assert_bytes(s.submod.measurements[0].value, tpm.quote.pcr_digest);
    assert_identity(&s, 0, ATLS_REVOKED_UEID, "kid", tpm.kid);
    assert_int_equal(s.submod.status, ATLS_TIER_NONE);
    assert_vector(&s, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_string_equal(s.submod.format->name, "tpm2");
}

static void a_stale_nonce_in_either_structure_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm;
    test_tpm_init(&tpm, 7);
    tpm.certify.extra_data = test_fill(0x11, 32);
    assert_refused(&s, read_tpm(&s, &tpm), FRESHNESS, "certInfo.extraData");
    test_tpm_init(&tpm, 7);
    tpm.quote.extra_data = test_fill(0x11, 32);
    assert_refused(&s, read_tpm(&s, &tpm), FRESHNESS, "attestInfo.extraData");
    tpm.quote.extra_data = atls_bytes_of(NULL, 0);
    assert_refused(&s, read_tpm(&s, &tpm), FRESHNESS, "attestInfo.extraData");
}

static void a_key_that_is_not_of_this_connection_or_may_leave_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm;
    test_tpm_init(&tpm, 7);
    scene_init(&s, NULL, test_tpm_nonce());
    tls_spki = test_spki(test_key(ATLS_CRV_P256));
    assert_refused(&s, read(&s, &atls_appraiser_tpm2, test_tpm_evidence(&tpm)), KEY_BINDING,
                   "kat.pubArea");
    tpm.attributes &= ~(uint32_t)ATLS_TPM_FIXED_TPM;
    assert_refused(&s, read_tpm(&s, &tpm), KEY_ATTRIBUTES, "pubArea.objectAttributes");
    /* the public area is signed by its name only */
    test_tpm_init(&tpm, 7);
    struct test_bundle bundle = test_tpm_make(&tpm);
    tpm.tls = test_key(ATLS_CRV_P256);
    bundle.pub_area = test_tpm_public(&tpm);
    tls_spki = test_spki(tpm.tls);
    scene_init(&s, NULL, test_tpm_nonce());
    assert_refused(&s, read(&s, &atls_appraiser_tpm2, test_bundle_encode(&bundle)), KEY_BINDING,
                   "certInfo.name");
}

static void signatures_are_not_looked_at(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm, other;
    test_tpm_init(&tpm, 7);
    test_tpm_init(&other, 8);
    struct test_bundle bundle = test_tpm_make(&tpm);
    bundle.kat_sig = test_tpm_signature(&other, bundle.cert_info);
    scene_init(&s, NULL, test_tpm_nonce());
    tls_spki = test_spki(tpm.tls);
    assert_err(read(&s, &atls_appraiser_tpm2, test_bundle_encode(&bundle)), OK);
}

static void a_token_tells_what_it_is_about_and_opens_nothing(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, test_key(ATLS_CRV_P256), 3);
    assert_err(read_psa(&s, &token), OK);
    assert_true(s.submod.fresh);
    assert_true(s.submod.has_reference_values);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_CHALLENGE);
    assert_int_equal(s.submod.attested_key.len, 0);
    assert_bytes(s.submod.machine, test_psa_instance(3));
    assert_int_equal(s.submod.num_measurements, 2);
    assert_text(s.submod.measurements[1].name, "PRoT");
    assert_identity(&s, 0, ATLS_REVOKED_UEID, "psa-instance-id", test_psa_instance(3));
    assert_int_equal(s.submod.status, ATLS_TIER_NONE);
    assert_vector(&s, 0, 0, 0, 0, 0, 0, 0, 0);
    scene_init(&s, NULL, test_psa_nonce());
    tls_spki = atls_bytes_of(NULL, 0);
    assert_err(read(&s, &atls_appraiser_psa, test_psa_sign(&token)), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_NONE);
}

static void a_stale_token_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_psa token;
    test_psa_init(&token, test_key(ATLS_CRV_P256), 3);
    scene_init(&s, NULL, test_fill(0x4f, 32));
    assert_refused(&s, read(&s, &atls_appraiser_psa, test_psa_sign(&token)), FRESHNESS,
                   "psa-nonce");
    test_psa_drop(&token, TEST_PSA_NONCE);
    assert_refused(&s, read_psa(&s, &token), EVIDENCE_MALFORMED, "psa-nonce");
}

static void nothing_is_read_without_a_nonce(void **state)
{
    (void)state;
    static const struct atls_appraiser_ops *const all[] = {&atls_appraiser_psa,
                                                           &atls_appraiser_tpm2};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(all); i++) {
        struct scene s;
        scene_init(&s, NULL, atls_bytes_of(NULL, 0));
        assert_refused(&s, read(&s, all[i], test_fill(1, 10)), ARGUMENT, "nonce");
        s.input.no_nonce = true;
        assert_refused(&s, read(&s, all[i], test_fill(1, 10)), ARGUMENT, "nonce");
        scene_init(&s, NULL, test_fill(1, 65));
        assert_refused(&s, read(&s, all[i], test_fill(1, 10)), ARGUMENT, "nonce in octets");
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm;
    struct test_psa token;
    test_tpm_init(&tpm, 7);
    test_psa_init(&token, test_key(ATLS_CRV_P256), 3);
    const struct atls_bytes bundle = test_tpm_evidence(&tpm), signed_token = test_psa_sign(&token);
    scene_init(&s, NULL, test_tpm_nonce());
    tls_spki = test_spki(tpm.tls);
    for (size_t len = 0; len < bundle.len; len++) {
        const struct atls_bytes prefix = atls_bytes_of(bundle.data, len);
        assert_err(read(&s, &atls_appraiser_tpm2, prefix), EVIDENCE_MALFORMED);
    }
    scene_init(&s, NULL, test_psa_nonce());
    for (size_t len = 0; len < signed_token.len; len++) {
        const struct atls_bytes prefix = atls_bytes_of(signed_token.data, len);
        assert_err(read(&s, &atls_appraiser_psa, prefix), EVIDENCE_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_tells_what_it_is_about_and_opens_nothing),
        cmocka_unit_test(a_stale_nonce_in_either_structure_is_refused),
        cmocka_unit_test(a_key_that_is_not_of_this_connection_or_may_leave_is_refused),
        cmocka_unit_test(signatures_are_not_looked_at),
        cmocka_unit_test(a_token_tells_what_it_is_about_and_opens_nothing),
        cmocka_unit_test(a_stale_token_is_refused),
        cmocka_unit_test(nothing_is_read_without_a_nonce),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
