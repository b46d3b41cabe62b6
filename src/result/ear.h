/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An EAT Attestation Result (draft-ietf-rats-ear-04) in memory: one model for its forms (JWT, CWT)
 * and its flavours (the drafts' underscore names, the dotted names of today's services). Spans
 * borrow what was read, or what whoever makes a Result fills in.
 *
 * Reading takes both flavours, and any mixture of them, but never one claim in two spellings.
 * Writing is exact in the one flavour that the profile names. A model that was read says what a
 * token says: signatures, times and tiers are judged by result/ear_check.h and json/ear_token.h.
 */
#ifndef RESULT_EAR_H
#define RESULT_EAR_H

#include "base/diag.h"
#include "codec/cmw.h"
#include "codec/cose.h"
#include "result/appraisal.h"

#define ATLS_MAX_EAR_POLICIES 8
#define ATLS_MAX_EAR_NAME_LEN 64   /* name of a submod */
#define ATLS_MAX_EAR_TEXT_LEN 1024 /* verifier id, policy id, issuer, profile, jti */
#define ATLS_MIN_EAR_NONCE    8    /* RFC 9711, 4.1 */

enum atls_ear_profile {
    ATLS_EAR_OTHER = 0, /* a profile that no table here has */
    ATLS_EAR_VERAISON,  /* tag:github.com,2023:veraison/ear */
    ATLS_EAR_TRUSTEE,   /* tag:github.com,2024:confidential-containers/Trustee */
    ATLS_EAR_2025,      /* tag:ietf.org,2025-07:ear */
    ATLS_EAR_DRAFT_03,  /* tag:ietf.org,2026:rats/ear#03 */
    ATLS_EAR_DRAFT_04   /* tag:ietf.org,2026:rats/ear#04 */
};

/* A claim whose contents are free: encoded CBOR, or a json_t, or the text of a JSON object that
 * atls_json_is_plain has taken (json/plain.h), or, all of them empty, none. */
struct atls_ear_value {
    struct atls_bytes cbor;
    const void *json;
    struct atls_bytes json_text;
};

static inline bool atls_ear_has_value(const struct atls_ear_value *value)
{
    return value->cbor.len != 0 || value->json != NULL || value->json_text.len != 0;
}

/* One appraisal: a member of submods. */
struct atls_ear_submod {
    struct atls_bytes name;
    enum atls_tier status;
    bool has_vector;
    bool asserted[ATLS_NUM_TRUST_CLAIMS]; /* the claim is in the vector, be it as 0 */
    struct atls_trust_vector vector;
    struct atls_bytes nonce; /* empty: none here */
    struct atls_bytes policy_ids[ATLS_MAX_EAR_POLICIES];
    size_t num_policy_ids;
    struct atls_bytes akpub; /* DER SubjectPublicKeyInfo of the attested key; empty: none */
    bool simulated;          /* the root of trust is a simulation (a name of our own) */
    struct atls_ear_value attester_claims; /* annotated evidence */
    struct atls_ear_value verifier_claims; /* policy claims */
    struct atls_ear_value teep_claims;
    /* "problem" of the verifier claims, which is written where there are no others. */
    struct atls_bytes problem;
};

/* Proof-of-possession key (RFC 7800, RFC 8747): a key, or thumbprints of one. */
struct atls_ear_cnf {
    bool has_key;
    struct atls_cose_key key;
    struct atls_bytes ckt; /* RFC 9679; empty: none */
    struct atls_bytes jkt; /* RFC 7638, octets; empty: none */
};

/* Evidence as the Verifier got it: octets, and with a type where it is a CMW record. */
struct atls_ear_raw {
    bool present;
    bool is_record;
    struct atls_cmw record;
    struct atls_bytes octets;
};

struct atls_ear {
    enum atls_ear_profile profile;
    struct atls_bytes profile_text; /* empty when it is an OID, and when writing */
    int64_t iat_s;
    bool has_exp, has_nbf;
    int64_t exp_s, nbf_s;
    struct atls_bytes issuer; /* iss; empty: none */
    bool has_audience;        /* aud is there: it is for somebody by name. Never written */
    struct atls_bytes jti;    /* jti, cti; empty: none */
    struct atls_bytes nonce;  /* eat_nonce; empty: none */
    struct atls_bytes developer, build;
    struct atls_ear_raw raw;
    bool has_status;
    enum atls_tier status; /* of the whole */
    struct atls_ear_cnf cnf;
    struct atls_ear_value topology, tee_info;
    struct atls_ear_submod submods[ATLS_MAX_SUBMODS];
    size_t num_submods;
};

/* atls_ear_profile_of gives OTHER for a text that no table has; atls_ear_profile_text gives the
 * text of a profile, "another" for OTHER; atls_ear_is_dotted says which names it has. */
enum atls_ear_profile atls_ear_profile_of(struct atls_bytes text);
const char *atls_ear_profile_text(enum atls_ear_profile profile);
bool atls_ear_is_dotted(enum atls_ear_profile profile);

/* atls_ear_find_nonce gives the nonce of the Result or, when that has none, of its one submod. */
struct atls_bytes atls_ear_find_nonce(const struct atls_ear *ear);

/*
 * atls_ear_read_cbor reads the claims of a CWT, which whoever calls has verified. Everything is
 * borrowed. ATLS_ERR_RESULT for what is not an EAR, with the claim by its name in the draft.
 */
ATLS_NODISCARD enum atls_err atls_ear_read_cbor(struct atls_ear *out, struct atls_bytes claims,
                                                struct atls_diag *diag);

/* atls_ear_put_cbor writes the claims, deterministic (RFC 8949, 4.2.1), in the flavour of
 * ear->profile: VERAISON or DRAFT_04. Free claims are CBOR. */
ATLS_NODISCARD enum atls_err atls_ear_put_cbor(struct atls_writer *w, const struct atls_ear *ear,
                                               struct atls_diag *diag);

/* atls_ear_check_writable refuses a model that has no exact form in the flavour of its profile. */
ATLS_NODISCARD enum atls_err atls_ear_check_writable(const struct atls_ear *ear,
                                                     struct atls_diag *diag);

/*
 * atls_ear_cwt_parse reads the envelope of a CWT: COSE_Sign1, tag 18 and in front of it tag 61
 * tolerated. Only atls_cose_sign1_verify gives the payload meaning. RESULT or ALGORITHM.
 */
ATLS_NODISCARD enum atls_err atls_ear_cwt_parse(struct atls_cose_sign1 *out,
                                                struct atls_bytes token, struct atls_diag *diag);

/*
 * atls_ear_cwt_sign writes D2 84 ...: `claims` signed with the key; kid (label 4, protected) where
 * it is not empty. Room for `out`: claims.len + kid.len + ATLS_EAR_CWT_OVERHEAD.
 */
#define ATLS_EAR_CWT_OVERHEAD                                                                      \
    (64 + 1024) /* heads and headers, and the longest signature of ours                            \
                 */
ATLS_NODISCARD enum atls_err atls_ear_cwt_sign(const struct atls_crypto_ops *ops,
                                               struct atls_buf out, size_t *out_len, int32_t alg,
                                               const struct atls_key *key, struct atls_bytes kid,
                                               struct atls_bytes claims, struct atls_diag *diag);

#endif
