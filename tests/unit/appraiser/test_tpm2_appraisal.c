/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles that are in order: every algorithm, what they are worth, and their verified claims. */
#include "scene.h"

#define OTHER_CLASS "cd1f0e55-26f9-460d-b9d8-f7fde171787d"

static struct test_tpm machine; /* made once: a key costs as much as all of a test */
static struct atls_endorsements *set;

static enum atls_err appraise_tpm(struct scene *s, const struct test_tpm *tpm)
{
    return appraise(s, &atls_appraiser_tpm2, test_tpm_evidence(tpm));
}

static void a_machine_with_the_expected_pcrs_is_affirmed(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, set, test_tpm_nonce());
    s.input.tls_spki = test_spki(machine.tls);
    assert_err(appraise_tpm(&s, &machine), OK);
    assert_vector(&s, 2, 0, 3, 0, 2, 0, 0, 0);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(s.submod.reason.err, OK);
    assert_true(s.submod.fresh);
    assert_false(s.submod.simulated);
    assert_false(s.submod.debug);
    assert_true(s.submod.has_reference_values);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_HARDWARE);
    assert_string_equal(s.submod.format->name, "tpm2");
    assert_bytes(s.submod.machine, machine.kid);
    assert_bytes(atls_digest_bytes(&s.submod.attested_key),
                 test_hash(ATLS_ALG_SHA256, test_spki(machine.tls)));
    assert_int_equal(s.submod.num_measurements, 1);
    assert_text(s.submod.measurements[0].name, "pcrs");
    assert_bytes(s.submod.measurements[0].value, machine.quote.pcr_digest);
    assert_null(s.submod.claims_json);
    assert_int_equal(s.submod.identities.num, 3);
    assert_identity(&s, 0, ATLS_REVOKED_UEID, "kid", machine.kid);
    assert_identity(&s, 1, ATLS_REVOKED_SPKI, "attestation key",
                    test_hash(ATLS_ALG_SHA256, test_spki(machine.ak)));
    assert_identity(&s, 2, ATLS_REVOKED_SPKI, "attested key",
                    test_hash(ATLS_ALG_SHA256, test_spki(machine.tls)));
}

static void the_attested_key_is_named_without_a_key_to_compare(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, set, test_tpm_nonce());
    assert_err(appraise_tpm(&s, &machine), OK);
    assert_int_equal(s.submod.key_binding, ATLS_KEY_BINDING_HARDWARE);
    assert_bytes(atls_digest_bytes(&s.submod.attested_key),
                 test_hash(ATLS_ALG_SHA256, test_spki(machine.tls)));
}

static void every_kind_of_attestation_key_and_tls_key_is_taken(void **state)
{
    (void)state;
    struct atls_key *rsa = test_rsa_key(2048);
    struct atls_key *keys[] = {test_key(ATLS_CRV_P256), test_key(ATLS_CRV_P384),
                               test_key(ATLS_CRV_P521), rsa, rsa};
    static const uint16_t name_algs[] = {ATLS_TPM_SHA256, ATLS_TPM_SHA384, ATLS_TPM_SHA512,
                                         ATLS_TPM_SHA256, ATLS_TPM_SHA256};
    for (size_t ak = 0; ak < ATLS_ARRAY_LEN(keys); ak++) {
        for (size_t tls = 0; tls < ATLS_ARRAY_LEN(keys); tls++) {
            struct scene s;
            struct test_tpm tpm = machine;
            test_tpm_use(&tpm, keys[ak], keys[tls]);
            tpm.name_alg = name_algs[tls];
            if (ak == 4) {
                tpm.scheme = ATLS_TPM_RSAPSS;
            }
            scene_init(&s, tpm_endorsements(&tpm, false), test_tpm_nonce());
            s.input.tls_spki = test_spki(keys[tls]);
            assert_err(appraise_tpm(&s, &tpm), OK);
            assert_vector(&s, 2, 0, 3, 0, 2, 0, 0, 0);
            /* The key that a Result of this speaks for. */
            assert_bytes(atls_bytes_of(s.submod.attested_spki, s.submod.attested_spki_len),
                         test_spki(keys[tls]));
        }
    }
}

