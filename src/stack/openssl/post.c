/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of attestation after the handshake: our own identity, and the peer's certificates,
 * as OpenSSL has them. */
#include "atls/post.h"
#include "stack/openssl/peer.h"

#include "base/span.h"
#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

static const char step[] = "authenticator";

static struct atls_session *session_of(const SSL *ssl, struct atls_diag *diag)
{
    struct atls_session *session = openssl_session_of(ssl);
    if (session == NULL) {
        atls_fail_texts(diag, ATLS_ERR_STATE, "OpenSSL", "SSL", "one without atls",
                        "atls_openssl_enable() before");
    }
    return session;
}

enum atls_err atls_post_ask(SSL *ssl, struct atls_bytes nonce, struct atls_bytes *out,
                            struct atls_diag *diag)
{
    struct atls_session *session = session_of(ssl, diag);
    return session != NULL ? atls_session_post_ask(session, nonce, out, diag) : ATLS_ERR_STATE;
}

/* ---- ourselves ---- */

struct own_chain {
    struct atls_bytes certs[ATLS_MAX_AUTHENTICATOR_CERTS];
    size_t num;
    unsigned char *spki;
};

static bool add_cert(struct own_chain *chain, X509 *cert)
{
    unsigned char *der = NULL;
    const int len = chain->num < ATLS_MAX_AUTHENTICATOR_CERTS ? i2d_X509(cert, &der) : -1;
    if (len <= 0) {
        return false;
    }
    chain->certs[chain->num++] = atls_bytes_of(der, (size_t)len);
    return true;
}

static void free_chain(struct own_chain *chain)
{
    for (size_t i = 0; i < chain->num; i++) {
        OPENSSL_free((void *)(uintptr_t)chain->certs[i].data);
    }
    OPENSSL_free(chain->spki);
}

/* chain_of gives the certificates that stand behind ours in a handshake. */
static STACK_OF(X509) * chain_of(SSL *ssl)
{
    STACK_OF(X509) *chain = NULL;
    (void)SSL_get0_chain_certs(ssl, &chain);
    if (chain == NULL) {
        (void)SSL_CTX_get_extra_chain_certs(SSL_get_SSL_CTX(ssl), &chain);
    }
    return chain;
}

/* read_own gives the certificate, chain and key of this side; without both an identity of nobody,
 * by which a request is refused. */
static enum atls_err read_own(SSL *ssl, struct own_chain *chain, struct atls_session_identity *out,
                              struct atls_diag *diag)
{
    X509 *cert = SSL_get_certificate(ssl);
    EVP_PKEY *key = SSL_get_privatekey(ssl);
    *out = (struct atls_session_identity){.signatures = atls_tls_signature_openssl()};
    if (cert == NULL || key == NULL) {
        return ATLS_OK;
    }
    const size_t spki_len = openssl_spki(cert, &chain->spki);
    const STACK_OF(X509) *rest = chain_of(ssl);
    bool fits = spki_len != 0 && add_cert(chain, cert);
    for (int i = 0; fits && rest != NULL && i < sk_X509_num(rest); i++) {
        fits = add_cert(chain, sk_X509_value(rest, i));
    }
    if (!fits) {
        return atls_fail_texts(diag, ATLS_ERR_KEY, step, "our chain", "one that cannot be written",
                               "at most 10 certificates");
    }
    out->chain = chain->certs;
    out->num_certs = chain->num;
    out->spki = atls_bytes_of(chain->spki, spki_len);
    out->key = atls_tls_key_of(key);
    return ATLS_OK;
}

enum atls_err atls_post_answer(SSL *ssl, struct atls_bytes request, struct atls_bytes *out,
                               struct atls_diag *diag)
{
    struct own_chain chain = {.num = 0};
    struct atls_session_identity identity;
    struct atls_session *session = session_of(ssl, diag);
    if (session == NULL) {
        return ATLS_ERR_STATE;
    }
    enum atls_err err = read_own(ssl, &chain, &identity, diag);
    if (err == ATLS_OK) {
        err = atls_session_post_answer(session, &identity, request, out, diag);
    }
    free_chain(&chain);
    return err;
}

/* ---- the peer ---- */

/* read_certs decodes the certificates, each to its last octet; the caller frees. */
static STACK_OF(X509) * read_certs(const struct atls_authenticator *from)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    for (size_t i = 0; certs != NULL && i < from->num_certs; i++) {
        const unsigned char *at = from->certs[i].data;
        X509 *cert = d2i_X509(NULL, &at, (long)from->certs[i].len);
        if (cert == NULL || at != from->certs[i].data + from->certs[i].len ||
            sk_X509_push(certs, cert) <= 0) {
            X509_free(cert);
            sk_X509_pop_free(certs, X509_free);
            return NULL;
        }
    }
    return certs;
}

