/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a certificate names: two who are not the same never have one name. */
#include "support/check.h"

#include "svc/verifier/subject_name.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* read_one makes a certificate of these parts of a name (type, value, ... NULL), and reads it. */
static struct atls_cert_info read_one(const char *const *parts)
{
    struct atls_cert_info info;
    uint8_t *der = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_NAME_new();
    assert_true(key != NULL && cert != NULL && name != NULL);
    for (; parts[0] != NULL; parts += 2) {
        assert_int_equal(X509_NAME_add_entry_by_txt(name, parts[0], MBSTRING_UTF8,
                                                    (const unsigned char *)parts[1], -1, -1, 0),
                         1);
    }
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(X509_set_subject_name(cert, name), 1);
    assert_int_equal(X509_set_issuer_name(cert, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    const int len = i2d_X509(cert, &der);
    assert_true(len > 0);
    assert_err(atls_cert_read(&info, atls_bytes_of(der, (size_t)len), NULL), OK);
    OPENSSL_free(der);
    X509_NAME_free(name);
    X509_free(cert);
    EVP_PKEY_free(key);
    return info;
}

static void name_of(char out[VERIFIER_SUBJECT_SIZE], const char *const *parts)
{
    const struct atls_cert_info info = read_one(parts);
    assert_err(verifier_subject_name(out, &info, NULL), OK);
}

static void who_writes_the_name_of_another_into_one_part_has_another_name(void **state)
{
    (void)state;
    static const char *const alice[] = {"CN", "a", "O", "b", NULL};
    static const char *const mallory[] = {"CN", "a/O=b", NULL};
    static const char *const trudy[] = {"CN", "a,O=b", NULL};
    char names[3][VERIFIER_SUBJECT_SIZE];
    name_of(names[0], alice);
    name_of(names[1], mallory);
    name_of(names[2], trudy);
    assert_string_equal(names[0], "O=b,CN=a");
    assert_string_equal(names[1], "CN=a/O=b");
    assert_string_equal(names[2], "CN=a\\,O=b");
}

static void names_that_are_too_long_differ_where_they_are_cut(void **state)
{
    (void)state;
#define PART "0123456789012345678901234567890123456789012345678901234567890123"
    static const char *const one[] = {"OU", "one", "OU", PART, "OU", PART,
                                      "OU", PART,  "OU", PART, NULL};
    static const char *const two[] = {"OU", "two", "OU", PART, "OU", PART,
                                      "OU", PART,  "OU", PART, NULL};
    char names[3][VERIFIER_SUBJECT_SIZE];
    name_of(names[0], one);
    name_of(names[1], two);
    name_of(names[2], one);
    assert_string_not_equal(names[0], names[1]);
    assert_string_equal(names[0], names[2]);
    assert_memory_equal(names[0], names[1], 200);
    assert_int_equal(strlen(names[0]), VERIFIER_SUBJECT_SIZE - 1);
}

static void who_has_no_name_is_known_by_the_key(void **state)
{
    (void)state;
    static const char *const nobody[] = {NULL};
    struct atls_cert_info info = read_one(nobody);
    char names[2][VERIFIER_SUBJECT_SIZE];
    assert_err(verifier_subject_name(names[0], &info, NULL), OK);
    info.spki[info.spki_len - 1] ^= 1;
    assert_err(verifier_subject_name(names[1], &info, NULL), OK);
    assert_memory_equal(names[0], "no subject, key ", 16);
    assert_int_equal(strlen(names[0]), 16 + 64);
    assert_string_not_equal(names[0], names[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_writes_the_name_of_another_into_one_part_has_another_name),
        cmocka_unit_test(names_that_are_too_long_differ_where_they_are_cut),
        cmocka_unit_test(who_has_no_name_is_known_by_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
