/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contexts of one connection's requests (RFC 9261, 4, 5.2; R-19): each is used once, over both
 * directions, whoever asked. Ours are random, wait for their answer until a deadline, and a few may
 * wait at once; those of the other side are remembered as long as the connection lives.
 */
#ifndef HANDSHAKE_AUTHENTICATOR_CONTEXTS_H
#define HANDSHAKE_AUTHENTICATOR_CONTEXTS_H

#include "base/crypto_ops.h"
#include "base/diag.h"

enum {
    ATLS_CONTEXT_LEN = 32, /* of the random octets that ours begin with */
    ATLS_MAX_OWN_CONTEXT_LEN = ATLS_CONTEXT_LEN + ATLS_MAX_NONCE_LEN, /* a Verifier's nonce */
    ATLS_MAX_WAITING = 4,      /* of ours without an answer */
    ATLS_CONTEXT_MARK_LEN = 16 /* of the hash by which a context is remembered */
};

struct atls_context_mark {
    uint8_t data[ATLS_CONTEXT_MARK_LEN];
};

struct atls_authenticator_contexts {
    struct {
        bool waits;
        uint8_t context[ATLS_MAX_OWN_CONTEXT_LEN];
        size_t len;
        int64_t deadline_ms;
    } ours[ATLS_MAX_WAITING];
    /* Every context that was ever used, in the caller's memory, which he may make larger. */
    struct atls_context_mark *used;
    size_t num_used;
    size_t max_used;
};

/* atls_contexts_ask begins one of ours: 32 octets that are new from a generator, and what a
 * Verifier wants behind them, if anything. ATLS_ERR_STATE when four wait already, or it was there
 * before; ATLS_ERR_ARGUMENT for another length; ATLS_ERR_BUFFER when `used` is full. */
ATLS_NODISCARD enum atls_err atls_contexts_ask(const struct atls_crypto_ops *ops,
                                               struct atls_authenticator_contexts *contexts,
                                               struct atls_bytes context, int64_t deadline_ms,
                                               struct atls_diag *diag);

/* atls_contexts_answered ends one of ours: it is never taken again, whether the answer then holds
 * or not. ATLS_ERR_AUTHENTICATOR when nothing waits by this context, or no longer at `now_ms`. */
ATLS_NODISCARD enum atls_err atls_contexts_answered(struct atls_authenticator_contexts *contexts,
                                                    struct atls_bytes context, int64_t now_ms,
                                                    struct atls_diag *diag);

/* atls_contexts_asked takes one of the other side. ATLS_ERR_AUTHENTICATOR when it was used before,
 * by either; ATLS_ERR_BUFFER when `used` is full. */
ATLS_NODISCARD enum atls_err atls_contexts_asked(const struct atls_crypto_ops *ops,
                                                 struct atls_authenticator_contexts *contexts,
                                                 struct atls_bytes context, struct atls_diag *diag);

#endif
