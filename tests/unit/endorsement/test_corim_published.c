/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM of other makers: what the profiles take, and what is refused by name. */
#include "samples.h"

#include "crypto/key.h"

#define VECTORS TEST_SHARED_DIR "/vectors/"

struct good {
    const char *path;
    size_t keys;
    size_t references;
};

struct bad {
    const char *path;
    const char *sentence;
};

static const struct good good[] = {
    {"04-psa/veraison-corim/corim-psa-valid.cbor", 2, 3},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-valid.cbor", 1, 3},
    {"08-corim/profile-psa/psa-valid.cbor", 1, 1},
};

static const struct bad bad[] = {
    {"04-psa/veraison-corim/corim-psa-bad-class.cbor",
     "(environment class-id: found tag 37 with octets: 16 in "},
    {"04-psa/veraison-corim/corim-psa-bad-instance.cbor",
     "(environment instance: found tag 37 with octets: 16 in "},
    {"04-psa/veraison-corim/corim-psa-bad-refval-mkey.cbor",
     "(mkey: found an unsigned integer in "},
    {"04-psa/veraison-corim/corim-psa-bad-refval-mval.cbor", "(mval: found svn (key 1) in "},
    {"04-psa/veraison-corim/corim-psa-bad-ta-no-instance.cbor",
     "(environment instance: found none in "},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-bad-class-id.cbor",
     "(environment class-id: found tag 111 with octets: 3 in "},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-bad-instance.cbor",
     "(environment instance: found tag 37 with octets: 16 in "},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-bad-no-class-id.cbor",
     "expected class-id (key 0)"},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-bad-no-class.cbor", "expected class (key 0)"},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-bad-no-instance.cbor",
     "(environment instance: found none in "},
    {"05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-bad-no-pcr.cbor", "expected mkey (key 0)"},
    {"05-parsec-tpm/parsec-cca/corim-parsec-cca-valid.cbor",
     "(profile: found \"tag:github.com/parallaxsecond,2023-03-03:cca\" in "},
    {"05-parsec-tpm/tpm-enacttrust/corim/corim-enacttrust-valid.cbor",
     "(profile: found \"https://enacttrust.com/veraison/1.0.0\" in "},
    {"08-corim/profile-psa/no-profile.cbor", "expected profile (key 3)"},
    {"08-corim/profile-psa/psa-invalid-attest-key.cbor",
     "(attest-key-triples: found an array, members: 2 in "},
    {"08-corim/profile-cca/cca-platform-invalid-digests.cbor",
     "(profile: found \"tag:arm.com,2025:cca_platform#1.0.0\" in "},
    {"08-corim/profile-cca/cca-realm-invalid-rim-size.cbor",
     "(profile: found \"tag:arm.com,2025:cca_realm#1.0.0\" in "},
    {"08-corim/profile-cca/no-profile.cbor", "expected profile (key 3)"},
    {"08-corim/corim/corim-1.cbor", "expected profile (key 3)"},
    {"08-corim/corim/corim-2.cbor", "expected profile (key 3)"},
    {"08-corim/corim/corim-design-cd.cbor", "(CoRIM: found dependent-rims (key 2) in "},
    {"08-corim/corim/corim-firmware-cd.cbor", "(profile: found tag 111 with octets: 10 in "},
    {"08-corim/corim/unsigned-good-corim.cbor", "expected profile (key 3)"},
    {"08-corim/corim/unsigned-example-corim.cbor", "(CoRIM: found key -1 in "},
    {"08-corim/corim/signed-good-corim.cbor", "expected --endorsement-key FILE"},
    {"08-corim/corim/signed-example-corim.cbor", "expected --endorsement-key FILE"},
    {"08-corim/corim-store/signed-cca-ta.cose", "expected --endorsement-key FILE"},
    {"08-corim/corim-store/signed-with-cert-cca-ref-plat.cose", "expected --endorsement-key FILE"},
    {"08-corim/corim-store/root.cert.pem", "found a PEM file in "},
    {"08-corim/corim/ec-p256.jwk", "found a JSON file in "},
    {"08-corim/old-dialect/signed-corim.cbor", "expected --endorsement-key FILE"},
    {"08-corim/old-dialect/signed-corim-bad-signature.cbor", "expected --endorsement-key FILE"},
    {"08-corim/comid/comid-1.cbor", "(CoRIM: found dependent-rims (key 2) in "},
    {"01-sev-snp/genoa-v3-tsm/corim-sevsnp-valid.cbor",
     "(profile: found \"tag:amd.com,2024:snp-corim-profile\" in "},
    {"08-corim/draft-examples/corim-1.diag", "found something not recognised in "},
};

