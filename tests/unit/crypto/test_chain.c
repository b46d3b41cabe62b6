/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of the makers of roots of trust: each rule with a chain that breaks only that one. */
#include "support/chains.h"

#include "codec/cose.h"

#define NOW TEST_CHAIN_NOW

static struct atls_diag diag;

static enum atls_err read_chain(const struct test_chain *chain)
{
    struct atls_chain *read = NULL;
    memset(&diag, 0, sizeof diag);
    const enum atls_err err =
        atls_chain_read(&read, chain->ders, chain->len, chain->profile, &diag);
    assert_true((err == ATLS_OK) == (read != NULL));
    if (err != ATLS_OK) {
        assert_int_equal(diag.err, err);
    }
    atls_chain_release(read);
    return err;
}

static struct test_chain amd(void)
{
    return test_chain_make(&atls_chain_amd, test_amd_names, 3);
}

static struct test_chain pck(void)
{
    return test_chain_make(&atls_chain_pck, test_pck_names, 3);
}

static struct test_chain nitro(void)
{
    return test_chain_make(&atls_chain_nitro, test_nitro_names, 5);
}

/* refused reads a chain that was signed anew, and compares what the sentence names. */
static void refused(struct test_chain *chain, enum atls_err expected, const char *claim)
{
    test_chain_sign(chain);
    const enum atls_err err = read_chain(chain);
    assert_string_equal(atls_err_name(err), atls_err_name(expected));
    assert_string_equal(diag.claim, claim);
}

static void chains_of_every_maker_are_read(void **state)
{
    (void)state;
    struct test_chain chains[] = {amd(), pck(), nitro(),
                                  test_chain_make(&atls_chain_intel, test_tcb_names, 2)};
    for (size_t i = 0; i < 4; i++) {
        struct atls_chain *chain = NULL;
        assert_err(atls_chain_read(&chain, chains[i].ders, chains[i].len, chains[i].profile, &diag),
                   OK);
        assert_int_equal(atls_chain_len(chain), chains[i].len);
        assert_true(atls_key_equal(atls_chain_key(chain), chains[i].certs[0].key));
        assert_bytes(atls_x509_der(atls_chain_cert(chain, 1)), chains[i].ders[1]);
        assert_null(atls_chain_cert(chain, chains[i].len));
        assert_err(atls_chain_check_dates(chain, NOW, &diag), OK);
        atls_chain_release(chain);
    }
}

static void another_number_of_certificates_is_refused(void **state)
{
    (void)state;
    struct test_chain chain = pck();
    struct atls_chain *read = NULL;
    assert_err(atls_chain_read(&read, chain.ders, 2, &atls_chain_pck, &diag), CHAIN);
    assert_string_equal(diag.claim, "certificates");
    assert_err(atls_chain_read(&read, chain.ders, 0, &atls_chain_pck, &diag), CHAIN);
    assert_err(atls_chain_read(&read, &chain.ders[1], 2, &atls_chain_nitro, &diag), CHAIN);
    const struct atls_bytes nine[9] = {chain.ders[0], chain.ders[1]};
    assert_err(atls_chain_read(&read, nine, 9, &atls_chain_nitro, &diag), CHAIN);
    assert_null(read);
}

static void the_order_matters(void **state)
{
    (void)state;
    struct test_chain chain = nitro();
    const struct atls_bytes first = chain.ders[1];
    chain.ders[1] = chain.ders[2];
    chain.ders[2] = first;
    assert_err(read_chain(&chain), CHAIN);
    assert_string_equal(diag.claim, "issuer");
    /* A root that is not its own issuer: the last one is left out. */
    chain = nitro();
    chain.len = 4;
    assert_err(read_chain(&chain), CHAIN);
    assert_string_equal(diag.claim, "issuer");
}

