/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that we make, judged by OpenSSL's own chain and name checks. */
#include "crypto/cert.h"
#include "key_samples.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW_S INT64_C(1780000000)

static char *const untouched = (char *)0x10;
static const char *const names[] = {"example.test", "127.0.0.1", "::1"};
static const struct atls_cert_spec spec = {names, 3, NOW_S, 365, NULL, 0};

static struct atls_key *new_key(int32_t crv)
{
    struct atls_key *key = NULL;
    assert_err(atls_key_generate(&key, crv, NULL), OK);
    return key;
}

static X509 *cert_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

/* chain_holds is what X509_verify_cert says of `pem` under the root `root_pem` at a time. */
static bool chain_holds(const char *pem, const char *root_pem, int64_t now_s)
{
    X509 *cert = cert_of(pem);
    X509 *root = cert_of(root_pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, cert, NULL), 1);
    X509_STORE_CTX_set_time(context, 0, (time_t)now_s);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    const bool holds = X509_verify_cert(context) == 1;
    if (!holds) {
        print_message("%s\n", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(root);
    X509_free(cert);
    ERR_clear_error();
    return holds;
}

static void check_names(const X509 *const_cert)
{
    X509 *cert = X509_dup(const_cert);
    assert_int_equal(X509_check_host(cert, "example.test", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "other.test", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.2", 0), 0);
    X509_free(cert);
}

static void a_self_signed_certificate_holds_for_every_kind_of_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = new_key(key_samples[i].crv);
        char *pem = NULL;
        assert_err(atls_cert_self_signed(&pem, key, &spec, NULL), OK);
        assert_true(chain_holds(pem, pem, NOW_S));
        X509 *cert = cert_of(pem);
        check_names(cert);
        assert_int_equal(X509_check_ca(cert), 0);
        assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
        assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER | XKU_SSL_CLIENT);
        assert_int_equal(X509_check_private_key(cert, atls_key_evp(key)), 1);
        X509_free(cert);
        atls_pem_free(pem);
        atls_key_free(key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_certificate_holds_between_its_dates_only(void **state)
{
    (void)state;
    struct atls_key *key = new_key(ATLS_CRV_P256);
    char *pem = NULL;
    assert_err(atls_cert_self_signed(&pem, key, &spec, NULL), OK);
    assert_false(chain_holds(pem, pem, NOW_S - 1));
    assert_true(chain_holds(pem, pem, NOW_S + INT64_C(365) * 86400 - 1));
    assert_false(chain_holds(pem, pem, NOW_S + INT64_C(365) * 86400 + 1));
    atls_pem_free(pem);
    atls_key_free(key);
}

static void a_p384_certificate_is_signed_with_sha384(void **state)
{
    (void)state;
    struct atls_key *key = new_key(ATLS_CRV_P384);
    char *pem = NULL;
    assert_err(atls_cert_self_signed(&pem, key, &spec, NULL), OK);
    X509 *cert = cert_of(pem);
    assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA384);
    X509_free(cert);
    atls_pem_free(pem);
    atls_key_free(key);
}

static void serial_numbers_are_long_and_differ(void **state)
{
    (void)state;
    struct atls_key *key = new_key(ATLS_CRV_P256);
    char *pem[2] = {NULL, NULL};
    X509 *cert[2];
    for (size_t i = 0; i < 2; i++) {
        assert_err(atls_cert_self_signed(&pem[i], key, &spec, NULL), OK);
        cert[i] = cert_of(pem[i]);
        assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(cert[i])), 16);
        assert_int_equal(ASN1_STRING_type(X509_get0_serialNumber(cert[i])), V_ASN1_INTEGER);
    }
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(cert[0]), X509_get0_serialNumber(cert[1])), 0);
    for (size_t i = 0; i < 2; i++) {
        X509_free(cert[i]);
        atls_pem_free(pem[i]);
    }
    atls_key_free(key);
}

