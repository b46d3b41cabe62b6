/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS in the compact form (RFC 7515, 3.1), with ES256, ES384, ES512, PS256, EdDSA and the fully
 * specified Ed25519 and Ed448 (RFC 9864). "none" and HMAC are refused whatever the key, and
 * so is every "crit", because no extension is known here. "typ" and a "jwk" or "x5c" in the header
 * are not looked at: a message cannot bring its own trust.
 */
#ifndef JSON_JWS_H
#define JSON_JWS_H

#include "base/crypto_ops.h"
#include "base/diag.h"

#include <jansson.h>

/* A token that is well-formed. What it says can only be had from atls_jws_verify. */
struct atls_jws {
    int32_t alg;                     /* enum atls_cose_alg */
    int32_t crv;                     /* ATLS_CRV_... when "alg" names a curve; else 0 */
    struct atls_bytes kid;           /* from the header, unverified; empty when absent */
    json_t *header;                  /* owned */
    struct atls_bytes signing_input; /* "header.payload" as received; borrows the token */
    uint8_t *octets;                 /* payload, then signature; owned */
    size_t payload_len;
    size_t signature_len;
};

/* atls_jws_parse reads the form of `token`, which outlives *out. MALFORMED, or ALGORITHM for an
 * "alg" that is not accepted from anybody. The zero state is safe for atls_jws_cleanup. */
ATLS_NODISCARD enum atls_err atls_jws_parse(struct atls_jws *out, struct atls_bytes token,
                                            struct atls_diag *diag);
void atls_jws_cleanup(struct atls_jws *jws);

/* atls_jws_verify gives the payload, valid as long as *jws, when the signature verifies by `key`.
 * ALGORITHM when "alg" does not fit the key, SIGNATURE when it does not verify. */
ATLS_NODISCARD enum atls_err atls_jws_verify(struct atls_bytes *out_payload,
                                             const struct atls_crypto_ops *crypto,
                                             const struct atls_key *key, const struct atls_jws *jws,
                                             struct atls_diag *diag);

/* atls_jws_unverified_payload is for `atls inspect`, which shows and does not decide, and for
 * `atls corim create --from`, which warns. */
struct atls_bytes atls_jws_unverified_payload(const struct atls_jws *jws);

/*
 * atls_jws_sign gives the compact form in new memory (caller: free), by the key's own algorithm.
 * Header: "alg", then "typ" and "kid" where they are not NULL.
 */
ATLS_NODISCARD enum atls_err atls_jws_sign(char **out, const struct atls_crypto_ops *crypto,
                                           const struct atls_key *key, const char *typ,
                                           const char *kid, struct atls_bytes payload,
                                           struct atls_diag *diag);

#endif
