/* SPDX-License-Identifier: Apache-2.0 */
/* Published quotes, keys and bundles of TPMs in use, with the outcome that their index gives. */
#include "scene.h"

#include "appraiser/tpm2/tpm2.h"
#include "support/file.h"

#define TPM(path) TEST_SHARED("vectors/05-parsec-tpm/" path)

static void a_quote_of_keylime_verifies_under_its_key(void **state)
{
    (void)state;
    struct atls_tpm_attest attest;
    struct atls_tpm_signature signature;
    assert_err(atls_tpm_read_attest(&attest, test_file(TPM("tpm-keylime/quote.out")),
                                    ATLS_TPM_ST_QUOTE, "quote.out", NULL),
               OK);
    assert_bytes(attest.extra_data, test_hex("db1db298db6d60e6385b7231743e9c3056a18003"));
    assert_int_equal(attest.num_selections, 1);
    assert_int_equal(attest.selections[0].bank, ATLS_TPM_SHA256);
    assert_int_equal(attest.selections[0].pcrs, 1u << 15 | 1u << 16 | 1u << 22);
    assert_err(atls_tpm_read_signature(&signature, test_file(TPM("tpm-keylime/quotesig.out")),
                                       "quotesig.out", NULL),
               OK);
    assert_int_equal(signature.scheme, ATLS_TPM_RSASSA);
    assert_int_equal(signature.hash, ATLS_TPM_SHA256);
    const struct atls_key *ak = test_key_from_pem(test_file(TPM("tpm-keylime/akpub.pem")));
    const struct atls_crypto_ops *crypto = atls_crypto_openssl();
    assert_err(crypto->verify(ATLS_ALG_RS256, ak, &attest.encoded, 1, signature.rsa), OK);
    assert_err(crypto->verify(ATLS_ALG_PS256, ak, &attest.encoded, 1, signature.rsa), SIGNATURE);
}

/* From tpm2-tools: two octets of size, the public area; its name is in a file of its own. */
static void a_public_area_of_keylime_has_its_name_and_key(void **state)
{
    (void)state;
    const struct atls_bytes file = test_file(TPM("tpm-keylime/ak.pub"));
    const struct atls_bytes area = atls_bytes_of(&file.data[2], file.len - 2);
    struct atls_tpm_public public_area;
    assert_err(atls_tpm_read_public(&public_area, area, "ak.pub", NULL), OK);
    assert_int_equal(public_area.attributes, 0x00050072);
    const struct atls_bytes name = test_file(TPM("tpm-keylime/ak.name"));
    assert_bytes(test_hash(ATLS_ALG_SHA256, area), atls_bytes_of(&name.data[2], name.len - 2));
    uint8_t room[ATLS_TPM2_MAX_SPKI_LEN];
    const struct atls_buf buf = {room, sizeof room};
    size_t len = 0;
    assert_true(atls_tpm2_spki(buf, &len, &public_area));
    assert_bytes(atls_bytes_of(room, len),
                 test_spki(test_key_from_pem(test_file(TPM("tpm-keylime/akpub.pem")))));
}

static void a_quote_of_azure_is_read(void **state)
{
    (void)state;
    struct atls_tpm_attest attest;
    assert_err(atls_tpm_read_attest(&attest, test_file(TPM("tpm-azure/quote.msg")),
                                    ATLS_TPM_ST_QUOTE, "quote.msg", NULL),
               OK);
    assert_text(attest.extra_data, "challenge");
    assert_int_equal(attest.selections[0].pcrs, 0x40ff);
    assert_bytes(attest.pcr_digest,
                 test_hex("9d608cf40eb5bc7454c6cbc0985c17c2efa45d5e5b28004aa7d77c1285d2fa5d"));
}

