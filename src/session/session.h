/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection, as a TLS stack's adapter drives it: which bodies the extension has in which
 * message, when Evidence is made and appraised, and what the verdict is. No TLS library here: the
 * adapter tells what it sees and supplies a way to wait.
 *
 * Order of calls, by role (every write_ is what we send, every read_ what the peer sent):
 *
 *   client  begin, write_client_hello, read_encrypted_extensions, read_certificate_request,
 *           read_certificate, appraise, write_certificate, finish
 *   server  begin, read_client_hello, write_encrypted_extensions, write_certificate_request,
 *           write_certificate, read_certificate, appraise, finish
 *
 * Handshake messages go to atls_session_message() all the while. After the first failure the
 * verdict is REFUSED with that reason, and stays so: every call gives that error. After finish a
 * CertificateRequest chooses nothing any more, and a Certificate carries nothing.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "atls/context.h"
#include "atls/result.h"
#include "base/crypto_ops.h"
#include "handshake/authenticator.h"
#include "handshake/negotiation.h"

struct atls_session;

/* What an adapter supplies. */
struct atls_stack_ops {
    const char *name;
    /* may_pause is true when the connection runs on a fiber with little stack, from which it can go
     * back to the application: then work goes to the pool even if it could run in place. */
    bool (*may_pause)(void *connection);
    /* wait returns when `fd` may have become readable, or after `timeout_ms`. */
    enum atls_err (*wait)(void *connection, int fd, uint32_t timeout_ms, struct atls_diag *diag);
    /* export_value is the exporter of a finished connection (RFC 8446, 7.5): fills all of `out`. */
    enum atls_err (*export_value)(void *connection, const char *label, struct atls_bytes context,
                                  struct atls_buf out);
};

/* The channel as negotiated. Texts live as long as the connection's TLS library. */
struct atls_channel {
    bool is_tls13, is_dtls12;
    bool resumed; /* a session of an earlier connection */
    bool psk;     /* an external PSK, with a key exchange */
    bool suite_listed, group_listed;
    int32_t hash_alg; /* hash of the suite */
    const char *suite, *group;
    bool prelude; /* ALPN has chosen that the exchange after the handshake comes first */
};

/* One certificate of the peer's chain. */
struct atls_peer_certificate {
    struct atls_bytes spki;   /* DER */
    struct atls_bytes serial; /* serialNumber without its sign, big-endian */
    int64_t not_after_s;      /* notAfter; set where the context resumes sessions */
};

/* The peer's certificate as the adapter saw it in its verify callback. */
struct atls_peer {
    struct atls_bytes spki; /* DER */
    /* The chain as it was verified, the peer's own certificate first; that one alone without PKIX.
     */
    const struct atls_peer_certificate *chain;
    size_t num_chain;
    /* DER of the keys that are ours, to refuse them; the one that we present first. */
    const struct atls_bytes *own_spkis;
    size_t num_own_spkis;
    struct atls_bytes cert; /* DER; empty unless the context's timing is "certificate" */
    const char *subject;
    bool pkix_ok; /* chain, dates and name hold; false with no-PKIX */
};

ATLS_NODISCARD enum atls_err atls_session_new(struct atls_session **out,
                                              struct atls_context *context,
                                              const struct atls_stack_ops *stack, void *connection,
                                              struct atls_diag *diag);
void atls_session_free(struct atls_session *session);

/* atls_session_begin starts a handshake with `context`, the first one or one more on a reused
 * connection object: nothing of an earlier one is left. */
void atls_session_begin(struct atls_session *session, struct atls_context *context,
                        enum atls_role role);
bool atls_session_has_begun(const struct atls_session *session);
/* atls_session_has_finished is true once the gate was asked about this handshake. */
bool atls_session_has_finished(const struct atls_session *session);
/* atls_session_rebind goes over to another context: a server switched by SNI, before it has chosen
 * anything. The offer and HelloRetryRequest count on. ATLS_ERR_STATE afterwards. */
ATLS_NODISCARD enum atls_err atls_session_rebind(struct atls_session *session,
                                                 struct atls_context *context);
struct atls_context *atls_session_context(const struct atls_session *session);

void atls_session_message(struct atls_session *session, struct atls_bytes message);

/* write_: *out_send false leaves the extension out. `out` lives until the next write_, finish or
 * begin. */
ATLS_NODISCARD enum atls_err atls_session_write_client_hello(struct atls_session *session,
                                                             bool *out_send,
                                                             struct atls_bytes *out);
ATLS_NODISCARD enum atls_err atls_session_read_client_hello(struct atls_session *session,
                                                            struct atls_bytes body);
ATLS_NODISCARD enum atls_err atls_session_write_encrypted_extensions(struct atls_session *session,
                                                                     bool *out_send,
                                                                     struct atls_bytes *out);
ATLS_NODISCARD enum atls_err atls_session_read_encrypted_extensions(struct atls_session *session,
                                                                    struct atls_bytes body);
