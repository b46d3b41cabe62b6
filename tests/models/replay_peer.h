/* SPDX-License-Identifier: Apache-2.0 */
/* What the peer of a replayed session says and is. */
#ifndef MODELS_REPLAY_PEER_H
#define MODELS_REPLAY_PEER_H

#include "unit/session/loopback.h"

/* replay_hash_of_hellos shares no code with handshake/transcript.c (RFC 8446, 4.4.1). */
struct atls_digest replay_hash_of_hellos(bool retry);

/* replay_body_of makes the Evidence of `machine` over these hellos and its key, in its extension.
 */
struct atls_bytes replay_body_of(const struct test_machine *machine,
                                 const struct atls_digest *hash);

/* replay_revoke_all writes a list with the keys of both machines of `world`. */
void replay_revoke_all(const struct test_world *world, char *text, size_t size);

#endif
