/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that is made wrong on purpose, most of it signed well: replayed, spliced of two genuine
 * machines, about another key or one that may leave the TPM.
 */
#include "scene.h"

static struct test_tpm a, b; /* two genuine machines of one class */
static struct atls_endorsements *set;

static enum atls_err appraise_octets(struct scene *s, struct atls_bytes evidence)
{
    scene_init(s, set, test_tpm_nonce());
    return appraise(s, &atls_appraiser_tpm2, evidence);
}

static enum atls_err appraise_tpm(struct scene *s, const struct test_tpm *tpm)
{
    return appraise_octets(s, test_tpm_evidence(tpm));
}

static enum atls_err appraise_bundle(struct scene *s, const struct test_bundle *bundle)
{
    return appraise_octets(s, test_bundle_encode(bundle));
}

static void both_machines_are_genuine(void **state)
{
    (void)state;
    struct scene s;
    assert_err(appraise_tpm(&s, &a), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
    assert_err(appraise_tpm(&s, &b), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
}

/* each part of A's bundle in turn is that of B. */
static void one_part_of_another_machine_is_refused(void **state)
{
    (void)state;
    const struct test_bundle of_a = test_tpm_make(&a);
    const struct test_bundle of_b = test_tpm_make(&b);
    struct scene s;
    struct test_bundle mixed = of_a;
    mixed.kat_kid = of_b.kat_kid;
    enum atls_err err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "pat.kid");
    mixed = of_a;
    mixed.pat_kid = of_b.pat_kid;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "pat.kid");
    mixed = of_a;
    mixed.kat_kid = of_b.kat_kid;
    mixed.pat_kid = of_b.pat_kid;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
    mixed = of_a;
    mixed.kat_sig = of_b.kat_sig;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
    mixed = of_a;
    mixed.cert_info = of_b.cert_info;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
    mixed = of_a;
    mixed.pub_area = of_b.pub_area;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, KEY_BINDING, "certInfo.name");
    mixed = of_a;
    mixed.pat_sig = of_b.pat_sig;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "pat.sig");
    mixed = of_a;
    mixed.attest_info = test_tpm_write_attest(&a.quote);
    err = appraise_bundle(&s, &mixed);
    assert_err(err, OK); /* the same octets: what is swapped must differ to be refused */
    struct test_tpm other_quote = b;
    other_quote.quote.reset_count = 99;
    mixed.attest_info = test_tpm_write_attest(&other_quote.quote);
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "pat.sig");
}

static void one_half_of_another_machine_is_refused(void **state)
{
    (void)state;
    const struct test_bundle of_a = test_tpm_make(&a);
    const struct test_bundle of_b = test_tpm_make(&b);
    struct scene s;
    struct test_bundle mixed = of_a; /* A's key on B's platform */
    mixed.pat_sig = of_b.pat_sig;
    mixed.attest_info = of_b.attest_info;
    enum atls_err err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "pat.sig");
    mixed.pat_kid = of_b.pat_kid;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "pat.kid");
    mixed = of_a; /* signatures of one machine swapped between its structures */
    mixed.kat_sig = of_a.pat_sig;
    mixed.pat_sig = of_a.kat_sig;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
    mixed = of_a; /* a quote in the place of the certification, and the reverse */
    mixed.cert_info = of_a.attest_info;
    mixed.kat_sig = of_a.pat_sig;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "kat.certInfo");
    mixed = of_a;
    mixed.attest_info = of_a.cert_info;
    mixed.pat_sig = of_a.kat_sig;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, EVIDENCE_MALFORMED, "pat.attestInfo");
}

static void signers_of_two_hierarchies_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = a;
    tpm.quote.qualified_signer = test_fill(0x55, 34);
    enum atls_err err = appraise_tpm(&s, &tpm);
    assert_refused(&s, err, CLAIM, "attestInfo.qualifiedSigner");
    const struct atls_bytes none = {NULL, 0};
    tpm.quote.qualified_signer = none;
    err = appraise_tpm(&s, &tpm);
    assert_refused(&s, err, CLAIM, "attestInfo.qualifiedSigner");
}

