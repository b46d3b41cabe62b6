/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TLS connection exports for its authenticators (RFC 9261, 5.1): for each side that makes
 * one a Handshake Context and a Finished MAC key, so that what one side made never passes for the
 * other's.
 */
#ifndef HANDSHAKE_AUTHENTICATOR_KEYS_H
#define HANDSHAKE_AUTHENTICATOR_KEYS_H

#include "base/crypto_ops.h"
#include "base/diag.h"
#include "handshake/negotiation.h"

/* The exporter of one finished connection (RFC 8446, 7.5), as its TLS library has it. */
struct atls_exporter {
    /* take fills all of `out`; `label` is NUL-terminated. */
    enum atls_err (*take)(void *arg, const char *label, struct atls_bytes context,
                          struct atls_buf out);
    void *arg;
    int32_t hash_alg; /* of the suite: SHA-256 or SHA-384 */
};

/* Of one side. The Finished key is a secret: atls_authenticator_keys_cleanup wipes it. */
struct atls_authenticator_keys {
    int32_t hash_alg;
    struct atls_digest context;
    struct atls_digest finished;
};

/* atls_authenticator_keys_take exports those of the side that makes the authenticator. */
ATLS_NODISCARD enum atls_err atls_authenticator_keys_take(struct atls_authenticator_keys *out,
                                                          const struct atls_exporter *exporter,
                                                          enum atls_role maker,
                                                          struct atls_diag *diag);
void atls_authenticator_keys_cleanup(struct atls_authenticator_keys *keys);

#endif