static void a_signature_by_another_key_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct test_chain chain = pck();
        const bool is_root = i == 2;
        chain.ders[i] = test_issue(&chain.specs[i], chain.certs[i].key,
                                   is_root ? atls_bytes_of(NULL, 0) : chain.certs[i + 1].der,
                                   test_key(ATLS_CRV_P256));
        assert_err(read_chain(&chain), CHAIN);
        assert_string_equal(diag.claim, "signatures");
    }
}

static void an_authority_is_no_leaf(void **state)
{
    (void)state;
    struct test_chain chain = pck();
    chain.specs[0].is_ca = true;
    refused(&chain, ATLS_ERR_CHAIN, "basicConstraints");
    chain = pck();
    chain.specs[0].bare = true;
    refused(&chain, ATLS_ERR_CHAIN, "keyUsage");
    chain = pck();
    chain.specs[0].usage = ATLS_ISSUE_NON_REPUDIATION;
    refused(&chain, ATLS_ERR_CHAIN, "keyUsage");
    chain = amd();
    chain.specs[0].bare = false;
    chain.specs[0].is_ca = true;
    refused(&chain, ATLS_ERR_CHAIN, "basicConstraints");
    chain = amd();
    chain.specs[0].bare = false;
    chain.specs[0].usage = ATLS_ISSUE_CERT_SIGN;
    refused(&chain, ATLS_ERR_CHAIN, "keyUsage");
}

static void an_end_entity_issues_nothing(void **state)
{
    (void)state;
    for (size_t i = 1; i < 3; i++) {
        struct test_chain chain = pck();
        chain.specs[i].is_ca = false;
        chain.specs[i].path_len = ATLS_ISSUE_NO_PATH_LEN;
        refused(&chain, ATLS_ERR_CHAIN, "basicConstraints");
        chain = pck();
        chain.specs[i].bare = true;
        refused(&chain, ATLS_ERR_CHAIN, "basicConstraints");
        chain = pck();
        chain.specs[i].usage = ATLS_ISSUE_CRL_SIGN;
        refused(&chain, ATLS_ERR_CHAIN, "keyUsage");
        chain = pck();
        chain.specs[i].usage = 0;
        refused(&chain, ATLS_ERR_CHAIN, "keyUsage");
    }
}

static void path_lengths_hold(void **state)
{
    (void)state;
    struct test_chain chain = nitro();
    chain.specs[3].path_len = 1;
    refused(&chain, ATLS_ERR_CHAIN, "pathLenConstraint");
    chain = nitro();
    chain.specs[4].path_len = 2;
    refused(&chain, ATLS_ERR_CHAIN, "pathLenConstraint");
    chain = nitro();
    chain.specs[4].path_len = 3;
    test_chain_sign(&chain);
    assert_err(read_chain(&chain), OK);
}

static void critical_extensions_are_known_or_refused(void **state)
{
    (void)state;
    struct atls_cert_extension own = {.oid = "1.3.6.1.4.1.3704.1.2", .critical = false};
    own.value = test_hex("1605 4d696c616e");
    for (size_t i = 0; i < 3; i++) {
        struct test_chain chain = amd();
        chain.specs[i].extensions = &own;
        chain.specs[i].num_extensions = 1;
        own.critical = false;
        test_chain_sign(&chain);
        assert_err(read_chain(&chain), OK);
        own.critical = true;
        refused(&chain, ATLS_ERR_CHAIN, "extensions");
    }
}

static void an_extension_stands_once(void **state)
{
    (void)state;
    struct atls_cert_extension twice[2] = {{.oid = "1.3.6.1.4.1.3704.1.2"},
                                           {.oid = "1.3.6.1.4.1.3704.1.2"}};
    twice[0].value = test_hex("1605 4d696c616e");
    twice[1].value = twice[0].value;
    struct test_chain chain = amd();
    chain.specs[0].extensions = twice;
    chain.specs[0].num_extensions = 2;
    refused(&chain, ATLS_ERR_MALFORMED, "extensions");
}