static void a_key_may_name_the_scheme_that_it_signs_with(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    tpm.key_scheme = ATLS_TPM_ECDSA;
    tpm.key_scheme_hash = ATLS_TPM_SHA256;
    scene_init(&s, set, test_tpm_nonce());
    assert_err(appraise_tpm(&s, &tpm), OK);
}

/* The digest is made with the hash of the signature, the values are those of the bank. */
static void another_bank_than_the_hash_of_the_signature_is_taken(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    tpm.quote.banks[0] = ATLS_TPM_SHA384;
    tpm.quote.pcr_digest = test_tpm_pcr_digest(tpm.quote.pcrs[0], 48, ATLS_ALG_SHA256);
    scene_init(&s, set, test_tpm_nonce());
    assert_err(appraise_tpm(&s, &tpm), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    /* Made with the bank's hash, as some do, it is another digest. */
    tpm.quote.pcr_digest = test_tpm_pcr_digest(tpm.quote.pcrs[0], 48, ATLS_ALG_SHA384);
    assert_err(appraise_tpm(&s, &tpm), OK);
    assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], ATLS_EXECUTABLES_UNRECOGNISED);
}

/* One signature in 256 has an r that begins with a zero, which a TPM may leave out. */
static void numbers_of_a_signature_without_leading_zeros_are_padded(void **state)
{
    (void)state;
    struct scene s;
    struct test_bundle bundle = test_tpm_make(&machine);
    struct atls_bytes pair = {NULL, 0};
    for (unsigned tries = 0; tries < 20000 && (pair.len == 0 || pair.data[0] != 0); tries++) {
        pair = test_sign(machine.ak, ATLS_ALG_ES256, bundle.cert_info);
    }
    assert_int_equal(pair.data[0], 0);
    struct atls_writer w = atls_writer_of(test_room(128));
    atls_write_u16(&w, ATLS_TPM_ECDSA);
    atls_write_u16(&w, ATLS_TPM_SHA256);
    atls_write_vec16(&w, atls_bytes_of(&pair.data[1], 31));
    atls_write_vec16(&w, atls_bytes_of(&pair.data[32], 32));
    bundle.kat_sig = atls_bytes_of(w.data, w.len);
    scene_init(&s, set, test_tpm_nonce());
    assert_err(appraise(&s, &atls_appraiser_tpm2, test_bundle_encode(&bundle)), OK);
}

static void an_empty_qualified_signer_in_both_is_taken(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    const struct atls_bytes none = {NULL, 0};
    tpm.certify.qualified_signer = none;
    tpm.quote.qualified_signer = none;
    scene_init(&s, set, test_tpm_nonce());
    assert_err(appraise_tpm(&s, &tpm), OK);
}

/* unrecognised wants executables 33, for a reason about this claim. */
static void unrecognised(struct scene *s, const struct test_tpm *tpm,
                         const struct atls_endorsements *endorsements, const char *claim,
                         const char *found, const char *expected)
{
    scene_init(s, endorsements, test_tpm_nonce());
    assert_err(appraise_tpm(s, tpm), OK);
    assert_vector(s, 2, 0, 33, 0, 2, 0, 0, 0);
    assert_err(s->submod.reason.err, REFERENCE_VALUES);
    assert_string_equal(s->submod.reason.claim, claim);
    assert_non_null(strstr(s->submod.reason.found, found));
    assert_non_null(strstr(s->submod.reason.expected, expected));
}

static void quote_of(struct test_tpm *tpm, uint16_t bank, uint32_t pcrs)
{
    tpm->quote.banks[0] = bank;
    tpm->quote.pcrs[0] = pcrs;
    tpm->quote.num_banks = 1;
    tpm->quote.pcr_digest = test_tpm_pcr_digest(pcrs, 32, ATLS_ALG_SHA256);
}

