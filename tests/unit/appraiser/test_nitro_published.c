/* SPDX-License-Identifier: Apache-2.0 */
/* Published attestation documents at the time that they are of, under the pinned root of AWS. */
#include "scene.h"

#include "support/file.h"

#define NITRO(path) TEST_SHARED("vectors/06-aws-nitro/" path)

static const struct {
    const char *file;
    int64_t now_s;
    const char *nonce; /* NULL: the document has none */
    const char *module;
    bool debug;
} documents[] = {
    {NITRO("veracruz/doc.cbor"), 1668034800 /* 2022-11-09T23:00Z */,
     "c678c86135de539d183acff58886d98dfb9823041af9f934bf909ac0f8d96245",
     "i-04fd167167daacf3b-enc01845e97d0b3eb4e", false},
    {NITRO("anjuna/prod_doc_2021.cbor"), 1616020200 /* 2021-03-17T22:30Z */, NULL,
     "i-078824548edcf6519-enc01784234ec227b58", false},
    {NITRO("dstack/doc_2025_indefinite.cbor"), 1766671200 /* 2025-12-25T14:00Z */, NULL,
     "i-0827e799ec9232d44-enc019b55a68bd2ed4b", false},
    {NITRO("anjuna/full_doc_debug_2024.cbor"), 1706122800 /* 2024-01-24T19:00Z */, "4e6f6e63650a",
     "i-0e4fe5de7ee5abe78-enc018d3cadd7d66279", true},
    {NITRO("evervault/debug_doc_2022.cbor"), 1665583200 /* 2022-10-12T14:00Z */, NULL,
     "i-03ad7cdb817437eeb-enc0183cc7569b3f6e1", true},
};

static enum atls_err appraise_at(struct scene *s, struct atls_bytes evidence, const char *nonce,
                                 int64_t now_s)
{
    const struct atls_bytes none = {NULL, 0};
    scene_init(s, test_endorsements(), nonce != NULL ? test_hex(nonce) : none);
    s->input.no_nonce = nonce == NULL;
    s->input.now_s = now_s;
    return appraise(s, &atls_appraiser_nitro, evidence);
}

/* The root is known by its key, and no reference value is: authentic, and nothing recognised. */
static void documents_verify_at_their_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(documents); i++) {
        struct scene s;
        const struct atls_bytes octets = test_file(documents[i].file);
        assert_err(appraise_at(&s, octets, documents[i].nonce, documents[i].now_s), OK);
        assert_text(s.submod.machine, documents[i].module);
        assert_int_equal(s.submod.debug, documents[i].debug);
        assert_int_equal(s.submod.vector.claim[ATLS_TRUST_EXECUTABLES], 33);
        assert_int_equal(s.submod.vector.claim[ATLS_TRUST_HARDWARE], 2);
        assert_int_equal(s.submod.vector.claim[ATLS_TRUST_INSTANCE_IDENTITY], 2);
        assert_false(s.submod.simulated);
        assert_int_equal(s.submod.num_measurements, 16);
    }
}

static void nothing_verifies_at_another_time(void **state)
{
    (void)state;
    static const int64_t away_s[] = {-3 * 3600, 4 * 3600, 365 * 86400};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(documents); i++) {
        for (size_t j = 0; j < ATLS_ARRAY_LEN(away_s); j++) {
            struct scene s;
            const struct atls_bytes octets = test_file(documents[i].file);
            assert_err(appraise_at(&s, octets, documents[i].nonce, documents[i].now_s + away_s[j]),
                       CHAIN);
        }
    }
}

static void the_document_with_a_bad_signature_is_refused(void **state)
{
    (void)state;
    struct scene s;
    const struct atls_bytes bad = test_file(NITRO("veracruz/doc_bad_sig.cbor"));
    assert_err(appraise_at(&s, bad, documents[0].nonce, documents[0].now_s), SIGNATURE);
}

static void another_nonce_is_refused(void **state)
{
    (void)state;
    struct scene s;
    for (size_t i = 0; i < ATLS_ARRAY_LEN(documents); i++) {
        const struct atls_bytes octets = test_file(documents[i].file);
        assert_err(appraise_at(&s, octets, "00", documents[i].now_s), FRESHNESS);
    }
}

/* The key in public_key of one is RSA's, of the other a text. */
static void what_public_key_holds_is_named_if_it_is_a_key(void **state)
{
    (void)state;
    struct scene s;
    assert_err(
        appraise_at(&s, test_file(documents[3].file), documents[3].nonce, documents[3].now_s), OK);
    assert_int_equal(s.submod.attested_key.len, 32);
    assert_int_equal(s.submod.attested_spki_len, 294);
    assert_err(appraise_at(&s, test_file(documents[4].file), NULL, documents[4].now_s), OK);
    assert_int_equal(s.submod.attested_key.len, 0);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_verify_at_their_time),
        cmocka_unit_test(nothing_verifies_at_another_time),
        cmocka_unit_test(the_document_with_a_bad_signature_is_refused),
        cmocka_unit_test(another_nonce_is_refused),
        cmocka_unit_test(what_public_key_holds_is_named_if_it_is_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