/* with_nonce gives one of the two structures another extraData, and signs anew. */
static enum atls_err with_nonce(struct scene *s, struct atls_bytes nonce, bool in_quote)
{
    struct test_tpm tpm = a;
    if (in_quote) {
        tpm.quote.extra_data = nonce;
    } else {
        tpm.certify.extra_data = nonce;
    }
    return appraise_tpm(s, &tpm);
}

static void a_nonce_that_is_not_this_one_is_refused_in_each_structure(void **state)
{
    (void)state;
    struct scene s;
    for (int in_quote = 0; in_quote < 2; in_quote++) {
        const char *claim = in_quote != 0 ? "attestInfo.extraData" : "certInfo.extraData";
        for (size_t len = 0; len <= 64; len++) { /* absent, truncated, padded, repeated */
            const enum atls_err err = with_nonce(&s, test_fill(0x4e, len), in_quote != 0);
            if (len == 32) {
                assert_err(err, OK);
            } else {
                assert_refused(&s, err, FRESHNESS, claim);
            }
        }
        const struct atls_buf padded = test_room(64);
        memset(padded.data, 0, 64);
        memset(padded.data, 0x4e, 32);
        enum atls_err err = with_nonce(&s, atls_bytes_of(padded.data, 64), in_quote != 0);
        assert_refused(&s, err, FRESHNESS, claim);
        for (size_t at = 0; at < 32; at++) {
            const struct atls_buf other = test_room(32);
            memset(other.data, 0x4e, 32);
            other.data[at] ^= 0x80;
            err = with_nonce(&s, atls_bytes_of(other.data, 32), in_quote != 0);
            assert_refused(&s, err, FRESHNESS, claim);
            assert_null(strstr(s.diag.found, "4e4e"));
            assert_null(strstr(s.diag.expected, "4e4e"));
        }
    }
}

/* yesterday's quote with a certification of today, both genuine. */
static void half_a_replay_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm old = a;
    old.certify.extra_data = test_fill(0x0d, 32);
    old.quote.extra_data = test_fill(0x0d, 32);
    const struct test_bundle yesterday = test_tpm_make(&old);
    struct test_bundle mixed = test_tpm_make(&a);
    mixed.attest_info = yesterday.attest_info;
    mixed.pat_sig = yesterday.pat_sig;
    enum atls_err err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, FRESHNESS, "attestInfo.extraData");
    mixed = test_tpm_make(&a);
    mixed.cert_info = yesterday.cert_info;
    mixed.kat_sig = yesterday.kat_sig;
    err = appraise_bundle(&s, &mixed);
    assert_refused(&s, err, FRESHNESS, "certInfo.extraData");
    err = appraise_bundle(&s, &yesterday);
    assert_refused(&s, err, FRESHNESS, "certInfo.extraData");
}

/* absent bits deny. */
static void a_key_that_may_live_elsewhere_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t clear, set;
        const char *expected;
    } rows[] = {
        {ATLS_TPM_FIXED_TPM, 0, "fixedTPM"},
        {ATLS_TPM_FIXED_PARENT, 0, "fixedParent"},
        {ATLS_TPM_SENSITIVE_DATA_ORIGIN, 0, "sensitiveDataOrigin"},
        {ATLS_TPM_SIGN, 0, "sign"},
        {ATLS_TPM_SIGN, 1u << 17, "sign"}, /* decrypts instead */
        {0, ATLS_TPM_RESTRICTED, "one that is not restricted"},
        {0xffffffff, 0, "fixedTPM"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        struct test_tpm tpm = a;
        tpm.attributes = (tpm.attributes & ~rows[i].clear) | rows[i].set;
        const enum atls_err err = appraise_tpm(&s, &tpm);
        assert_refused(&s, err, KEY_ATTRIBUTES, "pubArea.objectAttributes");
        assert_string_equal(s.diag.expected, rows[i].expected);
    }
}

