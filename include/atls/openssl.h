/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * atls on OpenSSL 3: attestation in the TLS 1.3 handshake of an unpatched libssl.
 */
#ifndef ATLS_OPENSSL_H
#define ATLS_OPENSSL_H

#include "atls/context.h"
#include "atls/result.h"

#include <openssl/ssl.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * atls_openssl_enable puts attestation on an SSL_CTX, for clients and servers alike, and freezes
 * `context`, of which it keeps a reference. It registers the extension, sets the message, info and
 * certificate verify callbacks, allows TLS 1.3 only, the suites and groups of PROTOCOL.md only, and
 * turns tickets, resumption, early data and certificate compression off. Where `context` requires
 * attestation it sets SSL_VERIFY_PEER (and, for servers, SSL_VERIFY_FAIL_IF_NO_PEER_CERT). With
 * atls_context_set_resume() tickets and resumption are on, and the ticket callbacks, the keys of
 * tickets, ticket_appdata, the timeout and the session id context are atls's.
 *
 * Call it after the certificate, key and trust store are set, and before SSL_new(). An application
 * that needs the message or info callback for itself calls atls_openssl_msg_callback() and
 * atls_openssl_info_callback() from its own.
 *
 * A server that changes its SSL_CTX by server name enables atls on the one that SSL_new() gets,
 * too: of a connection that began without it neither the offer nor the hellos were seen.
 *
 * Under SSL_MODE_ASYNC Evidence is made and appraised in the worker pool while the application has
 * SSL_ERROR_WANT_ASYNC and a descriptor in SSL_get_all_async_fds(3). The deadline of the context
 * holds when the application goes on by itself, so it should after that time. It is safe to free
 * such a connection; but OpenSSL never reclaims the fiber of one (32 KiB and what lies on it), so
 * it is better run to its end first.
 * @param ctx        for TLS, of a client or a server; with timing post also for DTLS 1.2
 * @param context    set up; it may be enabled on several SSL_CTX
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK          enabled
 * @retval ATLS_ERR_STATE   this SSL_CTX is enabled already
 * @retval ATLS_ERR_CONFIG  the context cannot work, for instance no PKIX and no requirement; or
 *                          this is no SSL_CTX for TLS (QUIC, DTLS with another timing)
 */
ATLS_API ATLS_NODISCARD enum atls_err
atls_openssl_enable(SSL_CTX *ctx, struct atls_context *context, struct atls_diag *diag);

/**
 * atls_openssl_renew_passport replaces a passport of atls_context_add_passport() by a newer one of
 * the same Verifier, also while handshakes run: those that have not sent theirs yet send this one.
 * It must be about the key of the certificate that is loaded. May be called from any thread.
 * @param ctx        enabled; every other SSL_CTX with the same context brings the new one, too
 * @param identity   of its Verifier, an absolute URI; NULL: what its "iss" says
 * @param result     as for atls_context_add_passport()
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK            replaced
 * @retval ATLS_ERR_PASSPORT  not a signed Result, not valid now, about another key, or of a
 * Verifier of whom none was brought; the one before stays
 * @retval ATLS_ERR_STATE     atls is not enabled on `ctx`
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_openssl_renew_passport(SSL_CTX *ctx,
                                                                  const char *identity,
                                                                  struct atls_bytes result,
                                                                  struct atls_diag *diag);

/** atls_openssl_msg_callback feeds the transcript, as SSL_CTX_set_msg_callback(3) has it. An
 *  application that has a message callback of its own hands everything on.
 *  @param write_p       1: sent, 0: received
 *  @param version       protocol version
 *  @param content_type  of the record
 *  @param buf           the message
 *  @param len           octets at `buf`
 *  @param ssl           the connection
 *  @param arg           ignored */
ATLS_API void atls_openssl_msg_callback(int write_p, int version, int content_type, const void *buf,
                                        size_t len, SSL *ssl, void *arg);

/** atls_openssl_info_callback begins a connection and closes the gate at its end
 *  (SSL_CTX_set_info_callback(3)).
 *  @param ssl    the connection
 *  @param where  what happened
 *  @param ret    its outcome */
