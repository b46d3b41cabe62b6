/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and sets of them. */
#ifndef JSON_JWK_H
#define JSON_JWK_H

#include "base/crypto_ops.h"
#include "base/diag.h"
#include "json/jws.h"

#include <jansson.h>

/*
 * atls_key_from_jwk reads one key; EC and OKP keys may be private ("d"). Symmetric keys, and keys
 * whose "use", "key_ops" or "alg" exclude signatures by our algorithm, are refused. Unknown
 * members are ignored, as RFC 7517, 4 demands. MALFORMED or ALGORITHM.
 */
ATLS_NODISCARD enum atls_err atls_key_from_jwk(struct atls_key **out, const json_t *jwk,
                                               struct atls_diag *diag);

/* atls_key_to_jwk gives a new object (caller: json_decref) with "alg", "use": "sig" and, where it
 * is not NULL, "kid". The private member is written only by atls_key_to_private_jwk. */
ATLS_NODISCARD enum atls_err atls_key_to_jwk(json_t **out, const struct atls_key *key,
                                             const char *kid, struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_key_to_private_jwk(json_t **out, const struct atls_key *key,
                                                     const char *kid, struct atls_diag *diag);

/* atls_key_to_bare_jwk gives the members that a thumbprint covers, and no other. */
ATLS_NODISCARD enum atls_err atls_key_to_bare_jwk(json_t **out, const struct atls_key *key,
                                                  struct atls_diag *diag);

/* atls_jwk_thumbprint gives the SHA-256 thumbprint (RFC 7638). */
ATLS_NODISCARD enum atls_err atls_jwk_thumbprint(struct atls_digest *out,
                                                 const struct atls_crypto_ops *crypto,
                                                 const struct atls_key *key,
                                                 struct atls_diag *diag);

#define ATLS_MAX_JWK_SET 32

/* Public keys of one issuer. The zero state is empty and safe for cleanup. */
struct atls_jwk_set {
    size_t num_keys;
    struct {
        struct atls_key *key;
        char kid[128]; /* empty when absent */
    } keys[ATLS_MAX_JWK_SET];
};

/*
 * atls_jwk_set_parse reads {"keys": [...]} or a single JWK. In a set, keys of a type, curve, use
 * or algorithm that is not ours are left out (RFC 7517, 5); a key of ours that is malformed is an
 * error, and so is a set without any key of ours.
 */
ATLS_NODISCARD enum atls_err atls_jwk_set_parse(struct atls_jwk_set *out, struct atls_bytes json,
                                                struct atls_diag *diag);
void atls_jwk_set_cleanup(struct atls_jwk_set *set);

/*
 * atls_jwk_set_add reads one more key out of a file: PEM, or a JWK, public or private. Its name is
 * the JWK's "kid", else the RFC 7638 thumbprint in base64url, so that every key has one. KEY or
 * CONFIG: it is a file of ours.
 */
ATLS_NODISCARD enum atls_err atls_jwk_set_add(struct atls_jwk_set *set, struct atls_bytes file,
                                              const struct atls_crypto_ops *crypto,
                                              struct atls_diag *diag);
/* atls_jwk_set_load reads the keys of a Verifier out of a file: a JWK set, a JWK, or PEM of one
 * public or private key. */
ATLS_NODISCARD enum atls_err atls_jwk_set_load(struct atls_jwk_set *out, struct atls_bytes file,
                                               struct atls_diag *diag);
/* atls_jwk_set_public gives {"keys": [...]} with the public parts, for publishing (caller:
 * json_decref). */
ATLS_NODISCARD enum atls_err atls_jwk_set_public(json_t **out, const struct atls_jwk_set *set,
                                                 struct atls_diag *diag);

/*
 * atls_jwk_set_try verifies something by the keys of a set: those of name `kid` where the set knows
 * that name, else every key, for as long as `verify` refuses. The reason in `diag` is that of the
 * first key whose algorithm fitted. *out_key borrows the set; it may be NULL.
 */
typedef enum atls_err atls_jwk_verify(void *context, const struct atls_key *key,
                                      struct atls_diag *diag);
ATLS_NODISCARD enum atls_err atls_jwk_set_try(const struct atls_key **out_key,
                                              const struct atls_jwk_set *set, struct atls_bytes kid,
                                              atls_jwk_verify *verify, void *context,
                                              struct atls_diag *diag);

/*
 * atls_jwk_set_verify is atls_jws_verify by the keys of a set: those with the token's "kid" where
 * it has one that the set knows, else every key that its "alg" fits. *out_key borrows the set and
 * says which one it was; it may be NULL.
 */
ATLS_NODISCARD enum atls_err
atls_jwk_set_verify(struct atls_bytes *out_payload, const struct atls_key **out_key,
                    const struct atls_crypto_ops *crypto, const struct atls_jwk_set *set,
                    const struct atls_jws *jws, struct atls_diag *diag);

#endif
