/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSL_CTX_set_cert_verify_callback(3): PKIX first, as always, then the appraisal of what the
 * Certificate message carried (R-12: neither replaces the other, unless no-PKIX was asked for).
 *
 * Refusals become X509_V_ERR codes, from which OpenSSL makes the alert: PKIX keeps its own (42 to
 * 48), APPLICATION_VERIFICATION is handshake_failure(40), UNSPECIFIED is internal_error(80).
 */
#include "stack/openssl/peer.h"

#include "base/span.h"
#include "session/context.h"
#include "session/resumption.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static int x509_error_for(enum atls_err err)
{
    return atls_err_alert(err) == SSL_AD_INTERNAL_ERROR ? X509_V_ERR_UNSPECIFIED
                                                        : X509_V_ERR_APPLICATION_VERIFICATION;
}

static enum atls_err fail_pkix(int code, struct atls_diag *diag)
{
    return atls_fail_texts(diag, ATLS_ERR_PKIX, "peer's certificate", "PKIX",
                           X509_verify_cert_error_string(code), "a chain to --ca and the name");
}

/* check_pkix runs the ordinary verification; the store's error says what failed. `*out_overlooked`
 * is set where something did, and a verify callback of the application's let it pass: that is its
 * right, unless attestation is required, which no callback makes the only proof. */
static enum atls_err check_pkix(X509_STORE_CTX *store, bool strict, bool *out_overlooked,
                                struct atls_diag *diag)
{
    const bool passed = X509_verify_cert(store) > 0;
    const int code = X509_STORE_CTX_get_error(store);
    *out_overlooked = passed && code != X509_V_OK;
    if (passed && (code == X509_V_OK || !strict)) {
        return ATLS_OK;
    }
    if (code == X509_V_OK) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
    }
    return fail_pkix(X509_STORE_CTX_get_error(store), diag);
}

/* check_content is what X509_verify_cert would find in the certificate itself: an extension that is
 * critical and not understood, a key that must not sign in TLS 1.3 (RFC 8446, 4.4.2.2), or
 * one that is too weak to be an identity: below 112 bits of security, RSA with 2048. */
static int check_content(X509 *cert, const EVP_PKEY *key)
{
    enum { min_security_bits = 112 };
    if ((X509_get_extension_flags(cert) & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0) {
        return X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION;
    }
    if ((X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) == 0) { /* all bits where there is none */
        return X509_V_ERR_INVALID_PURPOSE;
    }
    return EVP_PKEY_get_security_bits(key) >= min_security_bits ? X509_V_OK
                                                                : X509_V_ERR_EE_KEY_TOO_SMALL;
}

/* check_self_signed is what remains without PKIX: one certificate, signed by its own key, in its
 * dates by the context's clock. The identity is the key. */
static enum atls_err check_self_signed(X509_STORE_CTX *store, const struct atls_context *context,
                                       struct atls_diag *diag)
{
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
    time_t now = (time_t)atls_context_now(context);
    int code = X509_V_OK;
    if (key == NULL) {
        code = X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY;
    } else if (X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) != 0 ||
               X509_verify(cert, key) != 1) {
        code = X509_V_ERR_CERT_SIGNATURE_FAILURE;
    } else if (X509_cmp_time(X509_get0_notBefore(cert), &now) >= 0) {
        code = X509_V_ERR_CERT_NOT_YET_VALID;
    } else if (X509_cmp_time(X509_get0_notAfter(cert), &now) <= 0) {
        code = X509_V_ERR_CERT_HAS_EXPIRED;
    } else {
        code = check_content(cert, key);
    }
    ERR_clear_error();
    X509_STORE_CTX_set_error(store, code);
    if (code == X509_V_OK) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_PKIX, "peer's certificate", "no PKIX",
                           X509_verify_cert_error_string(code),
                           "a self-signed certificate in its dates");
}

enum atls_err openssl_verify_certificate(X509_STORE_CTX *store, const struct atls_context *context,
                                         bool *out_pkix_ok, struct atls_diag *diag)
{
    bool overlooked = false;
    if (atls_context_is_no_pkix(context)) {
        *out_pkix_ok = false;
        return check_self_signed(store, context, diag);
    }
    const enum atls_err err = check_pkix(store, atls_context_requires(context), &overlooked, diag);
    *out_pkix_ok = err == ATLS_OK && !overlooked;
    return err;
}

