/* SPDX-License-Identifier: Apache-2.0 */
/* What a self-signed certificate must be where it stands instead of PKIX. */
#include "support/pair.h"

#include "atls/sim.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static struct test_world *world;

static int start(void **state)
{
    (void)state;
    world = test_world(&atls_attester_sim_psa);
    return 0;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A critical extension that nobody knows. */
static void add_unknown(X509 *cert, int critical)
{
    ASN1_OBJECT *object = OBJ_txt2obj("1.3.6.1.4.1.55555.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static X509 *make_cert(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"machine", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -100));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 1000));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    return cert;
}

/* shake runs a handshake whose server presents `cert`, which is signed here and freed. */
static struct test_pair shake(X509 *cert, EVP_PKEY *key, EVP_PKEY *signer)
{
    const struct test_spec requires = {.requires = &world->server, .no_pkix = true};
    const struct test_spec attests = {.attests = &world->server};
    SSL_CTX *client = test_enabled_ctx(world, NULL, &requires);
    SSL_CTX *server = test_enabled_ctx(world, NULL, &attests);
    assert_true(X509_sign(cert, signer, EVP_sha256()) > 0);
    SSL_CTX_set_security_level(server, 0); /* ours is to judge */
    SSL_CTX_set_security_level(client, 0);
    assert_int_equal(SSL_CTX_use_certificate(server, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server, key), 1);
    struct test_pair pair = test_pair_of(client, server);
    test_shake(&pair);
    X509_free(cert);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return pair;
}

static void refuse_signed(X509 *cert, EVP_PKEY *key, EVP_PKEY *signer, const char *reason)
{
    char sentence[300];
    struct test_pair pair = shake(cert, key, signer);
    snprintf(sentence, sizeof sentence,
             "peer's certificate: the certificate of the peer is not accepted (no PKIX: found %s, "
             "expected a self-signed certificate in its dates)",
             reason);
    assert_refused(&pair.client, PKIX, sentence);
    test_pair_free(&pair);
}

static void refuse(X509 *cert, EVP_PKEY *key, const char *reason)
{
    refuse_signed(cert, key, key, reason);
}

static void accept(X509 *cert, EVP_PKEY *key)
{
    struct test_pair pair = shake(cert, key, key);
    assert_open(&pair);
    test_pair_free(&pair);
}

static void a_certificate_that_its_key_did_not_sign_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    refuse_signed(make_cert(key), key, other, "certificate signature failure");
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

static void only_what_is_understood_may_be_critical(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_cert(key);
    add_unknown(cert, 0);
    accept(cert, key);
    cert = make_cert(key);
    add_unknown(cert, 1);
    refuse(cert, key, "unhandled critical extension");
    cert = make_cert(key);
    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE");
    accept(cert, key);
    EVP_PKEY_free(key);
}

static void the_key_must_be_one_that_may_sign(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = make_cert(key);
    accept(cert, key); /* no keyUsage: any */
    cert = make_cert(key);
    add_extension(cert, NID_key_usage, "critical,digitalSignature");
    accept(cert, key);
    cert = make_cert(key);
    add_extension(cert, NID_key_usage, "critical,keyAgreement");
    refuse(cert, key, "unsuitable certificate purpose");
    EVP_PKEY_free(key);
}

static void a_weak_key_is_no_identity(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(1024);
    refuse(make_cert(key), key, "EE certificate key too weak");
    EVP_PKEY_free(key);
    key = EVP_RSA_gen(2048);
    accept(make_cert(key), key);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_that_its_key_did_not_sign_is_refused),
        cmocka_unit_test(only_what_is_understood_may_be_critical),
        cmocka_unit_test(the_key_must_be_one_that_may_sign),
        cmocka_unit_test(a_weak_key_is_no_identity),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
