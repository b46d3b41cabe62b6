/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle of key and platform attestation (draft-bft-rats-kat-06, "CAB"): a CMW collection of
 * two tokens. The platform's (pat) is Evidence of any format, whose nonce is the hash of a key
 * (kak-pub); the key's (kat), a COSE_Sign1 by that key, names the nonce of the exchange and the
 * identity key that the bundle is about. Structure only: who signed what is the appraiser's to
 * check.
 */
#ifndef CODEC_KAT_H
#define CODEC_KAT_H

#include "codec/cmw.h"
#include "codec/cose.h"

#define ATLS_KAT_COLLECTION_TYPE "tag:ietf.org,2024-02-29:rats/kat"
/* eat_nonce (RFC 9711, 4.1) in octets. */
#define ATLS_KAT_MIN_NONCE_LEN 8
#define ATLS_KAT_MAX_NONCE_LEN 64

/* Spans borrow the input. */
struct atls_kat_bundle {
    struct atls_cose_sign1 kat;
    struct atls_cbor claims;      /* payload of the kat, a map */
    struct atls_cose_key kak;     /* its claim kak-pub, */
    struct atls_bytes kak_octets; /* and that as received: what the pat's nonce is the hash of */
    struct atls_cmw pat;          /* record or tag */
};

/*
 * atls_kat_bundle_parse reads the collection, in strict CBOR: exactly "kat", "pat" and the type.
 * The kat is application/eat+cwt (content format 263), as a COSE_Sign1 with tag 18 or without.
 * MALFORMED otherwise; ALGORITHM for one of codec/cose.h.
 */
ATLS_NODISCARD enum atls_err atls_kat_bundle_parse(struct atls_kat_bundle *out,
                                                   struct atls_bytes input, struct atls_diag *diag);

struct atls_kat_claims {
    struct atls_bytes nonce;
    struct atls_cose_key identity; /* cnf */
};

/*
 * atls_kat_claims_parse reads the claims of a kat: eat_nonce and cnf with one COSE_Key. Claims that
 * nobody knows are ignored; aud, exp and nbf would limit the token in ways that are not looked at
 * here, so they are refused. MALFORMED.
 */
ATLS_NODISCARD enum atls_err atls_kat_claims_parse(struct atls_kat_claims *out,
                                                   const struct atls_cbor *claims,
                                                   struct atls_diag *diag);

/* Writing, in deterministic CBOR: the claims of a kat, and the bundle. `pat` is one encoded CMW
 * record or tag. */
void atls_kat_put_claims(struct atls_writer *w, const struct atls_kat_claims *claims,
                         const struct atls_cose_key *kak);
void atls_kat_put_bundle(struct atls_writer *w, struct atls_bytes kat, struct atls_bytes pat);

#endif
