/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 on stock OpenSSL with a key of the TPM, client and server in one process. */
#ifndef TLS_TEST_H
#define TLS_TEST_H

#include "tpm2_test.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static inline X509 *self_signed(EVP_PKEY *key, const EVP_MD *md)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_NAME_new();
    assert_true(cert != NULL && name != NULL);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"localhost", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_int_equal(X509_set_subject_name(cert, name), 1);
    assert_int_equal(X509_set_issuer_name(cert, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_true(X509_sign(cert, key, md) > 0);
    X509_NAME_free(name);
    return cert;
}

static inline SSL_CTX *server_context(EVP_PKEY *key, X509 *cert)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    assert_int_equal(SSL_CTX_check_private_key(ctx), 1);
    assert_int_equal(SSL_CTX_set_num_tickets(ctx, 0), 1);
    return ctx;
}

/* client_context trusts exactly this certificate. */
static inline SSL_CTX *client_context(X509 *cert)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert), 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

struct pair {
    SSL *server, *client;
};

/* pair_new joins two ends by BIOs in memory. */
static inline struct pair pair_new(SSL_CTX *server, SSL_CTX *client)
{
    struct pair pair = {SSL_new(server), SSL_new(client)};
    BIO *a = NULL, *b = NULL;
    assert_true(pair.server != NULL && pair.client != NULL);
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(pair.server, a, a);
    SSL_set_bio(pair.client, b, b);
    SSL_set_accept_state(pair.server);
    SSL_set_connect_state(pair.client);
    return pair;
}

static inline void pair_free(struct pair *pair)
{
    SSL_free(pair->server);
    SSL_free(pair->client);
}

/* step runs one end on; true when its handshake is done. `*error` is SSL_get_error. */
static inline bool step(SSL *ssl, int *error)
{
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl);
    *error = SSL_get_error(ssl, result);
    return result == 1;
}

/* shake_hands runs both ends to the end; false when either fails. */
static inline bool shake_hands(const struct pair *pair)
{
    bool server = false, client = false;
    while (!server || !client) {
        int client_error = 0, server_error = 0;
        client = client || step(pair->client, &client_error);
        server = server || step(pair->server, &server_error);
        if (client_error == SSL_ERROR_SSL || server_error == SSL_ERROR_SSL) {
            return false;
        }
    }
    return true;
}

#endif