/* Node UUID, length, TPMS_ATTEST, TPMT_SIGNATURE. */
static void a_quote_of_enacttrust_verifies_under_its_key(void **state)
{
    (void)state;
    const struct atls_bytes token = test_file(TPM("tpm-enacttrust/basic.token"));
    const size_t len = (size_t)(token.data[16] << 8 | token.data[17]);
    struct atls_tpm_attest attest;
    struct atls_tpm_signature signature;
    assert_err(atls_tpm_read_attest(&attest, atls_bytes_of(&token.data[18], len), ATLS_TPM_ST_QUOTE,
                                    "quote", NULL),
               OK);
    assert_int_equal(attest.extra_data.len, 0);
    assert_int_equal(attest.qualified_signer.len, 0);
    assert_int_equal(attest.selections[0].pcrs, 0x1e);
    assert_err(atls_tpm_read_signature(&signature,
                                       atls_bytes_of(&token.data[18 + len], token.len - 18 - len),
                                       "sig", NULL),
               OK);
    uint8_t pair[64] = {0};
    memcpy(&pair[32 - signature.r.len], signature.r.data, signature.r.len);
    memcpy(&pair[64 - signature.s.len], signature.s.data, signature.s.len);
    const struct atls_key *ak = test_key_from_pem(test_file(TPM("tpm-enacttrust/basic.pem.pub")));
    assert_err(atls_crypto_openssl()->verify(ATLS_ALG_ES256, ak, &attest.encoded, 1,
                                             atls_bytes_of(pair, sizeof pair)),
               OK);
}

/* PCRs 0, 1 and 2 are all zero in the quote, and in the CoRIM. */
static void the_bundle_of_parsec_meets_its_endorsements(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *set = test_endorsements();
    test_add_corim(set, test_file(TPM("parsec-tpm/corim/corim-parsec-tpm-valid.cbor")));
    const struct atls_bytes bundle = test_file(TPM("parsec-tpm/evidence.cbor"));
    scene_init(&s, set, test_hex("deadbeefdeadbeef"));
    s.input.want_claims = true;
    s.input.media_type = atls_bytes_text("application/vnd.parallaxsecond.key-attestation.tpm");
    assert_err(appraise(&s, &atls_appraiser_tpm2, bundle), OK);
    assert_vector(&s, 2, 0, 3, 0, 2, 0, 0, 0);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_HARDWARE);
    assert_bytes(s.submod.machine,
                 test_hex("0188855459eeb9e9b34a46eb48cb39f2f6aa69da04522a326d123d5c501fce210c"));
    assert_non_null(strstr(s.submod.claims_json, "\"safe\":true"));
    assert_non_null(strstr(s.submod.claims_json, "\"pcrs\":[0,1,2]"));
    assert_non_null(strstr(s.submod.claims_json, "\"extraData\":\"deadbeefdeadbeef\""));
    s.input.expected_nonce = test_hex("deadbeefdeadbeee");
    assert_err(appraise(&s, &atls_appraiser_tpm2, bundle), FRESHNESS);
    s.input.expected_nonce = test_hex("deadbeefdeadbeef");
    s.input.tls_spki = test_spki(test_key(ATLS_CRV_P256));
    assert_err(appraise(&s, &atls_appraiser_tpm2, bundle), KEY_BINDING);
}

/* Its AK was not published: all but the signatures is in order, a text member "alg" ignored. */
static void the_other_bundle_of_parsec_is_well_formed(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes bundle = test_file(TPM("parsec-tpm-lib/evidence.cbor"));
    scene_init(&s, test_endorsements(), test_hex("30303030"));
    enum atls_err err = appraise(&s, &atls_appraiser_tpm2, bundle);
    assert_refused(&s, err, NOT_ENDORSED, "kid");
    struct atls_endorsements *set = test_endorsements();
    test_add_tpm2_key(
        set, TPM_CLASS,
        test_hex("01a80812c50c60337177 5a7952e0000a4c4919f25ff6b71467fa324451c3700c67"),
        test_key(ATLS_CRV_P256), false);
    scene_init(&s, set, test_hex("30303030"));
    err = appraise(&s, &atls_appraiser_tpm2, bundle);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
}

static void the_bad_bundle_of_parsec_is_refused(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, test_endorsements(), test_hex("30303030"));
    const enum atls_err err =
        appraise(&s, &atls_appraiser_tpm2, test_file(TPM("parsec-tpm-lib/evidence_bad_kat.cbor")));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "kat.certInfo");
    assert_string_equal(s.diag.found, "0 octets");
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_of_keylime_verifies_under_its_key),
        cmocka_unit_test(a_public_area_of_keylime_has_its_name_and_key),
        cmocka_unit_test(a_quote_of_azure_is_read),
        cmocka_unit_test(a_quote_of_enacttrust_verifies_under_its_key),
        cmocka_unit_test(the_bundle_of_parsec_meets_its_endorsements),
        cmocka_unit_test(the_other_bundle_of_parsec_is_well_formed),
        cmocka_unit_test(the_bad_bundle_of_parsec_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
