/* SPDX-License-Identifier: Apache-2.0 */
/* How a handshake ended, as one error and one sentence: what programs print. */
#include "stack/openssl/psk.h"

#include <openssl/err.h>
#include <string.h>

/* Alerts that always speak of identity or attestation, and those that do when attestation was part
 * of this handshake (the exit status of programs, ARCHITECTURE: command line). */
static bool is_refusal(int alert, bool attestation_negotiated)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_MISSING_EXTENSION:
    case SSL_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
        return true;
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_ILLEGAL_PARAMETER:
    case SSL_AD_DECODE_ERROR:
    case SSL_AD_UNSUPPORTED_EXTENSION:
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return attestation_negotiated;
    default:
        return false;
    }
}

/* OpenSSL 3.0 calls the two alerts of TLS 1.3 "unknown" that say what we most often refuse for. */
static const char *alert_name(int alert)
{
    switch (alert) {
    case SSL_AD_MISSING_EXTENSION:
        return "missing extension";
    case SSL_AD_CERTIFICATE_REQUIRED:
        return "certificate required";
    default:
        return SSL_alert_desc_string_long(alert);
    }
}

static enum atls_err fail_alert(int alert, bool refusal, struct atls_diag *diag)
{
    const enum atls_err err = refusal ? ATLS_ERR_PEER_REFUSED : ATLS_ERR_PEER_ALERT;
    atls_fail(diag, err, "handshake", "alert");
    atls_diag_found_text(diag, alert_name(alert));
    atls_diag_found_text(diag, " (");
    atls_diag_found_int(diag, alert);
    atls_diag_found_text(diag, ")");
    return err;
}

enum atls_err openssl_fail_peer_alert(int alert, bool attestation_negotiated,
                                      struct atls_diag *diag)
{
    return fail_alert(alert, is_refusal(alert, attestation_negotiated), diag);
}

/* is_of_psk: a server that has another key for that identity. Of the binder RFC 8446, 6.2 says
 * decrypt_error, which OpenSSL sends from 3.5 on, and before that illegal_parameter. */
static bool is_of_psk(const SSL *ssl, int alert)
{
    return alert == SSL_AD_DECRYPT_ERROR && openssl_psk_is_set(SSL_get_SSL_CTX(ssl));
}

/* What the peer did wrong, by the alert that OpenSSL sent it. 0: none was sent, since the
 * connection is gone or the peer does not speak TLS. */
static enum atls_err err_of_own_alert(int alert)
{
    switch (alert) {
    case SSL_AD_DECODE_ERROR:
        return ATLS_ERR_MALFORMED;
    case SSL_AD_UNSUPPORTED_EXTENSION:
        return ATLS_ERR_UNSOLICITED;
    case SSL_AD_PROTOCOL_VERSION:
        return ATLS_ERR_PROTOCOL_VERSION;
    case SSL_AD_INTERNAL_ERROR:
        return ATLS_ERR_CRYPTO;
    default:
        return ATLS_ERR_ILLEGAL;
    }
}

/* fail_library: OpenSSL ended the handshake, and its oldest error says why. */
static enum atls_err fail_library(const SSL *ssl, unsigned long code, struct atls_diag *diag)
{
    const int own_alert = openssl_own_alert(ssl);
    const bool datagrams = SSL_is_dtls(ssl) == 1;
    const char *rules = datagrams ? "a handshake by RFC 6347" : "a handshake by RFC 8446";
    const char *reason = ERR_reason_error_string(code);
    const enum atls_err err = err_of_own_alert(own_alert);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) {
        /* The error of a share or a signature comes from libcrypto; whose mistake it is says the
         * alert. */
        return atls_fail_texts(diag, own_alert != 0 ? err : ATLS_ERR_CRYPTO, "handshake", NULL,
                               reason, rules);
    }
    switch (ERR_GET_REASON(code)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return atls_fail_texts(diag, ATLS_ERR_NOT_ATTESTED, "Certificate", "client certificate",
                               "none", "a certificate and its attestation");
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return atls_fail_texts(diag, ATLS_ERR_CONNECTION, "handshake", NULL,
                               "the end of the connection", "the peer's next message");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
        return atls_fail_texts(diag, ATLS_ERR_PROTOCOL_VERSION, "handshake", "version", reason,
                               datagrams ? "DTLS 1.2" : "TLS 1.3");
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
        return atls_fail_texts(diag, ATLS_ERR_CHANNEL, "handshake", NULL, reason,
                               "a suite and a group of PROTOCOL.md in common");
    case SSL_R_BINDER_DOES_NOT_VERIFY:
        return atls_fail_texts(diag, err, "PSK", "binder", reason,
                               "one by the key that this side has for that identity or session");
    case SSL_R_BAD_EXTENSION:
        return atls_fail_texts(diag, err, "handshake", "extension", reason,
                               "each extension once, where it belongs");
    default:
        return atls_fail_texts(diag, err, "handshake", NULL, reason, rules);
    }
}

/* fail_open: the gate was open, so most that goes wrong is the connection's. An extension where
 * none may stand, as in a NewSessionTicket, is still refused as what it is. */
static enum atls_err fail_open(unsigned long code, int own_alert, struct atls_diag *diag)
{
    const char *reason = ERR_reason_error_string(code);
    const bool is_extension =
        ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_BAD_EXTENSION;
    return is_extension
               ? atls_fail_texts(diag, err_of_own_alert(own_alert), "connection", "extension",
                                 reason, "each extension once, where it belongs")
               : atls_fail_texts(diag, ATLS_ERR_CONNECTION, "connection", NULL, reason,
                                 "close_notify");
}

enum atls_err atls_openssl_outcome(SSL *ssl, int ssl_return, struct atls_diag *diag)
{
    const struct atls_session *session = openssl_session_of(ssl);
    const struct atls_verdict *verdict = atls_openssl_verdict(ssl);
    if (verdict != NULL && verdict->state == ATLS_VERDICT_REFUSED) {
        if (diag != NULL) {
            *diag = verdict->reason;
        }
        ERR_clear_error();
        return verdict->reason.err;
    }
    if (ssl_return == 1 && verdict != NULL && atls_verdict_opens(verdict)) {
        return ATLS_OK;
    }
    if (openssl_peer_alert(ssl) != 0) {
        const int alert = openssl_peer_alert(ssl);
        ERR_clear_error();
        const bool negotiated = session != NULL && atls_session_was_negotiated(session);
        return fail_alert(alert, is_refusal(alert, negotiated) || is_of_psk(ssl, alert), diag);
    }
    const unsigned long code = ERR_peek_error();
    ERR_clear_error();
    if (code != 0) {
        return verdict != NULL && atls_verdict_opens(verdict)
                   ? fail_open(code, openssl_own_alert(ssl), diag)
                   : fail_library(ssl, code, diag);
    }
    if (ssl_return == 1 && session != NULL && atls_session_is_pending(session)) {
        return atls_fail_texts(diag, ATLS_ERR_NO_VERDICT, "gate", "exchange after the handshake",
                               "one that goes on", "atls_post_step() to its end");
    }
    if (ssl_return == 1) {
        return atls_fail(diag, ATLS_ERR_NO_VERDICT, "gate", NULL);
    }
    return atls_fail_texts(diag, ATLS_ERR_CONNECTION, "handshake", NULL,
                           "the end of the connection", "the peer's next message");
}
