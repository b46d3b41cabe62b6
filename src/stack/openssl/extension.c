/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remoteAttestation through SSL_CTX_add_custom_ext(3). Parsing checks syntax and negotiation and
 * keeps the credential; appraisal is in verify.c. OpenSSL itself refuses the extension where it is
 * not registered (ServerHello, HelloRetryRequest, NewSessionTicket), and twice in one block.
 */
#include "stack/openssl/resume.h"

#include "base/span.h"

#include <openssl/err.h>
#include <openssl/x509.h>

static const unsigned messages = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                                 SSL_EXT_TLS1_3_CERTIFICATE_REQUEST | SSL_EXT_TLS1_3_CERTIFICATE |
                                 SSL_EXT_TLS1_3_ONLY;

size_t openssl_spki(X509 *cert, unsigned char **out)
{
    /* i2d of the X509_PUBKEY copies what was received; X509_get0_pubkey would decode the key, which
     * costs more than a signature on OpenSSL 3.0. */
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), out);
    return len > 0 ? (size_t)len : 0;
}

/* needs_certificate: a client that attests after the handshake brings its own there. */
static bool needs_certificate(const SSL *ssl, const struct atls_context *context)
{
    return atls_context_requires(context) &&
           (SSL_is_server(ssl) == 0 || !atls_context_is_post_only(context));
}

enum atls_err openssl_check_callbacks(SSL *ssl, const struct atls_session *session,
                                      struct atls_diag *diag)
{
    if (!atls_session_has_begun(session)) {
        return atls_fail_texts(diag, ATLS_ERR_CALLBACK, "ClientHello", "info callback",
                               "a start of the handshake that it did not see",
                               "atls_openssl_info_callback called from the application's own");
    }
    if (needs_certificate(ssl, atls_session_context(session)) &&
        (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0) {
        return atls_fail_texts(diag, ATLS_ERR_CALLBACK, "ClientHello", "verify mode",
                               "SSL_VERIFY_NONE where the peer must attest", "SSL_VERIFY_PEER");
    }
    if (atls_context_requires(atls_session_context(session)) && SSL_is_server(ssl) == 0 &&
        !openssl_may_offer(ssl, session)) {
        return atls_fail_texts(diag, ATLS_ERR_RESUMED, "ClientHello", "session", "one to resume",
                               "a full handshake");
    }
    return ATLS_OK;
}

/* follow_sni goes over to the context of the SSL_CTX that the servername callback may have switched
 * to since the ClientHello. Of the verify mode SSL_set_SSL_CTX(3) says nothing, so what that
 * context requires is asked for here, before OpenSSL decides on a CertificateRequest. */
static bool follow_sni(SSL *ssl, struct atls_session *session)
{
    static const int required = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    struct atls_context *now = openssl_context_of(SSL_get_SSL_CTX(ssl));
    if (now == NULL || now == atls_session_context(session)) {
        return true;
    }
    if (atls_session_rebind(session, now) != ATLS_OK) {
        return false;
    }
    if (needs_certificate(ssl, now)) {
        SSL_set_verify(ssl, SSL_get_verify_mode(ssl) | required, SSL_get_verify_callback(ssl));
    }
    return true;
}

/* begin gives the session of a callback, or NULL with the reason in the verdict. */
static struct atls_session *begin(SSL *ssl, unsigned context)
{
    struct atls_session *session = openssl_session_get(ssl);
    struct atls_diag diag;
    if (session == NULL) {
        return NULL;
    }
    if (context == SSL_EXT_CLIENT_HELLO &&
        openssl_check_callbacks(ssl, session, &diag) != ATLS_OK) {
        atls_session_refuse(session, &diag);
        if (SSL_is_server(ssl) == 0) {
            openssl_shut(ssl); /* not even an alert: the peer knows of nothing yet */
        }
        return NULL;
    }
    if (SSL_is_server(ssl) && context != SSL_EXT_CLIENT_HELLO && !follow_sni(ssl, session)) {
        return NULL;
    }
    return session;
}

static enum atls_err write_certificate(SSL *ssl, struct atls_session *session, X509 *cert,
                                       bool *out_send, struct atls_bytes *out)
{
    unsigned char *spki = NULL;
    const size_t len = cert != NULL ? openssl_spki(cert, &spki) : 0;
    const enum atls_err err = atls_session_write_certificate(
        session, openssl_hash_alg(ssl), atls_bytes_of(spki, len), out_send, out);
    OPENSSL_free(spki);
    return err;
}

/* The callback that writes the extension: 1 adds it, 0 leaves it out, -1 fails with *alert. */
static int add(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
               size_t *out_len, X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)type, (void)arg;
    struct atls_bytes body = {NULL, 0};
    bool send = false;
    enum atls_err err = ATLS_ERR_STATE;
    struct atls_session *session = begin(ssl, context);
    *alert = SSL_AD_INTERNAL_ERROR;
    if (session == NULL) {
        return -1;
    }
    if (context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS && SSL_session_reused(ssl) == 1) {
        return 0; /* no Certificate follows that could carry anything */
    }
    if (context == SSL_EXT_CLIENT_HELLO) {
        err = atls_session_write_client_hello(session, &send, &body);
    } else if (context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS) {
        err = atls_session_write_encrypted_extensions(session, &send, &body);
    } else if (context == SSL_EXT_TLS1_3_CERTIFICATE_REQUEST) {
        err = atls_session_write_certificate_request(session, &send, &body);
    } else if (context == SSL_EXT_TLS1_3_CERTIFICATE) {
        if (chain_index != 0) {
            return 0; /* only the first CertificateEntry carries the credential */
        }
        err = write_certificate(ssl, session, cert, &send, &body);
    }
    if (err != ATLS_OK) {
        *alert = atls_err_alert(err) != 0 ? atls_err_alert(err) : SSL_AD_INTERNAL_ERROR;
        return -1;
    }
    *out = body.data;
    *out_len = body.len;
    return send ? 1 : 0;
}

