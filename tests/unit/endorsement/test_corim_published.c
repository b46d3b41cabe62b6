/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM of other makers: what the profiles take, and what is refused by name. */
#include "samples.h"

#include "codec/cbor.h"
#include "crypto/key.h"
#include "endorsement/statement.h"

#define VECTORS TEST_SHARED_DIR "/vectors/"

struct good {
    const char *path;
    size_t keys, references, statements, authorities;
    const char *note; /* the first; NULL: none */
};

struct bad {
    const char *path;
    const char *sentence;
};

#define NO_PROFILE        ": no profile: kept, and without effect"
#define NOT_KNOWN         " is not known here: kept, and without effect"
#define NOT_BUILT(format) ": for format " format ", which is not built in: kept, and without effect"
#define CCA               "03-arm-cca/veraison-corim/corim-cca-"
#define TPM               "05-parsec-tpm/parsec-tpm/corim/corim-parsec-tpm-"
#define ENACT             "05-parsec-tpm/tpm-enacttrust/corim/corim-enacttrust-"
#define RIOT              "11-ratls-dice/tcg-dice/corim/corim-riot-"
#define SNP               "01-sev-snp/genoa-v3-tsm/corim-sevsnp-"
#define PSA               "04-psa/veraison-corim/corim-psa-"

static const struct good good[] = {
    {PSA "valid.cbor", 2, 3, 0, 0, NULL},
    {TPM "valid.cbor", 1, 3, 0, 0, NULL},
    {"08-corim/profile-psa/psa-valid.cbor", 1, 1, 0, 0, NULL},
    {CCA "platform-valid.cbor", 0, 0, 2, 0, NOT_BUILT("cca")},
    {CCA "realm-valid.cbor", 0, 0, 1, 0, NOT_BUILT("cca")},
    {"05-parsec-tpm/parsec-cca/corim-parsec-cca-valid.cbor", 0, 0, 2, 0, NOT_BUILT("cca")},
    {SNP "valid.cbor", 0, 0, 2, 1, NULL},
    {ENACT "valid.cbor", 0, 0, 2, 0, NOT_BUILT("enacttrust")},
    {RIOT "valid.cbor", 0, 0, 1, 3, NOT_BUILT("riot")},
    {"08-corim/profile-psa/no-profile.cbor", 0, 0, 1, 0, NO_PROFILE},
    {"08-corim/profile-cca/no-profile.cbor", 0, 0, 1, 0, NO_PROFILE},
    {"08-corim/corim/corim-1.cbor", 0, 0, 1, 0, NO_PROFILE},
    {"08-corim/corim/corim-2.cbor", 0, 0, 4, 0, NO_PROFILE},
    {"08-corim/corim/corim-design-cd.cbor", 0, 0, 5, 0, NOT_KNOWN},
    {"08-corim/corim/corim-firmware-cd.cbor", 0, 0, 3, 0, NOT_KNOWN},
    {"08-corim/corim/unsigned-good-corim.cbor", 0, 0, 1, 0, NO_PROFILE},
    {"08-corim/corim/unsigned-example-corim.cbor", 0, 0, 1, 0, NOT_KNOWN},
};