ATLS_NODISCARD enum atls_err atls_session_write_certificate_request(struct atls_session *session,
                                                                    bool *out_send,
                                                                    struct atls_bytes *out);
ATLS_NODISCARD enum atls_err atls_session_read_certificate_request(struct atls_session *session,
                                                                   struct atls_bytes body);
/* Makes the Evidence; waits. `own_spki` is the key that this very Certificate message presents. */
ATLS_NODISCARD enum atls_err atls_session_write_certificate(struct atls_session *session,
                                                            int32_t hash_alg,
                                                            struct atls_bytes own_spki,
                                                            bool *out_send, struct atls_bytes *out);
ATLS_NODISCARD enum atls_err atls_session_read_certificate(struct atls_session *session,
                                                           size_t chain_index,
                                                           struct atls_bytes body);
/* Appraises what the peer's Certificate held and decides. ATLS_OK: accepted if the handshake ends
 * well, since the peer has still to prove its key; or not required. */
ATLS_NODISCARD enum atls_err atls_session_appraise(struct atls_session *session,
                                                   const struct atls_channel *channel,
                                                   const struct atls_peer *peer);
/* atls_session_is_appraised is true once the peer has passed, or where nothing is required. */
bool atls_session_is_appraised(const struct atls_session *session);
/* The gate, when the handshake is done: only now is the verdict ACCEPTED. True lets application
 * data through; false with atls_session_is_pending lets the exchange after the handshake through,
 * and nothing else. */
ATLS_NODISCARD bool atls_session_finish(struct atls_session *session,
                                        const struct atls_channel *channel);

/*
 * After the handshake, with timing post or both: rounds in which one side asks and the other
 * answers, any number on one connection, in either direction. Messages are those of RFC 9261 and
 * live until the next of these calls that gives one. Refusals are for good, as before; STATE and
 * ARGUMENT for what the caller did change nothing.
 */
bool atls_session_is_pending(const struct atls_session *session);
/* atls_session_asks is true where this side has to ask before its gate opens. */
bool atls_session_asks(const struct atls_session *session);

/* atls_session_post_ask gives a request. What `nonce` holds, a Verifier's or nothing, follows 32
 * random octets in its context. */
ATLS_NODISCARD enum atls_err atls_session_post_ask(struct atls_session *session,
                                                   struct atls_bytes nonce, struct atls_bytes *out,
                                                   struct atls_diag *diag);

/* Who we are in an authenticator. Everything is borrowed; num_certs 0: nobody, which refuses. */
struct atls_session_identity {
    const struct atls_bytes *chain; /* DER, ours first */
    size_t num_certs;
    struct atls_bytes spki; /* of chain[0], DER */
    const struct atls_tls_signature_ops *signatures;
    const struct atls_tls_key *key;
};

/* atls_session_post_answer answers a request; waits for the Evidence. What we cannot do is answered
 * with a refusal, which is no error. */
ATLS_NODISCARD enum atls_err
atls_session_post_answer(struct atls_session *session, const struct atls_session_identity *identity,
                         struct atls_bytes request, struct atls_bytes *out, struct atls_diag *diag);

/* atls_session_post_open reads the peer's answer, which is over with that whatever comes of it:
 * spans in *out borrow `message`. The stack then reads the certificates, and verifies them as it
 * does those of a handshake. */
ATLS_NODISCARD enum atls_err atls_session_post_open(struct atls_session *session,
                                                    struct atls_bytes message,
                                                    struct atls_authenticator *out,
                                                    struct atls_diag *diag);

struct atls_session_answer {
    const struct atls_authenticator *authenticator;
    const struct atls_tls_signature_ops *signatures;
    const struct atls_tls_key *key; /* of its first certificate */
    const struct atls_channel *channel;
    const struct atls_peer *peer;
};

/* atls_session_post_judge verifies the signature, appraises and decides; waits. */
ATLS_NODISCARD enum atls_err atls_session_post_judge(struct atls_session *session,
                                                     const struct atls_session_answer *answer,
                                                     struct atls_diag *diag);
/* atls_session_post_renew goes over to another context, by which later rounds are decided. */
ATLS_NODISCARD enum atls_err atls_session_post_renew(struct atls_session *session,
                                                     struct atls_context *context,
                                                     struct atls_diag *diag);
/* atls_session_post_open_gate is the end of an exchange that both sides have called done: the
 * verdict opens, or refuses where the peer has still to attest. */
ATLS_NODISCARD bool atls_session_post_open_gate(struct atls_session *session,
                                                struct atls_diag *diag);

/* atls_session_refuse makes the verdict a refusal for a reason that the adapter found; the first
 * reason stays. */
void atls_session_refuse(struct atls_session *session, const struct atls_diag *reason);
const struct atls_verdict *atls_session_verdict(const struct atls_session *session);
/* atls_session_was_negotiated is true when attestation was offered or demanded here (design: exit
 * status of the peer's alerts). */
bool atls_session_was_negotiated(const struct atls_session *session);

#endif
