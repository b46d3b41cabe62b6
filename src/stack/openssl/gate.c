/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The callbacks that follow a connection from its start to its end. At the end the gate is derived
 * from the adapter's own state, never from what an application's callback reported: if it
 * does not open, the SSL is shut for reading and writing, so no application byte passes.
 */
#include "stack/openssl/psk.h"
#include "stack/openssl/resume.h"

#include "base/span.h"
#include "handshake/server_hello.h"

#include <openssl/bio.h>

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, FINISHED = 20 }; /* HandshakeType (RFC 8446, 4) */

/* The wall: a BIO that takes nothing, where the application's was. */
static bool is_wall(BIO *bio)
{
    return bio != NULL && BIO_method_type(bio) == BIO_TYPE_MEM &&
           BIO_test_flags(bio, BIO_FLAGS_MEM_RDONLY) != 0;
}

/* openssl_wall makes every further write fail. SSL_write(3) that runs the handshake itself has
 * looked at the shutdown flags before it began, and would send right after it. What was written so
 * far stays where the application may hold it: the old BIO lives on. */
void openssl_wall(SSL *ssl)
{
    BIO *wbio = SSL_get_wbio(ssl);
    if (wbio == NULL || is_wall(wbio)) {
        return;
    }
    if (BIO_up_ref(wbio) == 1) {
        openssl_keep_bio(ssl, wbio);
    }
    /* Without memory it is NULL, which fails, too. */
    SSL_set0_wbio(ssl, BIO_new_mem_buf("", 0));
}

/* openssl_unwall is for a connection object that is used again (SSL_clear) with the BIO that it
 * had, and for the exchange after a handshake. */
void openssl_unwall(SSL *ssl)
{
    BIO *kept = is_wall(SSL_get_wbio(ssl)) ? openssl_kept_bio(ssl) : NULL;
    if (kept != NULL && BIO_up_ref(kept) == 1) {
        SSL_set0_wbio(ssl, kept);
    }
}

void openssl_shut(SSL *ssl)
{
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    openssl_wall(ssl);
}

/* check_unasked: no callback of the extension is called on a server whose client offers nothing,
 * nor on a client below TLS 1.3; so what they check first is checked at our own hello, too. */
static void check_unasked(SSL *ssl, struct atls_session *session)
{
    struct atls_diag diag;
    if (atls_context_requires(atls_session_context(session)) &&
        openssl_check_callbacks(ssl, session, &diag) != ATLS_OK) {
        atls_session_refuse(session, &diag);
        openssl_shut(ssl);
    }
}

/* ends_handshake: with the client's Finished in TLS 1.3, in DTLS 1.2 with the server's, which may
 * come again after the end. */
static bool ends_handshake(const SSL *ssl, const struct atls_session *session, bool written)
{
    const bool of_server = written == (SSL_is_server(ssl) == 1);
    return SSL_is_dtls(ssl) == 1 ? of_server && !atls_session_has_finished(session) : !of_server;
}

/* check_last: with the last Finished the handshake ends. Should the application have taken the
 * info callback away since, nobody else would shut what was not appraised. */