/* Better attributes written into the public area afterwards have another name. */
static void attributes_cannot_be_improved_afterwards(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm imported = a;
    imported.attributes &= ~(uint32_t)ATLS_TPM_SENSITIVE_DATA_ORIGIN;
    struct test_bundle bundle = test_tpm_make(&imported);
    bundle.pub_area = test_tpm_public(&a);
    const enum atls_err err = appraise_bundle(&s, &bundle);
    assert_refused(&s, err, KEY_BINDING, "certInfo.name");
}

/* */
static void evidence_about_another_key_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct atls_key *others[] = {b.tls, a.ak, test_key(ATLS_CRV_P384), test_rsa_key(2048)};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        scene_init(&s, set, test_tpm_nonce());
        s.input.tls_spki = test_spki(others[i]);
        const enum atls_err err = appraise(&s, &atls_appraiser_tpm2, test_tpm_evidence(&a));
        assert_refused(&s, err, KEY_BINDING, "kat.pubArea");
        assert_non_null(strstr(s.diag.found, "a key with SHA-256 "));
        assert_non_null(strstr(s.diag.expected, "the TLS key, "));
    }
    /* a prefix of the right one, and more than it */
    const struct atls_bytes spki = test_spki(a.tls);
    const struct atls_buf longer = test_room(spki.len + 1);
    memcpy(longer.data, spki.data, spki.len);
    longer.data[spki.len] = 0;
    scene_init(&s, set, test_tpm_nonce());
    s.input.tls_spki = atls_bytes_of(longer.data, longer.cap);
    assert_err(appraise(&s, &atls_appraiser_tpm2, test_tpm_evidence(&a)), KEY_BINDING);
    s.input.tls_spki = atls_bytes_of(spki.data, spki.len - 1);
    assert_err(appraise(&s, &atls_appraiser_tpm2, test_tpm_evidence(&a)), KEY_BINDING);
}

static void a_name_of_another_hash_or_object_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm tpm = a;
    const struct atls_bytes area = test_tpm_public(&a);
    const struct atls_bytes digest = test_hash(ATLS_ALG_SHA256, area);
    const struct atls_buf name = test_room(34);
    static const uint8_t prefixes[][2] = {{0, 0x0c}, {0, 0x0d}, {0, 0x04}, {0, 0}};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(prefixes); i++) {
        memcpy(name.data, prefixes[i], 2);
        memcpy(&name.data[2], digest.data, 32);
        tpm.certify.name = atls_bytes_of(name.data, 34);
        const enum atls_err err = appraise_tpm(&s, &tpm);
        assert_refused(&s, err, KEY_BINDING, "certInfo.name");
    }
    name.data[1] = 0x0b;
    tpm.certify.name = atls_bytes_of(name.data, 33); /* truncated */
    assert_err(appraise_tpm(&s, &tpm), KEY_BINDING);
    tpm.certify.name = test_hex("81000001"); /* a handle, which is the name of other entities */
    assert_err(appraise_tpm(&s, &tpm), KEY_BINDING);
}

static void an_attestation_key_that_nobody_endorsed_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_tpm unknown;
    test_tpm_init(&unknown, 9);
    enum atls_err err = appraise_tpm(&s, &unknown);
    assert_refused(&s, err, NOT_ENDORSED, "kid");
    assert_non_null(strstr(s.diag.found, "0109090909"));
    /* One that calls itself A. */
    unknown.kid = a.kid;
    err = appraise_tpm(&s, &unknown);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
    /* The TLS key itself signs, as an unrestricted key would sign anything. */
    struct test_tpm self = a;
    self.ak = a.tls;
    err = appraise_tpm(&s, &self);
    assert_refused(&s, err, SIGNATURE, "kat.sig");
}