static void subject_of(X509 *cert, char *out, size_t cap)
{
    out[0] = '\0';
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
                                          XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        const int len = BIO_read(bio, out, (int)cap - 1);
        out[len > 0 ? len : 0] = '\0';
    }
    BIO_free(bio);
    for (char *c = out; *c != '\0'; c++) {
        *c = *c >= 0x20 && *c < 0x7f ? *c : '?'; /* it is the peer's text */
    }
}

enum atls_err openssl_see_peer(struct openssl_seen *out, SSL *ssl, X509_STORE_CTX *store,
                               X509 *cert, bool pkix_ok, struct atls_diag *diag)
{
    const struct atls_context *context = atls_session_context(openssl_session_of(ssl));
    memset(out, 0, sizeof *out);
    const int der_len = atls_context_takes_certificates(context) ? i2d_X509(cert, &out->der) : 0;
    if (atls_context_keeps_claims(context)) {
        subject_of(cert, out->subject, sizeof out->subject); /* a percent of a handshake */
    }
    if (!openssl_peer_collect(&out->keys, ssl, store, cert, atls_context_resumes(context)) ||
        der_len < 0) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "peer's certificate", NULL);
    }
    out->peer = (struct atls_peer){.spki = out->keys.chain[0].spki,
                                   .chain = out->keys.chain,
                                   .num_chain = out->keys.num_chain,
                                   .own_spkis = out->keys.own,
                                   .num_own_spkis = out->keys.num_own,
                                   .cert = atls_bytes_of(out->der, (size_t)der_len),
                                   .subject = out->subject,
                                   .pkix_ok = pkix_ok};
    return ATLS_OK;
}

void openssl_seen_cleanup(struct openssl_seen *seen)
{
    openssl_peer_cleanup(&seen->keys);
    OPENSSL_free(seen->der);
    seen->der = NULL;
}

static enum atls_err appraise(SSL *ssl, struct atls_session *session, X509_STORE_CTX *store,
                              X509 *cert, bool pkix_ok)
{
    const struct atls_channel channel = openssl_channel(ssl);
    struct atls_diag diag;
    struct openssl_seen seen;
    enum atls_err err = openssl_see_peer(&seen, ssl, store, cert, pkix_ok, &diag);
    if (err == ATLS_OK) {
        err = atls_session_appraise(session, &channel, &seen.peer);
    } else {
        atls_session_refuse(session, &diag);
    }
    openssl_seen_cleanup(&seen);
    return err;
}

/* verify_raw_key: from OpenSSL 3.2 on an application may ask for raw public keys (RFC 7250). They
 * are compared with those that it expects; attestation here is of a certificate's key. */
static int verify_raw_key(X509_STORE_CTX *store, struct atls_session *session)
{
    struct atls_diag diag;
    if (!atls_context_requires(atls_session_context(session))) {
        return X509_verify_cert(store);
    }
    atls_fail_texts(&diag, ATLS_ERR_PKIX, "peer's certificate", "certificate type",
                    "a raw public key", "an X.509 certificate");
    atls_session_refuse(session, &diag);
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

int openssl_verify_callback(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    struct atls_diag diag;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct atls_session *session = ssl != NULL ? openssl_session_of(ssl) : NULL;
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    if (session == NULL) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    if (cert == NULL) {
        return verify_raw_key(store, session);
    }
    const struct atls_context *context = atls_session_context(session);
    bool pkix_ok = false;
    enum atls_err err = openssl_verify_certificate(store, context, &pkix_ok, &diag);
    if (err != ATLS_OK) {
        /* Where nothing is required, an application with SSL_VERIFY_NONE goes on without PKIX as it
         * always could; OpenSSL ignores our 0 then. */
        if (atls_context_requires(context) || SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
            atls_session_refuse(session, &diag);
        }
        return 0;
    }
    err = appraise(ssl, session, store, cert, pkix_ok);
    if (err != ATLS_OK) {
        X509_STORE_CTX_set_error(store, x509_error_for(err));
        return 0;
    }
    return 1;
}