static const struct bad bad[] = {
    {PSA "bad-class.cbor", "(environment class-id: found tag 37 with octets: 16 in "},
    {PSA "bad-instance.cbor", "(environment instance: found tag 37 with octets: 16 in "},
    {PSA "bad-refval-mkey.cbor", "(mkey: found an unsigned integer in "},
    {PSA "bad-refval-mval.cbor", "(mval: found svn (key 1) in "},
    {PSA "bad-ta-no-instance.cbor", "(environment instance: found none in "},
    {TPM "bad-class-id.cbor", "(environment class-id: found tag 111 with octets: 3 in "},
    {TPM "bad-instance.cbor", "(environment instance: found tag 37 with octets: 16 in "},
    {TPM "bad-no-class-id.cbor", "expected class-id (key 0)"},
    {TPM "bad-no-class.cbor", "expected class (key 0)"},
    {TPM "bad-no-instance.cbor", "(environment instance: found none in "},
    {TPM "bad-no-pcr.cbor", "expected mkey (key 0)"},
    {SNP "bad-ta-no-model.cbor", "(environment model: found none in "},
    {SNP "bad-refval-no-key.cbor", "(mkey: found none in "},
    {CCA "platform-bad-no-class.cbor", "(environment class-id: found none in "},
    {CCA "platform-bad-refval-cryptokeys.cbor", "one signer-id (tag 560 with 32, 48 or 64 octets)"},
    {CCA "platform-bad-refval-mkey-string.cbor", "(mkey: found the text \"cca.bad-component\" in "},
    {CCA "platform-bad-refval-mkey.cbor", "(mkey: found the number 7 in "},
    {CCA "platform-bad-refval-no-mkey.cbor", "(mkey: found none in "},
    {CCA "platform-bad-refval-no-raw-value.cbor", "expected one raw-value, perhaps with a mask"},
    {CCA "platform-bad-ta-instance.cbor",
     "(environment instance: found tag 560 with octets: 33 in "},
    {CCA "platform-bad-ta-no-instance.cbor", "(environment instance: found none in "},
    {CCA "realm-bad-no-instance.cbor", "(environment class-id: found none in "},
    {CCA "realm-bad-no-integ-regs.cbor", "expected exactly one, with one digest"},
    {CCA "realm-bad-no-rim.cbor", "(cca.rim: found none in "},
    {ENACT "bad-class.cbor", "(environment class-id: found tag 37 with octets: 16 in "},
    {ENACT "bad-instance.cbor", "(environment instance: found tag 550 with octets: 33 in "},
    {ENACT "bad-multiple-keys.cbor", "(attest-key-triples: found an array, members: 2 in "},
    {ENACT "bad-multiple-measurements.cbor", "expected exactly one measurement with digests"},
    {ENACT "bad-no-instance.cbor", "expected none: the instance alone"},
    {RIOT "bad-no-vendor.cbor", "(environment vendor: found none in "},
    {RIOT "bad-refvals.cbor", "(reference-triples: found reference values in "},
    {RIOT "bad-wrong-vendor.cbor", "(environment vendor: found \"ACME\" in "},
    {"08-corim/profile-psa/psa-invalid-attest-key.cbor",
     "(attest-key-triples: found an array, members: 2 in "},
    {"08-corim/profile-cca/cca-platform-invalid-digests.cbor", "(digest: found 31 octets in "},
    {"08-corim/profile-cca/cca-platform-invalid-impl-id.cbor",
     "(environment class-id: found tag 560 with octets: 30 in "},
    {"08-corim/profile-cca/cca-realm-invalid-missing-rim.cbor", "(cca.rim: found none in "},
    {"08-corim/profile-cca/cca-realm-invalid-rim-size.cbor",
     "(environment class-id: found tag 560 with octets: 16 in "},
    {"08-corim/profile-tdx/comid_pce_refval.cbor", "found a CoMID with no CoRIM around it in "},
    {"08-corim/profile-tdx/comid_qe_refval.cbor", "found a CoMID with no CoRIM around it in "},
    {"08-corim/comid/comid-1.cbor", "found a CoMID with no CoRIM around it in "},
    {"08-corim/corim/signed-good-corim.cbor", "expected --endorsement-key FILE"},
    {"08-corim/corim/signed-example-corim.cbor", "expected --endorsement-key FILE"},
    {"08-corim/corim-store/signed-cca-ta.cose", "expected --endorsement-key FILE"},
    {"08-corim/corim-store/signed-with-cert-cca-ref-plat.cose", "expected --endorsement-key FILE"},
    {"08-corim/corim/ec-p256.jwk", "(JSON: found another object in "},
    {"08-corim/old-dialect/signed-corim.cbor", "expected --endorsement-key FILE"},
    {"08-corim/old-dialect/signed-corim-bad-signature.cbor", "expected --endorsement-key FILE"},
    {"08-corim/coev/ce-evidence.cbor", "found TCG Concise Evidence (tag 571) in "},
    {"08-corim/coev/ce-coswid.cbor", "found TCG Concise Evidence (tag 571) in "},
    {"08-corim/coev/ce-identity.cbor", "found TCG Concise Evidence (tag 571) in "},
    {"08-corim/draft-examples/corim-1.diag", "found something not recognised in "},
};

