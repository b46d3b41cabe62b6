/* SPDX-License-Identifier: Apache-2.0 */
/* Signed CoRIM of other makers: whose key verifies which, and what chains are worth. */
#include "signed.h"

#include "endorsement/statement.h"
#include "json/json.h"
#include "json/jwk.h"
#include "support/mutate.h"

#define CORIM TEST_SHARED_DIR "/vectors/08-corim/corim/"
#define STORE TEST_SHARED_DIR "/vectors/08-corim/corim-store/"
#define OLD   TEST_SHARED_DIR "/vectors/08-corim/old-dialect/"
/* In 2024 the dates of the samples of corim/ held; the certificates are from May 2026 on. */
#define IN_2024 INT64_C(1720000000)

static void add_signer(struct atls_signers *signers, const char *path)
{
    assert_err(atls_signers_add(signers, test_file(path), ATLS_SIGNER_ANY, NULL), OK);
}

static void add_jwk(struct atls_signers *signers, const char *path)
{
    struct atls_key *key = NULL;
    json_t *jwk = NULL;
    assert_err(atls_json_parse(&jwk, test_file(path), "JWK", NULL), OK);
    json_object_del(jwk, "use"); /* it says "enc", and signs */
    assert_err(atls_key_from_jwk(&key, jwk, NULL), OK);
    json_decref(jwk);
    assert_err(atls_signers_add(signers, public_pem(key), ATLS_SIGNER_ANY, NULL), OK);
    atls_key_free(key);
}

/* check verifies one file, and wants this name of its signer; NULL for a refusal. */
static void check(const char *path, const struct atls_signers *signers, int64_t now_s,
                  const char *name, const char *part)
{
    struct atls_corim_signature found;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err =
        atls_corim_signature_verify(&found, test_file(path), signers, now_s, &diag);
    if (name != NULL) {
        show(err, &diag);
        assert_err(err, OK);
        assert_text(found.signer, name);
    } else {
        assert_err(err, ENDORSEMENT_SIGNATURE);
        assert_says(&diag, part);
    }
}

static void the_samples_of_the_library_verify_with_its_key(void **state)
{
    (void)state;
    struct atls_signers signers = {.count = 0};
    add_jwk(&signers, CORIM "ec-p256.jwk");
    check(CORIM "signed-good-corim.cbor", &signers, IN_2024, "ACME Ltd signing key", NULL);
    check(CORIM "signed-example-corim.cbor", &signers, IN_2024, "ACME Ltd signing key", NULL);
    check(OLD "signed-corim.cbor", &signers, IN_2024, "ACME Ltd signing key", NULL);
    check(CORIM "signed-good-corim.cbor", &signers, NOW, NULL, "2025-12-31T00:00:00Z");
    check(OLD "signed-corim-bad-signature.cbor", &signers, IN_2024, NULL, "octets after the item");
    check(STORE "signed-cca-ta.cose", &signers, NOW, NULL, "the signer \"corim-tool\"");
    check(CORIM "unsigned-good-corim.cbor", &signers, NOW, NULL, "");
    atls_signers_cleanup(&signers);
}

static void a_certificate_stands_for_its_own_key(void **state)
{
    (void)state;
    struct atls_signers signers = {.count = 0};
    add_signer(&signers, STORE "leaf.cert.pem");
    check(STORE "signed-cca-ta.cose", &signers, NOW, "corim-tool", NULL);
    check(STORE "signed-with-cert-cca-ref-plat.cose", &signers, NOW, "corim-tool", NULL);
    check(STORE "signed-cca-ta.cose", &signers, IN_2024, NULL, "a certificate outside its dates");
    check(CORIM "signed-good-corim.cbor", &signers, IN_2024, NULL, "the signer \"ACME");
    atls_signers_cleanup(&signers);
}

/* load gives what comes of loading a file into a set that takes one signer only. */
static enum atls_err load(const char *path, struct atls_bytes signer, int64_t now_s,
                          size_t *out_statements, struct atls_diag *diag)
{
    struct atls_endorsements *set = new_set();
    assert_err(atls_endorsements_add_signer(set, signer, NULL), OK);
    const enum atls_err err = atls_endorsements_load_at(set, path, now_s, diag);
    *out_statements = atls_endorsements_num_statements(set);
    atls_endorsements_unref(set);
    return err;
}

