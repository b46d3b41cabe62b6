/* SPDX-License-Identifier: Apache-2.0 */
/* The third of the three calls. */
#include "session/passport.h"
#include "session/resumption.h"
#include "stack/openssl/psk.h"

#include "base/span.h"

/* check_datagrams: what Evidence in the handshake needs is not in DTLS 1.2. */
static enum atls_err check_datagrams(const struct atls_context *context, struct atls_diag *diag)
{
    if (!atls_context_is_post_only(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "OpenSSL", "timing",
                               "DTLS, and another timing than post",
                               "attestation after the handshake where it is DTLS");
    }
    if (atls_context_resumes(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "OpenSSL", "resumption",
                               "DTLS, and sessions that are resumed", "full handshakes on DTLS");
    }
    if (atls_context_is_framed(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "OpenSSL", "framing",
                               "DTLS, and data that are framed", "data as datagrams on DTLS");
    }
    if (!atls_context_wants_prelude(context)) {
        return atls_fail_texts(diag, ATLS_ERR_CONFIG, "OpenSSL", "carriage",
                               "DTLS, and no frames of atls",
                               "one side or both that attest, in frames of atls");
    }
    return ATLS_OK;
}

/* check_method: in QUIC an SSL has other ways to pass data than those that the gate shuts. */
static enum atls_err check_method(const SSL_CTX *ctx, const struct atls_context *context,
                                  struct atls_diag *diag)
{
    if (openssl_is_datagrams(ctx)) {
        return check_datagrams(context, diag);
    }
    const SSL_METHOD *method = SSL_CTX_get_ssl_method(ctx);
    if (method == TLS_method() || method == TLS_client_method() || method == TLS_server_method()) {
        return ATLS_OK;
    }
    return atls_fail_texts(diag, ATLS_ERR_CONFIG, "OpenSSL", "SSL_CTX", "another method",
                           "TLS_method(), DTLS_method() or theirs of client and server");
}

/* own_spki gives the key of the certificate that is loaded (caller: OPENSSL_free); 0: none is. */
static size_t own_spki(const SSL_CTX *ctx, unsigned char **out)
{
    X509 *cert = SSL_CTX_get0_certificate(ctx);
    return cert != NULL ? openssl_spki(cert, out) : 0;
}

/* check_passports: what is wrong with one is better said now than by each peer. One that is loaded
 * later is looked at in the handshake. */
static enum atls_err check_passports(SSL_CTX *ctx, struct atls_context *context,
                                     struct atls_diag *diag)
{
    unsigned char *spki = NULL;
    const size_t len = own_spki(ctx, &spki);
    const enum atls_err err = atls_context_check_passports(context, atls_bytes_of(spki, len), diag);
    OPENSSL_free(spki);
    return err;
}

enum atls_err atls_openssl_renew_passport(SSL_CTX *ctx, const char *identity,
                                          struct atls_bytes result, struct atls_diag *diag)
{
    unsigned char *spki = NULL;
    struct atls_context *context = openssl_context_of(ctx);
    if (context == NULL) {
        return atls_fail_texts(diag, ATLS_ERR_STATE, "OpenSSL", "SSL_CTX", "one without atls",
                               "atls_openssl_enable() before");
    }
    const size_t len = own_spki(ctx, &spki);
    const enum atls_err err =
        session_passport_renew(context, identity, result, atls_bytes_of(spki, len), diag);
    OPENSSL_free(spki);
    return err;
}

enum atls_err atls_openssl_enable(SSL_CTX *ctx, struct atls_context *context,
                                  struct atls_diag *diag)
{
    enum atls_err err = openssl_index_init(diag);
    if (err == ATLS_OK && openssl_context_of(ctx) != NULL) {
        err = atls_fail_texts(diag, ATLS_ERR_STATE, "OpenSSL", "SSL_CTX", "atls enabled already",
                              "one atls_openssl_enable() for an SSL_CTX");
    }
    if (err == ATLS_OK) {
        err = check_method(ctx, context, diag);
    }
    if (err == ATLS_OK) {
        err = openssl_psk_check_timing(ctx, context, diag);
    }
    if (err == ATLS_OK) {
        err = atls_context_freeze(context, diag);
    }
    if (err == ATLS_OK) {
        err = check_passports(ctx, context, diag);
    }
    if (err == ATLS_OK) {
        err = openssl_restrict_channel(ctx, context, diag);
    }
    if (err == ATLS_OK) {
        err = openssl_add_extension(ctx, context, diag);
    }
    if (err != ATLS_OK) {
        return err;
    }
    if (!openssl_context_set(ctx, context)) {
        return atls_fail(diag, ATLS_ERR_MEMORY, "OpenSSL", "SSL_CTX");
    }
    SSL_CTX_set_msg_callback(ctx, atls_openssl_msg_callback);
    SSL_CTX_set_info_callback(ctx, atls_openssl_info_callback);
    SSL_CTX_set_cert_verify_callback(ctx, openssl_verify_callback, NULL);
    if (atls_context_requires(context) && !atls_context_is_post_only(context)) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           SSL_CTX_get_verify_callback(ctx));
    }
    return openssl_alpn_apply(ctx, diag);
}