static enum atls_err load(struct atls_endorsements *set, const char *path, struct atls_diag *diag)
{
    char full[900];
    const int len = snprintf(full, sizeof full, "%s%s", VECTORS, path);
    assert_true(len > 0 && (size_t)len < sizeof full);
    return atls_endorsements_load_at(set, full, NOW, diag);
}

static void valid_files_are_loaded(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(good); i++) {
        struct atls_endorsements *set = new_set();
        struct atls_diag diag = {.err = ATLS_OK};
        const enum atls_err err = load(set, good[i].path, &diag);
        show(err, &diag);
        assert_err(err, OK);
        assert_int_equal(atls_endorsements_num_keys(set), good[i].keys);
        assert_int_equal(atls_endorsements_num_references(set), good[i].references);
        atls_endorsements_unref(set);
    }
}

static void other_files_are_refused_each_with_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        struct atls_endorsements *set = new_set();
        struct atls_diag diag = {.err = ATLS_OK};
        const enum atls_err err = load(set, bad[i].path, &diag);
        if (err != ATLS_ERR_ENDORSEMENT) {
            print_message("%s\n", bad[i].path);
        }
        assert_err(err, ENDORSEMENT);
        assert_says(&diag, bad[i].sentence);
        atls_endorsements_unref(set);
    }
}

static void the_key_of_the_published_psa_token_is_found(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    assert_err(load(set, good[0].path, NULL), OK);
    const struct atls_bytes class_id = atls_bytes_text("acme-implementation-id-000000001");
    const struct atls_trust_anchor *anchor = atls_endorsements_find_key(
        set, psa(), test_hex("01ceebae7b8927a3227e5303cf5e0f1f7b34bb542ad7250ac03fbcde36ec2f1508"),
        class_id);
    assert_non_null(anchor);
    assert_int_equal(atls_key_point(anchor->key).len, 65);
    size_t cursor = 0;
    size_t num = 0;
    const struct atls_reference *reference;
    while ((reference = atls_endorsements_next_reference(set, psa(), class_id, &cursor)) != NULL) {
        assert_int_equal(reference->signer_id.len, 32);
        assert_int_equal(reference->num_digests, 1);
        num++;
    }
    assert_int_equal(num, 3);
    atls_endorsements_unref(set);
}

static void the_key_of_the_published_tpm_evidence_is_found(void **state)
{
    (void)state;
    struct atls_endorsements *set = new_set();
    assert_err(load(set, good[1].path, NULL), OK);
    assert_non_null(atls_endorsements_find_key(
        set, tpm2(), test_hex("0188855459eeb9e9b34a46eb48cb39f2f6aa69da04522a326d123d5c501fce210c"),
        tpm2_class()));
    size_t cursor = 0;
    for (uint64_t pcr = 0; pcr < 3; pcr++) {
        const struct atls_reference *reference =
            atls_endorsements_next_reference(set, tpm2(), tpm2_class(), &cursor);
        assert_non_null(reference);
        assert_int_equal(reference->key_uint, pcr);
        assert_int_equal(reference->num_digests, 2);
    }
    atls_endorsements_unref(set);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_files_are_loaded),
        cmocka_unit_test(other_files_are_refused_each_with_its_sentence),
        cmocka_unit_test(the_key_of_the_published_psa_token_is_found),
        cmocka_unit_test(the_key_of_the_published_tpm_evidence_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
