/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Attestation after the handshake: exported authenticators (RFC 9261) with Evidence that is bound
 * to what the connection exports (draft-fossati-seat-expat-04). For contexts whose timing is
 * ATLS_TIMING_POST or ATLS_TIMING_BOTH, on OpenSSL.
 *
 * Either the library carries the messages, in the frames of PROTOCOL.md, section 11. After the
 * handshake, and before any data, the application calls atls_post_step() until it is done:
 *
 *     enum atls_post_step step;
 *     while ((step = atls_post_step(ssl, &diag)) != ATLS_POST_DONE) {
 *         if (step == ATLS_POST_FAILED) { ... close; diag says why ... }
 *         // wait for the socket: readable, or, with ATLS_POST_WANT_WRITE, readable or writable
 *     }
 *
 * Over DTLS it is the same, with two things to add, since datagrams get lost: the wait is no longer
 * than atls_post_wait_ms(), and after the exchange atls_post_is_late() is asked of each datagram.
 *
 * Or the application carries them in a protocol of its own (atls_context_set_own_carriage()): who
 * requires attestation sends what atls_post_ask() gives; its peer hands that to atls_post_answer()
 * and sends back what comes; and atls_post_judge() takes it. Any number of such rounds may take
 * place on one connection, in either direction, one at a time for each.
 *
 * Where both sides frame their data (atls_context_set_framed(), _set_reattest()), the library
 * carries such rounds among them, and an application does all it does by atls_post_read(),
 * atls_post_write() and atls_post_end(). It polls for atls_post_events(), for no longer than
 * atls_post_next_ms(), and calls atls_post_run() or one of the others then.
 */
#ifndef ATLS_POST_H
#define ATLS_POST_H

#include "atls/openssl.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What came of atls_post_step(). */
enum atls_post_step {
    ATLS_POST_DONE = 0,   /**< the gate is open, or was never shut for an exchange */
    ATLS_POST_WANT_READ,  /**< again when the socket is readable */
    ATLS_POST_WANT_WRITE, /**< again when the socket is writable, or readable */
    ATLS_POST_WANT_ASYNC, /**< with SSL_MODE_ASYNC: again when atls_post_async_fd() is readable */
    ATLS_POST_FAILED,     /**< refused, by either side, or broken: the connection is shut */
    ATLS_POST_ENDED,      /**< atls_post_read(): the peer has ended its data */
    ATLS_POST_LATE        /**< data have stopped until a round is accepted (ATLS_LATE_TELL) */
};

/**
 * atls_post_step runs the exchange after the handshake as far as it goes. Until it is done
 * SSL_read(3) and SSL_write(3) give and take nothing: they behave as on a connection that both
 * sides have closed. It is bounded by the timeout of the context, counted from the end of the
 * handshake; on a transport that blocks, a read that waits is as long as the transport lets it
 * (SO_RCVTIMEO), so set that, too. Evidence is made and appraised in the worker pool where that
 * waits for something; without SSL_MODE_ASYNC this function waits meanwhile. SSL_free(3) may be
 * called after ATLS_POST_WANT_ASYNC, on no fiber of OpenSSL's; a key whose device signs at that
 * moment is waited for. A handshake on the same SSL is then refused under SSL_MODE_ASYNC.
 * @param ssl        a connection whose handshake is done, on a transport that may block or not
 * @param[out] diag  with ATLS_POST_FAILED, why; may be NULL
 * @return what to do next
 */
ATLS_API ATLS_NODISCARD enum atls_post_step atls_post_step(SSL *ssl, struct atls_diag *diag);

/** atls_post_wait_ms tells for how long atls_post_step() may at most be put off, whatever the
 * socket does: over DTLS it sends again what may have been lost, and everywhere it ends in time.
 *  @param ssl  a connection
 *  @return milliseconds; -1 when no exchange is due */
ATLS_API int64_t atls_post_wait_ms(const SSL *ssl);

/** atls_post_is_late is for DTLS, and for each datagram that SSL_read(3) gives after the exchange:
 * it tells whether that is one of the exchange, which the peer has sent once more or the network
 * has delayed, and answers it. Such a one is not for the application, which drops it. No datagram
 * of an application's is taken for one: they begin with 16 octets that only the two sides know.
 *  @param ssl       a connection on which atls_post_step() has ended
 *  @param datagram  what was read
 *  @param len       its octets
 *  @return true: drop it */
ATLS_API ATLS_NODISCARD bool atls_post_is_late(SSL *ssl, const void *datagram, size_t len);

/** atls_post_async_fd gives what to wait for after ATLS_POST_WANT_ASYNC.
 *  @param ssl  the connection
 *  @return a descriptor that becomes readable, borrowed; -1 when nothing is waited for */
ATLS_API int atls_post_async_fd(const SSL *ssl);

/** atls_post_is_due tells, when the handshake is done, whether atls_post_step() has to run.
 *  @param ssl  a connection
 *  @return true until the exchange has ended */