static void algorithms_are_those_of_the_maker(void **state)
{
    (void)state;
    struct test_chain chain = test_chain_make(&atls_chain_nitro, test_pck_names, 3);
    chain.profile = &atls_chain_pck;
    assert_err(read_chain(&chain), ALGORITHM);
    assert_string_equal(diag.claim, "signatureAlgorithm");
    chain.profile = &atls_chain_amd;
    assert_err(read_chain(&chain), ALGORITHM);
    /* RSA keys and the right hash, and the padding of PKCS #1 */
    chain = amd();
    chain.specs[0].signature = ATLS_CHAIN_ECDSA_SHA384;
    refused(&chain, ATLS_ERR_ALGORITHM, "signatureAlgorithm");
    chain = amd();
    chain.certs[0].key = test_key(ATLS_CRV_P256);
    refused(&chain, ATLS_ERR_ALGORITHM, "key of the leaf");
    chain = pck();
    chain.certs[0].key = test_rsa_key(2048);
    refused(&chain, ATLS_ERR_ALGORITHM, "key of the leaf");
    /* an issuer on another curve, by the right hash */
    chain = pck();
    chain.certs[1].key = test_key(ATLS_CRV_P384);
    refused(&chain, ATLS_ERR_ALGORITHM, "key of an issuer");
}

static void dates_are_compared_at_every_use(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct test_chain chain = pck();
        struct atls_chain *read = NULL;
        chain.specs[i].not_before_s = NOW - 100;
        chain.specs[i].not_after_s = NOW + 100;
        test_chain_sign(&chain);
        assert_err(atls_chain_read(&read, chain.ders, 3, chain.profile, &diag), OK);
        assert_err(atls_chain_check_dates(read, NOW - 160, &diag), OK);
        assert_err(atls_chain_check_dates(read, NOW + 160, &diag), OK);
        assert_err(atls_chain_check_dates(read, NOW - 161, &diag), CHAIN);
        assert_string_equal(diag.claim, "notBefore");
        assert_err(atls_chain_check_dates(read, NOW + 161, &diag), CHAIN);
        assert_string_equal(diag.claim, "notAfter");
        atls_chain_release(read);
    }
}

static void the_cache_gives_the_same_chain_and_no_verdict(void **state)
{
    (void)state;
    struct test_chain chain = pck();
    struct atls_chain *first = NULL;
    struct atls_chain *second = NULL;
    atls_chain_cache_clear();
    assert_err(atls_chain_obtain(&first, chain.ders, 3, chain.profile, &diag), OK);
    assert_err(atls_chain_obtain(&second, chain.ders, 3, chain.profile, &diag), OK);
    assert_ptr_equal(first, second);
    assert_err(atls_chain_check_dates(second, NOW + 9 * TEST_DAY, &diag), CHAIN);
    atls_chain_release(second);
    /* Another profile reads the same octets anew, and refuses them. */
    assert_err(atls_chain_obtain(&second, chain.ders, 3, &atls_chain_nitro, &diag), ALGORITHM);
    atls_chain_cache_clear();
    assert_err(atls_chain_obtain(&second, chain.ders, 3, chain.profile, &diag), OK);
    assert_ptr_not_equal(first, second);
    atls_chain_release(first);
    atls_chain_release(second);
    /* A bad one is refused each time. */
    const struct atls_bytes root = chain.ders[2];
    chain.ders[2] = test_copy(root);
    ((uint8_t *)(uintptr_t)chain.ders[2].data)[root.len - 1] ^= 1;
    assert_err(atls_chain_obtain(&second, chain.ders, 3, chain.profile, &diag), CHAIN);
    assert_err(atls_chain_obtain(&second, chain.ders, 3, chain.profile, &diag), CHAIN);
    atls_chain_cache_clear();
}

