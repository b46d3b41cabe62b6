/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose Results are taken: identities of Verifiers (absolute URIs) with their keys, pinned in a
 * file or fetched from a URL. Keys come over an authenticated connection or not at all.
 *
 * Set up by one thread, then read by all. Fetched keys are kept; they are fetched anew when a
 * signature verifies by none of them, since keys are replaced, but not more often than once a
 * minute.
 */
#ifndef VERIFIER_TRUST_H
#define VERIFIER_TRUST_H

#include "json/jwk.h"
#include "verifier/line.h"

#define VERIFIER_MAX_TRUSTED  16
#define VERIFIER_MAX_IDENTITY 512

struct verifier_trust;

/* Keys of one Verifier as they are now, with a reference of whoever took them. */
struct verifier_keys {
    int references;                 /* under the lock of trust.c */
    char id[VERIFIER_MAX_IDENTITY]; /* "verifier-id" of a discovery document; empty: none */
    struct atls_jwk_set set;
};

ATLS_NODISCARD enum atls_err verifier_trust_new(struct verifier_trust **out,
                                                struct atls_diag *diag);
void verifier_trust_free(struct verifier_trust *trust);

/* verifier_trust_pin takes Results of `identity` that a key of this JWK set, PEM or discovery
 * document signed. CONFIG for what is no absolute URI, twice the same one, a seventeenth, or a
 * document of another; KEY for keys that are none. */
ATLS_NODISCARD enum atls_err verifier_trust_pin(struct verifier_trust *trust, const char *identity,
                                                struct atls_bytes keys, struct atls_diag *diag);
/* verifier_trust_fetch takes the keys from `url`, a JWK set or a discovery document, over `line`
 * when they are needed first. `url` is checked here. */
ATLS_NODISCARD enum atls_err verifier_trust_fetch(struct verifier_trust *trust,
                                                  const char *identity, const char *url,
                                                  struct atls_diag *diag);

/* verifier_is_identity is true for an absolute URI that fits; verifier_names_identity takes what a
 * Result says of its issuer. */
bool verifier_is_identity(const char *text);
bool verifier_names_identity(struct atls_bytes text);

size_t verifier_trust_count(const struct verifier_trust *trust);
const char *verifier_trust_identity(const struct verifier_trust *trust, size_t at);
/* verifier_trust_find gives the place of an identity; false when it is not listed. */
ATLS_NODISCARD bool verifier_trust_find(const struct verifier_trust *trust,
                                        struct atls_bytes identity, size_t *out);
/* verifier_trust_is_remote is true where one is to be fetched from a URL. */
bool verifier_trust_is_remote(const struct verifier_trust *trust, size_t at);

/*
 * verifier_trust_take gives the keys at a place, fetched if they are not there yet; the caller
 * gives them back. With `renew` they are fetched anew, where that may be: else *out stays NULL,
 * and that is no error.
 */
ATLS_NODISCARD enum atls_err verifier_trust_take(struct verifier_keys **out,
                                                 struct verifier_trust *trust, size_t at,
                                                 bool renew, const struct verifier_line *line,
                                                 struct atls_diag *diag);
/* verifier_keys_release: NULL is fine. */
void verifier_keys_release(struct verifier_keys *keys);

/* verifier_keys_read reads a discovery document with "ear-verification-keys" (a JWK set, as ours
 * has) or "ear-verification-key", a JWK set or a JWK, into
 * out->set and out->id. VERIFIER_ANSWER otherwise. */
ATLS_NODISCARD enum atls_err verifier_keys_read(struct verifier_keys *out, struct atls_bytes json,
                                                struct atls_diag *diag);

#endif