ATLS_API bool atls_post_is_due(const SSL *ssl);

/**
 * atls_post_ask begins a round: it gives a request (CertificateRequest or
 * ClientCertificateRequest, RFC 9261, 4) for this context's requirement.
 * @param ssl        a connection whose handshake is done
 * @param nonce      of a Verifier that gives one, at most 64 octets; it goes into
 *                   certificate_request_context, behind 32 random octets. Empty otherwise
 * @param[out] out   the message, borrowed from `ssl` until the next round
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK        `*out` is to be sent
 * @retval ATLS_ERR_STATE the handshake goes on, nothing is required of the peer, the last request
 * is not answered yet, or no attestation after the handshake was agreed upon
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_post_ask(SSL *ssl, struct atls_bytes nonce,
                                                    struct atls_bytes *out, struct atls_diag *diag);

/**
 * atls_post_answer answers a request of the peer's with the certificate and key of `ssl`, and with
 * Evidence, or a passport, for this one request. What this side cannot do, or was not asked for, is
 * answered with an empty authenticator, which refuses.
 * @param ssl        a connection whose handshake is done
 * @param request    from the peer, whole
 * @param[out] out   the message, borrowed from `ssl` until the next answer
 * @param[out] diag  why it failed; may be NULL
 * @return ATLS_OK, and `*out` is to be sent; else the verdict refuses for that reason, but for
 *         ATLS_ERR_STATE
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_post_answer(SSL *ssl, struct atls_bytes request,
                                                       struct atls_bytes *out,
                                                       struct atls_diag *diag);

/**
 * atls_post_judge ends a round: it appraises the peer's answer, by PKIX and policy as in a
 * handshake. The verdict is that of atls_openssl_verdict().
 * @param ssl            the connection of atls_post_ask()
 * @param authenticator  from the peer, whole
 * @param[out] diag      why it failed; may be NULL
 * @return ATLS_OK when the peer is accepted; else the verdict refuses for that reason, for good;
 *         ATLS_ERR_REFUSED_TO_ATTEST when it is the peer that refuses
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_post_judge(SSL *ssl, struct atls_bytes authenticator,
                                                      struct atls_diag *diag);

/** atls_post_is_framed tells whether data go in frames on this connection.
 *  @param ssl  a connection
 *  @return true from the end of atls_post_step() on, where both sides have said so */
ATLS_API bool atls_post_is_framed(const SSL *ssl);

/**
 * atls_post_read is SSL_read_ex(3) for a connection whose data are framed, where SSL_read(3) gives
 * nothing; on any other it is just that. The transport of a framed one must not block. It moves
 * rounds on, too: Evidence for them is made and appraised in here, and what the peer sends
 * meanwhile waits in the transport.
 * @param ssl           a connection, after atls_post_step()
 * @param into          for the data
 * @param len           octets there, not 0
 * @param[out] out_len  how many came
 * @param[out] diag     with ATLS_POST_FAILED, why; may be NULL
 * @return ATLS_POST_DONE with data; _WANT_READ or _WANT_WRITE; _ENDED; _LATE; _FAILED
 */
ATLS_API ATLS_NODISCARD enum atls_post_step atls_post_read(SSL *ssl, void *into, size_t len,
                                                           size_t *out_len, struct atls_diag *diag);

/**
 * atls_post_write is SSL_write_ex(3), likewise. It takes at most one frame. After _WANT_ it is to
 * be called with the same octets again: they may be on their way.
 * @param ssl           a connection, after atls_post_step()
 * @param data          what is to be sent
 * @param len           octets there
 * @param[out] out_len  how many of them have gone
 * @param[out] diag     with ATLS_POST_FAILED, why; may be NULL
 * @return ATLS_POST_DONE when `*out_len` octets have gone; else as atls_post_read()
 */
ATLS_API ATLS_NODISCARD enum atls_post_step
atls_post_write(SSL *ssl, const void *data, size_t len, size_t *out_len, struct atls_diag *diag);

/**
 * atls_post_run moves rounds on, and no data: for an application that has neither to read nor to
 * write when atls_post_events() or atls_post_next_ms() say that something is due.
 * @param ssl        a connection, after atls_post_step()
 * @param[out] diag  with ATLS_POST_FAILED, why; may be NULL
 * @return _WANT_READ or _WANT_WRITE; _LATE; _FAILED; _DONE where data are not framed
 */
ATLS_API ATLS_NODISCARD enum atls_post_step atls_post_run(SSL *ssl, struct atls_diag *diag);

/**
 * atls_post_end is SSL_shutdown(3), likewise: it sends close_notify behind what waits. Who has
 * ended its side can neither ask nor answer any more: what comes of the peer's data has the
 * deadline of the last round.
 * @param ssl        a connection, after atls_post_step()
 * @param[out] diag  with ATLS_POST_FAILED, why; may be NULL
 * @return ATLS_POST_DONE when it went; else as atls_post_run()
 */
