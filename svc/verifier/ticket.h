/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ticket of a session, which is the signer's own note about it: when it ends, 16 random octets,
 * and a MAC over these and the nonce. The end comes first, in parts of a second, so that sessions
 * of one moment stand together wherever they are in order: a store then writes few pages. Whoever
 * holds the same signing key can tell that a signer made the nonce, and for how long it is good,
 * without a table that nodes would have to share. As text: 50 characters of base64url, which nobody
 * guesses.
 */
#ifndef SVC_VERIFIER_TICKET_H
#define SVC_VERIFIER_TICKET_H

#include "base/crypto_ops.h"
#include "base/diag.h"

enum { VERIFIER_TICKET_LEN = 37, VERIFIER_TICKET_TEXT_LEN = 50, VERIFIER_TICKET_RANDOM_LEN = 16 };

struct verifier_ticket_key {
    uint8_t data[32];
};

struct verifier_ticket {
    uint8_t random[VERIFIER_TICKET_RANDOM_LEN];
    int64_t end_s;    /* since 1970, up to 2106 */
    uint8_t end_part; /* 256 of them are a second; nothing but the order looks at it */
};

/* verifier_ticket_key_of derives the key from a private signing key; a key that does not leave its
 * provider has none, ATLS_ERR_KEY. */
ATLS_NODISCARD enum atls_err verifier_ticket_key_of(struct verifier_ticket_key *out,
                                                    const struct atls_crypto_ops *crypto,
                                                    const struct atls_key *key,
                                                    struct atls_diag *diag);

/* verifier_ticket_write gives the text of an id, NUL-terminated. */
ATLS_NODISCARD enum atls_err verifier_ticket_write(char out[VERIFIER_TICKET_TEXT_LEN + 1],
                                                   const struct atls_crypto_ops *crypto,
                                                   const struct verifier_ticket_key *key,
                                                   const struct verifier_ticket *ticket,
                                                   struct atls_bytes nonce, struct atls_diag *diag);

/* verifier_ticket_end gives when it ends by its own words, whoever made it; false for a text that
 * has not the form. */
ATLS_NODISCARD bool verifier_ticket_end(struct atls_bytes text, int64_t *out_end_s);

/* verifier_ticket_read gives *out for an id that one of the keys made for this nonce. Errors:
 * MALFORMED (no id), SIGNATURE (of nobody here, or for another nonce). */
ATLS_NODISCARD enum atls_err verifier_ticket_read(struct verifier_ticket *out,
                                                  const struct atls_crypto_ops *crypto,
                                                  const struct verifier_ticket_key *keys,
                                                  size_t num_keys, struct atls_bytes text,
                                                  struct atls_bytes nonce, struct atls_diag *diag);

#endif
