/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transcript-Hash(ClientHello..ServerHello) (RFC 8446, 4.4.1), for SHA-256 and SHA-384 at once
 * since the suite is not known when it starts. A HelloRetryRequest replaces the first ClientHello
 * by the synthetic message_hash message in both. Nothing is buffered.
 *
 *   START --ClientHello--> CH --ServerHello--> DONE
 *                          CH --HelloRetryRequest--> HRR --ClientHello--> CH2 --ServerHello--> DONE
 *
 * Messages of other types are ignored before ClientHello and after ServerHello. Anything else is
 * FAILED for good, a hello after DONE included: the hash of one connection never serves the next.
 */
#ifndef HANDSHAKE_TRANSCRIPT_H
#define HANDSHAKE_TRANSCRIPT_H

#include "base/crypto_ops.h"
#include "base/diag.h"

enum atls_transcript_state {
    ATLS_TRANSCRIPT_START = 0,
    ATLS_TRANSCRIPT_CH,
    ATLS_TRANSCRIPT_HRR,
    ATLS_TRANSCRIPT_CH2,
    ATLS_TRANSCRIPT_DONE,
    ATLS_TRANSCRIPT_FAILED
};

struct atls_transcript {
    enum atls_transcript_state state;
    struct atls_hash sha256, sha384;
};

/* atls_transcript_reset goes back to START and frees what the hashes hold. All zero is START too.
 */
void atls_transcript_reset(const struct atls_crypto_ops *ops, struct atls_transcript *t);

/* atls_transcript_add takes one whole handshake message with its 4-octet header, sent or received,
 * exactly as on the wire. ATLS_ERR_MALFORMED: a hello that is too long, or a ServerHello
 * too short to have a random. ATLS_ERR_TRANSCRIPT: no whole message, or out of order. */
ATLS_NODISCARD enum atls_err atls_transcript_add(const struct atls_crypto_ops *ops,
                                                 struct atls_transcript *t,
                                                 struct atls_bytes message, struct atls_diag *diag);

/* atls_transcript_hash gives the hash for `hash_alg`; ATLS_ERR_TRANSCRIPT, with the advice to chain
 * atls_openssl_msg_callback, when the state is not DONE. */
ATLS_NODISCARD enum atls_err atls_transcript_hash(const struct atls_crypto_ops *ops,
                                                  const struct atls_transcript *t, int32_t hash_alg,
                                                  struct atls_digest *out, struct atls_diag *diag);

#endif