static void what_they_sign_is_read(void **state)
{
    (void)state;
    size_t statements = 0;
    struct atls_diag diag = {.err = ATLS_OK};
    const struct atls_bytes leaf = test_file(STORE "leaf.cert.pem");
    assert_err(load(STORE "signed-cca-ta.cose", leaf, NOW, &statements, NULL), OK);
    assert_int_equal(statements, 1);
    assert_err(load(STORE "signed-with-cert-cca-ref-plat.cose", leaf, NOW, &statements, NULL), OK);
    assert_int_equal(statements, 1);
    struct atls_key *key = NULL;
    json_t *jwk = NULL;
    assert_err(atls_json_parse(&jwk, test_file(CORIM "ec-p256.jwk"), "JWK", NULL), OK);
    json_object_del(jwk, "use");
    assert_err(atls_key_from_jwk(&key, jwk, NULL), OK);
    json_decref(jwk);
    const struct atls_bytes maker = public_pem(key);
    assert_err(load(CORIM "signed-good-corim.cbor", maker, IN_2024, &statements, NULL), OK);
    assert_int_equal(statements, 1);
    assert_err(load(CORIM "signed-example-corim.cbor", maker, IN_2024, &statements, NULL), OK);
    assert_int_equal(statements, 1);
    assert_err(load(OLD "signed-corim.cbor", maker, IN_2024, &statements, &diag), ENDORSEMENT);
    assert_says(&diag, "(environment class: found layer (key 3) in ");
    atls_key_free(key);
}

static void a_chain_counts_when_it_leads_to_a_given_certificate(void **state)
{
    (void)state;
    static const char *const anchors[] = {STORE "root.cert.pem", STORE "int.cert.pem"};
    for (size_t i = 0; i < ATLS_ARRAY_LEN(anchors); i++) {
        struct atls_signers signers = {.count = 0};
        add_signer(&signers, anchors[i]);
        check(STORE "signed-with-cert-cca-ref-plat.cose", &signers, NOW, "corim-tool", NULL);
        check(STORE "signed-with-cert-cca-ref-plat.cose", &signers, IN_2024, NULL, "x5chain");
        /* Signed by the same key, but nothing says so. */
        check(STORE "signed-cca-ta.cose", &signers, NOW, NULL, "none by a given key");
        atls_signers_cleanup(&signers);
    }
}

static void a_chain_without_its_anchor_is_worth_nothing(void **state)
{
    (void)state;
    struct atls_signers signers = {.count = 0};
    add_jwk(&signers, CORIM "ec-p256.jwk");
    check(STORE "signed-with-cert-cca-ref-plat.cose", &signers, NOW, NULL, "none by a given key");
    struct atls_key *key = test_key(ATLS_CRV_P256);
    char *other = NULL;
    assert_err(atls_ca_create(&other, key, "other", NOW - 1000, 365, NULL), OK);
    assert_err(atls_signers_add(&signers, atls_bytes_text(other), ATLS_SIGNER_ANY, NULL), OK);
    check(STORE "signed-with-cert-cca-ref-plat.cose", &signers, NOW, NULL, "x5chain");
    atls_pem_free(other);
    atls_signers_cleanup(&signers);
}

static void refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    struct atls_corim_signature found;
    assert_err(atls_corim_signature_verify(&found, mutant, context, NOW, NULL),
               ENDORSEMENT_SIGNATURE);
}

static void no_mutant_of_a_chain_verifies(void **state)
{
    (void)state;
    struct atls_signers signers = {.count = 0};
    add_signer(&signers, STORE "root.cert.pem");
    const struct atls_bytes file = test_file(STORE "signed-with-cert-cca-ref-plat.cose");
    test_each_truncation(file, refuse, &signers);
    test_each_octet_set(file, refuse, &signers);
    atls_signers_cleanup(&signers);
}

int main(void)
{
    TEST_NEED_SHARED();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_of_the_library_verify_with_its_key),
        cmocka_unit_test(a_certificate_stands_for_its_own_key),
        cmocka_unit_test(what_they_sign_is_read),
        cmocka_unit_test(a_chain_counts_when_it_leads_to_a_given_certificate),
        cmocka_unit_test(a_chain_without_its_anchor_is_worth_nothing),
        cmocka_unit_test(no_mutant_of_a_chain_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
