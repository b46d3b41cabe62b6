/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading and writing a Result share, whatever its form: the claims with all their spellings,
 * and the seam between the one reader and the two forms. CBOR is implemented in result/ear_cbor.c,
 * JSON in json/ear_json.c.
 */
#ifndef RESULT_EAR_FORM_H
#define RESULT_EAR_FORM_H

#include "result/ear.h"

enum atls_ear_claim {
    ATLS_EAR_ISS = 0,
    ATLS_EAR_AUD,
    ATLS_EAR_EXP,
    ATLS_EAR_NBF,
    ATLS_EAR_IAT,
    ATLS_EAR_JTI,
    ATLS_EAR_CNF,
    ATLS_EAR_NONCE,
    ATLS_EAR_PROFILE,
    ATLS_EAR_SUBMODS,
    ATLS_EAR_STATUS,
    ATLS_EAR_VECTOR,
    ATLS_EAR_RAW,
    ATLS_EAR_POLICY_IDS,
    ATLS_EAR_VERIFIER_ID,
    ATLS_EAR_ATTESTER_CLAIMS,
    ATLS_EAR_VERIFIER_CLAIMS,
    ATLS_EAR_TOPOLOGY,
    ATLS_EAR_TEEP_CLAIMS,
    ATLS_EAR_KEY_ATTESTATION,
    ATLS_EAR_TEE_INFO,
    ATLS_EAR_SIMULATED,
    ATLS_EAR_DEVELOPER, /* members of the verifier id */
    ATLS_EAR_BUILD,
    ATLS_EAR_AKPUB,   /* member of the key attestation */
    ATLS_EAR_PROBLEM, /* member of the verifier claims */
    ATLS_NUM_EAR_CLAIMS
};

#define ATLS_EAR_NO_LABEL     INT64_MIN
#define ATLS_EAR_NUM_SPELLING 3

/* A claim: how the newest draft spells it, how the draft before did, and with dots. In CBOR a
 * claim without a label has its name as a text key. */
struct atls_ear_row {
    const char *name;
    const char *old_name; /* may be NULL */
    const char *dotted;   /* may be NULL */
    int64_t label;
    int64_t old_label; /* ATLS_EAR_NO_LABEL: none */
};
const struct atls_ear_row *atls_ear_row(enum atls_ear_claim claim);
/* atls_ear_trust_row is the row of one claim of a trustworthiness vector. */
struct atls_ear_row atls_ear_trust_row(enum atls_trust_claim claim);

/* One value in a Result: of the one form or of the other. */
struct atls_ear_node {
    struct atls_cbor cbor;
    const void *json;
};

enum atls_ear_kind { ATLS_EAR_IS_OTHER = 0, ATLS_EAR_IS_MAP, ATLS_EAR_IS_ARRAY };

struct atls_ear_reader {
    const struct atls_ear_form *form;
    void *storage;            /* of the form: where octets go that are text in it */
    struct atls_bytes submod; /* which one is being read, for sentences; empty: none */
    struct atls_diag *diag;
};

/* A form. Functions that give bool say false for a value of another type or range. */
struct atls_ear_form {
    /* member gives spelling 0, 1 or 2 of a claim. */
    bool (*member)(const struct atls_ear_node *map, const struct atls_ear_row *row,
                   unsigned spelling, struct atls_ear_node *out);
    enum atls_ear_kind (*kind)(const struct atls_ear_node *node);
    size_t (*count)(const struct atls_ear_node *map_or_array);
    /* at gives member `index`, of a map with its name, which is a text. */
    bool (*at)(const struct atls_ear_node *map_or_array, size_t index, struct atls_bytes *name,
               struct atls_ear_node *out);
    bool (*integer)(const struct atls_ear_node *node, int64_t *out);
    bool (*text)(const struct atls_ear_node *node, struct atls_bytes *out);
    bool (*boolean)(const struct atls_ear_node *node, bool *out);
    bool (*tier)(const struct atls_ear_node *node, enum atls_tier *out);
    bool (*octets)(void *storage, const struct atls_ear_node *node, struct atls_bytes *out);
    /* record reads a CMW record. */
    bool (*record)(void *storage, const struct atls_ear_node *node, struct atls_cmw *out);
    /* cnf reads a confirmation; *claim names in `diag` what is wrong with it. */
    enum atls_err (*cnf)(void *storage, const struct atls_ear_node *node, struct atls_ear_cnf *out,
                         struct atls_diag *diag);
    struct atls_ear_value (*value)(const struct atls_ear_node *node);
};

/* atls_ear_read reads the claims in `claims` by the rules that all forms have. */
ATLS_NODISCARD enum atls_err atls_ear_read(struct atls_ear *out, struct atls_ear_reader *reader,
                                           const struct atls_ear_node *claims);

#define ATLS_EAR_STEP "Attestation Result"
/* atls_ear_refuse is ATLS_ERR_RESULT; `submod` comes before the name of the claim. */
enum atls_err atls_ear_refuse(struct atls_diag *diag, struct atls_bytes submod, const char *claim,
                              const char *found, const char *expected);

#endif