/* CoMIDs without a CoRIM around them, read inside one; and the profile that it has: NULL is none.
 */
static const struct {
    const char *path;
    bool is_intel;
    size_t statements;
} comids[] = {
    {"08-corim/comid/comid-1.cbor", false, 1},
    {"08-corim/comid/comid-1a.cbor", false, 1},
    {"08-corim/comid/comid-2b.cbor", false, 4},
    {"08-corim/comid/comid-3.cbor", false, 1},
    {"08-corim/comid/comid-5.cbor", false, 9},
    {"08-corim/comid/comid-6.cbor", false, 1},
    {"08-corim/comid/comid-cend.cbor", false, 1},
    {"08-corim/comid/comid-cond-endorse-series.cbor", false, 2},
    {"08-corim/comid/comid-domain-dep.cbor", false, 5},
    {"08-corim/comid/comid-domain-mem.cbor", false, 3},
    {"08-corim/comid/comid-flags.cbor", false, 1},
    {"08-corim/comid/comid-integrity-registers.cbor", false, 1},
    {"08-corim/comid/comid-raw-value.cbor", false, 3},
    {"08-corim/comid/comid-series.cbor", false, 2},
    {"08-corim/profile-tdx/comid_pce_refval.cbor", true, 1},
    {"08-corim/profile-tdx/comid_qe_refval.cbor", true, 1},
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
        assert_int_equal(atls_endorsements_num_statements(set), good[i].statements);
        assert_int_equal(atls_endorsements_num_authorities(set), good[i].authorities);
        size_t cursor = 0;
        const char *note = atls_endorsements_next_note(set, &cursor);
        assert_int_equal(note == NULL, good[i].note == NULL);
        assert_true(note == NULL || strstr(note, good[i].note) != NULL);
        atls_endorsements_unref(set);
    }
}

/* wrapped puts a CoRIM around a CoMID. */
static struct atls_bytes wrapped(struct atls_bytes comid, bool is_intel)
{
    static const uint8_t intel[] = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x4d, 0x01, 0x10, 0x01};
    const struct atls_buf room = test_room(comid.len + 64);
    struct atls_writer w = atls_writer_of(room);
    size_t len = 0;
    atls_cbor_put_tag(&w, 501);
    atls_cbor_put_map(&w, is_intel ? 3 : 2);
    atls_cbor_put_uint(&w, 0);
    atls_cbor_put_str(&w, "wrapped");
    atls_cbor_put_uint(&w, 1);
    atls_cbor_put_array(&w, 1);
    atls_cbor_put_tag(&w, 506);
    atls_cbor_put_bytes(&w, comid);
    if (is_intel) {
        atls_cbor_put_uint(&w, 3);
        atls_cbor_put_tag(&w, 111);
        atls_cbor_put_bytes(&w, atls_bytes_of(intel, sizeof intel));
    }
    assert_true(atls_writer_finish(&w, &len));
    return atls_bytes_of(room.data, len);
}

static void every_comid_is_read_and_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(comids); i++) {
        char full[900];
        snprintf(full, sizeof full, "%s%s", VECTORS, comids[i].path);
        struct atls_endorsements *set = new_set();
        add(set, wrapped(test_file(full), comids[i].is_intel), comids[i].path);
        assert_int_equal(atls_endorsements_num_statements(set), comids[i].statements);
        size_t cursor = 0;
        const bool has_note = atls_endorsements_next_note(set, &cursor) != NULL;
        assert_int_equal(has_note, !comids[i].is_intel); /* of a profile that is built in: none */
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
        cmocka_unit_test(every_comid_is_read_and_kept),
        cmocka_unit_test(other_files_are_refused_each_with_its_sentence),
        cmocka_unit_test(the_key_of_the_published_psa_token_is_found),
        cmocka_unit_test(the_key_of_the_published_tpm_evidence_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