/* new_store prepares a verification as OpenSSL does in a handshake: the same anchors, name, dates,
 * depth, security level, TLSA records (without any that changes nothing) and callback of the
 * application. */
static X509_STORE_CTX *new_store(SSL *ssl, STACK_OF(X509) * certs)
{
    X509_STORE *anchors = NULL;
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    (void)SSL_get0_verify_cert_store(ssl, &anchors);
    if (anchors == NULL) {
        (void)SSL_CTX_get0_verify_cert_store(SSL_get_SSL_CTX(ssl), &anchors);
    }
    if (anchors == NULL) {
        anchors = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    }
    if (store == NULL || X509_STORE_CTX_init(store, anchors, sk_X509_value(certs, 0), certs) != 1 ||
        X509_STORE_CTX_set_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) != 1 ||
        X509_STORE_CTX_set_default(store, SSL_is_server(ssl) ? "ssl_client" : "ssl_server") != 1) {
        X509_STORE_CTX_free(store);
        return NULL;
    }
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store), SSL_get_security_level(ssl));
    if (X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_get0_param(ssl)) != 1) {
        X509_STORE_CTX_free(store);
        return NULL;
    }
    X509_STORE_CTX_set0_dane(store, SSL_get0_dane(ssl));
    if (SSL_get_verify_callback(ssl) != NULL) {
        X509_STORE_CTX_set_verify_cb(store, SSL_get_verify_callback(ssl));
    }
    return store;
}

/* judge_chain verifies the certificates, then hands over to the session. */
static enum atls_err judge_chain(SSL *ssl, struct atls_session *session, X509_STORE_CTX *store,
                                 const struct atls_authenticator *authenticator,
                                 struct atls_diag *diag)
{
    bool pkix_ok = false;
    struct openssl_seen seen;
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    EVP_PKEY *key = X509_get0_pubkey(cert);
    const struct atls_channel channel = openssl_channel(ssl);
    if (key == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_PKIX, step, "certificate", "a key that is not known",
                               "a key that can sign");
    }
    enum atls_err err =
        openssl_verify_certificate(store, atls_session_context(session), &pkix_ok, diag);
    if (err != ATLS_OK) {
        return err;
    }
    err = openssl_see_peer(&seen, ssl, store, cert, pkix_ok, diag);
    if (err == ATLS_OK) {
        const struct atls_session_answer answer = {.authenticator = authenticator,
                                                   .signatures = atls_tls_signature_openssl(),
                                                   .key = atls_tls_key_of(key),
                                                   .channel = &channel,
                                                   .peer = &seen.peer};
        err = atls_session_post_judge(session, &answer, diag);
    }
    openssl_seen_cleanup(&seen);
    return err;
}

static enum atls_err judge(SSL *ssl, struct atls_session *session,
                           const struct atls_authenticator *authenticator, struct atls_diag *diag)
{
    STACK_OF(X509) *certs = read_certs(authenticator);
    if (certs == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_PKIX, step, "certificate_list",
                               "what is no certificate", "X.509 certificates in DER");
    }
    X509_STORE_CTX *store = new_store(ssl, certs);
    const enum atls_err err = store != NULL ? judge_chain(ssl, session, store, authenticator, diag)
                                            : atls_fail(diag, ATLS_ERR_MEMORY, step, NULL);
    X509_STORE_CTX_free(store);
    sk_X509_pop_free(certs, X509_free);
    return err;
}

enum atls_err atls_post_judge(SSL *ssl, struct atls_bytes message, struct atls_diag *diag)
{
    struct atls_diag why = {.err = ATLS_OK};
    struct atls_authenticator authenticator;
    struct atls_session *session = session_of(ssl, diag);
    if (session == NULL) {
        return ATLS_ERR_STATE;
    }
    ERR_set_mark();
    enum atls_err err = atls_session_post_open(session, message, &authenticator, &why);
    if (err == ATLS_OK) {
        err = judge(ssl, session, &authenticator, &why);
        if (err != ATLS_OK) {
            atls_session_refuse(session, &why);
        }
    }
    ERR_pop_to_mark();
    if (err != ATLS_OK && diag != NULL) {
        *diag = why;
    }
    return err;
}

enum atls_err atls_post_renew(SSL *ssl, struct atls_context *context, struct atls_diag *diag)
{
    struct atls_session *session = session_of(ssl, diag);
    return session != NULL ? atls_session_post_renew(session, context, diag) : ATLS_ERR_STATE;
}
