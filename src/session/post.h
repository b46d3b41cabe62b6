/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticators after the handshake (RFC 9261, draft-fossati-seat-expat-04): what a session holds
 * for them, for this room only. What a stack calls is in session.h.
 */
#ifndef SESSION_POST_H
#define SESSION_POST_H

#include "handshake/authenticator_contexts.h"
#include "handshake/expat.h"
#include "session/session_internal.h"

/* Contexts that one connection remembers: rounds of both sides, which a peer cannot have us keep
 * without end. */
enum { SESSION_MAX_CONTEXTS = 16384 };

struct session_post {
    struct atls_exporter exporter; /* of the stack */
    struct atls_authenticator_keys own, peer;
    struct atls_authenticator_contexts contexts;
    struct atls_context_mark *used; /* where contexts.used is */

    uint8_t *request; /* ours, until it is answered; `asked` borrows it */
    struct atls_authenticator_request asked;
    bool accepted;    /* the peer has passed at least once */
    uint8_t *written; /* the last message that was given out */
};

/* session_post_is_due is true where messages are exchanged after this handshake. */
bool session_post_is_due(const struct atls_session *session, const struct atls_channel *channel);
/* session_post_check_prelude refuses, with NO_PROTOCOL, a connection on which the peer is to attest
 * after the handshake and has not agreed to. */
ATLS_NODISCARD enum atls_err session_post_check_prelude(const struct atls_session *session,
                                                        const struct atls_channel *channel,
                                                        struct atls_diag *diag);
ATLS_NODISCARD enum atls_err session_post_begin(struct atls_session *session,
                                                const struct atls_channel *channel,
                                                struct atls_diag *diag);
void session_post_end(struct atls_session *session);
/* session_post_is_carried is true where the application carries the messages itself. */
bool session_post_is_carried(const struct atls_session *session);
/* session_post_open_gate is the verdict's last step, once all that is required has passed. */
void session_post_open_gate(struct atls_session *session);

/* session_post_ready gives what a session holds; NULL, with STATE in the diag, before the end of
 * the handshake, and where nothing was agreed upon. */
struct session_post *session_post_ready(struct atls_session *session, struct atls_diag *diag);
/* session_post_reserve makes room for one more context. ATLS_ERR_BUFFER: there were too many. */
ATLS_NODISCARD enum atls_err session_post_reserve(struct session_post *post,
                                                  struct atls_diag *diag);
/* session_post_give keeps a message that is handed out, which it owns from now on. */
struct atls_bytes session_post_give(struct session_post *post, uint8_t *message, size_t len);

#endif
