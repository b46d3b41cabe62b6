/* SPDX-License-Identifier: Apache-2.0 */
/* The CBOR around the TPM structures, and every truncation, bit flip and octet of a bundle. */
#include "scene.h"

static struct test_tpm machine;
static struct atls_endorsements *set;

static enum atls_err appraise_octets(struct scene *s, struct atls_bytes evidence)
{
    scene_init(s, set, test_tpm_nonce());
    return appraise(s, &atls_appraiser_tpm2, evidence);
}

/* The two halves as maps. */
struct halves {
    struct test_map kat, pat;
};

static struct halves halves_of(const struct test_tpm *tpm)
{
    const struct test_bundle bundle = test_tpm_make(tpm);
    struct halves halves;
    memset(&halves, 0, sizeof halves);
    test_map_set(&halves.kat, test_cbor_text("tpmVer"), test_cbor_text("2.0"));
    test_map_set(&halves.kat, test_cbor_text("kid"), test_cbor_bytes(bundle.kat_kid));
    test_map_set(&halves.kat, test_cbor_text("sig"), test_cbor_bytes(bundle.kat_sig));
    test_map_set(&halves.kat, test_cbor_text("certInfo"), test_cbor_bytes(bundle.cert_info));
    test_map_set(&halves.kat, test_cbor_text("pubArea"), test_cbor_bytes(bundle.pub_area));
    test_map_set(&halves.pat, test_cbor_text("tpmVer"), test_cbor_text("2.0"));
    test_map_set(&halves.pat, test_cbor_text("kid"), test_cbor_bytes(bundle.pat_kid));
    test_map_set(&halves.pat, test_cbor_text("sig"), test_cbor_bytes(bundle.pat_sig));
    test_map_set(&halves.pat, test_cbor_text("attestInfo"), test_cbor_bytes(bundle.attest_info));
    return halves;
}

static struct atls_bytes join(const struct halves *halves)
{
    struct test_map both = {.num_pairs = 0};
    test_map_set(&both, test_cbor_text("kat"), test_map_encode(&halves->kat));
    test_map_set(&both, test_cbor_text("pat"), test_map_encode(&halves->pat));
    return test_map_encode(&both);
}

static void every_member_must_be_there_and_be_octets(void **state)
{
    (void)state;
    static const struct {
        bool in_pat;
        const char *member, *claim;
    } members[] = {
        {false, "kid", "kat.kid"},
        {false, "sig", "kat.sig"},
        {false, "certInfo", "kat.certInfo"},
        {false, "pubArea", "kat.pubArea"},
        {true, "kid", "pat.kid"},
        {true, "sig", "pat.sig"},
        {true, "attestInfo", "pat.attestInfo"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(members); i++) {
        struct halves halves = halves_of(&machine);
        struct test_map *map = members[i].in_pat ? &halves.pat : &halves.kat;
        const struct atls_bytes key = test_cbor_text(members[i].member);
        static const char *const others[] = {"f6", "60", "01", "80", "a0"};
        for (size_t j = 0; j < ATLS_ARRAY_LEN(others); j++) {
            test_map_set(map, key, test_hex(others[j]));
            const enum atls_err err = appraise_octets(&s, join(&halves));
            assert_refused(&s, err, EVIDENCE_MALFORMED, members[i].claim);
            assert_string_equal(s.diag.found, "another type");
        }
        test_map_set(map, key, test_hex("40"));
        enum atls_err err = appraise_octets(&s, join(&halves));
        assert_refused(&s, err, EVIDENCE_MALFORMED, members[i].claim);
        assert_string_equal(s.diag.found, "0 octets");
        test_map_set(map, key, test_cbor_fill(0, 2049));
        err = appraise_octets(&s, join(&halves));
        assert_refused(&s, err, EVIDENCE_MALFORMED, members[i].claim);
        assert_string_equal(s.diag.found, "2049 octets");
        test_map_drop(map, key);
        err = appraise_octets(&s, join(&halves));
        assert_refused(&s, err, EVIDENCE_MALFORMED, members[i].claim);
        assert_string_equal(s.diag.found, "none");
    }
}

static void another_version_of_tpms_is_refused(void **state)
{
    (void)state;
    static const char *const versions[] = {"", "1.2", "2.1", "2.0 ", "2"};
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(versions); i++) {
        struct halves halves = halves_of(&machine);
        test_map_set(&halves.kat, test_cbor_text("tpmVer"), test_cbor_text(versions[i]));
        enum atls_err err = appraise_octets(&s, join(&halves));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "kat.tpmVer");
        halves = halves_of(&machine);
        test_map_set(&halves.pat, test_cbor_text("tpmVer"), test_cbor_text(versions[i]));
        err = appraise_octets(&s, join(&halves));
        assert_refused(&s, err, EVIDENCE_MALFORMED, "pat.tpmVer");
    }
    struct halves halves = halves_of(&machine);
    test_map_drop(&halves.pat, test_cbor_text("tpmVer"));
    const enum atls_err err = appraise_octets(&s, join(&halves));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "pat.tpmVer");
}