/* the selection is exactly what is expected, in a bank that is worth something. */
static void other_pcrs_than_expected_are_not_recognised(void **state)
{
    (void)state;
    static const char claim[] = "attestInfo.pcrSelect";
    struct scene s;
    struct test_tpm tpm = machine;
    quote_of(&tpm, ATLS_TPM_SHA256, 0x03); /* one is missing */
    unrecognised(&s, &tpm, set, claim, "PCR 0, 1 of bank sha256", "PCR 0, 1, 7");
    quote_of(&tpm, ATLS_TPM_SHA256, 0x87); /* one more, which nobody looks at */
    unrecognised(&s, &tpm, set, claim, "PCR 0, 1, 2, 7", "PCR 0, 1, 7");
    quote_of(&tpm, ATLS_TPM_SHA256, 0x85); /* another one */
    unrecognised(&s, &tpm, set, claim, "PCR 0, 2, 7", "PCR 0, 1, 7");
    quote_of(&tpm, ATLS_TPM_SHA256, 0);
    unrecognised(&s, &tpm, set, claim, "no PCR of bank sha256", "PCR 0, 1, 7");
    quote_of(&tpm, ATLS_TPM_SHA512, 0x83); /* a bank without reference values */
    unrecognised(&s, &tpm, set, claim, "bank sha512", "no reference value in that bank");
    quote_of(&tpm, ATLS_TPM_SHA1, 0x83);
    unrecognised(&s, &tpm, set, claim, "the bank of sha1", "sha256");
    quote_of(&tpm, 0x0027, 0x83);
    unrecognised(&s, &tpm, set, claim, "the bank of another hash", "sha256");
    quote_of(&tpm, ATLS_TPM_SHA256, 0x83);
    tpm.quote.num_banks = 0;
    unrecognised(&s, &tpm, set, claim, "0 banks", "one bank");
    tpm.quote.num_banks = 2; /* the right one, and one more */
    tpm.quote.banks[1] = ATLS_TPM_SHA384;
    tpm.quote.pcrs[1] = 0x83;
    unrecognised(&s, &tpm, set, claim, "2 banks", "one bank");
}

static void other_values_of_pcrs_are_not_recognised(void **state)
{
    (void)state;
    static const char claim[] = "attestInfo.pcrDigest";
    static const char expected[] = "the digest of the reference values";
    struct scene s;
    struct test_tpm tpm = machine;
    tpm.quote.pcr_digest = test_fill(0, 32);
    unrecognised(&s, &tpm, set, claim, "0000", expected);
    const struct atls_bytes none = {NULL, 0};
    tpm.quote.pcr_digest = none;
    unrecognised(&s, &tpm, set, claim, "", expected);
    const struct atls_bytes good = machine.quote.pcr_digest;
    tpm.quote.pcr_digest = atls_bytes_of(good.data, 31); /* a prefix */
    unrecognised(&s, &tpm, set, claim, "", expected);
    tpm.quote.pcr_digest = test_tpm_pcr_digest(0x83, 32, ATLS_ALG_SHA384);
    unrecognised(&s, &tpm, set, claim, "", expected);
}

/* */
static void without_reference_values_nothing_is_recognised(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *other = test_endorsements();
    test_add_tpm2_key(other, TPM_CLASS, machine.kid, machine.ak, false);
    unrecognised(&s, &machine, other, "attestInfo.pcrSelect", "PCR 0, 1, 7 of bank sha256",
                 "no reference values are loaded");
    /* Those of another class do not count. */
    for (unsigned pcr = 0; pcr < 8; pcr++) {
        test_add_pcr(other, OTHER_CLASS, pcr, test_tpm_pcr(pcr, 32));
    }
    unrecognised(&s, &machine, other, "attestInfo.pcrSelect", "PCR 0, 1, 7 of bank sha256",
                 "no reference values are loaded");
    /* A quote of nothing meets a set of nothing: still not recognised. */
    struct test_tpm tpm = machine;
    quote_of(&tpm, ATLS_TPM_SHA256, 0);
    unrecognised(&s, &tpm, other, "attestInfo.pcrSelect", "no PCR", "no reference values");
}

