/* SPDX-License-Identifier: Apache-2.0 */
/* Files of --endorsement-key: what they may hold, and when. Chains that we issue ourselves. */
#include "support/cert_usage.h"
#include "signed.h"

static const char *const names[] = {"signer.example"};

static char *self_signed(const struct atls_key *key, int64_t from)
{
    char *pem = NULL;
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = from, .days = 30};
    assert_err(atls_cert_self_signed(&pem, key, &spec, NULL), OK);
    return pem;
}

static void refuse_octets(struct atls_bytes text, enum atls_signer_kind kind, const char *part)
{
    struct atls_signers signers = {.count = 0};
    struct atls_diag diag = {.err = ATLS_OK};
    assert_err(atls_signers_add(&signers, text, kind, &diag), KEY);
    assert_err(diag.err, KEY);
    assert_says(&diag, part);
    assert_int_equal(signers.count, 0);
    assert_err(atls_signers_add(&signers, text, kind, NULL), KEY);
}

static void refuse(const char *text, enum atls_signer_kind kind, const char *part)
{
    refuse_octets(atls_bytes_text(text), kind, part);
}

static void what_is_no_public_key_and_no_certificate_is_refused(void **state)
{
    (void)state;
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    char both[4000];
    char *private_pem = NULL;
    char *cert = self_signed(key, NOW - 10);
    assert_err(atls_key_to_private_pem(&private_pem, key, NULL), OK);
    snprintf(both, sizeof both, "%s%s", cert, private_pem);
    refuse("", ATLS_SIGNER_ANY, "found something else");
    refuse("0", ATLS_SIGNER_ANY, "certificate");
    refuse("\xd9\x01\xf5\xa0", ATLS_SIGNER_ANY, "found something else");
    refuse("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ATLS_SIGNER_ANY, "");
    refuse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", ATLS_SIGNER_ANY, "");
    refuse(private_pem, ATLS_SIGNER_ANY, "found a private key");
    refuse(both, ATLS_SIGNER_ANY, "a key and a certificate");
    refuse_octets(public_pem(key), ATLS_SIGNER_CERTIFICATES, "certificates in PEM");
    /* A second certificate that is cut off is not left out in silence. */
    snprintf(both, sizeof both, "%s%.60s", cert, cert);
    refuse(both, ATLS_SIGNER_ANY, "");
    atls_pem_free(private_pem);
    atls_pem_free(cert);
}

static void certificates_of_one_file_all_count(void **state)
{
    (void)state;
    const struct atls_key *keys[] = {test_key(ATLS_CRV_P256), test_key(ATLS_CRV_ED25519)};
    char *first = self_signed(keys[0], NOW - 10);
    char *second = self_signed(keys[1], NOW - 10);
    char both[4000];
    snprintf(both, sizeof both, "a comment\n%s\n%s", first, second);
    for (size_t i = 0; i < 2; i++) {
        struct atls_endorsements *set = new_set();
        const struct atls_corim_signing signing = signing_by(keys[i]);
        assert_err(atls_endorsements_add_signer(set, atls_bytes_text(both), NULL), OK);
        add(set, sign(kat("psa-good"), &signing), "it");
        atls_endorsements_unref(set);
    }
    atls_pem_free(first);
    atls_pem_free(second);
}

static void there_is_a_bound(void **state)
{
    (void)state;
    struct atls_signers signers = {.count = 0};
    struct atls_diag diag;
    const struct atls_bytes pem = public_pem(test_key(ATLS_CRV_P256));
    for (size_t i = 0; i < ATLS_MAX_SIGNERS; i++) {
        assert_err(atls_signers_add(&signers, pem, ATLS_SIGNER_ANY, NULL), OK);
    }
    assert_err(atls_signers_add(&signers, pem, ATLS_SIGNER_ANY, &diag), KEY);
    assert_says(&diag, "at most 64");
    assert_int_equal(signers.count, ATLS_MAX_SIGNERS);
    atls_signers_cleanup(&signers);
    assert_int_equal(signers.count, 0);
}

static void keys_come_before_files(void **state)
{
    (void)state;
    const struct atls_bytes pem = public_pem(test_key(ATLS_CRV_P256));
    struct atls_endorsements *set = new_set();
    add(set, kat("psa-good"), "it");
    assert_err(atls_endorsements_add_signer(set, pem, NULL), STATE);
    atls_endorsements_unref(set);
    set = new_set();
    atls_endorsements_unref(atls_endorsements_ref(set));
    assert_err(atls_endorsements_add_signer(set, pem, NULL), STATE);
    atls_endorsements_unref(set);
}

/* der_of gives the certificate of a PEM text. */
static struct atls_bytes der_of(const char *pem)
{
    struct atls_cert_list list;
    assert_err(atls_cert_list_read(&list, atls_bytes_text(pem), NULL), OK);
    assert_int_equal(list.count, 1);
    const struct atls_bytes copy = test_copy(list.cert[0]);
    atls_cert_list_cleanup(&list);
    return copy;
}

static void a_chain_of_ours_is_written_and_taken(void **state)
{
    (void)state;
    const struct atls_key *ca_key = test_key(ATLS_CRV_P384);
    const struct atls_key *key = test_key(ATLS_CRV_P256);
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = NOW - 100, .days = 30};
    char *ca = NULL;
    char *leaf = NULL;
    assert_err(atls_ca_create(&ca, ca_key, "maker", NOW - 100, 365, NULL), OK);
    assert_err(atls_ca_issue(&leaf, atls_bytes_text(ca), ca_key, key, &spec, NULL), OK);
    const struct atls_bytes chain[] = {test_with_usage(der_of(leaf), NULL, ca_key), der_of(ca)};
    struct atls_corim_signing signing = signing_by(key);
    signing.chain = chain;
    for (signing.chain_len = 1; signing.chain_len <= 2; signing.chain_len++) {
        struct atls_endorsements *set = new_set();
        assert_err(atls_endorsements_add_signer(set, atls_bytes_text(ca), NULL), OK);
        add(set, sign(kat("psa-good"), &signing), "it");
        atls_endorsements_unref(set);
        /* The chain does not lend itself to another key's signature. */
        set = new_set();
        assert_err(atls_endorsements_add_signer(set, atls_bytes_text(ca), NULL), OK);
        struct atls_corim_signing thief = signing;
        thief.key = test_key(ATLS_CRV_P256);
        uint8_t *out = NULL;
        size_t len = 0;
        assert_err(atls_corim_sign(&out, &len, kat("psa-good"), &thief, NULL), KEY);
        const struct atls_buf headers = test_room(4000);
        struct atls_writer w = atls_writer_of(headers);
        atls_write_bytes(&w, test_hex(TYPE_HEX META_HEX "1821"));
        atls_cbor_put_bytes(&w, chain[0]);
        assert_unsigned(set,
                        sign_headers(thief.key, atls_bytes_of(w.data, w.len), 3, kat("psa-good")),
                        "one that the first certificate of x5chain did not make");
        atls_endorsements_unref(set);
    }
    /* Who may issue certificates does not sign: a chain of the authority alone. */
    struct atls_signers signers = {.count = 0};
    struct atls_key *found = NULL;
    struct atls_diag diag;
    assert_err(atls_cert_path_check(&found, &chain[1], 1, &chain[1], 1, NOW, &diag), PKIX);
    assert_says(&diag, "an end entity");
    assert_null(found);
    atls_signers_cleanup(&signers);
    atls_pem_free(ca);
    atls_pem_free(leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_public_key_and_no_certificate_is_refused),
        cmocka_unit_test(certificates_of_one_file_all_count),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(keys_come_before_files),
        cmocka_unit_test(a_chain_of_ours_is_written_and_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