/* What add gave is the session's, and is freed with the next write or with the connection. */
static void free_added(SSL *ssl, unsigned type, unsigned context, const unsigned char *out,
                       void *arg)
{
    (void)ssl, (void)type, (void)context, (void)out, (void)arg;
}

/* refuse_choice: a resumed handshake has no Certificate, so a scheme for one is illegal. */
static enum atls_err refuse_choice(struct atls_session *session)
{
    struct atls_diag diag;
    atls_fail_texts(&diag, ATLS_ERR_ILLEGAL, "EncryptedExtensions", "remoteAttestation",
                    "a choice, and the session is resumed", "none, since no Certificate follows");
    atls_session_refuse(session, &diag);
    return diag.err;
}

/* The callback that reads the extension: 1 goes on, 0 fails with *alert. */
static int parse(SSL *ssl, unsigned type, unsigned context, const unsigned char *in, size_t in_len,
                 X509 *cert, size_t chain_index, int *alert, void *arg)
{
    (void)type, (void)cert, (void)arg;
    const struct atls_bytes body = atls_bytes_of(in, in_len);
    enum atls_err err = ATLS_ERR_STATE;
    struct atls_session *session = begin(ssl, context);
    *alert = SSL_AD_INTERNAL_ERROR;
    if (session == NULL) {
        return 0;
    }
    if (context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS && SSL_session_reused(ssl) == 1) {
        err = refuse_choice(session);
    } else if (context == SSL_EXT_CLIENT_HELLO) {
        err = atls_session_read_client_hello(session, body);
    } else if (context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS) {
        err = atls_session_read_encrypted_extensions(session, body);
    } else if (context == SSL_EXT_TLS1_3_CERTIFICATE_REQUEST) {
        err = atls_session_read_certificate_request(session, body);
    } else if (context == SSL_EXT_TLS1_3_CERTIFICATE) {
        err = atls_session_read_certificate(session, chain_index, body);
    }
    if (err != ATLS_OK) {
        *alert = atls_err_alert(err) != 0 ? atls_err_alert(err) : SSL_AD_INTERNAL_ERROR;
        return 0;
    }
    return 1;
}

enum atls_err openssl_add_extension(SSL_CTX *ctx, struct atls_context *context,
                                    struct atls_diag *diag)
{
    const unsigned type = atls_context_extension_type(context);
    if (SSL_CTX_add_custom_ext(ctx, type, messages, add, free_added, NULL, parse, NULL) != 1) {
        ERR_clear_error();
        atls_fail(diag, ATLS_ERR_CONFIG, "extension", "code point");
        atls_diag_found_int(diag, type);
        atls_diag_expected_text(diag, "one that OpenSSL does not handle itself");
        return ATLS_ERR_CONFIG;
    }
    return ATLS_OK;
}
