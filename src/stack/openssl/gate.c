/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The callbacks that follow a connection from its start to its end. At the end the gate is derived
 * from the adapter's own state, never from what an application's callback reported: if it
 * does not open, the SSL is shut for reading and writing, so no application byte passes.
 */
#include "stack/openssl/adapter.h"

#include "base/span.h"

void atls_openssl_msg_callback(int write_p, int version, int content_type, const void *buf,
                               size_t len, SSL *ssl, void *arg)
{
    (void)write_p, (void)version, (void)arg;
    if (content_type != SSL3_RT_HANDSHAKE || ssl == NULL) {
        return;
    }
    struct atls_session *session = openssl_session_get(ssl);
    if (session != NULL && atls_session_has_begun(session)) {
        atls_session_message(session, atls_bytes_of(buf, len));
    }
}

static void begin(SSL *ssl)
{
    struct atls_session *session = openssl_session_get(ssl);
    openssl_forget_alerts(ssl);
    if (session == NULL) {
        return;
    }
    /* A connection object that is used again may have been moved to another SSL_CTX by SNI. */
    struct atls_context *now = openssl_context_of(SSL_get_SSL_CTX(ssl));
    atls_session_begin(session, SSL_is_server(ssl) ? ATLS_ROLE_SERVER : ATLS_ROLE_CLIENT);
    if (now != NULL && atls_session_rebind(session, now) != ATLS_OK) {
        return;
    }
}

static void finish(SSL *ssl)
{
    struct atls_session *session = openssl_session_of(ssl);
    const struct atls_channel channel = openssl_channel(ssl);
    if (session != NULL && atls_session_has_begun(session) &&
        atls_session_finish(session, &channel)) {
        return;
    }
    if (session == NULL && openssl_context_of(SSL_get_SSL_CTX(ssl)) == NULL) {
        return; /* the callback is chained on an SSL_CTX that atls is not enabled on */
    }
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void atls_openssl_info_callback(const SSL *const_ssl, int where, int ret)
{
    /* OpenSSL hands a const SSL to a callback whose purpose is to change state; its own manual's
     * examples cast, too. */
    SSL *ssl = (SSL *)(uintptr_t)const_ssl;
    if ((where & SSL_CB_HANDSHAKE_START) != 0) {
        begin(ssl);
    }
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
        finish(ssl);
    }
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (ret >> 8) == SSL3_AL_FATAL) {
        openssl_set_peer_alert(ssl, ret & 0xff);
    }
    if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && (ret >> 8) == SSL3_AL_FATAL) {
        openssl_set_own_alert(ssl, ret & 0xff);
    }
}

const struct atls_verdict *atls_openssl_verdict(const SSL *ssl)
{
    const struct atls_session *session = openssl_session_of(ssl);
    return session != NULL ? atls_session_verdict(session) : NULL;
}