ATLS_API void atls_openssl_info_callback(const SSL *ssl, int where, int ret);

/** atls_openssl_verdict gives what was decided about the peer.
 *  @param ssl  a connection
 *  @return borrowed, valid until the next handshake on `ssl` or SSL_free(); NULL when atls is not
 *          enabled on it */
ATLS_API const struct atls_verdict *atls_openssl_verdict(const SSL *ssl);

/**
 * atls_openssl_outcome says how a handshake ended, once SSL_connect(), SSL_accept() or
 * SSL_do_handshake() has returned something other than "again".
 * @param ssl         the connection
 * @param ssl_return  what that function returned
 * @param[out] diag   the sentence; may be NULL
 * @return ATLS_OK when the gate is open; our own refusal; ATLS_ERR_PKIX; ATLS_ERR_PEER_REFUSED or
 *         ATLS_ERR_PEER_ALERT with the peer's alert; ATLS_ERR_CONNECTION
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_openssl_outcome(SSL *ssl, int ssl_return,
                                                           struct atls_diag *diag);

/**
 * atls_openssl_check_session says whether a session that was kept would be offered on a new
 * connection of a context with atls_context_set_resume(): whether what was appraised then holds
 * now, for this name, this trust and this certificate of ours. Ask before SSL_set_session(3), with
 * everything set. One that does not hold may be set all the same: it is not offered, and the
 * handshake is a full one.
 * @param ssl        of a client, before its handshake
 * @param session    as OpenSSL gave it, or read by d2i_SSL_SESSION(3)
 * @param[out] diag  why not; may be NULL
 * @retval ATLS_OK              it would be offered
 * @retval ATLS_ERR_RESUMPTION  its facts are others', have ended, or are none
 * @retval ATLS_ERR_REVOKED     something that it rests on is revoked
 * @retval ATLS_ERR_RESUMED     the context does not resume
 * @retval ATLS_ERR_STATE       atls is not enabled
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_openssl_check_session(SSL *ssl, SSL_SESSION *session,
                                                                 struct atls_diag *diag);

/** An external PSK, as both sides were given it (RFC 8446, 2.2; RFC 9257). */
struct atls_psk {
    struct atls_bytes identity; /**< 1 to 128 octets, which the network sees */
    struct atls_bytes key;      /**< 16 to 64 octets, of that much entropy: no password */
    bool is_sha384;             /**< the key is for suites with SHA-384; else SHA-256 */
    bool is_imported; /**< to be imported (RFC 9258), which OpenSSL cannot: ATLS_ERR_NOT_BUILT */
};

/**
 * atls_openssl_set_psk makes every connection of `ctx` one by this PSK, with a key exchange
 * (psk_dhe_ke): one without it is refused when the handshake ends. There is no Certificate message
 * then, so attestation takes place after the handshake (ATLS_TIMING_POST), by the certificates of
 * the sides that attest.
 * @param ctx        before atls_openssl_enable()
 * @param psk        copied
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK             set
 * @retval ATLS_ERR_CONFIG     an identity or key of a length that is not taken
 * @retval ATLS_ERR_NOT_BUILT  one that is to be imported
 * @retval ATLS_ERR_STATE      atls is enabled already
 * @retval ATLS_ERR_MEMORY     no memory
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_openssl_set_psk(SSL_CTX *ctx, const struct atls_psk *psk,
                                                           struct atls_diag *diag);

/** atls_openssl_keylog appends the secrets of every connection of `ctx` to `path` (NSS key log
 *  format), which it creates with mode 0600. Whoever reads that file reads the connections.
 *  @param ctx        enabled or not
 *  @param path       of the file
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         from now on secrets are written
 *  @retval ATLS_ERR_FILE   `path` is no file of ours, or others can read it
 *  @retval ATLS_ERR_STATE  this SSL_CTX has a key log already */
ATLS_API ATLS_NODISCARD enum atls_err atls_openssl_keylog(SSL_CTX *ctx, const char *path,
                                                          struct atls_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
