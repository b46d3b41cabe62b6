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
};

/* The channel as negotiated. Texts live as long as the connection's TLS library. */
struct atls_channel {
    bool is_tls13;
    bool resumed;
    bool suite_listed, group_listed;
    int32_t hash_alg; /* hash of the suite */
    const char *suite, *group;
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
 * data through. */
ATLS_NODISCARD bool atls_session_finish(struct atls_session *session,
                                        const struct atls_channel *channel);

/* atls_session_refuse makes the verdict a refusal for a reason that the adapter found; the first
 * reason stays. */
void atls_session_refuse(struct atls_session *session, const struct atls_diag *reason);
const struct atls_verdict *atls_session_verdict(const struct atls_session *session);
/* atls_session_was_negotiated is true when attestation was offered or demanded here (design: exit
 * status of the peer's alerts). */
bool atls_session_was_negotiated(const struct atls_session *session);

#endif