static void a_pcr_may_have_alternative_values(void **state)
{
    (void)state;
    struct scene s;
    struct atls_endorsements *other = test_endorsements();
    test_add_tpm2_key(other, TPM_CLASS, machine.kid, machine.ak, false);
    static const unsigned pcrs[] = {0, 1, 7};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(pcrs); i++) {
        test_add_pcr(other, TPM_CLASS, pcrs[i], test_tpm_pcr(pcrs[i], 32));
        /* Wrong ones below and above it, in another number each: a set may sort its values. */
        for (uint8_t alternative = 0; alternative < 4; alternative++) {
            const uint8_t value = (uint8_t)(alternative < i ? 0x10 : 0xf0) | alternative;
            test_add_pcr(other, TPM_CLASS, pcrs[i], test_fill(value, 32));
        }
    }
    scene_init(&s, other, test_tpm_nonce());
    assert_err(appraise_tpm(&s, &machine), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    struct test_tpm tpm = machine;
    tpm.quote.pcr_digest = test_fill(0, 32);
    unrecognised(&s, &tpm, other, "attestInfo.pcrDigest", "0000", "the digest of");
}

static void too_many_alternatives_are_not_tried(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    struct atls_endorsements *other = test_endorsements();
    test_add_tpm2_key(other, OTHER_CLASS, machine.kid, machine.ak, false);
    /* 8^3 ways are 512, 8^4 are too many, and 8^22 are more than 64 bits count. */
    for (unsigned pcr = 0; pcr < 22; pcr++) {
        for (uint8_t alternative = 0; alternative < 8; alternative++) {
            test_add_pcr(other, OTHER_CLASS, pcr, test_fill(alternative, 32));
        }
        quote_of(&tpm, ATLS_TPM_SHA256, (1u << (pcr + 1)) - 1);
        if (pcr < 3) {
            unrecognised(&s, &tpm, other, "attestInfo.pcrDigest", "", "the digest of");
        } else {
            unrecognised(&s, &tpm, other, "reference values", "too many", "1024");
        }
    }
    /* Nine for one PCR. */
    struct atls_endorsements *nine = test_endorsements();
    test_add_tpm2_key(nine, OTHER_CLASS, machine.kid, machine.ak, false);
    for (uint8_t alternative = 0; alternative < 9; alternative++) {
        test_add_pcr(nine, OTHER_CLASS, 0, test_fill(alternative, 32));
    }
    quote_of(&tpm, ATLS_TPM_SHA256, 1);
    unrecognised(&s, &tpm, nine, "reference values", "too many", "8 for a PCR");
}

static void a_simulation_is_a_warning_and_says_so(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    struct atls_endorsements *simulated = tpm_endorsements(&machine, true);
    scene_init(&s, simulated, test_tpm_nonce());
    assert_err(appraise_tpm(&s, &machine), OK);
    assert_vector(&s, 2, 0, 3, 0, 32, 0, 0, 0);
    assert_true(s.submod.simulated);
    assert_err(s.submod.reason.err, SIMULATED);
    tpm.quote.pcr_digest = test_fill(0, 32);
    assert_err(appraise_tpm(&s, &tpm), OK);
    assert_vector(&s, 2, 0, 33, 0, 32, 0, 0, 0);
    assert_err(s.submod.reason.err, REFERENCE_VALUES);
}

static void without_a_nonce_to_compare_it_is_a_warning_at_best(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes none = {NULL, 0};
    scene_init(&s, set, none);
    s.input.no_nonce = true;
    assert_err(appraise_tpm(&s, &machine), OK);
    assert_vector(&s, 2, 36, 3, 0, 2, 0, 0, 0);
    assert_false(s.submod.fresh);
    assert_err(s.submod.reason.err, FRESHNESS);
}

