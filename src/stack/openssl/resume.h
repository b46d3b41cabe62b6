/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation-aware resumption on OpenSSL. Where a context resumes, the facts of a connection are
 * the ticket_appdata of its SSL_SESSION: a server's ticket has them inside, sealed; a client keeps
 * them with its session, in memory or by i2d_SSL_SESSION(3), and never sends them.
 */
#ifndef STACK_OPENSSL_RESUME_H
#define STACK_OPENSSL_RESUME_H

#include "session/resumption.h"
#include "stack/openssl/adapter.h"

/* resume_binding.c: what else a session is good for. `name` is the SNI of this connection, NULL:
 * none. False when it cannot be said: then nothing is resumed. */
ATLS_NODISCARD bool openssl_connection_digest(SSL *ssl, bool is_server, const char *name,
                                              uint8_t out[ATLS_CONNECTION_DIGEST_LEN]);
/* openssl_trust_note remembers whom an SSL_CTX trusts, which the digest has inside. */
ATLS_NODISCARD enum atls_err openssl_trust_note(SSL_CTX *ctx, struct atls_diag *diag);

/* openssl_allow_resumption sets an SSL_CTX up: tickets, their keys, and what is asked of them. */
ATLS_NODISCARD enum atls_err
openssl_allow_resumption(SSL_CTX *ctx, const struct atls_context *context, struct atls_diag *diag);

/* openssl_drop_session is for the beginning of a client: a session whose facts do not hold is taken
 * away, so that it is not offered and the handshake is a full one. */
void openssl_drop_session(SSL *ssl, struct atls_session *session);
/* openssl_may_offer is false when a client is about to offer a session that nobody looks at. */
ATLS_NODISCARD bool openssl_may_offer(SSL *ssl, const struct atls_session *session);

/* openssl_before_finished, at a client's Finished, takes the facts of a resumed session, and says
 * whether a ticket follows. openssl_at_gate does it where the context that rules now has not. */
void openssl_before_finished(SSL *ssl, struct atls_session *session);
void openssl_at_gate(SSL *ssl, struct atls_session *session);
/* openssl_keep_facts is for the open gate: puts them with the session of a full handshake. */
void openssl_keep_facts(SSL *ssl, struct atls_session *session);

#endif
