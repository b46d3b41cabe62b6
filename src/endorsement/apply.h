/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsements that follow from Evidence (draft-ietf-rats-corim-11, 8): endorsed values (triple 1),
 * conditional endorsements (10) and series of them (8). An appraiser hands in the claims that it
 * has accepted, and gets what endorsers add to them.
 */
#ifndef ENDORSEMENT_APPLY_H
#define ENDORSEMENT_APPLY_H

#include "endorsement/statement.h"

/* One accepted claim: of which environment, and what was measured there. */
struct atls_claim {
    const struct atls_environment *environment;
    const struct atls_measurement_map *measurement;
};
struct atls_claims {
    const struct atls_claim *items;
    size_t num;
    struct atls_bytes signer; /* DER SubjectPublicKeyInfo of the key that signed the Evidence */
    enum atls_labels labels;  /* as the profile has it (profile.h) */
};

/* What was added, and by which statement. Spans borrow the set. */
struct atls_addition {
    const struct atls_statement *statement;
    struct atls_environment environment;
    struct atls_measurement_map measurement;
};
#define ATLS_MAX_ADDITIONS 64
/* How often the statements are gone through: each look shows what those before it added, so that
 * only statements that stand before what they rest on need more than two. */
#define ATLS_MAX_ADDITION_ROUNDS 8
struct atls_additions {
    struct atls_addition items[ATLS_MAX_ADDITIONS];
    size_t num;
};

/* atls_is_authorized is true when every key of `keys` is that of the signer (8, authority); true
 * for an absent list. Keys, certificates and thumbprints of keys are compared, others never fit. */
bool atls_is_authorized(const struct atls_mkeys *keys, struct atls_bytes signer);
/* atls_encoded_is_authorized takes the list as a reference value has it (endorsement.h). */
bool atls_encoded_is_authorized(struct atls_bytes encoded, struct atls_bytes signer);

/* atls_measurement_matches compares key and values, and whether the signer may say them. */
bool atls_measurement_matches(const struct atls_measurement_map *condition,
                              const struct atls_measurement_map *evidence,
                              struct atls_bytes signer);

/* atls_statement_matches is true when the record of reference values `statement` is about one of
 * the claims' environments, and each of its measurements matches a claim of it. */
bool atls_statement_matches(const struct atls_statement *statement,
                            const struct atls_claims *claims);

/*
 * atls_endorsements_apply adds what the set has for `format`: each statement at most once, until
 * none more applies, so that one endorsement may be the condition of another. ATLS_ERR_ENDORSEMENT
 * when more than ATLS_MAX_ADDITIONS apply, or not all of them after ATLS_MAX_ADDITION_ROUNDS.
 */
ATLS_NODISCARD enum atls_err atls_endorsements_apply(struct atls_additions *out,
                                                     const struct atls_endorsements *set,
                                                     const char *format,
                                                     const struct atls_claims *claims,
                                                     int64_t now_s, struct atls_diag *diag);

#endif
