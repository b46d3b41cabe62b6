/* SPDX-License-Identifier: Apache-2.0 */
/* A Result of an appraisal: the model of result/ear.h filled in as a Verifier does. */
#ifndef RESULT_EAR_MAKE_H
#define RESULT_EAR_MAKE_H

#include "result/ear.h"

struct atls_ear_options {
    enum atls_ear_profile profile; /* OTHER: VERAISON, what today's clients check */
    int64_t iat_s;                 /* seconds since 1970, more than 0 */
    int64_t exp_s;                 /* 0: none; else after iat_s */
    const char *issuer;            /* iss, an absolute URI; NULL: none */
    struct atls_bytes nonce;       /* empty: none; else 8 to 64 octets */
    const char *developer;         /* verifier id */
    const char *build;
    const char *policy_id; /* NULL: "policy:" and the name of the submod */
    /* Key attestation (akpub) of a submod whose Evidence is bound to this key and does not itself
     * show one: the key of the connection. Empty: none. */
    struct atls_bytes key_spki;
    struct atls_cose_key cnf; /* the attested key as cnf; kty 0: none */
    /* The CMW that was appraised, in CBOR; empty: left out. Draft 04 gets it as a record, the
     * dotted flavour gets the Evidence inside the record. */
    struct atls_bytes raw_evidence;
    /* Why the policy of policy_id refuses what was appraised; NULL when it does not. */
    const struct atls_diag *refusal;
};

/* A Result and the texts that it has of its own: it borrows itself, so it must not be copied. */
struct atls_ear_draft {
    struct atls_ear ear;
    char policy_ids[ATLS_MAX_SUBMODS][ATLS_MAX_EAR_NAME_LEN + 16];
    char problems[ATLS_MAX_SUBMODS][ATLS_MAX_SENTENCE_LEN + 1];
};

/*
 * atls_ear_make gives the Result of an appraisal. A submod has the claims that its vector asserts,
 * never a status that is better than these; "simulated" when its root is a simulation; the cause as
 * the problem when it is not affirming; and the key attestation when the Evidence shows a key, or
 * is bound to options->key_spki. What the policy refuses is not affirming, whatever its vector
 * says, since the Result names the policy. The attester's claims are for the caller to fill in:
 * here they are no text that could be understood.
 */
ATLS_NODISCARD enum atls_err atls_ear_make(struct atls_ear_draft *out,
                                           const struct atls_appraisal *appraisal,
                                           const struct atls_ear_options *options,
                                           struct atls_diag *diag);

/*
 * atls_ear_make_error gives the Result of an appraisal that failed with `why`: one submod, that of
 * `format` or, when that is NULL or a bundle, "ERROR", with the sentence as its problem. Evidence
 * that is bad is contraindicated, with every claim "cryptographic validation failed" (99); when it
 * was us who failed, every claim is "verifier malfunction" (-1) and the status none: it asserts
 * nothing about the Attester, and opens nothing either. options->key_spki and cnf are not used.
 */
ATLS_NODISCARD enum atls_err atls_ear_make_error(struct atls_ear_draft *out,
                                                 const struct atls_diag *why,
                                                 const struct atls_format *format,
                                                 const struct atls_ear_options *options,
                                                 struct atls_diag *diag);

#endif
