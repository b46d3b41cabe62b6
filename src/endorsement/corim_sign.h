/* SPDX-License-Identifier: Apache-2.0 */
/* Signing CoRIM (draft-ietf-rats-corim-11, 4.2): `atls corim sign`. */
#ifndef ENDORSEMENT_CORIM_SIGN_H
#define ENDORSEMENT_CORIM_SIGN_H

#include "base/crypto_ops.h"
#include "base/diag.h"

/* What stands in the protected header besides algorithm and content type. */
struct atls_corim_signing {
    const struct atls_key *key;     /* private; the algorithm is the one that we use with it */
    const char *signer;             /* name, not empty */
    const char *signer_uri;         /* NULL: none */
    struct atls_bytes kid;          /* empty: none */
    int64_t not_before_s;           /* INT64_MIN: none */
    int64_t not_after_s;            /* INT64_MAX: none, and then no not_before_s either */
    bool cwt;                       /* the same once more as CWT claims (header 15) */
    const struct atls_bytes *chain; /* x5chain in DER, the certificate of `key` first */
    size_t chain_len;
};

/*
 * atls_corim_sign signs an unsigned CoRIM (tag 501), of any profile, and gives *out (caller: free).
 * Header 8 is always written: veraison/corim asks for it. With Ed25519 the result is the same
 * every time.
 */
ATLS_NODISCARD enum atls_err atls_corim_sign(uint8_t **out, size_t *out_len,
                                             struct atls_bytes corim,
                                             const struct atls_corim_signing *signing,
                                             struct atls_diag *diag);
#endif
