/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation-aware resumption, for adapters (docs/resumption.md). A full handshake ends with
 * facts: what was appraised, by which configuration, and until when. The adapter keeps them with
 * the TLS session, sealed in a ticket or beside a client's secret, and shows them again before it
 * takes or offers that session and once more at the gate.
 *
 * `connection` is the adapter's digest of what else the session is good for: names, trust, own key.
 */
#ifndef SESSION_RESUMPTION_H
#define SESSION_RESUMPTION_H

#include "session/facts.h"
#include "session/session.h"

#define ATLS_CONNECTION_DIGEST_LEN 32

/* atls_context_resumes is true where sessions may be resumed. */
bool atls_context_resumes(const struct atls_context *context);
/* atls_context_digest gives the digest of all that decides over a peer, of a context that resumes
 * and is frozen: two that are equal judge alike. */
struct atls_bytes atls_context_digest(const struct atls_context *context);
/* atls_context_session_lifetime_s is the longest that a session of this context may serve. */
uint32_t atls_context_session_lifetime_s(const struct atls_context *context);

/* What seals a ticket: keys that live in memory only and are replaced. Who has one wipes it. */
struct atls_ticket_key {
    uint8_t name[16];
    uint8_t cipher_key[32], mac_key[32];
};
/* atls_context_ticket_key gives the key for new tickets. */
ATLS_NODISCARD enum atls_err atls_context_ticket_key(struct atls_context *context,
                                                     struct atls_ticket_key *out,
                                                     struct atls_diag *diag);
/* atls_context_find_ticket_key is false for a key that is unknown, or too old. */
ATLS_NODISCARD bool atls_context_find_ticket_key(struct atls_context *context,
                                                 const uint8_t name[static 16],
                                                 struct atls_ticket_key *out);

/*
 * atls_context_check_facts says whether facts hold now, for this connection, under this context:
 * RESUMPTION for others' facts and such that have ended, REVOKED by the list of this moment.
 */
ATLS_NODISCARD enum atls_err atls_context_check_facts(struct atls_context *context,
                                                      struct atls_bytes facts,
                                                      struct atls_bytes connection,
                                                      struct atls_diag *diag);
/* atls_session_expect is the same for a session that is about to be offered, or was: its facts are
 * remembered when they hold. */
ATLS_NODISCARD enum atls_err atls_session_expect(struct atls_session *session,
                                                 struct atls_bytes facts,
                                                 struct atls_bytes connection,
                                                 struct atls_diag *diag);
/* atls_session_expects is true for facts that are remembered, under the context that rules now. */
bool atls_session_expects(const struct atls_session *session, struct atls_bytes facts);
/* atls_session_resume takes facts that hold for the verdict on a resumed connection, in place of an
 * appraisal; else it refuses. `connection` may be empty for what it expects: it was looked at then;
 * the time and what is revoked are looked at now. */
void atls_session_resume(struct atls_session *session, struct atls_bytes facts,
                         struct atls_bytes connection);
/* atls_session_has_resumed is true after atls_session_resume has taken them, by the context that
 * rules now. */
bool atls_session_has_resumed(const struct atls_session *session);

/* atls_session_may_be_resumed is true when the peer has passed, and there are facts to keep. */
bool atls_session_may_be_resumed(const struct atls_session *session);
/* atls_session_write_facts is for the open gate of a full handshake; once. RESUMPTION for facts
 * that cannot be kept: then the session is not to be resumed. */
ATLS_NODISCARD enum atls_err atls_session_write_facts(struct atls_session *session,
                                                      struct atls_bytes connection,
                                                      struct atls_buf out, size_t *out_len,
                                                      struct atls_diag *diag);
/* atls_session_facts_left_s gives how long the facts of this connection hold still, 0: not. */
uint32_t atls_session_facts_left_s(const struct atls_session *session);

#endif