static void check_last(SSL *ssl, struct atls_session *session)
{
    openssl_before_finished(ssl, session);
    if (!atls_session_is_appraised(session)) {
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
}

void atls_openssl_msg_callback(int write_p, int version, int content_type, const void *buf,
                               size_t len, SSL *ssl, void *arg)
{
    (void)version, (void)arg;
    if (content_type != SSL3_RT_HANDSHAKE || ssl == NULL) {
        return;
    }
    struct atls_session *session = openssl_session_get(ssl);
    if (session == NULL) {
        return;
    }
    /* In DTLS nothing is bound to the transcript, and messages have another head. */
    if (atls_session_has_begun(session) && SSL_is_dtls(ssl) == 0) {
        atls_session_message(session, atls_bytes_of(buf, len));
    }
    const int type = len != 0 ? *(const unsigned char *)buf : 0;
    if (type == SERVER_HELLO) { /* in DTLS it cannot be read, and none is resumed */
        openssl_set_share(ssl, atls_server_hello_has_key_share(atls_bytes_of(buf, len)));
    }
    if (write_p == 1 && (type == CLIENT_HELLO || type == SERVER_HELLO)) {
        check_unasked(ssl, session);
    }
    if (type == FINISHED && ends_handshake(ssl, session, write_p == 1)) {
        check_last(ssl, session);
    }
}

/* An SSL takes its info callback from the SSL_CTX that it has at the moment. The servername
 * callback may exchange that for one where atls is not enabled, and ours would never be called
 * again. */
static void pinned_info_callback(const SSL *ssl, int where, int ret)
{
    void (*of_ctx)(const SSL *, int, int) = SSL_CTX_get_info_callback(SSL_get_SSL_CTX(ssl));
    atls_openssl_info_callback(ssl, where, ret);
    if (of_ctx != NULL && of_ctx != atls_openssl_info_callback) {
        of_ctx(ssl, where, ret);
    }
}

/* ask_for_certificate: with timing "post" nobody's certificate is asked for on the SSL_CTX, since a
 * client attests after the handshake. A server's is verified in it all the same. */
static void ask_for_certificate(SSL *ssl, const struct atls_context *context)
{
    const int mode = SSL_get_verify_mode(ssl);
    if (atls_context_is_post_only(context) && atls_context_requires(context) &&
        SSL_is_server(ssl) == 0 && (mode & SSL_VERIFY_PEER) == 0) {
        SSL_set_verify(ssl, mode | SSL_VERIFY_PEER, SSL_get_verify_callback(ssl));
    }
}

/* refuse_paused: the exchange of the connection before still has all of the session in its hands.
 */
static void refuse_paused(struct atls_session *session)
{
    struct atls_diag diag;
    atls_fail_texts(&diag, ATLS_ERR_STATE, "OpenSSL", "SSL",
                    "one whose exchange waits (ATLS_POST_WANT_ASYNC)", "its end, or a new SSL");
    atls_session_refuse(session, &diag);
}

static void begin(SSL *ssl)
{
    struct atls_session *session = openssl_session_get(ssl);
    openssl_forget_notes(ssl);
    openssl_unwall(ssl);
    if (session == NULL) {
        return;
    }
    if (!openssl_prelude_cancel(openssl_prelude_of(ssl))) {
        refuse_paused(session);
        return;
    }
    if (!openssl_prelude_set(ssl, NULL)) { /* that of an earlier connection */
        return;
    }
    if (SSL_get_info_callback(ssl) == NULL) {
        SSL_set_info_callback(ssl, pinned_info_callback);
    }
    /* A connection object that is used again may have been moved to another SSL_CTX by SNI. */
    struct atls_context *now = openssl_context_of(SSL_get_SSL_CTX(ssl));
    atls_session_begin(session, now != NULL ? now : atls_session_context(session),
                       SSL_is_server(ssl) ? ATLS_ROLE_SERVER : ATLS_ROLE_CLIENT);
    openssl_drop_session(ssl, session);
    ask_for_certificate(ssl, atls_session_context(session));
}

/* opens decides by the context of the SSL_CTX that rules now: what it demands holds although the
 * handshake began under another, and no callback of the extension has noticed the exchange. Where
 * atls is not enabled on the new one the demands of the old stay. */
static bool opens(SSL *ssl, struct atls_session *session)
{
    struct atls_diag diag;
    const struct atls_channel channel = openssl_channel(ssl);
    struct atls_context *now = openssl_context_of(SSL_get_SSL_CTX(ssl));
    if (!atls_session_has_begun(session)) {
        if (openssl_check_callbacks(ssl, session, &diag) != ATLS_OK) { /* says just that */
            atls_session_refuse(session, &diag);
        }
        return false;
    }
    if (now != NULL && atls_session_rebind(session, now) != ATLS_OK) {
        return false;
    }
    if (openssl_psk_check(ssl, &diag) != ATLS_OK) {
        atls_session_refuse(session, &diag);
    }
    openssl_at_gate(ssl, session);
    return atls_session_finish(session, &channel);
}

static void finish(SSL *ssl)
{
    struct atls_session *session = openssl_session_get(ssl);
    if (session == NULL && openssl_context_of(SSL_get_SSL_CTX(ssl)) == NULL) {
        return; /* the callback is chained on an SSL_CTX that atls is not enabled on */
    }
    if (session != NULL && opens(ssl, session)) {
        openssl_keep_facts(ssl, session);
        return;
    }
    if (session == NULL || !atls_session_is_pending(session) || !openssl_hold(ssl)) {
        openssl_shut(ssl);
    }
}

/* check_early: the state machine was left as one that is done, and no handshake is: OpenSSL lets
 * early data through, 0-RTT of a client or what a server writes behind its own Finished. */
static void check_early(SSL *ssl)
{
    struct atls_diag diag;
    struct atls_session *session = openssl_session_of(ssl);
    if (session != NULL && atls_session_has_begun(session) && !atls_session_has_finished(session) &&
        atls_context_requires(atls_session_context(session))) {
        atls_fail_texts(&diag, ATLS_ERR_NO_VERDICT, "gate", "early data",
                        "data before the end of the handshake",
                        "none, since the peer has not been appraised");
        atls_session_refuse(session, &diag);
        openssl_shut(ssl);
    }
}

void atls_openssl_info_callback(const SSL *const_ssl, int where, int ret)
{
    /* OpenSSL hands a const SSL to a callback whose purpose is to change state; its own manual's
     * examples cast, too. */
    SSL *ssl = (SSL *)(uintptr_t)const_ssl;
    /* With early data OpenSSL leaves a handshake in its middle as if it were done, and starts it
     * once more to go on: neither is an end or a beginning to us. */
    if ((where & SSL_CB_HANDSHAKE_START) != 0 && SSL_in_before(ssl) != 0) {
        begin(ssl);
    }
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && SSL_get_state(ssl) != TLS_ST_EARLY_DATA) {
        finish(ssl);
    }
    if ((where & SSL_CB_EXIT) != 0 && ret == 1) {
        check_early(ssl);
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
