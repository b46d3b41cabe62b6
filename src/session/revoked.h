/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what is revoked that a context has at this moment, for this room only. */
#ifndef SESSION_REVOKED_H
#define SESSION_REVOKED_H

#include "session/context.h"
#include "session/session.h"
#include "result/revocation.h"

struct session_revoked;

/* session_revoked_take gives the list of now with a reference, NULL when nothing was ever set. It
 * stays as it is whatever is set meanwhile. */
struct session_revoked *session_revoked_take(struct atls_context *context);
/* session_revoked_release gives the reference back; NULL is fine. */
void session_revoked_release(struct session_revoked *revoked);
const struct atls_revocations *session_revoked_list(const struct session_revoked *revoked);

/* session_certificate_identities gives what certificate number `at` of a chain can be revoked by;
 * the key of the first is the peer's, and not among it. */
void session_certificate_identities(struct atls_identities *set,
                                    const struct atls_crypto_ops *crypto,
                                    const struct atls_peer_certificate *certificate, size_t at);

/* session_check_revoked looks up the peer's key and every certificate that its identity rests on.
 * What the Evidence rests on is looked up by whoever appraises it. */
ATLS_NODISCARD enum atls_err session_check_revoked(struct atls_context *context,
                                                   const struct atls_peer *peer,
                                                   const struct atls_digest *spki_hash,
                                                   struct atls_diag *diag);

#endif
