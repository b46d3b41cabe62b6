/* SPDX-License-Identifier: Apache-2.0 */
/* Certification paths of signers of files. */
#include "support/cert_usage.h"
#include "support/check.h"
#include "support/keys.h"
#include "support/memory.h"
#include "support/mutate.h"

#include "crypto/cert.h"
#include "crypto/cert_path.h"

#include <stdio.h>

#define NOW INT64_C(1784073600)

/* An authority, an end entity that it issued, and another authority of the same name. */
struct scene {
    struct atls_key *ca_key, *key;
    struct atls_bytes ca, leaf, other_ca;
};

static struct atls_bytes der_of(char *pem)
{
    struct atls_cert_list list;
    assert_err(atls_cert_list_read(&list, atls_bytes_text(pem), NULL), OK);
    assert_int_equal(list.count, 1);
    const struct atls_bytes der = test_copy(list.cert[0]);
    atls_cert_list_cleanup(&list);
    atls_pem_free(pem);
    return der;
}

static struct atls_cert_spec spec_of(int64_t from)
{
    static const char *const names[] = {"signer.example"};
    const struct atls_cert_spec spec = {
        .names = names, .num_names = 1, .not_before_s = from, .days = 10};
    return spec;
}

static struct scene make_scene(void)
{
    struct scene s = {test_key(ATLS_CRV_P256), test_key(ATLS_CRV_P256), {0}, {0}, {0}};
    const struct atls_cert_spec spec = spec_of(NOW - 100);
    char *ca = NULL;
    char *other = NULL;
    char *leaf = NULL;
    assert_err(atls_ca_create(&ca, s.ca_key, "maker", NOW - 100, 100, NULL), OK);
    assert_err(atls_ca_create(&other, test_key(ATLS_CRV_P256), "maker", NOW - 100, 100, NULL), OK);
    assert_err(atls_ca_issue(&leaf, atls_bytes_text(ca), s.ca_key, s.key, &spec, NULL), OK);
    s.ca = der_of(ca);
    s.other_ca = der_of(other);
    s.leaf = test_with_usage(der_of(leaf), NULL, s.ca_key);
    return s;
}

static enum atls_err check(const struct atls_bytes *path, size_t path_len,
                           const struct atls_bytes *anchors, size_t num, int64_t now_s,
                           const struct atls_key *expected)
{
    struct atls_key *key = NULL;
    struct atls_diag diag = {.err = ATLS_OK};
    const enum atls_err err =
        atls_cert_path_check(&key, path, path_len, anchors, num, now_s, &diag);
    if (err == ATLS_OK) {
        assert_true(atls_key_equal(key, expected));
    } else {
        assert_null(key);
        assert_err(diag.err == err ? ATLS_OK : ATLS_ERR_STATE, OK);
    }
    atls_key_free(key);
    return err;
}

static void a_path_to_an_anchor_gives_the_leafs_key(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    const struct atls_bytes path[] = {s.leaf, s.ca};
    const struct atls_bytes anchors[] = {s.other_ca, s.ca, s.ca};
    assert_err(check(path, 1, anchors, 3, NOW, s.key), OK);
    assert_err(check(path, 2, anchors, 3, NOW, s.key), OK);
    /* The end entity itself is named: nothing above it is asked for. */
    assert_err(check(path, 1, path, 1, NOW, s.key), OK);
}

static void a_path_to_nowhere_is_refused(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    const struct atls_bytes path[] = {s.leaf, s.ca};
    assert_err(check(path, 2, &s.other_ca, 1, NOW, s.key), PKIX);
    assert_err(check(path, 2, NULL, 0, NOW, s.key), PKIX);
    assert_err(check(path, 0, &s.ca, 1, NOW, s.key), MALFORMED);
    const struct atls_bytes nine[9] = {s.leaf, s.ca, s.ca, s.ca, s.ca, s.ca, s.ca, s.ca, s.ca};
    assert_err(check(nine, 9, &s.ca, 1, NOW, s.key), MALFORMED);
    assert_err(check(nine, 8, &s.ca, 1, NOW, s.key), OK);
}

static void dates_of_every_certificate_hold(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    assert_err(check(&s.leaf, 1, &s.ca, 1, NOW - 101, s.key), PKIX);
    assert_err(check(&s.leaf, 1, &s.ca, 1, NOW - 100, s.key), OK);
    assert_err(check(&s.leaf, 1, &s.ca, 1, NOW + 9 * 86400, s.key), OK);
    assert_err(check(&s.leaf, 1, &s.ca, 1, NOW + 11 * 86400, s.key), PKIX);
    assert_err(check(&s.leaf, 1, &s.ca, 1, NOW + 101 * 86400, s.key), PKIX);
}

