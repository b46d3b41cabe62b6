/* SPDX-License-Identifier: Apache-2.0 */
/* The challenge-response API (version 1) of Veraison, as its client: Evidence out, Result in. */
#ifndef VERIFIER_EXCHANGE_H
#define VERIFIER_EXCHANGE_H

#include "base/crypto_ops.h"
#include "base/formats.h"
#include "verifier/line.h"

typedef enum atls_err verifier_make(void *arg, struct atls_bytes nonce, struct atls_bytes *out,
                                    struct atls_diag *diag);

/* The same over a hash of the Verifier's nonce, as it wrote it, and of our TLS key. */
typedef enum atls_err verifier_make_hashed(void *arg, int32_t hash_alg, const char *nonce,
                                           struct atls_bytes *out, struct atls_diag *diag);

struct verifier_question {
    const struct atls_format *format;
    const char *media_type; /* of the Evidence itself: the CMW around it is taken off */
    struct atls_bytes evidence;
    struct atls_bytes nonce; /* 8 to 64 octets; empty: the Verifier is to make one */
    /* For a nonce that the Verifier makes: of so many octets, and `make` gives the Evidence over
     * it, which lives until the exchange ends. */
    size_t nonce_size;
    verifier_make *make;
    void *arg;
    /* For a Verifier that has Evidence made over a hash of our TLS key: instead of `make`. */
    verifier_make_hashed *make_hashed;
    const struct atls_crypto_ops *crypto;
    struct atls_bytes tls_spki;
};

/*
 * verifier_exchange opens a session for the nonce, submits the Evidence once, waits while the
 * Verifier works, and deletes the session. *out is what the Verifier calls its Result (caller:
 * free): nothing about it is known to be true.
 */
ATLS_NODISCARD enum atls_err verifier_exchange(char **out, const struct verifier_line *line,
                                               const struct verifier_question *question,
                                               struct atls_diag *diag);

#endif