static void an_authority_issues_what_holds_under_it_alone(void **state)
{
    (void)state;
    struct atls_key *ca_key = new_key(ATLS_CRV_P256);
    struct atls_key *key = new_key(ATLS_CRV_ED25519);
    struct atls_key *public_key = NULL;
    char *ca = NULL;
    char *other_ca = NULL;
    char *leaf = NULL;
    assert_err(atls_ca_create(&ca, ca_key, "test authority", NOW_S, 3650, NULL), OK);
    assert_err(atls_ca_create(&other_ca, key, "test authority", NOW_S, 3650, NULL), OK);
    /* The authority needs no private key of its subject. */
    assert_err(atls_key_from_ec_point(&public_key, ATLS_CRV_ED25519, atls_key_point(key), NULL),
               OK);
    assert_err(atls_ca_issue(&leaf, atls_bytes_text(ca), ca_key, public_key, &spec, NULL), OK);
    assert_true(chain_holds(leaf, ca, NOW_S));
    assert_false(chain_holds(leaf, other_ca, NOW_S));
    X509 *cert = cert_of(leaf);
    check_names(cert);
    X509_free(cert);
    atls_pem_free(leaf);
    atls_pem_free(other_ca);
    atls_pem_free(ca);
    atls_key_free(public_key);
    atls_key_free(key);
    atls_key_free(ca_key);
}

static void an_authority_with_the_key_of_another_is_refused(void **state)
{
    (void)state;
    struct atls_key *ca_key = new_key(ATLS_CRV_P256);
    struct atls_key *other = new_key(ATLS_CRV_P256);
    char *ca = NULL;
    char *leaf = untouched;
    assert_err(atls_ca_create(&ca, ca_key, "test authority", NOW_S, 3650, NULL), OK);
    assert_err(atls_ca_issue(&leaf, atls_bytes_text(ca), other, other, &spec, NULL), ARGUMENT);
    assert_err(atls_ca_issue(&leaf, atls_bytes_text("x"), ca_key, other, &spec, NULL), ARGUMENT);
    assert_ptr_equal(leaf, untouched);
    atls_pem_free(ca);
    atls_key_free(ca_key);
    atls_key_free(other);
    assert_int_equal(ERR_peek_error(), 0);
}

static void names_that_cannot_be_are_refused(void **state)
{
    (void)state;
    char long_name[300];
    memset(long_name, 'a', sizeof long_name);
    long_name[254] = '\0';
    const char *const bad[] = {"", "a b", "a\nb", "a,b", "b.*", "caf\xc3\xa9.test", long_name};
    struct atls_key *key = new_key(ATLS_CRV_P256);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        const struct atls_cert_spec wrong = {&bad[i], 1, NOW_S, 1, NULL, 0};
        char *pem = untouched;
        assert_err(atls_cert_self_signed(&pem, key, &wrong, NULL), ARGUMENT);
        assert_err(atls_csr(&pem, key, &wrong, NULL), ARGUMENT);
        assert_ptr_equal(pem, untouched);
    }
    const struct atls_cert_spec none = {NULL, 0, NOW_S, 1, NULL, 0};
    char *pem = untouched;
    assert_err(atls_cert_self_signed(&pem, key, &none, NULL), ARGUMENT);
    assert_ptr_equal(pem, untouched);
    atls_key_free(key);
}

static void the_longest_host_name_is_taken(void **state)
{
    (void)state;
    char name[254];
    memset(name, 'a', sizeof name);
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    const char *const long_names[] = {name};
    const struct atls_cert_spec long_spec = {long_names, 1, NOW_S, 1, NULL, 0};
    struct atls_key *key = new_key(ATLS_CRV_P256);
    char *pem = NULL;
    assert_err(atls_cert_self_signed(&pem, key, &long_spec, NULL), OK);
    X509 *cert = cert_of(pem);
    assert_int_equal(X509_check_host(cert, name, 0, 0, NULL), 1);
    X509_free(cert);
    atls_pem_free(pem);
    atls_key_free(key);
}

static void dates_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t not_before_s;
        unsigned days;
    } bad[] = {{NOW_S, 0}, {NOW_S, 36501}, {-1, 1}, {INT64_MAX, 1}, {INT64_C(253402300799), 1}};
    struct atls_key *key = new_key(ATLS_CRV_P256);
    for (size_t i = 0; i < ATLS_ARRAY_LEN(bad); i++) {
        const struct atls_cert_spec wrong = {names, 3, bad[i].not_before_s, bad[i].days, NULL, 0};
        char *pem = untouched;
        assert_err(atls_cert_self_signed(&pem, key, &wrong, NULL), ARGUMENT);
        assert_err(atls_ca_create(&pem, key, "x", bad[i].not_before_s, bad[i].days, NULL),
                   ARGUMENT);
        assert_ptr_equal(pem, untouched);
    }
    atls_key_free(key);
}