/* what a signature says of itself must fit the key that is endorsed. */
static void an_algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sig_head;
    } heads[] = {{"0018 000c"}, {"0018 000d"}}; /* ECDSA with SHA-384 or SHA-512 on P-256 */
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(heads); i++) {
        struct test_bundle bundle = test_tpm_make(&a);
        const struct atls_buf sig = test_room(bundle.kat_sig.len);
        memcpy(sig.data, bundle.kat_sig.data, sig.cap);
        memcpy(sig.data, test_hex(heads[i].sig_head).data, 4);
        bundle.kat_sig = atls_bytes_of(sig.data, sig.cap);
        const enum atls_err err = appraise_bundle(&s, &bundle);
        assert_refused(&s, err, ALGORITHM, "kat.sig");
    }
    struct test_bundle bundle = test_tpm_make(&a);
    const struct atls_buf rsa = test_room(6 + 256);
    memset(rsa.data, 0x11, rsa.cap);
    static const char *const schemes[] = {"0014 000b 0100", "0016 000b 0100", "0014 000c 0100",
                                          "0016 000d 0100"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(schemes); i++) {
        memcpy(rsa.data, test_hex(schemes[i]).data, 6);
        bundle.kat_sig = atls_bytes_of(rsa.data, rsa.cap);
        const enum atls_err err = appraise_bundle(&s, &bundle);
        assert_refused(&s, err, ALGORITHM, "kat.sig");
    }
    /* an RSA key, and a signature that says ECDSA */
    struct test_tpm tpm = a;
    test_tpm_use(&tpm, test_rsa_key(2048), a.tls);
    bundle = test_tpm_make(&tpm);
    const struct test_bundle of_a = test_tpm_make(&a);
    bundle.kat_sig = of_a.kat_sig;
    scene_init(&s, tpm_endorsements(&tpm, false), test_tpm_nonce());
    const enum atls_err err = appraise(&s, &atls_appraiser_tpm2, test_bundle_encode(&bundle));
    assert_refused(&s, err, ALGORITHM, "kat.sig");
}

static void numbers_of_a_signature_that_do_not_fit_the_curve_are_refused(void **state)
{
    (void)state;
    struct scene s;
    struct test_bundle bundle = test_tpm_make(&a);
    static const char *const signatures[] = {
        "0018 000b 0001 00 0001 00", /* r = s = 0 */
        "0018 000b 0001 01 0001 01",
        /* r of 33 octets, the first of them zero */
        "0018 000b 0021 000000000000000000000000000000000000000000000000000000000000000001 0001 01",
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(signatures); i++) {
        bundle.kat_sig = test_hex(signatures[i]);
        const enum atls_err err = appraise_bundle(&s, &bundle);
        assert_refused(&s, err, SIGNATURE, "kat.sig");
    }
}

static void the_label_must_be_that_of_the_format(void **state)
{
    (void)state;
    struct scene s;
    static const char *const others[] = {"application/psa-attestation-token", "null",
                                         "application/vnd.parallaxsecond.key-attestation.cca"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(others); i++) {
        scene_init(&s, set, test_tpm_nonce());
        s.input.media_type = atls_bytes_text(others[i]);
        const enum atls_err err = appraise(&s, &atls_appraiser_tpm2, test_tpm_evidence(&a));
        assert_refused(&s, err, EVIDENCE_TYPE, "media type");
    }
}

int main(void)
{
    test_tpm_init(&a, 1);
    test_tpm_init(&b, 2);
    set = tpm_endorsements(&a, false);
    test_add_tpm2_key(set, TPM_CLASS, b.kid, b.ak, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_machines_are_genuine),
        cmocka_unit_test(one_part_of_another_machine_is_refused),
        cmocka_unit_test(one_half_of_another_machine_is_refused),
        cmocka_unit_test(signers_of_two_hierarchies_are_refused),
        cmocka_unit_test(a_nonce_that_is_not_this_one_is_refused_in_each_structure),
        cmocka_unit_test(half_a_replay_is_refused),
        cmocka_unit_test(a_key_that_may_live_elsewhere_is_refused),
        cmocka_unit_test(attributes_cannot_be_improved_afterwards),
        cmocka_unit_test(evidence_about_another_key_is_refused),
        cmocka_unit_test(a_name_of_another_hash_or_object_is_refused),
        cmocka_unit_test(an_attestation_key_that_nobody_endorsed_is_refused),
        cmocka_unit_test(an_algorithm_that_does_not_fit_the_key_is_refused),
        cmocka_unit_test(numbers_of_a_signature_that_do_not_fit_the_curve_are_refused),
        cmocka_unit_test(the_label_must_be_that_of_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
