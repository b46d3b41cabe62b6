/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates with Evidence that are none: made by OpenSSL, wrong in one respect, and signed. */
#include "crypto/evidence_cert.h"

#include "support/check.h"
#include "support/memory.h"
#include "support/mutate.h"

#include <openssl/x509v3.h>

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    return key == NULL;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* new_cert is right: version 3, dates, one extension. */
static X509 *new_cert(void)
{
    X509 *cert = X509_new();
    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(cert), "20260101000000Z"), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(cert), "20270101000000Z"), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE");
    return cert;
}

/* signed_der signs and frees `cert`. */
static struct atls_bytes signed_der(X509 *cert)
{
    uint8_t *der = NULL;
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    const int len = i2d_X509(cert, &der);
    assert_true(len > 0);
    const struct atls_bytes copy = test_copy(atls_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(cert);
    return copy;
}

static void assert_refused(struct atls_bytes der, const char *claim, const char *found)
{
    struct atls_evidence_cert *cert = NULL;
    struct atls_diag diag;
    assert_err(atls_evidence_cert_read(&cert, der, &diag), MALFORMED);
    assert_null(cert);
    assert_string_equal(diag.claim, claim);
    assert_string_equal(diag.found, found);
}

/* octets_in finds them in what is ours to change. */
static uint8_t *octets_in(struct atls_bytes der, const uint8_t *wanted, size_t len)
{
    size_t at = 0;
    while (at + len < der.len && memcmp(&der.data[at], wanted, len) != 0) {
        at++;
    }
    assert_true(at + len < der.len);
    return (uint8_t *)(uintptr_t)&der.data[at];
}

static void a_certificate_is_read(void **state)
{
    (void)state;
    struct atls_evidence_cert *cert = NULL;
    assert_err(atls_evidence_cert_read(&cert, signed_der(new_cert()), NULL), OK);
    assert_err(atls_evidence_cert_check(cert, INT64_C(1780000000), true, NULL), OK);
    atls_evidence_cert_free(cert);
}

static void versions_before_3_are_refused(void **state)
{
    (void)state;
    static const uint8_t version_3[] = {0xa0, 0x03, 0x02, 0x01, X509_VERSION_3};
    const struct atls_bytes der = signed_der(new_cert());
    uint8_t *version = &octets_in(der, version_3, sizeof version_3)[sizeof version_3 - 1];
    for (uint8_t number = X509_VERSION_1; number < X509_VERSION_3; number++) {
        *version = number;
        assert_refused(der, "version", "not 3");
    }
}

/* Two readers that take one each would see different Evidence. */
static void an_extension_that_stands_twice_is_refused(void **state)
{
    (void)state;
    X509 *cert = new_cert();
    add_extension(cert, NID_netscape_comment, "Evidence");
    add_extension(cert, NID_netscape_comment, "other Evidence");
    assert_refused(signed_der(cert), "extensions", "one that stands twice");
    cert = new_cert();
    add_extension(cert, NID_netscape_comment, "between");
    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE"); /* the same octets */
    assert_refused(signed_der(cert), "extensions", "one that stands twice");
}

static void dates_that_are_none_are_refused(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        X509 *cert = new_cert();
        ASN1_TIME *time = end == 1 ? X509_getm_notAfter(cert) : X509_getm_notBefore(cert);
        assert_int_equal(ASN1_STRING_set(time, "20261301000000Z", 15), 1); /* month 13 */
        assert_refused(signed_der(cert), "validity", "no dates");
    }
}

/* id-ecPublicKey on a curve that nobody knows: prime256v1 with another last arc. */
static void a_key_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const uint8_t curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    const struct atls_bytes der = signed_der(new_cert());
    octets_in(der, curve, sizeof curve)[sizeof curve - 1] = 0x7f;
    assert_refused(der, "SubjectPublicKeyInfo", "no key that can be read");
}

static void a_file_has_its_limit(void **state)
{
    (void)state;
    const size_t max = (size_t)2 * ATLS_MAX_EVIDENCE_CERT_LEN;
    const struct atls_buf room = test_room(max + 1);
    memset(room.data, 'x', room.cap);
    assert_refused(atls_bytes_of(room.data, max), "X.509", "none");
    assert_refused(atls_bytes_of(room.data, max + 1), "X.509", "too many octets");
}

static void judge_prefix(struct atls_bytes mutant, size_t at, void *context)
{
    (void)at, (void)context;
    assert_refused(mutant, "X.509", "none");
}

static void no_prefix_is_one_and_nothing_may_follow(void **state)
{
    (void)state;
    const struct atls_bytes der = signed_der(new_cert());
    test_each_truncation(der, judge_prefix, NULL);
    const struct atls_buf more = test_room(der.len + 1);
    memcpy(more.data, der.data, der.len);
    more.data[der.len] = 0;
    assert_refused(atls_bytes_of(more.data, der.len + 1), "X.509", "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_read),
        cmocka_unit_test(versions_before_3_are_refused),
        cmocka_unit_test(an_extension_that_stands_twice_is_refused),
        cmocka_unit_test(dates_that_are_none_are_refused),
        cmocka_unit_test(a_key_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_file_has_its_limit),
        cmocka_unit_test(no_prefix_is_one_and_nothing_may_follow),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
