/* SPDX-License-Identifier: Apache-2.0 */
/* Resumption, for this room only. */
#ifndef SESSION_RESUMPTION_INTERNAL_H
#define SESSION_RESUMPTION_INTERNAL_H

#include "result/appraisal.h"
#include "session/context_internal.h"
#include "session/resumption.h"

/* context_note adds a setting that decides over a peer to the digest of them all. */
void context_note(struct atls_context *context, const char *name, struct atls_bytes value);
/* context_freeze_resumption is a part of atls_context_freeze. */
ATLS_NODISCARD enum atls_err context_freeze_resumption(struct atls_context *context,
                                                       struct atls_diag *diag);
void context_free_resumption(struct atls_context *context);
/* context_next_end gives when the next of the loaded endorsements ends. */
int64_t context_next_end(struct atls_context *context, int64_t now_s);

/* What an appraisal rests on besides the submods themselves. */
struct session_basis {
    int64_t ends_s; /* INT64_MAX: no end */
    struct atls_identities verifier_keys;
};
/* session_basis_new gives one that is empty, or NULL: nobody asks, or there is no memory. */
struct session_basis *session_basis_new(const struct atls_context *context);

/* session_note_peer begins the facts of a handshake with the peer's certificates, session_note_
 * appraisal adds what was appraised; nothing happens where sessions are not resumed. */
void session_note_peer(struct atls_session *session, const struct atls_peer *peer,
                       const struct atls_digest *spki_hash);
void session_note_appraisal(struct atls_session *session, const struct atls_appraisal *appraisal,
                            const struct session_basis *basis);
/* session_forget_facts ends that, and forgets what is expected. */
void session_forget_facts(struct atls_session *session);

#endif
