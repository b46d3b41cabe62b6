/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation document of AWS Nitro Enclaves (aws-nitro-enclaves-nsm-api,
 * docs/attestation_process.md): a COSE_Sign1 by ES384 over a map that holds the certificate of the
 * signing key and the path from it to the root of AWS.
 *
 * The order is in the types. atls_nitro_parse gives a struct that nobody can look into but
 * signatures.c, which needs the certificates. Claims are read from an atls_nitro_verified, and only
 * atls_nitro_verify makes one.
 */
#ifndef APPRAISER_NITRO_NITRO_H
#define APPRAISER_NITRO_NITRO_H

#include "appraiser/appraiser.h"
#include "endorsement/collateral.h"

struct atls_additions;
struct atls_statement;

struct atls_nitro_parsed;   /* the document's structure; nothing of it is known to be true */
struct atls_nitro_verified; /* one whose signature holds, by a key on a path to a root that counts
                             */

/* Limits of the NSM's documentation, where it contradicts itself the wider one; and ours. */
#define ATLS_NITRO_MAX_PAYLOAD_LEN 16384
#define ATLS_NITRO_MAX_CERT_LEN    1024
#define ATLS_NITRO_MAX_FIELD_LEN   1024 /* user_data, nonce, public_key */
#define ATLS_NITRO_MAX_BUNDLE      6    /* 4 in every document so far */
#define ATLS_NITRO_NUM_PCRS        32
/* Longer than any so far ("i-" and 17 digits, "-enc" and 16); what a revocation list can name. */
#define ATLS_NITRO_MAX_MODULE_ID 64

/* structure.c. `media_type` is how the document was labelled. Gives *out to the caller; it borrows
 * `evidence`. */
ATLS_NODISCARD enum atls_err atls_nitro_parse(struct atls_nitro_parsed **out,
                                              struct atls_bytes evidence,
                                              struct atls_bytes media_type, struct atls_diag *diag);
void atls_nitro_parsed_free(struct atls_nitro_parsed *parsed);
void atls_nitro_parsed_cleanup(struct atls_nitro_parsed **parsed);

/* signatures.c. The path to a root that is pinned or endorsed, then the signature. */
ATLS_NODISCARD enum atls_err atls_nitro_verify(struct atls_nitro_verified **out,
                                               const struct atls_nitro_parsed *parsed,
                                               const struct atls_crypto_ops *crypto,
                                               const struct atls_endorsements *endorsements,
                                               int64_t now_s, struct atls_diag *diag);
void atls_nitro_verified_free(struct atls_nitro_verified *verified);
void atls_nitro_verified_cleanup(struct atls_nitro_verified **verified);
/* Certificates, the leaf first. */
const struct atls_chain *atls_nitro_chain(const struct atls_nitro_verified *verified);
/* atls_nitro_root says why the last of them is trusted. */
struct atls_root atls_nitro_root(const struct atls_nitro_verified *verified);
/* atls_nitro_payload gives the map that the signature covers. */
struct atls_cbor atls_nitro_payload(const struct atls_nitro_verified *verified);

struct atls_nitro_claims {
    struct atls_bytes module_id;                /* text: the instance, and the enclave in it */
    int64_t timestamp_ms;                       /* since 1970 */
    uint32_t pcrs;                              /* bit n: there is PCR n */
    struct atls_bytes pcr[ATLS_NITRO_NUM_PCRS]; /* 32, 48 or 64 octets */
    /* Empty when absent: real documents have null for it. */
    struct atls_bytes public_key;
    struct atls_bytes user_data;
    struct atls_bytes nonce;
};

/* claims.c: every member, with its type, length and range. */
ATLS_NODISCARD enum atls_err atls_nitro_claims_read(struct atls_nitro_claims *out,
                                                    const struct atls_nitro_verified *verified,
                                                    struct atls_diag *diag);
/* The same of a document whose signature nobody has looked at. */
ATLS_NODISCARD enum atls_err
atls_nitro_claims_read_unverified(struct atls_nitro_claims *out,
                                  const struct atls_nitro_parsed *parsed, struct atls_diag *diag);

/* atls_nitro_check compares what `input` expects: the nonce, and the TLS key where public_key names
 * one. `submod` then has the attested key, if public_key is a SubjectPublicKeyInfo. */
ATLS_NODISCARD enum atls_err atls_nitro_check(struct atls_submod *submod,
                                              const struct atls_nitro_claims *claims,
                                              const struct atls_appraisal_input *input,
                                              struct atls_diag *diag);

/* unverified.c: what a document says while a remote Verifier checks its signature. */
ATLS_NODISCARD enum atls_err atls_nitro_read_unverified(struct atls_submod *out,
                                                        const struct atls_appraisal_input *input,
                                                        struct atls_diag *diag);

/* appraisal.c: the rows of docs/appraisal.md. */
#define ATLS_NITRO_NUM_RULES 9
extern const struct atls_appraiser_rule atls_nitro_rules[ATLS_NITRO_NUM_RULES];

/* facts.c: the environment of every enclave. */
struct atls_environment atls_nitro_environment(void);
/* facts.c: the PCRs of a document as claims about its environment (endorsement/apply.h). Gives *out
 * to the caller; it borrows `claims`. `root_spki` is whose word it is (authorized-by). */
struct atls_nitro_facts;
ATLS_NODISCARD enum atls_err atls_nitro_facts_new(struct atls_nitro_facts **out,
                                                  const struct atls_nitro_claims *claims,
                                                  struct atls_bytes root_spki,
                                                  struct atls_diag *diag);
void atls_nitro_facts_cleanup(struct atls_nitro_facts **facts);
/* atls_nitro_facts_of gives them under the class-id of `image`: a document says none, and in a
 * record it is a label. NULL: under none. */
const struct atls_claims *atls_nitro_facts_of(struct atls_nitro_facts *facts,
                                              const struct atls_statement *image);

/* appraisal.c: debug mode, and the PCRs against reference values, into the vector of `submod`.
 * Gives the record that describes the image, NULL where none does. */
const struct atls_statement *atls_nitro_judge(struct atls_submod *submod,
                                              const struct atls_nitro_claims *claims,
                                              struct atls_nitro_facts *facts,
                                              const struct atls_appraisal_input *input);
/* appraisal.c: PCR0 and so on. */
void atls_nitro_measurements(struct atls_submod *submod, const struct atls_nitro_claims *claims);

/* claims_json.c; `endorsed` may be NULL. */
ATLS_NODISCARD enum atls_err atls_nitro_claims_json(char **out,
                                                    const struct atls_nitro_claims *claims,
                                                    const struct atls_additions *endorsed,
                                                    struct atls_diag *diag);

#endif