static void a_public_key_cannot_sign_a_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = sample_public(&key_samples[i]);
        char *pem = untouched;
        struct atls_diag diag = {0};
        assert_err(atls_cert_self_signed(&pem, key, &spec, &diag), KEY);
        assert_err(atls_csr(&pem, key, &spec, &diag), KEY);
        assert_int_equal(diag.err, ATLS_ERR_KEY);
        assert_ptr_equal(pem, untouched);
        atls_key_free(key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void more_extensions_are_carried_as_given(void **state)
{
    (void)state;
    /* id-pe-cmw (RFC 9999) with the CHOICE cbor: an OCTET STRING in the extension's own. */
    const struct atls_bytes value = test_hex("04 02 a0 01");
    const struct atls_cert_extension cmw = {"1.3.6.1.5.5.7.1.35", false, value};
    const struct atls_cert_extension bad = {"not an oid", false, value};
    const struct atls_cert_spec with = {names, 3, NOW_S, 1, &cmw, 1};
    const struct atls_cert_spec wrong = {names, 3, NOW_S, 1, &bad, 1};
    struct atls_key *key = new_key(ATLS_CRV_P256);
    char *pem = NULL;
    assert_err(atls_cert_self_signed(&pem, key, &with, NULL), OK);
    X509 *cert = cert_of(pem);
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.35", 1);
    const int at = X509_get_ext_by_OBJ(cert, oid, -1);
    assert_true(at >= 0);
    const X509_EXTENSION *extension = X509_get_ext(cert, at);
    X509_EXTENSION *copy = X509_EXTENSION_dup(extension);
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(copy);
    assert_int_equal(X509_EXTENSION_get_critical(extension), 0);
    assert_bytes(atls_bytes_of(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)),
                 value);
    X509_EXTENSION_free(copy);
    ASN1_OBJECT_free(oid);
    X509_free(cert);
    atls_pem_free(pem);
    pem = untouched;
    assert_err(atls_cert_self_signed(&pem, key, &wrong, NULL), CRYPTO);
    assert_ptr_equal(pem, untouched);
    atls_key_free(key);
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_request_is_signed_and_asks_for_the_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_KEY_SAMPLES; i++) {
        struct atls_key *key = new_key(key_samples[i].crv);
        char *pem = NULL;
        assert_err(atls_csr(&pem, key, &spec, NULL), OK);
        BIO *bio = BIO_new_mem_buf(pem, -1);
        X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
        BIO_free(bio);
        assert_non_null(request);
        assert_int_equal(X509_REQ_verify(request, atls_key_evp(key)), 1);
        STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(request);
        assert_true(X509v3_get_ext_by_NID(list, NID_subject_alt_name, -1) >= 0);
        assert_true(X509v3_get_ext_by_NID(list, NID_ext_key_usage, -1) >= 0);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
        X509_REQ_free(request);
        atls_pem_free(pem);
        atls_key_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_self_signed_certificate_holds_for_every_kind_of_key),
        cmocka_unit_test(a_certificate_holds_between_its_dates_only),
        cmocka_unit_test(a_p384_certificate_is_signed_with_sha384),
        cmocka_unit_test(serial_numbers_are_long_and_differ),
        cmocka_unit_test(an_authority_issues_what_holds_under_it_alone),
        cmocka_unit_test(an_authority_with_the_key_of_another_is_refused),
        cmocka_unit_test(names_that_cannot_be_are_refused),
        cmocka_unit_test(the_longest_host_name_is_taken),
        cmocka_unit_test(dates_that_cannot_be_are_refused),
        cmocka_unit_test(a_public_key_cannot_sign_a_certificate),
        cmocka_unit_test(more_extensions_are_carried_as_given),
        cmocka_unit_test(a_request_is_signed_and_asks_for_the_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