ATLS_API ATLS_NODISCARD enum atls_post_step atls_post_end(SSL *ssl, struct atls_diag *diag);

/** atls_post_round has the peer attest now, among the data. The deadline of
 *  atls_context_set_reattest() counts from here; the next call of another of these functions
 * begins.
 *  @param ssl        a connection whose data are framed
 *  @param[out] diag  why it failed; may be NULL
 *  @retval ATLS_OK         a round begins; where one has begun, this is that one
 *  @retval ATLS_ERR_STATE  data are not framed, or nothing is required of the peer */
ATLS_API ATLS_NODISCARD enum atls_err atls_post_round(SSL *ssl, struct atls_diag *diag);

/** atls_post_events gives what to poll(2) the socket for, whatever the application waits for
 * itself.
 *  @param ssl  a connection
 *  @return POLLIN, POLLOUT, both, or 0 where data are not framed */
ATLS_API short atls_post_events(const SSL *ssl);

/** atls_post_next_ms gives when something is due by itself: a round, an answer, the deadline.
 *  @param ssl  a connection
 *  @return milliseconds from now; 0: now; -1: nothing is */
ATLS_API int64_t atls_post_next_ms(const SSL *ssl);

/** atls_post_rounds counts the rounds on a framed connection, those of its beginning included.
 *  @param ssl                a connection
 *  @param[out] out_accepted  in which the peer was accepted
 *  @param[out] out_answered  in which the peer has accepted us */
ATLS_API void atls_post_rounds(const SSL *ssl, uint64_t *out_accepted, uint64_t *out_answered);

/**
 * atls_post_renew has later rounds of a connection decided by another context, such as one with a
 * new policy or new endorsements. Our certificate and the anchors of PKIX stay those of `ssl`.
 * @param ssl        a connection that is open, with no request on its way
 * @param context    with the same timing, and a requirement where there was one; it is in use then
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK         set
 * @retval ATLS_ERR_STATE  a request is on its way: after its answer
 * @retval ATLS_ERR_CONFIG another timing, or no requirement any more
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_post_renew(SSL *ssl, struct atls_context *context,
                                                      struct atls_diag *diag);

/**
 * atls_openssl_set_alpn is SSL_CTX_set_alpn_protos(3) for an SSL_CTX on which atls is, or will be,
 * enabled: with attestation after the handshake each protocol P is offered as atls/1+P before P,
 * and atls/1 where there is none. What SSL_CTX_set_alpn_protos() itself sets would replace that.
 * @param ctx        of clients
 * @param protocols  as that function takes them: each with its length before it; none for len 0
 * @param len        octets at `protocols`
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK            set
 * @retval ATLS_ERR_ARGUMENT  not a list of names, or one of more than 248 octets
 * @retval ATLS_ERR_MEMORY    no memory
 */
ATLS_API ATLS_NODISCARD enum atls_err atls_openssl_set_alpn(SSL_CTX *ctx,
                                                            const unsigned char *protocols,
                                                            size_t len, struct atls_diag *diag);

/**
 * atls_openssl_set_alpn_select is SSL_CTX_set_alpn_select_cb(3), likewise. The callback is shown
 * the protocols of the application only: those that the client offers with attestation, or, where
 * it offers none and this side requires nothing, all.
 * @param ctx        of servers
 * @param select     chooses; NULL: the application has no protocol
 * @param arg        handed to it
 * @param[out] diag  why it failed; may be NULL
 * @retval ATLS_OK          set
 * @retval ATLS_ERR_MEMORY  no memory
 */
ATLS_API ATLS_NODISCARD enum atls_err
atls_openssl_set_alpn_select(SSL_CTX *ctx, SSL_CTX_alpn_select_cb_func select, void *arg,
                             struct atls_diag *diag);

/** atls_openssl_alpn_selected is SSL_get0_alpn_selected(3) as the application knows it: P where
 *  atls/1+P was chosen, and nothing for atls/1.
 *  @param ssl        a connection
 *  @param[out] data  the name, borrowed from `ssl`; NULL when there is none
 *  @param[out] len   its octets, 0 when there is none */
ATLS_API void atls_openssl_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned *len);

/** atls_openssl_client_hello_callback is what atls sets by SSL_CTX_set_client_hello_cb(3) where
 *  attestation after the handshake is required, or a PSK is set: it refuses a client that offers
 *  no protocol at all with no_application_protocol(120), and one that does not offer the PSK with
 *  unknown_psk_identity(115). An application that has a callback of its own there may call
 *  this one; without, such a client is refused at the end of the handshake.
 *  @param ssl         the connection
 *  @param[out] alert  the alert, with SSL_CLIENT_HELLO_ERROR
 *  @param arg         ignored
 *  @return SSL_CLIENT_HELLO_SUCCESS or SSL_CLIENT_HELLO_ERROR */
ATLS_API int atls_openssl_client_hello_callback(SSL *ssl, int *alert, void *arg);

#ifdef __cplusplus
}
#endif
#endif