static void an_authority_is_no_signer(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    assert_err(check(&s.ca, 1, &s.ca, 1, NOW, s.ca_key), PKIX);
    assert_true(atls_cert_signs_data(s.leaf));
    assert_false(atls_cert_signs_data(test_hex("3000")));
    assert_false(atls_cert_signs_data(test_hex("")));
}

/* What certifies a machine for TLS does not let it endorse itself. */
static void a_certificate_for_tls_is_no_signer(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    static const struct {
        const char *usage;
        bool taken;
    } cases[] = {
        {NULL, true},
        {"serverAuth", false},
        {"clientAuth", false},
        {"serverAuth,clientAuth", false},
        {"serverAuth,emailProtection", false},
        {"codeSigning", true},
        {"serverAuth,codeSigning", true},
        {"serverAuth,anyExtendedKeyUsage", true},
        {"1.3.6.1.4.1.32473.2", true}, /* one of the maker's own */
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_bytes leaf = test_with_usage(s.leaf, cases[i].usage, s.ca_key);
        const enum atls_err err = check(&leaf, 1, &s.ca, 1, NOW, s.key);
        assert_int_equal(err == ATLS_OK, cases[i].taken);
    }
}

/* A key for another use signs no file; without keyUsage it is for all (RFC 5280, 4.2.1.3). */
static void a_key_that_is_not_for_signatures_is_no_signer(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    static const struct {
        const char *usage;
        bool taken;
    } cases[] = {
        {NULL, true},
        {"digitalSignature", true},
        {"critical,digitalSignature,keyAgreement", true},
        {"critical,keyAgreement", false},
        {"keyEncipherment", false},
        {"cRLSign", false},
    };
    for (size_t i = 0; i < ATLS_ARRAY_LEN(cases); i++) {
        const struct atls_bytes leaf =
            test_with_extension(s.leaf, NID_key_usage, cases[i].usage, s.ca_key);
        const enum atls_err err = check(&leaf, 1, &s.ca, 1, NOW, s.key);
        assert_int_equal(err, cases[i].taken ? ATLS_OK : ATLS_ERR_PKIX);
        assert_int_equal(atls_cert_signs_data(leaf), cases[i].taken);
    }
}

static void a_trust_anchor_that_is_no_certificate_is_refused(void **state)
{
    (void)state;
    const struct scene s = make_scene();
    const struct atls_bytes anchors[] = {s.ca, test_hex("3000")};
    assert_err(check(&s.leaf, 1, &anchors[0], 1, NOW, s.key), OK);
    assert_err(check(&s.leaf, 1, anchors, 2, NOW, s.key), MALFORMED);
    assert_err(check(&s.leaf, 1, &anchors[1], 1, NOW, s.key), MALFORMED);
}

static void refuse(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at;
    const struct scene *s = context;
    assert_true(check(&mutant, 1, &s->ca, 1, NOW, s->key) != ATLS_OK);
}

static void no_mutant_of_a_leaf_leads_to_the_anchor(void **state)
{
    (void)state;
    struct scene s = make_scene();
    test_each_truncation(s.leaf, refuse, &s);
    test_each_octet_set(s.leaf, refuse, &s);
}

static void lists_hold_one_to_eight_certificates(void **state)
{
    (void)state;
    static char text[20000];
    char *pem = NULL;
    const struct atls_cert_spec spec = spec_of(NOW);
    struct atls_cert_list list = {.count = 0};
    assert_err(atls_cert_self_signed(&pem, test_key(ATLS_CRV_ED25519), &spec, NULL), OK);
    for (size_t num = 0; num <= 9; num++) {
        size_t len = 0;
        text[0] = '\0';
        for (size_t i = 0; i < num; i++) {
            len += (size_t)snprintf(&text[len], sizeof text - len, "text\n%s", pem);
        }
        const enum atls_err err = atls_cert_list_read(&list, atls_bytes_text(text), NULL);
        if (num >= 1 && num <= 8) {
            assert_err(err, OK);
            assert_int_equal(list.count, num);
        } else {
            assert_err(err, MALFORMED);
            assert_int_equal(list.count, 0);
        }
        atls_cert_list_cleanup(&list);
    }
    atls_pem_free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_to_an_anchor_gives_the_leafs_key),
        cmocka_unit_test(a_path_to_nowhere_is_refused),
        cmocka_unit_test(dates_of_every_certificate_hold),
        cmocka_unit_test(an_authority_is_no_signer),
        cmocka_unit_test(a_certificate_for_tls_is_no_signer),
        cmocka_unit_test(a_key_that_is_not_for_signatures_is_no_signer),
        cmocka_unit_test(a_trust_anchor_that_is_no_certificate_is_refused),
        cmocka_unit_test(no_mutant_of_a_leaf_leads_to_the_anchor),
        cmocka_unit_test(lists_hold_one_to_eight_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
