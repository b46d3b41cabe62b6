/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arm PSA attestation token (RFC 9783): a COSE_Sign1 over a claims set.
 *
 * The order is in the types. atls_psa_parse gives a struct that nobody can look into but
 * signatures.c, which needs the ids to find a key. Claims are read from an atls_psa_verified, and
 * only atls_psa_verify makes one.
 */
#ifndef APPRAISER_PSA_PSA_H
#define APPRAISER_PSA_PSA_H

#include "appraiser/appraiser.h"

struct atls_additions;
struct atls_cbor_index;

/* RFC 9783; its predecessor as implementations sent it; and the first form (PSA_IOT_PROFILE_1). */
enum atls_psa_profile { ATLS_PSA_TFM = 0, ATLS_PSA_INTERIM, ATLS_PSA_LEGACY };

/* The labels of one profile's claims; 0: it has no such claim. */
struct atls_psa_labels {
    const char *profile_text;
    int64_t profile, nonce, instance_id, client_id, lifecycle, implementation_id;
    int64_t certification_reference, components, no_components, service_indicator, boot_seed;
};
const struct atls_psa_labels *atls_psa_labels(enum atls_psa_profile profile);

struct atls_psa_parsed;   /* the token's structure; nothing of it is known to be true */
struct atls_psa_verified; /* a token whose signature holds under an endorsed key */

/* structure.c. `media_type` is how the token was labelled; empty: by the content format of the
 * profile of RFC 9783. Gives *out to the caller; it borrows `evidence`. */
ATLS_NODISCARD enum atls_err atls_psa_parse(struct atls_psa_parsed **out,
                                            struct atls_bytes evidence,
                                            struct atls_bytes media_type, struct atls_diag *diag);
/* atls_psa_parse_once gives what the lookup of the input has read, where that was read from these
 * very octets and this label; else it reads them, and *own is *out (caller: free). */
ATLS_NODISCARD enum atls_err atls_psa_parse_once(const struct atls_psa_parsed **out,
                                                 struct atls_psa_parsed **own,
                                                 const struct atls_appraisal_input *input,
                                                 struct atls_diag *diag);
void atls_psa_parsed_free(struct atls_psa_parsed *parsed);
void atls_psa_parsed_cleanup(struct atls_psa_parsed **parsed);

/* signatures.c. Finds the attestation key of (instance-id, implementation-id) and verifies. *out
 * borrows `parsed`. */
ATLS_NODISCARD enum atls_err atls_psa_verify(struct atls_psa_verified **out,
                                             const struct atls_psa_parsed *parsed,
                                             const struct atls_crypto_ops *crypto,
                                             const struct atls_endorsements *endorsements,
                                             int64_t now_s, struct atls_diag *diag);
void atls_psa_verified_free(struct atls_psa_verified *verified);
void atls_psa_verified_cleanup(struct atls_psa_verified **verified);
const struct atls_trust_anchor *atls_psa_anchor(const struct atls_psa_verified *verified);
enum atls_psa_profile atls_psa_profile(const struct atls_psa_verified *verified);
/* atls_psa_payload gives the claims set that the signature covers. */
const struct atls_cbor_index *atls_psa_payload(const struct atls_psa_verified *verified);

struct atls_psa_component {
    struct atls_bytes value;     /* 32, 48 or 64 octets */
    struct atls_bytes signer_id; /* the same */
    struct atls_bytes type;      /* text; empty when absent, as the next two */
    struct atls_bytes version;
    struct atls_bytes description; /* names a hash in many spellings: never judged */
};

struct atls_psa_claims {
    enum atls_psa_profile profile;
    struct atls_bytes nonce;
    struct atls_bytes instance_id;
    struct atls_bytes implementation_id;
    int32_t client_id;
    uint16_t lifecycle;
    struct atls_bytes boot_seed;               /* empty when absent */
    struct atls_bytes certification_reference; /* text; empty when absent */
    struct atls_bytes service_indicator;       /* text; empty when absent */
    struct atls_psa_component components[ATLS_MAX_COMPONENTS];
    size_t num_components; /* 0 only with "no software measurements" of the first profile */
};

/* claims.c: every claim that RFC 9783, section 4, demands, with its type, length and range. */
ATLS_NODISCARD enum atls_err atls_psa_claims_read(struct atls_psa_claims *out,
                                                  const struct atls_psa_verified *verified,
                                                  struct atls_diag *diag);

/* The same of a token whose signature nobody has looked at. */
ATLS_NODISCARD enum atls_err atls_psa_claims_read_unverified(struct atls_psa_claims *out,
                                                             const struct atls_psa_parsed *parsed,
                                                             struct atls_diag *diag);

/* unverified.c: what a token says while a remote Verifier checks its signature. */
ATLS_NODISCARD enum atls_err atls_psa_read_unverified(struct atls_submod *out,
                                                      const struct atls_appraisal_input *input,
                                                      struct atls_diag *diag);

/* appraisal.c: the measured components, by their types. */
void atls_psa_measurements(struct atls_submod *submod, const struct atls_psa_claims *claims);

/* appraisal.c: the rows of docs/appraisal.md. */
#define ATLS_PSA_NUM_RULES 14
extern const struct atls_appraiser_rule atls_psa_rules[ATLS_PSA_NUM_RULES];

/* appraisal.c: lifecycle and software against reference values, into the vector of `submod`. */
void atls_psa_judge(struct atls_submod *submod, const struct atls_psa_claims *claims,
                    const struct atls_trust_anchor *anchor,
                    const struct atls_appraisal_input *input);
/* atls_psa_is_known: a reference value of the anchor's class names this component. */
bool atls_psa_is_known(const struct atls_psa_component *component,
                       const struct atls_trust_anchor *anchor,
                       const struct atls_appraisal_input *input);
/* atls_psa_lifecycle_name gives "secured" and so on; NULL outside every range of RFC 9783. */
const char *atls_psa_lifecycle_name(uint16_t lifecycle);

/* endorsed.c: what endorsers add to the known components; *out is NULL when it is nothing. */
ATLS_NODISCARD enum atls_err atls_psa_endorsed(struct atls_additions **out,
                                               const struct atls_psa_claims *claims,
                                               const struct atls_trust_anchor *anchor,
                                               const struct atls_appraisal_input *input,
                                               struct atls_diag *diag);

/* claims_json.c; `endorsed` may be NULL. */
ATLS_NODISCARD enum atls_err atls_psa_claims_json(char **out, const struct atls_psa_claims *claims,
                                                  const struct atls_additions *endorsed,
                                                  struct atls_diag *diag);

#endif