static void what_is_no_bundle_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *claim;
    } rows[] = {
        {"80", "key attestation bundle"},
        {"40", "key attestation bundle"},
        {"a0", "kat"},
        {"a1 63 6b6174 80", "kat"},
        {"a1 63 706174 a0", "kat"},
        {"a1 63 6b6174 a0", "kat.tpmVer"},
        {"a1 01 a0", "kat"},
    };
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(rows); i++) {
        const enum atls_err err = appraise_octets(&s, test_hex(rows[i].hex));
        assert_refused(&s, err, EVIDENCE_MALFORMED, rows[i].claim);
    }
    static const char *const malformed[] = {"",      "bf ff",    "a2 63 6b6174 a0 63 6b6174 a0",
                                            "a0 00", "d8 63 a0", "a1 63 6b6174"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(malformed); i++) {
        assert_err(appraise_octets(&s, test_hex(malformed[i])), EVIDENCE_MALFORMED);
    }
    struct halves halves = halves_of(&machine);
    struct test_map both = {.num_pairs = 0};
    test_map_set(&both, test_cbor_text("kat"), test_map_encode(&halves.kat));
    enum atls_err err = appraise_octets(&s, test_map_encode(&both));
    assert_refused(&s, err, EVIDENCE_MALFORMED, "pat");
    /* members that stand twice: the second one could be another */
    test_map_add(&halves.kat, test_cbor_text("kid"), test_cbor_fill(1, 33));
    assert_err(appraise_octets(&s, join(&halves)), EVIDENCE_MALFORMED);
}

static void members_that_are_not_known_are_ignored_in_any_order(void **state)
{
    (void)state;
    struct scene s;
    struct halves halves = halves_of(&machine);
    test_map_set(&halves.kat, test_cbor_text("alg"), test_cbor_int(-1));
    test_map_set(&halves.pat, test_cbor_int(7), test_hex("a0"));
    struct test_map both = {.num_pairs = 0};
    test_map_set(&both, test_cbor_text("pat"), test_map_encode(&halves.pat));
    test_map_set(&both, test_cbor_text("more"), test_hex("f6"));
    test_map_set(&both, test_cbor_text("kat"), test_map_encode(&halves.kat));
    assert_err(appraise_octets(&s, test_map_encode(&both)), OK);
    assert_int_equal(s.submod.status, ATLS_TIER_AFFIRMING);
}

static void refuse_mutant(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct scene *s = context;
    assert_int_not_equal(appraise(s, &atls_appraiser_tpm2, mutant), ATLS_OK);
}

/* The kid and the CBOR around are not signed, but a kid that nobody endorsed finds no key,
 * and in strict CBOR every other octet of the frame is needed as it is. So no region is excepted:
 * no mutant is accepted at all. */
static void nothing_of_a_bundle_can_be_changed(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s, set, test_tpm_nonce());
    s.input.tls_spki = test_spki(machine.tls);
    const struct atls_bytes evidence = test_tpm_evidence(&machine);
    assert_err(appraise(&s, &atls_appraiser_tpm2, evidence), OK);
    test_each_mutant(evidence, refuse_mutant, &s);
}

int main(void)
{
    test_tpm_init(&machine, 1);
    set = tpm_endorsements(&machine, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_must_be_there_and_be_octets),
        cmocka_unit_test(another_version_of_tpms_is_refused),
        cmocka_unit_test(what_is_no_bundle_is_refused),
        cmocka_unit_test(members_that_are_not_known_are_ignored_in_any_order),
        cmocka_unit_test(nothing_of_a_bundle_can_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