static void the_cache_is_bounded(void **state)
{
    (void)state;
    struct atls_chain *read = NULL;
    struct test_chain first = test_chain_make(&atls_chain_intel, test_tcb_names, 2);
    assert_err(atls_chain_obtain(&read, first.ders, 2, first.profile, &diag), OK);
    struct atls_chain *again = NULL;
    for (size_t i = 0; i < 65; i++) {
        first.specs[0].serial = 1000 + i;
        test_chain_sign(&first);
        assert_err(atls_chain_obtain(&again, first.ders, 2, first.profile, &diag), OK);
        atls_chain_release(again);
    }
    atls_chain_release(read); /* the last reference: ASan would see one that was kept */
    atls_chain_cache_clear();
}

static void extensions_are_found_by_their_identifier(void **state)
{
    (void)state;
    struct atls_cert_extension own[2] = {{.oid = "1.3.6.1.4.1.3704.1.3.8"},
                                         {.oid = "1.3.6.1.4.1.3704.1.4"}};
    own[0].value = test_hex("0202 00d9");
    own[1].value = test_hex("aa bb cc");
    struct test_chain chain = amd();
    chain.specs[0].extensions = own;
    chain.specs[0].num_extensions = 2;
    test_chain_sign(&chain);
    struct atls_x509 *leaf = NULL;
    struct atls_bytes found;
    assert_err(atls_x509_read(&leaf, chain.ders[0], &diag), OK);
    assert_true(atls_x509_extension(leaf, test_hex("2b060104019c78010308"), &found));
    assert_bytes(found, own[0].value);
    assert_true(atls_x509_extension(leaf, test_hex("2b060104019c780104"), &found));
    assert_bytes(found, own[1].value);
    assert_false(atls_x509_extension(leaf, test_hex("2b060104019c780105"), &found));
    assert_string_equal(atls_x509_common_name(leaf), "SEV-VCEK");
    assert_string_equal(atls_x509_issuer_name(leaf), "SEV-Milan");
    assert_bytes(atls_x509_serial(leaf), test_hex("00"));
    assert_false(atls_x509_is_self_issued(leaf));
    atls_x509_free(leaf);
}

static void what_is_no_certificate_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "30", "3000", "2d2d2d2d2d", "308200"};
    struct atls_x509 *cert = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(atls_x509_read(&cert, test_hex(bad[i]), &diag), MALFORMED);
    }
    struct test_chain chain = pck();
    const struct atls_buf longer = test_room(chain.ders[0].len + 1);
    memcpy(longer.data, chain.ders[0].data, chain.ders[0].len);
    longer.data[chain.ders[0].len] = 0;
    assert_err(atls_x509_read(&cert, atls_bytes_of(longer.data, longer.cap), &diag), MALFORMED);
    const struct atls_buf large = test_room(ATLS_MAX_X509_LEN + 1);
    memset(large.data, 0x30, large.cap);
    assert_err(atls_x509_read(&cert, atls_bytes_of(large.data, large.cap), &diag), MALFORMED);
    assert_null(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_of_every_maker_are_read),
        cmocka_unit_test(another_number_of_certificates_is_refused),
        cmocka_unit_test(the_order_matters),
        cmocka_unit_test(a_signature_by_another_key_is_refused),
        cmocka_unit_test(an_authority_is_no_leaf),
        cmocka_unit_test(an_end_entity_issues_nothing),
        cmocka_unit_test(path_lengths_hold),
        cmocka_unit_test(critical_extensions_are_known_or_refused),
        cmocka_unit_test(an_extension_stands_once),
        cmocka_unit_test(algorithms_are_those_of_the_maker),
        cmocka_unit_test(dates_are_compared_at_every_use),
        cmocka_unit_test(the_cache_gives_the_same_chain_and_no_verdict),
        cmocka_unit_test(the_cache_is_bounded),
        cmocka_unit_test(extensions_are_found_by_their_identifier),
        cmocka_unit_test(what_is_no_certificate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