static void verified_claims_come_under_their_names(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    /* A key that is the same in each run, for the snapshot only: it signs nothing. */
    static const uint8_t point[] = {
        0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
        0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
        0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
        0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
        0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
    struct atls_key *generator = NULL;
    assert_err(
        atls_key_from_ec_point(&generator, ATLS_CRV_P256, atls_bytes_of(point, sizeof point), NULL),
        OK);
    tpm.tls = generator;
    scene_init(&s, set, test_tpm_nonce());
    s.input.want_claims = true;
    assert_err(appraise_tpm(&s, &tpm), OK);
    assert_string_equal(
        s.submod.claims_json,
        "{\"kid\":\"010101010101010101010101010101010101010101010101010101010101010101\","
        "\"certInfo\":{\"qualifiedSigner\":"
        "\"05050505050505050505050505050505050505050505050505050505050505050505\","
        "\"extraData\":\"4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e\","
        "\"clockInfo\":{\"clock\":\"123456789\",\"resetCount\":3,\"restartCount\":1,"
        "\"safe\":true},\"firmwareVersion\":\"bd8796a7af2986f0\","
        "\"name\":\"000bb923489ba0dfb0c616b00c4acdba2813a9566cfb52a443a44b3a7d45da56998d\","
        "\"qualifiedName\":"
        "\"06060606060606060606060606060606060606060606060606060606060606060606\","
        "\"signatureHash\":\"sha256\"},"
        "\"pubArea\":{\"type\":\"ecc\",\"nameAlg\":\"sha256\",\"objectAttributes\":262258,"
        "\"authPolicy\":\"\",\"curveID\":3,"
        "\"x\":\"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\","
        "\"y\":\"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5\"},"
        "\"attestInfo\":{\"qualifiedSigner\":"
        "\"05050505050505050505050505050505050505050505050505050505050505050505\","
        "\"extraData\":\"4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e\","
        "\"clockInfo\":{\"clock\":\"123456789\",\"resetCount\":3,\"restartCount\":1,"
        "\"safe\":true},\"firmwareVersion\":\"bd8796a7af2986f0\","
        "\"pcrSelect\":[{\"hash\":\"sha256\",\"pcrs\":[0,1,7]}],\"pcrDigest\":"
        "\"0a24f16b0fd829971f7d918c204e33eb18254783bd39dc9ef423d3fa3c7d851c\","
        "\"signatureHash\":\"sha256\"}}");
    scene_cleanup(&s);
    atls_key_free(generator);
}

static void numbers_are_exact_and_the_clock_may_be_unsafe(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = machine;
    tpm.quote.clock = UINT64_MAX;
    tpm.quote.reset_count = UINT32_MAX;
    tpm.quote.safe = 0;
    scene_init(&s, set, test_tpm_nonce());
    s.input.want_claims = true;
    assert_err(appraise_tpm(&s, &tpm), OK);
    assert_non_null(strstr(s.submod.claims_json, "\"clock\":\"18446744073709551615\""));
    assert_non_null(strstr(s.submod.claims_json, "\"resetCount\":4294967295"));
    assert_non_null(strstr(s.submod.claims_json, "\"safe\":false"));
    tpm = machine;
    tpm.tls = test_rsa_key(2048);
    assert_err(appraise_tpm(&s, &tpm), OK);
    assert_non_null(strstr(s.submod.claims_json, "\"type\":\"rsa\""));
    assert_non_null(strstr(s.submod.claims_json, "\"keyBits\":2048,\"exponent\":65537,\"n\":\""));
    scene_cleanup(&s);
}

int main(void)
{
    test_tpm_init(&machine, 1);
    set = tpm_endorsements(&machine, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_with_the_expected_pcrs_is_affirmed),
        cmocka_unit_test(the_attested_key_is_named_without_a_key_to_compare),
        cmocka_unit_test(every_kind_of_attestation_key_and_tls_key_is_taken),
        cmocka_unit_test(a_key_may_name_the_scheme_that_it_signs_with),
        cmocka_unit_test(another_bank_than_the_hash_of_the_signature_is_taken),
        cmocka_unit_test(numbers_of_a_signature_without_leading_zeros_are_padded),
        cmocka_unit_test(an_empty_qualified_signer_in_both_is_taken),
        cmocka_unit_test(other_pcrs_than_expected_are_not_recognised),
        cmocka_unit_test(other_values_of_pcrs_are_not_recognised),
        cmocka_unit_test(without_reference_values_nothing_is_recognised),
        cmocka_unit_test(a_pcr_may_have_alternative_values),
        cmocka_unit_test(too_many_alternatives_are_not_tried),
        cmocka_unit_test(a_simulation_is_a_warning_and_says_so),
        cmocka_unit_test(without_a_nonce_to_compare_it_is_a_warning_at_best),
        cmocka_unit_test(verified_claims_come_under_their_names),
        cmocka_unit_test(numbers_are_exact_and_the_clock_may_be_unsafe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
