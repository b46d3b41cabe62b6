/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key attestation by a TPM 2.0 in the bundle of Parsec: {"kat": TPM2_Certify of the TLS key,
 * "pat": TPM2_Quote of the platform}, both signed by one attestation key (AK).
 *
 * The order is in the types: atls_tpm2_parse gives a struct that nobody can look into but
 * signatures.c; contents are read from an atls_tpm2_verified, which only atls_tpm2_verify makes.
 *
 * The bundle does not show the AK's public area, so that it is restricted (and signs nothing that
 * begins with the magic but what the TPM itself made) is not checked here: it is what whoever
 * issued the CoRIM vouches for by naming the key as an attestation key.
 */
#ifndef APPRAISER_TPM2_TPM2_H
#define APPRAISER_TPM2_TPM2_H

#include "appraiser/appraiser.h"
#include "appraiser/tpm2/wire.h"

struct atls_additions;

struct atls_tpm2_parsed;   /* the bundle's structure; nothing of it is known to be true */
struct atls_tpm2_verified; /* a bundle whose two signatures hold under one endorsed AK */

/* What was signed, and the kid, which was not: it is a look-up key that led to the AK. */
struct atls_tpm2_contents {
    struct atls_bytes kid;
    struct atls_tpm_attest certify;
    struct atls_tpm_public public_area;
    struct atls_tpm_attest quote;
    uint16_t certify_hash; /* of the signatures */
    uint16_t quote_hash;
};

/* structure.c. Gives *out to the caller; it borrows `evidence`. */
ATLS_NODISCARD enum atls_err atls_tpm2_parse(struct atls_tpm2_parsed **out,
                                             struct atls_bytes evidence, struct atls_diag *diag);
void atls_tpm2_parsed_free(struct atls_tpm2_parsed *parsed);
void atls_tpm2_parsed_cleanup(struct atls_tpm2_parsed **parsed);

/* signatures.c. Finds the AK by the kid, verifies both signatures with it, and that the certified
 * name is that of the public area (which no signature covers by itself). */
ATLS_NODISCARD enum atls_err atls_tpm2_verify(struct atls_tpm2_verified **out,
                                              const struct atls_tpm2_parsed *parsed,
                                              const struct atls_crypto_ops *crypto,
                                              const struct atls_endorsements *endorsements,
                                              int64_t now_s, struct atls_diag *diag);
void atls_tpm2_verified_free(struct atls_tpm2_verified *verified);
void atls_tpm2_verified_cleanup(struct atls_tpm2_verified **verified);
const struct atls_trust_anchor *atls_tpm2_anchor(const struct atls_tpm2_verified *verified);
const struct atls_tpm2_contents *atls_tpm2_contents(const struct atls_tpm2_verified *verified);

/* That the certified name is that of the public area. */
ATLS_NODISCARD enum atls_err atls_tpm2_check_name(const struct atls_tpm2_contents *contents,
                                                  const struct atls_crypto_ops *crypto,
                                                  struct atls_diag *diag);

/* claims.c: what must hold of the two structures and of the key, against `input`. Gives SHA-256 of
 * the certified key's SubjectPublicKeyInfo. */
ATLS_NODISCARD enum atls_err atls_tpm2_check_claims(struct atls_digest *out_key,
                                                    const struct atls_tpm2_verified *verified,
                                                    const struct atls_appraisal_input *input,
                                                    struct atls_diag *diag);

/* The same of contents whose signatures nobody has looked at, and the certified name besides. */
ATLS_NODISCARD enum atls_err
atls_tpm2_check_claims_unverified(struct atls_digest *out_key,
                                  const struct atls_tpm2_contents *contents,
                                  const struct atls_appraisal_input *input, struct atls_diag *diag);

/* unverified.c: what a bundle says while a remote Verifier checks its signatures. */
ATLS_NODISCARD enum atls_err atls_tpm2_read_unverified(struct atls_submod *out,
                                                       const struct atls_appraisal_input *input,
                                                       struct atls_diag *diag);

/* appraisal.c: the rows of docs/appraisal.md. */
#define ATLS_TPM2_NUM_RULES 10
extern const struct atls_appraiser_rule atls_tpm2_rules[ATLS_TPM2_NUM_RULES];

/* The values that the quote's digest was found to be of; all empty where no reference value fits.
 */
#define ATLS_TPM2_NUM_PCRS 32
struct atls_tpm2_pcrs {
    int32_t bank;
    struct atls_bytes value[ATLS_TPM2_NUM_PCRS];
};

/* appraisal.c: the PCRs against reference values, into the vector of `submod` and *out_pcrs. */
ATLS_NODISCARD enum atls_err atls_tpm2_judge(struct atls_submod *submod,
                                             struct atls_tpm2_pcrs *out_pcrs,
                                             const struct atls_tpm2_verified *verified,
                                             const struct atls_appraisal_input *input,
                                             struct atls_diag *diag);

/* endorsed.c: what endorsers add to these; *out is NULL when it is nothing. */
ATLS_NODISCARD enum atls_err atls_tpm2_endorsed(struct atls_additions **out,
                                                const struct atls_tpm2_verified *verified,
                                                const struct atls_tpm2_pcrs *pcrs,
                                                const struct atls_appraisal_input *input,
                                                struct atls_diag *diag);

/* spki.c: DER SubjectPublicKeyInfo of a public area; room for RSA of 4096 bits. */
#define ATLS_TPM2_MAX_SPKI_LEN 560
ATLS_NODISCARD bool atls_tpm2_spki(struct atls_buf out, size_t *out_len,
                                   const struct atls_tpm_public *public_area);

/* claims_json.c; `endorsed` may be NULL. */
ATLS_NODISCARD enum atls_err atls_tpm2_claims_json(char **out,
                                                   const struct atls_tpm2_verified *verified,
                                                   const struct atls_additions *endorsed,
                                                   struct atls_diag *diag);

#endif
